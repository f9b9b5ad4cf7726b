package secret

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/photogo/photogo/internal/command"
)

const canary = "c4n4ry käfig \"quoted\" 'so'"

func pass(t *testing.T, text string) *Passphrase {
	t.Helper()
	p, err := New([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func reveal(t *testing.T, p *Passphrase) string {
	t.Helper()
	var b bytes.Buffer
	if _, err := p.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func parse(t *testing.T, text string) Source {
	t.Helper()
	s, err := Parse(text, "/home/me")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestAPassphraseShowsItselfToNobody(t *testing.T) {
	p := pass(t, canary+"\n")
	var b bytes.Buffer
	for _, verb := range []string{"%v", "%s", "%q", "%x", "%X", "%#v", "%+v", "%d", "%T %[1]v"} {
		fmt.Fprintf(&b, verb, p)
		fmt.Fprintf(&b, verb, struct{ P *Passphrase }{p})
	}
	json.NewEncoder(&b).Encode(map[string]any{"p": p})
	slog.New(slog.NewJSONHandler(&b, nil)).Info("x", "p", p)
	slog.New(slog.NewTextHandler(&b, nil)).Info("x", "p", p)
	if bytes.Contains(b.Bytes(), []byte("c4n4ry")) || bytes.Contains(b.Bytes(), []byte("63346e")) {
		t.Errorf("%s", &b)
	}
	if got := reveal(t, p); got != canary {
		t.Errorf("%q", got)
	}
	p.Forget()
	if _, err := p.WriteTo(&b); !errors.Is(err, ErrUnfit) || p.Equal(pass(t, canary)) {
		t.Error(err)
	}
}

func TestWhatCanBeNoPassphrase(t *testing.T) {
	for _, text := range []string{"", "\n", "\r\n\n", "two\nlines", "two\rlines", "zero\x00byte", strings.Repeat("x", 2049)} {
		if _, err := New([]byte(text)); !errors.Is(err, ErrUnfit) {
			t.Errorf("%.20q: %v", text, err)
		}
	}
}

func TestParse(t *testing.T) {
	for text, want := range map[string]string{
		"keychain:photogo":             "keychain:photogo",
		"keychain:my photos/me":        "keychain:my photos/me",
		"file:/etc/p":                  "file:/etc/p",
		"file:~/p":                     "file:/home/me/p",
		"command:pass show 'a b' \"\"": "command:pass",
	} {
		if s, err := Parse(text, "/home/me"); err != nil || s.String() != want {
			t.Errorf("%s: %s, %v", text, s, err)
		}
	}
	for _, text := range []string{"", "c4n4ry", "pass:c4n4ry", "keychain:", "keychain:/a", "keychain:a/", "keychain:a\nb", `keychain:a"b`, "file:", "file:relative", "file:~other/x", "command:", "command: ", "command:'open", "command:''", "command:a\nb"} {
		if _, err := Parse(text, "/home/me"); !errors.Is(err, ErrSource) || strings.Contains(err.Error(), "c4n4ry") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// Words that are put into quotes come back as they were.
func TestCommandsAreSplitAtBlanksAlone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfN(rapid.StringMatching(`[a-zß$\\"; ]{1,8}`), 1, 5).Draw(t, "words")
		got, err := words("  '" + strings.Join(list, "'   '") + "' ")
		if err != nil || fmt.Sprintf("%q", got) != fmt.Sprintf("%q", list) {
			t.Fatalf("%q, want %q: %v", got, list, err)
		}
	})
}

func TestAFileMustBePrivate(t *testing.T) {
	name := filepath.Join(t.TempDir(), "passphrase")
	s := parse(t, "file:"+name)
	if _, err := s.Get(t.Context(), Options{}); !errors.Is(err, ErrNone) {
		t.Error(err)
	}
	if err := s.Set(t.Context(), Options{}, pass(t, canary)); err != nil {
		t.Fatal(err)
	}
	p, err := s.Get(t.Context(), Options{})
	if err != nil || reveal(t, p) != canary {
		t.Error(err)
	}
	if err := s.Set(t.Context(), Options{}, pass(t, "other")); !errors.Is(err, ErrFixed) {
		t.Errorf("a file that exists was replaced: %v", err)
	}
	for _, mode := range []os.FileMode{0o640, 0o604, 0o660, 0o622, 0o611, 0o644} {
		if err := os.Chmod(name, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Get(t.Context(), Options{}); !errors.Is(err, ErrExposed) {
			t.Errorf("mode %o: %v", mode, err)
		}
	}
	if _, err := parse(t, "file:"+filepath.Dir(name)).Get(t.Context(), Options{}); !errors.Is(err, ErrUnavailable) {
		t.Errorf("a folder: %v", err)
	}
}

func TestACommandGivesItsFirstLine(t *testing.T) {
	dir := t.TempDir()
	o := Options{Env: os.Environ()}
	give := program(t, dir, "give", `printf '%s' "$1"; printf '\n'`)
	p, err := parse(t, "command:"+give+` "a b'c"`).Get(t.Context(), o)
	if err != nil || reveal(t, p) != "a b'c" {
		t.Error(err)
	}
	for name, c := range map[string]struct {
		source string
		want   error
	}{
		"fails":      {program(t, dir, "fails", "echo c4n4ry; echo c4n4ry >&2; exit 3"), ErrUnavailable},
		"says none":  {program(t, dir, "none", "exit 0"), ErrUnfit},
		"two lines":  {program(t, dir, "two", "echo c4n4ry; echo c4n4ry"), ErrUnfit},
		"no program": {filepath.Join(dir, "nowhere") + " c4n4ry", command.ErrMissing},
		"endless":    {program(t, dir, "endless", "while :; do echo c4n4ry; done"), ErrUnavailable},
	} {
		_, err := parse(t, "command:"+c.source).Get(t.Context(), o)
		if !errors.Is(err, c.want) || strings.Contains(err.Error(), "c4n4ry") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := parse(t, "command:"+give).Set(t.Context(), o, p); !errors.Is(err, ErrFixed) {
		t.Error(err)
	}
}

// program makes a program of a shell script.
func program(t *testing.T, dir, name, script string) string {
	t.Helper()
	file := filepath.Join(dir, name)
	if err := os.WriteFile(file, []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return file
}

// keychains are stand-ins for the two programs that guard keychains, with the
// contracts of the real ones: what is passed by argument, stdin, stdout and
// stderr, and the exit codes. They keep items in files, and log the arguments
// and the environment with which they were started.
func keychains(t *testing.T) (list map[string]Options, dir string) {
	dir = t.TempDir()
	const prologue = `
dir=$(dirname "$0"); { echo "$0 $*"; env; } >>"$dir/log"
item() { # SERVICE ACCOUNT: names the file of an item
	for f in "$dir/items/$1"="${2:-}"*; do echo "$f"; done
}
`
	program(t, dir, "secret-tool", prologue+`
verb=$1; shift
case $verb in store) shift; [ "$1" = service ] || exit 2; cat >"$dir/items/$2=${4:-}" ;;
lookup) f=$(item "$2" "${4:-}"); [ -f "$f" ] || exit 1; cat "$f" ;;
locked) ;; esac
`)
	program(t, dir, "security", prologue+`
if [ "$1" = -i ]; then
	IFS= read -r line
	eval "set -- $line"
	[ "$1 $2" = "add-generic-password -U" ] || exit 2
	[ "$3 $5 $7 $9" = "-s -a -l -X" ] || exit 2
	shift 2
	printf '%s' "$8" | python3 -c 'import sys; sys.stdout.buffer.write(bytes.fromhex(sys.stdin.read()))' >"$dir/items/$2=$4"
	exit 0
fi
[ "$1 $2" = "find-generic-password -s" ] || exit 2
[ "$4" = -a ] && account=$5 || account=
f=$(item "$3" "$account")
[ -f "$f" ] || { echo "security: SecKeychainSearchCopyNext: The specified item could not be found in the keychain." >&2; exit 44; }
echo 'keychain: "login.keychain-db"'
python3 - "$f" >&2 <<'P'
import sys
b = open(sys.argv[1], 'rb').read()
plain = all(32 <= c < 127 and c != 92 for c in b)
print('password: ' + ('' if plain else '0x' + b.hex().upper() + '  ') + '"' + (b.decode() if plain else '...') + '"')
P
`)
	if err := os.Mkdir(filepath.Join(dir, "items"), 0o700); err != nil {
		t.Fatal(err)
	}
	env := append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"))
	return map[string]Options{
		"darwin": {GOOS: "darwin", Env: env, security: filepath.Join(dir, "security")},
		"linux":  {GOOS: "linux", Env: env},
	}, dir
}

func TestKeychains(t *testing.T) {
	all, dir := keychains(t)
	for system, o := range all {
		t.Run(system, func(t *testing.T) {
			for i, text := range []string{canary, "plain c4n4ry", `back\slash c4n4ry`, "0x6334", strings.Repeat("c4n4ry", 300)} {
				s := parse(t, fmt.Sprintf("keychain:%s %d/me", system, i))
				if _, err := s.Get(t.Context(), o); !errors.Is(err, ErrNone) {
					t.Errorf("before it is there: %v", err)
				}
				if err := s.Set(t.Context(), o, pass(t, text)); err != nil {
					t.Fatalf("%q: %v", text, err)
				}
				for _, s := range []Source{s, parse(t, fmt.Sprintf("keychain:%s %d", system, i))} {
					p, err := s.Get(t.Context(), o)
					if err != nil || reveal(t, p) != text {
						t.Errorf("%q came back as %v, %v", text, p, err)
					}
				}
			}
			// Two items are one passphrase, and cannot be set as one.
			s := parse(t, "keychain:"+system+"-two/me")
			for name, text := range map[string]string{"-two": "first half, ", "-two_1": "second half"} {
				if err := o.storeFor(t, system+name, text); err != nil {
					t.Fatal(err)
				}
			}
			p, err := s.Get(t.Context(), o)
			if err != nil || reveal(t, p) != "first half, second half" {
				t.Error(err)
			}
			if err := s.Set(t.Context(), o, p); !errors.Is(err, ErrFixed) {
				t.Error(err)
			}
		})
	}
	// The log has the arguments and the environment of all that was started, and
	// is no empty proof.
	log, err := os.ReadFile(filepath.Join(dir, "log"))
	if err != nil || !bytes.Contains(log, []byte("find-generic-password")) || !bytes.Contains(log, []byte("store --label")) || !bytes.Contains(log, []byte("LC_ALL=C")) {
		t.Fatalf("%v\n%s", err, log)
	}
	for _, not := range []string{"c4n4ry", "63346e", "63346E"} {
		if bytes.Contains(log, []byte(not)) {
			t.Errorf("%s can be seen by others", not)
		}
	}
}

func (o Options) storeFor(t *testing.T, service, text string) error {
	if o.GOOS == "darwin" {
		return o.storeInKeychain(t.Context(), service, "me", pass(t, text))
	}
	return o.storeInService(t.Context(), service, "me", pass(t, text))
}

func TestKeychainsThatDoNotAnswer(t *testing.T) {
	dir := t.TempDir()
	o := Options{Env: append(os.Environ(), "PATH="+dir+":/usr/bin:/bin")}
	s := parse(t, "keychain:x")
	for _, c := range []struct {
		goos, script string
		want         error
	}{
		{"darwin", "echo 'password: \"c4n4ry\"' >&2; exit 36", ErrLocked},
		{"darwin", "exit 51", ErrLocked},
		{"darwin", "exit 128", ErrLocked},
		{"darwin", "exit 1", ErrUnavailable},
		{"darwin", "echo nothing of the kind", ErrUnavailable},
		{"darwin", "echo 'password: 0xZZ' >&2", ErrUnavailable},
		{"darwin", "echo 'password: ' >&2", ErrUnavailable},
		{"darwin", `echo 'password: ""' >&2`, ErrUnfit},
		{"linux", "exit 1", ErrNone},
		{"linux", "echo 'secret-tool: Cannot autolaunch D-Bus without X11 $DISPLAY' >&2; exit 1", ErrLocked},
		{"linux", "exit 2", ErrUnavailable},
	} {
		o.GOOS, o.security = c.goos, program(t, dir, "secret-tool", c.script)
		if _, err := s.Get(t.Context(), o); !errors.Is(err, c.want) || strings.Contains(err.Error(), "c4n4ry") {
			t.Errorf("%s, %s: %v", c.goos, c.script, err)
		}
	}
	os.Remove(filepath.Join(dir, "secret-tool"))
	o.security, o.Env = "", []string{"PATH=" + dir}
	if _, err := s.Get(t.Context(), o); !errors.Is(err, command.ErrMissing) {
		t.Error(err)
	}
}

func FuzzParsePassword(f *testing.F) {
	f.Add([]byte("password: \"x\"\n"))
	f.Add([]byte("keychain: \"a\"\npassword: 0x68C3A9  \"h\\303\\251\"\n"))
	f.Fuzz(func(t *testing.T, words []byte) {
		if text, err := parsePassword(words); err == nil && len(text) > len(words) {
			t.Errorf("%q", text)
		}
	})
}
