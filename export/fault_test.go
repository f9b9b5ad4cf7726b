package export

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/zeebo/blake3"

	"github.com/photogo/photogo/internal/fixture"
	"github.com/photogo/photogo/internal/safefile"
	"github.com/photogo/photogo/internal/safefile/faultfs"
	"github.com/photogo/photogo/manifest"
	"github.com/photogo/photogo/photosdb"
)

var errInjected = errors.New("injected")

// How a call can go wrong, once or from then on.
var faults = map[string]struct {
	fault   faultfs.Fault
	forever bool
	op      faultfs.Op // "" for every kind
}{
	"fails once":               {fault: faultfs.Fault{Err: syscall.EIO}},
	"is interrupted":           {fault: faultfs.Fault{Err: syscall.EINTR}},
	"finds no space":           {fault: faultfs.Fault{Err: syscall.ENOSPC}},
	"is the last that is done": {fault: faultfs.Fault{Err: syscall.EIO}, forever: true},
	"fills the disk":           {fault: faultfs.Fault{Err: syscall.ENOSPC}, forever: true},
	"writes half":              {fault: faultfs.Fault{Err: syscall.ENOSPC, Short: true}, op: faultfs.Write},
}

// changes are the calls whose failure leaves something undone: that must be
// told. Others only look.
var changes = []faultfs.Op{faultfs.Mkdir, faultfs.Create, faultfs.Rename, faultfs.Chtimes, faultfs.Sync, faultfs.Write, faultfs.Close}

// Every call to the destination goes wrong in every way, in turn: the failure is
// told, the rest is exported where that is possible, no name stands for half a
// file, the record claims nothing that is not there, and a clean run makes up
// for it.
func TestEveryCallGoesWrong(t *testing.T) {
	base := newWorld(t, fixture.Options{})
	reference := newReference(t, base)
	for name, c := range faults {
		t.Run(name, func(t *testing.T) {
			everyCall(t, base, c.op, func(w *world, n int64) bool {
				var fired atomic.Bool
				var undone atomic.Bool
				count := atomic.Int64{}
				w.wrap = func(next safefile.FS) safefile.FS {
					return &faultfs.FS{FS: next, Rule: func(_ int64, op faultfs.Op, path string) faultfs.Fault {
						if c.op != "" && op != c.op {
							return faultfs.Fault{}
						}
						at := count.Add(1)
						if at != n && !(c.forever && at > n) {
							return faultfs.Fault{}
						}
						fired.Store(true)
						if slices.Contains(changes, op) {
							undone.Store(true)
						}
						return c.fault
					}}
				}
				s, _, err := w.runUnwatched(t, context.Background())
				w.wrap = nil
				if undone.Load() && err == nil && s.Failed == 0 {
					t.Errorf("a failure was not told: %+v", s)
				}
				w.noHalfFiles(t)
				w.claimsNothing(t)
				if err == nil {
					w.check(t)
				}
				return fired.Load()
			}, reference)
		})
	}
}

// A disk that says that it wrote, and wrote something else, is found out by the
// verification, and mended.
func TestEveryWriteIsGarbage(t *testing.T) {
	base := newWorld(t, fixture.Options{})
	reference := newReference(t, base)
	everyCall(t, base, faultfs.Write, func(w *world, n int64) bool {
		fired := ""
		count := 0
		w.wrap = func(next safefile.FS) safefile.FS {
			return &faultfs.FS{FS: next, Rule: func(_ int64, op faultfs.Op, path string) faultfs.Fault {
				if op != faultfs.Write {
					return faultfs.Fault{}
				}
				if count++; int64(count) != n { // one worker: no two at a time
					return faultfs.Fault{}
				}
				fired = path
				return faultfs.Fault{Garbage: true}
			}}
		}
		if _, _, err := w.runUnwatched(t, context.Background()); err != nil {
			t.Error(err)
		}
		w.wrap = nil
		damaged := w.verified(t)
		if (len(damaged) == 1) != (fired != "") {
			t.Errorf("garbage in %s, found %+v", fired, damaged)
		}
		w.repair(t, damaged)
		if left := w.verified(t); len(left) != 0 {
			t.Errorf("after the repair %+v", left)
		}
		os.RemoveAll(filepath.Join(w.dest, manifest.QuarantineFolder))
		return fired != ""
	}, reference)
}

// At every call the machine loses its power: what was synced is all there is.
func TestAPowerCutAtEveryCall(t *testing.T) {
	base := newWorld(t, fixture.Options{})
	reference := newReference(t, base)
	everyCall(t, base, "", func(w *world, n int64) bool {
		var once sync.Once
		var fired atomic.Bool
		crashed := &world{lib: w.lib, dest: w.dest + " after", state: w.state + " after", workers: 1, only: w.only}
		w.wrap = func(next safefile.FS) safefile.FS {
			disk, err := faultfs.NewDisk(next, w.dest)
			if err != nil {
				t.Fatal(err)
			}
			return &faultfs.FS{FS: disk, Rule: func(at int64, _ faultfs.Op, _ string) faultfs.Fault {
				if at < n {
					return faultfs.Fault{}
				}
				once.Do(func() {
					fired.Store(true)
					if err := errors.Join(disk.Crash(crashed.dest), os.CopyFS(crashed.state, os.DirFS(w.state))); err != nil {
						t.Error(err)
					}
				})
				return faultfs.Fault{Err: syscall.EIO}
			}}
		}
		w.runUnwatched(t, context.Background())
		w.wrap = nil
		if fired.Load() {
			if err := os.Rename(w.dest, w.dest+" before"); err != nil { // two with one id would be refused
				t.Fatal(err)
			}
			*w = *crashed
			w.noHalfFiles(t)
			w.claimsNothing(t)
		}
		return fired.Load()
	}, reference)
}

// few are the assets that the loops over every call export.
var few = []string{"jpeg", "live", "edited", "raw+jpeg", "altered"}

// newReference exports the few once, undisturbed.
func newReference(t *testing.T, base *world) string {
	t.Helper()
	clean := &world{lib: base.lib, dest: filepath.Join(t.TempDir(), "dest"), state: t.TempDir(), only: few}
	clean.mustRun(t)
	return strings.Join(clean.files(t), "\n")
}

// everyCall runs try for the first call, the second, and so on, until it says
// that nothing happened any more. After each a clean run must reach the same end.
func everyCall(t *testing.T, base *world, op faultfs.Op, try func(w *world, n int64) bool, reference string) {
	step := int64(1)
	if testing.Short() || raceEnabled {
		step = 23
	}
	if op != "" && step > 5 {
		step = 5
	}
	for n := int64(1); ; n += step {
		w := &world{lib: base.lib, dest: filepath.Join(t.TempDir(), "dest"), state: t.TempDir(), workers: 1, only: few}
		fired := try(w, n)
		if s, _ := w.mustRun(t); s.Failed != 0 {
			t.Errorf("afterwards %+v", s)
		}
		if got := strings.Join(w.files(t), "\n"); got != reference {
			t.Errorf("afterwards there are\n%s\nwant\n%s", got, reference)
		}
		if t.Failed() {
			t.Fatalf("at call %d", n)
		}
		if !fired {
			t.Logf("%d calls", n-1)
			return
		}
	}
}

// claimsNothing makes sure that the record has nothing that is not there, whole.
func (w *world) claimsNothing(t *testing.T) {
	t.Helper()
	dir, err := safefile.OpenDir(w.dest)
	if errors.Is(err, fs.ErrNotExist) {
		return
	} else if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	m, err := manifest.Peek(context.Background(), w.state, dir)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	for e, err := range m.All() {
		if err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(filepath.Join(w.dest, e.Path))
		if err != nil || manifest.Sum(blake3.Sum256(data)) != e.Sum {
			t.Errorf("the record claims %s: %d bytes, %v", e.Path, len(data), err)
		}
	}
}

// noHalfFiles makes sure that every final name stands for a whole file of the
// library, or a whole sidecar.
func (w *world) noHalfFiles(t *testing.T) {
	t.Helper()
	whole := map[string]bool{}
	for _, a := range w.lib.Assets {
		for role := range a.Files {
			data, err := os.ReadFile(w.lib.File(a, role))
			if err != nil {
				t.Fatal(err)
			}
			whole[string(data)] = true
		}
	}
	if _, err := os.Stat(w.dest); errors.Is(err, os.ErrNotExist) {
		return
	}
	for _, name := range w.files(t) {
		data, err := os.ReadFile(filepath.Join(w.dest, name))
		if err != nil {
			t.Fatal(err)
		}
		sidecar := strings.HasSuffix(name, ".xmp") && strings.HasSuffix(string(data), "<?xpacket end=\"w\"?>\n")
		if !safefile.IsTemp(name) && !whole[string(data)] && !sidecar {
			t.Errorf("%s stands for %d bytes of nothing whole", name, len(data))
		}
	}
}

// The test binary is its own victim: with this in its environment it exports
// until it is killed.
const victim = "PHOTOGO_TEST_EXPORT"

func init() {
	spec := os.Getenv(victim)
	if spec == "" {
		return
	}
	part := strings.Split(spec, "\n")
	if err := exportOnce(part[0], part[1], part[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func exportOnce(library, dest, state string) error {
	ctx := context.Background()
	lib, err := photosdb.Open(ctx, library, photosdb.Options{TempDir: state})
	if err != nil {
		return err
	}
	defer lib.Close()
	d, err := OpenDestination(ctx, dest, OpenOptions{State: state, Library: library})
	if err != nil {
		return err
	}
	defer d.Close()
	plan, err := NewPlan(lib.Assets(ctx, photosdb.Query{Order: photosdb.ByDate}), d.Record, d.FS, Options{})
	if err != nil {
		return err
	}
	_, err = plan.Run(ctx, Job{Source: lib, Dest: d.FS, Record: d.Record, Now: time.Now()})
	return err
}

func TestKilledAtRandomMoments(t *testing.T) {
	assets := 1500
	if testing.Short() || raceEnabled {
		assets = 300
	}
	w := newWorld(t, fixture.Options{Assets: assets})
	before := treeOf(t, w.lib.Path)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	start := func() *exec.Cmd {
		cmd := exec.Command(self)
		cmd.Env = append(os.Environ(), victim+"="+strings.Join([]string{w.lib.Path, w.dest, w.state}, "\n"))
		cmd.Stderr = os.Stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		return cmd
	}
	// How long it takes undisturbed says between what moments to kill.
	began := time.Now()
	if err := start().Wait(); err != nil {
		t.Fatal(err)
	}
	whole := time.Since(began)
	killed := 0
	for try := range 20 {
		if try%5 == 0 { // from nothing again; in between the next goes on where the last was killed
			if err := os.RemoveAll(w.dest); err != nil {
				t.Fatal(err)
			}
		}
		cmd := start()
		time.Sleep(time.Duration(rand.Int64N(int64(whole))))
		cmd.Process.Kill()
		if cmd.Wait() != nil {
			killed++
		}
		w.noHalfFiles(t)
	}
	t.Logf("%d of 20 were killed before they were done, %v undisturbed", killed, whole)
	s, _ := w.mustRun(t)
	if s.Failed != 0 {
		t.Errorf("%+v", s)
	}
	list, err := os.ReadDir(w.state)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		if strings.HasPrefix(e.Name(), "photogo-snapshot-") {
			t.Errorf("snapshot %s was left", e.Name())
		}
	}
	sameTree(t, before, treeOf(t, w.lib.Path))
}
