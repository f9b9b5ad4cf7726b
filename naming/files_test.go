package naming_test

import (
	"testing"

	"github.com/photogo/photogo/naming"
	"github.com/photogo/photogo/photosdb"
)

// withFiles is an asset with the name it had at import and the paths of its
// files, of which only the extensions matter.
func withFiles(original string, files ...photosdb.Resource) *photosdb.Asset {
	return &photosdb.Asset{UUID: "U", Name: photosdb.Name{Original: original}, Resources: files}
}

func file(role photosdb.Role, path string) photosdb.Resource {
	return photosdb.Resource{Role: role, Path: path}
}

func TestFiles(t *testing.T) {
	for _, tt := range []struct {
		what, base string
		a          *photosdb.Asset
		want       map[photosdb.Role]string
	}{
		{"an edited Live Photo", "IMG_0042",
			withFiles("IMG_0042.HEIC",
				file("original", "originals/0/U.heic"), file("live", "originals/0/U_3.mov"), file("poster", "x.poster.JPG"),
				file("edited", "resources/renders/0/U_1_201_a.heic"), file("edited_live", "U_2_100_a.mov"), file("edit_base", "U_p.jpeg"),
				file("adjustments", "U.plist"), file("aae", "U_5.aae"), file("xmp", "U_5.xmp")),
			map[photosdb.Role]string{
				"original": "IMG_0042.HEIC", "live": "IMG_0042.mov", "poster": "IMG_0042_poster.JPG",
				"edited": "IMG_0042_edited.heic", "edited_live": "IMG_0042_edited.mov", "edit_base": "IMG_0042_edit_base.jpeg",
				"adjustments": "IMG_0042.AAE", "aae": "IMG_O0042.AAE", "xmp": "IMG_0042.xmp",
			}},
		{"RAW beside capitals", "IMG_1994", withFiles("IMG_1994.JPG", file("original", "U.jpeg"), file("raw", "U_4.cr2")),
			map[photosdb.Role]string{"original": "IMG_1994.JPG", "raw": "IMG_1994.CR2"}},
		{"RAW beside small letters", "x", withFiles("x.jpg", file("original", "U.jpeg"), file("raw", "U_4.cr2")),
			map[photosdb.Role]string{"original": "x.jpg", "raw": "x.cr2"}},
		{"RAW without an extension", "x", withFiles("x.jpg", file("original", "U.jpeg"), file("raw", "U_4")),
			map[photosdb.Role]string{"original": "x.jpg", "raw": "x.raw"}},
		{"a RAW of the original's type", "x", withFiles("x.DNG", file("original", "U.dng"), file("raw", "U_4.dng")),
			map[photosdb.Role]string{"original": "x.DNG", "raw": "x_raw.DNG"}},
		{"a movie that is Live", "x", withFiles("x.MOV", file("original", "U.mov"), file("live", "U_3.mov"), file("edited", "U_2.mov"), file("edited_live", "U_3.mov")),
			map[photosdb.Role]string{"original": "x.MOV", "live": "x_live.mov", "edited": "x_edited.mov", "edited_live": "x_edited_live.mov"}},
		{"a sidecar that would describe two", "x", withFiles("x", file("original", "U"), file("xmp", "U_5.xmp")),
			map[photosdb.Role]string{"original": "x", "xmp": "x_xmp.xmp"}},
		{"an original that is an imported sidecar", "x", withFiles("x.xmp", file("original", "U.xmp"), file("xmp", "U_5.xmp")),
			map[photosdb.Role]string{"original": "x.xmp", "xmp": "x_xmp.xmp"}},
		{"without extensions", "x", withFiles("x", file("original", "U"), file("live", ""), file("edited", ""), file("edited_live", "")),
			map[photosdb.Role]string{"original": "x", "live": "x.mov", "edited": "x_edited.bin", "edited_live": "x_edited.mov"}},
		{"a role of tomorrow", "x", withFiles("x.jpg", file("depth/map", "U_9.heic")),
			map[photosdb.Role]string{"depth/map": "x_depthmap.heic"}},
		{"nothing", "x", withFiles("x.jpg"), map[photosdb.Role]string{}},
	} {
		got := naming.Files(naming.Name{Base: tt.base}, tt.a)
		for role, want := range tt.want {
			if got[role] != want {
				t.Errorf("%s: %s is %q, want %q", tt.what, role, got[role], want)
			}
		}
		if len(got) != len(tt.want) {
			t.Errorf("%s: %v", tt.what, got)
		}
	}
}

func TestExtensionOfTheOriginal(t *testing.T) {
	for _, tt := range []struct{ original, path, want string }{
		{"x.JPG", "U.jpeg", "b.JPG"},
		{"x.jpe", "U.JPG", "b.jpe"},
		{"x.TIF", "U.tiff", "b.TIF"},
		{"x.heif", "U.heic", "b.heif"},
		{"x.QT", "U.mov", "b.QT"},
		{"x.PNG", "U.png", "b.PNG"},
		{"x.HEIC", "U.jpeg", "b.jpeg"}, // converted at import: the name lies
		{"x", "U.jpeg", "b.jpeg"},
		{"x.12", "U.jpeg", "b.jpeg"},
		{"x.jpg", "scopes/U.medium.MP4", "b.MP4"},
		{"x.jpg", "U", "b"},
		{"x.jpg", "U.", "b"},
		{".jpg", "dir.jpg/U", "b"},
		{"x.jpg", ".jpg", "b"},
		{"x.jpg", "U.p\x00g", "b.pg"},
		{"x.jpg", "U.jp g\u202e..", "b"},
		{"x.jpg", "U.é123456789012", "b.1234567890"},
	} {
		got := naming.Files(naming.Name{Base: "b"}, withFiles(tt.original, file("original", tt.path)))["original"]
		if got != tt.want {
			t.Errorf("%q in %q is called %q, want %q", tt.original, tt.path, got, tt.want)
		}
	}
}

func TestExtensionOfAReferencedFile(t *testing.T) {
	r := photosdb.Resource{Role: photosdb.RoleOriginal, Reference: &photosdb.Reference{Path: "/Volumes/Disk/a.b/Photo.TIFF", VolumePath: "a.b/x.jpg"}}
	if got := naming.Files(naming.Name{Base: "b"}, withFiles("Photo.tif", r))["original"]; got != "b.tif" {
		t.Error(got)
	}
	r.Reference.Path = ""
	if got := naming.Files(naming.Name{Base: "b"}, withFiles("Photo.tif", r))["original"]; got != "b.jpg" {
		t.Error(got)
	}
}

func TestCameraAdjustments(t *testing.T) {
	for base, want := range map[string]string{
		"IMG_0042": "IMG_O0042.AAE", "img_0042": "img_O0042.AAE", "Img_1": "Img_O1.AAE", "IMG_0042 (1)": "IMG_O0042 (1).AAE",
		"IMG_": "IMG__O.AAE", "IMG_E0042": "IMG_E0042_O.AAE", "DSC_0042": "DSC_0042_O.AAE", "IMG": "IMG_O.AAE",
		"ıMG_1": "ıMG_1_O.AAE", "IMG_٣": "IMG_٣_O.AAE",
	} {
		got := naming.Files(naming.Name{Base: base}, withFiles("x", file("aae", "U_5.aae")))["aae"]
		if got != want {
			t.Errorf("%q: %q, want %q", base, got, want)
		}
	}
}

func TestSidecar(t *testing.T) {
	if got := naming.Sidecar("2025/IMG_0042.HEIC", "xmp"); got != "2025/IMG_0042.HEIC.xmp" {
		t.Error(got)
	}
}
