package naming

import (
	"fmt"
	"strings"
	"time"

	"github.com/lestrrat-go/strftime"

	"github.com/photogo/photogo/photosdb"
)

// dates are the fields with parts. That of an edit falls back on that of the
// picture, and is in the same zone: both are what people know from osxphotos.
var dates = map[string]func(a *photosdb.Asset) time.Time{
	"created": func(a *photosdb.Asset) time.Time { return a.Dates.Taken },
	"modified": func(a *photosdb.Asset) time.Time {
		if a.Dates.Modified.IsZero() {
			return a.Dates.Taken
		}
		return a.Dates.Modified.In(a.Dates.Taken.Location())
	},
	"added": func(a *photosdb.Asset) time.Time { return a.Dates.Added },
}

// dateParts are layouts of package time; "" is the date itself. The part strftime
// brings its own.
var dateParts = map[string]string{
	"": "2006-01-02", "date": "2006-01-02", "year": "2006", "yy": "06", "mm": "01", "month": "January", "mon": "Jan",
	"dd": "02", "dow": "Monday", "doy": "002",
	"hour": "15", "min": "04", "sec": "05",
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
func (p *parser) strftime(name string, open int) (func(f *facts) string, error) {
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
	return func(f *facts) string {
		t := date(f.Asset)
		if t.IsZero() {
			return ""
		}
		var b strings.Builder
		for _, c := range format {
			if c.conversion == nil {
				b.WriteString(c.literal)
				continue
			}
			b.WriteString(flat(c.conversion.FormatString(t)))
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
