package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Errors that a caller can test for with errors.Is. A program that was ended
// because its context was is an error that is context.Cause of that context.
var (
	// ErrMissing says that a program is not installed.
	ErrMissing = errors.New("program not found")
	// ErrTimeout says that a program took longer than it may.
	ErrTimeout = errors.New("took too long and was ended")
	// ErrSilent says that a program said nothing for longer than it may.
	ErrSilent = errors.New("said nothing for too long and was ended")
	// ErrStuck says that a program could not be ended and was left behind.
	ErrStuck = errors.New("could not be ended and was left behind")
)

// Error is a program that did not do what it was run for.
type Error struct {
	Program string // its name, without folders
	Code    int    // its exit code; -1 where it has none
	Words   string // what it said on stderr, shortened; "" where Cmd.Stderr took it
	Err     error  // the cause where it is not the exit code; nil otherwise
}

func (e *Error) Error() string {
	text := e.Program
	switch {
	case e.Err != nil:
		text += ": " + e.Err.Error()
	default:
		text += fmt.Sprintf(" ended with exit code %d", e.Code)
	}
	if words := strings.TrimSpace(e.Words); words != "" {
		text += ": " + strings.Join(strings.Fields(words), " ")
	}
	return text
}

func (e *Error) Unwrap() error { return e.Err }

// Cmd says what to run. Only Name is needed.
type Cmd struct {
	Name string   // looked up in the PATH of Env, unless it holds a slash
	Args []string // without the name
	Dir  string   // "": the root folder. A folder that hangs would hang photogo
	Env  []string // the whole environment; see Environment

	Stdin io.Reader // nil: nothing to read
	// Stdout and Stderr take what the program writes. nil: stdout is dropped,
	// the beginning and the end of stderr are kept for Error.Words. Writes come
	// one at a time to each of them; an error of one ends the program.
	Stdout, Stderr io.Writer

	// Secrets are written into pipes that the program has as file descriptors 3,
	// 4 and so on. Each may be up to 4096 bytes long.
	Secrets []io.WriterTo

	Timeout time.Duration // 0: none
	Silence time.Duration // how long the program may write nothing to stdout and stderr; 0: for ever
	Grace   time.Duration // between asking to end, SIGTERM, and killing; 0: 5 s
}

// reapTime is how long a killed program may take to be gone, and its children to
// let go of its pipes.
const reapTime = 5 * time.Second

// Run runs a program to its end. It returns nil if the program ended with 0, or
// an *Error.
func (c Cmd) Run(ctx context.Context) error {
	p, err := c.Start(ctx)
	if err != nil {
		return err
	}
	return p.Wait()
}

// Output runs a program and returns what it wrote to stdout, at most limit bytes
// of it: more is an error.
func (c Cmd) Output(ctx context.Context, limit int) ([]byte, error) {
	out := &Limited{Max: limit}
	c.Stdout = out
	err := c.Run(ctx)
	return out.Bytes(), err
}

// Process is a program that runs.
type Process struct {
	name  string
	pid   int
	done  chan struct{} // closed when err is set
	err   error
	ended chan struct{} // closed by the first End
	once  sync.Once
	words *excerpt
}

// Start starts a program. When ctx ends the program is ended. The error is an
// *Error.
func (c Cmd) Start(ctx context.Context) (*Process, error) {
	p := &Process{name: c.Name[strings.LastIndexByte(c.Name, '/')+1:], done: make(chan struct{}), ended: make(chan struct{})}
	if err := ctx.Err(); err != nil {
		return nil, &Error{Program: p.name, Code: -1, Err: context.Cause(ctx)}
	}
	path, err := lookPath(c.Name, c.Env)
	if err != nil {
		return nil, &Error{Program: p.name, Code: -1, Err: err}
	}
	cmd := &exec.Cmd{
		Path: path, Args: append([]string{c.Name}, c.Args...), Dir: c.Dir, Env: c.Env, Stdin: c.Stdin,
		SysProcAttr: &syscall.SysProcAttr{Setpgid: true}, WaitDelay: reapTime,
	}
	if cmd.Dir == "" {
		cmd.Dir = "/"
	}
	if cmd.Env == nil {
		cmd.Env = []string{}
	}
	gates := p.streams(c, cmd)
	fds, err := secrets(c.Secrets)
	if err != nil {
		return nil, &Error{Program: p.name, Code: -1, Err: err}
	}
	cmd.ExtraFiles = fds
	err = cmd.Start()
	for _, f := range fds {
		f.Close()
	}
	if err != nil {
		return nil, &Error{Program: p.name, Code: -1, Err: err}
	}
	p.pid = cmd.Process.Pid
	go p.watch(ctx, c, cmd, gates)
	return p, nil
}

// streams connects the program's stdout and stderr.
func (p *Process) streams(c Cmd, cmd *exec.Cmd) (gates []*gate) {
	if c.Stdout != nil {
		g := newGate(c.Stdout)
		cmd.Stdout, gates = g, append(gates, g)
	}
	w := c.Stderr
	if w == nil {
		p.words = &excerpt{}
		w = p.words
	}
	g := newGate(w)
	cmd.Stderr = g
	return append(gates, g)
}

// secrets makes the pipes that hold the secrets. A pipe holds 4096 bytes without
// anybody reading it, so that nothing has to be written while the program runs.
func secrets(list []io.WriterTo) (fds []*os.File, err error) {
	defer func() {
		if err != nil {
			for _, f := range fds {
				f.Close()
			}
		}
	}()
	for _, s := range list {
		r, w, err := os.Pipe()
		if err != nil {
			return fds, err
		}
		fds = append(fds, r)
		_, err = s.WriteTo(&capped{w, 4096})
		if e := w.Close(); err == nil {
			err = e
		}
		if err != nil {
			return fds, fmt.Errorf("hand over a secret: %w", err)
		}
	}
	return fds, nil
}

// capped lets a number of bytes pass.
type capped struct {
	w    io.Writer
	left int
}

func (c *capped) Write(b []byte) (int, error) {
	if c.left -= len(b); c.left < 0 {
		return 0, errors.New("it is longer than 4096 bytes")
	}
	return c.w.Write(b)
}

// watch waits for the program and ends it when it must.
func (p *Process) watch(ctx context.Context, c Cmd, cmd *exec.Cmd, gates []*gate) {
	waited := make(chan error, 1)
	go func() { waited <- cmd.Wait() }()
	defer close(p.done)
	cause, err := p.await(ctx, c, cmd.Process, waited, gates)
	for _, g := range gates {
		g.shut()
	}
	var exit *exec.ExitError
	for _, g := range gates {
		if cause == nil {
			cause = g.failure()
		}
	}
	switch {
	case cause != nil:
	case errors.As(err, &exit):
		if exit.ExitCode() < 0 {
			cause = fmt.Errorf("ended by a signal: %s", exit)
		}
	case errors.Is(err, exec.ErrWaitDelay):
		// It ended well; a child of it kept its pipes, and was killed with the group.
		syscall.Kill(-p.pid, syscall.SIGKILL)
		err = nil
	default:
		cause = err
	}
	if err == nil && cause == nil {
		return
	}
	e := &Error{Program: p.name, Code: -1, Err: cause}
	if exit != nil {
		e.Code = exit.ExitCode()
	}
	if p.words != nil {
		e.Words = p.words.String()
	}
	p.err = e
}

// await returns what cmd.Wait did, and why the program was ended if it was.
func (p *Process) await(ctx context.Context, c Cmd, process *os.Process, waited <-chan error, gates []*gate) (cause, err error) {
	var timeout <-chan time.Time
	if c.Timeout > 0 {
		t := time.NewTimer(c.Timeout)
		defer t.Stop()
		timeout = t.C
	}
	failed := make(chan struct{}, len(gates))
	for _, g := range gates {
		g.onFailure(func() { failed <- struct{}{} })
	}
	ended := p.ended
	for cause == nil && ended != nil {
		silence, stop := p.silence(c, gates)
		select {
		case err := <-waited:
			stop()
			return nil, err
		case <-ctx.Done():
			cause = context.Cause(ctx)
		case <-timeout:
			cause = ErrTimeout
		case <-failed:
			ended = nil // the gate knows the cause
		case <-p.ended:
			ended = nil
		case <-silence:
			if p.quiet(gates) >= c.Silence {
				cause = ErrSilent
			}
		}
		stop()
	}
	grace := c.Grace
	if grace == 0 {
		grace = 5 * time.Second
	}
	// The program alone is asked to end, as it may need its children for that;
	// then the whole group is killed.
	process.Signal(syscall.SIGTERM)
	for _, wait := range []time.Duration{grace, 2 * reapTime} {
		select {
		case err := <-waited:
			syscall.Kill(-p.pid, syscall.SIGKILL) // what is left of the group
			return cause, err
		case <-time.After(wait):
			syscall.Kill(-p.pid, syscall.SIGKILL)
		}
	}
	if cause == nil {
		return ErrStuck, nil
	}
	return fmt.Errorf("%w, and %w", cause, ErrStuck), nil
}

// silence returns a channel that tells when the program may have been silent for
// too long.
func (p *Process) silence(c Cmd, gates []*gate) (<-chan time.Time, func()) {
	if c.Silence <= 0 {
		return nil, func() {}
	}
	t := time.NewTimer(max(c.Silence-p.quiet(gates), time.Millisecond))
	return t.C, func() { t.Stop() }
}

// quiet returns how long the program has written nothing.
func (p *Process) quiet(gates []*gate) time.Duration {
	shortest := time.Duration(1<<63 - 1)
	for _, g := range gates {
		shortest = min(shortest, g.quiet())
	}
	return shortest
}

// Pid returns the process id, which is that of the group too.
func (p *Process) Pid() int { return p.pid }

// Done is closed when the program is gone, or was left behind.
func (p *Process) Done() <-chan struct{} { return p.done }

// Wait waits for the program and returns nil if it ended with 0, or an *Error.
func (p *Process) Wait() error {
	<-p.done
	return p.err
}

// End ends the program, if it still runs, and its children, and waits for them.
// It takes no longer than Cmd.Grace and some seconds; then the program is left
// behind. It returns what Wait does.
func (p *Process) End() error {
	p.once.Do(func() { close(p.ended) })
	return p.Wait()
}

// Words returns what the program has said on stderr so far, shortened. It is ""
// where Cmd.Stderr takes it.
func (p *Process) Words() string {
	if p.words == nil {
		return ""
	}
	return p.words.String()
}
