package photosdb

import (
	"io/fs"
	"os"
	"slices"

	"zombiezen.com/go/sqlite"
)

func (s *schema) faceQuery() string {
	if s.faceAsset == "" || !s.has("ZDETECTEDFACE", "ZUUID") {
		s.missing = append(s.missing, "faces")
		return ""
	}
	return "SELECT j.key, " + s.faceColumns() + " FROM json_each(?1) j CROSS JOIN ZDETECTEDFACE f ON f." + s.faceAsset + " = j.value"
}

// faceColumns are what readFace reads, from its second column on.
func (s *schema) faceColumns() string {
	column := func(names ...string) string { return ", " + s.column("f", "ZDETECTEDFACE", names...) }
	person := ", NULL"
	if s.facePerson != "" {
		person = ", f." + s.facePerson
	} else {
		s.lacks("people on faces")
	}
	return "f.ZUUID" + person + column("ZCENTERX") + column("ZCENTERY") + column("ZSIZE") +
		column("ZSOURCEWIDTH") + column("ZSOURCEHEIGHT") + column("ZQUALITY") + column("ZROLL") + column("ZMANUAL") +
		column("ZHIDDEN") + column("ZISINTRASH") + column("ZDETECTIONTYPE")
}

func (l *Library) readFace(stmt *sqlite.Stmt) Face {
	f := Face{
		UUID: UUID(stmt.ColumnText(1)), Person: l.catalog.persons[stmt.ColumnInt64(2)],
		Manual: stmt.ColumnInt64(10) != 0, Hidden: stmt.ColumnInt64(11) != 0, Trashed: stmt.ColumnInt64(12) != 0,
	}
	number := func(column int, n FaceNumbers) float64 {
		value := cell{stmt, column}.float()
		if value == nil {
			f.Unknown |= n
			return 0
		}
		return *value
	}
	f.X, f.Y, f.Size = number(3, FaceX), number(4, FaceY), number(5, FaceSize)
	if f.Unknown&FaceY == 0 {
		f.Y = 1 - f.Y // stored from the bottom
	}
	f.SourceWidth, f.SourceHeight = int(number(6, FaceSourceWidth)), int(number(7, FaceSourceHeight))
	f.Quality, f.Roll = number(8, FaceQuality), number(9, FaceRoll)
	if c := (cell{stmt, 13}); c.number() {
		n := int(c.int())
		f.Detection = &n
	}
	return f
}

// Persons returns the names of the people on the asset's faces: ZFULLNAME, not
// empty, unique, sorted by code point. Faces of people whom nobody named do not count.
func (a *Asset) Persons() []string {
	var names []string
	for _, f := range a.Faces {
		if f.Person != nil && f.Person.Name != "" {
			names = append(names, f.Person.Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func regularInfo(name string) (fs.FileInfo, error) {
	info, err := os.Stat(name)
	if err == nil && !info.Mode().IsRegular() {
		err = fs.ErrInvalid
	}
	return info, err
}
