package command_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/photogo/photogo/internal/command"
)

// sh runs a shell script; the shell is on every system.
func sh(script string) command.Cmd {
	return command.Cmd{Name: "sh", Args: []string{"-c", script}, Env: command.Environment(os.Environ()), Grace: 100 * time.Millisecond}
}

func TestAProgramThatEndsWellIsNoError(t *testing.T) {
	out, err := sh("echo words; echo more >&2").Output(t.Context(), 100)
	if err != nil || string(out) != "words\n" {
		t.Errorf("%q, %v", out, err)
	}
}

func TestFailuresAreToldApart(t *testing.T) {
	canceled, cancel := context.WithCancelCause(t.Context())
	why := errors.New("the user had enough")
	late, cancelLate := context.WithCancelCause(t.Context())
	time.AfterFunc(50*time.Millisecond, func() { cancelLate(why) })
	cancel(why)
	boom := errors.New("the reader failed")
	for _, c := range []struct {
		name string
		ctx  context.Context
		cmd  command.Cmd
		want error
		code int
		word string
	}{
		{"exit code", t.Context(), sh("echo no such luck >&2; exit 7"), nil, 7, "sh ended with exit code 7: no such luck"},
		{"killed", t.Context(), sh("kill -9 $$"), nil, -1, "signal: killed"},
		{"no such program", t.Context(), command.Cmd{Name: "photogo-has-no-such-program", Env: command.Environment(os.Environ())}, command.ErrMissing, -1, "photogo-has-no-such-program"},
		{"no such file", t.Context(), command.Cmd{Name: "/nowhere/at-all"}, command.ErrMissing, -1, "/nowhere/at-all"},
		{"not in a relative PATH", t.Context(), command.Cmd{Name: "sh", Env: []string{"PATH=."}}, command.ErrMissing, -1, "PATH"},
		{"canceled before", canceled, sh("true"), why, -1, "had enough"},
		{"canceled", late, sh("sleep 100"), why, -1, "had enough"},
		{"timeout", t.Context(), with(sh("sleep 100"), func(c *command.Cmd) { c.Timeout = 30 * time.Millisecond }), command.ErrTimeout, -1, ""},
		{"timeout, ignoring the wish to end", t.Context(), with(sh("trap '' TERM; while :; do sleep 0.01; done"), func(c *command.Cmd) { c.Timeout = 30 * time.Millisecond }), command.ErrTimeout, -1, ""},
		{"silence", t.Context(), with(sh("echo x; sleep 100"), func(c *command.Cmd) { c.Silence = 30 * time.Millisecond }), command.ErrSilent, -1, ""},
		{"the reader fails", t.Context(), with(sh("while :; do echo x; done"), func(c *command.Cmd) { c.Stdout = failing{boom} }), boom, -1, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.cmd.Run(c.ctx)
			var e *command.Error
			if !errors.As(err, &e) || c.want != nil && !errors.Is(err, c.want) || e.Code != c.code && c.want == nil || !strings.Contains(err.Error(), c.word) {
				t.Errorf("%#v: %v", e, err)
			}
		})
	}
}

func with(c command.Cmd, change func(*command.Cmd)) command.Cmd { change(&c); return c }

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

func TestTooMuchOutputEndsTheProgram(t *testing.T) {
	_, err := sh("while :; do echo x; done").Output(t.Context(), 1000)
	if !errors.Is(err, command.ErrTooMuch) {
		t.Error(err)
	}
}

// The whole group goes, also a child that the program left behind.
func TestEndingAProgramEndsItsChildren(t *testing.T) {
	r, w := io.Pipe()
	c := sh("sleep 1000 & echo $!; wait")
	c.Stdout = w
	p, err := c.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 20)
	n, err := r.Read(line)
	if err != nil {
		t.Fatal(err)
	}
	go io.Copy(io.Discard, r)
	child, err := strconv.Atoi(strings.TrimSpace(string(line[:n])))
	if err != nil {
		t.Fatal(err)
	}
	p.End()
	for syscall.Kill(child, 0) == nil && !zombie(child) {
		time.Sleep(time.Millisecond) // until the test's own time is over
	}
	if p.End(); syscall.Kill(p.Pid(), 0) == nil {
		t.Error("the program is still there")
	}
}

// zombie tells a process that is dead and that its parent, whoever that is, has
// not noticed.
func zombie(pid int) bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err == nil && strings.Contains(string(stat), ") Z ")
}

// A child that keeps the pipes of a program that ended does not hold photogo up.
func TestAChildThatKeepsThePipesIsNotWaitedFor(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	if err := sh("sleep 1000 & exit 0").Run(t.Context()); err != nil {
		t.Error(err)
	}
}

// What a program said is in its error, the beginning and the end of it.
func TestWordsAreBounded(t *testing.T) {
	err := sh("echo the beginning >&2; yes filling | head -n 20000 >&2; echo the end >&2; exit 1").Run(t.Context())
	if text := err.Error(); len(text) > 10000 || !strings.Contains(text, "the beginning") || !strings.HasSuffix(text, "the end") {
		t.Errorf("%d bytes: %.100s", len(text), text)
	}
}

type secret string

func (s secret) WriteTo(w io.Writer) (int64, error) {
	n, err := io.WriteString(w, string(s))
	return int64(n), err
}

// A secret arrives by its pipe, and can be seen nowhere else.
func TestSecretsArriveByPipeAlone(t *testing.T) {
	c := sh(`cat /dev/fd/3; echo; cat /dev/fd/4; echo; env; ps -o args= -p $$ 2>/dev/null || tr '\0' ' ' </proc/$$/cmdline`)
	c.Secrets = []io.WriterTo{secret("c4n4ry"), secret("s3cond")}
	out, err := c.Output(t.Context(), 10000)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(out, []byte("c4n4ry\ns3cond\n")) || bytes.Count(out, []byte("c4n4ry")) != 1 {
		t.Errorf("%s", out)
	}
	c.Secrets = []io.WriterTo{secret(strings.Repeat("x", 5000))}
	if err := c.Run(t.Context()); err == nil || strings.Contains(err.Error(), "xxx") {
		t.Errorf("a secret that is too long: %.100v", err)
	}
}

func TestTheEnvironmentIsSmall(t *testing.T) {
	c := sh("env")
	c.Env = command.Environment([]string{"PATH=/usr/bin:/bin", "HOME=/home/x", "LANG=de_DE.UTF-8", "LC_ALL=de_DE", "BORG_PASSPHRASE=old", "LD_PRELOAD=x", "HOME=/home/y"}, "BORG_REPO=there")
	out, err := c.Output(t.Context(), 10000)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"HOME=/home/y\n", "LC_ALL=C\n", "BORG_REPO=there\n"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("%q is missing in\n%s", want, out)
		}
	}
	for _, not := range []string{"LANG", "de_DE", "PASSPHRASE", "LD_PRELOAD"} {
		if strings.Contains(string(out), not) {
			t.Errorf("%q is in\n%s", not, out)
		}
	}
	c.Env = nil
	c.Name = "/bin/sh"
	if out, err := c.Output(t.Context(), 10000); err != nil || strings.Contains(string(out), "HOME=") {
		t.Errorf("no environment: %s %v", out, err)
	}
}

// Lines come out as they went in, however they were cut on the way.
func TestLines(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lines := rapid.SliceOf(rapid.StringMatching(`[a-z ]{1,12}`)).Draw(t, "lines")
		text := strings.Join(lines, "\n")
		var got []string
		l := command.Lines{Max: 8, Line: func(line []byte) error { got = append(got, string(line)); return nil }}
		for len(text) > 0 {
			n := rapid.IntRange(1, len(text)).Draw(t, "n")
			if m, err := l.Write([]byte(text[:n])); m != n || err != nil {
				t.Fatal(m, err)
			}
			text = text[n:]
		}
		l.Flush()
		for i := range lines {
			lines[i] = lines[i][:min(8, len(lines[i]))]
		}
		if strings.Join(got, "\n") != strings.Join(lines, "\n") {
			t.Fatalf("%q, want %q", got, lines)
		}
	})
}
