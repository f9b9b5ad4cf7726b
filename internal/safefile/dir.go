package safefile

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Dir is the FS of a real folder. Everything happens relative to the open
// folder (os.Root): it can be moved meanwhile, and nothing in it, no symbolic
// link either, can make photogo write elsewhere.
type Dir struct {
	root  *os.Root
	top   *os.File // the folder itself, kept open for syncing as a whole
	whole bool     // the file system can be synced as a whole

	mu   sync.Mutex
	open map[string]*folder // handles of folders in use or used lately
	tick int64
}

// folder is an open folder below the root. Working relative to it spares the
// kernel the walk, and every walk here is several system calls.
type folder struct {
	root *os.Root
	refs int
	used int64
}

// openFolders is how many folder handles are kept; a photo library is written
// day by day, so few are in use at a time.
const openFolders = 64

// OpenDir opens a folder that exists.
func OpenDir(name string) (*Dir, error) {
	root, err := os.OpenRoot(name)
	if err != nil {
		return nil, err
	}
	top, err := root.Open(".")
	if err != nil {
		root.Close()
		return nil, err
	}
	return &Dir{root: root, top: top, whole: syncsWhole(top), open: map[string]*folder{}}, nil
}

// Name returns the path that the folder was opened by.
func (d *Dir) Name() string { return d.root.Name() }

// Close closes the folder. Files that were opened stay open.
func (d *Dir) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, f := range d.open {
		f.root.Close()
	}
	d.open = nil
	d.top.Close()
	return d.root.Close()
}

// in calls do with the handle of a folder.
func (d *Dir) in(dir string, do func(*os.Root) error) error {
	if dir == "." {
		return do(d.root)
	}
	f, err := d.folder(dir)
	if err != nil {
		return err
	}
	defer func() {
		d.mu.Lock()
		f.refs--
		d.mu.Unlock()
	}()
	return do(f.root)
}

func (d *Dir) folder(dir string) (*folder, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f := d.open[dir]
	if f == nil {
		root, err := d.root.OpenRoot(dir)
		if err != nil {
			return nil, err
		}
		d.evict()
		f = &folder{root: root}
		d.open[dir] = f
	}
	d.tick++
	f.used = d.tick
	f.refs++
	return f, nil
}

// evict closes the handle that was not used for the longest time, if there are
// too many. The caller holds the lock.
func (d *Dir) evict() {
	if len(d.open) < openFolders {
		return
	}
	oldest := ""
	for name, f := range d.open {
		if f.refs == 0 && (oldest == "" || f.used < d.open[oldest].used) {
			oldest = name
		}
	}
	if oldest != "" {
		d.open[oldest].root.Close()
		delete(d.open, oldest)
	}
}

// MkdirAll implements FS.
func (d *Dir) MkdirAll(name string) error { return d.root.MkdirAll(clean(name), 0o755) }

// Create implements FS.
func (d *Dir) Create(name string) (file File, err error) {
	return d.file(name, os.O_RDWR|os.O_CREATE|os.O_EXCL)
}

// Clone implements FS.
func (d *Dir) Clone(src *os.File, name string) error {
	return d.in(path.Dir(clean(name)), func(r *os.Root) error { return clone(r, src, path.Base(name)) })
}

// Open implements FS. A pipe or a device under the name is not waited for.
func (d *Dir) Open(name string) (File, error) {
	file, err := d.file(name, os.O_RDONLY|syscall.O_NONBLOCK)
	if err != nil {
		return nil, err
	}
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
		file.Close()
		return nil, fmt.Errorf("open %s: not a regular file", name)
	}
	return file, nil
}

func (d *Dir) file(name string, flag int) (file File, err error) {
	err = d.in(path.Dir(clean(name)), func(r *os.Root) error {
		f, err := r.OpenFile(path.Base(name), flag, 0o644)
		if err == nil {
			file = f
		}
		return err
	})
	return file, err
}

// Rename implements FS.
func (d *Dir) Rename(old, name string) error {
	if path.Dir(clean(old)) != path.Dir(clean(name)) {
		return d.root.Rename(clean(old), clean(name))
	}
	return d.in(path.Dir(clean(name)), func(r *os.Root) error {
		return r.Rename(path.Base(old), path.Base(name))
	})
}

// Remove implements FS.
func (d *Dir) Remove(name string) error {
	return d.in(path.Dir(clean(name)), func(r *os.Root) error { return r.Remove(path.Base(name)) })
}

// Lstat implements FS.
func (d *Dir) Lstat(name string) (info fs.FileInfo, err error) {
	err = d.in(path.Dir(clean(name)), func(r *os.Root) error {
		info, err = r.Lstat(path.Base(name))
		return err
	})
	return info, err
}

// ReadDir implements FS.
func (d *Dir) ReadDir(name string) ([]fs.DirEntry, error) {
	f, err := d.root.Open(clean(name))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	list, err := f.ReadDir(-1)
	slices.SortFunc(list, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return list, err
}

// The times that every file system in use holds, and that a 64-bit count of
// nanoseconds can carry to it. Others are moved to the nearest of these.
var (
	firstTime = time.Date(1902, 1, 1, 0, 0, 0, 0, time.UTC)
	lastTime  = time.Date(2261, 12, 31, 0, 0, 0, 0, time.UTC)
)

// Chtimes implements FS.
func (d *Dir) Chtimes(name string, modified time.Time) error {
	if modified.Before(firstTime) {
		modified = firstTime
	} else if modified.After(lastTime) {
		modified = lastTime
	}
	return d.in(path.Dir(clean(name)), func(r *os.Root) error {
		return r.Chtimes(path.Base(name), time.Time{}, modified)
	})
}

// Sync implements FS.
func (d *Dir) Sync(names ...string) error {
	if len(names) >= batchable && d.whole {
		return syncAll(d.top)
	}
	for i, name := range names {
		f, err := d.root.Open(clean(name))
		if err != nil {
			return err
		}
		if i == len(names)-1 {
			err = f.Sync()
		} else {
			err = syncMore(f)
		}
		f.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

// batchable is the number of files from which one sync of the whole file system
// is cheaper than one of each file, if the file system can.
const batchable = 8

// clean makes the empty name the root's; whether a name leads out is judged by
// os.Root.
func clean(name string) string { return path.Clean(name) }
