package sidecar

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/photogo/photogo/photosdb"
)

var update = flag.Bool("update", false, "write the golden files in testdata anew")

// The bytes of a sidecar are its version: whoever changes a golden file makes
// every user's sidecars be written again, and says so in the change log.
func TestBytesStayTheSame(t *testing.T) {
	for _, s := range shapes() {
		t.Run(s.name, func(t *testing.T) {
			got := XMP(&s.asset, s.role)
			golden := filepath.Join("testdata", s.name+".xmp")
			if *update {
				if err := os.WriteFile(golden, got, 0o666); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%s differs; got\n%s", golden, got)
			}
		})
	}
}

func TestAppendXMPKeepsWhatIsThere(t *testing.T) {
	a := typical()
	got := AppendXMP([]byte("before"), &a, photosdb.RoleOriginal)
	if want := append([]byte("before"), XMP(&a, photosdb.RoleOriginal)...); !bytes.Equal(got, want) {
		t.Errorf("got\n%s", got)
	}
}

func TestOtherRolesAreTakenAsOriginal(t *testing.T) {
	a := everything()
	original := XMP(&a, photosdb.RoleOriginal)
	if !bytes.Equal(XMP(&a, photosdb.RoleRaw), original) {
		t.Error("the sidecar of the RAW half is not that of the original")
	}
	if bytes.Equal(XMP(&a, photosdb.RoleEdited), original) {
		t.Error("the sidecar of the rendering is that of the original")
	}
}

func TestTaken(t *testing.T) {
	east := func(seconds int) *time.Location { return time.FixedZone("", seconds) }
	for _, tt := range []struct {
		why    string
		at     time.Time
		source photosdb.ZoneSource
		want   string
	}{
		{"unknown", time.Time{}, photosdb.ZoneOffset, ""},
		{"whole second", time.Date(2025, 5, 17, 9, 4, 31, 0, east(7200)), photosdb.ZoneOffset, "2025-05-17T09:04:31+02:00"},
		{"no zero at the end", time.Date(2025, 5, 17, 9, 4, 31, 120_000_000, east(7200)), photosdb.ZoneOffset, "2025-05-17T09:04:31.12+02:00"},
		{"a microsecond", time.Date(2025, 5, 17, 9, 4, 31, 1000, east(0)), photosdb.ZoneOffset, "2025-05-17T09:04:31.000001Z"},
		{"less than a microsecond", time.Date(2025, 5, 17, 9, 4, 31, 999, east(0)), photosdb.ZoneOffset, "2025-05-17T09:04:31Z"},
		{"half an hour west", time.Date(2024, 2, 29, 23, 59, 59, 0, east(-12600)), photosdb.ZoneInferred, "2024-02-29T23:59:59-03:30"},
		{"quarter of an hour east", time.Date(2024, 1, 1, 0, 0, 0, 0, east(20700)), photosdb.ZoneName, "2024-01-01T00:00:00+05:45"},
		{"minutes west", time.Date(2024, 1, 1, 0, 0, 0, 0, east(-1800)), photosdb.ZoneName, "2024-01-01T00:00:00-00:30"},
		{"zone unknown", time.Date(2024, 1, 1, 1, 0, 0, 0, east(7200)), photosdb.ZoneUTC, "2023-12-31T23:00:00Z"},
		{"seconds in the offset, east", time.Date(1890, 1, 1, 12, 53, 28, 0, east(3208)), photosdb.ZoneName, "1890-01-01T12:53:00+00:53"},
		{"seconds in the offset, west", time.Date(1880, 1, 1, 7, 3, 58, 0, east(-17762)), photosdb.ZoneName, "1880-01-01T07:04:00-04:56"},
		{"before 1000", time.Date(987, 6, 5, 4, 3, 2, 0, east(0)), photosdb.ZoneOffset, "0987-06-05T04:03:02Z"},
		{"first year", time.Date(1, 1, 1, 0, 0, 1, 0, east(0)), photosdb.ZoneOffset, "0001-01-01T00:00:01Z"},
		{"year 0 on the spot", time.Date(0, 12, 31, 23, 0, 0, 0, east(-7200)), photosdb.ZoneOffset, ""},
		{"before year 0", time.Date(-44, 3, 15, 0, 0, 0, 0, east(0)), photosdb.ZoneOffset, ""},
		{"last second", time.Date(9999, 12, 31, 23, 59, 59, 0, east(0)), photosdb.ZoneOffset, "9999-12-31T23:59:59Z"},
		{"year 10000 on the spot", time.Date(10000, 1, 1, 0, 30, 0, 0, east(3600)), photosdb.ZoneOffset, ""},
	} {
		zone := photosdb.Zone{Source: tt.source}
		if got := taken(photosdb.Dates{Taken: tt.at, Zone: zone}); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.why, got, tt.want)
		}
	}
}

// A library can hold a date that no calendar has. What the camera wrote is a
// fact all the same; it has no zone unless the library knows one.
func TestTheCamerasDateStandsInForAnImpossibleOne(t *testing.T) {
	for _, tt := range []struct {
		exif   string
		offset int
		source photosdb.ZoneSource
		want   string
	}{
		{"2020:05:12 18:47:13", -25200, photosdb.ZoneOffset, "2020-05-12T18:47:13-07:00"},
		{"2020:05:12 18:47:13", 0, photosdb.ZoneUTC, "2020-05-12T18:47:13"},
		{"2020:05:12 18:47:13", 3600, photosdb.ZoneInferred, "2020-05-12T18:47:13"},
		{"2020:13:12 18:47:13", 0, photosdb.ZoneOffset, ""},
		{"    :  :     :  :  ", 0, photosdb.ZoneOffset, ""},
		{"0001:01:01 00:00:00", 0, photosdb.ZoneOffset, ""},
		{"", 0, photosdb.ZoneOffset, ""},
	} {
		d := photosdb.Dates{Exif: tt.exif, Zone: photosdb.Zone{Offset: tt.offset, Source: tt.source}}
		if got := taken(d); got != tt.want {
			t.Errorf("%q, %s: %q, want %q", tt.exif, tt.source, got, tt.want)
		}
	}
	d := photosdb.Dates{Taken: time.Unix(0, 0).UTC(), Exif: "2020:05:12 18:47:13", Zone: photosdb.Zone{Source: photosdb.ZoneOffset}}
	if got := taken(d); got != "1970-01-01T00:00:00Z" {
		t.Errorf("a date that is known gave way to the camera's: %q", got)
	}
}

func TestTheDateOfArrivalIsTheLastResort(t *testing.T) {
	a := &photosdb.Asset{Dates: photosdb.Dates{Added: time.Date(2020, 6, 6, 14, 15, 24, 0, time.UTC)}}
	got := string(XMP(a, photosdb.RoleOriginal))
	if !strings.Contains(got, "<xmp:CreateDate>2020-06-06T14:15:24Z</xmp:CreateDate>") {
		t.Errorf("no date of arrival in\n%s", got)
	}
	if strings.Contains(got, "DateCreated") || strings.Contains(got, "DateTimeOriginal") {
		t.Errorf("the date of arrival passes for that of the picture in\n%s", got)
	}
}

func TestModifyDateIsOfTheEditedFileOnly(t *testing.T) {
	berlin := time.FixedZone("", 7200)
	a := photosdb.Asset{Dates: photosdb.Dates{Modified: time.Date(2024, 3, 1, 11, 0, 0, 0, berlin)}}
	edited := XMP(&a, photosdb.RoleEdited)
	checkForm(t, edited)
	if x := parse(t, edited); x.Modified != "2024-03-01T09:00:00Z" {
		t.Errorf("edited: xmp:ModifyDate is %q", x.Modified)
	}
	if x := parse(t, XMP(&a, photosdb.RoleOriginal)); x.Modified != "" {
		t.Errorf("original: xmp:ModifyDate is %q", x.Modified)
	}
}

func BenchmarkXMP(b *testing.B) {
	a := typical()
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		buf = AppendXMP(buf[:0], &a, photosdb.RoleOriginal)
	}
	b.SetBytes(int64(len(buf)))
}
