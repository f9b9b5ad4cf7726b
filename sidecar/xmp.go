package sidecar

import (
	"time"

	"github.com/photogo/photogo/photosdb"
)

// XMP returns the XMP sidecar that belongs beside an asset's file of a role.
// The role is photosdb.RoleOriginal or photosdb.RoleEdited; any other is taken
// as RoleOriginal. The two differ in the frame of the face regions, which is
// that of the file's stored pixels, and in the date of the edit.
//
// It holds, each only where the asset has it:
//
//	dc:title, dc:description          Title, Description
//	dc:subject, digiKam:TagsList      Keywords, and nothing but keywords
//	Iptc4xmpExt:PersonInImage         the names of the faces that are not hidden, sorted
//	xmp:Rating                        5 for a favourite
//	photoshop:DateCreated,
//	exif:DateTimeOriginal,
//	xmp:CreateDate                    Dates.Taken, with its offset; where that is unknown, Dates.Exif;
//	                                  where that is too, xmp:CreateDate alone is Dates.Added
//	xmp:ModifyDate                    Dates.Modified, of the edited file only
//	exif:GPSLatitude, GPSLongitude    Location, to about 1 mm
//	mwg-rs:Regions                    a region for each face with an extent
//
// Text that XML cannot carry is dropped character by character.
func XMP(a *photosdb.Asset, role photosdb.Role) []byte {
	const usual, perFace = 2560, 640
	size := usual + len(a.Text.Title) + len(a.Text.Description) + perFace*len(a.Faces)
	return AppendXMP(make([]byte, 0, size), a, role)
}

// AppendXMP appends what XMP returns to dst, for those who hash many sidecars
// and keep none.
func AppendXMP(dst []byte, a *photosdb.Asset, role photosdb.Role) []byte {
	f := gather(a, role)
	dst = append(dst, packetBegin...)
	dst = appendNamespaces(dst, &f)
	dst = appendAlternative(dst, "dc:title", f.title)
	dst = appendAlternative(dst, "dc:description", f.description)
	dst = appendList(dst, "dc:subject", "rdf:Bag", f.keywords)
	dst = appendList(dst, "digiKam:TagsList", "rdf:Seq", f.keywords)
	dst = appendList(dst, "Iptc4xmpExt:PersonInImage", "rdf:Bag", f.persons)
	if f.favorite {
		dst = appendProperty(dst, "xmp:Rating", "5")
	}
	dst = appendDates(dst, &f)
	dst = appendPlace(dst, f.place)
	dst = appendRegions(dst, f.stored, f.regions)
	return append(dst, packetEnd...)
}

// facts are what of an asset goes into one sidecar: cleared of what XMP cannot
// say, so that all that is left is written and its namespaces are known first.
type facts struct {
	title, description string
	keywords, persons  []string
	favorite           bool
	taken, modified    string             // as XMP writes them; "" for none
	created            string             // the same as taken, or the next best
	place              *photosdb.Location // nil for none, or one that is not on the globe
	stored             frame              // of the file that the sidecar belongs to
	regions            []region
}

func gather(a *photosdb.Asset, role photosdb.Role) facts {
	f := facts{
		title:       a.Text.Title,
		description: a.Text.Description,
		keywords:    carried(a.Text.Keywords),
		persons:     persons(a.Faces),
		favorite:    a.Flags.Favorite,
		taken:       taken(a.Dates),
		place:       onGlobe(a.Location),
		stored:      storedFrame(a, role),
	}
	if f.created = f.taken; f.created == "" {
		f.created = date(a.Dates.Added.UTC())
	}
	if !carries(f.title) {
		f.title = ""
	}
	if !carries(f.description) {
		f.description = ""
	}
	if role == photosdb.RoleEdited {
		f.modified = date(a.Dates.Modified.UTC())
	}
	f.regions = regions(a, f.stored.orientation)
	return f
}

// taken is the date of the picture in its own zone. Where nothing is known of
// the zone, UTC is the only statement that is true. A library can hold a date
// that no calendar has; then the one that the camera wrote is told.
func taken(d photosdb.Dates) string {
	if d.Taken.IsZero() {
		return exifDate(d)
	}
	if d.Zone.Source == photosdb.ZoneUTC {
		return date(d.Taken.UTC())
	}
	return date(d.Taken)
}

// exifDate is the camera's date, which has no zone of its own.
func exifDate(d photosdb.Dates) string {
	local, err := time.Parse("2006:01:02 15:04:05", d.Exif)
	if err != nil || local.IsZero() {
		return ""
	}
	if d.Zone.Source == photosdb.ZoneOffset {
		year, month, day := local.Date()
		hour, minute, second := local.Clock()
		return date(time.Date(year, month, day, hour, minute, second, 0, time.FixedZone("", d.Zone.Offset)))
	}
	return local.Format("2006-01-02T15:04:05")
}

// date writes a time as XMP does: a year of four digits, a fraction only if
// there is one, of microseconds at most, and the offset, Z for none. It is ""
// for the zero time and for years that four digits cannot say.
func date(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	// XMP has no seconds in an offset; old local mean times do. The instant stays.
	if _, offset := t.Zone(); offset%60 != 0 {
		t = t.In(time.FixedZone("", offset-offset%60))
	}
	if t.Year() < 1 || t.Year() > 9999 {
		return ""
	}
	return t.Format("2006-01-02T15:04:05.999999Z07:00")
}

func appendDates(dst []byte, f *facts) []byte {
	if f.taken != "" {
		dst = appendProperty(dst, "photoshop:DateCreated", f.taken)
		dst = appendProperty(dst, "exif:DateTimeOriginal", f.taken)
	}
	if f.created != "" {
		dst = appendProperty(dst, "xmp:CreateDate", f.created)
	}
	if f.modified != "" {
		dst = appendProperty(dst, "xmp:ModifyDate", f.modified)
	}
	return dst
}
