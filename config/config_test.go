package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

const home = "/home/anna"

// check stands for the packages that understand templates and sources.
func check(key, text string) error {
	if strings.HasSuffix(key, "passphrase") && !strings.HasPrefix(text, "keychain:") && !strings.HasPrefix(text, "command:") {
		return errors.New("no source")
	}
	return nil
}

func parse(text string) (Config, error) {
	return Parse("config.toml", []byte(text), Options{Home: home, Library: "/sys/Photos Library.photoslibrary", Check: check})
}

// Each key has one field and each field one key: no field can be forgotten in the
// file, nor two keys set the same one.
func TestEachFieldHasItsKey(t *testing.T) {
	c := Default()
	fields := map[any]string{}
	var walk func(v reflect.Value, name string)
	walk = func(v reflect.Value, name string) {
		for i := range v.NumField() {
			f, typ := v.Field(i), v.Type().Field(i)
			switch {
			case !typ.IsExported():
			case f.Kind() == reflect.Struct && typ.Type != reflect.TypeFor[Reserve]():
				walk(f, name+typ.Name+".")
			default:
				fields[f.Addr().Interface()] = name + typ.Name
			}
		}
	}
	walk(reflect.ValueOf(&c).Elem(), "")
	for _, k := range c.keys() {
		p := reflect.ValueOf(k.setting).Field(0)
		var found any
		for ptr := range fields {
			if reflect.ValueOf(ptr).Pointer() == p.Pointer() {
				found = ptr
			}
		}
		if found == nil {
			t.Errorf("%s sets no field, or one that another key sets", k.name)
			continue
		}
		if want := strings.ReplaceAll(k.name, "_", ""); !strings.EqualFold(fields[found], want) {
			t.Errorf("%s sets %s", k.name, fields[found])
		}
		delete(fields, found)
	}
	for _, name := range fields {
		t.Errorf("%s has no key", name)
	}
}

func TestAllKeysAreRead(t *testing.T) {
	c, err := parse(`
library = "~/Pictures/Photos Library.photoslibrary"
name = "anna"
staging = "~/staging/"
[export]
directory = "{created.year}"
filename = "{uuid}"
sidecar = ["json", "xmp"]
skip = ["aae", "bursts"]
download_missing = false
include_referenced = true
portable_names = true
jobs = 8
[download]
helper = "/opt/helper"
reserve = "5%"
max_assets = 100
max_bytes = "1.5GB"
max_minutes = 30
at_once = 2
[vault]
host = "pi"
user = "anna"
port = 2222
dir = "vault"
identity = "~/.ssh/id"
known_hosts = "~/.ssh/known"
ssh_config = "~/.ssh/config"
passphrase = "keychain:vault"
[archive]
repository = "ssh://pi/srv/borg"
passphrase = "keychain:borg"
period = "week"
budget = "50GiB"
compression = "zstd,3"
borg = "~/borg1"
remote_borg = "borg2"
identity = "/i"
known_hosts = "/k"
ssh_config = "/c"
port = 22
[notify]
after_days = 3
command = ["say", "it"]
[log]
file = "~/log"
max_size = "1MB"
keep = 0
`)
	if err != nil {
		t.Fatal(err)
	}
	want := Config{
		Library: home + "/Pictures/Photos Library.photoslibrary", Name: "anna", Staging: home + "/staging",
		Export:   Export{"{created.year}", "{uuid}", []string{"json", "xmp"}, []string{"aae", "bursts"}, false, true, true, 8},
		Download: Download{"/opt/helper", Reserve{Percent: 5}, 100, 1_500_000_000, 30, 2},
		Vault:    Vault{"pi", "anna", 2222, "vault", home + "/.ssh/id", home + "/.ssh/known", home + "/.ssh/config", "keychain:vault"},
		Archive:  Archive{"ssh://pi/srv/borg", "keychain:borg", Week, 50 << 30, "zstd,3", home + "/borg1", "borg2", "/i", "/k", "/c", 22},
		Notify:   Notify{3, []string{"say", "it"}},
		Log:      Log{home + "/log", 1e6, 0},
	}
	for _, v := range c.Values() {
		if v.Line == 0 {
			t.Errorf("%s is not in this test", v.Key)
		}
	}
	c.lines = nil
	if !reflect.DeepEqual(c, want) {
		t.Errorf("\n%+v\n%+v", c, want)
	}
}

func TestTheDefaultsHoldWhereTheFileSaysNothing(t *testing.T) {
	c, err := parse(`staging = "/s"`)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range c.Values() {
		if (v.Line == 1) != (v.Key == "staging") {
			t.Errorf("%s: line %d", v.Key, v.Line)
		}
	}
	want := Default()
	want.Staging, want.Library, c.lines = "/s", "/sys/Photos Library.photoslibrary", nil
	if !reflect.DeepEqual(c, want) {
		t.Errorf("\n%+v\n%+v", c, want)
	}
}

// What is wrong is told all at once, in the order of the file, with lines.
func TestEveryProblemIsToldAtOnce(t *testing.T) {
	_, err := parse(`name = "a b"
stagin = "/s"

[export]
jobs = "4"
sidecar = ["xml"]

[archve]
repository = "/r"

[archive]
passphrase = "hunter2"
`)
	want := `config.toml: staging: it is missing; name the folder that pictures wait in until they are archived, as ~/Pictures/photogo
config.toml:1: name: "a b": it may have letters a to z, digits, - and _; "a-b" would do
config.toml:2: stagin: there is no such key; did you mean staging?
config.toml:5: export.jobs: it has to be a whole number, without quotes
config.toml:6: export.sidecar: "xml": it has to be of xmp, json
config.toml:8: archve: there is no such key; did you mean [archive]?
config.toml:11: archive.repository: it is missing; name the borg repository, or take archive.passphrase out
config.toml:12: archive.passphrase: no source`
	var e *Error
	if !errors.Is(err, ErrInvalid) || !errors.As(err, &e) || err.Error() != want {
		t.Errorf("%v", err)
	}
}

func TestProblems(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{`staging = "/s`, "config.toml:1: it is not TOML"},
		{"staging = \"/s\"\nstaging = \"/t\"", "it is not TOML"},
		{`staging = ""`, "staging: it is empty"},
		{`staging = "relative"`, `staging: "relative" is no whole path`},
		{`staging = "/"`, "holds everything else"},
		{`staging = "~"`, "holds everything else"},
		{`staging = "/x/A.photoslibrary/originals"`, "lies in a Photos library"},
		{"library = \"/p/l\"\nstaging = \"/p\"", "holds the Photos library"},
		{"library = \"/p/l\"\nstaging = \"/p/l/x\"", "lies in a Photos library"},
		{`staging = 3`, "config.toml:1: staging: it has to be a path in quotes"},
		{"staging = \"/s\\u0000x\"", "characters that cannot be seen"},
		{"staging = \"/s\"\nexport = 3", "config.toml:2: export: it is a table; write [export] above its keys"},
		{"staging = \"/s\"\n[export.directory]\nx = 1", "export.directory: it has to be a text in quotes"},
		{"staging = \"/s\"\ndirectory = \"x\"", "config.toml:2: directory: there is no such key; did you mean export.directory?"},
		{"staging = \"/s\"\n[vault]\nuser = \"a\"", "vault.host: it is missing"},
		{"staging = \"/s\"\n[vault]\nhost = \"pi\"", "config.toml:2: vault.dir: it is missing"},
		{"staging = \"/s\"\n[vault]\nhost = \"pi\"\ndir = \"d\"", "vault.passphrase: it is missing; say where it is kept"},
		{"staging = \"/s\"\n[vault]\nhost = \"-oProxyCommand=x\"", "is no name of a machine"},
		{"staging = \"/s\"\n[archive]\nrepository = \"/r\"", "archive.passphrase: it is missing"},
		{"staging = \"/s\"\n[archive]\nperiod = \"year\"", `it has to be "month", "week" or "day"`},
		{"staging = \"/s\"\n[archive]\nbudget = 50", "a size is a number and a unit"},
		{"staging = \"/s\"\n[archive]\nport = 65536", "from 0 to 65535"},
		{"staging = \"/s\"\n[download]\nreserve = \"100%\"", "from 1% to 99%"},
		{"staging = \"/s\"\n\"\\u001b[31m\" = 1", "config.toml:2: \uFFFD[31m: there is no such key"},
		{"staging = \"/s\"\n[log]\nmax_size = \"0\"", "config.toml:3: log.max_size: 0: it has to be 64KiB or more"},
		{"staging = \"/s\"\n[notify]\ncommand = \"say\"", "it has to be a list of texts"},
		{"staging = \"/s\"\n[notify]\ncommand = [\"\"]", "should with a program"},
		{"staging = \"/s\"\n[export]\nskip = [\"raw\", \"raw\"]", "is there twice"},
		{"staging = \"/s\"\narchive = { passphras = \"keychain:x\" }", "config.toml:2: archive.passphras: there is no such key; did you mean archive.passphrase?"},
	} {
		if _, err := parse(c.text); !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s\n%v\nwant %s", c.text, err, c.want)
		}
	}
}

// A passphrase that was put where only its place belongs shows nowhere.
func TestWhatMayBeSecretIsNotShown(t *testing.T) {
	for _, text := range []string{
		"[archive]\npassphrase = \"c4n4ry\"", "[archive]\npassphrase = [\"c4n4ry\"]", "[archive]\npassphrase = \"c4n4ry",
		"[archive]\npassphrase = c4n4ry", "[archive]\npassphras = \"c4n4ry\"", "passphrase = \"c4n4ry\"",
	} {
		if _, err := parse(text); err == nil || strings.Contains(err.Error(), "c4n4ry") {
			t.Errorf("%s\n%v", text, err)
		}
	}
	c, err := parse("staging = \"/s\"\n[archive]\nrepository = \"/r\"\npassphrase = \"command:pass c4n4ry\"\n[notify]\ncommand = [\"curl\", \"c4n4ry\"]")
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range c.Values() {
		if strings.Contains(v.Text, "c4n4ry") || strings.Contains(quoteJSON(v.JSON), "c4n4ry") {
			t.Errorf("%s: %s", v.Key, v.Text)
		}
	}
}

func quoteJSON(v any) string { return fmt.Sprint(v) }

func TestLoadRefusesFilesThatOthersWrite(t *testing.T) {
	file := filepath.Join(t.TempDir(), "config.toml")
	if _, err := Load(file, Options{}); !errors.Is(err, ErrNone) {
		t.Error(err)
	}
	if err := os.WriteFile(file, []byte(`staging = "/s"`), 0o600); err != nil {
		t.Fatal(err)
	}
	if c, err := Load(file, Options{Library: "/l"}); err != nil || c.Staging != "/s" {
		t.Error(c.Staging, err)
	}
	if err := os.Chmod(file, 0o606); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(file, Options{}); !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), "chmod") {
		t.Error(err)
	}
	if _, err := Load(filepath.Dir(file), Options{}); !errors.Is(err, ErrInvalid) {
		t.Error(err)
	}
}

func TestPrefix(t *testing.T) {
	for _, c := range []struct{ name, library, want string }{
		{"anna", "/x", "anna"},
		{"", "/p/Photos Library.photoslibrary", "Photos-Library"},
		{"", "/p/Bilder von Jörg.photoslibrary", "Bilder-von-J-rg"},
		{"", "/p/写真.photoslibrary", "photos"},
		{"", "", "photos"},
		{"", "/p/--x--.photoslibrary", "x"},
	} {
		if got := (Config{Name: c.name, Library: c.library}).Prefix(); got != c.want {
			t.Errorf("%q: %q", c.library, got)
		}
	}
}

// What Write writes, Load reads: for any configuration that can be.
func TestWhatIsWrittenIsReadAgain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := Default()
		c.Staging, c.Library = "/s", "/l"
		txt := rapid.StringMatching(`[^\p{Cc}\x{2028}\x{2029}]{0,12}`)
		for _, k := range c.keys() {
			if k.name == "staging" || k.name == "library" || k.name == "log.max_size" || !rapid.Bool().Draw(t, k.name) {
				continue
			}
			var v any
			switch s := k.setting.(type) {
			case text, source:
				v = txt.Draw(t, "text")
			case place:
				v = "/" + txt.Draw(t, "place")
			case path:
				v = "/" + txt.Draw(t, "path")
			case label, word:
				v = rapid.StringMatching(`[a-z][a-z0-9_]{0,5}`).Draw(t, "name")
			case boolean:
				v = rapid.Bool().Draw(t, "bool")
			case integer:
				v = int64(rapid.IntRange(s.min, s.max).Draw(t, "int"))
			case size:
				v = Size(rapid.Int64Range(0, 1<<60).Draw(t, "size")).String()
			case reserve:
				v = Reserve{Percent: rapid.IntRange(1, 99).Draw(t, "percent")}.String()
			case period:
				v = string(rapid.SampledFrom([]Period{Month, Week, Day}).Draw(t, "period"))
			case choices:
				v = []any{rapid.SampledFrom(s.of).Draw(t, "choice")}
			case list:
				v = []any{"x" + txt.Draw(t, "word"), txt.Draw(t, "word")}
			default:
				t.Fatalf("%T is not in this test", s)
			}
			if err := k.setting.set(v, home); err != nil {
				t.Fatalf("%s = %v: %v", k.name, v, err)
			}
		}
		var b strings.Builder
		if err := Write(&b, c, "A note of\ntwo lines", "library"); err != nil {
			t.Fatal(err)
		}
		got, err := Parse("f", []byte(b.String()), Options{Home: home})
		var e *Error
		if errors.As(err, &e) {
			// What is missing, or must not be, together is not of interest here.
			for _, p := range e.Problems {
				if !strings.HasPrefix(p.Message, "it is ") && !strings.Contains(p.Message, "library") {
					t.Fatalf("%v\n%s", err, b.String())
				}
			}
		} else if err != nil {
			t.Fatal(err)
		}
		for i, k := range got.keys() {
			if want := c.keys()[i].setting.toml(); k.setting.toml() != want {
				t.Fatalf("%s: %s, want %s", k.name, k.setting.toml(), want)
			}
		}
	})
}

func TestSizes(t *testing.T) {
	for text, want := range map[string]Size{
		"0": 0, "1B": 1, "50GB": 50e9, "50 gb": 50e9, "1.5TB": 1.5e12, "500MiB": 500 << 20, "9223372036854775807B": 1<<63 - 1, "0KB": 0,
	} {
		if got, err := ParseSize(text); err != nil || got != want {
			t.Errorf("%s: %d, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "50", "GB", "-1GB", "1e9B", "1.2.3MB", "99999999999TB", "0x1KB", "NaNB", "1 000KB", "infB", ".B"} {
		if got, err := ParseSize(text); err == nil {
			t.Errorf("%s: %d", text, got)
		}
	}
}

func FuzzParse(f *testing.F) {
	var b strings.Builder
	c := Default()
	c.Staging = "/s"
	if err := Write(&b, c, ""); err != nil {
		f.Fatal(err)
	}
	f.Add(b.String())
	f.Add("a.b.c = 1\n[x]\ny = {z = [1, {q = 2}]}\n[[t]]\n[[t]]")
	f.Add("\"\\u0041\" = '''x'''\n[export]\n\"jobs\" = 9223372036854775807")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := parse(text)
		if err != nil {
			var e *Error
			if !errors.As(err, &e) || len(e.Problems) == 0 || len(e.Problems) > maxProblems+10 {
				t.Fatalf("%v", err)
			}
			return
		}
		if !filepath.IsAbs(c.Staging) || c.Export.Jobs < 1 || c.Log.MaxSize < 0 || c.Download.AtOnce > 8 {
			t.Errorf("%+v", c)
		}
		n := strings.Count(text, "\n") + 1
		for _, v := range c.Values() {
			if v.Line < 0 || v.Line > n {
				t.Errorf("%s is on line %d of %d", v.Key, v.Line, n)
			}
		}
	})
}
