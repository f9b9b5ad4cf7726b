package naming

import (
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// maxName is the longest name in bytes of UTF-8 that all file systems in use
// take, counted in NFD as HFS+ stores it.
const maxName = 255

// room is kept free behind a stem for whatever is added to it: "_edited",
// " (12345)", an extension and ".xmp".
const room = 40

// Component makes a text safe as the name of a file or folder: NFC, no path
// separators, no control or direction characters, no blanks at the ends, no dot
// at the beginning or the end, at most 255 bytes in any Unicode form. What is
// left of nothing is "_".
func Component(text string) string { return component(text, maxName) }

func component(text string, most int) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	// Dropping characters can bring a letter and its accent together, so it comes first.
	text = norm.NFC.String(strings.Map(safeRune, text))
	text = strings.TrimFunc(text, unicode.IsSpace)
	text = shorten(text, most)
	text = strings.TrimRightFunc(text, func(r rune) bool { return r == '.' || unicode.IsSpace(r) })
	if strings.HasPrefix(text, ".") {
		text = "_" + text[1:]
	}
	if Key(text) == "" { // nothing, or nothing visible
		return "_"
	}
	return text
}

// safeRune replaces what separates paths on some system, and drops what cannot
// be seen or turns a name around.
func safeRune(r rune) rune {
	switch {
	case r == '/' || r == '\\' || r == ':' || r == 0:
		return '_'
	case unicode.Is(unicode.Cc, r), r >= 0x200e && r <= 0x200f, r >= 0x202a && r <= 0x202e,
		r >= 0x2066 && r <= 0x2069, r == 0x2028, r == 0x2029, r == 0xfeff:
		return -1
	}
	return r
}

// shorten cuts a text so that it has at most so many bytes in NFC and in NFD,
// before a character and never between a letter and its accents.
func shorten(text string, most int) string {
	if len(text)*3 <= most { // no text grows more in NFD
		return text
	}
	n, size := 0, 0
	for n < len(text) {
		end := n + norm.NFC.NextBoundaryInString(text[n:], true)
		if end <= n {
			break
		}
		size += max(end-n, len(norm.NFD.String(text[n:end])))
		if size > most {
			break
		}
		n = end
	}
	return strings.TrimRight(text[:n], "\u200d") // a joiner with nothing to join
}

// Key returns the same text for names that a file system which ignores case,
// Unicode forms or invisible characters (as HFS+ and ext4 do) takes for one.
func Key(name string) string {
	ascii := true
	for i := 0; i < len(name); i++ {
		if name[i] >= utf8.RuneSelf {
			ascii = false
			break
		}
	}
	if ascii {
		return strings.ToLower(name)
	}
	name = norm.NFC.String(strings.Map(visible, name))
	name = norm.NFD.String(cases.Fold().String(name))
	return norm.NFC.String(strings.Map(cherokee, cases.Fold().String(name)))
}

func visible(r rune) rune {
	if unicode.In(r, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) {
		return -1
	}
	return r
}

// cherokee folds the letters that cases.Fold turns from small to large and from
// large to small.
func cherokee(r rune) rune {
	switch {
	case r >= 0xab70 && r <= 0xabbf:
		return r - 0xab70 + 0x13a0
	case r >= 0x13f8 && r <= 0x13fd:
		return r - 8
	}
	return r
}

// splitExt splits a file name into stem and extension without its dot. What
// is no plausible extension belongs to the stem.
func splitExt(name string) (stem, ext string) {
	ext = path.Ext(name)
	if len(ext) < 2 || len(ext) > maxExt+1 || ext == name {
		return name, ""
	}
	for _, r := range ext[1:] {
		if !(r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '_' || r == '-') {
			return name, ""
		}
	}
	return name[:len(name)-len(ext)], ext[1:]
}

// maxExt is the longest extension in bytes.
const maxExt = 10
