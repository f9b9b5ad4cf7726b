package export

import (
	"context"
	"fmt"
	"maps"
	"path"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/photogo/photogo/internal/safefile"
	"github.com/photogo/photogo/manifest"
)

// committer gives staged files their names, a batch at a time:
//
//	sync          the batch's bytes, and the names of the batches before
//	record        the batches before as placed, this batch as intended: one transaction
//	rename        this batch, while the next is synced and recorded
//
// so that one sync and one transaction serve a whole batch, the record never
// claims a name that a crash could take away, and every name that a crash
// leaves behind is known.
type committer struct {
	*run
	gathered *batch        // still growing
	renaming *batch        // being renamed; nil for none
	renamed  chan struct{} // closed when renaming has its names
	named    []*batch      // that have their names, not yet in the record
	number   int64         // of the batch that was intended last
	dropped  []string      // old versions that were removed, and that the record still knows
}

// batch is what one transaction announces and a later one records.
type batch struct {
	number   int64
	groups   []*stagedGroup
	files    int
	bytes    int64
	intended bool // the record knows what names it is to have

	// What follows is known when the files have their names.
	placed  []manifest.Entry
	names   []manifest.Name
	events  []Event         // to be told when it is in the record
	folders map[string]bool // that got or lost names
}

// A batch is complete at one of these.
const (
	batchFiles = 2048
	batchBytes = 128 << 20
	batchTime  = 2 * time.Second
)

func newCommitter(r *run) *committer { return &committer{run: r, gathered: &batch{}} }

// commitAll takes groups until there are no more. After a cancellation what was
// staged is still given its names; after an error of the destination it is
// taken away.
func (c *committer) commitAll(stop context.CancelFunc, packs <-chan []*stagedGroup) (err error) {
	defer c.await()
	clock := time.NewTicker(batchTime)
	defer clock.Stop()
	for {
		flush := false
		select {
		case pack, ok := <-packs:
			if !ok {
				if err == nil {
					err = c.finish()
				}
				return err
			}
			if err != nil {
				c.discard(pack)
				continue
			}
			for _, g := range pack {
				c.gathered.add(g)
			}
			flush = c.gathered.files >= batchFiles || c.gathered.bytes >= batchBytes
		case <-clock.C:
			flush = err == nil && (c.gathered.files > 0 || c.renaming != nil)
		}
		if flush {
			if err = c.flush(); err != nil {
				stop() // no more is to be staged; what comes still is taken away
			}
		}
	}
}

func (b *batch) add(g *stagedGroup) {
	b.groups = append(b.groups, g)
	b.files += len(g.files)
	for _, f := range g.files {
		if f.fate == Placed {
			b.bytes += f.entry.Size
		}
	}
}

// flush syncs and records what has gathered, and begins to rename it.
func (c *committer) flush() error {
	c.number++
	b := c.gathered
	b.number, c.gathered = c.number, &batch{}
	if c.renaming != nil {
		select {
		case <-c.renamed:
			c.await()
		default: // the next sync takes it along
		}
	}
	named := c.named
	c.named = nil
	dropped := c.dropped
	c.dropped = nil
	err := c.sync(b, named, dropped)
	if err == nil {
		err = c.record(b, named, dropped)
	}
	if err != nil {
		// What has no name yet is taken away. What got its name stays and is
		// known as intended; the next run looks into it.
		c.discard(b.groups)
		return fmt.Errorf("%w: %w", ErrStopped, err)
	}
	c.tell(named)
	c.await()
	if len(b.groups) == 0 {
		return nil
	}
	c.renaming, c.renamed = b, make(chan struct{})
	go func() {
		defer close(c.renamed)
		c.rename(b)
	}()
	return nil
}

// await waits until the batch that is being renamed has its names.
func (c *committer) await() {
	if c.renaming == nil {
		return
	}
	<-c.renamed
	c.named = append(c.named, c.renaming)
	c.renaming = nil
}

// sync makes durable what a batch wrote, what batches before renamed, and that
// old versions are gone.
func (c *committer) sync(b *batch, named []*batch, dropped []string) error {
	names := append(c.takeFresh(), c.foldersOf(dropped)...)
	for _, n := range named {
		names = slices.AppendSeq(names, maps.Keys(n.folders))
	}
	for _, g := range b.groups {
		for _, f := range g.files {
			if f.from != "" && f.fate == Placed {
				names = append(names, f.from)
			}
		}
	}
	if len(names) == 0 {
		return nil
	}
	return c.job.Dest.Sync(names...)
}

// record writes one batch down as intended, and others as placed.
func (c *committer) record(b *batch, named []*batch, dropped []string) error {
	change := manifest.Change{Batch: b.number, Intended: make([]manifest.Entry, 0, b.files), Released: dropped}
	for _, n := range named {
		for _, e := range n.events {
			if old, ok := superseded(e); ok {
				change.Aside = append(change.Aside, old)
			}
			if e.Item != nil && e.Item.known != nil && e.Item.known.Path != e.Entry.Path {
				change.Vacated = append(change.Vacated, path.Dir(e.Item.known.Path))
			}
		}
		if n.intended {
			change.Settled = n.number
		}
		if change.Placed == nil {
			change.Placed, change.Names = n.placed, n.names
			continue
		}
		change.Placed = append(change.Placed, n.placed...)
		change.Names = append(change.Names, n.names...)
	}
	for _, g := range b.groups {
		for _, f := range g.files {
			if f.from != "" {
				change.Intended = append(change.Intended, f.entry)
			}
		}
	}
	b.intended = len(change.Intended) > 0
	return c.job.Record.Commit(change)
}

// renamers is how many groups get their names at a time. A rename waits for the
// file system's journal more than it works.
const renamers = 4

// rename gives the files of a batch their names.
func (c *committer) rename(b *batch) {
	var all errgroup.Group
	all.SetLimit(renamers)
	for part := range slices.Chunk(b.groups, max(1, len(b.groups)/renamers)) {
		all.Go(func() error {
			for _, g := range part {
				c.renameGroup(g)
			}
			return nil
		})
	}
	all.Wait()
	b.folders = map[string]bool{}
	b.placed = make([]manifest.Entry, 0, b.files)
	b.events = make([]Event, 0, b.files+len(b.groups))
	for _, g := range b.groups {
		b.note(g)
	}
	b.groups = nil
}

// renameGroup gives the files of a group their names. A sidecar whose picture
// did not get its name gets none either.
func (c *committer) renameGroup(g *stagedGroup) {
	failed := map[part]bool{}
	for i := range g.files {
		f := &g.files[i]
		switch {
		case f.item.of != "" && failed[f.item.picture()]:
			c.remove(f)
			f.fate = ""
		case f.from != "":
			if err := c.job.Dest.Rename(f.from, f.entry.Path); err != nil {
				failed[f.item.part()] = true
				c.remove(f)
				f.fate = ""
				c.report(Event{Item: f.item, Outcome: Failed, Err: fmt.Errorf("name %s: %w", f.item.Path, err)})
			}
		}
	}
}

// note gathers what is to be recorded and told of a group. Files that got no
// name have no fate.
func (b *batch) note(g *stagedGroup) {
	b.names = append(b.names, g.names...)
	for i := range g.files {
		f := &g.files[i]
		if f.fate == "" {
			continue
		}
		if f.from != "" {
			b.folders[path.Dir(f.entry.Path)] = true
			if f.fate == Moved {
				b.folders[path.Dir(f.from)] = true
			}
		}
		if f.from != "" || f.item.known == nil || f.entry != *f.item.known {
			b.placed = append(b.placed, f.entry)
		}
		e := Event{Item: f.item, Outcome: f.fate, Entry: &f.entry}
		if f.item.Action == Fetch && f.fate == Placed {
			e.Fetch = Fetched
		}
		b.events = append(b.events, e)
	}
	if !g.counted {
		b.events = append(b.events, Event{}) // the asset is done
	}
}

// tell reports batches that are in the record now.
func (c *committer) tell(recorded []*batch) {
	for _, b := range recorded {
		for _, e := range b.events {
			if e.Item == nil {
				c.groupDone()
				continue
			}
			if old, ok := superseded(e); ok && c.dropOld(old, e.Entry.Path) {
				c.dropped = append(c.dropped, old.Path)
			}
			c.report(e)
		}
	}
}

// finish commits what is left: what has gathered gets its names, then they are
// recorded with those before, and then that the old versions are gone.
func (c *committer) finish() error {
	for n := 0; n < 2 || len(c.dropped) > 0; n++ {
		c.await()
		if err := c.flush(); err != nil {
			return err
		}
	}
	return nil
}

func (c *committer) discard(groups []*stagedGroup) {
	for _, g := range groups {
		for i := range g.files {
			c.remove(&g.files[i])
		}
	}
}

// remove takes a temporary file away; a file that was to be moved stays where
// it is.
func (c *committer) remove(f *stagedFile) {
	if f.from != "" && f.fate == Placed && safefile.IsTemp(f.from) {
		c.job.Dest.Remove(f.from)
	}
}
