package export

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/photogo/photogo/internal/fixture"
	"github.com/photogo/photogo/photosdb"
)

// A preview takes its place beside where the original will be, and makes nothing less
// missing. When the original has come it is no longer wanted.
func TestPreviewsOfWhatIsMissing(t *testing.T) {
	plain := newWorld(t, fixture.Options{})
	without, _ := plain.mustRun(t)
	w := newWorld(t, fixture.Options{})
	w.opt.Previews = true
	s, events := w.mustRun(t)
	if s.Missing != without.Missing || s.Placed <= without.Placed {
		t.Errorf("%+v, without previews %+v", s, without)
	}
	previews := 0
	for _, e := range events {
		if e.Item.Role != photosdb.RolePreview {
			continue
		}
		previews++
		original := false
		for _, o := range events {
			original = original || o.Item.UUID == e.Item.UUID && o.Item.Role == photosdb.RoleOriginal && o.Outcome == Absent
		}
		if !original || e.Outcome != Placed || !strings.HasSuffix(e.Item.Path, "_preview.jpeg") {
			t.Errorf("%+v", e)
		}
	}
	if previews != s.Placed-without.Placed {
		t.Errorf("%d previews, %d files more", previews, s.Placed-without.Placed)
	}
	a := w.asset(t, "cloud-only")
	e := mustOf(t, events, a, photosdb.RolePreview)
	got, err := os.ReadFile(filepath.Join(w.dest, filepath.FromSlash(e.Item.Path)))
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(filepath.Join(w.lib.Path, filepath.FromSlash(e.Item.Source.Path)))
	if err != nil || string(got) != string(want) {
		t.Errorf("the preview has other bytes: %v", err)
	}
	w.check(t)

	// Nothing new.
	if s, _ := w.mustRun(t); s.Placed != 0 || s.Moved != 0 {
		t.Errorf("again: %+v", s)
	}

	// The original comes: it is placed, and with --cleanup the preview goes.
	file := filepath.Join(w.lib.Path, "originals", a.UUID[:1], a.UUID+".jpeg")
	if err := os.WriteFile(file, a.Cloud["original"], 0o644); err != nil {
		t.Fatal(err)
	}
	w.opt.Prune.Wanted = true
	s, events = w.mustRun(t)
	if o := mustOf(t, events, a, photosdb.RoleOriginal); o.Outcome != Placed || s.Removed != 1 {
		t.Errorf("%+v %+v", o, s)
	}
	if _, err := os.Stat(filepath.Join(w.dest, filepath.FromSlash(e.Item.Path))); err == nil {
		t.Error("the preview is still there")
	}
	w.check(t)
}
