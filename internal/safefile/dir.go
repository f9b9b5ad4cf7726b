package safefile

import (
	"container/list"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Dir is the FS of a real folder. Folders are found relative to the open root
// (os.Root), files relative to their open folder and without following links:
// the root can be moved meanwhile, and nothing in it, no symbolic link either,
// can make photogo write elsewhere.
type Dir struct {
	root  *os.Root
	top   *os.File // the folder itself, kept open for syncing as a whole
	whole bool     // the file system can be synced as a whole

	mu   sync.Mutex
	open map[string]*folder // handles of folders in use or used lately
	used list.List          // of *folder; the one used last is in front
}

// folder is an open folder below the root. Working relative to it spares the
// kernel the walk, and every step of a walk below os.Root is a system call.
type folder struct {
	name  string
	file  *os.File
	fd    int
	refs  int
	place *list.Element
}

// openFolders is how many folder handles are kept. A photo library is written
// day by day; what was written is given its names a little later.
const openFolders = 192

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
		f.file.Close()
	}
	d.open = nil
	return errors.Join(d.top.Close(), d.root.Close())
}

// ErrLocked says that another Dir, mostly of another process, has locked a folder.
var ErrLocked = errors.New("the folder is locked")

// Lock keeps others from locking the same folder until Unlock or Close. It leaves
// no file. On file systems that know no locks it does nothing. Error: ErrLocked.
func (d *Dir) Lock() error {
	err := retry(func() error { return unix.Flock(int(d.top.Fd()), unix.LOCK_EX|unix.LOCK_NB) })
	switch {
	case errors.Is(err, unix.EWOULDBLOCK):
		return fmt.Errorf("%w: %s", ErrLocked, d.Name())
	case errors.Is(err, unix.ENOTSUP), errors.Is(err, unix.ENOLCK), errors.Is(err, unix.ENOSYS), errors.Is(err, unix.EINVAL), errors.Is(err, unix.EBADF):
		return nil
	case err != nil:
		return fmt.Errorf("lock %s: %w", d.Name(), err)
	}
	return nil
}

// Unlock lets others lock the folder; a closed one is not locked.
func (d *Dir) Unlock() error {
	if err := unix.Flock(int(d.top.Fd()), unix.LOCK_UN); err != nil && !errors.Is(err, unix.EBADF) {
		return fmt.Errorf("unlock %s: %w", d.Name(), err)
	}
	return nil
}

// at calls do with the handle of the folder of name, and name's last element.
// An error gets the name that was meant.
func (d *Dir) at(op, name string, do func(folder int, base string) error) error {
	dir, base := split(name)
	if base == "" || base == "." || base == ".." || strings.IndexByte(base, 0) >= 0 {
		return &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	f, err := d.folder(dir)
	if err != nil {
		var p *fs.PathError
		if errors.As(err, &p) {
			err = p.Err
		}
		return &fs.PathError{Op: op, Path: name, Err: err}
	}
	defer d.release(f)
	if err := retry(func() error { return do(f.fd, base) }); err != nil {
		return &fs.PathError{Op: op, Path: name, Err: err}
	}
	return nil
}

// split is path.Split of the cleaned name, and costs nothing where the name is
// clean already.
func split(name string) (dir, base string) {
	if !fs.ValidPath(name) {
		name = path.Clean(name)
	}
	slash := strings.LastIndexByte(name, '/')
	switch slash {
	case -1:
		return ".", name
	case 0:
		return "/", name[1:]
	}
	return name[:slash], name[slash+1:]
}

// retry calls do again as long as a signal interrupts it.
func retry(do func() error) error {
	for {
		if err := do(); err != unix.EINTR {
			return err
		}
	}
}

func (d *Dir) folder(dir string) (*folder, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f := d.open[dir]
	if f == nil {
		file, err := d.root.OpenFile(dir, os.O_RDONLY|unix.O_DIRECTORY, 0)
		if err != nil {
			return nil, err
		}
		d.evict()
		f = &folder{name: dir, file: file, fd: int(file.Fd())}
		f.place = d.used.PushFront(f)
		d.open[dir] = f
	} else {
		d.used.MoveToFront(f.place)
	}
	f.refs++
	return f, nil
}

func (d *Dir) release(f *folder) {
	d.mu.Lock()
	f.refs--
	d.mu.Unlock()
}

// evict closes the handle that was not used for the longest time, if there are
// too many. The caller holds the lock.
func (d *Dir) evict() {
	if len(d.open) < openFolders {
		return
	}
	for e := d.used.Back(); e != nil; e = e.Prev() {
		if f := e.Value.(*folder); f.refs == 0 {
			d.drop(f)
			return
		}
	}
}

func (d *Dir) drop(f *folder) {
	f.file.Close()
	d.used.Remove(f.place)
	delete(d.open, f.name)
}

// forget closes the handle of a folder that is no more, or not the same.
func (d *Dir) forget(dir string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if f := d.open[dir]; f != nil && f.refs == 0 {
		d.drop(f)
	}
}

// Mkdir implements FS.
func (d *Dir) Mkdir(name string) error {
	return d.at("mkdir", name, func(folder int, base string) error { return unix.Mkdirat(folder, base, 0o755) })
}

// Create implements FS.
func (d *Dir) Create(name string) (File, error) {
	return d.file("create", name, unix.O_RDWR|unix.O_CREAT|unix.O_EXCL)
}

// Clone implements FS.
func (d *Dir) Clone(src Descriptor, name string) error {
	err := d.at("clone", name, func(folder int, base string) error { return clone(src, folder, base) })
	if errors.Is(err, ErrNoClone) {
		return ErrNoClone
	}
	return err
}

// Open implements FS. A pipe or a device under the name is not waited for.
func (d *Dir) Open(name string) (File, error) {
	file, err := d.file("open", name, unix.O_RDONLY|unix.O_NONBLOCK)
	if err != nil {
		return nil, err
	}
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
		file.Close()
		return nil, &fs.PathError{Op: "open", Path: name, Err: fmt.Errorf("not a regular file")}
	}
	return file, nil
}

func (d *Dir) file(op, name string, flag int) (File, error) {
	f := &file{dir: d, name: name}
	err := d.at(op, name, func(folder int, base string) (err error) {
		f.fd, err = unix.Openat(folder, base, flag|unix.O_CLOEXEC|unix.O_NOFOLLOW, 0o644)
		return err
	})
	if err != nil {
		return nil, err
	}
	return f, nil
}

// Rename implements FS.
func (d *Dir) Rename(old, name string) error {
	return d.at("rename", old, func(from int, oldBase string) error {
		dir, newBase := split(name)
		if oldDir, _ := split(old); oldDir == dir && newBase != "." && newBase != ".." && newBase != "" {
			return unix.Renameat(from, oldBase, from, newBase)
		}
		return d.at("rename", name, func(to int, newBase string) error { return unix.Renameat(from, oldBase, to, newBase) })
	})
}

// Remove implements FS.
func (d *Dir) Remove(name string) error {
	err := d.at("remove", name, func(folder int, base string) error { return unix.Unlinkat(folder, base, 0) })
	if errors.Is(err, unix.EISDIR) || errors.Is(err, unix.EPERM) {
		d.forget(path.Clean(name))
		return d.at("remove", name, func(folder int, base string) error { return unix.Unlinkat(folder, base, unix.AT_REMOVEDIR) })
	}
	return err
}

// Lstat implements FS.
func (d *Dir) Lstat(name string) (fs.FileInfo, error) {
	var info fileInfo
	if name == "." { // the folder itself, which has no name in itself
		info.name = name
		if err := retry(func() error { return unix.Fstat(int(d.top.Fd()), &info.stat) }); err != nil {
			return nil, &fs.PathError{Op: "lstat", Path: name, Err: err}
		}
		return &info, nil
	}
	err := d.at("lstat", name, func(folder int, base string) error {
		info.name = base
		return unix.Fstatat(folder, base, &info.stat, unix.AT_SYMLINK_NOFOLLOW)
	})
	if err != nil {
		return nil, err
	}
	return &info, nil
}

// fileInfo is what photogo needs to know of a file; package os would say the
// same after several more system calls.
type fileInfo struct {
	name string
	stat unix.Stat_t
}

func (i *fileInfo) Name() string       { return i.name }
func (i *fileInfo) Size() int64        { return i.stat.Size }
func (i *fileInfo) IsDir() bool        { return i.Mode().IsDir() }
func (i *fileInfo) Sys() any           { return &i.stat }
func (i *fileInfo) ModTime() time.Time { return time.Unix(i.stat.Mtim.Unix()) }

func (i *fileInfo) Mode() fs.FileMode {
	mode := fs.FileMode(i.stat.Mode & 0o777)
	switch i.stat.Mode & unix.S_IFMT {
	case unix.S_IFREG:
		return mode
	case unix.S_IFDIR:
		return mode | fs.ModeDir
	case unix.S_IFLNK:
		return mode | fs.ModeSymlink
	case unix.S_IFIFO:
		return mode | fs.ModeNamedPipe
	case unix.S_IFSOCK:
		return mode | fs.ModeSocket
	}
	return mode | fs.ModeDevice
}

// ReadDir implements FS.
func (d *Dir) ReadDir(name string) ([]fs.DirEntry, error) {
	f, err := d.root.Open(path.Clean(name))
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
	at, err := timespec(modified)
	if err != nil {
		return &fs.PathError{Op: "chtimes", Path: name, Err: err}
	}
	return d.chtimes(name, at)
}

func (d *Dir) chtimes(name string, at unix.Timespec) error {
	return d.at("chtimes", name, func(folder int, base string) error {
		return unix.UtimesNanoAt(folder, base, []unix.Timespec{at, at}, unix.AT_SYMLINK_NOFOLLOW)
	})
}

// timespec is the time nearest to one that file systems can hold.
func timespec(modified time.Time) (unix.Timespec, error) {
	if modified.Before(firstTime) {
		modified = firstTime
	} else if modified.After(lastTime) {
		modified = lastTime
	}
	return unix.TimeToTimespec(modified)
}

// Sync implements FS.
func (d *Dir) Sync(names ...string) error {
	if len(names) >= batchable && d.whole {
		return syncAll(d.top)
	}
	for i, name := range names {
		f, err := d.root.OpenFile(path.Clean(name), os.O_RDONLY|syscall.O_NONBLOCK, 0)
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
