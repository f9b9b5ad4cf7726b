package photosdb

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gofrs/flock"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/photogo/photogo/internal/fixture"
)

// reexec prepares a helper of this binary as a process of its own.
func reexec(t *testing.T, helper string, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, args...)
	cmd.Env = append(os.Environ(), helperVariable+"="+helper)
	return cmd
}

// Reading leaves no trace in the library: not even in times of folders.
func TestLibraryIsNotTouched(t *testing.T) {
	for _, wal := range []bool{false, true} {
		t.Run(fmt.Sprintf("wal=%v", wal), func(t *testing.T) {
			lib := build(t, fixture.Options{WAL: wal, Assets: 3})
			// Photos leaves this behind as well; a reader has no use for it.
			write(t, filepath.Join(lib.Path, databasePath+"-shm"), bytes.Repeat([]byte{0}, 32768))
			before := contents(t, lib.Path)
			l := open(t, lib.Path)
			for _, a := range list(t, l, ByDate) {
				for i := range a.Resources {
					if f, err := l.Open(&a.Resources[i]); err == nil {
						io.Copy(io.Discard, f)
						f.Close()
					}
				}
			}
			if _, err := l.Info(context.Background()); err != nil {
				t.Error(err)
			}
			if changes := fixture.TreeChanges(before, contents(t, lib.Path)); len(changes) > 0 {
				t.Errorf("while open:\n%s", strings.Join(changes, "\n"))
			}
			if err := l.Close(); err != nil {
				t.Error(err)
			}
			if changes := fixture.TreeChanges(before, contents(t, lib.Path)); len(changes) > 0 {
				t.Errorf("after closing:\n%s", strings.Join(changes, "\n"))
			}
		})
	}
}

// The helper above would see a change.
func TestTreeSeesChanges(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a", "file"), []byte("one"))
	old := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, name := range []string{"a/file", "a", "."} {
		if err := os.Chtimes(filepath.Join(dir, name), old, old); err != nil {
			t.Fatal(err)
		}
	}
	before := contents(t, dir)
	for name, change := range map[string]func() error{
		"content": func() error {
			if err := os.WriteFile(filepath.Join(dir, "a", "file"), []byte("two"), 0o644); err != nil {
				return err
			}
			return os.Chtimes(filepath.Join(dir, "a", "file"), old, old)
		},
		"mode": func() error { return os.Chmod(filepath.Join(dir, "a", "file"), 0o600) },
		"time": func() error { return os.Chtimes(filepath.Join(dir, "a"), old, old.Add(time.Nanosecond)) },
		"new":  func() error { return os.Symlink("file", filepath.Join(dir, "a", "link")) },
		"gone": func() error { return os.Remove(filepath.Join(dir, "a", "link")) },
	} {
		if name == "gone" {
			continue // undoes "new", below
		}
		if err := change(); err != nil {
			t.Fatal(err)
		}
		after := contents(t, dir)
		if len(fixture.TreeChanges(before, after)) == 0 || len(fixture.TreeChanges(after, before)) == 0 {
			t.Errorf("a change of %s is not seen", name)
		}
		before = after
	}
	if len(fixture.TreeChanges(before, contents(t, dir))) > 0 {
		t.Error("no change is seen as one")
	}
}

func TestStaleSnapshotsAreRemoved(t *testing.T) {
	lib := build(t, fixture.Options{})
	temp := t.TempDir()
	folder := func(name string) string { return filepath.Join(temp, name) }
	old := time.Now().Add(-time.Hour)
	for _, name := range []string{"stale", "locked", "no-lock", "starting"} {
		write(t, filepath.Join(folder(snapshotPrefix+name), "Photos.sqlite"), []byte("rest"))
	}
	for _, name := range []string{"stale", "locked"} {
		write(t, filepath.Join(folder(snapshotPrefix+name), snapshotLock), nil)
	}
	for _, name := range []string{"stale", "locked", "no-lock"} { // "starting" is of just now
		if err := os.Chtimes(folder(snapshotPrefix+name), old, old); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(folder("somebody-else"), snapshotLock), nil)
	write(t, folder(snapshotPrefix+"file"), []byte("not a folder"))
	elsewhere := t.TempDir()
	write(t, filepath.Join(elsewhere, snapshotLock), nil)
	if err := os.Symlink(elsewhere, folder(snapshotPrefix+"link")); err != nil {
		t.Fatal(err)
	}

	held := flock.New(filepath.Join(folder(snapshotPrefix+"locked"), snapshotLock))
	if ok, err := held.TryLock(); !ok || err != nil {
		t.Fatalf("lock: %v, %v", ok, err)
	}
	t.Cleanup(func() { held.Close() })

	// As long as another process is making one, a folder without a lock may be its.
	making := flock.New(temp, flock.SetFlag(os.O_RDONLY))
	if ok, err := making.TryLock(); !ok || err != nil {
		t.Fatalf("lock: %v, %v", ok, err)
	}
	other, err := Open(context.Background(), lib.Path, Options{TempDir: temp})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if _, err := os.Lstat(folder(snapshotPrefix + "starting")); err != nil {
		t.Errorf("a snapshot that is just being made: %v", err)
	}
	making.Close()
	l, err := Open(context.Background(), lib.Path, Options{TempDir: temp})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for name, want := range map[string]bool{
		snapshotPrefix + "stale": false, snapshotPrefix + "no-lock": false, snapshotPrefix + "locked": true, snapshotPrefix + "starting": false,
		snapshotPrefix + "file": true, snapshotPrefix + "link": true, "somebody-else": true,
		filepath.Base(other.snapshot.dir): true, filepath.Base(l.snapshot.dir): true,
	} {
		if _, err := os.Lstat(folder(name)); (err == nil) != want {
			t.Errorf("%s: there: %v, want %v", name, err == nil, want)
		}
	}
	if _, err := os.Stat(filepath.Join(elsewhere, snapshotLock)); err != nil {
		t.Errorf("what a link leads to was removed: %v", err)
	}
	list(t, other, ByUUID) // opening another did no harm to the first
}

// The snapshot holds private things: only its owner may look.
func TestSnapshotIsPrivate(t *testing.T) {
	lib := build(t, fixture.Options{WAL: true})
	l := open(t, lib.Path)
	info, err := os.Stat(l.snapshot.dir)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	outer, err := os.Stat(filepath.Dir(l.snapshot.dir))
	if err != nil || outer.Mode().Perm() != 0o700 {
		t.Errorf("mode of the folder that was made: %v, %v", outer.Mode(), err)
	}
}

func TestCancelledOpenLeavesNothing(t *testing.T) {
	lib := build(t, fixture.Options{})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	temp := t.TempDir()
	if _, err := Open(ctx, lib.Path, Options{TempDir: temp}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled before it began: %v", err)
	}
	if left := names(t, temp); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

// countdown is a context that ends when it has been asked often enough, that
// is in the midst of a copy.
type countdown struct {
	context.Context
	left atomic.Int32
}

func (c *countdown) Err() error {
	if c.left.Add(-1) < 0 {
		return context.Canceled
	}
	return nil
}

func TestCancelledDuringTheCopy(t *testing.T) {
	lib := build(t, fixture.Options{})
	file := filepath.Join(lib.Path, databasePath)
	// Larger than one buffer of the copy; what follows the database is no part of it.
	if err := os.Truncate(file, 8<<20); err != nil {
		t.Fatal(err)
	}
	ctx := &countdown{Context: context.Background()}
	ctx.left.Store(3)
	temp := t.TempDir()
	l, err := Open(ctx, lib.Path, Options{TempDir: temp})
	if err == nil {
		l.Close()
		if ctx.left.Load() == 3 {
			t.Skip("the file system clones: there is no copy to stop")
		}
	}
	if !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled in the midst of the copy: %v", err)
	}
	if left := names(t, temp); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

// A folder for snapshots that cannot be made is no fault of the library's.
func TestNoPlaceForTheSnapshot(t *testing.T) {
	lib := build(t, fixture.Options{})
	file := filepath.Join(t.TempDir(), "file")
	write(t, file, nil)
	_, err := Open(context.Background(), lib.Path, Options{TempDir: filepath.Join(file, "below")})
	if err == nil {
		t.Fatal("a snapshot below a file")
	}
	for _, kind := range []error{ErrNotLibrary, ErrUnsupported, ErrDamaged, ErrAccess, ErrBusy} {
		if errors.Is(err, kind) {
			t.Errorf("%v is told as %v", err, kind)
		}
	}
}

// What tells two moments of a database apart.
func TestSameState(t *testing.T) {
	header := func(b byte) []byte { return bytes.Repeat([]byte{b}, walHeaderSize) }
	at := time.Unix(1, 0)
	for _, c := range []struct {
		name string
		a, b state
		same bool
	}{
		{"no log, nothing changed", state{nil, 1, at}, state{nil, 1, at}, true},
		{"no log, another size", state{nil, 1, at}, state{nil, 2, at}, false},
		{"no log, another time", state{nil, 1, at}, state{nil, 1, at.Add(1)}, false},
		{"the same log, a main file that grew", state{header(1), 1, at}, state{header(1), 2, at.Add(1)}, true},
		{"a log started anew", state{header(1), 1, at}, state{header(2), 1, at}, false},
		{"a log came", state{nil, 1, at}, state{header(1), 1, at}, false},
		{"a log went", state{header(1), 1, at}, state{nil, 1, at}, false},
		{"an empty log came", state{nil, 1, at}, state{[]byte{}, 1, at}, true},
		{"half a header", state{header(1)[:10], 1, at}, state{header(1), 1, at}, false},
	} {
		if got := c.a.same(c.b); got != c.same {
			t.Errorf("%s: same is %v", c.name, got)
		}
	}
}

// ringSize is how many rows the writer goes round. Each has a page of its own,
// so that a page which is too old by one round of the log shows.
const ringSize = 40

// ringTables are what the writer needs. Row i of the ring holds the number of the
// last transaction that came by it.
var ringTables = []string{
	"CREATE TABLE ring (i INTEGER PRIMARY KEY, n INTEGER, filling BLOB)",
	"CREATE TABLE counter (n INTEGER)",
	"CREATE TABLE trail (n INTEGER, filling BLOB)",
	"CREATE INDEX ring_n ON ring (n)",
	"CREATE INDEX trail_n ON trail (n)",
	fmt.Sprintf("WITH RECURSIVE c(i) AS (SELECT 0 UNION ALL SELECT i+1 FROM c WHERE i < %d) INSERT INTO ring SELECT i, i, zeroblob(2500) FROM c", ringSize-1),
	fmt.Sprintf("INSERT INTO counter VALUES (%d)", ringSize-1),
}

// writeHelper commits to the database at its first argument until its standard
// input ends. Every transaction writes its number into the counter and into one
// row of the ring, and moves pages about; now and then it empties the log.
func writeHelper() int {
	conn, err := sqlite.OpenConn(os.Args[1], sqlite.OpenReadWrite)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer conn.Close()
	done := make(chan bool)
	go func() {
		io.Copy(io.Discard, os.Stdin)
		close(done)
	}()
	run := func(query string, args ...any) {
		if e := sqlitex.ExecuteTransient(conn, query, &sqlitex.ExecOptions{Args: args}); e != nil && err == nil {
			err = fmt.Errorf("%s: %w", query, e)
		}
	}
	run("PRAGMA synchronous = OFF") // the processes share one cache of files: only a power cut would tell
	for n := ringSize; err == nil; n++ {
		// A log that is started anew with nearly every transaction, now and then,
		// and one that grows for a while.
		switch n % 60 {
		case 1:
			run("PRAGMA wal_autocheckpoint = 6")
		case 20:
			run("PRAGMA wal_autocheckpoint = 60")
		case 40:
			run("PRAGMA wal_autocheckpoint = 300")
		}
		run("BEGIN IMMEDIATE")
		run("UPDATE counter SET n = ?", n)
		run("UPDATE ring SET n = ?, filling = zeroblob(?) WHERE i = ?", n, 2500+n%500, n%ringSize)
		run("INSERT INTO trail VALUES (?, zeroblob(?))", n, n*211%3000)
		run("DELETE FROM trail WHERE n < ?", n-n%30)
		run("COMMIT")
		if n%25 == 0 {
			run("PRAGMA wal_checkpoint(TRUNCATE)")
		}
		if n == ringSize {
			fmt.Println("started")
		}
		select {
		case <-done:
			fmt.Println(n)
			return 0
		case <-time.After(time.Millisecond): // the copy must have a chance
		}
	}
	fmt.Fprintln(os.Stderr, err)
	return 1
}

// No snapshot of a database that another process writes to is torn: each is
// whole, and shows one moment between two transactions.
func TestSnapshotsAreNotTorn(t *testing.T) {
	path := withDatabase(t, small(t))
	assets, err := attempt(t, path)
	if err != nil {
		t.Fatal(err)
	}
	edit(t, path, append([]string{"PRAGMA journal_mode = WAL"}, ringTables...)...)
	writer := reexec(t, "write", filepath.Join(path, databasePath))
	stop, err := writer.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	var out, words bytes.Buffer
	writer.Stderr = &words
	told, err := writer.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := writer.Start(); err != nil {
		t.Fatal(err)
	}
	ended := false
	end := func() error {
		if ended {
			return nil
		}
		ended = true
		stop.Close()
		io.Copy(&out, told)
		return writer.Wait()
	}
	t.Cleanup(func() { end() })
	if _, err := io.ReadFull(told, make([]byte, len("started\n"))); err != nil {
		end()
		t.Fatalf("the writer did not start: %v: %s", err, words.String())
	}

	snapshots, refused := 200, 0
	if testing.Short() {
		snapshots = 20
	}
	// The single try is repeated here without the pauses between tries: what
	// matters is that what it accepts is whole.
	s := &snapshot{dir: t.TempDir()}
	seen := map[int]bool{}
	for taken := 0; taken < snapshots && !t.Failed(); {
		same, err := s.copyOnce(context.Background(), filepath.Join(path, databasePath))
		if err != nil {
			end()
			t.Fatalf("snapshot %d: %v", taken, err)
		}
		if !same {
			if refused++; refused > 100*snapshots {
				end()
				t.Fatalf("%d tries gave %d snapshots", refused+taken, taken)
			}
			continue
		}
		n, err := checkSnapshot(s.database())
		if err != nil {
			t.Errorf("snapshot %d: %v", taken, err)
		}
		seen[n] = true
		if taken++; taken%50 == 0 { // and the way that callers take
			if got, err := attempt(t, path); err != nil && !errors.Is(err, ErrBusy) || err == nil && got != assets {
				t.Errorf("open while it is written: %d assets, %v", got, err)
			}
		}
	}
	if err := end(); err != nil {
		t.Fatalf("the writer failed: %v: %s", err, words.String())
	}
	if commits, _ := strconv.Atoi(strings.TrimSpace(out.String())); commits < snapshots/4 || len(seen) < 5 {
		t.Errorf("%d commits, of which %d were seen: nothing was tried", commits, len(seen))
	}
	t.Logf("%d snapshots, %d tries refused, %d moments seen of %s", snapshots, refused, len(seen), strings.TrimSpace(out.String()))
}

// checkSnapshot returns the last transaction, by which all rows are right.
func checkSnapshot(file string) (n int, err error) {
	conn, err := sqlite.OpenConn(file, sqlite.OpenReadWrite)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	words := ""
	err = sqlitex.ExecuteTransient(conn, "PRAGMA integrity_check", &sqlitex.ExecOptions{ResultFunc: func(stmt *sqlite.Stmt) error {
		words += stmt.ColumnText(0) + "; "
		return nil
	}})
	if err != nil {
		return 0, fmt.Errorf("integrity_check: %w", err)
	} else if words != "ok; " {
		return 0, fmt.Errorf("torn: integrity_check: %s", words)
	}
	return checkRing(conn)
}

// checkRing returns the last transaction, by which all rows of the ring are right.
func checkRing(conn *sqlite.Conn) (n int, err error) {
	const agree = `SELECT c.n, count(*), total(r.n <> c.n - (c.n - r.i) % ?1) FROM counter c, ring r NOT INDEXED GROUP BY c.rowid`
	err = sqlitex.ExecuteTransient(conn, agree, &sqlitex.ExecOptions{Args: []any{ringSize}, ResultFunc: func(stmt *sqlite.Stmt) error {
		n = stmt.ColumnInt(0)
		if rows, wrong := stmt.ColumnInt(1), stmt.ColumnInt(2); rows != ringSize || wrong > 0 {
			return fmt.Errorf("torn: after transaction %d, %d of %d rows are of another moment", n, wrong, rows)
		}
		return nil
	}})
	return n, err
}
