package naming

import (
	"path"
	"strings"

	"github.com/photogo/photogo/photosdb"
)

// Sidecar returns the name of the sidecar of a file.
func Sidecar(name string) string { return name + ".xmp" }

// Files returns the names, without folder, of the files of an asset by role:
//
//	original     Base.EXT        edited       Base_edited.EXT
//	live         Base.mov        edited_live  Base_edited.mov
//	raw          Base.EXT        adjustments  Base.AAE
//	xmp          Base.xmp        aae          IMG_O0042.AAE for IMG_0042, else Base_O.AAE
//
// Extensions are spelled as the user's file had them, where that is known.
func Files(n Name, a *photosdb.Asset) map[photosdb.Role]string {
	names := make(map[photosdb.Role]string, len(a.Resources))
	used := make(map[string]bool, len(a.Resources))
	for i := range a.Resources {
		r := &a.Resources[i]
		ext := extension(a, r)
		name := stemOf(n.Base, r.Role) + dotted(ext)
		if used[Key(name)] || r.Role == photosdb.RoleXMP && isSidecar(name) {
			name = n.Base + "_" + string(r.Role) + dotted(ext)
		}
		if ext == "" {
			name = plain(name)
		}
		used[Key(name)] = true
		if r.Role == photosdb.RoleOriginal || r.Role == photosdb.RoleEdited {
			used[Key(Sidecar(name))] = true
		}
		names[r.Role] = name
	}
	return names
}

// isSidecar reports whether a name could be that of the sidecar of a picture.
func isSidecar(name string) bool {
	_, ext := splitExt(strings.TrimSuffix(name, Sidecar("")))
	return ext != ""
}

// plain keeps the end of a name without extension from being taken for one, as
// of a picture called "beach.jpg" beside the file beach.jpg.
func plain(name string) string {
	if _, ext := splitExt(name); ext != "" {
		return name + "_"
	}
	return name
}

func stemOf(base string, role photosdb.Role) string {
	switch role {
	case photosdb.RoleEdited, photosdb.RoleEditedLive:
		return base + editedSuffix
	case photosdb.RoleAAE:
		return cameraStem(base)
	case photosdb.RoleEditBase, photosdb.RolePoster:
		return base + "_" + string(role)
	}
	return base
}

// extension returns the extension of a file without its dot.
func extension(a *photosdb.Asset, r *photosdb.Resource) string {
	switch r.Role {
	case photosdb.RoleAdjustments, photosdb.RoleAAE:
		return "AAE"
	case photosdb.RoleXMP:
		return "xmp"
	}
	stored := r.Path
	if r.Reference != nil {
		if stored = r.Reference.Path; stored == "" {
			stored = r.Reference.VolumePath
		}
	}
	_, ext := splitExt(path.Base(stored))
	_, users := splitExt(a.Name.Original)
	switch {
	case r.Role == photosdb.RoleOriginal && users != "" && sameType(users, ext):
		return users
	case r.Role == photosdb.RoleRaw && users != "" && users == strings.ToUpper(users):
		return strings.ToUpper(ext) // a camera writes IMG_1994.JPG and IMG_1994.CR2
	}
	return ext
}

func dotted(ext string) string {
	if ext == "" {
		return ""
	}
	return "." + ext
}

// synonyms are extensions of one type.
var synonyms = map[string]string{
	"jpg": "jpeg", "jpe": "jpeg", "tif": "tiff", "heif": "heic", "qt": "mov", "plist": "aae",
}

func sameType(a, b string) bool { return canonical(a) == canonical(b) }

func canonical(ext string) string {
	ext = strings.ToLower(ext)
	if c := synonyms[ext]; c != "" {
		return c
	}
	return ext
}

// mediaExtensions are those that the files of an asset can have.
var mediaExtensions = extensionSet("jpeg jpg jpe heic heif avci png gif tiff tif avif jxl webp bmp psd pdf " +
	"hif jp2 j2k jpf tga exr hdr svg ico icns pbm pgm ppm mpo insp gpr iiq rwl sr2 srf mrw erf kdc dcr dcs x3f cap nrw " +
	"mpeg mpe m2v 3g2 dv wmv asf mkv webm flv vob ts insv lrv mxf " +
	"dng arw cr2 cr3 crw orf rw2 raw pef nef srw mos 3fr fff raf mov qt mp4 m4v 3gp avi mts m2ts mpg aae plist xmp json")

func extensionSet(list string) map[string]bool {
	set := map[string]bool{}
	for _, ext := range strings.Fields(list) {
		set[ext] = true
	}
	return set
}
