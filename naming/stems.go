package naming

import (
	"crypto/sha256"
	"encoding/binary"
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
func lasting(base string) []string {
	key := Key(base)
	stems := []string{key, key + editedSuffix, Key(cameraStem(base))}
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
func stemsOf(base string, a *photosdb.Asset) []string {
	stems := lasting(base)
	add := func(key string) {
		if !slices.Contains(stems, key) {
			stems = append(stems, key)
		}
	}
	for _, f := range filesOf(base, a) {
		if key := Key(f.stem); !slices.Contains(stems, key) {
			add(key)
			if isNumbered(key, "img_e") || isNumbered(key, "img_o") { // see editedTwin
				add("img_" + key[len("img_e"):])
			}
		}
		if f.described() {
			add(Key(f.name()))
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
	owners map[uint64]ownerHash
	next   map[uint64]uint32 // by name: the number below which all are taken
	buf    []byte
}

// ownerHash is the hash of an owner. Its last bit is set once the asset was named
// in this run, so that all its stems are known; 0 is nobody.
type ownerHash uint64

const seen ownerHash = 1

func ownerID(owner string) ownerHash {
	sum := sha256.Sum256([]byte(owner))
	return ownerHash(binary.BigEndian.Uint64(sum[:])) &^ seen
}

func newStems() stems {
	return stems{owners: map[uint64]ownerHash{}, next: map[uint64]uint32{}}
}

// taken reports whether anybody but an owner has a stem.
func (s *stems) taken(folder folderID, stem string, id ownerHash) bool {
	by, ok := s.owners[s.hash(folder, stem)]
	return ok && by&^seen != id
}

// early reports whether the asset of somebody else who has a stem is yet to come.
func (s *stems) early(folder folderID, stem string, id ownerHash) bool {
	by, ok := s.owners[s.hash(folder, stem)]
	return ok && by&seen == 0 && by != id
}

func (s *stems) hold(folder folderID, stems []string, id ownerHash, named bool) {
	if named {
		id |= seen
	}
	for _, stem := range stems {
		s.owners[s.hash(folder, stem)] = id
	}
}

func (s *stems) hash(folder folderID, stem string) uint64 {
	s.buf = binary.BigEndian.AppendUint32(s.buf[:0], uint32(folder))
	s.buf = append(s.buf, stem...)
	sum := sha256.Sum256(s.buf)
	return binary.BigEndian.Uint64(sum[:])
}

// first is the number from which on to look for a free name. Without it the
// thousandth untitled picture would ask a thousand times.
func (s *stems) first(folder folderID, key string) uint32 {
	return s.next[s.hash(folder, key)]
}

// skip remembers that a number is taken, and so are all below.
func (s *stems) skip(folder folderID, key string, number uint32) {
	if h := s.hash(folder, key); s.next[h] == number {
		s.next[h] = number + 1
	}
}
