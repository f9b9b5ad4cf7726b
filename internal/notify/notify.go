// Package notify tells a person that something which runs unattended has begun to
// fail, works again, or was not completed for days: each once, however often it
// runs.
//
// What was told is kept in a small file. Where a message could not be sent it is
// tried again the next time.
package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/photogo/photogo/internal/safefile"
)

// Condition is how the runs stand.
type Condition string

// The conditions.
const (
	Working Condition = "working" // the last run that could do something did it
	Failing Condition = "failing" // the last run that could do something failed
	Stale   Condition = "stale"   // nothing was completed for days, and nothing failed
)

// Outcome is what became of a run.
type Outcome int

// The outcomes.
const (
	Idle       Outcome = iota // nothing could be done, as the other machine is not there, or for another reason that passes: neither good nor bad
	Completed                 // all was done
	Incomplete                // all that could be done was, and something is still owed
	Failed                    // something went wrong, and somebody has to see to it
)

// State is what is known of the runs so far, and what was told of them.
type State struct {
	Condition Condition `json:"condition"`
	Since     time.Time `json:"since"`      // when Condition came to be; UTC
	Completed time.Time `json:"completed"`  // end of the last run that was completed; zero: none was
	First     time.Time `json:"first"`      // the first run
	Text      string    `json:"text"`       // what went wrong last, or is owed; "": nothing
	Told      Condition `json:"told"`       // what the person knows
	ToldStale time.Time `json:"told_stale"` // when the person was told last that nothing is completed; zero: not since the last one was
}

// Message is what a person is told.
type Message struct {
	Title, Text string // without control characters, of bounded length
}

// Sender brings a message to a person.
type Sender interface {
	Send(context.Context, Message) error
}

// Notifier records outcomes and tells of changes.
type Notifier struct {
	File   string        // absolute path of the state; its folder is made where there is none
	After  time.Duration // without a completed run, after which the person is told; 0: never
	Sender Sender
}

// maxState is how large a state can be, in bytes.
const maxState = 64 << 10

// Record records what became of a run that ended at a time, and tells the person
// if that changes what it knows. text says what went wrong, what is owed, or why nothing
// could be done; "" for a machine that is not there. An
// error does not mean that nothing was recorded: it may be that of the sender, and
// then the person is told by the next Record.
func (n Notifier) Record(ctx context.Context, now time.Time, o Outcome, text string) (State, error) {
	s, err := Load(n.File)
	if err != nil {
		// A state that cannot be read must not keep anybody from being told.
		s = State{}
	}
	s, messages := s.next(now.UTC(), o, clean(text), n.After)
	var failed error
	for _, m := range messages {
		if failed = n.Sender.Send(ctx, m.Message); failed != nil {
			failed = fmt.Errorf("tell that %q: %w", m.Title, failed)
			break
		}
		s = m.told(s)
	}
	return s, errors.Join(failed, n.save(s))
}

// Load reads a state. The zero State is that of no file; Since is zero then.
func Load(file string) (s State, err error) {
	f, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return State{}, nil
	} else if err != nil {
		return State{}, fmt.Errorf("read what was told: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxState))
	if err == nil {
		err = json.Unmarshal(data, &s)
	}
	if err != nil {
		return State{}, fmt.Errorf("read what was told: %s: %w", file, err)
	}
	return s, nil
}

func (n Notifier) save(s State) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("keep what was told: %w", err)
		}
	}()
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	folder, name := filepath.Split(n.File)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	dir, err := safefile.OpenDir(folder)
	if err != nil {
		return err
	}
	defer dir.Close()
	return safefile.WriteFile(dir, name, append(data, '\n'))
}
