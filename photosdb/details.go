package photosdb

import "time"

// Include is a set of groups of rarer facts that Library.Assets reads on demand,
// joined with |. Each costs a query for a thousand assets, and IncludePlace and
// IncludeLabels some more; none of them is needed for copying.
type Include uint

// The groups, and what of Asset.Details each fills in.
const (
	IncludePlace   Include = 1 << iota // Place, Accuracy
	IncludeCamera                      // Camera
	IncludeEdit                        // Edit
	IncludeOrigin                      // Import, Moment, Projects
	IncludeScores                      // Scores
	IncludeSharing                     // Sharing
	IncludeLabels                      // Labels
	IncludeRecord                      // Record

	// IncludePreviews adds no facts but a file: Asset.Resources has one of RolePreview
	// where the original is not in the library folder and Photos keeps a smaller picture
	// of it. It is not part of IncludeAll.
	IncludePreviews

	IncludeNothing Include = 0
	IncludeAll             = IncludePlace | IncludeCamera | IncludeEdit | IncludeOrigin | IncludeScores |
		IncludeSharing | IncludeLabels | IncludeRecord
)

// Details are the rarer facts of an asset. A fact of a group that was not asked
// for is as one that is not known. Pointers are nil, and texts "", where the
// library has nothing.
type Details struct {
	Place    *Place             // nil until Photos looked it up, and where that cannot be decoded
	Accuracy *float64           // metres around Asset.Location, attributes ZGPSHORIZONTALACCURACY; nil before Photos 6, where unknown or negative
	Camera   *Camera            // nil without a row of ZEXTENDEDATTRIBUTES
	Edit     *Edit              // nil for assets without adjustments
	Import   Import             // how it came into the library
	Moment   *Moment            // nil without a row of ZMOMENT
	Projects []Album            // cards, calendars, slideshows (ZGENERICALBUM.ZKIND 1508); by title, then UUID
	Scores   map[string]float64 // what Photos thinks of the picture, by the names of ScoreNames; only those that are there
	Sharing  Sharing
	Labels   []string // what Photos sees in the picture, in the library's language; unique, sorted by code point
	Record   Record

	// Problem is why facts are not here although the library has something in
	// their place: what could not be decoded, of which row (Z_PK) of which table.
	Problem error
}

// Camera is what Photos read from the file at import (ZEXTENDEDATTRIBUTES). It
// does not replace reading the file.
type Camera struct {
	Make, Model, Lens string   // ZCAMERAMAKE, ZCAMERAMODEL, ZLENSMODEL
	ISO               *int     // ZISO
	Aperture          *float64 // f-number, ZAPERTURE
	ShutterSpeed      *float64 // seconds, ZSHUTTERSPEED
	ExposureBias      *float64 // EV, ZEXPOSUREBIAS
	FocalLength       *float64 // mm, ZFOCALLENGTH
	FocalLength35mm   *float64 // mm, ZFOCALLENGTHIN35MM; from Photos 7 on
	DigitalZoom       *float64 // ratio, ZDIGITALZOOMRATIO; from Photos 7 on
	FlashFired        *bool    // ZFLASHFIRED
	MeteringMode      *int     // as in Exif, ZMETERINGMODE
	WhiteBalance      *int     // as in Exif, ZWHITEBALANCE

	Codec       string   // of a movie, ZCODEC
	FPS         *float64 // frames a second, ZFPS
	BitRate     *float64 // bits a second, ZBITRATE
	SampleRate  *float64 // Hz, ZSAMPLERATE
	TrackFormat *int     // ZTRACKFORMAT
	Duration    *float64 // seconds, ZDURATION

	Location *Location // ZLATITUDE, ZLONGITUDE: before the user moved the picture
	Date     time.Time // before the user changed it, with the offset of the camera, UTC if there is none; ZDATECREATED, from Photos 8 on; may be zero
	ZoneName string    // ZTIMEZONENAME; from Photos 8 on
	Offset   *int      // seconds east of UTC, ZTIMEZONEOFFSET; from Photos 8 on
}

// Edit is what the library notes of an asset's adjustments
// (ZUNMANAGEDADJUSTMENT); the adjustments themselves are in the resource of
// RoleAdjustments.
type Edit struct {
	Format      string    // ZADJUSTMENTFORMATIDENTIFIER, such as com.apple.photo
	Version     string    // of the format, ZADJUSTMENTFORMATVERSION
	Editor      string    // bundle identifier, attributes ZEDITORBUNDLEID; its case varies
	EditorName  string    // ZEDITORLOCALIZEDNAME, mostly the bundle identifier again
	Time        time.Time // UTC, ZADJUSTMENTTIMESTAMP; may be zero
	RenderTypes *int      // bits, ZADJUSTMENTRENDERTYPES
	State       *int      // asset table ZADJUSTMENTSSTATE: 2 an edit, 3 made by the camera; nil before Photos 10
}

// ExternalEditFormat is the Edit.Format of what another program edited.
const ExternalEditFormat = "com.apple.Photos.externalEdit"

// Import is how an asset came into the library.
type Import struct {
	Session     *ImportSession // nil where there is none
	CreatorID   string         // bundle identifier of the program, attributes ZIMPORTEDBYBUNDLEIDENTIFIER, before Photos 7 ZCREATORBUNDLEID
	CreatorName string         // attributes ZIMPORTEDBYDISPLAYNAME; from Photos 7 on
	By          *int           // Photos' number for the way, attributes ZIMPORTEDBY
}

// ImportSession is a group of assets that came together (ZGENERICALBUM.ZKIND
// 1506). Times are in UTC and may be zero.
type ImportSession struct {
	UUID    UUID      // ZUUID
	Title   string    // ZTITLE
	Created time.Time // ZCREATIONDATE
	Start   time.Time // ZSTARTDATE
	End     time.Time // ZENDDATE
}

// Moment is a group of pictures that Photos made by time and place (ZMOMENT).
// Texts are in NFKC: Photos keeps no-break spaces in them. Times are in UTC and
// may be zero.
type Moment struct {
	UUID           UUID      // ZUUID
	Title          string    // ZTITLE
	Subtitle       string    // ZSUBTITLE
	Start          time.Time // ZSTARTDATE
	End            time.Time // ZENDDATE
	Representative time.Time // ZREPRESENTATIVEDATE
	Location       *Location // ZAPPROXIMATELATITUDE, ZAPPROXIMATELONGITUDE
}

// Sharing is who has to do with an asset that is shared.
type Sharing struct {
	Owner        *Person       // of an item of a shared album, by hashed id: asset table ZCLOUDOWNERHASHEDPERSONID
	Comments     []Comment     // ZCLOUDSHAREDCOMMENT, ZISLIKE 0, by date; a caption by the publisher is one
	Likes        []Comment     // ZCLOUDSHAREDCOMMENT, ZISLIKE 1, by date; without text
	Scope        *Folder       // the shared library: ZSHARE of asset table ZLIBRARYSCOPE
	Participants []Participant // who put it into the shared library; by UUID; from Photos 8 on
}

// Comment is what somebody said of an item of a shared album.
type Comment struct {
	Date   time.Time // UTC, ZCOMMENTDATE; may be zero
	Person *Person   // by hashed id, ZCOMMENTERHASHEDPERSONID; nil where unknown, as for one's own in Photos 5
	Mine   bool      // ZISMYCOMMENT
	Text   string    // ZCOMMENTTEXT
}

// Participant is somebody who has a part in a shared library
// (ZSHAREPARTICIPANT).
type Participant struct {
	UUID        UUID   // ZUUID
	Name        string // given and family name of ZNAMECOMPONENTS
	Email       string // ZEMAILADDRESS
	Phone       string // ZPHONENUMBER
	CurrentUser bool   // ZISCURRENTUSER
}

// Record is what the library notes for itself.
type Record struct {
	Modified      time.Time // UTC; any change, views included: asset table ZMODIFICATIONDATE
	Accessibility string    // the picture in words for who cannot see it, attributes ZACCESSIBILITYDESCRIPTION; from Photos 6 on
	MediaGroup    string    // joins the halves of a Live Photo, asset table ZMEDIAGROUPUUID

	// The numbers behind some subtypes; nil where the release lacks the column.
	HDRType     *int // asset table ZHDRTYPE, before Photos 7 ZCUSTOMRENDEREDVALUE
	DepthType   *int // asset table ZDEPTHTYPE, in Photos 5 ZDEPTHSTATES
	SpatialType *int // asset table ZSPATIALTYPE; from Photos 9 on
}

// ScoreNames returns the names of all scores in the order in which programs are
// told them. The first five are columns of the asset table, the others of
// ZCOMPUTEDASSETATTRIBUTES: Z, the name in capitals without underscores, SCORE.
func ScoreNames() []string {
	return []string{
		"overall_aesthetic", "curation", "promotion", "highlight_visibility", "iconic",
		"behavioral", "failure", "harmonious_color", "immersiveness", "interaction", "interesting_subject",
		"intrusive_object_presence", "lively_color", "low_light", "noise", "pleasant_camera_tilt", "pleasant_composition",
		"pleasant_lighting", "pleasant_pattern", "pleasant_perspective", "pleasant_post_processing", "pleasant_reflection",
		"pleasant_symmetry", "sharply_focused_subject", "tastefully_blurred", "well_chosen_subject", "well_framed_subject",
		"well_timed_shot",
	}
}
