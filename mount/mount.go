package mount

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/gofrs/flock"

	"github.com/photogo/photogo/internal/command"
	"github.com/photogo/photogo/ssh"
)

// Mounted is a vault that is mounted. Close must be called.
type Mounted struct {
	spec          Spec
	dir           string // of this run, in Base
	cipher, plain string // the mount points, below dir
	sshfs, crypt  *command.Process
	root          *os.Root
	sentinel      string
	config        []byte
	lock          *flock.Flock
	done          chan struct{}
	stop          chan struct{} // closed by Close
	once          sync.Once
	closed        error
}

// Mount mounts a vault. What an earlier run left behind is unmounted first. On
// error everything is undone. Errors: all of this package but ErrExists and
// ErrDead where the vault answered; command.ErrTimeout; the context's.
func Mount(ctx context.Context, s Spec) (*Mounted, error) { return mount(ctx, s, false) }

// Init makes a vault in a remote folder that is empty, and mounts it. The folder
// must exist. Errors: ErrExists and those of Mount.
func Init(ctx context.Context, s Spec) (*Mounted, error) {
	s.Sentinel, s.NewSentinel = "", true
	return mount(ctx, s, true)
}

func mount(ctx context.Context, s Spec, fresh bool) (_ *Mounted, err error) {
	if s, err = s.normal(); err != nil {
		return nil, err
	}
	m := &Mounted{spec: s, done: make(chan struct{}), stop: make(chan struct{})}
	if m.lock, err = lockBase(s.Base); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("mount %s: %w", s.source(), err), m.Close())
		}
	}()
	if _, err := sweep(ctx, s.Base, s.Env, true); err != nil {
		return nil, fmt.Errorf("clear up after an earlier run: %w", err)
	}
	if err := m.makeDirs(); err != nil {
		return nil, err
	}
	if err := m.startSSHFS(ctx, fresh); err != nil {
		return nil, err
	}
	if fresh {
		if err := m.makeVault(ctx); err != nil {
			return nil, err
		}
	}
	if err := m.startGocryptfs(ctx); err != nil {
		return nil, err
	}
	if err := m.open(ctx); err != nil {
		return nil, err
	}
	go m.watch()
	return m, nil
}

// lockBase makes sure that one photogo at a time mounts in a folder.
func lockBase(base string) (*flock.Flock, error) {
	l := flock.New(filepath.Join(base, "lock"), flock.SetPermissions(0o600))
	switch ok, err := l.TryLock(); {
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrSpec, err)
	case !ok:
		return nil, fmt.Errorf("%w: another photogo has something mounted in %s", ErrBusy, base)
	}
	return l, nil
}

// The names in the folder of a run.
const (
	runPrefix  = "run-"
	cipherName = "cipher"
	plainName  = "plain"
	sshConfig  = "ssh_config"
)

func (m *Mounted) makeDirs() (err error) {
	if m.dir, err = os.MkdirTemp(m.spec.Base, runPrefix); err != nil {
		return err
	}
	m.cipher, m.plain = filepath.Join(m.dir, cipherName), filepath.Join(m.dir, plainName)
	for _, dir := range []string{m.cipher, m.plain} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			return err
		}
	}
	f, err := os.OpenFile(filepath.Join(m.dir, sshConfig), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(m.spec.SSH.WriteConfig(f), f.Close())
}

// startSSHFS mounts the remote folder. With -f its words and its end are seen.
// There is no reconnecting, which would keep a mount alive whose open files are
// all dead.
func (m *Mounted) startSSHFS(ctx context.Context, fresh bool) (err error) {
	c := m.command("sshfs", "-f", "-F", filepath.Join(m.dir, sshConfig), "-o", "idmap=user", "--", m.spec.source(), m.cipher)
	// The context ends the waiting, not the program: it is ended in order.
	if m.sshfs, err = c.Start(context.WithoutCancel(ctx)); err != nil {
		return err
	}
	probe := func(ctx context.Context) error {
		config, err := m.spec.read(ctx, m.spec.Ready, filepath.Join(m.cipher, configName))
		if fresh && errors.Is(err, os.ErrNotExist) {
			return nil // a folder that answered
		}
		m.config = config
		return err
	}
	err = m.await(ctx, m.sshfs, m.cipher, probe, sshfsError)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return fmt.Errorf("%w: the folder holds no %s", ErrNoVault, configName)
	case err == nil && fresh && m.config != nil:
		return fmt.Errorf("%w: it holds a vault", ErrExists)
	}
	return err
}

// configName is the file in which gocryptfs keeps the vault's key, encrypted with
// the passphrase.
const configName = "gocryptfs.conf"

func (m *Mounted) makeVault(ctx context.Context) error {
	c := m.command("gocryptfs", "-init", "-q", "-passfile", "/dev/fd/3", "--", m.cipher)
	c.Secrets, c.Timeout = []io.WriterTo{m.spec.Passphrase}, m.spec.Ready
	if err := c.Run(ctx); err != nil {
		var e *command.Error
		if errors.As(err, &e) && e.Code == 6 {
			return ErrExists
		}
		return cryptError(err)
	}
	config, err := m.spec.read(ctx, m.spec.Ready, filepath.Join(m.cipher, configName))
	m.config = config
	return err
}

func (m *Mounted) startGocryptfs(ctx context.Context) (err error) {
	c := m.command("gocryptfs", "-fg", "-q", "-noprealloc", "-passfile", "/dev/fd/3", "--", m.cipher, m.plain)
	c.Secrets = []io.WriterTo{m.spec.Passphrase}
	if m.crypt, err = c.Start(context.WithoutCancel(ctx)); err != nil {
		return err
	}
	probe := func(ctx context.Context) error {
		text, err := m.spec.read(ctx, m.spec.Ready, filepath.Join(m.plain, sentinelName))
		if errors.Is(err, os.ErrNotExist) && m.spec.NewSentinel && m.spec.Sentinel == "" {
			return nil // open writes one
		}
		m.sentinel = string(text)
		return err
	}
	err = m.await(ctx, m.crypt, m.plain, probe, cryptError)
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%w: it holds no %s", ErrSentinel, sentinelName)
	}
	return err
}

func (m *Mounted) command(name string, args ...string) command.Cmd {
	return command.Cmd{Name: name, Args: args, Env: command.Environment(m.spec.Env), Grace: 2 * time.Second}
}

// await waits until a mount answers. A mount is listed before its program has
// reached the other machine, and the mount point is an ordinary folder before
// and after; so the probe counts only if the mount is listed afterwards, too.
func (m *Mounted) await(ctx context.Context, p *command.Process, path string, probe func(context.Context) error, explain func(error) error) error {
	late := time.NewTimer(m.spec.Ready)
	defer late.Stop()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		if ok, err := mountedAt(path); err != nil {
			return err
		} else if ok {
			err := probe(ctx)
			select {
			case <-p.Done():
				return explain(p.Wait())
			default:
			}
			if still, e := mountedAt(path); e != nil {
				return e
			} else if still && (err == nil || !errors.Is(err, ErrDead)) {
				return err
			}
			if err != nil && !errors.Is(err, os.ErrNotExist) {
				// Its program may be about to tell why.
				select {
				case <-p.Done():
					return explain(p.Wait())
				case <-time.After(2 * time.Second):
					return err
				}
			}
		}
		select {
		case <-p.Done():
			return explain(p.Wait())
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-late.C:
			return fmt.Errorf("%w: it was not ready in %v: %s", ErrDead, m.spec.Ready, strings.Join(strings.Fields(p.Words()), " "))
		case <-tick.C:
		}
	}
}

// sshfsError tells why sshfs ended before it was ready.
func sshfsError(err error) error {
	if err == nil {
		return fmt.Errorf("%w: sshfs ended without a word", ErrDead)
	}
	var e *command.Error
	if !errors.As(err, &e) {
		return err
	}
	switch cause := ssh.Classify(e.Words); {
	case cause != nil:
		return fmt.Errorf("%w: %w", cause, err)
	case strings.Contains(e.Words, "No such file or directory") && !strings.Contains(e.Words, "bad mount point") && !isFuse(e.Words),
		strings.Contains(e.Words, "Not a directory"), strings.Contains(e.Words, "Permission denied") && !isFuse(e.Words):
		return fmt.Errorf("%w: %w", ErrNoVault, err)
	case isFuse(e.Words):
		return fmt.Errorf("%w: %w", ErrFuse, err)
	case strings.Contains(e.Words, "remote host has disconnected"):
		return fmt.Errorf("%w: it may not allow sftp: %w", ssh.ErrUnreachable, err)
	}
	return err
}

// isFuse recognises what FUSE says when this machine does not let it mount.
func isFuse(words string) bool {
	for _, w := range []string{"/dev/fuse", "fuse: device not found", "fusermount", "failed to mount", "mount_macfuse"} {
		if strings.Contains(words, w) {
			return true
		}
	}
	return false
}

// cryptError tells the exit codes of gocryptfs apart.
func cryptError(err error) error {
	if err == nil {
		return fmt.Errorf("%w: gocryptfs ended without a word", ErrDead)
	}
	var e *command.Error
	if !errors.As(err, &e) {
		return err
	}
	switch e.Code {
	case 9, 12, 22:
		return fmt.Errorf("%w: %w", ErrPassphrase, err)
	case 6, 8, 11, 23:
		return fmt.Errorf("%w: %w", ErrNoVault, err)
	case 19:
		return fmt.Errorf("%w: %w", ErrFuse, err)
	}
	return err
}

// open opens the root of the mount, and makes sure that it is what it should be:
// on a file system of its own, and with the sentinel.
func (m *Mounted) open(ctx context.Context) error {
	type opened struct {
		root     *os.Root
		sentinel string
	}
	// What it does on its own may hang, and goes on when nobody waits any more.
	plain, dir, write := m.plain, m.dir, m.sentinel == "" && m.spec.NewSentinel
	o, err := within(ctx, m.spec.Ready, func() (o opened, err error) {
		if o.root, err = os.OpenRoot(plain); err != nil {
			return o, err
		}
		if same, err := sameDevice(o.root, dir); err != nil || same {
			return o, fmt.Errorf("%w: nothing is mounted there (%v)", ErrDead, err)
		}
		if write {
			if err := writeSentinel(o.root); err != nil {
				return o, fmt.Errorf("write %s: %w", sentinelName, err)
			}
		}
		text, err := o.root.ReadFile(sentinelName)
		o.sentinel = string(text)
		return o, err
	}, func(o opened) {
		if o.root != nil {
			o.root.Close()
		}
	})
	m.root = o.root
	if err != nil {
		return err
	}
	if !write && o.sentinel != m.sentinel {
		return fmt.Errorf("%w: its %s changed while it was read", ErrSentinel, sentinelName)
	}
	m.sentinel = o.sentinel
	return m.known()
}

// watch tells when the mount has ended. A mount that was taken away while
// something in it is open lives on without a name: neither program ends then.
func (m *Mounted) watch() {
	defer close(m.done)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-m.sshfs.Done():
			return
		case <-m.crypt.Done():
			return
		case <-m.stop:
			return
		case <-tick.C:
			for _, path := range []string{m.cipher, m.plain} {
				if ok, err := mountedAt(path); err == nil && !ok {
					return
				}
			}
		}
	}
}

// Root is the root of the vault. It is of no use after Close; until then what is
// done with it can take as long as the other machine does, and for ever where
// its disk hangs.
func (m *Mounted) Root() *os.Root { return m.root }

// Path is where the vault is mounted, for programs that need a path. What is
// written there when the mount is gone is written in clear: use Root.
func (m *Mounted) Path() string { return m.plain }

// Sentinel is the content of the vault's sentinel, to be remembered for
// Spec.Sentinel.
func (m *Mounted) Sentinel() string { return m.sentinel }

// Config is the vault's gocryptfs.conf. Who loses it loses the vault: it belongs
// to what is kept elsewhere, too. It is worthless without the passphrase.
func (m *Mounted) Config() []byte { return m.config }

// Done is closed when the mount has ended by itself: the link was lost, or
// somebody unmounted it; after Close, too. Close is to be called all the same.
func (m *Mounted) Done() <-chan struct{} { return m.done }
