package export

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/photogo/photogo/internal/fixture"
	"github.com/photogo/photogo/internal/safefile"
	"github.com/photogo/photogo/photosdb"
)

// folding is a file system that finds names whatever their case, as those of Macs and
// of memory cards do.
type folding struct{ safefile.FS }

// real is the spelling of a name that is there; the name itself where none is.
func (f folding) real(name string) string {
	dir, base := path.Split(name)
	if dir = path.Clean(dir); dir != "." {
		dir = f.real(dir)
	}
	list, _ := f.FS.ReadDir(dir)
	for _, entry := range list {
		if strings.EqualFold(entry.Name(), base) {
			return path.Join(dir, entry.Name())
		}
	}
	return path.Join(dir, base)
}

func (f folding) Mkdir(name string) error                   { return f.FS.Mkdir(f.real(name)) }
func (f folding) Create(name string) (safefile.File, error) { return f.FS.Create(f.real(name)) }
func (f folding) Clone(src safefile.Descriptor, name string) error {
	return f.FS.Clone(src, f.real(name))
}
func (f folding) Link(old, name string) error                { return f.FS.Link(f.real(old), f.real(name)) }
func (f folding) Open(name string) (safefile.File, error)    { return f.FS.Open(f.real(name)) }
func (f folding) Remove(name string) error                   { return f.FS.Remove(f.real(name)) }
func (f folding) Lstat(name string) (fs.FileInfo, error)     { return f.FS.Lstat(f.real(name)) }
func (f folding) ReadDir(name string) ([]fs.DirEntry, error) { return f.FS.ReadDir(f.real(name)) }
func (f folding) Chtimes(name string, modified time.Time) error {
	return f.FS.Chtimes(f.real(name), modified)
}

func (f folding) Rename(old, name string) error {
	old, to := f.real(old), f.real(name)
	if _, err := f.FS.Lstat(to); err == nil && to != old { // what is replaced is gone, with its spelling
		if err := f.FS.Remove(to); err != nil {
			return err
		}
	}
	return f.FS.Rename(old, path.Join(path.Dir(to), path.Base(name)))
}

func (f folding) Sync(names ...string) error {
	for i := range names {
		names[i] = f.real(names[i])
	}
	return f.FS.Sync(names...)
}

// A title whose case alone changes renames the files where case does not count, too.
func TestANewSpellingOfATitle(t *testing.T) {
	for name, wrap := range map[string]func(safefile.FS) safefile.FS{
		"case counts":         nil,
		"case does not count": func(next safefile.FS) safefile.FS { return folding{next} },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, fixture.Options{})
			w.wrap, w.opt.Filename = wrap, template(t, "{title,{original_name}}")
			a := w.asset(t, "edited")
			title := func(text string) {
				t.Helper()
				w.sql(t, `UPDATE ZADDITIONALASSETATTRIBUTES SET ZTITLE = ? WHERE ZASSET = (SELECT Z_PK FROM ZASSET WHERE ZUUID = ?)`, text, a.UUID)
			}
			title("sunset")
			w.mustRun(t)
			title("Sunset")
			s, events := w.mustRun(t)
			e := mustOf(t, events, a, photosdb.RoleOriginal)
			if s.Failed != 0 || s.Moved == 0 || e.Outcome != Moved || !strings.HasPrefix(path.Base(e.Item.Path), "Sunset.") {
				t.Errorf("%+v: %s is %s: %v", s, e.Item.Path, e.Outcome, e.Err)
			}
			sameBytes(t, w.lib.File(a, "original"), filepath.Join(w.dest, e.Item.Path))
			// New bytes and a new spelling at once: the old version is the new one's name.
			title("SUNSET")
			if err := os.WriteFile(w.lib.File(a, "edited"), []byte("another rendering"), 0o644); err != nil {
				t.Fatal(err)
			}
			s, events = w.mustRun(t)
			e = mustOf(t, events, a, photosdb.RoleEdited)
			if s.Failed != 0 || e.Outcome != Placed || !strings.HasPrefix(path.Base(e.Item.Path), "SUNSET_") {
				t.Errorf("%+v: %s is %s: %v", s, e.Item.Path, e.Outcome, e.Err)
			}
			sameBytes(t, w.lib.File(a, "edited"), filepath.Join(w.dest, e.Item.Path))
		})
	}
}
