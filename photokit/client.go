package photokit

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"
)

// Options say how a Client works. Command and Dir are needed; the zero value of
// everything else is a default.
type Options struct {
	// Command starts the helper: the program and its arguments.
	Command []string
	// Env is added to the helper's environment, NAME=value; otherwise it gets
	// HOME, USER, LOGNAME, PATH and TMPDIR only.
	Env []string
	// Dir is the folder for incoming files, absolute, made if it is not there.
	// One client at a time may use it. What an earlier one left there is removed.
	Dir string

	Jobs    int           // files that are asked for at a time, 1 to 8; 0: 3
	Recycle int           // files after which a new helper takes over; 0: 500
	Stall   time.Duration // without progress, after which a request has stalled; whole seconds; 0: 2 min
	Grace   time.Duration // for a request that was cancelled to end; whole seconds; 0: 5 s

	// Tries is how often a file is asked for in one run when Photos fails for
	// no good reason; 0: 4. Pause is the first pause between two tries, which
	// then grows to PauseMax; 0: 1 s and 1 min.
	Tries           int
	Pause, PauseMax time.Duration
	// Patience is how long iCloud may be out of reach before the client stops
	// with ErrOffline; 0: 15 min.
	Patience time.Duration

	Budget  Budget   // of this client; the zero value has no bounds
	Reserve Reserve  // of the disk
	Parking *Parking // nil: nothing is remembered between runs
	// TryParked asks for parked files, too.
	TryParked bool
	// Ask lets Ready ask the user for the permission, if the user was never asked,
	// and wait for the answer. For where a person sits in front of the machine.
	Ask bool

	// Now is the wall clock, for the parking list. nil: time.Now.
	Now func() time.Time
}

func (o *Options) fill() {
	set := func(d *time.Duration, value time.Duration) {
		if *d <= 0 {
			*d = value
		}
	}
	if o.Jobs <= 0 {
		o.Jobs = 3
	}
	o.Jobs = min(o.Jobs, 8)
	if o.Recycle <= 0 {
		o.Recycle = 500
	}
	if o.Tries <= 0 {
		o.Tries = 4
	}
	set(&o.Stall, 2*time.Minute)
	set(&o.Grace, 5*time.Second)
	set(&o.Pause, time.Second)
	set(&o.PauseMax, time.Minute)
	set(&o.Patience, 15*time.Minute)
	if o.Parking == nil {
		o.Parking = NewParking()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Reserve.Free == nil {
		o.Reserve.Free = diskFree
	}
}

// IsIncoming reports whether a name is that of a file in Options.Dir, complete or
// not.
func IsIncoming(name string) bool { return leftover.MatchString(name) }

// Client asks a helper for files. Its methods may be called concurrently, and some
// more goroutines than Options.Jobs keep the helper busy while what came is proven.
type Client struct {
	opt     Options
	start   func() (*process, error)
	slots   *semaphore.Weighted // one for each request that the helper works at; all for one that may kill it
	starts  chan struct{}       // held by who starts a session
	budget  budget
	disk    disk
	buffers sync.Pool // *[]byte of proveAtOnce bytes

	mu       sync.Mutex // guards what follows
	current  *session
	leaving  sync.WaitGroup // sessions that are being ended
	stopped  error          // what every Fetch returns from now on
	deaths   int            // of helpers since the last success
	stalls   int            // since the last success
	pauseEnd time.Time      // nothing is asked for before
	pauses   int            // since iCloud was last reached
	offline  time.Time      // since when it is out of reach; zero: it is not
	reopened *session       // that was replaced because of its permission; nil: none was
	files    int64          // named so far
	stats    Stats
}

// Stats count what a client did.
type Stats struct {
	Files  int   // that were fetched and proven
	Bytes  int64 // of these
	Starts int   // of helpers
}

// leftover are the names that files in Options.Dir have.
var leftover = regexp.MustCompile(`^incoming-[0-9]+\.photogo(\.part)?$`)

// New makes a client. The helper is started by the first request. Errors are
// those of Options.Dir, and ErrHelper without a command.
func New(opt Options) (*Client, error) {
	opt.fill()
	if len(opt.Command) == 0 {
		return nil, fmt.Errorf("%w: no program is given", ErrHelper)
	}
	return newClient(opt, func() (*process, error) { return startProcess(opt.Command, opt.Env) })
}

func newClient(opt Options, start func() (*process, error)) (*Client, error) {
	opt.fill()
	if !filepath.IsAbs(opt.Dir) {
		return nil, fmt.Errorf("folder for incoming files: %q is not absolute", opt.Dir)
	}
	if err := os.MkdirAll(opt.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("folder for incoming files: %w", err)
	}
	c := &Client{
		opt: opt, start: start,
		slots: semaphore.NewWeighted(int64(opt.Jobs)), starts: make(chan struct{}, 1),
		budget:  budget{limit: opt.Budget, assets: map[string]bool{}},
		disk:    disk{reserve: opt.Reserve, dir: opt.Dir},
		buffers: sync.Pool{New: func() any { buf := make([]byte, proveAtOnce); return &buf }},
	}
	return c, c.sweep()
}

// sweep removes what an earlier client left.
func (c *Client) sweep() error {
	entries, err := os.ReadDir(c.opt.Dir)
	if err != nil {
		return fmt.Errorf("folder for incoming files: %w", err)
	}
	for _, e := range entries {
		if leftover.MatchString(e.Name()) && !e.IsDir() {
			if err := os.Remove(filepath.Join(c.opt.Dir, e.Name())); err != nil {
				return fmt.Errorf("folder for incoming files: %w", err)
			}
		}
	}
	return nil
}

// Close ends the helper and returns when it has ended. Requests under way end
// with ErrClosed. The parking list stays open: it is the caller's.
func (c *Client) Close() error {
	c.mu.Lock()
	c.stopped = ErrClosed
	s := c.current
	c.current = nil
	c.mu.Unlock()
	if s != nil {
		s.quit()
	}
	c.leaving.Wait()
	return c.sweep()
}

// Stats returns what was done so far.
func (c *Client) Stats() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.stats
}

// Stopped returns why nothing more is asked for, nil while there is no reason.
func (c *Client) Stopped() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.stopped
}

// stop lets every Fetch from now on return an error, and returns the one that
// was first.
func (c *Client) stop(err error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped == nil {
		c.stopped = err
	}
	return c.stopped
}

// Bounds of a helper's ill health.
const (
	maxDeaths = 10 // in a row, without one file
	maxCrash  = 3  // with the same request
)

// session returns a helper that takes requests, and starts one if need be.
func (c *Client) session(ctx context.Context) (*session, error) {
	select {
	case c.starts <- struct{}{}:
		defer func() { <-c.starts }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	c.mu.Lock()
	if err := c.stopped; err != nil {
		c.mu.Unlock()
		return nil, err
	}
	old := c.current
	deaths := c.deaths
	c.mu.Unlock()
	if old != nil {
		if old.usable() {
			return old, nil
		}
		c.let(old)
	}
	for failed := 1; ; failed++ {
		if deaths > 0 {
			if err := wait(ctx, c.pauseAfter(deaths)); err != nil {
				return nil, err
			}
		}
		s, err := c.open(ctx)
		if err == nil {
			c.mu.Lock()
			defer c.mu.Unlock()
			if c.stopped != nil { // closed meanwhile
				c.leaving.Add(1)
				go func() { defer c.leaving.Done(); s.quit() }()
				return nil, c.stopped
			}
			c.current = s
			c.stats.Starts++
			return s, nil
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		deaths = c.died(nil)
		switch {
		case errors.Is(err, ErrHelper):
			return nil, c.stop(err)
		case failed == maxCrash:
			return nil, c.stop(fmt.Errorf("%w: %w", ErrHelper, err))
		}
	}
}

// open starts a helper. An error that is an ErrHelper will not get better.
func (c *Client) open(ctx context.Context) (*session, error) {
	proc, err := c.start()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrHelper, err)
	}
	return newSession(ctx, proc, &c.opt)
}

// died counts the death of a helper, and returns how many died since the last
// success. s is its session, nil if it had none yet: every request that was under
// way tells of the same death, which counts once.
func (c *Client) died(s *session) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s == nil || !s.counted {
		c.deaths++
	}
	if s != nil {
		s.counted = true
	}
	return c.deaths
}

// let ends a session when its last request has ended.
func (c *Client) let(s *session) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.current == s {
		c.current = nil
	}
	c.leaving.Add(1)
	go func() {
		defer c.leaving.Done()
		ticker := time.NewTicker(100 * time.Millisecond)
		defer ticker.Stop()
		for !s.idle() && c.Stopped() == nil {
			select {
			case <-s.dead:
				return
			case <-ticker.C:
			}
		}
		s.quit()
	}()
}

// wait waits.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// pauseAfter is how long to wait after the nth failure: growing, and not for
// all the same.
func (c *Client) pauseAfter(n int) time.Duration {
	d := c.opt.Pause << min(n-1, 20)
	if d > c.opt.PauseMax || d <= 0 {
		d = c.opt.PauseMax
	}
	return d/2 + rand.N(d/2+1)
}
