package command

import (
	"io"
	"syscall"

	"golang.org/x/sys/unix"
)

// widen lets a pipe hold as much as it may, so that the program that writes into it
// waits less often. Where that is not allowed it stays as it is.
func widen(r io.Reader) {
	if c, ok := r.(syscall.Conn); ok {
		if raw, err := c.SyscallConn(); err == nil {
			raw.Control(func(fd uintptr) { unix.FcntlInt(fd, unix.F_SETPIPE_SZ, 4*pieces) })
		}
	}
}
