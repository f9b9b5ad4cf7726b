package export

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/photogo/photogo/internal/fixture"
	"github.com/photogo/photogo/photosdb"
)

// An original is left out only where its edited version is there to be exported.
func TestEditedOnlyLeavesNoPictureOut(t *testing.T) {
	w := newWorld(t, fixture.Options{})
	w.opt.EditedOnly = true
	_, events := w.mustRun(t)
	all, _ := w.entriesOf(t)
	left := 0
	for _, a := range w.lib.Assets {
		_, original := all[a.UUID+" "+string(photosdb.RoleOriginal)]
		_, edited := all[a.UUID+" "+string(photosdb.RoleEdited)]
		if original && edited {
			t.Errorf("%s: both", a.Case)
		}
		if edited {
			left++
		}
	}
	if left < 4 {
		t.Errorf("only %d edited versions", left)
	}
	plain := newWorld(t, fixture.Options{})
	_, whole := plain.mustRun(t)
	had := map[string]bool{}
	for _, e := range events {
		if e.Item.Action != Missing {
			had[string(e.Item.UUID)] = true
		}
	}
	for _, e := range whole {
		if e.Item.Action != Missing && !had[string(e.Item.UUID)] {
			t.Errorf("nothing is left of %s", e.Item.UUID)
		}
	}

	// The edited version is gone from the library folder: now the original is needed.
	w = newWorld(t, fixture.Options{})
	a := w.asset(t, "edited")
	if err := os.Remove(filepath.Join(w.lib.Path, a.Files["edited"])); err != nil {
		t.Fatal(err)
	}
	w.opt.EditedOnly = true
	_, events = w.mustRun(t)
	if e := mustOf(t, events, a, photosdb.RoleOriginal); e.Outcome != Placed {
		t.Errorf("%+v", e)
	}
}
