package export

import (
	"errors"
	"io/fs"
	"path"

	"github.com/photogo/photogo/internal/safefile"
	"github.com/photogo/photogo/manifest"
	"github.com/photogo/photogo/naming"
)

// superseded returns the old version of a file whose successor got another name,
// as the record keeps it until it is gone; false where there is none. From the
// moment that the record has the successor nothing else would know the file.
func superseded(e Event) (manifest.Aside, bool) {
	if e.Item == nil || e.Outcome != Placed || e.Item.known == nil || e.Item.known.Path == e.Entry.Path {
		return manifest.Aside{}, false
	}
	old := e.Item.known
	return manifest.Aside{Path: old.Path, Was: old.Path, Size: old.Size, Sum: old.Sum}, true
}

// dropOld removes the old version of a file, now that its successor is in the
// record, and reports whether the record can forget it. successor is its path, "" where
// that is not known.
func (r *run) dropOld(old manifest.Aside, successor string) (forget bool) {
	if r.oneFile(old.Path, successor) {
		return true // the successor took its place
	}
	if e, known, err := r.job.Record.At(old.Path); err != nil || known && e.Path == old.Path {
		return err == nil // the name is another's now
	}
	_, same, err := compare(r.job.Dest, manifest.Entry{Path: old.Path, Size: old.Size, Sum: old.Sum})
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return true
	case err != nil:
		return false // it can be looked at another time
	case !same:
		return true // whatever this is, it is somebody's
	}
	return r.job.Dest.Remove(old.Path) == nil
}

// dropSuperseded removes what runs before this one could not.
func (r *run) dropSuperseded() error {
	list, err := r.job.Record.Superseded()
	if err != nil || len(list) == 0 {
		return err
	}
	var gone, vacated []string
	for _, old := range list {
		if !r.dropOld(old, "") {
			continue
		}
		gone, vacated = append(gone, old.Path), append(vacated, path.Dir(old.Path))
	}
	folders := r.foldersOf(gone)
	if len(folders) > 0 {
		if err := r.job.Dest.Sync(folders...); err != nil {
			return err
		}
	}
	return r.job.Record.Commit(manifest.Change{Released: gone, Vacated: vacated})
}

// foldersOf are the folders of names that are gone, as far as there still are.
func (r *run) foldersOf(names []string) (folders []string) {
	seen := map[string]bool{}
	for _, name := range names {
		dir := path.Dir(name)
		if seen[dir] {
			continue
		}
		seen[dir] = true
		if _, err := r.job.Dest.Lstat(dir); !errors.Is(err, fs.ErrNotExist) {
			folders = append(folders, dir)
		}
	}
	return folders
}

// oneFile reports whether two names are spellings of one file, as where the file system
// ignores case.
func (r *run) oneFile(a, b string) bool {
	if naming.Key(a) != naming.Key(b) {
		return false
	}
	x, err := r.job.Dest.Lstat(a)
	if err != nil {
		return false
	}
	y, err := r.job.Dest.Lstat(b)
	return err == nil && safefile.SameFile(x, y)
}
