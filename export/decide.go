package export

import (
	"errors"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"time"

	"github.com/photogo/photogo/manifest"
	"github.com/photogo/photogo/naming"
	"github.com/photogo/photogo/photosdb"
)

// items plans the files of an asset in one place.
func (p *Plan) items(a *photosdb.Asset, place int, name naming.Name, entries []manifest.Entry, unnamed []Item) []Item {
	var known map[photosdb.Role]*manifest.Entry // nil for an asset that is new
	if len(entries) > 0 {
		known = make(map[photosdb.Role]*manifest.Entry, len(entries))
	}
	for i := range entries {
		known[photosdb.Role(entries[i].Role)] = &entries[i]
	}
	items := make([]Item, 0, len(a.Resources)+2)
	files := naming.Files(name, a)
	for i := range a.Resources {
		r := &a.Resources[i]
		if p.skips(a, r.Role) {
			continue
		}
		if r.Role == photosdb.RolePreview && !lacksOriginal(items) {
			continue
		}
		item := Item{UUID: a.UUID, Role: r.Role, Place: place, Path: path.Join(name.Dir, files[r.Role]), Source: r, Stamp: stamp(a), want: fingerprintOf(a, r)}
		p.decide(&item, a, known[r.Role])
		items = append(items, item)
	}
	items = append(items, unnamed...)
	items = append(items, p.sidecars(a, items, known)...)
	if p.held != nil {
		p.held.noteStale(a, items, known)
	}
	return items
}

// lacksOriginal reports whether an original is among some items, and missing.
func lacksOriginal(items []Item) bool {
	return slices.ContainsFunc(items, func(i Item) bool { return i.Role == photosdb.RoleOriginal && i.Action == Missing })
}

// skips reports whether files of a role are left out. Posters are nobody's
// work, and the input of an edit is of use to Photos alone.
func (p *Plan) skips(a *photosdb.Asset, role photosdb.Role) bool {
	if p.opt.EditedOnly && p.unneeded(a, role) {
		return true
	}
	switch role {
	case photosdb.RolePoster, photosdb.RoleEditBase:
		return true
	case photosdb.RoleEdited:
		return p.opt.Skip.Edited
	case photosdb.RoleEditedLive:
		return p.opt.Skip.Edited || p.opt.Skip.Live
	case photosdb.RoleLive:
		return p.opt.Skip.Live
	case photosdb.RoleRaw:
		return p.opt.Skip.Raw
	case photosdb.RoleAdjustments, photosdb.RoleAAE:
		return p.opt.Skip.AAE
	}
	return false
}

// unneeded reports whether a file is what an edit was made of, and the edited version is
// here: only then is it left out.
func (p *Plan) unneeded(a *photosdb.Asset, role photosdb.Role) bool {
	here := func(role photosdb.Role) bool {
		r := a.Resource(role)
		return r != nil && r.OnDisk && !p.skips(a, role)
	}
	switch role {
	case photosdb.RoleOriginal, photosdb.RoleRaw, photosdb.RoleAdjustments, photosdb.RoleAAE:
		return here(photosdb.RoleEdited)
	case photosdb.RoleLive:
		return here(photosdb.RoleEdited) && here(photosdb.RoleEditedLive)
	}
	return false
}

// unnamed are files that an asset should have and the library names nowhere.
func (p *Plan) unnamed(a *photosdb.Asset) (items []Item) {
	if unrendered(a) && !p.opt.Skip.Edited {
		items = append(items, Item{UUID: a.UUID, Role: photosdb.RoleEdited, Action: Missing, Reason: ReasonUnrendered})
	}
	if lacksLive(a) && !p.opt.Skip.Live {
		items = append(items, Item{UUID: a.UUID, Role: photosdb.RoleLive, Action: Missing, Reason: ReasonNoLive})
	}
	return items
}

// unrendered reports whether an asset is edited, and the library names no edited version.
func unrendered(a *photosdb.Asset) bool {
	// Slow motion is an edit without a rendering; from Photos 10 on so is all
	// that the camera did itself.
	rendered := a.EditState == 1 || a.EditState == 2
	return a.Edited() && rendered && !a.Has(photosdb.SlowMotion) && a.Resource(photosdb.RoleEdited) == nil
}

// lacksLive reports whether the library names no movie of a Live Photo.
func lacksLive(a *photosdb.Asset) bool {
	return a.Has(photosdb.Live) && !a.Origin.SharedAlbum && a.Resource(photosdb.RoleLive) == nil
}

// decide compares a file of the library with the record and the destination.
func (p *Plan) decide(item *Item, a *photosdb.Asset, known *manifest.Entry) {
	r := item.Source
	item.Version, item.Size, item.known = version(a, r, item.want), r.Found, known
	if item.keepReleased(current(item, known)) {
		return
	}
	there, same := p.look(known)
	available := r.OnDisk && (r.Reference == nil || p.opt.IncludeReferenced)
	switch {
	case known != nil && there && same && current(item, known):
		item.Action, item.Reason, item.Size = Keep, ReasonSame, known.Size
		if known.Path != item.Path {
			item.Action, item.Reason = Move, ReasonRenamed
		}
	case !available:
		item.Action, item.Reason, item.Size = Missing, whyMissing(a, r), r.Size
		if known != nil && there && known.Version != item.Version {
			item.Reason = ReasonNewInCloud
		}
		p.fetch(item, a, there && !same)
	default:
		item.Action, item.check = Place, there && !same
		item.Reason = why(known, there, same)
	}
}

// fetch lets a missing file be fetched, if it can be.
func (p *Plan) fetch(item *Item, a *photosdb.Asset, check bool) {
	if !p.opt.DownloadMissing || whyMissing(a, item.Source) != ReasonInCloud {
		return
	}
	if request, ok := FetchRequest(a, item.Source); ok {
		item.Action, item.request, item.check = Fetch, &request, check
		item.Size = request.Want.Size
	}
}

// anyReleased reports whether one of some files was let go of.
func anyReleased(entries []manifest.Entry) bool {
	return slices.ContainsFunc(entries, func(e manifest.Entry) bool { return e.Released != 0 })
}

// keepReleased leaves a file where it is kept, if that is not the destination, and
// if it is what the library has now.
func (i *Item) keepReleased(current bool) bool {
	if i.known == nil || i.known.Released == 0 || !current {
		return false
	}
	i.Action, i.Reason, i.Path, i.Size = Keep, ReasonReleased, i.known.Path, i.known.Size
	return true
}

// current reports whether what was placed is what the library has now.
func current(item *Item, known *manifest.Entry) bool {
	r := item.Source
	switch {
	case known == nil:
		return false
	case known.Version == item.Version:
		return true
	case item.want == "":
		// Without the file nothing can be compared with: what was exported
		// once is as good as ever.
		return !r.OnDisk
	}
	// Photos computed the fingerprint later than photogo did.
	return known.Apple == item.want && (!r.OnDisk || r.Found == known.Size)
}

// look reports whether the file of an entry is there, and as it was recorded.
func (p *Plan) look(known *manifest.Entry) (there, same bool) {
	if known == nil || known.Released != 0 || p.folder == nil {
		return false, false
	}
	info, err := p.folder.Lstat(known.Path)
	if err != nil {
		return !errors.Is(err, fs.ErrNotExist), false // what cannot be looked at is not gone
	}
	return true, info.Mode().IsRegular() && info.Size() == known.Size && info.ModTime().UnixNano() == known.ModTime
}

func why(known *manifest.Entry, there, same bool) string {
	switch {
	case known == nil:
		return ReasonNew
	case known.Released != 0:
		return ReasonChanged
	case !there:
		return ReasonGone
	case !same:
		return ReasonAltered
	}
	return ReasonChanged
}

func whyMissing(a *photosdb.Asset, r *photosdb.Resource) string {
	// The library keeps no row of the edit itself; it comes with the picture.
	uploaded := a.Cloud.Uploaded != nil && *a.Cloud.Uploaded
	switch {
	case r.Problem != nil:
		return r.Problem.Error()
	case r.Reference != nil && !r.OnDisk:
		return ReasonNotFound
	case r.Reference != nil:
		return ReasonReferenced
	case r.Remote, r.Role == photosdb.RoleAdjustments && uploaded:
		return ReasonInCloud
	}
	return ReasonLost
}

// version tells whether a file of the library is still the one that was placed:
// by Apple's fingerprint where the library has one, else by size, time and, for
// what belongs to an edit, the time of the edit.
func version(a *photosdb.Asset, r *photosdb.Resource, want string) string {
	if want != "" {
		if r.OnDisk {
			return want + " " + strconv.FormatInt(r.Found, 10)
		}
		return want + " " + strconv.FormatInt(r.Size, 10)
	}
	v := strconv.FormatInt(r.Found, 10) + " " + strconv.FormatInt(r.ModTime, 10)
	switch r.Role {
	case photosdb.RoleEdited, photosdb.RoleEditedLive, photosdb.RoleAdjustments:
		if t := a.Dates.Modified; !t.IsZero() {
			v += " " + strconv.FormatInt(t.UnixMicro(), 10)
		}
	}
	return v
}

// fingerprintOf returns Apple's fingerprint of a file, "" where the library has
// none. The asset itself carries those of its original and its rendered still.
func fingerprintOf(a *photosdb.Asset, r *photosdb.Resource) string {
	switch {
	case r.Fingerprint != "":
		return r.Fingerprint
	case r.Role == photosdb.RoleOriginal:
		return a.Original.Fingerprint
	case r.Role == photosdb.RoleEdited && a.Kind == photosdb.Photo:
		return a.Current.Fingerprint
	}
	return ""
}

// stamp is the modification time that an asset's files get.
func stamp(a *photosdb.Asset) time.Time {
	if a.Dates.Taken.IsZero() {
		return a.Dates.Added
	}
	return a.Dates.Taken
}
