package naming_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/photogo/photogo/naming"
	"github.com/photogo/photogo/photosdb"
)

// sample is 17 May 2025, 23:04:09 in Kathmandu, a Saturday; in UTC it is 17:19:09.
func sample() *photosdb.Asset {
	kathmandu := time.FixedZone("", 5*3600+45*60)
	return &photosdb.Asset{
		UUID: "0A1B2C3D-0000-4000-8000-000000000001", Kind: photosdb.Photo,
		Name: photosdb.Name{Original: "IMG_0042.HEIC", Library: "0A1B2C3D-0000-4000-8000-000000000001.heic"},
		Text: photosdb.Text{Title: "AC/DC live", Description: "two\nlines"}, Flags: photosdb.Flags{Favorite: true},
		Dates: photosdb.Dates{
			Taken: time.Date(2025, 5, 17, 23, 4, 9, 0, kathmandu),
			Added: time.Date(2025, 12, 31, 23, 59, 0, 0, time.UTC),
		},
		Resources: []photosdb.Resource{{Role: photosdb.RoleOriginal, Path: "originals/0/0A1B2C3D-0000-4000-8000-000000000001.heic"}},
	}
}

func TestRender(t *testing.T) {
	for _, tt := range []struct{ template, want string }{
		{naming.DefaultDirectory, "2025/05/17"},
		{naming.DefaultFilename, "IMG_0042"},
		{"", ""},
		{"{created.year} {created.yy} {created.mm} {created.month} {created.mon} {created.dd}", "2025 25 05 May May 17"},
		{"{created.dow} {created.doy} {created.hour}.{created.min}.{created.sec}", "Saturday 137 23.04.09"},
		{"{created.date}", "2025-05-17"},
		{"{added.date}", "2025-12-31"},
		{"{created} {added}", "2025-05-17 2025-12-31"},
		{"{modified.date} {modified.hour}", "2025-05-17 23"}, // that of the picture, as it was never edited
		{"{modified.strftime,%Y}", "2025"},
		{"{caption}", "two lines"},
		{"{name}", "0A1B2C3D-0000-4000-8000-000000000001"},
		{"{photo_or_video} {photo_or_video,photo=Foto;video=Film}", "photo Foto"},
		{"{media_type,video=Film}", "photo"},
		{"{photo_or_video,photo=a/b}/x", "a/b/x"},
		{"{openbrace}{title}{closebrace}{comma}{semicolon}{ampersand}", "{AC_DC live},;&"},
		{"{title,a+b}", "AC_DC live"},
		{"{album,none} {person,nobody} {label,?} {place.name,nowhere}", "none nobody ? nowhere"},
		{"{album?in,not in an album}", "not in an album"},
		{"{created.strftime,%Y-%m, %j}", "2025-05, 137"},
		{"{created.strftime,%-d.%-m.%y}", "17.5.25"},
		{"{created.strftime,%aday 100%%}", "Satday 100%"}, // conversions do not run into the text beside them
		{"{created.strftime,_%e}", "_17"},
		{"{created.strftime,%Y/%m}", "2025/05"},
		{"{created.strftime,%D}", "05_17_25"},
		{"{title}", "AC_DC live"},
		{"{descr}", "two lines"},
		{"{uuid}", "0A1B2C3D-0000-4000-8000-000000000001"},
		{"{media_type}", "photo"},
		{"{favorite} {favorite?yes,no} {favorite?yes} {favorite,no}", "favorite yes yes favorite"},
		{"{hidden} {hidden?yes,no} {hidden?yes} {hidden,no}", "_ no _ no"},
		{"{edited?e,-}{live?l,-}{raw?r,-}{burst?b,-}{hidden?h,-}", "-----"},
		{"{title?{title} of {created.year},{uuid}}", "AC_DC live of 2025"},
		{"{modified.year,{added.year}}", "2025"},
		{"{{{title}}}", "{AC_DC live}"},
		{"a {{b}} c", "a {b} c"},
		{"Photos/{title,a/b}", "Photos/AC_DC live"},
		{"Photos/{keyword,a/b}", "Photos/a/b"},
		{"Photos/{place.name,}/x", "Photos/x"},
		{"/Photos//{created.year}/", "Photos/2025"},
		{"{title}. /.x", "AC_DC live/_x"},
		{"größe, 日本/{created.mm}", "größe, 日本/05"},
	} {
		template, err := naming.Parse(tt.template)
		if err != nil {
			t.Errorf("Parse(%q): %v", tt.template, err)
			continue
		}
		if got := template.Render(sample(), nil); got != tt.want {
			t.Errorf("%q gives %q, want %q", tt.template, got, tt.want)
		}
	}
}

func TestRenderWithoutFacts(t *testing.T) {
	for template, want := range map[string]string{
		naming.DefaultDirectory:          "_/_/_",
		"{title}{descr}{original_name}":  "___",
		"{title,untitled}":               "untitled",
		"{title, }":                      "_",
		"{media_type,other}":             "other",
		"{created.strftime,%Y}":          "_",
		"{title?titled,plain}":           "plain",
		"{title,{descr,{uuid,nothing}}}": "nothing",
	} {
		parsed, err := naming.Parse(template)
		if err != nil {
			t.Fatal(err)
		}
		if got := parsed.Render(&photosdb.Asset{Kind: photosdb.Unknown, Text: photosdb.Text{Title: " \t"}}, nil); got != want {
			t.Errorf("%q gives %q, want %q", template, got, want)
		}
	}
}

func TestFlags(t *testing.T) {
	for field, a := range map[string]*photosdb.Asset{
		"hidden": {Flags: photosdb.Flags{Hidden: true}},
		"edited": {EditState: 1},
		"live":   {Media: photosdb.Media{Subtypes: []photosdb.Subtype{photosdb.Live}}},
		"raw":    {Resources: []photosdb.Resource{{Role: photosdb.RoleRaw}}},
		"burst":  {Media: photosdb.Media{Burst: &photosdb.Burst{}}},
	} {
		template, err := naming.Parse("{" + field + "?yes,no}")
		if err != nil {
			t.Fatal(err)
		}
		if template.Render(a, nil) != "yes" || template.Render(&photosdb.Asset{}, nil) != "no" {
			t.Errorf("%s: %s, without %s", field, template.Render(a, nil), template.Render(&photosdb.Asset{}, nil))
		}
	}
	raw, _ := naming.Parse("{raw?yes,no}")
	if got := raw.Render(&photosdb.Asset{Original: photosdb.Frame{UTI: "com.adobe.raw-image"}}, nil); got != "yes" {
		t.Errorf("an original that is RAW itself: %s", got)
	}
}

func TestDatesDoNotDependOnTheMachine(t *testing.T) {
	local := time.Local
	t.Cleanup(func() { time.Local = local })
	template, err := naming.Parse("{created.date} {created.hour} {added.date} {added.strftime,%H}")
	if err != nil {
		t.Fatal(err)
	}
	for _, zone := range []*time.Location{time.UTC, time.FixedZone("", 14*3600), time.FixedZone("", -11*3600)} {
		time.Local = zone
		if got := template.Render(sample(), nil); got != "2025-05-17 23 2025-12-31 23" {
			t.Errorf("in %v: %s", zone, got)
		}
	}
}

func TestOriginalName(t *testing.T) {
	template, _ := naming.Parse("{original_name}")
	for name, want := range map[string]string{
		"IMG_0042.HEIC": "IMG_0042", "a.b.jpg": "a.b", "clip.mp4": "clip", "no extension": "no extension",
		"Scan 12.03.2020": "Scan 12.03.2020", "Dr. Who": "Dr. Who", ".hidden": "_hidden", "x.": "x", "": "_",
	} {
		if got := template.Render(&photosdb.Asset{Name: photosdb.Name{Original: name}}, nil); got != want {
			t.Errorf("%q gives %q, want %q", name, got, want)
		}
	}
}

func TestParseTellsWhatIsWrongAndWhere(t *testing.T) {
	for _, tt := range []struct {
		template string
		pos      int
		says     string
	}{
		{"{created.yaer}", 2, `did you mean "created.year"?`},
		{"日本 {titel}", 5, `did you mean "title"?`},
		{"{favourite?a,b}", 2, `did you mean "favorite"?`},
		{"{title,{orignal_name}}", 9, `did you mean "original_name"?`},
		{"{Title}", 2, `did you mean "title"?`},
		{"{created.strftime}", 18, "needs a format"},
		{"{created.strftime,}", 19, "is empty"},
		{"{created.strftime,%Y%}", 19, `"%" at the end`},
		{"{created.strftime,%-}", 19, `"%" at the end`},
		{"{created.strftime,%Q}", 19, `unknown conversion "%Q"`},
		{"{created.strftime,%Y", 1, "never closed"},
		{"{created.strftime,{title}}", 1, "never closed"},
		{"a {title", 3, "never closed"},
		{"a {title?b", 3, "never closed"},
		{"{title,{descr}", 1, "never closed"},
		{"a} b", 2, `"}" without "{"`},
		{"{}", 2, "name of a field is missing"},
		{"{title,{{x}}}", 9, "a brace cannot stand inside"},
		{"{title|lower}", 7, "filters"},
		{"{title[a,b]}", 7, "replacements"},
		{"{keyword contains x}", 9, "conditions"},
		{"{folder_album(>)}", 14, "arguments"},
		{"{id:05d}", 2, "number of a row differs between two Macs"},
		{"{title&x}", 7, "combinations"},
		{"{counter}", 2, "its value changes from run to run"},
		{"{album_seq}", 2, "its value changes from run to run"},
		{"{today.year}", 2, "its value changes from run to run"},
		{"{exif.camera_make}", 2, "not available yet"},
		{"{place.planet}", 2, `did you mean "place.name"?`},
		{"{x; +keywords}", 2, `unknown field "x"; did you mean`},
		{"{photo_or_video,photo=a;movie=b}", 17, `"movie" is none of the words photo, video`},
		{"{created.}", 2, "unknown field"},
		{"{title=x}", 7, "ends with one of"},
		{"..", 1, `no folder can be called ".."`},
		{"a/../b", 1, `no folder can be called ".."`},
		{"./{title}", 1, `no folder can be called "."`},
		{strings.Repeat("{title,", 20) + strings.Repeat("}", 20), 113, "too many fields"},
	} {
		_, err := naming.Parse(tt.template)
		var syntax *naming.SyntaxError
		if !errors.As(err, &syntax) {
			t.Errorf("Parse(%q): %v", tt.template, err)
			continue
		}
		if syntax.Pos != tt.pos || !strings.Contains(err.Error(), tt.says) || syntax.Template != tt.template {
			t.Errorf("Parse(%q): %v, want character %d and %q", tt.template, err, tt.pos, tt.says)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		naming.DefaultDirectory, naming.DefaultFilename, "{title?{title,x},{uuid}}", "{created.strftime,%Y/%-m%%}",
		"{{}}", "{", "}", "{a", "{,}", "{title,", "{?", "{created.strftime,%\xff}", "../..",
		"{album}/{, +keyword}", "{folder_album,{label}}", "{media_type,video=a;photo=b/c}", "{/+folder_album?{keyword},}", "{place.name}{comma}", "\x00\xff/日本",
	} {
		f.Add(seed)
	}
	assets := []*photosdb.Asset{sample(), {}, {Text: photosdb.Text{Title: "../..", Description: "\u0301\xff/\x00"}, Name: photosdb.Name{Original: "..."}}}
	many := inAlbums(sample(), "Sea", "Journeys>A/B>../Trip", " ", "sea")
	many.Text.Keywords = []string{"b", "a", ".", "\u0301\xff"}
	details := &naming.Details{Labels: []string{"Beach", "Sea"}, Place: naming.Place{Name: "Rügen / Binz"}}
	f.Fuzz(func(t *testing.T, text string) {
		template, err := naming.Parse(text)
		if err != nil {
			var syntax *naming.SyntaxError
			if !errors.As(err, &syntax) || syntax.Pos < 1 || syntax.Pos > len(text)+1 {
				t.Fatalf("Parse(%q): %v", text, err)
			}
			return
		}
		for _, a := range assets {
			rendered := template.Render(a, nil)
			if rendered == "" {
				continue
			}
			for _, part := range strings.Split(rendered, "/") {
				if problem := unsafeName(part); problem != "" {
					t.Fatalf("%q gives %q: %s", text, rendered, problem)
				}
			}
		}
		namer := naming.NewNamer(template, template)
		namer.Portable = len(text)%2 == 0
		names, _ := namer.Names(many, details, nil)
		if fault := fault(library{assets: []*photosdb.Asset{many}}, map[photosdb.UUID][]naming.Name{many.UUID: names}, namer.Portable); fault != "" || len(names) == 0 {
			t.Fatalf("%q: %d names, %s", text, len(names), fault)
		}
	})
}
