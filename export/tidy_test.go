package export

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"github.com/photogo/photogo/internal/fixture"
	"github.com/photogo/photogo/internal/safefile"
)

// A folder that got empty and could not be removed goes with the next run; one that is
// not photogo's stays, as empty as it is.
func TestAFolderThatGotEmptyGoesLater(t *testing.T) {
	w := newWorld(t, fixture.Options{})
	w.mustRun(t)
	theirs := filepath.Join(w.dest, "to sort")
	if err := os.Mkdir(theirs, 0o755); err != nil {
		t.Fatal(err)
	}
	left := filepath.Dir(filepath.Join(w.dest, w.files(t)[0]))
	other := filepath.Dir(filepath.Join(w.dest, w.files(t)[20]))
	if left == other || os.WriteFile(filepath.Join(other, "theirs"), nil, 0o644) != nil {
		t.Fatal(left, other)
	}
	w.opt.Directory = template(t, "elsewhere/{created.year}")
	w.wrap = func(next safefile.FS) safefile.FS {
		return hooks{next, func(op, name string) error {
			if info, err := next.Lstat(name); op == "remove" && err == nil && info.IsDir() {
				return &fs.PathError{Op: "unlinkat", Path: name, Err: syscall.EPERM}
			}
			return nil
		}}
	}
	if s, _, err := w.run(t); err != nil || s.Failed > 0 {
		t.Fatalf("%+v, %v", s, err)
	}
	if _, err := os.Stat(left); err != nil {
		t.Fatal(err)
	}
	if known := vacatedIn(t, w); !slices.Contains(known, rel(w, left)) || slices.Contains(known, rel(w, other)) {
		t.Errorf("%q are to be looked at again: %s is, and %s is not, as it is not empty", known, left, other)
	}
	w.wrap = nil
	if s, _, err := w.run(t); err != nil || s.Failed > 0 {
		t.Fatalf("%+v, %v", s, err)
	}
	if _, err := os.Stat(left); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s is still there: %v", left, err)
	}
	if _, err := os.Stat(theirs); err != nil {
		t.Error(err)
	}
	if known := vacatedIn(t, w); len(known) > 0 {
		t.Errorf("%q are to be looked at again", known)
	}
}

func rel(w *world, path string) string {
	name, _ := filepath.Rel(w.dest, path)
	return name
}

// vacatedIn are the folders that the record has to be looked at.
func vacatedIn(t *testing.T, w *world) []string {
	t.Helper()
	d, err := OpenDestination(t.Context(), w.dest, OpenOptions{State: w.state, Look: true})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	folders, err := d.Record.Vacated()
	if err != nil {
		t.Fatal(err)
	}
	return folders
}
