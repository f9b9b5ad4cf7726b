// Package query says which assets are meant: those that a user selects with
// flags. A Query is a plain struct that flags bind to, and Match a pure function.
package query

import (
	"time"

	"github.com/photogo/photogo/photosdb"
)

// Query selects assets. The zero value is every asset that is not in the trash.
//
// All that is asked for must hold. Of several values of one field it is enough
// that one does; what a field beginning with Not says must hold for none.
type Query struct {
	// Since keeps assets that were taken, added to the library or edited at
	// this time or later; an old picture that was imported late counts. Zero: all.
	Since    time.Time
	NotSince time.Time // leaves these out instead

	Taken, NotTaken []Range // by the date that Photos shows, in the picture's own zone
	Added, NotAdded []Range // by when it came into the library

	// Trashed adds the assets in the trash, OnlyTrashed leaves out all others.
	Trashed, OnlyTrashed bool

	UUIDs, NotUUIDs       UUIDs
	Albums, NotAlbums     Names // albums and shared albums that hold it, by title or UUID
	Folders, NotFolders   Names // folders, at any depth, of albums that hold it, by title or UUID
	Persons, NotPersons   Names // people on it, by full name; one who was merged into another goes by both
	Keywords, NotKeywords Names
	Labels, NotLabels     Names // what Photos sees in it; Prepare must have been called
	Places, NotPlaces     Names // where it was taken, by name; Prepare must have been called

	Kinds, NotKinds       []photosdb.Kind
	Subtypes, NotSubtypes []photosdb.Subtype

	Favorite Choice
	Hidden   Choice
	Edited   Choice
	Missing  Choice // the file of the original is not there
	InCloud  Choice // uploaded to iCloud Photos
	Shared   Choice // an item of an iCloud shared album
	Raw      Choice // the original is RAW, or has a RAW half
	Burst    Choice // a frame of a burst

	// Where are conditions over all facts, of which one must hold, and NotWhere those of
	// which none may. What they speak of must have been read: see Include.
	Where, NotWhere []*Where

	rare rare
}

// Include is what has to be read of assets for Match.
func (q *Query) Include() (i photosdb.Include) {
	for _, list := range [][]*Where{q.Where, q.NotWhere} {
		for _, w := range list {
			i |= w.Include()
		}
	}
	return i
}

// Choice is a question that need not be asked.
type Choice int

// The choices.
const (
	Any Choice = iota // whether or not
	Yes
	No
)

// allows reports whether an answer is among those that are wanted.
func (c Choice) allows(answer bool) bool { return c == Any || (c == Yes) == answer }

// Match reports whether an asset is meant. An error is that of a condition of Where or
// NotWhere, and names the asset.
func (q *Query) Match(a *photosdb.Asset) (bool, error) {
	if !q.matchTrash(a) || !q.matchFacts(a) || !q.matchDates(a) || !q.matchNames(a) || !q.matchRare(a.UUID) {
		return false, nil
	}
	if len(q.Where) > 0 {
		if is, err := anyOf(q.Where, a); !is || err != nil {
			return false, err
		}
	}
	is, err := anyOf(q.NotWhere, a)
	return !is && err == nil, err
}

func (q *Query) matchTrash(a *photosdb.Asset) bool {
	if a.Flags.Trashed {
		return q.Trashed || q.OnlyTrashed
	}
	return !q.OnlyTrashed
}

func (q *Query) matchFacts(a *photosdb.Asset) bool {
	original := a.Resource(photosdb.RoleOriginal)
	return q.Favorite.allows(a.Flags.Favorite) &&
		q.Hidden.allows(a.Flags.Hidden) &&
		q.Edited.allows(a.Edited()) &&
		q.Missing.allows(original == nil || !original.OnDisk) &&
		q.InCloud.allows(a.Cloud.Uploaded != nil && *a.Cloud.Uploaded) &&
		q.Shared.allows(a.Origin.SharedAlbum) &&
		q.Raw.allows(a.Has(photosdb.Raw)) &&
		q.Burst.allows(a.Media.Burst != nil) &&
		chosen(q.Kinds, q.NotKinds, a.Kind) &&
		chosen(q.Subtypes, q.NotSubtypes, a.Media.Subtypes...) &&
		(len(q.UUIDs) == 0 || q.UUIDs.has(a.UUID)) && !q.NotUUIDs.has(a.UUID)
}

func (q *Query) matchDates(a *photosdb.Asset) bool {
	if !q.Since.IsZero() && !since(a, q.Since) || !q.NotSince.IsZero() && since(a, q.NotSince) {
		return false
	}
	return within(q.Taken, q.NotTaken, func(r Range) bool { return r.Contains(a.Dates.Taken) }) &&
		within(q.Added, q.NotAdded, func(r Range) bool { return r.ContainsHere(a.Dates.Added) })
}

// since reports whether one of the dates that count is at a time or later.
func since(a *photosdb.Asset, start time.Time) bool {
	for _, t := range []time.Time{a.Dates.Taken, a.Dates.Added, a.Dates.Modified} {
		if !t.IsZero() && !t.Before(start) {
			return true
		}
	}
	return false
}

func (q *Query) matchNames(a *photosdb.Asset) bool {
	if len(q.Keywords)+len(q.NotKeywords) > 0 && !q.Keywords.choose(q.NotKeywords, a.Text.Keywords) {
		return false
	}
	if len(q.Albums)+len(q.NotAlbums) > 0 {
		var names []string
		for _, list := range [][]photosdb.Album{a.Albums, a.SharedAlbums} {
			for _, b := range list {
				names = append(names, b.Title, string(b.UUID))
			}
		}
		if !q.Albums.choose(q.NotAlbums, names) {
			return false
		}
	}
	if len(q.Folders)+len(q.NotFolders) > 0 {
		var names []string
		for _, b := range a.Albums {
			for _, f := range b.Folders {
				names = append(names, f.Title, string(f.UUID))
			}
		}
		if !q.Folders.choose(q.NotFolders, names) {
			return false
		}
	}
	if len(q.Persons)+len(q.NotPersons) > 0 {
		var names []string
		for _, f := range a.Faces {
			// A face that the user took away shows nobody.
			if f.Person != nil && !f.Hidden && !f.Trashed {
				names = append(names, f.Person.KnownAs, f.Person.Name)
			}
		}
		if !q.Persons.choose(q.NotPersons, names) {
			return false
		}
	}
	return true
}

// chosen reports whether the wanted values, if there are any, and none of the
// others are among those that an asset has.
func chosen[T comparable](wanted, not []T, has ...T) bool {
	found := len(wanted) == 0
	for _, v := range has {
		for _, n := range not {
			if v == n {
				return false
			}
		}
		for _, w := range wanted {
			found = found || v == w
		}
	}
	return found
}
