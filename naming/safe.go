package naming

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// rules say what a name may look like. What exFAT and Windows forbid besides
// would be one more field here.
type rules struct {
	max int // bytes of UTF-8, both composed (NFC) and decomposed (NFD)
}

// maxName is what APFS, HFS+, ext4 and exFAT have in common, counted in the
// strictest way: 255 bytes of UTF-8. Some of them store NFD.
const maxName = 255

var (
	plainRules = rules{max: maxName}

	// A folder that gives way to another gets a number.
	folderRules = rules{max: maxName - len(" (9999999)")}

	// A base leaves room for the longest that is ever put to it: a number, a
	// role, an extension and that of its sidecar. What is still missing to 255
	// is for those who write under a name of their own making first.
	baseRules = rules{max: 200}
)

// Component makes any text the name of a file or folder. The result is in
// Unicode NFC, has 1 to 255 bytes (in NFD as well), no character that cannot be
// printed or that turns the direction of reading, none of / \ : (which Finder
// shows as a slash), no blank at its ends, no dot at its beginning or end.
// Component(Component(s)) is Component(s).
func Component(s string) string { return plainRules.component(s) }

func (r rules) component(s string) string {
	s = strings.Map(cleanRune, strings.ToValidUTF8(s, "\uFFFD"))
	s = norm.NFC.String(s)
	s = trimEnd(strings.TrimLeftFunc(s, unicode.IsSpace))
	if strings.HasPrefix(s, ".") {
		s = "_" + s[1:]
	}
	s = trimEnd(cut(s, r.max))
	if s == "" {
		return "_"
	}
	return s
}

func cleanRune(c rune) rune {
	switch {
	case c == '/' || c == '\\' || c == ':' || c == 0:
		return '_'
	case unicode.Is(unicode.Cc, c), c == '\u2028', c == '\u2029':
		return -1
	case c == '\u200e', c == '\u200f', c == '\u061c', '\u202a' <= c && c <= '\u202e', '\u2066' <= c && c <= '\u2069', c == '\ufeff':
		return -1
	case unicode.Is(unicode.Noncharacter_Code_Point, c):
		return '\uFFFD'
	}
	return c
}

func trimEnd(s string) string {
	return strings.TrimRightFunc(s, func(c rune) bool { return c == '.' || unicode.IsSpace(c) })
}

// cut shortens text in NFC to max bytes in both forms. It cuts before a
// character with all its marks, and leaves no joiner behind that joined an emoji
// to the next.
func cut(s string, max int) string {
	if len(s) <= max && len(norm.NFD.String(s)) <= max {
		return s
	}
	end, decomposed := 0, 0
	for end < len(s) {
		size := norm.NFC.NextBoundaryInString(s[end:], true)
		decomposed += len(norm.NFD.String(s[end : end+size]))
		if end+size > max || decomposed > max {
			break
		}
		end += size
	}
	return strings.TrimRight(s[:end], "\u200d")
}
