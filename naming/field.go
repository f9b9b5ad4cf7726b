package naming

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/photogo/photogo/photosdb"
)

// texts are the fields with one value or none.
var texts = map[string]func(a *photosdb.Asset) string{
	"original_name":  func(a *photosdb.Asset) string { return originalStem(a.Name.Original) },
	"name":           func(a *photosdb.Asset) string { return originalStem(a.Name.Library) },
	"title":          func(a *photosdb.Asset) string { return a.Text.Title },
	"descr":          func(a *photosdb.Asset) string { return a.Text.Description },
	"caption":        func(a *photosdb.Asset) string { return a.Text.Description },
	"uuid":           func(a *photosdb.Asset) string { return string(a.UUID) },
	"media_type":     mediaType,
	"photo_or_video": photoOrVideo,
}

// flags are the fields that are true or not. Where they are, their value is their
// own name.
var flags = map[string]func(a *photosdb.Asset) bool{
	"favorite": func(a *photosdb.Asset) bool { return a.Flags.Favorite },
	"hidden":   func(a *photosdb.Asset) bool { return a.Flags.Hidden },
	"trashed":  func(a *photosdb.Asset) bool { return a.Flags.Trashed },
	"edited":   func(a *photosdb.Asset) bool { return a.Edited() },
	"raw":      func(a *photosdb.Asset) bool { return a.HasRaw() || a.IsRaw() || a.Has(photosdb.Raw) },
	"burst":    func(a *photosdb.Asset) bool { return a.Media.Burst != nil },
	"shared":   func(a *photosdb.Asset) bool { return a.Origin.SharedAlbum },

	"animated":         has(photosdb.Animated),
	"cinematic":        has(photosdb.Cinematic),
	"hdr":              has(photosdb.HDR),
	"live":             has(photosdb.Live),
	"panorama":         has(photosdb.Panorama),
	"portrait":         has(photosdb.Portrait),
	"screen_recording": has(photosdb.ScreenRecording),
	"screenshot":       has(photosdb.Screenshot),
	"selfie":           has(photosdb.Selfie),
	"slow_mo":          has(photosdb.SlowMotion),
	"spatial":          has(photosdb.Spatial),
	"time_lapse":       has(photosdb.TimeLapse),
}

// lists are the fields with any number of values, which come in any order.
var lists = map[string]func(f *facts) []string{
	"album": func(f *facts) (titles []string) {
		for _, albums := range [][]photosdb.Album{f.Albums, f.SharedAlbums} {
			for _, album := range albums {
				titles = append(titles, flat(album.Title))
			}
		}
		return titles
	},
	"folder_album": func(f *facts) (paths []string) {
		for _, albums := range [][]photosdb.Album{f.Albums, f.SharedAlbums} {
			for _, album := range albums {
				var path strings.Builder
				for _, folder := range album.Folders {
					path.WriteString(flat(folder.Title) + "/")
				}
				if strings.TrimSpace(album.Title) != "" {
					paths = append(paths, path.String()+flat(album.Title))
				}
			}
		}
		return paths
	},
	"keyword": func(f *facts) []string { return each(f.Text.Keywords, flat) },
	"person":  func(f *facts) []string { return each(f.Persons(), flat) },
	"label":   func(f *facts) []string { return each(f.Labels, flat) },
	"label_normalized": func(f *facts) []string {
		return each(f.Labels, func(s string) string { return strings.ToLower(flat(s)) })
	},
}

func each(list []string, change func(string) string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = change(s)
	}
	return out
}

// marks are fields that stand for a character which a template cannot hold
// everywhere.
var marks = map[string]string{
	"comma": ",", "semicolon": ";", "questionmark": "?", "pipe": "|", "percent": "%", "ampersand": "&",
	"openbrace": "{", "closebrace": "}", "openparens": "(", "closeparens": ")", "openbracket": "[", "closebracket": "]",
}

// refused are fields that people know from osxphotos, by what stands before the
// first dot, with the reason why photogo has none such.
var refused = map[string]string{
	"counter": fickle, "album_seq": fickle, "folder_album_seq": fickle, "today": fickle,
	"id":             "the number of a row differs between two Macs; {uuid} names an asset",
	"edited_version": "all files of an asset share one name; the edited version has _edited in it",
	"export_dir":     ownNames, "filepath": ownNames, "osxphotos_version": ownNames, "osxphotos_cmd_line": ownNames, "var": ownNames,
	"function":    "photogo runs no code of others",
	"shell_quote": "names go to no shell", "strip": "blanks at the ends of names always go", "format": "values are not formatted",
	"newline": noBreaks, "lf": noBreaks, "cr": noBreaks, "crlf": noBreaks, "tab": noBreaks,
	"shortuuid": notYet, "moment": notYet, "searchinfo": notYet, "exif": notYet, "exiftool": notYet, "imported_by": notYet,
	"comment": notYet, "project": notYet, "album_project": notYet, "folder_album_project": notYet, "detected_text": notYet, "photo": notYet,
}

const (
	fickle   = "its value changes from run to run, and a name must not"
	ownNames = "a name is made of the facts of its asset only"
	noBreaks = "a name has one line"
	notYet   = "it is not available yet"
)

// lookup finds what a field's name stands for. The value of a strftime field is
// nil, because its format has yet to be read. at is the name's first byte.
func (p *parser) lookup(name string, at int) (piece, error) {
	if field, ok := fieldNamed(name); ok {
		return field, nil
	}
	first, _, _ := strings.Cut(name, ".")
	switch {
	case name == "" && p.next() == '{':
		return piece{}, p.fail(at, "a brace cannot stand inside of a field")
	case name == "":
		return piece{}, p.fail(at, "the name of a field is missing")
	case refused[first] != "":
		return piece{}, p.fail(at, fmt.Sprintf("field %q: %s", name, refused[first]))
	}
	return piece{}, p.fail(at, fmt.Sprintf("unknown field %q; did you mean %q?", name, nearest(name)))
}

func fieldNamed(name string) (piece, bool) {
	if value, ok := texts[name]; ok {
		return piece{one: func(f *facts) string { return value(f.Asset) }}, true
	}
	if is, ok := flags[name]; ok {
		return piece{one: func(f *facts) string {
			if is(f.Asset) {
				return name
			}
			return ""
		}}, true
	}
	if all, ok := lists[name]; ok {
		return piece{all: all, needs: Needs{Labels: strings.HasPrefix(name, "label")}}, true
	}
	if mark, ok := marks[name]; ok {
		return piece{one: func(*facts) string { return mark }}, true
	}
	first, part, _ := strings.Cut(name, ".")
	if value, ok := places[part]; ok && first == "place" {
		return piece{one: func(f *facts) string { return value(&f.Place) }, needs: Needs{Place: true}}, true
	}
	if date, ok := dates[first]; ok {
		if part == "strftime" {
			return piece{}, true
		}
		if layout, ok := dateParts[part]; ok && !strings.HasSuffix(name, ".") {
			return piece{one: func(f *facts) string { return formatDate(date(f.Asset), layout) }}, true
		}
	}
	return piece{}, false
}

// nearest is the known field that takes the fewest changes of characters.
func nearest(name string) string {
	best, least := "", -1
	for _, field := range known() {
		if d := distance(name[:min(len(name), 40)], field); least < 0 || d < least {
			best, least = field, d
		}
	}
	return best
}

// known lists the fields by name.
func known() (fields []string) {
	fields = slices.AppendSeq(fields, maps.Keys(texts))
	fields = slices.AppendSeq(fields, maps.Keys(flags))
	fields = slices.AppendSeq(fields, maps.Keys(lists))
	fields = slices.AppendSeq(fields, maps.Keys(marks))
	for part := range places {
		fields = append(fields, "place."+part)
	}
	for name := range dates {
		fields = append(fields, name+".strftime")
		for part := range dateParts {
			fields = append(fields, strings.TrimSuffix(name+"."+part, "."))
		}
	}
	slices.Sort(fields)
	return fields
}

// distance is that of Levenshtein, in bytes.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			changed := diagonal
			if a[i] != b[j] {
				changed++
			}
			diagonal = row[j+1]
			row[j+1] = min(changed, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
