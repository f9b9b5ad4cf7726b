package contract

import "github.com/photogo/photogo/photosdb"

// Region returns where a face lies in the stored pixels of a file: the centre
// and the extent of its square as fractions of width and height before the EXIF
// orientation is applied, origin top left. This is the frame of a region of the
// Metadata Working Group.
//
// width and height are those of the displayed picture (photosdb.Asset.Current),
// orientation is the EXIF orientation of the file; any other than 1 to 8 counts
// as 1. Nothing is clipped: a face at the border reaches out of the picture.
// ok is false when the picture has no width or height, or the face no place or size.
func Region(f photosdb.Face, width, height, orientation int) (x, y, w, h float64, ok bool) {
	if width <= 0 || height <= 0 || f.Unknown&(photosdb.FaceX|photosdb.FaceY|photosdb.FaceSize) != 0 {
		return 0, 0, 0, 0, false
	}
	side := f.Size * float64(max(width, height))
	w, h = side/float64(width), side/float64(height)
	x, y = f.X, f.Y
	switch orientation {
	case 2:
		x = 1 - x
	case 3:
		x, y = 1-x, 1-y
	case 4:
		y = 1 - y
	case 5:
		x, y = y, x
	case 6:
		x, y = y, 1-x
	case 7:
		x, y = 1-y, 1-x
	case 8:
		x, y = 1-y, x
	}
	if Transposed(orientation) {
		w, h = h, w
	}
	return x, y, w, h, true
}

// Transposed reports whether an orientation makes the rows of the stored
// picture the columns of the displayed one.
func Transposed(orientation int) bool { return orientation >= 5 && orientation <= 8 }
