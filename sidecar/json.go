package sidecar

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/photogo/photogo/photosdb"
)

// JSON returns the facts of an asset as one line of JSON without its newline,
// by the contract in docs/JSON.md. Every key is always there; null or [] stands
// for what is unknown or empty. With all, faces and files are included.
func JSON(a *photosdb.Asset, all bool) ([]byte, error) {
	var v any = record(a)
	if all {
		v = fullRecord{record(a), faces(a), resources(a)}
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// The types below are the contract: the order and the names of its keys.

type fullRecord struct {
	assetRecord
	Faces     []faceRecord     `json:"faces"`
	Resources []resourceRecord `json:"resources"`
}

type assetRecord struct {
	UUID                photosdb.UUID      `json:"uuid"`
	Kind                photosdb.Kind      `json:"kind"`
	OriginalFilename    *string            `json:"original_filename"`
	Filename            *string            `json:"filename"`
	UTI                 *string            `json:"uti"`
	UTIOriginal         *string            `json:"uti_original"`
	UTIEdited           *string            `json:"uti_edited"`
	UTIRaw              *string            `json:"uti_raw"`
	Date                *moment            `json:"date"`
	Timezone            zoneRecord         `json:"timezone"`
	DateAdded           *moment            `json:"date_added"`
	DateModified        *moment            `json:"date_modified"`
	DateTrashed         *moment            `json:"date_trashed"`
	Title               *string            `json:"title"`
	Description         *string            `json:"description"`
	Keywords            []string           `json:"keywords"`
	Albums              []albumRecord      `json:"albums"`
	SharedAlbums        []sharedRecord     `json:"shared_albums"`
	Persons             []string           `json:"persons"`
	Location            *photosdb.Location `json:"location"`
	Favorite            bool               `json:"favorite"`
	Hidden              bool               `json:"hidden"`
	Trashed             bool               `json:"trashed"`
	Visible             bool               `json:"visible"`
	Subtypes            []photosdb.Subtype `json:"subtypes"`
	Burst               *burstRecord       `json:"burst"`
	Raw                 rawRecord          `json:"raw"`
	Edited              bool               `json:"edited"`
	Width               int                `json:"width"`
	Height              int                `json:"height"`
	Orientation         int                `json:"orientation"`
	OriginalWidth       int                `json:"original_width"`
	OriginalHeight      int                `json:"original_height"`
	OriginalOrientation int                `json:"original_orientation"`
	OriginalSize        int64              `json:"original_size"`
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

type faceRecord struct {
	UUID         photosdb.UUID `json:"uuid"`
	Person       *personRecord `json:"person"`
	Center       point         `json:"center"`
	Size         float64       `json:"size"`
	SourceWidth  int           `json:"source_width"`
	SourceHeight int           `json:"source_height"`
	MWG          *areaRecord   `json:"mwg_region"`
	Quality      float64       `json:"quality"`
	Roll         float64       `json:"roll"`
	Manual       bool          `json:"manual"`
	Hidden       bool          `json:"hidden"`
	Trashed      bool          `json:"trashed"`
	Detection    *int          `json:"detection_type"`
}

type personRecord struct {
	UUID string  `json:"uuid"`
	Name *string `json:"name"`
}

type point struct {
	X float64 `json:"x"`
	Y float64 `json:"y"`
}

type areaRecord struct {
	X float64 `json:"x"`
	Y float64 `json:"y"`
	W float64 `json:"w"`
	H float64 `json:"h"`
}

type resourceRecord struct {
	Role        photosdb.Role    `json:"role"`
	Path        *string          `json:"path"`
	Reference   *referenceRecord `json:"reference"`
	UTI         *string          `json:"uti"`
	Size        *int64           `json:"size"`
	Width       *int             `json:"width"`
	Height      *int             `json:"height"`
	Fingerprint *string          `json:"fingerprint"`
	Local       bool             `json:"local"`
	Remote      bool             `json:"remote"`
	OnDisk      bool             `json:"on_disk"`
}

type referenceRecord struct {
	Path       *string `json:"path"`
	Volume     *string `json:"volume"`
	VolumePath *string `json:"volume_path"`
}

func record(a *photosdb.Asset) assetRecord {
	r := assetRecord{
		UUID: a.UUID, Kind: a.Kind,
		OriginalFilename: some(a.Name.Original), Filename: some(a.Name.Library),
		UTI: some(a.Current.UTI), UTIOriginal: some(a.Original.UTI), UTIEdited: typeOf(a, photosdb.RoleEdited), UTIRaw: typeOf(a, photosdb.RoleRaw),
		Date: when(a.Dates.Taken), Timezone: zoneRecord{some(a.Dates.Zone.Name), a.Dates.Zone.Offset, a.Dates.Zone.Source},
		DateAdded: when(a.Dates.Added), DateModified: when(a.Dates.Modified), DateTrashed: when(a.Dates.Trashed),
		Title: some(a.Title), Description: some(a.Description),
		Keywords: list(a.Keywords), Albums: albums(a), SharedAlbums: sharedAlbums(a), Persons: list(a.Persons()),
		Location: a.Location, Favorite: a.Favorite, Hidden: a.Hidden, Trashed: a.Trashed, Visible: a.Visible,
		Subtypes: list(a.Subtypes), Raw: rawRecord{a.HasRaw(), a.IsRaw(), a.RawIsOriginal}, Edited: a.Edited,
		Width: a.Current.Width, Height: a.Current.Height, Orientation: a.Current.Orientation,
		OriginalWidth: a.Original.Width, OriginalHeight: a.Original.Height, OriginalOrientation: a.Original.Orientation,
		OriginalSize: a.Original.Bytes, Fingerprint: some(a.Fingerprint),
		CloudGUID: some(a.Cloud.MasterGUID), CloudAssetGUID: some(a.Cloud.AssetGUID), InCloud: a.Cloud.Uploaded,
		Reference: a.Origin.Referenced, Shared: a.Origin.SharedAlbum, SharedLibrary: a.Origin.SharedLibrary,
		SharedMoment: a.Origin.SharedMoment, Syndicated: a.Origin.Syndicated, SavedToLibrary: a.Origin.SavedToLibrary,
		Missing: true,
	}
	if a.Kind == photosdb.Movie {
		r.Duration = &a.Duration
	}
	if b := a.Burst; b != nil {
		r.Burst = &burstRecord{b.UUID, b.PickType, b.Selected(), b.Key(), b.DefaultPick()}
	}
	if o := a.Resource(photosdb.RoleOriginal); o != nil {
		r.Local, r.Missing = o.Local, !o.OnDisk
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

func faces(a *photosdb.Asset) []faceRecord {
	out := []faceRecord{}
	for _, f := range a.Faces {
		r := faceRecord{
			UUID: f.UUID, Center: point{f.X, f.Y}, Size: f.Size, SourceWidth: f.SourceWidth, SourceHeight: f.SourceHeight,
			Quality: f.Quality, Roll: f.Roll, Manual: f.Manual, Hidden: f.Hidden, Trashed: f.Trashed, Detection: f.Detection,
		}
		if f.Person != nil {
			r.Person = &personRecord{f.Person.ID, some(f.Person.Name)}
		}
		if x, y, w, h, ok := Region(f, a.Current.Width, a.Current.Height, a.Current.Orientation); ok {
			r.MWG = &areaRecord{x, y, w, h}
		}
		out = append(out, r)
	}
	return out
}

func resources(a *photosdb.Asset) []resourceRecord {
	out := []resourceRecord{}
	for _, f := range a.Resources {
		r := resourceRecord{
			Role: f.Role, Path: some(f.Path), UTI: some(f.UTI), Size: positive(f.Size), Width: positive(f.Width), Height: positive(f.Height),
			Fingerprint: some(f.Fingerprint), Local: f.Local, Remote: f.Remote, OnDisk: f.OnDisk,
		}
		if ref := f.Reference; ref != nil {
			r.Reference = &referenceRecord{some(ref.Path), some(ref.Volume), some(ref.VolumePath)}
		}
		out = append(out, r)
	}
	return out
}

// moment is a time as RFC 3339 with its own offset, to the microsecond.
type moment time.Time

func (m moment) MarshalJSON() ([]byte, error) {
	return []byte(`"` + time.Time(m).Format(time.RFC3339Nano) + `"`), nil
}

func when(t time.Time) *moment {
	if t.IsZero() {
		return nil
	}
	return (*moment)(&t)
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
