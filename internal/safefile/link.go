package safefile

import (
	"errors"

	"golang.org/x/sys/unix"
)

// Link implements FS.
func (d *Dir) Link(old, name string) error {
	err := d.at("link", old, func(from int, oldBase string) error {
		return d.at("link", name, func(to int, base string) error { return unix.Linkat(from, oldBase, to, base, 0) })
	})
	for _, cannot := range []error{unix.EPERM, unix.EOPNOTSUPP, unix.ENOTSUP, unix.ENOSYS, unix.EMLINK, unix.EXDEV} {
		if errors.Is(err, cannot) {
			return ErrNoLink
		}
	}
	return err
}
