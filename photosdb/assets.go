package photosdb

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"

	"zombiezen.com/go/sqlite"
)

// Query says which assets are wanted, and in which order. The zero value is all
// of them by UUID.
type Query struct {
	Order Order
	// Include adds rarer facts: Asset.Details is nil without.
	Include Include
	// Baseline, unless nil, is set to what the sequence read once that came to its
	// end: the Baseline that Compare would give, without reading all once more.
	Baseline *Baseline
}

// Order is an order of assets.
type Order int

const (
	// ByUUID is ascending order of UUID.
	ByUUID Order = iota
	// ByDate is ascending order of Dates.Taken, then of UUID; assets without
	// a date come first.
	ByDate
	// AsStored is ascending order of Z_PK, in which assets came into the library. It is
	// the fastest: SQLite walks through its trees, where in other orders it reads some
	// twenty pages anew for each asset of a large library.
	AsStored
)

// chunk is how many assets are read at a time; memory holds one chunk.
const chunk = 1000

// Assets yields every asset of the library: hidden ones, those in the trash,
// burst frames that were not picked and items of shared albums too. It looks
// for each file on disk. An error ends the sequence; nothing that was yielded
// before is wrong.
//
// While the sequence is read only Open and OpenReferenced may be called; other
// methods wait for its end.
func (l *Library) Assets(ctx context.Context, q Query) iter.Seq2[*Asset, error] {
	return func(yield func(*Asset, error) bool) {
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.conn == nil {
			yield(nil, fmt.Errorf("%s: library is closed", l.path))
			return
		}
		keys, err := l.keys(q.Order)
		if err != nil {
			yield(nil, l.explain(err))
			return
		}
		r := &reader{l: l, stmts: map[string]*sqlite.Stmt{}}
		defer r.close()
		r.previews = q.Include&IncludePreviews != 0
		if q.Baseline != nil {
			r.digests, r.seen = l.newDigester(), &Baseline{entries: make([]entry, 0, len(keys))}
		}
		if q.Include&IncludeAll != IncludeNothing {
			if r.details, err = r.newDetailReader(ctx, q.Include); err != nil {
				yield(nil, l.explain(err))
				return
			}
			defer r.details.close()
		}
		// A chunk waits for its details while the next one is read, and it is used
		// while the next one's details are read.
		var waiting []*row
		use := func(next []int64, rows []*row) bool {
			ready := rows
			if r.details != nil {
				if err := r.details.wait(); err != nil {
					yield(nil, l.explain(err))
					return false
				}
				ready, waiting = waiting, rows
				if len(rows) > 0 {
					r.details.begin(ctx, next, rows)
				}
			}
			for _, row := range ready {
				if !yield(&row.Asset, nil) {
					return false
				}
			}
			return true
		}
		for part := range slices.Chunk(keys, chunk) {
			if err := ctx.Err(); err != nil {
				yield(nil, err)
				return
			}
			rows, err := r.read(part)
			if err != nil {
				if use(nil, nil) { // what was read before is not wrong
					yield(nil, l.explain(err))
				}
				return
			}
			if !use(part, rows) {
				return
			}
		}
		if !use(nil, nil) || r.seen == nil {
			return
		}
		here, err := l.cursor()
		if err != nil {
			yield(nil, l.explain(err))
			return
		}
		r.seen.cursor = here.String()
		r.seen.sort()
		*q.Baseline = *r.seen
	}
}

// Sample returns the UUIDs of up to n assets, spread over the library in the order in
// which they were added.
func (l *Library) Sample(ctx context.Context, n int) (uuids []UUID, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conn == nil {
		return nil, fmt.Errorf("%s: library is closed", l.path)
	}
	last := int64(0)
	err = each(l.conn, "SELECT max(Z_PK) FROM "+l.schema.asset, func(stmt *sqlite.Stmt) error {
		last = stmt.ColumnInt64(0)
		return nil
	})
	query := "SELECT ZUUID, Z_PK FROM " + l.schema.asset + " WHERE Z_PK >= ? ORDER BY Z_PK LIMIT 1"
	at := int64(1)
	for i := int64(0); i < int64(n) && err == nil && at <= last && ctx.Err() == nil; i++ {
		at = max(at, 1+i*(last/int64(n)))
		err = each(l.conn, query, func(stmt *sqlite.Stmt) error {
			uuids = append(uuids, UUID(stmt.ColumnText(0)))
			at = stmt.ColumnInt64(1) + 1
			return nil
		}, at)
	}
	return uuids, errors.Join(ctx.Err(), l.explain(err))
}

// Count returns the number of assets.
func (l *Library) Count(ctx context.Context) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n, err := l.count()
	return n, l.explain(err)
}

func (l *Library) count() (n int, err error) {
	err = each(l.conn, "SELECT count(*) FROM "+l.schema.asset, func(stmt *sqlite.Stmt) error {
		n = int(stmt.ColumnInt64(0))
		return nil
	})
	return n, err
}

// keys lists the Z_PKs of all assets in order. The table itself is read, not an
// index of it: a damaged index must not hide a photo.
func (l *Library) keys(order Order) ([]int64, error) {
	n, err := l.count()
	if err != nil {
		return nil, err
	}
	all := make([]dated, 0, min(n, 1<<20)) // a million need 40 MB; twice that while it grows
	err = each(l.conn, "SELECT Z_PK, ZUUID, ZDATECREATED FROM "+l.schema.asset+" NOT INDEXED", func(stmt *sqlite.Stmt) error {
		k := datedOf(stmt, order)
		if k.odd != nil && *k.odd == "" {
			return fmt.Errorf("%w: %s row %d has no ZUUID", ErrDamaged, l.schema.asset, k.pk)
		}
		all = append(all, k)
		return nil
	})
	slices.SortFunc(all, dated.compare)
	if err != nil {
		return nil, err
	}
	// Counting goes through an index: where the two disagree, one of them has
	// lost rows, and nothing would tell which.
	if n != len(all) {
		return nil, fmt.Errorf("%w: %s has %d rows, and %d by its index", ErrDamaged, l.schema.asset, len(all), n)
	}
	keys := make([]int64, len(all))
	for i, k := range all {
		if i > 0 && k.compareUUID(all[i-1]) == 0 {
			return nil, fmt.Errorf("%w: two rows of %s have the ZUUID %s", ErrDamaged, l.schema.asset, k.uuid())
		}
		keys[i] = k.pk
	}
	if order == AsStored {
		slices.Sort(keys)
	}
	return keys, nil
}

// dated is an asset's key with what it is sorted by. A library may have millions.
type dated struct {
	pk   int64
	date float64
	id   assetID
	odd  *string // the ZUUID, where the id does not spell it
}

// datedOf takes a row of Z_PK, ZUUID and ZDATECREATED.
func datedOf(stmt *sqlite.Stmt, order Order) dated {
	k := dated{pk: stmt.ColumnInt64(0)}
	text := stmt.ColumnText(1)
	id, spelt := idOf(UUID(text))
	if k.id = id; !spelt {
		odd := text
		k.odd = &odd
	}
	if order == ByDate {
		// As the asset will tell it: unknown dates count as none.
		if date := (cell{stmt, 2}).time(); !date.IsZero() {
			k.date = float64(date.UnixMicro())
		} else {
			k.date = -1e300
		}
	}
	return k
}

func (k dated) uuid() string {
	if k.odd != nil {
		return *k.odd
	}
	return string(k.id.spell())
}

func (k dated) compare(other dated) int {
	if k.date != other.date {
		return cmp.Compare(k.date, other.date)
	}
	return k.compareUUID(other)
}

func (k dated) compareUUID(other dated) int {
	if k.odd == nil && other.odd == nil {
		return k.id.compare(other.id) // digits come before letters in both
	}
	return strings.Compare(k.uuid(), other.uuid())
}

// reader reads chunks of assets with statements that are prepared once.
type reader struct {
	l       *Library
	conn    *sqlite.Conn // nil: the library's
	stmts   map[string]*sqlite.Stmt
	details *detailReader // nil unless details are asked for

	previews bool // see IncludePreviews

	digests *digester // of all that is read, for seen; nil unless Query.Baseline is
	seen    *Baseline
}

// queries are the statements that fit this library's schema. Each takes a JSON
// array of keys and tells with each row the key's place in it.
type queries struct {
	assets, resources, faces, albums, keywords string

	facts []fact // of the columns of assets
}

func (s *schema) newQueries() (q queries) {
	q.assets, q.facts = s.assetQuery()
	q.resources = s.resourceQuery()
	q.faces = s.faceQuery()
	if j := s.albumJoin; j.table != "" {
		q.albums = "SELECT j.key, t." + j.left + " FROM json_each(?1) j CROSS JOIN " + j.table + " t ON t." + j.right + " = j.value"
	}
	if j := s.wordJoin; j.table != "" {
		q.keywords = "SELECT j.key, t." + j.right + " FROM json_each(?1) j CROSS JOIN " + j.table + " t ON t." + j.left + " = j.value"
	}
	return q
}

func (r *reader) close() {
	for _, stmt := range r.stmts {
		stmt.Finalize()
	}
}

// read reads the assets of some Z_PKs, in their order.
func (r *reader) read(keys []int64) ([]*row, error) {
	rows := make([]*row, len(keys))
	digests := make([]*digested, len(keys))
	if r.digests != nil {
		r.digests.reset()
	}
	digest := func(add func(*digester, *digested, *sqlite.Stmt), i int, stmt *sqlite.Stmt) {
		if r.digests != nil {
			add(r.digests, digests[i], stmt)
		}
	}
	err := r.each(r.l.queries.assets, keys, func(i int, stmt *sqlite.Stmt) {
		if rows[i] != nil { // a second row of attributes, which is damage
			return
		}
		rows[i] = r.asset(stmt)
		if r.digests != nil {
			digests[i] = r.digests.begin(stmt)
		}
	})
	if err != nil {
		return nil, err
	}
	if i := slices.Index(rows, nil); i >= 0 {
		return nil, fmt.Errorf("%w: %s row %d cannot be found again", ErrDamaged, r.l.schema.asset, keys[i])
	}
	resources := make([][]resourceRow, len(rows))
	err = errors.Join(
		r.each(r.l.queries.resources, keys, func(i int, stmt *sqlite.Stmt) {
			resources[i] = append(resources[i], r.l.readResource(stmt))
			digest((*digester).addFile, i, stmt)
		}),
		r.each(r.l.queries.faces, keys, func(i int, stmt *sqlite.Stmt) {
			rows[i].Faces = append(rows[i].Faces, r.l.readFace(stmt))
			digest((*digester).addFace, i, stmt)
		}),
		r.each(r.l.queries.albums, keys, func(i int, stmt *sqlite.Stmt) {
			r.l.addAlbum(&rows[i].Asset, stmt.ColumnInt64(1))
			digest((*digester).addAlbum, i, stmt)
		}),
		r.each(r.l.queries.keywords, attributesOf(rows), func(i int, stmt *sqlite.Stmt) {
			if word := r.l.catalog.keywords[stmt.ColumnInt64(1)]; word != "" {
				rows[i].Text.Keywords = append(rows[i].Text.Keywords, word)
			}
			digest((*digester).addWord, i, stmt)
		}),
	)
	if err != nil {
		return nil, err
	}
	for i, row := range rows {
		row.derive(r.l.zones)
		r.l.addResources(row, resources[i])
		if r.previews {
			r.l.addPreview(row, resources[i])
		}
		row.deriveSubtypes()
		row.sort()
		if r.digests != nil {
			r.digests.seal(digests[i])
			r.seen.add(digests[i])
		}
	}
	return rows, nil
}

func attributesOf(rows []*row) []int64 {
	keys := make([]int64, len(rows))
	for i, row := range rows {
		keys[i] = row.attributes
	}
	return keys
}

// asset reads the facts of a row.
func (r *reader) asset(stmt *sqlite.Stmt) *row {
	a := &row{}
	a.Current.Unknown, a.Original.Unknown = frameNumbers, frameNumbers
	for i, f := range r.l.queries.facts {
		if f.table == "b" && a.attributes == 0 && i > 1 {
			continue // no row of attributes: nothing is known, nothing is false
		}
		f.set(a, cell{stmt, i + 1})
	}
	return a
}

// each runs one of the reader's queries over a chunk.
func (r *reader) each(query string, keys []int64, do func(i int, stmt *sqlite.Stmt)) error {
	if query == "" {
		return nil
	}
	stmt := r.stmts[query]
	if stmt == nil {
		conn := r.conn
		if conn == nil {
			conn = r.l.conn
		}
		var err error
		if stmt, _, err = conn.PrepareTransient(query); err != nil {
			return err
		}
		r.stmts[query] = stmt
	}
	// In ascending order SQLite walks through its trees instead of jumping.
	order, sorted := make([]int, len(keys)), make([]int64, len(keys))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(keys[a], keys[b]) })
	for n, i := range order {
		sorted[n] = keys[i]
	}
	stmt.BindText(1, jsonArray(sorted))
	defer stmt.Reset()
	for {
		more, err := stmt.Step()
		if err != nil || !more {
			return err
		}
		do(order[stmt.ColumnInt(0)], stmt)
	}
}

func jsonArray(keys []int64) string {
	b := []byte{'['}
	for i, k := range keys {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, k, 10)
	}
	return string(append(b, ']'))
}

func (l *Library) addAlbum(a *Asset, pk int64) {
	album, ok := l.catalog.albums[pk]
	switch {
	case !ok:
	case album.shared:
		a.SharedAlbums = append(a.SharedAlbums, album.Album)
	default:
		a.Albums = append(a.Albums, album.Album)
	}
}

// sort puts the lists of an asset into the order that its contract states.
func (r *row) sort() {
	slices.Sort(r.Text.Keywords)
	r.Text.Keywords = slices.Compact(r.Text.Keywords)
	slices.SortFunc(r.Albums, byTitle)
	slices.SortFunc(r.SharedAlbums, byTitle)
	slices.SortFunc(r.Faces, func(a, b Face) int { return strings.Compare(string(a.UUID), string(b.UUID)) })
}
