package export

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io/fs"
	"path"
	"time"

	"github.com/photogo/photogo/manifest"
	"github.com/photogo/photogo/naming"
	"github.com/photogo/photogo/photosdb"
)

// ErrNotPruned says that files which the library seems to hold no longer were
// left where they are, because something speaks against it. What was exported
// is as good as ever.
var ErrNotPruned = errors.New("nothing was pruned")

// QuarantineTime is how long a pruned file stays in quarantine.
const QuarantineTime = 30 * 24 * time.Hour

// metaWaiting is where the record keeps the time by which files wait in quarantine:
// that of the run before, and what was made of it, in seconds since 1970 UTC.
const metaWaiting = "waiting"

// longestRest is how long photogo may not have pruned. A clock that goes on by more
// went wrong, or was: nothing has waited for that.
const longestRest = 366 * 24 * time.Hour

// A run that would prune more than both of these refuses to.
const (
	massFiles   = 50
	massPercent = 10
)

// Prune is how a plan prunes. The zero value prunes nothing.
type Prune struct {
	// Wanted puts into quarantine what the library no longer holds: assets that
	// are gone from it or in its trash, unless Options.Query asks for that, and files
	// that an asset has no longer, as the rendering of an edit that was taken back.
	Wanted bool
	// AllowMass prunes even where most of the destination would go.
	AllowMass bool
}

// holding is what a plan learns of a library while it reads it: what must not
// be pruned.
type holding struct {
	seed  maphash.Seed
	seen  map[uint64]struct{} // hashes of owners; where two meet, a file stays that could go
	stale map[string]bool     // paths of files that their assets do not have any more
}

func newHolding() *holding {
	return &holding{seed: maphash.MakeSeed(), seen: map[uint64]struct{}{}, stale: map[string]bool{}}
}

// holds reports whether the files of an asset stay. What the options leave out stays,
// but for the trash: nobody expects there what was deleted in Photos, and quarantine
// lasts as long as the trash does.
func (o *Options) holds(a *photosdb.Asset) bool {
	return !a.Flags.Trashed || o.Query.Trashed || o.Query.OnlyTrashed
}

func (h *holding) add(owner string) { h.seen[maphash.String(h.seed, owner)] = struct{}{} }

// noteGone notes the files of a place that an asset is not in any more.
func (h *holding) noteGone(entries []manifest.Entry) {
	if h == nil {
		return
	}
	for i := range entries {
		h.stale[entries[i].Path] = true
	}
}

func (h *holding) holds(owner string) bool {
	owner, _ = naming.ParseOwner(owner)
	_, ok := h.seen[maphash.String(h.seed, owner)]
	return ok
}

// noteStale notes which recorded files an asset does not have any more. What
// the options leave out it still has, and what it should have as well.
func (h *holding) noteStale(a *photosdb.Asset, items []Item, known map[photosdb.Role]*manifest.Entry) {
	for role, e := range known {
		picture := role
		switch role {
		case RoleSidecar, RoleJSON:
			picture = photosdb.RoleOriginal
		case RoleEditedSidecar, RoleEditedJSON:
			picture = photosdb.RoleEdited
		}
		has := a.Resource(picture) != nil || picture == photosdb.RoleEdited && unrendered(a) || picture == photosdb.RoleLive && lacksLive(a)
		for i := range items {
			has = has || items[i].Role == picture
		}
		if !has {
			h.stale[e.Path] = true
		}
	}
}

// metaLibrary is where the record keeps the identity of its library.
const metaLibrary = "library"

// metaMixed marks a record that a library was added to which has little of what was in
// it: the rest is no longer in the library because it never was.
const metaMixed = "mixed"

// prunable lists the entries that are to be pruned, or tells why nothing is.
// failed is how many files of the run failed.
func (p *Plan) prunable(record Record, failed int) (list []manifest.Entry, err error) {
	total := 0
	for e, err := range record.All() {
		if err != nil {
			return nil, err
		}
		total++
		if p.held.stale[e.Path] || !p.held.holds(e.Owner) {
			list = append(list, e)
		}
	}
	if len(list) == 0 {
		return nil, nil
	}
	of, err := record.Meta(metaLibrary)
	if err != nil {
		return nil, err
	}
	mixed, err := record.Meta(metaMixed)
	if err != nil {
		return nil, err
	}
	refuse := func(format string, args ...any) ([]manifest.Entry, error) {
		return nil, fmt.Errorf("%w: %s", ErrNotPruned, fmt.Sprintf(format, args...))
	}
	switch {
	case len(p.held.seen) == 0:
		return refuse("the library has no photos at all, and %d files were exported from it", total)
	case failed > 0:
		return refuse("%d files failed in this run", failed)
	case p.recognition != nil && p.recognition.library != "":
		return refuse("this is not the library that the destination was made from; it holds the same pictures, and the next run takes it for the same")
	case of == "" || p.opt.Library != of:
		return refuse("this is not the library that the destination was made from (%s, now %s)", orNone(of), orNone(p.opt.Library))
	case mixed != "" && !p.opt.Prune.AllowMass:
		return refuse("another library was exported here, too, and %d files would go that may be its; if that is right, run it again with --allow-mass-removal", len(list))
	case len(list) > massFiles && 100*len(list) > massPercent*total && !p.opt.Prune.AllowMass:
		return refuse("%d of %d files would go; if that is right, run it again with --allow-mass-removal", len(list), total)
	}
	return list, nil
}

func orNone(s string) string {
	if s == "" {
		return "unknown"
	}
	return s
}

// prune puts what the library no longer holds into quarantine, and removes what
// has been there for long enough. It is the end of a run that met no error.
func (r *run) prune(ctx context.Context) error {
	if err := r.tick(); err != nil {
		return err
	}
	list, err := r.plan.prunable(r.job.Record, r.summary.Failed)
	if err != nil || len(list) == 0 {
		return errors.Join(err, r.expire(ctx))
	}
	if err := r.job.Record.Tied(r.job.Dest); err != nil {
		return fmt.Errorf("%w: %w", ErrNotPruned, err)
	}
	for len(list) > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		part := list[:min(len(list), batchFiles)]
		list = list[len(part):]
		if err := r.pruneSome(part); err != nil {
			return err
		}
	}
	return r.expire(ctx)
}

// tick works out the time by which files wait in quarantine. It is the clock's, but for
// jumps.
func (r *run) tick() error {
	text, err := r.job.Record.Meta(metaWaiting)
	if err != nil {
		return err
	}
	now := r.job.Now.Unix()
	before, waited := now, now
	fmt.Sscan(text, &before, &waited) // the first time there is none
	if passed := now - before; passed > 0 && passed <= int64(longestRest/time.Second) {
		waited += passed
	}
	r.waited = time.Unix(waited, 0)
	return r.job.Record.SetMeta(metaWaiting, fmt.Sprint(now, waited))
}

// pruneSome writes down what is to be put aside, puts it aside, makes that
// durable and then lets the record forget it.
func (r *run) pruneSome(list []manifest.Entry) error {
	var aside []manifest.Aside
	var gone []string
	for i := range list {
		e := &list[i]
		there, same := r.plan.look(e)
		switch {
		case !there:
			gone = append(gone, e.Path) // somebody else removed it
		case !same:
			// It was changed by hand: it is the user's file now.
			r.report(Event{Item: pruned(e), Outcome: Failed, Err: fmt.Errorf("prune %s: it was changed since photogo placed it; it stays", e.Path)})
		default:
			to, err := r.freeAside(e.Path)
			if err != nil {
				return err
			}
			aside = append(aside, manifest.Aside{Path: to, Was: e.Path, At: r.waited, Size: e.Size, Sum: e.Sum})
		}
	}
	if err := r.job.Record.Commit(manifest.Change{Aside: aside, Gone: gone}); err != nil {
		return err
	}
	byPath := make(map[string]*manifest.Entry, len(list))
	for i := range list {
		byPath[list[i].Path] = &list[i]
	}
	folders := map[string]bool{}
	var done []*manifest.Entry
	for _, a := range aside {
		if err := r.job.Dest.Rename(a.Was, a.Path); err != nil {
			r.report(Event{Item: pruned(byPath[a.Was]), Outcome: Failed, Err: fmt.Errorf("prune %s: %w", a.Was, err)})
			continue
		}
		folders[path.Dir(a.Was)], folders[path.Dir(a.Path)] = true, true
		done = append(done, byPath[a.Was])
	}
	names := r.takeFresh()
	for dir := range folders {
		names = append(names, dir)
	}
	if len(names) > 0 {
		if err := r.job.Dest.Sync(names...); err != nil {
			return err
		}
	}
	change := manifest.Change{}
	for _, e := range done {
		change.Gone = append(change.Gone, e.Path)
		change.Vacated = append(change.Vacated, path.Dir(e.Path))
	}
	if err := r.job.Record.Commit(change); err != nil {
		return err
	}
	for _, e := range done {
		r.report(Event{Item: pruned(e), Outcome: Removed, Entry: e})
	}
	return nil
}

func pruned(e *manifest.Entry) *Item {
	owner, place := naming.ParseOwner(e.Owner)
	return &Item{UUID: photosdb.UUID(owner), Place: place, Role: photosdb.Role(e.Role), Path: e.Path, Reason: ReasonNotHeld, Size: e.Size, known: e}
}

// expire removes what has been in quarantine for long enough and is still what
// photogo placed once.
func (r *run) expire(ctx context.Context) error {
	list, err := r.job.Record.Quarantined(r.waited.Add(-QuarantineTime))
	if err != nil || len(list) == 0 {
		return err
	}
	w := newWorker(r)
	var released []string
	for _, a := range list {
		if err := ctx.Err(); err != nil {
			return err
		}
		sum, info, err := w.hashPlaced(a.Path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			continue // it can be looked at another time
		case sum == a.Sum && info.Size() == a.Size:
			if err := r.job.Dest.Remove(a.Path); err != nil {
				continue
			}
			for dir := path.Dir(a.Path); dir != manifest.QuarantineFolder && r.job.Dest.Remove(dir) == nil; {
				dir = path.Dir(dir)
			}
		}
		released = append(released, a.Path)
	}
	return r.job.Record.Commit(manifest.Change{Released: released})
}

// foretell tells what prune would remove.
func (p *Plan) foretell(failed int, event func(Event)) error {
	list, err := p.prunable(p.record, failed)
	for i := range list {
		if there, _ := p.look(&list[i]); there {
			event(Event{Item: pruned(&list[i]), Outcome: Removed, Entry: &list[i]})
		}
	}
	return err
}
