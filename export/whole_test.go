package export

import (
	"context"
	"os"
	"os/exec"
	"testing"

	"github.com/photogo/photogo/internal/safefile"
	"github.com/photogo/photogo/manifest"
	"github.com/photogo/photogo/photosdb"
)

// whole is what must hold after every run that came to its end, whatever became
// of the runs before it: the record is the folder, b3sum agrees with the list of
// sums, nothing is left to be done, and the library is as it was.
func (w *world) whole(t *testing.T) {
	t.Helper()
	w.check(t)
	w.nothingSuperseded(t)
	w.agreesWithB3sum(t)
	if s := w.rehearse(t); s.Placed+s.Moved+s.Removed+s.Failed != 0 {
		t.Errorf("a run is done, and a plan still has %+v", s)
	}
	w.untouched(t)
}

// nothingSuperseded makes sure that no old version waits to be removed.
func (w *world) nothingSuperseded(t *testing.T) {
	t.Helper()
	record := w.peek(t)
	defer record.Close()
	if old, err := record.Superseded(); err != nil || len(old) > 0 {
		t.Errorf("old versions are left: %+v, %v", old, err)
	}
}

// peek opens the record to look at it.
func (w *world) peek(t *testing.T) *manifest.Manifest {
	t.Helper()
	dir, err := safefile.OpenDir(w.dest)
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	record, err := manifest.Peek(context.Background(), w.state, dir)
	if err != nil {
		t.Fatal(err)
	}
	return record
}

// untouched makes sure that the library is what it was when the world began to
// be watched.
func (w *world) untouched(t *testing.T) {
	t.Helper()
	if w.pristine != nil {
		sameTree(t, w.pristine, treeOf(t, w.lib.Path))
	}
}

// watch remembers the library, for untouched.
func (w *world) watch(t *testing.T) *world {
	t.Helper()
	w.pristine = treeOf(t, w.lib.Path)
	return w
}

// agreesWithB3sum lets a program that is not photogo read the list of sums.
func (w *world) agreesWithB3sum(t *testing.T) {
	t.Helper()
	program, err := exec.LookPath("b3sum")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("b3sum is missing; scripts/test-deps.sh installs it")
		}
		return
	}
	c := exec.Command(program, "--check", "--quiet", manifest.SumsName)
	c.Dir = w.dest
	if out, err := c.CombinedOutput(); err != nil {
		t.Errorf("b3sum --check: %v\n%s", err, out)
	}
}

// rehearse is what a run would do now.
func (w *world) rehearse(t *testing.T) Summary {
	t.Helper()
	ctx := context.Background()
	lib, err := photosdb.Open(ctx, w.lib.Path, photosdb.Options{TempDir: w.state})
	if err != nil {
		t.Fatal(err)
	}
	defer lib.Close()
	dir, err := safefile.OpenDir(w.dest)
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	record := w.peek(t)
	defer record.Close()
	opt := w.opt
	if opt.Library == "" {
		opt.Library = lib.UUID()
	}
	plan, err := NewPlan(w.some(lib.Assets(ctx, photosdb.Query{Order: photosdb.ByDate, Include: opt.Include()})), record, dir, opt)
	if err != nil {
		t.Fatal(err)
	}
	s, err := plan.Rehearse(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
