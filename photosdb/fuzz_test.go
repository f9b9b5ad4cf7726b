package photosdb

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"howett.net/plist"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/photogo/photogo/internal/fixture"
)

// FuzzDecodePlist holds that no property list makes the decoder panic or hang.
func FuzzDecodePlist(f *testing.F) {
	value := map[string]any{"PLModelVersion": 19320, "list": []any{1, "two", []byte{3}, time.Unix(0, 0)}, "inner": map[string]any{"a": 1.5}}
	for _, format := range []int{plist.XMLFormat, plist.BinaryFormat, plist.OpenStepFormat, plist.GNUStepFormat} {
		data, err := plist.Marshal(value, format)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(nil))
	f.Add(nested("<plist>", "<array>", 10))
	f.Add([]byte("bplist00"))
	f.Add([]byte("<plist><dict><key>PLModelVersion</key><integer>1"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var list struct {
			Version int64 `plist:"PLModelVersion"`
		}
		decodePlist(data, &list)
	})
}

func nested(begin, inner string, depth int) []byte {
	return []byte(begin + strings.Repeat(inner, depth))
}

// The decoder goes down as deep as a list is nested, and a stack that overflows
// cannot be recovered from.
func TestDeepPlistIsRefused(t *testing.T) {
	for _, list := range [][]byte{
		nested("", "(", 1<<23), nested("", "{a=", 1<<22), nested("<plist>", "<array>", 1<<21), nested("<plist>", "<dict><key>a</key>", 1<<20),
		nested("bplist00", "\xa1", 1<<23),
	} {
		var value struct {
			Version int64 `plist:"PLModelVersion"`
		}
		if err := decodePlist(list, &value); err == nil {
			t.Errorf("%.20q... is decoded", list)
		}
	}
	lib := build(t, fixture.Options{})
	edit(t, lib.Path, "UPDATE Z_METADATA SET Z_PLIST = CAST(replace(hex(zeroblob(4000000)), '0', '(') AS BLOB)")
	l := open(t, lib.Path)
	if warnings := l.Warnings(); len(warnings) != 1 || !mentions(warnings, "does not tell") {
		t.Errorf("warnings %q", warnings)
	}
	if n := len(list(t, l, ByUUID)); n != len(lib.Assets) {
		t.Errorf("%d assets, want %d", n, len(lib.Assets))
	}
}

// small makes a database of a few assets, as short as it gets: what there is to
// change then is mostly what is read.
func small(t testing.TB) []byte {
	t.Helper()
	lib := build(t, fixture.Options{})
	keep := "SELECT ZASSET FROM ZINTERNALRESOURCE WHERE ZRESOURCETYPE = 3 UNION SELECT ZASSETFORFACE FROM ZDETECTEDFACE"
	edit(t, lib.Path,
		"DELETE FROM ZASSET WHERE Z_PK NOT IN ("+keep+")",
		"DELETE FROM ZADDITIONALASSETATTRIBUTES WHERE ZASSET NOT IN (SELECT Z_PK FROM ZASSET)",
		"DELETE FROM ZINTERNALRESOURCE WHERE ZASSET NOT IN (SELECT Z_PK FROM ZASSET)",
		"DELETE FROM ZEXTENDEDATTRIBUTES", "DELETE FROM ZCOMPUTEDASSETATTRIBUTES", "DELETE FROM ACHANGE",
	)
	conn, err := sqlite.OpenConn(filepath.Join(lib.Path, databasePath), sqlite.OpenReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	// Without the indexes that nothing is read by, and with small pages.
	var drop []string
	err = sqlitex.ExecuteTransient(conn, "SELECT name FROM sqlite_master WHERE type = 'index' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE '%_ZASSET%_INDEX' AND name NOT LIKE 'Z_%KEYWORDS%'",
		&sqlitex.ExecOptions{ResultFunc: func(stmt *sqlite.Stmt) error { drop = append(drop, stmt.ColumnText(0)); return nil }})
	for _, name := range drop {
		if err == nil {
			err = sqlitex.ExecuteTransient(conn, `DROP INDEX "`+name+`"`, nil)
		}
	}
	for _, q := range []string{"PRAGMA journal_mode = DELETE", "PRAGMA page_size = 1024", "VACUUM"} {
		if err == nil {
			err = sqlitex.ExecuteTransient(conn, q, nil)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return readDatabase(t, lib.Path)
}

// FuzzDatabase holds that no bytes in the place of the database make a reader
// panic or go on for ever. The fuzzer is given a small library's database by its
// changes only: where (three bytes) and what (one byte), at what length it is
// cut, and a log. Whole databases are too long for it to get anywhere.
func FuzzDatabase(f *testing.F) {
	data := small(f)
	f.Add([]byte(nil), uint32(0), []byte(nil))
	f.Add([]byte(nil), uint32(len(data)/2), []byte(nil))
	f.Add([]byte{0, 0, 17, 0xff, 0, 0, 18, 0xff}, uint32(0), bytes.Repeat([]byte{0x37, 0x7f, 0x06, 0x82}, 20))
	for at := 0; at < len(data); at += 8192 {
		f.Add([]byte{byte(at >> 16), byte(at >> 8), byte(at), 0x55, byte(at >> 16), byte(at >> 8), byte(at) + 100, 0xff}, uint32(0), []byte(nil))
	}
	f.Fuzz(func(t *testing.T, changes []byte, length uint32, wal []byte) {
		if len(wal) > 1<<16 {
			return
		}
		data := bytes.Clone(data)
		for ; len(changes) >= 4; changes = changes[4:] {
			data[(int(changes[0])<<16|int(changes[1])<<8|int(changes[2]))%len(data)] = changes[3]
		}
		if length > 0 {
			data = data[:int(length)%len(data)]
		}
		path := filepath.Join(t.TempDir(), "Fuzz.photoslibrary")
		write(t, filepath.Join(path, databasePath), data)
		if len(wal) > 0 {
			write(t, filepath.Join(path, databasePath+"-wal"), wal)
		}
		// More than any honest database of this size takes.
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		l, err := Open(ctx, path, Options{TempDir: filepath.Join(path, "..", "snapshots")})
		if err != nil {
			return
		}
		defer l.Close()
		l.Warnings()
		l.Info(ctx)
		seen := map[UUID]bool{}
		for a, err := range l.Assets(ctx, Query{Order: ByDate, Include: IncludeAll}) {
			if err != nil {
				break
			}
			if a.UUID == "" || seen[a.UUID] {
				t.Fatalf("UUID %q is empty, or comes twice", a.UUID)
			}
			seen[a.UUID] = true
			for i := range a.Resources {
				if file, err := l.Open(&a.Resources[i]); err == nil {
					io.Copy(io.Discard, file)
					file.Close()
				}
			}
		}
	})
}

// The seed of the fuzz target is a library that can be read: else it would try
// nothing but the first check.
func TestFuzzSeedIsALibrary(t *testing.T) {
	data := small(t)
	path := withDatabase(t, data)
	n, err := attempt(t, path)
	if err != nil || n < 5 {
		t.Errorf("%d assets, %v", n, err)
	}
	if len(data) > 300_000 {
		t.Errorf("the seed has %d bytes", len(data))
	}
	if _, err := os.Stat(filepath.Join(path, databasePath)); err != nil {
		t.Error(err)
	}
}
