package export

import (
	"fmt"
	"time"

	"github.com/photogo/photogo/manifest"
	"github.com/photogo/photogo/naming"
	"github.com/photogo/photogo/photokit"
	"github.com/photogo/photogo/photosdb"
)

// Action is what is to be done with a file.
type Action string

// The actions.
const (
	Place   Action = "place"   // copy it from the library, or write it
	Move    Action = "move"    // it is there, under another name
	Keep    Action = "keep"    // it is there
	Fetch   Action = "fetch"   // only iCloud has it, and it is to be fetched from there
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
	ReasonReleased   = "unchanged, and proven elsewhere"
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
	ReasonPlaces     = "the templates give it more places than photogo makes for one asset"
)

// RoleSidecar and RoleEditedSidecar are the roles of the files that photogo
// makes itself, beside those of package photosdb.
const (
	RoleSidecar       photosdb.Role = "sidecar"
	RoleEditedSidecar photosdb.Role = "edited_sidecar"
	RoleJSON          photosdb.Role = "json_sidecar"
	RoleEditedJSON    photosdb.Role = "edited_json_sidecar"
)

// RolePlace stands for the places of an asset beyond naming.MaxPlaces.
const RolePlace photosdb.Role = "place"

// Item is one file and what is to be done with it.
type Item struct {
	UUID    photosdb.UUID // of the asset it belongs to
	Role    photosdb.Role
	Place   int    // which of the asset's places it is in, from 0; see naming.Namer.Names
	Path    string // where it belongs, relative to the destination; "" if it has no name because nobody knows its type
	Action  Action
	Reason  string
	Source  *photosdb.Resource // what it is copied from; nil for sidecars and for files that the library does not name
	Content []byte             // of a sidecar that is to be placed
	Size    int64              // bytes, as far as they are known
	Version string             // see manifest.Entry
	Stamp   time.Time          // modification time to give it; zero: none is known

	want    string            // Apple's fingerprint of the file; "" where the library has none
	known   *manifest.Entry   // what the record has; nil for none
	of      photosdb.Role     // the picture that a sidecar belongs to; "" for others
	check   bool              // the file at known.Path is not as it was recorded
	request *photokit.Request // of what is to be fetched
	err     error             // why there are no bytes of a sidecar
	twin    *twin             // the same file in the asset's first place; nil where it is not there
}

// owner is who the item belongs to in the record.
func (i *Item) owner() string { return naming.Owner(i.UUID, i.Place) }

// part is one of an asset's files in one of its places.
type part struct {
	place int
	role  photosdb.Role
}

func (i *Item) part() part { return part{i.Place, i.Role} }

// picture is the part that a sidecar belongs to.
func (i *Item) picture() part { return part{i.Place, i.of} }

// Group is an asset's items, place by place, the pictures before their sidecars.
type Group struct {
	Asset photosdb.UUID
	Items []Item

	names   []manifest.Name // that are new to the record
	own     bool            // an asset that Photos has, if the library is its own
	counted bool            // the asset was counted with another part of it
}

// describe names an item in an error.
func (i *Item) describe() string {
	if i.Path != "" {
		return i.Path
	}
	return fmt.Sprintf("%s of %s", i.Role, i.UUID)
}
