package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A person who is asked can leave with Ctrl-C: nothing is written, and the exit
// code is that of an interruption.
func TestAQuestionCanBeInterrupted(t *testing.T) {
	dir := t.TempDir()
	r, w := io.Pipe()
	defer w.Close()
	var said bytes.Buffer
	ctx, cancel := context.WithCancel(t.Context())
	e := environment{in: r, out: io.Discard, err: interrupting{&said, cancel}, getenv: func(name string) string {
		return map[string]string{"HOME": dir, "PHOTOGO_HOME": dir}[name]
	}}
	if code := run(ctx, e, []string{"photogo", "init"}); code != 130 {
		t.Errorf("exit code %d\n%s", code, said.String())
	}
	if _, err := os.Lstat(filepath.Join(dir, "config.toml")); err == nil {
		t.Error("a configuration was written")
	}
}

// interrupting is a terminal at which somebody presses Ctrl-C at the first question.
type interrupting struct {
	*bytes.Buffer
	cancel func()
}

func (i interrupting) Write(p []byte) (int, error) {
	if strings.Contains(string(p), "?") {
		i.cancel()
	}
	return i.Buffer.Write(p)
}
