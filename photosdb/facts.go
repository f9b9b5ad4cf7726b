package photosdb

import (
	"math"
	"strings"
	"time"

	"zombiezen.com/go/sqlite"
)

// fact is one thing an asset's row says: where it comes from, and where it goes.
type fact struct {
	name    string   // for the warning when it is absent; "" stands for its column
	table   string   // alias: a asset, b attributes, d description, m cloud master
	columns []string // the first that exists is read, newest name first
	set     func(*row, cell)
}

// row is an asset being read, with what its facts are derived from.
type row struct {
	Asset
	pk, attributes int64 // Z_PK of the asset and of its attributes; 0 without attributes

	directory    string
	saved, scope int64
	subtype      int64 // ZKINDSUBTYPE
	playback     int64
	depth, hdr   int64
	camera       int64
	spatial      int64
	latitude     *float64
	longitude    *float64
	taken        *float64
	zone         zoneRow
	pickType     int64
	burst        string
}

// cell is one value of the current row.
type cell struct {
	stmt *sqlite.Stmt
	i    int
}

func (c cell) null() bool   { return c.stmt.ColumnType(c.i) == sqlite.TypeNull }
func (c cell) raw() string  { return c.stmt.ColumnText(c.i) }
func (c cell) text() string { return text(c.stmt, c.i) }
func (c cell) int() int64   { return c.stmt.ColumnInt64(c.i) }
func (c cell) bool() bool   { return c.stmt.ColumnInt64(c.i) != 0 }

func (c cell) time() time.Time {
	if !c.number() {
		return time.Time{}
	}
	return instant(c.stmt.ColumnFloat(c.i))
}

func (c cell) float() *float64 {
	if !c.number() {
		return nil
	}
	f := c.stmt.ColumnFloat(c.i)
	if math.IsInf(f, 0) { // as SQLite reads 9e999
		return nil
	}
	return &f
}

// number reports whether the value is one; text and blobs in a column of
// numbers are damage and count as nothing.
func (c cell) number() bool {
	t := c.stmt.ColumnType(c.i)
	return t == sqlite.TypeInteger || t == sqlite.TypeFloat
}

// facts is the whole of what is read of an asset's own rows.
var facts = []fact{
	{"", "a", []string{"Z_PK"}, func(r *row, c cell) { r.pk = c.int() }},
	{"", "b", []string{"Z_PK"}, func(r *row, c cell) { r.attributes = c.int() }},
	{"", "a", []string{"ZUUID"}, func(r *row, c cell) { r.UUID = UUID(c.raw()) }},
	{"", "a", []string{"ZKIND"}, func(r *row, c cell) { r.Kind = kindOf(c) }},
	{"", "a", []string{"ZFILENAME"}, func(r *row, c cell) { r.Name.Library = c.raw() }},
	{"", "b", []string{"ZORIGINALFILENAME"}, func(r *row, c cell) { r.Name.Original = c.text() }},
	{"", "a", []string{"ZDIRECTORY"}, func(r *row, c cell) { r.directory = c.raw() }},
	{"", "a", []string{"ZSAVEDASSETTYPE"}, func(r *row, c cell) { r.saved = c.int() }},
	{"", "a", []string{"ZBUNDLESCOPE"}, func(r *row, c cell) { r.scope = c.int() }},

	{"", "a", []string{"ZDATECREATED"}, func(r *row, c cell) { r.taken = c.float() }},
	{"", "b", []string{"ZEXIFTIMESTAMPSTRING"}, func(r *row, c cell) { r.Dates.Exif = c.raw() }},
	{"zone of the picture", "b", []string{"ZTIMEZONEOFFSET"}, func(r *row, c cell) { r.zone.offset = c.float() }},
	{"", "b", []string{"ZTIMEZONENAME"}, func(r *row, c cell) { r.zone.name = c.text() }},
	{"", "b", []string{"ZINFERREDTIMEZONEOFFSET"}, func(r *row, c cell) { r.zone.inferred = c.float() }},
	{"date added", "a", []string{"ZADDEDDATE"}, func(r *row, c cell) { r.Dates.Added = c.time() }},
	{"date of the last edit", "a", []string{"ZADJUSTMENTTIMESTAMP"}, func(r *row, c cell) { r.Dates.Modified = c.time() }},
	{"", "a", []string{"ZTRASHEDDATE"}, func(r *row, c cell) { r.Dates.Trashed = c.time() }},

	{"title", "b", []string{"ZTITLE"}, func(r *row, c cell) { r.Text.Title = c.text() }},
	{"description", "d", []string{"ZLONGDESCRIPTION"}, func(r *row, c cell) { r.Text.Description = c.text() }},
	{"latitude", "a", []string{"ZLATITUDE"}, func(r *row, c cell) { r.latitude = c.float() }},
	{"longitude", "a", []string{"ZLONGITUDE"}, func(r *row, c cell) { r.longitude = c.float() }},

	{"favourites", "a", []string{"ZFAVORITE"}, func(r *row, c cell) { r.Flags.Favorite = c.bool() }},
	{"hidden", "a", []string{"ZHIDDEN"}, func(r *row, c cell) { r.Flags.Hidden = c.bool() }},
	{"", "a", []string{"ZTRASHEDSTATE"}, func(r *row, c cell) { r.Flags.Trashed = c.bool() }},
	{"visibility", "a", []string{"ZVISIBILITYSTATE"}, func(r *row, c cell) { r.Flags.Visible = c.int() == 0 && !c.null() }},
	{"", "a", []string{"ZADJUSTMENTSSTATE", "ZHASADJUSTMENTS"}, func(r *row, c cell) { r.EditState = int(c.int()) }},

	{"kinds of picture", "a", []string{"ZKINDSUBTYPE"}, func(r *row, c cell) { r.subtype = c.int() }},
	{"", "a", []string{"ZPLAYBACKSTYLE"}, func(r *row, c cell) { r.playback = c.int() }},
	{"", "a", []string{"ZDEPTHTYPE", "ZDEPTHSTATES"}, func(r *row, c cell) { r.depth = c.int() }},
	{"", "a", []string{"ZHDRTYPE", "ZCUSTOMRENDEREDVALUE"}, func(r *row, c cell) { r.hdr = c.int() }},
	{"", "a", []string{"ZSPATIALTYPE"}, func(r *row, c cell) { r.spatial = c.int() }},
	{"", "b", []string{"ZCAMERACAPTUREDEVICE"}, func(r *row, c cell) { r.camera = c.int() }},
	{"bursts", "a", []string{"ZAVALANCHEUUID"}, func(r *row, c cell) { r.burst = c.raw() }},
	{"", "a", []string{"ZAVALANCHEPICKTYPE"}, func(r *row, c cell) { r.pickType = c.int() }},

	{"type", "a", []string{"ZUNIFORMTYPEIDENTIFIER"}, func(r *row, c cell) { r.Current.UTI = c.raw() }},
	{"width", "a", []string{"ZWIDTH"}, func(r *row, c cell) { r.Current.take(FrameWidth, c) }},
	{"height", "a", []string{"ZHEIGHT"}, func(r *row, c cell) { r.Current.take(FrameHeight, c) }},
	{"orientation", "a", []string{"ZORIENTATION"}, func(r *row, c cell) { r.Current.take(FrameOrientation, c) }},
	{"original width", "b", []string{"ZORIGINALWIDTH"}, func(r *row, c cell) { r.Original.take(FrameWidth, c) }},
	{"original height", "b", []string{"ZORIGINALHEIGHT"}, func(r *row, c cell) { r.Original.take(FrameHeight, c) }},
	{"original orientation", "b", []string{"ZORIGINALORIENTATION"}, func(r *row, c cell) { r.Original.take(FrameOrientation, c) }},
	{"original size", "b", []string{"ZORIGINALFILESIZE"}, func(r *row, c cell) { r.Original.take(FrameBytes, c) }},
	{"duration", "a", []string{"ZDURATION"}, func(r *row, c cell) { r.setDuration(c) }},
	{"fingerprints", "b", []string{"ZORIGINALSTABLEHASH", "ZMASTERFINGERPRINT"}, func(r *row, c cell) { r.Original.Fingerprint = c.raw() }},
	{"", "b", []string{"ZADJUSTEDSTABLEHASH", "ZADJUSTEDFINGERPRINT"}, func(r *row, c cell) { r.Current.Fingerprint = c.raw() }},
	{"", "b", []string{"ZORIGINALRESOURCECHOICE"}, func(r *row, c cell) { r.Flags.RawIsOriginal = c.int() == 1 }},

	{"what iCloud calls originals", "m", []string{"ZCLOUDMASTERGUID"}, func(r *row, c cell) { r.Cloud.MasterGUID = c.raw() }},
	{"", "m", []string{"ZCLOUDLOCALSTATE"}, func(r *row, c cell) { r.setCloudState(c) }},
	{"", "a", []string{"ZCLOUDASSETGUID"}, func(r *row, c cell) { r.Cloud.AssetGUID = c.raw() }},
	{"", "a", []string{"ZCLOUDBATCHPUBLISHDATE"}, func(r *row, c cell) { r.Origin.SharedAlbum = !c.null() }},
	{"", "a", []string{"ZMOMENTSHARE"}, func(r *row, c cell) { r.Origin.SharedMoment = !c.null() }},
}

// Facts that are unknown, rather than false, where a release has no column.
var releaseFacts = []fact{
	{"", "a", []string{"ZACTIVELIBRARYSCOPEPARTICIPATIONSTATE"}, func(r *row, c cell) { r.Origin.SharedLibrary = truth(c.bool()) }},
	{"", "b", []string{"ZSYNDICATIONIDENTIFIER"}, func(r *row, c cell) { r.Origin.Syndicated = truth(!c.null()) }},
	{"", "b", []string{"ZSYNDICATIONHISTORY"}, func(r *row, c cell) { r.Origin.SavedToLibrary = truth(c.bool()) }},
}

func truth(b bool) *bool { return &b }

func kindOf(c cell) Kind {
	switch {
	case !c.number():
		return Unknown
	case c.int() == 0:
		return Photo
	case c.int() == 1:
		return Movie
	}
	return Unknown
}

func (r *row) setDuration(c cell) {
	if r.Kind != Movie {
		return
	}
	if f := c.float(); f != nil {
		r.Media.Duration = *f
	} else {
		r.Media.NoDuration = true
	}
}

// take takes one of the frame's numbers, all of which are unknown before.
func (f *Frame) take(n FrameNumbers, c cell) {
	if !c.number() {
		return
	}
	f.Unknown &^= n
	switch n {
	case FrameWidth:
		f.Width = int(c.int())
	case FrameHeight:
		f.Height = int(c.int())
	case FrameOrientation:
		f.Orientation = int(c.int())
	case FrameBytes:
		f.Bytes = c.int()
	}
}

func (r *row) setCloudState(c cell) {
	if r.Cloud.MasterGUID != "" || !c.null() {
		r.Cloud.Uploaded = truth(c.int() == 3)
	}
}

// assetQuery builds the query for the facts, and the facts in the order of its
// columns. Its one parameter is a JSON array of Z_PKs; the first column is the
// place in that array.
func (s *schema) assetQuery() (string, []fact) {
	tables := map[string]string{"a": s.asset, "b": attributes, "d": "ZASSETDESCRIPTION", "m": "ZCLOUDMASTER"}
	joined := map[string]bool{"a": true, "b": true,
		"d": s.has("ZASSETDESCRIPTION", "Z_PK") && s.has(attributes, "ZASSETDESCRIPTION"),
		"m": s.has("ZCLOUDMASTER", "Z_PK") && s.has(s.asset, "ZMASTER"),
	}
	var columns []string
	var used []fact
	for _, f := range facts {
		column := "NULL"
		switch {
		case joined[f.table] && f.name == "":
			column = s.column(f.table, tables[f.table], f.columns...)
		case joined[f.table]:
			column = s.optional(f.name, f.table, tables[f.table], f.columns...)
		case f.name != "":
			s.lacks(f.name)
		}
		columns, used = append(columns, column), append(used, f)
	}
	for _, f := range releaseFacts {
		if column := s.column(f.table, tables[f.table], f.columns...); column != "NULL" {
			columns, used = append(columns, column), append(used, f)
		}
	}
	query := "SELECT j.key, " + strings.Join(columns, ", ") + " FROM json_each(?1) j CROSS JOIN " + s.asset +
		" a ON a.Z_PK = j.value LEFT JOIN " + attributes + " b ON b.ZASSET = a.Z_PK"
	if joined["d"] {
		query += " LEFT JOIN ZASSETDESCRIPTION d ON d.Z_PK = b.ZASSETDESCRIPTION"
	}
	if joined["m"] {
		query += " LEFT JOIN ZCLOUDMASTER m ON m.Z_PK = a.ZMASTER"
	}
	return query, used
}

// derive fills in what follows from several facts together.
func (r *row) derive(z zones) {
	if r.Name.Original == "" {
		r.Name.Original = r.Name.Library
	}
	if r.taken != nil {
		r.Dates.Taken = instant(*r.taken)
	}
	r.Dates.Zone = z.zone(r.zone, r.Dates.Taken)
	if !r.Dates.Taken.IsZero() && r.Dates.Zone.Offset != 0 {
		r.Dates.Taken = r.Dates.Taken.In(time.FixedZone("", r.Dates.Zone.Offset))
	}
	if r.latitude != nil && r.longitude != nil && (*r.latitude != -180 || *r.longitude != -180) {
		r.Location = &Location{*r.latitude, *r.longitude}
	}
	if r.burst != "" {
		r.Media.Burst = &Burst{r.burst, int(r.pickType)}
	}
	r.Origin.Referenced = r.saved == savedReferenced
}

// Values of ZSAVEDASSETTYPE, and of ZBUNDLESCOPE.
const (
	savedShared     = 4  // belongs to a shared album
	savedReferenced = 10 // the file was left outside the library

	scopeShared     = 2 // belongs to a shared album
	scopeSyndicated = 3 // "Shared with You"
)

// deriveSubtypes needs the resources, for RAW.
func (r *row) deriveSubtypes() {
	photo, movie := r.Kind == Photo, r.Kind == Movie
	for _, rule := range []struct {
		is      bool
		subtype Subtype
	}{ // in the order of their names
		{photo && r.playback == 2, Animated},
		{r.Media.Burst != nil, BurstFrame},
		{movie && r.depth != 0, Cinematic},
		{photo && r.hdr == 3, HDR},
		{photo && r.subtype == 2, Live},
		{photo && (r.subtype == 1 || r.hdr == 6), Panorama},
		{photo && r.depth != 0, Portrait},
		{r.HasRaw() || r.IsRaw(), Raw},
		{movie && r.subtype == 103, ScreenRecording},
		{photo && r.subtype == 10, Screenshot},
		{r.camera == 1, Selfie},
		{movie && r.subtype == 101, SlowMotion},
		{r.spatial != 0, Spatial},
		{movie && r.subtype == 102, TimeLapse},
	} {
		if rule.is {
			r.Media.Subtypes = append(r.Media.Subtypes, rule.subtype)
		}
	}
}
