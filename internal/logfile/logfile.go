// Package logfile is a file that never grows beyond a size: when it is full it
// becomes FILE.1, what was FILE.1 becomes FILE.2, and the oldest goes.
//
// One process writes to it at a time. That is up to the caller, as is what a line
// holds.
package logfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
)

// File is an open log. Its methods may be called by several goroutines.
type File struct {
	path string
	max  int64
	keep int

	mu   sync.Mutex
	file *os.File
	size int64
}

// Open opens a log for appending, and makes it and its folder where they are not
// there; only the owner can read it. A write that would make the file larger than
// max bytes begins a new one; keep older ones stay. A path that is a symbolic link
// is refused, as what follows it need not be the user's.
func Open(path string, max int64, keep int) (*File, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("open the log: %w", err)
	}
	f := &File{path: path, max: max, keep: keep}
	if err := f.open(); err != nil {
		return nil, fmt.Errorf("open the log: %w", err)
	}
	return f, nil
}

func (f *File) open() error {
	file, err := os.OpenFile(f.path, os.O_WRONLY|os.O_APPEND|os.O_CREATE|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0o600)
	if err != nil {
		return err
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is no regular file", f.path)
	}
	if err != nil {
		file.Close()
		return err
	}
	f.file, f.size = file, info.Size()
	return nil
}

// Write writes p, which is kept in one file: callers write whole lines.
func (f *File) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.file == nil {
		return 0, fs.ErrClosed
	}
	if f.size > 0 && f.size+int64(len(p)) > f.max {
		// A log that cannot be moved goes on growing: its lines are worth more.
		if err := f.rotate(); err != nil && f.file == nil {
			return 0, fmt.Errorf("begin a new log: %w", err)
		}
	}
	n, err := f.file.Write(p)
	f.size += int64(n)
	return n, err
}

// rotate moves the files on by one and opens a new one.
func (f *File) rotate() error {
	if err := moveOn(f.path, f.keep); err != nil {
		return err
	}
	f.file.Close()
	f.file = nil
	return f.open()
}

// Rotate moves on, in the same way, a file that others append to, if it has more than
// max bytes. Who has it open goes on writing to it under its new name; the next one makes
// a new file. What is no regular file stays, as does what is not there.
func Rotate(path string, max int64, keep int) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && (!info.Mode().IsRegular() || info.Size() <= max) {
		return nil
	}
	if err == nil {
		err = moveOn(path, keep)
	}
	if err != nil {
		return fmt.Errorf("begin a new log: %w", err)
	}
	return nil
}

// moveOn gives each file the number after its own; the oldest goes.
func moveOn(path string, keep int) error {
	name := func(n int) string { return path + "." + strconv.Itoa(n) }
	if keep == 0 {
		return os.Remove(path)
	}
	for n := keep; n > 0; n-- {
		older := path
		if n > 1 {
			older = name(n - 1)
		}
		if err := os.Rename(older, name(n)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// Close closes the log. What was written is as durable as the system makes it.
func (f *File) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.file == nil {
		return nil
	}
	err := f.file.Close()
	f.file = nil
	return err
}
