package photokit

import (
	"context"
	"errors"
	"fmt"
	"hash"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Request asks for one file of one asset.
type Request struct {
	Asset string         // UUID, as the library's database has it
	Types []ResourceType // what will do, best first
	Want  Want           // what the library recorded of the file

	// Version tells whether the file is another one than that which was parked;
	// "": Want.Fingerprint.
	Version string
	// Progress is called while bytes come, with those that came so far and with
	// what Photos says of the download, 0 to 1. It must not block. nil: nobody
	// wants to know.
	Progress func(bytes int64, fraction float64)

	// Keep leaves the file its name, Fetched.Path, in Options.Dir. It is the
	// caller's then, to rename or to remove.
	Keep bool
	// Hash is given the bytes in the pass that proves them, so that nobody has to
	// read the file again; it is reset before. nil: none.
	Hash hash.Hash
}

// Fetched is a file that is proven to be what the library recorded.
type Fetched struct {
	// File is open for reading, at its beginning. Without Request.Keep it has no
	// name any more: Close removes it, and so does the end of the process.
	*os.File
	Path        string // absolute; "" without Request.Keep
	Size        int64
	Fingerprint string // Apple's, of the bytes
	Proof       Proof
	Type        ResourceType // which of Request.Types it is
	UTI         string       // as Photos says; "" unknown
	Name        string       // the original name, as Photos says
}

func (r *Request) check() error {
	if r.Asset == "" || len(r.Types) == 0 {
		return errors.New("a request without an asset or without types")
	}
	for _, t := range r.Types {
		if !resourceTypes[t] {
			return fmt.Errorf("resource type %q is not known", t)
		}
	}
	return nil
}

// limit is the most bytes that the helper may write: more are not the original.
// Where there is a fingerprint the size proves nothing, and may be off.
func (r *Request) limit() int64 {
	if r.Want.Size <= 0 || r.Want.Fingerprint != "" && r.Want.Size > 1<<60 {
		return 0
	}
	if r.Want.Fingerprint != "" {
		return 2*r.Want.Size + 1<<20
	}
	return r.Want.Size
}

// Fetch asks Photos for a file until it has come, or there is no use in going
// on. It waits where that helps, and returns only a file that is proven. An
// error is an *Error, through which errors.Is finds one of the package's, or
// that of the context. Errors that stop the client return at once the next time.
func (c *Client) Fetch(ctx context.Context, r Request) (*Fetched, error) {
	if r.Version == "" {
		r.Version = r.Want.Fingerprint
	}
	f := fetching{Client: c, r: r}
	got, err := f.run(ctx)
	if err != nil {
		return nil, &Error{Asset: r.Asset, Types: r.Types, Tries: f.tries, Parked: f.parked, Err: err}
	}
	return got, nil
}

// fetching is one Fetch.
type fetching struct {
	*Client
	r Request

	last    *session // that was asked
	tries   int      // requests that were made
	others  int      // files that had come when this one was last out of reach
	flaky   int      // failures of each kind
	offline int
	stalled int
	crashed int
	proxies int
	parked  bool
}

// maxTries bounds what no other bound does.
const maxTries = 30

func (f *fetching) run(ctx context.Context) (*Fetched, error) {
	if err := f.r.check(); err != nil {
		return nil, err
	}
	if err := f.Stopped(); err != nil {
		return nil, err
	}
	if !f.opt.TryParked {
		if parked := f.opt.Parking.of(f.r, f.opt.Now()); parked != nil {
			f.parked = true
			return nil, parked
		}
	}
	size := f.r.Want.Size
	if size <= 0 {
		size = unknownSize
	}
	if err := f.budget.take(f.r.Asset, f.r.Want.Size); err != nil {
		return nil, err
	}
	used := int64(0)
	defer func() { f.budget.settle(f.r.Want.Size, used) }()
	if err := f.disk.take(size); err != nil {
		return nil, err
	}
	defer f.disk.give(size)
	for {
		got, err := f.once(ctx)
		if err == nil {
			used = got.Size
			return got, f.succeeded(got)
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		pause, err := f.after(err)
		if err != nil {
			return nil, err
		}
		if err := wait(ctx, pause); err != nil {
			return nil, err
		}
	}
}

// after decides what follows a failure: another try after a pause, or an error.
func (f *fetching) after(err error) (pause time.Duration, _ error) {
	if stopped := f.Stopped(); stopped != nil {
		return 0, stopped
	}
	giveUp := func(reason Reason) (time.Duration, error) {
		f.parked = true
		if parkErr := f.opt.Parking.park(f.r, reason, err.Error(), f.opt.Now()); parkErr != nil {
			return 0, errors.Join(err, parkErr)
		}
		return 0, err
	}
	again := func(count *int, most int, reason Reason) (time.Duration, error) {
		if *count++; *count >= most || f.tries >= maxTries {
			return giveUp(reason)
		}
		return f.pauseAfter(*count), nil
	}
	var said *Refusal
	switch {
	case errors.As(err, &said) && said.class == classStop:
		if said.Reason == ReasonDenied && f.reopen(f.last) {
			return 0, nil
		}
		return 0, f.stop(err)
	case said != nil && said.Reason == ReasonTooLong && f.r.Want.Size <= 0:
		return 0, fmt.Errorf("%w: the library does not know its size, and it has more bytes than may be used", ErrSpace)
	case said != nil && said.class == classPark:
		return giveUp(said.Reason)
	case said != nil && (said.Reason == ReasonOffline || said.Reason == ReasonThrottled):
		if err := f.outOfReach(said); err != nil {
			return 0, err
		}
		// Only where others come is it the file's own doing; else all wait together.
		if files := f.Stats().Files; files > f.others {
			f.others = files
			f.offline++
		}
		if f.offline > 5*f.opt.Tries {
			return giveUp(said.Reason)
		}
		return 0, nil
	case said != nil:
		return again(&f.flaky, f.opt.Tries, said.Reason)
	case errors.Is(err, ErrNotOriginal):
		return again(&f.proxies, 2, ReasonNotOriginal)
	case errors.Is(err, errHung):
		if err := f.stuck(err); err != nil {
			return 0, err
		}
		return again(&f.crashed, maxCrash, ReasonStalled)
	case errors.Is(err, ErrStalled):
		if err := f.stuck(err); err != nil {
			return 0, err
		}
		return again(&f.stalled, 2, ReasonStalled)
	case errors.Is(err, errDied):
		if f.died(f.last) >= maxDeaths {
			return 0, f.stop(fmt.Errorf("%w: %w", ErrHelper, err))
		}
		return again(&f.crashed, maxCrash, ReasonCrash)
	case errors.Is(err, errGone) && f.tries < maxTries:
		return 0, nil
	}
	return 0, err
}

// once makes one request, and takes over what comes. Proving that leaves the helper to
// the next request.
func (f *fetching) once(ctx context.Context) (*Fetched, error) {
	path := f.path()
	came, kept := false, false
	defer func() {
		if !kept {
			os.Remove(path)
		}
		if !came { // else it was renamed; what a helper does beyond that goes at the end
			os.Remove(path + ".part")
		}
	}()
	e, err := f.request(ctx, path)
	if err != nil {
		return nil, err
	}
	switch e.Event {
	case "done":
		got, err := f.receive(ctx, path, e)
		if came = err == nil; came && f.r.Keep {
			kept, got.Path = true, path
		}
		return got, err
	case "stalled":
		return nil, fmt.Errorf("%w: %d bytes in the end", ErrStalled, e.Bytes)
	case "failed":
		return nil, e.refusal()
	}
	return nil, fmt.Errorf("%w: it answers %s to a fetch", errDied, e.Event)
}

// request asks the helper when it is the file's turn, and returns its answer.
func (f *fetching) request(ctx context.Context, path string) (event, error) {
	// What may kill the helper runs alone: the others are not to go down with it.
	slots := int64(1)
	if f.crashed > 0 {
		slots = int64(f.opt.Jobs)
	}
	if err := f.slots.Acquire(ctx, slots); err != nil {
		return event{}, err
	}
	defer f.slots.Release(slots)
	if err := f.ready(ctx); err != nil {
		return event{}, err
	}
	s, err := f.session(ctx)
	if err != nil {
		return event{}, err
	}
	limit := f.r.limit()
	if f.r.Want.Size <= 0 {
		limit = f.disk.room(f.opt.Jobs)
	}
	f.last = s
	f.tries++
	now := time.Now()
	return s.do(ctx, message{
		Op: "fetch", Asset: f.r.Asset, Types: f.r.Types, UTI: f.r.Want.UTI, Path: path, Limit: limit,
	}, &call{progress: f.r.Progress, moved: now, end: now.Add(f.patience())})
}

// patience is how long one request may take, with progress: as long as a slow
// line needs.
func (f *fetching) patience() time.Duration {
	const slow = 50_000 // bytes a second
	if f.r.Want.Size <= 0 {
		return 6 * time.Hour
	}
	return 5*f.opt.Stall + 10*time.Minute + time.Duration(f.r.Want.Size/slow)*time.Second
}

// path names the next incoming file.
func (c *Client) path() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.files++
	return filepath.Join(c.opt.Dir, fmt.Sprintf("incoming-%d.photogo", c.files))
}

// receive takes a file over from the helper, if it is the original.
func (f *fetching) receive(ctx context.Context, path string, e event) (*Fetched, error) {
	// Neither a link nor a pipe under the name leads anywhere.
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%w: it was said to be complete, and is not there", ErrNotOriginal)
	}
	if err != nil {
		return nil, fmt.Errorf("open what came: %w", err)
	}
	got, err := f.accept(ctx, file, e)
	if err != nil {
		file.Close()
	}
	return got, err
}

func (f *fetching) accept(ctx context.Context, file *os.File, e event) (*Fetched, error) {
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%w: what came is no regular file", ErrNotOriginal)
	}
	buf := f.buffers.Get().(*[]byte)
	defer f.buffers.Put(buf)
	proof, size, apple, err := prove(ctx, file, f.r.Want, f.r.Hash, *buf)
	if err != nil {
		return nil, err
	}
	if size != e.Bytes {
		return nil, fmt.Errorf("%w: it has %d bytes, and %d were sent", ErrNotOriginal, size, e.Bytes)
	}
	if _, err := file.Seek(0, 0); err != nil {
		return nil, err
	}
	return &Fetched{File: file, Size: size, Fingerprint: apple, Proof: proof, Type: e.Type, UTI: e.UTI, Name: e.Name}, nil
}

// succeeded notes that iCloud, the helper and the file are well.
func (f *fetching) succeeded(got *Fetched) error {
	f.mu.Lock()
	f.stats.Files++
	f.stats.Bytes += got.Size
	f.deaths, f.stalls, f.pauses = 0, 0, 0
	f.Client.offline = time.Time{}
	f.mu.Unlock()
	// That the list cannot be written does no harm to the file: at worst it is
	// asked for later than it could be, should it go missing again.
	_ = f.opt.Parking.free(f.r)
	return nil
}

// ready waits until iCloud may be asked again.
func (c *Client) ready(ctx context.Context) error {
	for {
		c.mu.Lock()
		left, stopped := time.Until(c.pauseEnd), c.stopped
		c.mu.Unlock()
		if stopped != nil {
			return stopped
		}
		if left <= 0 {
			return nil
		}
		if err := wait(ctx, left); err != nil {
			return err
		}
	}
}

// Most that iCloud can ask to be left alone for.
const maxAfter = 10 * time.Minute

// outOfReach makes all requests wait. It returns an error when iCloud was out of
// reach for too long.
func (c *Client) outOfReach(said *Refusal) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if c.offline.IsZero() {
		c.offline = now
	}
	if now.Sub(c.offline) > c.opt.Patience {
		if c.stopped == nil {
			c.stopped = fmt.Errorf("%w for %v: %w", ErrOffline, c.opt.Patience, said)
		}
		return c.stopped
	}
	if now.Before(c.pauseEnd) {
		return nil // one of several that failed together
	}
	c.pauses++
	pause := c.pauseAfter(c.pauses)
	if after := min(said.after, int64(maxAfter/time.Second)); after > 0 {
		pause = max(pause, time.Duration(after)*time.Second)
	}
	c.pauseEnd = now.Add(pause)
	return nil
}

// stuck counts a request that stalled. When nothing else happens any more, it is
// not the files that are to blame, and the next ten thousand are not tried.
func (c *Client) stuck(err error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stalls++; c.stalls < 4*c.opt.Jobs {
		return nil
	}
	if c.stopped == nil {
		c.stopped = fmt.Errorf("%w: %w", ErrOffline, err)
	}
	return c.stopped
}

// reopen replaces the helper once: Photos goes on refusing a process that asked
// before the permission was given. It reports whether to try again.
func (c *Client) reopen(refused *session) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.reopened == nil {
		c.reopened = refused
		refused.retire()
	}
	return c.reopened == refused
}

// Status is what the helper knows of permissions and of the library.
type Status struct {
	Authorization string   // authorized, limited, denied, restricted, notDetermined or unknown
	Known         []string // those of the assets asked about that Photos has
	Unavailable   string   // why the library cannot be used; "": it can
	Helper        string   // the helper's version
	System        string   // macOS 15.5, say
}

// Status asks the helper who may read what. probe are UUIDs of the library that
// is meant, 64 at most; if Photos knows none of them, it serves another one.
func (c *Client) Status(ctx context.Context, probe ...string) (Status, error) {
	return c.ask(ctx, message{Op: "status", Probe: probe[:min(len(probe), 64)]})
}

// Authorize asks the user, if the user was never asked. It waits for an answer.
func (c *Client) Authorize(ctx context.Context) (Status, error) {
	status, err := c.ask(ctx, message{Op: "authorize"})
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.current != nil { // a process that was allowed only now is refused further on
		c.current.retire()
	}
	return status, err
}

// statusTime is how long the helper may take to say who may read what.
const statusTime = time.Minute

func (c *Client) ask(ctx context.Context, m message) (Status, error) {
	if m.Op == "status" {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeoutCause(ctx, statusTime, fmt.Errorf("%w: it does not answer", ErrHelper))
		defer stop()
	}
	for try := 1; ; try++ {
		s, err := c.session(ctx)
		if err != nil {
			return Status{}, cause(ctx, err)
		}
		e, err := s.do(ctx, m, &call{})
		switch {
		case err == nil && e.Event == "status":
			return Status{
				Authorization: plain(e.Authorization), Known: e.Known, Unavailable: e.Unavailable,
				Helper: s.helper.Helper, System: s.helper.System,
			}, nil
		case err == nil && e.Event == "failed":
			return Status{}, e.refusal()
		case err == nil:
			err = fmt.Errorf("it answers %s", e.Event)
		case ctx.Err() != nil:
			return Status{}, cause(ctx, err)
		case errors.Is(err, errDied):
			c.died(s)
		}
		if try == maxCrash {
			return Status{}, fmt.Errorf("%w: %w", ErrHelper, err)
		}
	}
}

// cause prefers what ended a context to the end itself.
func cause(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// Ready returns nil if files of the library can be fetched. probe is as for
// Status, and should name at least one asset. Errors: ErrHelper, ErrDenied,
// ErrLibrary.
func (c *Client) Ready(ctx context.Context, probe ...string) error {
	s, err := c.Status(ctx, probe...)
	if err == nil && s.Authorization == "notDetermined" && c.opt.Ask {
		if _, err = c.Authorize(ctx); err == nil {
			s, err = c.Status(ctx, probe...) // of another process: this one is refused further on
		}
	}
	switch {
	case err != nil:
		return err
	case s.Authorization != "authorized":
		return fmt.Errorf("%w: macOS says %s", ErrDenied, s.Authorization)
	case s.Unavailable != "":
		return fmt.Errorf("%w: %s", ErrLibrary, s.Unavailable)
	}
	known := map[string]bool{}
	for _, k := range s.Known {
		known[strings.ToUpper(k)] = true
	}
	for _, p := range probe {
		if known[strings.ToUpper(p)] {
			return nil
		}
	}
	return fmt.Errorf("%w: it has none of the %d assets that were asked for; only the system photo library can be fetched from", ErrLibrary, len(probe))
}
