package photokit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"
)

// What ends a session. Requests that were under way when it died or hung are
// asked for again, and suspected of having been the cause; after errGone they
// are not.
var (
	errDied = errors.New("the helper died")
	errHung = fmt.Errorf("%w, and the helper hangs", ErrStalled)
	errGone = errors.New("the helper went away")
)

// session is one life of a helper process.
type session struct {
	proc   *process
	opt    *Options
	out    chan []byte   // lines on their way to the helper
	hello  chan event    // capacity 1
	dead   chan struct{} // closed when it has ended
	err    error         // why, once dead is closed
	helper event         // its hello

	counted bool // its death, by the client, whose mutex guards it

	mu       sync.Mutex // guards what follows
	pending  map[int64]*call
	last     int64 // id
	fetches  int   // begun
	retired  bool  // takes no more
	leaving  error // why it is about to end; nil: it will have died
	nonsense int
}

// call is a request under way.
type call struct {
	answer   chan event // capacity 1
	progress func(bytes int64, fraction float64)
	moved    time.Time // of the last progress; zero: is not watched
	end      time.Time // when it has taken too long altogether
	bytes    int64
	fraction float64
}

// Bounds of what a helper may do.
const (
	helloTime   = 30 * time.Second
	maxNonsense = 100
	quitTime    = 3 * time.Second
)

// newSession speaks the first words with a process.
func newSession(ctx context.Context, proc *process, opt *Options) (*session, error) {
	s := &session{
		proc: proc, opt: opt, out: make(chan []byte, 16), hello: make(chan event, 1),
		dead: make(chan struct{}), pending: map[int64]*call{},
	}
	go s.write()
	go s.read()
	go s.watch()
	err := s.send(ctx, message{
		Op: "hello", Protocol: Protocol, Jobs: opt.Jobs, Stall: seconds(opt.Stall), Grace: seconds(opt.Grace),
	})
	if err == nil {
		timeout := time.NewTimer(helloTime)
		defer timeout.Stop()
		select {
		case e := <-s.hello:
			if s.helper = e; e.Protocol == Protocol {
				return s, nil
			}
			err = fmt.Errorf("%w (it speaks version %d of the protocol, photogo %d)", ErrVersion, e.Protocol, Protocol)
		case <-s.dead:
			err = s.err
		case <-timeout.C:
			err = errors.New("the helper does not answer")
		case <-ctx.Done():
			err = ctx.Err()
		}
	}
	s.leave(err)
	proc.kill()
	<-s.dead
	return nil, err
}

func seconds(d time.Duration) int64 { return int64(max(d, time.Second) / time.Second) }

// write passes lines to the helper, which may be slow to read them.
func (s *session) write() {
	defer s.proc.in.Close()
	for {
		select {
		case line, ok := <-s.out:
			if !ok || line == nil {
				return
			}
			if _, err := s.proc.in.Write(line); err != nil {
				return // its death shows in read
			}
		case <-s.dead:
			return
		}
	}
}

func (s *session) send(ctx context.Context, m message) error {
	line, err := m.line()
	if err != nil {
		return err
	}
	select {
	case s.out <- line:
		return nil
	case <-s.dead:
		return s.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// read takes what the helper says until it says no more.
func (s *session) read() {
	for l := newLines(s.proc.out); ; {
		line, ok, err := l.next()
		if err != nil {
			break
		}
		e, err := parseEvent(line)
		if !ok || err != nil {
			if s.nonsensical() {
				break
			}
			continue
		}
		s.take(e)
	}
	s.proc.kill() // what it started, too, and itself if it only closed its stdout
	io.Copy(io.Discard, s.proc.out)
	err := s.proc.wait()
	s.mu.Lock()
	s.retired = true
	if s.leaving != nil {
		s.err = s.leaving
	} else {
		s.err = fmt.Errorf("%w: %w", errDied, err)
	}
	s.mu.Unlock()
	close(s.dead)
}

// nonsensical counts a line that is none, and reports whether it was one too many.
func (s *session) nonsensical() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.nonsense++
	if s.nonsense > maxNonsense && s.leaving == nil {
		s.leaving = fmt.Errorf("%w: it says what is not in the protocol", errDied)
	}
	return s.nonsense > maxNonsense
}

func (s *session) take(e event) {
	switch e.Event {
	case "hello":
		select {
		case s.hello <- e:
		default:
		}
		return
	case "bye":
		s.leave(fmt.Errorf("%w: %s", errGone, plain(string(e.Reason))))
		return
	case "error":
		return
	}
	s.mu.Lock()
	c := s.pending[e.ID]
	if c == nil { // crossed with a cancel
		s.mu.Unlock()
		return
	}
	if !terminal[e.Event] {
		// Only what goes forward is progress: a helper that repeats itself is stuck.
		forward := e.Bytes > c.bytes || e.Fraction > c.fraction
		if forward {
			c.moved = time.Now()
			c.bytes, c.fraction = max(c.bytes, e.Bytes), max(c.fraction, e.Fraction)
		}
		s.mu.Unlock()
		if forward && c.progress != nil {
			c.progress(e.Bytes, e.Fraction)
		}
		return
	}
	if e.Reason == ReasonCancelled && s.leaving != nil {
		s.mu.Unlock() // the end of the session is its answer: the file did nothing wrong
		return
	}
	delete(s.pending, e.ID)
	s.mu.Unlock()
	c.answer <- e
}

// watch is there for the helper that hangs itself: its own timers come first.
func (s *session) watch() {
	patience := s.opt.Stall + s.opt.Grace + 10*time.Second
	tick := max(min(patience/8, time.Second), 10*time.Millisecond)
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	last := time.Now()
	for {
		select {
		case <-s.dead:
			return
		case <-ticker.C:
		}
		now := time.Now()
		// The machine slept, or macOS froze the process: nobody's fault.
		gap := now.Sub(last) - tick
		if gap < 30*time.Second {
			gap = 0
		}
		last = now
		s.mu.Lock()
		overdue := false
		for _, c := range s.pending {
			if c.moved.IsZero() {
				continue
			}
			c.moved, c.end = c.moved.Add(gap), c.end.Add(gap)
			overdue = overdue || now.Sub(c.moved) > patience || now.After(c.end)
		}
		s.mu.Unlock()
		if overdue {
			s.leave(errHung)
			s.proc.kill()
		}
	}
}

// do makes a request and waits for its answer. An error is that of the context
// or the end of the session. When it returns, the helper is done with the
// request or had time to be.
func (s *session) do(ctx context.Context, m message, c *call) (event, error) {
	c.answer = make(chan event, 1)
	s.mu.Lock()
	if s.retired {
		s.mu.Unlock()
		return event{}, errGone
	}
	s.last++
	m.ID = s.last
	if m.Op == "fetch" {
		s.fetches++
		s.retired = s.fetches >= s.opt.Recycle
	}
	s.pending[m.ID] = c
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.pending, m.ID)
		s.mu.Unlock()
	}()
	if err := s.send(ctx, m); err != nil {
		return event{}, err
	}
	select {
	case e := <-c.answer:
		return e, nil
	case <-s.dead:
		return s.lastAnswer(c)
	case <-ctx.Done():
	}
	timer := time.NewTimer(s.opt.Grace + time.Second)
	defer timer.Stop()
	cancelled, stop := context.WithTimeout(context.WithoutCancel(ctx), s.opt.Grace)
	defer stop()
	if s.send(cancelled, message{Op: "cancel", ID: m.ID}) == nil {
		select {
		case <-c.answer:
		case <-s.dead:
		case <-timer.C:
		}
	}
	return event{}, ctx.Err()
}

// lastAnswer prefers an answer that came just before the end.
func (s *session) lastAnswer(c *call) (event, error) {
	select {
	case e := <-c.answer:
		return e, nil
	default:
		return event{}, s.err
	}
}

// usable reports whether the session takes more requests, and idle whether it
// has any.
func (s *session) usable() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.retired
}

func (s *session) idle() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.pending) == 0
}

// retire lets the session take no more.
func (s *session) retire() {
	s.mu.Lock()
	s.retired = true
	s.mu.Unlock()
}

// leave says that the session's end is not the helper's fault.
func (s *session) leave(why error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.retired = true
	if s.leaving == nil {
		s.leaving = why
	}
}

// quit ends the session in order, or by force, and returns when it has ended.
func (s *session) quit() {
	s.leave(errGone)
	timer := time.NewTimer(quitTime)
	defer timer.Stop()
	line, _ := message{Op: "quit"}.line()
	for _, l := range [][]byte{line, nil} { // nil closes its stdin
		select {
		case s.out <- l:
		case <-s.dead:
			return
		case <-timer.C:
			s.proc.kill()
			<-s.dead
			return
		}
	}
	select {
	case <-s.dead:
	case <-timer.C:
		s.proc.kill()
		<-s.dead
	}
}
