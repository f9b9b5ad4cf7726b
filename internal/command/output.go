package command

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"
)

// gate stands between a program and a writer: what comes after it was shut is
// dropped, so that a program that was left behind cannot write to what its
// caller already reads.
type gate struct {
	mu   sync.Mutex
	w    io.Writer
	open bool
	last time.Time
	err  error
	fail func()
}

func newGate(w io.Writer) *gate { return &gate{w: w, open: true, last: time.Now()} }

func (g *gate) Write(b []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.open {
		return len(b), nil
	}
	n, err := g.w.Write(b)
	// After the write: a slow reader is no silent program.
	g.last = time.Now()
	if err != nil {
		g.err, g.open = err, false
		if g.fail != nil {
			g.fail()
		}
		return len(b), nil // go on reading, so that the program can end
	}
	return n, nil
}

// pieces is how much is read from a program's pipe at a time, if there is so much.
const pieces = 256 << 10

// ReadFrom is how package exec brings what a program writes into a gate: in large
// pieces, as each costs two processes a change of turns.
func (g *gate) ReadFrom(r io.Reader) (n int64, err error) {
	widen(r)
	buffer := make([]byte, pieces)
	for {
		k, err := r.Read(buffer)
		if k > 0 {
			n += int64(k)
			g.Write(buffer[:k])
		}
		if errors.Is(err, io.EOF) {
			return n, nil
		} else if err != nil {
			return n, err
		}
	}
}

// onFailure sets what is called, once, when the writer fails.
func (g *gate) onFailure(f func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.err != nil {
		f()
		return
	}
	g.fail = f
}

func (g *gate) failure() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.err
}

func (g *gate) shut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.open = false
}

func (g *gate) quiet() time.Duration {
	if !g.mu.TryLock() {
		return 0 // a write is going on
	}
	defer g.mu.Unlock()
	return time.Since(g.last)
}

// How much of a program's words is kept: the cause stands mostly at the
// beginning, the verdict at the end.
const (
	headSize = 4 << 10
	tailSize = 4 << 10
)

// excerpt keeps the beginning and the end of what is written to it.
type excerpt struct {
	mu         sync.Mutex
	head, tail []byte
	dropped    int
}

func (e *excerpt) Write(b []byte) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := len(b)
	if room := headSize - len(e.head); room > 0 {
		take := min(room, len(b))
		e.head, b = append(e.head, b[:take]...), b[take:]
	}
	e.tail = append(e.tail, b...)
	if over := len(e.tail) - tailSize; over > 0 {
		e.dropped += over
		e.tail = append(e.tail[:0], e.tail[over:]...)
	}
	return n, nil
}

func (e *excerpt) String() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.dropped == 0 {
		return string(e.head) + string(e.tail)
	}
	return fmt.Sprintf("%s\n[%d bytes left out]\n%s", e.head, e.dropped, e.tail)
}

// ErrTooMuch says that a program wrote more than it may.
var ErrTooMuch = errors.New("it wrote more than it may")

// Limited keeps what is written to it, up to Max bytes; more is ErrTooMuch.
type Limited struct {
	Max int
	buf bytes.Buffer
}

func (l *Limited) Write(b []byte) (int, error) {
	if l.buf.Len()+len(b) > l.Max {
		return 0, fmt.Errorf("%w: %d bytes", ErrTooMuch, l.Max)
	}
	return l.buf.Write(b)
}

// Bytes returns what was written.
func (l *Limited) Bytes() []byte { return l.buf.Bytes() }

// Lines calls a function for each line that is written to it and is not empty,
// without its end. A line is cut after Max bytes; what follows of it is dropped.
// The function may keep nothing of the line.
type Lines struct {
	Max  int // 0: 64 KiB
	Line func(line []byte) error
	buf  []byte
}

func (l *Lines) Write(b []byte) (int, error) {
	n := len(b)
	for len(b) > 0 {
		part, rest, whole := bytes.Cut(b, []byte{'\n'})
		b = rest
		l.add(part)
		if whole {
			if err := l.Flush(); err != nil {
				return 0, err
			}
		}
	}
	return n, nil
}

func (l *Lines) add(part []byte) {
	limit := l.Max
	if limit == 0 {
		limit = 64 << 10
	}
	l.buf = append(l.buf, part[:min(len(part), limit-len(l.buf))]...)
}

// Flush calls the function for a last line that has no end.
func (l *Lines) Flush() error {
	if len(l.buf) == 0 {
		return nil
	}
	line := bytes.TrimSuffix(l.buf, []byte{'\r'})
	l.buf = l.buf[:0]
	return l.Line(line)
}
