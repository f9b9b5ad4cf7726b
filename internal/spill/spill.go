// Package spill puts texts into the order of their keys that together may not fit into
// memory: they wait, made small, in a file without a name.
package spill

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"iter"
	"os"
	"slices"
	"strings"

	"github.com/klauspost/compress/s2"
)

// Sorter gathers texts and tells them in the order of their keys. It is for one
// goroutine.
type Sorter struct {
	dir   string
	file  *os.File // nil as long as memory is enough
	wrote int64    // bytes in the file
	most  int      // bytes of texts that wait in memory
	block []byte   // the texts that are not in the file yet
	dict  *s2.Dict // what the first texts have in common with the others; nil until there are enough

	list []text
	odd  []string // keys that are no UUIDs as Photos spells them
	buf  []byte
}

// text says where a text is. There may be millions.
type text struct {
	key   [16]byte // a UUID, or the key's place in Sorter.odd
	place int64    // after all that came before it
	size  int32    // as it is kept
	odd   bool
	plain bool // it is kept as it is
}

const (
	blockSize = 8 << 20         // bytes that wait in memory
	dictSize  = s2.MaxDictSize  // bytes of texts that tell what they have in common
	longest   = s2.MaxBlockSize // bytes of a text that is made smaller
	mostText  = 1<<31 - 1       // bytes of a text
)

// New makes a sorter that keeps what is too much for memory in a file of a folder, which
// must exist by then; "" is the system's folder for temporary files. Close lets go of it.
func New(dir string) *Sorter { return &Sorter{dir: dir, most: blockSize} }

// Add takes a copy of a text. An error is that of the file, which may be a full disk.
func (s *Sorter) Add(key string, content []byte) error {
	if len(content) > mostText {
		return fmt.Errorf("a text of %d bytes is too long to be sorted", len(content))
	}
	t := text{place: s.wrote + int64(len(s.block)), plain: s.dict == nil || len(content) > longest}
	var isUUID bool
	if t.key, isUUID = pack(key); !isUUID {
		binary.BigEndian.PutUint64(t.key[:], uint64(len(s.odd)))
		t.odd, s.odd = true, append(s.odd, key)
	}
	kept := content
	if !t.plain {
		s.buf = slices.Grow(s.buf[:0], s2.MaxEncodedLen(len(content)))
		kept = s.dict.Encode(s.buf[:cap(s.buf)], content)
	}
	t.size = int32(len(kept))
	s.block, s.list = append(s.block, kept...), append(s.list, t)
	if s.dict == nil && len(s.block) >= dictSize {
		s.dict = s2.MakeDict(bytes.Clone(s.block), nil)
	}
	if len(s.block) < s.most {
		return nil
	}
	return s.flush()
}

// flush moves what waits into the file.
func (s *Sorter) flush() (err error) {
	if s.file == nil {
		if s.file, err = os.CreateTemp(s.dir, "photogo-spill-"); err != nil {
			return err
		}
		if err := os.Remove(s.file.Name()); err != nil { // it goes with its descriptor, whatever happens
			return err
		}
	}
	if _, err := s.file.Write(s.block); err != nil {
		return err
	}
	s.wrote += int64(len(s.block))
	s.block = s.block[:0]
	return nil
}

// All yields the texts in the ascending order of their keys, which is that of their
// bytes; of equal keys the one comes first that was added first. A text is good until the
// next. Nothing can be added after.
func (s *Sorter) All() iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		slices.SortFunc(s.list, s.compare)
		var kept, out []byte
		for _, t := range s.list {
			if t.place >= s.wrote {
				kept = s.block[t.place-s.wrote:][:t.size]
			} else {
				s.buf = slices.Grow(s.buf[:0], int(t.size))[:t.size]
				if _, err := s.file.ReadAt(s.buf, t.place); err != nil {
					yield(nil, err)
					return
				}
				kept = s.buf
			}
			text, err := kept, error(nil)
			if !t.plain {
				if text, err = s.dict.Decode(out[:cap(out)], kept); err == nil {
					out = text
				}
			}
			if !yield(text, err) || err != nil {
				return
			}
		}
	}
}

func (s *Sorter) compare(a, b text) int {
	order := 0
	if a.odd || b.odd {
		order = strings.Compare(s.key(a), s.key(b))
	} else {
		order = bytes.Compare(a.key[:], b.key[:])
	}
	return cmp.Or(order, cmp.Compare(a.place, b.place), cmp.Compare(a.size, b.size)) // an empty one has no place of its own
}

func (s *Sorter) key(t text) string {
	if t.odd {
		return s.odd[binary.BigEndian.Uint64(t.key[:])]
	}
	return spell(t.key)
}

// Close lets go of the file.
func (s *Sorter) Close() error {
	if s.file == nil {
		return nil
	}
	return s.file.Close()
}

// pack makes a UUID as Photos spells it, in capital letters, a third as long. Their order
// stays. ok is false for all else.
func pack(key string) (id [16]byte, ok bool) {
	if len(key) != 36 || key[8] != '-' || key[13] != '-' || key[18] != '-' || key[23] != '-' || strings.ContainsAny(key, "abcdef") {
		return id, false
	}
	var digits [32]byte
	n := 0
	for _, part := range [...]string{key[:8], key[9:13], key[14:18], key[19:23], key[24:]} {
		n += copy(digits[n:], part)
	}
	_, err := hex.Decode(id[:], digits[:])
	return id, err == nil
}

func spell(id [16]byte) string {
	return fmt.Sprintf("%X-%X-%X-%X-%X", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}
