package query_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/photogo/photogo/internal/fixture"
	"github.com/photogo/photogo/photosdb"
	"github.com/photogo/photogo/query"
)

// opened is a library of a generation, and the original names of what a query selects.
func opened(t *testing.T, generation string, spoil func(path string)) (*photosdb.Library, func(q *query.Query) []string) {
	t.Helper()
	g, ok := fixture.ByName(generation)
	if !ok {
		t.Fatal("no generation", generation)
	}
	lib, err := fixture.Build(filepath.Join(t.TempDir(), "L.photoslibrary"), fixture.Options{Generation: g})
	if err != nil {
		t.Fatal(err)
	}
	if spoil != nil {
		spoil(lib.Path)
	}
	l, err := photosdb.Open(context.Background(), lib.Path, photosdb.Options{TempDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l, func(q *query.Query) (selected []string) {
		t.Helper()
		for a, err := range l.Assets(context.Background(), photosdb.Query{Include: q.Include()}) {
			if err != nil {
				t.Fatal(err)
			}
			if is, err := q.Match(a); err != nil {
				t.Fatal(err)
			} else if is {
				selected = append(selected, a.Name.Original)
			}
		}
		return selected
	}
}

func called(t *testing.T, list ...string) query.Names {
	t.Helper()
	n, err := query.NewNames(list)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Labels and places are what an asset itself does not tell, in each generation.
func TestPrepareReadsWhatIsRare(t *testing.T) {
	for _, generation := range []string{"5", "8", "27"} {
		l, selected := opened(t, generation, nil)
		for _, q := range []*query.Query{{Labels: called(t, "river")}, {Places: called(t, "budapest")}} {
			if got := selected(q); len(got) != 0 {
				t.Errorf("Photos %s: a query that is not prepared selects %v", generation, got)
			}
			warnings, err := q.Prepare(context.Background(), l)
			if err != nil || len(warnings) > 0 {
				t.Errorf("Photos %s: %v, %v", generation, warnings, err)
			}
			got := selected(q)
			if !slices.Contains(got, "IMG_0042.JPG") || slices.Contains(got, "IMG_0044.MOV") {
				t.Errorf("Photos %s: %+v selects %v", generation, q, got)
			}
			not := &query.Query{NotLabels: q.Labels, NotPlaces: q.Places}
			if _, err := not.Prepare(context.Background(), l); err != nil {
				t.Error(err)
			}
			for _, name := range selected(not) {
				if name == "IMG_0042.JPG" {
					t.Errorf("Photos %s: %+v selects it", generation, not)
				}
			}
		}
	}
}

// What nothing goes by is most likely a slip, and told; all of it.
func TestPrepareWarnsOfWhatIsNotThere(t *testing.T) {
	l, _ := opened(t, "11", nil)
	uuids := query.UUIDs{}
	if err := uuids.Add("00000000-0000-4000-8000-000000000000"); err != nil {
		t.Fatal(err)
	}
	q := &query.Query{
		Albums: called(t, "No album"), NotFolders: called(t, "No folder"), Persons: called(t, "Nobody"), Keywords: called(t, "No keyword"),
		Labels: called(t, "No label"), NotPlaces: called(t, "No place"), UUIDs: uuids,
	}
	warnings, err := q.Prepare(context.Background(), l)
	if err != nil {
		t.Fatal(err)
	}
	all := strings.Join(warnings, "\n")
	for _, word := range []string{"No album", "No folder", "Nobody", "No keyword", "No label", "No place", "00000000"} {
		if !strings.Contains(all, word) {
			t.Errorf("nothing is said of %q:\n%s", word, all)
		}
	}
	if len(warnings) != 7 {
		t.Errorf("%d warnings:\n%s", len(warnings), all)
	}
}

// A selection by what the library cannot tell would be empty for no reason that anybody
// sees.
func TestPrepareRefusesWhatCannotBeTold(t *testing.T) {
	l, _ := opened(t, "8", func(path string) {
		if err := os.Remove(filepath.Join(path, "database/search/psi.sqlite")); err != nil {
			t.Fatal(err)
		}
	})
	for _, q := range []*query.Query{{Labels: called(t, "river")}, {NotLabels: called(t, "river")}} {
		if _, err := q.Prepare(context.Background(), l); !errors.Is(err, photosdb.ErrAbsent) {
			t.Error(err)
		}
	}
	if _, err := (&query.Query{Albums: called(t, "Sea")}).Prepare(context.Background(), l); err != nil {
		t.Error(err)
	}
}
