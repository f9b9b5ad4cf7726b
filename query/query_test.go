package query

import (
	"testing"
	"time"

	"github.com/photogo/photogo/photosdb"
)

var now = time.Date(2026, 3, 31, 12, 0, 0, 0, time.FixedZone("", 7200))

func TestMatch(t *testing.T) {
	day := func(d int) time.Time { return time.Date(2025, 5, d, 0, 0, 0, 0, time.UTC) }
	since := Query{Since: day(10)}
	for _, tt := range []struct {
		why  string
		q    Query
		a    photosdb.Asset
		want bool
	}{
		{"everything", Query{}, photosdb.Asset{}, true},
		{"the trash is left out", Query{}, photosdb.Asset{Flags: photosdb.Flags{Trashed: true}}, false},
		{"unless asked for", Query{Trashed: true}, photosdb.Asset{Flags: photosdb.Flags{Trashed: true}}, true},
		{"hidden ones are meant", Query{}, photosdb.Asset{Flags: photosdb.Flags{Hidden: true}}, true},
		{"no dates at all", since, photosdb.Asset{}, false},
		{"taken before", since, photosdb.Asset{Dates: photosdb.Dates{Taken: day(9)}}, false},
		{"taken at that moment", since, photosdb.Asset{Dates: photosdb.Dates{Taken: day(10)}}, true},
		{"old, imported late", since, photosdb.Asset{Dates: photosdb.Dates{Taken: day(1), Added: day(11)}}, true},
		{"old, edited late", since, photosdb.Asset{Dates: photosdb.Dates{Taken: day(1), Added: day(2), Modified: day(12)}}, true},
		{"new, in the trash", since, photosdb.Asset{Flags: photosdb.Flags{Trashed: true}, Dates: photosdb.Dates{Taken: day(11)}}, false},
	} {
		if got := matches(t, &tt.q, &tt.a); got != tt.want {
			t.Errorf("%s: %v", tt.why, got)
		}
	}
}

func TestParseSince(t *testing.T) {
	for text, want := range map[string]string{
		"2025-05-17":                "2025-05-17T00:00:00+02:00", // the day begins where the user is
		"2025-05-17 09:04":          "2025-05-17T09:04:00+02:00",
		"2025-05-17T09:04:31":       "2025-05-17T09:04:31+02:00",
		"2025-05-17T09:04:31Z":      "2025-05-17T09:04:31Z",
		"2025-05-17T09:04:31-07:00": "2025-05-17T09:04:31-07:00",
		"30m":                       "2026-03-31T11:30:00+02:00",
		"12h":                       "2026-03-31T00:00:00+02:00",
		"1d":                        "2026-03-30T12:00:00+02:00",
		"2w":                        "2026-03-17T12:00:00+02:00",
		"1mo":                       "2026-03-03T12:00:00+02:00", // there is no 31 February
		"1y":                        "2025-03-31T12:00:00+02:00",
	} {
		if got, err := ParseSince(text, now); err != nil || got.Format(time.RFC3339) != want {
			t.Errorf("%q: %v, %v, want %s", text, got, err, want)
		}
	}
	for _, text := range []string{"", "yesterday", "2025-13-01", "2025-02-30", "-3d", "3", "d", "3 parsecs", "99999999d", "1.5h"} {
		if got, err := ParseSince(text, now); err == nil {
			t.Errorf("%q passes for %v", text, got)
		}
	}
}

func FuzzParseSince(f *testing.F) {
	for _, text := range []string{"2025-05-17", "90d", "1mo", "2025-05-17T09:04:31Z", ""} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if since, err := ParseSince(text, now); err == nil && since.IsZero() {
			t.Errorf("%q is the zero time, which means no limit", text)
		}
	})
}

// matches is Match of a query that cannot fail.
func matches(t *testing.T, q *Query, a *photosdb.Asset) bool {
	t.Helper()
	is, err := q.Match(a)
	if err != nil {
		t.Fatal(err)
	}
	return is
}
