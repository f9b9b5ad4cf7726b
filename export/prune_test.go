package export

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/photogo/photogo/internal/fixture"
	"github.com/photogo/photogo/internal/safefile"
	"github.com/photogo/photogo/manifest"
	"github.com/photogo/photogo/photosdb"
)

// forget takes an asset out of the library, as Photos does when its trash is
// emptied.
func (w *world) forget(t *testing.T, a fixture.Asset) {
	t.Helper()
	w.sql(t, `DELETE FROM ZASSET WHERE ZUUID = ?`, a.UUID)
}

// pruning is a world that was exported once and prunes from now on.
func pruning(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, fixture.Options{})
	w.mustRun(t)
	w.opt.Prune.Wanted = true
	return w
}

func TestWhatTheLibraryNoLongerHoldsGoesIntoQuarantine(t *testing.T) {
	w := pruning(t)
	s, events := w.mustRun(t)
	if s.Removed != 0 {
		t.Fatalf("of a library that has not changed %d files were removed", s.Removed)
	}
	a := w.asset(t, "edited")
	var had []string
	for _, e := range events {
		if string(e.Item.UUID) == a.UUID && e.Outcome == Unchanged {
			had = append(had, e.Item.Path)
		}
	}
	contents := map[string]string{}
	for _, name := range had {
		data, err := os.ReadFile(filepath.Join(w.dest, name))
		if err != nil {
			t.Fatal(err)
		}
		contents[name] = string(data)
	}
	foreign := filepath.Join(w.dest, filepath.Dir(had[0]), "notes.txt")
	if err := os.WriteFile(foreign, []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	w.forget(t, a)
	s, events, err := w.run(t)
	if err != nil || s.Removed != len(had) || len(had) < 4 {
		t.Fatalf("%d of %d were removed: %v", s.Removed, len(had), err)
	}
	for _, name := range had {
		if _, err := os.Lstat(filepath.Join(w.dest, name)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is still there: %v", name, err)
		}
		aside := filepath.Join(w.dest, manifest.QuarantineFolder, "2026-01-02", name)
		if data, err := os.ReadFile(aside); err != nil || string(data) != contents[name] {
			t.Errorf("%s in quarantine: %v", name, err)
		}
	}
	for _, e := range events {
		if e.Outcome == Removed && (e.Item.Reason != ReasonNotHeld || string(e.Item.UUID) != a.UUID) {
			t.Errorf("told as removed: %+v", e.Item)
		}
	}
	if data, err := os.ReadFile(foreign); err != nil || string(data) != "mine" {
		t.Errorf("a file that photogo did not place: %q, %v", data, err)
	}
	os.Remove(foreign)
	w.check(t)

	// A day short of its time it stays; then it goes.
	w.now = time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC)
	w.mustRun(t)
	if _, err := os.Stat(filepath.Join(w.dest, manifest.QuarantineFolder, "2026-01-02", had[0])); err != nil {
		t.Error(err)
	}
	w.now = time.Date(2026, 2, 2, 0, 0, 0, 0, time.UTC)
	w.mustRun(t)
	if list, err := os.ReadDir(filepath.Join(w.dest, manifest.QuarantineFolder)); err != nil || len(list) != 0 {
		t.Errorf("after its time quarantine holds %v, %v", list, err)
	}
}

func TestWhatIsHeldIsNotPruned(t *testing.T) {
	w := pruning(t)
	// Only in iCloud, skipped or not asked for: the library still has it.
	if err := os.Remove(w.lib.File(w.asset(t, "png"), "original")); err != nil {
		t.Fatal(err)
	}
	w.opt.Skip = Skip{Edited: true, Live: true, Raw: true, Bursts: true, AAE: true}
	w.opt.NoSidecars = true
	if s, _, err := w.run(t); err != nil || s.Removed != 0 {
		t.Errorf("%d removed, %v", s.Removed, err)
	}
	w.opt.Query.Since = time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)
	if s, _, err := w.run(t); err != nil || s.Removed != 0 {
		t.Errorf("%d removed, %v", s.Removed, err)
	}
}

// What was deleted in Photos leaves the destination with the next run, and comes back
// with it.
func TestTheTrashIsPrunedUnlessItIsAskedFor(t *testing.T) {
	w := pruning(t)
	a := w.asset(t, "jpeg")
	w.sql(t, `UPDATE ZASSET SET ZTRASHEDSTATE = 1 WHERE ZUUID = ?`, a.UUID)
	w.opt.Query.Trashed = true
	if s, _ := w.mustRun(t); s.Removed != 0 {
		t.Errorf("%d files are removed of a trash that was asked for", s.Removed)
	}
	w.opt.Query.Trashed = false
	s, events := w.mustRun(t)
	trash := map[photosdb.UUID]bool{photosdb.UUID(a.UUID): true}
	for _, other := range w.lib.Assets {
		trash[photosdb.UUID(other.UUID)] = trash[photosdb.UUID(other.UUID)] || other.Trashed
	}
	for _, e := range events {
		if e.Outcome == Removed && !trash[e.Item.UUID] {
			t.Errorf("%s of %s is removed, which is not in the trash", e.Item.Path, e.Item.UUID)
		}
	}
	if e := mustOf(t, events, a, photosdb.RoleOriginal); e.Outcome != Removed || s.Removed < 2 {
		t.Errorf("the original is %s, of %d removed", e.Outcome, s.Removed)
	}
	w.sql(t, `UPDATE ZASSET SET ZTRASHEDSTATE = 0 WHERE ZUUID = ?`, a.UUID)
	s, events = w.mustRun(t)
	if e := mustOf(t, events, a, photosdb.RoleOriginal); e.Outcome != Placed || s.Removed != 0 {
		t.Errorf("out of the trash the original is %s, and %d are removed", e.Outcome, s.Removed)
	}
}

func TestAnEditThatWasTakenBack(t *testing.T) {
	w := pruning(t)
	a := w.asset(t, "edited")
	w.sql(t, `UPDATE ZASSET SET ZADJUSTMENTSSTATE = 0, ZADJUSTMENTTIMESTAMP = NULL WHERE ZUUID = ?`, a.UUID)
	w.sql(t, `DELETE FROM ZINTERNALRESOURCE WHERE ZVERSION = 2 AND ZASSET = (SELECT Z_PK FROM ZASSET WHERE ZUUID = ?)`, a.UUID)
	for _, role := range []string{"edited", "adjustments"} {
		if err := os.Remove(w.lib.File(a, role)); err != nil {
			t.Fatal(err)
		}
	}
	s, events := w.mustRun(t)
	removed := map[photosdb.Role]bool{}
	for _, e := range events {
		if e.Outcome == Removed {
			removed[e.Item.Role] = true
		}
	}
	if s.Removed != 3 || !removed[photosdb.RoleEdited] || !removed[RoleEditedSidecar] || !removed[photosdb.RoleAdjustments] {
		t.Errorf("removed are %v", removed)
	}
	if e := mustOf(t, events, a, photosdb.RoleOriginal); e.Outcome != Unchanged {
		t.Errorf("the original is %s", e.Outcome)
	}
}

func TestPruneRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		do   func(t *testing.T, w *world)
		says string
	}{
		"a library without photos": {func(t *testing.T, w *world) { w.sql(t, `DELETE FROM ZASSET`) }, "no photos at all"},
		"another library": {func(t *testing.T, w *world) {
			w.forget(t, w.asset(t, "jpeg"))
			w.opt.Library = "another"
		}, "not the library"},
		"an id that is gone": {func(t *testing.T, w *world) {
			w.forget(t, w.asset(t, "jpeg"))
			w.wrap = func(next safefile.FS) safefile.FS {
				return hooks{next, func(op, name string) error { // when all is exported, and not before
					os.Remove(filepath.Join(w.dest, manifest.Folder, "id"))
					return nil
				}}
			}
			w.sql(t, `UPDATE ZADDITIONALASSETATTRIBUTES SET ZTITLE = 'new' WHERE ZASSET = (SELECT Z_PK FROM ZASSET WHERE ZUUID = ?)`, w.asset(t, "png").UUID)
		}, "is missing or another's"},
		"most of the destination": {func(t *testing.T, w *world) {
			w.sql(t, `DELETE FROM ZASSET WHERE Z_PK % 2 = 0`)
		}, "--allow-mass-removal"},
		"a run with a failure": {func(t *testing.T, w *world) {
			w.forget(t, w.asset(t, "jpeg"))
			w.sql(t, `UPDATE ZADDITIONALASSETATTRIBUTES SET ZTITLE = 'new' WHERE ZASSET = (SELECT Z_PK FROM ZASSET WHERE ZUUID = ?)`, w.asset(t, "png").UUID)
			w.wrap = func(next safefile.FS) safefile.FS {
				return hooks{next, func(op, name string) error {
					if op == "write" && !strings.HasPrefix(name, manifest.Folder) {
						return errInjected
					}
					return nil
				}}
			}
		}, "failed in this run"},
	} {
		t.Run(name, func(t *testing.T) {
			w := pruning(t)
			before := len(w.files(t))
			c.do(t, w)
			s, _, err := w.run(t)
			if !errors.Is(err, ErrNotPruned) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v", err)
			}
			if after := len(w.files(t)); after != before || s.Removed != 0 {
				t.Errorf("%d files became %d, %d removed", before, after, s.Removed)
			}
		})
	}
	t.Run("unless it is allowed", func(t *testing.T) {
		w := pruning(t)
		w.sql(t, `DELETE FROM ZASSET WHERE Z_PK % 2 = 0`)
		w.opt.Prune.AllowMass = true
		if s, _ := w.mustRun(t); s.Removed < 50 {
			t.Errorf("%d removed", s.Removed)
		}
	})
	t.Run("a library that could not be read to its end", func(t *testing.T) {
		w := pruning(t)
		w.forget(t, w.asset(t, "jpeg"))
		before := len(w.files(t))
		ctx, cancel := context.WithCancel(context.Background())
		w.cut = cancel
		if _, _, err := w.runContext(t, ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		if after := len(w.files(t)); after != before {
			t.Errorf("%d files became %d", before, after)
		}
	})
}

// A rendering and a movie that the library lost are still to be there, in each of the
// asset's places and whatever is left out.
func TestWhatTheLibraryLostIsHeld(t *testing.T) {
	held := newHolding()
	known := map[photosdb.Role]*manifest.Entry{}
	for _, role := range []photosdb.Role{photosdb.RoleEdited, RoleEditedSidecar, photosdb.RoleLive, photosdb.RoleRaw} {
		known[role] = &manifest.Entry{Path: string(role)}
	}
	a := &photosdb.Asset{EditState: 1}
	a.Media.Subtypes = []photosdb.Subtype{photosdb.Live}
	held.noteStale(a, nil, known)
	if len(held.stale) != 1 || !held.stale[string(photosdb.RoleRaw)] {
		t.Errorf("stale: %v", held.stale)
	}
}

// A clock that jumps lets nothing go before its time, and makes nothing anew.
func TestAClockThatJumpsEndsNoQuarantine(t *testing.T) {
	right := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for name, clock := range map[string][]time.Time{
		"ahead":          {right, right.AddDate(30, 0, 0), right.AddDate(30, 0, 1), right.AddDate(0, 0, 2)},
		"back to 1970":   {time.Unix(0, 0), right, right.AddDate(0, 0, 1)},
		"back and forth": {right, time.Unix(0, 0), right.AddDate(0, 0, 1), time.Unix(0, 0), right.AddDate(0, 0, 2)},
	} {
		t.Run(name, func(t *testing.T) {
			w := pruning(t)
			w.forget(t, w.asset(t, "edited"))
			w.watch(t)
			removed := 0
			for i, now := range clock {
				w.now = now
				s, _ := w.mustRun(t)
				if i == 0 {
					removed = s.Removed
				} else if s.Placed+s.Moved+s.Removed != 0 {
					t.Errorf("at %v: %+v", now, s)
				}
			}
			if left := w.inQuarantine(t); left != removed || removed < 4 {
				t.Errorf("of %d files in quarantine %d are left", removed, left)
			}
			// By a clock that is right they go in the end.
			w.now = clock[len(clock)-1].AddDate(0, 0, 31)
			w.mustRun(t)
			if left := w.inQuarantine(t); left != 0 {
				t.Errorf("%d files are left", left)
			}
		})
	}
}

// inQuarantine counts the files there.
func (w *world) inQuarantine(t *testing.T) (n int) {
	t.Helper()
	for name := range treeOf(t, filepath.Join(w.dest, manifest.QuarantineFolder)) {
		if info, err := os.Stat(filepath.Join(w.dest, manifest.QuarantineFolder, name)); err == nil && !info.IsDir() {
			n++
		}
	}
	return n
}

func TestAFileThatWasChangedByHandIsNotPruned(t *testing.T) {
	w := pruning(t)
	a := w.asset(t, "jpeg")
	_, events := w.mustRun(t)
	name := filepath.Join(w.dest, mustOf(t, events, a, photosdb.RoleOriginal).Item.Path)
	if err := os.WriteFile(name, []byte("touched up"), 0o644); err != nil {
		t.Fatal(err)
	}
	w.forget(t, a)
	if s, _, err := w.run(t); err != nil || s.Failed != 1 || s.Removed == 0 {
		t.Errorf("%+v, %v", s, err)
	}
	if data, err := os.ReadFile(name); err != nil || string(data) != "touched up" {
		t.Errorf("%q, %v", data, err)
	}
}

// A dry run tells what would go, and takes nothing away.
func TestADryRunForetellsWhatIsPruned(t *testing.T) {
	w := pruning(t)
	w.forget(t, w.asset(t, "jpeg"))
	lib, err := photosdb.Open(context.Background(), w.lib.Path, photosdb.Options{TempDir: w.state})
	if err != nil {
		t.Fatal(err)
	}
	defer lib.Close()
	d, err := OpenDestination(context.Background(), w.dest, OpenOptions{State: w.state, Library: w.lib.Path, Look: true})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	opt := w.opt
	opt.Library = lib.UUID()
	plan, err := NewPlan(lib.Assets(context.Background(), photosdb.Query{Order: photosdb.ByDate}), d.Record, d.Folder(), opt)
	if err != nil {
		t.Fatal(err)
	}
	foretold, err := plan.Rehearse(context.Background(), nil)
	if err != nil || foretold.Removed == 0 || foretold.Placed != 0 {
		t.Errorf("%+v, %v", foretold, err)
	}
	d.Close()
	s, _ := w.mustRun(t)
	if s.Removed != foretold.Removed {
		t.Errorf("%d were foretold, %d removed", foretold.Removed, s.Removed)
	}
}

// What left an album leaves the album's folder, and stays in the others.
func TestAnAssetThatLeftAnAlbum(t *testing.T) {
	w := newWorld(t, fixture.Options{})
	w.opt.Directory, w.only = template(t, "{album,none}"), []string{"albums", "edited"}
	w.mustRun(t)
	w.opt.Prune.Wanted = true
	if s, _ := w.mustRun(t); s.Removed != 0 {
		t.Fatalf("%d removed", s.Removed)
	}
	w.sql(t, `UPDATE ZGENERICALBUM SET ZTRASHEDSTATE = 1 WHERE ZTITLE LIKE 'Cats%'`)
	s, events := w.mustRun(t)
	if s.Removed == 0 || s.Failed != 0 {
		t.Errorf("%+v", s)
	}
	for _, e := range events {
		if e.Outcome == Removed && !strings.HasPrefix(e.Item.Path, "Cats") {
			t.Errorf("removed %s", e.Item.Path)
		}
	}
}
