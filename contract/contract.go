// Package contract is the form in which photogo tells other programs of an asset: the
// keys of docs/JSON.md, their order, and what stands for the unknown. Of gives it to
// encoders, and View to expressions, so that a selection speaks of the same keys as a
// listing shows.
//
// It is pure: the same asset gives the same value on every machine.
package contract

import (
	"math"
	"time"

	"github.com/photogo/photogo/photosdb"
)

// Of returns the facts of an asset as a value for encoding/json, by the contract in
// docs/JSON.md. Every key is always there; null or [] stands for what is unknown or
// empty. With all, faces and files are included, and the rarer facts where a.Details is
// there, which photosdb.IncludeAll reads; without it their keys are left out, as nothing
// is known of them.
func Of(a *photosdb.Asset, all bool) any {
	switch {
	case !all:
		return record(a)
	case a.Details == nil:
		return fileRecord{record(a), faces(a), resources(a)}
	}
	return fullRecordOf(a, a.Details)
}

// The types below are the contract: the order and the names of its keys.

type assetRecord struct {
	UUID                photosdb.UUID      `json:"uuid"`
	Kind                photosdb.Kind      `json:"kind"`
	OriginalFilename    *string            `json:"original_filename"`
	Filename            *string            `json:"filename"`
	UTI                 *string            `json:"uti"`
	UTIOriginal         *string            `json:"uti_original"`
	UTIEdited           *string            `json:"uti_edited"`
	UTIRaw              *string            `json:"uti_raw"`
	Date                *instant           `json:"date"`
	Timezone            zoneRecord         `json:"timezone"`
	DateAdded           *instant           `json:"date_added"`
	DateModified        *instant           `json:"date_modified"`
	DateTrashed         *instant           `json:"date_trashed"`
	Title               *string            `json:"title"`
	Description         *string            `json:"description"`
	Keywords            []string           `json:"keywords"`
	Albums              []albumRecord      `json:"albums"`
	SharedAlbums        []sharedRecord     `json:"shared_albums"`
	Persons             []string           `json:"persons"`
	Location            *placeRecord       `json:"location"`
	Favorite            bool               `json:"favorite"`
	Hidden              bool               `json:"hidden"`
	Trashed             bool               `json:"trashed"`
	Visible             bool               `json:"visible"`
	Subtypes            []photosdb.Subtype `json:"subtypes"`
	Burst               *burstRecord       `json:"burst"`
	Raw                 rawRecord          `json:"raw"`
	Edited              bool               `json:"edited"`
	Width               *whole             `json:"width"`
	Height              *whole             `json:"height"`
	Orientation         *whole             `json:"orientation"`
	OriginalWidth       *whole             `json:"original_width"`
	OriginalHeight      *whole             `json:"original_height"`
	OriginalOrientation *whole             `json:"original_orientation"`
	OriginalSize        *whole             `json:"original_size"`
	Duration            *float64           `json:"duration"`
	Fingerprint         *string            `json:"fingerprint"`
	CloudGUID           *string            `json:"cloud_guid"`
	CloudAssetGUID      *string            `json:"cloud_asset_guid"`
	InCloud             *bool              `json:"in_cloud"`
	Reference           bool               `json:"reference"`
	Shared              bool               `json:"shared"`
	SharedLibrary       *bool              `json:"shared_library"`
	SharedMoment        bool               `json:"shared_moment"`
	Syndicated          *bool              `json:"syndicated"`
	SavedToLibrary      *bool              `json:"saved_to_library"`
	Local               bool               `json:"local"`
	Missing             bool               `json:"missing"`
}

type zoneRecord struct {
	Name   *string             `json:"name"`
	Offset int                 `json:"offset_seconds"`
	Source photosdb.ZoneSource `json:"source"`
}

type albumRecord struct {
	UUID    photosdb.UUID     `json:"uuid"`
	Title   *string           `json:"title"`
	Folders []photosdb.Folder `json:"folders"`
}

type sharedRecord struct {
	UUID  photosdb.UUID `json:"uuid"`
	Title *string       `json:"title"`
	Owner *ownerRecord  `json:"owner"`
}

type ownerRecord struct {
	HashedID string  `json:"hashed_id"`
	Name     *string `json:"name"`
}

type burstRecord struct {
	UUID        string `json:"uuid"`
	PickType    int    `json:"pick_type"`
	Selected    bool   `json:"selected"`
	Key         bool   `json:"key"`
	DefaultPick bool   `json:"default_pick"`
}

type rawRecord struct {
	HasRaw        bool `json:"has_raw"`
	IsRaw         bool `json:"is_raw"`
	RawIsOriginal bool `json:"raw_is_original"`
}

func record(a *photosdb.Asset) assetRecord {
	r := assetRecord{
		UUID: a.UUID, Kind: a.Kind,
		OriginalFilename: some(a.Name.Original), Filename: some(a.Name.Library),
		UTI: some(a.Current.UTI), UTIOriginal: some(a.Original.UTI), UTIEdited: typeOf(a, photosdb.RoleEdited), UTIRaw: typeOf(a, photosdb.RoleRaw),
		Date: when(a.Dates.Taken), Timezone: zoneRecord{some(a.Dates.Zone.Name), a.Dates.Zone.Offset, a.Dates.Zone.Source},
		DateAdded: when(a.Dates.Added), DateModified: when(a.Dates.Modified), DateTrashed: when(a.Dates.Trashed),
		Title: some(a.Text.Title), Description: some(a.Text.Description),
		Keywords: list(a.Text.Keywords), Albums: albums(a), SharedAlbums: sharedAlbums(a), Persons: list(a.Persons()),
		Location: location(a.Location), Favorite: a.Flags.Favorite, Hidden: a.Flags.Hidden, Trashed: a.Flags.Trashed, Visible: a.Flags.Visible,
		Subtypes: list(a.Media.Subtypes), Raw: rawRecord{a.HasRaw(), a.IsRaw(), a.Flags.RawIsOriginal}, Edited: a.Edited(),
		Width:               told(a.Current.Width, a.Current.Unknown&photosdb.FrameWidth),
		Height:              told(a.Current.Height, a.Current.Unknown&photosdb.FrameHeight),
		Orientation:         told(a.Current.Orientation, a.Current.Unknown&photosdb.FrameOrientation),
		OriginalWidth:       told(a.Original.Width, a.Original.Unknown&photosdb.FrameWidth),
		OriginalHeight:      told(a.Original.Height, a.Original.Unknown&photosdb.FrameHeight),
		OriginalOrientation: told(a.Original.Orientation, a.Original.Unknown&photosdb.FrameOrientation),
		OriginalSize:        told(a.Original.Bytes, a.Original.Unknown&photosdb.FrameBytes),
		Fingerprint:         some(a.Original.Fingerprint),
		CloudGUID:           some(a.Cloud.MasterGUID), CloudAssetGUID: some(a.Cloud.AssetGUID), InCloud: a.Cloud.Uploaded,
		Reference: a.Origin.Referenced, Shared: a.Origin.SharedAlbum, SharedLibrary: a.Origin.SharedLibrary,
		SharedMoment: a.Origin.SharedMoment, Syndicated: a.Origin.Syndicated, SavedToLibrary: a.Origin.SavedToLibrary,
		Missing: true,
	}
	if a.Kind == photosdb.Movie && !a.Media.NoDuration {
		r.Duration = number(a.Media.Duration)
	}
	if b := a.Media.Burst; b != nil {
		r.Burst = &burstRecord{b.UUID, b.PickType, b.Selected(), b.Key(), b.DefaultPick()}
	}
	if o := a.Resource(photosdb.RoleOriginal); o != nil {
		r.Local, r.Missing = o.Local && !o.Unrecorded, !o.OnDisk
	}
	return r
}

func typeOf(a *photosdb.Asset, role photosdb.Role) *string {
	if r := a.Resource(role); r != nil {
		return some(r.UTI)
	}
	return nil
}

func albums(a *photosdb.Asset) []albumRecord {
	out := []albumRecord{}
	for _, b := range a.Albums {
		out = append(out, albumRecord{b.UUID, some(b.Title), list(b.Folders)})
	}
	return out
}

func sharedAlbums(a *photosdb.Asset) []sharedRecord {
	out := []sharedRecord{}
	for _, b := range a.SharedAlbums {
		r := sharedRecord{UUID: b.UUID, Title: some(b.Title)}
		if b.Owner.ID != "" {
			r.Owner = &ownerRecord{b.Owner.ID, some(b.Owner.Name)}
		}
		out = append(out, r)
	}
	return out
}

// instant is a time as RFC 3339 with its own offset, to the microsecond.
type instant time.Time

func (m instant) MarshalJSON() ([]byte, error) {
	return []byte(`"` + time.Time(m).Format(time.RFC3339Nano) + `"`), nil
}

func when(t time.Time) *instant {
	if t.IsZero() {
		return nil
	}
	return (*instant)(&t)
}

// whole is a number that programs are told as null where it is unknown, and expressions
// as 0, so that they can reckon with it as with any whole number.
type whole int64

// told is a whole number, unless it is among the unknown.
func told[T int | int64, U ~uint8](n T, unknown U) *whole {
	if unknown != 0 {
		return nil
	}
	w := whole(n)
	return &w
}

// number is a number as stored; null for one that JSON cannot tell, which is
// damage.
func number(f float64) *float64 {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil
	}
	return &f
}

// unless is a number, unless it is among the unknown.
func unless(f float64, unknown photosdb.FaceNumbers) *float64 {
	if unknown != 0 {
		return nil
	}
	return number(f)
}

// measure is a number that may be unknown.
func measure(f *float64) *float64 {
	if f == nil {
		return nil
	}
	return number(*f)
}

// some is null for the empty text.
func some(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// positive is null for zero.
func positive[T int | int64](n T) *T {
	if n == 0 {
		return nil
	}
	return &n
}

// list is [] for nil.
func list[T any](l []T) []T {
	if l == nil {
		return []T{}
	}
	return l
}
