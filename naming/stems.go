package naming

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/photogo/photogo/photosdb"
)

// A stem is what stands before the last dot of a file's name, as a Key. Extensions
// have neither dots nor anything but ASCII letters and digits, so a name has one
// stem only. Two assets whose stems are all different share no file name, even
// when files come and go, and no companion of one can be taken for the other's.

// lasting are the stems that an asset of a base has for ever, whichever files it
// has today: an edit tomorrow must not rename anything.
// key is the base's Key.
func lasting(base, key string) []string {
	camera := key + "_o"
	if isCamera(base) { // as cameraStem; then key begins in the same way
		camera = key[:4] + "o" + key[4:]
	}
	stems := append(make([]string, 0, 8), key, key+editedSuffix, camera)
	if twin := editedTwin(key); twin != "" {
		stems = append(stems, twin)
	}
	if twin := cameraTwin(key); twin != "" {
		stems = append(stems, twin)
	}
	return stems
}

// editedTwin is for an original called IMG_0042_edited or IMG_0042_O: the
// companion IMG_E0042_edited of an IMG_E0042 would be taken for its own by
// programs that read Apple's E ("edited") as the same picture. The two must not
// meet.
func editedTwin(key string) string {
	for _, suffix := range []string{editedSuffix, "_o"} {
		if root, ok := strings.CutSuffix(key, suffix); ok && isNumbered(root, "img_") {
			return "img_e" + strings.TrimPrefix(root, "img_")
		}
	}
	return ""
}

// cameraTwin is for an original called IMG_0042- or IMG_0042 (1): of the
// originals beside its companion IMG_O0042- one called IMG_O0042 would begin its
// name just as far. The two must not meet.
func cameraTwin(key string) string {
	last, size := utf8.DecodeLastRuneInString(key)
	if !isNumbered(key, "img_") || unicode.IsLetter(last) || unicode.IsNumber(last) {
		return ""
	}
	return "img_o" + key[len("img_"):len(key)-size]
}

// isNumbered reports whether a prefix and a digit begin a key.
func isNumbered(key, prefix string) bool {
	rest, ok := strings.CutPrefix(key, prefix)
	first, _ := utf8.DecodeRuneInString(rest)
	return ok && unicode.IsDigit(first)
}

// stemsOf are the lasting stems and those that follow from the files an asset has
// now: of sidecars, whose names have two extensions, and of roles that were
// inserted.
func stemsOf(base, key string, a *photosdb.Asset) []string {
	stems := lasting(base, key)
	for _, f := range filesOf(base, a) {
		stem := key
		if f.stem != base {
			stem = Key(f.stem)
		}
		if !slices.Contains(stems, stem) {
			stems = append(stems, stem)
			if isNumbered(stem, "img_e") || isNumbered(stem, "img_o") { // see editedTwin
				if twin := "img_" + stem[len("img_e"):]; !slices.Contains(stems, twin) {
					stems = append(stems, twin)
				}
			}
		}
		if f.described() && f.ext != "" {
			if name := stem + "." + strings.ToLower(f.ext); !slices.Contains(stems, name) {
				stems = append(stems, name)
			}
		}
	}
	return stems
}

// basesOf lists the bases of which a stem could be one that does not last.
func basesOf(stem string) []string {
	bases := groundOf(stem)[1:]
	for _, role := range inserted {
		if base, ok := strings.CutSuffix(stem, role); ok {
			bases = append(bases, base)
			if isNumbered(base, "img_") {
				bases = append(bases, "img_e"+base[len("img_"):], "img_o"+base[len("img_"):])
			}
		}
	}
	return bases
}

// inserted are the endings of stems that do not last.
var inserted = []string{
	"_" + string(photosdb.RoleRaw), "_" + string(photosdb.RoleLive), "_" + string(photosdb.RolePoster),
	"_" + string(photosdb.RoleEditedLive), "_" + string(photosdb.RoleEditBase),
	"_" + string(photosdb.RoleAdjustments), "_" + string(photosdb.RoleAAE), "_" + string(photosdb.RoleXMP),
}

// groundOf lists the stems of the files that could be called key: key itself and,
// if it ends with what can be an extension, what stands before.
func groundOf(key string) []string {
	if dot := strings.LastIndexByte(key, '.'); dot > 0 && isExtension(key[dot+1:]) {
		return []string{key, key[:dot]}
	}
	return []string{key}
}

// stems are those that are taken, each by one asset. Both are kept as hashes: a
// name that seems taken when it is not only costs a number.
type stems struct {
	taker   table             // by stem: which of the owners it is, from 1 on
	owners  []ownerHash       // of each call of hold; a million of them take little beside their stems
	next    map[uint64]uint32 // by name: the number below which all are taken
	expects bool              // some are of assets that are yet to come
}

// ownerHash is the hash of an owner. Its last bit is set once the asset was named
// in this run, so that all its stems are known; 0 is nobody.
type ownerHash uint64

const seen ownerHash = 1

func ownerID(owner string) ownerHash { return ownerHash(fnv(fnvOffset, owner)) &^ seen }

func newStems() stems { return stems{next: map[uint64]uint32{}} }

// owner returns who has a stem, 0 for nobody.
func (s *stems) owner(h uint64) ownerHash {
	if n := s.taker.get(h); n != 0 {
		return s.owners[n-1]
	}
	return 0
}

// taken reports whether anybody but an owner has a stem.
func (s *stems) taken(h uint64, id ownerHash) bool {
	by := s.owner(h)
	return by != 0 && by&^seen != id
}

// early reports whether the asset of somebody else who has a stem is yet to come.
func (s *stems) early(h uint64, id ownerHash) bool {
	by := s.owner(h)
	return by != 0 && by&seen == 0 && by != id
}

func (s *stems) hold(hashes []uint64, id ownerHash, named bool) {
	if named {
		id |= seen
	} else {
		s.expects = true
	}
	s.owners = append(s.owners, id)
	for _, h := range hashes {
		s.taker.set(h, uint32(len(s.owners)))
	}
}

// hash is that of a stem in a folder.
func hash(folder folderID, stem string) uint64 {
	return fnv((fnvOffset^uint64(folder))*fnvPrime, stem)
}

// fnv is FNV-1a, continued from a hash, with a last step that spreads what has
// come into the upper bits. It is the same on every machine and in every run:
// where two texts had one hash, another would give their assets other names.
func fnv(h uint64, s string) uint64 {
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * fnvPrime
	}
	return h ^ h>>32
}

const (
	fnvOffset = 14695981039346656037
	fnvPrime  = 1099511628211
)

// first is the number from which on to look for a free name. Without it the
// thousandth untitled picture would ask a thousand times.
func (s *stems) first(folder folderID, key string) uint32 {
	return s.next[hash(folder, key)]
}

// skip remembers that a number is taken, and so are all below.
func (s *stems) skip(folder folderID, key string, number uint32) {
	if h := hash(folder, key); s.next[h] == number {
		s.next[h] = number + 1
	}
}
