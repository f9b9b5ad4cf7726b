package photokit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestMain lets the test program be a helper, in a process of its own.
func TestMain(m *testing.M) {
	if how := os.Getenv("PHOTOGO_FAKE_HELPER"); how != "" {
		beHelper(how)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// beHelper serves every request with the asset's content, but for what how says.
func beHelper(how string) {
	say := func(e event) {
		b, _ := json.Marshal(e)
		os.Stdout.Write(append(b, '\n'))
	}
	if how == "stubborn" {
		signal.Ignore(syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	}
	for d := json.NewDecoder(os.Stdin); ; {
		var m message
		if d.Decode(&m) != nil {
			break
		}
		switch m.Op {
		case "hello":
			say(event{Event: "hello", Protocol: Protocol})
		case "fetch":
			if _, err := os.Stat(m.Path + "-died"); how == "dies" && m.Asset == "A" && err != nil {
				os.WriteFile(m.Path+".part", []byte("half"), 0o600)
				fmt.Fprintln(os.Stderr, "Fatal error: \x1b[31mof a kind")
				os.Exit(3)
			}
			if len(os.Environ()) > 12 {
				say(event{Event: "failed", ID: m.ID, Reason: ReasonMissing, Message: "environment: " + strings.Join(os.Environ(), " ")})
				continue
			}
			os.WriteFile(m.Path, content(m.Asset), 0o600)
			say(event{Event: "done", ID: m.ID, Bytes: int64(len(content(m.Asset)))})
		case "quit":
			if how != "stubborn" {
				return
			}
		}
	}
	if how == "stubborn" {
		time.Sleep(time.Hour)
	}
}

func realClient(t *testing.T, how string) *Client {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c, err := New(Options{
		Command: []string{self}, Env: []string{"PHOTOGO_FAKE_HELPER=" + how},
		Dir: t.TempDir(), Reserve: Reserve{Bytes: -1}, Pause: time.Millisecond, Jobs: 2,
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestARealProcess(t *testing.T) {
	c := realClient(t, "well")
	for a, err := range fetchAll(t, c, assets(100), 4) {
		if err != nil {
			t.Errorf("%s: %v", a, err)
		}
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if c.Stats().Starts != 1 {
		t.Errorf("%d starts", c.Stats().Starts)
	}
}

func TestARealProcessThatDies(t *testing.T) {
	c := realClient(t, "dies")
	_, err := c.Fetch(t.Context(), request("A"))
	if !errors.Is(err, errDied) || !strings.Contains(err.Error(), "exit status 3: Fatal error:  [31mof a kind") {
		t.Errorf("error is %v", err)
	}
	got, err := c.Fetch(t.Context(), request("B"))
	delivered(t, got, err, "B")
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if left, _ := os.ReadDir(c.opt.Dir); len(left) != 0 {
		t.Errorf("%s was left", left[0].Name())
	}
}

func TestAProcessThatDoesNotEnd(t *testing.T) {
	c := realClient(t, "stubborn")
	got, err := c.Fetch(t.Context(), request("A"))
	delivered(t, got, err, "A")
	s := c.current
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	select {
	case <-s.dead:
	default:
		t.Error("Close returned before the helper had ended")
	}
}

func TestNoProgram(t *testing.T) {
	c, err := New(Options{Command: []string{"/nowhere/photogo-helper"}, Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := c.Fetch(t.Context(), request("A")); !errors.Is(err, ErrHelper) || !errors.Is(err, os.ErrNotExist) {
			t.Error(err)
		}
	}
	if _, err := New(Options{Dir: t.TempDir()}); !errors.Is(err, ErrHelper) {
		t.Error(err)
	}
	if _, err := New(Options{Command: []string{"x"}, Dir: "relative"}); err == nil {
		t.Error("a relative folder was taken")
	}
}

func TestOnlyLeftoversAreRemoved(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"incoming-7.photogo", "incoming-8.photogo.part", "incoming-9.jpg", "photo.jpg"} {
		if err := os.WriteFile(dir+"/"+name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := New(Options{Command: []string{"x"}, Dir: dir}); err != nil {
		t.Fatal(err)
	}
	left, _ := os.ReadDir(dir)
	if len(left) != 2 || left[0].Name() != "incoming-9.jpg" || left[1].Name() != "photo.jpg" {
		t.Errorf("left: %v", left)
	}
}

func TestLastWords(t *testing.T) {
	w := &lastWords{}
	for i := range 10_000 {
		fmt.Fprintf(w, "line %d\n", i)
	}
	w.Write(bytes.Repeat([]byte("x"), 3*maxWords))
	fmt.Fprint(w, "the last\n")
	if len(w.kept) > maxWords || !strings.HasSuffix(w.String(), "xthe last") {
		t.Errorf("%d bytes kept, %q", len(w.kept), w.String())
	}
}
