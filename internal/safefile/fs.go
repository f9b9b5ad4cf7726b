package safefile

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"path"
	"regexp"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// FS is the part of a file system that a destination folder needs. Names are
// relative to its root, with slashes; none can lead out of it, by ".." or by a
// symbolic link. All methods may be called concurrently. Errors are those of
// package os and name the file.
type FS interface {
	// Mkdir makes a folder in one that exists. fs.ErrExist: the name is taken,
	// by a folder or something else.
	Mkdir(name string) error
	// Create makes a new file for writing, readable by all, writable by its
	// owner. The name must not be taken: fs.ErrExist.
	Create(name string) (File, error)
	// Clone makes a new file under the name that shares the blocks of src, an open
	// file on the same file system. ErrNoClone means that the bytes must be
	// copied; then there is no file.
	Clone(src Descriptor, name string) error
	// Link gives a regular file another name, which must not be taken:
	// fs.ErrExist. ErrNoLink means that the file system has no such.
	Link(old, name string) error
	// Open opens a regular file for reading.
	Open(name string) (File, error)
	// Rename gives a file another name, replacing the file that has it.
	Rename(old, name string) error
	// Remove removes a file or an empty folder.
	Remove(name string) error
	// Lstat describes a file, not following a symbolic link.
	Lstat(name string) (fs.FileInfo, error)
	// ReadDir lists a folder, sorted by name.
	ReadDir(name string) ([]fs.DirEntry, error)
	// Chtimes sets a file's modification time, as far as the file system can
	// hold it.
	Chtimes(name string, modified time.Time) error
	// Sync returns when the named files and folders are durable: the bytes of
	// files, the names in folders.
	Sync(names ...string) error
}

// File is an open file of an FS.
type File interface {
	io.Reader
	io.Writer
	io.Seeker
	io.Closer
	Descriptor
	Stat() (fs.FileInfo, error)
	// Chtimes is FS.Chtimes for the open file.
	Chtimes(modified time.Time) error
	Sync() error
}

// Descriptor is an open file by the system's number for it: a File, or an *os.File.
type Descriptor interface{ Fd() uintptr }

// SameFile reports whether two descriptions are of one file. It knows those of an FS
// and of package os.
func SameFile(a, b fs.FileInfo) bool {
	dev, ino := identity(a)
	otherDev, otherIno := identity(b)
	return ino != 0 && dev == otherDev && ino == otherIno
}

// Inode is the number of a file in its file system; 0 if it is not known.
func Inode(info fs.FileInfo) uint64 {
	_, ino := identity(info)
	return ino
}

func identity(info fs.FileInfo) (dev, ino uint64) {
	switch stat := info.Sys().(type) {
	case *unix.Stat_t:
		return uint64(stat.Dev), uint64(stat.Ino)
	case *syscall.Stat_t:
		return uint64(stat.Dev), uint64(stat.Ino)
	}
	return 0, 0
}

// ErrNoClone says that a file system, or a pair of them, cannot clone.
var ErrNoClone = errors.New("file system cannot clone")

// ErrNoLink says that a file system gives files no second name.
var ErrNoLink = errors.New("file system has no hard links")

// A temporary name begins with a dot, so that it is hidden, and is recognised
// exactly: nothing else that looks temporary is ever removed.
var tempName = regexp.MustCompile(`^\.photogo-[0-9a-f]{24}\.tmp$`)

// Temp returns a fresh temporary name in the folder of name.
func Temp(name string) string {
	var random [12]byte
	rand.Read(random[:]) // never fails; see crypto/rand
	return path.Join(path.Dir(name), ".photogo-"+hex.EncodeToString(random[:])+".tmp")
}

// IsTemp reports whether the last element of name is one that Temp makes.
func IsTemp(name string) bool { return tempName.MatchString(path.Base(name)) }

// WriteFile puts data under a name, durably: the file is there whole, or as it
// was before.
func WriteFile(f FS, name string, data []byte) error {
	return Write(f, name, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

// Write is WriteFile for content that write produces.
func Write(f FS, name string, write func(io.Writer) error) (err error) {
	temp := Temp(name)
	file, err := f.Create(temp)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			f.Remove(temp)
		}
	}()
	if err := write(file); err != nil {
		file.Close()
		return err
	}
	if err := file.Sync(); err != nil {
		file.Close()
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	if err := f.Rename(temp, name); err != nil {
		return err
	}
	return f.Sync(path.Dir(name))
}
