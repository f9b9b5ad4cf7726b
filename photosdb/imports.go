package photosdb

import (
	"cmp"
	"context"
	"slices"

	"golang.org/x/text/unicode/norm"
	"zombiezen.com/go/sqlite"
)

// ImportEntry is an import session of the library.
type ImportEntry struct {
	ImportSession
	App    string // the program that imported, ZIMPORTEDBYBUNDLEIDENTIFIER; "" before Photos 7
	Assets int    // assets that came with it (asset table ZIMPORTSESSION), the trash not counted
}

// Imports returns the library's import sessions by Created, then UUID. It is
// empty, with a warning, if the database has none that photogo can read.
func (l *Library) Imports(ctx context.Context) (out []ImportEntry, err error) {
	err = l.list(ctx, func() error {
		shelf, err := l.readShelf()
		if err != nil {
			return err
		}
		counts, err := l.countBy("import sessions", "ZIMPORTSESSION")
		if err != nil {
			return err
		}
		for _, r := range shelf.rows {
			if r.kind == kindImport && !r.trashed {
				out = append(out, ImportEntry{ImportSession{r.uuid, r.title, r.created, r.start, r.end}, r.app, counts[r.pk]})
			}
		}
		slices.SortFunc(out, func(a, b ImportEntry) int { return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.UUID, b.UUID)) })
		return nil
	})
	return out, err
}

// MomentEntry is a moment of the library.
type MomentEntry struct {
	Moment
	Assets int // assets of it (asset table ZMOMENT), the trash not counted
}

// Moments returns the library's moments by Start, then UUID. It is empty, with
// a warning, if the database has none that photogo can read.
func (l *Library) Moments(ctx context.Context) (out []MomentEntry, err error) {
	const table = "ZMOMENT"
	err = l.list(ctx, func() error {
		s := l.schema
		if !s.has(table, "Z_PK", "ZUUID") {
			s.lacks("moments")
			return nil
		}
		counts, err := l.countBy("moments", "ZMOMENT")
		if err != nil {
			return err
		}
		query := "SELECT m.Z_PK, m.ZUUID"
		for _, column := range []string{"ZTITLE", "ZSUBTITLE", "ZSTARTDATE", "ZENDDATE", "ZAPPROXIMATELATITUDE", "ZAPPROXIMATELONGITUDE", "ZTRASHEDSTATE", "ZREPRESENTATIVEDATE"} {
			query += ", " + s.column("m", table, column)
		}
		err = l.rows(query+" FROM ZMOMENT m", func(stmt *sqlite.Stmt) error {
			if stmt.ColumnInt64(8) != 0 {
				return nil
			}
			m := MomentEntry{Assets: counts[stmt.ColumnInt64(0)], Moment: Moment{
				UUID: UUID(stmt.ColumnText(1)), Title: norm.NFKC.String(text(stmt, 2)), Subtitle: norm.NFKC.String(text(stmt, 3)),
				Start: cell{stmt, 4}.time(), End: cell{stmt, 5}.time(), Representative: cell{stmt, 9}.time(),
			}}
			north, east := cell{stmt, 6}.float(), cell{stmt, 7}.float()
			if north != nil && east != nil && (*north != -180 || *east != -180) {
				m.Location = &Location{*north, *east}
			}
			out = append(out, m)
			return nil
		})
		slices.SortFunc(out, func(a, b MomentEntry) int { return cmp.Or(a.Start.Compare(b.Start), cmp.Compare(a.UUID, b.UUID)) })
		return err
	})
	return out, err
}

// countBy counts the assets that are not in the trash by a column of the asset
// table that leads to another table.
func (l *Library) countBy(fact, column string) (map[int64]int, error) {
	counts := map[int64]int{}
	if !l.schema.has(l.schema.asset, column) {
		l.schema.lacks(fact)
		return counts, nil
	}
	query := "SELECT a." + column + ", count(*) FROM " + l.schema.asset + " a WHERE a." + column + " IS NOT NULL AND " + kept + " GROUP BY 1"
	err := l.rows(query, func(stmt *sqlite.Stmt) error {
		counts[stmt.ColumnInt64(0)] = stmt.ColumnInt(1)
		return nil
	})
	return counts, err
}
