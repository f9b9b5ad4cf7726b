package export

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/photogo/photogo/internal/fixture"
	"github.com/photogo/photogo/internal/safefile"
	"github.com/photogo/photogo/manifest"
	"github.com/photogo/photogo/photosdb"
)

// inodes tells which file is which: what is adopted is not copied.
func (w *world) inodes(t *testing.T) map[string]uint64 {
	t.Helper()
	all := map[string]uint64{}
	for _, name := range w.files(t) {
		all[name] = inode(t, filepath.Join(w.dest, name))
	}
	return all
}

func TestALostRecordComesBack(t *testing.T) {
	w := newWorld(t, fixture.Options{})
	w.mustRun(t)
	// An older picture came later, and got the number: by date it would not.
	late := w.asset(t, "jpeg")
	w.sql(t, `UPDATE ZADDITIONALASSETATTRIBUTES SET ZORIGINALFILENAME = 'IMG_9999.JPG' WHERE ZASSET IN (SELECT Z_PK FROM ZASSET WHERE ZUUID IN (?, ?))`, late.UUID, w.asset(t, "png").UUID)
	first, _ := w.mustRun(t)
	if first.Moved == 0 {
		t.Fatalf("%+v", first)
	}
	// Photos frees the disk: the bytes are in the destination and in iCloud only.
	evicted := w.asset(t, "live")
	if err := os.Remove(w.lib.File(evicted, "original")); err != nil {
		t.Fatal(err)
	}
	before := w.inodes(t)
	missing := 0
	for _, lost := range []string{"destinations", "id"} {
		switch lost {
		case "destinations":
			if err := os.RemoveAll(filepath.Join(w.state, "destinations")); err != nil {
				t.Fatal(err)
			}
		case "id":
			if err := os.RemoveAll(filepath.Join(w.dest, manifest.Folder)); err != nil {
				t.Fatal(err)
			}
		}
		s, events := w.mustRun(t)
		if s.Placed != 0 || s.Moved != 0 || s.Failed != 0 || s.Removed != 0 || s.Adopted != s.Unchanged {
			t.Errorf("without %s: %+v", lost, s)
		}
		if e := mustOf(t, events, evicted, photosdb.RoleOriginal); e.Outcome != Adopted {
			t.Errorf("what is only in iCloud now is %s", e.Outcome)
		}
		if missing == 0 {
			missing = s.Missing
		} else if s.Missing != missing {
			t.Errorf("%d are missing, then %d", missing, s.Missing)
		}
		after := w.inodes(t)
		for name, ino := range before {
			if after[name] != ino {
				t.Errorf("without %s: %s is another file now", lost, name)
			}
		}
	}
}

// Sidecars of further places, and JSON, are known for photogo's own when the record is
// lost and the facts have changed since.
func TestALostRecordOfChangedSidecars(t *testing.T) {
	w := newWorld(t, fixture.Options{})
	w.opt = Options{Directory: template(t, "{folder_album,{created.year}}"), JSONSidecars: true}
	w.mustRun(t)
	if err := errors.Join(os.RemoveAll(filepath.Join(w.dest, manifest.Folder)), os.RemoveAll(filepath.Join(w.state, "destinations"))); err != nil {
		t.Fatal(err)
	}
	w.sql(t, `UPDATE ZADDITIONALASSETATTRIBUTES SET ZTITLE = 'another'`)
	s, events := w.mustRun(t)
	for _, e := range events {
		if e.Outcome == Failed || e.Outcome == Placed && e.Item.Source != nil {
			t.Errorf("%s is %s: %v", e.Item.Path, e.Outcome, e.Err)
		}
	}
	if s.Placed == 0 {
		t.Errorf("%+v", s)
	}
}

// An adoption that is interrupted goes on with the next run: what lies elsewhere is not
// copied, and another program's sidecars are not in the way.
func TestAnInterruptedAdoptionGoesOn(t *testing.T) {
	w := newWorld(t, fixture.Options{Assets: adoptFiles + 50, Plain: true})
	w.mustRun(t)
	if err := errors.Join(os.RemoveAll(filepath.Join(w.dest, manifest.Folder)), os.RemoveAll(filepath.Join(w.state, "destinations"))); err != nil {
		t.Fatal(err)
	}
	pictures := 0
	for _, name := range w.files(t) {
		full := filepath.Join(w.dest, name)
		if err := os.WriteFile(full+".xmp", []byte("another program's"), 0o644); err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(name, ".xmp") {
			os.Remove(full + ".xmp")
			continue
		}
		if pictures++; pictures%2 == 0 {
			if err := os.Rename(full, filepath.Join(w.dest, "old "+strings.ReplaceAll(name, "/", "-"))); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, name := range w.files(t) { // those of pictures that were moved
		if picture, ok := strings.CutSuffix(name, ".xmp"); ok {
			if _, err := os.Stat(filepath.Join(w.dest, picture)); err != nil {
				os.Remove(filepath.Join(w.dest, name))
			}
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	w.watched = func(e Event) {
		if e.Outcome == Adopted {
			cancel()
		}
	}
	first, _, err := w.runContext(t, ctx)
	if !errors.Is(err, context.Canceled) || first.Adopted == 0 || first.Adopted == pictures {
		t.Fatalf("%+v, %v", first, err)
	}
	w.watched = nil
	s, events := w.mustRun(t)
	for _, e := range events {
		if e.Outcome == Failed || e.Outcome == Placed && e.Item.Source != nil {
			t.Errorf("%s is %s: %v", e.Item.Path, e.Outcome, e.Err)
		}
	}
	if first.Adopted+s.Adopted != pictures || s.Moved == 0 {
		t.Errorf("of %d pictures %d were adopted before, then %+v", pictures, first.Adopted, s)
	}
}

// osxphotos exported the library once: the same folders and names, sidecars of
// its own, and its database.
func (w *world) imitateOsxphotos(t *testing.T) (mine map[string]string) {
	t.Helper()
	w.mustRun(t)
	if err := errors.Join(os.RemoveAll(filepath.Join(w.dest, manifest.Folder)), os.RemoveAll(filepath.Join(w.state, "destinations"))); err != nil {
		t.Fatal(err)
	}
	mine = map[string]string{".osxphotos_export.db": "SQLite format 3\x00", "2025/notes.txt": "mine"}
	all := w.files(t)
	for _, name := range all {
		full := filepath.Join(w.dest, name)
		switch {
		case strings.HasSuffix(name, ".xmp") && slices.Contains(all, strings.TrimSuffix(name, ".xmp")):
			if err := os.WriteFile(full, []byte(`<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="XMP Core 6.0.0"/>`), 0o644); err != nil {
				t.Fatal(err)
			}
		default: // it gives files the date of the export
			if err := os.Chtimes(full, time.Time{}, time.Unix(1_700_000_000, 0)); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, content := range mine {
		if err := os.WriteFile(filepath.Join(w.dest, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return mine
}

func TestAnExportOfAnotherProgramIsAdopted(t *testing.T) {
	w := newWorld(t, fixture.Options{})
	mine := w.imitateOsxphotos(t)
	before := w.inodes(t)
	s, events, err := w.run(t)
	if err != nil || s.Failed != 0 || s.Moved != 0 {
		t.Fatalf("%+v, %v", s, err)
	}
	aside := 0
	for _, e := range events {
		switch {
		case e.Outcome == Placed && e.Item.Role != RoleSidecar && e.Item.Role != RoleEditedSidecar:
			t.Errorf("placed %s, which was there", e.Item.Path)
		case e.Outcome == Removed:
			aside++
			if !strings.HasSuffix(e.Item.Path, ".xmp") || e.Item.Reason != ReasonReplaced {
				t.Errorf("put aside %s: %s", e.Item.Path, e.Item.Reason)
			}
			data, err := os.ReadFile(filepath.Join(w.dest, manifest.QuarantineFolder, "2026-01-02", e.Item.Path))
			if err != nil || !strings.Contains(string(data), "XMP Core") {
				t.Errorf("%s in quarantine: %q, %v", e.Item.Path, data, err)
			}
		}
	}
	if aside == 0 || aside != s.Placed {
		t.Errorf("%d sidecars were put aside, %d written", aside, s.Placed)
	}
	after := w.inodes(t)
	for name, ino := range before {
		if !strings.HasSuffix(name, ".xmp") && after[name] != ino {
			t.Errorf("%s is another file now", name)
		}
	}
	for name, content := range mine {
		if data, err := os.ReadFile(filepath.Join(w.dest, name)); err != nil || string(data) != content {
			t.Errorf("%s: %q, %v", name, data, err)
		}
		os.Remove(filepath.Join(w.dest, name))
	}
	w.check(t)
	if s, _ := w.mustRun(t); s.Placed+s.Moved+s.Adopted+s.Removed != 0 {
		t.Errorf("the next run: %+v", s)
	}
}

// Other folders, other names: the bytes tell, and the files are moved, not copied.
func TestFilesElsewhereAreMovedToTheirNames(t *testing.T) {
	w := newWorld(t, fixture.Options{})
	w.mustRun(t)
	if err := errors.Join(os.RemoveAll(filepath.Join(w.dest, manifest.Folder)), os.RemoveAll(filepath.Join(w.state, "destinations"))); err != nil {
		t.Fatal(err)
	}
	var inodes []uint64
	flat := 0
	for _, name := range w.files(t) {
		full := filepath.Join(w.dest, name)
		if strings.HasSuffix(name, ".xmp") {
			os.Remove(full)
			continue
		}
		inodes = append(inodes, inode(t, full))
		flat++
		if err := os.Rename(full, filepath.Join(w.dest, "old "+strings.ReplaceAll(name, "/", "-"))); err != nil {
			t.Fatal(err)
		}
	}
	s, _ := w.mustRun(t)
	if s.Adopted != flat || s.Moved != flat || s.Failed != 0 {
		t.Errorf("of %d files: %+v", flat, s)
	}
	for name, ino := range w.inodes(t) {
		if !strings.HasSuffix(name, ".xmp") && !slices.Contains(inodes, ino) {
			t.Errorf("%s was copied", name)
		}
	}
}

// A library that lies in the destination, and another destination, keep what they have:
// not even the same pictures are taken from there.
func TestWhatIsAnothersIsNotAdopted(t *testing.T) {
	w := newWorld(t, fixture.Options{}).watch(t)
	inner := *w
	inner.dest, inner.state = filepath.Join(w.dest, "inner"), w.state+" of it"
	inner.mustRun(t)
	for _, copied := range []string{"Copy.photoslibrary", "renamed"} {
		if err := os.CopyFS(filepath.Join(w.dest, copied), os.DirFS(w.lib.Path)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(inner.dest, safefile.Temp("x")), nil, 0o644); err != nil { // of a run that goes on
		t.Fatal(err)
	}
	before := map[string]map[string]string{}
	for _, name := range []string{"inner", "Copy.photoslibrary", "renamed"} {
		before[name] = treeOf(t, filepath.Join(w.dest, name))
	}
	s, _, err := w.run(t)
	if err != nil || s.Adopted+s.Moved+s.Failed != 0 || s.Placed == 0 {
		t.Errorf("%+v, %v", s, err)
	}
	for name, tree := range before {
		sameTree(t, tree, treeOf(t, filepath.Join(w.dest, name)))
	}
}

// What is a hard link to the library's own file is no copy of it, and not ours to date.
func TestTheLibrarysOwnFilesAreNotAdopted(t *testing.T) {
	w := newWorld(t, fixture.Options{}).watch(t)
	a := w.asset(t, "jpeg")
	other := *w
	other.dest, other.state = w.dest+" other", w.state+" other"
	_, events := other.mustRun(t)
	at := mustOf(t, events, a, photosdb.RoleOriginal).Item.Path
	for _, name := range []string{at, "elsewhere.jpg"} {
		link := filepath.Join(w.dest, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(link), 0o755), os.Link(w.lib.File(a, "original"), link)); err != nil {
			t.Fatal(err)
		}
	}
	s, events, err := w.run(t)
	if e := mustOf(t, events, a, photosdb.RoleOriginal); err != nil || s.Failed != 1 || s.Adopted != 0 || !errors.Is(e.Err, ErrInTheWay) {
		t.Errorf("%+v: %s, %v, %v", s, e.Outcome, e.Err, err)
	}
	w.untouched(t)
	if inode(t, filepath.Join(w.dest, "elsewhere.jpg")) != inode(t, w.lib.File(a, "original")) {
		t.Error("a file that is not ours was moved")
	}
}

// Adopt alone fills the record, and changes nothing in the folder.
func TestAdoptPlacesNothing(t *testing.T) {
	w := newWorld(t, fixture.Options{})
	w.imitateOsxphotos(t)
	before := treeOf(t, w.dest)
	lib, err := photosdb.Open(context.Background(), w.lib.Path, photosdb.Options{TempDir: w.state})
	if err != nil {
		t.Fatal(err)
	}
	defer lib.Close()
	d, err := OpenDestination(context.Background(), w.dest, OpenOptions{State: w.state, Library: w.lib.Path, Anew: true})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	plan, err := NewPlan(lib.Assets(context.Background(), photosdb.Query{Order: photosdb.ByDate}), d.Record, d.FS, Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := plan.Adopt(context.Background(), Job{Source: lib, Dest: d.FS, Record: d.Record, Now: time.Now()})
	if err != nil || s.Adopted < 100 || s.Placed+s.Removed+s.Failed != 0 {
		t.Errorf("%+v, %v", s, err)
	}
	for _, change := range fixture.TreeChanges(before, treeOf(t, w.dest)) {
		if !strings.Contains(change, manifest.Folder) && !strings.HasPrefix(change, ". ") && !strings.HasPrefix(change, ".:") {
			t.Errorf("changed: %s", change)
		}
	}
	if _, err := os.Stat(filepath.Join(w.dest, manifest.SumsName)); errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}
