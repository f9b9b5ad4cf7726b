package naming

import (
	"strconv"
	"strings"

	"github.com/photogo/photogo/photosdb"
)

// MaxPlaces is how many places an asset can have. A picture in hundreds of albums
// whose template also asks for dozens of keywords would fill a disk with names.
const MaxPlaces = 1000

// Owner is who a place of an asset is kept for: the UUID for the first, number 0,
// and a text of its own for each other. No two assets have a text in common,
// whatever their UUIDs are.
func Owner(uuid photosdb.UUID, place int) string {
	owner := strings.ReplaceAll(string(uuid), "#", "##")
	if place == 0 {
		return owner
	}
	return owner + "#" + strconv.Itoa(place)
}

// ParseOwner is what Owner put together: the owner of an asset's first place, and the
// number of the place.
func ParseOwner(owner string) (first string, place int) {
	cut := strings.LastIndexByte(owner, '#')
	if cut < 0 {
		return owner, 0
	}
	first = owner[:cut]
	if marks := len(first) - len(strings.TrimRight(first, "#")); marks%2 != 0 {
		return owner, 0 // a part of the UUID
	}
	place, err := strconv.Atoi(owner[cut+1:])
	if err != nil || place <= 0 || strconv.Itoa(place) != owner[cut+1:] {
		return owner, 0
	}
	return first, place
}

// wish is what the templates ask for, for one place.
type wish struct {
	text  string // folder and base, for Name.Wish
	parts []string
	base  string
}

// Names returns the names of an asset that the templates give several values,
// one for each place where its files are to be: an album each, say. They count
// from 0, and the first that has a Base is where programs should look first.
// kept are the names that were handed to Keep, for each number that of
// Owner(a.UUID, number); zero where there is none.
//
// A place keeps its number as long as the templates wish for it. New wishes take
// the numbers of those that are gone, so that files move when an album is
// renamed, then new ones. The name of a number that nothing is wished for is
// zero, but stays reserved: whatever is there may stay.
//
// d may be nil: no details are known. more tells that there would be more places than MaxPlaces.
func (n *Namer) Names(a *photosdb.Asset, d *Details, kept []Name) (names []Name, more bool) {
	f := n.facts(a, d)
	if !n.dir.many && !n.file.many {
		return n.give(a, []wish{n.wish(a, n.dir.text(f), n.file.text(f))}, kept), false
	}
	wishes, more := n.wishes(f)
	return n.give(a, wishes, kept), more
}

// wishes combines all folders with all bases. Places that any file system could
// take for one are one.
func (n *Namer) wishes(f *facts) (wishes []wish, more bool) {
	dirs, bases := n.dir.texts(f), n.file.texts(f)
	there := map[string]bool{}
	for _, dir := range dirs {
		for _, base := range bases {
			w := n.wish(f.Asset, dir, base)
			if key := Key(w.text); !there[key] {
				there[key] = true
				wishes = append(wishes, w)
			}
			if len(wishes) > MaxPlaces {
				return wishes[:MaxPlaces], true
			}
		}
	}
	return wishes, len(dirs) > MaxPlaces || len(bases) > MaxPlaces
}

// give gives each wish a number and a name.
func (n *Namer) give(a *photosdb.Asset, wishes []wish, kept []Name) []Name {
	if len(wishes) == 1 && len(kept) <= 1 {
		had := Name{}
		if len(kept) == 1 {
			had = kept[0]
		}
		return []Name{n.name(a, Owner(a.UUID, 0), wishes[0], had)}
	}
	names := make([]Name, max(len(kept), len(wishes)))
	for place, w := range numberedWishes(wishes, kept) {
		if w == nil {
			continue
		}
		had := Name{}
		if place < len(kept) {
			had = kept[place]
		}
		names[place] = n.name(a, Owner(a.UUID, place), *w, had)
	}
	return names
}

// numberedWishes gives each wish the number that it had, the others the lowest
// that are left.
func numberedWishes(wishes []wish, kept []Name) []*wish {
	numbers := make([]*wish, max(len(kept), len(wishes)))
	byText := make(map[string]int, len(kept))
	for place, name := range kept {
		if _, twice := byText[name.Wish]; name.Base != "" && !twice {
			byText[name.Wish] = place
		}
	}
	var fresh []*wish
	for i := range wishes {
		if place, ok := byText[wishes[i].text]; ok {
			numbers[place] = &wishes[i]
		} else {
			fresh = append(fresh, &wishes[i])
		}
	}
	place := 0
	for _, w := range fresh {
		for numbers[place] != nil {
			place++
		}
		numbers[place] = w
	}
	return numbers
}
