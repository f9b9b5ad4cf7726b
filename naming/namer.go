package naming

import (
	"fmt"
	"path"
	"strings"

	"github.com/photogo/photogo/photosdb"
)

// Name is how the files of an asset are called.
type Name struct {
	Wish string // what the templates gave, before names that were taken were avoided
	Dir  string // the folder, relative with slashes; "" is the destination itself
	Base string // the stem that all files of the asset share
}

// Namer gives names. Assets must come in the order of Less, which decides who
// gets a name that two want; names that were given before are kept. Its memory
// does not grow with the lengths of names.
type Namer struct {
	dir, file *Template

	// bases tells who uses a stem in a folder; both are hashes. That two
	// different stems have one hash is next to impossible, and would only
	// cost a name its " (1)".
	bases map[fnv]fnv
	// folders tells how a folder is spelled that was first used under a key.
	folders map[string]string
}

// NewNamer returns a Namer for two templates.
func NewNamer(dir, file *Template) *Namer {
	return &Namer{dir: dir, file: file, bases: map[fnv]fnv{}, folders: map[string]string{}}
}

// Less orders assets by date, then by UUID; assets without a date come first.
func Less(a, b *photosdb.Asset) bool {
	if !a.Dates.Taken.Equal(b.Dates.Taken) {
		return a.Dates.Taken.Before(b.Dates.Taken)
	}
	return a.UUID < b.UUID
}

// Keep reserves a name that an asset was given before. All of them must be kept
// before the first new one is given.
func (n *Namer) Keep(owner string, name Name) {
	spelling := ""
	for _, part := range split(name.Dir) {
		spelling = path.Join(spelling, part)
		if key := Key(spelling); n.folders[key] == "" {
			n.folders[key] = spelling
		}
	}
	n.reserve(owner, name)
}

// Name returns the name of an asset: kept, if the templates still give the same
// wish, else the first of "base", "base (1)", "base (2)", … of which no stem is
// another's. kept is the name that was given before, zero for none.
func (n *Namer) Name(a *photosdb.Asset, kept Name) Name {
	owner := string(a.UUID)
	dir, base := n.dir.directory(a), n.file.filename(a)
	wish := path.Join(dir, base)
	if kept.Wish == wish && kept.Base != "" {
		n.reserve(owner, kept)
		return kept
	}
	name := Name{Wish: wish, Dir: n.folder(dir), Base: base}
	for i := 1; n.taken(owner, name) || n.isFolder(a, name); i++ {
		name.Base = fmt.Sprintf("%s (%d)", base, i)
	}
	n.reserve(owner, name)
	return name
}

// folder returns how a folder is spelled: as it was when one of its name, but
// for case and Unicode form, was first used.
func (n *Namer) folder(dir string) string {
	spelling := ""
	for _, part := range split(dir) {
		spelling = n.spell(spelling, notMedia(part))
	}
	return spelling
}

func (n *Namer) spell(parent, part string) string {
	for {
		dir := path.Join(parent, part)
		key := Key(dir)
		if known := n.folders[key]; known != "" {
			return known
		}
		if !n.couldBeFile(parent, part) {
			n.folders[key] = dir
			return dir
		}
		part = underscored(part)
	}
}

// notMedia keeps folders from being called like the files beside them.
func notMedia(part string) string {
	if _, ext := splitExt(part); mediaExtensions[strings.ToLower(ext)] {
		return underscored(part)
	}
	return part
}

func underscored(part string) string { return component(part, maxName-1) + "_" }

// couldBeFile reports whether an asset may have a file of that name: one
// without extension, or with one that is not known. What files an asset has is
// not known here, so each stem counts.
func (n *Namer) couldBeFile(dir, part string) bool {
	stem, ext := splitExt(part)
	return n.taken("", Name{Dir: dir, Base: part}) || ext != "" && n.taken("", Name{Dir: dir, Base: stem})
}

// isFolder reports whether a file of an asset would be called like a folder. No
// folder is called like a file with a known extension.
func (n *Namer) isFolder(a *photosdb.Asset, name Name) bool {
	for i := range a.Resources {
		if mediaExtensions[strings.ToLower(extension(a, &a.Resources[i]))] {
			continue
		}
		for _, file := range Files(name, a) {
			if n.folders[Key(path.Join(name.Dir, file))] != "" {
				return true
			}
		}
		return false
	}
	return false
}

func split(dir string) []string {
	if dir == "" {
		return nil
	}
	return strings.Split(dir, "/")
}

func (n *Namer) reserve(owner string, name Name) {
	n.bases[placeOf(name.Dir).of(Key(name.Base))] = newFNV.of(owner)
}

// taken reports whether another asset's files already go by this name, or could
// be taken for this asset's, or this asset's for the other's. It does not matter
// which files there are today: a picture that is edited tomorrow keeps its name.
func (n *Namer) taken(owner string, name Name) bool {
	dir, id := placeOf(name.Dir), newFNV.of(owner)
	return anyKin(Key(name.Base), func(stem, suffix string) bool {
		user, used := n.bases[dir.of(stem).of(suffix)]
		return used && user != id
	})
}

// placeOf is the hash of a folder, from which that of a stem in it goes on.
func placeOf(dir string) fnv { return newFNV.of(Key(dir)).of("/") }
