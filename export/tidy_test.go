package export

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
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
	w.opt.Directory = template(t, "elsewhere/{created.year}")
	w.wrap = func(next safefile.FS) safefile.FS {
		return hooks{next, func(op, name string) error {
			if info, err := next.Lstat(name); op == "remove" && err == nil && info.IsDir() {
				return &fs.PathError{Op: "unlinkat", Path: name, Err: syscall.EBUSY}
			}
			return nil
		}}
	}
	w.mustRun(t)
	if _, err := os.Stat(left); err != nil {
		t.Fatal(err)
	}
	w.wrap = nil
	w.mustRun(t)
	if _, err := os.Stat(left); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s is still there: %v", left, err)
	}
	if _, err := os.Stat(theirs); err != nil {
		t.Error(err)
	}
}
