package export

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"

	"github.com/photogo/photogo/manifest"
	"github.com/photogo/photogo/naming"
	"github.com/photogo/photogo/photosdb"
	"github.com/photogo/photogo/query"
)

// Options say what is exported and how it is called. The zero value is
// everything that is not in the trash, day by day, with XMP sidecars.
type Options struct {
	Query     query.Query
	Directory *naming.Template // nil: naming.DefaultDirectory
	Filename  *naming.Template // nil: naming.DefaultFilename
	Skip      Skip

	// EditedOnly leaves out what an edit was made of, the original with its RAW half,
	// movie and adjustments, where the edited version is in the library folder.
	EditedOnly bool

	// Previews exports a smaller picture of those whose original is missing and is not
	// about to be fetched, as NAME_preview: in its place, and never instead of it.
	Previews bool

	// NoSidecars leaves out the XMP sidecars.
	NoSidecars bool
	// JSONSidecars writes JSON sidecars, beside the XMP ones or instead of them.
	JSONSidecars bool
	// Portable makes names that Windows, SMB and exFAT can hold, too; see
	// naming.Namer.
	Portable bool
	// Details fetches the facts that templates may ask for and that an asset
	// does not have in it. nil: there are none, and a template that needs them
	// is refused with ErrNoDetails.
	Details func(*photosdb.Asset) (naming.Details, error)
	// DownloadMissing fetches what only iCloud has; see Job.Fetch.
	DownloadMissing bool
	// IncludeReferenced exports files outside the library as well.
	IncludeReferenced bool

	// Library is the identity of the library (photosdb.Info.UUID), "" where it
	// does not matter. The record keeps that of the first export. Another library is
	// ErrOtherLibrary, unless it holds nearly all of the same pictures.
	Library string
	// SameLibrary takes another library for the one of the record, however few of its
	// pictures it holds.
	SameLibrary bool
	// Sample names some assets, from all over the library. With it pictures are
	// recognised whose UUIDs changed although Library did not, as they may when Photos
	// repairs a library; it may be nil.
	Sample func() ([]photosdb.UUID, error)
	// Prune says whether and how files go that the library no longer holds. The
	// sequence of assets must be the whole library then.
	Prune Prune
}

// Skip leaves out files by their role.
type Skip struct {
	Edited bool // edited pictures and movies, the movies of edited Live Photos
	Live   bool // the movies of Live Photos, edited or not
	Raw    bool // the RAW half of a pair
	Bursts bool // burst frames that were not picked
	AAE    bool // the edits and the camera's own adjustments
}

// Record is the part of a manifest that a plan reads.
type Record interface {
	Empty() (bool, error)
	Of(owners []string) (map[string]manifest.Holding, error)
	Names() iter.Seq2[manifest.Name, error]
	All() iter.Seq2[manifest.Entry, error]
	Meta(key string) (string, error)
}

// Folder is the part of a destination that a plan looks at.
type Folder interface {
	Lstat(name string) (fs.FileInfo, error)
}

// Plan is what is to be done, asset by asset. It is worked out as it is read,
// so that its size does not grow with the library.
type Plan struct {
	assets iter.Seq2[*photosdb.Asset, error]
	record Record
	folder Folder
	opt    Options
	namer  *naming.Namer
	held   *holding // nil unless files may be pruned

	damaged map[string][]manifest.Entry // by owner; nil unless the plan is to repair
	carried *carried                    // nil unless only what changed is planned
	counts  counts                      // of the groups that were read

	recognition *recognition // nil unless assets are called otherwise than on record

	details bool           // the templates need them
	places  map[string]int // by the owner of an asset's first place: the highest place on record

	text []byte // of the sidecar that was made last; the room is used again
}

// ErrNoDetails says that a template asks for facts that nobody can tell.
var ErrNoDetails = errors.New("this template needs facts that cannot be read yet")

// Check refuses options that no plan can be made of, before anything is opened:
// ErrNoDetails. NewPlan does the same.
func (o *Options) Check() error {
	if needs := o.needs(); needs.Any() && o.Details == nil {
		return fmt.Errorf("%w: %s", ErrNoDetails, needs)
	}
	return nil
}

// needs are the details that the templates ask for.
func (o *Options) needs() (n naming.Needs) {
	for _, t := range []*naming.Template{o.Directory, o.Filename} {
		if t != nil {
			n = n.Or(t.Needs())
		}
	}
	return n
}

// NewPlan compares assets with a record and with the files that are there. The
// assets must come in the order of photosdb.ByDate: it decides who gets a name
// that two want. folder may be nil: nothing is there.
func NewPlan(assets iter.Seq2[*photosdb.Asset, error], record Record, folder Folder, opt Options) (*Plan, error) {
	err := opt.Check()
	if err != nil {
		return nil, err
	}
	if opt.Directory == nil {
		if opt.Directory, err = naming.Parse(naming.DefaultDirectory); err != nil {
			return nil, err
		}
	}
	if opt.Filename == nil {
		if opt.Filename, err = naming.Parse(naming.DefaultFilename); err != nil {
			return nil, err
		}
	}
	rec, err := recognise(assets, record, &opt)
	if err != nil {
		return nil, err
	}
	if rec != nil {
		record = recognised{record, rec}
	}
	p := &Plan{assets: assets, record: record, recognition: rec, folder: folder, opt: opt, namer: naming.NewNamer(opt.Directory, opt.Filename), places: map[string]int{}}
	p.namer.Portable = opt.Portable
	p.details = opt.needs().Any()
	if opt.Prune.Wanted {
		p.held = newHolding()
	}
	for n, err := range record.Names() {
		if err != nil {
			return nil, err
		}
		if first, place := naming.ParseOwner(n.Owner); place > 0 {
			p.places[first] = max(p.places[first], min(place, naming.MaxPlaces))
		}
		p.namer.Keep(n.Owner, naming.Name{Wish: n.Wish, Dir: n.Dir, Base: n.Base})
	}
	return p, nil
}

// ahead is how many assets are looked up in the record at a time.
const ahead = 256

// Groups yields the plan, asset by asset. It can be read once.
func (p *Plan) Groups(ctx context.Context) iter.Seq2[*Group, error] {
	if p.carried != nil {
		return p.carried.plan
	}
	return func(yield func(*Group, error) bool) {
		empty, err := p.record.Empty() // of the first export nothing needs to be asked
		if err != nil {
			yield(nil, err)
			return
		}
		assets := make([]*photosdb.Asset, 0, ahead)
		for a, err := range p.assets {
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if p.held != nil && p.opt.holds(a) {
				p.held.add(string(a.UUID))
			}
			if p.damaged != nil {
				if list := p.damaged[string(a.UUID)]; list != nil && !yield(p.repairGroup(a, list), nil) {
					return
				}
				continue
			}
			if is, err := p.wanted(a); err != nil {
				yield(nil, err)
				return
			} else if is {
				assets = append(assets, a)
			}
			if len(assets) == ahead {
				if !p.groups(assets, empty, yield) {
					return
				}
				assets = assets[:0]
			}
		}
		p.groups(assets, empty, yield)
	}
}

// groups plans some assets, and reports whether to go on.
func (p *Plan) groups(assets []*photosdb.Asset, empty bool, yield func(*Group, error) bool) bool {
	var held map[string]manifest.Holding
	if !empty {
		owners := make([]string, 0, len(assets))
		for _, a := range assets {
			for place := range p.placesOf(a) {
				owners = append(owners, naming.Owner(a.UUID, place))
			}
		}
		var err error
		if held, err = p.record.Of(owners); err != nil {
			yield(nil, err)
			return false
		}
	}
	for _, a := range assets {
		g, err := p.group(a, held)
		if err == nil {
			p.counts = append(p.counts, countOf(g))
		}
		if !yield(g, err) || err != nil {
			return false
		}
	}
	return true
}

// placesOf is how many places of an asset may be on record.
func (p *Plan) placesOf(a *photosdb.Asset) int {
	if len(p.places) == 0 {
		return 1
	}
	return p.places[naming.Owner(a.UUID, 0)] + 1
}

func (p *Plan) wanted(a *photosdb.Asset) (bool, error) {
	if p.opt.Skip.Bursts && a.Media.Burst != nil && a.Media.Burst.Unpicked() {
		return false, nil
	}
	return p.opt.Query.Match(a)
}

// group plans the files of one asset.
func (p *Plan) group(a *photosdb.Asset, held map[string]manifest.Holding) (*Group, error) {
	var details naming.Details
	if p.details {
		var err error
		if details, err = p.opt.Details(a); err != nil {
			return nil, err
		}
	}
	kept := make([]naming.Name, p.placesOf(a))
	for place := range kept {
		n := held[naming.Owner(a.UUID, place)].Name
		kept[place] = naming.Name{Wish: n.Wish, Dir: n.Dir, Base: n.Base}
	}
	// Files that were let go of keep their names for ever, and so do those that come
	// to lie beside them: what was proven elsewhere is there under this name.
	pinned := make([]bool, len(kept))
	for place := range kept {
		pinned[place] = kept[place].Base != "" && anyReleased(held[naming.Owner(a.UUID, place)].Entries)
	}
	if pinned[0] {
		kept[0].Wish = p.namer.Wish(a, &details).Wish
	}
	names, more := p.namer.Names(a, &details, kept)
	for place := range min(len(names), len(kept)) {
		if pinned[place] && names[place].Base != "" {
			names[place].Dir, names[place].Base = kept[place].Dir, kept[place].Base
		}
	}
	g := &Group{Asset: a.UUID, own: owned(a)}
	unnamed := p.unnamed(a)
	if more {
		unnamed = append(unnamed, Item{UUID: a.UUID, Role: RolePlace, Action: Missing, Reason: ReasonPlaces})
	}
	for place := len(names); place < len(kept); place++ {
		p.held.noteGone(held[naming.Owner(a.UUID, place)].Entries)
	}
	for place, name := range names {
		if name.Base == "" { // nothing is wished for any more; what is there may stay
			p.held.noteGone(held[naming.Owner(a.UUID, place)].Entries)
			continue
		}
		owner := naming.Owner(a.UUID, place)
		record := manifest.Name{Owner: owner, Wish: name.Wish, Dir: name.Dir, Base: name.Base}
		if place == 0 {
			record.Identity = identityOf(a)
		}
		if record != held[owner].Name {
			g.names = append(g.names, record)
		}
		items := p.items(a, place, name, held[owner].Entries, unnamed)
		if unnamed = nil; g.Items != nil {
			items = append(g.Items, items...)
		}
		g.Items = items
	}
	return g, nil
}
