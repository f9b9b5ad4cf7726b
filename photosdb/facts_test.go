package photosdb

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/unicode/norm"

	"github.com/photogo/photogo/internal/fixture"
)

// Every generation tells of every asset what was put into it.
func TestAssetsTellWhatTheLibraryHolds(t *testing.T) {
	for _, g := range fixture.Generations() {
		t.Run(g.Name, func(t *testing.T) {
			lib := build(t, fixture.Options{Generation: g, Assets: 3, Away: true, WAL: true, ReferencedDir: filepath.Join(t.TempDir(), "elsewhere")})
			l := open(t, lib.Path)
			all := list(t, l, ByUUID)
			if len(all) != len(lib.Assets) {
				t.Fatalf("%d assets, want %d", len(all), len(lib.Assets))
			}
			read := map[UUID]*Asset{}
			for _, a := range all {
				read[a.UUID] = a
			}
			for _, want := range lib.Assets {
				a := read[UUID(want.UUID)]
				if a == nil {
					t.Errorf("%s is not there", want.Case)
					continue
				}
				checkFacts(t, want, a)
				checkFiles(t, lib, l, want, a)
			}
			checkInfo(t, l, lib, g)
			for _, w := range l.Warnings() {
				if g.Model <= lastKnownModel || !strings.Contains(w, "newer") {
					t.Errorf("warning: %s", w)
				}
			}
		})
	}
}

func checkFacts(t *testing.T, want fixture.Asset, a *Asset) {
	t.Helper()
	fail := func(what string, got, want2 any) {
		t.Helper()
		t.Errorf("%s: %s is %q, want %q", want.Case, what, got, want2)
	}
	name := norm.NFC.String(want.OriginalFilename)
	if name == "" {
		name = a.Name.Library
	}
	if a.Name.Original != name && want.Case != "name-nul" {
		fail("original name", a.Name.Original, name)
	}
	if a.Text.Title != norm.NFC.String(want.Title) && want.Case != "text-control" {
		fail("title", a.Text.Title, want.Title)
	}
	if a.Text.Description != norm.NFC.String(want.Description) && want.Case != "text-control" {
		fail("description", a.Text.Description, want.Description)
	}
	words := map[string]bool{}
	for _, w := range want.Keywords {
		words[norm.NFC.String(w)] = true
	}
	if sorted := slices.Sorted(maps.Keys(words)); !slices.Equal(a.Text.Keywords, sorted) {
		fail("keywords", a.Text.Keywords, sorted)
	}
	var albums []string
	for _, album := range a.Albums {
		albums = append(albums, album.Title)
	}
	inAlbums := slices.Sorted(slices.Values(want.Albums))
	if want.Trashed {
		inAlbums = nil
	}
	if !slices.Equal(albums, inAlbums) {
		fail("albums", albums, inAlbums)
	}
	if want.Shared != (len(a.SharedAlbums) == 1) || want.Shared != a.Origin.SharedAlbum {
		fail("shared albums", a.SharedAlbums, want.Shared)
	}
	if people := shown(a); !slices.Equal(people, want.Persons) {
		fail("people", people, want.Persons)
	}
	if !a.Dates.Taken.Equal(want.Taken) {
		fail("date", a.Dates.Taken, want.Taken)
	} else if _, offset := want.Taken.Zone(); !want.Taken.IsZero() {
		if _, got := a.Dates.Taken.Zone(); got != offset || a.Dates.Zone.Offset != offset {
			fail("offset", got, offset)
		}
		// The clock's face, as Photos shows it.
		if got, want := a.Dates.Taken.Format(time.DateTime), want.Taken.Format(time.DateTime); got != want {
			fail("local date", got, want)
		}
	}
	kind := Photo
	if want.Movie {
		kind = Movie
	}
	if a.Kind != kind {
		fail("kind", a.Kind, kind)
	}
	if (a.Media.Duration > 0) != want.Movie {
		fail("duration", a.Media.Duration, want.Movie)
	}
	for _, flag := range []struct {
		name      string
		got, want bool
	}{
		{"edited", a.Edited(), want.Edited}, {"favorite", a.Flags.Favorite, want.Favorite}, {"hidden", a.Flags.Hidden, want.Hidden},
		{"trashed", a.Flags.Trashed, want.Trashed}, {"trashed date", !a.Dates.Trashed.IsZero(), want.Trashed},
		{"modified date", !a.Dates.Modified.IsZero(), want.Edited}, {"added date", !a.Dates.Added.IsZero(), true},
		{"visible", a.Flags.Visible, !want.Shared && want.Case != "burst-unpicked"},
	} {
		if flag.got != flag.want {
			fail(flag.name, flag.got, flag.want)
		}
	}
}

// shown are the names of the people on visible faces, each by the name that it
// goes by today.
func shown(a *Asset) (names []string) {
	for _, f := range a.Faces {
		if f.Person != nil && f.Person.KnownAs != "" && !f.Hidden {
			names = append(names, f.Person.KnownAs)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// checkFiles holds the resources against the files: all that are there are
// found, opened and have the size told; the others are told and are not there.
func checkFiles(t *testing.T, lib *fixture.Library, l *Library, want fixture.Asset, a *Asset) {
	t.Helper()
	found, absent := map[string]string{}, []string{}
	for i := range a.Resources {
		r := &a.Resources[i]
		if r.Problem != nil {
			t.Errorf("%s: %s: %v", want.Case, r.Role, r.Problem)
		}
		if i > 0 && slices.Index(roles, r.Role) <= slices.Index(roles, a.Resources[i-1].Role) {
			t.Errorf("%s: %s comes after %s", want.Case, r.Role, a.Resources[i-1].Role)
		}
		if a.Resource(r.Role) != r {
			t.Errorf("%s: Resource(%s) is another", want.Case, r.Role)
		}
		if r.UTI == "" {
			t.Errorf("%s: %s has no type", want.Case, r.Role)
		}
		if r.OnDisk == (r.ModTime == 0) {
			t.Errorf("%s: %s on disk: %v, changed at %d", want.Case, r.Role, r.OnDisk, r.ModTime)
		}
		if !r.OnDisk {
			absent = append(absent, string(r.Role))
			continue
		}
		file, err := l.Open(r)
		if r.Reference != nil {
			file, err = l.OpenReferenced(r)
		} else {
			found[string(r.Role)] = r.Path
		}
		if err != nil {
			t.Errorf("%s: %s: %v", want.Case, r.Role, err)
			continue
		}
		info, err := file.Stat()
		file.Close()
		if err != nil || info.Size() != r.Found {
			t.Errorf("%s: %s has %d bytes, found %d", want.Case, r.Role, info.Size(), r.Found)
		}
		if expected := lib.File(want, string(r.Role)); r.Reference == nil || r.Role == RoleOriginal {
			if same, err := os.Stat(expected); err != nil || !os.SameFile(same, info) {
				t.Errorf("%s: %s is not %s: %v", want.Case, r.Role, expected, err)
			}
		}
	}
	if want.External != "" {
		if r := a.Resource(RoleOriginal); r == nil || r.Reference == nil || !a.Origin.Referenced {
			t.Errorf("%s: no reference", want.Case)
		} else if _, err := l.Open(r); err == nil {
			t.Errorf("%s: Open opens a file outside", want.Case)
		}
	}
	if !maps.Equal(found, want.Files) {
		t.Errorf("%s: files\n%v, want\n%v", want.Case, found, want.Files)
	}
	sort.Strings(absent)
	if !slices.Equal(absent, want.Missing) && len(absent)+len(want.Missing) > 0 {
		t.Errorf("%s: missing %v, want %v", want.Case, absent, want.Missing)
	}
	for role, data := range want.Cloud {
		if role == "adjustments" { // no row tells where it is
			continue
		}
		if r := a.Resource(Role(role)); r == nil || r.Local || !r.Remote || r.Size != int64(len(data)) {
			t.Errorf("%s: %s in iCloud is told as %+v", want.Case, role, r)
		}
	}
}

func checkInfo(t *testing.T, l *Library, lib *fixture.Library, g fixture.Generation) {
	t.Helper()
	info, err := l.Info(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	n, err := l.Count(context.Background())
	if err != nil || n != len(lib.Assets) {
		t.Errorf("Count is %d, %v, want %d", n, err, len(lib.Assets))
	}
	want := Info{Path: lib.Path, ModelVersion: g.Model, Assets: len(lib.Assets)}
	for _, a := range lib.Assets {
		for _, c := range []struct {
			into *int
			is   bool
		}{{&want.Movies, a.Movie}, {&want.Photographs, !a.Movie}, {&want.Trashed, a.Trashed}, {&want.Hidden, a.Hidden}, {&want.Edited, a.Edited}} {
			if c.is {
				*c.into++
			}
		}
	}
	if info.UUID == "" || info.DatabaseSize == 0 || info.Resources == 0 || info.LocalBytes == 0 || info.RemoteBytes == 0 || info.MacOS == "" {
		t.Errorf("info lacks something: %+v", info)
	}
	got := Info{Path: info.Path, ModelVersion: info.ModelVersion, Assets: info.Assets, Movies: info.Movies,
		Photographs: info.Photographs, Trashed: info.Trashed, Hidden: info.Hidden, Edited: info.Edited}
	if got != want {
		t.Errorf("info is\n%+v, want\n%+v", got, want)
	}
}

// Each case of the fixture that is more than flags and names.
func TestSpecialAssets(t *testing.T) {
	for _, g := range fixture.Generations() {
		t.Run(g.Name, func(t *testing.T) {
			lib := build(t, fixture.Options{Generation: g})
			all := byUUID(t, lib.Path)
			get := func(label string) *Asset { t.Helper(); return caseOf(t, lib, all, label) }

			for label, want := range map[string][]Subtype{
				"jpeg": nil, "png": {Screenshot}, "live": {Live}, "raw": {Raw}, "raw+jpeg": {Raw}, "portrait": {Portrait},
				"slow-motion": {SlowMotion}, "burst-key": {BurstFrame}, "movie": nil,
			} {
				if got := get(label).Media.Subtypes; !slices.Equal(got, want) {
					t.Errorf("%s: subtypes %v, want %v", label, got, want)
				}
			}
			if !get("raw-as-original").Flags.RawIsOriginal || get("raw+jpeg").Flags.RawIsOriginal || !get("raw").IsRaw() || !get("raw+jpeg").HasRaw() || get("raw").HasRaw() {
				t.Error("RAW is told wrongly")
			}

			key, picked, not := get("burst-key").Media.Burst, get("burst-picked").Media.Burst, get("burst-unpicked").Media.Burst
			if key == nil || picked == nil || not == nil || key.UUID == "" || key.UUID != picked.UUID || key.UUID != not.UUID {
				t.Fatalf("bursts %v %v %v", key, picked, not)
			}
			if !key.Key() || !picked.Selected() || picked.Key() || not.Selected() || not.Key() || get("jpeg").Media.Burst != nil {
				t.Errorf("bursts %v %v %v", key, picked, not)
			}

			if at := get("jpeg").Location; at == nil || *at != (Location{47.4979, 19.0402}) {
				t.Errorf("location %v", at)
			}
			if at := get("png").Location; at != nil {
				t.Errorf("no location is told as %v", at)
			}

			albums := get("albums").Albums
			var paths []string
			for _, a := range albums {
				var path []string
				for _, f := range a.Folders {
					if f.UUID == "" {
						t.Errorf("folder %s has no UUID", f.Title)
					}
					path = append(path, f.Title)
				}
				if a.Folders == nil {
					t.Errorf("album %s has nil folders", a.Title)
				}
				paths = append(paths, strings.Join(append(path, a.Title), " > "))
			}
			sort.Strings(paths)
			if want := []string{"Cats/Dogs & <Others>", "Family > Sea", "Travels > Coast: East > Sea"}; !slices.Equal(paths, want) {
				t.Errorf("albums %q, want %q", paths, want)
			}
			if !slices.IsSortedFunc(albums, func(a, b Album) int { return strings.Compare(a.Title+string(a.UUID), b.Title+string(b.UUID)) }) {
				t.Errorf("albums are out of order: %v", albums)
			}
			shared := get("shared-photo").SharedAlbums
			if len(shared) != 1 || shared[0].Title != "Shared summer" || shared[0].Folders != nil || shared[0].Owner.Name != "Album Owner" || shared[0].Owner.ID == "" {
				t.Errorf("shared albums %+v", shared)
			}

			face := get("faces")
			if len(face.Faces) != 4 || !slices.Equal(face.Persons(), []string{"Aunt Zoë & \"Co\" <x>", "Grandmother"}) {
				t.Errorf("faces %+v, persons %q", face.Faces, face.Persons())
			}
			one := get("face-orientation-6").Faces
			if len(one) != 1 || one[0].X != 0.25 || one[0].Y != 0.375 || one[0].Size != 0.25 || one[0].SourceWidth != 24 || one[0].SourceHeight != 32 {
				t.Errorf("face %+v", one)
			}
			if (one[0].Detection != nil) != g.HasColumn("ZDETECTEDFACE", "ZDETECTIONTYPE") {
				t.Errorf("detection type %v", one[0].Detection)
			}
			if f := get("face-manual").Faces; len(f) != 1 || !f[0].Manual || f[0].Quality != -1 {
				t.Errorf("manual face %+v", f)
			}
			if f := get("face-hidden").Faces; len(f) != 1 || !f[0].Hidden {
				t.Errorf("hidden face %+v", f)
			}
			if f := get("face-merged").Faces; len(f) != 1 || f[0].Person.Name != "Grandma (old)" || f[0].Person.KnownAs != "Grandmother" {
				t.Errorf("merged face %+v", f[0].Person)
			}
			if f := get("face-orphan").Faces; len(f) != 1 || f[0].Person != nil {
				t.Errorf("orphan face %+v", f)
			}
			if f := get("face-unnamed").Faces; len(f) != 1 || f[0].Person == nil || f[0].Person.Name != "" || f[0].Person.ID == "" {
				t.Errorf("unnamed face %+v", f)
			}

			if a := get("edited"); a.Original.Fingerprint == "" || a.Current.Fingerprint == "" || a.Original.Fingerprint == a.Current.Fingerprint || a.EditState == 0 {
				t.Errorf("edited: %q %q %d", a.Original.Fingerprint, a.Current.Fingerprint, a.EditState)
			}
			if a := get("no-fingerprint"); a.Original.Fingerprint != "" {
				t.Errorf("no-fingerprint has %q", a.Original.Fingerprint)
			}
			if a := get("cloud-local"); a.Cloud.MasterGUID == "" || a.Cloud.AssetGUID == "" || a.Cloud.Uploaded == nil || !*a.Cloud.Uploaded {
				t.Errorf("cloud %+v", a.Cloud)
			}
			if a := get("jpeg"); a.Cloud.MasterGUID != "" || a.Cloud.Uploaded != nil && *a.Cloud.Uploaded {
				t.Errorf("not in the cloud: %+v", a.Cloud)
			}
			if a := get("edited-rotated"); a.Original.Orientation != 6 || a.Current.Orientation != 1 || a.Original.Width != 32 || a.Current.Width != 24 || a.Original.Bytes == 0 {
				t.Errorf("frames %+v %+v", a.Original, a.Current)
			}
			// The column is unknown, not false, where the release has none.
			for column, fact := range map[string]*bool{
				"ZASSET.ZACTIVELIBRARYSCOPEPARTICIPATIONSTATE":      get("jpeg").Origin.SharedLibrary,
				"ZADDITIONALASSETATTRIBUTES.ZSYNDICATIONIDENTIFIER": get("jpeg").Origin.Syndicated,
				"ZADDITIONALASSETATTRIBUTES.ZSYNDICATIONHISTORY":    get("jpeg").Origin.SavedToLibrary,
			} {
				table, name, _ := strings.Cut(column, ".")
				if table == "ZASSET" {
					table = g.AssetTable()
				}
				if has := g.HasColumn(table, name); has != (fact != nil) || fact != nil && *fact {
					t.Errorf("%s: column there: %v, fact %v", column, has, fact)
				}
			}
		})
	}
}

func TestOrders(t *testing.T) {
	lib := build(t, fixture.Options{Assets: 20})
	l := open(t, lib.Path)
	byUUID := list(t, l, ByUUID)
	if !slices.IsSortedFunc(byUUID, func(a, b *Asset) int { return strings.Compare(string(a.UUID), string(b.UUID)) }) {
		t.Error("ByUUID is not in order of UUID")
	}
	byDate := list(t, l, ByDate)
	if !slices.IsSortedFunc(byDate, func(a, b *Asset) int {
		if c := a.Dates.Taken.Compare(b.Dates.Taken); c != 0 {
			return c
		}
		return strings.Compare(string(a.UUID), string(b.UUID))
	}) {
		t.Error("ByDate is not in order of date, then UUID")
	}
	if !byDate[0].Dates.Taken.IsZero() || byDate[len(byDate)-1].Dates.Taken.IsZero() {
		t.Error("assets without a date do not come first")
	}
	asStored := list(t, l, AsStored)
	var uuids []string
	for _, a := range asStored {
		uuids = append(uuids, string(a.UUID))
	}
	if want := ask(t, lib.Path, "SELECT group_concat(ZUUID, ' ') FROM (SELECT ZUUID FROM ZASSET ORDER BY Z_PK)"); strings.Join(uuids, " ") != want {
		t.Errorf("AsStored is %v, not %v", uuids, want)
	}
	if slices.IsSorted(uuids) {
		t.Error("the library is stored in the order of its UUIDs, and shows nothing of AsStored")
	}
	if len(byUUID) != len(lib.Assets) || len(byDate) != len(lib.Assets) {
		t.Errorf("%d by UUID, %d by date, want %d", len(byUUID), len(byDate), len(lib.Assets))
	}
	// Another order, or another time, tells nothing else of an asset.
	for _, other := range [][]*Asset{byDate, asStored} {
		again := map[UUID]*Asset{}
		for _, a := range other {
			again[a.UUID] = a
		}
		for _, a := range byUUID {
			if !reflect.DeepEqual(a, again[a.UUID]) {
				t.Errorf("%s differs in %v", a.UUID, differences(*a, *again[a.UUID]))
			}
		}
	}
}

// More assets than are read at a time: nothing is lost at the seams, and who
// stops in between is not given more.
func TestAssetsGoOnBeyondOneChunk(t *testing.T) {
	lib := build(t, fixture.Options{})
	copies := chunk*2 + 1
	edit(t, lib.Path,
		"CREATE TEMP TABLE n AS WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM c WHERE i < "+fmt.Sprint(copies)+") SELECT i FROM c",
		"INSERT INTO ZASSET (Z_PK, ZUUID, ZKIND, ZFILENAME) SELECT 100000 + i, printf('%08X-0000-4000-8000-000000000000', i), 0, 'x.jpg' FROM n")
	l := open(t, lib.Path)
	all := list(t, l, ByUUID)
	if len(all) != len(lib.Assets)+copies {
		t.Fatalf("%d assets, want %d", len(all), len(lib.Assets)+copies)
	}
	for i := 1; i < len(all); i++ {
		if all[i-1].UUID >= all[i].UUID {
			t.Fatalf("%s comes before %s", all[i-1].UUID, all[i].UUID)
		}
	}
	n := 0
	for range l.Assets(context.Background(), Query{}) {
		if n++; n == chunk+1 {
			break
		}
	}
	if _, err := l.Count(context.Background()); err != nil || n != chunk+1 {
		t.Errorf("after a break: %d yielded, %v", n, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	n = 0
	var last error
	for _, err := range l.Assets(ctx, Query{}) {
		if last = err; err == nil {
			n++
		}
		cancel()
	}
	if last != context.Canceled || n != chunk {
		t.Errorf("cancelled after %d with %v", n, last)
	}
}

func TestClosedLibraryYieldsAnError(t *testing.T) {
	lib := build(t, fixture.Options{})
	l := open(t, lib.Path)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	for a, err := range l.Assets(context.Background(), Query{}) {
		if a != nil || err == nil {
			t.Errorf("a closed library yields %v, %v", a, err)
		}
	}
	if _, err := l.Count(context.Background()); err == nil {
		t.Error("a closed library is counted")
	}
	if _, err := l.Info(context.Background()); err == nil {
		t.Error("a closed library has an Info")
	}
	if f, err := l.Open(&Resource{Path: "originals/x"}); err == nil {
		f.Close()
		t.Error("a closed library opens files")
	}
	if err := l.Close(); err != nil {
		t.Errorf("closed twice: %v", err)
	}
}

// What is not known to be visible is not told to be.
func TestUnknownVisibility(t *testing.T) {
	lib := build(t, fixture.Options{})
	edit(t, lib.Path, "UPDATE ZASSET SET ZVISIBILITYSTATE = NULL")
	for uuid, a := range byUUID(t, lib.Path) {
		if a.Flags.Visible {
			t.Errorf("%s is visible", uuid)
		}
	}
}

// Rows that are in the log only are in the snapshot; without the log they are not.
func TestTheLogIsRead(t *testing.T) {
	lib := build(t, fixture.Options{WAL: true})
	latest := mustCase(t, lib, "latest")
	if a := byUUID(t, lib.Path)[UUID(latest.UUID)]; a == nil || a.Text.Title != latest.Title {
		t.Errorf("the latest asset is told as %+v", a)
	}
	if err := os.Remove(filepath.Join(lib.Path, databasePath+"-wal")); err != nil {
		t.Fatal(err)
	}
	if a := byUUID(t, lib.Path)[UUID(latest.UUID)]; a != nil {
		t.Error("the latest asset was not in the log")
	}
}
