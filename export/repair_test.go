package export

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/photogo/photogo/internal/fixture"
	"github.com/photogo/photogo/manifest"
	"github.com/photogo/photogo/photokit"
	"github.com/photogo/photogo/photosdb"
)

// verified reads the destination again and returns what is damaged.
func (w *world) verified(t *testing.T) (damaged []manifest.Entry) {
	t.Helper()
	d, err := OpenDestination(context.Background(), w.dest, OpenOptions{State: w.state, Known: true})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	err = d.Record.Verify(context.Background(), d.FS, manifest.VerifyOptions{}, func(f manifest.Finding) {
		if f.Condition.Damage() {
			damaged = append(damaged, *f.Entry)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return damaged
}

func (w *world) repair(t *testing.T, damaged []manifest.Entry) (Summary, []Event) {
	t.Helper()
	return w.repairFrom(t, damaged, nil)
}

// repairFrom fetches what the library does not have at hand.
func (w *world) repairFrom(t *testing.T, damaged []manifest.Entry, fetch *Fetching) (Summary, []Event) {
	t.Helper()
	lib, err := photosdb.Open(context.Background(), w.lib.Path, photosdb.Options{TempDir: w.state})
	if err != nil {
		t.Fatal(err)
	}
	defer lib.Close()
	d, err := OpenDestination(context.Background(), w.dest, OpenOptions{State: w.state, Library: w.lib.Path, Known: true})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	var events []Event
	plan := NewRepair(lib.Assets(context.Background(), photosdb.Query{}), d.Record, d.Folder(), damaged, Options{DownloadMissing: fetch != nil})
	s, err := plan.Run(context.Background(), Job{Source: lib, Dest: d.FS, Record: d.Record, Fetch: fetch, Now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		Event: func(e Event) { events = append(events, e) }})
	if err != nil {
		t.Fatal(err)
	}
	return s, events
}

// rot changes a byte and nothing else: neither size nor time tells.
func rot(t *testing.T, name string) {
	t.Helper()
	info, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)/2] ^= 0x40
	if err := errors.Join(os.WriteFile(name, data, 0o644), os.Chtimes(name, time.Time{}, info.ModTime())); err != nil {
		t.Fatal(err)
	}
}

func TestDamagedFilesArePlacedAnew(t *testing.T) {
	w := newWorld(t, fixture.Options{})
	_, events := w.mustRun(t)
	names := map[string]string{
		"rotten":    mustOf(t, events, w.asset(t, "jpeg"), photosdb.RoleOriginal).Item.Path,
		"sidecar":   mustOf(t, events, w.asset(t, "png"), RoleSidecar).Item.Path,
		"truncated": mustOf(t, events, w.asset(t, "live"), photosdb.RoleLive).Item.Path,
		"missing":   mustOf(t, events, w.asset(t, "edited"), photosdb.RoleEdited).Item.Path,
	}
	evicted := mustOf(t, events, w.asset(t, "edited"), photosdb.RoleOriginal).Item.Path
	for kind, name := range names {
		full := filepath.Join(w.dest, name)
		switch kind {
		case "truncated":
			os.Truncate(full, 10)
		case "missing":
			os.Remove(full)
		default:
			rot(t, full)
		}
	}
	// What the library has no bytes of stays as it is.
	rot(t, filepath.Join(w.dest, evicted))
	if err := os.Remove(w.lib.File(w.asset(t, "edited"), "original")); err != nil {
		t.Fatal(err)
	}
	// An export does not see rot; verify does.
	damaged := w.verified(t)
	if len(damaged) != 5 {
		t.Fatalf("%d are damaged", len(damaged))
	}
	s, events := w.repair(t, damaged)
	if s.Placed != 4 || s.Missing != 1 || s.Failed != 0 {
		t.Errorf("%+v", s)
	}
	for _, e := range events {
		if e.Outcome == Absent && e.Item.Path != evicted {
			t.Errorf("%s is missing: %s", e.Item.Path, e.Item.Reason)
		}
	}
	if left := w.verified(t); len(left) != 1 || left[0].Path != evicted {
		t.Errorf("afterwards %+v", left)
	}
	// The damaged ones were put aside: a person may want to see them.
	for _, kind := range []string{"rotten", "truncated"} {
		if _, err := os.Stat(filepath.Join(w.dest, manifest.QuarantineFolder, "2026-01-02", names[kind])); err != nil {
			t.Error(err)
		}
	}
	if s, _, err := w.run(t); err != nil || s.Placed != 0 || s.Moved != 0 {
		t.Errorf("the next export: %+v, %v", s, err)
	}
}

// What is only in iCloud by now is fetched once more, and a damaged file is put aside
// when its original has come, not before.
func TestDamagedFilesAreFetchedAnew(t *testing.T) {
	w := newWorld(t, fixture.Options{Away: true})
	c := withCloud(t, w)
	_, events := w.mustRun(t)
	live := w.asset(t, "away-live")
	rotten := mustOf(t, events, w.asset(t, "cloud-only"), photosdb.RoleOriginal).Item.Path
	gone := mustOf(t, events, live, photosdb.RoleLive).Item.Path
	never := mustOf(t, events, live, photosdb.RoleOriginal).Item.Path
	rot(t, filepath.Join(w.dest, rotten))
	rot(t, filepath.Join(w.dest, never))
	if err := os.Remove(filepath.Join(w.dest, gone)); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(filepath.Join(w.dest, never))
	if err != nil {
		t.Fatal(err)
	}
	damaged := w.verified(t)
	if s, _ := w.repair(t, damaged); len(damaged) != 3 || s.Placed != 0 || s.Missing != 3 {
		t.Errorf("%d are damaged; without iCloud: %+v", len(damaged), s)
	}
	c.asked = map[string]int{}
	c.fail = func(a fixture.Asset, r photokit.Request) error {
		if a.UUID == live.UUID && roleOf(r.Types) == photosdb.RoleOriginal {
			return &photokit.Error{Parked: true, Err: photokit.ErrMissing}
		}
		return nil
	}
	s, _ := w.repairFrom(t, damaged, w.fetch)
	if s.Fetched != 2 || s.Missing != 1 || s.Parked != 1 || s.Failed != 0 || len(c.asked) != 3 {
		t.Errorf("%+v, asked for %v", s, c.asked)
	}
	if len(c.probe) < 2 {
		t.Errorf("the library is known by %v", c.probe)
	}
	if left := w.verified(t); len(left) != 1 || left[0].Path != never {
		t.Errorf("afterwards %+v", left)
	}
	if b, err := os.ReadFile(filepath.Join(w.dest, never)); err != nil || string(b) != string(before) {
		t.Errorf("what could not be fetched was touched: %v", err)
	}
	if _, err := os.Stat(filepath.Join(w.dest, manifest.QuarantineFolder, "2026-01-02", rotten)); err != nil {
		t.Error(err)
	}
}
