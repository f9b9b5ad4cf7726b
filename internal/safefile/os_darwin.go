package safefile

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// clone makes the new file name in dir share the blocks of src (APFS,
// fclonefileat). A clone takes the source's mode with it; it gets our own.
func clone(dir *os.Root, src *os.File, name string) error {
	at, err := dir.Open(".")
	if err != nil {
		return err
	}
	defer at.Close()
	err = unix.Fclonefileat(int(src.Fd()), int(at.Fd()), name, unix.CLONE_NOOWNERCOPY)
	switch {
	case err == nil:
		return dir.Chmod(name, 0o644)
	case errors.Is(err, unix.ENOTSUP), errors.Is(err, unix.EXDEV), errors.Is(err, unix.EINVAL):
		return ErrNoClone
	}
	return fmt.Errorf("clone %s: %w", src.Name(), err)
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
