package photosdb

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/zeebo/blake3"
)

// ErrBaseline says that what was kept as a Baseline is none, or is damaged.
var ErrBaseline = errors.New("damaged record of what the library held")

// Baseline is what a library held when its changes were last looked for: for each
// asset its UUID and digests of its facts, 32 bytes in all, and a cursor. A caller
// keeps it (WriteTo, ReadBaseline) and hands it back to the next call. The zero
// value, and nil, is a library that held nothing.
type Baseline struct {
	cursor  string
	entries []entry          // by id
	odd     map[assetID]UUID // those that no id spells
}

// entry is one asset: facts is a digest of its own rows and its files', ties one
// of its albums, keywords and faces, with the number of its files (see counted).
type entry struct {
	id          assetID
	facts, ties uint64
}

// assetID is a UUID as bytes. Where a ZUUID is not written as Photos writes them
// it is a hash of the text.
type assetID [16]byte

func (id assetID) compare(other assetID) int { return bytes.Compare(id[:], other[:]) }

// idOf returns the id of a UUID, and whether the id spells it.
func idOf(u UUID) (id assetID, spelt bool) {
	if canonical(string(u)) {
		digits := make([]byte, 0, 32)
		for _, c := range []byte(u) {
			if c != '-' {
				digits = append(digits, c)
			}
		}
		hex.Decode(id[:], digits)
		return id, true
	}
	sum := blake3.Sum256([]byte(u))
	return assetID(sum[:16]), false
}

// canonical reports whether a text is a UUID as Photos writes them.
func canonical(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i, c := range []byte(s) {
		if hyphen := i == 8 || i == 13 || i == 18 || i == 23; hyphen != (c == '-') ||
			!hyphen && (c < '0' || c > '9') && (c < 'A' || c > 'F') {
			return false
		}
	}
	return true
}

// Cursor is the moment that the baseline is of, as a text without spaces for
// Changed; "" for the zero value.
func (b *Baseline) Cursor() string {
	if b == nil {
		return ""
	}
	return b.cursor
}

// Len returns the number of assets.
func (b *Baseline) Len() int {
	if b == nil {
		return 0
	}
	return len(b.entries)
}

func (b *Baseline) find(id assetID) (entry, bool) {
	if b == nil {
		return entry{}, false
	}
	i, ok := slices.BinarySearchFunc(b.entries, id, func(e entry, id assetID) int { return e.id.compare(id) })
	if !ok {
		return entry{}, false
	}
	return b.entries[i], true
}

// name spells an id.
func (b *Baseline) name(id assetID) UUID {
	if u, ok := b.odd[id]; ok {
		return u
	}
	return id.spell()
}

// spell writes an id as Photos writes a UUID.
func (id assetID) spell() UUID {
	h := strings.ToUpper(hex.EncodeToString(id[:]))
	return UUID(h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:])
}

// remember notes the text of an id that does not spell it.
func (b *Baseline) remember(u UUID) assetID {
	id, spelt := idOf(u)
	if !spelt {
		if b.odd == nil {
			b.odd = map[assetID]UUID{}
		}
		b.odd[id] = u
	}
	return id
}

// The file: this line, the cursor, the number of entries and the entries, the
// number of odd texts and the texts, and BLAKE3 of all before it. Numbers are
// of 8 bytes, little-endian, and texts begin with their length.
const baselineMagic = "photogo baseline 1\n"

const entrySize = 16 + 8 + 8

// WriteTo writes the baseline in a form that ReadBaseline reads. The form is
// sealed by a checksum, and may change with a release of photogo.
func (b *Baseline) WriteTo(w io.Writer) (int64, error) {
	if b == nil {
		b = &Baseline{}
	}
	sum := blake3.New()
	out := &counter{w: bufio.NewWriterSize(w, 1<<16)}
	all := io.MultiWriter(out, sum)
	number := func(n int) { all.Write(binary.LittleEndian.AppendUint64(nil, uint64(n))) }
	words := func(s string) { number(len(s)); io.WriteString(all, s) }
	io.WriteString(all, baselineMagic)
	words(b.cursor)
	number(len(b.entries))
	var row [entrySize]byte
	for _, e := range b.entries {
		copy(row[:], e.id[:])
		binary.LittleEndian.PutUint64(row[16:], e.facts)
		binary.LittleEndian.PutUint64(row[24:], e.ties)
		all.Write(row[:])
	}
	number(len(b.odd))
	for _, e := range b.entries {
		if u, ok := b.odd[e.id]; ok {
			words(string(u))
		}
	}
	out.Write(sum.Sum(nil))
	if err := out.w.Flush(); err != nil {
		return out.n, fmt.Errorf("write record of what the library held: %w", err)
	}
	return out.n, nil
}

// counter counts what goes through; the writer behind it keeps its first error.
type counter struct {
	w *bufio.Writer
	n int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

// ReadBaseline reads what WriteTo wrote. Errors: ErrBaseline, and those of r.
// With ErrBaseline the right thing is to go on with a new Baseline, as with a
// library that was never looked at.
func ReadBaseline(r io.Reader) (*Baseline, error) {
	in := &baselineReader{r: bufio.NewReaderSize(r, 1<<16), sum: blake3.New()}
	b := &Baseline{}
	if string(in.bytes(len(baselineMagic))) != baselineMagic && in.err == nil {
		in.err = fmt.Errorf("%w: it does not begin as one", ErrBaseline)
	}
	b.cursor = in.text()
	for n := in.number(); n > 0 && in.err == nil; n-- {
		row := in.bytes(entrySize)
		if in.err != nil {
			break
		}
		e := entry{assetID(row[:16]), binary.LittleEndian.Uint64(row[16:]), binary.LittleEndian.Uint64(row[24:])}
		if len(b.entries) > 0 && b.entries[len(b.entries)-1].id.compare(e.id) >= 0 {
			in.err = fmt.Errorf("%w: its assets are out of order", ErrBaseline)
			break
		}
		b.entries = append(b.entries, e)
	}
	for n := in.number(); n > 0 && in.err == nil; n-- {
		u := UUID(in.text())
		if id, spelt := idOf(u); in.err == nil && spelt {
			in.err = fmt.Errorf("%w: an odd UUID is none", ErrBaseline)
		} else if _, ok := b.find(id); in.err == nil && !ok {
			in.err = fmt.Errorf("%w: an odd UUID is of no asset", ErrBaseline)
		}
		b.remember(u)
	}
	want := in.sum.Sum(nil)
	if got := in.bytes(len(want)); in.err == nil && !bytes.Equal(got, want) {
		in.err = fmt.Errorf("%w: its checksum is wrong", ErrBaseline)
	}
	if _, err := in.r.ReadByte(); in.err == nil && err != io.EOF {
		in.err = errors.Join(err, fmt.Errorf("%w: something follows it", ErrBaseline))
	}
	if in.err != nil {
		return nil, fmt.Errorf("read record of what the library held: %w", in.err)
	}
	return b, nil
}

// baselineReader keeps its first error, and trusts no length that it reads.
type baselineReader struct {
	r   *bufio.Reader
	sum *blake3.Hasher
	err error
	buf []byte
}

func (r *baselineReader) bytes(n int) []byte {
	if r.err != nil {
		return nil
	}
	r.buf = slices.Grow(r.buf[:0], n)[:n]
	if _, err := io.ReadFull(r.r, r.buf); err == io.EOF || err == io.ErrUnexpectedEOF {
		r.err = fmt.Errorf("%w: it ends too soon", ErrBaseline)
		return nil
	} else if err != nil {
		r.err = err
		return nil
	}
	r.sum.Write(r.buf)
	return r.buf
}

func (r *baselineReader) number() uint64 {
	b := r.bytes(8)
	if r.err != nil {
		return 0
	}
	return binary.LittleEndian.Uint64(b)
}

// text reads a text in parts, so that a length alone takes no memory.
func (r *baselineReader) text() string {
	var s []byte
	for n := r.number(); n > 0 && r.err == nil; {
		part := min(n, 1<<16)
		s = append(s, r.bytes(int(part))...)
		n -= part
	}
	return string(s)
}
