package mount

import (
	"slices"

	"golang.org/x/sys/unix"
)

// mounts returns all mount points, in the order in which they were mounted, as
// the kernel remembers them: none of them is asked.
func mounts() ([]string, error) {
	n, err := unix.Getfsstat(nil, unix.MNT_NOWAIT)
	if err != nil {
		return nil, err
	}
	stats := make([]unix.Statfs_t, n+16) // some may come meanwhile
	if n, err = unix.Getfsstat(stats, unix.MNT_NOWAIT); err != nil {
		return nil, err
	}
	list := make([]string, 0, n)
	for _, s := range stats[:n] {
		list = append(list, unix.ByteSliceToString(s.Mntonname[:]))
	}
	return list, nil
}

// mountedAt reports whether something is mounted exactly there.
func mountedAt(path string) (bool, error) {
	list, err := mounts()
	return slices.Contains(list, path), err
}

// unmountCommand and lazyCommand unmount what is mounted at a path; the second
// one also where it is in use.
func unmountCommand(path string) []string { return []string{"/sbin/umount", path} }
func lazyCommand(path string) []string {
	return []string{"/usr/sbin/diskutil", "unmount", "force", path}
}

// abort does nothing: macOS has no way to it but to end the program.
func abort(string) {}
