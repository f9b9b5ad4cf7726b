package photosdb

import (
	"io/fs"
	"os"
	"slices"

	"zombiezen.com/go/sqlite"
)

func (s *schema) faceQuery() string {
	if s.faceAsset == "" {
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
	}
	return "f.ZUUID" + person + column("ZCENTERX") + column("ZCENTERY") + column("ZSIZE") +
		column("ZSOURCEWIDTH") + column("ZSOURCEHEIGHT") + column("ZQUALITY") + column("ZROLL") + column("ZMANUAL") +
		column("ZHIDDEN") + column("ZISINTRASH") + column("ZDETECTIONTYPE")
}

func (l *Library) readFace(stmt *sqlite.Stmt) Face {
	f := Face{
		UUID: UUID(stmt.ColumnText(1)), Person: l.catalog.persons[stmt.ColumnInt64(2)],
		X: stmt.ColumnFloat(3), Y: 1 - stmt.ColumnFloat(4), Size: stmt.ColumnFloat(5),
		SourceWidth: stmt.ColumnInt(6), SourceHeight: stmt.ColumnInt(7),
		Quality: stmt.ColumnFloat(8), Roll: stmt.ColumnFloat(9),
		Manual: stmt.ColumnInt64(10) != 0, Hidden: stmt.ColumnInt64(11) != 0, Trashed: stmt.ColumnInt64(12) != 0,
	}
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
