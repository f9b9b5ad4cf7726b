package photosdb

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"

	"github.com/photogo/photogo/internal/fixture"
)

// lists reads one list of a library.
func lists[T any](t testing.TB, read func(context.Context) ([]T, error)) []T {
	t.Helper()
	out, err := read(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// What a list counts is what the assets tell, in every generation.
func TestListsCountWhatAssetsTell(t *testing.T) {
	for _, g := range fixture.Generations() {
		t.Run(g.Name, func(t *testing.T) {
			lib := build(t, fixture.Options{Generation: g, WAL: g.Model%2 == 0})
			l := open(t, lib.Path)
			if w := l.Warnings(); mentions(w, "has no") {
				t.Fatalf("warnings before anything was asked for: %v", w)
			}
			want := map[string]map[string]int{}
			add := func(list, key string) {
				if want[list] == nil {
					want[list] = map[string]int{}
				}
				want[list][key]++
			}
			all := list(t, l, ByUUID)
			for _, a := range all {
				if a.Flags.Trashed {
					continue
				}
				for _, word := range a.Text.Keywords {
					add("keywords", word)
				}
				for _, b := range append(slices.Clone(a.Albums), a.SharedAlbums...) {
					add("albums", string(b.UUID))
				}
				people := map[string]bool{}
				for _, f := range a.Faces {
					if f.Person != nil && !f.Hidden && !f.Trashed && f.Person.KnownAs != "" {
						people[f.Person.KnownAs] = true
					}
				}
				for name := range people {
					add("persons", name)
				}
			}
			for _, a := range lib.Assets {
				if a.Trashed {
					continue
				}
				for _, p := range a.Places {
					add("places", norm.NFC.String(p))
				}
				for _, name := range a.Labels {
					add("labels", norm.NFC.String(name))
				}
			}
			if g.Model >= 270000000 {
				delete(want, "labels")
			}
			got := map[string]map[string]int{}
			put := func(list, key string, n int) {
				if got[list] == nil {
					got[list] = map[string]int{}
				}
				if n > 0 {
					got[list][key] = n
				}
			}
			for _, k := range lists(t, l.Keywords) {
				put("keywords", k.Title, k.Assets)
			}
			for _, a := range lists(t, l.Albums) {
				if a.Kind == ProjectAlbum { // which assets do not tell
					if a.Assets != 1 {
						t.Errorf("%+v", a)
					}
					continue
				}
				put("albums", string(a.UUID), a.Assets)
			}
			for _, p := range lists(t, l.Persons) {
				if p.KnownAs != "" {
					put("persons", p.KnownAs, p.Assets)
				}
			}
			for _, p := range lists(t, l.Places) {
				put("places", p.Name, max(p.Assets, got["places"][p.Name]))
			}
			for _, w := range lists(t, l.Labels) {
				put("labels", w.Name, w.Assets)
			}
			for name := range want {
				if !maps.Equal(got[name], want[name]) {
					t.Errorf("%s: %v, want %v", name, got[name], want[name])
				}
			}
			count, imports, moments := 0, lists(t, l.Imports), lists(t, l.Moments)
			for _, a := range all {
				if !a.Flags.Trashed && !a.Origin.SharedAlbum {
					count++
				}
			}
			if len(imports) != 1 || imports[0].Assets != count || imports[0].Start.IsZero() || len(moments) != 1 || moments[0].Assets != count {
				t.Errorf("imports %+v, moments %+v, want one of each with %d assets", imports, moments, count)
			}
			if g.Model < 270000000 && mentions(l.Warnings(), "labels") {
				t.Errorf("warnings: %v", l.Warnings())
			}
		})
	}
}

func TestAlbumsAndFolders(t *testing.T) {
	l := open(t, build(t, fixture.Options{}).Path)
	kinds := map[string]AlbumKind{}
	for _, a := range lists(t, l.Albums) {
		kinds[paths(a.Folders)+a.Title] = a.Kind
		if a.Created.IsZero() {
			t.Errorf("%s has no date", a.Title)
		}
		if a.Kind == SharedAlbum && a.Owner.Name != "Album Owner" {
			t.Errorf("owner %+v", a.Owner)
		}
	}
	want := map[string]AlbumKind{
		"Travels/Coast: East/Sea": UserAlbum, "Family/Sea": UserAlbum, "Cats/Dogs & <Others>": UserAlbum, "Without a parent": UserAlbum,
		"Empty": UserAlbum, "Smart": SmartAlbum, "Calendar": ProjectAlbum, "Shared summer": SharedAlbum,
	} // and not the one in the trash
	if !maps.Equal(kinds, want) {
		t.Errorf("albums %v, want %v", kinds, want)
	}
	var folders []string
	for _, f := range lists(t, l.Folders) {
		folders = append(folders, paths(f.Folders)+f.Title)
		if f.Title == "Travels" && (f.Inner != 1 || f.Albums != 0) || f.Title == "Family" && (f.Inner != 0 || f.Albums != 1) {
			t.Errorf("%+v", f)
		}
	}
	if want := []string{"Family", "Travels", "Travels/Coast: East"}; !slices.Equal(folders, want) {
		t.Errorf("folders %q, want %q", folders, want)
	}
}

func paths(folders []Folder) (out string) {
	for _, f := range folders {
		out += f.Title + "/"
	}
	return out
}

// A folder that lies in itself ends nothing but its own path.
func TestFoldersInACircle(t *testing.T) {
	lib := build(t, fixture.Options{})
	edit(t, lib.Path, "UPDATE ZGENERICALBUM SET ZPARENTFOLDER = Z_PK WHERE ZTITLE = 'Travels'")
	l := open(t, lib.Path)
	if n := len(lists(t, l.Folders)); n != 3 {
		t.Errorf("%d folders", n)
	}
	if n := len(lists(t, l.Albums)); n != 8 {
		t.Errorf("%d albums", n)
	}
}

func TestMergedPersonsCountForWhomTheyWereMergedInto(t *testing.T) {
	lib := build(t, fixture.Options{})
	find := func(name string) (out []PersonEntry) {
		for _, p := range lists(t, open(t, lib.Path).Persons) {
			if p.KnownAs == name {
				out = append(out, p)
			}
		}
		return out
	}
	// Five pictures in all orientations and one edited, one of everybody, one of
	// the person merged into her.
	if p := find("Grandmother"); len(p) != 1 || p[0].Faces != 7 || p[0].Assets != 7 || len(p[0].Merged) != 1 {
		t.Errorf("%+v", p)
	}
	if p := find("Grandma (old)"); len(p) != 0 {
		t.Errorf("a merged person is listed: %+v", p)
	}
	if p := find(""); len(p) != 1 || p[0].Faces != 2 {
		t.Errorf("faces that nobody named: %+v", p)
	}
	// A circle of merges merges nobody, and loses nobody.
	edit(t, lib.Path, "UPDATE ZPERSON SET ZMERGETARGETPERSON = (SELECT Z_PK FROM ZPERSON WHERE ZFULLNAME = 'Grandma (old)') WHERE ZFULLNAME = 'Grandmother'")
	n := 0
	for _, p := range lists(t, open(t, lib.Path).Persons) {
		n += p.Faces
	}
	if n != 7+3+2 {
		t.Errorf("%d faces of persons, want 12", n)
	}
}

// Keywords that differ in the form of Unicode only are one, and an asset with
// both counts once.
func TestKeywordTwins(t *testing.T) {
	lib := build(t, fixture.Options{})
	edit(t, lib.Path, "UPDATE ZKEYWORD SET ZTITLE = 'Naoe\u0301' WHERE ZTITLE = 'Holiday'",
		"INSERT INTO ZKEYWORD (Z_PK, ZTITLE) VALUES (9001, 'Nao\u00e9'), (9002, 'Nobody has it')")
	join := ask(t, lib.Path, "SELECT name FROM sqlite_master WHERE name GLOB 'Z_*KEYWORDS' AND type = 'table'")
	word := ask(t, lib.Path, "SELECT name FROM pragma_table_info(?) WHERE name GLOB 'Z_*KEYWORDS'", join)
	owner := ask(t, lib.Path, "SELECT name FROM pragma_table_info(?) WHERE name GLOB 'Z_*ASSETATTRIBUTES'", join)
	edit(t, lib.Path, "INSERT INTO "+join+" ("+owner+", "+word+") SELECT "+owner+", 9001 FROM "+join+
		" WHERE "+word+" = (SELECT Z_PK FROM ZKEYWORD WHERE ZTITLE = 'Naoe\u0301')")
	want := ask(t, lib.Path, "SELECT count(*) FROM "+join+" WHERE "+word+" = 9001")
	found := 0
	for _, k := range lists(t, open(t, lib.Path).Keywords) {
		if k.Title == "Nao\u00e9" {
			found++
			if want == "0" || strconv.Itoa(k.Assets) != want {
				t.Errorf("%+v, want %s", k, want)
			}
		}
		if k.Title == "Nobody has it" && k.Assets != 0 {
			t.Errorf("%+v", k)
		}
	}
	if found != 1 {
		t.Errorf("the keyword is listed %d times", found)
	}
}

func TestShares(t *testing.T) {
	for _, name := range []string{"5", "8", "11"} {
		l := open(t, build(t, fixture.Options{Generation: generation(t, name)}).Path)
		shares := lists(t, l.Shares)
		if name == "5" {
			if len(shares) != 0 || len(l.Warnings()) != 0 {
				t.Errorf("Photos 5: %v, %v", shares, l.Warnings())
			}
			continue
		}
		if len(shares) != 1 || shares[0].Kind != ShareLibrary || shares[0].Assets != 1 || len(shares[0].Participants) != 1 {
			t.Fatalf("Photos %s: %+v", name, shares)
		}
		names := map[string]bool{}
		for _, p := range shares[0].Participants {
			names[p.Name] = p.CurrentUser
		}
		if want := map[string]bool{"Alma Example": true}; !maps.Equal(names, want) {
			t.Errorf("Photos %s: %v, want %v", name, names, want)
		}
	}
}

// A library without what a list is made of gives an empty list and one warning.
func TestAListThatIsNotThereIsEmptyWithAWarning(t *testing.T) {
	lib := build(t, fixture.Options{})
	join := ask(t, lib.Path, "SELECT name FROM sqlite_master WHERE name GLOB 'Z_*ASSETS' AND type = 'table'")
	count := func(n int, err error) int {
		if err != nil {
			t.Error(err)
		}
		return n
	}
	for _, tt := range []struct {
		gone, warning string
		list          func(*Library) int
	}{
		{"ZGENERICALBUM", "albums", func(l *Library) int { x, err := l.Albums(t.Context()); return count(len(x), err) }},
		{"ZGENERICALBUM", "albums", func(l *Library) int { x, err := l.Folders(t.Context()); return count(len(x), err) }},
		{"ZGENERICALBUM", "albums", func(l *Library) int { x, err := l.Imports(t.Context()); return count(len(x), err) }},
		{"ZPERSON", "persons", func(l *Library) int { x, err := l.Persons(t.Context()); return count(len(x), err) }},
		{"ZKEYWORD", "keywords", func(l *Library) int { x, err := l.Keywords(t.Context()); return count(len(x), err) }},
		{"ZMOMENT", "moments", func(l *Library) int { x, err := l.Moments(t.Context()); return count(len(x), err) }},
		{"ZSHARE", "shares", func(l *Library) int { x, err := l.Shares(t.Context()); return count(len(x), err) }},
		{attributes + ".ZREVERSELOCATIONDATA", "places", func(l *Library) int { x, err := l.Places(t.Context()); return count(len(x), err) }},
		{join, "albums", func(l *Library) int { // the albums are known, what is in them is not
			x, err := l.Albums(t.Context())
			for _, a := range x {
				count(a.Assets, err)
				if a.Assets != 0 {
					t.Errorf("%+v", a)
				}
			}
			return 0
		}},
	} {
		path := cloneDatabase(t, lib.Path)
		if table, column, is := strings.Cut(tt.gone, "."); is {
			edit(t, path, "ALTER TABLE "+table+" RENAME COLUMN "+column+" TO ZELSEWHERE")
		} else {
			edit(t, path, "ALTER TABLE "+tt.gone+" RENAME TO ZELSEWHERE")
		}
		l := open(t, path)
		if n := tt.list(l); n != 0 {
			t.Errorf("without %s: %d", tt.gone, n)
		}
		told := 0
		for _, w := range l.Warnings() {
			if strings.Contains(w, tt.warning) {
				told++
			}
		}
		if told != 1 {
			t.Errorf("without %s: %d warnings of %s: %q", tt.gone, told, tt.warning, l.Warnings())
		}
	}
}

// Labels are not worth refusing a library for, whatever is wrong with the index;
// but who selects by label must know that there are none.
func TestLabelsWithoutAnIndex(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "psi.sqlite")
	for name, change := range map[string]func(t *testing.T, index string){
		"gone":  func(t *testing.T, index string) { drop(t, index) },
		"empty": func(t *testing.T, index string) { write(t, index, nil) },
		"no index": func(t *testing.T, index string) {
			write(t, index, []byte("not a database, but long enough to be taken for one"))
		},
		"truncated":  func(t *testing.T, index string) { cut(t, index) },
		"a folder":   func(t *testing.T, index string) { drop(t, index); write(t, filepath.Join(index, "x"), nil) },
		"a link out": func(t *testing.T, index string) { copyTo(t, index, outside); drop(t, index); tie(t, outside, index) },
		"of macOS 27": func(t *testing.T, index string) {
			drop(t, index)
			write(t, filepath.Join(filepath.Dir(index), "leo.sqlite"), []byte("x"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			lib := build(t, fixture.Options{})
			change(t, filepath.Join(lib.Path, searchIndexPath))
			before := contents(t, lib.Path)
			l := open(t, lib.Path)
			for range 2 {
				if labels, err := l.Labels(t.Context()); err != nil || len(labels) != 0 {
					t.Errorf("%v, %v", labels, err)
				}
			}
			if w := l.Warnings(); len(w) != 1 || !strings.Contains(w[0], "labels") {
				t.Errorf("warnings %q", w)
			}
			if by, err := l.LabelsByAsset(t.Context()); !errors.Is(err, ErrAbsent) {
				t.Errorf("%v, %v, want ErrAbsent", by, err)
			}
			if after := contents(t, lib.Path); !maps.Equal(before, after) {
				t.Error("the library was changed")
			}
		})
	}
}

func drop(t *testing.T, name string) {
	t.Helper()
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
}

func tie(t *testing.T, to, name string) {
	t.Helper()
	if err := os.Symlink(to, name); err != nil {
		t.Fatal(err)
	}
}

func cut(t *testing.T, name string) {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	write(t, name, data[:len(data)/2])
}

// Reading lists and the search index leaves the library as it was.
func TestListsDoNotTouchTheLibrary(t *testing.T) {
	lib := build(t, fixture.Options{WAL: true})
	before := contents(t, lib.Path)
	l := open(t, lib.Path)
	if len(lists(t, l.Labels)) == 0 || len(lists(t, l.Places)) == 0 {
		t.Error("nothing was read")
	}
	if !maps.Equal(before, contents(t, lib.Path)) {
		t.Error("the library was changed")
	}
}

func TestPlacesAndLabelsByAsset(t *testing.T) {
	lib := build(t, fixture.Options{})
	l := open(t, lib.Path)
	places, err := l.PlacesByAsset(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	labels, err := l.LabelsByAsset(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	nfc := func(texts []string) (out []string) {
		for _, s := range texts {
			out = append(out, norm.NFC.String(s))
		}
		return slices.Compact(slices.Sorted(slices.Values(out)))
	}
	for _, a := range lib.Assets {
		if got := slices.Compact(slices.Sorted(slices.Values(places[UUID(a.UUID)]))); !slices.Equal(got, nfc(a.Places)) {
			t.Errorf("%s: places %q, want %q", a.Case, got, a.Places)
		}
		if got := labels[UUID(a.UUID)]; !slices.Equal(got, nfc(a.Labels)) {
			t.Errorf("%s: labels %q, want %q", a.Case, got, a.Labels)
		}
	}
	want := []NamedPlace{
		{"Hungary", PlaceCountry, "HU"}, {"Central Hungary", PlaceState, "HU"}, {"Budapest", PlaceCity, "HU"},
		{"Chain Bridge", PlaceInterest, "HU"}, {"Danube Bank", PlaceInterest, "HU"},
	}
	var got []NamedPlace
	for _, p := range lists(t, l.Places) {
		got = append(got, p.NamedPlace)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// An archive that cannot be read costs its own places only, and is told.
func TestAPlaceThatCannotBeRead(t *testing.T) {
	lib := build(t, fixture.Options{})
	movie := mustCase(t, lib, "movie")
	edit(t, lib.Path, "UPDATE ZADDITIONALASSETATTRIBUTES SET ZREVERSELOCATIONDATA = x'62706c69737430300102' WHERE ZASSET = (SELECT Z_PK FROM ZASSET WHERE ZUUID = '"+movie.UUID+"')")
	l := open(t, lib.Path)
	if n := len(lists(t, l.Places)); n != 5 {
		t.Errorf("%d places, want the 5 of the other picture", n)
	}
	if w := l.Warnings(); !mentions(w, "places of 2 assets") {
		t.Errorf("warnings %q", w)
	}
}

func TestRoles(t *testing.T) {
	lib := build(t, fixture.Options{})
	l := open(t, lib.Path)
	want := map[Role]RoleInfo{}
	for _, a := range list(t, l, ByUUID) {
		for _, r := range a.Resources {
			if r.Role == RoleAdjustments {
				continue // it has no row
			}
			sum := want[r.Role]
			sum.Role = r.Role
			switch {
			case r.Local:
				sum.Local, sum.LocalBytes = sum.Local+1, sum.LocalBytes+r.Size
			case r.Remote:
				sum.Remote, sum.RemoteBytes = sum.Remote+1, sum.RemoteBytes+r.Size
			default:
				sum.Gone, sum.GoneBytes = sum.Gone+1, sum.GoneBytes+r.Size
			}
			want[r.Role] = sum
		}
	}
	got := map[Role]RoleInfo{}
	for _, r := range lists(t, l.Roles) {
		got[r.Role] = r
	}
	if !maps.Equal(got, want) || got[RoleOriginal].Remote == 0 {
		t.Errorf("%+v\nwant %+v", got, want)
	}
}

func TestListsOfAClosedLibrary(t *testing.T) {
	l, err := Open(t.Context(), build(t, fixture.Options{}).Path, Options{TempDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	if _, err := l.Albums(t.Context()); err == nil {
		t.Error("no error")
	}
	if _, err := l.Labels(t.Context()); err == nil {
		t.Error("no error")
	}
}

func TestListsEndWithTheContext(t *testing.T) {
	l := open(t, build(t, fixture.Options{}).Path)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := l.Places(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if len(list(t, l, ByUUID)) == 0 {
		t.Error("the library is of no use afterwards")
	}
}

// Archives are bytes from somewhere: no panic, no endless walk.
func FuzzDecodePlaces(f *testing.F) {
	l := build(f, fixture.Options{})
	blob := ask(f, l.Path, "SELECT ZREVERSELOCATIONDATA FROM ZADDITIONALASSETATTRIBUTES WHERE ZREVERSELOCATIONDATA IS NOT NULL")
	if places, err := decodePlaces([]byte(blob)); err != nil || len(places) == 0 {
		f.Fatalf("the seed is of no use: %v, %v", places, err)
	}
	f.Add([]byte(blob))
	f.Add([]byte("bplist00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		places, err := decodePlaces(data)
		if err != nil && places != nil || len(places) > maxPlaces {
			t.Errorf("%d places, %v", len(places), err)
		}
		decodeName(data)
	})
}
