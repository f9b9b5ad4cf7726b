package naming_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/photogo/photogo/naming"
	"github.com/photogo/photogo/photosdb"
)

// Whoever names only what changed gives the names that naming everything gives, or
// says that it may not be so.
func TestAFewNamesAreThoseOfAll(t *testing.T) {
	sure, doubtful := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		dir, file := templates(t)
		before := world().Draw(t, "before")
		kept := run(t, dir, file, nil, before...)
		var all, changed []*photosdb.Asset
		after := map[photosdb.UUID]*photosdb.Asset{}
		for _, a := range world().Draw(t, "after") {
			after[a.UUID] = a
		}
		for _, a := range before {
			switch rapid.IntRange(0, 4).Draw(t, "fate") {
			case 0: // deleted
			case 1:
				if b := after[a.UUID]; b != nil {
					all, changed = append(all, b), append(changed, b)
					break
				}
				fallthrough
			default:
				all = append(all, a)
			}
			delete(after, a.UUID)
		}
		for _, a := range sorted(mapValues(after)) { // added
			if rapid.IntRange(0, 3).Draw(t, "added") == 0 {
				all, changed = append(all, a), append(changed, a)
			}
		}
		want := run(t, dir, file, kept, all...)
		namer := naming.NewNamer(parse(t, dir), parse(t, file))
		namer.Few = true
		for _, uuid := range sortedKeys(kept) {
			namer.Keep(string(uuid), kept[uuid])
		}
		got := map[photosdb.UUID]naming.Name{}
		for _, a := range sorted(changed) {
			got[a.UUID] = namer.Name(a, kept[a.UUID])
		}
		if namer.Doubtful() {
			doubtful++
			return
		}
		sure++
		for _, a := range all {
			name, ok := got[a.UUID]
			if !ok {
				name = kept[a.UUID]
			}
			if name != want[a.UUID] {
				t.Fatalf("%s %q is %+v, and %+v where all are named", a.UUID, a.Name.Original, name, want[a.UUID])
			}
		}
	})
	t.Logf("%d times sure, %d doubtful", sure, doubtful)
	if sure < doubtful {
		t.Error("hardly ever sure")
	}
}

func mapValues(m map[photosdb.UUID]*photosdb.Asset) (list []*photosdb.Asset) {
	for _, a := range m {
		list = append(list, a)
	}
	return list
}
