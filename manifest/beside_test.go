package manifest

import (
	"errors"
	"io"
	"io/fs"
	"testing"
)

func TestFilesBesideTheRecord(t *testing.T) {
	p := newPlace(t)
	m := p.open(t)
	defer m.Close()
	if _, err := m.OpenBeside("x"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("nothing was written: %v", err)
	}
	text := func(s string) func(io.Writer) error {
		return func(w io.Writer) error { _, err := io.WriteString(w, s); return err }
	}
	if err := m.WriteBeside("x", text("one")); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	if err := m.WriteBeside("x", func(w io.Writer) error { io.WriteString(w, "half"); return broken }); !errors.Is(err, broken) {
		t.Errorf("an error of the writer: %v", err)
	}
	file, err := m.OpenBeside("x")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if got, err := io.ReadAll(file); err != nil || string(got) != "one" {
		t.Errorf("%q %v", got, err)
	}
}
