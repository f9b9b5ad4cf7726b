package export

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/photogo/photogo/internal/fixture"
	"github.com/photogo/photogo/internal/safefile"
	"github.com/photogo/photogo/photosdb"
)

var errInjected = errors.New("injected")

// Every call that changes the destination fails once, in turn: the failure is
// told, the rest is exported, nothing half-written stays, and a clean run makes
// up for it.
func TestEveryCallFailsOnce(t *testing.T) {
	everyCall(t, func(n int64) func(op, name string) error {
		var count atomic.Int64
		return func(op, name string) error {
			if count.Add(1) == n {
				return errInjected
			}
			return nil
		}
	}, func(t *testing.T, w *world, fired bool, s Summary, events []Event, err error) {
		if fired && err == nil && s.Failed == 0 {
			t.Errorf("a failure was not told: %+v", s)
		}
		// Where the run came to its end, all holds together at once.
		if err == nil {
			w.check(t)
		}
	})
}

// From each call on the destination is dead: no name stands for half a file,
// and the next run finishes the work.
func TestTheDestinationDiesAtEveryCall(t *testing.T) {
	everyCall(t, func(n int64) func(op, name string) error {
		var count atomic.Int64
		return func(op, name string) error {
			if count.Add(1) >= n {
				return errInjected
			}
			return nil
		}
	}, func(t *testing.T, w *world, fired bool, s Summary, events []Event, err error) {
		if fired && err == nil && s.Failed == 0 {
			t.Errorf("a dead destination was not told: %+v", s)
		}
		w.noHalfFiles(t)
	})
}

func everyCall(t *testing.T, injector func(n int64) func(op, name string) error,
	judge func(t *testing.T, w *world, fired bool, s Summary, events []Event, err error)) {
	step := int64(1)
	if testing.Short() || raceEnabled {
		step = 11
	}
	base := newWorld(t, fixture.Options{})
	few := []string{"jpeg", "live", "edited", "raw+jpeg", "altered"}
	reference := ""
	for n := int64(1); ; n += step {
		w := &world{lib: base.lib, dest: filepath.Join(t.TempDir(), "dest"), state: t.TempDir(), workers: 1}
		w.opt.Query.Since = time.Time{}
		var fired atomic.Bool // names are given by several hands
		inject := injector(n)
		w.wrap = func(next safefile.FS) safefile.FS {
			return hooks{next, func(op, name string) error {
				err := inject(op, name)
				if err != nil {
					fired.Store(true)
				}
				return err
			}}
		}
		w.only = few
		s, events, err := w.runUnwatched(t, context.Background())
		judge(t, w, fired.Load(), s, events, err)
		w.wrap = nil
		if s, _ := w.mustRun(t); s.Failed != 0 {
			t.Errorf("call %d: afterwards %+v", n, s)
		}
		got := strings.Join(w.files(t), "\n")
		if reference == "" {
			clean := &world{lib: base.lib, dest: filepath.Join(t.TempDir(), "dest"), state: t.TempDir(), only: few}
			clean.mustRun(t)
			reference = strings.Join(clean.files(t), "\n")
		}
		if got != reference {
			t.Errorf("call %d: afterwards there are\n%s\nwant\n%s", n, got, reference)
		}
		if t.Failed() {
			t.Fatalf("at call %d", n)
		}
		if !fired.Load() {
			t.Logf("%d calls", n-1)
			return
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
