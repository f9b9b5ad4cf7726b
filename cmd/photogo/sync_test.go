package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gofrs/flock"

	"github.com/photogo/photogo/archive"
	"github.com/photogo/photogo/backup"
	"github.com/photogo/photogo/internal/fixture"
	"github.com/photogo/photogo/internal/loopback"
	"github.com/photogo/photogo/mount"
)

type phrase string

func (p phrase) WriteTo(w io.Writer) (int64, error) {
	n, err := io.WriteString(w, string(p))
	return int64(n), err
}

// A cycle with a vault on another machine, as a person and as the timer run it.
func TestSyncWithAVault(t *testing.T) {
	loopback.Need(t, "sshfs", "gocryptfs", "fusermount3")
	loopback.NeedFuse(t)
	s := loopback.Start(t)
	home, state := t.TempDir(), t.TempDir()
	write := func(name, text string) string {
		t.Helper()
		file := filepath.Join(home, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	key, vault := write("key", "c4n4ry\n"), filepath.Join(s.Dir, "vault")
	if err := os.Mkdir(vault, 0o700); err != nil {
		t.Fatal(err)
	}
	// photogo starts itself to work in the vault, and the test is photogo by this name.
	program := filepath.Join(home, "photogo")
	exe, err := os.Executable()
	if err == nil {
		err = os.Symlink(exe, program)
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fixture.Build(filepath.Join(home, "Anna.photoslibrary"), fixture.Options{}); err != nil {
		t.Fatal(err)
	}
	told := filepath.Join(home, "told")
	config := write("config.toml", fmt.Sprintf(`library = "~/Anna.photoslibrary"
staging = "~/staging"
[vault]
host = %q
user = %q
port = %d
dir = %q
identity = %q
known_hosts = %q
passphrase = %q
[notify]
command = ["/bin/sh", "-c", "cat >> %s"]
[log]
file = "~/log/photogo.log"
`, s.Host, s.User, s.SSH.Port, vault, s.SSH.Identity, s.SSH.KnownHosts, "file:"+key, told))
	photogo := func(want int, args ...string) (string, string) {
		t.Helper()
		var out, words bytes.Buffer
		e := environment{
			out: &out, err: &words, environ: os.Environ(), now: time.Now, program: program,
			getenv: func(name string) string { return map[string]string{"HOME": home, "PHOTOGO_HOME": state}[name] },
		}
		if code := run(t.Context(), e, append([]string{"photogo"}, args...)); code != want {
			t.Fatalf("photogo %v: %d, want %d: %s", args, code, want, &words)
		}
		if strings.Contains(words.String()+out.String(), "c4n4ry") {
			t.Errorf("the passphrase was shown: %s", &words)
		}
		return out.String(), words.String()
	}
	sync := func(want int, more ...string) string {
		t.Helper()
		_, words := photogo(want, append([]string{"sync", "--config", config}, more...)...)
		return words
	}
	if words := sync(17); !strings.Contains(words, "there is no vault") {
		t.Errorf("%s", words)
	}
	if words := sync(17, "--agent"); !strings.Contains(words, "there is no vault") {
		t.Errorf("%s", words)
	}
	if text, err := os.ReadFile(told); err != nil || !strings.Contains(string(text), "there is no vault") {
		t.Errorf("nobody was told: %s %v", text, err)
	}
	m, err := mount.Init(t.Context(), mount.Spec{
		User: s.User, Host: s.Host, Dir: vault, SSH: s.SSH, Passphrase: phrase("c4n4ry"), Base: filepath.Join(state, "mounts"), Env: os.Environ(),
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	if words := sync(3); !strings.Contains(words, "mirrored") || !strings.Contains(words, "missing, which stay owed") {
		t.Errorf("%s", words)
	}
	if out, _ := photogo(0, "status", "--config", config, "--json"); !strings.Contains(out, `"no_copy":{"files":0,"bytes":0}`) {
		t.Errorf("%s", out)
	}
	if words := sync(3, "--agent"); words != "" {
		t.Errorf("the agent has nothing to say: %q", words)
	}
	s.Stop()
	sync(14)
	if words := sync(0, "--agent"); strings.Count(words, "\n") != 1 || !strings.Contains(words, "does not answer") {
		t.Errorf("%q", words)
	}
	// What photogo remembers holds no passphrase, and no more does the other machine.
	for _, dir := range []string{state, s.Dir} {
		err := filepath.WalkDir(dir, func(name string, d os.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			content, err := os.ReadFile(name)
			if strings.Contains(name+string(content), "c4n4ry") {
				t.Errorf("the passphrase is in %s", name)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
	log, err := os.ReadFile(filepath.Join(home, "log", "photogo.log"))
	if err != nil || !strings.Contains(string(log), "does not answer") || strings.Contains(string(log), "c4n4ry") {
		t.Errorf("%s %v", log, err)
	}
}

// What the timer runs cannot begin where its configuration is unsound. Nobody looks on,
// so that a person is told: once, and once more when it can. So is what stays owed.
func TestATimerThatCannotBeginIsTold(t *testing.T) {
	home, state := t.TempDir(), t.TempDir()
	if _, err := fixture.Build(filepath.Join(home, "Anna.photoslibrary"), fixture.Options{}); err != nil {
		t.Fatal(err)
	}
	told, file := filepath.Join(home, "told"), filepath.Join(home, "config.toml")
	now := time.Now()
	// sync runs a cycle by a configuration that ends with a text, and returns what was told.
	sync := func(want int, more string) string {
		t.Helper()
		config := fmt.Sprintf(`library = "~/Anna.photoslibrary"
staging = "~/staging"
[notify]
command = ["/bin/sh", "-c", "cat >> %s"]
[log]
file = "~/log/photogo.log"
max_size = "64KiB"
%s`, told, more)
		if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
			t.Fatal(err)
		}
		var words bytes.Buffer
		e := environment{
			out: io.Discard, err: &words, environ: os.Environ(), now: func() time.Time { return now }, program: "/usr/bin/photogo",
			getenv: func(name string) string { return map[string]string{"HOME": home, "PHOTOGO_HOME": state}[name] },
		}
		if code := run(t.Context(), e, []string{"photogo", "sync", "--agent", "--config", file}); code != want {
			t.Fatalf("%d, want %d: %s", code, want, &words)
		}
		text, _ := os.ReadFile(told)
		os.Remove(told)
		return string(text)
	}
	if text := sync(3, ""); text != "" {
		t.Errorf("%q", text)
	}
	if text := sync(2, "kepp = 3"); !strings.HasPrefix(text, "photogo: the backup failed\n") || !strings.Contains(text, "It cannot begin: ") || !strings.Contains(text, "kepp") {
		t.Errorf("%q", text)
	}
	if text := sync(2, "kepp = 3"); text != "" {
		t.Errorf("told again: %q", text)
	}
	// What launchd keeps of these runs does not grow for ever.
	agent := filepath.Join(home, "log", "agent.log")
	if err := os.WriteFile(agent, bytes.Repeat([]byte("a line\n"), 10000), 0o600); err != nil {
		t.Fatal(err)
	}
	if text := sync(3, ""); !strings.HasPrefix(text, "photogo: the backup works again\n") {
		t.Errorf("%q", text)
	}
	if _, err := os.Stat(agent + ".1"); err != nil {
		t.Error(err)
	}
	if text := sync(3, ""); text != "" {
		t.Errorf("told again: %q", text)
	}
	now = now.AddDate(0, 0, 8)
	if text := sync(3, ""); !strings.HasPrefix(text, "photogo: no complete backup for 8 days\n") || !strings.Contains(text, "5 files missing in the library") {
		t.Errorf("%q", text)
	}
	// Another photogo at work is no failure, but worth a word if that lasts for days.
	other := flock.New(filepath.Join(state, "jobs", "Anna", "lock"))
	if ok, err := other.TryLock(); err != nil || !ok {
		t.Fatal(ok, err)
	}
	defer other.Close()
	if text := sync(12, ""); text != "" {
		t.Errorf("%q", text)
	}
	now = now.AddDate(0, 0, 8)
	if text := sync(12, ""); !strings.HasPrefix(text, "photogo: no backup for 16 days\n") || !strings.Contains(text, "another cycle") {
		t.Errorf("%q", text)
	}
}

func TestBusyIsNoFailureUnlessSomethingElseIs(t *testing.T) {
	at, other := fmt.Errorf("archive: %w in /x", archive.ErrBusy), errors.New("x")
	for _, c := range []struct {
		err  error
		want bool
	}{
		{at, true}, {errors.Join(at), true}, {errors.Join(at, errors.Join(backup.ErrBusy)), true},
		{other, false}, {errors.Join(at, other), false}, {fmt.Errorf("%w: %w", backup.ErrMirror, at), false},
	} {
		if got := busy(c.err); got != c.want {
			t.Errorf("%v: %v", c.err, got)
		}
	}
}
