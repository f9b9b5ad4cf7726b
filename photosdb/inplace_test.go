package photosdb

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"
	"time"

	"pgregory.net/rapid"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/photogo/photogo/internal/fixture"
)

// Looking for changes leaves no trace: neither in the library, nor elsewhere.
func TestLookingForChangesTouchesNothing(t *testing.T) {
	for _, log := range []bool{false, true} {
		t.Run(fmt.Sprintf("wal=%v", log), func(t *testing.T) {
			lib := build(t, fixture.Options{WAL: log, Assets: 3})
			write(t, filepath.Join(lib.Path, databasePath+"-shm"), bytes.Repeat([]byte{0}, 32768))
			before := contents(t, lib.Path)
			temp := filepath.Join(t.TempDir(), "never-made")
			ctx := context.Background()
			found, err := FindChanges(ctx, lib.Path, nil, Options{TempDir: temp})
			if err != nil {
				t.Fatal(err)
			}
			if len(found.Added) != len(lib.Assets) {
				t.Errorf("%d of %d assets, the log's among them", len(found.Added), len(lib.Assets))
			}
			if changed, err := Changed(ctx, lib.Path, found.Baseline.Cursor()); err != nil || changed {
				t.Errorf("Changed: %v, %v", changed, err)
			}
			if err := readInPlace(ctx, lib.Path, func(l *Library) error {
				_, err := l.Compare(ctx, found.Baseline)
				return err
			}); err != nil {
				t.Error(err)
			}
			if changes := fixture.TreeChanges(before, contents(t, lib.Path)); len(changes) > 0 {
				t.Errorf("in the library:\n%s", strings.Join(changes, "\n"))
			}
			if _, err := os.Stat(temp); err == nil {
				t.Error("there was a snapshot")
			}
		})
	}
}

// A database that cannot be written at all, such as a backup's, is read in place too.
func TestReadOnlyLibrary(t *testing.T) {
	lib := build(t, fixture.Options{WAL: true})
	dir := filepath.Join(lib.Path, "database")
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Chmod(dir, 0o700) })
	if found, err := FindChanges(context.Background(), lib.Path, nil, Options{TempDir: t.TempDir()}); err != nil || len(found.Added) != len(lib.Assets) {
		t.Errorf("%+v, %v", found, err)
	}
}

// image reads a whole database as SQLite sees it: through what is given, without
// the header's fields that a checkpoint may write.
func image(t testing.TB, open func() (io.ReaderAt, int64)) []byte {
	t.Helper()
	r, size := open()
	b := make([]byte, size)
	if n, err := r.ReadAt(b, 0); int64(n) < size {
		t.Fatalf("%d of %d bytes: %v", n, size, err)
	}
	if len(b) > 100 {
		b[journalVersions], b[journalVersions+1] = 1, 1
	}
	return b
}

// What is read in place is what SQLite makes of the same files, byte by byte, and
// so it is wherever the log was cut off or damaged.
func TestInPlaceIsWhatSQLiteSees(t *testing.T) {
	template := build(t, fixture.Options{WAL: true, Assets: 4}).Path
	// More commits, pages that are written several times, an old round behind
	// them, and a transaction that outgrew its cache and was taken back.
	c := edits(t, template)
	c.save(func() { changeNamed(t, "new album").do(c, firstOf) })
	c.exec("PRAGMA wal_checkpoint(RESTART)")
	for range 5 {
		c.save(func() { changeNamed(t, "title").do(c, firstOf) })
	}
	logged := func() (main, log []byte) {
		for i, into := range []*[]byte{&main, &log} {
			data, err := os.ReadFile(filepath.Join(template, databasePath) + []string{"", "-wal"}[i])
			if err != nil {
				t.Fatal(err)
			}
			*into = data
		}
		return main, log
	}
	main, log := logged()
	c.exec("PRAGMA cache_size = 2")
	c.exec("BEGIN")
	c.exec("UPDATE " + attributes + " SET ZTITLE = 'never'")
	c.exec("UPDATE ZINTERNALRESOURCE SET ZDATALENGTH = 1")
	spilledMain, spilledLog := logged()
	c.exec("ROLLBACK")
	c.close()
	if bytes.Equal(spilledLog, log) {
		t.Fatal("the cache did not spill")
	}
	dir := t.TempDir()
	n := 0
	rapid.Check(t, func(r *rapid.T) {
		mainFile, logFile := main, bytes.Clone(log)
		if rapid.Bool().Draw(r, "spilled") {
			mainFile, logFile = spilledMain, bytes.Clone(spilledLog)
		}
		switch rapid.IntRange(0, 3).Draw(r, "damage") {
		case 1:
			logFile = logFile[:rapid.IntRange(0, len(logFile)).Draw(r, "cut")]
		case 2:
			logFile[rapid.IntRange(0, len(logFile)-1).Draw(r, "at")] ^= byte(rapid.IntRange(1, 255).Draw(r, "bits"))
		case 3: // the header, the first frame's, and where the frames of this round end
			logFile[rapid.IntRange(0, walHeaderSize+walFrameHeader-1).Draw(r, "at")] ^= byte(rapid.IntRange(1, 255).Draw(r, "bits"))
		}
		n++
		library := filepath.Join(dir, strconv.Itoa(n))
		file := filepath.Join(library, databasePath)
		write(t, file, mainFile)
		write(t, file+"-wal", logFile)
		settle(t, library)
		d, err := openInPlace(library)
		if err != nil {
			// Refused: a snapshot takes its place. That must be for a reason.
			if _, e := readWAL(bytes.NewReader(logFile)); e == nil && !errors.Is(err, errUnsettled) {
				r.Fatal(err)
			}
			return
		}
		defer d.Close()
		got := image(t, func() (io.ReaderAt, int64) { return d, d.size })
		// SQLite takes the log into the main file.
		conn, err := sqlite.OpenConn(file, sqlite.OpenReadWrite)
		if err != nil {
			r.Fatal(err)
		}
		if err := sqlitex.ExecuteTransient(conn, "PRAGMA wal_checkpoint(TRUNCATE)", nil); err != nil {
			conn.Close()
			r.Fatal(err)
		}
		if err := conn.Close(); err != nil {
			r.Fatal(err)
		}
		data, err := os.ReadFile(file)
		if err != nil {
			r.Fatal(err)
		}
		if want := image(t, func() (io.ReaderAt, int64) { return bytes.NewReader(data), int64(len(data)) }); !bytes.Equal(got, want) {
			r.Fatalf("in place %d bytes, from SQLite %d, and not the same", len(got), len(want))
		}
	})
}

func TestInPlaceFileReads(t *testing.T) {
	lib := build(t, fixture.Options{WAL: true})
	d, err := openInPlace(lib.Path)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	f, err := d.Open(filepath.Base(databasePath))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := iotest.TestReader(f, image(t, func() (io.ReaderAt, int64) { return d, d.size })); err != nil {
		t.Error(err)
	}
	if _, err := d.Open("Photos.sqlite-wal"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("SQLite sees a log: %v", err)
	}
}

// What is read in place while another process writes and checkpoints counts only
// if it is of one moment.
func TestInPlaceIsNotTorn(t *testing.T) {
	path := withDatabase(t, small(t))
	edit(t, path, append([]string{"PRAGMA journal_mode = WAL"}, ringTables...)...)
	writer := reexec(t, "write", filepath.Join(path, databasePath))
	stop, err := writer.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	var words bytes.Buffer
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
		io.Copy(io.Discard, told)
		return writer.Wait()
	}
	t.Cleanup(func() { end() })
	if _, err := io.ReadFull(told, make([]byte, len("started\n"))); err != nil {
		end()
		t.Fatalf("the writer did not start: %v: %s", err, words.String())
	}
	looks := 300
	if testing.Short() || raceEnabled {
		looks = 50
	}
	ctx := context.Background()
	seen, refused, wrong := map[int]bool{}, 0, 0
	temp := t.TempDir()
	inARow := 0
	for taken := 0; taken < looks && !t.Failed(); {
		n, bad := 0, error(nil)
		// A look that is slow beside the writer, as with the race detector, would
		// wait for ever: now and then the writer is held, wherever it is.
		held := inARow >= 10
		if held {
			writer.Process.Signal(syscall.SIGSTOP)
		}
		err := readInPlace(ctx, path, func(l *Library) error {
			n, bad = checkRing(l.conn)
			return nil
		})
		if held {
			writer.Process.Signal(syscall.SIGCONT)
			inARow = 0
		}
		if errors.Is(err, errUnsettled) {
			inARow++
			if bad != nil {
				wrong++
			}
			if refused++; refused > 1000*looks {
				end()
				t.Fatalf("%d tries gave %d looks", refused+taken, taken)
			}
			continue
		}
		if err != nil || bad != nil {
			t.Errorf("look %d: %v, %v", taken, err, bad)
		}
		seen[n], inARow = true, 0
		if taken++; taken%50 == 0 { // and the way that callers take
			if found, err := FindChanges(ctx, path, nil, Options{TempDir: temp}); err != nil && !errors.Is(err, ErrBusy) {
				t.Errorf("changes while it is written: %+v, %v", found, err)
			}
		}
	}
	if err := end(); err != nil {
		t.Fatalf("the writer failed: %v: %s", err, words.String())
	}
	if len(seen) < 5 {
		t.Errorf("%d moments were seen: nothing was tried", len(seen))
	}
	t.Logf("%d looks at %d moments; %d refused, %d of them torn", looks, len(seen), refused, wrong)
}

// What a mark takes for the same moment.
func TestMark(t *testing.T) {
	ctx := context.Background()
	for _, log := range []bool{false, true} {
		for _, c := range []struct {
			name    string
			changed bool
			do      func(c *coreData, path string)
		}{
			{"nothing", false, func(*coreData, string) {}},
			{"a file of the library", false, func(c *coreData, path string) {
				write(t, filepath.Join(path, "resources", "new"), []byte("x"))
			}},
			{"a commit", true, func(c *coreData, path string) { c.save(func() { c.note(changeUpdate, "Moment", 1) }) }},
			{"a commit that a checkpoint took over", true, func(c *coreData, path string) {
				c.save(func() { c.note(changeUpdate, "Moment", 1) })
				c.exec("PRAGMA wal_checkpoint(TRUNCATE)")
			}},
			{"a log started anew", true, func(c *coreData, path string) {
				c.exec("PRAGMA wal_checkpoint(RESTART)")
				c.save(func() { c.note(changeUpdate, "Moment", 1) })
			}},
			{"the main file's time", true, func(c *coreData, path string) {
				now := time.Now()
				if err := os.Chtimes(filepath.Join(path, databasePath), now, now); err != nil {
					t.Fatal(err)
				}
			}},
			{"another main file, of the same time", true, func(c *coreData, path string) {
				file := filepath.Join(path, databasePath)
				copyTo(t, file, file+".new")
				info, err := os.Stat(file)
				if err == nil {
					err = os.Chtimes(file+".new", info.ModTime(), info.ModTime())
				}
				if err == nil {
					err = os.Rename(file+".new", file)
				}
				if err != nil {
					t.Fatal(err)
				}
			}},
		} {
			t.Run(fmt.Sprintf("%s, wal=%v", c.name, log), func(t *testing.T) {
				path := cloneDatabase(t, build(t, fixture.Options{}).Path)
				db := edits(t, path)
				defer func() { db.close() }()
				if log {
					db.save(func() { db.note(changeUpdate, "Moment", 1) })
				}
				settle(t, path)
				found, err := FindChanges(ctx, path, nil, Options{TempDir: t.TempDir()})
				if err != nil {
					t.Fatal(err)
				}
				c.do(db, path)
				if changed, err := Changed(ctx, path, found.Baseline.Cursor()); err != nil || changed != c.changed {
					t.Errorf("changed: %v, %v", changed, err)
				}
			})
		}
	}
}

// Where a clock's tick could hide a change nothing is said to be the same.
func TestAFreshDatabaseMayHaveChanged(t *testing.T) {
	path := cloneDatabase(t, build(t, fixture.Options{}).Path)
	now := time.Now()
	if err := os.Chtimes(filepath.Join(path, databasePath), now, now); err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	found, err := FindChanges(ctx, path, nil, Options{TempDir: t.TempDir()})
	if err != nil || len(found.Added) == 0 {
		t.Fatalf("%+v, %v", found, err)
	}
	if changed, err := Changed(ctx, path, found.Baseline.Cursor()); err != nil || !changed {
		t.Errorf("changed: %v, %v", changed, err)
	}
	for _, cursor := range []string{"", "nonsense", cursorPrefix + ":::::::", strings.Replace(found.Baseline.Cursor(), ".", "..", 1)} {
		if changed, err := Changed(ctx, path, cursor); err != nil || !changed {
			t.Errorf("cursor %q: changed: %v, %v", cursor, changed, err)
		}
	}
}

// A log that came back from a backup is shorter than the one that was seen.
func TestAnEarlierLogIsAnother(t *testing.T) {
	path := cloneDatabase(t, build(t, fixture.Options{}).Path)
	c := edits(t, path)
	defer func() { c.close() }()
	file := filepath.Join(path, databasePath)
	change := func() { c.save(func() { c.note(changeUpdate, "Moment", 1) }) }
	change()
	earlier, err := os.ReadFile(file + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	change()
	settle(t, path)
	d, err := openInPlace(path)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if grown, err := d.wal.grown(bytes.NewReader(earlier)); err != nil || !grown {
		t.Errorf("the earlier log is the same: %v", err)
	}
	later, err := os.ReadFile(file + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	if grown, err := d.wal.grown(bytes.NewReader(later)); err != nil || grown {
		t.Errorf("the same log is another: %v", err)
	}
	if grown, err := d.wal.grown(bytes.NewReader(nil)); err != nil || !grown {
		t.Errorf("no log is the same: %v", err)
	}
	other := bytes.Clone(later) // as long, with another end
	other[d.wal.offset(d.wal.frames-1)+16]++
	if grown, err := d.wal.grown(bytes.NewReader(other)); err != nil || !grown {
		t.Errorf("a log with another end is the same: %v", err)
	}
}

// A transaction that outgrew its cache stands in the log before it is committed. It
// can be taken back, and the next one written over it, without the log growing: so
// such a log is no moment that anything could be compared with.
func TestALogInTheMidstOfATransaction(t *testing.T) {
	path := cloneDatabase(t, build(t, fixture.Options{Assets: 20}).Path)
	c := edits(t, path)
	defer func() { c.close() }()
	c.save(func() { c.note(changeUpdate, "Moment", 1) })
	c.exec("PRAGMA cache_size = 2")
	c.exec("BEGIN")
	c.exec("UPDATE " + attributes + " SET ZTITLE = 'not yet'")
	c.exec("UPDATE ZINTERNALRESOURCE SET ZDATALENGTH = 1")
	settle(t, path)
	if d, err := openInPlace(path); !errors.Is(err, errUnsettled) {
		t.Errorf("in place: %+v, %v", d, err)
	}
	ctx := context.Background()
	found, err := FindChanges(ctx, path, nil, Options{TempDir: t.TempDir()})
	if err != nil || len(found.Added) == 0 {
		t.Fatalf("%+v, %v", found, err)
	}
	if changed, err := Changed(ctx, path, found.Baseline.Cursor()); err != nil || !changed {
		t.Errorf("changed: %v, %v", changed, err)
	}
	c.exec("COMMIT")
	if next, err := FindChanges(ctx, path, found.Baseline, Options{TempDir: t.TempDir()}); err != nil || next.Compared != "" {
		t.Errorf("%+v, %v", next, err)
	}
}

func FuzzReadWAL(f *testing.F) {
	lib := build(f, fixture.Options{WAL: true})
	log, err := os.ReadFile(filepath.Join(lib.Path, databasePath+"-wal"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(log)
	f.Add(append(bytes.Clone(log), log[walHeaderSize:walHeaderSize+walFrameHeader+6]...)) // a frame under way
	f.Add(log[:walHeaderSize])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		w, err := readWAL(bytes.NewReader(data))
		if err != nil || w == nil {
			return
		}
		if w.frames > 0 && w.offset(w.frames) > int64(len(data)) || len(w.pages) > int(w.frames) {
			t.Errorf("%d frames and %d pages in %d bytes", w.frames, len(w.pages), len(data))
		}
		for page, at := range w.pages {
			if page == 0 || at+w.pageSize > int64(len(data)) {
				t.Errorf("page %d at %d of %d", page, at, len(data))
			}
		}
		if grown, err := w.grown(bytes.NewReader(data)); err != nil || grown && !w.rest {
			t.Errorf("it has grown since it was read: %v, %v", grown, err)
		}
	})
}
