package photokit

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/photogo/photogo/fingerprint"
)

// fake is a helper that behaves as a test says. It runs in goroutines of the
// test, so that with synctest an hour of waiting takes no time.
type fake struct {
	t *testing.T

	// hello answers the hello; nil: correctly.
	hello func(h *life)
	// fetch serves a request in a goroutine of its own. n counts the requests
	// for this asset, from 1.
	fetch func(h *life, m message, n int)
	// status answers status and authorize.
	status func(h *life, m message)

	mu       sync.Mutex
	lives    int
	asked    map[string]int
	most     int // requests at a time
	underway int
}

// life is one process of a fake.
type life struct {
	*fake
	n      int // which one, from 1
	in     *io.PipeReader
	out    *io.PipeWriter
	mu     sync.Mutex
	cancel map[int64]chan struct{}
	end    sync.Once
	gone   chan struct{}
	deaf   atomic.Bool // and dumb
}

var errKilled = errors.New("signal: killed")

func (f *fake) start() (*process, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lives++
	if f.asked == nil {
		f.asked = map[string]int{}
	}
	inR, inW := io.Pipe()
	outR, outW := io.Pipe()
	h := &life{fake: f, n: f.lives, in: inR, out: outW, cancel: map[int64]chan struct{}{}, gone: make(chan struct{})}
	go h.serve()
	return &process{in: inW, out: outR, kill: func() { h.die() }, wait: func() error { return errKilled }}, nil
}

// die ends the process without a word.
func (h *life) die() {
	h.end.Do(func() {
		close(h.gone)
		h.in.CloseWithError(io.ErrClosedPipe)
		h.out.Close()
	})
}

func (h *life) serve() {
	defer h.die()
	for d := json.NewDecoder(h.in); ; {
		var m message
		if d.Decode(&m) != nil {
			return
		}
		if h.deaf.Load() {
			<-h.gone
			return
		}
		switch m.Op {
		case "hello":
			if h.fake.hello != nil {
				h.fake.hello(h)
			} else {
				h.say(event{Event: "hello", Protocol: Protocol, Helper: "fake"})
			}
		case "quit":
			return
		case "cancel":
			h.mu.Lock()
			if c := h.cancel[m.ID]; c != nil {
				close(c)
				delete(h.cancel, m.ID)
			}
			h.mu.Unlock()
		case "status", "authorize":
			if h.status == nil {
				h.say(event{Event: "status", ID: m.ID, Authorization: "authorized", Known: m.Probe})
			} else {
				h.status(h, m)
			}
		case "fetch":
			h.mu.Lock()
			h.cancel[m.ID] = make(chan struct{})
			h.mu.Unlock()
			h.fake.mu.Lock()
			h.asked[m.Asset]++
			n := h.asked[m.Asset]
			h.underway++
			h.most = max(h.most, h.underway)
			h.fake.mu.Unlock()
			go h.fake.fetch(h, m, n)
		}
	}
}

// say writes an event; line writes anything.
func (h *life) say(e event) {
	h.mu.Lock()
	if terminal[e.Event] && h.cancel[e.ID] != nil {
		delete(h.cancel, e.ID)
		h.fake.mu.Lock()
		h.underway--
		h.fake.mu.Unlock()
	}
	h.mu.Unlock()
	b, err := json.Marshal(e)
	if err != nil {
		panic(err)
	}
	h.line(string(b))
}

func (h *life) line(s string) {
	if h.deaf.Load() {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	io.WriteString(h.out, s+"\n") // to nobody once it is dead
}

// deliver writes a file, and says so.
func (h *life) deliver(m message, content []byte) {
	if err := os.WriteFile(m.Path, content, 0o600); err != nil {
		h.t.Error(err)
	}
	h.say(event{Event: "done", ID: m.ID, Bytes: int64(len(content)), Type: m.Types[0], UTI: m.UTI, Name: "IMG.JPG"})
}

// fail refuses a request.
func (h *life) fail(m message, class class, reason Reason) {
	h.say(event{Event: "failed", ID: m.ID, Class: class, Reason: reason, Domain: "PHPhotosErrorDomain", Code: -1, Message: "as told"})
}

// hang does nothing until the request is cancelled, the process ends, or an
// hour has passed, and reports whether it was cancelled.
func (h *life) hang(m message) bool {
	h.mu.Lock()
	c := h.cancel[m.ID]
	h.mu.Unlock()
	select {
	case <-c:
		return true
	case <-h.gone:
	case <-time.After(time.Hour):
	}
	return false
}

// pause waits, and reports whether the process still lives.
func (h *life) pause(d time.Duration) bool {
	select {
	case <-h.gone:
		return false
	case <-time.After(d):
		return true
	}
}

func (f *fake) requests(asset string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.asked[asset]
}

// content is the original of an asset, and want what the library knows of it.
func content(asset string) []byte { return []byte("\xff\xd8\xff the picture " + asset + "\xff\xd9") }

func want(asset string) Want {
	h := fingerprint.New()
	h.Write(content(asset))
	return Want{Fingerprint: h.Text(), Size: int64(len(content(asset))), UTI: "public.jpeg"}
}

func request(asset string) Request {
	return Request{Asset: asset, Types: []ResourceType{Photo}, Want: want(asset)}
}

// client makes a client of a fake; change may be nil.
func (f *fake) client(t *testing.T, change func(*Options)) *Client {
	t.Helper()
	f.t = t
	opt := Options{Dir: t.TempDir(), Reserve: Reserve{Bytes: -1}}
	if change != nil {
		change(&opt)
	}
	c, err := newClient(opt, f.start)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		if left, _ := os.ReadDir(opt.Dir); len(left) != 0 {
			t.Errorf("%d files were left, %s first", len(left), left[0].Name())
		}
	})
	return c
}

// delivered checks that a Fetch brought the original of its asset.
func delivered(t *testing.T, got *Fetched, err error, asset string) {
	t.Helper()
	if err != nil {
		t.Errorf("%s: %v", asset, err)
		return
	}
	defer got.Close()
	if b, err := io.ReadAll(got); err != nil || string(b) != string(content(asset)) {
		t.Errorf("%s: got %q, %v", asset, b, err)
	}
}

func assets(n int) (list []string) {
	for i := range n {
		list = append(list, fmt.Sprintf("asset-%05d", i))
	}
	return list
}

// fetchAll fetches with several goroutines and returns the errors by asset.
func fetchAll(t *testing.T, c *Client, list []string, hands int) map[string]error {
	t.Helper()
	var mu sync.Mutex
	var all sync.WaitGroup
	errs := map[string]error{}
	todo := make(chan string)
	for range hands {
		all.Go(func() {
			for asset := range todo {
				got, err := c.Fetch(t.Context(), request(asset))
				if err == nil {
					delivered(t, got, err, asset)
				}
				mu.Lock()
				errs[asset] = err
				mu.Unlock()
			}
		})
	}
	for _, asset := range list {
		todo <- asset
	}
	close(todo)
	all.Wait()
	return errs
}
