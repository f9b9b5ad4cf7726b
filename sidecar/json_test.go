package sidecar

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/photogo/photogo/photosdb"
)

func anyDetails() *rapid.Generator[*photosdb.Details] {
	maybe := rapid.Ptr(number(), true)
	whole := rapid.Ptr(rapid.Int(), true)
	return rapid.Custom(func(t *rapid.T) *photosdb.Details {
		d := &photosdb.Details{Accuracy: maybe.Draw(t, "accuracy"), Labels: rapid.SliceOfN(anyText(), 0, 3).Draw(t, "labels")}
		where := func() *photosdb.Location {
			if !rapid.Bool().Draw(t, "located") {
				return nil
			}
			return &photosdb.Location{Latitude: number().Draw(t, "latitude"), Longitude: number().Draw(t, "longitude")}
		}
		if rapid.Bool().Draw(t, "with camera") {
			d.Camera = &photosdb.Camera{
				Model: anyText().Draw(t, "model"), ISO: whole.Draw(t, "iso"), Aperture: maybe.Draw(t, "aperture"), Duration: maybe.Draw(t, "duration"),
				FlashFired: rapid.Ptr(rapid.Bool(), true).Draw(t, "flash"), Location: where(),
			}
			if rapid.Bool().Draw(t, "dated") {
				d.Camera.Date = time.UnixMicro(rapid.Int64Range(-60_000_000_000_000_000, 250_000_000_000_000_000).Draw(t, "date")).UTC()
			}
		}
		if rapid.Bool().Draw(t, "with place") {
			d.Place = &photosdb.Place{Name: anyText().Draw(t, "name"), Names: photosdb.PlaceNames{Ocean: rapid.SliceOfN(anyText(), 0, 2).Draw(t, "oceans")}}
			if rapid.Bool().Draw(t, "with address") {
				d.Place.Address = &photosdb.Address{City: anyText().Draw(t, "city")}
			}
		}
		if rapid.Bool().Draw(t, "with the rest") {
			d.Edit, d.Moment = &photosdb.Edit{Format: anyText().Draw(t, "format")}, &photosdb.Moment{Location: where()}
			d.Import.Session = &photosdb.ImportSession{Title: anyText().Draw(t, "session")}
			d.Sharing = photosdb.Sharing{
				Owner: &photosdb.Person{ID: anyText().Draw(t, "id")}, Comments: []photosdb.Comment{{Text: anyText().Draw(t, "comment")}},
				Likes: []photosdb.Comment{{Mine: true}}, Scope: &photosdb.Folder{}, Participants: []photosdb.Participant{{Name: anyText().Draw(t, "who")}},
			}
			d.Projects = []photosdb.Album{{Title: anyText().Draw(t, "project")}}
			d.Scores = map[string]float64{"noise": number().Draw(t, "noise"), "unheard of": 1}
		}
		return d
	})
}

// Whatever an asset holds, its JSON is one valid line, and always has the same
// keys.
func TestAnyAssetGivesSoundJSON(t *testing.T) {
	keys := func(t *rapid.T, a *photosdb.Asset, all bool) (names string) {
		data, err := JSON(a, all)
		if err != nil || bytes.ContainsRune(data, '\n') {
			t.Fatalf("%v\n%s", err, data)
		}
		d := json.NewDecoder(bytes.NewReader(data))
		for depth := 0; ; {
			token, err := d.Token()
			if err != nil {
				break
			}
			switch v := token.(type) {
			case json.Delim:
				if v == '{' || v == '[' {
					depth++
				} else {
					depth--
				}
			case string:
				if depth == 1 {
					names += v + " "
					var value json.RawMessage
					if err := d.Decode(&value); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
		return names
	}
	rapid.Check(t, func(t *rapid.T) {
		a := anyAsset().Draw(t, "asset")
		a.Details = anyDetails().Draw(t, "details")
		bare := photosdb.Asset{Details: &photosdb.Details{}}
		for _, all := range []bool{false, true} {
			got, want := keys(t, &a, all), keys(t, &bare, all)
			if got != want || strings.Count(want, " ") < 45 {
				t.Fatalf("keys %s\nwant %s", got, want)
			}
		}
		again := a
		if first, second := must(JSON(&a, true)), must(JSON(&again, true)); !bytes.Equal(first, second) {
			t.Fatalf("first %s\nsecond %s", first, second)
		}
	})
}

func must(data []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return data
}

// Of an asset whose details were not read nothing is told of them, rather than
// that there are none.
func TestDetailsThatWereNotReadAreNotTold(t *testing.T) {
	data := must(JSON(&photosdb.Asset{}, true))
	if !bytes.Contains(data, []byte(`"faces":[],"resources":[]}`)) || bytes.Contains(data, []byte(`"place"`)) {
		t.Errorf("%s", data)
	}
}

// docs/JSON.md names every key, at every depth.
func TestEveryKeyIsDocumented(t *testing.T) {
	docs, err := os.ReadFile("../docs/JSON.md")
	if err != nil {
		t.Fatal(err)
	}
	text := string(docs)
	from, to := strings.Index(text, "## `list assets --json`"), strings.Index(text, "## `info --json`")
	if from < 0 || to < from {
		t.Fatal("docs/JSON.md has no section on list assets")
	}
	words := map[string]bool{}
	for _, word := range strings.FieldsFunc(text[from:to], func(r rune) bool { return r != '_' && (r < 'a' || r > 'z') && (r < '0' || r > '9') }) {
		words[word] = true
	}
	a := everything()
	a.Media.Burst, a.Albums = &photosdb.Burst{}, []photosdb.Album{{Folders: []photosdb.Folder{{}}}}
	a.SharedAlbums = []photosdb.Album{{Owner: photosdb.Person{ID: "x"}}}
	a.Resources = []photosdb.Resource{{Reference: &photosdb.Reference{}}}
	comment := photosdb.Comment{Person: &photosdb.Person{}}
	a.Details = &photosdb.Details{
		Place: &photosdb.Place{Address: &photosdb.Address{}}, Camera: &photosdb.Camera{}, Edit: &photosdb.Edit{},
		Import: photosdb.Import{Session: &photosdb.ImportSession{}}, Moment: &photosdb.Moment{Location: &photosdb.Location{}},
		Projects: []photosdb.Album{{}}, Sharing: photosdb.Sharing{Comments: []photosdb.Comment{comment}, Likes: []photosdb.Comment{comment},
			Scope: &photosdb.Folder{}, Participants: []photosdb.Participant{{}}},
	}
	var value any
	if err := json.Unmarshal(must(JSON(&a, true)), &value); err != nil {
		t.Fatal(err)
	}
	n := 0
	var walk func(path string, v any)
	walk = func(path string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for key, inner := range v {
				if n++; !words[key] {
					t.Errorf("docs/JSON.md does not name %s.%s", path, key)
				}
				walk(path+"."+key, inner)
			}
		case []any:
			for i, inner := range v {
				walk(fmt.Sprintf("%s[%d]", path, i), inner)
			}
		}
	}
	walk("", value)
	if n < 180 {
		t.Errorf("only %d keys were looked at", n)
	}
}
