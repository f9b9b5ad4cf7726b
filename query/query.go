// Package query says which assets are meant: those that a user selects with
// flags. A Query is a plain struct that flags bind to, and Match a pure function.
package query

import (
	"fmt"
	"regexp"
	"strconv"
	"time"

	"github.com/photogo/photogo/photosdb"
)

// Query selects assets. The zero value is every asset that is not in the trash.
type Query struct {
	// Since keeps assets that were taken, added to the library or edited at
	// this time or later; an old picture that was imported late counts. Zero: all.
	Since time.Time
	// Trashed adds the assets in the trash.
	Trashed bool
}

// Match reports whether an asset is meant.
func (q Query) Match(a *photosdb.Asset) bool {
	if a.Trashed && !q.Trashed {
		return false
	}
	if q.Since.IsZero() {
		return true
	}
	for _, t := range []time.Time{a.Dates.Taken, a.Dates.Added, a.Dates.Modified} {
		if !t.IsZero() && !t.Before(q.Since) {
			return true
		}
	}
	return false
}

var duration = regexp.MustCompile(`^(\d{1,6})\s*(y|mo|w|d|h|m|s)$`)

// ParseSince reads the value of --since: a date (2025-05-17, in the zone of
// now), a time by RFC 3339, or how long ago it was: 90d, 3w, 6mo, 1y, 12h, 30m.
func ParseSince(text string, now time.Time) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02T15:04", "2006-01-02"} {
		if t, err := time.ParseInLocation(layout, text, now.Location()); err == nil {
			return t, nil
		}
	}
	m := duration.FindStringSubmatch(text)
	if m == nil {
		return time.Time{}, fmt.Errorf("%q is neither a date (2025-05-17), a time (2025-05-17T12:00:00Z) nor a duration (90d, 3w, 6mo, 1y, 12h)", text)
	}
	n, err := strconv.Atoi(m[1])
	if err != nil {
		return time.Time{}, err
	}
	switch m[2] {
	case "y":
		return now.AddDate(-n, 0, 0), nil
	case "mo":
		return now.AddDate(0, -n, 0), nil
	case "w":
		return now.AddDate(0, 0, -7*n), nil
	case "d":
		return now.AddDate(0, 0, -n), nil
	case "h":
		return now.Add(-time.Duration(n) * time.Hour), nil
	case "m":
		return now.Add(-time.Duration(n) * time.Minute), nil
	}
	return now.Add(-time.Duration(n) * time.Second), nil
}
