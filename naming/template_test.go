package naming

import (
	"strings"
	"testing"
	"time"

	"github.com/photogo/photogo/photosdb"
)

// sample is an asset with every fact that a template can tell.
func sample() *photosdb.Asset {
	return &photosdb.Asset{
		UUID: "8A1B2C3D-0000-4000-8000-00000000002A", Kind: photosdb.Photo,
		Name:  photosdb.Name{Original: "IMG_0042.HEIC", Library: "8A1B2C3D-0000-4000-8000-00000000002A.heic"},
		Title: "Tea at the Mönch", Description: "after the rain",
		Dates: photosdb.Dates{
			// The day differs in UTC: a picture's own date is told in its own zone.
			Taken:    time.Date(2025, 5, 7, 1, 2, 3, 0, time.FixedZone("", 5*3600+1800)),
			Modified: time.Date(2025, 6, 8, 14, 15, 16, 0, time.UTC),
			Added:    time.Date(2025, 11, 9, 17, 18, 19, 0, time.UTC),
		},
		Favorite: true, Edited: true, Subtypes: []photosdb.Subtype{photosdb.Live},
	}
}

func mustParse(t testing.TB, text string) *Template {
	t.Helper()
	parsed, err := Parse(text)
	if err != nil {
		t.Fatalf("Parse(%q): %v", text, err)
	}
	return parsed
}

func TestRender(t *testing.T) {
	full, bare := sample(), &photosdb.Asset{UUID: "BARE", Kind: photosdb.Movie}
	burst := &photosdb.Asset{Hidden: true, Subtypes: []photosdb.Subtype{photosdb.Raw}, Burst: &photosdb.Burst{}}
	slashed := &photosdb.Asset{Title: "../a/b", Name: photosdb.Name{Original: "x/y.jpg"}}
	for _, c := range []struct {
		template string
		asset    *photosdb.Asset
		want     string
	}{
		{"", full, ""},
		{"plain text, with commas?", full, "plain text, with commas?"},
		{DefaultDirectory, full, "2025/05/07"},
		{DefaultFilename, full, "IMG_0042"},

		{"{original_name}", full, "IMG_0042"},
		{"{title}", full, "Tea at the Mönch"},
		{"{descr}", full, "after the rain"},
		{"{uuid}", full, "8A1B2C3D-0000-4000-8000-00000000002A"},
		{"{media_type}", full, "photo"},
		{"{media_type}", bare, "movie"},

		{"{created.date}", full, "2025-05-07"},
		{"{created.year}", full, "2025"},
		{"{created.yy}", full, "25"},
		{"{created.mm}", full, "05"},
		{"{created.month}", full, "May"},
		{"{added.month}", full, "November"},
		{"{added.mon}", full, "Nov"},
		{"{created.dd}", full, "07"},
		{"{created.doy}", full, "127"},
		{"{created.dow}", full, "Wednesday"},
		{"{created.hour}", full, "01"},
		{"{created.min}", full, "02"},
		{"{created.sec}", full, "03"},
		{"{modified.date} {modified.hour}{modified.min}{modified.sec}", full, "2025-06-08 141516"},
		{"{added.date} {added.hour}{added.min}{added.sec}", full, "2025-11-09 171819"},

		// What is not there.
		{"{created.year}/{created.mm}", bare, "_/_"},
		{"{modified.date}", bare, "_"},
		{"{title}", bare, "_"},
		{"{title,untitled}", bare, "untitled"},
		{"{title,untitled}", full, "Tea at the Mönch"},
		{"{title,}", bare, ""},
		{"{title,one, two}", bare, "one, two"},
		{"{created.year,no date}", bare, "no date"},
		{"{created.year,no date/at all}", bare, "no date/at all"},
		{"{original_name}", bare, "_"},

		{"{favorite?yes,no}", full, "yes"},
		{"{favorite?yes,no}", bare, "no"},
		{"{favorite?yes}", full, "yes"},
		{"{favorite?yes}", bare, ""},
		{"{favorite?,no}", full, ""},
		{"{favorite?best/,}x", full, "best/x"},
		{"{favorite?a,b,c}", bare, "b,c"},
		{"{edited?yes,no}{live?yes,no}{hidden?yes,no}{raw?yes,no}{burst?yes,no}", full, "yesyesnonono"},
		{"{edited?yes,no}{live?yes,no}{hidden?yes,no}{raw?yes,no}{burst?yes,no}", burst, "nonoyesyesyes"},

		{"{created.strftime,%Y-%m-%d %H.%M.%S}", full, "2025-05-07 01.02.03"},
		{"{added.strftime,%j}", full, "313"},
		{"{created.strftime,%Y, week %U}", full, "2025, week 18"},
		{"{created.strftime,%Y}", bare, "_"},
		{"{modified.strftime,plain}", full, "plain"},

		{"{{title}}", full, "{title}"},
		{"{{{title}}}", full, "{Tea at the Mönch}"},
		{"a}}b{{c", full, "a}b{c"},

		// A slash in a value separates nothing.
		{"{title}", slashed, ".._a_b"},
		{"{original_name}", slashed, "x_y"},
		{"{title}/{original_name}", slashed, ".._a_b/x_y"},
	} {
		if got := mustParse(t, c.template).Render(c.asset); got != c.want {
			t.Errorf("%q gives %q, want %q", c.template, got, c.want)
		}
	}
}

func TestParseRefusesWithPlaceAndAdvice(t *testing.T) {
	for _, c := range []struct {
		template string
		want     []string
	}{
		{"{", []string{"character 1", "{{"}},
		{"ab{title", []string{"character 3", "{ without }"}},
		{"ab}", []string{"character 3", "}}"}},
		{"{title}}", []string{"character 8", "} without {"}},
		{"{title}{titel}", []string{"character 8", "{titel}", "{title}"}},
		{"Ö/{titel}", []string{"character 3"}}, // characters, not bytes
		{"{}", []string{"character 1", "there is no field {}"}},
		{"{creatd.year}", []string{"did you mean {created.year}?"}},
		{"{created.yaer}", []string{"{created.yaer}", "did you mean {created.year}?"}},
		{"{created}", []string{"there is no field {created}"}},
		{"{created.}", []string{"there is no field {created.}"}},
		{"{original_nam,x}", []string{"did you mean {original_name}?"}},
		{"{Title}", []string{"did you mean {title}?"}},
		{"{favourite?a,b}", []string{"{favourite?}", "did you mean {favorite?}?"}},
		{"{title?a,b}", []string{"there is no field {title?}"}},
		{"{favorite}", []string{"character 1", "{favorite?text,other text}"}},
		{"{created.strftime}", []string{"character 1", "strftime needs a format"}},
		{"{created.strftime,}", []string{"strftime needs a format"}},
		{"{created.strftime,%!}", []string{"strftime format", "%!"}},
		{"{title.strftime,%Y}", []string{"there is no field {title.strftime}"}},
		{"{person}", []string{"character 1", "{person} is not available yet"}},
		{"{album,none}", []string{"{album} is not available yet"}},
		{"{folder_album}", []string{"not available yet"}},
		{"{keyword}", []string{"not available yet"}},
		{"{label}", []string{"not available yet"}},
		{"x/{place.country}", []string{"character 3", "{place.country} is not available yet"}},
		{strings.Repeat("x", 4097), []string{"longer than 4096"}},
		{"{" + strings.Repeat("y", 4000) + "}", []string{"character 1"}},
	} {
		_, err := Parse(c.template)
		if err == nil {
			t.Errorf("Parse(%.40q) was accepted", c.template)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("Parse(%.40q): %q does not tell %q", c.template, err, want)
			}
		}
	}
	mustParse(t, strings.Repeat("x", 4096))
}

func TestDirectoryIsRelativeAndSafe(t *testing.T) {
	for _, c := range []struct{ template, title, want string }{
		{"", "", ""},
		{"/", "", ""},
		{"a/b", "", "a/b"},
		{"/a//b/ /c/", "", "a/b/c"},
		{"..", "", "_"},
		{"a/../../b", "", "a/_/_/b"},
		{".photogo/{title}", "x", "_photogo/x"},
		{"{title}", "../../etc", "_._.._etc"},
		{"{title}/x", "..", "_/x"},
		{"{title}", "a/b\\c:d", "a_b_c_d"},
		{"{title}/x", "\u3000", "x"},
		{"{title,}/x", "", "x"},
	} {
		if got := mustParse(t, c.template).directory(&photosdb.Asset{Title: c.title}); got != c.want {
			t.Errorf("%q with %q gives %q, want %q", c.template, c.title, got, c.want)
		}
	}
}

func TestFilenameIsOneName(t *testing.T) {
	for _, c := range []struct{ template, title, want string }{
		{"{title}/x", "a", "a_x"},
		{"", "", "_"},
		{"{title}", "..", "_"},
		{"{title}", " ", "_"},
		{"{title}", "a.", "a"},
		{"{title}", strings.Repeat("x", 300), strings.Repeat("x", 255-40)},
	} {
		if got := mustParse(t, c.template).filename(&photosdb.Asset{Title: c.title}); got != c.want {
			t.Errorf("%q with %q gives %q, want %q", c.template, c.title, got, c.want)
		}
	}
}
