package export

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/photogo/photogo/fingerprint"
	"github.com/photogo/photogo/internal/fixture"
	"github.com/photogo/photogo/internal/safefile"
	"github.com/photogo/photogo/manifest"
	"github.com/photogo/photogo/photokit"
	"github.com/photogo/photogo/photosdb"
)

// cloud fetches what the library's cast has in iCloud. fail may refuse a file.
type cloud struct {
	t    *testing.T
	w    *world
	fail func(a fixture.Asset, req photokit.Request) error

	mu     sync.Mutex
	asked  map[string]int // by asset and first type
	opened int
	probe  []string
	number int
}

// withCloud lets a world fetch.
func withCloud(t *testing.T, w *world) *cloud {
	c := &cloud{t: t, w: w, asked: map[string]int{}}
	w.fetch = &Fetching{Workers: 3, Open: func(_ context.Context, probe []string) (Fetcher, error) {
		c.opened++
		c.probe = probe
		return c, os.MkdirAll(filepath.Join(w.dest, filepath.FromSlash(IncomingFolder)), 0o700)
	}}
	return c
}

// roleOf is the role that a request asks for.
func roleOf(types []photokit.ResourceType) photosdb.Role {
	switch types[0] {
	case photokit.AlternatePhoto:
		return photosdb.RoleRaw
	case photokit.PairedVideo:
		return photosdb.RoleLive
	case photokit.FullSizePhoto, photokit.FullSizeVideo:
		return photosdb.RoleEdited
	case photokit.FullSizePairedVideo:
		return photosdb.RoleEditedLive
	case photokit.AdjustmentData:
		return photosdb.RoleAdjustments
	}
	return photosdb.RoleOriginal
}

func (c *cloud) Fetch(ctx context.Context, req photokit.Request) (*photokit.Fetched, error) {
	i := slices.IndexFunc(c.w.lib.Assets, func(a fixture.Asset) bool { return a.UUID == req.Asset })
	a := c.w.lib.Assets[i]
	c.mu.Lock()
	c.asked[a.Case+" "+string(req.Types[0])]++
	c.number++
	name := filepath.Join(c.w.dest, filepath.FromSlash(IncomingFolder), fmt.Sprintf("incoming-%d.photogo", c.number))
	c.mu.Unlock()
	if c.fail != nil {
		if err := c.fail(a, req); err != nil {
			return nil, err
		}
	}
	data := a.Cloud[string(roleOf(req.Types))]
	if data == nil {
		c.t.Errorf("%v of %s was asked for, and is not in iCloud", req.Types, a.Case)
	}
	req.Progress(int64(len(data)/2), 0.5)
	return c.deliver(name, data, req), nil
}

// deliver writes a file as a client leaves it.
func (c *cloud) deliver(name string, data []byte, req photokit.Request) *photokit.Fetched {
	if err := os.WriteFile(name, data, 0o600); err != nil {
		c.t.Error(err)
	}
	f, err := os.Open(name)
	if err != nil || !req.Keep {
		c.t.Error(err)
	}
	req.Hash.Reset()
	req.Hash.Write(data)
	h := fingerprint.New()
	h.Write(data)
	return &photokit.Fetched{File: f, Path: name, Size: int64(len(data)), Fingerprint: h.Text(), Proof: photokit.ProofFingerprint}
}

// inCloud counts the files that only iCloud has.
func inCloud(w *world) (files int, bytes int64) {
	for _, a := range w.lib.Assets {
		for _, data := range a.Cloud {
			files++
			bytes += int64(len(data))
		}
	}
	return files, bytes
}

// placedFromCloud makes sure that every file of iCloud is there, with its bytes.
func placedFromCloud(t *testing.T, w *world, events []Event) {
	t.Helper()
	for _, a := range w.lib.Assets {
		for role, data := range a.Cloud {
			e := mustOf(t, events, a, photosdb.Role(role))
			got, err := os.ReadFile(filepath.Join(w.dest, e.Item.Path))
			if err != nil || !bytes.Equal(got, data) {
				t.Errorf("%s of %s is %s: %v %v", role, a.Case, e.Outcome, err, e.Err)
				continue
			}
			if proof := e.Entry.Proof; proof != manifest.ProofFingerprint && !((role == "adjustments" || role == "raw") && proof == manifest.ProofSize) {
				t.Errorf("%s of %s: proof %q", role, a.Case, proof)
			}
			info, err := os.Stat(filepath.Join(w.dest, e.Item.Path))
			if err != nil || !info.ModTime().Equal(e.Item.Stamp) || info.Mode().Perm() != 0o644 {
				t.Errorf("%s of %s: %v %v, %v", role, a.Case, info.ModTime(), info.Mode(), err)
			}
		}
	}
}

// All that only iCloud has comes: originals, edits, the movies of Live Photos, RAW
// halves and the edits themselves, each with its sidecar, as if it had been there.
func TestWhatIsOnlyInICloudIsFetched(t *testing.T) {
	for _, ahead := range []int{0, 3} { // with little room, most of it is planned twice
		t.Run(fmt.Sprint(ahead), func(t *testing.T) {
			w := newWorld(t, fixture.Options{Away: true, Assets: 60, InCloud: 50})
			w.ahead, w.opt.Prune.Wanted = ahead, true
			plain, _ := w.mustRun(t)
			files, size := inCloud(w)
			if plain.Missing < files || plain.ToCome == 0 {
				t.Fatalf("%+v", plain)
			}
			c := withCloud(t, w)
			var most, due int64
			w.fetch.Progress = func(bytes, of int64) { most, due = max(most, bytes), max(due, of) }
			s, events := w.mustRun(t)
			placedFromCloud(t, w, events)
			if s.Fetched != files || s.Missing != plain.Missing-files || s.ToCome != 0 || s.Assets != plain.Assets || s.Files <= plain.Files+50 {
				t.Errorf("before %+v\nnow %+v", plain, s)
			}
			if c.opened != 1 || len(c.probe) != maxProbe || most == 0 || due == 0 || due > size+int64(files)*1000 {
				t.Errorf("opened %d times with %d assets; progress %d of %d", c.opened, len(c.probe), most, due)
			}
			for _, label := range []string{"cloud-only", "away-live", "plain-0001"} {
				if e, ok := of(events, w.asset(t, label), RoleSidecar); !ok || e.Outcome != Placed {
					t.Errorf("%s has no sidecar: %+v", label, e)
				}
			}
			// The next run asks for nothing, and opens nothing.
			again, _ := w.mustRun(t)
			if again.Placed != 0 || again.Missing != s.Missing || again.Files != s.Files || c.opened != 1 {
				t.Errorf("%+v, opened %d times", again, c.opened)
			}
			for what, n := range c.asked {
				if n != 1 {
					t.Errorf("%s was asked for %d times", what, n)
				}
			}
		})
	}
}

// A failure is that file's: it stays missing and says why; the rest comes, and the
// next run asks for what is missing, and for nothing else.
func TestWhatIsNotDeliveredStaysMissing(t *testing.T) {
	w := newWorld(t, fixture.Options{Away: true})
	c := withCloud(t, w)
	states := map[string]struct {
		err   error
		state FetchState
	}{
		"away-live":         {&photokit.Error{Parked: true, Err: fmt.Errorf("%w: it has 7 bytes", photokit.ErrNotOriginal)}, Parked},
		"away-raw":          {&photokit.Error{Err: photokit.ErrSpace}, Waiting},
		"cloud-only":        {&photokit.Error{Err: photokit.ErrBudget}, Postponed},
		"cloud-only-live":   {&photokit.Error{Err: photokit.ErrOffline}, Postponed},
		"away-movie":        {},
		"cloud-only-edited": {},
	}
	c.fail = func(a fixture.Asset, _ photokit.Request) error {
		if s, ok := states[a.Case]; ok && s.err != nil {
			return s.err
		}
		return nil
	}
	s, events := w.mustRun(t)
	missing := map[FetchState]int{}
	for label, want := range states {
		a := w.asset(t, label)
		for role := range a.Cloud {
			e := mustOf(t, events, a, photosdb.Role(role))
			if want.err == nil {
				if e.Outcome != Placed || e.Fetch != Fetched {
					t.Errorf("%s of %s: %+v", role, label, e)
				}
				continue
			}
			missing[want.state]++
			if e.Outcome != Absent || e.Fetch != want.state || !errors.Is(e.Err, want.err) || !e.OnlyInCloud() || NewRow(e).Error == "" || NewRow(e).Fetch != want.state {
				t.Errorf("%s of %s: %+v", role, label, e)
			}
			if role == "original" {
				if _, ok := of(events, a, RoleSidecar); ok {
					t.Errorf("%s: a sidecar without its picture", label)
				}
			}
		}
	}
	if s.Parked != missing[Parked] || s.Waiting != missing[Waiting] || s.Postponed != missing[Postponed] || s.ToCome == 0 || s.Failed != 0 {
		t.Errorf("%+v, want %v", s, missing)
	}
	asked := len(c.asked)
	c.fail = nil
	s, events = w.mustRun(t)
	told := 0
	for _, e := range events {
		if e.Fetch == Fetched {
			told++
		}
	}
	if want := missing[Parked] + missing[Waiting] + missing[Postponed]; told != want || s.Fetched != want || len(c.asked) != asked {
		t.Errorf("%d were fetched, want %d: %+v", told, want, s)
	}
	for what, n := range c.asked {
		label, _, _ := strings.Cut(what, " ")
		if want := 1; states[label].err == nil && n != want {
			t.Errorf("%s was asked for %d times", what, n)
		}
	}
}

// Whoever fetches may be wrong: what is not the recorded file is not placed.
func TestAProxyIsNeverPlaced(t *testing.T) {
	w := newWorld(t, fixture.Options{Away: true})
	c := withCloud(t, w)
	w.fetch.Open = func(context.Context, []string) (Fetcher, error) {
		dir := filepath.Join(w.dest, filepath.FromSlash(IncomingFolder))
		return fetcherFunc(func(_ context.Context, req photokit.Request) (*photokit.Fetched, error) {
			c.mu.Lock()
			c.number++
			name := filepath.Join(dir, fmt.Sprintf("incoming-%d.photogo", c.number))
			c.mu.Unlock()
			return c.deliver(name, []byte("\xff\xd8\xff a smaller picture \xff\xd9"), req), nil
		}), os.MkdirAll(dir, 0o700)
	}
	_, events := w.mustRun(t)
	for _, a := range w.lib.Assets {
		for role := range a.Cloud {
			if e := mustOf(t, events, a, photosdb.Role(role)); role != "adjustments" && (e.Outcome != Absent || !errors.Is(e.Err, photokit.ErrNotOriginal)) {
				t.Errorf("%s of %s: %s, %v", role, a.Case, e.Outcome, e.Err)
			}
		}
	}
	if left, _ := os.ReadDir(filepath.Join(w.dest, filepath.FromSlash(IncomingFolder))); len(left) != 0 {
		t.Errorf("%d files were left", len(left))
	}
}

type fetcherFunc func(context.Context, photokit.Request) (*photokit.Fetched, error)

func (f fetcherFunc) Fetch(ctx context.Context, r photokit.Request) (*photokit.Fetched, error) {
	return f(ctx, r)
}

// A helper that does not work hinders nothing but fetching, and is asked for once.
func TestWithoutAHelperAllElseIsDone(t *testing.T) {
	w := newWorld(t, fixture.Options{Away: true})
	want, _ := w.mustRun(t)
	other := newWorld(t, fixture.Options{Away: true})
	opened := 0
	other.fetch = &Fetching{Open: func(context.Context, []string) (Fetcher, error) { opened++; return nil, photokit.ErrNoHelper }}
	s, _ := other.mustRun(t)
	s.Postponed = 0
	if s != want || opened != 1 {
		t.Errorf("%+v, want %+v; opened %d times", s, want, opened)
	}
}

// A download that hangs holds nobody else back: all else is copied, recorded and told
// before it ends.
func TestAHangingDownloadHoldsNothingBack(t *testing.T) {
	w := newWorld(t, fixture.Options{Away: true, Assets: 300, InCloud: 20})
	c := withCloud(t, w)
	w.fetch.Workers = 2
	hang := make(chan struct{})
	c.fail = func(a fixture.Asset, _ photokit.Request) error {
		if a.Case == "plain-0001" {
			<-hang
		}
		return nil
	}
	plain := w.asset(t, "plain-0001")
	files, _ := inCloud(w)
	copied, fetched := 0, 0
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	w.watched = func(e Event) {
		switch {
		case string(e.Item.UUID) == plain.UUID:
		case e.Fetch == Fetched:
			fetched++
		case e.Outcome == Placed && e.Item.Role == photosdb.RoleOriginal:
			copied++
		}
		if copied >= 280 && fetched == files-1 {
			select {
			case <-hang:
			default:
				close(hang)
			}
		}
	}
	s, _, err := w.runContext(t, ctx)
	if err != nil || s.Fetched != files {
		t.Errorf("%+v, %v; %d copied, %d fetched", s, err, copied, fetched)
	}
}

// A run that is cancelled ends, and leaves nothing behind but what it placed.
func TestACancelledDownloadLeavesNothing(t *testing.T) {
	w := newWorld(t, fixture.Options{Away: true, Assets: 30, InCloud: 30})
	c := withCloud(t, w)
	ctx, stop := context.WithCancel(t.Context())
	n := 0
	c.fail = func(fixture.Asset, photokit.Request) error {
		c.mu.Lock()
		defer c.mu.Unlock()
		if n++; n == 10 {
			stop()
		}
		if n >= 10 {
			return ctx.Err()
		}
		return nil
	}
	if _, _, err := w.runContext(t, ctx); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	w.check(t)
	c.fail = nil
	if s, _ := w.mustRun(t); s.Postponed+s.Parked+s.Waiting != 0 || s.ToCome != 0 {
		t.Errorf("%+v", s)
	}
	for what, times := range c.asked {
		if times > 2 {
			t.Errorf("%s was asked for %d times", what, times)
		}
	}
}

// Every file has its place in all albums, and is fetched once.
func TestAFetchedFileGetsIntoAllItsPlaces(t *testing.T) {
	for _, link := range []Link{LinkClone, LinkHard, LinkCopy} {
		w := newWorld(t, fixture.Options{Away: true})
		w.link, w.opt.Directory = link, template(t, "{folder_album,no album}")
		a := w.toCloud(t, "albums")
		c := withCloud(t, w)
		_, events := w.mustRun(t)
		placedFromCloud(t, w, events)
		if got := paths(events, a, photosdb.RoleOriginal); !slices.Equal(got, inThreeAlbums) {
			t.Errorf("%q, want %q", got, inThreeAlbums)
		}
		for _, name := range inThreeAlbums {
			if b, err := os.ReadFile(filepath.Join(w.dest, name)); err != nil || !bytes.Equal(b, a.Cloud["original"]) {
				t.Errorf("%s: %v", name, err)
			}
		}
		for what, n := range c.asked {
			if n != 1 {
				t.Errorf("%s: %s was asked for %d times", link, what, n)
			}
		}
		// Nor is it asked for three times if it does not come.
		w.dest += "2"
		c = withCloud(t, w)
		c.fail = func(fixture.Asset, photokit.Request) error {
			return &photokit.Error{Err: photokit.ErrMissing, Parked: true}
		}
		if s, _ := w.mustRun(t); c.asked["albums photo"] != 1 || s.Parked < 3 {
			t.Errorf("asked %d times: %+v", c.asked["albums photo"], s)
		}
	}
}

// toCloud takes the original of an asset of the cast out of the library.
func (w *world) toCloud(t *testing.T, label string) fixture.Asset {
	t.Helper()
	a := w.asset(t, label)
	data, err := os.ReadFile(w.lib.File(a, "original"))
	if err == nil {
		err = os.Remove(w.lib.File(a, "original"))
	}
	if err != nil {
		t.Fatal(err)
	}
	w.sql(t, "UPDATE ZINTERNALRESOURCE SET ZLOCALAVAILABILITY = -1, ZREMOTEAVAILABILITY = 1 WHERE ZRESOURCETYPE = 0 AND ZDATASTORESUBTYPE = 1 AND ZASSET = (SELECT Z_PK FROM ZASSET WHERE ZUUID = ?)", a.UUID)
	i := slices.IndexFunc(w.lib.Assets, func(o fixture.Asset) bool { return o.UUID == a.UUID })
	w.lib.Assets[i].Cloud = map[string][]byte{"original": data}
	return w.lib.Assets[i]
}

// What is in the way is not touched, nor fetched in vain; what is the very file is taken.
func TestAFetchedFileTouchesNoForeignOne(t *testing.T) {
	w := newWorld(t, fixture.Options{Away: true})
	withCloud(t, w)
	_, events := w.mustRun(t)
	one, two := w.asset(t, "cloud-only"), w.asset(t, "away-raw")
	at := func(a fixture.Asset) string {
		return filepath.Join(w.dest, mustOf(t, events, a, photosdb.RoleOriginal).Item.Path)
	}
	other := newWorld(t, fixture.Options{Away: true})
	move := func(path string) string { return strings.Replace(path, w.dest, other.dest, 1) }
	if _, _, err := other.run(t); err != nil { // so that nothing is adopted
		t.Fatal(err)
	}
	for path, data := range map[string][]byte{at(one): one.Cloud["original"], at(two): []byte("mine")} {
		if err := os.MkdirAll(filepath.Dir(move(path)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(move(path), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	c := withCloud(t, other)
	_, events, err := other.run(t)
	if err != nil {
		t.Fatal(err)
	}
	if e := mustOf(t, events, one, photosdb.RoleOriginal); e.Outcome != Unchanged || c.asked["cloud-only photo"] != 0 {
		t.Errorf("%+v, asked %d times", e, c.asked["cloud-only photo"])
	}
	if e := mustOf(t, events, two, photosdb.RoleOriginal); e.Outcome != Failed || !errors.Is(e.Err, ErrInTheWay) {
		t.Errorf("%+v", e)
	}
	if b, err := os.ReadFile(move(at(two))); err != nil || string(b) != "mine" {
		t.Errorf("%q, %v", b, err)
	}
}

// What lies altered in the destination is put aside when the original has come, and
// not before.
func TestAnAlteredFileStaysUntilItsOriginalHasCome(t *testing.T) {
	w := newWorld(t, fixture.Options{Away: true})
	c := withCloud(t, w)
	_, events := w.mustRun(t)
	a := w.asset(t, "cloud-only")
	path := filepath.Join(w.dest, mustOf(t, events, a, photosdb.RoleOriginal).Item.Path)
	if err := os.WriteFile(path, []byte("painted over"), 0o644); err != nil {
		t.Fatal(err)
	}
	c.fail = func(fixture.Asset, photokit.Request) error { return &photokit.Error{Err: photokit.ErrOffline} }
	if _, _, err := w.run(t); err != nil {
		t.Fatal(err)
	}
	if b, _ := os.ReadFile(path); string(b) != "painted over" {
		t.Errorf("it holds %q", b)
	}
	c.fail = nil
	if _, _, err := w.run(t); err != nil {
		t.Fatal(err)
	}
	if b, _ := os.ReadFile(path); !bytes.Equal(b, a.Cloud["original"]) {
		t.Errorf("it holds %q", b)
	}
	aside, _ := filepath.Glob(filepath.Join(w.dest, manifest.QuarantineFolder, "*", "*", "*", "*", "*"))
	if len(aside) != 1 {
		t.Errorf("%v", aside)
	}
}

// While a batch is made durable, which takes a slow disk long, files go on coming.
func TestFetchingDoesNotWaitForTheDisk(t *testing.T) {
	const few, all = 20, 300
	w := newWorld(t, fixture.Options{Assets: all, InCloud: all, Plain: true})
	c := withCloud(t, w)
	syncing, came := make(chan struct{}), make(chan struct{})
	c.fail = func(fixture.Asset, photokit.Request) error {
		c.mu.Lock()
		number := c.number
		c.mu.Unlock()
		if number > few {
			<-syncing
		}
		if number == all {
			close(came)
		}
		return nil
	}
	var first sync.Once
	w.wrap = func(next safefile.FS) safefile.FS {
		return hooks{next, func(op, name string) error {
			c.mu.Lock()
			begun := c.number > few
			c.mu.Unlock()
			if op == "sync" && begun {
				first.Do(func() {
					close(syncing)
					select {
					case <-came:
					case <-time.After(30 * time.Second):
						t.Error("nothing comes as long as the disk is busy")
					}
				})
			}
			return nil
		}}
	}
	w.mustRun(t)
}
