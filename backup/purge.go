package backup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"time"

	"github.com/photogo/photogo/archive"
	"github.com/photogo/photogo/internal/safefile"
	"github.com/photogo/photogo/manifest"
)

// Purge lets go of what an archive holds that has been proven: in the staging
// folder, in its mirror, and last in the record. It removes exactly the bytes that
// were read back, and only where the file still is the recorded one. What was begun
// and not finished it goes through once more. It does nothing where no work has come
// so far. Errors: those of the folder and of the vault.
func (c *Cycle) Purge(ctx context.Context) error {
	w := c.state.Work
	if w == nil {
		return nil
	}
	known, ok, err := c.catalogue.Archive(w.Archive)
	if err != nil {
		return err
	}
	if !ok || known.State != Proven {
		return fmt.Errorf("%w: %s is not", ErrHeld, w.Archive)
	}
	c.begin(StepPurge)
	var stays error
	err = c.record(ctx, true, func(dir *safefile.Dir, record *manifest.Manifest) error {
		p := &purge{c: c, dir: dir, record: record}
		for e, err := range c.catalogue.Entries(ctx, w.Archive) {
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				return err
			}
			p.list = append(p.list, e)
			if len(p.list) == opsFiles {
				if err := p.flush(ctx); err != nil {
					return err
				}
			}
		}
		if err := p.flush(ctx); err != nil {
			return err
		}
		if err := unexplain(dir, w.Archive); err != nil {
			return err
		}
		stays = p.stays
		return record.WriteSums(ctx, dir)
	})
	if err != nil {
		return fmt.Errorf("purge after %s: %w", w.Archive, err)
	}
	if err := c.change(func(s *state) { s.Work, s.Period, s.Sealed, s.SealedAt = nil, w.Next, false, time.Time{} }); err != nil {
		return err
	}
	if stays != nil {
		return fmt.Errorf("purge after %s: %w: %w", w.Archive, ErrMirror, stays)
	}
	return nil
}

// unexplain removes the explanation of an archive, which is in the archive.
func unexplain(dir *safefile.Dir, name string) error {
	folder := archive.OwnFolder(name)
	for _, file := range []string{SumsFile, AssetsFile, ReadmeFile} {
		if err := dir.Remove(path.Join(folder, file)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	dir.Remove(folder)
	dir.Remove(path.Dir(folder)) // if no other is in it
	return nil
}

type purge struct {
	c      *Cycle
	dir    *safefile.Dir
	record *manifest.Manifest
	list   []manifest.Entry
	stays  error // the first file that the mirror did not let go of
}

// flush purges a batch: unlink, mirror, record, and then what this job remembers. A
// crash after any of these is made up for by going through the batch again.
func (p *purge) flush(ctx context.Context) error {
	var gone []string
	var batch []op
	var strays []mirrored
	for _, e := range p.list {
		ok, err := p.mayGo(e)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		if err := p.unlink(e); err != nil {
			return err
		}
		gone = append(gone, e.Path)
		m, there, err := p.c.store.mirrorAt(e.Path)
		if err != nil {
			return err
		}
		// The mirror may lag behind what is staged; it may go only if it is what is
		// archived.
		if there && m.sum == e.Sum && p.c.vault != nil {
			o := p.c.remove(m)
			o.Modified = e.ModTime
			batch, strays = append(batch, o), append(strays, m)
		}
	}
	p.list = p.list[:0]
	if len(gone) == 0 {
		return nil
	}
	if err := p.folders(gone); err != nil {
		return err
	}
	if len(batch) > 0 {
		results, err := p.c.vault.do(ctx, batch)
		if err != nil {
			return err
		}
		rest := strays[:0]
		for i, r := range results {
			if r.Outcome != failed {
				rest = append(rest, strays[i])
				continue
			}
			err := fmt.Errorf("%s stays in the mirror: %s", r.Path, r.Error)
			p.c.job.Event(Event{Step: StepPurge, Path: r.Path, Err: err})
			if p.stays == nil {
				p.stays = err
			}
		}
		strays = rest // what the mirror still holds it is asked for again, see Cycle.moved
	}
	if err := p.release(gone); err != nil {
		return err
	}
	return p.c.store.together(func() error {
		for _, m := range strays {
			if err := p.c.store.run(`DELETE FROM mirror WHERE path = ? AND sum = ?`, m.path, m.sum[:]); err != nil {
				return err
			}
		}
		for _, name := range gone {
			if err := p.c.store.run(`DELETE FROM staged WHERE path = ?`, name); err != nil {
				return err
			}
		}
		return nil
	})
}

// mayGo decides about one file of a proven archive: it must be what the record has
// now, and have been staged for long enough.
func (p *purge) mayGo(e manifest.Entry) (bool, error) {
	now, ok, err := p.record.At(e.Path)
	if err != nil || !ok || now.Sum != e.Sum || now.Size != e.Size || ours(e.Path) {
		return false, err
	}
	if before := p.c.state.Work.Before; before != 0 {
		since, err := p.c.store.stagedSince(e.Path, e.Sum)
		if err != nil || since == 0 || since >= before {
			return false, err
		}
	}
	f, err := p.dir.Open(e.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil // it went in a cycle that did not come to its end
	} else if err != nil {
		return false, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return false, err
	}
	if info.Size() != now.Size || info.ModTime().UnixNano() != now.ModTime {
		err := fmt.Errorf("%s: %w: it stays", e.Path, errNotRecorded)
		p.c.receipt.Damaged++
		p.c.job.Event(Event{Step: StepPurge, Path: e.Path, Err: err})
		return false, nil
	}
	return true, nil
}

func (p *purge) unlink(e manifest.Entry) error {
	err := p.dir.Remove(e.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	p.c.receipt.Purged.add(e.Size)
	p.c.job.Event(Event{Step: StepPurge, Files: p.c.receipt.Purged.Files, Bytes: p.c.receipt.Purged.Bytes})
	return nil
}

// folders removes the folders that are empty now, and makes it durable that the
// files are gone: a name that came back after a crash would be nobody's.
func (p *purge) folders(gone []string) error {
	left := map[string]bool{}
	for _, name := range gone {
		dir := path.Dir(name)
		for ; dir != "." && p.dir.Remove(dir) == nil; dir = path.Dir(dir) {
			delete(left, dir)
		}
		left[dir] = true
	}
	var names []string
	for dir := range left {
		if info, err := p.dir.Lstat(dir); dir != "." && (err != nil || !info.IsDir()) {
			continue
		}
		names = append(names, dir)
	}
	slices.Sort(names)
	return p.dir.Sync(names...)
}
