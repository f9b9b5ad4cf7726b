package export

import (
	"iter"

	"github.com/photogo/photogo/manifest"
	"github.com/photogo/photogo/naming"
	"github.com/photogo/photogo/photosdb"
)

// NewRepair plans to place damaged files anew from the library, or with
// Options.DownloadMissing from iCloud, where they are and under the names that they
// have; nothing else. What is there is put into
// quarantine first, unless its bytes turn out to be well. assets is the whole
// library, in any order.
func NewRepair(assets iter.Seq2[*photosdb.Asset, error], record Record, folder Folder, damaged []manifest.Entry, opt Options) *Plan {
	p := &Plan{assets: assets, record: record, folder: folder, opt: opt, damaged: map[string][]manifest.Entry{}}
	for _, e := range damaged {
		owner, _ := naming.ParseOwner(e.Owner)
		p.damaged[owner] = append(p.damaged[owner], e)
	}
	return p
}

// repairGroup plans the damaged files of one asset. Those that it does not have
// any more cannot be repaired; they are told as missing.
func (p *Plan) repairGroup(a *photosdb.Asset, damaged []manifest.Entry) *Group {
	g := &Group{Asset: a.UUID, own: owned(a)}
	for i := range damaged {
		known := &damaged[i]
		_, place := naming.ParseOwner(known.Owner)
		item := Item{
			UUID: a.UUID, Place: place, Role: photosdb.Role(known.Role), Path: known.Path, Stamp: stamp(a), Size: known.Size,
			Version: known.Version, Action: Place, Reason: ReasonSpoilt, known: known, check: true,
		}
		if _, err := p.folder.Lstat(known.Path); err != nil {
			item.check, item.Reason = false, ReasonGone
		}
		r := a.Resource(item.Role)
		switch {
		case item.Role == xmpSidecar.original || item.Role == jsonSidecar.original:
			item.Content, item.err = kindOf(item.Role).content(nil, a, photosdb.RoleOriginal)
		case item.Role == xmpSidecar.edited || item.Role == jsonSidecar.edited:
			item.Content, item.err = kindOf(item.Role).content(nil, a, photosdb.RoleEdited)
		case r == nil:
			item.Action, item.Reason = Missing, ReasonNotHeld
		case !r.OnDisk:
			spoilt := item.Reason
			item.Source, item.want = r, fingerprintOf(a, r)
			item.Action, item.Reason = Missing, whyMissing(a, r)
			if p.fetch(&item, a, item.check); item.Action == Fetch {
				item.Version, item.Reason = version(a, r, item.want), spoilt
			}
		default:
			item.Source, item.want = r, fingerprintOf(a, r)
			item.Version, item.Size = version(a, r, item.want), r.Found
		}
		if item.Content != nil {
			item.Size, item.Version = int64(len(item.Content)), contentVersion(item.Content)
		}
		if item.err != nil {
			item.Action = Missing
		}
		g.Items = append(g.Items, item)
	}
	return g
}
