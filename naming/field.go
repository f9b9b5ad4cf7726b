package naming

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lestrrat-go/strftime"

	"github.com/photogo/photogo/photosdb"
)

// facts are the fields without parts.
var facts = map[string]func(a *photosdb.Asset) string{
	"original_name": func(a *photosdb.Asset) string { return originalStem(a.Name.Original) },
	"title":         func(a *photosdb.Asset) string { return a.Title },
	"descr":         func(a *photosdb.Asset) string { return a.Description },
	"uuid":          func(a *photosdb.Asset) string { return string(a.UUID) },
	"media_type": func(a *photosdb.Asset) string {
		if a.Kind == photosdb.Unknown {
			return ""
		}
		return string(a.Kind)
	},
	"favorite": flag("favorite", func(a *photosdb.Asset) bool { return a.Favorite }),
	"hidden":   flag("hidden", func(a *photosdb.Asset) bool { return a.Hidden }),
	"edited":   flag("edited", func(a *photosdb.Asset) bool { return a.Edited }),
	"live":     flag("live", func(a *photosdb.Asset) bool { return a.Has(photosdb.Live) }),
	"raw":      flag("raw", func(a *photosdb.Asset) bool { return a.HasRaw() || a.IsRaw() || a.Has(photosdb.Raw) }),
	"burst":    flag("burst", func(a *photosdb.Asset) bool { return a.Burst != nil }),
}

func flag(name string, is func(a *photosdb.Asset) bool) func(a *photosdb.Asset) string {
	return func(a *photosdb.Asset) string {
		if is(a) {
			return name
		}
		return ""
	}
}

// dates are the fields with parts.
var dates = map[string]func(a *photosdb.Asset) time.Time{
	"created":  func(a *photosdb.Asset) time.Time { return a.Dates.Taken },
	"modified": func(a *photosdb.Asset) time.Time { return a.Dates.Modified },
	"added":    func(a *photosdb.Asset) time.Time { return a.Dates.Added },
}

// dateParts are layouts of package time. The part strftime brings its own.
var dateParts = map[string]string{
	"year": "2006", "yy": "06", "mm": "01", "month": "January", "mon": "Jan",
	"dd": "02", "dow": "Monday", "doy": "002",
	"hour": "15", "min": "04", "sec": "05", "date": "2006-01-02",
}

// later are fields that people know from osxphotos and that photogo will have:
// those with several values, and those from other tables.
var later = []string{
	"album", "album_seq", "camera", "comment", "counter", "exif", "exiftool", "folder_album", "folder_album_seq",
	"id", "keyword", "label", "lens", "person", "photo_or_video", "place", "shared_album", "today", "uti",
}

// lookup finds what a field's name stands for. The value of a strftime field is
// nil, because its format has yet to be read. at is the name's first byte.
func (p *parser) lookup(name string, at int) (func(a *photosdb.Asset) string, error) {
	if value, ok := facts[name]; ok {
		return value, nil
	}
	field, part, _ := strings.Cut(name, ".")
	if date, ok := dates[field]; ok {
		if part == "strftime" {
			return nil, nil
		}
		if layout, ok := dateParts[part]; ok {
			return func(a *photosdb.Asset) string { return formatDate(date(a), layout) }, nil
		}
		if part == "" {
			return nil, p.fail(at, fmt.Sprintf("field %q needs a part, such as %s.year", field, field))
		}
	}
	switch {
	case name == "" && p.next() == '{':
		return nil, p.fail(at, "a brace cannot stand inside of a field")
	case name == "":
		return nil, p.fail(at, "the name of a field is missing")
	case slices.Contains(later, field):
		return nil, p.fail(at, fmt.Sprintf("field %q is not available yet", name))
	}
	return nil, p.fail(at, fmt.Sprintf("unknown field %q; did you mean %q?", name, nearest(name)))
}

func formatDate(t time.Time, layout string) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(layout)
}

// strftime reads the format of a date, which lasts to the closing brace. It is
// the one field without a default: commas belong to the format. Slashes in the
// format separate folders, as any slash of a template does.
func (p *parser) strftime(name string, open int) (func(a *photosdb.Asset) string, error) {
	if p.next() != ',' {
		return nil, p.fail(p.pos, fmt.Sprintf("field %q needs a format, such as {%s,%%Y-%%m}", name, name))
	}
	p.pos++
	start := p.pos
	if n := strings.IndexAny(p.text[start:], "{}"); n >= 0 {
		p.pos += n
	} else {
		p.pos = len(p.text)
	}
	if p.next() != '}' {
		return nil, p.fail(open, `"{" is never closed; a format lasts to the next "}"`)
	}
	format, problem := parseFormat(p.text[start:p.pos])
	if problem != "" {
		return nil, p.fail(start, problem)
	}
	date := dates[strings.TrimSuffix(name, ".strftime")]
	return func(a *photosdb.Asset) string {
		t := date(a)
		if t.IsZero() {
			return ""
		}
		var b strings.Builder
		for _, f := range format {
			if f.conversion == nil {
				b.WriteString(f.literal)
				continue
			}
			b.WriteString(strings.ReplaceAll(oneLine(f.conversion.FormatString(t)), "/", "_"))
		}
		return b.String()
	}, nil
}

// format is literal text, or one conversion such as %Y.
type format struct {
	literal    string
	conversion *strftime.Strftime
}

// parseFormat cuts a format into its conversions. The library could compile it
// whole, but it joins neighbours into one layout of package time, where "%aday"
// becomes "Monday" and prints another day's name.
func parseFormat(text string) (formats []format, problem string) {
	if text == "" {
		return nil, "the format of a date is empty"
	}
	for text != "" {
		n := strings.IndexByte(text, '%')
		if n != 0 {
			if n < 0 {
				n = len(text)
			}
			formats = append(formats, format{literal: text[:n]})
			text = text[n:]
			continue
		}
		n = 2
		if strings.HasPrefix(text, "%-") || strings.HasPrefix(text, "%#") { // without padding
			n = 3
		}
		if len(text) < n {
			return nil, `"%" at the end of a format; write "%%" for the character itself`
		}
		conversion, err := strftime.New(text[:n])
		if err != nil {
			return nil, fmt.Sprintf("unknown conversion %q in the format of a date", text[:n])
		}
		formats = append(formats, format{conversion: conversion})
		text = text[n:]
	}
	return formats, ""
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
	for name := range facts {
		fields = append(fields, name)
	}
	for name := range dates {
		fields = append(fields, name+".strftime")
		for part := range dateParts {
			fields = append(fields, name+"."+part)
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
