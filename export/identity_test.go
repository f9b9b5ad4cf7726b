package export

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/photogo/photogo/internal/fixture"
	"github.com/photogo/photogo/internal/safefile"
	"github.com/photogo/photogo/manifest"
	"github.com/photogo/photogo/photosdb"
)

// onAnotherMac is a world with the same pictures under other UUIDs.
func (w *world) onAnotherMac(t *testing.T) *world {
	t.Helper()
	lib, err := fixture.Build(filepath.Join(t.TempDir(), "Other.photoslibrary"), fixture.Options{Mac: 1})
	if err != nil {
		t.Fatal(err)
	}
	other := *w
	other.lib = lib
	return &other
}

// media lists what is in the destination, sidecars and what is called by a UUID apart.
func (w *world) media(t *testing.T) (list []string) {
	t.Helper()
	for name, text := range treeOf(t, w.dest) {
		if stem := filepath.Base(name); !strings.HasPrefix(name, manifest.Folder) && !strings.HasSuffix(name, ".xmp") && strings.Contains(stem[1:], ".") && len(stem) < 36 {
			list = append(list, name+" "+text)
		}
	}
	slices.Sort(list)
	return list
}

// pictures lists those of an outcome, but for one that is called by its UUID.
func pictures(events []Event, o Outcome) (list []string) {
	for _, e := range events {
		if e.Outcome == o && e.Item.of == "" && !(o == Moved && strings.Contains(e.Item.Path, string(e.Item.UUID))) {
			list = append(list, e.Item.Path)
		}
	}
	return list
}

func (w *world) libraryOnRecord(t *testing.T) (uuid string) {
	t.Helper()
	w.withRecord(t, func(_ *safefile.Dir, m *manifest.Manifest) { uuid, _ = m.Meta(metaLibrary) })
	return uuid
}

func TestTheSamePicturesOnAnotherMacStayWhereTheyAre(t *testing.T) {
	w := newWorld(t, fixture.Options{})
	before, _ := w.mustRun(t)
	files, library := w.media(t), w.libraryOnRecord(t)
	other := w.onAnotherMac(t)
	other.opt.Prune.Wanted = true

	// What would be done is told, and nothing is.
	d, err := OpenDestination(context.Background(), other.dest, OpenOptions{State: other.state, Look: true})
	if err != nil {
		t.Fatal(err)
	}
	lib, err := photosdb.Open(context.Background(), other.lib.Path, photosdb.Options{TempDir: other.state})
	if err != nil {
		t.Fatal(err)
	}
	opt := other.opt
	opt.Library, opt.Prune.Wanted = lib.UUID(), false
	plan, err := NewPlan(lib.Assets(context.Background(), photosdb.Query{Order: photosdb.ByDate}), d.Record, d.Folder(), opt)
	if err != nil {
		t.Fatal(err)
	}
	var rehearsed []Event
	foretold, err := plan.Rehearse(context.Background(), func(e Event) { rehearsed = append(rehearsed, e) })
	if err != nil {
		t.Fatal(err)
	}
	d.Close()
	lib.Close()
	if got := w.libraryOnRecord(t); got != library {
		t.Errorf("a rehearsal wrote: %s", got)
	}

	s, events, err := other.run(t)
	if err != nil && !errors.Is(err, ErrNotPruned) { // nothing is pruned on such a day
		t.Fatal(err)
	}
	other.check(t)
	for _, o := range []Outcome{Placed, Moved, Failed, Removed} {
		if list := pictures(events, o); len(list) > 0 {
			t.Errorf("%s: %q", o, list)
		}
		if a, b := pictures(rehearsed, o), pictures(events, o); len(a) != len(b) {
			t.Errorf("foretold to be %s: %q", o, a)
		}
	}
	if got := other.media(t); !slices.Equal(got, files) {
		t.Errorf("%q\nwas %q", got, files)
	}
	if s.Files != before.Files || s.Missing != before.Missing || s.Altered != before.Altered || foretold.Files != s.Files {
		t.Errorf("%+v\nwas %+v, foretold %+v", s, before, foretold)
	}
	if got := other.libraryOnRecord(t); got == library {
		t.Errorf("the library on record is still %s", got)
	}
	all, _ := other.entriesOf(t)
	for _, a := range w.lib.Assets {
		if e, ok := all[a.UUID+" original"]; ok {
			t.Errorf("%s is still recorded for %s", e.Path, a.UUID)
		}
	}
	if s, events, err = other.run(t); err != nil || s.Placed+s.Moved+s.Removed+s.Failed > 0 {
		t.Errorf("the run after it: %+v %v %v", s, err, pictures(events, Removed))
	}
	other.check(t)
}

func TestAnotherLibraryIsRefused(t *testing.T) {
	w := newWorld(t, fixture.Options{})
	w.mustRun(t)
	before := w.media(t)
	other := w.onAnotherMac(t)
	other.sql(t, `DELETE FROM ZASSET WHERE Z_PK % 5 = 0`)
	attempt := func(opt Options) error {
		lib, err := photosdb.Open(context.Background(), other.lib.Path, photosdb.Options{TempDir: other.state})
		if err != nil {
			t.Fatal(err)
		}
		defer lib.Close()
		d, err := OpenDestination(context.Background(), other.dest, OpenOptions{State: other.state})
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		opt.Library = lib.UUID()
		_, err = NewPlan(lib.Assets(context.Background(), photosdb.Query{Order: photosdb.ByDate}), d.Record, d.Folder(), opt)
		return err
	}
	err := attempt(Options{})
	if !errors.Is(err, ErrOtherLibrary) || !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), "--same-library") {
		t.Errorf("%v", err)
	}
	if after := w.media(t); !slices.Equal(before, after) {
		t.Errorf("%q\nwas %q", after, before)
	}
	if err := attempt(Options{SameLibrary: true}); err != nil {
		t.Error(err)
	}
	other.opt.SameLibrary = true
	s, events := other.mustRun(t)
	if list := pictures(events, Placed); len(list) > 0 || len(pictures(events, Moved)) > 0 || s.Failed > 0 {
		t.Errorf("placed %q, %+v", list, s)
	}
	other.opt.SameLibrary = false
	if err := attempt(Options{}); err != nil {
		t.Errorf("once more: %v", err)
	}
}

// Who adds a library to the destination of another does not lose that to --cleanup.
func TestAnAddedLibraryPrunesNothingOfTheFirst(t *testing.T) {
	w := newWorld(t, fixture.Options{})
	w.only = []string{"jpeg", "edited"} // less than a mass
	first, _ := w.mustRun(t)
	other := w.onAnotherMac(t)
	other.only = []string{"live", "png"}
	other.opt.SameLibrary = true
	other.mustRun(t)
	other.opt = Options{Prune: Prune{Wanted: true}}
	before := len(other.files(t))
	s, _, err := other.run(t)
	if !errors.Is(err, ErrNotPruned) || !strings.Contains(err.Error(), "--allow-mass-removal") {
		t.Errorf("%+v, %v", s, err)
	}
	if after := len(other.files(t)); after != before {
		t.Errorf("%d files became %d", before, after)
	}
	other.opt.Prune.AllowMass = true
	if s, _ := other.mustRun(t); s.Removed != first.Placed {
		t.Errorf("allowed: %+v, of %d", s, first.Placed)
	}
}

func TestACloudIdentityComesFirst(t *testing.T) {
	w := newWorld(t, fixture.Options{})
	other := w.onAnotherMac(t)
	for i, label := range []string{"jpeg", "png"} {
		guid := []string{"cloud one", "cloud two"}[i]
		w.sql(t, `UPDATE ZASSET SET ZCLOUDASSETGUID = ? WHERE ZUUID = ?`, guid, w.asset(t, label).UUID)
		other.sql(t, `UPDATE ZASSET SET ZCLOUDASSETGUID = ?, ZDATECREATED = ZDATECREATED + 86400 WHERE ZUUID = ?`, guid, other.asset(t, label).UUID)
	}
	w.mustRun(t)
	_, events := other.mustRun(t)
	for _, label := range []string{"jpeg", "png"} {
		if e := mustOf(t, events, other.asset(t, label), photosdb.RoleOriginal); e.Outcome != Moved {
			t.Errorf("%s was %s to %s", label, e.Outcome, e.Item.Path)
		}
	}
	if list := pictures(events, Placed); len(list) > 0 {
		t.Errorf("placed %q", list)
	}
}

// After a repair the library may have its identity still.
func TestUUIDsThatChangedInTheSameLibrary(t *testing.T) {
	w := newWorld(t, fixture.Options{})
	w.opt.Library = "the same"
	w.mustRun(t)
	files := w.media(t)
	other := w.onAnotherMac(t)
	asked := 0
	other.opt.Sample = func() (list []photosdb.UUID, err error) {
		asked++
		for _, a := range other.lib.Assets {
			list = append(list, photosdb.UUID(a.UUID))
		}
		return list, nil
	}
	_, events := other.mustRun(t)
	if list := pictures(events, Placed); len(list) > 0 || asked == 0 {
		t.Errorf("placed %q, asked %d times", list, asked)
	}
	if got := other.media(t); !slices.Equal(got, files) {
		t.Errorf("%q\nwas %q", got, files)
	}
}

// Released files are recognised with the others, and stay away.
func TestReleasedFilesOnAnotherMac(t *testing.T) {
	w := newWorld(t, fixture.Options{})
	w.opt.NoSidecars = true
	w.mustRun(t)
	n := w.letGo(t)
	other := w.onAnotherMac(t)
	s, events := other.mustRun(t)
	if s.Placed+s.Moved+s.Failed > 0 || s.Unchanged != n {
		t.Errorf("%+v, want %d unchanged; placed %q", s, n, pictures(events, Placed))
	}
}
