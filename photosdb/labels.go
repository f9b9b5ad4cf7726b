package photosdb

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// Where Photos keeps what it searches by: up to macOS 26, and from macOS 27 on.
const (
	searchIndexPath = "database/search/psi.sqlite"
	newSearchPath   = "database/search/leo.sqlite"
)

// searchIndex is a private copy of the library's search index.
type searchIndex struct {
	dir  string
	conn *sqlite.Conn
	stmt *sqlite.Stmt // asks for a chunk of assets

	lexicon map[uint32]string // the labels of the newer form; nil in the older one
}

// openSearchIndex copies the search index beside the snapshot of the database,
// and opens the copy. It is of the moment when this is called. nil without an
// error: there is none, or none with labels.
func (l *Library) openSearchIndex(ctx context.Context) (_ *searchIndex, err error) {
	path := newSearchPath // what is left of the older one beside it is old
	if _, err := l.tree.stat(path); errors.Is(err, fs.ErrNotExist) {
		path = searchIndexPath
	}
	// The tree tells whether a link leads out of the library.
	for _, name := range []string{path, path + "-wal"} {
		info, err := l.tree.stat(name)
		switch {
		case errors.Is(err, fs.ErrNotExist) && name == path:
			return nil, nil
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return nil, err
		case !info.Mode().IsRegular():
			return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
		}
	}
	x := &searchIndex{dir: filepath.Join(l.snapshot.dir, "search")}
	defer func() {
		if err != nil || x.stmt == nil {
			x.Close()
		}
	}()
	if err := os.MkdirAll(x.dir, 0o700); err != nil {
		return nil, err
	}
	if err := x.copy(ctx, filepath.Join(l.path, filepath.FromSlash(path))); err != nil {
		return nil, err
	}
	if x.conn, err = sqlite.OpenConn(filepath.Join(x.dir, filepath.Base(path)), sqlite.OpenReadWrite); err != nil {
		return nil, err
	}
	x.conn.SetInterrupt(ctx.Done())
	if err := sqlitex.ExecuteTransient(x.conn, "PRAGMA cache_size = -8192", nil); err != nil { // KiB
		return nil, err
	}
	prepare := x.prepare
	if path == newSearchPath {
		prepare = x.prepareNew
	}
	if err := prepare(); err != nil || x.stmt == nil {
		return nil, err
	}
	return x, nil
}

// copy takes main file and log as takeSnapshot does.
func (x *searchIndex) copy(ctx context.Context, from string) error {
	s := &snapshot{dir: x.dir}
	for range attempts {
		same, err := s.copyOnce(ctx, from)
		if err != nil || same {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
	return ErrBusy
}

// Categories of groups.category that are labels. The numbers were given anew
// with Photos 8; neither release uses the other's.
const (
	labelsBefore8 = 2024
	labelsFrom8   = 1500
)

// prepare makes the statement, unless the index has no labels.
func (x *searchIndex) prepare() error {
	s, err := x.tables()
	if err != nil || !s.has("groups", "category", "content_string") || !s.has("ga", "groupid", "assetid") || !s.has("assets", "uuid_0", "uuid_1") {
		return err
	}
	x.stmt, _, err = x.conn.PrepareTransient(`SELECT j.key, g.content_string FROM json_each(?1) j
		CROSS JOIN assets a ON a.uuid_0 = json_extract(j.value, '$[0]') AND a.uuid_1 = json_extract(j.value, '$[1]')
		CROSS JOIN ga ON ga.assetid = a.rowid CROSS JOIN groups g ON g.rowid = ga.groupid
		WHERE g.category IN (` + strconv.Itoa(labelsBefore8) + ", " + strconv.Itoa(labelsFrom8) + ")")
	return err
}

// tables are those that can be read. Others need a tokenizer that only Photos has: they
// are not touched.
func (x *searchIndex) tables() (*schema, error) {
	const tables = `SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c
		WHERE m.type = 'table' AND m.name IN ('groups', 'ga', 'assets', 'lexicon', 'items') AND m.sql NOT LIKE 'CREATE VIRTUAL%'`
	s := &schema{tables: map[string]map[string]bool{}}
	return s, each(x.conn, tables, func(stmt *sqlite.Stmt) error {
		table := stmt.ColumnText(0)
		if s.tables[table] == nil {
			s.tables[table] = map[string]bool{}
		}
		s.tables[table][stmt.ColumnText(1)] = true
		return nil
	})
}

// read fills in the labels of a chunk of assets.
func (x *searchIndex) read(rows []*row) error {
	ask := x.readChunk
	if x.lexicon != nil {
		ask = x.readNewChunk
	}
	if err := ask(rows); err != nil {
		return err
	}
	for _, row := range rows {
		slices.Sort(row.Details.Labels)
		row.Details.Labels = slices.Compact(row.Details.Labels)
	}
	return nil
}

func (x *searchIndex) readChunk(rows []*row) error {
	b := []byte{'['}
	var at []int // places of those that have a UUID that the index can have
	for i, row := range rows {
		first, second, ok := indexUUID(row.UUID)
		if !ok {
			continue
		}
		if len(at) > 0 {
			b = append(b, ',')
		}
		b = append(strconv.AppendInt(append(b, '['), first, 10), ',')
		b = append(strconv.AppendInt(b, second, 10), ']')
		at = append(at, i)
	}
	x.stmt.BindText(1, string(append(b, ']')))
	defer x.stmt.Reset()
	for {
		more, err := x.stmt.Step()
		if err != nil || !more {
			return err
		}
		d := rows[at[x.stmt.ColumnInt(0)]].Details
		// Photos ends its texts there with a NUL.
		if label := strings.TrimRight(text(x.stmt, 1), "\x00"); label != "" {
			d.Labels = append(d.Labels, label)
		}
	}
}

// indexUUID is a UUID as the search index has it: two numbers, the lowest byte first.
func indexUUID(u UUID) (first, second int64, ok bool) {
	var raw [16]byte
	digits := strings.ReplaceAll(string(u), "-", "")
	if len(digits) != 32 {
		return 0, 0, false
	}
	if _, err := hex.Decode(raw[:], []byte(digits)); err != nil {
		return 0, 0, false
	}
	return int64(binary.LittleEndian.Uint64(raw[:8])), int64(binary.LittleEndian.Uint64(raw[8:])), true
}

// Close removes the copy.
func (x *searchIndex) Close() error {
	var errs []error
	if x.stmt != nil {
		errs = append(errs, x.stmt.Finalize())
	}
	if x.conn != nil {
		errs = append(errs, x.conn.Close())
	}
	return errors.Join(append(errs, os.RemoveAll(x.dir))...)
}
