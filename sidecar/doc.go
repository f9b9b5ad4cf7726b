// Package sidecar writes an asset's facts for other programs.
//
// A sidecar is a small file beside a picture that tells title, keywords, names,
// place and date to programs that cannot read a Photos library. The picture
// itself is never touched: its bytes are what is proven.
//
// XMP is for programs that know pictures: digiKam, Lightroom, darktable, Immich
// and exiftool read it. JSON is for scripts, and holds more. Both are pure: the
// same asset gives the same bytes on every machine and in every release, since
// the hash of these bytes is the sidecar's version, and a byte that changed
// without a fact having changed would write the sidecars of a whole library
// again. Therefore they hold neither the time of writing nor a version of
// photogo, and lists keep the order of the asset. XMP rounds its numbers to a
// fixed count of digits.
//
// What the library does not know is left out of XMP. There is no empty element,
// no date that stands in for an unknown one, and no place at 0° 0′ for none.
//
// The property list of an edit, exported as NAME.AAE, is a sidecar too, and has
// no function here: it is the library's file byte for byte, copied as any other.
//
// The forms of XMP are those of Adobe's specification (part 1 for the packet,
// part 2 for dates and coordinates), of the IPTC's photo metadata standard for
// the persons, and of the Metadata Working Group's guidelines 2.0 for the faces.
package sidecar
