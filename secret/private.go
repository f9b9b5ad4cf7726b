package secret

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// nonblock keeps the opening of a pipe from waiting for a writer.
const nonblock = syscall.O_NONBLOCK

// private makes sure that a file belongs to the user and that nobody else can
// read or change it.
func private(info fs.FileInfo) error {
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return fmt.Errorf("%w: its mode is %04o; chmod 600 makes it private", ErrExposed, mode)
	}
	if stat, ok := info.Sys().(*syscall.Stat_t); !ok || int(stat.Uid) != os.Geteuid() {
		return fmt.Errorf("%w: it belongs to another user", ErrExposed)
	}
	return nil
}

// ForbidCore keeps this process, and the programs that it starts, from leaving
// their memory in a core file, where a passphrase could be found.
func ForbidCore() error {
	return syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{})
}
