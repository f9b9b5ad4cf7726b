package naming

import (
	"fmt"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/photogo/photogo/photosdb"
)

func newNamer(t testing.TB, dir, file string) *Namer {
	t.Helper()
	return NewNamer(mustParse(t, dir), mustParse(t, file))
}

// TestNamesThatTwoWant names assets of one folder one after the other.
func TestNamesThatTwoWant(t *testing.T) {
	for _, c := range []struct {
		what        string
		wants, gets []string
	}{
		{"different names", []string{"a", "b", "ab"}, []string{"a", "b", "ab"}},
		{"the same name", []string{"a", "a", "a"}, []string{"a", "a (1)", "a (2)"}},
		{"but for case", []string{"IMG_1", "img_1", "Img_1"}, []string{"IMG_1", "img_1 (1)", "Img_1 (2)"}},
		{"but for Unicode form", []string{"Mönch", "Mo\u0308nch", "MÖNCH"}, []string{"Mönch", "Mönch (1)", "MÖNCH (2)"}},
		{"but for what cannot be seen", []string{"coop", "co\u00adop"}, []string{"coop", "co\u00adop (1)"}},
		{"a number that somebody has", []string{"a (1)", "a", "a"}, []string{"a (1)", "a", "a (2)"}},
		{"a number that was given", []string{"a", "a", "a (1)"}, []string{"a", "a (1)", "a (1) (1)"}},

		// No name is that of another's companion, whoever comes first.
		{"edited", []string{"a", "a_edited"}, []string{"a", "a_edited (1)"}},
		{"edited first", []string{"a_edited", "a"}, []string{"a_edited", "a (1)"}},
		{"Edited first", []string{"A_EDITED", "a"}, []string{"A_EDITED", "a (1)"}},
		{"twice edited", []string{"a_edited_edited", "a"}, []string{"a_edited_edited", "a"}},
		{"the camera's", []string{"IMG_0042", "IMG_O0042"}, []string{"IMG_0042", "IMG_O0042 (1)"}},
		{"the camera's first", []string{"img_o0042", "IMG_0042"}, []string{"img_o0042", "IMG_0042 (1)"}},
		{"the camera's, other names", []string{"a", "a_O", "a_o"}, []string{"a", "a_O (1)", "a_o (2)"}},
		{"not the camera's", []string{"IMG_0042", "IMG_0042_O"}, []string{"IMG_0042", "IMG_0042_O"}},
		{"the phone's edited copy is a picture of its own", []string{"IMG_0042", "IMG_E0042"}, []string{"IMG_0042", "IMG_E0042"}},
		{"poster", []string{"a", "a_poster"}, []string{"a", "a_poster (1)"}},
		{"poster first", []string{"a_poster", "a"}, []string{"a_poster", "a (1)"}},
		{"a fallback", []string{"a", "a_raw", "a_edited_live"}, []string{"a", "a_raw (1)", "a_edited_live (1)"}},
		{"a word of a suffix", []string{"a", "a_edit"}, []string{"a", "a_edit (1)"}},
		{"a part of a suffix", []string{"a", "a_edi", "a_"}, []string{"a", "a_edi", "a_"}},
		{"only a suffix", []string{"_edited", "_raw"}, []string{"_edited", "_raw"}},

		// IMG_E0042_edited.jpg would be read as a file of IMG_0042_edited.
		{"read as another's", []string{"IMG_0042_edited", "IMG_E0042"}, []string{"IMG_0042_edited", "IMG_E0042 (1)"}},
		{"read as another's, first", []string{"IMG_E0042", "IMG_0042_edited"}, []string{"IMG_E0042", "IMG_0042_edited (1)"}},
		{"read as another's, O", []string{"IMG_O0042", "IMG_0042_raw"}, []string{"IMG_O0042", "IMG_0042_raw (1)"}},
		{"read as another's, _O", []string{"IMG_E0042", "IMG_0042_O"}, []string{"IMG_E0042", "IMG_0042_O (1)"}},
	} {
		n := newNamer(t, "", "{title}")
		for i, title := range c.wants {
			a := &photosdb.Asset{UUID: photosdb.UUID(fmt.Sprint(i)), Title: title}
			if got := n.Name(a, Name{}); got.Base != c.gets[i] || got.Dir != "" {
				t.Errorf("%s: %q is called %q, want %q", c.what, title, got.Base, c.gets[i])
			}
		}
	}
}

func TestNamesOfOtherFoldersDoNotCount(t *testing.T) {
	n := newNamer(t, "{descr}", "{title}")
	for i, dir := range []string{"a", "b", "a_b"} {
		a := &photosdb.Asset{UUID: photosdb.UUID(fmt.Sprint(i)), Title: "x", Description: dir}
		if got, want := n.Name(a, Name{}), (Name{Wish: dir + "/x", Dir: dir, Base: "x"}); got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
}

func TestFoldersAreSpelledOneWay(t *testing.T) {
	n := newNamer(t, "{title}/x/{descr}", "{uuid}")
	n.Keep("old", Name{Wish: "MÖNCH/x/b/old", Dir: "MÖNCH/x/b", Base: "old"})
	for i, c := range []struct{ title, descr, want string }{
		{"Mönch", "B", "MÖNCH/x/b"},
		{"Mo\u0308nch", "A", "MÖNCH/x/A"},
		{"mönch", "a", "MÖNCH/x/A"},
		{"Rome", "b", "Rome/x/b"},
	} {
		a := &photosdb.Asset{UUID: photosdb.UUID(fmt.Sprint(i)), Title: c.title, Description: c.descr}
		if got := n.Name(a, Name{}).Dir; got != c.want {
			t.Errorf("%q, %q: folder %q, want %q", c.title, c.descr, got, c.want)
		}
	}
}

func TestFoldersAreNotCalledLikeFiles(t *testing.T) {
	long := strings.Repeat("x", 251)
	for _, c := range []struct{ title, want string }{
		{"IMG_0042.JPG", "IMG_0042.JPG_"},
		{"a.xmp", "a.xmp_"},
		{"2025.05.17", "2025.05.17"},
		{"Mr. Jpg", "Mr. Jpg"},
		{long + ".jpg", long + ".jp_"}, // 255 bytes still
	} {
		a := &photosdb.Asset{UUID: "A", Title: c.title}
		if got := newNamer(t, "{title}", "{uuid}").Name(a, Name{}).Dir; got != c.want {
			t.Errorf("%q gives the folder %q, want %q", c.title, got, c.want)
		}
	}
}

// TestFoldersBesideFilesWithoutExtension: nothing in their names tells such
// files from folders.
func TestFoldersBesideFilesWithoutExtension(t *testing.T) {
	plain := asset("Rome", photosdb.RoleOriginal, "A")
	plain.UUID = "PLAIN"
	inside := &photosdb.Asset{UUID: "INSIDE", Title: "rome", Name: photosdb.Name{Original: "x.jpg"}}

	n := newNamer(t, "{title,}", "{original_name}")
	if file, dir := n.Name(plain, Name{}), n.Name(inside, Name{}); file.Base != "Rome" || dir.Dir != "rome_" {
		t.Errorf("file first: %q and the folder %q", file.Base, dir.Dir)
	}
	n = newNamer(t, "{title,}", "{original_name}")
	if dir, file := n.Name(inside, Name{}), n.Name(plain, Name{}); file.Base != "Rome (1)" || dir.Dir != "rome" {
		t.Errorf("folder first: %q and the folder %q", file.Base, dir.Dir)
	}
	n = newNamer(t, "{title,}", "{original_name}")
	kept := Name{Wish: "Rome", Base: "Rome"}
	n.Keep("PLAIN", kept)
	if dir, file := n.Name(inside, Name{}), n.Name(plain, kept); file != kept || dir.Dir != "rome_" {
		t.Errorf("kept: %q and the folder %q", file.Base, dir.Dir)
	}
}

func TestKeptNamesStay(t *testing.T) {
	n := newNamer(t, "", "{title}")
	kept := Name{Wish: "a", Base: "a (1)"}
	n.Keep("SECOND", kept)
	n.Keep("GONE", Name{Wish: "b", Base: "b"})

	title := func(uuid photosdb.UUID, title string) *photosdb.Asset {
		return &photosdb.Asset{UUID: uuid, Title: title}
	}
	if got := n.Name(title("FIRST", "a"), Name{}).Base; got != "a" {
		t.Errorf("a name that nobody has any more is not given: %q", got)
	}
	if got := n.Name(title("SECOND", "a"), kept); got != kept {
		t.Errorf("%+v was renamed %+v", kept, got)
	}
	if got := n.Name(title("THIRD", "a"), Name{}).Base; got != "a (2)" {
		t.Errorf("the third is %q", got)
	}
	if got := n.Name(title("NEW", "B"), Name{}).Base; got != "B (1)" {
		t.Errorf("a name on record was given away: %q", got)
	}
	if got := n.Name(title("SECOND", "c"), kept); got != (Name{Wish: "c", Base: "c"}) {
		t.Errorf("with another title it is called %+v", got)
	}
	if got := n.Name(title("SECOND", "A"), kept); got != (Name{Wish: "A", Base: "A (1)"}) {
		t.Errorf("its own name is in its way: %+v", got)
	}
}

func TestLess(t *testing.T) {
	at := func(uuid photosdb.UUID, taken time.Time) *photosdb.Asset {
		return &photosdb.Asset{UUID: uuid, Dates: photosdb.Dates{Taken: taken}}
	}
	noon := time.Date(2025, 5, 17, 12, 0, 0, 0, time.UTC)
	order := []*photosdb.Asset{
		at("Z", time.Time{}), at("B", noon.Add(-time.Second)),
		at("A", noon), at("C", noon.In(time.FixedZone("", 3600))), at("D", noon),
		at("A", noon.Add(time.Nanosecond)),
	}
	for i, a := range order {
		for j, b := range order {
			if got := Less(a, b); got != (i < j) {
				t.Errorf("Less(%d, %d) = %t", i, j, got)
			}
		}
	}
}

// many returns assets as a library has them: some to a day, with names that
// cameras give again and again.
func many(n int) []*photosdb.Asset {
	assets := make([]*photosdb.Asset, n)
	for i := range assets {
		a := asset(fmt.Sprintf("IMG_%04d.HEIC", i%10000),
			photosdb.RoleOriginal, "originals/A/A.heic", photosdb.RoleLive, "originals/A/A_3.mov",
			photosdb.RoleEdited, "resources/renders/A/A_1_201_a.heic", photosdb.RoleAdjustments, "resources/renders/A/A.plist")
		a.UUID = photosdb.UUID(fmt.Sprintf("%08X-0000-4000-8000-000000000000", i))
		a.Dates.Taken = time.Date(2010, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(i) * 10 * time.Minute)
		assets[i] = a
	}
	return assets
}

// BenchmarkName names 10,000 assets in folders by day.
func BenchmarkName(b *testing.B) {
	assets := many(10000)
	b.ReportAllocs()
	for b.Loop() {
		n := newNamer(b, DefaultDirectory, DefaultFilename)
		for _, a := range assets {
			n.Name(a, Name{})
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(assets)), "ns/asset")
}

// BenchmarkFiles names the four files of an asset.
func BenchmarkFiles(b *testing.B) {
	a := many(43)[42]
	b.ReportAllocs()
	for b.Loop() {
		if len(Files(Name{Base: "IMG_0042"}, a)) != 4 {
			b.Fatal("files are missing")
		}
	}
}

func ExampleNamer() {
	dir, _ := Parse(DefaultDirectory)
	file, _ := Parse(DefaultFilename)
	namer := NewNamer(dir, file)
	for _, uuid := range []photosdb.UUID{"A", "B"} {
		a := asset("IMG_0042.HEIC", photosdb.RoleOriginal, "originals/A/A.heic")
		a.UUID, a.Dates.Taken = uuid, time.Date(2025, 5, 17, 0, 0, 0, 0, time.UTC)
		name := namer.Name(a, Name{})
		fmt.Println(path.Join(name.Dir, Files(name, a)[photosdb.RoleOriginal]))
	}
	// Output:
	// 2025/05/17/IMG_0042.HEIC
	// 2025/05/17/IMG_0042 (1).HEIC
}
