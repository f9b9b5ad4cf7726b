package export

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
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
	"is over the quota":        {fault: faultfs.Fault{Err: syscall.EDQUOT}, forever: true},
	"is the last that is done": {fault: faultfs.Fault{Err: syscall.EIO}, forever: true},
	"fills the disk":           {fault: faultfs.Fault{Err: syscall.ENOSPC}, forever: true},
	"writes half":              {fault: faultfs.Fault{Err: syscall.ENOSPC, Short: true}, op: faultfs.Write},
}

// Every call to the destination goes wrong in every way, in turn: the failure is
// told, the rest is exported where that is possible, no name stands for half a
// file, the record claims nothing that is not there, and a clean run makes up
// for it.
func TestEveryCallGoesWrong(t *testing.T) {
	var wrong tally
	all := scenarios(t)[:2]          // a file that an adoption cannot read stays a stranger's
	t.Run("in", func(t *testing.T) { // waits for those that run side by side
		for _, s := range all {
			reference := s.reference(t)
			for name, c := range faults {
				t.Run(s.name+" "+name, func(t *testing.T) {
					t.Parallel()
					s.everyCall(t, c.op, reference, func(t *testing.T, w *world, n int64) bool {
						return goesWrong(t, w, n, c.op, c.fault, c.forever, &wrong)
					})
				})
			}
		}
	})
	wrong.all(t)
}

// goesWrong lets call n of a kind fail, and all after it if it is to be for ever,
// and reports whether there was one.
func goesWrong(t *testing.T, w *world, n int64, kind faultfs.Op, fault faultfs.Fault, forever bool, wrong *tally) bool {
	var fired, left atomic.Bool
	var calls undone
	count := atomic.Int64{}
	w.wrap = func(next safefile.FS) safefile.FS {
		return &faultfs.FS{FS: next, Rule: func(_ int64, op faultfs.Op, path string) faultfs.Fault {
			if kind != "" && op != kind {
				return faultfs.Fault{}
			}
			leaves := calls.leaves(op, path)
			at := count.Add(1)
			if at != n && !(forever && at > n) {
				return faultfs.Fault{}
			}
			if at == n {
				wrong.add(op)
			}
			fired.Store(true)
			if leaves {
				left.Store(true)
			}
			return fault
		}}
	}
	s, _, err := w.runUnwatched(t, t.Context())
	w.wrap = nil
	if left.Load() && err == nil && s.Failed == 0 {
		t.Errorf("a failure was not told: %+v", s)
	}
	w.noHalfFiles(t)
	w.claimsNothing(t)
	if err == nil && s.Failed == 0 {
		w.check(t)
	}
	return fired.Load()
}

// A disk that says that it wrote, and wrote something else, is found out by the
// verification, and mended.
func TestEveryWriteIsGarbage(t *testing.T) {
	s := scenarios(t)[0]
	s.everyCall(t, faultfs.Write, s.reference(t), func(t *testing.T, w *world, n int64) bool {
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
		if _, _, err := w.runUnwatched(t, t.Context()); err != nil {
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
	})
}

// At every call the machine loses its power: what was synced is all there is.
func TestAPowerCutAtEveryCall(t *testing.T) {
	all := scenarios(t)
	t.Run("in", func(t *testing.T) {
		for _, s := range all {
			reference := s.reference(t)
			t.Run(s.name, func(t *testing.T) {
				t.Parallel()
				s.everyCall(t, "", reference, powerCut)
			})
		}
	})
}

// powerCut ends everything at call n, and leaves in w what the disk would hold.
func powerCut(t *testing.T, w *world, n int64) bool {
	var once sync.Once
	var fired atomic.Bool
	crashed := *w
	crashed.dest, crashed.state = w.dest+" after", w.state+" after"
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
	w.runUnwatched(t, t.Context())
	w.wrap = nil
	if fired.Load() {
		if err := os.Rename(w.dest, w.dest+" before"); err != nil { // two with one id would be refused
			t.Fatal(err)
		}
		*w = crashed
		w.noHalfFiles(t)
		w.claimsNothing(t)
	}
	return fired.Load()
}

// claimsNothing makes sure that the record has nothing that is not there, whole:
// under its name, or under the one that the record says it is about to get.
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
	next := map[manifest.Sum][]string{}
	intended, err := m.Intended()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range intended {
		next[e.Sum] = append(next[e.Sum], e.Path)
	}
	aside, err := m.Quarantined(time.Now().AddDate(100, 0, 0))
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range aside {
		next[a.Sum] = append(next[a.Sum], a.Path)
	}
	holds := func(name string, sum manifest.Sum) bool {
		data, err := os.ReadFile(filepath.Join(w.dest, name))
		return err == nil && manifest.Sum(blake3.Sum256(data)) == sum
	}
	for e, err := range m.All() {
		if err != nil {
			t.Fatal(err)
		}
		if holds(e.Path, e.Sum) || slices.ContainsFunc(next[e.Sum], func(name string) bool { return holds(name, e.Sum) }) {
			continue
		}
		data, err := os.ReadFile(filepath.Join(w.dest, e.Path))
		if slices.Contains(w.byHand, e.Path) && (errors.Is(err, fs.ErrNotExist) || string(data) == byHand) {
			continue
		}
		t.Errorf("the record claims %s: %d bytes, %v", e.Path, len(data), err)
	}
}

// byHand is what a person made of a file that photogo placed.
const byHand = "mine"

// noHalfFiles makes sure that every final name stands for a whole file of the
// library, or a whole sidecar.
func (w *world) noHalfFiles(t *testing.T) {
	t.Helper()
	whole := map[string]bool{}
	for _, lib := range []*fixture.Library{w.lib, w.older} {
		if lib == nil {
			continue
		}
		for _, a := range lib.Assets {
			for role := range a.Files {
				data, err := os.ReadFile(lib.File(a, role))
				if err != nil {
					t.Fatal(err)
				}
				whole[string(data)] = true
			}
			for _, data := range a.Cloud {
				whole[string(data)] = true
			}
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
		sidecar := strings.HasSuffix(name, ".xmp") && strings.HasSuffix(string(data), "<?xpacket end=\"w\"?>\n") ||
			strings.HasSuffix(name, ".json") && json.Valid(data)
		if !safefile.IsTemp(name) && !whole[string(data)] && !sidecar && string(data) != byHand {
			t.Errorf("%s stands for %d bytes of nothing whole", name, len(data))
		}
	}
}
