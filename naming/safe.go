package naming

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// rules say what a name may look like.
type rules struct {
	max      int  // bytes of UTF-8, both composed (NFC) and decomposed (NFD)
	portable bool // Windows, SMB and exFAT can hold it, too
}

// maxName is what APFS, HFS+, ext4 and exFAT have in common, counted in the
// strictest way: 255 bytes of UTF-8, which is never less than 255 units of
// UTF-16. Some of them store NFD.
const maxName = 255

// maxPortable is the longest name that gocryptfs keeps in one piece once it is
// encrypted, in bytes.
const maxPortable = 175

// numberRoom is for the number of a name that gives way to another.
const numberRoom = len(" (9999999)")

// companionRoom is for the longest that is ever put to a base: a number, a role,
// an extension and that of its sidecar. What is still missing is for those who
// write under a name of their own making first.
const companionRoom = 55

var plainRules = rules{max: maxName}

// folderRules are for folders, baseRules for what all files of an asset share.
func folderRules(portable bool) rules {
	if portable {
		return rules{maxPortable - numberRoom, true}
	}
	return rules{maxName - numberRoom, false}
}

func baseRules(portable bool) rules {
	if portable {
		return rules{maxPortable - companionRoom, true}
	}
	return rules{maxName - companionRoom, false}
}

// MaxDir is how long the folders of an asset may be together, in bytes of UTF-8
// (composed): a file's path must stay below the 1024 bytes that macOS allows,
// wherever the destination is mounted.
const MaxDir = 512

// maxFolders is how many folders there may be inside of one another.
const maxFolders = 32

// folderParts makes names of the folders in a text. What is too deep becomes one
// folder; what is too long together is cut, the longest parts first. Folders
// that become one by it share it.
func folderParts(text string, portable bool) (parts []string) {
	r := folderRules(portable)
	for part := range strings.SplitSeq(text, "/") {
		if part != "" {
			parts = append(parts, part)
		}
	}
	if len(parts) > maxFolders {
		parts = append(parts[:maxFolders-1], strings.Join(parts[maxFolders-1:], "_"))
	}
	total := max(0, len(parts)-1)
	for i, part := range parts {
		parts[i] = r.component(part)
		total += len(parts[i])
	}
	for limit := r.max; total > MaxDir; limit-- {
		total = len(parts) - 1
		for i, part := range parts {
			if len(part) > limit {
				parts[i] = rules{limit, portable}.component(part)
			}
			total += len(parts[i])
		}
	}
	return parts
}

// Component makes any text the name of a file or folder. The result is in
// Unicode NFC, has 1 to 255 bytes (in NFD as well), no character that cannot be
// printed or that turns the direction of reading, no U+FFFD (b3sum --check stops at
// it), none of / \ : (which Finder shows as a slash), no blank at its ends, no dot
// at its beginning or end.
// Component(Component(s)) is Component(s).
func Component(s string) string { return plainRules.component(s) }

func (r rules) component(s string) string {
	if r.isPlain(s) {
		return s
	}
	s = strings.Map(cleanRune, strings.ToValidUTF8(s, "_"))
	if r.portable {
		s = strings.Map(portableRune, s)
	}
	s = norm.NFC.String(s)
	s = trimEnd(strings.TrimLeftFunc(s, unicode.IsSpace))
	if strings.HasPrefix(s, ".") {
		s = "_" + s[1:]
	}
	s = trimEnd(cut(s, r.max))
	if r.portable && isDevice(s) {
		stem, rest, dotted := strings.Cut(s, ".")
		s = strings.TrimRight(stem, " ") + "_"
		if dotted {
			s = trimEnd(cut(s+"."+rest, r.max))
		}
	}
	if s == "" {
		return "_"
	}
	return s
}

// isPlain recognises most names that are safe as they are, quickly.
func (r rules) isPlain(s string) bool {
	if s == "" || len(s) > r.max || !isPlainByte[s[0]] || !isPlainByte[s[len(s)-1]] || r.portable && isDevice(s) {
		return false
	}
	for i := range len(s) {
		if !isPlainByte[s[i]] && s[i] != ' ' && s[i] != '.' {
			return false
		}
	}
	return true
}

var isPlainByte = func() (is [256]bool) {
	for c := range is {
		is[c] = isAlnum(byte(c)) || strings.IndexByte("_-()+,=@#", byte(c)) >= 0
	}
	return is
}()

// portableRune replaces what Windows, SMB and exFAT forbid besides.
func portableRune(c rune) rune {
	if strings.ContainsRune(`<>"|?*`, c) {
		return '_'
	}
	return c
}

// isDevice reports whether Windows takes a name for a device, whatever its
// extension is: NUL, nul.txt, "COM1 .jpg".
func isDevice(s string) bool {
	stem, _, _ := strings.Cut(s, ".")
	stem = strings.ToUpper(strings.TrimRight(stem, " "))
	switch stem {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$":
		return true
	}
	for _, port := range []string{"COM", "LPT"} {
		if number, ok := strings.CutPrefix(stem, port); ok && utf8.RuneCountInString(number) == 1 && strings.Contains("0123456789¹²³", number) {
			return true
		}
	}
	return false
}

func cleanRune(c rune) rune {
	switch {
	case c == '/' || c == '\\' || c == ':' || c == 0:
		return '_'
	case unicode.Is(unicode.Cc, c), c == '\u2028', c == '\u2029':
		return -1
	case c == '\u200e', c == '\u200f', c == '\u061c', '\u202a' <= c && c <= '\u202e', '\u2066' <= c && c <= '\u2069', c == '\ufeff':
		return -1
	case c == utf8.RuneError, unicode.Is(unicode.Noncharacter_Code_Point, c):
		return '_' // b3sum takes the replacement character for a sign of damage
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
