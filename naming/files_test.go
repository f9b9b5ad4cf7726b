package naming

import (
	"maps"
	"path"
	"testing"

	"github.com/photogo/photogo/photosdb"
)

// asset returns an asset with a name at import and with files, each given as
// its role and where it lies in the library.
func asset(original string, files ...any) *photosdb.Asset {
	a := &photosdb.Asset{UUID: "A", Name: photosdb.Name{Original: original}}
	for i := 0; i < len(files); i += 2 {
		a.Resources = append(a.Resources, photosdb.Resource{Role: files[i].(photosdb.Role), Path: files[i+1].(string)})
	}
	return a
}

func TestFiles(t *testing.T) {
	const (
		original, raw, live, poster = photosdb.RoleOriginal, photosdb.RoleRaw, photosdb.RoleLive, photosdb.RolePoster
		edited, editedLive, base    = photosdb.RoleEdited, photosdb.RoleEditedLive, photosdb.RoleEditBase
		adjustments, aae, xmp       = photosdb.RoleAdjustments, photosdb.RoleAAE, photosdb.RoleXMP
	)
	type names = map[photosdb.Role]string
	for _, c := range []struct {
		what, base string
		asset      *photosdb.Asset
		want       names
	}{
		{"nothing", "IMG_0042", asset("IMG_0042.HEIC"), names{}},
		{"every role", "IMG_0042", asset("IMG_0042.HEIC",
			original, "originals/A/A.heic", raw, "originals/A/A_4.dng", live, "originals/A/A_3.mov",
			poster, "originals/A/A_p.jpg", edited, "resources/renders/A/A_1_201_a.heic",
			editedLive, "resources/renders/A/A_2_100_a.mov", base, "resources/renders/A/A_p.heic",
			adjustments, "resources/renders/A/A.plist", aae, "originals/A/A_5.aae", xmp, "originals/A/A_5.xmp",
		), names{
			original: "IMG_0042.HEIC", raw: "IMG_0042.DNG", live: "IMG_0042.mov", poster: "IMG_0042_poster.jpg",
			edited: "IMG_0042_edited.heic", editedLive: "IMG_0042_edited.mov", base: "IMG_0042_edit_base.heic",
			adjustments: "IMG_0042.AAE", aae: "IMG_O0042.AAE", xmp: "IMG_0042.xmp",
		}},
		{"the stem is the asset's", "beach (1)", asset("IMG_0042.HEIC",
			original, "A.heic", live, "A_3.mov", edited, "A_1.jpeg", adjustments, "A.plist", aae, "A_5.aae",
		), names{
			original: "beach (1).HEIC", live: "beach (1).mov", edited: "beach (1)_edited.jpeg",
			adjustments: "beach (1).AAE", aae: "beach (1)_O.AAE",
		}},

		// How an extension is spelled.
		{"as the user's", "a", asset("a.Jpg", original, "A.jpeg"), names{original: "a.Jpg"}},
		{"as the user's, tiff", "a", asset("a.TIF", original, "A.tiff"), names{original: "a.TIF"}},
		{"as the user's, heif", "a", asset("a.HEIF", original, "A.heic"), names{original: "a.HEIF"}},
		{"as the user's, movie", "a", asset("a.qt", original, "A.mov"), names{original: "a.qt"}},
		{"another type", "a", asset("a.PNG", original, "A.jpeg"), names{original: "a.jpeg"}},
		{"user had none", "a", asset("a", original, "A.heic"), names{original: "a.heic"}},
		{"user's is none", "St. Moritz", asset("St. Moritz", original, "A.heic"), names{original: "St. Moritz.heic"}},
		{"unknown to us", "a", asset("a.XYZ", original, "A.xyz"), names{original: "a.XYZ"}},
		{"the edit has its own", "a", asset("a.HEIC", original, "A.heic", edited, "A_1.heic"), names{original: "a.HEIC", edited: "a_edited.heic"}},
		{"folders with dots", "a", asset("a", original, "x.y/A"), names{original: "a"}},

		{"RAW of capitals", "a", asset("a.JPG", original, "A.jpeg", raw, "A_4.cr2"), names{original: "a.JPG", raw: "a.CR2"}},
		{"RAW of small letters", "a", asset("a.jpg", original, "A.jpeg", raw, "A_4.cr2"), names{original: "a.jpg", raw: "a.cr2"}},
		{"RAW of mixed letters", "a", asset("a.Jpg", original, "A.jpeg", raw, "A_4.cr2"), names{original: "a.Jpg", raw: "a.cr2"}},
		{"RAW of none", "a", asset("a", original, "A.jpeg", raw, "A_4.cr2"), names{original: "a.jpeg", raw: "a.cr2"}},

		// Two files of one asset that want one name.
		{"movie with a movie", "a", asset("a.MOV", original, "A.mov", live, "A_3.mov"), names{original: "a.MOV", live: "a_live.mov"}},
		{"RAW with a RAW", "a", asset("a.dng", original, "A.dng", raw, "A_4.dng"), names{original: "a.dng", raw: "a_raw.dng"}},
		{"edited movie, twice", "a", asset("a.mov", original, "A.mov", edited, "A_2.mov", editedLive, "A_2_1.mov"),
			names{original: "a.mov", edited: "a_edited.mov", editedLive: "a_edited_live.mov"}},
		{"sidecar of a file without extension", "a", asset("a", original, "A", xmp, "A_5.xmp"), names{original: "a", xmp: "a_xmp.xmp"}},
		// a.jpg.xmp is the sidecar of the a.jpg of another asset.
		{"sidecar of another's", "a.jpg", asset("a.jpg.jpg", original, "A.jpeg", xmp, "A_5.xmp"), names{original: "a.jpg.jpg", xmp: "a.jpg_xmp.xmp"}},
		{"no extension, but a name like one", "a.jpg", asset("a.jpg", original, "A"), names{original: "a.jpg_"}},
	} {
		if got := Files(Name{Base: c.base}, c.asset); !maps.Equal(got, c.want) {
			t.Errorf("%s: %v\nwant %v", c.what, got, c.want)
		}
	}
}

func TestFilesOutsideTheLibrary(t *testing.T) {
	for _, c := range []struct {
		reference photosdb.Reference
		want      string
	}{
		{photosdb.Reference{Path: "/Volumes/Disk/a.b/IMG_1.jpeg"}, "x.JPG"},
		{photosdb.Reference{VolumePath: "a.b/IMG_1.jpeg"}, "x.JPG"},
		{photosdb.Reference{Path: "/Volumes/Disk/IMG_1.png", VolumePath: "a/IMG_1.jpeg"}, "x.png"},
		{photosdb.Reference{}, "x"},
	} {
		a := asset("IMG_1.JPG", photosdb.RoleOriginal, "")
		a.Resources[0].Reference = &c.reference
		if got := Files(Name{Base: "x"}, a)[photosdb.RoleOriginal]; got != c.want {
			t.Errorf("%+v: %q, want %q", c.reference, got, c.want)
		}
	}
}

func TestSidecarKeepsTheExtensionOfItsPicture(t *testing.T) {
	if got := Sidecar("2025/IMG_0042.HEIC"); got != "2025/IMG_0042.HEIC.xmp" {
		t.Error(got)
	}
}

func TestCameraStem(t *testing.T) {
	for base, want := range map[string]string{
		"IMG_0042":     "IMG_O0042",
		"img_0042":     "img_O0042",
		"IMG_0042 (1)": "IMG_O0042 (1)",
		"IMG_E0042":    "IMG_E0042_O",
		"IMG_O0042":    "IMG_O0042_O",
		"IMG_":         "IMG__O",
		"IMG_x1":       "IMG_x1_O",
		"XIMG_0042":    "XIMG_0042_O",
		"DSC_0042":     "DSC_0042_O",
		"a":            "a_O",
	} {
		if got := cameraStem(base); got != want {
			t.Errorf("cameraStem(%q) = %q, want %q", base, got, want)
		}
	}
}

// allFiles are the names that an asset's files and sidecars have.
func allFiles(n Name, a *photosdb.Asset) []string {
	var all []string
	files := Files(n, a)
	for _, r := range a.Resources {
		name := path.Join(n.Dir, files[r.Role])
		all = append(all, name)
		if r.Role == photosdb.RoleOriginal || r.Role == photosdb.RoleEdited {
			all = append(all, Sidecar(name))
		}
	}
	return all
}
