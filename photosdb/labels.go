package photosdb

import (
	"cmp"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"
	"zombiezen.com/go/sqlite"
)

// The search index of Photos up to macOS 26, and that of macOS 27, relative to
// the library.
const (
	searchPath    = "database/search/psi.sqlite"
	newSearchPath = "database/search/leo.sqlite"
)

// Label is what Photos believes to see in pictures: "Beach", "Dog", in the
// language that the Mac had. Labels come and go by themselves.
type Label struct {
	Name   string
	Assets int // assets that have it, the trash not counted
}

// Labels returns the library's labels by name, from the search index of Photos
// (database/search/psi.sqlite, of which a private copy is read). It is empty,
// with a warning, if there is no index that photogo can read.
func (l *Library) Labels(ctx context.Context) (out []Label, err error) {
	err = l.list(ctx, func() error {
		counts := newTally[string]()
		err := l.eachLabel(ctx, func(r labelRow) {
			if !r.trashed {
				counts.add(r.label, r.asset)
			}
		})
		err = l.noteAbsent("labels", err)
		for name, n := range counts.assets {
			out = append(out, Label{name, n})
		}
		slices.SortFunc(out, func(a, b Label) int { return cmp.Compare(a.Name, b.Name) })
		return err
	})
	return out, err
}

// LabelsByAsset returns the labels of each asset that has any, sorted. It reads
// the whole search index, and is meant for those who select by label: where
// there is no index that could tell, the error is ErrAbsent.
func (l *Library) LabelsByAsset(ctx context.Context) (map[UUID][]string, error) {
	out := map[UUID][]string{}
	err := l.list(ctx, func() error {
		return l.eachLabel(ctx, func(r labelRow) { out[r.uuid] = append(out[r.uuid], r.label) })
	})
	for uuid, labels := range out {
		slices.Sort(labels)
		out[uuid] = slices.Compact(labels)
	}
	return out, err
}

type labelRow struct {
	asset   int64
	uuid    UUID
	trashed bool
	label   string
}

// labelCategories are the numbers that groups of labels have in the index: up
// to macOS 12, and from 13 on. Neither stands for anything else in the other.
const labelCategories = "2024, 1500"

// eachLabel yields the labels of each asset that the library still has, all of
// one asset together. The index can be older than the library.
func (l *Library) eachLabel(ctx context.Context, do func(labelRow)) (err error) {
	index, err := l.openSearch(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, index.close()) }()
	names, err := index.labels()
	if err != nil {
		return &Error{l.path, ErrAbsent, fmt.Errorf("labels: search index: %w", err)}
	}
	const query = "SELECT a.uuid_0, a.uuid_1, ga.groupid FROM ga JOIN assets a ON a.rowid = ga.assetid " +
		"WHERE ga.groupid IN (SELECT rowid FROM groups WHERE category IN (" + labelCategories + ")) ORDER BY a.rowid"
	known, err := l.conn.Prepare("SELECT a.Z_PK, a.ZTRASHEDSTATE FROM " + l.schema.asset + " a WHERE a.ZUUID = ?1")
	if err != nil {
		return err
	}
	defer known.Reset()
	var last labelRow
	err = each(index.conn, query, func(stmt *sqlite.Stmt) error {
		uuid := searchUUID(stmt.ColumnInt64(0), stmt.ColumnInt64(1))
		if uuid != last.uuid {
			known.Reset()
			known.BindText(1, string(uuid))
			found, err := known.Step()
			if err != nil {
				return err
			}
			last = labelRow{uuid: uuid}
			if found {
				last.asset, last.trashed = known.ColumnInt64(0), known.ColumnInt64(1) != 0
			}
		}
		if name := names[stmt.ColumnInt64(2)]; name != "" && last.asset != 0 {
			last.label = name
			do(last)
		}
		return nil
	})
	if err != nil {
		return &Error{l.path, ErrAbsent, fmt.Errorf("labels: search index: %w", err)}
	}
	return nil
}

// searchUUID turns the two halves of a UUID, each a little-endian number, into
// its text.
func searchUUID(low, high int64) UUID {
	var raw [16]byte
	binary.LittleEndian.PutUint64(raw[:8], uint64(low))
	binary.LittleEndian.PutUint64(raw[8:], uint64(high))
	h := strings.ToUpper(hex.EncodeToString(raw[:]))
	return UUID(h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:])
}

// searchIndex is an open private copy of the search index.
type searchIndex struct {
	snapshot *snapshot
	conn     *sqlite.Conn
}

// openSearch copies and opens the search index. The error is ErrAbsent if there
// is none that can be read: Photos makes the index anew at any time, and a
// damaged one is no damage to the library.
func (l *Library) openSearch(ctx context.Context) (*searchIndex, error) {
	absent := func(err error) error { return &Error{l.path, ErrAbsent, fmt.Errorf("labels: %w", err)} }
	switch info, err := l.tree.stat(searchPath); {
	case errors.Is(err, fs.ErrNotExist):
		if _, err := l.tree.stat(newSearchPath); err == nil {
			return nil, absent(errors.New("they are in the search index of macOS 27, which photogo cannot read yet"))
		}
		return nil, absent(errors.New("there is no search index"))
	case err != nil:
		return nil, absent(err)
	case !info.Mode().IsRegular():
		return nil, absent(errors.New("the search index is not a file"))
	}
	s, err := takeSnapshotOf(ctx, l.path, searchPath, l.temp)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, absent(err)
	}
	index := &searchIndex{snapshot: s}
	if index.conn, err = sqlite.OpenConn(s.database(), sqlite.OpenReadWrite); err == nil {
		err = index.check()
	}
	if err != nil {
		return nil, errors.Join(absent(err), index.close())
	}
	return index, nil
}

// check makes sure that the index has what labels are read from.
func (x *searchIndex) check() error {
	columns := map[string]bool{}
	const query = `SELECT m.name || '.' || c.name FROM sqlite_master m, pragma_table_info(m.name) c
		WHERE m.type = 'table' AND m.name IN ('assets', 'groups', 'ga')`
	err := each(x.conn, query, func(stmt *sqlite.Stmt) error {
		columns[stmt.ColumnText(0)] = true
		return nil
	})
	if err != nil {
		return err
	}
	for _, c := range []string{"assets.uuid_0", "assets.uuid_1", "groups.category", "groups.content_string", "ga.groupid", "ga.assetid"} {
		if !columns[c] {
			return fmt.Errorf("the search index has no column %s", c)
		}
	}
	return nil
}

// labels returns the names of the groups that are labels, by their number.
func (x *searchIndex) labels() (map[int64]string, error) {
	names := map[int64]string{}
	err := each(x.conn, "SELECT rowid, content_string FROM groups WHERE category IN ("+labelCategories+")", func(stmt *sqlite.Stmt) error {
		// The index ends its texts with a NUL.
		name, _, _ := strings.Cut(stmt.ColumnText(1), "\x00")
		names[stmt.ColumnInt64(0)] = norm.NFC.String(strings.ToValidUTF8(name, "\uFFFD"))
		return nil
	})
	return names, err
}

func (x *searchIndex) close() error {
	var errs []error
	if x.conn != nil {
		errs = append(errs, x.conn.Close())
	}
	return errors.Join(append(errs, x.snapshot.Close())...)
}
