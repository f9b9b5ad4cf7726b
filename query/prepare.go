package query

import (
	"context"
	"fmt"
	"slices"

	"github.com/photogo/photogo/photosdb"
)

// rare is what Prepare found out: the assets that rare facts are true of.
type rare struct {
	labels, notLabels, places, notPlaces map[photosdb.UUID]bool
}

// matchRare selects by what an asset itself does not tell. A query that was not
// prepared selects nothing by it.
func (q *Query) matchRare(uuid photosdb.UUID) bool {
	return (len(q.Labels) == 0 || q.rare.labels[uuid]) && (len(q.Places) == 0 || q.rare.places[uuid]) &&
		(len(q.NotLabels) == 0 || q.rare.notLabels != nil && !q.rare.notLabels[uuid]) &&
		(len(q.NotPlaces) == 0 || q.rare.notPlaces != nil && !q.rare.notPlaces[uuid])
}

// Prepare makes the query ready for a library, and returns warnings: names and
// UUIDs that nothing in the library goes by, most likely by mistake. Labels and
// places are read here, and only if they are asked for; where the library
// cannot tell them the error is photosdb.ErrAbsent, since a selection by them
// would be empty for no reason that anybody sees.
func (q *Query) Prepare(ctx context.Context, l *photosdb.Library) (warnings []string, err error) {
	if len(q.Labels)+len(q.NotLabels) > 0 {
		by, err := l.LabelsByAsset(ctx)
		if err != nil {
			return nil, err
		}
		q.rare.labels, q.rare.notLabels = pick(by, q.Labels), pick(by, q.NotLabels)
		warnings = append(warnings, unknown("no asset has the label %q", all(by), q.Labels, q.NotLabels)...)
	}
	if len(q.Places)+len(q.NotPlaces) > 0 {
		by, err := l.PlacesByAsset(ctx)
		if err != nil {
			return nil, err
		}
		q.rare.places, q.rare.notPlaces = pick(by, q.Places), pick(by, q.NotPlaces)
		warnings = append(warnings, unknown("no asset was taken at a place called %q", all(by), q.Places, q.NotPlaces)...)
	}
	for _, check := range []struct {
		message     string
		wanted, not Names
		names       func() ([]string, error)
	}{
		{"there is no album %q", q.Albums, q.NotAlbums, func() (names []string, err error) {
			list, err := l.Albums(ctx)
			for _, a := range list {
				if a.Kind == photosdb.UserAlbum || a.Kind == photosdb.SharedAlbum { // the members of others are not told
					names = append(names, a.Title, string(a.UUID))
				}
			}
			return names, err
		}},
		{"there is no folder %q", q.Folders, q.NotFolders, func() (names []string, err error) {
			list, err := l.Folders(ctx)
			for _, f := range list {
				names = append(names, f.Title, string(f.UUID))
			}
			return names, err
		}},
		{"there is no person %q", q.Persons, q.NotPersons, func() (names []string, err error) {
			list, err := l.Persons(ctx)
			for _, p := range list {
				names = append(names, p.KnownAs, p.Name)
				for _, other := range p.Merged {
					names = append(names, other.Name)
				}
			}
			return names, err
		}},
		{"there is no keyword %q", q.Keywords, q.NotKeywords, func() (names []string, err error) {
			list, err := l.Keywords(ctx)
			for _, k := range list {
				names = append(names, k.Title)
			}
			return names, err
		}},
	} {
		if len(check.wanted)+len(check.not) == 0 {
			continue
		}
		names, err := check.names()
		if err != nil {
			return nil, err
		}
		warnings = append(warnings, unknown(check.message, names, check.wanted, check.not)...)
	}
	more, err := q.unknownUUIDs(ctx, l)
	return append(warnings, more...), err
}

// fewUUIDs is how many UUIDs that are not there are told one by one.
const fewUUIDs = 20

func (q *Query) unknownUUIDs(ctx context.Context, l *photosdb.Library) (warnings []string, err error) {
	if len(q.UUIDs)+len(q.NotUUIDs) == 0 {
		return nil, nil
	}
	for _, wanted := range []UUIDs{q.UUIDs, q.NotUUIDs} {
		var list []photosdb.UUID
		for uuid := range wanted {
			list = append(list, uuid)
		}
		gone, err := l.Unknown(ctx, list)
		if err != nil {
			return nil, err
		}
		slices.Sort(gone)
		for i, uuid := range gone {
			if i == fewUUIDs {
				warnings = append(warnings, fmt.Sprintf("there are no assets with %d more of the UUIDs", len(gone)-i))
				break
			}
			warnings = append(warnings, fmt.Sprintf("there is no asset %s", uuid))
		}
	}
	return warnings, nil
}

// pick returns the assets that go by one of some names; not nil.
func pick(by map[photosdb.UUID][]string, names Names) map[photosdb.UUID]bool {
	out := map[photosdb.UUID]bool{}
	folded := map[string]bool{} // each name is looked at once, however many assets have it
	for uuid, list := range by {
		for _, name := range list {
			is, known := folded[name]
			if !known {
				_, is = names[fold(name)]
				folded[name] = is
			}
			if is {
				out[uuid] = true
			}
		}
	}
	return out
}

// all returns every name once.
func all(by map[photosdb.UUID][]string) (names []string) {
	seen := map[string]bool{}
	for _, list := range by {
		for _, name := range list {
			if !seen[name] {
				seen[name] = true
				names = append(names, name)
			}
		}
	}
	return names
}

func unknown(message string, names []string, lists ...Names) (warnings []string) {
	for _, list := range lists {
		for _, name := range list.except(names) {
			warnings = append(warnings, fmt.Sprintf(message, name))
		}
	}
	return warnings
}
