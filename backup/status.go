package backup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"time"

	"zombiezen.com/go/sqlite"

	"github.com/photogo/photogo/internal/safefile"
	"github.com/photogo/photogo/manifest"
)

// Status is how a backup stands, as far as this machine remembers.
//
// A proven copy of a file is one whose every byte was read back and compared: in the
// mirror, or in archives of the repository, which count as one copy however many of
// them hold it, since they share one disk. The library's own file is none, nor is the
// staging folder's: both are on this Mac.
type Status struct {
	Staged   Count // files in the staging folder
	Mirrored Count // of these: with the same bytes in the mirror
	Archived Count // versions of files that are in proven archives, each counted once
	Archives []Archive

	Lost   Count // files without any proven copy: what would be lost if this Mac died now
	Single Count // files with one proven copy
	// Unexported are those of the lost that are not even in the staging folder, as an
	// Owing source tells. Unread is why it could not be asked; they are not counted then.
	Unexported Count
	Unread     error

	Missing  int       // files that the last export lacked, as they are only in iCloud or could not be placed
	Damaged  []string  // staged files that were not what was recorded
	Period   string    // that what is staged belongs to; "" before the first cycle
	Due      time.Time // when the next archive is due; zero without archives
	Working  string    // the archive that is not proven, or not purged after, yet; "": none
	Last     *Receipt  // of the last cycle; nil: there was none
	Complete time.Time // when a cycle was complete last; zero: never
}

// Risk is a file with fewer than two proven copies.
type Risk struct {
	Path    string
	Owner   string // an asset's UUID
	Role    string
	Size    int64
	Copies  int    // 0 or 1
	Archive string // a proven archive that holds it; "": none
	Mirror  bool   // the mirror holds it
}

// Owing is a Source that can tell what it has and never exported.
type Owing interface {
	// Owed calls do for each file that an Export without a limit would place now, with
	// its path, owner, role and size. It changes nothing.
	Owed(ctx context.Context, do func(manifest.Entry) error) error
}

// Look tells how a backup stands, without a trace: it locks nothing, makes nothing,
// and asks no other machine. risk is called for each file with fewer than two proven
// copies, and may be nil. Of the job only Name, State, Staging and Repository have to be
// there; a Source that is Owing is asked.
func Look(ctx context.Context, job Job, risk func(Risk) error) (s Status, err error) {
	if job.Now == nil {
		job.Now = time.Now
	}
	if err := CheckLibrary(job.Name); err != nil {
		return s, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	store, err := peekStore(job.dir())
	if err != nil {
		return s, err
	}
	defer store.close()
	catalogue, err := PeekCatalogue(ctx, CatalogueFile(job.State, job.Name))
	if err != nil {
		return s, err
	}
	defer catalogue.Close()
	if err := s.remembered(job, store, catalogue); err != nil {
		return s, err
	}
	l := &looker{s: &s, store: store, catalogue: catalogue, risk: risk}
	if err := l.staged(ctx, job); err != nil {
		return s, err
	}
	if err := l.archived(ctx); err != nil {
		return s, err
	}
	return s, l.unexported(ctx, job.Source)
}

// remembered fills in what the job noted of itself.
func (s *Status) remembered(job Job, store *store, catalogue *Catalogue) (err error) {
	var st state
	if err := store.load("state", &st); err != nil {
		return err
	}
	var last, complete Receipt
	if err := errors.Join(store.load("last", &last), store.load("complete", &complete)); err != nil {
		return err
	}
	if !last.Start.IsZero() {
		s.Last = &last
	}
	s.Complete, s.Missing, s.Damaged, s.Period = complete.End, st.Owed, st.Damaged, st.Period
	if st.Work != nil {
		s.Working = st.Work.Archive
	}
	if job.Repository != nil && st.Period != "" {
		now := job.Now()
		if s.Due = now; job.Repository.Period.Name(now) <= st.Period {
			s.Due = job.Repository.Period.Next(now)
		}
	}
	s.Archives, err = catalogue.Archives()
	return err
}

type looker struct {
	s         *Status
	store     *store
	catalogue *Catalogue
	risk      func(Risk) error
}

// staged counts the copies of what is in the staging folder.
func (l *looker) staged(ctx context.Context, job Job) error {
	dir, err := safefile.OpenDir(job.Staging)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	defer dir.Close()
	record, err := manifest.Peek(ctx, job.State, dir)
	if err != nil {
		return err
	}
	defer record.Close()
	for e, err := range staged(record) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		l.s.Staged.add(e.Size)
		if err := l.count(e); err != nil {
			return err
		}
	}
	return nil
}

// unexported counts what a source has alone.
func (l *looker) unexported(ctx context.Context, source Source) error {
	owing, ok := source.(Owing)
	if !ok {
		return nil
	}
	var telling error
	err := owing.Owed(ctx, func(e manifest.Entry) error {
		l.s.Unexported.add(e.Size)
		telling = l.tell(e, false, "")
		return telling
	})
	if telling != nil || ctx.Err() != nil {
		return err
	}
	l.s.Unread = err
	return nil
}

// archived counts what is in archives alone: it has one copy, or, where none of these
// archives is proven, none.
func (l *looker) archived(ctx context.Context) error {
	for v, err := range l.catalogue.archivedVersions(ctx) {
		if err != nil {
			return err
		}
		if v.Archive != "" {
			l.s.Archived.add(v.Size)
		}
		here := false
		err := l.store.each(`SELECT 1 FROM staged WHERE path = ? AND sum = ?`, func(*sqlite.Stmt) error { here = true; return nil }, v.Path, v.Sum[:])
		if err != nil {
			return err
		}
		if here {
			continue // counted with what is staged
		}
		if err := l.tell(v.Entry, false, v.Archive); err != nil {
			return err
		}
	}
	return nil
}

// count counts the proven copies of a staged file.
func (l *looker) count(e manifest.Entry) error {
	m, ok, err := l.store.mirrorAt(e.Path)
	if err != nil {
		return err
	}
	mirror := ok && m.sum == e.Sum
	if mirror {
		l.s.Mirrored.add(e.Size)
	}
	archive, err := l.catalogue.provenIn(e.Path, e.Sum)
	if err != nil {
		return err
	}
	return l.tell(e, mirror, archive)
}

func (l *looker) tell(e manifest.Entry, mirror bool, archive string) error {
	r := Risk{Path: e.Path, Owner: e.Owner, Role: e.Role, Size: e.Size, Archive: archive, Mirror: mirror}
	if mirror {
		r.Copies++
	}
	if archive != "" {
		r.Copies++
	}
	switch r.Copies {
	case 0:
		l.s.Lost.add(e.Size)
	case 1:
		l.s.Single.add(e.Size)
	default:
		return nil
	}
	if l.risk == nil {
		return nil
	}
	return l.risk(r)
}

// archivedVersions yields each version of a file that was archived, once, with a proven
// archive that holds it; "": none does.
func (c *Catalogue) archivedVersions(ctx context.Context) iter.Seq2[Version, error] {
	// max makes the row of a group one that has the greatest value.
	return c.versions(ctx, `SELECT path, owner, role, version, size, modtime, stamp, sum, apple, proof, CASE WHEN proven THEN name ELSE '' END FROM (
		SELECT `+entryColumns+`, max(a.state = ?) AS proven FROM entry e CROSS JOIN archive a ON a.id = e.archive WHERE a.state <> ? GROUP BY e.path, e.sum)
		ORDER BY path`, string(Proven), string(Intended))
}

// provenIn names a proven archive that holds a version of a file; "": none does.
func (c *Catalogue) provenIn(name string, sum manifest.Sum) (archive string, err error) {
	err = c.each(`SELECT a.name FROM entry e CROSS JOIN archive a ON a.id = e.archive WHERE e.path = ? AND e.sum = ? AND a.state = ? LIMIT 1`,
		func(stmt *sqlite.Stmt) error { archive = stmt.ColumnText(0); return nil }, name, sum[:], string(Proven))
	return archive, err
}

// Unproven counts the archives that are not proven.
func (s *Status) Unproven() (n int) {
	for _, a := range s.Archives {
		if a.State != Proven {
			n++
		}
	}
	return n
}
