package naming

import (
	"fmt"
	"strings"
	"time"

	"github.com/lestrrat-go/strftime"

	"github.com/photogo/photogo/photosdb"
)

// dateFields are the dates that a template can tell: the picture's own, and
// the library's, which are in UTC.
var dateFields = map[string]func(*photosdb.Asset) time.Time{
	"created":  func(a *photosdb.Asset) time.Time { return a.Dates.Taken },
	"modified": func(a *photosdb.Asset) time.Time { return a.Dates.Modified },
	"added":    func(a *photosdb.Asset) time.Time { return a.Dates.Added },
}

// dateParts are the parts of a date, as layouts of package time.
var dateParts = map[string]string{
	"date": "2006-01-02", "year": "2006", "yy": "06", "mm": "01", "month": "January", "mon": "Jan", "dd": "02",
	"doy": "002", "dow": "Monday", "hour": "15", "min": "04", "sec": "05",
}

// textFields are the other fields; "" means that the asset has no such fact.
var textFields = map[string]func(*photosdb.Asset) string{
	"original_name": func(a *photosdb.Asset) string { stem, _ := splitExt(a.Name.Original); return stem },
	"title":         func(a *photosdb.Asset) string { return a.Title },
	"descr":         func(a *photosdb.Asset) string { return a.Description },
	"uuid":          func(a *photosdb.Asset) string { return string(a.UUID) },
	"media_type":    func(a *photosdb.Asset) string { return string(a.Kind) },
}

// flags are the facts for {field?yes,no}.
var flags = map[string]func(*photosdb.Asset) bool{
	"favorite": func(a *photosdb.Asset) bool { return a.Favorite },
	"hidden":   func(a *photosdb.Asset) bool { return a.Hidden },
	"edited":   func(a *photosdb.Asset) bool { return a.Edited },
	"live":     func(a *photosdb.Asset) bool { return a.Has(photosdb.Live) },
	"raw":      func(a *photosdb.Asset) bool { return a.Has(photosdb.Raw) },
	"burst":    func(a *photosdb.Asset) bool { return a.Burst != nil },
}

// fieldNamed returns the field of a name, nil for none.
func fieldNamed(name string) func(*photosdb.Asset) string {
	if field := textFields[name]; field != nil {
		return field
	}
	date, part, _ := strings.Cut(name, ".")
	of, layout := dateFields[date], dateParts[part]
	if of == nil || layout == "" {
		return nil
	}
	return func(a *photosdb.Asset) string {
		t := of(a)
		if t.IsZero() {
			return ""
		}
		return t.Format(layout)
	}
}

// strftimeField is a date in the notation of strftime.
func strftimeField(of func(*photosdb.Asset) time.Time, format string) (func(*photosdb.Asset) string, error) {
	if format == "" {
		return nil, fmt.Errorf("strftime needs a format, such as {created.strftime,%%Y-%%m}")
	}
	f, err := strftime.New(format)
	if err != nil {
		return nil, fmt.Errorf("strftime format %q: %w", format, err)
	}
	return func(a *photosdb.Asset) string {
		t := of(a)
		if t.IsZero() {
			return ""
		}
		return f.FormatString(t)
	}, nil
}

// closest returns the known field that is most like a name.
func closest(name, suffix string) string {
	var known []string
	if suffix == "?" {
		for n := range flags {
			known = append(known, n)
		}
	} else {
		for n := range textFields {
			known = append(known, n)
		}
		for d := range dateFields {
			for p := range dateParts {
				known = append(known, d+"."+p)
			}
		}
	}
	best, least := "", 1<<30
	for _, k := range known {
		if d := distance(name, k); d < least || d == least && k < best {
			best, least = k, d
		}
	}
	return best
}

// distance is the least number of letters to insert, remove or replace.
func distance(a, b string) int {
	if len(a) > 100 {
		a = a[:100]
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			diagonal, row[j] = row[j], min(row[j]+1, row[j-1]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
