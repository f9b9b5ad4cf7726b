package export

import (
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/photogo/photogo/internal/fixture"
	"github.com/photogo/photogo/internal/safefile"
	"github.com/photogo/photogo/internal/safefile/faultfs"
)

// Every call to the destination of a run that fetches fails, once or for ever: no name
// stands for half a file, the record claims nothing that is not there, and a clean run
// makes up for it.
func TestEveryCallOfAFetchGoesWrong(t *testing.T) {
	base := newWorld(t, fixture.Options{Away: true})
	base.workers, base.only = 1, []string{"cloud-only", "away-raw", "away-live"}
	for name, c := range map[string]struct {
		err     error
		forever bool
	}{"fails once": {syscall.EIO, false}, "fills the disk": {syscall.ENOSPC, true}, "dies": {syscall.EIO, true}} {
		t.Run(name, func(t *testing.T) {
			step := int64(1)
			if raceEnabled || testing.Short() {
				step = 11
			}
			for n := int64(1); ; n += step {
				w := newWorldOf(t, base)
				w.workers, w.only = base.workers, base.only
				withCloud(t, w).w = w
				var count atomic.Int64
				var fired atomic.Bool
				w.wrap = func(next safefile.FS) safefile.FS {
					return &faultfs.FS{FS: next, Rule: func(_ int64, _ faultfs.Op, _ string) faultfs.Fault {
						if at := count.Add(1); at == n || c.forever && at > n {
							fired.Store(true)
							return faultfs.Fault{Err: c.err}
						}
						return faultfs.Fault{}
					}}
				}
				w.runUnwatched(t, t.Context())
				w.wrap = nil
				w.noHalfFiles(t)
				w.claimsNothing(t)
				s, events, err := w.runUnwatched(t, t.Context())
				if err != nil || s.Failed+s.Missing > 0 {
					t.Fatalf("call %d: a clean run: %+v, %v", n, s, err)
				}
				for _, e := range events {
					if _, err := os.Stat(filepath.Join(w.dest, e.Item.Path)); err != nil {
						t.Errorf("call %d: %v", n, err)
					}
				}
				w.check(t)
				if t.Failed() {
					t.Fatalf("at call %d", n)
				}
				if !fired.Load() {
					return
				}
			}
		})
	}
}

// What a run that was killed left of its downloads is removed by the next one, also if
// that fetches nothing. Other people's files stay.
func TestWhatAKilledDownloadLeftIsRemoved(t *testing.T) {
	w := newWorld(t, fixture.Options{})
	w.mustRun(t)
	incoming := filepath.Join(w.dest, filepath.FromSlash(IncomingFolder))
	if err := os.Mkdir(incoming, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"incoming-1.photogo", "incoming-2.photogo.part", "mine.jpg"} {
		if err := os.WriteFile(filepath.Join(incoming, name), []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	d, err := OpenDestination(t.Context(), w.dest, OpenOptions{State: w.state})
	if err == nil {
		err = d.Record.SetMeta(metaRunning, "1")
	}
	if err == nil {
		err = d.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	w.mustRun(t)
	left, err := os.ReadDir(incoming)
	if err != nil || len(left) != 1 || left[0].Name() != "mine.jpg" {
		t.Errorf("%v, %v", left, err)
	}
}
