package sidecar

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/photogo/photogo/photosdb"
	"pgregory.net/rapid"
)

func TestText(t *testing.T) {
	for _, tt := range []struct{ why, text, want string }{
		{"markup", `a & b < c > d "e" 'f'`, "a &amp; b &lt; c &gt; d &quot;e&quot; 'f'"},
		{"escaped twice", "&amp;", "&amp;amp;"},
		{"newlines", "a\nb\r\nc\rd\te", "a\nb&#xD;\nc&#xD;d\te"},
		{"controls", "\x00a\x01\x1fb\x0b", "ab"},
		{"controls that XML carries", "\x7f\u0080\u009f\u0085", "\x7f\u0080\u009f\u0085"},
		{"noncharacters", "a\ufffeb\uffffc\U0001fffe", "abc\U0001fffe"},
		{"not UTF-8", "a\xffb\xc3", "a\ufffdb\ufffd"},
		{"a lone surrogate, in bytes", "\xed\xa0\x80", "\ufffd\ufffd\ufffd"},
		{"a real replacement character", "\ufffd", "\ufffd"},
		{"other planes", "👩‍👧 𝒳 עברית", "👩‍👧 𝒳 עברית"},
		{"nothing", "", ""},
	} {
		if got := string(appendText([]byte("^"), tt.text)); got != "^"+tt.want {
			t.Errorf("%s: %q, want %q", tt.why, got, "^"+tt.want)
		}
	}
}

func TestTextOfNothingButControlsIsNoText(t *testing.T) {
	nothing := "\x00\x1b\uffff"
	words := []string{"a", nothing, "b", ""}
	a := photosdb.Asset{Text: photosdb.Text{Title: nothing, Description: nothing, Keywords: words}, Faces: []photosdb.Face{{Person: &photosdb.Person{KnownAs: nothing}}}}
	data := XMP(&a, photosdb.RoleOriginal)
	checkForm(t, data)
	x := parse(t, data)
	if len(x.Titles)+len(x.Descriptions)+len(x.Persons) != 0 || strings.Join(x.Keywords, "|") != "a|b" {
		t.Errorf("got\n%s", data)
	}
	if strings.Join(words, "|") != "a|"+nothing+"|b|" {
		t.Errorf("the asset's keywords became %q", words)
	}
}

// anyText draws texts with all that is delicate in XML, and bytes that are no text.
func anyText() *rapid.Generator[string] {
	delicate := rapid.RuneFrom([]rune("&<>\"'];\r\n\t \x00\x1f\x7f\u0085\u2028\ufffd\ufffe\uffff\U0001f600\U0010ffffא"))
	return rapid.OneOf(
		rapid.String(),
		rapid.StringOf(delicate),
		rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }),
	)
}

// carriable says, apart from the code under test, what XML 1.0 leaves of a text.
func carriable(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '\t' || r == '\n' || r == '\r' || r >= 0x20 && r <= 0xD7FF ||
			r >= 0xE000 && r <= 0xFFFD || r >= 0x10000 && r <= utf8.MaxRune {
			return r
		}
		return -1
	}, text)
}

func TestAnyTextIsReadBack(t *testing.T) {
	one := func(text string) []string { // as a list of values, none for an empty text
		if text = carriable(text); text == "" {
			return nil
		}
		return []string{text}
	}
	rapid.Check(t, func(t *rapid.T) {
		a := photosdb.Asset{
			Text: photosdb.Text{Title: anyText().Draw(t, "title"), Description: anyText().Draw(t, "description"), Keywords: rapid.SliceOf(anyText()).Draw(t, "keywords")},
			Faces: []photosdb.Face{{Person: &photosdb.Person{KnownAs: anyText().Draw(t, "name")},
				X: 0.5, Y: 0.5, Size: 0.5}},
			Current: photosdb.Frame{Width: 4, Height: 3, Orientation: 1},
		}
		var keywords []string
		for _, word := range a.Text.Keywords {
			keywords = append(keywords, one(word)...)
		}
		name := one(a.Faces[0].Person.KnownAs)
		x := parse(t, XMP(&a, photosdb.RoleOriginal))
		for _, tt := range []struct {
			what      string
			got, want []string
		}{
			{"title", x.Titles, one(a.Text.Title)},
			{"description", x.Descriptions, one(a.Text.Description)},
			{"keywords", x.Keywords, keywords},
			{"tags", x.Tags, keywords},
			{"persons", x.Persons, name},
			{"name of the region", one(x.Regions[0].Name), name},
		} {
			if len(tt.got) != len(tt.want) || strings.Join(tt.got, "|") != strings.Join(tt.want, "|") {
				t.Fatalf("%s: %q, want %q", tt.what, tt.got, tt.want)
			}
		}
	})
}
