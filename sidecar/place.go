package sidecar

import (
	"math"
	"strconv"

	"github.com/photogo/photogo/photosdb"
)

// onGlobe returns the location if its coordinates exist, else nil.
func onGlobe(l *photosdb.Location) *photosdb.Location {
	// Written so that NaN fails it too.
	if l != nil && math.Abs(l.Latitude) <= 90 && math.Abs(l.Longitude) <= 180 {
		return l
	}
	return nil
}

func appendPlace(dst []byte, l *photosdb.Location) []byte {
	if l == nil {
		return dst
	}
	dst = append(dst, " <exif:GPSLatitude>"...)
	dst = appendCoordinate(dst, l.Latitude, 'N', 'S')
	dst = append(dst, "</exif:GPSLatitude>\n <exif:GPSLongitude>"...)
	dst = appendCoordinate(dst, l.Longitude, 'E', 'W')
	return append(dst, "</exif:GPSLongitude>\n"...)
}

// appendCoordinate writes degrees as XMP's GPSCoordinate "D,M.mmmmmmN": whole
// degrees, minutes, and the side. A millionth of a minute is 2 mm on the
// ground. It is rounded before it is divided, so that 60 minutes are never
// written, and what rounds to 0 has the positive side.
func appendCoordinate(dst []byte, degrees float64, positive, negative byte) []byte {
	const perDegree = 60_000_000 // millionths of a minute
	n := int64(math.Round(math.Abs(degrees) * perDegree))
	dst = strconv.AppendInt(dst, n/perDegree, 10)
	dst = append(dst, ',')
	dst = appendMillionths(dst, n%perDegree)
	if degrees < 0 && n > 0 {
		return append(dst, negative)
	}
	return append(dst, positive)
}
