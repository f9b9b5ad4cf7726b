package naming

import (
	"path"
	"slices"
	"strings"

	"github.com/photogo/photogo/photosdb"
)

// Name is where the files of an asset go, and what they are called.
type Name struct {
	Wish string // what the templates gave, folder and base, before names that were taken were avoided
	Dir  string // relative to the destination, with slashes; "" for the destination itself
	Base string // the stem that all files of the asset share
}

// Files returns what the files of an asset are called below Name.Dir, by role:
//
//	original      Base.EXT; EXT as the user's file had it, where it is of the library's type
//	raw           Base.EXT; in capitals if the original's is
//	live          Base.mov
//	edited        Base_edited.EXT
//	edited_live   Base_edited.mov
//	adjustments   Base.AAE
//	aae           IMG_O0042.AAE for a base IMG_0042, as Apple does; else Base_O.AAE
//	xmp           Base.xmp
//
// and any other Base_role.EXT. Where two files would be called the same, the
// later in the asset's list gets its role inserted: Base_raw.dng.
func Files(n Name, a *photosdb.Asset) map[photosdb.Role]string {
	names := make(map[photosdb.Role]string, len(a.Resources))
	for _, f := range filesOf(n.Base, a) {
		names[f.role] = f.name()
	}
	return names
}

// Sidecar is the name of the sidecar that describes the file of a name; kind is
// "xmp" or "json".
func Sidecar(name, kind string) string { return name + "." + kind }

// file is a file of an asset. Its extension has ASCII letters and digits only,
// and may be empty.
type file struct {
	role      photosdb.Role
	stem, ext string
}

func (f file) name() string {
	if f.ext == "" {
		return f.stem
	}
	return f.stem + "." + f.ext
}

// described reports whether photogo writes a sidecar to the file.
func (f file) described() bool {
	return f.role == photosdb.RoleOriginal || f.role == photosdb.RoleEdited
}

// isSidecar reports whether the file has the extension of a sidecar.
func (f file) isSidecar() bool {
	return strings.EqualFold(f.ext, "xmp") || strings.EqualFold(f.ext, "json")
}

func filesOf(base string, a *photosdb.Asset) []file {
	files := make([]file, 0, len(a.Resources))
	for i := range a.Resources {
		f := plainName(base, a, &a.Resources[i])
		for _, other := range files {
			if f.meets(other) {
				f.stem = base + "_" + word(f.role)
				break
			}
		}
		files = append(files, f)
	}
	return files
}

// meets reports whether two files of one asset have one name, or one has that of
// the other's sidecar. Stems of one asset are equal, or differ by more than case.
func (f file) meets(other file) bool {
	if f.stem != other.stem {
		return false
	}
	sidecar := other.described() && other.ext == "" && f.isSidecar() || f.described() && f.ext == "" && other.isSidecar()
	return sidecar || strings.EqualFold(f.ext, other.ext)
}

// plainName names a file as if it were the asset's only one. Of the companions
// each has an extension: without one, what follows a dot in the base would be it.
func plainName(base string, a *photosdb.Asset, r *photosdb.Resource) file {
	f := file{role: r.Role, stem: base, ext: extension(location(r))}
	switch r.Role {
	case photosdb.RoleOriginal:
		f.ext = originalExtension(a, r)
	case photosdb.RoleRaw:
		if original := a.Resource(photosdb.RoleOriginal); original != nil && isCapital(originalExtension(a, original)) {
			f.ext = strings.ToUpper(f.ext)
		}
		f.ext = orElse(f.ext, "raw")
	case photosdb.RoleLive:
		f.ext = orElse(f.ext, "mov")
	case photosdb.RoleEdited:
		f.stem, f.ext = base+editedSuffix, orElse(f.ext, "bin")
	case photosdb.RoleEditedLive:
		f.stem, f.ext = base+editedSuffix, orElse(f.ext, "mov")
	case photosdb.RoleAdjustments:
		f.ext = "AAE"
	case photosdb.RoleAAE:
		f.stem, f.ext = cameraStem(base), "AAE"
	case photosdb.RoleXMP:
		f.ext = "xmp"
	default:
		f.stem, f.ext = base+"_"+word(r.Role), orElse(f.ext, "bin")
	}
	return f
}

const editedSuffix = "_edited"

// cameraStem is the stem of the adjustments that the camera made.
func cameraStem(base string) string {
	if isCamera(base) {
		return base[:4] + "O" + base[4:]
	}
	return base + "_O"
}

// isCamera reports whether a base is of the form IMG_0042, in any case.
func isCamera(base string) bool {
	return len(base) > 4 && strings.EqualFold(base[:4], "img_") && isASCII(base[:4]) && '0' <= base[4] && base[4] <= '9'
}

// location is where a resource's file is; only its name matters.
func location(r *photosdb.Resource) string {
	if r.Reference != nil && r.Reference.Path != "" {
		return r.Reference.Path
	}
	if r.Reference != nil && r.Path == "" {
		return r.Reference.VolumePath
	}
	return r.Path
}

// originalExtension is the extension of the name at import, if it fits the file
// that is there; else that of the file. A name can lie: what was imported as
// IMG_1.HEIC may have been converted.
func originalExtension(a *photosdb.Asset, r *photosdb.Resource) string {
	is := extension(location(r))
	if was := extension(a.Name.Original); sameType(is, was) {
		return was
	}
	return is
}

// sameTypes are extensions of one type.
var sameTypes = [][]string{
	{"jpg", "jpeg", "jpe"}, {"tif", "tiff"}, {"heic", "heif"}, {"mov", "qt"}, {"aae", "plist"},
}

func sameType(a, b string) bool {
	if strings.EqualFold(a, b) {
		return true
	}
	a, b = strings.ToLower(a), strings.ToLower(b)
	return slices.ContainsFunc(sameTypes, func(types []string) bool {
		return slices.Contains(types, a) && slices.Contains(types, b)
	})
}

// maxExtension bounds an extension; the longest that cameras write has 5.
const maxExtension = 10

// extension is what follows the last dot of a path's last part, without
// anything that does not belong into an extension. A dot at the beginning hides
// a file, it does not begin an extension.
func extension(name string) string {
	name = path.Base(name)
	dot := strings.LastIndexByte(name, '.')
	if dot <= 0 {
		return ""
	}
	if isExtension(name[dot+1:]) {
		return name[dot+1:]
	}
	var b []byte
	for _, c := range []byte(name[dot+1:]) {
		if isAlnum(c) && len(b) < maxExtension {
			b = append(b, c)
		}
	}
	return string(b)
}

// originalStem is a name without its extension. What has no letter is none:
// the scan of "12.03.2020" is not of type 2020.
func originalStem(name string) string {
	dot := strings.LastIndexByte(name, '.')
	if dot <= 0 || !isExtension(name[dot+1:]) || !strings.ContainsFunc(name[dot+1:], isLetter) {
		return name
	}
	return name[:dot]
}

func isExtension(s string) bool {
	if s == "" || len(s) > maxExtension {
		return false
	}
	for i := range len(s) {
		if !isAlnum(s[i]) {
			return false
		}
	}
	return true
}

func isAlnum(c byte) bool { return '0' <= c && c <= '9' || isLetter(rune(c)) }

func isLetter(c rune) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }

func isCapital(ext string) bool {
	return strings.ContainsFunc(ext, isLetter) && ext == strings.ToUpper(ext)
}

// word is a role as a part of a name.
func word(role photosdb.Role) string {
	return strings.Map(func(c rune) rune {
		if c == '_' || c < 0x80 && isAlnum(byte(c)) {
			return c
		}
		return -1
	}, string(role))
}

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
