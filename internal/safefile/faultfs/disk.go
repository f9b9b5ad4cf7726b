package faultfs

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/photogo/photogo/internal/safefile"
)

// Disk is a file system below Root that remembers what was synced, one file and
// one folder at a time, as the strictest real one does: the bytes of a file are
// there after a crash if the file was synced, its name if its folder was.
type Disk struct {
	safefile.FS
	Root string

	mu      sync.Mutex
	bytes   map[uint64]content           // by inode: what was synced of files
	entries map[uint64]map[string]uint64 // by inode: the names of folders, as they were synced
	folders map[uint64]bool
}

type content struct {
	data    []byte
	modTime time.Time
}

// NewDisk remembers what is below root now as synced.
func NewDisk(next safefile.FS, root string) (*Disk, error) {
	d := &Disk{FS: next, Root: root, bytes: map[uint64]content{}, entries: map[uint64]map[string]uint64{}, folders: map[uint64]bool{}}
	err := filepath.WalkDir(root, func(name string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		return d.keep(rel)
	})
	return d, err
}

func inode(info fs.FileInfo) uint64 {
	switch stat := info.Sys().(type) {
	case *syscall.Stat_t:
		return uint64(stat.Ino)
	case *unix.Stat_t:
		return uint64(stat.Ino)
	}
	panic("a file of this system has an inode")
}

// keep notes a file or folder as it is now.
func (d *Disk) keep(name string) error {
	full := filepath.Join(d.Root, filepath.FromSlash(name))
	info, err := os.Lstat(full)
	if err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	id := inode(info)
	if !info.IsDir() {
		data, err := os.ReadFile(full)
		d.bytes[id] = content{data, info.ModTime()}
		delete(d.folders, id) // an inode can come back as something else
		return err
	}
	list, err := os.ReadDir(full)
	if err != nil {
		return err
	}
	names := make(map[string]uint64, len(list))
	for _, entry := range list {
		info, err := entry.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue // somebody else works here
		} else if err != nil {
			return err
		}
		names[entry.Name()] = inode(info)
		if info.IsDir() {
			d.folders[inode(info)] = true
		}
	}
	d.entries[id], d.folders[id] = names, true
	return nil
}

// Create implements safefile.FS. A new file has the bytes of none before it.
func (d *Disk) Create(name string) (safefile.File, error) {
	f, err := d.FS.Create(name)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, err
	}
	d.mu.Lock()
	delete(d.bytes, inode(info))
	d.mu.Unlock()
	return &diskFile{f, d, name}, nil
}

// Mkdir implements safefile.FS.
func (d *Disk) Mkdir(name string) error {
	if err := d.FS.Mkdir(name); err != nil {
		return err
	}
	info, err := os.Lstat(filepath.Join(d.Root, filepath.FromSlash(name)))
	if err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.folders[inode(info)] = true
	delete(d.entries, inode(info))
	return nil
}

// Sync implements safefile.FS.
func (d *Disk) Sync(names ...string) error {
	for _, name := range names {
		if err := d.keep(name); err != nil {
			return err
		}
	}
	return nil
}

type diskFile struct {
	safefile.File
	disk *Disk
	name string
}

func (f *diskFile) Sync() error { return f.disk.keep(f.name) }

// Crash writes into a new folder what the disk would hold if the machine lost
// its power now. A file whose name was synced and whose bytes were not is empty.
func (d *Disk) Crash(to string) error {
	info, err := os.Lstat(d.Root)
	if err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.crash(inode(info), to)
}

func (d *Disk) crash(folder uint64, to string) error {
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	for name, id := range d.entries[folder] {
		var err error
		if d.folders[id] {
			err = d.crash(id, path.Join(to, name))
		} else {
			c, full := d.bytes[id], path.Join(to, name)
			err = errors.Join(os.WriteFile(full, c.data, 0o644), os.Chtimes(full, c.modTime, c.modTime))
		}
		if err != nil {
			return err
		}
	}
	return nil
}
