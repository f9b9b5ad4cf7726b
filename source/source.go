// Package source hands the pictures of a Photos library to a backup.
//
// It stands where the two halves of photogo meet: backup keeps files safe and does
// not know what a photo is, export knows photos and has never heard of backups.
package source

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"time"

	"github.com/photogo/photogo/backup"
	"github.com/photogo/photogo/export"
	"github.com/photogo/photogo/manifest"
	"github.com/photogo/photogo/naming"
	"github.com/photogo/photogo/photosdb"
	"github.com/photogo/photogo/sidecar"
)

// Library is a Photos library as the source of a backup; it implements
// backup.Source.
type Library struct {
	Path    string         // of the library
	State   string         // photogo's state folder
	Staging string         // the folder to export into
	Options export.Options // what is exported; Library is filled in, and Prune must be zero
	Link    export.Link
	Workers int // files copied at a time; 0: 4
	// Download fetches what only iCloud has; nil: it stays missing.
	Download *export.DownloadOptions
	// Wish is a text for all that was asked for, with the version of photogo. An
	// export of the same wish is spared while nothing has changed, and looks at what
	// changed otherwise; "": everything is looked at.
	Wish string
	Now  func() time.Time
	// Event is told of each file, Warn what the library lacks; they may be nil.
	Event func(export.Event)
	Warn  func(string)
}

var (
	_ backup.Source = (*Library)(nil)
	_ backup.Owing  = (*Library)(nil)
)

// Export implements backup.Source. Errors: those of photosdb.Open,
// export.OpenDestination and export.Plan.Run.
func (l *Library) Export(ctx context.Context, limit int64) (_ backup.Exported, err error) {
	if s, ok, err := l.atRest(ctx); ok {
		return exported(s, false), err
	}
	if limit == 0 {
		if s, ok, err := l.recent(ctx); ok {
			return exported(s, false), err
		}
	}
	library, err := l.open(ctx)
	if err != nil {
		return backup.Exported{}, err
	}
	defer library.Close()
	dest, err := export.OpenDestination(ctx, l.Staging, export.OpenOptions{State: l.State, Library: library.Path()})
	if err != nil {
		return backup.Exported{}, err
	}
	defer dest.Close()
	opt := l.options(library)
	query := photosdb.Query{Order: photosdb.ByDate, Include: opt.Include()}
	if limit == 0 && l.Wish != "" {
		query.Baseline = &photosdb.Baseline{}
	}
	assets := library.Assets(ctx, query)
	b := &budget{limit: limit, options: &opt, record: dest.Record}
	job, end := l.job(dest)
	defer func() { err = errors.Join(err, end()) }()
	job.Source = library
	if limit > 0 {
		if _, b.staged, err = dest.Record.Count(); err != nil {
			return backup.Exported{}, err
		}
		assets = b.keep(assets)
	} else if l.Wish != "" {
		job.Wish, job.Library, job.Warnings = l.Wish, query.Baseline, library.Warnings
		if job.Cursor, err = library.Cursor(); err != nil {
			return backup.Exported{}, err
		}
	}
	plan, err := export.NewPlan(assets, dest.Record, dest.Folder(), opt)
	if err != nil {
		return backup.Exported{}, err
	}
	s, err := plan.Run(ctx, job)
	l.warn(library)
	return exported(s, b.more), err
}

// Rehearse tells what Export would do, and does nothing.
func (l *Library) Rehearse(ctx context.Context) (export.Summary, error) {
	library, err := l.open(ctx)
	if err != nil {
		return export.Summary{}, err
	}
	defer library.Close()
	dest, err := export.OpenDestination(ctx, l.Staging, export.OpenOptions{State: l.State, Library: library.Path(), Look: true})
	if err != nil {
		return export.Summary{}, err
	}
	defer dest.Close()
	opt := l.options(library)
	plan, err := export.NewPlan(library.Assets(ctx, photosdb.Query{Order: photosdb.ByDate, Include: opt.Include()}), dest.Record, dest.Folder(), opt)
	if err != nil {
		return export.Summary{}, err
	}
	s, err := plan.Rehearse(ctx, func(e export.Event) {
		if l.Event != nil {
			l.Event(e)
		}
	})
	l.warn(library)
	return s, err
}

// Owed implements backup.Owing. What only iCloud has is not told: it is missing.
func (l *Library) Owed(ctx context.Context, do func(manifest.Entry) error) error {
	quiet := *l
	quiet.Event, quiet.Warn = nil, nil
	if _, ok, err := quiet.atRest(ctx); ok {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var failed error
	quiet.Event = func(e export.Event) {
		if e.Outcome != export.Placed || e.Fetch != "" || failed != nil {
			return
		}
		failed = do(manifest.Entry{Path: e.Entry.Path, Size: e.Entry.Size, Owner: string(e.Item.UUID), Role: string(e.Item.Role)})
		if failed != nil {
			stop()
		}
	}
	_, err := quiet.Rehearse(ctx)
	if failed != nil {
		return failed
	}
	return err
}

// Describe implements backup.Source: an object for each asset by the contract of
// docs/JSON.md, with all that is known.
func (l *Library) Describe(ctx context.Context, want func(owner string) bool) iter.Seq2[backup.Description, error] {
	return func(yield func(backup.Description, error) bool) {
		library, err := l.open(ctx)
		if err != nil {
			yield(backup.Description{}, err)
			return
		}
		defer library.Close()
		for a, err := range library.Assets(ctx, photosdb.Query{Include: photosdb.IncludeAll}) {
			if err != nil {
				yield(backup.Description{}, err)
				return
			}
			var object json.RawMessage
			for place := range naming.MaxPlaces {
				owner := naming.Owner(a.UUID, place)
				if !want(owner) {
					if place > 0 {
						break
					}
					continue
				}
				if object == nil {
					if object, err = sidecar.JSON(a, true); err != nil {
						yield(backup.Description{}, fmt.Errorf("describe %s: %w", a.UUID, err))
						return
					}
				}
				if !yield(backup.Description{Owner: owner, Asset: object}, nil) {
					return
				}
			}
		}
	}
}

func (l *Library) open(ctx context.Context) (*photosdb.Library, error) {
	return photosdb.Open(ctx, l.Path, photosdb.Options{TempDir: filepath.Join(l.State, "snapshots")})
}

func (l *Library) options(library *photosdb.Library) export.Options {
	opt := l.Options
	opt.Library, opt.DownloadMissing = library.UUID(), l.Download != nil
	opt.Sample = func() ([]photosdb.UUID, error) { return library.Sample(context.Background(), export.SampleSize) }
	return opt
}

// end closes what fetched. That nothing more could be fetched is told, and keeps
// nobody from backing up what is there.
func (l *Library) end(downloads *export.Downloads) error {
	err := downloads.Close()
	if why := downloads.Err(); why != nil {
		l.tell("iCloud: " + why.Error())
	}
	return err
}

func (l *Library) warn(library *photosdb.Library) {
	for _, w := range library.Warnings() {
		l.tell(w)
	}
}

func (l *Library) tell(warning string) {
	if l.Warn != nil {
		l.Warn(warning)
	}
}

// atRest tells what an export would do that finds nothing to do, without looking at
// every file. Where it is not ok nothing was told, and whatever is wrong will be told by
// the export itself.
func (l *Library) atRest(ctx context.Context) (s export.Summary, ok bool, err error) {
	if l.Wish == "" {
		return s, false, nil
	}
	dest, err := export.OpenDestination(ctx, l.Staging, export.OpenOptions{State: l.State, Library: l.Path, Look: true})
	if err != nil {
		return s, false, nil
	}
	defer dest.Close()
	s, ok, err = dest.AtRest(ctx, l.Path, l.Wish, l.Now(), l.tell, func(e export.Event) error {
		if l.Event != nil {
			l.Event(e)
		}
		return nil
	})
	return s, ok, err
}

// recent exports what changed since the last export. Where it is not ok everything is to
// be looked at, and nothing was done or told.
func (l *Library) recent(ctx context.Context) (s export.Summary, ok bool, err error) {
	if l.Wish == "" {
		return s, false, nil
	}
	dest, err := export.OpenDestination(ctx, l.Staging, export.OpenOptions{State: l.State, Library: l.Path, Known: true})
	if err != nil {
		return s, false, nil
	}
	defer dest.Close()
	opt := l.Options
	opt.DownloadMissing = l.Download != nil
	recent, _, err := dest.Recent(ctx, l.Path, l.Wish, l.Now(), opt)
	if err != nil || recent == nil {
		return s, false, nil
	}
	defer recent.Close()
	job, end := l.job(dest)
	s, err = recent.Run(ctx, job)
	for _, w := range recent.Warnings() {
		l.tell(w)
	}
	return s, true, errors.Join(err, end())
}

// job is what every export is carried out with. end lets go of what it fetched with.
func (l *Library) job(dest *export.Destination) (job export.Job, end func() error) {
	job = export.Job{Dest: dest.FS, Record: dest.Record, Workers: l.Workers, Link: l.Link, Now: l.Now(), Event: l.Event}
	if l.Download == nil {
		return job, func() error { return nil }
	}
	downloads := export.NewDownloads(dest, *l.Download)
	job.Fetch = downloads.Fetching()
	return job, func() error { return l.end(downloads) }
}

func exported(s export.Summary, more bool) backup.Exported {
	return backup.Exported{
		Files: s.Files, Placed: s.Placed + s.Moved + s.Adopted, Bytes: s.Bytes,
		Missing: s.Missing, Altered: s.Altered, Failed: s.Failed, More: more,
		Fetched: s.Fetched, ToCome: s.ToCome,
	}
}

// budget ends a sequence of assets when more would be staged than may be.
type budget struct {
	limit, staged int64
	fresh         bool          // something new was let through
	more          bool          // something new was not
	ended         photosdb.UUID // the first asset that was not; "" while that is not known
	known         bool          // how far the sequence goes: it was read once
	options       *export.Options
	record        *manifest.Manifest
}

func (b *budget) keep(assets iter.Seq2[*photosdb.Asset, error]) iter.Seq2[*photosdb.Asset, error] {
	return func(yield func(*photosdb.Asset, error) bool) {
		again := b.known
		defer func() { b.known = true }()
		for a, err := range assets {
			if again && err == nil && a.UUID == b.ended {
				return
			}
			is := false
			if !again && err == nil {
				is, err = b.options.Query.Match(a)
			}
			if is {
				size, e := b.size(a)
				err = e
				if size > 0 && b.staged+size > b.limit && b.fresh {
					b.more, b.ended = true, a.UUID
					return
				}
				b.staged += size
				b.fresh = b.fresh || size > 0
			}
			if !yield(a, err) || err != nil {
				return
			}
		}
	}
}

// size is what an asset that was never exported will take, about.
func (b *budget) size(a *photosdb.Asset) (size int64, err error) {
	held, err := b.record.Of([]string{naming.Owner(a.UUID, 0)})
	if err != nil || len(held) > 0 {
		return 0, err
	}
	for _, r := range a.Resources {
		if r.OnDisk {
			size += r.Found
		} else if _, ok := export.FetchRequest(a, &r); ok && b.options.DownloadMissing && r.Remote {
			size += r.Size
		}
	}
	return size, nil
}
