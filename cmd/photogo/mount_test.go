package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/photogo/photogo/internal/loopback"
)

// A vault of another machine is made, mounted, unmounted by an interrupt and by
// `photogo unmount`, and told when the link is lost.
func TestMountAndUnmount(t *testing.T) {
	loopback.Need(t, "sshfs", "gocryptfs", "fusermount3")
	loopback.NeedFuse(t)
	s := loopback.Start(t)
	home, state := t.TempDir(), t.TempDir()
	key := filepath.Join(home, "key")
	if err := os.WriteFile(key, []byte("c4n4ry\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{"vault", "other"} {
		if err := os.Mkdir(filepath.Join(s.Dir, dir), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	env := environment{
		environ: os.Environ(), now: time.Now,
		getenv: func(name string) string { return map[string]string{"HOME": home, "PHOTOGO_HOME": state}[name] },
	}
	photogo := func(ctx context.Context, out *bytes.Buffer, args ...string) (int, string) {
		e, words := env, &bytes.Buffer{}
		e.out, e.err = out, words
		code := run(ctx, e, append([]string{"photogo"}, args...))
		if strings.Contains(words.String()+out.String(), "c4n4ry") {
			t.Errorf("the passphrase was shown: %s", words)
		}
		return code, words.String()
	}
	args := func(dir string, more ...string) []string {
		return append([]string{
			"mount", "--remote", s.User + "@" + s.Host + ":" + filepath.Join(s.Dir, dir), "--passphrase", "file:" + key,
			"--ssh-identity", s.SSH.Identity, "--ssh-known-hosts", s.SSH.KnownHosts, "--ssh-port", strconv.Itoa(s.SSH.Port),
		}, more...)
	}
	// mounted runs photogo mount until it has told where, and then does something
	// that ends it.
	mounted := func(end func(cancel func(), path string), args ...string) (int, string) {
		t.Helper()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		told := &toldWriter{first: make(chan string, 1)}
		e, words := env, &bytes.Buffer{}
		e.out, e.err = told, words
		code := make(chan int, 1)
		go func() { code <- run(ctx, e, append([]string{"photogo"}, args...)) }()
		select {
		case path := <-told.first:
			end(cancel, path)
			return <-code, words.String()
		case c := <-code:
			t.Fatalf("exit code %d: %s", c, words)
		}
		return 0, ""
	}
	gone := func() {
		t.Helper()
		if left := loopback.Left(state); len(left) > 0 {
			t.Errorf("left: %q", left)
		}
		if runs, _ := filepath.Glob(filepath.Join(state, "mounts", "run-*")); len(runs) > 0 {
			t.Errorf("left: %q", runs)
		}
	}

	code, words := mounted(func(cancel func(), path string) {
		if err := os.WriteFile(filepath.Join(path, "x"), []byte("a picture"), 0o600); err != nil {
			t.Error(err)
		}
		cancel()
	}, args("vault", "--init")...)
	if code != 0 {
		t.Errorf("interrupted: %d: %s", code, words)
	}
	gone()
	code, words = mounted(func(_ func(), path string) {
		if text, err := os.ReadFile(filepath.Join(path, "x")); string(text) != "a picture" {
			t.Errorf("%q %v", text, err)
		}
		if code, words := photogo(t.Context(), &bytes.Buffer{}, args("vault")...); code != 12 {
			t.Errorf("mounted twice: %d: %s", code, words)
		}
		open, err := os.Open(filepath.Join(path, "x"))
		if err != nil {
			t.Error(err)
		}
		defer open.Close()
		if code, words := photogo(t.Context(), &bytes.Buffer{}, "unmount"); code != 12 || !strings.Contains(words, "--force") {
			t.Errorf("unmount: %d: %s", code, words)
		}
		if code, words := photogo(t.Context(), &bytes.Buffer{}, "unmount", "--force"); code != 0 {
			t.Errorf("unmount --force: %d: %s", code, words)
		}
	}, args("vault")...)
	if code != 14 {
		t.Errorf("unmounted from outside: %d: %s", code, words)
	}
	gone()
	code, words = mounted(func(func(), string) {
		if code, words := photogo(t.Context(), &bytes.Buffer{}, "unmount"); code != 0 || !strings.Contains(words, "2 unmounted") {
			t.Errorf("unmount: %d: %s", code, words)
		}
	}, args("vault")...)
	if code != 14 {
		t.Errorf("unmounted from outside: %d: %s", code, words)
	}
	gone()
	if code, words = mounted(func(func(), string) { s.Kill() }, args("vault")...); code != 14 {
		t.Errorf("the link is lost: %d: %s", code, words)
	}
	gone()

	for name, c := range map[string]struct {
		args []string
		code int
		word string
	}{
		"no vault":      {args("other"), 17, "there is no vault"},
		"no remote":     {[]string{"mount"}, 2, "--remote"},
		"no passphrase": {[]string{"mount", "--remote", "x:y"}, 2, "--passphrase"},
		"nobody":        {append(args("vault"), "--ssh-port", "1"), 14, "cannot be reached"},
		"wrong":         {append(args("vault"), "--passphrase", "command:echo wrong"), 15, "does not open the vault"},
	} {
		if code, words := photogo(t.Context(), &bytes.Buffer{}, c.args...); code != c.code || !strings.Contains(words, c.word) {
			t.Errorf("%s: %d: %s", name, code, words)
		}
		gone()
	}
}

// toldWriter tells the first line that is written to it.
type toldWriter struct{ first chan string }

func (w *toldWriter) Write(b []byte) (int, error) {
	select {
	case w.first <- strings.TrimSpace(string(b)):
	default:
	}
	return len(b), nil
}
