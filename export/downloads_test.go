package export

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/photogo/photogo/internal/fixture"
	"github.com/photogo/photogo/internal/fixture/icloud"
	"github.com/photogo/photogo/manifest"
	"github.com/photogo/photogo/photokit"
	"github.com/photogo/photogo/photosdb"
)

// helpers are the programs that serve a cloud: one in Go, and the real one on the
// stub of PhotoKit, where `make helper-test` has built it.
func helpers(t *testing.T) map[string]string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{"go": self}
	if real := os.Getenv("PHOTOGO_STUB_HELPER"); real != "" {
		all["swift"] = real
	}
	return all
}

// serve lets a world fetch what its library has in iCloud through a helper.
func serve(t *testing.T, w *world, helper string, acts func(a fixture.Asset, role string) icloud.Acts) (*icloud.Cloud, *DownloadOptions) {
	t.Helper()
	c, err := icloud.New(t.TempDir())
	if err == nil {
		err = c.AddLibrary(w.lib, acts)
	}
	if err == nil {
		err = c.Save()
	}
	if err != nil {
		t.Fatal(err)
	}
	program, err := c.Program(helper)
	if err != nil {
		t.Fatal(err)
	}
	opt := &DownloadOptions{Helper: program, State: w.state, Library: w.lib.Path, Photos: photokit.Options{
		Jobs: 4, Stall: time.Second, Grace: time.Second, Pause: 2 * time.Millisecond, PauseMax: 20 * time.Millisecond,
		Reserve: photokit.Reserve{Bytes: -1},
	}}
	w.download = func(d *Destination) *Downloads { return NewDownloads(d, *opt) }
	return c, opt
}

// nothingLeft makes sure that neither a half file nor a folder for incoming ones is left.
func (w *world) nothingLeft(t *testing.T) {
	t.Helper()
	w.check(t)
	if _, err := os.Stat(filepath.Join(w.dest, filepath.FromSlash(IncomingFolder))); err == nil {
		t.Error("the folder for incoming files was left")
	}
}

// The end-to-end test: 2,000 originals that are only in iCloud, with every fault there
// is, through the whole export. All that can come is placed and proven, what cannot is
// listed with its reason, and no proxy is exported.
func TestTwoThousandFromICloud(t *testing.T) {
	count := 2000
	if testing.Short() || raceEnabled {
		count = 200
	}
	for name, helper := range helpers(t) {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, fixture.Options{Away: true, Assets: count, InCloud: count})
			random := rand.New(rand.NewPCG(3, 5))
			flaky := []icloud.Act{icloud.Refuse("PHPhotosErrorDomain", -1), icloud.Refuse("PHPhotosErrorDomain", 3301), icloud.Refuse("SomethingNewDomain", 42)}
			never := map[string]error{}
			i := 0
			acts := func(a fixture.Asset, role string) icloud.Acts {
				if !strings.HasPrefix(a.Case, "plain-") {
					return icloud.Acts{}
				}
				i++
				lost := func(why error, act icloud.Act) icloud.Acts { never[a.Case] = why; return icloud.Always(act) }
				switch {
				case i <= 6:
					return lost(photokit.ErrNotOriginal, icloud.Act{"file": "files/proxy"})
				case i <= 9:
					return lost(photokit.ErrNotOriginal, icloud.Act{"cut": 90})
				case i <= 14:
					return lost(photokit.ErrMissing, icloud.Refuse("PHPhotosErrorDomain", 3303))
				case i <= 16:
					return lost(photokit.ErrFailed, icloud.Refuse("PHPhotosErrorDomain", -1))
				case i <= 17:
					return lost(nil, icloud.Act{"crash": true})
				case i <= 18:
					return lost(photokit.ErrStalled, icloud.Act{"hang": true, "part": 50})
				case i <= 21:
					return icloud.Once(icloud.Act{"crash": true})
				case i <= 23:
					return icloud.Once(icloud.Act{"hang": true, "part": 50})
				case i <= 24:
					return icloud.Once(icloud.Act{"hang": true, "deaf": true})
				case i <= 30:
					return icloud.Once(icloud.Act{"file": "files/proxy"})
				case i <= 34:
					return icloud.Once(icloud.Act{"cut": 90})
				case i <= 38:
					return icloud.Once(icloud.Act{"print": "a warning that some library prints"})
				case i <= 39:
					return icloud.Once(icloud.Act{"print": strings.Repeat("x", 1000), "times": 500})
				case i <= 42:
					return icloud.Once(icloud.Refuse("NSURLErrorDomain", -1009))
				case random.IntN(10) < 3:
					return icloud.Once(flaky[random.IntN(len(flaky))], flaky[random.IntN(len(flaky))])
				}
				return icloud.Acts{}
			}
			c, opt := serve(t, w, helper, acts)
			opt.Photos.Recycle = 400
			files, _ := inCloud(w)
			runtime.GC()
			var heap, peak uint64
			n := 0
			w.watched = func(Event) {
				if n++; n%200 == 0 {
					var m runtime.MemStats
					runtime.ReadMemStats(&m)
					heap, peak = max(heap, m.HeapAlloc), max(peak, peakOfChildren())
				}
			}
			began := time.Now()
			s, events, err := w.run(t)
			if err != nil || w.why != nil {
				t.Fatal(err, w.why)
			}
			took := time.Since(began)
			w.nothingLeft(t)
			asked := 0
			for _, a := range w.lib.Assets {
				for role, data := range a.Cloud {
					asked += c.Tries(a, role)
					e := mustOf(t, events, a, photosdb.Role(role))
					why, lost := never[a.Case]
					if lost {
						if e.Outcome != Absent || e.Fetch != Parked || why != nil && !errors.Is(e.Err, why) || e.Err == nil {
							t.Errorf("%s of %s: %s %s, %v", role, a.Case, e.Outcome, e.Fetch, e.Err)
						}
						continue
					}
					if e.Outcome != Placed || e.Fetch != Fetched {
						t.Errorf("%s of %s: %s, %v", role, a.Case, e.Outcome, e.Err)
						continue
					}
					if role == "original" && e.Entry.Proof != manifest.ProofFingerprint || e.Entry.Size != int64(len(data)) {
						t.Errorf("%s of %s: proof %q", role, a.Case, e.Entry.Proof)
					}
				}
			}
			if s.Fetched != files-len(never) || s.Parked != len(never) || s.Failed != 0 {
				t.Errorf("%d files, %d never come: %+v", files, len(never), s)
			}
			if !testing.Short() && asked > files*18/10 {
				t.Errorf("Photos was asked %d times for %d files", asked, files)
			}
			if heap > 100<<20 || peak > 200<<20 {
				t.Errorf("the heap grew to %d MiB, the helper to %d MiB", heap>>20, peak>>20)
			}
			t.Logf("%d of %d fetched, Photos asked %d times, %v, heap at most %d MiB, helper %d MiB", s.Fetched, files, asked, took.Round(time.Millisecond), heap>>20, peak>>20)

			// The next run asks for nothing: what is there is there, and the rest is parked.
			s, events, err = w.run(t)
			if err != nil || s.Fetched != 0 || s.Parked != len(never) {
				t.Errorf("the second run: %+v, %v", s, err)
			}
			again := 0
			for _, a := range w.lib.Assets {
				for role := range a.Cloud {
					again += c.Tries(a, role)
				}
			}
			if again != asked {
				t.Errorf("the second run asked %d times", again-asked)
			}
			for _, e := range events {
				if e.Fetch == Parked && !errors.Is(e.Err, photokit.ErrParked) {
					t.Errorf("%v", e.Err)
				}
			}
		})
	}
}

// peakOfChildren is the most memory that a child of this process ever had, in bytes; 0
// where the system does not tell.
func peakOfChildren() (most uint64) {
	lists, _ := filepath.Glob("/proc/self/task/*/children")
	for _, list := range lists {
		children, _ := os.ReadFile(list)
		for _, pid := range strings.Fields(string(children)) {
			status, _ := os.ReadFile("/proc/" + pid + "/status")
			var kib uint64
			if _, line, ok := strings.Cut(string(status), "VmHWM:"); ok {
				fmt.Sscan(line, &kib)
			}
			most = max(most, kib<<10)
		}
	}
	return most
}

// Bad days: whatever becomes of helper and iCloud, the run ends, all that is at hand is
// copied, and what is missing is told with the reason.
func TestBadDays(t *testing.T) {
	const count = 40
	for name, day := range map[string]struct {
		misbehaviour  string
		authorization int // 0: as it should be; else one more than PhotoKit's number
		acts          func(i int) icloud.Acts
		change        func(*DownloadOptions)
		foreign       bool // Photos serves another library
		why           error
		some          bool // comes all the same
		goOnly        bool
		state         FetchState
	}{
		"no helper":       {change: func(o *DownloadOptions) { o.Helper = "/nonexistent/photogo-helper" }, why: photokit.ErrNoHelper},
		"another version": {misbehaviour: "version", why: photokit.ErrVersion, goOnly: true},
		"dies at once":    {misbehaviour: "dies", why: photokit.ErrHelper, goOnly: true},
		"floods":          {misbehaviour: "flood", why: photokit.ErrHelper, goOnly: true},
		"prints garbage":  {misbehaviour: "garbage", why: photokit.ErrHelper, goOnly: true},
		"denied":          {authorization: 3, why: photokit.ErrDenied},
		"limited":         {authorization: 5, why: photokit.ErrDenied},
		"never asked":     {authorization: 1, why: photokit.ErrDenied},
		"another library": {foreign: true, why: photokit.ErrLibrary},
		"revoked in the middle": {why: photokit.ErrDenied, some: true, acts: func(i int) icloud.Acts {
			if i == count/2 {
				return icloud.Always(icloud.Act{"revoke": true})
			}
			return icloud.Acts{}
		}},
		"the network goes": {why: photokit.ErrOffline, some: true, change: func(o *DownloadOptions) { o.Photos.Patience = 300 * time.Millisecond },
			acts: func(i int) icloud.Acts {
				if i > count/2 {
					return icloud.Always(icloud.Refuse("NSURLErrorDomain", -1009))
				}
				return icloud.Acts{}
			}},
		"not signed in": {why: photokit.ErrAccount, acts: func(int) icloud.Acts { return icloud.Always(icloud.Refuse("CKErrorDomain", 9)) }},
		"the disk is full": {why: photokit.ErrFull, some: true, state: Waiting, acts: func(i int) icloud.Acts {
			if i >= count/2 {
				return icloud.Always(icloud.Refuse("PHPhotosErrorDomain", 3305))
			}
			return icloud.Acts{}
		}},
		"all hang":           {why: photokit.ErrOffline, acts: func(int) icloud.Acts { return icloud.Always(icloud.Act{"hang": true}) }},
		"dies at every file": {why: photokit.ErrHelper, acts: func(int) icloud.Acts { return icloud.Always(icloud.Act{"crash": true}) }},
	} {
		for helper, program := range helpers(t) {
			if day.goOnly && helper != "go" {
				continue
			}
			t.Run(name+"/"+helper, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, fixture.Options{Away: true, Assets: 60, InCloud: count})
				plain, _, err := newWorldOf(t, w).run(t)
				if err != nil {
					t.Fatal(err)
				}
				i := 0
				c, opt := serve(t, w, program, func(a fixture.Asset, _ string) icloud.Acts {
					if day.acts == nil || !strings.HasPrefix(a.Case, "plain-") {
						if name == "all hang" || name == "dies at every file" || name == "not signed in" {
							return day.acts(0)
						}
						return icloud.Acts{}
					}
					i++
					return day.acts(i)
				})
				if day.misbehaviour != "" {
					c.Set("misbehaviour", day.misbehaviour)
				}
				if day.authorization > 0 {
					c.Set("authorization", day.authorization-1)
				}
				if day.foreign {
					if err := c.Forget(); err != nil {
						t.Fatal(err)
					}
				}
				if err := c.Save(); err != nil {
					t.Fatal(err)
				}
				if day.change != nil {
					day.change(opt)
				}
				files, _ := inCloud(w)
				s, events, err := w.run(t)
				if err != nil {
					t.Fatal(err)
				}
				w.nothingLeft(t)
				if !errors.Is(w.why, day.why) {
					t.Errorf("it stopped as %v, want %v", w.why, day.why)
				}
				if s.Placed < plain.Placed || s.Fetched+s.Missing != files+plain.Missing-files || s.Failed != 0 || (s.Fetched > 0) != day.some {
					t.Errorf("plain %+v\nnow %+v", plain, s)
				}
				if s.Parked+s.Waiting+s.Postponed != files-s.Fetched || s.ToCome == 0 {
					t.Errorf("%d files: %+v", files, s)
				}
				for _, a := range w.lib.Assets {
					for role := range a.Cloud {
						if e := mustOf(t, events, a, photosdb.Role(role)); e.Outcome == Absent && (e.Err == nil || NewRow(e).Error == "") {
							t.Errorf("%s of %s is missing without a reason", role, a.Case)
						}
					}
				}

				// On a better day everything comes, and nothing twice.
				had := map[string]bool{}
				for _, e := range events {
					if e.Fetch == Fetched {
						had[fmt.Sprint(e.Item.UUID, e.Item.Role)] = true
					}
				}
				c, opt = serve(t, w, program, nil)
				opt.Photos.TryParked = true
				s, _, err = w.run(t)
				if err != nil || w.why != nil || s.Fetched != files-len(had) {
					t.Errorf("a better day: %+v, %v, %v", s, err, w.why)
				}
				w.nothingLeft(t)
				for _, a := range w.lib.Assets {
					for role := range a.Cloud {
						if had[fmt.Sprint(a.UUID, role)] && c.Tries(a, role) > 0 {
							t.Errorf("%s of %s was fetched once more", role, a.Case)
						}
					}
				}
			})
		}
	}
}

// newWorldOf is another place to export the same library to.
func newWorldOf(t *testing.T, w *world) *world {
	dir := t.TempDir()
	return &world{lib: w.lib, dest: filepath.Join(dir, "dest"), state: filepath.Join(dir, "state")}
}
