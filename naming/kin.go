package naming

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/photogo/photogo/photosdb"
)

// A file belongs to the asset whose name is the longest beginning of its own;
// so a person pairs files, and so do programs. IMG_O0042 and IMG_E0042 count as
// IMG_0042 there, since Apple calls companions so. Two assets are kin in a
// folder if by this rule a file of one could be taken for the other's.

const (
	editedSuffix = "_edited"
	cameraSuffix = "_O"
	cameraKey    = "_o"
)

// companionSuffixes are what Files adds to a stem, and the beginnings of that
// which end where a word ends; as keys.
var companionSuffixes = []string{
	editedSuffix, cameraKey, "_edit",
	"_" + string(photosdb.RoleRaw), "_" + string(photosdb.RoleLive), "_" + string(photosdb.RolePoster),
	"_" + string(photosdb.RoleEditedLive), "_" + string(photosdb.RoleEditBase),
	"_" + string(photosdb.RoleAdjustments), "_" + string(photosdb.RoleAAE), "_" + string(photosdb.RoleXMP),
}

// cameraStem is the stem of the camera's own adjustments, as Apple names it.
func cameraStem(base string) string {
	if number, ok := afterIMG(base, ""); ok {
		return base[:len(img)] + "O" + number
	}
	return base + cameraSuffix
}

const img = "img_"

// afterIMG returns what follows "IMG_" and one of some letters, or none if there
// are none, provided that it begins with a digit.
func afterIMG(base, letters string) (number string, ok bool) {
	if len(base) <= len(img) || !strings.EqualFold(base[:len(img)], img) {
		return "", false
	}
	number = base[len(img):]
	if letters != "" {
		if !strings.ContainsRune(letters, rune(number[0])) {
			return "", false
		}
		number = number[1:]
	}
	first, _ := utf8.DecodeRuneInString(number)
	return number, unicode.IsDigit(first)
}

// anyKin reports whether is(stem+suffix) holds for a base, given as a key, or
// for one that would be its kin. It leaves the joining to is, which may do
// without.
func anyKin(base string, is func(stem, suffix string) bool) bool {
	return is(base, "") || anyCompanion(base, is) || anyMain(base, is)
}

// anyCompanion goes through what companions of a base are called and read as.
func anyCompanion(base string, is func(stem, suffix string) bool) bool {
	number, camera := afterIMG(base, "")
	if camera && is(img+"o", number) {
		return true
	}
	number, apple := afterIMG(base, "eo")
	for _, suffix := range companionSuffixes {
		if apple && is(img+number, suffix) {
			return true
		}
		if !(camera && suffix == cameraKey) && is(base, suffix) {
			return true
		}
	}
	return false
}

// anyMain goes through the bases of which it is a companion.
func anyMain(base string, is func(stem, suffix string) bool) bool {
	if number, apple := afterIMG(base, "o"); apple && is(img, number) {
		return true
	}
	for _, suffix := range companionSuffixes {
		main, ok := strings.CutSuffix(base, suffix)
		if !ok || main == "" {
			continue
		}
		number, camera := afterIMG(main, "")
		if camera && (is(img+"e", number) || is(img+"o", number)) {
			return true
		}
		if !(camera && suffix == cameraKey) && is(main, "") {
			return true
		}
	}
	return false
}

// fnv is a state of the 64-bit hash FNV-1a, so that texts that begin alike are
// hashed from where they differ.
type fnv uint64

const newFNV fnv = 14695981039346656037

func (h fnv) of(text string) fnv {
	for i := 0; i < len(text); i++ {
		h = (h ^ fnv(text[i])) * 1099511628211
	}
	return h
}
