package photosdb

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"github.com/zeebo/blake3"
	"zombiezen.com/go/sqlite"
)

// digester reads assets as digests of what Assets would tell of them, files on
// disk apart: the same queries, but nothing is decoded and no file is looked for. A
// sequence of assets that is to tell a Baseline hands it the rows that it reads.
type digester struct {
	reader
	uuid, attributes int // columns of the query for assets
	skip             map[int]bool

	albums, words map[int64]uint64
	persons       map[*Person]uint64
	rows          []byte // of the assets that are being read, see reset
	buf           []byte
}

// digested is an asset as read. Ties are summed up, so that they can be read in
// any order.
type digested struct {
	uuid UUID
	entry
	attributes int64
	row        stretch // the asset's columns, until its files are known
	files      []file
}

// stretch is a part of digester.rows, which moves as it grows.
type stretch struct{ from, to int }

type file struct {
	pk  int64
	row stretch
}

func (l *Library) newDigester() *digester {
	d := &digester{
		reader: reader{l: l, stmts: map[string]*sqlite.Stmt{}}, skip: map[int]bool{},
		albums: map[int64]uint64{}, words: map[int64]uint64{}, persons: map[*Person]uint64{},
	}
	for i, f := range l.queries.facts {
		switch {
		case f.columns[0] == "Z_PK": // says nothing of the asset
			d.skip[i+1] = true
			if f.table == "b" {
				d.attributes = i + 1
			}
		case f.columns[0] == "ZUUID" && f.table == "a":
			d.uuid = i + 1
		}
	}
	for pk, a := range l.catalog.albums {
		fields := []string{"album", string(a.UUID), a.Title, fmt.Sprint(a.shared), a.Owner.ID, a.Owner.Name, a.Owner.KnownAs}
		for _, f := range a.Folders {
			fields = append(fields, string(f.UUID), f.Title)
		}
		d.albums[pk] = digestOf(fields...)
	}
	for pk, word := range l.catalog.keywords {
		d.words[pk] = digestOf("keyword", word)
	}
	for _, p := range l.catalog.persons {
		d.persons[p] = digestOf("person", p.ID, p.Name, p.KnownAs)
	}
	return d
}

func digestOf(fields ...string) uint64 {
	var b []byte
	for _, f := range fields {
		b = appendText(b, f)
	}
	return sum64(b)
}

func sum64(b []byte) uint64 {
	sum := blake3.Sum256(b)
	return binary.LittleEndian.Uint64(sum[:])
}

func appendText(b []byte, s string) []byte {
	return append(binary.LittleEndian.AppendUint64(b, uint64(len(s))), s...)
}

// appendColumn adds a column's type and value.
func appendColumn(b []byte, stmt *sqlite.Stmt, i int) []byte {
	kind := stmt.ColumnType(i)
	b = append(b, byte(kind))
	switch kind {
	case sqlite.TypeInteger:
		return binary.LittleEndian.AppendUint64(b, uint64(stmt.ColumnInt64(i)))
	case sqlite.TypeFloat:
		return binary.LittleEndian.AppendUint64(b, math.Float64bits(stmt.ColumnFloat(i)))
	case sqlite.TypeNull:
		return b
	}
	n := stmt.ColumnLen(i)
	b = binary.LittleEndian.AppendUint64(b, uint64(n))
	b = slices.Grow(b, n)[:len(b)+n]
	stmt.ColumnBytes(i, b[len(b)-n:])
	return b
}

// read digests the assets of some Z_PKs; those that are not there are left out.
func (d *digester) read(keys []int64) ([]*digested, error) {
	d.reset()
	all := make([]*digested, len(keys))
	err := d.each(d.l.queries.assets, keys, func(i int, stmt *sqlite.Stmt) {
		if all[i] != nil {
			return // a second row of attributes, as in reader.read
		}
		all[i] = d.begin(stmt)
	})
	if err != nil {
		return nil, err
	}
	words := make([]int64, len(keys))
	for i, a := range all {
		if a != nil {
			words[i] = a.attributes
		}
	}
	for _, q := range []struct {
		query string
		keys  []int64
		add   func(*digested, *sqlite.Stmt)
	}{
		{d.l.queries.resources, keys, d.addFile},
		{d.l.queries.faces, keys, d.addFace},
		{d.l.queries.albums, keys, d.addAlbum},
		{d.l.queries.keywords, words, d.addWord},
	} {
		err := d.each(q.query, q.keys, func(i int, stmt *sqlite.Stmt) {
			if all[i] != nil {
				q.add(all[i], stmt)
			}
		})
		if err != nil {
			return nil, err
		}
	}
	all = slices.DeleteFunc(all, func(a *digested) bool { return a == nil })
	for _, a := range all {
		d.seal(a)
	}
	return all, nil
}

// begin takes an asset's own row.
func (d *digester) begin(stmt *sqlite.Stmt) *digested {
	a := &digested{uuid: UUID(stmt.ColumnText(d.uuid)), attributes: stmt.ColumnInt64(d.attributes)}
	a.row.from = len(d.rows)
	d.rows = appendText(d.rows, d.l.sharedScope()) // moves files from release to release
	for c := 1; c < stmt.ColumnCount(); c++ {
		if !d.skip[c] {
			d.rows = appendColumn(d.rows, stmt, c)
		}
	}
	a.row.to = len(d.rows)
	return a
}

// reset lets go of the rows of assets that are sealed. The room is used again.
func (d *digester) reset() { d.rows = d.rows[:0] }

func (d *digester) addFace(a *digested, stmt *sqlite.Stmt) { a.ties += d.face(stmt) }

func (d *digester) addAlbum(a *digested, stmt *sqlite.Stmt) { a.ties += d.albums[stmt.ColumnInt64(1)] }

func (d *digester) addWord(a *digested, stmt *sqlite.Stmt) { a.ties += d.words[stmt.ColumnInt64(1)] }

// addFile takes a row of a file: all columns but those that are keys, for which
// what they lead to counts.
func (d *digester) addFile(a *digested, stmt *sqlite.Stmt) {
	r := d.l.readResource(stmt)
	f := file{pk: r.pk, row: stretch{from: len(d.rows)}}
	for c := 2; c < stmt.ColumnCount(); c++ {
		switch c {
		case resourceType:
			d.rows = appendText(d.rows, r.uti)
		case resourceVolume:
			d.rows = appendText(d.rows, r.volume)
		default:
			d.rows = appendColumn(d.rows, stmt, c)
		}
	}
	f.row.to = len(d.rows)
	a.files = append(a.files, f)
}

// counted puts the number of an asset's files into the low bits of its ties: what
// the history tells of a file that was deleted may not say whose it was.
func counted(ties uint64, files int) uint64 { return ties<<countBits | uint64(files)&countMask }

const (
	countBits = 12
	countMask = 1<<countBits - 1
)

// Columns of queries.resources that can be keys of other tables.
const (
	resourceType   = 7
	resourceVolume = 15
)

// face digests a row of queries.faces.
func (d *digester) face(stmt *sqlite.Stmt) uint64 {
	d.buf = appendText(d.buf[:0], "face")
	for c := 1; c < stmt.ColumnCount(); c++ {
		if c == facePerson {
			d.buf = binary.LittleEndian.AppendUint64(d.buf, d.persons[d.l.catalog.persons[stmt.ColumnInt64(c)]])
			continue
		}
		d.buf = appendColumn(d.buf, stmt, c)
	}
	return sum64(d.buf)
}

// facePerson is the column of queries.faces that is a person's key.
const facePerson = 2

// seal digests what was read of an asset.
func (d *digester) seal(a *digested) {
	slices.SortFunc(a.files, func(x, y file) int { return cmp.Compare(x.pk, y.pk) })
	d.buf = append(d.buf[:0], d.rows[a.row.from:a.row.to]...)
	for _, f := range a.files {
		d.buf = append(append(d.buf, 'f'), d.rows[f.row.from:f.row.to]...)
	}
	a.facts, a.ties = sum64(d.buf), counted(a.ties, len(a.files))
	a.files = nil
}

// allTies sums up the ties of all assets, by Z_PK, each table read once. It gives the
// sums that read gives, files not counted.
func (d *digester) allTies() (map[int64]uint64, error) {
	s, ties := d.l.schema, map[int64]uint64{}
	if j := s.albumJoin; j.table != "" {
		err := each(d.l.conn, "SELECT "+j.right+", "+j.left+" FROM "+j.table, func(stmt *sqlite.Stmt) error {
			ties[stmt.ColumnInt64(0)] += d.albums[stmt.ColumnInt64(1)]
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	if j := s.wordJoin; j.table != "" {
		query := "SELECT b.ZASSET, t." + j.right + " FROM " + j.table + " t JOIN " + attributes + " b ON b.Z_PK = t." + j.left
		err := each(d.l.conn, query, func(stmt *sqlite.Stmt) error {
			ties[stmt.ColumnInt64(0)] += d.words[stmt.ColumnInt64(1)]
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	if d.l.queries.faces == "" {
		return ties, nil
	}
	query := "SELECT f." + s.faceAsset + ", " + s.faceColumns() + " FROM ZDETECTEDFACE f"
	err := each(d.l.conn, query, func(stmt *sqlite.Stmt) error {
		ties[stmt.ColumnInt64(0)] += d.face(stmt)
		return nil
	})
	return ties, err
}

// allFiles counts the files of all assets, by Z_PK, as read does.
func (d *digester) allFiles() (map[int64]int, error) {
	files := map[int64]int{}
	err := each(d.l.conn, "SELECT r.ZASSET, count(*) FROM ZINTERNALRESOURCE r"+d.l.schema.heldResources()+" GROUP BY r.ZASSET", func(stmt *sqlite.Stmt) error {
		files[stmt.ColumnInt64(0)] = stmt.ColumnInt(1)
		return nil
	})
	return files, err
}
