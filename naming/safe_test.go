package naming

import (
	"fmt"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// unsafe tells why a name is not fit for a file; "" if it is. The rules are
// written down a second time here, so that a mistake in Component shows.
func unsafe(name string) string {
	switch {
	case name == "", name == ".", name == "..", strings.ContainsAny(name, `/\`):
		return "path characters"
	case !utf8.ValidString(name):
		return "not valid UTF-8"
	case strings.ContainsAny(name, "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"):
		return "invisible direction overrides"
	case len(norm.NFC.String(name)) > 255:
		return "longer than 255 bytes in NFC"
	case len(norm.NFD.String(name)) > 255:
		return "longer than 255 bytes in NFD"
	case name != strings.TrimFunc(name, unicode.IsSpace), strings.HasSuffix(name, "."):
		return "begins or ends with a blank, or ends with a dot"
	case strings.HasPrefix(name, "."):
		return "hidden"
	}
	for _, r := range name {
		if unicode.Is(unicode.Cc, r) {
			return "control character"
		}
	}
	return ""
}

func TestComponent(t *testing.T) {
	family := "👩\u200d👩\u200d👧"
	for _, c := range []struct{ what, in, want string }{
		{"nothing", "", "_"},
		{"plain", "IMG_0042.HEIC", "IMG_0042.HEIC"},
		{"inner blanks and dots stay", "a  b..c", "a  b..c"},
		{"punctuation stays", `a&b<c>"d"'e'*?|%#;`, `a&b<c>"d"'e'*?|%#;`},

		{"slash", "a/b", "a_b"},
		{"backslash", `a\b`, "a_b"},
		{"colon", "10:15", "10_15"},
		{"NUL", "a\x00b", "a_b"},
		{"control characters", "a\x01\n\r\t\x1b\x7f\u0085\u009fb", "ab"},
		{"only control characters", "\n\r", "_"},
		{"line separators", "a\u2028b\u2029c", "abc"},

		{"dot", ".", "_"},
		{"parent", "..", "_"},
		{"parent with blanks", " .. ", "_"},
		{"path up", "../../x", "_._.._x"},
		{"leading dot", ".photogo", "_photogo"},
		{"leading dot behind a mark", "\ufeff.photogo", "_photogo"},
		{"leading dot behind a blank", " .photogo", "_photogo"},
		{"trailing dots", "Mr. X..", "Mr. X"},
		{"trailing dots and blanks", "x. . .", "x"},
		{"trailing blank", "x ", "x"},
		{"leading blank", " x", "x"},
		{"no-break space", "\u00a0x\u00a0", "x"},
		{"narrow no-break space", "x\u202f", "x"},
		{"ideographic space", "\u3000写真\u3000", "写真"},
		{"only invisible characters", "\u200d\u00ad\ufe0f", "_"},
		{"only blanks", " \u00a0\u3000", "_"},

		{"direction overrides", "a\u202egpj.exe\u202c", "agpj.exe"},
		{"isolates and marks", "\u2066a\u2067b\u2068c\u2069\u200e\u200f", "abc"},
		{"right-to-left letters stay", "תמונה", "תמונה"},
		{"byte order mark", "\ufeffx", "x"},
		{"invalid UTF-8", "a\xffb", "a\ufffdb"},
		{"surrogate", "a\xed\xa0\x80b", "a\ufffdb"},
		{"cut-off character", "a\xe5", "a\ufffd"},

		{"NFD", "Mo\u0308nch", "Mönch"},
		{"ring that means the letter", "\u212bngström", "Ångström"},
		{"joined by what is dropped", "o\u200e\u0308", "ö"},
		{"emoji with joiners", family, family},

		{"300 bytes", strings.Repeat("x", 300), strings.Repeat("x", 255)},
		{"255 bytes", strings.Repeat("x", 255), strings.Repeat("x", 255)},
		{"cut before a blank", strings.Repeat("x", 254) + " yyy", strings.Repeat("x", 254)},
		{"cut before a dot", strings.Repeat("x", 253) + ".. yyy", strings.Repeat("x", 253)},
		{"3 bytes each in NFD", strings.Repeat("é", 100), strings.Repeat("é", 85)},
		{"letters with accents", strings.Repeat("x\u0323\u0307", 60), strings.Repeat("ẋ\u0323", 51)},
		{"Hangul", strings.Repeat("각", 40), strings.Repeat("각", 28)},
		{"emoji", strings.Repeat("😀", 100), strings.Repeat("😀", 63)},
		{"cut behind a joiner", strings.Repeat("x", 248) + family, strings.Repeat("x", 248) + "👩"},
		{"families", strings.Repeat(family, 20), strings.Repeat(family, 14)},
	} {
		got := Component(c.in)
		if want := norm.NFC.String(c.want); got != want {
			t.Errorf("%s: Component(%q) = %q, want %q", c.what, c.in, got, want)
		}
		if problem := unsafe(got); problem != "" {
			t.Errorf("%s: %q is unsafe: %s", c.what, got, problem)
		}
		if again := Component(got); again != got {
			t.Errorf("%s: %q becomes %q the second time", c.what, got, again)
		}
	}
}

func TestComponentOfEndlessAccents(t *testing.T) {
	for _, c := range []struct{ what, in string }{
		{"one letter", "e" + strings.Repeat("\u0301", 150)},
		{"no letter", strings.Repeat("\u0301", 150)},
		{"different accents", "e" + strings.Repeat("\u0301\u0323\u0308", 50)},
		{"parted by what is dropped", strings.Repeat(strings.Repeat("\u0301", 20)+"\u200e", 20)},
		{"letters that grow", strings.Repeat("\u0390\u0301", 60)},
		{"notes that grow", strings.Repeat("\U0001d160", 70)},
	} {
		got := Component(c.in)
		if problem := unsafe(got); problem != "" {
			t.Errorf("%s: %q is unsafe: %s", c.what, got, problem)
		}
		if len(got) < 80 {
			t.Errorf("%s: only %d bytes are left", c.what, len(got))
		}
		if !norm.NFC.IsNormalString(got) {
			t.Errorf("%s: %q is not in NFC", c.what, got)
		}
	}
}

func TestComponentNeverPartsALetterFromItsAccent(t *testing.T) {
	const accented = "q\u0323" // has no composed form
	for fill := 240; fill <= 256; fill++ {
		got := Component(strings.Repeat("x", fill) + accented)
		if strings.HasSuffix(got, "q") {
			t.Errorf("after %d bytes: %q lost its dot below", fill, got[fill:])
		}
	}
}

func TestKeyIsOneForWhatAFileSystemMayTakeForOne(t *testing.T) {
	for _, same := range [][]string{
		{"IMG_0001.JPG", "img_0001.jpg", "Img_0001.Jpg"},
		{"Mönch", "Mo\u0308nch", "MÖNCH", "MO\u0308NCH"},
		{"straße", "STRASSE", "strasse", "STRAẞE"},
		{"ΣΑΣ", "σας", "σασ"},
		{"Å", "\u212b", "A\u030a", "å"},
		{"K", "\u212a", "k"},
		{"ſ", "S", "s"},
		{"ﬁ", "fi", "FI"},
		{"ᾳ", "ᾼ", "αι", "ΑΙ"},
		{"ꭰ", "Ꭰ"},
		{"❤\ufe0f", "❤"},
		{"co\u00adop", "coop", "co\u200bop", "co\u200d\u2060op"},
		{"e\u0323\u0302", "e\u0302\u0323", "ệ"},
	} {
		for _, name := range same[1:] {
			if Key(name) != Key(same[0]) {
				t.Errorf("%q and %q have the keys %q and %q", same[0], name, Key(same[0]), Key(name))
			}
		}
	}
	different := []string{"", "a", "b", "a ", "ä", "ae", "a.", "а" /* Cyrillic */, "ａ" /* full width */, "a\u00a0", "aa"}
	for i, a := range different {
		for _, b := range different[i+1:] {
			if Key(a) == Key(b) {
				t.Errorf("%q and %q have the same key %q", a, b, Key(a))
			}
		}
	}
}

// TestKeyOfEachCharacter goes through Unicode: a character, its upper and lower
// case and its other forms are one name, and a key is its own key.
func TestKeyOfEachCharacter(t *testing.T) {
	fold := cases.Fold()
	for r := rune(1); r <= unicode.MaxRune; r++ {
		if r == 0xac00 { // Hangul and private use have no case
			r = 0xf900
		} else if r == 0x20000 {
			r = 0x2f800
		} else if r == 0x2fb00 {
			break
		}
		name := string(r)
		key := Key(name)
		if Key(key) != key {
			t.Errorf("%U: the key of its key %q is %q", r, key, Key(key))
		}
		if forms := []string{norm.NFC.String(name), norm.NFD.String(name), fold.String(name)}; key != Key(forms[0]) || key != Key(forms[1]) || key != Key(forms[2]) {
			t.Errorf("%U: its forms have the keys %q, %q, %q; its own is %q", r, Key(forms[0]), Key(forms[1]), Key(forms[2]), key)
		}
	}
}

func TestSplitExt(t *testing.T) {
	for _, c := range []struct{ name, stem, ext string }{
		{"", "", ""},
		{"IMG_0042", "IMG_0042", ""},
		{"IMG_0042.HEIC", "IMG_0042", "HEIC"},
		{"a.b.jpeg", "a.b", "jpeg"},
		{"a.tar.gz", "a.tar", "gz"},
		{"Mönch.png", "Mönch", "png"},
		{".hidden", ".hidden", ""},
		{".hidden.jpg", ".hidden", "jpg"},
		{"a.", "a.", ""},
		{"a..", "a..", ""},
		{"..", "..", ""},
		{"a..jpg", "a.", "jpg"},
		{"a. jpg", "a. jpg", ""},
		{"St. Moritz", "St. Moritz", ""},
		{"a.jpg ", "a.jpg ", ""},
		{"a.jpé", "a.jpé", ""},
		{"a.1234567890", "a", "1234567890"},
		{"a.12345678901", "a.12345678901", ""},
		{"a.jp/g", "a.jp/g", ""},
		{"a.x-y_z", "a", "x-y_z"},
	} {
		if stem, ext := splitExt(c.name); stem != c.stem || ext != c.ext {
			t.Errorf("splitExt(%q) = %q, %q; want %q, %q", c.name, stem, ext, c.stem, c.ext)
		}
	}
}

func ExampleComponent() {
	fmt.Println(Component(" ../trip 10:15 "))
	// Output: _._trip 10_15
}
