package export

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/photogo/photogo/internal/safefile"
	"github.com/photogo/photogo/manifest"
	"github.com/photogo/photogo/photosdb"
)

// Source opens the files of a library; photosdb.Library is one.
type Source interface {
	Open(*photosdb.Resource) (*os.File, error)
	OpenReferenced(*photosdb.Resource) (*os.File, error)
}

// Job is what a plan is carried out with.
type Job struct {
	Source Source
	Dest   safefile.FS
	Record *manifest.Manifest
	// Workers is how many files are copied at a time; 0 is 4.
	Workers int
	// Fetch brings what Options.DownloadMissing lets be fetched. nil: that is missing.
	Fetch *Fetching
	// Link says how files get into the second and further places of an asset.
	Link Link
	// Now is the time of the run, for the names of quarantine folders.
	Now time.Time
	// Cursor is the moment of the library that is exported, and Wish a text for
	// all that was asked for: see Destination.AtRest. Without a Cursor nothing is
	// noted for it.
	Cursor, Wish string
	// Library is what the library held at the moment of Cursor, as the plan's assets tell
	// it when all of them were read: photosdb.Query.Baseline. With it the next run plans
	// only what changes (Destination.Recent); it may be nil.
	Library *photosdb.Baseline
	// Warnings tells what the library lacks, once all of it was read, for a run that
	// does not read it again to tell the same; it may be nil.
	Warnings func() []string
	// Event is called for each file when its fate is known, by one goroutine
	// at a time. It may be nil.
	Event func(Event)
}

// Outcome is what became of a file.
type Outcome string

// The outcomes.
const (
	Placed    Outcome = "placed"
	Moved     Outcome = "moved"
	Unchanged Outcome = "unchanged"
	Absent    Outcome = "missing"
	Failed    Outcome = "failed"
	Removed   Outcome = "removed" // put into quarantine
	Adopted   Outcome = "adopted" // found in the destination and taken into the record
)

// Event tells the fate of one file.
type Event struct {
	Item    *Item
	Outcome Outcome
	Entry   *manifest.Entry // what the record has now; nil for missing and failed files
	Err     error           // of a failed file, and of one that was not fetched
	Fetch   FetchState      // of a file that was to be fetched; "" for all others
	Assets  int             // assets done so far
}

// Altered reports whether the bytes of a file that is there are not those that
// the library recorded.
func (e Event) Altered() bool { return e.Entry != nil && e.Entry.Proof == manifest.ProofAltered }

// OnlyInCloud reports whether a file is missing that iCloud has.
func (e Event) OnlyInCloud() bool {
	return e.Outcome == Absent && (e.Item.Reason == ReasonInCloud || e.Item.Reason == ReasonNewInCloud)
}

// Summary counts the fates of all files.
type Summary struct {
	Assets    int   `json:"assets"`    // assets that were asked for
	Files     int   `json:"files"`     // files that they should have
	Placed    int   `json:"placed"`    // copied or written
	Moved     int   `json:"moved"`     // given another name
	Unchanged int   `json:"unchanged"` // there already
	Removed   int   `json:"removed"`   // put into quarantine, beside Files
	Adopted   int   `json:"adopted"`   // found there and taken into an empty record, beside Files
	Missing   int   `json:"missing"`   // not in the library folder
	Altered   int   `json:"altered"`   // of those that are there: not what the library recorded
	Failed    int   `json:"failed"`
	Bytes     int64 `json:"bytes"` // of the files placed

	Fetched   int   `json:"fetched"`       // of those placed: from iCloud
	Parked    int   `json:"parked"`        // of those missing: Photos does not deliver them, and is not asked for a while
	Waiting   int   `json:"waiting"`       // of those missing: for room on the disk
	Postponed int   `json:"postponed"`     // of those missing: to the next run
	ToCome    int64 `json:"bytes_to_come"` // of those missing: bytes of what is only in iCloud
}

// Complete reports whether everything that was asked for is there and proven.
func (s Summary) Complete() bool { return s.Missing+s.Altered+s.Failed == 0 }

func (s *Summary) add(e Event) {
	switch e.Outcome {
	case Removed:
		s.Removed++
		return
	case Adopted:
		s.Adopted++
		return
	}
	s.Files++
	switch e.Outcome {
	case Placed:
		s.Placed++
		s.Bytes += e.Entry.Size
		if e.Fetch == Fetched {
			s.Fetched++
		}
	case Moved:
		s.Moved++
	case Unchanged:
		s.Unchanged++
	case Absent:
		s.Missing++
		s.lack(e)
	case Failed:
		s.Failed++
	}
	if e.Altered() {
		s.Altered++
	}
}

// lack counts a missing file.
func (s *Summary) lack(e Event) {
	switch e.Fetch {
	case Parked:
		s.Parked++
	case Waiting:
		s.Waiting++
	case Postponed:
		s.Postponed++
	}
	if e.OnlyInCloud() {
		s.ToCome += e.Item.Size
	}
}

const defaultWorkers = 4

// metaRunning marks a record while a run is under way; found at a start, it
// tells that the last one ended without a word.
const metaRunning = "running"

// ErrStopped says that a run ended early because going on was of no use: the
// destination is full, or cannot be written at all.
var ErrStopped = errors.New("destination cannot take more")

// Run makes the destination match the plan. Files that cannot be placed are
// told as events and counted, and the others are placed all the same; an error
// means that the run ended early. What the summary counts is durable.
//
// Errors: ErrStopped where the destination is full or cannot be written,
// ErrNotPruned, those of the context, and those of the sequence of assets. A plan runs
// once.
func (p *Plan) Run(ctx context.Context, job Job) (Summary, error) {
	return newRun(p, job).run(ctx)
}

func (r *run) run(ctx context.Context) (Summary, error) {
	if err := r.begin(ctx); err != nil {
		return r.summary, err
	}
	err := r.carry()
	if err == nil {
		err = r.takeOver(ctx)
	}
	if err == nil {
		err = r.work(ctx)
	}
	if err == nil && r.plan.held != nil {
		err = r.prune(ctx)
	}
	if tidy := r.tidy(); err == nil {
		err = tidy
	}
	if end := r.end(ctx, err); err == nil {
		err = end
	}
	r.plan.namer = nil // most of what a run holds; no name is asked for any more
	if err == nil {
		err = ctx.Err() // an interrupt is told, however late it came
	}
	if err == nil {
		err = r.keepRest()
	}
	return r.summary, err
}

// run is one carrying out of a plan.
type run struct {
	plan    *Plan
	job     Job
	noClone noClone
	noLink  unable
	fetches *fetches
	waited  time.Time // see tick

	mu      sync.Mutex // guards what follows
	summary Summary
	made    map[string]bool // folders that are there: true where this run made them
	fresh   []string        // folders that are not synced yet
	rest    restWatch
}

func newRun(p *Plan, job Job) *run {
	r := &run{plan: p, job: job, fetches: newFetches(job.Fetch), made: map[string]bool{}, rest: newRestWatch()}
	if r.job.Workers <= 0 {
		r.job.Workers = defaultWorkers
	}
	return r
}

// takeOver adopts what is in a destination whose record is empty, or goes on with that.
func (r *run) takeOver(ctx context.Context) error {
	if r.plan.damaged != nil {
		return nil
	}
	empty, err := r.job.Record.Empty()
	if err != nil {
		return err
	}
	if adopting, err := r.job.Record.Meta(metaAdopting); err != nil || !empty && adopting == "" {
		return err
	}
	return r.adopt(ctx, true)
}

// begin cleans up after a run that ended without a word.
func (r *run) begin(ctx context.Context) error {
	running, err := r.job.Record.Meta(metaRunning)
	if err != nil {
		return err
	}
	first := false
	if _, err := r.job.Dest.Lstat(manifest.SumsName); err != nil {
		first = true // a new destination, or the state was lost: both are looked through once
	}
	if running != "" || first {
		if err := cleanUp(ctx, r.job.Dest, r.job.Record); err != nil {
			return fmt.Errorf("clean up after an interrupted run: %w", err)
		}
	}
	if err := r.dropSuperseded(); err != nil {
		return fmt.Errorf("remove old versions: %w", err)
	}
	if err := r.accept(); err != nil {
		return err
	}
	if of, err := r.job.Record.Meta(metaLibrary); err != nil {
		return err
	} else if of == "" && r.plan.opt.Library != "" {
		if err := r.job.Record.SetMeta(metaLibrary, r.plan.opt.Library); err != nil {
			return err
		}
	}
	if err := r.job.Record.SetMeta(metaRest, ""); err != nil {
		return err
	}
	return r.job.Record.SetMeta(metaRunning, "1")
}

// end leaves the destination in order; after a failure too, unless the
// destination itself is what failed.
func (r *run) end(ctx context.Context, failed error) error {
	if errors.Is(failed, ErrStopped) {
		return nil // the next run looks through it
	}
	if err := r.job.Record.WriteSums(context.WithoutCancel(ctx), r.job.Dest); err != nil {
		return err
	}
	return r.job.Record.SetMeta(metaRunning, "")
}

// work carries out the plan: all that is at hand, and of what is to be fetched as
// much as may wait in memory; then the rest of that.
func (r *run) work(ctx context.Context) error {
	if c, damaged := r.plan.carried, r.plan.damaged; c != nil || damaged != nil {
		r.fetches.ahead = max(r.fetches.ahead, len(damaged))
		if c != nil {
			r.fetches.ahead = max(r.fetches.ahead, len(c.groups))
		}
		if err := r.fetches.seeRecord(r.job.Record); err != nil {
			return err
		}
	}
	err := r.pass(ctx, r.pack)
	if err == nil && len(r.fetches.later) > 0 {
		err = r.pass(ctx, r.packLater)
	}
	return err
}

// pass passes groups from the plan through the workers to the committer. fill sends
// them; it sends those with files to fetch by themselves.
func (r *run) pass(ctx context.Context, fill func(ctx context.Context, packs chan<- []*Group, fetch chan<- *Group) error) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	all, ctx := errgroup.WithContext(ctx)
	// Groups travel in small packs, as handing over each would cost more than
	// some files do.
	packs := make(chan []*Group, 32)
	fetch := make(chan *Group, r.fetches.ahead)
	// Both have room for what comes while a batch is synced. What is fetched does not
	// travel in packs: who knows when the next one comes.
	staged := make(chan []*stagedGroup, stagedPacks)
	fetched := make(chan *stagedGroup, stagedPacks*packGroups)

	all.Go(func() error {
		defer close(fetch)
		defer close(packs)
		defer r.fetches.seen()
		return fill(ctx, packs, fetch)
	})

	var workers, fetchers sync.WaitGroup
	for range r.job.Workers {
		workers.Add(1)
		all.Go(func() error {
			defer workers.Done()
			w := newWorker(r)
			for pack := range packs {
				// What is staged always reaches the committer, which
				// gives it its name or takes it away again.
				s, err := w.stageAll(ctx, pack)
				staged <- s
				if err != nil {
					return err
				}
			}
			return nil
		})
	}
	for range r.fetches.workers() {
		fetchers.Add(1)
		all.Go(func() error {
			defer fetchers.Done()
			var w *worker // when there is something to do
			for g := range fetch {
				if w == nil {
					w = newWorker(r)
				}
				s, err := w.stage(ctx, g)
				fetched <- s
				if err != nil {
					return err
				}
			}
			return nil
		})
	}
	workers.Go(func() {
		for s := range fetched {
			staged <- []*stagedGroup{s}
		}
	})
	go func() {
		fetchers.Wait()
		close(fetched)
		workers.Wait()
		close(staged)
	}()
	var failure error
	all.Go(func() error {
		failure = newCommitter(r).commitAll(stop, staged)
		return failure
	})
	err := all.Wait()
	if errors.Is(err, context.Canceled) && failure != nil {
		err = failure // the cancellation followed from it
	}
	return err
}

// A pack is complete at one of the first two. So many may wait for the committer.
const (
	packGroups  = 32
	packBytes   = 4 << 20
	stagedPacks = 64
)

// pack sends the plan's groups in packs, without what is to be fetched of them.
func (r *run) pack(ctx context.Context, packs chan<- []*Group, fetch chan<- *Group) error {
	var pack []*Group
	var bytes int64
	send := func() error {
		select {
		case packs <- pack:
			pack, bytes = nil, 0
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	for g, err := range r.plan.Groups(ctx) {
		if err != nil {
			return err
		}
		g = r.divide(g, fetch)
		pack = append(pack, g)
		for i := range g.Items {
			if g.Items[i].Action == Place {
				bytes += g.Items[i].Size
			}
		}
		if len(pack) == packGroups || bytes >= packBytes {
			if err := send(); err != nil {
				return err
			}
		}
	}
	if len(pack) == 0 {
		return nil
	}
	return send()
}

// report tells the fate of a file.
func (r *run) report(e Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.summary.add(e)
	r.rest.add(e)
	if e.Item.Action == Fetch {
		r.fetches.told(e.Item)
	}
	e.Assets = r.summary.Assets
	if r.job.Event != nil {
		r.job.Event(e)
	}
}

// groupDone counts an asset.
func (r *run) groupDone() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.summary.Assets++
}

// mkdir makes the folder of a file, and reports whether photogo made it in this
// run: then nothing but its own files can be in it.
func (r *run) mkdir(name string) (ours bool, err error) {
	dir := path.Dir(name)
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.mkdirLocked(dir)
}

func (r *run) mkdirLocked(dir string) (ours bool, err error) {
	if dir == "." {
		return false, nil
	}
	if ours, known := r.made[dir]; known {
		return ours, nil
	}
	if _, err := r.mkdirLocked(path.Dir(dir)); err != nil {
		return false, err
	}
	switch err := r.job.Dest.Mkdir(dir); {
	case err == nil:
		r.made[dir] = true
		r.fresh = append(r.fresh, path.Dir(dir))
	case errors.Is(err, fs.ErrExist):
		r.made[dir] = false
	default:
		return false, err
	}
	return r.made[dir], nil
}

// takeFresh returns the folders that got new folders since it was last called.
func (r *run) takeFresh() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	fresh := r.fresh
	r.fresh = nil
	return fresh
}
