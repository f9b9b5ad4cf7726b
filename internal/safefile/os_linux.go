package safefile

import (
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// clone makes the new file name in a folder share the blocks of src (ioctl
// FICLONE: Btrfs, XFS, bcachefs, …).
func clone(src Descriptor, folder int, name string) error {
	dst, err := unix.Openat(folder, name, unix.O_RDWR|unix.O_CREAT|unix.O_EXCL|unix.O_CLOEXEC|unix.O_NOFOLLOW, 0o644)
	if err != nil {
		return err
	}
	err = unix.IoctlFileClone(dst, int(src.Fd()))
	unix.Close(dst)
	if err == nil {
		return nil
	}
	unix.Unlinkat(folder, name, 0)
	switch err {
	case unix.EOPNOTSUPP, unix.ENOTTY, unix.EXDEV, unix.EINVAL, unix.ENOSYS, unix.EPERM:
		return ErrNoClone
	}
	return err
}

// syncsWhole reports whether one call makes everything on the file system of
// top durable. Local disk file systems write everything back on syncfs and
// report errors of doing so. A network or FUSE file system only hands its pages
// to somebody else: there each file is synced by itself.
func syncsWhole(top *os.File) bool {
	var st unix.Statfs_t
	if err := unix.Fstatfs(int(top.Fd()), &st); err != nil {
		return false
	}
	switch uint32(st.Type) {
	case unix.EXT4_SUPER_MAGIC, unix.XFS_SUPER_MAGIC, unix.BTRFS_SUPER_MAGIC, unix.F2FS_SUPER_MAGIC,
		unix.TMPFS_MAGIC, bcachefsMagic, zfsMagic:
		return kernelReportsSyncErrors()
	}
	return false
}

// From the kernel's sources; golang.org/x/sys does not name them.
const (
	bcachefsMagic = 0xca451a4e
	zfsMagic      = 0x2fc12fc1
)

func syncAll(top *os.File) error {
	if err := unix.Syncfs(int(top.Fd())); err != nil {
		return &os.PathError{Op: "syncfs", Path: top.Name(), Err: err}
	}
	return nil
}

// syncMore makes one of several files durable.
func syncMore(f *os.File) error { return f.Sync() }

// Before Linux 5.8 syncfs did not tell of failed writes.
func kernelReportsSyncErrors() bool {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return false
	}
	var major, minor int
	if _, err := fmt.Sscanf(unix.ByteSliceToString(u.Release[:]), "%d.%d", &major, &minor); err != nil {
		return false
	}
	return major > 5 || major == 5 && minor >= 8
}

// syncFile makes one file durable.
func syncFile(fd int) error { return unix.Fsync(fd) }

// chtimes is futimens, which golang.org/x/sys has by a name in /proc only.
func chtimes(f *file, at unix.Timespec) error {
	times := [2]unix.Timespec{at, at}
	_, _, errno := unix.Syscall6(unix.SYS_UTIMENSAT, uintptr(f.fd), 0, uintptr(unsafe.Pointer(&times)), 0, 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}

func uncache(fd int) { unix.Fadvise(fd, 0, 0, unix.FADV_DONTNEED) }

// direct is for the file systems that hand a direct write to the disk as it is. What
// a network or FUSE file system makes of it is its own affair.
func direct(fd int) bool {
	var st unix.Statfs_t
	if unix.Fstatfs(fd, &st) != nil || uint32(st.Type) != unix.EXT4_SUPER_MAGIC && uint32(st.Type) != unix.XFS_SUPER_MAGIC {
		return false
	}
	return setDirect(fd, unix.O_DIRECT) == nil
}

func indirect(fd int) error { return setDirect(fd, 0) }

func setDirect(fd, flag int) error {
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	if err == nil {
		_, err = unix.FcntlInt(uintptr(fd), unix.F_SETFL, flags&^unix.O_DIRECT|flag)
	}
	return err
}
