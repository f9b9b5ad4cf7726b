package photosdb

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"zombiezen.com/go/sqlite"
)

// AlbumKind says what an album is (ZGENERICALBUM.ZKIND).
type AlbumKind string

// The kinds of album.
const (
	UserAlbum    AlbumKind = "album"   // 2: made by the user
	SharedAlbum  AlbumKind = "shared"  // 1505: an iCloud shared album
	SmartAlbum   AlbumKind = "smart"   // 1507: a stored search; its members are not in the database
	ProjectAlbum AlbumKind = "project" // 1508: a card, calendar, slideshow or book
)

// albumKinds maps the numbers of the database.
var albumKinds = map[int64]AlbumKind{kindAlbum: UserAlbum, kindSharedAlbum: SharedAlbum, kindSmart: SmartAlbum, kindProject: ProjectAlbum}

// More values of ZGENERICALBUM.ZKIND.
const (
	kindImport  = 1506
	kindSmart   = 1507
	kindProject = 1508
)

// AlbumEntry is an album of the library, with what it holds.
type AlbumEntry struct {
	Album
	Kind AlbumKind
	// Assets is how many assets it holds, the trash not counted; 0 for smart
	// albums, whose members nobody but Photos knows.
	Assets  int
	Created time.Time // UTC; ZCREATIONDATE, of shared albums ZCLOUDCREATIONDATE; zero unknown
	Start   time.Time // UTC; the oldest date of its members as Photos noted it, ZSTARTDATE; zero unknown
	End     time.Time // UTC; the newest, ZENDDATE; zero unknown
}

// FolderEntry is a folder of albums (ZGENERICALBUM.ZKIND 4000).
type FolderEntry struct {
	Folder
	Folders []Folder  // that it lies in, outermost first; empty at top level
	Albums  int       // albums of every kind directly in it
	Inner   int       // folders directly in it
	Created time.Time // UTC; ZCREATIONDATE; zero unknown
}

// Albums returns the library's albums of every kind that are not in the trash,
// by the titles of their folders, then title, then UUID. It is empty, with a
// warning, if the database has no albums that photogo can read.
func (l *Library) Albums(ctx context.Context) (out []AlbumEntry, err error) {
	err = l.list(ctx, func() error {
		shelf, err := l.readShelf()
		if err != nil {
			return err
		}
		counts, err := l.countMembers()
		if err != nil {
			return err
		}
		for _, r := range shelf.rows {
			kind, is := albumKinds[r.kind]
			if !is || r.trashed {
				continue
			}
			a := AlbumEntry{
				Album: Album{UUID: r.uuid, Title: r.title, Owner: r.owner}, Kind: kind, Assets: counts[r.pk],
				Created: r.created, Start: r.start, End: r.end,
			}
			if kind != SharedAlbum {
				a.Folders = shelf.path(r.parent)
			}
			out = append(out, a)
		}
		slices.SortFunc(out, func(a, b AlbumEntry) int {
			return cmp.Or(byPath(a.Folders, b.Folders), strings.Compare(a.Title, b.Title), cmp.Compare(a.UUID, b.UUID))
		})
		return nil
	})
	return out, err
}

// Folders returns the library's folders that are not in the trash, each before
// what lies in it, by title, then UUID. It is empty, with a warning, if the
// database has no albums that photogo can read.
func (l *Library) Folders(ctx context.Context) (out []FolderEntry, err error) {
	err = l.list(ctx, func() error {
		shelf, err := l.readShelf()
		if err != nil {
			return err
		}
		albums, inner := map[int64]int{}, map[int64]int{}
		for _, r := range shelf.rows {
			if _, isAlbum := albumKinds[r.kind]; r.trashed {
				continue
			} else if isAlbum {
				albums[r.parent]++
			} else if r.kind == kindFolder {
				inner[r.parent]++
			}
		}
		for _, r := range shelf.rows {
			if r.kind != kindFolder || r.trashed {
				continue
			}
			out = append(out, FolderEntry{
				Folder: Folder{r.uuid, r.title}, Folders: shelf.path(r.parent), Albums: albums[r.pk], Inner: inner[r.pk], Created: r.created,
			})
		}
		slices.SortFunc(out, func(a, b FolderEntry) int {
			return cmp.Or(byPath(append(slices.Clip(a.Folders), a.Folder), append(slices.Clip(b.Folders), b.Folder)))
		})
		return nil
	})
	return out, err
}

// byPath compares folders from the outermost inwards.
func byPath(a, b []Folder) int {
	return slices.CompareFunc(a, b, func(a, b Folder) int {
		return cmp.Or(strings.Compare(a.Title, b.Title), cmp.Compare(a.UUID, b.UUID))
	})
}

// shelf is all of ZGENERICALBUM that lists are made of.
type shelf struct {
	rows    []shelfRow
	folders map[int64]shelfRow
}

type shelfRow struct {
	pk, kind, parent    int64
	uuid                UUID
	title, app          string
	owner               Person
	trashed             bool
	created, start, end time.Time
}

func (l *Library) readShelf() (*shelf, error) {
	const table = "ZGENERICALBUM"
	s := l.schema
	out := &shelf{folders: map[int64]shelfRow{}}
	if !s.has(table, "Z_PK", "ZKIND", "ZUUID", "ZTITLE") {
		s.lacks("albums")
		return out, nil
	}
	owners, err := readOwners(l.conn, s)
	if err != nil {
		return nil, err
	}
	query := "SELECT g.Z_PK, g.ZKIND, g.ZUUID, g.ZTITLE"
	for _, column := range []string{"ZPARENTFOLDER", "ZTRASHEDSTATE", "ZCLOUDOWNERHASHEDPERSONID", "ZCREATIONDATE", "ZCLOUDCREATIONDATE",
		"ZSTARTDATE", "ZENDDATE", "ZIMPORTEDBYBUNDLEIDENTIFIER"} {
		query += ", " + s.column("g", table, column)
	}
	query += " FROM ZGENERICALBUM g WHERE g.ZKIND IN (2, 1505, 1506, 1507, 1508, 4000) ORDER BY g.Z_PK"
	err = l.rows(query, func(stmt *sqlite.Stmt) error {
		r := shelfRow{
			pk: stmt.ColumnInt64(0), kind: stmt.ColumnInt64(1), uuid: UUID(stmt.ColumnText(2)), title: text(stmt, 3),
			parent: stmt.ColumnInt64(4), trashed: stmt.ColumnInt64(5) != 0,
			created: cell{stmt, 7}.time(), start: cell{stmt, 9}.time(), end: cell{stmt, 10}.time(), app: text(stmt, 11),
		}
		if r.kind == kindSharedAlbum {
			id := stmt.ColumnText(6)
			r.owner = Person{ID: id, Name: owners[id], KnownAs: owners[id]}
			if at := (cell{stmt, 8}).time(); !at.IsZero() {
				r.created = at
			}
		}
		if r.kind == kindFolder {
			out.folders[r.pk] = r
		}
		out.rows = append(out.rows, r)
		return nil
	})
	return out, err
}

// path returns the folders from the outermost to the one with the key. A folder
// that lies in itself is damage; it ends the walk.
func (s *shelf) path(key int64) []Folder {
	out := []Folder{}
	for len(out) <= min(len(s.folders), maxFolders) {
		f, ok := s.folders[key]
		if !ok {
			break
		}
		out = append(out, Folder{f.uuid, f.title})
		key = f.parent
	}
	slices.Reverse(out)
	return out
}

// countMembers counts the assets of each album that are not in the trash, by
// the album's Z_PK.
func (l *Library) countMembers() (map[int64]int, error) {
	j := l.schema.albumJoin
	counts := map[int64]int{}
	if j.table == "" {
		return counts, nil // readCatalog has noted it
	}
	query := "SELECT t." + j.left + ", count(DISTINCT a.Z_PK) FROM " + j.table + " t JOIN " + l.schema.asset + " a ON a.Z_PK = t." +
		j.right + " WHERE " + kept + " GROUP BY 1"
	err := l.rows(query, func(stmt *sqlite.Stmt) error {
		counts[stmt.ColumnInt64(0)] = stmt.ColumnInt(1)
		return nil
	})
	return counts, err
}
