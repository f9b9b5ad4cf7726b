package mount

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/photogo/photogo/ssh"
)

// Errors that a caller can test for with errors.Is. Those of package ssh tell why
// the other machine was not reached: ssh.ErrUnreachable, ssh.ErrHostKey,
// ssh.ErrDenied; command.ErrMissing is wrapped where sshfs, gocryptfs or
// fusermount3 is not installed.
var (
	// ErrSpec says that a Spec cannot be.
	ErrSpec = errors.New("cannot be mounted")
	// ErrBusy says that another photogo has something mounted at the same place,
	// or that something in the mounted folder is open.
	ErrBusy = errors.New("the mounted folder is in use")
	// ErrNoVault says that the remote folder is not there or holds no gocryptfs
	// vault.
	ErrNoVault = errors.New("there is no vault")
	// ErrExists says that the remote folder is not empty, and so no vault can be
	// made in it.
	ErrExists = errors.New("the remote folder is not empty")
	// ErrPassphrase says that the passphrase does not open the vault.
	ErrPassphrase = errors.New("the passphrase does not open the vault")
	// ErrSentinel says that the vault was opened, but its sentinel is missing or
	// another one: it may be another vault.
	ErrSentinel = errors.New("the vault is not the known one")
	// ErrFuse says that this machine cannot mount.
	ErrFuse = errors.New("this machine cannot mount file systems of programs")
	// ErrDead says that a mount does not prove itself any more, or never did.
	ErrDead = errors.New("the mounted folder does not answer")
	// ErrLeak says that files were written below a mount point, in clear.
	ErrLeak = errors.New("files were written in clear below a mount point")
	// ErrStillMounted says that something could not be unmounted.
	ErrStillMounted = errors.New("could not be unmounted")
)

// Spec says what to mount.
type Spec struct {
	User string // on the other machine; "": ssh's choice
	Host string
	Dir  string // the folder with the vault on the other machine; a whole path, or relative to the user's home
	SSH  ssh.Options

	// Passphrase writes the vault's passphrase. Its text reaches gocryptfs through
	// a pipe.
	Passphrase io.WriterTo

	// Base is the local folder in which mount points are made; a whole path. It
	// is made where there is none, and is photogo's own.
	Base string

	// Sentinel is the content of the vault's sentinel, as Mounted.Sentinel gave
	// it. "": the vault is not known yet, and any sentinel will do.
	Sentinel string
	// NewSentinel lets Mount write a sentinel where the vault has none, as one
	// that something else made.
	NewSentinel bool

	// Env is the environment that programs are given what they need of, as
	// os.Environ returns it.
	Env []string
	// Ready is how long each of the two programs may take until it is ready; 0:
	// one minute. Deadline is how long the vault may take to answer to
	// Mounted.Check; 0: 10 s.
	Ready, Deadline time.Duration
}

// normal returns the spec with its defaults, and Base without symbolic links, as
// the system lists mounts.
func (s Spec) normal() (Spec, error) {
	if err := ssh.CheckHost(s.User, s.Host); err != nil {
		return s, fmt.Errorf("%w: %w", ErrSpec, err)
	}
	if strings.ContainsAny(s.Dir, "\x00\n") || s.Dir == "" {
		return s, fmt.Errorf("%w: the vault needs a folder on %s", ErrSpec, s.Host)
	}
	if s.Passphrase == nil {
		return s, fmt.Errorf("%w: a vault needs a passphrase", ErrSpec)
	}
	if s.Ready == 0 {
		s.Ready = time.Minute
	}
	if s.Deadline == 0 {
		s.Deadline = 10 * time.Second
	}
	var err error
	s.Base, err = prepare(s.Base)
	return s, err
}

// prepare makes the folder of mount points.
func prepare(base string) (string, error) {
	if !filepath.IsAbs(base) {
		return "", fmt.Errorf("%w: the folder of mount points needs a whole path", ErrSpec)
	}
	if err := os.MkdirAll(base, 0o700); err != nil {
		return "", fmt.Errorf("%w: %w", ErrSpec, err)
	}
	base, err := filepath.EvalSymlinks(base)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrSpec, err)
	}
	info, err := os.Stat(base)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrSpec, err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return "", fmt.Errorf("%w: others can enter %s, the folder of mount points; chmod 700 makes it private", ErrSpec, base)
	}
	return base, nil
}

// source is how sshfs names the remote folder.
func (s Spec) source() string {
	host := s.Host
	if strings.Contains(host, ":") && !strings.HasPrefix(host, "[") {
		host = "[" + host + "]"
	}
	if s.User != "" {
		host = s.User + "@" + host
	}
	return host + ":" + s.Dir
}
