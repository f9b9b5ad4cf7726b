package naming

import (
	"fmt"
	"hash/fnv"
	"path"
	"regexp"
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

	// stems tells who uses a stem in a folder; both are hashes. That two
	// different stems have one hash is next to impossible, and would only
	// cost a name its " (1)".
	stems map[uint64]uint64
	// folders tells how a folder is spelled that was first used under a key.
	folders map[string]string
}

// NewNamer returns a Namer for two templates.
func NewNamer(dir, file *Template) *Namer {
	return &Namer{dir: dir, file: file, stems: map[uint64]uint64{}, folders: map[string]string{}}
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
	for i := 1; !n.free(owner, name); i++ {
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
		spelling = path.Join(spelling, notAFile(part))
		key := Key(spelling)
		if n.folders[key] == "" {
			n.folders[key] = spelling
		}
		spelling = n.folders[key]
	}
	return spelling
}

// notAFile keeps folders from being called like the files beside them.
func notAFile(part string) string {
	if _, ext := splitExt(part); mediaExtensions[strings.ToLower(ext)] {
		return part + "_"
	}
	return part
}

func split(dir string) []string {
	if dir == "" {
		return nil
	}
	return strings.Split(dir, "/")
}

// stemsOf are the stems that an asset may use, whether or not it has files for
// them: a picture that is edited tomorrow keeps its name, and no file of one
// asset can be taken for a companion of another.
func stemsOf(base string) [3]string {
	return [3]string{base, base + editedSuffix, cameraStem(base)}
}

const editedSuffix = "_edited"

var cameraName = regexp.MustCompile(`^([Ii][Mm][Gg]_)(\d.*)$`)

// cameraStem is the stem of the camera's own adjustments, as Apple names it.
func cameraStem(base string) string {
	if m := cameraName.FindStringSubmatch(base); m != nil {
		return m[1] + "O" + m[2]
	}
	return base + "_O"
}

func (n *Namer) free(owner string, name Name) bool {
	id := hash(owner)
	for _, stem := range stemsOf(name.Base) {
		if user, taken := n.stems[place(name.Dir, stem)]; taken && user != id {
			return false
		}
	}
	return true
}

func (n *Namer) reserve(owner string, name Name) {
	id := hash(owner)
	for _, stem := range stemsOf(name.Base) {
		n.stems[place(name.Dir, stem)] = id
	}
}

// place is the hash of a stem in a folder.
func place(dir, stem string) uint64 { return hash(Key(dir) + "/" + Key(stem)) }

func hash(text string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(text))
	return h.Sum64()
}
