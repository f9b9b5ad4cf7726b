package photosdb

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/photogo/photogo/internal/fixture"
)

// honest holds that a damaged library is either read as a whole or told to be
// unreadable, never read in part as if that were all.
func honest(t *testing.T, path string, want int) error {
	t.Helper()
	var n int
	var err error
	within(t, time.Minute, func() { n, err = attempt(t, path) })
	if err == nil && n != want {
		t.Errorf("%d assets without an error, want %d", n, want)
	}
	if err != nil && len(err.Error()) < 20 {
		t.Errorf("an error that says nothing: %v", err)
	}
	if err != nil && !strings.Contains(err.Error(), path) {
		t.Errorf("%v does not tell the library", err)
	}
	return err
}

func readDatabase(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(path, databasePath))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// withDatabase makes a library without files that has these bytes as its database.
func withDatabase(t testing.TB, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "Damaged.photoslibrary")
	write(t, filepath.Join(path, databasePath), data)
	return path
}

func TestTruncatedDatabase(t *testing.T) {
	lib := build(t, fixture.Options{Assets: 100})
	data := readDatabase(t, lib.Path)
	const page = 4096
	for _, size := range []int{1, 15, 16, 50, 99, 100, 101, 512, 1000, page - 1, page, page + 1, 2 * page, 10 * page,
		len(data) / 4, len(data) / 2, len(data) * 3 / 4, len(data) - 10*page, len(data) - page, len(data) - 1} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			err := honest(t, withDatabase(t, data[:size]), len(lib.Assets))
			if !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrUnsupported) && size < len(data)-1 {
				t.Errorf("%d of %d bytes: %v, want ErrDamaged", size, len(data), err)
			}
		})
	}
}

func TestOverwrittenPages(t *testing.T) {
	lib := build(t, fixture.Options{})
	data := readDatabase(t, lib.Path)
	intact := byUUID(t, withDatabase(t, data))
	const page = 4096
	step := 3 // odd, so that both kinds of damage take turns
	if testing.Short() {
		step = 9
	}
	told := 0
	for i := 0; i < len(data)/page; i += step {
		bad := bytes.Clone(data)
		what := "zeros"
		if i%2 == 0 {
			what = "garbage"
			for k := range page {
				bad[i*page+k] = byte(k*7 + i)
			}
		} else {
			clear(bad[i*page : (i+1)*page])
		}
		path := withDatabase(t, bad)
		t.Run(fmt.Sprintf("page %d is %s", i+1, what), func(t *testing.T) {
			err := honest(t, path, len(lib.Assets))
			if err != nil {
				told++
			}
			if err != nil && !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrUnsupported) {
				t.Errorf("%v is not told as damage", err)
			}
			if err == nil { // the page was not needed: all is as it was
				for uuid, a := range byUUID(t, path) {
					if d := differences(*intact[uuid], *a); len(d) > 0 {
						t.Errorf("%s differs in %v", uuid, d)
					}
				}
			}
		})
		os.RemoveAll(path)
	}
	if told == 0 {
		t.Error("no damage was seen at all")
	}
}

func TestGarbageHeader(t *testing.T) {
	lib := build(t, fixture.Options{})
	data := readDatabase(t, lib.Path)
	for at := range 100 {
		bad := bytes.Clone(data)
		bad[at] ^= 0xff
		honest(t, withDatabase(t, bad), len(lib.Assets))
	}
	for name, content := range map[string][]byte{
		"text":            []byte(strings.Repeat("This is no database. ", 1000)),
		"zeros":           make([]byte, 100_000),
		"a JPEG":          append([]byte{0xff, 0xd8, 0xff, 0xe0}, bytes.Repeat([]byte("x"), 5000)...),
		"header only":     data[:100],
		"another's table": append(bytes.Clone(data[:4096]), make([]byte, 8192)...),
	} {
		t.Run(name, func(t *testing.T) {
			err := honest(t, withDatabase(t, content), len(lib.Assets))
			if !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrUnsupported) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// What is not valid in a log is no part of the database, as for SQLite itself:
// a log is read up to its first frame that does not fit.
func TestGarbageLog(t *testing.T) {
	lib := build(t, fixture.Options{WAL: true})
	data := readDatabase(t, lib.Path)
	log, err := os.ReadFile(filepath.Join(lib.Path, databasePath+"-wal"))
	if err != nil {
		t.Fatal(err)
	}
	flip := func(at int) []byte {
		bad := bytes.Clone(log)
		bad[at] ^= 0x55
		return bad
	}
	without := len(lib.Assets) - 1 // the one that is in the log only
	for _, c := range []struct {
		name string
		log  []byte
		want int
	}{
		{"whole", log, len(lib.Assets)},
		{"text", []byte(strings.Repeat("garbage ", 5000)), without},
		{"zeros", make([]byte, len(log)), without},
		{"one byte", []byte{1}, without},
		{"header only", log[:walHeaderSize], without},
		{"cut in its last frame", log[:len(log)-1], without},
		{"cut in its header", log[:walHeaderSize-1], without},
		{"bad magic", flip(0), without},
		{"bad salt", flip(17), without},
		{"bad page in the midst", flip(len(log) / 2), without},
		{"bad last byte", flip(len(log) - 1), without},
		{"more behind it", append(bytes.Clone(log), bytes.Repeat([]byte("x"), 5000)...), len(lib.Assets)},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := withDatabase(t, data)
			write(t, filepath.Join(path, databasePath+"-wal"), c.log)
			honest(t, path, c.want)
		})
	}
}

// A log of another database must not be laid over this one.
func TestForeignLog(t *testing.T) {
	lib := build(t, fixture.Options{})
	other := build(t, fixture.Options{WAL: true, Assets: 300, Seed: 1})
	path := cloneDatabase(t, lib.Path)
	copyTo(t, filepath.Join(other.Path, databasePath+"-wal"), filepath.Join(path, databasePath+"-wal"))
	// SQLite has no way to tell either; that it ends, and in words, is all.
	within(t, time.Minute, func() { attempt(t, path) })
}

// Rows that a table and its index do not agree on are damage: neither of them
// can be told to be the whole.
func TestIndexThatDisagrees(t *testing.T) {
	lib := build(t, fixture.Options{Assets: 20})
	path := cloneDatabase(t, lib.Path)
	// All indexes are taken out of the schema, a row is put in, and they are put back.
	edit(t, path, "PRAGMA writable_schema = ON", "CREATE TABLE kept AS SELECT * FROM sqlite_master WHERE type = 'index' AND tbl_name = 'ZASSET'",
		"DELETE FROM sqlite_master WHERE type = 'index' AND tbl_name = 'ZASSET'")
	edit(t, path, "INSERT INTO ZASSET (Z_PK, ZUUID, ZKIND, ZFILENAME) VALUES (99999, '00000000-0000-4000-8000-000000000000', 0, 'x.jpg')")
	edit(t, path, "PRAGMA writable_schema = ON", "INSERT INTO sqlite_master SELECT * FROM kept")
	if err := honest(t, path, len(lib.Assets)+1); !errors.Is(err, ErrDamaged) {
		t.Errorf("a row that no index has: %v", err)
	}
	edit(t, path, "PRAGMA writable_schema = ON", "DELETE FROM sqlite_master WHERE type = 'index' AND tbl_name = 'ZASSET'")
	edit(t, path, "DELETE FROM ZASSET WHERE Z_PK IN (99999, 5)")
	edit(t, path, "PRAGMA writable_schema = ON", "INSERT INTO sqlite_master SELECT * FROM kept")
	if err := honest(t, path, len(lib.Assets)); !errors.Is(err, ErrDamaged) {
		t.Errorf("a row that only indexes have: %v", err)
	}
	path = cloneDatabase(t, lib.Path)
	edit(t, path, "UPDATE ZASSET SET ZUUID = (SELECT min(ZUUID) FROM ZASSET)")
	if err := honest(t, path, len(lib.Assets)); !errors.Is(err, ErrDamaged) {
		t.Errorf("equal UUIDs: %v", err)
	}
	for _, value := range []string{"NULL", "''"} {
		path = cloneDatabase(t, lib.Path)
		edit(t, path, "UPDATE ZASSET SET ZUUID = "+value+" WHERE Z_PK = 3")
		if err := honest(t, path, len(lib.Assets)); !errors.Is(err, ErrDamaged) {
			t.Errorf("ZUUID %s: %v", value, err)
		}
	}
}

// Rows of wrong types: in each column of the asset's tables, one asset has what
// does not belong there. It may lose that fact, and all others keep theirs.
func TestWrongTypes(t *testing.T) {
	lib := build(t, fixture.Options{})
	intact := byUUID(t, cloneDatabase(t, lib.Path))
	victim := mustCase(t, lib, "edited-live")
	byPerson := mustCase(t, lib, "faces")
	values := []string{"NULL", "'text'", "x'00ff00ff'", "-9223372036854775808", "1e308", "''", "'a' || char(0) || 'b'", "CAST(x'ff8000' AS TEXT)", "9e999"}
	tables := []struct{ table, where string }{
		{"ZASSET", "ZUUID = '" + victim.UUID + "'"},
		{"ZADDITIONALASSETATTRIBUTES", "ZASSET = (SELECT Z_PK FROM ZASSET WHERE ZUUID = '" + victim.UUID + "')"},
		{"ZINTERNALRESOURCE", "ZASSET = (SELECT Z_PK FROM ZASSET WHERE ZUUID = '" + victim.UUID + "')"},
		{"ZDETECTEDFACE", "ZASSETFORFACE = (SELECT Z_PK FROM ZASSET WHERE ZUUID = '" + byPerson.UUID + "')"},
	}
	if testing.Short() {
		values = values[:3]
	}
	for _, table := range tables {
		columns := columnsOf(t, lib.Path, table.table)
		for _, value := range values {
			t.Run(table.table+" "+value, func(t *testing.T) {
				path := cloneDatabase(t, lib.Path)
				var wrong []string
				for _, c := range columns {
					wrong = append(wrong, "UPDATE OR IGNORE "+table.table+" SET "+c+" = "+value+" WHERE "+table.where)
				}
				edit(t, path, wrong...)
				l := open(t, path)
				all := list(t, l, ByDate)
				if len(all) != len(lib.Assets) {
					t.Errorf("%d assets, want %d", len(all), len(lib.Assets))
				}
				for _, a := range all {
					if string(a.UUID) == victim.UUID || string(a.UUID) == byPerson.UUID {
						continue
					}
					if d := differences(*intact[a.UUID], *a); len(d) > 0 {
						t.Errorf("%s differs in %v", a.UUID, d)
					}
				}
				if _, err := l.Info(context.Background()); err != nil {
					t.Errorf("info: %v", err)
				}
			})
		}
	}
}

// The same, one column at a time: each asset has another wrong column of its
// own row, which takes nothing from the facts of its other rows.
func TestOneWrongColumn(t *testing.T) {
	lib := build(t, fixture.Options{Assets: 20})
	intact := byUUID(t, cloneDatabase(t, lib.Path))
	columns := columnsOf(t, lib.Path, "ZASSET")
	if len(columns) > len(lib.Assets) {
		t.Fatalf("%d columns for %d assets", len(columns), len(lib.Assets))
	}
	for _, value := range []string{"NULL", "'text'", "x'00ff00ff'", "-9223372036854775808", "1e308"} {
		t.Run(value, func(t *testing.T) {
			path := cloneDatabase(t, lib.Path)
			var wrong []string
			column := map[UUID]string{}
			for i, c := range columns {
				uuid := lib.Assets[i].UUID
				column[UUID(uuid)] = c
				wrong = append(wrong, "UPDATE ZASSET SET "+c+" = "+value+" WHERE ZUUID = '"+uuid+"'")
			}
			edit(t, path, wrong...)
			l := open(t, path)
			all := list(t, l, ByUUID)
			if len(all) != len(lib.Assets) {
				t.Errorf("%d assets, want %d", len(all), len(lib.Assets))
			}
			for _, a := range all {
				want := intact[a.UUID]
				if a.Text.Title != want.Text.Title || a.Text.Description != want.Text.Description || !slices.Equal(a.Text.Keywords, want.Text.Keywords) ||
					len(a.Albums) != len(want.Albums) || len(a.Faces) != len(want.Faces) || a.Dates.Exif != want.Dates.Exif ||
					a.Original.Fingerprint != want.Original.Fingerprint || a.Original.Bytes != want.Original.Bytes {
					t.Errorf("%s with a wrong %s differs in %v", a.UUID, column[a.UUID], differences(*want, *a))
				}
				if a.Dates.Taken.Year() > 9999 || a.Dates.Added.Year() > 9999 {
					t.Errorf("%s: dates %v", column[a.UUID], a.Dates)
				}
			}
		})
	}
}

// columnsOf lists the columns of a table that can hold wrong values: not the
// keys, on which the row hangs.
func columnsOf(t *testing.T, path, table string) (columns []string) {
	t.Helper()
	names := ask(t, path, "SELECT group_concat(name) FROM pragma_table_info('"+table+"')")
	for _, name := range strings.Split(names, ",") {
		switch name {
		case "Z_PK", "ZUUID", "ZASSET", "ZASSETFORFACE":
		default:
			columns = append(columns, name)
		}
	}
	if len(columns) < 10 {
		t.Fatalf("%s has columns %v", table, columns)
	}
	return columns
}
