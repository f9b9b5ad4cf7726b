package sidecar

import (
	"bytes"
	"math"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/photogo/photogo/photosdb"
	"pgregory.net/rapid"
)

// number draws numbers as a damaged database could hold them.
func number() *rapid.Generator[float64] {
	return rapid.OneOf(rapid.Float64Range(-0.5, 1.5), rapid.Float64(),
		rapid.SampledFrom([]float64{math.NaN(), math.Inf(1), math.Inf(-1), 0, math.MaxFloat64, math.SmallestNonzeroFloat64}))
}

func anyTime() *rapid.Generator[time.Time] {
	return rapid.Custom(func(t *rapid.T) time.Time {
		seconds := rapid.Int64Range(-70_000_000_000, 260_000_000_000).Draw(t, "seconds") // years -248 to 10209
		micro := rapid.Int64Range(0, 999_999).Draw(t, "microseconds")
		offset := rapid.IntRange(-64800, 64800).Draw(t, "offset")
		return time.Unix(seconds, micro*1000).In(time.FixedZone("", offset))
	})
}

func anyFrame() *rapid.Generator[photosdb.Frame] {
	return rapid.Custom(func(t *rapid.T) photosdb.Frame {
		return photosdb.Frame{
			Width:       rapid.IntRange(-1, 20000).Draw(t, "width"),
			Height:      rapid.IntRange(-1, 20000).Draw(t, "height"),
			Orientation: rapid.IntRange(-1, 10).Draw(t, "orientation"),
		}
	})
}

func anyFace() *rapid.Generator[photosdb.Face] {
	return rapid.Custom(func(t *rapid.T) photosdb.Face {
		f := photosdb.Face{
			X: number().Draw(t, "x"), Y: number().Draw(t, "y"), Size: number().Draw(t, "size"),
			Hidden: rapid.Bool().Draw(t, "hidden"), Trashed: rapid.Bool().Draw(t, "trashed"),
		}
		if rapid.Bool().Draw(t, "with person") {
			f.Person = &photosdb.Person{KnownAs: anyText().Draw(t, "known as")}
		}
		return f
	})
}

func anyAsset() *rapid.Generator[photosdb.Asset] {
	return rapid.Custom(func(t *rapid.T) photosdb.Asset {
		a := photosdb.Asset{
			Text:      photosdb.Text{Title: anyText().Draw(t, "title"), Description: anyText().Draw(t, "description"), Keywords: rapid.SliceOfN(anyText(), 0, 3).Draw(t, "keywords")},
			Faces:     rapid.SliceOfN(anyFace(), 0, 4).Draw(t, "faces"),
			Flags:     photosdb.Flags{Favorite: rapid.Bool().Draw(t, "favorite")},
			EditState: rapid.IntRange(0, 3).Draw(t, "edit state"),
			Current:   anyFrame().Draw(t, "current"),
			Original:  anyFrame().Draw(t, "original"),
		}
		if rapid.Bool().Draw(t, "dated") {
			a.Dates.Taken, a.Dates.Modified = anyTime().Draw(t, "taken"), anyTime().Draw(t, "modified")
			a.Dates.Zone.Source = rapid.SampledFrom([]photosdb.ZoneSource{photosdb.ZoneOffset, photosdb.ZoneUTC}).Draw(t, "source")
		}
		if rapid.Bool().Draw(t, "placed") {
			a.Location = &photosdb.Location{Latitude: number().Draw(t, "latitude") * 90, Longitude: number().Draw(t, "longitude") * 180}
		}
		return a
	})
}

func anyRole() *rapid.Generator[photosdb.Role] {
	return rapid.SampledFrom([]photosdb.Role{photosdb.RoleOriginal, photosdb.RoleEdited})
}

var xmpDate = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{0,5}[1-9])?(Z|[+-]\d\d:\d\d)$`)

func TestAnyAssetGivesASoundSidecar(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, role := anyAsset().Draw(t, "asset"), anyRole().Draw(t, "role")
		data := XMP(&a, role)
		checkForm(t, data)
		x := parse(t, data)
		for _, text := range append(slices.Clone(x.Dates), x.Modified) {
			if text != "" && !xmpDate.MatchString(text) {
				t.Fatalf("date %q", text)
			}
		}
		if len(x.Dates) == 1 { // the instant is kept whatever became of the offset
			at, err := time.Parse(time.RFC3339Nano, x.Dates[0])
			if err != nil || !at.Equal(a.Dates.Taken) {
				t.Fatalf("%v became %s: %v, %v", a.Dates.Taken, x.Dates[0], at, err)
			}
		}
		for _, r := range x.Regions {
			if r.Area.W <= 0 || r.Area.H <= 0 || x.Width <= 0 || x.Height <= 0 {
				t.Fatalf("%+v of %d × %d", r, x.Width, x.Height)
			}
		}
		if !slices.IsSorted(x.Persons) && !slices.ContainsFunc(a.Faces, uncarriable) {
			t.Fatalf("persons %q", x.Persons)
		}
	})
}

// uncarriable reports a name of which XML cannot carry all, so that what is
// left of it may sort otherwise.
func uncarriable(f photosdb.Face) bool {
	return f.Person != nil && carriable(f.Person.KnownAs) != f.Person.KnownAs
}

func TestEqualAssetsGiveEqualBytes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, role := anyAsset().Draw(t, "asset"), anyRole().Draw(t, "role")
		first := XMP(&a, role)
		// The same facts in other memory; the same instant in another time.Time.
		b := a
		b.Text.Keywords, b.Faces = slices.Clone(a.Text.Keywords), slices.Clone(a.Faces)
		for i := range b.Faces {
			if p := b.Faces[i].Person; p != nil {
				person := *p
				b.Faces[i].Person = &person
			}
		}
		_, offset := a.Dates.Taken.Zone()
		b.Dates.Taken = a.Dates.Taken.In(time.FixedZone("named", offset))
		b.Dates.Modified = a.Dates.Modified.UTC()
		b.UUID = "what names the asset is not in its sidecar"
		if second := XMP(&b, role); !bytes.Equal(first, second) {
			t.Fatalf("first\n%s\nsecond\n%s", first, second)
		}
	})
}
