package photosdb

import (
	"cmp"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"
	"zombiezen.com/go/sqlite"
)

// Label is what Photos believes to see in pictures: "Beach", "Dog", in the
// language that the Mac had. Labels come and go by themselves.
type Label struct {
	Name   string
	Assets int // assets that have it, the trash not counted
}

// Labels returns the library's labels by name, from the search index of Photos
// (database/search/psi.sqlite, from macOS 27 on leo.sqlite, of which a private copy is
// read). It is empty,
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

// eachLabel yields the labels of each asset that the library still has, all of
// one asset together. The index can be older than the library.
func (l *Library) eachLabel(ctx context.Context, do func(labelRow)) (err error) {
	index, err := l.openSearchIndex(ctx)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return &Error{l.path, ErrAbsent, fmt.Errorf("labels: search index: %w", err)}
	case index == nil:
		return &Error{l.path, ErrAbsent, errors.New("labels: there is no search index that has them")}
	}
	defer func() { err = errors.Join(err, index.Close()) }()
	known, err := l.conn.Prepare("SELECT a.Z_PK, a.ZTRASHEDSTATE FROM " + l.schema.asset + " a WHERE a.ZUUID = ?1")
	if err != nil {
		return err
	}
	defer known.Reset()
	var last labelRow
	err = index.each(func(uuid UUID, label string) error {
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
		if label != "" && last.asset != 0 {
			last.label = label
			do(last)
		}
		return nil
	})
	if err != nil {
		return &Error{l.path, ErrAbsent, fmt.Errorf("labels: search index: %w", err)}
	}
	return nil
}

// each yields the labels of all assets that the index knows, those of one asset
// together.
func (x *searchIndex) each(do func(uuid UUID, label string) error) error {
	if x.lexicon != nil {
		return x.eachNew(do)
	}
	names, err := x.labels()
	if err != nil {
		return err
	}
	query := "SELECT a.uuid_0, a.uuid_1, ga.groupid FROM ga JOIN assets a ON a.rowid = ga.assetid " +
		"WHERE ga.groupid IN (SELECT rowid FROM groups WHERE category IN (" + labelCategories() + ")) ORDER BY a.rowid"
	return each(x.conn, query, func(stmt *sqlite.Stmt) error {
		return do(searchUUID(stmt.ColumnInt64(0), stmt.ColumnInt64(1)), names[stmt.ColumnInt64(2)])
	})
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

// labels returns the names of the groups that are labels, by their number.
func (x *searchIndex) labels() (map[int64]string, error) {
	names := map[int64]string{}
	err := each(x.conn, "SELECT rowid, content_string FROM groups WHERE category IN ("+labelCategories()+")", func(stmt *sqlite.Stmt) error {
		// The index ends its texts with a NUL.
		name, _, _ := strings.Cut(stmt.ColumnText(1), "\x00")
		names[stmt.ColumnInt64(0)] = norm.NFC.String(strings.ToValidUTF8(name, "\uFFFD"))
		return nil
	})
	return names, err
}

// labelCategories are the numbers of groups that are labels, as SQL.
func labelCategories() string { return strconv.Itoa(labelsBefore8) + ", " + strconv.Itoa(labelsFrom8) }
