package naming

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Key is equal for two names that some file system takes for one. It is never
// shown and never stored.
//
// It is at least as coarse as Unicode's canonical caseless matching (The Unicode
// Standard, definition D145), which APFS follows, as comparing by upper case,
// which exFAT, NTFS and SMB do, and as HFS+, which does not see joiners and marks
// of direction. Names that only an exotic volume confuses are kept apart too.
// Key(x+y) is Key(x)+Key(y) where y is ASCII.
func Key(s string) string {
	if isASCII(s) {
		return strings.ToLower(s)
	}
	s = cases.Fold().String(norm.NFD.String(s))
	s = norm.NFD.String(strings.Map(coarse, s))
	return norm.NFD.String(subscript.ReplaceAllString(s, "${1}ι$2"))
}

// subscript is an iota that may have stood below a vowel. Folding makes a letter of the
// mark, and of those who fold before they decompose and after, one puts the
// vowel's other marks behind it and one before. They are compared behind it.
var subscript = regexp.MustCompile(`([αηω])(\p{M}+)ι`)

func coarse(c rune) rune {
	switch {
	case '\u200c' <= c && c <= '\u200f', '\u202a' <= c && c <= '\u202e', '\u206a' <= c && c <= '\u206f', c == '\ufeff':
		return -1
	}
	return unicode.ToLower(unicode.ToUpper(c))
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
