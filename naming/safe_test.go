package naming_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"github.com/photogo/photogo/naming"
)

func TestComponent(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"IMG_0042", "IMG_0042"},
		{"a/b\\c:d\x00e", "a_b_c_d_e"},
		{"a\tb\nc\x7f\u0085d\u2028e", "abcde"},
		{"\u202ereversed\u202c\u200e\u2066\u2069\ufeff", "reversed"},
		{"  blanks \u00a0\u3000", "blanks"},
		{"dots. . .", "dots"},
		{".hidden", "_hidden"},
		{"...hidden", "_..hidden"},
		{" .hidden", "_hidden"},
		{"", "_"}, {".", "_"}, {"..", "_"}, {"...", "_"}, {" ", "_"}, {"\u202e.\ufeff.", "_"}, {"/", "_"},
		{"E\u0301lan", "Élan"},
		{"e\u202a\u0301", "é"}, // what is taken out must not leave NFD behind
		{"\ufffe", "_"}, {"\ufffd", "_"},
		{"\xffa\xc3", "_a_"},
		{"\xed\xa0\x80", "_"}, // a surrogate
		{"👨\u200d👩\u200d👧", "👨\u200d👩\u200d👧"},
		{strings.Repeat("a", 300), strings.Repeat("a", 255)},
		{strings.Repeat("a", 254) + " b", strings.Repeat("a", 254)},
		{strings.Repeat("ä", 200), strings.Repeat("ä", 85)},                            // 3 bytes each in NFD
		{strings.Repeat("각", 100), strings.Repeat("각", 28)},                            // 9 bytes each in NFD
		{strings.Repeat("a", 254) + "x\u0323\u0307", strings.Repeat("a", 254)},         // no letter without its marks
		{strings.Repeat("a", 247) + "👨\u200d👩\u200d👧", strings.Repeat("a", 247) + "👨"}, // no joiner without what it joins
	} {
		if got := naming.Component(tt.text); got != tt.want {
			t.Errorf("Component(%q) = %q, want %q", tt.text, got, tt.want)
		}
	}
}

func TestComponentIsSafe(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := anyText().Draw(t, "text")
		name := naming.Component(text)
		if problem := unsafeName(name); problem != "" {
			t.Fatalf("%q: %s", name, problem)
		}
		if again := naming.Component(name); again != name {
			t.Fatalf("%q becomes %q", name, again)
		}
		if other := naming.Component(norm.NFD.String(text)); len(text) < 40 && other != naming.Component(norm.NFC.String(text)) {
			t.Fatalf("%q: %q in NFD", name, other)
		}
	})
}

func TestKey(t *testing.T) {
	for _, same := range [][]string{
		{"img_1.jpg", "IMG_1.JPG", "Img_1.jpG"},
		{"Élan", "E\u0301lan", "élan", "e\u0301LAN"},
		{"straße", "STRASSE", "Straße", "STRAẞE"},
		{"ΣΑΣ", "σας", "σασ"},
		{"K", "k", "\u212a"},            // Kelvin
		{"Å", "å", "\u212b", "A\u030a"}, // Ångström
		{"ᾳ", "\u1fb3", "α\u0345", "ΑΙ", "αι"},
		{"ᾳ\u0323", "αι\u0323", "α\u0323ι", "ᾼ\u0323"}, // marks beside a subscript
		{"İ", "i\u0307", "I\u0307"},
		{"ı", "i", "I"},                    // one by upper case
		{"ſ", "s"},                         // long s
		{"a\u200db", "ab"},                 // HFS+ sees no joiners
		{"x\u0323\u0307", "x\u0307\u0323"}, // order of marks
		{"ﬁle", "FILE"},
		{"\u1e9b\u0323", "\u1e61\u0323", "\u1e69"},
	} {
		for _, name := range same {
			if naming.Key(name) != naming.Key(same[0]) {
				t.Errorf("%q and %q have different keys", name, same[0])
			}
		}
	}
	for _, pair := range [][2]string{{"a", "b"}, {"é", "e"}, {"IMG_1", "IMG_1 "}, {"ö", "oe"}, {"a", "а"}, {"²", "2"}, {"１", "1"}} {
		if naming.Key(pair[0]) == naming.Key(pair[1]) {
			t.Errorf("%q and %q have one key", pair[0], pair[1])
		}
	}
}

// TestKeyOfEveryCharacter compares with what file systems do to one character.
func TestKeyOfEveryCharacter(t *testing.T) {
	fold := cases.Fold()
	for c := rune(0); c <= unicode.MaxRune; c++ {
		if !utf8.ValidRune(c) {
			continue
		}
		s := string(c)
		var forms []string
		for _, form := range []string{
			norm.NFD.String(s), norm.NFC.String(s), fold.String(s), norm.NFC.String(fold.String(norm.NFC.String(s))),
			string(unicode.ToUpper(c)), string(unicode.ToTitle(c)),
		} {
			if form != s {
				forms = append(forms, form)
			}
		}
		if len(forms) == 0 {
			continue // without case or parts: its key is itself
		}
		key := naming.Key(s)
		if naming.Key(key) != key {
			t.Fatalf("the key of %U is not its own: %q, %q", c, key, naming.Key(key))
		}
		for _, form := range forms {
			if naming.Key(form) != key {
				t.Fatalf("%U and %q have different keys", c, form)
			}
		}
		if got := naming.Key("x" + s + "_edited.JPG"); got != naming.Key("x"+s)+"_edited.jpg" {
			t.Fatalf("key of %U with a suffix: %q", c, got)
		}
	}
}

func TestKeyOfAnyCaseAndForm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := naming.Component(anyText().Draw(t, "name"))
		for what, other := range map[string]string{
			"NFD": norm.NFD.String(name), "folded": cases.Fold().String(name), "upper case": strings.ToUpper(name),
			"folded NFD": cases.Fold().String(norm.NFD.String(name)),
		} {
			if naming.Key(other) != naming.Key(name) {
				t.Fatalf("%q and %q (%s) have different keys", name, other, what)
			}
		}
	})
}

// anyText has what breaks names more often than chance would bring it.
func anyText() *rapid.Generator[string] {
	parts := rapid.OneOf(
		rapid.SampledFrom([]string{
			".", "..", "/", "\\", ":", "\x00", "\n", " ", "\u00a0", "\u3000", "\u202e", "\ufeff", "\u200d", "\u200c", "\xff", "\xed\xa0\x80",
			"é", "e\u0301", "\u0301", "\u0323", "\u0345", "ᾳ", "ß", "İ", "ı", "K", "각", "👨\u200d👩", "IMG_0001", "_edited", " (1)",
			strings.Repeat("x", 250), strings.Repeat("ü", 90),
		}),
		rapid.String(),
		rapid.StringN(0, 2, -1),
	)
	return rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(parts, 0, 8).Draw(t, "parts"), "")
	})
}

// unsafeName says what is wrong with a name, by rules that were written down
// apart from those of Component.
func unsafeName(name string) string {
	switch {
	case name == "":
		return "empty"
	case name == "." || name == ".." || strings.ContainsAny(name, "/\\:"):
		return "path characters"
	case !utf8.ValidString(name):
		return "not valid UTF-8"
	case strings.ContainsFunc(name, unicode.IsControl):
		return "control character"
	case strings.ContainsAny(name, "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"):
		return "invisible direction overrides"
	case len(name) > 255 || len(norm.NFD.String(name)) > 255:
		return "longer than 255 bytes"
	case strings.TrimSpace(name) != name || strings.HasSuffix(name, "."):
		return "begins or ends with a blank, or ends with a dot"
	case strings.HasPrefix(name, "."):
		return "hidden"
	case !norm.NFC.IsNormalString(name):
		return "not in NFC"
	}
	return ""
}
