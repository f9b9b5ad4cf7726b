package archive

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"syscall"
)

// Holder is a process that has a lock of borg's, as the lock tells it.
type Holder struct {
	Host  string // borg's name for the machine: NAME@NUMBER
	PID   int
	Cache bool // the lock is on this machine's cache; otherwise on the repository
}

func (h Holder) String() string {
	what := "the repository"
	if h.Cache {
		what = "the cache"
	}
	return fmt.Sprintf("process %d of %s (%s)", h.PID, oneLine(h.Host), what)
}

// owner is the name of a file in lock.exclusive: the machine, the process and
// the thread.
var owner = regexp.MustCompile(`^(.+)\.([0-9]+)-([0-9a-f]+)$`)

func readHolders(lock string, cache bool) (list []Holder) {
	entries, err := os.ReadDir(lock)
	if err != nil {
		return nil
	}
	for _, e := range entries {
		if m := owner.FindStringSubmatch(e.Name()); m != nil {
			pid, err := strconv.Atoi(m[2])
			if err != nil {
				pid = 0
			}
			list = append(list, Holder{m[1], pid, cache})
		}
	}
	return list
}

// holders finds who holds locks: on the caches, and on the repository if it is
// on this machine. What is locked elsewhere cannot be seen.
func (r *Repo) holders() (list []Holder) {
	if filepath.IsAbs(r.location) {
		list = readHolders(filepath.Join(r.location, exclusive), false)
	}
	for _, dir := range r.caches() {
		list = append(list, readHolders(filepath.Join(dir, exclusive), true)...)
	}
	return list
}

// The names that borg 1 gives its locks, in a repository and in a cache.
const (
	exclusive = "lock.exclusive"
	roster    = "lock.roster"
)

func (r *Repo) caches() []string {
	list, _ := filepath.Glob(filepath.Join(escape(r.opt.Dir), ".cache", "borg", "*"))
	return list
}

// escape makes a path match itself alone.
func escape(path string) string {
	return regexp.MustCompile(`[*?\[\\]`).ReplaceAllString(path, `\$0`)
}

// sweepLocks removes the locks on our own caches whose processes are gone. Borg
// removes stale locks itself as long as the machine has the name that it had; a
// Mac that got another name would be locked out for ever. The caches are used by
// processes of this machine alone, one photogo at a time, and so a process that
// does not exist here exists nowhere. Locks on the repository are never touched.
func (r *Repo) sweepLocks() error {
	for _, dir := range r.caches() {
		held := readHolders(filepath.Join(dir, exclusive), true)
		if len(held) == 0 {
			continue
		}
		for _, h := range held {
			if !gone(h.PID) {
				return nil
			}
		}
		for _, name := range []string{exclusive, roster} {
			if err := os.RemoveAll(filepath.Join(dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("remove a lock that was left behind: %w", err)
			}
		}
	}
	return nil
}

// gone reports whether there is certainly no such process.
func gone(pid int) bool {
	return pid > 0 && errors.Is(syscall.Kill(pid, 0), syscall.ESRCH)
}
