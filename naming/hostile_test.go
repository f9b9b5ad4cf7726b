package naming_test

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"github.com/photogo/photogo/naming"
	"github.com/photogo/photogo/photosdb"
)

// The tests here are a second look at what namer_test.go promises: other names
// that get into each other's way, every role, longer and stranger text, and
// judges that use nothing of this package but Parse, Namer and Files, as a
// program would that knows only the folder.

// troubles are names that get into each other's way; the first ones most of all.
var troubles = []string{
	"IMG_0001", "img_0001", "IMG_0001_edited", "IMG_0001_EDITED", "IMG_0001_edited_edited", "IMG_0001_O", "IMG_0001_raw",
	"IMG_0001_poster", "IMG_0001_edit", "IMG_0001_edit_base", "IMG_0001_edited_live", "IMG_0001_xmp", "IMG_0001_aae", "IMG_0001_adjustments",
	"IMG_O0001", "IMG_o0001", "IMG_E0001", "IMG_O0001_edited", "IMG_E0001_edited", "IMG_O0001_O", "IMG_E0001_raw", "IMG_0001_live",
	"IMG_0001 (1)", "IMG_0001 (2)", "IMG_0001 (1) (1)", "IMG_O0001 (1)", "IMG_0001_edited (1)", "IMG_0001 (1)_edited", "IMG_O0001 (1",
	"IMG_0001.JPG", "IMG_0001.jpg.xmp", "IMG_0001.mov", "IMG_0001.JPG_edited", "IMG_0001-1", "IMG_0001_1", "IMG_", "_edited", "_O",
	"IMG_٣", "IMG_O٣", "IMG_E٣", "IMG_٣_edited", "IMG_٣_O",
	"Mönch", "Mo\u0308nch", "MÖNCH", "mo\u0308nch_edited", "straße", "STRASSE", "Å", "\u212b", "ꭰ", "Ꭰ", "❤", "❤\ufe0f",
	"2025", "2025.05", "v1.2", "beach", "beach.xyz", "beach.xyz_", "写真", "\u3000写真\u3000", "👩\u200d👧", "تصویر",
	"", " ", ".", "..", "../..", ".photogo", "a/b", `a\b`, "a:b", "a\x00b", "a\nb", "\u202egpj", "\ufeff", "x.", "x ", "x\u00a0", "x",
	"\xff\xfe", "\u0301", strings.Repeat("x", 300), strings.Repeat("x", 200), strings.Repeat("x", 254) + ".jpg",
	strings.Repeat("é", 150), "e" + strings.Repeat("\u0301", 150), strings.Repeat("\u0390", 100), strings.Repeat("각", 80),
	"IMG_0001_edited" + strings.Repeat("x", 300), strings.Repeat("x", 193) + "_edited",
}

// trouble draws one of them, or now and then text that nobody thought of.
func trouble(t *rapid.T, label string) string {
	switch rapid.IntRange(0, 11).Draw(t, label+" kind") {
	case 0:
		return rapid.String().Draw(t, label)
	case 1:
		return string(rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, label))
	case 2: // letters, accents and what is dropped, about the length where names are cut
		runes := rapid.SampledFrom([]rune("ex.  _\u0301\u0323\u0308\u200d\u200e\u202e\u0390\u1100\u1161\U0001d160😀"))
		return strings.Repeat("x", rapid.IntRange(0, 250).Draw(t, label+" fill")) + rapid.StringOfN(runes, 0, 100, -1).Draw(t, label)
	case 3, 4, 5, 6, 7:
		return rapid.SampledFrom(troubles[:29]).Draw(t, label)
	}
	return rapid.SampledFrom(troubles).Draw(t, label)
}

// anyFiles draws files of every role. plain leaves out extensions that only
// files outside of a library have.
func anyFiles(t *rapid.T, plain bool) (files []photosdb.Resource) {
	stills, movies := []string{".jpeg", ".heic", ".png", ".dng", ".mov"}, []string{".mov", ".mp4"}
	if !plain {
		stills = append(stills, "", ".xyz", ".xmp")
	}
	for _, r := range []struct {
		role       photosdb.Role
		extensions []string
	}{
		{photosdb.RoleOriginal, stills}, {photosdb.RoleRaw, []string{".dng", ".cr2"}}, {photosdb.RoleLive, movies},
		{photosdb.RolePoster, []string{".jpg"}}, {photosdb.RoleEdited, stills}, {photosdb.RoleEditedLive, movies},
		{photosdb.RoleEditBase, stills}, {photosdb.RoleAdjustments, []string{".plist"}}, {photosdb.RoleAAE, []string{".aae"}},
		{photosdb.RoleXMP, []string{".xmp"}},
	} {
		if r.role == photosdb.RoleOriginal || rapid.Bool().Draw(t, string(r.role)) {
			files = append(files, file(r.role, "originals/A/A"+rapid.SampledFrom(r.extensions).Draw(t, "extension")))
		}
	}
	return files
}

func anyAsset(t *rapid.T, number int, plain bool) *photosdb.Asset {
	return &photosdb.Asset{
		UUID: photosdb.UUID(fmt.Sprintf("%08X", uint32(number+1)*2654435761)), // not in the order of drawing
		Name: photosdb.Name{
			Original: trouble(t, "name") + rapid.SampledFrom([]string{".JPG", ".jpg", ".HEIC", ".MOV", ".DNG", ""}).Draw(t, "user's extension"),
		},
		Text: photosdb.Text{Title: trouble(t, "title"), Description: rapid.SampledFrom(troubles).Draw(t, "description")}, Flags: photosdb.Flags{Favorite: rapid.Bool().Draw(t, "favorite")}, EditState: rapid.IntRange(0, 3).Draw(t, "edit state"),
		Dates: photosdb.Dates{Taken: rapid.SampledFrom([]time.Time{
			{},
			time.Date(2025, 5, 17, 12, 0, 0, 0, time.UTC), time.Date(2025, 5, 17, 12, 0, 0, 0, time.UTC),
			time.Date(2025, 5, 17, 12, 0, 1, 0, time.FixedZone("", -7200)), time.Date(2025, 5, 18, 12, 0, 0, 0, time.UTC),
		}).Draw(t, "taken")},
		Resources: anyFiles(t, plain),
	}
}

// library is some assets and the templates they are named by.
type library struct {
	assets    []*photosdb.Asset
	dir, file string
}

func anyLibrary(t *rapid.T, plain bool) library {
	l := library{
		dir: rapid.SampledFrom([]string{
			naming.DefaultDirectory, "", "{created.year}/{title,}", "{title,}", "{title}/{descr}", "{favorite?2025/{descr,},}",
		}).Draw(t, "directory"),
		file: rapid.SampledFrom([]string{
			naming.DefaultFilename, naming.DefaultFilename, "{title}", "{original_name}{edited?_edited,}", "IMG_0001", "{descr}/{title}",
		}).Draw(t, "filename"),
	}
	for i := range rapid.IntRange(1, 14).Draw(t, "assets") {
		l.assets = append(l.assets, anyAsset(t, i, plain))
	}
	return l
}

func (l library) names(t *rapid.T, kept map[photosdb.UUID]naming.Name) map[photosdb.UUID]naming.Name {
	return run(t, l.dir, l.file, kept, l.assets...)
}

// The promises.

func TestHostileNamesAreSafeUniqueAndPaired(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := anyLibrary(t, true)
		names := l.names(t, nil)
		l.check(t, names, true)

		// The names serve tomorrow, when other files have come and gone.
		for _, a := range l.assets {
			a.Resources = anyFiles(t, true)
		}
		l.check(t, l.names(t, names), true)
	})
}

func TestHostileFilesAreSafeAndUnique(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := anyLibrary(t, false)
		l.check(t, l.names(t, nil), false)
	})
}

func TestOneHostileAssetMoreRenamesNobody(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := anyLibrary(t, true)
		names := l.names(t, nil)
		unchanged(t, names, l.names(t, names), "")

		added := anyAsset(t, 100, true)
		l.assets = append(l.assets, added)
		more := l.names(t, names)
		unchanged(t, names, more, "")
		l.check(t, more, true)

		gone := l.assets[0].UUID
		l.assets = l.assets[1:]
		unchanged(t, more, l.names(t, more), gone)
	})
}

func TestAHostileTitleRenamesItsOwnAssetOnly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := anyLibrary(t, true)
		names := l.names(t, nil)
		changed := rapid.SampledFrom(l.assets).Draw(t, "changed")
		changed.Text.Title = trouble(t, "new title")
		after := l.names(t, names)
		l.check(t, after, true)
		unchanged(t, names, after, changed.UUID)
	})
}

// TestReadAsAnothers holds, one by one, what chance would seldom bring: names
// whose files a stranger would take for the other's, whoever comes first.
func TestReadAsAnothers(t *testing.T) {
	for _, tt := range []struct {
		one, other string
		numbered   bool
	}{
		{"IMG_0001", "IMG_O0001", true},
		{"IMG_0001", "IMG_E0001", false}, // Apple's E is a picture of its own
		{"IMG_0001 (1)", "IMG_O0001 (1", true},
		{"IMG_0001-", "IMG_O0001", true},
		{"IMG_0001-1", "IMG_O0001", false},
		{"IMG_0001", "IMG_O000", false},
		{"IMG_E0001", "IMG_0001_edited", true},
		{"IMG_O0001", "IMG_0001_edited", true},
		{"IMG_E0001", "IMG_0001_O", true},
		{"IMG_E٣", "IMG_٣_edited", true}, // digits of any script
		{"IMG_Ex", "IMG_x_edited", false},
	} {
		for _, order := range [][]string{{tt.one, tt.other}, {tt.other, tt.one}} {
			first, second := picture("A", 1, order[0]+".jpg"), picture("B", 2, order[1]+".jpg")
			names := run(t, "", naming.DefaultFilename, nil, first, second)
			want := order[1]
			if tt.numbered {
				want += " (1)"
			}
			if names["A"].Base != order[0] || names["B"].Base != want {
				t.Errorf("%q, %q are called %q, %q; want %q", order[0], order[1], names["A"].Base, names["B"].Base, want)
			}
		}
	}
}

// TestKeptNameIsNotTakenBeforeItsFilesAreKnown: a picture that comes earlier in
// the order wants the name of a file that a later one had before.
func TestKeptNameIsNotTakenBeforeItsFilesAreKnown(t *testing.T) {
	for _, tt := range []struct {
		original, first string
		role            photosdb.Role
		path            string
	}{
		{"x.dng", "", photosdb.RoleRaw, "U_4.dng"},
		{"x.mov", "", photosdb.RoleLive, "U_3.mov"},
		{"x.jpg", "", photosdb.RolePoster, "U_p.jpg"},
		{"x.jpg", "U_1.mov", photosdb.RoleEditedLive, "U_2.mov"},
		{"x.jpg", "", photosdb.RoleEditBase, "U_p.jpg"},
		{"x.aae", "", photosdb.RoleAdjustments, "U.plist"},
		{"x.xmp", "", photosdb.RoleXMP, "U_5.xmp"},
	} {
		kept := naming.Name{Wish: "x", Base: "x"}
		later := picture("A", 2, tt.original)
		if tt.first != "" {
			later.Resources = append(later.Resources, file(photosdb.RoleEdited, tt.first))
		}
		later.Resources = append(later.Resources, file(tt.role, tt.path))
		want := "x_" + string(tt.role)
		if got := strings.TrimSuffix(naming.Files(kept, later)[tt.role], path.Ext(tt.path)); got != want && tt.role != photosdb.RoleAdjustments {
			t.Errorf("the %s is called %q, not %q: this proves nothing", tt.role, got, want)
		}
		names := run(t, "", naming.DefaultFilename, map[photosdb.UUID]naming.Name{"A": kept}, later, picture("B", 1, want+".jpg"))
		if names["A"] != kept || names["B"].Base != want+" (1)" {
			t.Errorf("%s: %v", tt.role, names)
		}
	}
}

// unchanged fails if an asset but one has another name than before.
func unchanged(t *rapid.T, before, after map[photosdb.UUID]naming.Name, but photosdb.UUID) {
	for uuid, name := range before {
		if uuid != but && after[uuid] != name {
			t.Fatalf("%s was called %+v, is called %+v", uuid, name, after[uuid])
		}
	}
}

// The judges.

func (l library) check(t *rapid.T, names map[photosdb.UUID]naming.Name, plain bool) {
	for _, fault := range []error{l.unsafe(names), l.meeting(names)} {
		if fault != nil {
			t.Fatal(fault)
		}
	}
	// Where a file has no extension, a stranger cannot tell its stem.
	if plain {
		if fault := l.mispaired(names); fault != nil {
			t.Fatal(fault)
		}
	}
}

// paths are those of an asset's files and of the sidecars that may be written to them.
func paths(n naming.Name, a *photosdb.Asset) (all []string) {
	files := naming.Files(n, a)
	for _, r := range a.Resources {
		name := path.Join(n.Dir, files[r.Role])
		all = append(all, name)
		if r.Role == photosdb.RoleOriginal || r.Role == photosdb.RoleEdited {
			all = append(all, naming.Sidecar(name, "xmp"))
		}
	}
	return all
}

func (l library) unsafe(names map[photosdb.UUID]naming.Name) error {
	for _, a := range l.assets {
		for _, file := range paths(names[a.UUID], a) {
			for _, part := range strings.Split(file, "/") {
				if problem := unsafeName(part); problem != "" {
					return fmt.Errorf("%q in %q: %s", part, file, problem)
				}
			}
		}
	}
	return nil
}

// meeting tells of two assets, or of an asset and a folder, that have one path on
// some file system.
func (l library) meeting(names map[photosdb.UUID]naming.Name) error {
	type claim struct {
		asset photosdb.UUID // "" is a folder
		path  string
	}
	claims := map[string]claim{}
	for _, a := range l.assets {
		var mine []claim
		for dir := names[a.UUID].Dir; dir != "" && dir != "."; dir = path.Dir(dir) {
			mine = append(mine, claim{"", dir})
		}
		for _, file := range paths(names[a.UUID], a) {
			mine = append(mine, claim{a.UUID, file})
		}
		for _, c := range mine {
			for _, key := range []string{caseless(c.path), upper(c.path)} {
				// Only a folder may be met again, and is spelled as before.
				if had, ok := claims[key]; ok && (c.asset != "" || had != c) {
					return fmt.Errorf("%q of %q and %q of %q are one", had.path, had.asset, c.path, c.asset)
				}
				claims[key] = c
			}
		}
	}
	return nil
}

// caseless and upper are how file systems compare.
func caseless(name string) string {
	return "folded " + norm.NFC.String(cases.Fold().String(norm.NFC.String(name)))
}

func upper(name string) string {
	return "upper " + strings.Map(unicode.ToUpper, norm.NFC.String(name))
}

// mispaired tells of a file that would be taken for another asset's. It belongs
// to the original in its folder with the longest stem that begins its own and
// ends where a word ends; IMG_E0001 and IMG_O0001 are read as IMG_0001, too. Of
// two that are equally long nobody knows which.
func (l library) mispaired(names map[photosdb.UUID]naming.Name) error {
	originals := map[string][]photosdb.UUID{}
	for _, a := range l.assets {
		n := names[a.UUID]
		stem := caseless(n.Dir) + "/" + stemBefore(naming.Files(n, a)[photosdb.RoleOriginal])
		originals[stem] = append(originals[stem], a.UUID)
	}
	for _, a := range l.assets {
		n := names[a.UUID]
		for role, file := range naming.Files(n, a) {
			if role == photosdb.RoleEditBase {
				continue // never exported; IMG_0001_edit_base may begin as IMG_0001_edit does
			}
			longest, owners := 0, []photosdb.UUID(nil)
			for _, reading := range readings(stemBefore(file)) {
				for i := len(reading); i > 0; i-- {
					here := originals[caseless(n.Dir)+"/"+string(reading[:i])]
					if len(here) == 0 || i < longest || i < len(reading) && (unicode.IsLetter(reading[i]) || unicode.IsNumber(reading[i])) {
						continue
					}
					if i > longest {
						longest, owners = i, nil
					}
					owners = append(owners, here...)
				}
			}
			if len(owners) == 0 {
				return fmt.Errorf("%s %q of %s (%q) would be nobody's", role, file, a.UUID, n.Base)
			}
			for _, owner := range owners {
				if owner != a.UUID {
					return fmt.Errorf("%s %q of %s (%q) would be taken for a file of %s (%q)", role, file, a.UUID, n.Base, owner, names[owner].Base)
				}
			}
		}
	}
	return nil
}

func stemBefore(file string) string {
	return strings.TrimPrefix(caseless(strings.TrimSuffix(file, path.Ext(file))), "folded ")
}

func readings(stem string) [][]rune {
	runes := []rune(stem)
	if len(runes) > 5 && string(runes[:4]) == "img_" && (runes[4] == 'e' || runes[4] == 'o') && unicode.IsDigit(runes[5]) {
		return [][]rune{runes, slices.Concat(runes[:4], runes[5:])}
	}
	return [][]rune{runes}
}
