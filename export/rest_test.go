package export

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/photogo/photogo/internal/fixture"
	"github.com/photogo/photogo/internal/safefile"
	"github.com/photogo/photogo/manifest"
	"github.com/photogo/photogo/photosdb"
)

// settle makes the library look as if it had not been changed for a while: a
// database that was changed this moment may be changed again without it showing.
func (w *world) settle(t *testing.T) {
	t.Helper()
	old := time.Now().Add(-time.Hour)
	if err := os.Chtimes(filepath.Join(w.lib.Path, "database", "Photos.sqlite"), old, old); err != nil {
		t.Fatal(err)
	}
}

// atRest asks as the command does.
func (w *world) atRest(t *testing.T, wish string, now time.Time) (Summary, []Event, bool) {
	t.Helper()
	d, err := OpenDestination(context.Background(), w.dest, OpenOptions{State: w.state, Library: w.lib.Path, Look: true})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	var events []Event
	s, rests, err := d.AtRest(context.Background(), w.lib.Path, wish, now, func(string) {}, func(e Event) error { events = append(events, e); return nil })
	if err != nil {
		t.Fatal(err)
	}
	return s, events, rests
}

func TestAtRest(t *testing.T) {
	began := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) // of runs in a world
	soon := began.Add(time.Minute)
	for name, c := range map[string]struct {
		rests  bool
		wish   string
		now    time.Time
		before func(t *testing.T, w *world, name string)
	}{
		"nothing happened":       {rests: true},
		"another wish":           {wish: "another"},
		"a day went by":          {now: began.Add(FullLook)},
		"the clock was set back": {now: began.Add(-time.Hour)},
		"the library changed": {before: func(t *testing.T, w *world, _ string) {
			w.sql(t, `UPDATE ZASSET SET ZFAVORITE = 1`)
		}},
		"a file was removed": {before: func(t *testing.T, w *world, name string) {
			if err := os.Remove(name); err != nil {
				t.Fatal(err)
			}
		}},
		"a file was replaced": {before: func(t *testing.T, w *world, name string) {
			if err := errors.Join(os.WriteFile(name+"~", []byte("other"), 0o644), os.Rename(name+"~", name)); err != nil {
				t.Fatal(err)
			}
		}},
		"a folder is gone": {before: func(t *testing.T, w *world, name string) {
			if err := os.RemoveAll(filepath.Dir(name)); err != nil {
				t.Fatal(err)
			}
		}},
		"the list of hashes is gone": {before: func(t *testing.T, w *world, name string) {
			if err := os.Remove(filepath.Join(w.dest, manifest.SumsName)); err != nil {
				t.Fatal(err)
			}
		}},
		"the list of hashes is known to be wrong": {before: func(t *testing.T, w *world, name string) {
			if err := os.WriteFile(filepath.Join(w.dest, manifest.SumsName), []byte("spoilt"), 0o644); err != nil {
				t.Fatal(err)
			}
			if damaged := w.verified(t); len(damaged) != 1 {
				t.Fatalf("%+v", damaged)
			}
		}},
		"it is a copy, which may be less": {before: func(t *testing.T, w *world, name string) {
			less := w.dest + " copy"
			w.copyLess(t, less, name)
			w.dest = less
		}},
		"a copy took its place": {before: func(t *testing.T, w *world, name string) {
			less := w.dest + " copy"
			w.copyLess(t, less, name)
			if err := errors.Join(os.RemoveAll(w.dest), os.Rename(less, w.dest)); err != nil {
				t.Fatal(err)
			}
		}},
		"the record is lost": {before: func(t *testing.T, w *world, name string) {
			if err := os.RemoveAll(filepath.Join(w.state, "destinations")); err != nil {
				t.Fatal(err)
			}
		}},
		"the last run was cut off": {before: func(t *testing.T, w *world, name string) {
			w.sql(t, `UPDATE ZASSET SET ZFAVORITE = 1`)
			w.wrap = func(next safefile.FS) safefile.FS {
				return hooks{next, func(op, name string) error { return errInjected }}
			}
			w.run(t)
			w.sql(t, `UPDATE ZASSET SET ZFAVORITE = 0`)
			w.settle(t)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, fixture.Options{})
			w.settle(t)
			w.wish = "all"
			_, events := w.mustRun(t)
			if c.wish == "" {
				c.wish = "all"
			}
			if c.now.IsZero() {
				c.now = soon
			}
			if c.before != nil {
				c.before(t, w, filepath.Join(w.dest, mustOf(t, events, w.asset(t, "jpeg"), photosdb.RoleOriginal).Item.Path))
			}
			if _, _, rests := w.atRest(t, c.wish, c.now); rests != c.rests {
				t.Errorf("at rest: %v", rests)
			}
		})
	}
}

// copyLess copies the destination with the times of its folders, and leaves out a file.
func (w *world) copyLess(t *testing.T, to, without string) {
	t.Helper()
	if out, err := exec.Command("cp", "-a", w.dest, to).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	rel, err := filepath.Rel(w.dest, without)
	if err != nil {
		t.Fatal(err)
	}
	folder, err := os.Stat(filepath.Dir(without))
	if err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(to, rel)
	if err := errors.Join(os.Remove(copied), os.Chtimes(filepath.Dir(copied), time.Time{}, folder.ModTime())); err != nil {
		t.Fatal(err)
	}
}

// A run that does not look tells what the run that looked told.
func TestWhatIsOpenIsToldAgain(t *testing.T) {
	w := newWorld(t, fixture.Options{})
	w.settle(t)
	w.wish = "all"
	w.mustRun(t)
	looked, told := w.mustRun(t)
	s, again, rests := w.atRest(t, "all", w.lastNow())
	if !rests || s != looked {
		t.Fatalf("%v, %+v; the run that looked: %+v", rests, s, looked)
	}
	type line struct {
		uuid           photosdb.UUID
		role           photosdb.Role
		path, reason   string
		outcome        Outcome
		altered        bool
		size, recorded int64
	}
	lines := func(events []Event) (list []line) {
		for _, e := range events {
			if e.Outcome != Absent && !e.Altered() {
				continue
			}
			l := line{uuid: e.Item.UUID, role: e.Item.Role, path: e.Item.Path, reason: e.Item.Reason, outcome: e.Outcome, altered: e.Altered()}
			if e.Entry != nil {
				l.size = e.Entry.Size
			}
			if e.Item.Source != nil {
				l.recorded = e.Item.Source.Size
			}
			list = append(list, l)
		}
		slices.SortFunc(list, func(a, b line) int {
			if a.path+string(a.role) < b.path+string(b.role) {
				return -1
			}
			return 1
		})
		return list
	}
	if want, got := lines(told), lines(again); !slices.Equal(want, got) || len(want) < 5 {
		t.Errorf("told are\n%+v\nwant\n%+v", got, want)
	}
}

// A run in which a file failed is tried again.
func TestAFailureIsNoRest(t *testing.T) {
	w := newWorld(t, fixture.Options{})
	w.settle(t)
	w.wish = "all"
	w.wrap = func(next safefile.FS) safefile.FS {
		n := 0
		return hooks{next, func(op, name string) error {
			if op == "write" {
				if n++; n == 3 {
					return errInjected
				}
			}
			return nil
		}}
	}
	w.workers = 1
	if s, _, err := w.run(t); err != nil || s.Failed == 0 {
		t.Fatalf("%+v, %v", s, err)
	}
	if _, _, rests := w.atRest(t, "all", w.lastNow()); rests {
		t.Error("at rest after a failure")
	}
}
