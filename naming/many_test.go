package naming_test

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/photogo/photogo/naming"
	"github.com/photogo/photogo/photosdb"
)

// inAlbums is a picture in albums, each the path of its folders and its title.
func inAlbums(a *photosdb.Asset, albums ...string) *photosdb.Asset {
	for _, album := range albums {
		names := strings.Split(album, ">")
		b := photosdb.Album{Title: names[len(names)-1]}
		for _, folder := range names[:len(names)-1] {
			b.Folders = append(b.Folders, photosdb.Folder{Title: folder})
		}
		a.Albums = append(a.Albums, b)
	}
	return a
}

func where(names []naming.Name) (paths []string) {
	for _, name := range names {
		paths = append(paths, path.Join(name.Dir, name.Base))
	}
	return paths
}

func TestManyValues(t *testing.T) {
	beach := naming.Details{Labels: []string{"Sea", "Beach", "Sea"}, Place: naming.Place{Name: "Rügen", CountryCode: "DE", City: "Binz", Address: naming.Address{PostalCode: "18609"}}}
	for _, tt := range []struct {
		dir, file string
		want      []string
	}{
		{"{album}", "{original_name}", []string{"AC_DC/x", "Sea/x", "Trip/x"}},
		{"{folder_album}", "{original_name}", []string{"AC_DC/x", "Journeys/2025_26/Trip/x", "Sea/x"}},
		{"{keyword}", "{original_name}", []string{"a/x", "b/x"}},
		{"{label}/{keyword}", "{original_name}", []string{"Beach/a/x", "Beach/b/x", "Sea/a/x", "Sea/b/x"}},
		{"{label_normalized}", "{original_name}", []string{"beach/x", "sea/x"}},
		{"{person}", "{original_name}", []string{"Ann/x", "Bob/x"}},
		{"{person?people,others}", "{original_name}", []string{"people/x"}},
		{"{title,{keyword}}", "{original_name}", []string{"a/x", "b/x"}},
		{"{favorite?{keyword},rest}", "{original_name}", []string{"rest/x"}},
		{"", "{original_name} {keyword}", []string{"x a", "x b"}},
		{"{album}", "{keyword}", []string{"AC_DC/a", "AC_DC/b", "Sea/a", "Sea/b", "Trip/a", "Trip/b"}},
		{"", "{folder_album}", []string{"AC_DC", "Journeys_2025_26_Trip", "Sea"}},
		{"{, +keyword}", "{original_name}", []string{"a, b/x"}},
		{"{+keyword}", "{original_name}", []string{"ab/x"}},
		{"{/+keyword}", "{original_name}", []string{"a/b/x"}},
		{"{ and +person}", "{original_name}", []string{"Ann and Bob/x"}},
		{"{title+keyword}", "{original_name}", []string{"atitleb/x"}},
		{"{; +title,untitled}", "{original_name}", []string{"untitled/x"}},
		{"{place.country_code}/{place.name.city}/{place.address.postal_code} {place.name}", "{place.name.country,?}", []string{"DE/Binz/18609 Rügen/?"}},
	} {
		a := inAlbums(picture("A", 1, "x.jpg"), "Sea", "Journeys>2025/26>Trip", "AC/DC", "Sea", " ", "Empty> ")
		a.Text.Keywords = []string{"b", "a"}
		a.Faces = []photosdb.Face{{Person: &photosdb.Person{ID: "2", Name: "Bob"}}, {Person: &photosdb.Person{ID: "1", Name: "Ann"}}}
		names, more := naming.NewNamer(parse(t, tt.dir), parse(t, tt.file)).Names(a, &beach, nil)
		if got := where(names); !slices.Equal(got, tt.want) || more {
			t.Errorf("%s %s: %q, %v; want %q", tt.dir, tt.file, got, more, tt.want)
		}
		if parse(t, tt.dir).Needs().Or(parse(t, tt.file).Needs()).Any() {
			continue
		}
		if first := naming.NewNamer(parse(t, tt.dir), parse(t, tt.file)); first.Name(a, naming.Name{}) != names[0] {
			t.Errorf("%s %s: Name gives another first place than Names", tt.dir, tt.file)
		}
	}
}

func TestNeeds(t *testing.T) {
	for template, want := range map[string]naming.Needs{
		naming.DefaultDirectory: {}, "{title?{label},x}": {Labels: true}, "{album,{place.name}}": {Place: true}, "{,+label}": {Labels: true},
		"{label_normalized}{place.address?a,b}": {Labels: true, Place: true}, "{label?a,b}": {Labels: true}, "{album}{keyword}": {},
	} {
		if got := parse(t, template).Needs(); got != want {
			t.Errorf("%s: %+v, want %+v", template, got, want)
		}
	}
}

func TestMediaTypes(t *testing.T) {
	template := parse(t, "{media_type,slow_mo=Zeitlupe; video=Film} {media_type}")
	for want, a := range map[string]*photosdb.Asset{
		"selfie selfie":         {Kind: photosdb.Photo, Media: photosdb.Media{Subtypes: []photosdb.Subtype{photosdb.Live, photosdb.Portrait, photosdb.Selfie}}},
		"portrait portrait":     {Kind: photosdb.Photo, Media: photosdb.Media{Subtypes: []photosdb.Subtype{photosdb.Live, photosdb.Portrait}}},
		"live_photo live_photo": {Kind: photosdb.Photo, Media: photosdb.Media{Subtypes: []photosdb.Subtype{photosdb.Live}}},
		"Zeitlupe slow_mo":      {Kind: photosdb.Movie, Media: photosdb.Media{Subtypes: []photosdb.Subtype{photosdb.SlowMotion}}},
		"burst burst":           {Kind: photosdb.Photo, Media: photosdb.Media{Burst: &photosdb.Burst{}}},
		"Film video":            {Kind: photosdb.Movie},
		"_ _":                   {Kind: photosdb.Unknown},
	} {
		if got := template.Render(a, nil); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestOwner(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		uuid := rapid.OneOf(rapid.String(), rapid.StringMatching(`[A#1]{1,6}`))
		place := rapid.IntRange(0, 20)
		u, n, v, m := uuid.Draw(t, "u"), place.Draw(t, "n"), uuid.Draw(t, "v"), place.Draw(t, "m")
		a, b := naming.Owner(photosdb.UUID(u), n), naming.Owner(photosdb.UUID(v), m)
		if (a == b) != (u == v && n == m) {
			t.Fatalf("place %d of %q is %q, place %d of %q is %q", n, u, a, m, v, b)
		}
		if first, got := naming.ParseOwner(a); first != naming.Owner(photosdb.UUID(u), 0) || got != n {
			t.Fatalf("%q is place %d of %q", a, got, first)
		}
	})
}

func TestPlacesMoveAndStay(t *testing.T) {
	template := "{album,none}"
	kept := []naming.Name(nil)
	for _, step := range []struct {
		what   string
		albums []string
		want   []string
	}{
		{"no album", nil, []string{"none/x"}},
		{"the first album: the file moves", []string{"M"}, []string{"M/x"}},
		{"another, before and behind", []string{"A", "M", "Z"}, []string{"M/x", "A/x", "Z/x"}},
		{"one is renamed: its file moves", []string{"B", "M", "Z"}, []string{"M/x", "B/x", "Z/x"}},
		{"out of the first: what is there stays", []string{"B", "Z"}, []string{"", "B/x", "Z/x"}},
		{"a new one takes the place that is left", []string{"B", "C", "Z"}, []string{"C/x", "B/x", "Z/x"}},
		{"spelled otherwise", []string{"B", "C", "Z", "z"}, []string{"C/x", "B/x", "Z/x"}},
	} {
		namer := naming.NewNamer(parse(t, template), parse(t, naming.DefaultFilename))
		for place, name := range kept {
			namer.Keep(naming.Owner("A", place), name)
		}
		names, _ := namer.Names(inAlbums(picture("A", 1, "x.jpg"), step.albums...), nil, kept)
		if got := where(names); !slices.Equal(got, step.want) {
			t.Fatalf("%s: %q, want %q", step.what, got, step.want)
		}
		for place, name := range names { // the record keeps what is no longer wished for
			if place >= len(kept) {
				kept = append(kept, name)
			} else if name.Base != "" {
				kept[place] = name
			}
		}
	}
}

func TestTooManyPlaces(t *testing.T) {
	a := picture("A", 1, "x.jpg")
	for i := range 60 {
		a.Text.Keywords = append(a.Text.Keywords, fmt.Sprint("k", i))
		inAlbums(a, fmt.Sprint("a", i))
	}
	a.Text.Description = strings.Repeat("long ", 1e6) // a thousand of these are more than there is memory
	for _, template := range []string{"{keyword}/{album}/{descr}", "{keyword}/{descr}"} {
		names, more := naming.NewNamer(parse(t, template), parse(t, "{album}")).Names(a, nil, nil)
		if len(names) != naming.MaxPlaces || !more {
			t.Errorf("%s: %d places, more is %v", template, len(names), more)
		}
	}
	names, more := naming.NewNamer(parse(t, "{keyword}"), parse(t, "x")).Names(a, nil, nil)
	if len(names) != 60 || more {
		t.Errorf("%d places, more is %v", len(names), more)
	}
}

// placesOf names assets with several values, as run does those with one.
func placesOf(t *rapid.T, l library, portable bool, kept map[photosdb.UUID][]naming.Name) map[photosdb.UUID][]naming.Name {
	namer := naming.NewNamer(parse(t, l.dir), parse(t, l.file))
	namer.Portable = portable
	for _, a := range sorted(l.assets) {
		for place, name := range kept[a.UUID] {
			if name.Base != "" {
				namer.Keep(naming.Owner(a.UUID, place), name)
			}
		}
	}
	all := map[photosdb.UUID][]naming.Name{}
	for _, a := range sorted(l.assets) {
		names, _ := namer.Names(a, &naming.Details{Labels: a.Text.Keywords}, kept[a.UUID])
		all[a.UUID] = names
	}
	return all
}

func anyPlaces(t *rapid.T) library {
	l := anyLibrary(t, true)
	l.dir = rapid.SampledFrom([]string{"{album}", "{folder_album,}", "{keyword}/{album,}", "{label,}", naming.DefaultDirectory, "{title}"}).Draw(t, "directory with places")
	l.file = rapid.SampledFrom([]string{naming.DefaultFilename, naming.DefaultFilename, "{keyword}", "{original_name}{keyword}", "x"}).Draw(t, "filename with places")
	for _, a := range l.assets {
		someValues(t, a)
	}
	return l
}

func someValues(t *rapid.T, a *photosdb.Asset) {
	a.Text.Keywords, a.Albums = nil, nil
	for range rapid.IntRange(0, 3).Draw(t, "keywords") {
		a.Text.Keywords = append(a.Text.Keywords, trouble(t, "keyword"))
	}
	for range rapid.IntRange(0, 3).Draw(t, "albums") {
		album := photosdb.Album{Title: trouble(t, "album")}
		for range rapid.IntRange(0, 2).Draw(t, "folders") {
			album.Folders = append(album.Folders, photosdb.Folder{Title: trouble(t, "folder")})
		}
		a.Albums = append(a.Albums, album)
	}
}

// fault finds a name that is not valid, and two files that meet.
func fault(l library, names map[photosdb.UUID][]naming.Name, portable bool) string {
	seen := map[string]string{}
	for _, a := range l.assets {
		for place, name := range names[a.UUID] {
			if name.Base == "" {
				continue
			}
			if len(name.Dir) > naming.MaxDir+20 { // and a number
				return fmt.Sprintf("folders of %d bytes", len(name.Dir))
			}
			for role, file := range naming.Files(name, a) {
				for _, part := range strings.Split(path.Join(name.Dir, file), "/") {
					if problem := unsafeName(part); problem != "" {
						return fmt.Sprintf("%q: %s", part, problem)
					}
					if problem := unportable(part); portable && problem != "" {
						return fmt.Sprintf("%q: %s", part, problem)
					}
				}
				files := []string{file}
				if role == photosdb.RoleOriginal || role == photosdb.RoleEdited { // what sidecars are written to
					files = append(files, naming.Sidecar(file, "xmp"), naming.Sidecar(file, "json"))
				}
				for _, file := range files {
					key, is := naming.Key(path.Join(name.Dir, file)), fmt.Sprintf("%q of %s, place %d", path.Join(name.Dir, file), a.UUID, place)
					if had := seen[key]; had != "" {
						return fmt.Sprintf("%s meets %s", is, had)
					}
					seen[key] = is
				}
			}
		}
	}
	return ""
}

// unportable judges by Microsoft's "Naming Files, Paths, and Namespaces" and by
// what gocryptfs encrypts to 255 bytes.
func unportable(name string) string {
	switch {
	case len(name) > 175:
		return "too long for gocryptfs"
	case strings.ContainsAny(name, `<>:"/\|?*`):
		return "a reserved character"
	case strings.HasSuffix(name, ".") || strings.HasSuffix(name, " "):
		return "ends with a dot or a blank"
	}
	stem, _, _ := strings.Cut(strings.ToUpper(name), ".")
	if slices.Contains([]string{
		"CON", "PRN", "AUX", "NUL", "COM0", "COM1", "COM2", "COM3", "COM4", "COM5", "COM6", "COM7", "COM8", "COM9", "COM¹", "COM²", "COM³",
		"LPT0", "LPT1", "LPT2", "LPT3", "LPT4", "LPT5", "LPT6", "LPT7", "LPT8", "LPT9", "LPT¹", "LPT²", "LPT³",
	}, strings.TrimRight(stem, " ")) {
		return "a device"
	}
	for _, c := range name {
		if c < ' ' {
			return "a control character"
		}
	}
	return ""
}

func TestPlacesAreSafeUniqueAndStay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l, portable := anyPlaces(t), rapid.Bool().Draw(t, "portable")
		names := placesOf(t, l, portable, nil)
		if fault := fault(l, names, portable); fault != "" {
			t.Fatal(fault)
		}
		shuffled := l
		shuffled.assets = rapid.Permutation(l.assets).Draw(t, "order")
		if again := placesOf(t, shuffled, portable, nil); fmt.Sprint(again) != fmt.Sprint(names) {
			t.Fatalf("another order gives %v, had %v", again, names)
		}

		// One more, or one less, renames no other.
		more := l
		more.assets = append(slices.Clone(l.assets), anyAsset(t, 100, true))
		someValues(t, more.assets[len(l.assets)])
		after := placesOf(t, more, portable, names)
		if fault := fault(more, after, portable); fault != "" {
			t.Fatal(fault)
		}
		less := l
		less.assets = l.assets[1:]
		for _, again := range []map[photosdb.UUID][]naming.Name{after, placesOf(t, less, portable, names), placesOf(t, l, portable, names)} {
			for _, a := range less.assets {
				if !slices.Equal(again[a.UUID], names[a.UUID]) {
					t.Fatalf("%s was %v, is %v", a.UUID, names[a.UUID], again[a.UUID])
				}
			}
		}

		// Albums and keywords change: places move, and never meet.
		for _, a := range l.assets {
			someValues(t, a)
		}
		if fault := fault(l, placesOf(t, l, portable, names), portable); fault != "" {
			t.Fatal(fault)
		}
	})
}

func TestPortableNames(t *testing.T) {
	for title, want := range map[string]string{
		"NUL": "NUL_", "con.foto": "con_.foto", "Com1 .x": "Com1_.x", "LPT²": "LPT²_", "COM10": "COM10", "conduit": "conduit", "aux (1)": "aux (1)",
		`a<b>c"d|e?f*g`: "a_b_c_d_e_f_g", "plain, 100%": "plain, 100%", "x. ": "x", strings.Repeat("é", 100): strings.Repeat("é", 40),
	} {
		a := picture("A", 1, "x.jpg")
		a.Text.Title = title
		namer := naming.NewNamer(parse(t, ""), parse(t, "{title}"))
		namer.Portable = true
		if got := namer.Name(a, naming.Name{}).Base; got != want {
			t.Errorf("%q becomes %q, want %q", title, got, want)
		}
	}
}

func TestDeepFolders(t *testing.T) {
	folders := make([]string, 200)
	for i := range folders {
		folders[i] = strings.Repeat(fmt.Sprint(i%10), 100)
	}
	long := strings.Join(folders, ">")
	a, b := inAlbums(picture("A", 1, "x.jpg"), long+">a"), inAlbums(picture("B", 2, "x.jpg"), long+">b")
	namer := naming.NewNamer(parse(t, "{folder_album}"), parse(t, naming.DefaultFilename))
	first, second := namer.Name(a, naming.Name{}), namer.Name(b, naming.Name{})
	if len(first.Dir) > naming.MaxDir || strings.Count(first.Dir, "/") != 31 || !strings.HasPrefix(first.Dir, "000000000") {
		t.Errorf("%d bytes in %d folders: %s", len(first.Dir), strings.Count(first.Dir, "/")+1, first.Dir)
	}
	if second == first {
		t.Error("two pictures got one name")
	}
	short := inAlbums(picture("C", 3, "x.jpg"), strings.Repeat("x", 300)+">"+strings.Repeat("y", 200)+">z")
	if name := namer.Name(short, naming.Name{}); len(name.Dir) > naming.MaxDir || !strings.HasSuffix(name.Dir, "/"+strings.Repeat("y", 200)+"/z") {
		t.Errorf("what is short was cut: %s", name.Dir)
	}
}

// Many names, none of which seems taken when it is not.
func TestHashesTellNamesApart(t *testing.T) {
	if testing.Short() {
		t.Skip("long")
	}
	namer := naming.NewNamer(parse(t, naming.DefaultDirectory), parse(t, naming.DefaultFilename))
	for day := range 30 {
		for i := range 10000 {
			a := picture(fmt.Sprint(day, "-", i), 0, fmt.Sprintf("IMG_%04d.HEIC", i))
			a.Dates.Taken = time.Date(2025, 1, 1+day, 0, 0, 0, 0, time.UTC)
			if name := namer.Name(a, naming.Name{}); strings.HasSuffix(name.Base, ")") {
				t.Fatalf("%+v", name)
			}
		}
	}
}
