package export

import (
	"context"
	"strconv"

	"github.com/photogo/photogo/photokit"
	"github.com/photogo/photogo/photosdb"
)

// Fetcher brings a file that the library folder lacks, proven to be the one that
// the library recorded; photokit.Client is one. It may be called by several
// goroutines. An error concerns the one file, unless the fetcher returns it for
// every file from then on. Of a Request it heeds Keep, with IncomingFolder as the
// folder, and Hash.
type Fetcher interface {
	Fetch(context.Context, photokit.Request) (*photokit.Fetched, error)
}

// FetchRequest says how to ask Photos for a file of an asset. ok is false for
// files that Photos does not hand out: those of shared albums, of which iCloud
// has reduced copies only, those that others sent and nobody saved, those in the
// trash, those outside the library, and those of roles that have no public type.
func FetchRequest(a *photosdb.Asset, r *photosdb.Resource) (req photokit.Request, ok bool) {
	types := fetchTypes(a, r.Role)
	if r.Reference != nil || r.Problem != nil || !owned(a) || len(types) == 0 {
		return photokit.Request{}, false
	}
	req = photokit.Request{Asset: string(a.UUID), Types: types, Want: photokit.Want{
		Fingerprint: fingerprintOf(a, r), Size: r.Size, Width: r.Width, Height: r.Height, UTI: r.UTI,
	}}
	if w := &req.Want; r.Role == photosdb.RoleOriginal {
		if w.Size == 0 {
			w.Size = a.Original.Bytes
		}
		if w.Width == 0 || w.Height == 0 {
			w.Width, w.Height = a.Original.Width, a.Original.Height
		}
	}
	// Without the file its times are not known; what was parked is asked for
	// again when the record or the edit has changed.
	req.Version = req.Want.Fingerprint + " " + strconv.FormatInt(req.Want.Size, 10)
	switch r.Role {
	case photosdb.RoleEdited, photosdb.RoleEditedLive, photosdb.RoleAdjustments:
		if t := a.Dates.Modified; !t.IsZero() {
			req.Version += " " + strconv.FormatInt(t.UnixMicro(), 10)
		}
	}
	return req, true
}

// syndicated reports whether others sent an asset, and nobody saved it.
func syndicated(a *photosdb.Asset) bool {
	sent, saved := a.Origin.Syndicated, a.Origin.SavedToLibrary
	return sent != nil && *sent && !(saved != nil && *saved)
}

// fetchTypes are the resource types by which PhotoKit may know a file. Of a pair
// either half can be the photo; the type that the library recorded decides.
func fetchTypes(a *photosdb.Asset, role photosdb.Role) []photokit.ResourceType {
	type types = []photokit.ResourceType
	movie := a.Kind == photosdb.Movie
	switch role {
	case photosdb.RoleOriginal:
		switch {
		case movie:
			return types{photokit.Video}
		case a.HasRaw():
			return types{photokit.Photo, photokit.AlternatePhoto}
		}
		return types{photokit.Photo}
	case photosdb.RoleRaw:
		return types{photokit.AlternatePhoto, photokit.Photo}
	case photosdb.RoleLive:
		return types{photokit.PairedVideo}
	case photosdb.RoleEdited:
		if movie {
			return types{photokit.FullSizeVideo}
		}
		return types{photokit.FullSizePhoto}
	case photosdb.RoleEditedLive:
		return types{photokit.FullSizePairedVideo}
	case photosdb.RoleAdjustments:
		return types{photokit.AdjustmentData}
	}
	return nil
}
