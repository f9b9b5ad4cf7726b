package backup

import (
	"context"
	"iter"
	"math"
	"time"

	"zombiezen.com/go/sqlite"

	"github.com/photogo/photogo/manifest"
)

const archiveColumns = `name, borg, period, portion, state, created, proven, files, bytes`

func scanArchive(s *sqlite.Stmt) Archive {
	return Archive{
		Name: s.ColumnText(0), ID: s.ColumnText(1), Period: s.ColumnText(2), Portion: s.ColumnInt(3), State: State(s.ColumnText(4)),
		Created: fromMicros(s.ColumnInt64(5)), Proven: fromMicros(s.ColumnInt64(6)), Files: s.ColumnInt(7), Bytes: s.ColumnInt64(8),
	}
}

// Archives returns all archives, oldest first.
func (c *Catalogue) Archives() (list []Archive, err error) {
	err = c.each(`SELECT `+archiveColumns+` FROM archive ORDER BY created, id`, func(s *sqlite.Stmt) error {
		list = append(list, scanArchive(s))
		return nil
	})
	return list, err
}

// Archive returns an archive by name; ok is false where there is none.
func (c *Catalogue) Archive(name string) (a Archive, ok bool, err error) {
	err = c.each(`SELECT `+archiveColumns+` FROM archive WHERE name = ?`, func(s *sqlite.Stmt) error {
		a, ok = scanArchive(s), true
		return nil
	}, name)
	return a, ok, err
}

const entryColumns = `e.path, e.owner, e.role, e.version, e.size, e.modtime, e.stamp, e.sum, e.apple, e.proof, a.name`

func scanVersion(s *sqlite.Stmt) Version {
	v := Version{Archive: s.ColumnText(10), Entry: manifest.Entry{
		Path: s.ColumnText(0), Owner: s.ColumnText(1), Role: s.ColumnText(2), Version: s.ColumnText(3),
		Size: s.ColumnInt64(4), ModTime: s.ColumnInt64(5), Stamp: s.ColumnInt64(6),
		Apple: s.ColumnText(8), Proof: manifest.Proof(s.ColumnText(9)),
	}}
	s.ColumnBytes(7, v.Sum[:])
	return v
}

// versions yields what a query for entryColumns finds.
func (c *Catalogue) versions(ctx context.Context, query string, args ...any) iter.Seq2[Version, error] {
	return func(yield func(Version, error) bool) {
		stmt, _, err := c.conn.PrepareTransient(query)
		if err != nil {
			yield(Version{}, c.wrap(err))
			return
		}
		defer stmt.Finalize()
		for i, arg := range args {
			switch v := arg.(type) {
			case string:
				stmt.BindText(i+1, v)
			case int64:
				stmt.BindInt64(i+1, v)
			case []byte:
				stmt.BindBytes(i+1, v)
			}
		}
		for {
			more, err := stmt.Step()
			if err = c.wrap(err); err == nil {
				err = ctx.Err()
			}
			if err != nil {
				yield(Version{}, err)
				return
			}
			if !more || !yield(scanVersion(stmt), nil) {
				return
			}
		}
	}
}

// entries yields the entries of versions.
func entries(versions iter.Seq2[Version, error]) iter.Seq2[manifest.Entry, error] {
	return func(yield func(manifest.Entry, error) bool) {
		for v, err := range versions {
			if !yield(v.Entry, err) {
				return
			}
		}
	}
}

// Entries yields what an archive holds, or is to hold, in order of path, by bytes;
// nothing for one that is not known.
func (c *Catalogue) Entries(ctx context.Context, archive string) iter.Seq2[manifest.Entry, error] {
	return entries(c.versions(ctx, `SELECT `+entryColumns+` FROM archive a CROSS JOIN entry e ON e.archive = a.id WHERE a.name = ? ORDER BY e.path`, archive))
}

// EntriesByOwner yields the same in order of owner, role and path, as an
// Explanation wants them.
func (c *Catalogue) EntriesByOwner(ctx context.Context, archive string) iter.Seq2[manifest.Entry, error] {
	return entries(c.versions(ctx, `SELECT `+entryColumns+` FROM archive a CROSS JOIN entry e ON e.archive = a.id WHERE a.name = ? ORDER BY e.owner, e.role, e.path`, archive))
}

// Where returns the archives that hold a file with these bytes under this path and
// are proven, oldest first.
func (c *Catalogue) Where(path string, sum manifest.Sum) (list []Archive, err error) {
	err = c.each(`SELECT `+archiveColumns+` FROM entry e CROSS JOIN archive a ON a.id = e.archive
		WHERE e.path = ? AND e.sum = ? AND a.state = ? ORDER BY a.created, a.id`,
		func(s *sqlite.Stmt) error { list = append(list, scanArchive(s)); return nil }, path, sum[:], string(Proven))
	return list, err
}

// Unproven yields those of some files that no proven archive holds with the same
// bytes under the same path. If it yields nothing, everything is proven.
func (c *Catalogue) Unproven(ctx context.Context, files iter.Seq2[manifest.Entry, error]) iter.Seq2[manifest.Entry, error] {
	return func(yield func(manifest.Entry, error) bool) {
		for e, err := range files {
			proven := false
			if err == nil {
				err = ctx.Err()
			}
			if err == nil {
				err = c.each(`SELECT 1 FROM entry e CROSS JOIN archive a ON a.id = e.archive WHERE e.path = ? AND e.sum = ? AND a.state = ? LIMIT 1`,
					func(*sqlite.Stmt) error { proven = true; return nil }, e.Path, e.Sum[:], string(Proven))
			}
			if err != nil {
				yield(e, err)
				return
			}
			if !proven && !yield(e, nil) {
				return
			}
		}
	}
}

// Newest yields of each path the newest version that was archived at a time, by
// when the archives were begun; the zero time is now. Where two owners had one path
// at different times it yields one for each. It is in order of path, then owner.
// What is only intended does not count; what is not proven does.
func (c *Catalogue) Newest(ctx context.Context, asOf time.Time) iter.Seq2[Version, error] {
	until := int64(math.MaxInt64)
	if !asOf.IsZero() {
		until = asOf.UnixMicro()
	}
	return func(yield func(Version, error) bool) {
		var path, owner string
		first := true
		for v, err := range c.versions(ctx, `SELECT `+entryColumns+` FROM entry e CROSS JOIN archive a ON a.id = e.archive
			WHERE a.state <> ? AND a.created <= ? ORDER BY e.path, e.owner, a.created DESC, a.id DESC`, string(Intended), until) {
			if err != nil {
				yield(Version{}, err)
				return
			}
			if !first && v.Path == path && v.Owner == owner {
				continue
			}
			first, path, owner = false, v.Path, v.Owner
			if !yield(v, nil) {
				return
			}
		}
	}
}

// scanText and scanInts are what each is given to read plain values.
func scanText(list *[]string) func(*sqlite.Stmt) error {
	return func(s *sqlite.Stmt) error { *list = append(*list, s.ColumnText(0)); return nil }
}

func scanInts(values ...*int) func(*sqlite.Stmt) error {
	return func(s *sqlite.Stmt) error {
		for i, v := range values {
			*v = s.ColumnInt(i)
		}
		return nil
	}
}
