package naming_test

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/photogo/photogo/naming"
	"github.com/photogo/photogo/photosdb"
)

func parse(t interface{ Fatal(...any) }, text string) *naming.Template {
	template, err := naming.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return template
}

// run gives names to assets in the order of Less, after an earlier run.
func run(t interface{ Fatal(...any) }, dir, file string, kept map[photosdb.UUID]naming.Name, assets ...*photosdb.Asset) map[photosdb.UUID]naming.Name {
	namer := naming.NewNamer(parse(t, dir), parse(t, file))
	for _, uuid := range sortedKeys(kept) {
		namer.Keep(string(uuid), kept[uuid])
	}
	names := map[photosdb.UUID]naming.Name{}
	for _, a := range sorted(assets) {
		names[a.UUID] = namer.Name(a, kept[a.UUID])
	}
	return names
}

func sorted(assets []*photosdb.Asset) []*photosdb.Asset {
	assets = slices.Clone(assets)
	slices.SortFunc(assets, func(a, b *photosdb.Asset) int {
		switch {
		case naming.Less(a, b):
			return -1
		case naming.Less(b, a):
			return 1
		}
		return 0
	})
	return assets
}

func sortedKeys(names map[photosdb.UUID]naming.Name) (keys []photosdb.UUID) {
	for key := range names {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// picture is taken on the 1st of May, so many minutes after midnight.
func picture(uuid string, minute int, original string, more ...photosdb.Resource) *photosdb.Asset {
	a := withFiles(original, append([]photosdb.Resource{file("original", "U"+path.Ext(original))}, more...)...)
	a.UUID, a.Dates.Taken = photosdb.UUID(uuid), time.Date(2025, 5, 1, 0, minute, 0, 0, time.UTC)
	return a
}

func TestLess(t *testing.T) {
	noDate := &photosdb.Asset{UUID: "Z"}
	old := &photosdb.Asset{UUID: "Y", Dates: photosdb.Dates{Taken: time.Date(1850, 1, 1, 0, 0, 0, 0, time.UTC)}}
	first, second := picture("A", 1, "x.jpg"), picture("B", 1, "x.jpg")
	second.Dates.Taken = second.Dates.Taken.In(time.FixedZone("", -12*3600))
	last := picture("0", 2, "x.jpg")
	order := []*photosdb.Asset{noDate, old, first, second, last}
	for i := range order {
		for j := range order {
			if naming.Less(order[i], order[j]) != (i < j) {
				t.Errorf("Less(%s, %s) is %v", order[i].UUID, order[j].UUID, i >= j)
			}
		}
	}
}

func TestNameCounts(t *testing.T) {
	names := run(t, naming.DefaultDirectory, naming.DefaultFilename, nil,
		picture("C", 3, "img_1.jpg"), picture("B", 2, "IMG_1.PNG"), picture("A", 1, "IMG_1.HEIC"))
	for uuid, want := range map[photosdb.UUID]naming.Name{
		"A": {Wish: "2025/05/01/IMG_1", Dir: "2025/05/01", Base: "IMG_1"},
		"B": {Wish: "2025/05/01/IMG_1", Dir: "2025/05/01", Base: "IMG_1 (1)"},
		"C": {Wish: "2025/05/01/img_1", Dir: "2025/05/01", Base: "img_1 (2)"},
	} {
		if names[uuid] != want {
			t.Errorf("%s is %+v, want %+v", uuid, names[uuid], want)
		}
	}
}

func TestNamesThatMeet(t *testing.T) {
	for _, tt := range []struct {
		what          string
		first, second *photosdb.Asset
		want          string // the base of the second
	}{
		{"nothing in common", picture("A", 1, "a.jpg"), picture("B", 2, "b.jpg"), "b"},
		{"an edit that may come", picture("A", 1, "x.jpg"), picture("B", 2, "x_edited.jpg"), "x_edited (1)"},
		{"an edit that may come to the second", picture("A", 1, "x_Edited.jpg"), picture("B", 2, "x.jpg"), "x (1)"},
		{"the camera's adjustments", picture("A", 1, "IMG_1.jpg"), picture("B", 2, "img_o1.jpg"), "img_o1 (1)"},
		{"other adjustments", picture("A", 1, "x.jpg"), picture("B", 2, "x_O.jpg"), "x_O (1)"},
		{"Apple's E is a picture of its own", picture("A", 1, "IMG_1.jpg"), picture("B", 2, "IMG_E1.jpg"), "IMG_E1"},
		{"an E whose edit would look like another's", picture("A", 1, "IMG_E1.jpg"), picture("B", 2, "IMG_1_edited.jpg"), "IMG_1_edited (1)"},
		{"a longer name", picture("A", 1, "x.jpg"), picture("B", 2, "x_edit.jpg"), "x_edit"},
		{"a role that was inserted", picture("A", 1, "x.dng", file("raw", "U_4.dng")), picture("B", 2, "X_RAW.jpg"), "X_RAW (1)"},
		{"the role of an E that would look like another's", picture("A", 1, "IMG_E1.dng", file("raw", "U_4.dng")), picture("B", 2, "IMG_1_raw.jpg"), "IMG_1_raw (1)"},
		{"the same without need", picture("A", 1, "x.jpg", file("raw", "U_4.dng")), picture("B", 2, "x_raw.jpg"), "x_raw"},
		{"a sidecar", picture("A", 1, "x.jpg"), picture("B", 2, "x.jpg.heic", file("xmp", "U_5.xmp")), "x.jpg (1)"},
		{"no sidecar", picture("A", 1, "x.png"), picture("B", 2, "x.jpg.heic", file("xmp", "U_5.xmp")), "x.jpg"},
		{"no extension", picture("A", 1, "x.jpg"), picture("B", 2, "x.jpg", file("raw", "U.dng")), "x (1)"},
	} {
		names := run(t, "", naming.DefaultFilename, nil, tt.first, tt.second)
		if got := names["B"].Base; got != tt.want {
			t.Errorf("%s: %q, want %q", tt.what, got, tt.want)
		}
	}
}

func TestOriginalWithoutExtensionHasNoDots(t *testing.T) {
	a := picture("A", 1, "Scan 12.03")
	a.Resources[0].Path = "U"
	names := run(t, "", naming.DefaultFilename, nil, a, picture("B", 2, "Scan 12_03.jpg"))
	if names["A"].Base != "Scan 12_03" || names["B"].Base != "Scan 12_03 (1)" {
		t.Error(names)
	}
}

func TestFoldersAreSpelledAsFirst(t *testing.T) {
	a, b, c := picture("A", 1, "a.jpg"), picture("B", 2, "b.jpg"), picture("C", 3, "c.jpg")
	a.Text.Title, b.Text.Title, c.Text.Title = "Élan", "E\u0301LAN", "élan 2"
	names := run(t, "Trip/{title}/{title}", naming.DefaultFilename, nil, a, b, c)
	if names["A"].Dir != "Trip/Élan/Élan" || names["B"].Dir != "Trip/Élan/Élan" || names["C"].Dir != "Trip/élan 2/élan 2" {
		t.Error(names)
	}
	if names["B"].Wish != "Trip/ÉLAN/ÉLAN/b" {
		t.Errorf("the wish is not as it was asked for: %q", names["B"].Wish)
	}
	kept := map[photosdb.UUID]naming.Name{"Z": {Wish: "TRIP/x", Dir: "TRIP", Base: "x"}}
	if names := run(t, "Trip", naming.DefaultFilename, kept, a); names["A"].Dir != "TRIP" {
		t.Errorf("a folder of an earlier run is spelled anew: %q", names["A"].Dir)
	}
}

func TestFilesAndFoldersDoNotMeet(t *testing.T) {
	plain, titled := picture("A", 1, "x.jpg"), picture("B", 2, "y.jpg")
	titled.Text.Title = "X.JPG"
	if names := run(t, "{title,}", naming.DefaultFilename, nil, plain, titled); names["B"].Dir != "X.JPG (1)" {
		t.Errorf("a folder called as a file: %+v", names)
	}
	plain.Dates.Taken = titled.Dates.Taken.Add(time.Hour)
	if names := run(t, "{title,}", naming.DefaultFilename, nil, plain, titled); names["B"].Dir != "X.JPG" || names["A"].Base != "x (1)" {
		t.Errorf("a file called as a folder: %+v", names)
	}
	// The file was there first, but comes late: its sidecar is not known yet.
	kept := map[photosdb.UUID]naming.Name{"A": {Wish: "x", Base: "x"}}
	titled.Text.Title = "x.jpg.xmp"
	if names := run(t, "{title,}", naming.DefaultFilename, kept, plain, titled); names["A"].Base != "x" {
		t.Errorf("a folder took the name of a file: %+v", names)
	}
}

func TestSlashesInFileTemplates(t *testing.T) {
	names := run(t, "a/b", "{created.year}/{original_name}", nil, picture("A", 1, "x.jpg"))
	if names["A"].Dir != "a/b" || names["A"].Base != "2025_x" {
		t.Error(names["A"])
	}
}

func TestKeptNames(t *testing.T) {
	first, second := picture("A", 1, "x.jpg"), picture("B", 2, "x.jpg")
	kept := map[photosdb.UUID]naming.Name{"B": {Wish: "x", Base: "x"}, "A": {Wish: "x", Base: "x (7)"}}
	if names := run(t, "", naming.DefaultFilename, kept, first, second); names["A"] != kept["A"] || names["B"] != kept["B"] {
		t.Errorf("kept names changed: %v", names)
	}
	delete(kept, "A")
	if names := run(t, "", naming.DefaultFilename, kept, first, second); names["A"].Base != "x (1)" || names["B"].Base != "x" {
		t.Errorf("a new asset took a kept name: %v", names)
	}
	if names := run(t, "", naming.DefaultFilename, kept, first); names["A"].Base != "x (1)" {
		t.Errorf("the name of an asset that is gone was given away: %v", names)
	}
	if names := run(t, "d", naming.DefaultFilename, kept, second); names["B"] != (naming.Name{Wish: "d/x", Dir: "d", Base: "x"}) {
		t.Errorf("a new wish was not followed: %v", names)
	}
	second.Name.Original = "y.jpg"
	if names := run(t, "", naming.DefaultFilename, kept, second, picture("C", 3, "x.jpg")); names["C"].Base != "x (1)" {
		t.Errorf("a name was given away while its files are there: %v", names)
	}
}

// Which files a kept asset has, and so which names they take, is known only when
// it is named.
func TestKeptNamesWhoseFilesAreNotKnownYet(t *testing.T) {
	kept := map[photosdb.UUID]naming.Name{"A": {Wish: "x", Base: "x"}, "E": {Wish: "IMG_E1", Base: "IMG_E1"}}
	withRaw := func(name string, minute int) *photosdb.Asset {
		return picture(name[:1], minute, name[1:], file("raw", "U_4.dng"))
	}
	for _, tt := range []struct {
		what string
		a, b *photosdb.Asset
		want string // the base of b, which has no name yet
	}{
		{"before, a role", withRaw("Ax.dng", 2), picture("B", 1, "x_raw.jpg"), "x_raw (1)"},
		{"before, a role that looks like another's", withRaw("EIMG_E1.dng", 2), picture("B", 1, "IMG_1_raw.jpg"), "IMG_1_raw (1)"},
		{"before, a sidecar", picture("A", 2, "x.jpg"), picture("B", 1, "x.jpg.heic"), "x.jpg (1)"},
		{"after, a role", withRaw("Ax.dng", 1), picture("B", 2, "x_raw.jpg"), "x_raw (1)"},
		{"after, another role", withRaw("Ax.jpg", 1), picture("B", 2, "x_raw.jpg"), "x_raw"},
		{"after, a sidecar", picture("A", 1, "x.jpg"), picture("B", 2, "x.jpg.heic"), "x.jpg (1)"},
		{"after, another sidecar", picture("A", 1, "x.png"), picture("B", 2, "x.jpg.heic"), "x.jpg"},
	} {
		names := run(t, "", naming.DefaultFilename, kept, tt.a, tt.b)
		if names[tt.a.UUID] != kept[tt.a.UUID] || names["B"].Base != tt.want {
			t.Errorf("%s: %v, want %q", tt.what, names, tt.want)
		}
	}
}

func TestManyOfOneName(t *testing.T) {
	namer := naming.NewNamer(parse(t, ""), parse(t, "untitled"))
	for i := range 20000 { // with one question for each number before, this takes minutes
		a := picture(fmt.Sprint(i), 1, "x.jpg")
		want := "untitled"
		if i > 0 {
			want = fmt.Sprintf("untitled (%d)", i)
		}
		if got := namer.Name(a, naming.Name{}).Base; got != want {
			t.Fatalf("%q, want %q", got, want)
		}
	}
}

func TestRecordsThatCannotBe(t *testing.T) {
	for _, name := range []naming.Name{
		{Wish: "x", Base: ""}, {Wish: "x", Base: ".."}, {Wish: "x", Base: "a/x"}, {Wish: "x", Dir: "..", Base: "x"},
		{Wish: "x", Dir: "/a", Base: "x"}, {Wish: "x", Dir: "a//b", Base: "x"}, {Wish: "x", Dir: "A", Base: "x"},
		{Wish: "x", Dir: "z.jpg", Base: "x"}, {Wish: "x", Base: "Z"},
	} {
		kept := map[photosdb.UUID]naming.Name{"A": {Wish: "a/q", Dir: "a", Base: "q"}, "B": {Wish: "z", Base: "z"}, "X": name}
		if got := run(t, "", naming.DefaultFilename, kept, picture("X", 1, "x.jpg"))["X"]; got != (naming.Name{Wish: "x", Base: "x"}) {
			t.Errorf("recorded %+v, became %+v", name, got)
		}
	}
}

// world is what a rapid test names: few names, so that they meet.
func world() *rapid.Generator[[]*photosdb.Asset] {
	roles := map[photosdb.Role][]string{
		"original": {"U.jpeg", "U.heic", "U.dng", "U.mov", "U.xmp", "U", "U.JPG"}, "raw": {"U_4.dng", "U_4.cr2", "U_4"},
		"live": {"U_3.mov", "U_3"}, "edited": {"U_1_201_a.jpeg", "U_1_201_a.heic", "U_2_0_a.mov", "U_1_201_a."},
		"edited_live": {"U_2_100_a.mov"}, "adjustments": {"U.plist"}, "aae": {"U_5.aae"}, "xmp": {"U_5.xmp"},
	}
	order := []photosdb.Role{"original", "raw", "live", "edited", "edited_live", "adjustments", "aae", "xmp"}
	stem := rapid.SampledFrom([]string{
		"IMG_0001", "img_0001", "IMG_E0001", "IMG_O0001", "x", "X", "é", "E\u0301", "x.y", "a/b", "..", "", "\u202e", "ı", strings.Repeat("ü", 120),
	})
	tail := rapid.SampledFrom([]string{
		"", "", "", "_edited", "_Edited", "_O", "_o", " (1)", " (2)", "_raw", "_live", "_xmp", "_edited_live", ".jpg", ".jpeg", ".heic", ".xmp", ".jpeg.xmp", ".jpg_edited", ".",
	})
	name := rapid.Custom(func(t *rapid.T) string { return stem.Draw(t, "stem") + tail.Draw(t, "tail") + tail.Draw(t, "tail") })
	asset := rapid.Custom(func(t *rapid.T) *photosdb.Asset {
		a := &photosdb.Asset{Name: photosdb.Name{Original: name.Draw(t, "name") + rapid.SampledFrom([]string{".JPG", ".jpg", ".HEIC", ".dng", ""}).Draw(t, "ext")}}
		a.Text.Title = rapid.OneOf(rapid.Just(""), name).Draw(t, "title")
		if minute := rapid.IntRange(0, 5).Draw(t, "minute"); minute > 0 {
			a.Dates.Taken = time.Date(2025, 5, 1+minute/3, 0, minute, 0, 0, time.UTC)
		}
		for _, role := range order {
			if role == "original" || rapid.IntRange(0, 3).Draw(t, string(role)) == 0 {
				a.Resources = append(a.Resources, file(role, rapid.SampledFrom(roles[role]).Draw(t, "path")))
			}
		}
		return a
	})
	return rapid.Custom(func(t *rapid.T) []*photosdb.Asset {
		assets := rapid.SliceOfN(asset, 1, 12).Draw(t, "assets")
		for i, uuid := range rapid.Permutation([]int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}).Draw(t, "uuids")[:len(assets)] {
			assets[i].UUID = photosdb.UUID(fmt.Sprintf("%08X-0000-4000-8000-000000000000", uuid))
		}
		return assets
	})
}

func templates(t *rapid.T) (dir, file string) {
	return rapid.SampledFrom([]string{naming.DefaultDirectory, "", "{title,}", "{title,}/{title,}", "{created.dd}/{title}"}).Draw(t, "dir"),
		rapid.SampledFrom([]string{naming.DefaultFilename, naming.DefaultFilename, "{title}", "{created.date}"}).Draw(t, "file")
}

func TestAnyOrderGivesTheSameNames(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		assets := world().Draw(t, "assets")
		dir, file := templates(t)
		names := run(t, dir, file, nil, assets...)
		if other := run(t, dir, file, nil, rapid.Permutation(assets).Draw(t, "order")...); fmt.Sprint(other) != fmt.Sprint(names) {
			t.Fatalf("%v\n%v", names, other)
		}
	})
}

func TestNoTwoFilesMeet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		assets := world().Draw(t, "assets")
		dir, file := templates(t)
		if fault := judge(assets, run(t, dir, file, nil, assets...)); fault != "" {
			t.Fatal(fault)
		}
	})
}

func TestNothingIsRenamedByOthers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		assets := world().Draw(t, "assets")
		dir, file := templates(t)
		old := rapid.IntRange(0, len(assets)).Draw(t, "old")
		kept := run(t, dir, file, nil, assets[:old]...)
		names := run(t, dir, file, kept, assets...)
		for uuid, name := range kept {
			if names[uuid] != name {
				t.Fatalf("%s was %+v, is %+v", uuid, name, names[uuid])
			}
		}
		if fault := judge(assets, names); fault != "" {
			t.Fatal(fault)
		}
		if again := run(t, dir, file, names, assets...); fmt.Sprint(again) != fmt.Sprint(names) {
			t.Fatalf("a second run: %v, first %v", again, names)
		}
	})
}

// Files come and go, templates and titles change, the record may be any: files
// never meet.
func TestNoTwoFilesMeetWhateverChanged(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dir, file := templates(t)
		kept := run(t, dir, file, nil, world().Draw(t, "before")...)
		assets := world().Draw(t, "after")
		dir, file = templates(t)
		names := run(t, dir, file, kept, assets...)
		if fault := judge(assets, names); fault != "" {
			t.Fatal(fault)
		}
	})
}

func TestATitleRenamesItsOwnAssetOnly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		assets := world().Draw(t, "assets")
		kept := run(t, "{title,}", "{title}", nil, assets...)
		changed := rapid.SampledFrom(assets).Draw(t, "changed")
		changed.Text.Title = rapid.SampledFrom([]string{"x", "x.jpg", "new", "IMG_0001_edited", ""}).Draw(t, "new title")
		for uuid, name := range run(t, "{title,}", "{title}", kept, assets...) {
			if uuid != changed.UUID && name != kept[uuid] {
				t.Fatalf("%s was %+v, is %+v", uuid, kept[uuid], name)
			}
		}
	})
}

// judge finds what is wrong with names: unsafe ones, files that meet files or
// folders, companions that would be taken for those of another picture.
func judge(assets []*photosdb.Asset, names map[photosdb.UUID]naming.Name) string {
	type thing struct{ owner, name string }
	seen := map[string]thing{} // by folder and key; folders have no owner
	add := func(owner, dir, name string) string {
		if problem := unsafeName(name); problem != "" {
			return fmt.Sprintf("%q: %s", name, problem)
		}
		key := naming.Key(dir) + "/" + naming.Key(name)
		if had, ok := seen[key]; ok && (owner != "" || had != thing{"", dir + "/" + name}) {
			return fmt.Sprintf("%q of %s meets %q of %s", dir+"/"+name, owner, had.name, had.owner)
		}
		seen[key] = thing{owner, dir + "/" + name}
		return ""
	}
	originals := map[string]photosdb.UUID{} // by folder and stem
	for _, a := range assets {
		name, files := names[a.UUID], naming.Files(names[a.UUID], a)
		parent := ""
		for _, part := range strings.Split(name.Dir, "/") {
			if name.Dir != "" {
				if fault := add("", parent, part); fault != "" {
					return fault
				}
				parent = path.Join(parent, part)
			}
		}
		for role, file := range files {
			all := []string{file}
			if role == photosdb.RoleOriginal || role == photosdb.RoleEdited {
				all = append(all, naming.Sidecar(file, "xmp"))
			}
			for _, file := range all {
				if fault := add(string(a.UUID), name.Dir, file); fault != "" {
					return fault
				}
			}
		}
		originals[naming.Key(name.Dir)+"/"+stemOf(files["original"])] = a.UUID
	}
	for _, a := range assets {
		for role, file := range naming.Files(names[a.UUID], a) {
			if got := ownerOf(originals, naming.Key(names[a.UUID].Dir), stemOf(file)); got != a.UUID {
				return fmt.Sprintf("%s %q of %s belongs to %q", role, file, a.UUID, got)
			}
		}
	}
	return ""
}

func stemOf(file string) string { return naming.Key(strings.TrimSuffix(file, path.Ext(file))) }

var appleE = regexp.MustCompile(`^(img)_[eo](\d)`)

// ownerOf finds the original with the longest stem that begins a companion's
// stem and ends at a word's end. Apple's IMG_E0001 and IMG_O0001 are files of IMG_0001.
func ownerOf(originals map[string]photosdb.UUID, dir, stem string) (owner photosdb.UUID) {
	longest := 0
	for _, s := range []string{stem, appleE.ReplaceAllString(stem, "${1}_$2")} {
		for i := len(s); i > longest; i-- {
			if uuid, ok := originals[dir+"/"+s[:i]]; ok && (i == len(s) || !isWord(s[i:])) {
				owner, longest = uuid, i
			}
		}
	}
	return owner
}

var word = regexp.MustCompile(`^[\p{L}\p{N}]`)

func isWord(s string) bool { return word.MatchString(s) }

func BenchmarkName(b *testing.B) {
	dir, file := parse(b, naming.DefaultDirectory), parse(b, naming.DefaultFilename)
	assets := make([]*photosdb.Asset, 20000)
	for i := range assets {
		assets[i] = picture(fmt.Sprintf("%08X-0000-4000-8000-000000000000", i), i, fmt.Sprintf("IMG_%04d.HEIC", i%10000), photosdb.Resource{Role: "live", Path: "U_3.mov"})
	}
	b.ResetTimer()
	for i := 0; b.Loop(); i++ {
		if i%len(assets) == 0 {
			b.StopTimer()
			namer = naming.NewNamer(dir, file)
			b.StartTimer()
		}
		namer.Name(assets[i%len(assets)], naming.Name{})
	}
}

var namer *naming.Namer
