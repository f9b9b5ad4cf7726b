package photosdb

import (
	"math"
	"testing"
	"time"

	"github.com/photogo/photogo/internal/fixture"
)

func TestInstant(t *testing.T) {
	for _, c := range []struct {
		seconds float64
		want    string // "" for none
	}{
		{0, "2001-01-01T00:00:00Z"},
		{-978307200, "1970-01-01T00:00:00Z"},
		{-978307201, "1969-12-31T23:59:59Z"},
		{0.5, "2001-01-01T00:00:00.5Z"},
		{-0.25, "2000-12-31T23:59:59.75Z"},
		{0.0000004, "2001-01-01T00:00:00Z"},
		{0.0000006, "2001-01-01T00:00:00.000001Z"},
		{770000000.1234567, "2025-05-27T00:53:20.123457Z"},
		{firstSecond, "0001-01-01T00:00:00Z"},
		{math.Nextafter(firstSecond, math.Inf(-1)), ""},
		{lastSecond - 1, "9999-12-31T23:59:59Z"},
		{lastSecond, ""},
		{123456789012345, ""},
		{math.Inf(1), ""},
		{math.Inf(-1), ""},
		{math.NaN(), ""},
	} {
		got := ""
		if at := instant(c.seconds); !at.IsZero() || c.seconds == firstSecond {
			got = at.Format(time.RFC3339Nano)
		}
		if got != c.want {
			t.Errorf("instant(%v) is %q, want %q", c.seconds, got, c.want)
		}
	}
	// What rounds up to the year 10000 must not get there.
	if at := instant(math.Nextafter(lastSecond, 0)); !at.IsZero() && at.Year() > 9999 {
		t.Errorf("year %d", at.Year())
	}
}

func TestZoneRules(t *testing.T) {
	f := func(seconds float64) *float64 { return &seconds }
	winter := time.Date(2025, 1, 15, 12, 0, 0, 0, time.UTC)
	summer := time.Date(2025, 7, 15, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name   string
		row    zoneRow
		at     time.Time
		offset int
		source ZoneSource
	}{
		{"the offset wins", zoneRow{f(3600), "Asia/Tokyo", f(-7200)}, winter, 3600, ZoneOffset},
		{"an offset of none is one", zoneRow{f(0), "Asia/Tokyo", nil}, winter, 0, ZoneOffset},
		{"18 hours are believed", zoneRow{f(-64800), "", nil}, winter, -64800, ZoneOffset},
		{"more are not", zoneRow{f(64801), "Asia/Tokyo", nil}, winter, 32400, ZoneName},
		{"nor what is no number", zoneRow{f(math.NaN()), "", f(60)}, winter, 60, ZoneInferred},
		{"nor what has no end", zoneRow{f(math.Inf(1)), "", nil}, winter, 0, ZoneUTC},
		{"GMT and hours", zoneRow{nil, "GMT+0530", nil}, winter, 19800, ZoneName},
		{"GMT and hours, west", zoneRow{nil, "GMT-0400", f(1)}, winter, -14400, ZoneName},
		{"GMT alone", zoneRow{nil, "GMT", nil}, winter, 0, ZoneName},
		{"IANA in winter", zoneRow{nil, "Europe/Berlin", nil}, winter, 3600, ZoneName},
		{"IANA in summer", zoneRow{nil, "Europe/Berlin", nil}, summer, 7200, ZoneName},
		{"a name that nobody has", zoneRow{nil, "Mars/Olympus", f(-3600)}, winter, -3600, ZoneInferred},
		{"this machine's zone is none of the picture's", zoneRow{nil, "Local", nil}, winter, 0, ZoneUTC},
		{"a name that leads elsewhere", zoneRow{nil, "../../etc/passwd", nil}, winter, 0, ZoneUTC},
		{"an absolute name", zoneRow{nil, "/etc/localtime", nil}, winter, 0, ZoneUTC},
		{"a name with a null byte", zoneRow{nil, "Europe\x00Berlin", nil}, winter, 0, ZoneUTC},
		{"GMT without digits", zoneRow{nil, "GMT+abcd", nil}, winter, 0, ZoneUTC},
		{"GMT with two signs", zoneRow{nil, "GMT--100", nil}, winter, 0, ZoneUTC},
		{"GMT and too much", zoneRow{nil, "GMT+9900", nil}, winter, 0, ZoneUTC},
		{"a guess", zoneRow{nil, "", f(-28800)}, winter, -28800, ZoneInferred},
		{"a wild guess", zoneRow{nil, "", f(1e18)}, winter, 0, ZoneUTC},
		{"nothing", zoneRow{}, winter, 0, ZoneUTC},
		{"no date", zoneRow{nil, "Europe/Berlin", nil}, time.Time{}, 3208, ZoneName}, // the mean time of Berlin before 1893
	} {
		got := zones{}.zone(c.row, c.at)
		if got.Offset != c.offset || got.Source != c.source || got.Name != c.row.name {
			t.Errorf("%s: %+v, want %d by %s", c.name, got, c.offset, c.source)
		}
	}
}

func TestZonesOfTheFixture(t *testing.T) {
	lib := build(t, fixture.Options{})
	all := byUUID(t, lib.Path)
	for label, want := range map[string]struct {
		source ZoneSource
		offset int
		name   string
	}{
		"date-plus-0545":    {ZoneOffset, 20700, "Asia/Kathmandu"},
		"date-minus-0330":   {ZoneOffset, -12600, "America/St_Johns"},
		"date-plus-1400":    {ZoneOffset, 50400, "Pacific/Kiritimati"},
		"date-gmt-name":     {ZoneOffset, -14400, "GMT-0400"},
		"date-offset-only":  {ZoneOffset, 3600, ""},
		"date-inferred":     {ZoneInferred, -28800, ""},
		"date-name-only":    {ZoneName, 32400, "Asia/Tokyo"},
		"date-no-zone":      {ZoneUTC, 0, ""},
		"date-out-of-range": {ZoneUTC, 0, ""},
		"date-null":         {ZoneUTC, 0, ""},
	} {
		a := caseOf(t, lib, all, label)
		if got := a.Dates.Zone; got.Source != want.source || got.Offset != want.offset || got.Name != want.name {
			t.Errorf("%s: %+v, want %+v", label, got, want)
		}
	}
	for label, zero := range map[string]bool{"date-out-of-range": true, "date-null": true, "date-1850": false, "date-1969": false} {
		if got := caseOf(t, lib, all, label).Dates.Taken; got.IsZero() != zero {
			t.Errorf("%s: %v", label, got)
		}
	}
}
