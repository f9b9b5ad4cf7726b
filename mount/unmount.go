package mount

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/photogo/photogo/internal/command"
)

// Close unmounts the vault: the root, gocryptfs, sshfs, in this order, lazily
// where something holds on to them, and then removes the mount points. It takes
// no longer than about a minute, whatever hangs. Errors: ErrStillMounted,
// ErrLeak. It may be called again, and returns the same.
func (m *Mounted) Close() error {
	m.once.Do(func() { m.closed = m.close() })
	return m.closed
}

func (m *Mounted) close() error {
	// It must be done, also when the user has interrupted everything else.
	ctx := context.Background()
	close(m.stop)
	if m.root != nil {
		m.root.Close()
	}
	u := unmounter{env: m.spec.Env, lazily: true}
	var errs []error
	for _, one := range []struct {
		path  string
		p     *command.Process
		below string
	}{{m.plain, m.crypt, m.cipher}, {m.cipher, m.sshfs, m.cipher}} {
		if one.p == nil {
			continue
		}
		errs = append(errs, u.unmount(ctx, one.path))
		if !ended(one.p, 3*time.Second) {
			// It waits for what is below it, which does not answer.
			abort(one.below)
			one.p.End()
		}
		if ok, err := mountedAt(one.path); ok || err != nil {
			errs = append(errs, u.unmount(ctx, one.path)) // what a killed program leaves
		}
	}
	if m.dir != "" {
		errs = append(errs, removeRun(m.dir))
	}
	if m.lock != nil {
		errs = append(errs, m.lock.Close())
	}
	return errors.Join(errs...)
}

func ended(p *command.Process, wait time.Duration) bool {
	select {
	case <-p.Done():
		return true
	case <-time.After(wait):
		return false
	}
}

// unmounter unmounts by the system's own programs.
type unmounter struct {
	env    []string
	lazily bool // where it does not go otherwise
}

// unmount unmounts a path, and nothing else. Errors: ErrBusy, ErrStillMounted.
func (u unmounter) unmount(ctx context.Context, path string) error {
	var last error
	// A file that was just closed can hold on for a moment.
	for try := 0; try < 10; try++ {
		ok, err := mountedAt(path)
		if err != nil {
			return err
		}
		if !ok {
			return nil
		}
		if last = u.run(ctx, unmountCommand(path)); last != nil {
			time.Sleep(100 * time.Millisecond)
		}
	}
	if !u.lazily {
		return fmt.Errorf("%w: %s: %w", ErrBusy, path, last)
	}
	last = u.run(ctx, lazyCommand(path))
	if ok, err := mountedAt(path); err != nil || ok {
		return fmt.Errorf("%s: %w: %w", path, ErrStillMounted, errors.Join(err, last))
	}
	return nil
}

func (u unmounter) run(ctx context.Context, args []string) error {
	c := command.Cmd{Name: args[0], Args: args[1:], Env: command.Environment(u.env), Timeout: 10 * time.Second, Grace: time.Second}
	return c.Run(ctx)
}

// removeRun removes the folder of a run. A mount point that is not empty holds
// what was written below the mount.
func removeRun(dir string) error {
	for _, name := range []string{plainName, cipherName} {
		path := filepath.Join(dir, name)
		if ok, err := mountedAt(path); ok || err != nil {
			return fmt.Errorf("%s: %w", path, errors.Join(ErrStillMounted, err))
		}
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			if entries, e := os.ReadDir(path); e == nil && len(entries) > 0 {
				return fmt.Errorf("%w: look into %s, move away what is there, and remove the folder", ErrLeak, path)
			}
			return err
		}
	}
	os.Remove(filepath.Join(dir, sshConfig))
	return os.Remove(dir)
}

// Unmount unmounts what photogo has mounted in a folder of mount points, and
// removes what an earlier run left there. What another photogo is using just now
// is unmounted too, which that one will notice, unless something is open in it:
// ErrBusy, but with force. It returns how many mounts there were. Errors:
// ErrBusy, ErrStillMounted, ErrLeak.
func Unmount(ctx context.Context, base string, env []string, force bool) (int, error) {
	if _, err := os.Stat(base); errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	base, err := prepare(base)
	if err != nil {
		return 0, err
	}
	lock, err := lockBase(base)
	if errors.Is(err, ErrBusy) {
		// Whoever mounted it removes its mount points.
		return unmountBelow(ctx, base, env, force)
	} else if err != nil {
		return 0, err
	}
	defer lock.Close()
	return sweep(ctx, base, env, force)
}

// unmountBelow unmounts what is mounted below a folder, the last mount first.
func unmountBelow(ctx context.Context, base string, env []string, lazily bool) (n int, err error) {
	u := unmounter{env: env, lazily: lazily}
	list, err := mounts()
	if err != nil {
		return 0, err
	}
	for i := len(list) - 1; i >= 0; i-- {
		rest, ok := strings.CutPrefix(list[i], base+"/")
		if !ok || !strings.HasPrefix(rest, runPrefix) {
			continue
		}
		// Where something cannot be unmounted what is below it stays.
		if err := u.unmount(ctx, list[i]); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// sweep undoes what runs left behind that nobody ends any more. The caller holds
// the lock.
func sweep(ctx context.Context, base string, env []string, lazily bool) (int, error) {
	n, err := unmountBelow(ctx, base, env, lazily)
	if err != nil {
		return n, err
	}
	entries, err := os.ReadDir(base)
	if err != nil {
		return n, err
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), runPrefix) {
			if err := removeRun(filepath.Join(base, e.Name())); err != nil {
				return n, err
			}
		}
	}
	return n, nil
}
