package export

import (
	"context"
	"fmt"
	"path"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/photogo/photogo/internal/safefile"
	"github.com/photogo/photogo/manifest"
	"github.com/photogo/photogo/photosdb"
)

// committer gives staged files their names, a batch at a time:
//
//	sync          the batch's bytes, and the names of the batch before
//	record        the batch before as placed, this batch as intended: one transaction
//	rename        this batch
//
// so that one sync and one transaction serve a whole batch, the record never
// claims a name that a crash could take away, and every name that a crash
// leaves behind is known.
type committer struct {
	*run
	batch   []*stagedGroup
	files   int
	bytes   int64
	renamed manifest.Change // of the batch before, not yet in the record
	events  []Event         // what is to be told when it is
	folders map[string]bool // that got new names
}

// A batch is complete at one of these.
const (
	batchFiles = 2048
	batchBytes = 128 << 20
	batchTime  = 2 * time.Second
)

func newCommitter(r *run) *committer { return &committer{run: r, folders: map[string]bool{}} }

// commitAll takes groups until there are no more. After a cancellation what was
// staged is still given its names; after an error of the destination it is
// taken away.
func (c *committer) commitAll(stop context.CancelFunc, packs <-chan []*stagedGroup) (err error) {
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
				c.add(g)
			}
			flush = c.files >= batchFiles || c.bytes >= batchBytes
		case <-clock.C:
			flush = err == nil && c.files > 0
		}
		if flush {
			if err = c.flush(); err != nil {
				stop() // no more is to be staged; what comes still is taken away
			}
		}
	}
}

func (c *committer) add(g *stagedGroup) {
	c.batch = append(c.batch, g)
	c.files += len(g.files)
	for _, f := range g.files {
		if f.fate == Placed {
			c.bytes += f.entry.Size
		}
	}
}

// flush does the three steps for the batch that has gathered.
func (c *committer) flush() error {
	if err := c.sync(); err != nil {
		return c.fail(err)
	}
	change := c.renamed
	for _, g := range c.batch {
		for _, f := range g.files {
			if f.from != "" {
				change.Intended = append(change.Intended, f.entry)
			}
		}
	}
	if err := c.job.Record.Commit(change); err != nil {
		return c.fail(err)
	}
	c.tell()
	c.rename()
	return nil
}

// sync makes durable what the batch wrote and what the batch before renamed.
func (c *committer) sync() error {
	names := c.takeFresh()
	for dir := range c.folders {
		names = append(names, dir)
	}
	for _, g := range c.batch {
		for _, f := range g.files {
			if f.from != "" && f.fate == Placed {
				names = append(names, f.from)
			}
		}
	}
	clear(c.folders)
	if len(names) == 0 {
		return nil
	}
	return c.job.Dest.Sync(names...)
}

// renamers is how many groups get their names at a time. A rename waits for the
// file system's journal more than it works.
const renamers = 4

// rename gives the files of the batch their names.
func (c *committer) rename() {
	var all errgroup.Group
	all.SetLimit(renamers)
	for part := range slices.Chunk(c.batch, max(1, len(c.batch)/renamers)) {
		all.Go(func() error {
			for _, g := range part {
				c.renameGroup(g)
			}
			return nil
		})
	}
	all.Wait()
	for _, g := range c.batch {
		c.note(g)
	}
	c.batch, c.files, c.bytes = nil, 0, 0
}

// renameGroup gives the files of a group their names. A sidecar whose picture
// did not get its name gets none either.
func (c *committer) renameGroup(g *stagedGroup) {
	failed := map[photosdb.Role]bool{}
	for i := range g.files {
		f := &g.files[i]
		switch {
		case f.item.of != "" && failed[f.item.of]:
			c.remove(f)
			f.fate = ""
		case f.from != "":
			if err := c.job.Dest.Rename(f.from, f.entry.Path); err != nil {
				failed[f.item.Role] = true
				c.remove(f)
				f.fate = ""
				c.report(Event{Item: f.item, Outcome: Failed, Err: fmt.Errorf("name %s: %w", f.item.Path, err)})
			}
		}
	}
}

// note gathers what is to be recorded and told of a group. Files that got no
// name have no fate.
func (c *committer) note(g *stagedGroup) {
	c.renamed.Names = append(c.renamed.Names, g.names()...)
	for i := range g.files {
		f := &g.files[i]
		if f.fate == "" {
			continue
		}
		if f.from != "" {
			c.folders[path.Dir(f.entry.Path)] = true
			if f.fate == Moved {
				c.folders[path.Dir(f.from)] = true
			}
		}
		if f.from != "" || f.item.known == nil || f.entry != *f.item.known {
			c.renamed.Placed = append(c.renamed.Placed, f.entry)
		}
		c.events = append(c.events, Event{Item: f.item, Outcome: f.fate, Entry: &f.entry})
	}
	c.events = append(c.events, Event{}) // the asset is done
}

// tell reports what is in the record now.
func (c *committer) tell() {
	for _, e := range c.events {
		if e.Item == nil {
			c.groupDone()
			continue
		}
		c.dropOld(e)
		c.report(e)
	}
	c.events, c.renamed = nil, manifest.Change{}
}

// dropOld removes the version of a file that lies under another name, now that
// its successor is in the record. Whatever else may be there stays.
func (c *committer) dropOld(e Event) {
	old := e.Item.known
	if old == nil || e.Outcome != Placed || old.Path == e.Entry.Path {
		return
	}
	if there, same := c.plan.look(old); there && same {
		c.job.Dest.Remove(old.Path)
	}
}

// finish commits what is left.
func (c *committer) finish() error {
	if err := c.flush(); err != nil {
		return err
	}
	if err := c.sync(); err != nil {
		return c.fail(err)
	}
	if err := c.job.Record.Commit(c.renamed); err != nil {
		return c.fail(err)
	}
	c.tell()
	return nil
}

// fail takes away what has no name yet. What got its name stays and is known as
// intended; the next run looks into it.
func (c *committer) fail(err error) error {
	c.discard(c.batch)
	c.batch = nil
	return fmt.Errorf("%w: %w", ErrStopped, err)
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

// names returns the name of a group, if the record does not have it.
func (g *stagedGroup) names() []manifest.Name {
	if !g.named {
		return nil
	}
	return []manifest.Name{g.name}
}
