package sidecar

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/photogo/photogo/contract"

	"github.com/photogo/photogo/photosdb"
)

func TestStoredFrame(t *testing.T) {
	current := photosdb.Frame{Width: 30, Height: 40, Orientation: 6} // displayed upright
	original := photosdb.Frame{Width: 400, Height: 300, Orientation: 8}
	file := func(role photosdb.Role) []photosdb.Resource {
		return []photosdb.Resource{{Role: role, Width: 4001, Height: 3001}}
	}
	for _, tt := range []struct {
		why   string
		role  photosdb.Role
		asset photosdb.Asset
		want  frame
	}{
		{"the file's own size", photosdb.RoleOriginal,
			photosdb.Asset{Current: current, Original: original, Resources: file(photosdb.RoleOriginal)}, frame{4001, 3001, 6}},
		{"size at import", photosdb.RoleOriginal,
			photosdb.Asset{Current: current, Original: original}, frame{400, 300, 6}},
		{"another file's size does not count", photosdb.RoleOriginal,
			photosdb.Asset{Current: current, Original: original, Resources: file(photosdb.RoleEdited)}, frame{400, 300, 6}},
		{"displayed size turned back", photosdb.RoleOriginal,
			photosdb.Asset{Current: current}, frame{40, 30, 6}},
		{"displayed size", photosdb.RoleOriginal,
			photosdb.Asset{Current: photosdb.Frame{Width: 30, Height: 40, Orientation: 4}}, frame{30, 40, 4}},
		{"half a size is none", photosdb.RoleOriginal,
			photosdb.Asset{Current: current, Original: photosdb.Frame{Width: 400}}, frame{40, 30, 6}},
		{"original of an edit", photosdb.RoleOriginal,
			photosdb.Asset{EditState: 1, Current: current, Original: original}, frame{400, 300, 8}},
		{"rendering", photosdb.RoleEdited,
			photosdb.Asset{EditState: 1, Current: current, Original: original, Resources: file(photosdb.RoleEdited)}, frame{4001, 3001, 6}},
		{"rendering of unknown size", photosdb.RoleEdited,
			photosdb.Asset{EditState: 1, Current: current, Original: original, Resources: file(photosdb.RoleOriginal)}, frame{40, 30, 6}},
	} {
		if got := storedFrame(&tt.asset, tt.role); got != tt.want {
			t.Errorf("%s: %+v, want %+v", tt.why, got, tt.want)
		}
	}
}

// The two sidecars of an edited picture show its face in two frames.
func TestRegionsAreInTheFrameOfTheirFile(t *testing.T) {
	a := photosdb.Asset{
		EditState: 1,
		Faces:     []photosdb.Face{{X: 0.25, Y: 0.125, Size: 0.1}},
		Current:   photosdb.Frame{Width: 300, Height: 400, Orientation: 1},
		Original:  photosdb.Frame{Width: 400, Height: 300, Orientation: 6},
	}
	edited := parse(t, XMP(&a, photosdb.RoleEdited))
	if area := edited.Regions[0].Area; area.X != 0.25 || area.Y != 0.125 || edited.Width != 300 || edited.Height != 400 {
		t.Errorf("edited: %+v of %d × %d", area, edited.Width, edited.Height)
	}
	original := parse(t, XMP(&a, photosdb.RoleOriginal))
	if area := original.Regions[0].Area; area.X != 0.125 || area.Y != 0.75 || original.Width != 400 || original.Height != 300 {
		t.Errorf("original: %+v of %d × %d", area, original.Width, original.Height)
	}
}

func TestRegionsAreClipped(t *testing.T) {
	for _, tt := range []struct {
		why             string
		x, y, size      float64
		wantNone        bool
		l, up, r, below int64
	}{
		{why: "inside", x: 0.5, y: 0.5, size: 0.5, l: 125_000, up: 125_000, r: 375_000, below: 375_000},
		{why: "over the left edge", x: 0.1, y: 0.5, size: 0.4, l: 0, up: 150_000, r: 150_000, below: 350_000},
		{why: "over the lower right corner", x: 1, y: 1, size: 0.4, l: 400_000, up: 400_000, r: edgeSteps, below: edgeSteps},
		{why: "centre outside", x: -0.1, y: 0.5, size: 0.4, l: 0, up: 150_000, r: 50_000, below: 350_000},
		{why: "larger than the picture", x: 0.5, y: 0.5, size: 1e308, l: 0, up: 0, r: edgeSteps, below: edgeSteps},
		{why: "beside the picture", x: 1.3, y: 0.5, size: 0.4, wantNone: true},
		{why: "touching from outside", x: 1.25, y: 0.5, size: 0.5, wantNone: true},
		{why: "too small to write", x: 0.5, y: 0.5, size: 1e-9, wantNone: true},
		{why: "no extent", x: 0.5, y: 0.5, size: 0, wantNone: true},
		{why: "negative extent", x: 0.5, y: 0.5, size: -0.2, wantNone: true},
		{why: "no place", x: math.Inf(1), y: 0.5, size: 0.2, wantNone: true},
	} {
		a := photosdb.Asset{
			Faces:   []photosdb.Face{{X: tt.x, Y: tt.y, Size: tt.size}},
			Current: photosdb.Frame{Width: 100, Height: 100},
		}
		got := regions(&a, 1)
		if tt.wantNone {
			if len(got) != 0 {
				t.Errorf("%s: %+v, want none", tt.why, got)
			}
			continue
		}
		if want := (region{"", tt.l, tt.up, tt.r, tt.below}); len(got) != 1 || got[0] != want {
			t.Errorf("%s: %+v, want %+v", tt.why, got, want)
		}
	}
}

func TestAnyRegionIsInsideThePictureAndWhereTheFaceIs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		face := photosdb.Face{
			X:    rapid.Float64Range(0, 1).Draw(t, "x"),
			Y:    rapid.Float64Range(0, 1).Draw(t, "y"),
			Size: rapid.Float64Range(0.001, 1).Draw(t, "size"),
		}
		a := photosdb.Asset{Faces: []photosdb.Face{face}, Current: photosdb.Frame{
			Width:       rapid.IntRange(1, 20000).Draw(t, "width"),
			Height:      rapid.IntRange(1, 20000).Draw(t, "height"),
			Orientation: rapid.IntRange(-1, 9).Draw(t, "orientation"),
		}}
		x, y, w, h, _ := contract.Region(face, a.Current.Width, a.Current.Height, a.Current.Orientation)
		list := parse(t, XMP(&a, photosdb.RoleOriginal)).Regions
		if len(list) != 1 {
			t.Fatalf("%d regions", len(list))
		}
		area := list[0].Area
		for _, axis := range [][4]float64{{area.X, area.W, x, w}, {area.Y, area.H, y, h}} {
			low, high := axis[0]-axis[1]/2, axis[0]+axis[1]/2
			const digits = 1.001e-6 // half a step of an edge, and what floats lose
			if low < -1e-12 || high > 1+1e-12 {
				t.Fatalf("from %v to %v is not inside", low, high)
			}
			if math.Abs(low-max(0, axis[2]-axis[3]/2)) > digits || math.Abs(high-min(1, axis[2]+axis[3]/2)) > digits {
				t.Fatalf("from %v to %v, but the face is %v wide around %v", low, high, axis[3], axis[2])
			}
		}
	})
}
