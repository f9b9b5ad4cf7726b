package photosdb

import (
	"strings"
	"time"
)

// UUID names a row of a library: 36 characters, upper-case hexadecimal with
// hyphens. It is unique inside one library and differs between two Macs that
// share one iCloud library.
type UUID string

// Kind says what an asset is (ZKIND of the asset table).
type Kind string

// The kinds of asset. Unknown stands for any ZKIND other than 0 and 1.
const (
	Photo   Kind = "photo"
	Movie   Kind = "movie"
	Unknown Kind = "unknown"
)

// Asset is one picture or movie with all its files, as the library had it when
// the snapshot was taken. It is a value: facts only, no connection to the
// library. Text is in Unicode NFC, and "" where the database has nothing.
//
// "asset table" below is ZASSET, in Photos 5 ZGENERICASSET; "attributes" is
// ZADDITIONALASSETATTRIBUTES.
type Asset struct {
	UUID UUID // asset table ZUUID; never empty
	Kind Kind // asset table ZKIND
	Name Name

	Dates Dates
	Text  Text
	Flags Flags
	Media Media

	Albums       []Album // albums the user made (ZGENERICALBUM.ZKIND 2); by title, then UUID
	SharedAlbums []Album // iCloud shared albums (ZKIND 1505); same order
	Faces        []Face  // every row of ZDETECTEDFACE of the asset, by UUID

	Location *Location // nil where Photos knows no place

	// EditState is not 0 where the asset has adjustments: ZADJUSTMENTSSTATE, before
	// Photos 10 ZHASADJUSTMENTS. From Photos 10 on 1 and 2 are edits and 3 is what
	// the camera did itself (slow motion, filters), which has no rendering of its
	// own; before, 1 stands for all of them. See Edited.
	EditState int

	Original Frame // the original file, as stored
	Current  Frame // the current version, as displayed: that of the edit, if there is one

	Cloud  Cloud
	Origin Origin

	Resources []Resource // the asset's files in the order of the roles; at most one per role

	Details *Details // rarer facts, as far as Query.Include asked for them; else nil
}

// Edited reports whether the asset has adjustments, the user's or the camera's.
func (a *Asset) Edited() bool { return a.EditState != 0 }

// Text is what people wrote about an asset.
type Text struct {
	Title       string   // attributes ZTITLE
	Description string   // the caption, ZASSETDESCRIPTION.ZLONGDESCRIPTION; may hold newlines
	Keywords    []string // ZKEYWORD.ZTITLE; unique, sorted by code point
}

// Flags are the marks of an asset.
type Flags struct {
	Favorite bool // asset table ZFAVORITE
	Hidden   bool // asset table ZHIDDEN
	Trashed  bool // asset table ZTRASHEDSTATE is not 0: 1 in the trash, 2 about to be removed for good
	Visible  bool // asset table ZVISIBILITYSTATE is 0; false for burst frames not picked and shared-album items

	RawIsOriginal bool // the user chose "use RAW as original" (attributes ZORIGINALRESOURCECHOICE is 1); files keep their roles
}

// Media is how an asset was taken.
type Media struct {
	Subtypes []Subtype // sorted
	Burst    *Burst    // nil unless ZAVALANCHEUUID is set
	Duration float64   // seconds, asset table ZDURATION; 0 for photos

	NoDuration bool // a movie whose length the database does not have
}

// Name holds the two names of an asset.
type Name struct {
	Original string // the name at import, attributes ZORIGINALFILENAME; falls back to Library
	Library  string // the name in the library, asset table ZFILENAME, as stored; mostly <UUID>.<ext>
}

// Dates are the times of an asset. A zero time.Time means that the library has
// none, or one outside the years 1 to 9999.
type Dates struct {
	Taken    time.Time // what Photos shows as the date, in the picture's own zone (Zone.Offset); asset table ZDATECREATED
	Exif     string    // the camera's own date, local, as stored: YYYY:MM:DD hh:mm:ss; attributes ZEXIFTIMESTAMPSTRING; may be ""
	Zone     Zone      // present even when Taken is zero
	Added    time.Time // UTC; asset table ZADDEDDATE
	Modified time.Time // UTC; last edit of the picture itself, asset table ZADJUSTMENTTIMESTAMP; zero if never edited
	Trashed  time.Time // UTC; asset table ZTRASHEDDATE
}

// Zone is where the clock stood when the picture was taken.
type Zone struct {
	Name   string     // attributes ZTIMEZONENAME as stored: an IANA name or GMT±hhmm; may be ""
	Offset int        // seconds east of UTC, the one used for Dates.Taken
	Source ZoneSource // what Offset was taken from
}

// ZoneSource tells how far a zone can be trusted.
type ZoneSource string

// Where a zone's offset came from, best first.
const (
	ZoneOffset   ZoneSource = "offset"   // attributes ZTIMEZONEOFFSET
	ZoneName     ZoneSource = "name"     // attributes ZTIMEZONENAME, resolved at that instant
	ZoneInferred ZoneSource = "inferred" // attributes ZINFERREDTIMEZONEOFFSET, Photos' guess
	ZoneUTC      ZoneSource = "utc"      // nothing is known: UTC
)

// Location is a place in degrees, WGS 84 (asset table ZLATITUDE, ZLONGITUDE).
type Location struct {
	Latitude  float64 `json:"latitude"`  // north positive
	Longitude float64 `json:"longitude"` // east positive
}

// Album is an album that holds the asset (ZGENERICALBUM). Titles need not be unique.
type Album struct {
	UUID    UUID     // ZUUID
	Title   string   // ZTITLE
	Folders []Folder // outermost first, by ZPARENTFOLDER; empty at top level; nil for shared albums
	Owner   Person   // of a shared album: ZCLOUDOWNERHASHEDPERSONID and name; zero otherwise
}

// Folder is a folder of albums (ZGENERICALBUM.ZKIND 4000).
type Folder struct {
	UUID  UUID   `json:"uuid"`  // ZUUID
	Title string `json:"title"` // ZTITLE
}

// Person is somebody the library knows.
type Person struct {
	ID   string // ZPERSON.ZPERSONUUID; for the owner of a shared album the hashed person id
	Name string // ZFULLNAME; "" for a cluster of faces that nobody named
	// KnownAs is the name to show: that of the person this one was merged into
	// (ZMERGETARGETPERSON), and ZDISPLAYNAME where ZFULLNAME is empty.
	KnownAs string
}

// Face is a face that was found or drawn (ZDETECTEDFACE). Coordinates are of the
// current version as displayed, orientation applied, origin top left, 0 to 1.
type Face struct {
	UUID         UUID    // ZUUID
	Person       *Person // nil where the person's row is gone
	X, Y         float64 // centre: ZCENTERX, 1 - ZCENTERY
	Size         float64 // side of the square around the face, as a fraction of the longer side; 0 is a face without extent
	SourceWidth  int     // pixels of the picture the face was found in, ZSOURCEWIDTH
	SourceHeight int     // ZSOURCEHEIGHT
	Quality      float64 // ZQUALITY; -1 for faces drawn by hand
	Roll         float64 // radians, ZROLL
	Manual       bool    // drawn by hand, ZMANUAL
	Hidden       bool    // the user took it away, ZHIDDEN
	Trashed      bool    // ZISINTRASH
	Detection    *int    // ZDETECTIONTYPE (1 person, 3 and 4 pets); nil before Photos 7

	// Unknown says which of the numbers above the row does not have. They are 0.
	Unknown FaceNumbers
}

// FaceNumbers is a set of the numbers of a Face, joined with |.
type FaceNumbers uint8

// The numbers of a Face.
const (
	FaceX FaceNumbers = 1 << iota
	FaceY
	FaceSize
	FaceSourceWidth
	FaceSourceHeight
	FaceQuality
	FaceRoll
)

// Frame is the size and type of a picture.
type Frame struct {
	Width       int    // pixels
	Height      int    // pixels
	Orientation int    // EXIF orientation of the file, 1 to 8; 0 where unknown
	UTI         string // uniform type identifier, such as public.heic
	Bytes       int64  // size at import (attributes ZORIGINALFILESIZE) of the original; 0 where unknown, and for the current version

	// Unknown says which of the numbers above the database does not have. They are 0,
	// as others are that it has.
	Unknown FrameNumbers

	// Fingerprint is Apple's, "" until Photos computed it: of the original
	// attributes ZORIGINALSTABLEHASH, before Photos 10 ZMASTERFINGERPRINT; of the
	// current version that of the rendered edit, ZADJUSTEDSTABLEHASH, before Photos
	// 10 ZADJUSTEDFINGERPRINT, and "" where nothing was edited.
	Fingerprint string
}

// FrameNumbers is a set of the numbers of a Frame, joined with |.
type FrameNumbers uint8

// The numbers of a Frame.
const (
	FrameWidth FrameNumbers = 1 << iota
	FrameHeight
	FrameOrientation
	FrameBytes

	frameNumbers = FrameWidth | FrameHeight | FrameOrientation | FrameBytes
)

// Subtype is a special way of taking a picture, derived as docs/JSON.md says.
type Subtype string

// The subtypes.
const (
	Animated        Subtype = "animated"
	BurstFrame      Subtype = "burst"
	Cinematic       Subtype = "cinematic"
	HDR             Subtype = "hdr"
	Live            Subtype = "live"
	Panorama        Subtype = "panorama"
	Portrait        Subtype = "portrait"
	Raw             Subtype = "raw"
	ScreenRecording Subtype = "screen_recording"
	Screenshot      Subtype = "screenshot"
	Selfie          Subtype = "selfie"
	SlowMotion      Subtype = "slow_mo"
	Spatial         Subtype = "spatial"
	TimeLapse       Subtype = "time_lapse"
)

// Burst ties together the frames of one burst.
type Burst struct {
	UUID     string // asset table ZAVALANCHEUUID, the same for all frames
	PickType int    // asset table ZAVALANCHEPICKTYPE: bits 2 not selected, 4 default pick, 8 selected by the user, 16 key frame
}

// Bits of Burst.PickType.
const (
	pickNotSelected = 2
	pickDefault     = 4
	pickSelected    = 8
	pickKey         = 16
)

// Selected reports whether the user picked the frame.
func (b Burst) Selected() bool { return b.PickType&pickSelected != 0 }

// Key reports whether the frame is the top of the stack.
func (b Burst) Key() bool { return b.PickType&pickKey != 0 }

// DefaultPick reports whether Photos suggests the frame.
func (b Burst) DefaultPick() bool { return b.PickType&pickDefault != 0 }

// Unpicked reports whether Photos hides the frame behind the top of its stack:
// marked as not selected, neither picked by the user nor the key frame.
func (b Burst) Unpicked() bool {
	return b.PickType&pickNotSelected != 0 && !b.Selected() && !b.Key()
}

// Cloud says what iCloud Photos knows of the asset.
type Cloud struct {
	MasterGUID string // ZCLOUDMASTER.ZCLOUDMASTERGUID, the fingerprint of the original; "" outside iCloud
	AssetGUID  string // asset table ZCLOUDASSETGUID, the same on all Macs
	Uploaded   *bool  // ZCLOUDMASTER.ZCLOUDLOCALSTATE is 3; nil without a cloud master
}

// Origin says how the asset came to be in the library. The pointers are nil
// where the library's generation cannot tell.
type Origin struct {
	Referenced     bool  // the file was left outside the library: asset table ZSAVEDASSETTYPE is 10
	SharedAlbum    bool  // an entry of an iCloud shared album: asset table ZCLOUDBATCHPUBLISHDATE is set
	SharedLibrary  *bool // in the iCloud Shared Photo Library: asset table ZACTIVELIBRARYSCOPEPARTICIPATIONSTATE is not 0
	SharedMoment   bool  // from an iCloud link: asset table ZMOMENTSHARE is set
	Syndicated     *bool // "Shared with You": attributes ZSYNDICATIONIDENTIFIER is set
	SavedToLibrary *bool // a syndicated item that was saved: attributes ZSYNDICATIONHISTORY is not 0
}

// Resource returns the asset's resource of a role, or nil.
func (a *Asset) Resource(role Role) *Resource {
	for i := range a.Resources {
		if a.Resources[i].Role == role {
			return &a.Resources[i]
		}
	}
	return nil
}

// HasRaw reports whether a RAW file belongs to the asset beside its original.
func (a *Asset) HasRaw() bool { return a.Resource(RoleRaw) != nil }

// IsRaw reports whether the original itself is a RAW file.
func (a *Asset) IsRaw() bool { return strings.HasSuffix(a.Original.UTI, "raw-image") }

// Has reports whether the asset is of a subtype.
func (a *Asset) Has(s Subtype) bool {
	for _, t := range a.Media.Subtypes {
		if t == s {
			return true
		}
	}
	return false
}
