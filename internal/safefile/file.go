package safefile

import (
	"io"
	"io/fs"
	"path"

	"golang.org/x/sys/unix"
)

// file is an open file of a Dir: regular files never wait, so that they need
// nothing of what os.File does to wait for pipes and sockets, which for small
// files costs more than their bytes.
type file struct {
	dir  *Dir
	fd   int // -1 when closed
	name string
}

func (f *file) wrap(op string, err error) error {
	if err == nil {
		return nil
	}
	return &fs.PathError{Op: op, Path: path.Join(f.dir.Name(), f.name), Err: err}
}

// Read implements io.Reader.
func (f *file) Read(p []byte) (n int, err error) {
	if len(p) == 0 {
		return 0, nil
	}
	err = retry(func() error { n, err = unix.Read(f.fd, p[:min(len(p), atOnce)]); return err })
	if err != nil {
		return 0, f.wrap("read", err)
	}
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

// Write implements io.Writer.
func (f *file) Write(p []byte) (done int, err error) {
	for done < len(p) {
		part := p[done:min(len(p), done+atOnce)]
		n := 0
		err := retry(func() (err error) { n, err = unix.Write(f.fd, part); return err })
		if err == nil && n == 0 {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return done, f.wrap("write", err)
		}
		done += n
	}
	return done, nil
}

// atOnce is how much is read or written at a time: macOS refuses 2 GiB and more.
const atOnce = 1 << 30

// Seek implements io.Seeker.
func (f *file) Seek(offset int64, whence int) (int64, error) {
	at, err := unix.Seek(f.fd, offset, whence)
	return at, f.wrap("seek", err)
}

// Stat implements File.
func (f *file) Stat() (fs.FileInfo, error) {
	info := &fileInfo{name: path.Base(f.name)}
	err := retry(func() error { return unix.Fstat(f.fd, &info.stat) })
	if err != nil {
		return nil, f.wrap("stat", err)
	}
	return info, nil
}

// Sync implements File.
func (f *file) Sync() error {
	return f.wrap("sync", retry(func() error { return syncFile(f.fd) }))
}

// Close implements io.Closer. Whatever it says, the file is closed: the kernel
// lets go of it even where a signal interrupts.
func (f *file) Close() error {
	if f.fd < 0 {
		return f.wrap("close", fs.ErrClosed)
	}
	err := unix.Close(f.fd)
	f.fd = -1
	if err == unix.EINTR {
		err = nil
	}
	return f.wrap("close", err)
}

// Uncache makes the next reading of a file come from the disk, as far as the
// system can: what lies in memory proves nothing of what is on it. Files that
// are no file of a Dir stay as they are.
func Uncache(f File) {
	if own, ok := f.(*file); ok {
		uncache(own.fd) // a hint only
	}
}
