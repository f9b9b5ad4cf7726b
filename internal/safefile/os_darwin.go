package safefile

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// clone makes the new file name in a folder share the blocks of src (APFS,
// fclonefileat). A clone takes the source's mode with it; it gets our own.
func clone(src Descriptor, folder int, name string) error {
	err := unix.Fclonefileat(int(src.Fd()), folder, name, unix.CLONE_NOOWNERCOPY)
	switch err {
	case nil:
		return unix.Fchmodat(folder, name, 0o644, unix.AT_SYMLINK_NOFOLLOW)
	case unix.ENOTSUP, unix.EXDEV, unix.EINVAL:
		return ErrNoClone
	}
	return err
}

// syncsWhole is false: macOS cannot sync one file system as a whole.
func syncsWhole(*os.File) bool { return false }

func syncAll(*os.File) error { return errors.ErrUnsupported }

// syncMore makes one of several files durable together with the last of them.
// (*os.File).Sync asks the drive to empty its cache (F_FULLFSYNC), which costs
// milliseconds and holds for everything that reached the drive before: once at
// the end of a batch is enough.
func syncMore(f *os.File) error {
	if err := unix.Fsync(int(f.Fd())); err != nil {
		return &os.PathError{Op: "fsync", Path: f.Name(), Err: err}
	}
	return nil
}

// syncFile makes one file durable, in the drive too.
func syncFile(fd int) error {
	_, err := unix.FcntlInt(uintptr(fd), unix.F_FULLFSYNC, 0)
	return err
}

// chtimes goes by the file's name: what macOS has for an open file knows microseconds only.
func chtimes(f *file, at unix.Timespec) error { return f.dir.chtimes(f.name, at) }

func uncache(fd int) { unix.FcntlInt(uintptr(fd), unix.F_NOCACHE, 1) }

// direct does nothing: APFS clones, and where it cannot nothing was measured.
func direct(int) bool { return false }

func indirect(int) error { return nil }
