package export

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/photogo/photogo/internal/fixture"
	"github.com/photogo/photogo/photosdb"
)

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

// victim is a process that exports this world.
func (w *world) victim(t *testing.T) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(self)
	c.Env = append(os.Environ(), victim+"="+strings.Join([]string{w.lib.Path, w.dest, w.state}, "\n"))
	c.Stderr = os.Stderr
	return c
}

// A process is killed at 200 moments, spread over the time that an export takes.
// Every other one is killed again while it recovers. Whatever was cut off, the
// next run makes whole.
func TestKilledAtRandomMoments(t *testing.T) {
	moments := 200
	if testing.Short() || raceEnabled {
		moments = 20
	}
	w := newWorld(t, fixture.Options{}).watch(t)
	// How long it takes undisturbed says between what moments to kill.
	var whole time.Duration
	for range 3 {
		began := time.Now()
		if err := w.victim(t).Run(); err != nil {
			t.Fatal(err)
		}
		whole = max(whole, time.Since(began))
		w.reset(t)
	}
	const seed = 20
	random := rand.New(rand.NewPCG(seed, seed))
	killed, early := 0, 0
	for n := range moments {
		// One moment in each of as many equal parts of the time, in an order of
		// which both halves see early and late ones.
		part := float64(n/2)/float64(moments) + float64(n%2)/2
		after := time.Duration((part + random.Float64()/float64(moments)) * float64(whole))
		c := w.victim(t)
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(after)
		c.Process.Kill()
		if c.Wait() != nil {
			killed++
		}
		if _, err := os.Stat(w.dest); err != nil {
			early++
		}
		w.noHalfFiles(t)
		w.claimsNothing(t)
		w.untouched(t)
		if n%2 == 1 {
			w.finish(t)
			w.noSnapshots(t)
			w.reset(t)
		}
		if t.Failed() {
			t.Fatalf("at moment %d of %d, after %v of %v, seed %d", n+1, moments, after, whole, seed)
		}
	}
	t.Logf("%d of %d were killed before they were done, %d before they made the destination; %v undisturbed", killed, moments, early, whole)
	if killed < moments/4 {
		t.Errorf("only %d of %d were killed before they were done: this shows nothing", killed, moments)
	}
}

// reset begins from nothing.
func (w *world) reset(t *testing.T) {
	t.Helper()
	for _, dir := range []string{w.dest, w.state} {
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
	}
}

// noSnapshots makes sure that no private copy of a database is left.
func (w *world) noSnapshots(t *testing.T) {
	t.Helper()
	list, err := os.ReadDir(w.state)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		if strings.HasPrefix(e.Name(), "photogo-snapshot-") {
			t.Errorf("snapshot %s was left", e.Name())
		}
	}
}
