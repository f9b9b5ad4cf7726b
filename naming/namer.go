package naming

import (
	"cmp"
	"strconv"
	"strings"

	"github.com/photogo/photogo/photosdb"
)

// Less is the order in which a Namer is asked: by Dates.Taken, assets without a
// date first, then by UUID. It is that of photosdb.ByDate, and decides who gets a
// name that two want.
func Less(a, b *photosdb.Asset) bool {
	if s, t := a.Dates.Taken, b.Dates.Taken; s.IsZero() != t.IsZero() {
		return s.IsZero()
	} else if order := cmp.Compare(s.UnixMicro(), t.UnixMicro()); order != 0 {
		return order < 0
	}
	return a.UUID < b.UUID
}

// Namer gives each asset a Name of its own. Where two want the same, the second
// becomes "name (1)", the third "name (2)", as Finder and osxphotos count.
//
// It is not safe for concurrent use. It holds hashes instead of names: some 110
// bytes for each asset.
type Namer struct {
	// Portable makes names that Windows, SMB and exFAT can hold as well, and that
	// gocryptfs keeps in one piece. It is set before the first name is given.
	Portable bool
	// Few says that of all the assets only a few will be named, beside the names
	// that were kept of the others; see Doubtful. It is set before the first name is
	// kept.
	Few bool

	dir, file *Template

	folders folders
	stems   stems
	doubt   bool // see Doubtful

	asked facts
	none  Details
	buf   []uint64
	last  struct { // most assets go where the one before went
		text  string
		parts []string
	}
}

// NewNamer returns a Namer that has given no name yet. Slashes of the template
// for files become "_".
func NewNamer(dir, file *Template) *Namer {
	return &Namer{dir: dir, file: file, folders: newFolders(), stems: newStems()}
}

// Keep reserves the name that an owner (see Owner) got in an earlier run.
// All such names are reserved before the first is given. One that cannot stand
// beside those before is not: its owner will get a new name.
func (n *Namer) Keep(owner string, name Name) {
	folder, ok := n.keepFolder(name)
	if !ok {
		n.doubt = true
		return
	}
	if hashes := n.hashes(folder, lasting(name.Base, Key(name.Base))); n.free(hashes, ownerID(owner)) {
		n.stems.hold(hashes, ownerID(owner), false)
	} else {
		n.doubt = true
	}
}

// Doubtful reports whether a name may not be the one that the asset would have got
// had every asset been named in order. Where Few assets are named only the names of
// the others are known, and not which files they have. Otherwise it means nothing.
func (n *Namer) Doubtful() bool { return n.doubt }

// Name returns the name of an asset, which is asked for once: the one that was
// kept, if the templates still give the same wish, else the first that is free.
// kept is what was handed to Keep, zero for an asset without a name. Of several
// values the templates take the first, and details are not known; see Names.
//
// A name that is given up stays reserved for its asset until the next run. Its
// files are still there while the run plans to move them.
func (n *Namer) Name(a *photosdb.Asset, kept Name) Name {
	f := n.facts(a, nil)
	return n.name(a, Owner(a.UUID, 0), n.wish(a, n.dir.text(f), n.file.text(f)), kept)
}

// Wish is what the templates give an asset, folder and base, whether or not
// another has it. Its Wish is that of the Name the asset will get in its first
// place. d may be nil where no template needs details.
func (n *Namer) Wish(a *photosdb.Asset, d *Details) Name {
	f := n.facts(a, d)
	w := n.wish(a, n.dir.text(f), n.file.text(f))
	return Name{Wish: w.text, Dir: strings.Join(w.parts, "/"), Base: w.base}
}

// facts returns what templates are filled from. It serves one asset at a time.
func (n *Namer) facts(a *photosdb.Asset, d *Details) *facts {
	if d == nil {
		d = &n.none
	}
	n.asked = facts{a, d}
	return &n.asked
}

// name gives a place of an asset its name.
func (n *Namer) name(a *photosdb.Asset, owner string, w wish, kept Name) Name {
	id := ownerID(owner)
	if kept.Wish == w.text && n.confirm(a, id, kept) {
		return kept
	}
	folder, base := n.choose(a, id, w.parts, w.base)
	return Name{Wish: w.text, Dir: n.folders.path(folder), Base: base}
}

// wish makes names of what the templates gave.
func (n *Namer) wish(a *photosdb.Asset, dir, base string) wish {
	base = baseRules(n.Portable).component(strings.ReplaceAll(base, "/", "_"))
	if r := a.Resource(photosdb.RoleOriginal); r != nil && originalExtension(a, r) == "" {
		// Whatever followed a dot would be taken for the extension.
		base = strings.ReplaceAll(base, ".", "_")
	}
	if dir != n.last.text || n.last.parts == nil {
		n.last.text, n.last.parts = dir, folderParts(dir, n.Portable)
	}
	w := wish{parts: n.last.parts, base: base}
	if w.text = base; len(w.parts) > 0 {
		w.text = strings.Join(w.parts, "/") + "/" + base
	}
	return w
}

// confirm reports whether an asset can have the name that it had, now that all
// its files are known, and takes it.
func (n *Namer) confirm(a *photosdb.Asset, id ownerHash, kept Name) bool {
	folder, ok := n.keepFolder(kept)
	if !ok {
		return false
	}
	stems := stemsOf(kept.Base, Key(kept.Base), a)
	if n.Few {
		n.awaited(folder, stems, id) // notes a doubt: the others might have one of the stems
	}
	hashes := n.hashes(folder, stems)
	if !n.free(hashes, id) {
		n.doubt = true
		return false
	}
	n.stems.hold(hashes, id, true)
	return true
}

// choose finds the first name that is free and takes it.
func (n *Namer) choose(a *photosdb.Asset, id ownerHash, parts []string, base string) (folderID, string) {
	var folder folderID
	for _, part := range parts {
		folder = n.enter(folder, part)
	}
	key := Key(base)
	for number := n.stems.first(folder, key); ; number++ {
		if n.stems.taken(hash(folder, numbered(key, number)), id) {
			n.stems.skip(folder, key, number)
			continue
		}
		stems := stemsOf(numbered(base, number), numbered(key, number), a)
		if hashes := n.hashes(folder, stems); n.free(hashes, id) && !n.awaited(folder, stems, id) {
			n.stems.hold(hashes, id, true)
			return folder, numbered(base, number)
		}
	}
}

// hashes are those of stems in a folder. They hold until it is called again.
func (n *Namer) hashes(folder folderID, stems []string) []uint64 {
	n.buf = n.buf[:0]
	for _, stem := range stems {
		n.buf = append(n.buf, hash(folder, stem))
	}
	return n.buf
}

// free reports whether no other asset holds any of some stems, nor a folder
// stands on one.
func (n *Namer) free(hashes []uint64, id ownerHash) bool {
	for _, h := range hashes {
		if n.stems.taken(h, id) || n.folders.standsOn(h) {
			return false
		}
	}
	return true
}

// awaited reports whether one of the stems could be that of a kept name whose
// asset is yet to come: only then its files are known.
func (n *Namer) awaited(folder folderID, stems []string, id ownerHash) bool {
	if !n.stems.expects {
		return false
	}
	for _, stem := range stems {
		for _, base := range basesOf(stem) {
			if n.stems.early(hash(folder, base), id) {
				n.doubt = true
				return true
			}
		}
	}
	return false
}

// enter finds or makes the folder of a name in another. A name that differs from
// one that is there by case or form only is the same folder, as it was spelled
// first. One that a file may have gives way.
func (n *Namer) enter(parent folderID, name string) folderID {
	for number := uint32(0); ; number++ {
		candidate := numbered(name, number)
		if id, ok := n.folders.find(parent, candidate); ok {
			return id
		}
		ground := groundOf(Key(candidate))
		if !n.anyTaken(parent, ground) && !n.awaited(parent, ground, 0) {
			return n.folders.add(parent, candidate)
		}
	}
}

// keepFolder finds or makes the folder of a name of an earlier run, exactly as
// it is spelled.
func (n *Namer) keepFolder(name Name) (id folderID, ok bool) {
	if !isComponent(name.Base) {
		return 0, false
	}
	if name.Dir == "" {
		return 0, true
	}
	for _, part := range strings.Split(name.Dir, "/") {
		if !isComponent(part) {
			return 0, false
		}
		next, ok := n.folders.find(id, part)
		if !ok {
			if n.anyTaken(id, groundOf(Key(part))) {
				return 0, false
			}
			next = n.folders.add(id, part)
		}
		id = next
	}
	return id, n.folders.path(id) == name.Dir
}

func (n *Namer) anyTaken(folder folderID, stems []string) bool {
	for _, stem := range stems {
		if n.stems.taken(hash(folder, stem), 0) {
			return true
		}
	}
	return false
}

// isComponent reports whether a recorded name leads nowhere else. Otherwise it is
// believed: what an earlier release found safe is not renamed.
func isComponent(s string) bool {
	return s != "" && s != "." && s != ".." && !strings.ContainsAny(s, "/\\\x00")
}

// numbered is a name in the row of those that want the same.
func numbered(name string, number uint32) string {
	if number == 0 {
		return name
	}
	return name + " (" + strconv.FormatUint(uint64(number), 10) + ")"
}
