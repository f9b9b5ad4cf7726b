package safefile

import (
	"io"
	"io/fs"
	"path"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// file is an open file of a Dir: regular files never wait, so that they need
// nothing of what os.File does to wait for pipes and sockets, which for small
// files costs more than their bytes.
type file struct {
	dir    *Dir
	fd     int // -1 when closed
	name   string
	direct bool // see Direct
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
		if f.direct && !aligned(part) {
			if err := f.indirect(); err != nil {
				return done, err
			}
		}
		n := 0
		err := retry(func() (err error) { n, err = unix.Write(f.fd, part); return err })
		if err == unix.EINVAL && f.direct { // a disk with larger blocks
			if err := f.indirect(); err != nil {
				return done, err
			}
			continue
		}
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

// block is what the bytes of a direct write must be a multiple of, and begin at, in
// memory and in the file: the largest block of common disks.
const block = 4096

func aligned(p []byte) bool {
	return len(p)%block == 0 && uintptr(unsafe.Pointer(unsafe.SliceData(p)))%block == 0
}

// Buffer returns n bytes that begin where Direct wants them to.
func Buffer(n int) []byte {
	b := make([]byte, n+block)
	skip := (block - int(uintptr(unsafe.Pointer(&b[0]))%block)) % block
	return b[skip:][:n:n]
}

// Direct lets what is written to a new file go to the disk at once instead of into
// the system's memory first: for a large file that is less work, and nothing else
// has to leave that memory. It lasts while whole blocks from a Buffer are written; the
// first other write, as of a file's end, and all after it, go the usual way. Nothing
// is durable without Sync. Where the file system is not known to be faster so it does
// nothing.
func Direct(f File) {
	if own, ok := f.(*file); ok {
		own.direct = direct(own.fd)
	}
}

func (f *file) indirect() error {
	f.direct = false
	return f.wrap("write", indirect(f.fd))
}

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

// Fd implements Descriptor.
func (f *file) Fd() uintptr { return uintptr(f.fd) }

// Chtimes implements File.
func (f *file) Chtimes(modified time.Time) error {
	at, err := timespec(modified)
	if err == nil {
		err = retry(func() error { return chtimes(f, at) })
	}
	return f.wrap("chtimes", err)
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
