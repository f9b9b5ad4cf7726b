package sidecar

import (
	"math"
	"slices"
	"strconv"

	"github.com/photogo/photogo/contract"
	"github.com/photogo/photogo/photosdb"
)

// frame is how the pixels of a file are stored.
type frame struct {
	width, height int // pixels, orientation not applied
	orientation   int // EXIF orientation, 1 to 8; 0 where unknown
}

// storedFrame returns the frame of the asset's file of a role. Photos may know
// the size of the file itself, that of the original at import, or only that of
// the picture as displayed, which is then turned back.
func storedFrame(a *photosdb.Asset, role photosdb.Role) frame {
	if role == photosdb.RoleEdited {
		return sized(a, photosdb.RoleEdited, frame{orientation: a.Current.Orientation})
	}
	f := frame{a.Original.Width, a.Original.Height, a.Current.Orientation}
	if a.Edited() { // Current is then that of the rendering
		f.orientation = a.Original.Orientation
	}
	return sized(a, photosdb.RoleOriginal, f)
}

// sized gives a frame the best size that is known, the one it has included.
func sized(a *photosdb.Asset, role photosdb.Role, f frame) frame {
	if r := a.Resource(role); r != nil && r.Width > 0 && r.Height > 0 {
		f.width, f.height = r.Width, r.Height
	}
	if f.width > 0 && f.height > 0 {
		return f
	}
	f.width, f.height = a.Current.Width, a.Current.Height
	if contract.Transposed(f.orientation) {
		f.width, f.height = f.height, f.width
	}
	return f
}

// persons returns the names of those whose faces are not hidden, unique and
// sorted by code point.
func persons(faces []photosdb.Face) []string {
	var names []string
	for i := range faces {
		if name := nameOf(&faces[i]); name != "" && !faces[i].Hidden {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// nameOf returns the name to show for a face, "" for nobody known.
func nameOf(f *photosdb.Face) string {
	if f.Person == nil || !carries(f.Person.KnownAs) {
		return ""
	}
	return f.Person.KnownAs
}

// region is a face as it is written: the edges of its area, counted in steps of
// 1/edgeSteps of the width or height, inside the picture and not empty.
type region struct {
	name                     string // "" for nobody known
	left, top, right, bottom int64
}

// edgeSteps divides width and height so that the centre between two edges is a
// whole number of millionths. Edges are rounded rather than centre and extent:
// an area at the border would else pass it by a digit.
const edgeSteps = 500_000

// regions returns the faces that a file of an orientation shows: not taken away
// by the user, with an extent, and at least partly inside.
func regions(a *photosdb.Asset, orientation int) []region {
	var list []region
	for i := range a.Faces {
		f := &a.Faces[i]
		if f.Hidden || f.Trashed || !finite(f.X) || !finite(f.Y) || !finite(f.Size) || f.Size <= 0 {
			continue
		}
		x, y, w, h, ok := contract.Region(*f, a.Current.Width, a.Current.Height, orientation)
		if !ok {
			continue
		}
		r := region{name: nameOf(f)}
		r.left, r.right = edges(x, w)
		r.top, r.bottom = edges(y, h)
		if r.left < r.right && r.top < r.bottom {
			list = append(list, r)
		}
	}
	return list
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// edges clips a centre and an extent to the picture. Halving loses nothing, so
// that machines which multiply and add in one step get the same edges.
func edges(centre, extent float64) (low, high int64) {
	return edge(centre - extent/2), edge(centre + extent/2)
}

func edge(v float64) int64 { return int64(math.Round(min(max(v, 0), 1) * edgeSteps)) }

// appendRegions writes the faces in the form of the Metadata Working Group:
// what size the picture had, and each area by centre and extent.
func appendRegions(dst []byte, f frame, list []region) []byte {
	if len(list) == 0 {
		return dst
	}
	dst = append(dst, " <mwg-rs:Regions rdf:parseType=\"Resource\">\n"+
		"  <mwg-rs:AppliedToDimensions rdf:parseType=\"Resource\">\n   <stDim:w>"...)
	dst = strconv.AppendInt(dst, int64(f.width), 10)
	dst = append(dst, "</stDim:w>\n   <stDim:h>"...)
	dst = strconv.AppendInt(dst, int64(f.height), 10)
	dst = append(dst, "</stDim:h>\n   <stDim:unit>pixel</stDim:unit>\n"+
		"  </mwg-rs:AppliedToDimensions>\n"+
		"  <mwg-rs:RegionList><rdf:Bag>\n"...)
	for i := range list {
		dst = appendRegion(dst, &list[i])
	}
	return append(dst, "  </rdf:Bag></mwg-rs:RegionList>\n </mwg-rs:Regions>\n"...)
}

func appendRegion(dst []byte, r *region) []byte {
	const perStep = 1_000_000 / edgeSteps // millionths
	dst = append(dst, "   <rdf:li rdf:parseType=\"Resource\">\n"...)
	if r.name != "" {
		dst = append(dst, "    <mwg-rs:Name>"...)
		dst = appendText(dst, r.name)
		dst = append(dst, "</mwg-rs:Name>\n"...)
	}
	dst = append(dst, "    <mwg-rs:Type>Face</mwg-rs:Type>\n"+
		"    <mwg-rs:Area rdf:parseType=\"Resource\">\n     <stArea:x>"...)
	dst = appendMillionths(dst, (r.left+r.right)*perStep/2)
	dst = append(dst, "</stArea:x>\n     <stArea:y>"...)
	dst = appendMillionths(dst, (r.top+r.bottom)*perStep/2)
	dst = append(dst, "</stArea:y>\n     <stArea:w>"...)
	dst = appendMillionths(dst, (r.right-r.left)*perStep)
	dst = append(dst, "</stArea:w>\n     <stArea:h>"...)
	dst = appendMillionths(dst, (r.bottom-r.top)*perStep)
	return append(dst, "</stArea:h>\n     <stArea:unit>normalized</stArea:unit>\n"+
		"    </mwg-rs:Area>\n   </rdf:li>\n"...)
}
