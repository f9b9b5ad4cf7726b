package export

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/photogo/photogo/internal/fixture"
	"github.com/photogo/photogo/internal/safefile"
	"github.com/photogo/photogo/manifest"
	"github.com/photogo/photogo/naming"
)

// entriesOf reads what the record has, by owner and role, released files too.
func (w *world) entriesOf(t *testing.T) (all map[string]manifest.Entry, names map[string]manifest.Name) {
	t.Helper()
	all, names = map[string]manifest.Entry{}, map[string]manifest.Name{}
	w.withRecord(t, func(_ *safefile.Dir, m *manifest.Manifest) {
		for _, list := range []func(func(manifest.Entry, error) bool){m.All(), m.Released()} {
			for e, err := range list {
				if err != nil {
					t.Fatal(err)
				}
				all[e.Owner+" "+e.Role] = e
			}
		}
		for n, err := range m.Names() {
			if err != nil {
				t.Fatal(err)
			}
			names[n.Owner] = n
		}
	})
	return all, names
}

// Whatever is let go of and changed in whatever order: a released file comes back
// only with a new version, its asset keeps its name, and the folder is what the
// record says.
func TestReleasedFilesInAnyOrder(t *testing.T) {
	w := newWorld(t, fixture.Options{})
	labels := []string{"edited", "live", "latest", "jpeg", "raw", "albums"}
	w.only = labels
	w.mustRun(t)
	at, changes := time.Date(2025, 6, 1, 0, 0, 0, 0, time.UTC), 0
	rapid.Check(t, func(rt *rapid.T) {
		asset := w.asset(t, rapid.SampledFrom(labels).Draw(rt, "asset"))
		changes++
		switch rapid.SampledFrom([]string{"release", "release", "retitle", "redate", "edit"}).Draw(rt, "what") {
		case "release":
			all, _ := w.entriesOf(t)
			var gone []string
			for _, e := range all {
				if owner, _ := naming.ParseOwner(e.Owner); owner == asset.UUID && e.Released == 0 && rapid.Bool().Draw(rt, "this one") {
					gone = append(gone, e.Path)
				}
			}
			w.withRecord(t, func(dir *safefile.Dir, m *manifest.Manifest) {
				for _, name := range gone {
					if err := dir.Remove(name); err != nil {
						t.Fatal(err)
					}
				}
				if err := m.Commit(manifest.Change{LetGo: gone, At: at}); err != nil {
					t.Fatal(err)
				}
			})
		case "retitle":
			w.sql(t, `UPDATE ZADDITIONALASSETATTRIBUTES SET ZTITLE = 'Title ' || ? WHERE ZASSET = (SELECT Z_PK FROM ZASSET WHERE ZUUID = ?)`, changes, asset.UUID)
		case "redate":
			w.sql(t, `UPDATE ZASSET SET ZDATECREATED = ZDATECREATED + 86400 WHERE ZUUID = ?`, asset.UUID)
		case "edit":
			w.sql(t, `UPDATE ZINTERNALRESOURCE SET ZSTABLEHASH = NULL, ZFINGERPRINT = NULL WHERE ZASSET = (SELECT Z_PK FROM ZASSET WHERE ZUUID = ?)`, asset.UUID)
			w.sql(t, `UPDATE ZADDITIONALASSETATTRIBUTES SET ZORIGINALSTABLEHASH = NULL WHERE ZASSET = (SELECT Z_PK FROM ZASSET WHERE ZUUID = ?)`, asset.UUID)
			f, err := os.OpenFile(w.lib.File(asset, "original"), os.O_WRONLY|os.O_APPEND, 0)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := f.WriteString("more"); err != nil {
				t.Fatal(err)
			}
			f.Close()
		}
		before, hadNames := w.entriesOf(t)
		_, events := w.mustRun(t)
		after, names := w.entriesOf(t)
		wanted := map[string]string{} // versions, by owner and role
		for _, e := range events {
			if e.Outcome == Failed {
				rt.Errorf("%s: %v", e.Item.Path, e.Err)
			}
			if e.Entry != nil {
				wanted[e.Item.owner()+" "+string(e.Item.Role)] = e.Entry.Version
			}
		}
		for key, e := range after {
			was := before[key]
			if e.Version != wanted[key] && wanted[key] != "" {
				rt.Errorf("%s has the version %q, not %q", e.Path, e.Version, wanted[key])
			}
			switch {
			case was.Released != 0 && e.Version == was.Version && e.Released != was.Released:
				rt.Errorf("%s came back although it did not change", e.Path)
			case was.Released == 0 && e.Released != 0:
				rt.Errorf("%s was let go of by an export", e.Path)
			case e.Released != 0 && e.Sum != was.Sum:
				rt.Errorf("%s is another file than was let go of", e.Path)
			}
			if was.Released != 0 && e.Path != was.Path {
				rt.Errorf("%s is called %s now, although it is kept elsewhere", was.Path, e.Path)
			}
			if n := names[e.Owner]; was.Released != 0 && (n.Dir != hadNames[e.Owner].Dir || n.Base != hadNames[e.Owner].Base) {
				rt.Errorf("%v was %v", n, hadNames[e.Owner])
			}
			if _, err := os.Lstat(filepath.Join(w.dest, e.Path)); (err == nil) != (e.Released == 0) {
				rt.Errorf("%s: released %d, %v", e.Path, e.Released, err)
			}
		}
		if s, _ := w.mustRun(t); s.Placed+s.Moved+s.Failed+s.Removed != 0 {
			rt.Errorf("%+v where nothing changed", s)
		}
	})
}
