package export

import (
	"time"

	"github.com/photogo/photogo/manifest"
	"github.com/photogo/photogo/photosdb"
)

// Action is what is to be done with a file.
type Action string

// The actions.
const (
	Place   Action = "place"   // copy it from the library, or write it
	Move    Action = "move"    // it is there, under another name
	Keep    Action = "keep"    // it is there
	Missing Action = "missing" // it should be there, and the library has no bytes of it
)

// Reasons for actions, as a person reads them. Those of Missing say what to do.
const (
	ReasonNew        = "new"
	ReasonChanged    = "changed in the library"
	ReasonGone       = "gone from the destination"
	ReasonAltered    = "altered in the destination"
	ReasonSpoilt     = "damaged in the destination"
	ReasonRenamed    = "called otherwise now"
	ReasonFacts      = "facts changed"
	ReasonSame       = "unchanged"
	ReasonInCloud    = "only in iCloud"
	ReasonNewInCloud = "its newest version is only in iCloud"
	ReasonLost       = "not in the library folder, nor in iCloud as far as the library knows"
	ReasonUnrendered = "edited, but the edited version is not in the library folder"
	ReasonNoLive     = "a Live Photo whose movie the library does not have"
	ReasonReferenced = "lies outside the library; --include-referenced exports it"
	ReasonFound      = "was there already"
	ReasonReplaced   = "another program's; photogo writes its own"
	ReasonNotHeld    = "no longer in the library"
	ReasonNotFound   = "lies outside the library, and is not where it was"
)

// RoleSidecar and RoleEditedSidecar are the roles of the files that photogo
// makes itself, beside those of package photosdb.
const (
	RoleSidecar       photosdb.Role = "sidecar"
	RoleEditedSidecar photosdb.Role = "edited_sidecar"
)

// Item is one file and what is to be done with it.
type Item struct {
	UUID    photosdb.UUID // of the asset it belongs to
	Role    photosdb.Role
	Path    string // where it belongs, relative to the destination; "" if it has no name because nobody knows its type
	Action  Action
	Reason  string
	Source  *photosdb.Resource // what it is copied from; nil for sidecars and for files that the library does not name
	Content []byte             // of a sidecar that is to be placed
	Size    int64              // bytes, as far as they are known
	Version string             // see manifest.Entry
	Stamp   time.Time          // modification time to give it; zero: none is known

	want  string          // Apple's fingerprint of the file; "" where the library has none
	known *manifest.Entry // what the record has; nil for none
	of    photosdb.Role   // the picture that a sidecar belongs to; "" for others
	check bool            // the file at known.Path is not as it was recorded
}

// Group is an asset's items, the pictures before their sidecars.
type Group struct {
	Asset photosdb.UUID
	Items []Item

	name manifest.Name
	// named says that the name is new to the record.
	named bool
}
