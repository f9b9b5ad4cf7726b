// Package faultfs makes a destination fail on purpose, so that tests can see
// what becomes of it: any call can fail, fail for ever after, write less than it
// was asked to, or write something else and say that all is well.
//
// Disk is the other half: it remembers what was synced, and so what a crash of
// the machine would leave.
package faultfs

import (
	"io/fs"
	"sync/atomic"
	"time"

	"github.com/photogo/photogo/internal/safefile"
)

// Op is a kind of call.
type Op string

// The kinds of calls, of an FS and of its open files.
const (
	Mkdir   Op = "mkdir"
	Create  Op = "create"
	Clone   Op = "clone"
	Link    Op = "link"
	Open    Op = "open"
	Rename  Op = "rename"
	Remove  Op = "remove"
	Lstat   Op = "lstat"
	ReadDir Op = "readdir"
	Chtimes Op = "chtimes"
	Sync    Op = "sync"
	Read    Op = "read"
	Write   Op = "write"
	Stat    Op = "stat"
	Close   Op = "close"
)

// Ops lists the kinds.
var Ops = [...]Op{Mkdir, Create, Clone, Link, Open, Rename, Remove, Lstat, ReadDir, Chtimes, Sync, Read, Write, Stat, Close}

// Fault is what happens to a call. The zero value is nothing.
type Fault struct {
	Err error // the call is not done and returns this
	// Short writes the first half and returns Err.
	Short bool
	// Garbage writes other bytes and returns no error.
	Garbage bool
}

// FS is a file system whose calls go wrong when Rule says so. n counts the calls
// of all kinds, from 1. Rule may be called concurrently.
type FS struct {
	safefile.FS
	Rule func(n int64, op Op, name string) Fault

	count atomic.Int64
}

// Calls returns how many calls were made so far.
func (f *FS) Calls() int64 { return f.count.Load() }

func (f *FS) fault(op Op, name string) Fault { return f.Rule(f.count.Add(1), op, name) }

func (f *FS) fail(op Op, name string) error {
	if fault := f.fault(op, name); fault.Err != nil {
		return &fs.PathError{Op: string(op), Path: name, Err: fault.Err}
	}
	return nil
}

// Mkdir implements safefile.FS, as do the methods that follow.
func (f *FS) Mkdir(name string) error {
	if err := f.fail(Mkdir, name); err != nil {
		return err
	}
	return f.FS.Mkdir(name)
}

func (f *FS) Create(name string) (safefile.File, error) {
	if err := f.fail(Create, name); err != nil {
		return nil, err
	}
	next, err := f.FS.Create(name)
	return f.file(next, name, err)
}

func (f *FS) Clone(src safefile.Descriptor, name string) error {
	if err := f.fail(Clone, name); err != nil {
		return err
	}
	return f.FS.Clone(src, name)
}

func (f *FS) Link(old, name string) error {
	if err := f.fail(Link, name); err != nil {
		return err
	}
	return f.FS.Link(old, name)
}

func (f *FS) Open(name string) (safefile.File, error) {
	if err := f.fail(Open, name); err != nil {
		return nil, err
	}
	next, err := f.FS.Open(name)
	return f.file(next, name, err)
}

func (f *FS) file(next safefile.File, name string, err error) (safefile.File, error) {
	if err != nil {
		return nil, err
	}
	return &file{next, f, name}, nil
}

func (f *FS) Rename(old, name string) error {
	if err := f.fail(Rename, name); err != nil {
		return err
	}
	return f.FS.Rename(old, name)
}

func (f *FS) Remove(name string) error {
	if err := f.fail(Remove, name); err != nil {
		return err
	}
	return f.FS.Remove(name)
}

func (f *FS) Lstat(name string) (fs.FileInfo, error) {
	if err := f.fail(Lstat, name); err != nil {
		return nil, err
	}
	return f.FS.Lstat(name)
}

func (f *FS) ReadDir(name string) ([]fs.DirEntry, error) {
	if err := f.fail(ReadDir, name); err != nil {
		return nil, err
	}
	return f.FS.ReadDir(name)
}

func (f *FS) Chtimes(name string, modified time.Time) error {
	if err := f.fail(Chtimes, name); err != nil {
		return err
	}
	return f.FS.Chtimes(name, modified)
}

func (f *FS) Sync(names ...string) error {
	if err := f.fail(Sync, ""); err != nil {
		return err
	}
	return f.FS.Sync(names...)
}

type file struct {
	safefile.File
	fs   *FS
	name string
}

func (f *file) Read(p []byte) (int, error) {
	if err := f.fs.fail(Read, f.name); err != nil {
		return 0, err
	}
	return f.File.Read(p)
}

func (f *file) Write(p []byte) (int, error) {
	switch fault := f.fs.fault(Write, f.name); {
	case fault.Garbage:
		other := make([]byte, len(p))
		for i := range p {
			other[i] = p[i] ^ 0x55
		}
		return f.File.Write(other)
	case fault.Short:
		n, err := f.File.Write(p[:len(p)/2])
		if err == nil {
			err = &fs.PathError{Op: string(Write), Path: f.name, Err: fault.Err}
		}
		return n, err
	case fault.Err != nil:
		return 0, &fs.PathError{Op: string(Write), Path: f.name, Err: fault.Err}
	}
	return f.File.Write(p)
}

func (f *file) Stat() (fs.FileInfo, error) {
	if err := f.fs.fail(Stat, f.name); err != nil {
		return nil, err
	}
	return f.File.Stat()
}

func (f *file) Chtimes(modified time.Time) error {
	if err := f.fs.fail(Chtimes, f.name); err != nil {
		return err
	}
	return f.File.Chtimes(modified)
}

func (f *file) Sync() error {
	if err := f.fs.fail(Sync, f.name); err != nil {
		return err
	}
	return f.File.Sync()
}

// Close closes the file whatever becomes of the call.
func (f *file) Close() error {
	err := f.fs.fail(Close, f.name)
	if closed := f.File.Close(); err == nil {
		err = closed
	}
	return err
}
