package config

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// answers gives answers by key and notes what was asked.
func answers(by map[string][]string, asked *[]Question) func(Question) (string, error) {
	return func(q Question) (string, error) {
		*asked = append(*asked, q)
		list := by[q.Key]
		if len(list) == 0 {
			if q.Problem != "" {
				return "", io.EOF
			}
			return "", nil
		}
		by[q.Key] = list[1:]
		return list[0], nil
	}
}

func TestTheInterviewMakesAConfigurationThatIsRead(t *testing.T) {
	var asked []Question
	c, opt := Default(), Options{Home: home, Library: "/p/Anna's.photoslibrary", Check: check}
	err := Interview(&c, opt, answers(map[string][]string{
		"staging":                 {"relative", "/", "~/staging"},
		"export.download_missing": {"perhaps", "no"},
		"archive.repository":      {"ssh://pi/borg"},
		"archive.passphrase":      {"hunter2", "keychain:b"},
		"vault.host":              {"pi"},
		"vault.dir":               {"", "/srv/vault"},
		"notify.after_days":       {"many", "3"},
	}, &asked))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := Write(&b, c, "note"); err != nil {
		t.Fatal(err)
	}
	got, err := Parse("f", []byte(b.String()), opt)
	if err != nil {
		t.Fatalf("%v\n%s", err, b.String())
	}
	if got.Staging != home+"/staging" || got.Export.DownloadMissing || got.Archive.Passphrase != "keychain:b" || got.Name != "Anna-s" ||
		got.Vault.Dir != "/srv/vault" || got.Vault.Passphrase != "keychain:photogo-vault" || got.Notify.AfterDays != 3 || got.Archive.Period != Month {
		t.Errorf("%s", b.String())
	}
	again := 0
	for _, q := range asked {
		if strings.Contains(q.Problem, "hunter2") {
			t.Errorf("%s shows what may be a passphrase", q.Key)
		}
		if q.Problem != "" {
			again++
		}
	}
	if again != 6 {
		t.Errorf("asked again %d times: %+v", again, asked)
	}
}

func TestTheInterviewAsksOnlyWhatMatters(t *testing.T) {
	var asked []Question
	c := Default()
	if err := Interview(&c, Options{Home: home, Library: "/l"}, answers(nil, &asked)); err != nil {
		t.Fatal(err)
	}
	for _, q := range asked {
		if strings.HasPrefix(q.Key, "vault.") && q.Key != "vault.host" || q.Key == "archive.passphrase" || q.Key == "name" {
			t.Errorf("%s is asked for nothing", q.Key)
		}
	}
	// "-" takes away what is there.
	c.Vault.Host = "pi"
	if err := Interview(&c, Options{Home: home}, answers(map[string][]string{"vault.host": {"-"}}, &asked)); err != nil || c.Vault.Host != "" {
		t.Error(err, c.Vault.Host)
	}
}

func TestTheInterviewEndsWithTheAnswers(t *testing.T) {
	c := Default()
	err := Interview(&c, Options{Home: home}, func(q Question) (string, error) {
		if q.Problem != "" {
			return "", io.ErrUnexpectedEOF
		}
		return "", nil // the library is needed
	})
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Error(err)
	}
}

func TestSaveLosesNothing(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a", "config.toml")
	save := func(text string, replace bool, wantKept string, want error) {
		t.Helper()
		kept, err := Save(file, []byte(text), replace)
		if wantKept != "" {
			wantKept = file + wantKept
		}
		if kept != wantKept || !errors.Is(err, want) {
			t.Errorf("%s: %q, %v", text, kept, err)
		}
	}
	is := func(name, want string) {
		t.Helper()
		if data, err := os.ReadFile(file + name); err != nil || string(data) != want {
			t.Errorf("%s: %q %v", name, data, err)
		}
	}
	save("1", false, "", nil)
	save("2", false, "", ErrExists)
	is("", "1")
	save("2", true, ".bak", nil)
	save("3", true, ".bak.2", nil)
	is("", "3")
	is(".bak", "1")
	is(".bak.2", "2")
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Error(info.Mode(), err)
	}
	if list, err := os.ReadDir(filepath.Dir(file)); err != nil || len(list) != 3 {
		t.Error(list, err)
	}
	// A link to a file elsewhere stays one.
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(file, link); err != nil {
		t.Fatal(err)
	}
	if _, err := Save(link, []byte("4"), true); err != nil {
		t.Fatal(err)
	}
	is("", "4")
	if _, err := os.Readlink(link); err != nil {
		t.Error(err)
	}
	if kept, err := Save(filepath.Join(t.TempDir(), "new"), []byte("5"), true); kept != "" || err != nil {
		t.Error(kept, err)
	}
}
