package sidecar

import (
	"slices"
	"unicode/utf8"
)

// appendText writes a text so that an XML parser reads the same text again,
// less the characters that XML 1.0 cannot carry, which are dropped, and with
// U+FFFD for each byte that is not UTF-8. A carriage return is written as a
// reference because parsers turn a plain one into a newline.
func appendText(dst []byte, text string) []byte {
	done := 0 // text[:done] is written
	for i := 0; i < len(text); {
		b := text[i]
		if b >= ' ' && b < utf8.RuneSelf && !markup[b] {
			i++
			continue
		}
		r, width := utf8.DecodeRuneInString(text[i:])
		if replacement, as := inXML(r, width); !as {
			dst = append(dst, text[done:i]...)
			dst = append(dst, replacement...)
			done = i + width
		}
		i += width
	}
	return append(dst, text[done:]...)
}

// markup are the characters between a space and a DEL that text must not hold
// as they are.
var markup = [utf8.RuneSelf]bool{'&': true, '<': true, '>': true, '"': true}

// inXML tells whether a character is written as it is, and if not, what is
// written in its place.
func inXML(r rune, width int) (replacement string, asItIs bool) {
	switch {
	case r == '&':
		return "&amp;", false
	case r == '<':
		return "&lt;", false
	case r == '>':
		return "&gt;", false
	case r == '"':
		return "&quot;", false
	case r == '\r':
		return "&#xD;", false
	case r == utf8.RuneError && width == 1:
		return "\uFFFD", false
	}
	return "", inCharacterSet(r)
}

// inCharacterSet reports whether XML 1.0 can carry a character, be it as a
// reference (production Char of the recommendation).
func inCharacterSet(r rune) bool {
	switch {
	case r < ' ':
		return r == '\t' || r == '\n' || r == '\r'
	case r == 0xFFFE || r == 0xFFFF:
		return false
	}
	return true // a string has no surrogates: decoded, they are U+FFFD
}

// carries reports whether anything of a text would be written.
func carries(text string) bool {
	for _, r := range text {
		if inCharacterSet(r) {
			return true
		}
	}
	return false
}

// carried returns the texts of which something would be written: mostly texts
// itself, which is not changed.
func carried(texts []string) []string {
	nothing := func(text string) bool { return !carries(text) }
	if !slices.ContainsFunc(texts, nothing) {
		return texts
	}
	return slices.DeleteFunc(slices.Clone(texts), nothing)
}
