package export

import (
	"bufio"
	"context"
	"encoding/hex"
	"errors"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/zeebo/blake3"
	"go.uber.org/goleak"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/photogo/photogo/internal/fixture"
	"github.com/photogo/photogo/internal/fixture/icloud"
	"github.com/photogo/photogo/internal/safefile"
	"github.com/photogo/photogo/manifest"
	"github.com/photogo/photogo/photosdb"
)

// With PHOTOGO_STUB the tests are the helper that they drive; see icloud.
func TestMain(m *testing.M) {
	if os.Getenv("PHOTOGO_STUB") != "" {
		os.Exit(icloud.Serve(os.Stdin, os.Stdout))
	}
	goleak.VerifyTestMain(m)
}

// world is a library and a place to export it to.
type world struct {
	lib         *fixture.Library
	dest, state string
	opt         Options
	workers     int
	link        Link
	wish        string    // see Job.Wish; "" notes no rest
	cut         func()    // called after the tenth asset
	now         time.Time // of the run; zero: some fixed time
	only        []string  // labels of the assets that are exported; nil for all
	// wrap and source stand between the run and the world, where a test wants to.
	wrap   func(safefile.FS) safefile.FS
	source func(Source) Source
	fetch  *Fetching // nil: nothing is fetched
	// download fetches through a helper; why is what its Err said. nil: none.
	download func(*Destination) *Downloads
	why      error
	ahead    int // see fetchAhead; 0: as it is
	// watched is told of events as they happen; it may be nil.
	watched func(Event)
	// pristine is the library as it must stay; see watch.
	pristine map[string]string
	older    *fixture.Library // of which there may be files as well; nil for none
	byHand   []string         // files that somebody changed or removed, as the record may not know yet
}

func newWorld(t *testing.T, o fixture.Options) *world {
	t.Helper()
	dir := t.TempDir()
	lib, err := fixture.Build(filepath.Join(dir, "Test.photoslibrary"), o)
	if err != nil {
		t.Fatal(err)
	}
	return &world{lib: lib, dest: filepath.Join(dir, "dest"), state: filepath.Join(dir, "state")}
}

// run exports once. The library must be the same afterwards.
func (w *world) run(t *testing.T) (Summary, []Event, error) {
	t.Helper()
	return w.runContext(t, context.Background())
}

func (w *world) runContext(t *testing.T, ctx context.Context) (Summary, []Event, error) {
	t.Helper()
	before := treeOf(t, w.lib.Path)
	defer func() {
		t.Helper()
		sameTree(t, before, treeOf(t, w.lib.Path))
	}()
	return w.runUnwatched(t, ctx)
}

// runUnwatched is runContext for tests that change the library themselves.
func (w *world) runUnwatched(t *testing.T, ctx context.Context) (s Summary, events []Event, err error) {
	t.Helper()
	lib, err := photosdb.Open(context.Background(), w.lib.Path, photosdb.Options{TempDir: w.state})
	if err != nil {
		t.Fatal(err)
	}
	defer lib.Close()
	d, err := OpenDestination(ctx, w.dest, OpenOptions{State: w.state, Library: w.lib.Path})
	if err != nil {
		return s, nil, err
	}
	defer d.Close()
	job := Job{Source: lib, Dest: d.FS, Record: d.Record, Workers: w.workers, Link: w.link, Now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		Event: func(e Event) {
			if events = append(events, e); w.watched != nil {
				w.watched(e)
			}
		}}
	if w.wrap != nil {
		job.Dest = w.wrap(d.FS)
	}
	if w.source != nil {
		job.Source = w.source(lib)
	}
	opt := w.opt
	opt.DownloadMissing, job.Fetch = opt.DownloadMissing || w.fetch != nil || w.download != nil, w.fetch
	if opt.Library == "" {
		opt.Library = lib.UUID()
	}
	if !w.now.IsZero() {
		job.Now = w.now
	}
	if w.wish != "" {
		if job.Cursor, err = lib.Cursor(); err != nil {
			t.Fatal(err)
		}
		job.Wish, job.Library = w.wish, &photosdb.Baseline{}
	}
	query := photosdb.Query{Order: photosdb.ByDate, Include: opt.Include(), Baseline: job.Library}
	plan, err := NewPlan(w.some(lib.Assets(ctx, query)), d.Record, job.Dest, opt)
	if err != nil {
		t.Fatal(err)
	}
	if w.download != nil {
		downloads := w.download(d)
		job.Fetch = downloads.Fetching()
		defer func() {
			if e := downloads.Close(); e != nil {
				t.Error(e)
			}
			w.why = downloads.Err()
		}()
	}
	r := newRun(plan, job)
	if w.ahead > 0 {
		r.fetches.ahead = w.ahead
	}
	s, err = r.run(ctx)
	return s, events, err
}

// some leaves out the assets that are not wanted.
func (w *world) some(all iter.Seq2[*photosdb.Asset, error]) iter.Seq2[*photosdb.Asset, error] {
	if w.cut != nil {
		whole := all
		all = func(yield func(*photosdb.Asset, error) bool) {
			n := 0
			for a, err := range whole {
				if n++; n == 10 {
					w.cut()
				}
				if !yield(a, err) {
					return
				}
			}
		}
	}
	if w.only == nil {
		return all
	}
	return func(yield func(*photosdb.Asset, error) bool) {
		for a, err := range all {
			wanted := err != nil || slices.ContainsFunc(w.lib.Assets, func(f fixture.Asset) bool {
				return f.UUID == string(a.UUID) && slices.Contains(w.only, f.Case)
			})
			if wanted && !yield(a, err) {
				return
			}
		}
	}
}

// lastNow is a moment shortly after a run.
func (w *world) lastNow() time.Time { return time.Date(2026, 1, 2, 3, 5, 5, 0, time.UTC) }

// mustRun is run that must come to its end, followed by whole; by check alone
// where a file failed, as then something is left to be done.
func (w *world) mustRun(t *testing.T) (Summary, []Event) {
	t.Helper()
	s, events, err := w.run(t)
	if err != nil {
		t.Fatal(err)
	}
	if s.Failed == 0 {
		w.whole(t)
	} else {
		w.check(t)
	}
	return s, events
}

// check holds the record, its projection and the folder against each other.
func (w *world) check(t *testing.T) {
	t.Helper()
	onDisk := w.files(t)
	dir, err := safefile.OpenDir(w.dest)
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	m, err := manifest.Peek(context.Background(), w.state, dir)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	sums := readSums(t, filepath.Join(w.dest, manifest.SumsName))
	recorded := map[string]bool{}
	for e, err := range m.All() {
		if err != nil {
			t.Fatal(err)
		}
		recorded[e.Path] = true
		data, err := os.ReadFile(filepath.Join(w.dest, e.Path))
		if err != nil {
			t.Errorf("the record claims what is not there: %v", err)
			continue
		}
		if sum := manifest.Sum(blake3.Sum256(data)); sum != e.Sum || int64(len(data)) != e.Size {
			t.Errorf("%s: %d bytes %s, recorded %d bytes %s", e.Path, len(data), sum, e.Size, e.Sum)
		}
		if sums[e.Path] != e.Sum.String() {
			t.Errorf("%s has %s for %s, want %s", manifest.SumsName, sums[e.Path], e.Path, e.Sum)
		}
		delete(sums, e.Path)
	}
	for path := range sums {
		t.Errorf("%s lists %s, which the record does not have", manifest.SumsName, path)
	}
	// What could not be removed is known, and the next run removes it.
	old, err := m.Superseded()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range old {
		recorded[a.Path] = true
	}
	for _, path := range onDisk {
		if safefile.IsTemp(path) {
			t.Errorf("temporary file %s was left", path)
		} else if !recorded[path] {
			t.Errorf("%s is in the folder and not in the record", path)
		}
	}
}

// files lists the destination's files, photogo's own folder left out.
func (w *world) files(t *testing.T) (list []string) {
	t.Helper()
	err := filepath.WalkDir(w.dest, func(path string, d fs.DirEntry, err error) error {
		rel, _ := filepath.Rel(w.dest, path)
		switch {
		case err != nil:
			return err
		case rel == manifest.Folder:
			return fs.SkipDir
		case !d.IsDir():
			list = append(list, rel)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func readSums(t *testing.T, name string) map[string]string {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	sums := map[string]string{}
	for s := bufio.NewScanner(f); s.Scan(); {
		sum, path, ok := strings.Cut(s.Text(), "  ")
		if _, err := hex.DecodeString(sum); !ok || err != nil {
			t.Fatalf("%s: line %q", name, s.Text())
		}
		sums[path] = sum
	}
	return sums
}

// treeOf describes everything in a folder: names, modes, times, contents.
func treeOf(t *testing.T, root string) map[string]string {
	t.Helper()
	tree, err := fixture.Tree(root)
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

func sameTree(t *testing.T, before, after map[string]string) {
	t.Helper()
	for _, change := range fixture.TreeChanges(before, after) {
		t.Errorf("the library was changed: %s", change)
	}
}

// asset returns an asset of the cast.
func (w *world) asset(t *testing.T, label string) fixture.Asset {
	t.Helper()
	a, ok := w.lib.Case(label)
	if !ok {
		t.Fatalf("the library has no case %q", label)
	}
	return a
}

// sql changes the library's database, as Photos would.
func (w *world) sql(t *testing.T, query string, args ...any) {
	t.Helper()
	conn, err := sqlite.OpenConn(filepath.Join(w.lib.Path, "database", "Photos.sqlite"), sqlite.OpenReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := sqlitex.Execute(conn, query, &sqlitex.ExecOptions{Args: args}); err != nil {
		t.Fatal(err)
	}
	if conn.Changes() == 0 {
		t.Fatalf("%s changed nothing", query)
	}
}

// of picks the events of an asset and role.
func of(events []Event, a fixture.Asset, role photosdb.Role) (Event, bool) {
	i := slices.IndexFunc(events, func(e Event) bool { return string(e.Item.UUID) == a.UUID && e.Item.Role == role })
	if i < 0 {
		return Event{}, false
	}
	return events[i], true
}

func mustOf(t *testing.T, events []Event, a fixture.Asset, role photosdb.Role) Event {
	t.Helper()
	e, ok := of(events, a, role)
	if !ok {
		t.Fatalf("nothing was told of %s of %s", role, a.Case)
	}
	return e
}

// hooks is an FS that calls before every operation that changes something. An
// error from it takes the operation's place.
type hooks struct {
	safefile.FS
	before func(op, name string) error
}

func (h hooks) Mkdir(name string) error {
	if err := h.before("mkdir", name); err != nil {
		return err
	}
	return h.FS.Mkdir(name)
}

func (h hooks) Create(name string) (safefile.File, error) {
	if err := h.before("create", name); err != nil {
		return nil, err
	}
	f, err := h.FS.Create(name)
	return hookedFile{f, name, h.before}, err
}

func (h hooks) Clone(src safefile.Descriptor, name string) error {
	if err := h.before("clone", name); err != nil {
		return err
	}
	return h.FS.Clone(src, name)
}

func (h hooks) Link(old, name string) error {
	if err := h.before("link", name); err != nil {
		return err
	}
	return h.FS.Link(old, name)
}

func (h hooks) Rename(old, name string) error {
	if err := h.before("rename", name); err != nil {
		return err
	}
	return h.FS.Rename(old, name)
}

func (h hooks) Remove(name string) error {
	if err := h.before("remove", name); err != nil {
		return err
	}
	return h.FS.Remove(name)
}

func (h hooks) Chtimes(name string, at time.Time) error {
	if err := h.before("chtimes", name); err != nil {
		return err
	}
	return h.FS.Chtimes(name, at)
}

func (h hooks) Sync(names ...string) error {
	if err := h.before("sync", ""); err != nil {
		return err
	}
	return h.FS.Sync(names...)
}

type hookedFile struct {
	safefile.File
	name   string
	before func(op, name string) error
}

func (f hookedFile) Write(p []byte) (int, error) {
	if err := f.before("write", f.name); err != nil {
		return 0, err
	}
	return f.File.Write(p)
}

func (f hookedFile) Chtimes(at time.Time) error {
	if err := f.before("chtimes", f.name); err != nil {
		return err
	}
	return f.File.Chtimes(at)
}

func (f hookedFile) Close() error {
	err := f.before("close", f.name)
	return errors.Join(err, f.File.Close())
}

// sourceFunc is a Source whose Open is a function.
type sourceFunc struct {
	Source
	open func(*photosdb.Resource) (*os.File, error)
}

func (s sourceFunc) Open(r *photosdb.Resource) (*os.File, error) { return s.open(r) }

func inode(t *testing.T, path string) uint64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Sys().(*syscall.Stat_t).Ino
}
