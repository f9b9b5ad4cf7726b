package query

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/photogo/photogo/contract"
	"github.com/photogo/photogo/photosdb"
)

func parseWhere(t interface {
	Helper()
	Fatal(...any)
}, text string) *Where {
	t.Helper()
	w, err := ParseWhere(text, now)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// pictured is an asset of which much is known.
func pictured() *photosdb.Asset {
	iso, score := 800, 0.75
	return &photosdb.Asset{
		UUID: "6C2E3B3E-4B0A-4C0E-9F5B-0E1D2C3B4A59", Kind: photosdb.Photo,
		Text:     photosdb.Text{Title: "By the sea", Keywords: []string{"beach", "Family"}},
		Flags:    photosdb.Flags{Favorite: true},
		Dates:    photosdb.Dates{Taken: time.Date(2025, 5, 17, 10, 0, 0, 0, time.UTC), Added: time.Date(2025, 6, 1, 0, 0, 0, 0, time.UTC)},
		Current:  photosdb.Frame{Width: 4032, Height: 3024},
		Location: &photosdb.Location{Latitude: 54.1, Longitude: 12.2},
		Albums:   []photosdb.Album{{Title: "Summer", Folders: []photosdb.Folder{{Title: "Trips"}}}},
		Faces:    []photosdb.Face{{Person: &photosdb.Person{Name: "Anna Blum", KnownAs: "Anna Blum"}, Quality: 0.5}},
		Details: &photosdb.Details{
			Camera: &photosdb.Camera{Make: "Apple", ISO: &iso},
			Place:  &photosdb.Place{CountryCode: "DE", Names: photosdb.PlaceNames{Locality: []string{"Rostock"}}},
			Scores: map[string]float64{"overall_aesthetic": score}, Labels: []string{"Beach"},
		},
	}
}

func TestConditions(t *testing.T) {
	known, unknown := pictured(), &photosdb.Asset{UUID: "X"}
	for _, tt := range []struct {
		text           string
		known, unknown bool
	}{
		{`favorite`, true, false},
		{`not favorite`, false, true},
		{`favorite and exif.iso > 400`, true, false},
		{`exif.iso < 400`, false, false}, // what is unknown is neither
		{`exif.iso >= 400 or exif.iso < 400`, true, false},
		{`kind == "photo"`, true, false},
		{`title contains "sea"`, true, false},
		{`title == ""`, false, true},
		{`lower(title) startsWith "by"`, true, false},
		{`title matches "^By .*sea$"`, true, false},
		{`"beach" in keywords`, true, false},
		{`any(keywords, lower(#) == "family")`, true, false},
		{`"Anna Blum" in persons`, true, false},
		{`len(persons) == 0`, false, true},
		{`any(albums, .title == "Summer" and any(.folders, .title == "Trips"))`, true, false},
		{`place.country_code == "DE"`, true, false},
		{`place.country_code in ["AT", "DE"]`, true, false},
		{`"Rostock" in place.names.locality`, true, false},
		{`place.address.city == "Rostock"`, false, false},
		{`known(place)`, true, false},
		{`known(place.address)`, false, false},
		{`known(location) and location.latitude > 54`, true, false},
		{`known(burst)`, false, false},
		{`burst.selected`, false, false},
		{`scores.overall_aesthetic > 0.5`, true, false},
		{`known(scores.noise)`, false, false},
		{`width > height`, true, false},
		{`width * height >= 12e6`, true, false},
		{`width % 2 == 0`, true, true},
		{`duration < 10`, false, false},
		{`date >= time("2025-05-17") and date < time("2025-05-18")`, true, false},
		{`date.Year() == 2025`, true, false},
		{`known(date)`, true, false},
		{`date < date_added`, true, false},
		{`date_added - date > days(2)`, true, false},
		{`now() - date < hours(24)`, false, false},
		{`date > now()`, false, false},
		{`max(map(faces, .quality)) >= 0.5`, true, false},
		{`"Beach" in labels ? favorite : hidden`, true, false},
		{`import.session.title == "x"`, false, false},
		{`in_cloud`, false, false},
	} {
		w, err := ParseWhere(tt.text, now)
		if err != nil {
			t.Errorf("%s: %v", tt.text, err)
			continue
		}
		for _, e := range []struct {
			a    *photosdb.Asset
			want bool
		}{{known, tt.known}, {unknown, tt.unknown}} {
			if got, err := w.Match(e.a); err != nil && !strings.Contains(tt.text, "max(") || got != e.want {
				t.Errorf("%s of %s: %v, %v", tt.text, e.a.UUID, got, err)
			}
		}
	}
}

// What is wrong with a condition is told before anything is read, and where.
func TestConditionsThatAreNone(t *testing.T) {
	for text, want := range map[string]string{
		``:                                   "unexpected token EOF",
		`favourite`:                          "unknown name favourite (1:1)",
		`favorite and exif.isso > 3`:         "there is no key isso here (1:19)",
		`title > 3`:                          "invalid operation: > (mismatched types string and int)",
		`title`:                              "expected bool, but got string",
		`favorite and (hidden`:               "unexpected token EOF",
		`place.city == "x"`:                  "there is no key city here (1:7)",
		`keywords == "x"`:                    "mismatched types",
		`albums == "x"`:                      "mismatched types []object and string) (1:8)",
		`albums`:                             "expected bool, but got []object",
		`faces[0].person`:                    "expected bool, but got object",
		`place.names.city == "x"`:            "there is no key city here (1:13)",
		`favorite and title == nil`:          "nothing is nil: known(KEY) asks whether there is something (1:23)",
		`(title ?? "x") == "x"`:              "nothing is nil, so that there is no use in ?? (1:8)",
		`date > "2025-01-01"`:                "mismatched types time.Time and string",
		`let a = title + title; a + a == ""`: "without variables",
		`all(1..1000000000, # > 0)`:          "there are no ranges (1:6)",
		`title matches keywords[0]`:          "matches needs a pattern in quotes (1:7)",
		`title matches "("`:                  "missing closing )",
		`repeat(title, 1000000) == ""`:       "repeat",
		`toJSON(albums) == ""`:               "toJSON",
		`any(keywords, any(keywords, any(keywords, any(keywords, true))))`:          "more than 3 conditions",
		`filter(keywords, filter(keywords, filter(keywords, any(keywords, true))))`: "",
		strings.Repeat(`favorite and `, 900) + `favorite`:                           "",
		strings.Repeat(`favorite and `, 9000):                                       "longer than",
	} {
		w, err := ParseWhere(text, now)
		if err == nil || !errors.Is(err, ErrWhere) || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60s: %v, %v", text, w, err)
		}
	}
	_, err := ParseWhere("favorite and\nhiden", now)
	if err == nil || !strings.Contains(err.Error(), "(2:1)") || !strings.Contains(err.Error(), "| hiden") {
		t.Errorf("the place is not told: %v", err)
	}
}

// Only what a condition speaks of is read.
func TestWhatAConditionNeeds(t *testing.T) {
	for text, want := range map[string]photosdb.Include{
		`favorite`: photosdb.IncludeNothing, `any(faces, .manual)`: photosdb.IncludeNothing,
		`place.is_home`: photosdb.IncludePlace, `exif.iso > 3 and known(scores.noise)`: photosdb.IncludeCamera | photosdb.IncludeScores,
		`any(comments, .mine)`: photosdb.IncludeSharing, `hdr_type == 3`: photosdb.IncludeRecord, `adjustments.external`: photosdb.IncludeEdit,
		`known(moment)`: photosdb.IncludeOrigin, `"x" in labels`: photosdb.IncludeLabels,
	} {
		if got := parseWhere(t, text).Include(); got != want {
			t.Errorf("%s: %b, want %b", text, got, want)
		}
	}
	q := Query{Where: []*Where{parseWhere(t, `place.is_home`)}, NotWhere: []*Where{parseWhere(t, `hdr_type == 3`)}}
	if q.Include() != photosdb.IncludePlace|photosdb.IncludeRecord {
		t.Errorf("%b", q.Include())
	}
}

// Every key of the contract can be asked for, with whatever the library holds.
func TestEveryKeyCanBeAskedFor(t *testing.T) {
	keys, _ := contract.Keys()
	if len(keys) < 70 {
		t.Errorf("only %d keys", len(keys))
	}
	for _, key := range keys {
		w := parseWhere(t, "known("+key+")")
		for _, a := range []*photosdb.Asset{{}, {Details: &photosdb.Details{}}, pictured()} {
			if _, err := w.Match(a); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestAConditionThatFailsNamesTheAsset(t *testing.T) {
	w := parseWhere(t, `keywords[5] == "x"`)
	if _, err := w.Match(pictured()); !errors.Is(err, ErrWhere) || !strings.Contains(err.Error(), "6C2E3B3E") {
		t.Errorf("%v", err)
	}
	q := Query{NotWhere: []*Where{w}}
	if is, err := q.Match(pictured()); is || err == nil {
		t.Errorf("%v, %v", is, err)
	}
}

// Conditions and flags that mean the same select the same.
func TestConditionsAndFlagsAgree(t *testing.T) {
	twins := []struct {
		text string
		flag Query
	}{
		{`favorite`, Query{Favorite: Yes}}, {`not hidden`, Query{Hidden: No}}, {`edited`, Query{Edited: Yes}}, {`missing`, Query{Missing: Yes}},
		{`in_cloud`, Query{InCloud: Yes}}, {`shared`, Query{Shared: Yes}}, {`known(burst)`, Query{Burst: Yes}},
		{`kind == "movie"`, Query{Kinds: []photosdb.Kind{photosdb.Movie}}},
		{`date >= time("2025-06-01") or date_added >= time("2025-06-01") or date_modified >= time("2025-06-01")`, Query{Since: time.Date(2025, 6, 1, 0, 0, 0, 0, now.Location())}},
	}
	rapid.Check(t, func(t *rapid.T) {
		yes := func(what string) bool { return rapid.Bool().Draw(t, what) }
		when := func(what string) time.Time {
			if !yes(what) {
				return time.Time{}
			}
			return time.Date(2025, 5, 25, 12, 0, 0, 0, time.UTC).AddDate(0, 0, rapid.IntRange(0, 14).Draw(t, what+" on"))
		}
		a := &photosdb.Asset{Kind: rapid.SampledFrom([]photosdb.Kind{photosdb.Photo, photosdb.Movie}).Draw(t, "kind")}
		a.Flags = photosdb.Flags{Favorite: yes("favorite"), Hidden: yes("hidden")}
		a.Origin.SharedAlbum, a.EditState = yes("shared"), rapid.IntRange(0, 3).Draw(t, "edit")
		a.Cloud.Uploaded = rapid.Ptr(rapid.Bool(), true).Draw(t, "uploaded")
		a.Dates = photosdb.Dates{Taken: when("taken"), Added: when("added"), Modified: when("modified")}
		if yes("burst") {
			a.Media.Burst = &photosdb.Burst{UUID: "B"}
		}
		if yes("here") {
			a.Resources = []photosdb.Resource{{Role: photosdb.RoleOriginal, OnDisk: yes("on disk")}}
		}
		twin := rapid.SampledFrom(twins).Draw(t, "flag")
		got, err := parseWhere(t, twin.text).Match(a)
		want, _ := twin.flag.Match(a)
		if err != nil || got != want {
			t.Fatalf("%s: %v, %v; the flag %v", twin.text, got, err, want)
		}
	})
}

func FuzzParseWhere(f *testing.F) {
	for _, text := range []string{
		`favorite and exif.iso > 400`, `any(albums, .title == "Summer")`, `date >= time("2025-05-17")`, `title matches "a|b"`,
		`known(place) ? place.is_home : false`, `max(map(faces, .quality)) > 0.5`, `keywords[0] == "x"`, `len(filter(persons, # != "")) > 1`,
		`{"a": 1}.a == 1`, `[1, 2][width] == 1`, `title[0:3] == "abc"`, `persons | any(# == "x")`, `1 / width > 2`, `-width < 2 ** 9999`,
	} {
		f.Add(text)
	}
	a := pictured()
	f.Fuzz(func(t *testing.T, text string) {
		w, err := ParseWhere(text, now)
		if err != nil {
			if !errors.Is(err, ErrWhere) {
				t.Error(err)
			}
			return
		}
		for _, a := range []*photosdb.Asset{a, {}} {
			if _, err := w.Match(a); err != nil && !errors.Is(err, ErrWhere) {
				t.Error(err)
			}
		}
		if fmt.Sprint(w) != text {
			t.Errorf("%q became %q", text, w)
		}
	})
}
