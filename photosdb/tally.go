package photosdb

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"zombiezen.com/go/sqlite"
)

// tally counts assets by a key, each asset once for each key. Rows must come in
// order of the asset: then it remembers one asset a key, however many there are.
type tally[K comparable] struct {
	assets map[K]int
	last   map[K]int64
}

func newTally[K comparable]() tally[K] { return tally[K]{map[K]int{}, map[K]int64{}} }

func (t tally[K]) add(key K, asset int64) {
	if last, seen := t.last[key]; seen && last == asset {
		return
	}
	t.last[key] = asset
	t.assets[key]++
}

// list runs what reads one of the library's lists, under its lock and with its
// errors explained.
func (l *Library) list(ctx context.Context, read func() error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conn == nil {
		return fmt.Errorf("%s: library is closed", l.path)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	// SQLite looks at the channel while it works.
	l.conn.SetInterrupt(ctx.Done())
	defer l.conn.SetInterrupt(nil)
	err := read()
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	return l.explain(err)
}

// rows runs a query of a list.
func (l *Library) rows(query string, do func(*sqlite.Stmt) error, args ...any) error {
	return each(l.conn, query, do, args...)
}

// noteAbsent turns the absence of an optional list into a note for Warnings.
func (l *Library) noteAbsent(fact string, err error) error {
	if !errors.Is(err, ErrAbsent) {
		return err
	}
	if known := (*Error)(nil); errors.As(err, &known) && known.Err != nil {
		fact = known.Err.Error()
	}
	l.note("this library has no " + fact)
	return nil
}

// note keeps a warning, once.
func (l *Library) note(warning string) {
	if !slices.Contains(l.notes, warning) {
		l.notes = append(l.notes, warning)
	}
}

// kept is the condition that an asset of the alias a is not in the trash.
const kept = "IFNULL(a.ZTRASHEDSTATE, 0) = 0"
