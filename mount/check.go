package mount

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"

	"github.com/photogo/photogo/internal/command"
)

// sentinelName is the file in a vault that proves that it is mounted.
const sentinelName = ".photogo-sentinel"

// sentinelText is what a sentinel holds.
var sentinelText = regexp.MustCompile(`^photogo vault [0-9a-f]{64}\n$`)

// writeSentinel puts a new sentinel into a vault.
func writeSentinel(root *os.Root) error {
	var random [32]byte
	rand.Read(random[:]) // never fails; see crypto/rand
	f, err := root.OpenFile(sentinelName, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(f, "photogo vault %x\n", random)
	return errors.Join(err, f.Sync(), f.Close())
}

// known makes sure that the sentinel is one, and the expected one.
func (m *Mounted) known() error {
	if !sentinelText.MatchString(m.sentinel) {
		return fmt.Errorf("%w: its %s is none", ErrSentinel, sentinelName)
	}
	if m.spec.Sentinel != "" && m.sentinel != m.spec.Sentinel {
		return fmt.Errorf("%w: its %s is another one", ErrSentinel, sentinelName)
	}
	return nil
}

// Check proves that the vault is mounted and answers. It takes no longer than
// Spec.Deadline and some seconds, also where the link is dead or the disk of the
// other machine hangs. Errors: ErrDead, ErrSentinel; the context's.
func (m *Mounted) Check(ctx context.Context) error {
	for name, p := range map[string]*command.Process{"sshfs": m.sshfs, "gocryptfs": m.crypt} {
		select {
		case <-p.Done():
			return fmt.Errorf("%w: %s ended: %w", ErrDead, name, explainEnd(p.Wait()))
		default:
		}
	}
	text, err := m.spec.read(ctx, m.spec.Deadline, filepath.Join(m.plain, sentinelName))
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	// The sentinel first: what was a mount then may be none now, but what is one
	// now may have been none then.
	for _, path := range []string{m.cipher, m.plain} {
		if ok, e := mountedAt(path); e != nil || !ok {
			return fmt.Errorf("%w: %s is not mounted any more (%v)", ErrDead, path, e)
		}
	}
	switch {
	case errors.Is(err, os.ErrNotExist):
		return fmt.Errorf("%w: its %s is gone", ErrSentinel, sentinelName)
	case err != nil:
		return err
	case string(text) != m.sentinel:
		return fmt.Errorf("%w: its %s is another one", ErrSentinel, sentinelName)
	}
	return nil
}

// explainEnd tells how a program ended that should not have.
func explainEnd(err error) error {
	if err == nil {
		return errors.New("it was unmounted")
	}
	return sshfsError(err)
}

// read reads a small file through a child process, so that photogo does not hang
// where the file system does. Errors: os.ErrNotExist; ErrDead for all else.
func (s Spec) read(ctx context.Context, wait time.Duration, name string) ([]byte, error) {
	c := command.Cmd{Name: "cat", Args: []string{"--", name}, Env: command.Environment(s.Env), Timeout: wait, Grace: time.Second}
	text, err := c.Output(ctx, 64<<10)
	var e *command.Error
	switch {
	case err == nil:
		return text, nil
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case errors.As(err, &e) && e.Err == nil && strings.Contains(e.Words, "No such file or directory"):
		return nil, fmt.Errorf("%s: %w", name, os.ErrNotExist)
	}
	return nil, fmt.Errorf("%w: read %s: %w", ErrDead, name, err)
}

// within runs a function that may hang, for a while. What it returns when nobody
// waits any more is given to late.
func within[T any](ctx context.Context, d time.Duration, do func() (T, error), late func(T)) (T, error) {
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() { v, err := do(); done <- result{v, err} }()
	timer := time.NewTimer(d)
	defer timer.Stop()
	var none T
	var err error
	select {
	case r := <-done:
		return r.value, r.err
	case <-ctx.Done():
		err = context.Cause(ctx)
	case <-timer.C:
		err = fmt.Errorf("%w in %v", ErrDead, d)
	}
	go func() { late((<-done).value) }()
	return none, err
}

// sameDevice reports whether a root is on the file system of a folder.
func sameDevice(root *os.Root, dir string) (bool, error) {
	a, err := root.Stat(".")
	if err != nil {
		return false, err
	}
	b, err := os.Stat(dir)
	if err != nil {
		return false, err
	}
	x, okX := a.Sys().(*syscall.Stat_t)
	y, okY := b.Sys().(*syscall.Stat_t)
	return okX && okY && x.Dev == y.Dev, nil
}
