package secret

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/photogo/photogo/internal/command"
)

// Errors that a caller can test for with errors.Is.
var (
	// ErrSource says that a text names no source.
	ErrSource = errors.New("not a source of a passphrase")
	// ErrNone says that there is no passphrase where one should be.
	ErrNone = errors.New("there is no such passphrase")
	// ErrLocked says that the keychain is locked, or that the user was asked and
	// said no.
	ErrLocked = errors.New("the keychain did not give the passphrase")
	// ErrExposed says that others can read the file with the passphrase.
	ErrExposed = errors.New("others can read the file with the passphrase")
	// ErrUnfit says that what was found can be no passphrase.
	ErrUnfit = errors.New("no usable passphrase")
	// ErrFixed says that a source cannot be given a passphrase, or that it would
	// not give it back.
	ErrFixed = errors.New("the passphrase cannot be stored there")
	// ErrUnavailable says that a source could not be asked; the wrapped error
	// tells why.
	ErrUnavailable = errors.New("the passphrase could not be fetched")
)

// Source is where a passphrase is kept.
type Source struct {
	kind string   // "keychain", "command", "file"
	text string   // what follows the colon
	args []string // of a command
}

// Options are what a source has of the world.
type Options struct {
	// Env is the environment that programs are given what they need of, as
	// os.Environ returns it.
	Env []string
	// Timeout is how long a program may take; the keychain may ask the user
	// meanwhile. 0: one minute.
	Timeout time.Duration
	// GOOS is the system, as runtime.GOOS names it: it decides who is asked for
	// keychain:.
	GOOS string

	security string         // in place of /usr/bin/security, for tests
	native   nativeKeychain // in place of macOS's own, for tests
}

// Parse reads a source. A path begins with / or ~/, which stands for home.
// Errors: ErrSource.
func Parse(text, home string) (Source, error) {
	kind, rest, ok := strings.Cut(text, ":")
	s := Source{kind: kind, text: rest}
	switch {
	case !ok:
		// The text may be a passphrase that was put in the wrong place: it is not shown.
		return s, fmt.Errorf("%w: none of keychain:, command: and file: stands at its beginning", ErrSource)
	case kind == "keychain":
		service, account, both := strings.Cut(rest, "/")
		if service == "" || both && account == "" || strings.ContainsFunc(rest, unspeakable) {
			return s, fmt.Errorf("%w: keychain:SERVICE or keychain:SERVICE/ACCOUNT", ErrSource)
		}
	case kind == "file":
		if after, ok := strings.CutPrefix(rest, "~/"); ok && home != "" {
			s.text = filepath.Join(home, after)
		}
		if !filepath.IsAbs(s.text) || strings.ContainsRune(s.text, 0) {
			return s, fmt.Errorf("%w: file: needs a path from / or ~/", ErrSource)
		}
	case kind == "command":
		var err error
		if s.args, err = words(rest); err != nil {
			return s, fmt.Errorf("%w: command: %w", ErrSource, err)
		}
		if len(s.args) == 0 {
			return s, fmt.Errorf("%w: command: needs a program", ErrSource)
		}
	default:
		return s, fmt.Errorf("%w: none of keychain:, command: and file: stands at its beginning", ErrSource)
	}
	return s, nil
}

// unspeakable tells characters that no name in a keychain has, and that could
// end a line of commands to /usr/bin/security.
func unspeakable(r rune) bool { return r < ' ' || r == 0x7f || r == '"' || r == '\\' }

// String returns the source as it is written; of a command only the program, as
// its arguments may be secret.
func (s Source) String() string {
	if s.kind == "command" {
		return "command:" + s.args[0]
	}
	return s.kind + ":" + s.text
}

// Get fetches the passphrase. Errors: ErrNone, ErrLocked, ErrExposed, ErrUnfit,
// ErrUnavailable; command.ErrMissing is wrapped where a program is missing.
func (s Source) Get(ctx context.Context, o Options) (*Passphrase, error) {
	text, err := s.fetch(ctx, o)
	defer clear(text)
	if err == nil {
		var p *Passphrase
		if p, err = New(text); err == nil {
			return p, nil
		}
	}
	return nil, fmt.Errorf("passphrase from %s: %w", s, err)
}

func (s Source) fetch(ctx context.Context, o Options) ([]byte, error) {
	switch s.kind {
	case "keychain":
		return s.joined(ctx, o)
	case "command":
		return o.run(ctx, s.args[0], s.args[1:], nil)
	case "file":
		return readFile(s.text)
	}
	return nil, ErrSource
}

// Set stores the passphrase where Get finds it, and makes sure that Get does. A
// file must not exist. Errors: those of Get, and ErrFixed.
func (s Source) Set(ctx context.Context, o Options, p *Passphrase) error {
	if err := s.set(ctx, o, p); err != nil {
		return fmt.Errorf("store a passphrase in %s: %w", s, err)
	}
	back, err := s.Get(ctx, o)
	if err != nil {
		return err
	}
	defer back.Forget()
	if !back.Equal(p) {
		return fmt.Errorf("store a passphrase in %s: %w: another one comes back", s, ErrFixed)
	}
	return nil
}

func (s Source) set(ctx context.Context, o Options, p *Passphrase) error {
	switch s.kind {
	case "keychain":
		return s.store(ctx, o, p)
	case "file":
		return writeFile(s.text, p)
	}
	return fmt.Errorf("%w: a program gives it", ErrFixed)
}

// run runs a program and returns what it wrote to stdout. None of that, nor of
// its stderr, where a careless program could repeat it, gets into an error.
func (o Options) run(ctx context.Context, name string, args []string, stdin io.Reader) ([]byte, error) {
	out, _, err := o.both(ctx, name, args, stdin)
	return out, err
}

// both is run for a program that answers on stderr, too.
func (o Options) both(ctx context.Context, name string, args []string, stdin io.Reader) (stdout, stderr []byte, err error) {
	outs, errs := &command.Limited{Max: 2 * maxLen}, &command.Limited{Max: 64 << 10}
	c := command.Cmd{
		Name: name, Args: args, Env: command.Environment(o.Env), Stdin: stdin,
		Stdout: outs, Stderr: errs, Timeout: o.Timeout, Grace: time.Second,
	}
	if c.Timeout == 0 {
		c.Timeout = time.Minute
	}
	if err := c.Run(ctx); err != nil {
		return outs.Bytes(), errs.Bytes(), fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return outs.Bytes(), errs.Bytes(), nil
}

// words splits a command at blanks; quotes of both kinds keep words together. No
// shell sees it, so nothing else has a meaning.
func words(text string) (list []string, err error) {
	var word strings.Builder
	var quote rune
	in := false
	for _, r := range text {
		switch {
		case r == 0 || r == '\n':
			return nil, errors.New("it has more than one line")
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(r)
		case r == '\'' || r == '"':
			quote, in = r, true
		case r == ' ' || r == '\t':
			if in {
				list = append(list, word.String())
			}
			word.Reset()
			in = false
		default:
			word.WriteRune(r)
			in = true
		}
	}
	if quote != 0 {
		return nil, errors.New("a quote is not closed")
	}
	if in {
		list = append(list, word.String())
	}
	if len(list) > 0 && list[0] == "" {
		return nil, errors.New("it needs a program")
	}
	return list, nil
}

// readFile reads a file that nobody else can read.
func readFile(name string) ([]byte, error) {
	f, err := os.OpenFile(name, os.O_RDONLY|nonblock, 0)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%w: %w", ErrNone, err)
	} else if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%w: it is no regular file", ErrUnavailable)
	}
	if err := private(info); err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(f, 2*maxLen))
	if err != nil {
		return text, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return text, nil
}

// writeFile makes a file that nobody else can read.
func writeFile(name string, p *Passphrase) (err error) {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%w: the file exists, and what it holds may be the only way to older archives", ErrFixed)
	} else if err != nil {
		return fmt.Errorf("%w: %w", ErrFixed, err)
	}
	defer func() {
		if err != nil {
			os.Remove(name)
		}
	}()
	if _, err = p.WriteTo(f); err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	return err
}
