package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gofrs/flock"

	"github.com/photogo/photogo/internal/command"
	"github.com/photogo/photogo/internal/safefile"
	"github.com/photogo/photogo/ssh"
)

// Options are what a repository has of the world.
type Options struct {
	// Passphrase writes the repository's passphrase; it is asked for each run of
	// borg. Its text reaches borg through a pipe.
	Passphrase io.WriterTo
	// Dir is the folder where borg keeps its caches, and what it remembers of
	// repositories; it is made where there is none. It must be on a local disk
	// and be kept: without it a repository that was replaced is not noticed.
	Dir string
	// Env is the environment that borg is given what it needs of, as os.Environ
	// returns it.
	Env []string
	// SSH says how to connect to a repository on another machine.
	SSH ssh.Options
	// Program is the borg to run; "": the one in PATH.
	Program string
	// RemoteProgram is the borg to run on the other machine; "": the one there.
	RemoteProgram string
	// LockWait is how long to wait for another borg; 0: 10 s.
	LockWait time.Duration
	// Now tells the time; nil: time.Now.
	Now func() time.Time
	// Silence is how long borg may say nothing before it is ended; 0: 30 minutes.
	Silence time.Duration
}

// Repo is a borg repository. Its methods are called one at a time.
type Repo struct {
	location string
	opt      Options
	rsh      string
	version  string
	lock     *flock.Flock
}

// Open prepares the use of a repository, /PATH or ssh://USER@HOST[:PORT]/PATH or
// USER@HOST:PATH; whether it is there is seen later. Close lets others use
// Options.Dir. Errors: ErrUnsupported, ErrRefused, ErrBusy; command.ErrMissing.
func Open(ctx context.Context, location string, opt Options) (_ *Repo, err error) {
	if err := checkLocation(location); err != nil {
		return nil, err
	}
	if opt.Passphrase == nil {
		return nil, fmt.Errorf("%w: a repository needs a passphrase", ErrRefused)
	}
	if !filepath.IsAbs(opt.Dir) {
		return nil, fmt.Errorf("%w: the folder of borg's caches needs a whole path", ErrRefused)
	}
	if opt.Program == "" {
		opt.Program = "borg"
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.LockWait == 0 {
		opt.LockWait = 10 * time.Second
	}
	if opt.Silence == 0 {
		opt.Silence = 30 * time.Minute
	}
	r := &Repo{location: location, opt: opt}
	if r.rsh, err = opt.SSH.Command(); err != nil {
		return nil, err
	}
	if r.version, err = BorgVersion(ctx, opt.Program, opt.Env); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(opt.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRefused, err)
	}
	r.lock = flock.New(filepath.Join(opt.Dir, "photogo.lock"), flock.SetPermissions(0o600))
	switch ok, err := r.lock.TryLock(); {
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrRefused, err)
	case !ok:
		return nil, fmt.Errorf("%w in %s", ErrBusy, opt.Dir)
	}
	return r, nil
}

// Close lets others use the folder of caches.
func (r *Repo) Close() error { return r.lock.Close() }

// Location returns where the repository is.
func (r *Repo) Location() string { return r.location }

// Version returns the version of borg, such as 1.2.4.
func (r *Repo) Version() string { return r.version }

// Notices returns what a user should know of this borg; mostly nothing.
func (r *Repo) Notices() []string {
	if _, minor, patch, ok := parseVersion(r.version); ok && minor == 2 && patch < 8 {
		return []string{"borg " + r.version + " is old: since 1.2.5 archives that were smuggled into a repository are recognised (CVE-2023-36811), unless your system has mended this one"}
	}
	return nil
}

// checkLocation refuses what borg would take for something else.
func checkLocation(location string) error {
	refuse := func(why string) error { return fmt.Errorf("%w: repository %q: %s", ErrRefused, location, why) }
	if strings.ContainsAny(location, "{}\x00\n") || strings.Contains(location, "::") {
		return refuse("it holds a character that borg takes for something else")
	}
	if u, err := url.Parse(location); err == nil && u.Scheme == "ssh" {
		if u.Path == "" || u.Path == "/" {
			return refuse("there is no path in it")
		}
		if _, has := u.User.Password(); has {
			return fmt.Errorf("%w: a repository's address holds no password", ErrRefused)
		}
		return ssh.CheckHost(u.User.Username(), u.Hostname())
	}
	if strings.Contains(location, "://") {
		return refuse("borg 1 knows ssh:// alone")
	}
	if filepath.IsAbs(location) {
		return nil
	}
	if machine, path, ok := strings.Cut(location, ":"); ok && path != "" && !strings.Contains(machine, "/") {
		user, host, both := strings.Cut(machine, "@")
		if !both {
			user, host = "", machine
		}
		return ssh.CheckHost(user, host)
	}
	return refuse("neither /PATH, ssh://USER@HOST/PATH nor USER@HOST:PATH")
}

// checkName refuses names of archives that borg, or a file system, would take
// for something else.
func checkName(name string) error {
	if !archiveName.MatchString(name) || utf8.RuneCountInString(name) > maxName || checkpoint.MatchString(name) {
		return fmt.Errorf("%w: %q is no name for an archive: letters, digits and . _ - + @, up to %d, a letter or digit first, and not .checkpoint at the end", ErrRefused, name, maxName)
	}
	return nil
}

// maxName is the length of an archive's name, in characters.
const maxName = 200

var (
	// Without the length: to count as many letters of any script costs each start of
	// the program 16 ms.
	archiveName = regexp.MustCompile(`^[\pL\pN][\pL\pN\pM._+@-]*$`)
	checkpoint  = regexp.MustCompile(`\.checkpoint(\.[0-9]+)?$`)
	versionLine = regexp.MustCompile(`^borg[^ ]* ([0-9]+)\.([0-9]+)\.([0-9]+)`)
)

// BorgVersion runs a borg, "" for the one in PATH of env, and returns its version, such
// as 1.2.4. Errors: ErrUnsupported where photogo cannot work with it; command.ErrMissing.
func BorgVersion(ctx context.Context, program string, env []string) (string, error) {
	if program == "" {
		program = "borg"
	}
	c := command.Cmd{Name: program, Args: []string{"--version"}, Env: command.Environment(env), Timeout: time.Minute}
	out, err := c.Output(ctx, 1<<10)
	if err != nil {
		return "", fmt.Errorf("ask for borg's version: %w", err)
	}
	version := strings.TrimSpace(string(out))
	major, minor, _, ok := parseVersion(version)
	switch {
	case !ok:
		return "", fmt.Errorf("%w: it calls itself %q", ErrUnsupported, oneLine(version))
	case major >= 2:
		return "", fmt.Errorf("%w: it is %s, whose repositories and commands are others; photogo needs borg 1.2 or 1.4, which can be installed beside it", ErrUnsupported, oneLine(version))
	case major < 1 || minor < 2:
		return "", fmt.Errorf("%w: it is %s; photogo needs borg 1.2 or 1.4", ErrUnsupported, oneLine(version))
	}
	return strings.TrimPrefix(version, "borg "), nil
}

// parseVersion reads "borg 1.2.4" or "1.2.4".
func parseVersion(text string) (major, minor, patch int, ok bool) {
	if !strings.HasPrefix(text, "borg") {
		text = "borg " + text
	}
	m := versionLine.FindStringSubmatch(text)
	if m == nil {
		return 0, 0, 0, false
	}
	n := func(s string) int { n, _ := strconv.Atoi(s); return n }
	return n(m[1]), n(m[2]), n(m[3]), true
}

// borg is the command for a run of borg. The repository and all else that borg
// is told stands in its environment, which holds no secret.
func (r *Repo) borg(l *log, args ...string) command.Cmd {
	lines := &command.Lines{Max: 256 << 10, Line: l.line}
	common := []string{"--log-json", "--progress", "--lock-wait", strconv.Itoa(int(r.opt.LockWait / time.Second))}
	env := []string{
		"TZ=UTC", "BORG_REPO=" + r.location, "BORG_BASE_DIR=" + r.opt.Dir, "BORG_RSH=" + r.rsh, "BORG_PASSPHRASE_FD=3",
		// A question means that something is not as it was; the answer is no.
		"BORG_RELOCATED_REPO_ACCESS_IS_OK=no", "BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK=no",
		"BORG_CHECK_I_KNOW_WHAT_I_AM_DOING=NO", "BORG_DELETE_I_KNOW_WHAT_I_AM_DOING=NO", "BORG_DISPLAY_PASSPHRASE=no",
	}
	if r.opt.RemoteProgram != "" {
		env = append(env, "BORG_REMOTE_PATH="+r.opt.RemoteProgram)
	}
	return command.Cmd{
		Name: r.opt.Program, Args: append(common, args...), Env: command.Environment(r.opt.Env, env...),
		Stderr: lines, Secrets: []io.WriterTo{r.opt.Passphrase}, Silence: r.opt.Silence,
		Grace: 30 * time.Second, // borg finishes what it has, and lets go of its locks
	}
}

// run runs borg to its end, and returns what it wrote to stdout.
func (r *Repo) run(ctx context.Context, op string, l *log, c command.Cmd) ([]byte, error) {
	if err := r.sweepLocks(); err != nil {
		return nil, err
	}
	out, err := c.Output(ctx, 256<<20)
	return out, r.explain(op, l, err)
}

// explain turns what borg said into an error, and for a lock finds who holds it.
func (r *Repo) explain(op string, l *log, failed error) error {
	err := l.verdict(op, failed)
	var e *Error
	switch {
	case !errors.As(err, &e):
	case errors.Is(e.Err, ErrLocked):
		e.Holders = r.holders()
	case e.Err == ErrFull:
		// Borg has the same words for either disk.
		if room, err := safefile.Room(r.opt.Dir); err == nil && room < safefile.Little {
			e.Err = ErrCacheFull
		}
	case e.Err == ssh.ErrUnreachable && ssh.Classify(strings.Join(e.More, "\n")) == nil:
		r.diagnose(e)
	}
	return err
}

// diagnose asks ssh itself why a machine was not reached: borg often misses the
// words of an ssh that ended before borg listened, or the last of them. The command that is run over
// there does nothing; a key that may only serve borg serves nobody then.
func (r *Repo) diagnose(e *Error) {
	machine, port := machineOf(r.location)
	if machine == "" {
		return
	}
	script := r.rsh + ` -T "$@" exit`
	args := []string{"-c", script, "ssh"}
	if port != "" {
		args = append(args, "-p", port)
	}
	c := command.Cmd{Name: "sh", Args: append(args, "--", machine), Env: command.Environment(r.opt.Env), Timeout: time.Minute, Grace: time.Second}
	var failed *command.Error
	if err := c.Run(context.Background()); !errors.As(err, &failed) {
		return
	}
	if cause := ssh.Classify(failed.Words); cause != nil {
		e.Err, e.More = cause, []string{failed.Words}
	}
}

// machineOf returns the user and host of a location, and its port; "" where there
// is none.
func machineOf(location string) (machine, port string) {
	if u, err := url.Parse(location); err == nil && u.Scheme == "ssh" {
		if machine = u.Hostname(); u.User != nil {
			machine = u.User.Username() + "@" + machine
		}
		return machine, u.Port()
	}
	if filepath.IsAbs(location) {
		return "", ""
	}
	machine, _, _ = strings.Cut(location, ":")
	return machine, ""
}

// Encryption is how a repository is encrypted.
type Encryption string

// The encryptions that photogo makes repositories with. The key lies in the
// repository, and is encrypted with the passphrase.
const (
	Repokey       Encryption = "repokey"        // with SHA-256; the default
	RepokeyBlake2 Encryption = "repokey-blake2" // faster on processors without instructions for SHA
)

// Init makes the repository. Its parent folder must exist. Errors: ErrExists.
func (r *Repo) Init(ctx context.Context, e Encryption) error {
	if e == "" {
		e = Repokey
	}
	if e != Repokey && e != RepokeyBlake2 {
		return fmt.Errorf("%w: encryption %q: %s and %s are known", ErrRefused, e, Repokey, RepokeyBlake2)
	}
	l := &log{}
	_, err := r.run(ctx, "make the repository", l, r.borg(l, "init", "--encryption", string(e)))
	return err
}

// Key returns the repository's key as borg exports it. With it and the
// passphrase a repository can be read whose own copy of the key was lost; it is
// worthless without the passphrase.
func (r *Repo) Key(ctx context.Context) ([]byte, error) {
	l := &log{}
	return r.run(ctx, "export the key", l, r.borg(l, "key", "export", "::", "-"))
}
