package photosdb

import (
	"context"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/photogo/photogo/internal/fixture"
)

// helpers are programs that tests run as processes of their own: this binary
// again, with the helper's name in the environment.
var helpers = map[string]func() int{
	"open":  openHelper,
	"write": writeHelper,
}

const helperVariable = "PHOTOSDB_TEST_HELPER"

func TestMain(m *testing.M) {
	if name := os.Getenv(helperVariable); name != "" {
		os.Exit(helpers[name]())
	}
	os.Exit(m.Run())
}

// build makes a library for one test.
func build(t testing.TB, o fixture.Options) *fixture.Library {
	t.Helper()
	lib, err := fixture.Build(filepath.Join(t.TempDir(), "Test.photoslibrary"), o)
	if err != nil {
		t.Fatal(err)
	}
	return lib
}

func generation(t testing.TB, name string) fixture.Generation {
	t.Helper()
	g, ok := fixture.ByName(name)
	if !ok {
		t.Fatalf("no generation %q", name)
	}
	return g
}

// open opens a library with a folder for snapshots of its own, and holds that
// nothing is left in it at the end.
func open(t testing.TB, path string) *Library {
	t.Helper()
	temp := filepath.Join(t.TempDir(), "snapshots")
	l, err := Open(context.Background(), path, Options{TempDir: temp})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
		if left := names(t, temp); len(left) > 0 {
			t.Errorf("left in the folder for snapshots: %v", left)
		}
	})
	return l
}

func names(t testing.TB, dir string) (out []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

// list reads all assets.
func list(t testing.TB, l *Library, order Order) (all []*Asset) {
	t.Helper()
	for a, err := range l.Assets(context.Background(), Query{Order: order}) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, a)
	}
	return all
}

// byUUID opens a library and reads all its assets.
func byUUID(t testing.TB, path string) map[UUID]*Asset {
	t.Helper()
	l := open(t, path)
	all := map[UUID]*Asset{}
	for _, a := range list(t, l, ByUUID) {
		all[a.UUID] = a
	}
	return all
}

// attempt opens a library and reads what it can, and returns the number of
// assets read and the first error. It must not panic, whatever is there.
func attempt(t testing.TB, path string) (n int, err error) {
	t.Helper()
	temp := filepath.Join(t.TempDir(), "snapshots")
	l, err := Open(context.Background(), path, Options{TempDir: temp})
	if err == nil {
		for a, e := range l.Assets(context.Background(), Query{}) {
			if err = e; err == nil && a == nil {
				t.Error("neither an asset nor an error")
			}
			if err != nil {
				break
			}
			n++
		}
		l.Warnings()
		l.Count(context.Background())
		l.Info(context.Background())
		if err := l.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	}
	if entries, e := os.ReadDir(temp); e == nil && len(entries) > 0 {
		t.Errorf("left in the folder for snapshots: %s", entries[0].Name())
	}
	return n, err
}

func mustCase(t testing.TB, lib *fixture.Library, label string) fixture.Asset {
	t.Helper()
	a, ok := lib.Case(label)
	if !ok {
		t.Fatalf("no case %q", label)
	}
	return a
}

func caseOf(t testing.TB, lib *fixture.Library, all map[UUID]*Asset, label string) *Asset {
	t.Helper()
	a := all[UUID(mustCase(t, lib, label).UUID)]
	if a == nil {
		t.Fatalf("case %q was not read", label)
	}
	return a
}

// edit changes the database of a library, which is one of this test's own. It
// ends with a database that has no log.
func edit(t testing.TB, path string, statements ...string) {
	t.Helper()
	conn, err := sqlite.OpenConn(filepath.Join(path, databasePath), sqlite.OpenReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, s := range append([]string{"PRAGMA synchronous = OFF"}, statements...) {
		if err := sqlitex.ExecuteTransient(conn, s, nil); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

// ask reads the first column of the first row; "" if there is none.
func ask(t testing.TB, path, query string, args ...any) (answer string) {
	t.Helper()
	conn, err := sqlite.OpenConn(filepath.Join(path, databasePath), sqlite.OpenReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	err = sqlitex.ExecuteTransient(conn, query, &sqlitex.ExecOptions{Args: args, ResultFunc: func(stmt *sqlite.Stmt) error {
		if answer == "" {
			answer = stmt.ColumnText(0)
		}
		return nil
	}})
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return answer
}

// cloneDatabase makes a library that has the database of another and no files:
// enough for what is only about the database.
func cloneDatabase(t testing.TB, path string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "Copy.photoslibrary")
	copyTo(t, filepath.Join(path, databasePath), filepath.Join(to, databasePath))
	if _, err := os.Stat(filepath.Join(path, databasePath+"-wal")); err == nil {
		copyTo(t, filepath.Join(path, databasePath+"-wal"), filepath.Join(to, databasePath+"-wal"))
	}
	return to
}

func copyTo(t testing.TB, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	write(t, to, data)
}

func write(t testing.TB, name string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

func contents(t testing.TB, path string) map[string]string {
	t.Helper()
	tree, err := fixture.Tree(path)
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// differences names the fields in which two values differ, two levels deep.
func differences(a, b any) (fields []string) {
	x, y := reflect.ValueOf(a), reflect.ValueOf(b)
	for i := range x.NumField() {
		f, g := x.Field(i), y.Field(i)
		if reflect.DeepEqual(f.Interface(), g.Interface()) {
			continue
		}
		name := x.Type().Field(i).Name
		if f.Kind() == reflect.Struct && f.Type().PkgPath() != "time" {
			for _, inner := range differences(f.Interface(), g.Interface()) {
				fields = append(fields, name+"."+inner)
			}
			continue
		}
		fields = append(fields, name)
	}
	return fields
}

// mentions reports whether one of some texts contains a word.
func mentions(texts []string, word string) bool {
	for _, text := range texts {
		if strings.Contains(text, word) {
			return true
		}
	}
	return false
}
