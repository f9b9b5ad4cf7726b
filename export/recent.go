package export

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/photogo/photogo/photosdb"
)

// Recent is a plan of what changed in a library since a run that left a Rest. Its
// run leaves the destination as a run of the whole plan would, and tells the same.
//
// It is only made where that is certain. Whatever else may be wrong, such as files
// that were overwritten where they lie, shows when everything is looked at: once in
// FullLook, and whenever there is no Recent.
type Recent struct {
	plan  *Plan
	found *photosdb.Recent
	files *photosdb.Files
	wish  string
}

// carried is what a plan of a few assets knows of all others.
type carried struct {
	rest   *Rest // of the run before
	past   past
	again  map[photosdb.UUID]bool // assets of which nothing holds any more: they changed, are gone, or may have come
	groups []*Group
}

func (c *carried) plan(yield func(*Group, error) bool) {
	for _, g := range c.groups {
		if !yield(g, nil) {
			return
		}
	}
}

// mostRecent is how many assets are planned by themselves. Beyond, looking at
// everything costs little more.
const mostRecent = 5000

// Recent plans what changed in the library at a path, if that is enough. Otherwise it
// returns nil, and why everything is to be looked at. opt and wish are those of the
// whole plan. Destination must have been opened for writing. Close must be called
// after use.
//
// Assets of which a file is missing are looked for again, unless these are more than
// a few thousand: then only the database or the next full look tells that one came.
// Nothing is pruned by a part of the library; where something would have to be,
// everything is looked at.
func (d *Destination) Recent(ctx context.Context, library, wish string, now time.Time, opt Options) (recent *Recent, why string, err error) {
	if opt.Include() != photosdb.IncludeNothing {
		return nil, "templates ask for facts from outside the database", nil
	}
	rest, err := d.rest(wish, now)
	if err != nil || rest == nil {
		return nil, "the last run tells nothing", err
	}
	defer func() {
		if recent == nil {
			rest.close()
		}
	}()
	if ok, err := d.asLeft(rest); err != nil || !ok {
		return nil, "somebody changed the destination", err
	}
	missing, err := rest.missing()
	if err != nil {
		return nil, "", err
	}
	if opt.DownloadMissing && rest.Lacks > mostRecent/2 {
		return nil, "much is still to be fetched", nil
	}
	old, ok, err := readPastOf(d.Record, rest.Past)
	if err != nil || !ok {
		return nil, "nothing is known of what the library held", err
	}
	of, err := d.Record.Meta(metaLibrary)
	if err != nil {
		return nil, "", err
	}
	// The record is read while the library is.
	opt.Library = of
	var found *photosdb.Recent
	var p *Plan
	var planErr error
	planned := make(chan struct{})
	go func() {
		defer close(planned)
		p, planErr = NewPlan(func(yield func(*photosdb.Asset, error) bool) { sequence(found.Assets)(yield) }, d.Record, d.Folder(), opt)
	}()
	found, err = photosdb.FindRecent(ctx, library, old.library, missing, mostRecent)
	<-planned
	switch {
	case ctx.Err() != nil:
		return nil, "", ctx.Err()
	case err != nil:
		return nil, err.Error(), nil // whoever reads the whole library will tell, if it is still so
	case slices.ContainsFunc(found.Warnings, func(w string) bool { return !slices.Contains(rest.Warnings, w) }):
		return nil, "the library is not known well enough", nil
	case found.Library != of:
		return nil, "it is another library", nil
	case found.Baseline.Len() == 0:
		return nil, "the library is empty", nil
	case otherwise(min(len(found.Added), len(found.Deleted)), old.library.Len()):
		return nil, "many assets seem to be called otherwise", nil
	case opt.Prune.Wanted && (len(found.Deleted) > 0 || slices.ContainsFunc(found.Assets, func(a *photosdb.Asset) bool { return !opt.holds(a) })):
		return nil, "assets are gone from the library", nil
	}
	if planErr != nil {
		return nil, "", planErr
	}
	p.namer.Few = true
	c := &carried{rest: rest, past: old, again: map[photosdb.UUID]bool{}}
	for _, list := range [][]photosdb.UUID{found.Added, found.Changed, found.Deleted} {
		for _, uuid := range list {
			c.again[uuid] = true
		}
	}
	for _, a := range found.Assets {
		c.again[a.UUID] = true
	}
	for g, err := range p.Groups(ctx) {
		if err != nil {
			return nil, "", err
		}
		c.groups = append(c.groups, g)
	}
	switch {
	case p.namer.Doubtful():
		return nil, "a name may depend on files of other assets", nil
	case p.held != nil && len(p.held.stale) > 0:
		return nil, "files are gone from the library", nil
	}
	p.held, p.carried = nil, c
	files, err := photosdb.OpenFiles(library)
	if err != nil {
		return nil, err.Error(), nil
	}
	return &Recent{plan: p, found: found, files: files, wish: wish}, "", nil
}

// missing are the assets of which a file is missing; none if these are many.
func (r *Rest) missing() (list []photosdb.UUID, err error) {
	if r.Lacks > mostRecent {
		return nil, nil
	}
	for f, err := range r.open.all() {
		if err != nil {
			return nil, err
		}
		if f.Entry == nil && (len(list) == 0 || list[len(list)-1] != f.UUID) {
			list = append(list, f.UUID)
		}
	}
	if len(list) > mostRecent/2 {
		return nil, nil
	}
	return list, nil
}

func sequence(assets []*photosdb.Asset) iter.Seq2[*photosdb.Asset, error] {
	return func(yield func(*photosdb.Asset, error) bool) {
		for _, a := range assets {
			if !yield(a, nil) {
				return
			}
		}
	}
}

// Assets is how many assets the library holds.
func (r *Recent) Assets() int { return r.found.Baseline.Len() }

// Warnings are what the library lacks, as the last run was told that read all of it.
func (r *Recent) Warnings() []string { return r.plan.carried.rest.Warnings }

// Planned is how many of them are planned.
func (r *Recent) Planned() int { return len(r.plan.carried.groups) }

// Run is Plan.Run: what it tells and counts is of the whole library. Of job it sets
// Source, Cursor, Wish, Library and Warnings itself.
func (r *Recent) Run(ctx context.Context, job Job) (Summary, error) {
	job.Source, job.Wish, job.Cursor = r.files, r.wish, r.found.Baseline.Cursor()
	job.Library, job.Warnings = r.found.Baseline, r.Warnings
	return r.plan.Run(ctx, job)
}

// Close lets go of the library's files.
func (r *Recent) Close() error {
	if err := errors.Join(r.files.Close(), r.plan.carried.rest.close()); err != nil {
		return fmt.Errorf("close the library: %w", err)
	}
	return nil
}

// carry takes over what holds of the assets that are not planned.
func (r *run) carry() error {
	c := r.plan.carried
	if c == nil {
		return nil
	}
	s := c.rest.Summary
	for uuid := range c.again {
		if files, ok := c.past.counts.of(uuid); ok {
			s.Assets--
			s.Files -= files
		}
	}
	open := func(visit func(openFile)) error {
		for f, err := range c.rest.open.all() {
			if err != nil {
				return err
			}
			if !c.again[f.UUID] {
				visit(f)
			}
		}
		return nil
	}
	files := s.Files
	if err := open(func(openFile) { files-- }); err != nil {
		return err
	}
	r.mu.Lock()
	r.summary = Summary{Assets: s.Assets, Files: files, Unchanged: files}
	r.mu.Unlock()
	return open(func(f openFile) { r.report(f.event()) })
}
