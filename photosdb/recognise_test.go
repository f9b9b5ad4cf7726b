package photosdb

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/photogo/photogo/internal/fixture"
)

const legacyPlist = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0"><dict><key>LibrarySchemaVersion</key><integer>%d</integer></dict></plist>
`

// legacyDatabase writes a photos.db that tells its version as Photos 2 to 4 do.
func legacyDatabase(t *testing.T, file string, version int) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	conn, err := sqlite.OpenConn(file, sqlite.OpenReadWrite|sqlite.OpenCreate)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	err = sqlitex.ExecuteScript(conn, fmt.Sprintf(`CREATE TABLE LiGlobals (modelId INTEGER PRIMARY KEY, keyPath VARCHAR, value VARCHAR);
		INSERT INTO LiGlobals (keyPath, value) VALUES ('other', '1'), ('libraryVersion', '%d');`, version), nil)
	if err != nil {
		t.Fatal(err)
	}
}

func TestWhatIsNoLibraryIsNamed(t *testing.T) {
	folder := func(*testing.T, string) {}
	for _, c := range []struct {
		name string // of the path
		make func(t *testing.T, path string)
		kind error
		says string
	}{
		{"nothing.photoslibrary", nil, ErrNotLibrary, "no such file"},
		{"file.photoslibrary", func(t *testing.T, path string) { write(t, path, []byte("x")) }, ErrNotLibrary, "not a folder"},
		{"empty.photoslibrary", folder, ErrNotLibrary, "no folder database"},
		{"strange", func(t *testing.T, path string) { write(t, filepath.Join(path, "IMG_0001.jpg"), []byte("x")) }, ErrNotLibrary, "no folder database"},
		{"dbfile.photoslibrary", func(t *testing.T, path string) { write(t, filepath.Join(path, "database"), []byte("x")) }, ErrNotLibrary, "no folder database"},
		{"nodb.photoslibrary", func(t *testing.T, path string) { write(t, filepath.Join(path, "database/other"), nil) }, ErrNotLibrary, "Photos.sqlite"},
		{"zero.photoslibrary", func(t *testing.T, path string) { write(t, filepath.Join(path, databasePath), nil) }, ErrNotLibrary, "empty"},
		{"iphoto.photolibrary", folder, ErrUnsupported, "iPhoto"},
		{"iphoto.migratedphotolibrary", folder, ErrUnsupported, "iPhoto"},
		{"aperture.aplibrary", folder, ErrUnsupported, "Aperture"},
		{"UPPER.APLIBRARY", folder, ErrUnsupported, "Aperture"},
		{"two.photoslibrary", func(t *testing.T, path string) { legacyDatabase(t, filepath.Join(path, "database/photos.db"), 2622) }, ErrUnsupported, "Photos 2"},
		{"three.photoslibrary", func(t *testing.T, path string) { legacyDatabase(t, filepath.Join(path, "database/photos.db"), 3301) }, ErrUnsupported, "Photos 3"},
		{"four.photoslibrary", func(t *testing.T, path string) {
			legacyDatabase(t, filepath.Join(path, "database/photos.db"), 4025)
			write(t, filepath.Join(path, databasePath), nil) // as some have it
		}, ErrUnsupported, "Photos 4 (macOS 10.14), version 4025"},
		{"plist.photoslibrary", func(t *testing.T, path string) {
			write(t, filepath.Join(path, "database/DataModelVersion.plist"), fmt.Appendf(nil, legacyPlist, 4025))
		}, ErrUnsupported, "Photos 4"},
		{"odd#name?50%.photoslibrary", func(t *testing.T, path string) { legacyDatabase(t, filepath.Join(path, "database/photos.db"), 4025) }, ErrUnsupported, "Photos 4"},
		{"stub.photoslibrary", func(t *testing.T, path string) {
			legacyDatabase(t, filepath.Join(path, "database/photos.db"), 6000)
			write(t, filepath.Join(path, "database/DataModelVersion.plist"), fmt.Appendf(nil, legacyPlist, 5001))
		}, ErrNotLibrary, "Photos.sqlite"},
		{"garbage.photoslibrary", func(t *testing.T, path string) {
			write(t, filepath.Join(path, "database/photos.db"), []byte(strings.Repeat("garbage ", 1000)))
			write(t, filepath.Join(path, "database/DataModelVersion.plist"), []byte("<plist><dict>"))
		}, ErrNotLibrary, "Photos.sqlite"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), c.name)
			if c.make != nil {
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					t.Fatal(err)
				}
				if c.name != "file.photoslibrary" {
					if err := os.MkdirAll(path, 0o755); err != nil {
						t.Fatal(err)
					}
				}
				c.make(t, path)
			}
			before := map[string]string{}
			if c.make != nil {
				before = contents(t, path)
			}
			_, err := Open(context.Background(), path, Options{TempDir: t.TempDir()})
			if !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), path) {
				t.Errorf("got %v, want %v with %q", err, c.kind, c.says)
			}
			var structured *Error
			if !errors.As(err, &structured) || structured.Path != path {
				t.Errorf("%#v does not tell the path", err)
			}
			if c.make != nil {
				if changes := fixture.TreeChanges(before, contents(t, path)); len(changes) > 0 {
					t.Errorf("changed: %v", changes)
				}
			}
		})
	}
}

// An older library's photos.db in use has a log of its own, which is not for us
// to fold in.
func TestOlderLibraryIsNotTouched(t *testing.T) {
	path := t.TempDir()
	file := filepath.Join(path, "database/photos.db")
	legacyDatabase(t, file, 4025)
	conn, err := sqlite.OpenConn(file, sqlite.OpenReadWrite|sqlite.OpenWAL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := sqlitex.ExecuteTransient(conn, "UPDATE LiGlobals SET value = value", nil); err != nil {
		t.Fatal(err)
	}
	untouched := func(when string) {
		t.Helper()
		before := contents(t, path)
		if _, err := Open(context.Background(), path, Options{TempDir: t.TempDir()}); !errors.Is(err, ErrUnsupported) {
			t.Errorf("%s: %v", when, err)
		}
		if changes := fixture.TreeChanges(before, contents(t, path)); len(changes) > 0 {
			t.Errorf("%s: changed: %v", when, changes)
		}
	}
	untouched("in use")
	// Closed, it has no log, and reading it in the usual way would make one.
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	untouched("closed")
}

func TestRefusalsAreTold(t *testing.T) {
	for _, c := range []struct {
		err  error
		kind error
	}{
		{&fs.PathError{Op: "open", Path: "p", Err: syscall.EPERM}, ErrAccess}, // what macOS says without Full Disk Access
		{&fs.PathError{Op: "open", Path: "p", Err: syscall.EACCES}, ErrAccess},
		{&fs.PathError{Op: "open", Path: "p", Err: syscall.ENOENT}, ErrNotLibrary},
		{&fs.PathError{Op: "open", Path: "p", Err: syscall.EIO}, ErrNotLibrary},
	} {
		err := refused("p", ErrNotLibrary, c.err)
		if !errors.Is(err, c.kind) || !errors.Is(err, c.err) {
			t.Errorf("%v is told as %v, want %v", c.err, err, c.kind)
		}
	}
}

// openHelper opens the library at its first argument and tells which kind of
// error came of it.
func openHelper() int {
	l, err := Open(context.Background(), os.Args[1], Options{TempDir: os.Args[2]})
	if err == nil {
		defer l.Close()
		for _, e := range l.Assets(context.Background(), Query{}) {
			if err = e; err != nil {
				break
			}
		}
	}
	switch {
	case err == nil:
		fmt.Println("none")
	case errors.Is(err, ErrAccess):
		fmt.Println("access")
	default:
		fmt.Println(err)
	}
	return 0
}

// A user who may not read is told so, whichever part it is that is closed.
func TestNoPermission(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root, who alone can run a process as somebody else")
	}
	// Folders of tests are closed to others.
	base, err := os.MkdirTemp("", "photosdb-permission-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(base) })
	if err := os.Chmod(base, 0o755); err != nil {
		t.Fatal(err)
	}
	const nobody = 65534
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(base, "helper")
	copyTo(t, self, program)
	if err := os.Chmod(program, 0o755); err != nil {
		t.Fatal(err)
	}
	temp := filepath.Join(base, "temp")
	if err := os.Mkdir(temp, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(temp, nobody, nobody); err != nil {
		t.Fatal(err)
	}
	lib, err := fixture.Build(filepath.Join(base, "Test.photoslibrary"), fixture.Options{WAL: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ closed, want string }{
		{"", "none"},
		{".", "access"},
		{"database", "access"},
		{databasePath, "access"},
		{databasePath + "-wal", "access"},
		{"originals", "none"}, // its files have a problem each
	} {
		t.Run("closed "+c.closed, func(t *testing.T) {
			if c.closed != "" {
				name := filepath.Join(lib.Path, c.closed)
				info, err := os.Stat(name)
				if err != nil {
					t.Fatal(err)
				}
				if err := os.Chmod(name, 0); err != nil {
					t.Fatal(err)
				}
				defer os.Chmod(name, info.Mode())
			}
			cmd := reexec(t, "open", lib.Path, temp)
			cmd.Path = program
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
			out, err := cmd.CombinedOutput()
			if got := strings.TrimSpace(string(out)); err != nil || got != c.want {
				t.Errorf("got %q, %v, want %q", got, err, c.want)
			}
			if left := names(t, temp); len(left) > 0 {
				t.Errorf("left: %v", left)
			}
		})
	}
}
