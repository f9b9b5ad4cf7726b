package export

import (
	"errors"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/photogo/photogo/internal/fixture"
	"github.com/photogo/photogo/internal/safefile/faultfs"
	"github.com/photogo/photogo/manifest"
)

// scenario is a run that the loops over every call disturb.
type scenario struct {
	name  string
	build func(t *testing.T) *world // a world in which the run is the next thing
}

// scenarios are a run into nothing, one that meets all that can have changed since
// another, and one that takes over what is there: between them they make every kind of
// call.
func scenarios(t *testing.T) []scenario {
	now := newWorld(t, fixture.Options{}).watch(t)
	before := newWorld(t, fixture.Options{}) // the same library, earlier
	first := func(t *testing.T) *world {
		return &world{lib: now.lib, pristine: now.pristine, dest: filepath.Join(t.TempDir(), "dest"), state: t.TempDir(), workers: 1,
			only: []string{"jpeg", "live", "edited", "raw+jpeg", "altered"}}
	}
	later := newWorld(t, fixture.Options{})
	later.forget(t, later.asset(t, "jpeg"))
	// Other bytes under another name: the old file goes only when the new is there.
	a := later.asset(t, "no-fingerprint")
	if err := os.WriteFile(later.lib.File(a, "original"), []byte("another picture"), 0o644); err != nil {
		t.Fatal(err)
	}
	later.sql(t, `UPDATE ZADDITIONALASSETATTRIBUTES SET ZORIGINALFILENAME = 'Renamed.jpg' WHERE ZASSET = (SELECT Z_PK FROM ZASSET WHERE ZUUID = ?)`, a.UUID)
	later.watch(t)
	change := func(t *testing.T) *world {
		w := first(t)
		w.lib, w.pristine, w.older = before.lib, nil, before.lib
		w.only = []string{"jpeg", "edited", "live", "no-fingerprint", "albums"}
		w.opt.NoSidecars = true
		if _, _, err := w.runUnwatched(t, t.Context()); err != nil {
			t.Fatal(err)
		}
		// One file was touched, one was changed by hand, one was removed.
		names := w.files(t)
		touched, changed, removed := find(t, names, "IMG_0045.HEIC"), find(t, names, "IMG_0001.jpg"), find(t, names, "IMG_0001_edited.jpeg")
		w.byHand = []string{changed, removed}
		old := time.Unix(1e9, 0)
		err := errors.Join(os.Chtimes(filepath.Join(w.dest, touched), old, old),
			os.WriteFile(filepath.Join(w.dest, changed), []byte(byHand), 0o644), os.Remove(filepath.Join(w.dest, removed)))
		if err != nil {
			t.Fatal(err)
		}
		w.lib, w.pristine, w.link = later.lib, later.pristine, LinkHard
		w.opt = Options{Directory: template(t, "{folder_album,{created.year}}"), JSONSidecars: true, Prune: Prune{Wanted: true}}
		return w
	}
	adoption := func(t *testing.T) *world {
		w := first(t)
		if _, _, err := w.runUnwatched(t, t.Context()); err != nil {
			t.Fatal(err)
		}
		names := w.files(t)
		elsewhere, anothers := find(t, names, "IMG_0045.HEIC"), find(t, names, "IMG_0001.jpg.xmp")
		err := errors.Join(os.RemoveAll(filepath.Join(w.dest, manifest.Folder)), os.RemoveAll(w.state),
			os.Rename(filepath.Join(w.dest, elsewhere), filepath.Join(w.dest, "elsewhere.heic")),
			os.WriteFile(filepath.Join(w.dest, anothers), []byte(byHand), 0o644))
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	return []scenario{{"a first export", first}, {"an export after changes", change}, {"an adoption", adoption}}
}

func find(t *testing.T, names []string, base string) string {
	t.Helper()
	i := slices.IndexFunc(names, func(name string) bool { return filepath.Base(name) == base })
	if i < 0 {
		t.Fatalf("%s is not among %q", base, names)
	}
	return names[i]
}

// reference is what the scenario leads to undisturbed.
func (s scenario) reference(t *testing.T) string {
	t.Helper()
	w := s.build(t)
	w.finish(t)
	return strings.Join(w.files(t), "\n")
}

// finish runs to the end, undisturbed.
func (w *world) finish(t *testing.T) {
	t.Helper()
	s, _, err := w.runUnwatched(t, t.Context())
	if err != nil || s.Failed != 0 {
		t.Errorf("a clean run: %+v, %v", s, err)
		return
	}
	w.whole(t)
}

// everyCall runs try for the first call, the second, and so on, until it says
// that nothing happened any more. After each a clean run must reach the same end.
func (s scenario) everyCall(t *testing.T, op faultfs.Op, reference string, try func(t *testing.T, w *world, n int64) (fired bool)) {
	step := int64(1)
	switch {
	case !testing.Short() && !raceEnabled:
	case op != "":
		step = 5
	default:
		step = 23
	}
	for n := int64(1); ; n += step {
		more := false
		t.Run("", func(t *testing.T) { // so that each has its own folders, and they are gone with it
			w := s.build(t)
			more = try(t, w, n)
			w.wrap = nil
			w.finish(t)
			if got := strings.Join(w.files(t), "\n"); got != reference {
				t.Errorf("afterwards there are\n%s\nwant\n%s", got, reference)
			}
			if t.Failed() {
				t.Logf("at call %d", n)
			}
		})
		if t.Failed() {
			return
		}
		if !more {
			t.Logf("%d calls went wrong, each in a run of its own", (n-1+step-1)/step)
			return
		}
	}
}

// tally counts the calls that went wrong, by kind.
type tally struct {
	mu sync.Mutex
	of map[faultfs.Op]int
}

func (c *tally) add(op faultfs.Op) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.of == nil {
		c.of = map[faultfs.Op]int{}
	}
	c.of[op]++
}

// all makes sure that every kind of call went wrong at some time.
func (c *tally) all(t *testing.T) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	total := 0
	for _, op := range slices.Sorted(maps.Keys(c.of)) {
		total += c.of[op]
		t.Logf("%-8s %5d", op, c.of[op])
	}
	t.Logf("%-8s %5d", "all", total)
	if testing.Short() || raceEnabled || strings.Contains(flag.Lookup("test.run").Value.String(), "/") {
		return // not all of them were tried
	}
	for _, op := range faultfs.Ops {
		if c.of[op] == 0 {
			t.Errorf("no call of %s went wrong", op)
		}
	}
}

// undone watches calls and tells whether the failure of one leaves something
// undone: that must be told. Others only look, or tidy up.
type undone struct{ opened sync.Map } // by name: how it was opened last

func (u *undone) leaves(op faultfs.Op, name string) bool {
	switch op {
	case faultfs.Mkdir, faultfs.Create, faultfs.Link, faultfs.Rename, faultfs.Chtimes, faultfs.Sync, faultfs.Write:
		u.opened.Store(name, op)
		return true
	case faultfs.Open:
		u.opened.Store(name, op)
	case faultfs.Close: // of a file that was written
		last, _ := u.opened.Load(name)
		return last == faultfs.Write
	}
	return false
}
