package photosdb

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"zombiezen.com/go/sqlite"
)

// ShareKind says what is shared (the entity of ZSHARE).
type ShareKind string

// The kinds of share.
const (
	ShareLibrary    ShareKind = "library"    // LibraryScope: the iCloud Shared Photo Library
	ShareMoment     ShareKind = "moment"     // MomentShare: a link to some pictures
	ShareCollection ShareKind = "collection" // CollectionShare, from macOS 26 on
	ShareUnknown    ShareKind = "unknown"    // any other
)

var shareKinds = map[string]ShareKind{"LibraryScope": ShareLibrary, "MomentShare": ShareMoment, "CollectionShare": ShareCollection}

// Share is something that is shared through iCloud with people who take part in
// it (ZSHARE), shared albums excepted. It follows from the schema alone: no
// library that photogo was tested with has one.
type Share struct {
	UUID         UUID // ZUUID
	Kind         ShareKind
	Title        string        // ZTITLE; mostly "" for the shared library
	Created      time.Time     // UTC; ZCREATIONDATE; zero unknown
	Assets       int           // of a shared library or a link: assets that are in it here, the trash not counted
	Participants []Participant // by UUID
}

// Shares returns what is shared in the library, by UUID: the iCloud Shared Photo
// Library among them, with its participants. It is empty for releases that have
// no such thing (Photos 5), and, with a warning, if the database has it in a
// form that photogo cannot read.
func (l *Library) Shares(ctx context.Context) (out []Share, err error) {
	err = l.list(ctx, func() error {
		s := l.schema
		if !s.has("ZSHARE", "Z_PK", "Z_ENT", "ZUUID") {
			if s.asset == "ZASSET" { // which came with the same release
				s.lacks("shares")
			}
			return nil
		}
		entities, err := readEntities(l.conn, s)
		if err != nil {
			return err
		}
		kinds := map[int64]ShareKind{}
		for name, number := range entities {
			kinds[number] = shareKinds[name]
		}
		participants, err := l.readParticipants()
		if err != nil {
			return err
		}
		counts := map[ShareKind]map[int64]int{}
		for kind, column := range map[ShareKind]string{ShareLibrary: "ZLIBRARYSCOPE", ShareMoment: "ZMOMENTSHARE"} {
			if counts[kind], err = l.countBy("members of shares", column); err != nil {
				return err
			}
		}
		query := "SELECT h.Z_PK, h.Z_ENT, h.ZUUID"
		for _, column := range []string{"ZTITLE", "ZCREATIONDATE", "ZTRASHEDSTATE"} {
			query += ", " + s.column("h", "ZSHARE", column)
		}
		return l.rows(query+" FROM ZSHARE h ORDER BY h.ZUUID, h.Z_PK", func(stmt *sqlite.Stmt) error {
			if stmt.ColumnInt64(5) != 0 {
				return nil
			}
			pk, kind := stmt.ColumnInt64(0), cmp.Or(kinds[stmt.ColumnInt64(1)], ShareUnknown)
			out = append(out, Share{
				UUID: UUID(stmt.ColumnText(2)), Kind: kind, Title: text(stmt, 3), Created: cell{stmt, 4}.time(),
				Assets: counts[kind][pk], Participants: participants[pk],
			})
			return nil
		})
	})
	return out, err
}

// readParticipants reads who takes part, by the Z_PK of the share.
func (l *Library) readParticipants() (map[int64][]Participant, error) {
	const table = "ZSHAREPARTICIPANT"
	out := map[int64][]Participant{}
	s := l.schema
	if !s.has(table, "ZSHARE", "ZUUID") {
		s.lacks("participants of shares")
		return out, nil
	}
	query := "SELECT p.ZSHARE, p.ZUUID"
	for _, column := range []string{"ZEMAILADDRESS", "ZPHONENUMBER", "ZISCURRENTUSER"} {
		query += ", " + s.column("p", table, column)
	}
	components := s.column("p", table, "ZNAMECOMPONENTS")
	query += fmt.Sprintf(", iif(length(%s) <= %d, %s, NULL)", components, maxPlist, components)
	err := l.rows(query+" FROM ZSHAREPARTICIPANT p", func(stmt *sqlite.Stmt) error {
		data := make([]byte, stmt.ColumnLen(5))
		stmt.ColumnBytes(5, data)
		share := stmt.ColumnInt64(0)
		name := ""
		if len(data) > 0 {
			name, _ = decodeName(data) // who takes part is told, even where nobody can tell the name
		}
		out[share] = append(out[share], Participant{
			UUID: UUID(stmt.ColumnText(1)), Name: name, Email: text(stmt, 2), Phone: text(stmt, 3), CurrentUser: stmt.ColumnInt64(4) == 1,
		})
		return nil
	})
	for _, list := range out {
		slices.SortFunc(list, func(a, b Participant) int { return cmp.Compare(a.UUID, b.UUID) })
	}
	return out, err
}
