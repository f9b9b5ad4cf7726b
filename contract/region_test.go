package contract

import (
	"math"
	"testing"

	"github.com/photogo/photogo/photosdb"
)

// side is an edge of the displayed picture.
type side string

// lies is EXIF's own wording of the orientations: on which side of the displayed
// picture the first row and the first column of the stored one lie.
var lies = map[int]struct{ row, column side }{
	1: {"top", "left"},
	2: {"top", "right"},
	3: {"bottom", "right"},
	4: {"bottom", "left"},
	5: {"left", "top"},
	6: {"right", "top"},
	7: {"right", "bottom"},
	8: {"left", "bottom"},
}

// displayed returns where a viewer shows the stored pixel of a column and row,
// on a screen of width × height. It knows nothing of regions: each index counts
// the distance from the side on which EXIF says that it begins.
func displayed(orientation, column, row, width, height int) (x, y int) {
	for _, from := range []struct {
		side     side
		distance int
	}{{lies[orientation].row, row}, {lies[orientation].column, column}} {
		switch from.side {
		case "left":
			x = from.distance
		case "right":
			x = width - 1 - from.distance
		case "top":
			y = from.distance
		case "bottom":
			y = height - 1 - from.distance
		}
	}
	return x, y
}

// A square of pixels is marked on the screen; Region has to name exactly those
// stored pixels that a viewer shows there.
func TestRegionCoversThePixelsOfTheFace(t *testing.T) {
	for _, screen := range [][2]int{{12, 8}, {8, 12}, {10, 10}, {7, 30}} {
		width, height := screen[0], screen[1]
		for orientation := 1; orientation <= 8; orientation++ {
			const left, top, edge = 1, 2, 3 // pixels of the screen, in no symmetry
			face := photosdb.Face{
				X:    (left + edge/2.0) / float64(width),
				Y:    (top + edge/2.0) / float64(height),
				Size: edge / math.Max(float64(width), float64(height)),
			}
			x, y, w, h, ok := Region(face, width, height, orientation)
			if !ok {
				t.Fatalf("no region on %d × %d", width, height)
			}
			columns, rows := width, height
			if top := lies[orientation].row; top == "left" || top == "right" {
				columns, rows = height, width
			}
			for row := range rows {
				for column := range columns {
					sx, sy := displayed(orientation, column, row, width, height)
					onFace := sx >= left && sx < left+edge && sy >= top && sy < top+edge
					cx, cy := (float64(column)+0.5)/float64(columns), (float64(row)+0.5)/float64(rows)
					inRegion := math.Abs(cx-x) < w/2 && math.Abs(cy-y) < h/2
					if onFace != inRegion {
						t.Fatalf("orientation %d of %d × %d: stored pixel %d,%d is on the face: %v, in the region: %v",
							orientation, width, height, column, row, onFace, inRegion)
					}
				}
			}
			// The region is no larger than the square either.
			if got := w * float64(columns); math.Abs(got-edge) > 1e-9 {
				t.Errorf("orientation %d of %d × %d: %v pixels wide, want %v", orientation, width, height, got, edge)
			}
			if got := h * float64(rows); math.Abs(got-edge) > 1e-9 {
				t.Errorf("orientation %d of %d × %d: %v pixels high, want %v", orientation, width, height, got, edge)
			}
		}
	}
}

func TestRegion(t *testing.T) {
	face := photosdb.Face{X: 0.25, Y: 0.125, Size: 0.5}
	type area struct{ x, y, w, h float64 }
	for _, tt := range []struct {
		why                        string
		width, height, orientation int
		want                       area
		ok                         bool
	}{
		{"as it is", 400, 200, 1, area{0.25, 0.125, 0.5, 1}, true},
		{"mirrored", 400, 200, 2, area{0.75, 0.125, 0.5, 1}, true},
		{"turned round", 400, 200, 3, area{0.75, 0.875, 0.5, 1}, true},
		{"upside down, mirrored", 400, 200, 4, area{0.25, 0.875, 0.5, 1}, true},
		{"transposed", 400, 200, 5, area{0.125, 0.25, 1, 0.5}, true},
		{"turned right", 400, 200, 6, area{0.125, 0.75, 1, 0.5}, true},
		{"transposed the other way", 400, 200, 7, area{0.875, 0.75, 1, 0.5}, true},
		{"turned left", 400, 200, 8, area{0.875, 0.25, 1, 0.5}, true},
		{"unknown orientation", 400, 200, 0, area{0.25, 0.125, 0.5, 1}, true},
		{"no such orientation", 400, 200, 9, area{0.25, 0.125, 0.5, 1}, true},
		{"no orientation at all", 400, 200, -6, area{0.25, 0.125, 0.5, 1}, true},
		{"out of the picture", 200, 400, 1, area{0.25, 0.125, 1, 0.5}, true},
		{"no width", 0, 200, 1, area{}, false},
		{"no height", 400, 0, 1, area{}, false},
		{"less than no width", -400, 200, 1, area{}, false},
	} {
		x, y, w, h, ok := Region(face, tt.width, tt.height, tt.orientation)
		if got := (area{x, y, w, h}); got != tt.want || ok != tt.ok {
			t.Errorf("%s: %v %v, want %v %v", tt.why, got, ok, tt.want, tt.ok)
		}
	}
}
