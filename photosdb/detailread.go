package photosdb

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"zombiezen.com/go/sqlite"
)

// detailReader reads the rarer facts of chunks of assets, as far as they were
// asked for. It has a connection of its own: while it reads the details of a chunk
// the next chunk is read by whoever has begun it.
type detailReader struct {
	*reader
	zones  zones
	done   chan error // nil while nothing is read; one error for each begin
	lost   error      // why there are no labels any more
	groups Include
	facts  []detailFact
	names  map[string]string // of people in shared albums, by hashed id
	index  *searchIndex      // nil where there is none

	main, places, projects, comments, participants string // queries; "" for what is not asked for or not there

	buf []byte
}

// newDetailReader prepares for reading some groups of facts. What this library
// lacks is left out; an error is the context's or the database's.
func (r *reader) newDetailReader(ctx context.Context, groups Include) (*detailReader, error) {
	s := r.l.schema
	conn, err := r.l.another()
	if err != nil {
		return nil, err
	}
	d := &detailReader{reader: &reader{l: r.l, conn: conn, stmts: map[string]*sqlite.Stmt{}}, groups: groups, zones: zones{}}
	d.main, d.facts = s.detailQuery(groups)
	if groups&IncludePlace != 0 {
		d.places = s.archiveQuery(attributes, "ZREVERSELOCATIONDATA", "places")
	}
	if j := s.albumJoin; groups&IncludeOrigin != 0 && j.table != "" {
		d.projects = "SELECT j.key, g.ZUUID, g.ZTITLE FROM json_each(?1) j CROSS JOIN " + j.table + " t ON t." + j.right +
			" = j.value CROSS JOIN ZGENERICALBUM g ON g.Z_PK = t." + j.left + " WHERE g.ZKIND = 1508"
	}
	if groups&IncludeSharing != 0 {
		d.comments, d.participants = s.commentQuery(), s.participantQuery()
		if d.names, err = readOwners(conn, s); err != nil {
			d.close()
			return nil, err
		}
	}
	if groups&IncludeLabels != 0 {
		if d.index, err = r.l.openSearchIndex(ctx); err != nil {
			if ctx.Err() != nil {
				d.close()
				return nil, ctx.Err()
			}
			r.l.withoutLabels(err)
		}
	}
	return d, nil
}

func (d *detailReader) close() {
	d.wait()
	if d.index != nil {
		d.index.Close()
	}
	d.reader.close()
	d.conn.Close()
}

// begin reads the details of a chunk aside; wait waits for them. Until then nobody
// else looks at the rows.
func (d *detailReader) begin(ctx context.Context, keys []int64, rows []*row) {
	done := make(chan error, 1)
	d.done = done
	go func() { done <- d.read(ctx, keys, rows) }()
}

func (d *detailReader) wait() error {
	if d.done == nil {
		return nil
	}
	err := <-d.done
	if d.done = nil; d.lost != nil {
		d.l.withoutLabels(d.lost)
		d.lost = nil
	}
	return err
}

// withoutLabels remembers why there are no labels. They are not worth the run.
func (l *Library) withoutLabels(err error) {
	l.notes = append(l.notes, fmt.Sprintf("no labels are read: search index: %v", err))
}

// archiveQuery yields a column of archives, and the Z_PK of their row. One longer than any honest one counts as empty, and SQLite does not read it.
func (s *schema) archiveQuery(table, column, what string) string {
	if !s.has(table, column) {
		s.lacks(what)
		return ""
	}
	return "SELECT j.key, " + boundedBlob("t."+column) + ", t.Z_PK FROM json_each(?1) j CROSS JOIN " + table + " t ON t.ZASSET = j.value WHERE t." + column + " IS NOT NULL"
}

func boundedBlob(column string) string {
	return fmt.Sprintf("iif(%[1]s IS NULL, NULL, iif(typeof(%[1]s) = 'blob' AND length(%[1]s) <= %[2]d, %[1]s, x''))", column, maxPlist)
}

// read reads the details of a chunk of assets.
func (d *detailReader) read(ctx context.Context, keys []int64, rows []*row) error {
	details := make([]*detail, len(rows))
	for i, row := range rows {
		row.Details = &Details{}
		details[i] = &detail{Details: row.Details}
	}
	done := make([]bool, len(rows))
	err := errors.Join(
		d.each(d.main, keys, func(i int, stmt *sqlite.Stmt) {
			if done[i] { // a second row of something, which is damage
				return
			}
			done[i] = true
			for n, f := range d.facts {
				f.set(details[i], cell{stmt, n + 1})
			}
		}),
		d.each(d.places, keys, func(i int, stmt *sqlite.Stmt) {
			var err error
			if details[i].Place == nil {
				details[i].Place, err = decodePlace(d.blob(stmt, 1))
			}
			details[i].fail(attributes, stmt.ColumnInt64(2), err)
		}),
		d.each(d.projects, keys, func(i int, stmt *sqlite.Stmt) {
			details[i].Projects = append(details[i].Projects, Album{UUID: UUID(stmt.ColumnText(1)), Title: text(stmt, 2)})
		}),
		d.readComments(keys, details),
		d.readParticipants(attributesOf(rows), details),
	)
	if err != nil {
		return err
	}
	if err := d.readLabels(ctx, rows); err != nil {
		return err
	}
	for i, row := range rows {
		details[i].derive(&row.Asset, d.zones)
		slices.SortFunc(row.Details.Projects, byTitle)
		d.nameOwner(row.Details)
	}
	return nil
}

// fail notes what cannot be decoded of a row of a table.
func (d *detail) fail(table string, pk int64, err error) {
	if err != nil {
		d.Problem = errors.Join(d.Problem, fmt.Errorf("%s row %d: %w", table, pk, err))
	}
}

// blob returns a column's bytes, which are valid until the next call.
func (d *detailReader) blob(stmt *sqlite.Stmt, i int) []byte {
	n := stmt.ColumnLen(i)
	d.buf = slices.Grow(d.buf[:0], n)[:n]
	stmt.ColumnBytes(i, d.buf)
	return d.buf
}

// readLabels asks the search index. Where it turns out to be damaged, this chunk
// and the following ones have no labels. The only error is the context's.
func (d *detailReader) readLabels(ctx context.Context, rows []*row) error {
	if d.index == nil {
		return nil
	}
	if err := d.index.read(rows); err != nil {
		if ctx.Err() != nil {
			return ctx.Err() // which interrupted it
		}
		for _, row := range rows {
			row.Details.Labels = nil
		}
		d.lost = err
		d.index.Close()
		d.index = nil
	}
	return nil
}

func byTitle(a, b Album) int {
	if c := strings.Compare(a.Title, b.Title); c != 0 {
		return c
	}
	return strings.Compare(string(a.UUID), string(b.UUID))
}
