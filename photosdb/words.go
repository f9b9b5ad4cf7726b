package photosdb

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"zombiezen.com/go/sqlite"
)

// Keyword is a keyword of the library (ZKEYWORD). Twins that differ only in the
// form of Unicode are one.
type Keyword struct {
	Title  string // ZTITLE
	Assets int    // assets that have it, the trash not counted
}

// Keywords returns the library's keywords by title, those without assets too.
// It is empty, with a warning, if the database has none that photogo can read.
func (l *Library) Keywords(ctx context.Context) (out []Keyword, err error) {
	err = l.list(ctx, func() error {
		counts := newTally[string]()
		if j := l.schema.wordJoin; j.table != "" { // else readSchema has noted it
			query := "SELECT t." + j.right + ", a.Z_PK FROM " + j.table + " t JOIN " + attributes + " b ON b.Z_PK = t." + j.left +
				" JOIN " + l.schema.asset + " a ON a.Z_PK = b.ZASSET WHERE " + kept + " ORDER BY a.Z_PK"
			err := l.rows(query, func(stmt *sqlite.Stmt) error {
				counts.add(l.catalog.keywords[stmt.ColumnInt64(0)], stmt.ColumnInt64(1))
				return nil
			})
			if err != nil {
				return err
			}
		}
		titles := map[string]bool{}
		for _, title := range l.catalog.keywords {
			titles[title] = title != ""
		}
		for _, title := range slices.Sorted(maps.Keys(titles)) {
			if title != "" {
				out = append(out, Keyword{title, counts.assets[title]})
			}
		}
		return nil
	})
	return out, err
}

// PersonEntry is a person of the library with what shows them (ZPERSON). Those
// who were merged into another (ZMERGETARGETPERSON) count for the other.
type PersonEntry struct {
	Person
	Detection int      // ZDETECTIONTYPE: 1 a person, 3 and 4 pets; 0 before Photos 7
	Merged    []Person // those who were merged into this one, by ID
	Faces     int      // faces that are neither hidden nor in the trash, nor of an asset in the trash
	Assets    int      // assets with such a face
}

// Persons returns the library's persons by the name they go by, then ID: those
// who have a name, with or without faces, and clusters of faces that nobody
// named. It is empty, with a warning, if the database has none that photogo can
// read.
func (l *Library) Persons(ctx context.Context) (out []PersonEntry, err error) {
	err = l.list(ctx, func() error {
		if len(l.catalog.persons) == 0 {
			return nil // without the table readCatalog has noted it
		}
		into, detection, err := l.readMerges()
		if err != nil {
			return err
		}
		faces := map[int64]int{}
		assets := newTally[int64]()
		if err := l.eachFace(func(person, asset int64) {
			target, known := into[person]
			if !known {
				return // the person's row is gone
			}
			faces[target]++
			assets.add(target, asset)
		}); err != nil {
			return err
		}
		merged := map[int64][]Person{}
		for pk, target := range into {
			if pk != target {
				merged[target] = append(merged[target], *l.catalog.persons[pk])
			}
		}
		for _, list := range merged {
			slices.SortFunc(list, func(a, b Person) int { return strings.Compare(a.ID, b.ID) })
		}
		for pk, p := range l.catalog.persons {
			if into[pk] != pk || p.KnownAs == "" && faces[pk] == 0 {
				continue
			}
			out = append(out, PersonEntry{*p, detection[pk], merged[pk], faces[pk], assets.assets[pk]})
		}
		slices.SortFunc(out, func(a, b PersonEntry) int {
			return cmp.Or(strings.Compare(a.KnownAs, b.KnownAs), strings.Compare(a.ID, b.ID))
		})
		return nil
	})
	return out, err
}

// readMerges tells into whom each person was merged in the end, most into
// nobody but themselves, and what was detected. A circle of merges, which is
// damage, merges nobody.
func (l *Library) readMerges() (into map[int64]int64, detection map[int64]int, err error) {
	next := map[int64]int64{}
	detection = map[int64]int{}
	s := l.schema
	query := "SELECT p.Z_PK, " + s.column("p", "ZPERSON", "ZMERGETARGETPERSON") + ", " + s.column("p", "ZPERSON", "ZDETECTIONTYPE") + " FROM ZPERSON p"
	err = l.rows(query, func(stmt *sqlite.Stmt) error {
		pk := stmt.ColumnInt64(0)
		next[pk], detection[pk] = stmt.ColumnInt64(1), stmt.ColumnInt(2)
		return nil
	})
	into = map[int64]int64{}
	for pk := range next {
		target, steps, limit := pk, 0, min(len(next), maxMerges)
		for ; steps <= limit; steps++ {
			if _, known := next[next[target]]; !known {
				break
			}
			target = next[target]
		}
		if steps > limit {
			target = pk
		}
		into[pk] = target
	}
	return into, detection, err
}

// eachFace yields the person and the asset of each face that is neither hidden
// nor in the trash, in order of the assets.
func (l *Library) eachFace(do func(person, asset int64)) error {
	s := l.schema
	if s.faceAsset == "" || s.facePerson == "" {
		return nil // faceQuery has noted it
	}
	query := "SELECT f." + s.facePerson + ", a.Z_PK FROM ZDETECTEDFACE f JOIN " + s.asset + " a ON a.Z_PK = f." + s.faceAsset +
		" WHERE " + kept + " AND f." + s.facePerson + " IS NOT NULL"
	for _, column := range []string{"ZHIDDEN", "ZISINTRASH"} {
		query += " AND IFNULL(" + s.column("f", "ZDETECTEDFACE", column) + ", 0) = 0"
	}
	return l.rows(query+" ORDER BY a.Z_PK", func(stmt *sqlite.Stmt) error {
		do(stmt.ColumnInt64(0), stmt.ColumnInt64(1))
		return nil
	})
}
