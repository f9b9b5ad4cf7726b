package photokit

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/photogo/photogo/internal/safefile"
)

// Parked is a file that Photos did not deliver, and that is left alone for a
// while. As an error it matches ErrParked.
type Parked struct {
	Asset   string         `json:"asset"` // UUID
	Types   []ResourceType `json:"types"`
	Version string         `json:"version,omitempty"` // of the file, as Request.Version; another one is tried at once
	Reason  Reason         `json:"reason"`
	Message string         `json:"message"`
	Times   int            `json:"times"` // runs that gave up on it
	Since   time.Time      `json:"since"` // UTC, when the first of them did
	Next    time.Time      `json:"next"`  // UTC, not before
}

func (p *Parked) Error() string {
	return fmt.Sprintf("parked until %s, after %d runs: %s", p.Next.Format(time.RFC3339), p.Times, p.Message)
}

// Is matches ErrParked.
func (p *Parked) Is(target error) bool { return target == ErrParked }

func (p *Parked) key() string { return parkKey(p.Asset, p.Types) }

func parkKey(asset string, types []ResourceType) string {
	var b strings.Builder
	b.WriteString(asset)
	for _, t := range types {
		b.WriteString(" " + string(t))
	}
	return b.String()
}

// pauses are how long a file is left alone after the first, the second … run
// that gave up on it. What may pass by itself comes again sooner.
var (
	pauses     = []time.Duration{time.Hour, 6 * time.Hour, 24 * time.Hour, 72 * time.Hour, 7 * 24 * time.Hour}
	longPauses = pauses[2:]
)

func pause(reason Reason, times int) time.Duration {
	list := pauses
	switch reason {
	case ReasonMissing, ReasonNotOriginal, ReasonTooLong:
		list = longPauses
	}
	return list[min(max(times, 1), len(list))-1]
}

// Parking is the list of what is parked. It is a file of JSON Lines in photogo's
// state folder that only grows while it is open, a line a change: a crash costs
// the last line at most. OpenParking writes it anew. Its methods may be called
// concurrently. One process at a time may have it open; the caller sees to that.
type Parking struct {
	mu   sync.Mutex
	list map[string]*Parked
	log  safefile.File // nil: nothing is kept on disk
	lock io.Closer     // held while the list is open; nil: none
}

// parkedLine is a line of the file: a file that is parked, or one that is not
// any more.
type parkedLine struct {
	*Parked
	Freed string `json:"freed,omitempty"` // key
}

// NewParking returns a list that is not kept on disk.
func NewParking() *Parking { return &Parking{list: map[string]*Parked{}} }

// OpenParking reads a list from a folder, or begins one. Lines that cannot be
// read are left out: what they parked is tried again.
func OpenParking(dir safefile.FS, name string) (*Parking, error) {
	p := NewParking()
	if err := p.read(dir, name); err != nil {
		return nil, fmt.Errorf("read the parking list: %w", err)
	}
	// The new file replaces the old one in one step, and stays open.
	temp := safefile.Temp(name)
	log, err := dir.Create(temp)
	if err != nil {
		return nil, fmt.Errorf("write the parking list: %w", err)
	}
	w := bufio.NewWriter(log)
	for _, parked := range p.List() {
		err = errors.Join(err, writeLine(w, parkedLine{Parked: &parked}))
	}
	err = errors.Join(err, w.Flush(), log.Sync())
	if err == nil {
		err = dir.Rename(temp, name)
	}
	if err != nil {
		log.Close()
		dir.Remove(temp)
		return nil, fmt.Errorf("write the parking list: %w", err)
	}
	p.log = log
	return p, nil
}

func (p *Parking) read(dir safefile.FS, name string) error {
	f, err := dir.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	for l := newLines(f); ; {
		line, ok, err := l.next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		var entry parkedLine
		if !ok || json.Unmarshal(line, &entry) != nil {
			continue
		}
		switch {
		case entry.Freed != "":
			delete(p.list, entry.Freed)
		case entry.Parked != nil && entry.Asset != "":
			p.list[entry.key()] = entry.Parked
		}
	}
}

func writeLine(w io.Writer, line parkedLine) error {
	b, err := json.Marshal(line)
	if err != nil {
		return err
	}
	_, err = w.Write(append(b, '\n'))
	return err
}

// List returns what is parked, by asset and type.
func (p *Parking) List() []Parked {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := make([]Parked, 0, len(p.list))
	for _, parked := range p.list {
		list = append(list, *parked)
	}
	slices.SortFunc(list, func(a, b Parked) int { return strings.Compare(a.key(), b.key()) })
	return list
}

// of returns why a request is not to be made now, or nil.
func (p *Parking) of(r Request, now time.Time) *Parked {
	p.mu.Lock()
	defer p.mu.Unlock()
	parked := p.list[parkKey(r.Asset, r.Types)]
	// A clock that was set back must not park anything for years.
	if parked == nil || parked.Version != r.Version || !now.Before(parked.Next) || parked.Next.Sub(now) > 2*pauses[len(pauses)-1] {
		return nil
	}
	found := *parked
	return &found
}

// park notes that a run gave up on a request.
func (p *Parking) park(r Request, reason Reason, message string, now time.Time) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	now = now.UTC().Truncate(time.Second)
	parked := &Parked{Asset: r.Asset, Types: r.Types, Version: r.Version, Reason: reason, Message: plain(message), Times: 1, Since: now}
	if before := p.list[parked.key()]; before != nil && before.Version == r.Version {
		parked.Times, parked.Since = before.Times+1, before.Since
	}
	parked.Next = now.Add(pause(reason, parked.Times))
	p.list[parked.key()] = parked
	return p.append(parkedLine{Parked: parked})
}

// free notes that a file was fetched.
func (p *Parking) free(r Request) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	key := parkKey(r.Asset, r.Types)
	if p.list[key] == nil {
		return nil
	}
	delete(p.list, key)
	return p.append(parkedLine{Freed: key})
}

func (p *Parking) append(line parkedLine) error {
	if p.log == nil {
		return nil
	}
	if err := writeLine(p.log, line); err != nil {
		return fmt.Errorf("write the parking list: %w", err)
	}
	return nil
}

// Close makes the list durable and closes it.
func (p *Parking) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.log == nil {
		return nil
	}
	err := errors.Join(p.log.Sync(), p.log.Close())
	p.log = nil
	if p.lock != nil {
		err = errors.Join(err, p.lock.Close())
	}
	return err
}
