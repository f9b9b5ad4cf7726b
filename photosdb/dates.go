package photosdb

import (
	"math"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // zones are resolved alike on machines that have no zone database
)

// coreDataEpoch is 2001-01-01T00:00:00Z, from which Photos counts seconds.
const coreDataEpoch = 978307200

// The seconds that give a year from 1 to 9999.
const (
	firstSecond = -63113904000
	lastSecond  = 252423993600 // exclusive
)

// instant turns a stored time into UTC, rounded to the microsecond before
// anything is added to it: the double has no more. Zero outside the years 1 to 9999.
func instant(seconds float64) time.Time {
	if math.IsNaN(seconds) || seconds < firstSecond || seconds >= lastSecond {
		return time.Time{}
	}
	micro := int64(math.Round(seconds * 1e6))
	return time.UnixMicro(coreDataEpoch*1e6 + micro).UTC()
}

// maxOffset is the largest zone offset in seconds that is believed: 18 hours.
const maxOffset = 64800

// zones resolves zone names, each once.
type zones map[string]*time.Location

// zoneRow is what the database says of a picture's zone.
type zoneRow struct {
	offset   *float64 // ZTIMEZONEOFFSET
	name     string   // ZTIMEZONENAME
	inferred *float64 // ZINFERREDTIMEZONEOFFSET
}

// zone decides on the offset: the stored one, that of the named zone at that
// instant, Photos' guess, else UTC. The stored offset beats the name because a
// name needs a zone database, and those differ.
func (z zones) zone(row zoneRow, at time.Time) Zone {
	zone := Zone{Name: row.name, Source: ZoneUTC}
	if seconds, ok := credible(row.offset); ok {
		zone.Offset, zone.Source = seconds, ZoneOffset
	} else if seconds, ok := z.named(row.name, at); ok {
		zone.Offset, zone.Source = seconds, ZoneName
	} else if seconds, ok := credible(row.inferred); ok {
		zone.Offset, zone.Source = seconds, ZoneInferred
	}
	return zone
}

func credible(offset *float64) (int, bool) {
	if offset == nil || !(math.Abs(*offset) <= maxOffset) {
		return 0, false
	}
	return int(*offset), true
}

func (z zones) named(name string, at time.Time) (int, bool) {
	if name == "" {
		return 0, false
	}
	if seconds, ok := gmtOffset(name); ok {
		return seconds, true
	}
	location, known := z[name]
	if !known {
		location, _ = time.LoadLocation(name) // nil where there is no such zone
		z[name] = location
	}
	if location == nil || name == "Local" {
		return 0, false
	}
	_, seconds := at.In(location).Zone()
	return seconds, true
}

// gmtOffset reads the form GMT±hhmm.
func gmtOffset(name string) (int, bool) {
	rest, ok := strings.CutPrefix(name, "GMT")
	if !ok || len(rest) != 5 || (rest[0] != '+' && rest[0] != '-') {
		return 0, false
	}
	hhmm, err := strconv.Atoi(rest[1:])
	if err != nil || hhmm < 0 {
		return 0, false
	}
	seconds := hhmm/100*3600 + hhmm%100*60
	if rest[0] == '-' {
		seconds = -seconds
	}
	return seconds, seconds <= maxOffset && seconds >= -maxOffset
}
