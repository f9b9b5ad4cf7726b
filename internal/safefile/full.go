package safefile

import (
	"errors"
	"fmt"
	"syscall"
)

// Room is how many bytes more the disk of a file or folder takes from a user who is
// not its administrator.
func Room(name string) (int64, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(name, &s); err != nil {
		return 0, fmt.Errorf("room on the disk of %s: %w", name, err)
	}
	return int64(uint64(s.Bavail) * uint64(s.Bsize)), nil
}

// Little is less room than any program can work with.
const Little = 1 << 20

// Full tells by its name that a disk is full. Many a layer between a disk and who
// writes has other words for it: SSHFS an input/output error, SQLite an error of its
// own. An error of writing to the disk of name becomes syscall.ENOSPC there if the
// disk has less room than the bytes that were to be written, or next to none; any other
// stays as it is.
func Full(name string, bytes int64, err error) error {
	if err == nil || errors.Is(err, syscall.ENOSPC) {
		return err
	}
	if room, e := Room(name); e != nil || room >= max(bytes, Little) {
		return err
	}
	return fmt.Errorf("%w: %w", syscall.ENOSPC, err)
}
