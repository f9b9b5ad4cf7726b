package export

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"

	"github.com/zeebo/blake3"

	"github.com/photogo/photogo/manifest"
	"github.com/photogo/photogo/naming"
	"github.com/photogo/photogo/photosdb"
)

// ErrOtherLibrary says that a destination was made from another library. It is an
// ErrRefused.
var ErrOtherLibrary = fmt.Errorf("%w: it was made from another library", ErrRefused)

// A library is taken for the one that a destination was made from if it holds this
// share of the pictures; one whose identity did not change is only asked where more
// pictures than both of these seem to be gone, and as many to be new.
const (
	sameLibrary  = 90 // percent
	vanishedMost = 50
	vanishedPart = 10 // percent
)

// SampleSize is how many assets Options.Sample should name.
const SampleSize = 500

// identityOf is what an asset is known by when its UUID changes, as on a new Mac or
// after a repair: what iCloud calls it, and its original's fingerprint, or at least its
// size, with its date and name. Each is a hash in 22 characters, "-" where it is not
// known.
func identityOf(a *photosdb.Asset) string {
	cloud, own := "-", "-"
	if a.Cloud.AssetGUID != "" {
		cloud = identityHash("cloud", a.Cloud.AssetGUID)
	}
	if r := a.Resource(photosdb.RoleOriginal); r != nil {
		bytes, date := fingerprintOf(a, r), ""
		if !a.Dates.Taken.IsZero() {
			date = strconv.FormatInt(a.Dates.Taken.UnixMicro(), 10)
		}
		if bytes == "" && r.Size > 0 && date != "" {
			bytes = "size " + strconv.FormatInt(r.Size, 10)
		}
		if bytes != "" {
			name := a.Name.Original
			if strings.Contains(name, string(a.UUID)) {
				name = "" // it was never told another
			}
			own = identityHash("own", bytes, date, name)
		}
	}
	return cloud + " " + own
}

func identityHash(parts ...string) string {
	h := blake3.New()
	for _, part := range parts {
		h.WriteString(strconv.Itoa(len(part)) + " " + part)
	}
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:16])
}

// recognition is what became of the assets of a record in a library where many are
// called otherwise.
type recognition struct {
	known    int               // assets that the record has names for
	same     int               // of these, the library has by their UUID
	now      map[string]string // UUID by owner, of those that it has under another
	was      map[string]string // the other way round
	library  string            // whose identity the record gets; "" where it stays
	accepted bool
	mixed    bool // it was accepted although the library is not known for the same
}

// recognise compares a library with a record of what seems to be another one, or the
// same with other UUIDs. It returns nil where there is no reason to look. It reads the
// whole library.
func recognise(assets iter.Seq2[*photosdb.Asset, error], record Record, opt *Options) (*recognition, error) {
	of, err := record.Meta(metaLibrary)
	if err != nil || opt.Library == "" || of == "" {
		return nil, err
	}
	other := of != opt.Library
	if !other {
		if worth, err := suspicious(record, opt); err != nil || !worth {
			return nil, err
		}
	}
	owners := map[string]string{} // identities of those that the library does not have
	rec := &recognition{now: map[string]string{}, was: map[string]string{}}
	for n, err := range record.Names() {
		if err != nil {
			return nil, err
		}
		if _, place := naming.ParseOwner(n.Owner); place == 0 {
			owners[n.Owner] = n.Identity
		}
	}
	if rec.known = len(owners); rec.known == 0 {
		return nil, nil
	}
	fresh := map[string]string{} // identities of those that the record does not have
	for a, err := range assets {
		if err != nil {
			return nil, err
		}
		owner := naming.Owner(a.UUID, 0)
		if _, ok := owners[owner]; ok {
			rec.same++
			delete(owners, owner)
			continue
		}
		fresh[owner] = identityOf(a)
	}
	// Deleted assets stay in the record, and new ones come: neither alone is a reason.
	if !other && !otherwise(min(len(fresh), len(owners)), rec.known) {
		return nil, nil
	}
	for part := range 2 { // what iCloud says first
		rec.pair(owners, fresh, part)
	}
	if other {
		rec.library = opt.Library
		rec.mixed = 100*(rec.same+len(rec.now)) < sameLibrary*rec.known
		rec.accepted = opt.SameLibrary || !rec.mixed
	}
	if other && !rec.accepted {
		return nil, fmt.Errorf("%w (%s, this one is %s), and of %d pictures in it this library has %d: choose another destination, or --same-library to go on in this one",
			ErrOtherLibrary, of, opt.Library, rec.known, rec.same+len(rec.now))
	}
	return rec, nil
}

// otherwise reports whether so many assets of a number went, and as many came, that they
// may be the same ones.
func otherwise(few, of int) bool { return few > vanishedMost && 100*few > vanishedPart*of }

// suspicious asks the record for a sample of the library: it reports whether so many
// are unknown that more than new pictures may be the cause.
func suspicious(record Record, opt *Options) (bool, error) {
	if opt.Sample == nil {
		return false, nil
	}
	sample, err := opt.Sample()
	if err != nil || len(sample) == 0 {
		return false, err
	}
	owners := make([]string, len(sample))
	for i, uuid := range sample {
		owners[i] = naming.Owner(uuid, 0)
	}
	held, err := record.Of(owners)
	return 100*(len(sample)-len(held)) > vanishedPart*len(sample), err
}

// pair finds those that share a part of their identities. Where several do, as copies
// of one picture, the first belongs to the first: their bytes are the same.
func (rec *recognition) pair(owners, fresh map[string]string, part int) {
	byPart := func(identities map[string]string) map[string][]string {
		lists := map[string][]string{}
		for owner, identity := range identities {
			if parts := strings.Fields(identity); len(parts) == 2 && parts[part] != "-" {
				lists[parts[part]] = append(lists[parts[part]], owner)
			}
		}
		return lists
	}
	there := byPart(fresh)
	for key, list := range byPart(owners) {
		slices.Sort(list)
		others := there[key]
		slices.Sort(others)
		for i := range min(len(list), len(others)) {
			rec.now[list[i]], rec.was[others[i]] = others[i], list[i]
			delete(owners, list[i])
			delete(fresh, others[i])
		}
	}
}

// renames are all owners that are called otherwise, every place of an asset.
func (rec *recognition) renames(record Record) (list []manifest.Rename, err error) {
	for n, err := range record.Names() {
		if err != nil {
			return nil, err
		}
		if to := rec.translate(n.Owner, rec.now); to != n.Owner {
			list = append(list, manifest.Rename{From: n.Owner, To: to})
		}
	}
	slices.SortFunc(list, func(a, b manifest.Rename) int { return cmp.Compare(a.From, b.From) })
	return list, nil
}

// translate says what an owner of any place is called in the other way.
func (rec *recognition) translate(owner string, by map[string]string) string {
	first, place := naming.ParseOwner(owner)
	to, ok := by[first]
	if !ok {
		return owner
	}
	if place == 0 {
		return to
	}
	return to + "#" + strconv.Itoa(place)
}

// recognised is a record whose owners are called as they are going to be. A plan
// reads it, as planning changes nothing.
type recognised struct {
	Record
	rec *recognition
}

// Of implements Record.
func (r recognised) Of(owners []string) (map[string]manifest.Holding, error) {
	asked := make([]string, len(owners))
	for i, owner := range owners {
		asked[i] = r.rec.translate(owner, r.rec.was)
	}
	held, err := r.Record.Of(asked)
	if err != nil {
		return nil, err
	}
	now := make(map[string]manifest.Holding, len(held))
	for owner, h := range held {
		owner = r.rec.translate(owner, r.rec.now)
		if h.Name.Owner != "" {
			h.Name.Owner = owner
		}
		for i := range h.Entries {
			h.Entries[i].Owner = owner
		}
		now[owner] = h
	}
	return now, nil
}

// Names implements Record.
func (r recognised) Names() iter.Seq2[manifest.Name, error] {
	return func(yield func(manifest.Name, error) bool) {
		for n, err := range r.Record.Names() {
			n.Owner = r.rec.translate(n.Owner, r.rec.now)
			if !yield(n, err) {
				return
			}
		}
	}
}

// All implements Record.
func (r recognised) All() iter.Seq2[manifest.Entry, error] {
	return func(yield func(manifest.Entry, error) bool) {
		for e, err := range r.Record.All() {
			e.Owner = r.rec.translate(e.Owner, r.rec.now)
			if !yield(e, err) {
				return
			}
		}
	}
}

// accept writes down what was recognised: nothing is copied or moved for it.
func (r *run) accept() error {
	rec := r.plan.recognition
	if rec == nil {
		return nil
	}
	list, err := rec.renames(r.job.Record)
	if err == nil {
		err = r.job.Record.Commit(manifest.Change{Owners: list})
	}
	if err == nil && rec.mixed {
		err = r.job.Record.SetMeta(metaMixed, "1")
	}
	if err == nil && rec.library != "" {
		err = r.job.Record.SetMeta(metaLibrary, rec.library)
	}
	if err != nil {
		return fmt.Errorf("note that the library's pictures are called otherwise: %w", err)
	}
	r.plan.record = r.job.Record
	return nil
}
