package sidecar

import (
	"math"
	"strings"
	"testing"

	"github.com/photogo/photogo/photosdb"
	"pgregory.net/rapid"
)

func TestPlace(t *testing.T) {
	for _, tt := range []struct {
		why              string
		lat, lon         float64
		wantLat, wantLon string
	}{
		{"a place", 47.5969, 9.5672, "47,35.814000N", "9,34.032000E"},
		{"south and west", -54.8019, -68.303, "54,48.114000S", "68,18.180000W"},
		{"zero", 0, 0, "0,0.000000N", "0,0.000000E"},
		{"minus zero", math.Copysign(0, -1), math.Copysign(0, -1), "0,0.000000N", "0,0.000000E"},
		{"rounds to zero", -1e-9, -1e-12, "0,0.000000N", "0,0.000000E"},
		{"less than a minute", -0.001, 0.001, "0,0.060000S", "0,0.060000E"},
		{"not 60 minutes", 47.999999999, -9.999999999, "48,0.000000N", "10,0.000000W"},
		{"just under 60 minutes", 47.99999999, 9.9999999, "47,59.999999N", "9,59.999994E"},
		{"north pole", 90, 180, "90,0.000000N", "180,0.000000E"},
		{"south pole", -90, -180, "90,0.000000S", "180,0.000000W"},
		{"short of the pole", 89.9999999999, -179.9999999999, "90,0.000000N", "180,0.000000W"},
		{"past the pole", 90.0000001, 9, "", ""},
		{"past 180", 47, -180.0000001, "", ""},
		{"Photos' no place", -180, -180, "", ""},
		{"not a number", math.NaN(), 9, "", ""},
		{"infinite", 47, math.Inf(-1), "", ""},
	} {
		a := photosdb.Asset{Location: &photosdb.Location{Latitude: tt.lat, Longitude: tt.lon}}
		data := XMP(&a, photosdb.RoleOriginal)
		x := parse(t, data)
		if x.Latitude != tt.wantLat || x.Longitude != tt.wantLon {
			t.Errorf("%s: %q %q, want %q %q", tt.why, x.Latitude, x.Longitude, tt.wantLat, tt.wantLon)
		}
		if tt.wantLat == "" && strings.Contains(string(data), "exif:") {
			t.Errorf("%s: traces of a place in\n%s", tt.why, data)
		}
	}
}

func TestAnyPlaceIsReadBackWithinTenCentimetres(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		place := photosdb.Location{
			Latitude:  rapid.Float64Range(-90, 90).Draw(t, "latitude"),
			Longitude: rapid.Float64Range(-180, 180).Draw(t, "longitude"),
		}
		x := parse(t, XMP(&photosdb.Asset{Location: &place}, photosdb.RoleOriginal))
		lat, lon := degrees(t, x.Latitude, 'N', 'S'), degrees(t, x.Longitude, 'E', 'W')
		const metres = 111_320 // in a degree
		north := (lat - place.Latitude) * metres
		east := (lon - place.Longitude) * metres // at the equator, where it is most
		if off := math.Hypot(north, east); off >= 0.1 {
			t.Fatalf("%v became %q %q: %v m off", place, x.Latitude, x.Longitude, off)
		}
	})
}
