package backup

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"path"
	"path/filepath"
	"slices"

	"zombiezen.com/go/sqlite"

	"github.com/photogo/photogo/archive"
	"github.com/photogo/photogo/internal/safefile"
	"github.com/photogo/photogo/manifest"
)

// mirrored is a file that the mirror holds.
type mirrored struct {
	path        string // relative to the staging folder
	sum         manifest.Sum
	size        int64
	owner, role string // as the record had them
}

// Mirror brings the vault in line with the record of the staging folder: what the
// mirror does not hold is sent, and read back. What is there and is not in the
// record stays, unless the record has moved it. Errors: ErrMirror where single
// files could not be sent; all else concerns the vault.
func (c *Cycle) Mirror(ctx context.Context) error {
	if c.vault == nil {
		return nil
	}
	c.begin(StepMirror)
	if c.state.Mirroring {
		// The cycle before did not come to its end, and may have left half files.
		if _, err := c.vault.do(ctx, []op{{Op: opSweep, Path: c.job.Name}}); err != nil {
			return err
		}
	}
	return c.record(ctx, false, func(dir *safefile.Dir, record *manifest.Manifest) error {
		changed, err := record.Changed()
		if err != nil || !c.state.Mirroring && changed != "" && changed == c.state.Mirrored {
			return err
		}
		if err := c.change(func(s *state) { s.Mirroring, s.Mirrored = true, "" }); err != nil {
			return err
		}
		b := &batch{c: c}
		var strays []mirrored
		for pair, err := range c.differences(record) {
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				return err
			}
			if pair.entry == nil {
				strays = append(strays, *pair.mirrored)
				continue
			}
			if err := b.add(ctx, c.put(dir, *pair.entry, pair.mirrored != nil), mirroredOf(*pair.entry)); err != nil {
				return err
			}
		}
		if err := b.flush(ctx); err != nil {
			return err
		}
		moved, later, err := c.moved(ctx, record, strays)
		if err != nil {
			return err
		}
		for _, m := range moved {
			if err := b.add(ctx, c.remove(m), m); err != nil {
				return err
			}
		}
		if err := b.flush(ctx); err != nil {
			return err
		}
		err = c.change(func(s *state) {
			if s.Mirroring = false; b.n == 0 && !later {
				s.Mirrored = changed
			}
		})
		return errors.Join(err, b.verdict())
	})
}

// put is the op that sends a file of the staging folder.
func (c *Cycle) put(dir *safefile.Dir, e manifest.Entry, known bool) op {
	return op{
		Op: opPut, Path: path.Join(c.job.Name, e.Path), From: filepath.Join(dir.Name(), filepath.FromSlash(e.Path)),
		Sum: e.Sum, Size: e.Size, Modified: e.ModTime, Known: known,
	}
}

func mirroredOf(e manifest.Entry) mirrored { return mirrored{e.Path, e.Sum, e.Size, e.Owner, e.Role} }

// remove is the op that takes a file out of the mirror.
func (c *Cycle) remove(m mirrored) op {
	return op{Op: opRemove, Path: path.Join(c.job.Name, m.path), Size: m.size, Sum: m.sum, Top: c.job.Name}
}

// difference is a file that the record and the mirror do not agree on.
type difference struct {
	entry    *manifest.Entry // nil: the record has nothing of this path
	mirrored *mirrored       // nil: the mirror has not
}

// differences walks through the record and what the mirror holds, side by side.
func (c *Cycle) differences(record *manifest.Manifest) iter.Seq2[difference, error] {
	return func(yield func(difference, error) bool) {
		next, stop := iter.Pull2(c.store.mirror())
		defer stop()
		m, err, more := next()
		for e, failed := range staged(record) {
			if failed != nil {
				yield(difference{}, failed)
				return
			}
			for ; more && err == nil && m.path < e.Path; m, err, more = next() {
				stray := m
				if !yield(difference{mirrored: &stray}, nil) {
					return
				}
			}
			if err != nil {
				yield(difference{}, err)
				return
			}
			switch {
			case more && m.path == e.Path:
				old := m
				m, err, more = next()
				if (old.sum != e.Sum || old.size != e.Size) && !yield(difference{&e, &old}, nil) {
					return
				}
			case !yield(difference{entry: &e}, nil):
				return
			}
		}
		for ; more; m, err, more = next() {
			stray := m
			if !yield(difference{mirrored: &stray}, err) || err != nil {
				return
			}
		}
	}
}

// moved are those of the strays that the record has under another name now, and the
// mirror, too; and those that were let go of when the mirror could not do it, and are
// still proven; later says that some of the latter have to be asked for again. Whatever
// else the record knows nothing of stays.
func (c *Cycle) moved(ctx context.Context, record *manifest.Manifest, strays []mirrored) (list []mirrored, later bool, err error) {
	var released []mirrored
	for chunk := range slices.Chunk(strays, opsFiles) {
		owners := make([]string, len(chunk))
		for i, m := range chunk {
			owners[i] = m.owner
		}
		held, err := record.Of(owners)
		if err != nil {
			return nil, false, err
		}
		for _, m := range chunk {
			for _, e := range held[m.owner].Entries {
				if e.Released != 0 && e.Path == m.path && e.Sum == m.sum {
					released = append(released, m)
					continue
				}
				if e.Role != m.role || e.Path == m.path || !isStaged(e) {
					continue
				}
				if now, ok, err := c.store.mirrorAt(e.Path); err != nil {
					return nil, false, err
				} else if ok && now.sum == e.Sum {
					list = append(list, m)
				}
			}
		}
	}
	// What is wrong with the repository is told when archives are made.
	if len(released) == 0 || c.compare(ctx) != nil {
		return list, len(released) > 0, nil
	}
	for _, m := range released {
		switch in, err := c.catalogue.provenIn(m.path, m.sum); {
		case err != nil:
			return nil, false, err
		case in == "":
			later = true
		default:
			list = append(list, m)
		}
	}
	return list, later, nil
}

// compare compares the repository with the catalogue. Errors: ErrHeld where there is no
// repository; those of archive.Open and Catalogue.Compare.
func (c *Cycle) compare(ctx context.Context) (err error) {
	if c.job.Repository == nil {
		return ErrHeld
	}
	repo, err := archive.Open(ctx, c.job.Repository.Location, c.job.Repository.Options)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, repo.Close()) }()
	shown, err := repo.List(ctx)
	if err != nil {
		return err
	}
	return c.catalogue.Compare(shown)
}

// batch gathers ops until there are enough for a worker, and records what became
// of them.
type batch struct {
	c     *Cycle
	ops   []op
	files []mirrored // what each op is about
	bytes int64
	wrong []error
	n     int // files that something is wrong with
}

func (b *batch) add(ctx context.Context, o op, m mirrored) error {
	b.ops, b.files = append(b.ops, o), append(b.files, m)
	if b.bytes += o.Size; len(b.ops) < opsFiles && b.bytes < opsBytes {
		return nil
	}
	return b.flush(ctx)
}

func (b *batch) flush(ctx context.Context) error {
	if len(b.ops) == 0 {
		return nil
	}
	results, err := b.c.vault.do(ctx, b.ops)
	if err != nil {
		return err
	}
	at := b.c.job.Now().Unix()
	err = b.c.store.together(func() error {
		was, changed := b.c.receipt.Mirrored.Bytes, false
		for i, r := range results {
			m := b.files[i]
			changed = changed || r.Outcome != failed
			switch r.Outcome {
			case sent, there:
				if r.Outcome == sent {
					b.c.receipt.Mirrored.add(m.size)
				}
				if err := b.c.store.setMirror(m, at); err != nil {
					return err
				}
			case removed, foreign:
				if err := b.c.store.run(`DELETE FROM mirror WHERE path = ?`, m.path); err != nil {
					return err
				}
			default:
				b.n++
				err := fmt.Errorf("mirror %s: %s", m.path, r.Error)
				if len(b.wrong) < 10 {
					b.wrong = append(b.wrong, err)
				}
				b.c.job.Event(Event{Step: StepMirror, Path: m.path, Err: err})
			}
		}
		if !changed {
			return nil
		}
		return b.c.change(func(s *state) { s.Sealed, s.Unsealed = false, s.Unsealed+b.c.receipt.Mirrored.Bytes-was })
	})
	if err != nil {
		return err
	}
	b.ops, b.files, b.bytes = b.ops[:0], b.files[:0], 0
	b.c.job.Event(Event{Step: StepMirror, Files: b.c.receipt.Mirrored.Files, Bytes: b.c.receipt.Mirrored.Bytes})
	return nil
}

func (b *batch) verdict() error {
	if b.n == 0 {
		return nil
	}
	return fmt.Errorf("%w: %d: %w", ErrMirror, b.n, errors.Join(b.wrong...))
}

// mirror yields what the mirror holds, in order of path, by bytes. Its rows may be
// changed meanwhile.
func (s *store) mirror() iter.Seq2[mirrored, error] {
	return func(yield func(mirrored, error) bool) {
		const page = 1000
		for after, more := "", true; more; {
			var list []mirrored
			err := s.each(`SELECT path, sum, size, owner, role FROM mirror WHERE path > ? ORDER BY path LIMIT ?`, func(stmt *sqlite.Stmt) error {
				list = append(list, scanMirrored(stmt))
				return nil
			}, after, page)
			if err != nil {
				yield(mirrored{}, err)
				return
			}
			for _, m := range list {
				if !yield(m, nil) {
					return
				}
				after = m.path
			}
			more = len(list) == page
		}
	}
}

func (s *store) mirrorAt(name string) (m mirrored, ok bool, err error) {
	err = s.each(`SELECT path, sum, size, owner, role FROM mirror WHERE path = ?`, func(stmt *sqlite.Stmt) error {
		m, ok = scanMirrored(stmt), true
		return nil
	}, name)
	return m, ok, err
}

func scanMirrored(stmt *sqlite.Stmt) mirrored {
	return mirrored{stmt.ColumnText(0), blob(stmt, 1), stmt.ColumnInt64(2), stmt.ColumnText(3), stmt.ColumnText(4)}
}

func (s *store) setMirror(m mirrored, at int64) error {
	return s.run(`INSERT OR REPLACE INTO mirror VALUES(?, ?, ?, ?, ?, ?)`, m.path, m.sum[:], m.size, m.owner, m.role, at)
}
