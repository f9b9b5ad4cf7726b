package sidecar

import (
	"math"
	"strconv"
	"time"

	"github.com/photogo/photogo/photosdb"
)

// shape is an asset of which a golden file is kept in testdata, and which
// exiftool is asked about.
type shape struct {
	name  string
	role  photosdb.Role
	asset photosdb.Asset
}

// shapes returns assets made up for these tests, none of them anybody's.
func shapes() []shape {
	list := []shape{
		{"empty", photosdb.RoleOriginal, photosdb.Asset{}},
		{"typical", photosdb.RoleOriginal, typical()},
		{"everything", photosdb.RoleOriginal, everything()},
		{"everything_edited", photosdb.RoleEdited, everything()},
		{"no_date", photosdb.RoleOriginal, photosdb.Asset{Text: photosdb.Text{Title: "Undated"}, Dates: photosdb.Dates{
			Zone: photosdb.Zone{Offset: 7200, Source: photosdb.ZoneOffset}}}},
		{"zone_unknown", photosdb.RoleOriginal, photosdb.Asset{Dates: photosdb.Dates{
			Taken: time.Date(1969, 7, 20, 20, 17, 40, 0, time.UTC), Zone: photosdb.Zone{Source: photosdb.ZoneUTC}}}},
		{"southern_western", photosdb.RoleOriginal, photosdb.Asset{
			Location: &photosdb.Location{Latitude: -54.8019, Longitude: -68.3030}}},
		{"texts", photosdb.RoleOriginal, texts()},
	}
	for orientation := 1; orientation <= 8; orientation++ {
		list = append(list, shape{"orientation_" + strconv.Itoa(orientation), photosdb.RoleOriginal, turned(orientation)})
	}
	return list
}

func typical() photosdb.Asset {
	return photosdb.Asset{
		UUID: "6A1F4E2C-0D53-4B8E-9C77-1E52A0B3D4F6", Kind: photosdb.Photo,
		Dates: photosdb.Dates{
			Taken: time.Date(2025, 5, 17, 9, 4, 31, 482_000_000, time.FixedZone("", 7200)),
			Zone:  photosdb.Zone{Name: "Europe/Berlin", Offset: 7200, Source: photosdb.ZoneOffset},
		},
		Text: photosdb.Text{Title: "Breakfast by the lake", Keywords: []string{"family", "holiday"}},
		Faces: []photosdb.Face{
			{Person: &photosdb.Person{KnownAs: "Alma Example"}, X: 0.31, Y: 0.42, Size: 0.18},
			{Person: &photosdb.Person{KnownAs: "Ben Example"}, X: 0.7, Y: 0.4, Size: 0.15},
		},
		Location: &photosdb.Location{Latitude: 47.5969, Longitude: 9.5672},
		Current:  photosdb.Frame{Width: 4032, Height: 3024, Orientation: 1},
		Original: photosdb.Frame{Width: 4032, Height: 3024, Orientation: 1},
		Resources: []photosdb.Resource{
			{Role: photosdb.RoleOriginal, Width: 4032, Height: 3024},
		},
	}
}

// everything is a cropped portrait with all that a sidecar can hold. Its
// original lies on its side, and its faces are of all sorts.
func everything() photosdb.Asset {
	name := func(s string) *photosdb.Person { return &photosdb.Person{KnownAs: s} }
	return photosdb.Asset{
		UUID: "00000000-0000-4000-8000-000000000001", Kind: photosdb.Photo,
		Dates: photosdb.Dates{
			Taken:    time.Date(2024, 2, 29, 23, 59, 59, 120_000_000, time.FixedZone("", -12600)),
			Zone:     photosdb.Zone{Name: "America/St_Johns", Offset: -12600, Source: photosdb.ZoneName},
			Modified: time.Date(2024, 3, 1, 10, 0, 0, 500, time.UTC),
		},
		Text: photosdb.Text{Title: "Title", Description: "A caption\nof two lines", Keywords: []string{"Places/Newfoundland", "sea", "whales"}},
		Faces: []photosdb.Face{
			{Person: name("Zoë Example"), X: 0.5, Y: 0.406, Size: 0.25},
			{Person: name("Alma Example"), X: 0.98, Y: 0.02, Size: 0.125}, // at the corner: clipped
			{Person: name("Alma Example"), X: 0.1, Y: 0.9, Size: 0.0625},  // found twice: one name, two regions
			{Person: name(""), X: 0.25, Y: 0.75, Size: 0.1},               // nobody named it
			{X: 0.75, Y: 0.75, Size: 0.1},                                 // no person
			{Person: name("Taken Away"), X: 0.5, Y: 0.5, Size: 0.1, Hidden: true},
			{Person: name("In Trash"), X: 0.5, Y: 0.5, Size: 0.1, Trashed: true}, // a name, no region
			{Person: name("No Extent"), X: 0.5, Y: 0.5},
			{Person: name("Drawn Outside"), X: -1, Y: 0.5, Size: 0.1},
			{Person: name("Not A Number"), X: math.NaN(), Y: 0.5, Size: 0.1},
			{Person: name("Endless"), X: 0.5, Y: 0.5, Size: math.Inf(1)},
		},
		Location:  &photosdb.Location{Latitude: 47.56494, Longitude: -52.70931},
		Flags:     photosdb.Flags{Favorite: true},
		EditState: 1,
		Current:   photosdb.Frame{Width: 1326, Height: 1768, Orientation: 1},
		Original:  photosdb.Frame{Width: 4032, Height: 3024, Orientation: 6},
		Resources: []photosdb.Resource{
			{Role: photosdb.RoleOriginal}, // its size comes from Original
			{Role: photosdb.RoleEdited, Width: 1326, Height: 1768},
		},
	}
}

func texts() photosdb.Asset {
	return photosdb.Asset{
		Text: photosdb.Text{Title: `Fish & Chips <"daily"> 'til ]]> &amp; late`, Description: "tab\there, return\r\nand more\rlines\n\n\u2028kept\u0085 gone: \x00\x01\x08\x0b\x1b\ufffe\uffff. \xff\xc3(", Keywords: []string{"\x02", "a\x00b", "naïve", "مرحبا بالعالم", "שלום \u202eRTL\u202c", "日本語",
			"👩‍👩‍👧‍👦 🏳️‍🌈", "𝒳", " padded "}},
		Faces: []photosdb.Face{
			{Person: &photosdb.Person{KnownAs: "Björk & <Co> 🎵"}, X: 0.5, Y: 0.5, Size: 0.5},
			{Person: &photosdb.Person{KnownAs: "\x07"}, X: 0.2, Y: 0.2, Size: 0.1},
		},
		Current: photosdb.Frame{Width: 100, Height: 100},
	}
}

// turned is an unedited picture whose camera was held in one of eight ways. It
// is displayed upright, 3000 × 4000, with the face left of the middle and high.
func turned(orientation int) photosdb.Asset {
	return photosdb.Asset{
		Faces:    []photosdb.Face{{Person: &photosdb.Person{KnownAs: "Alma Example"}, X: 0.3, Y: 0.2, Size: 0.1}},
		Current:  photosdb.Frame{Width: 3000, Height: 4000, Orientation: orientation},
		Original: photosdb.Frame{Orientation: orientation},
	}
}
