package query

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/photogo/photogo/photosdb"
)

func names(t *testing.T, list ...string) Names {
	t.Helper()
	n, err := NewNames(list)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func spans(t *testing.T, list ...string) (out []Range) {
	t.Helper()
	for _, text := range list {
		r, err := ParseRange(text, now)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, r)
	}
	return out
}

func TestSelection(t *testing.T) {
	yes := true
	tokyo := time.FixedZone("", 9*3600)
	a := photosdb.Asset{
		UUID: "0040E19F-0703-4A1E-877E-A3718603607F", Kind: photosdb.Photo, Flags: photosdb.Flags{Favorite: true}, EditState: 1,
		Text:         photosdb.Text{Keywords: []string{"Stra\u00dfe", "Caf\u00e9"}},
		Albums:       []photosdb.Album{{UUID: "A-UUID", Title: "Sea", Folders: []photosdb.Folder{{UUID: "F1", Title: "Travels"}, {UUID: "F2", Title: "Coast"}}}},
		SharedAlbums: []photosdb.Album{{UUID: "S-UUID", Title: "Shared summer"}},
		Faces: []photosdb.Face{
			{Person: &photosdb.Person{Name: "Grandma (old)", KnownAs: "Grandmother"}},
			{Person: &photosdb.Person{Name: "Taken away", KnownAs: "Taken away"}, Hidden: true},
			{Person: &photosdb.Person{}}, {},
		},
		Media:     photosdb.Media{Subtypes: []photosdb.Subtype{photosdb.Live, photosdb.Raw}, Burst: &photosdb.Burst{}},
		Cloud:     photosdb.Cloud{Uploaded: &yes},
		Dates:     photosdb.Dates{Taken: time.Date(2025, 5, 17, 0, 30, 0, 0, tokyo), Added: time.Date(2025, 6, 1, 23, 0, 0, 0, time.UTC)},
		Resources: []photosdb.Resource{{Role: photosdb.RoleOriginal, OnDisk: true}},
	}
	kinds := func(k ...photosdb.Kind) []photosdb.Kind { return k }
	subtypes := func(s ...photosdb.Subtype) []photosdb.Subtype { return s }
	for _, tt := range []struct {
		why   string
		q, no Query // q selects the asset; no is q with Not, or its opposite, and does not
	}{
		{"a keyword, in other letters and another form", Query{Keywords: names(t, "CAFE\u0301")}, Query{NotKeywords: names(t, "CAFE\u0301")}},
		{"folding, not lower case", Query{Keywords: names(t, "STRASSE")}, Query{NotKeywords: names(t, "STRASSE")}},
		{"one of several", Query{Keywords: names(t, "Nobody", "Café")}, Query{NotKeywords: names(t, "Nobody", "Café")}},
		{"whole names only", Query{NotKeywords: names(t, "Caf")}, Query{Keywords: names(t, "Caf")}},
		{"an album", Query{Albums: names(t, "sea")}, Query{NotAlbums: names(t, "sea")}},
		{"an album by UUID", Query{Albums: names(t, "a-uuid")}, Query{NotAlbums: names(t, "a-uuid")}},
		{"a shared album", Query{Albums: names(t, "shared summer")}, Query{NotAlbums: names(t, "shared summer")}},
		{"the outer folder", Query{Folders: names(t, "travels")}, Query{NotFolders: names(t, "travels")}},
		{"the inner folder", Query{Folders: names(t, "COAST")}, Query{NotFolders: names(t, "COAST")}},
		{"a folder is no album", Query{NotAlbums: names(t, "Travels")}, Query{Albums: names(t, "Travels")}},
		{"a person", Query{Persons: names(t, "grandmother")}, Query{NotPersons: names(t, "grandmother")}},
		{"a person merged into another", Query{Persons: names(t, "Grandma (old)")}, Query{NotPersons: names(t, "Grandma (old)")}},
		{"a face taken away", Query{NotPersons: names(t, "Taken away")}, Query{Persons: names(t, "Taken away")}},
		{"photo", Query{Kinds: kinds(photosdb.Photo)}, Query{NotKinds: kinds(photosdb.Photo)}},
		{"not movie", Query{NotKinds: kinds(photosdb.Movie)}, Query{Kinds: kinds(photosdb.Movie)}},
		{"a subtype", Query{Subtypes: subtypes(photosdb.Live)}, Query{NotSubtypes: subtypes(photosdb.Live)}},
		{"a subtype among others", Query{Subtypes: subtypes(photosdb.HDR, photosdb.Raw)}, Query{NotSubtypes: subtypes(photosdb.HDR, photosdb.Raw)}},
		{"favourite", Query{Favorite: Yes}, Query{Favorite: No}},
		{"not hidden", Query{Hidden: No}, Query{Hidden: Yes}},
		{"edited", Query{Edited: Yes}, Query{Edited: No}},
		{"not missing", Query{Missing: No}, Query{Missing: Yes}},
		{"in iCloud", Query{InCloud: Yes}, Query{InCloud: No}},
		{"not shared", Query{Shared: No}, Query{Shared: Yes}},
		{"raw", Query{Raw: Yes}, Query{Raw: No}},
		{"burst", Query{Burst: Yes}, Query{Burst: No}},
		{"uuid", Query{UUIDs: UUIDs{a.UUID: true}}, Query{NotUUIDs: UUIDs{a.UUID: true}}},
		{"another uuid", Query{NotUUIDs: UUIDs{"x": true}}, Query{UUIDs: UUIDs{"x": true}}},
		{"not in the trash", Query{Trashed: true}, Query{OnlyTrashed: true}},
		{"the day there, not here", Query{Taken: spans(t, "2025-05-17")}, Query{NotTaken: spans(t, "2025-05-17")}},
		{"the day before", Query{NotTaken: spans(t, "2025-05-16")}, Query{Taken: spans(t, "2025-05-16")}},
		{"an instant", Query{Taken: spans(t, "2025-05-16T15:30:00Z..2025-05-16T15:30:00Z")}, Query{Taken: spans(t, "2025-05-16T15:30:01Z..")}},
		{"added on the user's day", Query{Added: spans(t, "2025-06-02")}, Query{Added: spans(t, "2025-06-01")}},
		{"one of several spans", Query{Taken: spans(t, "2020", "2025-05..")}, Query{NotTaken: spans(t, "2020", "2025-05..")}},
		{"since", Query{Since: time.Date(2025, 6, 1, 0, 0, 0, 0, time.UTC)}, Query{NotSince: time.Date(2025, 6, 1, 0, 0, 0, 0, time.UTC)}},
		{"not since", Query{NotSince: now}, Query{Since: now}},
		{"all must hold", Query{Favorite: Yes, Edited: Yes}, Query{Favorite: Yes, Edited: No}},
	} {
		if !matches(t, &tt.q, &a) {
			t.Errorf("%s: not selected", tt.why)
		}
		if matches(t, &tt.no, &a) {
			t.Errorf("%s: the opposite is selected", tt.why)
		}
	}
}

// An asset that nothing is known of has none of it, and is selected by every Not.
func TestSelectionOfTheUnknown(t *testing.T) {
	var a photosdb.Asset
	for _, q := range []Query{
		{NotKeywords: names(t, "x")}, {NotAlbums: names(t, "x")}, {NotFolders: names(t, "x")}, {NotPersons: names(t, "x")}, {InCloud: No},
		{NotTaken: spans(t, "..2100")}, {NotAdded: spans(t, "2000..")}, {Missing: Yes}, {NotSubtypes: Subtypes()}, {NotSince: now},
	} {
		if !matches(t, &q, &a) {
			t.Errorf("%+v: not selected", q)
		}
	}
	for _, q := range []Query{{Taken: spans(t, "..2100")}, {Added: spans(t, "2000..")}, {Missing: No}, {Since: now}, {Kinds: []photosdb.Kind{photosdb.Photo}}} {
		if matches(t, &q, &a) {
			t.Errorf("%+v: selected", q)
		}
	}
}

// Who selects by what was not read selects nothing, rather than everything.
func TestAQueryThatWasNotPrepared(t *testing.T) {
	for _, q := range []Query{{Labels: names(t, "x")}, {NotLabels: names(t, "x")}, {Places: names(t, "x")}, {NotPlaces: names(t, "x")}} {
		if matches(t, &q, &photosdb.Asset{}) {
			t.Errorf("%+v: selected", q)
		}
	}
}

func TestNamesThatAreNone(t *testing.T) {
	for _, name := range []string{"", " ", "\t"} {
		if _, err := NewNames([]string{"x", name}); err == nil {
			t.Errorf("%q passes", name)
		}
	}
	q := Query{Keywords: names(t, "x")}
	if matches(t, &q, &photosdb.Asset{Text: photosdb.Text{Keywords: []string{""}}}) {
		t.Error("an empty keyword is selected")
	}
}

// What folds alike is one name: in upper case, in lower case, in both forms.
func TestFolding(t *testing.T) {
	for _, same := range [][]string{
		{"café", "CAFÉ", "cafe\u0301", "CAFE\u0301"}, {"Straße", "STRASSE", "strasse", "STRAẞE"}, {"ΣΊΣΥΦΟΣ", "σίσυφος", "Σίσυφοσ"},
		{"Ångström", "\u212Bngstr\u00f6m", "A\u030Angstro\u0308m"}, {"ﬁn", "FIN"},
	} {
		for _, s := range same {
			if fold(s) != fold(same[0]) {
				t.Errorf("%q and %q differ", s, same[0])
			}
		}
	}
	for _, pair := range [][2]string{{"I", "ı"}, {"a", "á"}, {"a b", "ab"}} {
		if fold(pair[0]) == fold(pair[1]) {
			t.Errorf("%q and %q are one", pair[0], pair[1])
		}
	}
}

func TestUUIDs(t *testing.T) {
	u := UUIDs{}
	list := "\uFEFF0040E19F-0703-4A1E-877E-A3718603607F\r\n\n# a comment\n  1c411fd9-685d-4fc2-a312-eefb2e4536f0 # with one\n"
	if err := u.Read(strings.NewReader(list)); err != nil || len(u) != 2 || !u["1C411FD9-685D-4FC2-A312-EEFB2E4536F0"] {
		t.Errorf("%v, %v", u, err)
	}
	if err := u.Read(strings.NewReader("\n\nnonsense\n")); err == nil || !strings.Contains(err.Error(), "line 3") {
		t.Errorf("%v", err)
	}
	for _, text := range []string{"", "0040E19F", "0040E19F-0703-4A1E-877E-A3718603607F0", "0040E19F_0703_4A1E_877E_A3718603607F", "../../etc"} {
		if err := u.Add(text); err == nil {
			t.Errorf("%q passes", text)
		}
	}
	if err := u.Read(strings.NewReader(strings.Repeat("x", 1<<20))); err == nil {
		t.Error("a line without end passes")
	}
}

func TestParseKindAndSubtype(t *testing.T) {
	for _, s := range Subtypes() {
		if got, err := ParseSubtype(string(s)); err != nil || got != s {
			t.Errorf("%s: %v, %v", s, got, err)
		}
	}
	if _, err := ParseSubtype("slow-mo"); err == nil || !strings.Contains(err.Error(), "slow_mo") {
		t.Errorf("%v", err)
	}
	if _, err := ParseKind("unknown"); err == nil {
		t.Error("unknown passes for a kind")
	}
	if k, err := ParseKind("movie"); err != nil || k != photosdb.Movie {
		t.Errorf("%v, %v", k, err)
	}
}

func TestParseRange(t *testing.T) {
	at := func(text string) time.Time {
		when, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			t.Fatal(err)
		}
		return when
	}
	for _, tt := range []struct {
		text    string
		in, out []string
	}{
		{"2025", []string{"2025-01-01T00:00:00-08:00", "2025-12-31T23:59:59.999999+09:00"}, []string{"2024-12-31T23:59:59.9-08:00", "2026-01-01T00:00:00Z"}},
		{"2025-02", []string{"2025-02-01T00:00:00Z", "2025-02-28T23:59:59Z"}, []string{"2025-03-01T00:00:00Z"}},
		{"2025-05-17..2025-05-18", []string{"2025-05-17T00:00:00+12:00", "2025-05-18T23:59:59.5-10:00"}, []string{"2025-05-19T00:00:00Z", "2025-05-16T23:59:59Z"}},
		{"2025-05-17..", []string{"2025-05-17T00:00:00Z", "9999-01-01T00:00:00Z"}, []string{"2025-05-16T23:59:59Z"}},
		{"..2025-05-17", []string{"0001-01-02T00:00:00Z", "2025-05-17T23:59:59Z"}, []string{"2025-05-18T00:00:00Z"}},
		{"2024..2025-05", []string{"2024-01-01T00:00:00Z", "2025-05-31T23:00:00Z"}, []string{"2025-06-01T00:00:00Z"}},
		{"2025-05-17T12:00", []string{"2025-05-17T12:00:59+02:00"}, []string{"2025-05-17T12:01:00+02:00"}},
		{"2025-05-17 12:00:30", []string{"2025-05-17T12:00:30.9Z"}, []string{"2025-05-17T12:00:31Z"}},
		{"2025-05-17T12:00:00Z..", []string{"2025-05-17T14:00:00+02:00"}, []string{"2025-05-17T13:59:59+02:00"}},
		{"30d..", []string{"2026-03-31T12:00:00+02:00", "2026-03-01T12:00:00+02:00"}, []string{"2026-03-01T11:59:59+02:00"}},
		{"1y..1mo", []string{"2025-06-01T00:00:00Z"}, []string{"2026-03-30T00:00:00Z", "2025-03-01T00:00:00Z"}},
	} {
		r := spans(t, tt.text)[0]
		for _, text := range tt.in {
			if !r.Contains(at(text)) {
				t.Errorf("%s is not in %s", text, tt.text)
			}
		}
		for _, text := range tt.out {
			if r.Contains(at(text)) {
				t.Errorf("%s is in %s", text, tt.text)
			}
		}
	}
	for _, text := range []string{
		"", "..", "...", "yesterday", "2025-13", "2025-02-30", "2025..2024", "2025-05-18..2025-05-17", "1mo..1y", "2025-05-17...2025-05-18",
		"2025-05-17..2025-05-18..2025-05-19", "2025-5-1", "20250517", " 2025", "25",
	} {
		if r, err := ParseRange(text, now); err == nil {
			t.Errorf("%q passes for %v", text, r)
		}
	}
}

// A day is what the date on the wall says, whatever the zone.
func TestADayIsADayOnTheWall(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		zone := time.FixedZone("", rapid.IntRange(-18*60, 18*60).Draw(t, "zone")*60)
		when := time.Unix(rapid.Int64Range(-2e9, 5e9).Draw(t, "time"), rapid.Int64Range(0, 999_999_999).Draw(t, "fraction")).In(zone)
		day := when.AddDate(0, 0, rapid.IntRange(-1, 1).Draw(t, "days"))
		r, err := ParseRange(day.Format("2006-01-02"), now)
		if err != nil {
			t.Fatal(err)
		}
		if want := day.Format("2006-01-02") == when.Format("2006-01-02"); r.Contains(when) != want {
			t.Errorf("%v in %v: %v", when, day, !want)
		}
	})
}

func FuzzParseRange(f *testing.F) {
	for _, text := range []string{"2025-05-17..2025-05-18", "90d..", "..2025", "2025-05-17T09:04:31Z..", "..", ""} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := ParseRange(text, now)
		if err != nil {
			return
		}
		if !r.from.set && !r.before.set {
			t.Errorf("%q has no limit", text)
		}
		if r.Contains(time.Time{}) {
			t.Errorf("%q contains no time at all", text)
		}
		if r.from.set && !r.from.wall && !r.Contains(r.from.at) && r.before.set == false && !r.from.at.IsZero() {
			t.Errorf("%q does not contain its begin", text)
		}
	})
}

func TestEverySubtypeCanBeSelected(t *testing.T) {
	if !slices.IsSorted(Subtypes()) || len(Subtypes()) != 14 {
		t.Errorf("%v", Subtypes())
	}
}
