package photosdb

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"zombiezen.com/go/sqlite"
)

// databasePath is where Photos 5 and later keep their store, relative to the library.
const databasePath = "database/Photos.sqlite"

// recognise says no, and why, to whatever is not the library of Photos 5 or
// later. That the file of the database exists proves nothing: older libraries
// carry an empty one.
func recognise(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return refused(path, ErrNotLibrary, err)
	}
	if !info.IsDir() {
		return &Error{path, ErrNotLibrary, errors.New("it is not a folder")}
	}
	switch ext := strings.ToLower(filepath.Ext(filepath.Clean(path))); ext {
	case ".photolibrary", ".migratedphotolibrary":
		return &Error{path, ErrUnsupported, errors.New("it is an iPhoto library")}
	case ".aplibrary":
		return &Error{path, ErrUnsupported, errors.New("it is an Aperture library")}
	}
	if _, err := os.ReadDir(path); err != nil {
		return refused(path, ErrNotLibrary, err)
	}
	if info, err := os.Stat(filepath.Join(path, "database")); err != nil || !info.IsDir() {
		if errors.Is(err, fs.ErrPermission) {
			return &Error{path, ErrAccess, err}
		}
		return &Error{path, ErrNotLibrary, errors.New("it has no folder database")}
	}
	switch info, err := os.Stat(filepath.Join(path, databasePath)); {
	case errors.Is(err, fs.ErrPermission):
		return &Error{path, ErrAccess, err}
	case err == nil && info.Size() > 0:
		return nil
	}
	return older(path)
}

// older names the release of a library that is older than Photos 5.
func older(path string) error {
	switch version := legacyVersion(path); {
	case version == 0:
		return &Error{path, ErrNotLibrary, fmt.Errorf("it has no %s, or an empty one", databasePath)}
	case version <= 2622:
		return unsupportedVersion(path, "Photos 2 (macOS 10.12)", version)
	case version <= 3301:
		return unsupportedVersion(path, "Photos 3 (macOS 10.13)", version)
	default:
		return unsupportedVersion(path, "Photos 4 (macOS 10.14)", version)
	}
}

func unsupportedVersion(path, name string, version int64) error {
	return &Error{path, ErrUnsupported, fmt.Errorf(
		"it is a library of %s, version %d; photogo reads Photos 5 (macOS 10.15) and later: open it once with a newer Photos", name, version)}
}

// firstStub is the least version that photos.db and DataModelVersion.plist tell
// in a library of Photos 5 or later, where they are stubs and mean nothing.
const firstStub = 5000

// legacyVersion returns the library version of Photos 2 to 4, 0 if there is none.
func legacyVersion(path string) int64 {
	version := liGlobalsVersion(filepath.Join(path, "database", "photos.db"))
	if version == 0 {
		version = modelVersion(filepath.Join(path, "database", "DataModelVersion.plist"))
	}
	if version >= firstStub {
		return 0
	}
	return version
}

func modelVersion(file string) int64 {
	f, err := openRegular(file)
	if err != nil {
		return 0
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxPlist))
	if err != nil {
		return 0
	}
	var model struct{ LibrarySchemaVersion int64 }
	if err := decodePlist(data, &model); err != nil {
		return 0
	}
	return model.LibrarySchemaVersion
}

func liGlobalsVersion(file string) (version int64) {
	if info, err := os.Stat(file); err != nil || info.Size() == 0 {
		return 0
	}
	// Immutable: nothing is created beside the file.
	conn, err := sqlite.OpenConn(fileURI(file)+"?immutable=1", sqlite.OpenReadOnly, sqlite.OpenURI)
	if err != nil {
		return 0
	}
	defer conn.Close()
	stmt, _, err := conn.PrepareTransient(`SELECT value FROM LiGlobals WHERE keyPath = 'libraryVersion'`)
	if err != nil {
		return 0
	}
	defer stmt.Finalize()
	if ok, err := stmt.Step(); err == nil && ok {
		version = stmt.ColumnInt64(0)
	}
	return version
}

// fileURI spells a path as SQLite's file: URI.
func fileURI(path string) string {
	return "file:" + strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(path)
}
