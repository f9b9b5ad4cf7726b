package export

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"maps"
	"path"
	"sync"

	"github.com/photogo/photogo/internal/safefile"
	"github.com/photogo/photogo/manifest"
	"github.com/photogo/photogo/naming"
	"github.com/photogo/photogo/photokit"
	"github.com/photogo/photogo/photosdb"
)

// Fetching says how files are fetched that only iCloud has. They come while others
// are copied, by workers of their own.
type Fetching struct {
	// Open returns what fetches. It is called once, and not before there is
	// something to fetch. probe are UUIDs of up to 64 assets, of which Photos knows
	// at least one if the library is its own. After an error nothing is fetched;
	// all else is done.
	Open func(ctx context.Context, probe []string) (Fetcher, error)
	// Workers is how many files are on their way at a time; 0 is 5. Some more than
	// the fetcher asks for at a time keep it busy while others are placed.
	Workers int
	// Progress is told how many bytes have come of files whose fate is not known
	// yet, and of how many. It may be nil.
	Progress func(bytes, of int64)
}

// FetchState is what became of a file that was to be fetched.
type FetchState string

// The states. All but Fetched are of files that are still missing.
const (
	Fetched   FetchState = "fetched"
	Parked    FetchState = "parked"    // Photos did not deliver it, now or before; it is left alone for a while
	Waiting   FetchState = "waiting"   // the disk has no room for it that may be used
	Postponed FetchState = "postponed" // the budget is used up, or nothing more could be asked for
)

// notFetched is why a file that only iCloud has is still missing.
type notFetched struct{ err error }

func (n *notFetched) Error() string { return n.err.Error() }
func (n *notFetched) Unwrap() error { return n.err }

func (n *notFetched) state() FetchState {
	var said *photokit.Error
	switch {
	case errors.As(n.err, &said) && said.Parked:
		return Parked
	case errors.Is(n.err, photokit.ErrSpace), errors.Is(n.err, photokit.ErrFull):
		return Waiting
	}
	return Postponed
}

const (
	defaultFetchWorkers = 5
	maxProbe            = 64
	// fetchAhead is how many assets may wait for their turn. What is beyond is planned
	// once more when everything else is copied, so that what waits takes no memory, and
	// copying does not wait for it.
	fetchAhead = 4000
)

// fetches is what a run knows of its fetching.
type fetches struct {
	*Fetching // nil: nothing is fetched
	known     chan struct{}
	enough    sync.Once // closes known
	once      sync.Once // opens
	fetcher   Fetcher
	err       error
	probe     []string
	ahead     int
	later     map[photosdb.UUID]roles // that are planned once more

	mu       sync.Mutex // guards what follows
	coming   map[*Item]int64
	got, due int64
	perm     fs.FileMode // see mode
}

func newFetches(f *Fetching) *fetches {
	return &fetches{Fetching: f, known: make(chan struct{}), ahead: fetchAhead, later: map[photosdb.UUID]roles{}, coming: map[*Item]int64{}}
}

func (f *fetches) workers() int {
	switch {
	case f.Fetching == nil:
		return 0
	case f.Workers <= 0:
		return defaultFetchWorkers
	}
	return f.Workers
}

// see learns of an asset that Photos must have.
func (f *fetches) see(g *Group) {
	if f.Fetching != nil && g.own && len(f.probe) < maxProbe {
		if f.probe = append(f.probe, string(g.Asset)); len(f.probe) == maxProbe {
			f.seen()
		}
	}
}

// seen says that the probe is complete.
func (f *fetches) seen() { f.enough.Do(func() { close(f.known) }) }

// seeRecord completes the probe of a plan of few assets by those of earlier runs.
func (f *fetches) seeRecord(record Record) error {
	if f.Fetching == nil {
		return nil
	}
	for n, err := range record.Names() {
		if err != nil {
			return err
		}
		if len(f.probe) >= maxProbe/2 {
			break
		}
		if asset, place := naming.ParseOwner(n.Owner); place == 0 {
			f.probe = append(f.probe, asset)
		}
	}
	return nil
}

// open returns the fetcher.
func (f *fetches) open(ctx context.Context) (Fetcher, error) {
	select {
	case <-f.known:
	case <-ctx.Done():
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	f.once.Do(func() { f.fetcher, f.err = f.Open(ctx, f.probe) })
	return f.fetcher, f.err
}

// mode is what a fetched file gets, as the helper keeps what it writes to itself: it is
// to be like all other files. 0: it is not known.
func (f *fetches) mode(dest safefile.FS) fs.FileMode {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.perm == 0 {
		if info, err := dest.Lstat(path.Join(manifest.Folder, "id")); err == nil {
			f.perm = 0o600 | info.Mode().Perm()&0o044
		}
	}
	return f.perm
}

// expect, progress and told keep count of what is on its way.
func (f *fetches) expect(item *Item) { f.count(item, 0, false) }

func (f *fetches) progress(item *Item, bytes int64) { f.count(item, bytes, false) }

func (f *fetches) told(item *Item) { f.count(item, 0, true) }

func (f *fetches) count(item *Item, bytes int64, told bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	had, on := f.coming[item]
	switch {
	case told && on:
		delete(f.coming, item)
		f.due -= item.Size
		f.got -= had
	case told:
		return
	default:
		if !on {
			f.due += item.Size
		}
		f.coming[item] = bytes
		f.got += bytes - had
	}
	if f.Progress != nil {
		f.Progress(f.got, f.due)
	}
}

// roles is a set of roles of files that Photos hands out.
type roles uint8

var fetchable = map[photosdb.Role]roles{
	photosdb.RoleOriginal: 1, photosdb.RoleRaw: 2, photosdb.RoleLive: 4,
	photosdb.RoleEdited: 8, photosdb.RoleEditedLive: 16, photosdb.RoleAdjustments: 32,
}

// has reports whether an item, or the picture that it describes, is of the set.
func (s roles) has(i *Item) bool { return s&(fetchable[i.Role]|fetchable[i.of]) != 0 }

// toFetch are the roles of which a file is to be fetched.
func (g *Group) toFetch() (s roles) {
	for i := range g.Items {
		if g.Items[i].Action == Fetch {
			s |= fetchable[g.Items[i].Role]
		}
	}
	return s
}

// split divides a group into what is at hand, and the files of some roles with
// their sidecars, in all places: those come when they come.
func (g *Group) split(s roles) (here, later *Group) {
	here = &Group{Asset: g.Asset, names: g.names, own: g.own}
	later = &Group{Asset: g.Asset, names: g.names, own: g.own, counted: true}
	for _, item := range g.Items {
		if s.has(&item) {
			later.Items = append(later.Items, item)
		} else {
			here.Items = append(here.Items, item)
		}
	}
	return here, later
}

// divide takes from a group what is to be fetched and sends it on its way, without
// waiting, and returns the rest.
func (r *run) divide(g *Group, fetch chan<- *Group) *Group {
	if r.fetches.see(g); r.fetches.Fetching == nil {
		return g
	}
	s := g.toFetch()
	if s == 0 {
		return g
	}
	here, later := g.split(s)
	select {
	case fetch <- later:
	default:
		r.fetches.later[g.Asset] = s
	}
	return here
}

// packLater plans once more what had to wait, and waits for it to be fetched.
func (r *run) packLater(ctx context.Context, _ chan<- []*Group, fetch chan<- *Group) error {
	later := maps.Clone(r.fetches.later)
	for g, err := range r.plan.again(ctx, later) {
		if err != nil {
			return err
		}
		_, g = g.split(later[g.Asset])
		delete(later, g.Asset)
		select {
		case fetch <- g:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	for asset := range later { // never in one state of one library
		r.report(Event{Item: &Item{UUID: asset, Role: photosdb.RoleOriginal}, Outcome: Failed, Err: fmt.Errorf("fetch files of %s: the library does not have it any more", asset)})
	}
	return nil
}

// again plans some assets once more. Their names are on record.
func (p *Plan) again(ctx context.Context, some map[photosdb.UUID]roles) iter.Seq2[*Group, error] {
	q := *p
	q.held, q.counts = nil, nil
	return func(yield func(*Group, error) bool) {
		assets := make([]*photosdb.Asset, 0, ahead)
		for a, err := range q.assets {
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if _, ok := some[a.UUID]; !ok {
				continue
			}
			if assets = append(assets, a); len(assets) == ahead {
				if !q.groups(assets, false, yield) {
					return
				}
				assets = assets[:0]
			}
		}
		q.groups(assets, false, yield)
	}
}

// owned reports whether Photos must know an asset, if the library is its own.
func owned(a *photosdb.Asset) bool {
	return !a.Flags.Trashed && !a.Origin.SharedAlbum && !syndicated(a)
}
