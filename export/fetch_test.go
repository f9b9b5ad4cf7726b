package export

import (
	"fmt"
	"testing"
	"time"

	"github.com/photogo/photogo/photokit"
	"github.com/photogo/photogo/photosdb"
)

var _ Fetcher = (*photokit.Client)(nil)

func TestHowPhotosIsAskedForAFile(t *testing.T) {
	yes, no := true, false
	photo := photosdb.Asset{UUID: "U", Kind: photosdb.Photo, Current: photosdb.Frame{Fingerprint: "AEdited"},
		Original: photosdb.Frame{Width: 40, Height: 30, Bytes: 7, Fingerprint: "AOriginal"}}
	movie := photo
	movie.Kind = photosdb.Movie
	pair := photo
	pair.Resources = []photosdb.Resource{{Role: photosdb.RoleRaw}}
	edited := photo
	edited.Dates.Modified = time.UnixMicro(99)
	shared, trashed, sent, saved := photo, photo, photo, photo
	shared.Origin.SharedAlbum = true
	trashed.Flags.Trashed = true
	sent.Origin.Syndicated, sent.Origin.SavedToLibrary = &yes, &no
	saved.Origin.Syndicated, saved.Origin.SavedToLibrary = &yes, &yes
	for _, test := range []struct {
		asset photosdb.Asset
		r     photosdb.Resource
		want  string // types, fingerprint, size, pixels, version; "": it cannot be asked for
	}{
		{photo, photosdb.Resource{Role: photosdb.RoleOriginal}, "[photo] AOriginal 7 40x30 'AOriginal 7'"},
		{photo, photosdb.Resource{Role: photosdb.RoleOriginal, Size: 8, Width: 4, Height: 3, Fingerprint: "AFile"}, "[photo] AFile 8 4x3 'AFile 8'"},
		{movie, photosdb.Resource{Role: photosdb.RoleOriginal}, "[video] AOriginal 7 40x30 'AOriginal 7'"},
		{pair, photosdb.Resource{Role: photosdb.RoleOriginal}, "[photo alternatePhoto] AOriginal 7 40x30 'AOriginal 7'"},
		{pair, photosdb.Resource{Role: photosdb.RoleRaw, Size: 9}, "[alternatePhoto photo]  9 0x0 ' 9'"},
		{photo, photosdb.Resource{Role: photosdb.RoleLive, Size: 9}, "[pairedVideo]  9 0x0 ' 9'"},
		{edited, photosdb.Resource{Role: photosdb.RoleEdited, Size: 9}, "[fullSizePhoto] AEdited 9 0x0 'AEdited 9 99'"},
		{movie, photosdb.Resource{Role: photosdb.RoleEdited, Size: 9}, "[fullSizeVideo]  9 0x0 ' 9'"},
		{edited, photosdb.Resource{Role: photosdb.RoleEditedLive}, "[fullSizePairedVideo]  0 0x0 ' 0 99'"},
		{edited, photosdb.Resource{Role: photosdb.RoleAdjustments}, "[adjustmentData]  0 0x0 ' 0 99'"},
		{saved, photosdb.Resource{Role: photosdb.RoleOriginal}, "[photo] AOriginal 7 40x30 'AOriginal 7'"},
		{photo, photosdb.Resource{Role: photosdb.RoleAAE}, ""},
		{photo, photosdb.Resource{Role: photosdb.RoleXMP}, ""},
		{photo, photosdb.Resource{Role: photosdb.RolePoster}, ""},
		{photo, photosdb.Resource{Role: photosdb.RoleOriginal, Reference: &photosdb.Reference{}}, ""},
		{photo, photosdb.Resource{Role: photosdb.RoleOriginal, Problem: photosdb.ErrOutside}, ""},
		{shared, photosdb.Resource{Role: photosdb.RoleOriginal}, ""},
		{trashed, photosdb.Resource{Role: photosdb.RoleOriginal}, ""},
		{sent, photosdb.Resource{Role: photosdb.RoleOriginal}, ""},
	} {
		req, ok := FetchRequest(&test.asset, &test.r)
		got := ""
		if ok {
			w := req.Want
			got = fmt.Sprintf("%v %s %d %dx%d '%s'", req.Types, w.Fingerprint, w.Size, w.Width, w.Height, req.Version)
		}
		if got != test.want || ok && req.Asset != "U" {
			t.Errorf("%s of a %s: %q, want %q", test.r.Role, test.asset.Kind, got, test.want)
		}
	}
}
