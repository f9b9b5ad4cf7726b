package photosdb

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// Changes is the difference between what a library holds and a Baseline: an asset
// has changed if any fact that Asset states of it has, its albums, keywords and
// people and their names included; but not what was found on disk, such as
// Resource.OnDisk. Its lists are sorted.
type Changes struct {
	Added   []UUID // not in the baseline
	Changed []UUID
	Deleted []UUID // in the baseline, and in the library no more: not even in its trash

	// Baseline is what the library holds now, for the next time.
	Baseline *Baseline

	// Compared is why every asset was compared, in words; "" if the library's
	// history told what to look at. The lists do not depend on it.
	Compared string
}

// Changed reports whether the library at path may have changed since the cursor
// of a Baseline. It looks at the database's files only, without copying or
// querying it: false is certain, true may turn out to be nothing. An empty cursor,
// and one of another library, has changed.
//
// Errors: ErrNotLibrary, ErrUnsupported, ErrAccess, each in an *Error.
func Changed(ctx context.Context, path, cursor string) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return false, err
	}
	if err := recognise(path); err != nil {
		return false, err
	}
	c, err := parseCursor(cursor)
	if err != nil {
		return true, nil // of another release of photogo, or none
	}
	same, err := c.mark.holds(filepath.Join(path, databasePath))
	if err != nil {
		return false, refused(path, ErrDamaged, err)
	}
	return !same, nil
}

// FindChanges finds out what changed in the library at path since a baseline, nil
// for everything. It reads the database where it lies, at the cost of what
// changed, and takes a snapshot only if others write to it all the time. The
// library is not touched: there is no lock, and nothing of it is copied.
//
// Errors: as of Open.
func FindChanges(ctx context.Context, path string, since *Baseline, opt Options) (*Changes, error) {
	changed, err := Changed(ctx, path, since.Cursor())
	if err != nil {
		return nil, err
	}
	if !changed {
		return &Changes{Baseline: since}, nil
	}
	if path, err = filepath.Abs(path); err != nil {
		return nil, err
	}
	const tries = 3
	for range tries {
		var found *Changes
		err = readInPlace(ctx, path, func(l *Library) (err error) {
			found, err = l.Changes(ctx, since)
			return err
		})
		if err == nil {
			return found, nil
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if !errors.Is(err, errUnsettled) {
			break // a snapshot will tell what is wrong
		}
	}
	l, err := Open(ctx, path, opt)
	if err != nil {
		return nil, err
	}
	found, err := l.Changes(ctx, since)
	return found, errors.Join(err, l.Close())
}

// Cursor is the moment that the library shows, for Changed.
func (l *Library) Cursor() (string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conn == nil {
		return "", fmt.Errorf("%s: library is closed", l.path)
	}
	c, err := l.cursor()
	return c.String(), l.explain(err)
}

// Changes finds out what changed since a baseline, nil for everything. It asks
// the history that Photos keeps of its database (ATRANSACTION, ACHANGE) and looks
// only at what that names. Where the history cannot tell it compares every asset:
// see Changes.Compared. It does not tell what was changed behind Photos' back, by
// other programs that wrote into its database: Compare does.
func (l *Library) Changes(ctx context.Context, since *Baseline) (*Changes, error) {
	return l.changes(ctx, since, "")
}

// Compare is Changes without the history: every asset is compared with the
// baseline.
func (l *Library) Compare(ctx context.Context, since *Baseline) (*Changes, error) {
	return l.changes(ctx, since, "it was asked for")
}

func (l *Library) changes(ctx context.Context, since *Baseline, why string) (*Changes, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conn == nil {
		return nil, fmt.Errorf("%s: library is closed", l.path)
	}
	defer l.conn.SetInterrupt(l.conn.SetInterrupt(ctx.Done()))
	if since == nil {
		since = &Baseline{}
	}
	found, err := l.find(ctx, since, why)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return found, l.explain(err)
}

func (l *Library) find(ctx context.Context, since *Baseline, why string) (*Changes, error) {
	here, err := l.cursor()
	if err != nil {
		return nil, err
	}
	d := l.newDigester()
	defer d.close()
	now, fallback := (*Baseline)(nil), errNoHistory(why)
	if why == "" {
		now, err = l.follow(ctx, d, since, here)
		if err != nil && !errors.As(err, &fallback) {
			return nil, err
		}
	}
	if now == nil {
		if now, err = l.compare(ctx, d); err != nil {
			return nil, err
		}
	}
	now.cursor = here.String()
	found := difference(since, now)
	found.Compared = string(fallback)
	return found, nil
}

// cursor is the moment that the library shows.
func (l *Library) cursor() (c cursor, err error) {
	c.store, c.reading = l.schema.store, l.reading()
	if l.inPlace != nil {
		c.mark = l.inPlace.mark
	} else if c.mark, err = l.snapshot.mark(); err != nil {
		return c, err
	}
	c.history, err = l.position()
	return c, err
}

// compare digests every asset.
func (l *Library) compare(ctx context.Context, d *digester) (*Baseline, error) {
	keys, err := l.keys(ByUUID)
	if err != nil {
		return nil, err
	}
	slices.Sort(keys) // rows of one time stand together in all tables
	now := &Baseline{entries: make([]entry, 0, len(keys))}
	for part := range slices.Chunk(keys, chunk) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		assets, err := d.read(part)
		if err != nil {
			return nil, err
		}
		if len(assets) != len(part) {
			return nil, fmt.Errorf("%w: rows of %s cannot be found again", ErrDamaged, l.schema.asset)
		}
		for _, a := range assets {
			now.add(a)
		}
	}
	now.sort()
	return now, nil
}

// follow applies to a baseline what the history tells. Errors: errNoHistory.
func (l *Library) follow(ctx context.Context, d *digester, since *Baseline, here cursor) (*Baseline, error) {
	if since.cursor == "" {
		return nil, errNoHistory("nothing is known of an earlier time")
	}
	then, err := parseCursor(since.cursor)
	switch {
	case err != nil:
		return nil, errNoHistory("what is known is of another release of photogo")
	case then.store != here.store:
		return nil, errNoHistory("what is known is of another library")
	case then.reading != here.reading:
		return nil, errNoHistory("what is known was read in another way, by another release of photogo or of Photos")
	case here.history == nil:
		return nil, errNoHistory("the library keeps no history")
	case then.history == nil:
		return nil, errNoHistory("the library kept no history the last time")
	}
	if table := l.untracked(); table != "" {
		return nil, errNoHistory("the history is not asked about " + table)
	}
	if err := l.continues(then.history); err != nil {
		return nil, err
	}
	touched, err := l.since(then.history)
	if err != nil {
		return nil, err
	}
	keys, err := l.candidates(d, touched, since)
	if err != nil {
		return nil, err
	}
	patch := &Baseline{}
	for part := range slices.Chunk(keys, chunk) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		assets, err := d.read(part)
		if err != nil {
			return nil, err
		}
		for _, a := range assets {
			if a.uuid == "" {
				return nil, errNoHistory("an asset has no UUID")
			}
			patch.add(a)
		}
	}
	patch.sort()
	now := since.with(patch, touched.deleted)
	// What the history did not tell of, such as a deleted asset whose UUID it
	// lost, shows in the number of assets.
	if n, err := l.count(); err != nil {
		return nil, err
	} else if n != len(now.entries) {
		return nil, errNoHistory("the history does not tell of every asset that came or went")
	}
	return now, nil
}

// untracked names a table that assets are read from and that the history is not
// asked about; "" if there is none.
func (l *Library) untracked() string {
	tracked := map[string]bool{l.schema.asset: true, l.schema.albumJoin.table: true, l.schema.wordJoin.table: true}
	for entity := range l.schema.routes() {
		tracked["Z"+strings.ToUpper(entity)] = true
	}
	q := l.queries
	for _, query := range []string{q.assets, q.resources, q.faces, q.albums, q.keywords} {
		words := strings.Fields(query)
		for i, word := range words {
			if i > 0 && (words[i-1] == "FROM" || words[i-1] == "JOIN") && strings.HasPrefix(word, "Z") && !tracked[word] {
				return word
			}
		}
	}
	return ""
}

func (b *Baseline) add(a *digested) {
	a.id = b.remember(a.uuid)
	b.entries = append(b.entries, a.entry)
}

func (b *Baseline) sort() {
	slices.SortFunc(b.entries, func(x, y entry) int { return x.id.compare(y.id) })
}

// with returns the baseline with the entries of a patch, and without those of
// deleted assets that the patch does not have.
func (b *Baseline) with(patch *Baseline, deleted map[UUID]bool) *Baseline {
	gone := map[assetID]bool{}
	for u := range deleted {
		id, _ := idOf(u)
		gone[id] = true
	}
	now := &Baseline{entries: make([]entry, 0, len(b.entries)+len(patch.entries))}
	take := func(from *Baseline, e entry) {
		if u, ok := from.odd[e.id]; ok {
			now.remember(u)
		}
		now.entries = append(now.entries, e)
	}
	merge(b.entries, patch.entries, func(old, new *entry) {
		switch {
		case new != nil:
			take(patch, *new)
		case !gone[old.id]:
			take(b, *old)
		}
	})
	return now
}

// difference lists what differs between two baselines.
func difference(then, now *Baseline) *Changes {
	c := &Changes{Baseline: now}
	merge(then.entries, now.entries, func(old, new *entry) {
		switch {
		case old == nil:
			c.Added = append(c.Added, now.name(new.id))
		case new == nil:
			c.Deleted = append(c.Deleted, then.name(old.id))
		case *old != *new:
			c.Changed = append(c.Changed, now.name(new.id))
		}
	})
	for _, list := range [][]UUID{c.Added, c.Changed, c.Deleted} {
		slices.Sort(list) // odd UUIDs stand elsewhere by id
	}
	return c
}

// merge goes through two sorted lists at once, with nil for what one of them lacks.
func merge(a, b []entry, do func(x, y *entry)) {
	for len(a) > 0 || len(b) > 0 {
		order := 0
		switch {
		case len(a) == 0:
			order = 1
		case len(b) == 0:
			order = -1
		default:
			order = a[0].id.compare(b[0].id)
		}
		switch {
		case order < 0:
			do(&a[0], nil)
			a = a[1:]
		case order > 0:
			do(nil, &b[0])
			b = b[1:]
		default:
			do(&a[0], &b[0])
			a, b = a[1:], b[1:]
		}
	}
}
