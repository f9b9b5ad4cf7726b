package photosdb

import (
	"cmp"
	"context"
	"slices"
	"time"

	"golang.org/x/text/unicode/norm"
	"zombiezen.com/go/sqlite"
)

// Import is one import session (ZGENERICALBUM.ZKIND 1506): what came into the
// library together.
type Import struct {
	UUID    UUID      // ZUUID
	Title   string    // ZTITLE; mostly ""
	App     string    // the program that imported, ZIMPORTEDBYBUNDLEIDENTIFIER; "" before Photos 7
	Created time.Time // UTC; ZCREATIONDATE; zero unknown
	Start   time.Time // UTC; the first of it came in, ZSTARTDATE; zero unknown
	End     time.Time // UTC; the last of it, ZENDDATE; zero unknown
	Assets  int       // assets that came with it (asset table ZIMPORTSESSION), the trash not counted
}

// Imports returns the library's import sessions by Created, then UUID. It is
// empty, with a warning, if the database has none that photogo can read.
func (l *Library) Imports(ctx context.Context) (out []Import, err error) {
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
				out = append(out, Import{r.uuid, r.title, r.app, r.created, r.start, r.end, counts[r.pk]})
			}
		}
		slices.SortFunc(out, func(a, b Import) int { return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.UUID, b.UUID)) })
		return nil
	})
	return out, err
}

// Moment is a day or an event into which Photos sorted pictures (ZMOMENT).
type Moment struct {
	UUID     UUID      // ZUUID
	Title    string    // ZTITLE, with plain spaces where Photos stores others (NFKC); mostly "" on the Mac
	Subtitle string    // ZSUBTITLE, likewise
	Start    time.Time // UTC; ZSTARTDATE; zero unknown
	End      time.Time // UTC; ZENDDATE; zero unknown
	Location *Location // ZAPPROXIMATELATITUDE, ZAPPROXIMATELONGITUDE; nil unknown
	Assets   int       // assets of it (asset table ZMOMENT), the trash not counted
}

// Moments returns the library's moments by Start, then UUID. It is empty, with
// a warning, if the database has none that photogo can read.
func (l *Library) Moments(ctx context.Context) (out []Moment, err error) {
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
		for _, column := range []string{"ZTITLE", "ZSUBTITLE", "ZSTARTDATE", "ZENDDATE", "ZAPPROXIMATELATITUDE", "ZAPPROXIMATELONGITUDE", "ZTRASHEDSTATE"} {
			query += ", " + s.column("m", table, column)
		}
		err = l.rows(query+" FROM ZMOMENT m", func(stmt *sqlite.Stmt) error {
			if stmt.ColumnInt64(8) != 0 {
				return nil
			}
			m := Moment{
				UUID: UUID(stmt.ColumnText(1)), Title: norm.NFKC.String(text(stmt, 2)), Subtitle: norm.NFKC.String(text(stmt, 3)),
				Start: cell{stmt, 4}.time(), End: cell{stmt, 5}.time(), Assets: counts[stmt.ColumnInt64(0)],
			}
			north, east := cell{stmt, 6}.float(), cell{stmt, 7}.float()
			if north != nil && east != nil && (*north != -180 || *east != -180) {
				m.Location = &Location{*north, *east}
			}
			out = append(out, m)
			return nil
		})
		slices.SortFunc(out, func(a, b Moment) int { return cmp.Or(a.Start.Compare(b.Start), cmp.Compare(a.UUID, b.UUID)) })
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
