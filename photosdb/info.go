package photosdb

import (
	"context"
	"os"
	"path/filepath"

	"zombiezen.com/go/sqlite"
)

// lastKnownModel is the highest model version that was read and checked:
// Photos 11 of macOS 26.
const lastKnownModel = 19999

// Info describes a library as a whole.
type Info struct {
	Path         string
	UUID         string // Z_METADATA.Z_UUID, the identity of the store
	Photos       int    // generation: 5 to 11; 0 where the model version does not tell
	MacOS        string // the release of macOS that goes with it, "" where unknown
	ModelVersion int64  // PLModelVersion
	DatabaseSize int64  // bytes, the write-ahead log included

	Assets, Photographs, Movies int // rows of the asset table, the trash included
	Trashed, Hidden, Edited     int
	Resources                   int   // files that the database knows, previews not counted
	LocalBytes, RemoteBytes     int64 // sizes of those that are here, and of those that are not: in iCloud, or nowhere that the database knows

	// Build is the build of macOS that made or migrated the library, such as
	// 19G73 (PLOSVersion). Only Photos 5 stored it; "" otherwise.
	Build string

	Favorites     int // ZFAVORITE
	Referenced    int // originals left outside the library
	SharedItems   int // entries of shared albums
	SharedLibrary int // in the iCloud Shared Photo Library
	Syndicated    int // "Shared with You", saved or not
}

// releases maps model versions to releases, in ascending order.
var releases = []struct {
	from, before int64
	photos       int
	macOS        string
}{
	{13000, 14000, 5, "10.15"},
	{14000, 15000, 6, "11"},
	{15000, 16000, 7, "12"},
	{16000, 17000, 8, "13"},
	{17000, 17600, 9, "14.0 to 14.5"},
	{17600, 18000, 9, "14.6 and later 14"},
	{18000, 19000, 10, "15"},
	{19000, 19320, 11, "26.0"},
	{19320, 20000, 11, "26.1 and later 26"},
	// The numbering changed with macOS 27; the name of its Photos is not known.
	{270000000, 280000000, 0, "27"},
}

// identity is what tells a library at path from others.
func (s *schema) identity(path string) Info {
	info := Info{Path: path, UUID: s.store, ModelVersion: s.model, Build: s.build}
	for _, r := range releases {
		if s.model >= r.from && s.model < r.before {
			info.Photos, info.MacOS = r.photos, r.macOS
		}
	}
	for _, name := range []string{databasePath, databasePath + "-wal"} {
		if file, err := os.Stat(filepath.Join(path, name)); err == nil {
			info.DatabaseSize += file.Size()
		}
	}
	return info
}

// Info counts what the library holds.
func (l *Library) Info(ctx context.Context) (Info, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.schema
	info := s.identity(l.path)
	count := "SELECT count(*), total(ZKIND = 0), total(ZKIND = 1), total(ZTRASHEDSTATE <> 0), " +
		"total(" + s.column("a", s.asset, "ZHIDDEN") + " = 1), total(" + s.column("a", s.asset, "ZADJUSTMENTSSTATE", "ZHASADJUSTMENTS") +
		" <> 0), total(" + s.column("a", s.asset, "ZFAVORITE") + " = 1), total(" + s.column("a", s.asset, "ZSAVEDASSETTYPE") + " = 10), " +
		"total(" + s.column("a", s.asset, "ZCLOUDBATCHPUBLISHDATE") + " IS NOT NULL), " +
		"total(" + s.column("a", s.asset, "ZACTIVELIBRARYSCOPEPARTICIPATIONSTATE") + " <> 0), " +
		"(SELECT count(*) FROM " + attributes + " b WHERE " + s.column("b", attributes, "ZSYNDICATIONIDENTIFIER") + " IS NOT NULL) FROM " + s.asset + " a"
	err := each(l.conn, count, func(stmt *sqlite.Stmt) error {
		for i, into := range []*int{&info.Assets, &info.Photographs, &info.Movies, &info.Trashed, &info.Hidden, &info.Edited,
			&info.Favorites, &info.Referenced, &info.SharedItems, &info.SharedLibrary, &info.Syndicated} {
			*into = stmt.ColumnInt(i)
		}
		return nil
	})
	if err != nil {
		return info, l.explain(err)
	}
	local := s.column("r", "ZINTERNALRESOURCE", "ZLOCALAVAILABILITY")
	size := s.column("r", "ZINTERNALRESOURCE", "ZDATALENGTH")
	sizes := "SELECT count(*), total(iif(" + local + " = 1, " + size + ", 0)), total(iif(" + local + " <> 1, " + size + ", 0)) " +
		"FROM ZINTERNALRESOURCE r WHERE ZDATASTORECLASSID = 0 AND (ZRECIPEID = 0 OR ZRECIPEID & 1 = 0) AND ZASSET IS NOT NULL"
	err = each(l.conn, sizes, func(stmt *sqlite.Stmt) error {
		info.Resources, info.LocalBytes, info.RemoteBytes = stmt.ColumnInt(0), stmt.ColumnInt64(1), stmt.ColumnInt64(2)
		return nil
	})
	return info, l.explain(err)
}
