package agent

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/photogo/photogo/internal/command"
	"github.com/photogo/photogo/internal/safefile"
)

// Errors that a caller can test for with errors.Is. command.ErrMissing is wrapped
// where launchctl or systemctl is not there, a *command.Error where it failed.
var (
	// ErrUnfit says that an Agent cannot be run by a timer as it is.
	ErrUnfit = errors.New("no timer can run this")
	// ErrSession says that nobody is logged in whose timers could be changed, as
	// over ssh to a Mac at whose screen nobody is.
	ErrSession = errors.New("the user has no session that timers run in")
	// ErrSystem says that the system has no timers that photogo knows.
	ErrSystem = errors.New("photogo knows no timers of this system")
)

// Agent says what is run, and how often.
type Agent struct {
	Program  string        // absolute path
	Args     []string      // without the program
	Env      []string      // what the program finds in its environment, NAME=value; PATH should be there
	Interval time.Duration // between two starts; whole seconds, from a minute to a day
	Log      string        // absolute path of what the program says to stdout and stderr; only launchd needs it
}

// System is what the package has of the world.
type System struct {
	GOOS   string // as runtime.GOOS names it
	Home   string // absolute
	Config string // XDG_CONFIG_HOME; "": ~/.config. Only systemd looks there
	UID    int
	Env    []string // for launchctl and systemctl, as os.Environ returns it
	// Pause is how long to wait between two looks whether launchd has let go of
	// the older timer; 0: half a second.
	Pause time.Duration
}

// File is one of the timer's files.
type File struct {
	Path string // absolute
	Data []byte
}

// Result says what Install and Remove did.
type Result struct {
	Files   []string // the timer's files
	Changed bool     // false: all was as it should be
}

// Status says how the timer stands.
type Status struct {
	Files     []string
	Installed bool // all files are there
	Current   bool // and hold what Install would write
	Loaded    bool // launchd or systemd runs it
	Running   bool // the program runs just now
	LastExit  *int // exit code of the last run; nil: unknown, or it has not run yet

	Interval time.Duration // that the files have; 0: they are not there, or not of photogo's
}

// check says why an Agent cannot be run.
func (a Agent) check() error {
	for _, text := range append(append([]string{a.Program, a.Log}, a.Args...), a.Env...) {
		if !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) {
			return fmt.Errorf("%w: %q holds characters that cannot be seen", ErrUnfit, text)
		}
	}
	switch {
	case !filepath.IsAbs(a.Program) || strings.ContainsAny(a.Program, "$\"'\\"):
		// systemd takes no such program, however it is quoted.
		return fmt.Errorf("%w: %q is no whole path, or has quotes, a \\ or a $ in it", ErrUnfit, a.Program)
	case a.Log != "" && !filepath.IsAbs(a.Log):
		return fmt.Errorf("%w: %q is no whole path", ErrUnfit, a.Log)
	case a.Interval < time.Minute || a.Interval > 24*time.Hour || a.Interval%time.Second != 0:
		return fmt.Errorf("%w: every %s: it has to be from 1m to 24h, in whole seconds", ErrUnfit, a.Interval)
	}
	for _, e := range a.Env {
		if name, _, ok := strings.Cut(e, "="); !ok || name == "" {
			return fmt.Errorf("%w: %q is no NAME=value", ErrUnfit, e)
		}
	}
	return nil
}

// timer is what launchd and systemd have in common.
type timer interface {
	paths() []string
	files(Agent) ([]File, error)
	// interval reads how often the program is started from the last of the files.
	interval(data []byte) time.Duration
	// loaded says whether the system runs the timer, and will after a login.
	loaded(context.Context) (bool, error)
	// start makes the system take the files as they are now.
	start(ctx context.Context, loaded bool) error
	// stop makes the system forget the timer, with its files still there.
	stop(ctx context.Context, loaded bool) error
	// gone tells the system that the files are no longer there.
	gone(context.Context) error
	// look fills in Running and LastExit of a timer that is loaded.
	look(context.Context, *Status) error
}

func (s System) timer() (timer, error) {
	switch s.GOOS {
	case "darwin":
		return launchd{s}, nil
	case "linux":
		return systemd{s}, nil
	}
	return nil, fmt.Errorf("%w: %s", ErrSystem, s.GOOS)
}

// Files says which files the timer has, and what they hold. Errors: ErrUnfit,
// ErrSystem.
func Files(s System, a Agent) ([]File, error) {
	t, err := s.timer()
	if err != nil {
		return nil, err
	}
	if err := a.check(); err != nil {
		return nil, err
	}
	return t.files(a)
}

// Paths says where the timer's files are, or would be. Errors: ErrSystem.
func Paths(s System) ([]string, error) {
	t, err := s.timer()
	if err != nil {
		return nil, err
	}
	return t.paths(), nil
}

// Install writes the timer's files and starts the timer; the program then runs at
// once, and again after each interval. A timer that runs with the same files is
// left alone. Errors: ErrUnfit, ErrSystem, ErrSession.
func Install(ctx context.Context, s System, a Agent) (r Result, err error) {
	defer wrap(&err, "install the timer")
	files, err := Files(s, a)
	if err != nil {
		return r, err
	}
	t, err := s.timer()
	if err != nil {
		return r, err
	}
	same := true
	for _, f := range files {
		r.Files = append(r.Files, f.Path)
		same = same && holds(f)
	}
	loaded, err := t.loaded(ctx)
	if err != nil || same && loaded {
		return r, err
	}
	r.Changed = true
	for _, f := range files {
		if err := write(f); err != nil {
			return r, err
		}
	}
	if a.Log != "" {
		// launchd opens it before the program runs, and makes no folders.
		if err := os.MkdirAll(filepath.Dir(a.Log), 0o700); err != nil {
			return r, err
		}
	}
	return r, t.start(ctx, loaded)
}

// Remove stops the timer and removes its files. On macOS a run that is under way
// is asked to end. Errors: ErrSystem, ErrSession.
func Remove(ctx context.Context, s System) (r Result, err error) {
	defer wrap(&err, "remove the timer")
	t, err := s.timer()
	if err != nil {
		return r, err
	}
	r.Files = t.paths()
	loaded, err := t.loaded(ctx)
	if err != nil {
		return r, err
	}
	there := loaded
	for _, file := range r.Files {
		if _, err := os.Lstat(file); err == nil {
			there = true
		}
	}
	if !there {
		return r, nil
	}
	r.Changed = true
	if err := t.stop(ctx, loaded); err != nil {
		return r, err
	}
	for _, file := range r.Files {
		if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return r, err
		}
	}
	return r, t.gone(ctx)
}

// Look says how the timer stands. want is what it should run; an Interval of 0
// means the one that is installed. Errors: ErrUnfit, ErrSystem, ErrSession.
func Look(ctx context.Context, s System, want Agent) (st Status, err error) {
	defer wrap(&err, "look at the timer")
	t, err := s.timer()
	if err != nil {
		return st, err
	}
	paths := t.paths()
	if data, err := os.ReadFile(paths[len(paths)-1]); err == nil {
		st.Interval = t.interval(data)
	}
	if want.Interval == 0 {
		if want.Interval = st.Interval; want.check() != nil {
			want.Interval = time.Minute // of files that are not there, or that somebody spoiled
		}
	}
	files, err := Files(s, want)
	if err != nil {
		return st, err
	}
	st.Installed, st.Current = true, true
	for _, f := range files {
		st.Files = append(st.Files, f.Path)
		if _, err := os.Stat(f.Path); err != nil {
			st.Installed = false
		}
		st.Current = st.Current && holds(f)
	}
	if st.Loaded, err = t.loaded(ctx); err != nil || !st.Loaded {
		return st, err
	}
	return st, t.look(ctx, &st)
}

func wrap(err *error, what string) {
	if *err != nil {
		*err = fmt.Errorf("%s: %w", what, *err)
	}
}

// holds reports whether a file is there as it should be. Others must not be able
// to write to it: launchd would not take it.
func holds(f File) bool {
	info, err := os.Lstat(f.Path)
	if err != nil || !info.Mode().IsRegular() || info.Size() != int64(len(f.Data)) || info.Mode()&0o022 != 0 {
		return false
	}
	data, err := os.ReadFile(f.Path)
	return err == nil && bytes.Equal(data, f.Data)
}

func write(f File) error {
	folder, name := filepath.Split(f.Path)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	dir, err := safefile.OpenDir(folder)
	if err != nil {
		return err
	}
	defer dir.Close()
	return safefile.WriteFile(dir, name, f.Data)
}

// run runs launchctl or systemctl, and returns what it says and its exit code.
func (s System) run(ctx context.Context, name string, args ...string) (words string, code int, err error) {
	c := command.Cmd{Name: name, Args: args, Env: command.Environment(s.Env), Timeout: time.Minute}
	out, err := c.Output(ctx, 256<<10)
	var failed *command.Error
	if errors.As(err, &failed) && failed.Code > 0 {
		return failed.Words, failed.Code, err
	}
	return string(out), 0, err
}

// SearchPath is a PATH for programs that no shell has prepared: the usual folders,
// and before them those in which path has the programs, in their order.
func SearchPath(path string, programs ...string) string {
	usual := []string{"/opt/homebrew/bin", "/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin"}
	var more []string
	for _, program := range programs {
		for _, dir := range filepath.SplitList(path) {
			info, err := os.Stat(filepath.Join(dir, program))
			if !filepath.IsAbs(dir) || err != nil || !info.Mode().IsRegular() || info.Mode()&0o111 == 0 {
				continue
			}
			known := false
			for _, d := range append(usual, more...) {
				known = known || d == dir
			}
			if !known {
				more = append(more, dir)
			}
			break
		}
	}
	return strings.Join(append(more, usual...), string(filepath.ListSeparator))
}
