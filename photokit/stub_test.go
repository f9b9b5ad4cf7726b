package photokit

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/photogo/photogo/fingerprint"
)

// stub is a library that the helper sees when it is built on the stub of
// PhotoKit; see helper/Stub/Photos/Script.swift.
type stub struct {
	dir    string
	script map[string]any
	assets map[string]any
	want   map[string]Want
}

// helperProgram is the helper that `make helper-test` built on the stub.
func helperProgram(t *testing.T) string {
	t.Helper()
	program := os.Getenv("PHOTOGO_STUB_HELPER")
	if program == "" {
		t.Skip("the helper is not built: make helper-test does it")
	}
	return program
}

func newStub(t *testing.T) *stub {
	t.Helper()
	s := &stub{dir: t.TempDir(), assets: map[string]any{}, want: map[string]Want{}}
	s.script = map[string]any{"assets": s.assets}
	for _, dir := range []string{"tries", "files"} {
		if err := os.Mkdir(filepath.Join(s.dir, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(s.dir, "files/proxy"), []byte("\xff\xd8\xffa smaller picture\xff\xd9"), 0o644); err != nil {
		t.Fatal(err)
	}
	return s
}

type act map[string]any

func refuse(domain string, code int) act {
	return act{"error": []any{map[string]any{"domain": domain, "code": code}}}
}

// add gives the library a photo of so many bytes; at most one of acts, which are
// played one after the other, and always is given.
func (s *stub) add(t *testing.T, asset string, size int, acts []act, always act) {
	t.Helper()
	b := make([]byte, size)
	random := rand.NewChaCha8([32]byte([]byte(fmt.Sprintf("%-32.32s", asset))))
	random.Read(b)
	copy(b, "\xff\xd8\xff")
	if err := os.WriteFile(filepath.Join(s.dir, "files", asset), b, 0o644); err != nil {
		t.Fatal(err)
	}
	h := fingerprint.New()
	h.Write(b)
	s.want[asset] = Want{Fingerprint: h.Text(), Size: int64(size), UTI: "public.jpeg"}
	resource := map[string]any{"type": 1, "uti": "public.jpeg", "name": asset + ".JPG", "file": "files/" + asset}
	if acts != nil {
		resource["acts"] = acts
	}
	if always != nil {
		resource["always"] = always
	}
	s.assets[asset] = map[string]any{"resources": []any{resource}}
}

func (s *stub) client(t *testing.T, change func(*Options)) *Client {
	t.Helper()
	b, err := json.Marshal(s.script)
	if err == nil {
		err = os.WriteFile(filepath.Join(s.dir, "script.json"), b, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	opt := Options{
		Command: []string{helperProgram(t)}, Env: []string{"PHOTOGO_STUB=" + s.dir}, Dir: t.TempDir(),
		Reserve: Reserve{Bytes: -1}, Jobs: 4, Stall: time.Second, Grace: time.Second,
		Pause: 5 * time.Millisecond, PauseMax: 50 * time.Millisecond,
	}
	if change != nil {
		change(&opt)
	}
	c, err := New(opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		if left, _ := os.ReadDir(opt.Dir); len(left) != 0 {
			t.Errorf("%d files were left, %s first", len(left), left[0].Name())
		}
	})
	return c
}

// tries is how often PhotoKit was asked for the photo of an asset.
func (s *stub) tries(asset string) int {
	info, err := os.Stat(filepath.Join(s.dir, "tries", asset+"-1"))
	if err != nil {
		return 0
	}
	return int(info.Size())
}

// fetchAll fetches all assets with several goroutines; look is called now and
// then meanwhile.
func (s *stub) fetchAll(t *testing.T, c *Client, look func()) map[string]error {
	t.Helper()
	todo := make(chan string)
	errs := map[string]error{}
	var mu sync.Mutex
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for asset := range todo {
				got, err := c.Fetch(t.Context(), Request{Asset: asset, Types: []ResourceType{Photo}, Want: s.want[asset]})
				if err == nil {
					h := fingerprint.New()
					if _, e := got.WriteTo(h); e != nil || h.Text() != s.want[asset].Fingerprint || got.Proof != ProofFingerprint {
						t.Errorf("%s: it was returned as the original, and is not: %v", asset, e)
					}
					got.Close()
				}
				mu.Lock()
				errs[asset] = err
				mu.Unlock()
			}
		})
	}
	n := 0
	for asset := range s.want {
		if n++; n%50 == 0 && look != nil {
			look()
		}
		todo <- asset
	}
	close(todo)
	all.Wait()
	return errs
}

// peak is the most memory that a helper of this process ever had, in bytes.
func peak(t *testing.T) (most int64) {
	lists, _ := filepath.Glob("/proc/self/task/*/children")
	for _, list := range lists {
		children, _ := os.ReadFile(list)
		for _, pid := range strings.Fields(string(children)) {
			status, _ := os.ReadFile("/proc/" + pid + "/status")
			var kib int64
			if _, line, ok := strings.Cut(string(status), "VmHWM:"); ok {
				fmt.Sscan(line, &kib)
			}
			most = max(most, kib<<10)
		}
	}
	return most
}

// The real client drives the real helper: 2,000 originals that are only in
// iCloud, with every fault there is. Whatever can come comes, and is proven;
// what cannot is listed with its reason; and no proxy passes.
func TestStubOfTwoThousand(t *testing.T) {
	helperProgram(t)
	s := newStub(t)
	random := rand.New(rand.NewPCG(7, 11))
	never := map[string]error{}
	once := []act{
		refuse("PHPhotosErrorDomain", -1), refuse("PHPhotosErrorDomain", 3301), refuse("NSCocoaErrorDomain", -1),
		refuse("CloudPhotoLibraryErrorDomain", 1005), refuse("SomethingNewDomain", 42),
		{"error": []any{map[string]any{"domain": "PHPhotosErrorDomain", "code": -1}}, "part": 500},
	}
	const count = 2000
	for i := range count {
		asset := fmt.Sprintf("%08X-0000-4000-8000-00000000%04X", i*2654435761%(1<<32), i)
		size := 1000 + random.IntN(20_000)
		var acts []act
		var always act
		switch {
		case i == 0 || i == 1:
			size = 100 << 20
		case i < 12:
			always, never[asset] = act{"file": "files/proxy"}, ErrNotOriginal
		case i < 17:
			always, never[asset] = act{"cut": 900}, ErrNotOriginal
		case i < 27:
			always, never[asset] = refuse("PHPhotosErrorDomain", 3303), ErrMissing
		case i < 30:
			always, never[asset] = refuse("PHPhotosErrorDomain", -1), ErrFailed
		case i < 31:
			always, never[asset] = act{"crash": true}, errDied
		case i < 32:
			always, never[asset] = act{"hang": true, "part": 100}, ErrStalled
		case i < 40:
			acts = []act{{"crash": true}}
		case i < 44:
			acts = []act{{"hang": true, "part": 100}}
		case i < 47:
			acts = []act{{"hang": true, "deaf": true}}
		case i < 60:
			acts = []act{{"file": "files/proxy"}}
		case i < 70:
			acts = []act{{"cut": 900}}
		case i < 90:
			acts = []act{{"sync": true, "late": true}}
		case i < 110:
			acts = []act{{"late": true, "chunk": 100}}
		case i < 120:
			acts = []act{{"print": "a warning that some library prints"}}
		case i < 121:
			acts = []act{{"print": strings.Repeat("x", 1000), "times": 500}}
		case i < 125:
			acts = []act{{"chunk": 500, "pause": 0.01}}
		case i < 130:
			acts = []act{refuse("NSURLErrorDomain", -1009)}
		case random.IntN(10) < 3:
			acts = []act{once[random.IntN(len(once))], once[random.IntN(len(once))]}
		}
		s.add(t, asset, size, acts, always)
	}
	parking := NewParking()
	c := s.client(t, func(o *Options) { o.Recycle, o.Parking = 400, parking })
	if err := c.Ready(t.Context(), "none", "00000000-0000-4000-8000-000000000000"); err != nil {
		t.Fatal(err)
	}
	var helper int64
	var heap uint64
	runtime.GC() // what the test itself needed for the files
	began := time.Now()
	errs := s.fetchAll(t, c, func() {
		helper = max(helper, peak(t))
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		heap = max(heap, m.HeapAlloc)
	})
	asked := 0
	for asset, err := range errs {
		asked += s.tries(asset)
		if should := never[asset]; should != nil {
			if !errors.Is(err, should) {
				t.Errorf("%s: %v", asset, err)
			}
		} else if err != nil {
			t.Errorf("%s: %v", asset, err)
		}
	}
	if len(errs) != count || c.Stats().Files != count-len(never) {
		t.Errorf("%d of %d, %+v", len(errs), count, c.Stats())
	}
	if got := parking.List(); len(got) != len(never) {
		t.Errorf("%d are parked, %d should be", len(got), len(never))
	}
	// Two in three are asked for once, three in ten three times; what the
	// crashes of others took with it is little.
	if asked > count*17/10 {
		t.Errorf("PhotoKit was asked %d times", asked)
	}
	if helper > 200<<20 || heap > 50<<20 {
		t.Errorf("the helper took %d MiB, the client's heap %d MiB", helper>>20, heap>>20)
	}
	t.Logf("%d files, %d MiB, PhotoKit asked %d times, %d helpers, %v; helper at most %d MiB, heap %d MiB",
		c.Stats().Files, c.Stats().Bytes>>20, asked, c.Stats().Starts, time.Since(began).Round(time.Millisecond), helper>>20, heap>>20)
}

// How fast it is when nothing is wrong; only told.
func TestStubThatAnswersAtOnce(t *testing.T) {
	helperProgram(t)
	s := newStub(t)
	for i := range 2000 {
		s.add(t, fmt.Sprintf("ASSET-%04d", i), 10_000, nil, nil)
	}
	c := s.client(t, nil)
	began := time.Now()
	for asset, err := range s.fetchAll(t, c, nil) {
		if err != nil || s.tries(asset) != 1 {
			t.Errorf("%s: %v after %d requests", asset, err, s.tries(asset))
		}
	}
	t.Logf("2,000 files in %v", time.Since(began).Round(time.Millisecond))
}

// Revoked in the middle: the run ends, and what came until then is good.
func TestStubRevoked(t *testing.T) {
	helperProgram(t)
	s := newStub(t)
	for i := range 200 {
		var acts []act
		if i == 100 {
			acts = []act{{"revoke": true}}
		}
		s.add(t, fmt.Sprintf("ASSET-%04d", i), 1000, acts, nil)
	}
	c := s.client(t, nil)
	failed := 0
	for asset, err := range s.fetchAll(t, c, nil) {
		if err != nil {
			failed++
			if !errors.Is(err, ErrDenied) {
				t.Errorf("%s: %v", asset, err)
			}
		}
	}
	if failed == 0 || !errors.Is(c.Stopped(), ErrDenied) {
		t.Errorf("%d failed; stopped: %v", failed, c.Stopped())
	}
}

func TestStubPermissions(t *testing.T) {
	helperProgram(t)
	for status, kind := range map[int]error{0: ErrDenied, 1: ErrDenied, 2: ErrDenied, 3: nil, 4: ErrDenied} {
		s := newStub(t)
		s.add(t, "A", 1000, nil, nil)
		s.script["authorization"] = status
		c := s.client(t, nil)
		if err := c.Ready(t.Context(), "A"); !errors.Is(err, kind) {
			t.Errorf("status %d: %v", status, err)
		}
		_, err := c.Fetch(t.Context(), Request{Asset: "A", Types: []ResourceType{Photo}, Want: s.want["A"]})
		if !errors.Is(err, kind) {
			t.Errorf("status %d: %v", status, err)
		}
	}
	for consent, kind := range map[int]error{2: ErrDenied, 3: nil} {
		s := newStub(t)
		s.add(t, "A", 1000, nil, nil)
		s.script["authorization"], s.script["consent"] = 0, consent
		c := s.client(t, func(o *Options) { o.Ask = true })
		if err := c.Ready(t.Context(), "A"); !errors.Is(err, kind) {
			t.Errorf("asked, the user says %d: %v", consent, err)
		}
		got, err := c.Fetch(t.Context(), Request{Asset: "A", Types: []ResourceType{Photo}, Want: s.want["A"]})
		if !errors.Is(err, kind) {
			t.Errorf("asked, the user says %d: %v", consent, err)
		}
		if err == nil {
			got.Close()
		}
	}
	s := newStub(t)
	s.add(t, "A", 1000, nil, nil)
	s.script["unavailable"] = map[string]any{"domain": "PHPhotosErrorDomain", "code": 3114}
	if err := s.client(t, nil).Ready(t.Context(), "A"); !errors.Is(err, ErrLibrary) {
		t.Error(err)
	}
	if err := newStub(t).client(t, nil).Ready(t.Context(), "A"); !errors.Is(err, ErrLibrary) {
		t.Error(err)
	}
}

// The disk is full: the run ends, and says so.
func TestStubDiskFull(t *testing.T) {
	helperProgram(t)
	s := newStub(t)
	s.add(t, "A", 1000, nil, refuse("PHPhotosErrorDomain", 3305))
	c := s.client(t, nil)
	for range 2 {
		if _, err := c.Fetch(t.Context(), Request{Asset: "A", Types: []ResourceType{Photo}, Want: s.want["A"]}); !errors.Is(err, ErrFull) {
			t.Error(err)
		}
	}
	if s.tries("A") != 1 {
		t.Errorf("%d requests", s.tries("A"))
	}
}
