package photogo_test

import (
	"compress/gzip"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// told is what the golden objects, made by a program that shares no code with
// photogo, tell of an asset that lists count.
type told struct {
	UUID         string
	Trashed      bool
	Keywords     []string
	Labels       []string
	Albums       []named
	SharedAlbums []named `json:"shared_albums"`
	Projects     []named
	Faces        []struct {
		Person          *named
		Hidden, Trashed bool
	}
	Place *struct {
		Names map[string][]string
	}
	Import struct{ Session *named }
}

type named struct{ UUID string }

// The lists of real libraries count what the golden objects tell of their assets.
func TestListsOfRealLibraries(t *testing.T) {
	s := findShared(t)
	bin, state := buildPhotogo(t), t.TempDir()
	for _, library := range s.libraries {
		name := strings.TrimSuffix(filepath.Base(library), ".photoslibrary")
		t.Run(name, func(t *testing.T) {
			want := map[string]map[string]int{}
			for _, a := range readGolden(t, filepath.Join(s.golden, name+".json.gz")) {
				if a.Trashed {
					continue
				}
				for list, keys := range a.keys() {
					for key := range keys {
						if want[list] == nil {
							want[list] = map[string]int{}
						}
						want[list][key]++
					}
				}
			}
			for list, args := range map[string][]string{
				"albums": nil, "persons": {"--all"}, "keywords": nil, "labels": nil, "places": nil, "imports": nil,
			} {
				got := map[string]int{}
				out := photogo(t, bin, state, append([]string{"list", list, "--json", "--library", library}, args...)...)
				for line := range strings.Lines(out) {
					var entry struct {
						UUID, Keyword, Label, Kind, Name string
						Assets                           int
					}
					if err := json.Unmarshal([]byte(line), &entry); err != nil {
						t.Fatal(err)
					}
					key := entry.UUID + entry.Keyword + entry.Label
					if list == "places" {
						key = entry.Kind + " " + entry.Name
					}
					if entry.Assets > 0 {
						got[key] += entry.Assets
					}
				}
				if !maps.Equal(got, want[list]) {
					t.Errorf("%s: %v, want %v", list, got, want[list])
				}
			}
		})
	}
}

// keys are the entries of each list that the asset counts for.
func (a told) keys() map[string]map[string]bool {
	out := map[string]map[string]bool{}
	add := func(list, key string) {
		if out[list] == nil {
			out[list] = map[string]bool{}
		}
		out[list][key] = true
	}
	for _, word := range a.Keywords {
		add("keywords", word)
	}
	for _, label := range a.Labels {
		add("labels", label)
	}
	for _, albums := range [][]named{a.Albums, a.SharedAlbums, a.Projects} {
		for _, album := range albums {
			add("albums", album.UUID)
		}
	}
	for _, f := range a.Faces {
		if f.Person != nil && !f.Hidden && !f.Trashed {
			add("persons", f.Person.UUID)
		}
	}
	if a.Place != nil {
		for kind, names := range a.Place.Names {
			for _, name := range names {
				if kind != "thoroughfare" && kind != "sub_thoroughfare" && kind != "postal_code" { // which are no places
					add("places", kind+" "+name)
				}
			}
		}
	}
	if a.Import.Session != nil {
		add("imports", a.Import.Session.UUID)
	}
	return out
}

func readGolden(t *testing.T, file string) (assets []told) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.NewDecoder(z).Decode(&assets); err != nil || len(assets) == 0 {
		t.Fatalf("%s: %d assets, %v", file, len(assets), err)
	}
	return assets
}
