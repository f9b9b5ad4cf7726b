package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/zeebo/blake3"
	"zombiezen.com/go/sqlite"

	"github.com/photogo/photogo/archive"
	"github.com/photogo/photogo/internal/safefile"
	"github.com/photogo/photogo/manifest"
)

// work is an archive on its way. It is fixed before anything is done, and outlives
// crashes: what was begun is brought to its end before anything new is.
type work struct {
	Archive string    `json:"archive"`
	Period  string    `json:"period"` // that the archive is of
	Before  int64     `json:"before"` // only what was staged before is purged: seconds since 1970 UTC; 0: everything
	Next    string    `json:"next"`   // the period that staged files belong to afterwards
	Failed  int       `json:"failed"` // proofs that failed, of this archive and those before it in its place
	Since   time.Time `json:"since"`  // when the archive was made that could not be proven
}

// retryAfter is how long an archive that cannot be proven is read again and again,
// until another one is made in its place once more. The first one is replaced at
// once.
const retryAfter = 24 * time.Hour

// Archive makes an archive of what is staged, if its period is over, or the folder
// over its budget, proves it, and purges what it holds. What an earlier cycle began
// it brings to its end first. It compares the repository with the catalogue in any
// case. Errors: *Discrepancy, ErrHeld, ErrClock, ErrStaging, and those of package
// archive; nothing is removed after any but ErrStaging.
func (c *Cycle) Archive(ctx context.Context) error { return c.archive(ctx, false) }

// resume brings to its end what an earlier cycle began, where this one could not
// export: what is purged may be the very room that the export lacks.
func (c *Cycle) resume(ctx context.Context) error {
	if c.state.Work == nil {
		return nil
	}
	return c.archive(ctx, true)
}

func (c *Cycle) archive(ctx context.Context, begun bool) (err error) {
	if c.job.Repository == nil {
		return nil
	}
	c.begin(StepArchive)
	repo, err := archive.Open(ctx, c.job.Repository.Location, c.job.Repository.Options)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, repo.Close()) }()
	shown, err := repo.List(ctx)
	if err != nil {
		return err
	}
	if err := c.settle(shown); err != nil {
		return err
	}
	// An archive that is hidden, or another than was made, says that the repository
	// is not what it was. That it now gets another archive would prove nothing.
	if err := c.catalogue.Compare(shown); err != nil {
		return fmt.Errorf("repository %s: %w", repo.Location(), err)
	}
	if err := c.keepKey(ctx, repo); err != nil {
		return err
	}
	if c.clock != nil {
		return c.clock
	}
	damaged, err := c.recheck(ctx)
	if err != nil {
		return err
	}
	if c.state.Work != nil {
		if err := c.finish(ctx, repo, shown, &damaged); err != nil {
			return errors.Join(damaged, err)
		}
		if shown, err = repo.List(ctx); err != nil {
			return err
		}
	}
	if begun {
		return damaged
	}
	due, err := c.due()
	if err != nil || due == nil {
		return errors.Join(damaged, err)
	}
	if due.Archive, err = c.freeName(due.Period, shown); err != nil {
		return errors.Join(damaged, err)
	}
	if err := c.change(func(s *state) { s.Work, s.Sealed, s.SealedAt = due, false, time.Time{} }); err != nil {
		return err
	}
	err = c.finish(ctx, repo, shown, &damaged)
	return errors.Join(damaged, err)
}

// keepKey keeps a copy of the repository's key, as it is whenever an archive is
// made: whose key is lost is lost.
func (c *Cycle) keepKey(ctx context.Context, repo *archive.Repo) error {
	if _, err := os.Stat(filepath.Join(c.job.dir(), "keys", "borg.key")); err == nil && c.state.Work == nil {
		return nil
	}
	key, err := repo.Key(ctx)
	if err != nil {
		return fmt.Errorf("keep the key of the repository: %w", err)
	}
	return c.keep("borg.key", key)
}

// settle notes an archive that was made by a cycle that ended before it could.
func (c *Cycle) settle(shown []archive.Archive) error {
	w := c.state.Work
	if w == nil {
		return nil
	}
	known, ok, err := c.catalogue.Archive(w.Archive)
	if err != nil || !ok || known.State != Intended {
		return err
	}
	if a, there := find(shown, w.Archive); there {
		return c.catalogue.SetMade(w.Archive, a.ID, a.Start)
	}
	return nil
}

func find(shown []archive.Archive, name string) (archive.Archive, bool) {
	i := slices.IndexFunc(shown, func(a archive.Archive) bool { return a.Name == name && !a.Checkpoint })
	if i < 0 {
		return archive.Archive{}, false
	}
	return shown[i], true
}

// due says which archive is to be made now; nil: none.
func (c *Cycle) due() (*work, error) {
	files, bytes, err := c.store.stagedCount()
	if err != nil {
		return nil, err
	}
	period := c.period()
	over := period > c.state.Period
	full := c.job.Repository.Budget > 0 && bytes > c.job.Repository.Budget
	if !over && !full && !c.receipt.Exported.More {
		return nil, nil
	}
	if files == 0 {
		if !over {
			return nil, nil
		}
		// Nothing came in that period, and so it has no archive.
		return nil, c.change(func(s *state) { s.Period = period })
	}
	w := &work{Period: c.state.Period, Next: period}
	if over {
		// What came since the new period began belongs to its archive, too, and stays.
		w.Before = c.length().Start(c.job.Now()).Unix()
	}
	return w, nil
}

// freeName is the first name of a period that no archive has.
func (c *Cycle) freeName(period string, shown []archive.Archive) (string, error) {
	for portion := 1; ; portion++ {
		name, err := ArchiveName(c.job.Name, period, portion)
		if err != nil {
			return "", err
		}
		_, known, err := c.catalogue.Archive(name)
		if err != nil {
			return "", err
		}
		if _, there := find(shown, name); !known && !there {
			return name, nil
		}
	}
}

// finish brings the work to its end: the archive is made if it was not, proven if
// it is not, and what it holds is purged. damaged becomes an ErrStaging where files
// of the folder could not be taken into it.
func (c *Cycle) finish(ctx context.Context, repo *archive.Repo, shown []archive.Archive, damaged *error) error {
	for {
		name := c.state.Work.Archive
		known, ok, err := c.catalogue.Archive(name)
		if err != nil {
			return err
		}
		if ok && known.State == Intended { // and not in the repository; see settle
			if err := c.catalogue.Withdraw(name); err != nil {
				return err
			}
			ok = false
		}
		if !ok {
			if err := c.make(ctx, repo, damaged); err != nil || c.state.Work == nil {
				return err
			}
		}
		if known.State == Proven {
			break
		}
		if err = c.prove(ctx, repo, name); err == nil {
			break
		}
		if !errors.Is(err, ErrHeld) {
			return err
		}
		again, e := c.instead(shown)
		if e != nil || !again {
			return errors.Join(err, e)
		}
	}
	return c.Purge(ctx)
}

// instead decides whether another archive is made in place of one that could not be
// proven: only if the same archive could not be proven by an earlier cycle either,
// and not more often than once a day.
func (c *Cycle) instead(shown []archive.Archive) (bool, error) {
	w := *c.state.Work
	now := c.now()
	w.Failed++
	if w.Failed == 1 || (w.Failed > 2 && now.Before(w.Since.Add(retryAfter))) {
		return false, c.change(func(s *state) { s.Work = &w })
	}
	name, err := c.freeName(w.Period, shown)
	if err != nil {
		return false, err
	}
	w.Archive, w.Since = name, now.UTC()
	return true, c.change(func(s *state) { s.Work = &w })
}

// make fixes what the archive is to hold, explains it, and makes it.
func (c *Cycle) make(ctx context.Context, repo *archive.Repo, damaged *error) error {
	w := c.state.Work
	return c.record(ctx, false, func(dir *safefile.Dir, record *manifest.Manifest) error {
		p := &plan{c: c, dir: dir}
		intended := Archive{Name: w.Archive, Period: w.Period, Portion: portionOf(w.Archive), Created: c.now()}
		if err := c.catalogue.Intend(ctx, intended, p.entries(ctx, record)); err != nil {
			return err
		}
		*damaged = p.verdict()
		c.receipt.Damaged = p.n
		if err := c.change(func(s *state) { s.Damaged = p.names }); err != nil {
			return err
		}
		if p.planned == 0 {
			// An archive of nothing would prove nothing. That all of it is damaged is said.
			if err := c.catalogue.Withdraw(w.Archive); err != nil {
				return err
			}
			return c.change(func(s *state) { s.Work = nil })
		}
		x := Explanation{
			Library: c.job.Name, Archive: intended, Entries: c.catalogue.EntriesByOwner(ctx, w.Archive), Dir: c.store.dir,
			Assets: c.job.Source.Describe(ctx, func(owner string) bool { return p.owners[owner] }),
		}
		explained, err := x.Write(ctx, dir)
		if err != nil {
			return err
		}
		made, err := repo.Create(ctx, w.Archive, archive.Plan{
			Root: c.job.Staging, Compression: c.job.Repository.Compression,
			Comment: fmt.Sprintf("photogo: %s of %s, %d files", w.Period, c.job.Name, p.planned),
			Files: func(yield func(string, error) bool) {
				for _, e := range explained.Files {
					if !yield(e.Path, nil) {
						return
					}
				}
				for e, err := range c.catalogue.Entries(ctx, w.Archive) {
					if !yield(e.Path, err) || err != nil {
						return
					}
				}
			},
			Progress: func(p archive.Progress) {
				c.job.Event(Event{Step: StepArchive, Path: w.Archive, Files: int(p.Files), Bytes: p.Bytes})
			},
		})
		if err != nil && !(errors.Is(err, archive.ErrIncomplete) && len(made.ID) == 64) {
			return err
		}
		// One that lacks files exists as well. It will not be proven.
		return c.catalogue.SetMade(w.Archive, made.ID, made.Start)
	})
}

// recheck looks once more at the staged files that were not what was recorded. As
// long as one of them is not, no cycle is complete.
func (c *Cycle) recheck(ctx context.Context) (damaged, err error) {
	if len(c.state.Damaged) == 0 {
		return nil, nil
	}
	err = c.record(ctx, false, func(dir *safefile.Dir, record *manifest.Manifest) error {
		p := &plan{c: c, dir: dir}
		for _, name := range c.state.Damaged {
			if e, ok, err := record.At(name); err != nil {
				return err
			} else if ok && isStaged(e) {
				p.look(e)
			}
		}
		damaged = p.verdict()
		c.receipt.Damaged = p.n
		return c.change(func(s *state) { s.Damaged = p.names })
	})
	return damaged, err
}

func portionOf(name string) int {
	_, _, portion, _ := ParseName(name)
	return max(portion, 1)
}

// plan is what an archive is to hold: the staged files that are what was recorded.
// Each is read, as borg would take whatever is there, and a file that rotted in the
// folder must spoil no archive.
type plan struct {
	c       *Cycle
	dir     *safefile.Dir
	planned int
	owners  map[string]bool
	n       int      // files that are not what was recorded
	names   []string // of the first of them
	wrong   []error
}

// look reports whether a file is what was recorded, and notes it if not.
func (p *plan) look(e manifest.Entry) bool {
	err := intact(p.dir, e)
	if err == nil {
		return true
	}
	err = fmt.Errorf("%s: %w", e.Path, err)
	if p.n++; len(p.names) < 1000 {
		p.names = append(p.names, e.Path)
	}
	if len(p.wrong) < 10 {
		p.wrong = append(p.wrong, err)
	}
	p.c.job.Event(Event{Step: StepArchive, Path: e.Path, Err: err})
	return false
}

func (p *plan) entries(ctx context.Context, record *manifest.Manifest) iter.Seq2[manifest.Entry, error] {
	p.owners = map[string]bool{}
	return func(yield func(manifest.Entry, error) bool) {
		for e, err := range staged(record) {
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				yield(e, err)
				return
			}
			if !p.look(e) {
				continue
			}
			p.planned++
			p.owners[e.Owner] = true
			if !yield(e, nil) {
				return
			}
		}
	}
}

func (p *plan) verdict() error {
	if p.n == 0 {
		return nil
	}
	return fmt.Errorf("%w: %d: %w", ErrStaging, p.n, errors.Join(p.wrong...))
}

// intact reads a staged file, and compares it with the record.
func intact(dir *safefile.Dir, e manifest.Entry) error {
	f, err := dir.Open(e.Path)
	if err != nil {
		return err
	}
	defer f.Close()
	h := blake3.New()
	size, err := io.Copy(h, f)
	if err != nil {
		return err
	}
	var sum manifest.Sum
	if h.Sum(sum[:0]); sum != e.Sum || size != e.Size {
		return errNotRecorded
	}
	return nil
}

// prove reads an archive back, every byte of it. Errors: ErrHeld where it is not
// what was planned; others where it could not be read just now.
func (c *Cycle) prove(ctx context.Context, repo *archive.Repo, name string) error {
	c.begin(StepProve)
	known, _, err := c.catalogue.Archive(name)
	if err != nil {
		return err
	}
	proof, err := repo.Prove(ctx, name, c.catalogue.Entries(ctx, name))
	switch {
	case unproven(err):
		return fmt.Errorf("%w: %w", ErrHeld, err)
	case err != nil:
		return err
	case proof.Files < known.Files || proof.Bytes < known.Bytes:
		return fmt.Errorf("%w: %s: %d files of %d bytes were read, and %d of %d planned", ErrHeld, name, proof.Files, proof.Bytes, known.Files, known.Bytes)
	}
	if err := c.catalogue.SetProven(name, proof.ID, proof.At); err != nil {
		return err
	}
	c.receipt.Archives = append(c.receipt.Archives, name)
	c.receipt.Proven.Files += known.Files
	c.receipt.Proven.Bytes += known.Bytes
	c.job.Event(Event{Step: StepProve, Path: name, Files: known.Files, Bytes: known.Bytes})
	return nil
}

// unproven reports whether an error of a proof says that the archive is not what it should
// be, and not that it could not be read just now.
func unproven(err error) bool {
	return errors.Is(err, archive.ErrNotProven) || errors.Is(err, archive.ErrDamaged) || errors.Is(err, archive.ErrIncomplete)
}

// stagedCount counts what is staged.
func (s *store) stagedCount() (files int, bytes int64, err error) {
	err = s.each(`SELECT count(*), coalesce(sum(size), 0) FROM staged`, func(stmt *sqlite.Stmt) error {
		files, bytes = stmt.ColumnInt(0), stmt.ColumnInt64(1)
		return nil
	})
	return files, bytes, err
}

// stagedSince tells since when a version of a file has been staged; 0: it is not.
func (s *store) stagedSince(name string, sum manifest.Sum) (since int64, err error) {
	err = s.each(`SELECT since FROM staged WHERE path = ? AND sum = ?`, func(stmt *sqlite.Stmt) error { since = stmt.ColumnInt64(0); return nil }, name, sum[:])
	return since, err
}

// ours tells what photogo puts beside the files of a folder.
func ours(name string) bool { return strings.HasPrefix(path.Clean(name), manifest.Folder+"/") }
