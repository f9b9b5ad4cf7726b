package query

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

var duration = regexp.MustCompile(`^(\d{1,6})\s*(y|mo|w|d|h|m|s)$`)

// ParseSince reads the value of --since: a date (2025-05-17, in the zone of
// now), a time by RFC 3339, or how long ago it was: 90d, 3w, 6mo, 1y, 12h, 30m.
func ParseSince(text string, now time.Time) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02T15:04", "2006-01-02"} {
		if t, err := time.ParseInLocation(layout, text, now.Location()); err == nil && !t.IsZero() { // which stands for no time
			return t, nil
		}
	}
	if t, ok := ago(text, now); ok {
		return t, nil
	}
	return time.Time{}, fmt.Errorf("%q is neither a date (2025-05-17), a time (2025-05-17T12:00:00Z) nor a duration (90d, 3w, 6mo, 1y, 12h)", text)
}

// ago reads how long ago something was.
func ago(text string, now time.Time) (time.Time, bool) {
	m := duration.FindStringSubmatch(text)
	if m == nil {
		return time.Time{}, false
	}
	n, err := strconv.Atoi(m[1])
	if err != nil {
		return time.Time{}, false
	}
	switch m[2] {
	case "y":
		return now.AddDate(-n, 0, 0), true
	case "mo":
		return now.AddDate(0, -n, 0), true
	case "w":
		return now.AddDate(0, 0, -7*n), true
	case "d":
		return now.AddDate(0, 0, -n), true
	case "h":
		return now.Add(-time.Duration(n) * time.Hour), true
	case "m":
		return now.Add(-time.Duration(n) * time.Minute), true
	}
	return now.Add(-time.Duration(n) * time.Second), true
}

// Range is a span of time; one end may be open.
//
// A bound without a zone is compared with the clock on the wall where the
// picture was taken: what was taken in Tokyo on 17 May belongs to 17 May, also
// for somebody in Berlin. When something came into the library has no such
// clock; there the wall is the user's own.
type Range struct {
	from, before bound
	zone         *time.Location // the user's
}

// bound is the begin of a range, or what follows its end.
type bound struct {
	at   time.Time // in UTC, if it is a wall's
	set  bool
	wall bool
}

// ParseRange reads a span of time: A..B, A.. or ..B, both included, or A alone.
// A and B are a year, a month, a day, a minute or a second (2025, 2025-05,
// 2025-05-17, 2025-05-17T12:00), all of which is meant, a time with a zone by
// RFC 3339, or how long ago it was (90d).
func ParseRange(text string, now time.Time) (Range, error) {
	r := Range{zone: now.Location()}
	first, last, two := strings.Cut(text, "..")
	if !two {
		last = first
	}
	if first == "" && last == "" {
		return Range{}, fmt.Errorf("%.80q is not a span of time such as 2025-05-01..2025-05-31", text)
	}
	var err error
	if first != "" {
		if r.from, _, err = parseBound(first, now); err != nil {
			return Range{}, err
		}
	}
	if last != "" {
		if _, r.before, err = parseBound(last, now); err != nil {
			return Range{}, err
		}
	}
	if r.from.set && r.before.set && r.from.wall == r.before.wall && !r.from.at.Before(r.before.at) {
		return Range{}, fmt.Errorf("%.80q ends before it begins", text)
	}
	return r, nil
}

// units are how exactly a time on the wall can be told, and what follows each.
var units = []struct {
	layout string
	next   func(time.Time) time.Time
}{
	{"2006", func(t time.Time) time.Time { return t.AddDate(1, 0, 0) }},
	{"2006-01", func(t time.Time) time.Time { return t.AddDate(0, 1, 0) }},
	{"2006-01-02", func(t time.Time) time.Time { return t.AddDate(0, 0, 1) }},
	{"2006-01-02T15:04", func(t time.Time) time.Time { return t.Add(time.Minute) }},
	{"2006-01-02 15:04", func(t time.Time) time.Time { return t.Add(time.Minute) }},
	{"2006-01-02T15:04:05", func(t time.Time) time.Time { return t.Add(time.Second) }},
	{"2006-01-02 15:04:05", func(t time.Time) time.Time { return t.Add(time.Second) }},
}

// parseBound reads a time, and returns where it begins and what follows it.
func parseBound(text string, now time.Time) (begin, after bound, err error) {
	for _, u := range units {
		if t, err := time.Parse(u.layout, text); err == nil && len(text) == len(u.layout) {
			return bound{t, true, true}, bound{u.next(t), true, true}, nil
		}
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return bound{t, true, false}, bound{t.Add(time.Second), true, false}, nil
	}
	if t, ok := ago(text, now); ok {
		return bound{t, true, false}, bound{t.Add(1), true, false}, nil
	}
	return bound{}, bound{}, fmt.Errorf("%.80q is neither a year, a month (2025-05), a day (2025-05-17), a time (2025-05-17T12:00:00Z) nor a duration (90d, 3w, 6mo, 1y, 12h)", text)
}

// Contains reports whether a time lies in the range, by the clock of its zone
// where a bound has none of its own.
func (r Range) Contains(t time.Time) bool {
	if t.IsZero() {
		return false
	}
	return !(r.from.set && r.from.after(t)) && !(r.before.set && !r.before.after(t))
}

// ContainsHere is Contains by the user's clock.
func (r Range) ContainsHere(t time.Time) bool {
	if r.zone != nil {
		t = t.In(r.zone)
	}
	return r.Contains(t)
}

// after reports whether the bound is after a time.
func (b bound) after(t time.Time) bool {
	if b.wall {
		t = time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
	}
	return b.at.After(t)
}

// within reports whether something holds of one of the wanted ranges, if there
// are any, and of none of the others.
func within(wanted, not []Range, holds func(Range) bool) bool {
	return (len(wanted) == 0 || slices.ContainsFunc(wanted, holds)) && !slices.ContainsFunc(not, holds)
}
