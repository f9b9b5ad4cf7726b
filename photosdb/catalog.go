package photosdb

import (
	"slices"
	"strings"

	"zombiezen.com/go/sqlite"
)

// catalog holds the small tables that assets refer to, by Z_PK.
type catalog struct {
	keywords map[int64]string
	albums   map[int64]album
	persons  map[int64]*Person
	types    map[int64]string // ZUNIFORMTYPEIDENTIFIER, up to Photos 6
	volumes  map[int64]string
}

type album struct {
	Album
	shared bool
}

// Limits of what is followed, beyond anything that people make: thousands of rows that
// lie in each other would else take a time and a memory that grow with their square.
const (
	maxFolders = 100
	maxMerges  = 1000
)

// Values of ZGENERICALBUM.ZKIND.
const (
	kindAlbum       = 2
	kindSharedAlbum = 1505
	kindFolder      = 4000
)

func readCatalog(conn *sqlite.Conn, s *schema) (*catalog, error) {
	c := &catalog{
		keywords: map[int64]string{}, albums: map[int64]album{}, persons: map[int64]*Person{},
		types: map[int64]string{}, volumes: map[int64]string{},
	}
	for _, small := range []struct {
		into          map[int64]string
		table, column string
	}{
		{c.keywords, "ZKEYWORD", "ZTITLE"},
		{c.types, "ZUNIFORMTYPEIDENTIFIER", "ZIDENTIFIER"},
		{c.volumes, "ZFILESYSTEMVOLUME", "ZNAME"},
	} {
		if !s.has(small.table, "Z_PK", small.column) {
			if small.table != "ZKEYWORD" && !(small.table == "ZUNIFORMTYPEIDENTIFIER" && s.has("ZINTERNALRESOURCE", "ZCOMPACTUTI")) {
				s.lacksColumn(small.table, small.column)
			}
			continue
		}
		err := each(conn, "SELECT Z_PK, "+small.column+" FROM "+small.table, func(stmt *sqlite.Stmt) error {
			small.into[stmt.ColumnInt64(0)] = text(stmt, 1)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	if err := c.readPersons(conn, s); err != nil {
		return nil, err
	}
	return c, c.readAlbums(conn, s)
}

// text is a text of the database in NFC.
func text(stmt *sqlite.Stmt, i int) string {
	return normal(stmt.ColumnText(i))
}

func (c *catalog) readPersons(conn *sqlite.Conn, s *schema) error {
	if !s.has("ZPERSON", "Z_PK", "ZFULLNAME") {
		s.missing = append(s.missing, "persons")
		return nil
	}
	type row struct {
		display string
		into    int64
	}
	rows := map[int64]row{}
	query := "SELECT Z_PK, " + s.column("p", "ZPERSON", "ZPERSONUUID") + ", ZFULLNAME, " +
		s.column("p", "ZPERSON", "ZDISPLAYNAME") + ", " + s.column("p", "ZPERSON", "ZMERGETARGETPERSON") + " FROM ZPERSON p"
	err := each(conn, query, func(stmt *sqlite.Stmt) error {
		c.persons[stmt.ColumnInt64(0)] = &Person{ID: stmt.ColumnText(1), Name: text(stmt, 2)}
		rows[stmt.ColumnInt64(0)] = row{text(stmt, 3), stmt.ColumnInt64(4)}
		return nil
	})
	for pk, person := range c.persons {
		// A person who was merged into another goes by the other's name; a
		// circle of merges, which is damage, leaves nobody's.
		into := pk
		for range min(len(rows), maxMerges) {
			next := rows[into].into
			if next == 0 || c.persons[next] == nil {
				break
			}
			into = next
		}
		if person.KnownAs = c.persons[into].Name; person.KnownAs == "" {
			person.KnownAs = rows[into].display
		}
	}
	return err
}

func (c *catalog) readAlbums(conn *sqlite.Conn, s *schema) error {
	const table = "ZGENERICALBUM"
	if s.albumJoin.table == "" {
		return nil
	}
	owners, err := readOwners(conn, s)
	if err != nil {
		return err
	}
	type folder struct {
		Folder
		parent int64
	}
	folders := map[int64]folder{}
	parents := map[int64]int64{}
	query := "SELECT g.Z_PK, g.ZKIND, g.ZUUID, g.ZTITLE, " + s.column("g", table, "ZPARENTFOLDER") + ", " +
		s.column("g", table, "ZTRASHEDSTATE") + ", " + s.column("g", table, "ZCLOUDOWNERHASHEDPERSONID") +
		" FROM ZGENERICALBUM g WHERE g.ZKIND IN (2, 1505, 4000)"
	err = each(conn, query, func(stmt *sqlite.Stmt) error {
		pk, kind, trashed := stmt.ColumnInt64(0), stmt.ColumnInt64(1), stmt.ColumnInt64(5) != 0
		a := album{Album: Album{UUID: UUID(stmt.ColumnText(2)), Title: text(stmt, 3)}}
		switch {
		case kind == kindFolder:
			folders[pk] = folder{Folder{a.UUID, a.Title}, stmt.ColumnInt64(4)}
		case kind == kindAlbum && !trashed:
			a.Folders = []Folder{}
			parents[pk] = stmt.ColumnInt64(4)
			c.albums[pk] = a
		case kind == kindSharedAlbum:
			a.shared = true
			id := stmt.ColumnText(6)
			a.Owner = Person{ID: id, Name: owners[id], KnownAs: owners[id]}
			c.albums[pk] = a
		}
		return nil
	})
	for pk, parent := range parents {
		a := c.albums[pk]
		// A folder that lies in itself is damage; it ends the walk.
		for len(a.Folders) <= min(len(folders), maxFolders) {
			f, ok := folders[parent]
			if !ok {
				break
			}
			a.Folders = append(a.Folders, f.Folder)
			parent = f.parent
		}
		slices.Reverse(a.Folders)
		c.albums[pk] = a
	}
	return err
}

// readOwners finds the names of people in shared albums by their hashed id.
func readOwners(conn *sqlite.Conn, s *schema) (map[string]string, error) {
	names := map[string]string{}
	for _, source := range []struct{ table, id, full, first, last string }{
		{"ZCLOUDSHAREDALBUMINVITATIONRECORD", "ZINVITEEHASHEDPERSONID", "ZINVITEEFULLNAME", "ZINVITEEFIRSTNAME", "ZINVITEELASTNAME"},
		{"ZGENERICALBUM", "ZCLOUDOWNERHASHEDPERSONID", "ZCLOUDOWNERFULLNAME", "ZCLOUDOWNERFIRSTNAME", "ZCLOUDOWNERLASTNAME"},
	} {
		if !s.has(source.table, "Z_PK", source.id) {
			if source.table != "ZGENERICALBUM" || s.albumJoin.table != "" { // else there are no albums at all
				s.lacksColumn(source.table, source.id)
			}
			continue
		}
		t := source.table
		query := "SELECT t." + source.id + ", " + s.column("t", t, source.full) + ", " + s.column("t", t, source.first) + ", " +
			s.column("t", t, source.last) + " FROM " + t + " t WHERE t." + source.id + " IS NOT NULL ORDER BY t.Z_PK"
		err := each(conn, query, func(stmt *sqlite.Stmt) error {
			name := text(stmt, 1)
			if name == "" {
				name = strings.TrimSpace(text(stmt, 2) + " " + text(stmt, 3))
			}
			if id := stmt.ColumnText(0); names[id] == "" {
				names[id] = name
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return names, nil
}
