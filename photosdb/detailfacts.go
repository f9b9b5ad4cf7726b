package photosdb

import (
	"slices"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"
)

// detailFact is one rarer thing that the rows around an asset say.
type detailFact struct {
	name  string // for the warning when it is absent; "" stands for its column
	group Include
	table string // alias, one of detailTables
	// columns: the first that exists is read, newest name first.
	columns []string
	set     func(*detail, cell)
}

// detail is the details of an asset being read, with what they are derived from.
type detail struct {
	*Details
	camera    Camera
	cameraRow bool
	edit      Edit
	editRow   bool
	session   ImportSession
	moment    Moment
	scope     Folder
	zone      zoneRow // of the camera
	taken     *float64

	cameraAt, momentAt [2]*float64 // latitude, longitude
}

// detailTables are the tables that hang on an asset, by the alias that facts
// name them with, each after those that its join needs. b is joined always.
var detailTables = []struct {
	alias, table string
	// The columns that the join needs: of the table itself, and of the asset
	// table ("a") or the attributes ("b").
	own, from, column string
	where             string
	name              string // for the warning when it is absent, where none of its facts has one
}{
	{"x", "ZEXTENDEDATTRIBUTES", "ZASSET", "a", "Z_PK", "", ""},
	{"c", "ZCOMPUTEDASSETATTRIBUTES", "ZASSET", "a", "Z_PK", "", "scores"},
	{"u", "ZUNMANAGEDADJUSTMENT", "Z_PK", "b", "ZUNMANAGEDADJUSTMENT", "", ""},
	{"i", "ZGENERICALBUM", "Z_PK", "a", "ZIMPORTSESSION", " AND i.ZKIND = 1506", ""},
	{"o", "ZMOMENT", "Z_PK", "a", "ZMOMENT", "", ""},
	{"s", "ZSHARE", "Z_PK", "a", "ZLIBRARYSCOPE", "", "shared library"},
}

// detailFacts is the whole of what is read of the rows around an asset.
var detailFacts = slices.Concat([]detailFact{
	{"", IncludePlace, "b", []string{"ZGPSHORIZONTALACCURACY"}, func(d *detail, c cell) { d.Accuracy = notNegative(c.float()) }},

	{"the camera's facts", IncludeCamera, "x", []string{"Z_PK"}, func(d *detail, c cell) { d.cameraRow = !c.null() }},
	{"", IncludeCamera, "x", []string{"ZCAMERAMAKE"}, func(d *detail, c cell) { d.camera.Make = c.text() }},
	{"", IncludeCamera, "x", []string{"ZCAMERAMODEL"}, func(d *detail, c cell) { d.camera.Model = c.text() }},
	{"", IncludeCamera, "x", []string{"ZLENSMODEL"}, func(d *detail, c cell) { d.camera.Lens = c.text() }},
	{"", IncludeCamera, "x", []string{"ZISO"}, func(d *detail, c cell) { d.camera.ISO = c.whole() }},
	{"", IncludeCamera, "x", []string{"ZAPERTURE"}, func(d *detail, c cell) { d.camera.Aperture = c.float() }},
	{"", IncludeCamera, "x", []string{"ZSHUTTERSPEED"}, func(d *detail, c cell) { d.camera.ShutterSpeed = c.float() }},
	{"", IncludeCamera, "x", []string{"ZEXPOSUREBIAS"}, func(d *detail, c cell) { d.camera.ExposureBias = c.float() }},
	{"", IncludeCamera, "x", []string{"ZFOCALLENGTH"}, func(d *detail, c cell) { d.camera.FocalLength = c.float() }},
	{"", IncludeCamera, "x", []string{"ZFOCALLENGTHIN35MM"}, func(d *detail, c cell) { d.camera.FocalLength35mm = c.float() }},
	{"", IncludeCamera, "x", []string{"ZDIGITALZOOMRATIO"}, func(d *detail, c cell) { d.camera.DigitalZoom = c.float() }},
	{"", IncludeCamera, "x", []string{"ZFLASHFIRED"}, func(d *detail, c cell) { d.camera.FlashFired = c.truth() }},
	{"", IncludeCamera, "x", []string{"ZMETERINGMODE"}, func(d *detail, c cell) { d.camera.MeteringMode = c.whole() }},
	{"", IncludeCamera, "x", []string{"ZWHITEBALANCE"}, func(d *detail, c cell) { d.camera.WhiteBalance = c.whole() }},
	{"", IncludeCamera, "x", []string{"ZCODEC"}, func(d *detail, c cell) { d.camera.Codec = c.text() }},
	{"", IncludeCamera, "x", []string{"ZFPS"}, func(d *detail, c cell) { d.camera.FPS = c.float() }},
	{"", IncludeCamera, "x", []string{"ZBITRATE"}, func(d *detail, c cell) { d.camera.BitRate = c.float() }},
	{"", IncludeCamera, "x", []string{"ZSAMPLERATE"}, func(d *detail, c cell) { d.camera.SampleRate = c.float() }},
	{"", IncludeCamera, "x", []string{"ZTRACKFORMAT"}, func(d *detail, c cell) { d.camera.TrackFormat = c.whole() }},
	{"", IncludeCamera, "x", []string{"ZDURATION"}, func(d *detail, c cell) { d.camera.Duration = c.float() }},
	{"", IncludeCamera, "x", []string{"ZLATITUDE"}, func(d *detail, c cell) { d.cameraAt[0] = c.float() }},
	{"", IncludeCamera, "x", []string{"ZLONGITUDE"}, func(d *detail, c cell) { d.cameraAt[1] = c.float() }},
	{"", IncludeCamera, "x", []string{"ZDATECREATED"}, func(d *detail, c cell) { d.taken = c.float() }},
	{"", IncludeCamera, "x", []string{"ZTIMEZONENAME"}, func(d *detail, c cell) { d.camera.ZoneName = c.text() }},
	{"", IncludeCamera, "x", []string{"ZTIMEZONEOFFSET"}, func(d *detail, c cell) { d.camera.Offset, d.zone.offset = c.whole(), c.float() }},

	{"facts of edits", IncludeEdit, "u", []string{"Z_PK"}, func(d *detail, c cell) { d.editRow = !c.null() }},
	{"", IncludeEdit, "u", []string{"ZADJUSTMENTFORMATIDENTIFIER"}, func(d *detail, c cell) { d.edit.Format = c.text() }},
	{"", IncludeEdit, "u", []string{"ZADJUSTMENTFORMATVERSION"}, func(d *detail, c cell) { d.edit.Version = c.text() }},
	{"", IncludeEdit, "b", []string{"ZEDITORBUNDLEID"}, func(d *detail, c cell) { d.edit.Editor = c.text() }},
	{"", IncludeEdit, "u", []string{"ZEDITORLOCALIZEDNAME"}, func(d *detail, c cell) { d.edit.EditorName = c.text() }},
	{"", IncludeEdit, "u", []string{"ZADJUSTMENTTIMESTAMP"}, func(d *detail, c cell) { d.edit.Time = c.time() }},
	{"", IncludeEdit, "u", []string{"ZADJUSTMENTRENDERTYPES"}, func(d *detail, c cell) { d.edit.RenderTypes = c.whole() }},
	{"", IncludeEdit, "a", []string{"ZADJUSTMENTSSTATE"}, func(d *detail, c cell) { d.edit.State = c.whole() }},

	{"", IncludeOrigin, "b", []string{"ZIMPORTEDBYBUNDLEIDENTIFIER", "ZCREATORBUNDLEID"}, func(d *detail, c cell) { d.Import.CreatorID = c.text() }},
	{"", IncludeOrigin, "b", []string{"ZIMPORTEDBYDISPLAYNAME"}, func(d *detail, c cell) { d.Import.CreatorName = c.text() }},
	{"", IncludeOrigin, "b", []string{"ZIMPORTEDBY"}, func(d *detail, c cell) { d.Import.By = c.whole() }},
	{"import sessions", IncludeOrigin, "i", []string{"ZUUID"}, func(d *detail, c cell) { d.session.UUID = UUID(c.raw()) }},
	{"", IncludeOrigin, "i", []string{"ZTITLE"}, func(d *detail, c cell) { d.session.Title = c.text() }},
	{"", IncludeOrigin, "i", []string{"ZCREATIONDATE"}, func(d *detail, c cell) { d.session.Created = c.time() }},
	{"", IncludeOrigin, "i", []string{"ZSTARTDATE"}, func(d *detail, c cell) { d.session.Start = c.time() }},
	{"", IncludeOrigin, "i", []string{"ZENDDATE"}, func(d *detail, c cell) { d.session.End = c.time() }},
	{"moments", IncludeOrigin, "o", []string{"ZUUID"}, func(d *detail, c cell) { d.moment.UUID = UUID(c.raw()) }},
	{"", IncludeOrigin, "o", []string{"ZTITLE"}, func(d *detail, c cell) { d.moment.Title = norm.NFKC.String(c.text()) }},
	{"", IncludeOrigin, "o", []string{"ZSUBTITLE"}, func(d *detail, c cell) { d.moment.Subtitle = norm.NFKC.String(c.text()) }},
	{"", IncludeOrigin, "o", []string{"ZSTARTDATE"}, func(d *detail, c cell) { d.moment.Start = c.time() }},
	{"", IncludeOrigin, "o", []string{"ZENDDATE"}, func(d *detail, c cell) { d.moment.End = c.time() }},
	{"", IncludeOrigin, "o", []string{"ZREPRESENTATIVEDATE"}, func(d *detail, c cell) { d.moment.Representative = c.time() }},
	{"", IncludeOrigin, "o", []string{"ZAPPROXIMATELATITUDE"}, func(d *detail, c cell) { d.momentAt[0] = c.float() }},
	{"", IncludeOrigin, "o", []string{"ZAPPROXIMATELONGITUDE"}, func(d *detail, c cell) { d.momentAt[1] = c.float() }},

	{"", IncludeSharing, "a", []string{"ZCLOUDOWNERHASHEDPERSONID"}, func(d *detail, c cell) { d.Sharing.Owner = personOf(c) }},
	{"", IncludeSharing, "s", []string{"ZUUID"}, func(d *detail, c cell) { d.scope.UUID = UUID(c.raw()) }},
	{"", IncludeSharing, "s", []string{"ZTITLE"}, func(d *detail, c cell) { d.scope.Title = c.text() }},

	{"dates of changes", IncludeRecord, "a", []string{"ZMODIFICATIONDATE"}, func(d *detail, c cell) { d.Record.Modified = c.time() }},
	{"", IncludeRecord, "b", []string{"ZACCESSIBILITYDESCRIPTION"}, func(d *detail, c cell) { d.Record.Accessibility = c.text() }},
	{"", IncludeRecord, "a", []string{"ZMEDIAGROUPUUID"}, func(d *detail, c cell) { d.Record.MediaGroup = c.raw() }},
	{"", IncludeRecord, "a", []string{"ZHDRTYPE", "ZCUSTOMRENDEREDVALUE"}, func(d *detail, c cell) { d.Record.HDRType = c.whole() }},
	{"", IncludeRecord, "a", []string{"ZDEPTHTYPE", "ZDEPTHSTATES"}, func(d *detail, c cell) { d.Record.DepthType = c.whole() }},
	{"", IncludeRecord, "a", []string{"ZSPATIALTYPE"}, func(d *detail, c cell) { d.Record.SpatialType = c.whole() }},
}, scoreFacts())

// scoreFacts are the facts of the scores, named after their columns.
func scoreFacts() (facts []detailFact) {
	for i, name := range ScoreNames() {
		f := detailFact{group: IncludeScores, table: "c", columns: []string{scoreColumn(name)}, set: func(d *detail, c cell) { d.setScore(name, c) }}
		if i < 5 {
			f.table = "a"
		}
		facts = append(facts, f)
	}
	return facts
}

func scoreColumn(name string) string {
	switch name {
	case "low_light":
		return "ZLOWLIGHT"
	case "pleasant_reflection":
		return "ZPLEASANTREFLECTIONSSCORE"
	}
	return "Z" + strings.ToUpper(strings.ReplaceAll(name, "_", "")) + "SCORE"
}

func (d *detail) setScore(name string, c cell) {
	if f := c.float(); f != nil {
		if d.Scores == nil {
			d.Scores = make(map[string]float64, 28) // all or none, mostly
		}
		d.Scores[name] = *f
	}
}

func notNegative(f *float64) *float64 {
	if f != nil && *f < 0 {
		return nil
	}
	return f
}

func personOf(c cell) *Person {
	if id := c.raw(); id != "" {
		return &Person{ID: id}
	}
	return nil
}

// whole is an integer, nil for what is none.
func (c cell) whole() *int {
	if !c.number() {
		return nil
	}
	n := int(c.int())
	return &n
}

// truth is a boolean, nil for what is none.
func (c cell) truth() *bool {
	if !c.number() {
		return nil
	}
	return truth(c.bool())
}

// detailQuery builds the query for the facts of some groups, and the facts in
// the order of its columns, as assetQuery does.
func (s *schema) detailQuery(groups Include) (string, []detailFact) {
	joined := map[string]string{"a": s.asset, "b": attributes}
	joins := ""
	for _, t := range detailTables {
		from := map[string]string{"a": s.asset, "b": attributes}[t.from]
		wanted := slices.ContainsFunc(detailFacts, func(f detailFact) bool { return f.table == t.alias && f.group&groups != 0 })
		if wanted && s.has(t.table, t.own) && s.has(from, t.column) && (t.where == "" || s.has(t.table, "ZKIND")) {
			joined[t.alias] = t.table
			joins += " LEFT JOIN " + t.table + " " + t.alias + " ON " + t.alias + "." + t.own + " = " + t.from + "." + t.column + t.where
		} else if wanted && t.name != "" && s.expects(t.table) {
			s.lacks(t.name)
		}
	}
	var columns []string
	var used []detailFact
	for _, f := range detailFacts {
		if f.group&groups == 0 {
			continue
		}
		column := "NULL"
		switch {
		case joined[f.table] != "" && f.name == "":
			column = s.column(f.table, joined[f.table], f.columns...)
		case joined[f.table] != "":
			column = s.optional(f.name, f.table, joined[f.table], f.columns...)
		case f.name != "":
			s.lacks(f.name)
		}
		if column != "NULL" {
			columns, used = append(columns, column), append(used, f)
		}
	}
	if len(used) == 0 {
		return "", nil
	}
	return "SELECT j.key, " + strings.Join(columns, ", ") + " FROM json_each(?1) j CROSS JOIN " + s.asset +
		" a ON a.Z_PK = j.value LEFT JOIN " + attributes + " b ON b.ZASSET = a.Z_PK" + joins, used
}

// derive fills in what follows from several facts together.
func (d *detail) derive(a *Asset, z zones) {
	if d.cameraRow {
		c := d.camera
		if d.taken != nil {
			d.zone.name = c.ZoneName
			c.Date = instant(*d.taken)
			if zone := z.zone(d.zone, c.Date); !c.Date.IsZero() && zone.Offset != 0 {
				c.Date = c.Date.In(time.FixedZone("", zone.Offset))
			}
		}
		c.Location = location(d.cameraAt[0], d.cameraAt[1])
		d.Camera = &c
	}
	if d.editRow || a.Edited() {
		edit := d.edit
		if !d.editRow {
			edit = Edit{State: edit.State}
		}
		d.Edit = &edit
	}
	if d.session.UUID != "" {
		session := d.session
		d.Import.Session = &session
	}
	if d.moment.UUID != "" {
		m := d.moment
		m.Location = location(d.momentAt[0], d.momentAt[1])
		d.Moment = &m
	}
	if d.scope.UUID != "" {
		scope := d.scope
		d.Sharing.Scope = &scope
	}
}

// location is a place, nil where either coordinate is unknown, and for the pair
// that stands for none.
func location(latitude, longitude *float64) *Location {
	if latitude == nil || longitude == nil || *latitude == -180 && *longitude == -180 {
		return nil
	}
	return &Location{*latitude, *longitude}
}
