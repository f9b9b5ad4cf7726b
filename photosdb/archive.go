package photosdb

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/text/unicode/norm"
	"howett.net/plist"
)

// archive is what NSKeyedArchiver writes: a list of objects that name each other
// by their places in it. They may go round in a circle, so that nothing here
// follows them further than a caller asks, one step at a time.
type archive struct {
	objects []any
	texts   int // bytes of text that may still be taken out
}

// Limits of an archive. The longest found in a real library has 3,343 bytes and
// some 500 values.
const (
	maxValues = 1 << 16 // once everything that is named twice is written out twice
	maxLevels = 32
)

var errArchive = errors.New("keyed archive")

// openArchive decodes an archive and returns its root object.
func openArchive(data []byte) (*archive, map[string]any, error) {
	if err := checkBinaryPlist(data); err != nil {
		return nil, nil, fmt.Errorf("%w: %w", errArchive, err)
	}
	var list struct {
		Objects []any          `plist:"$objects"`
		Top     map[string]any `plist:"$top"`
	}
	if err := decodePlist(data, &list); err != nil {
		return nil, nil, fmt.Errorf("%w: %w", errArchive, err)
	}
	a := &archive{objects: list.Objects, texts: maxPlist}
	root, ok := a.object(list.Top["root"]).(map[string]any)
	if !ok {
		return nil, nil, fmt.Errorf("%w: no root", errArchive)
	}
	return a, root, nil
}

// object returns what a value of the archive is or names; nil for a name that
// leads nowhere, or to another name.
func (a *archive) object(v any) any {
	uid, named := v.(plist.UID)
	if !named {
		return v
	}
	if uid == 0 || uint64(uid) >= uint64(len(a.objects)) { // 0 is "$null"
		return nil
	}
	if v = a.objects[uid]; isUID(v) {
		return nil
	}
	return v
}

func isUID(v any) bool { _, ok := v.(plist.UID); return ok }

// dict returns the object that a value names; nil if it is none.
func (a *archive) dict(v any) map[string]any {
	m, _ := a.object(v).(map[string]any)
	return m
}

// list returns the members of an NSArray.
func (a *archive) list(v any) []any {
	l, _ := a.dict(v)["NS.objects"].([]any)
	return l
}

// text returns a text in NFC, "" for what is none. An archive can name one long
// text from thousands of places: what is taken out in all is bounded.
func (a *archive) text(v any) string {
	s, ok := a.object(v).(string)
	if !ok {
		s, _ = a.dict(v)["NS.string"].(string) // NSMutableString
	}
	if a.texts -= len(s); a.texts < 0 {
		return ""
	}
	// A copy: the decoder's texts keep the whole list in memory.
	return strings.Clone(normal(s))
}

// number returns a number, 0 for what is none.
func (a *archive) number(v any) float64 {
	switch n := a.object(v).(type) {
	case uint64:
		return float64(n)
	case int64:
		return float64(n)
	case float64:
		return n
	}
	return 0
}

func (a *archive) bool(v any) bool { b, _ := a.object(v).(bool); return b }

// err tells whether more text was asked for than there may be.
func (a *archive) err() error {
	if a.texts < 0 {
		return fmt.Errorf("%w: too much text", errArchive)
	}
	return nil
}

// normal is a text of the library as photogo tells it: valid, in NFC.
func normal(s string) string { return norm.NFC.String(strings.ToValidUTF8(s, "\uFFFD")) }

// checkBinaryPlist refuses what a binary property list must not do to a decoder:
// a value that contains itself, lists nested without end, and lists that name
// each other so often that a few bytes become gigabytes when they are written out.
func checkBinaryPlist(data []byte) error {
	const header, trailer = 8, 32
	if len(data) > maxPlist {
		return fmt.Errorf("%d bytes are too many", len(data))
	}
	if len(data) < header+trailer || !bytes.HasPrefix(data, []byte("bplist0")) {
		return errors.New("not a binary property list")
	}
	end := data[len(data)-trailer:]
	c := &plistCheck{data: data, offsetSize: uint64(end[6]), refSize: uint64(end[7]),
		count: binary.BigEndian.Uint64(end[8:]), table: binary.BigEndian.Uint64(end[24:])}
	top := binary.BigEndian.Uint64(end[16:])
	limit := uint64(len(data) - trailer)
	if c.offsetSize < 1 || c.offsetSize > 8 || c.refSize < 1 || c.refSize > 8 || c.table < header || c.table > limit ||
		c.count > (limit-c.table)/c.offsetSize || top >= c.count {
		return errors.New("impossible trailer")
	}
	c.seen = make([]plistValue, c.count)
	_, err := c.value(top, 0)
	return err
}

// plistCheck measures a binary property list.
type plistCheck struct {
	data                []byte
	offsetSize, refSize uint64 // bytes
	count, table        uint64 // of objects; where their offsets are
	bytes               uint64 // of texts
	seen                []plistValue
}

// plistValue is what is known of one object: how many values it is when written
// out, and how many levels deep.
type plistValue struct {
	values, levels uint32
	open           bool // being measured: naming it now is a circle
}

var errPlistTooBig = errors.New("more values or levels than any real one has")

func (c *plistCheck) value(object, level uint64) (plistValue, error) {
	if object >= c.count {
		return plistValue{}, fmt.Errorf("no object %d", object)
	}
	v := &c.seen[object]
	switch {
	case v.open:
		return plistValue{}, fmt.Errorf("object %d contains itself", object)
	case v.values > 0:
		return *v, nil
	case level >= maxLevels:
		return plistValue{}, errPlistTooBig
	}
	at := c.number(c.table+object*c.offsetSize, c.offsetSize)
	if at >= c.table {
		return plistValue{}, fmt.Errorf("object %d is not in the list", object)
	}
	kind, n := c.data[at]>>4, uint64(c.data[at]&0xf)
	at++
	if n == 0xf && kind >= 4 && kind != 8 { // the length follows, as an integer
		if at >= c.table || c.data[at]>>4 != 1 || c.data[at]&0xf > 3 {
			return plistValue{}, fmt.Errorf("object %d has no length", object)
		}
		size := uint64(1) << (c.data[at] & 0xf)
		if at++; at+size > c.table {
			return plistValue{}, fmt.Errorf("object %d has no length", object)
		}
		n = c.number(at, size)
		at += size
	}
	unit := uint64(1) // bytes of what n counts
	switch kind {
	case 6: // UTF-16
		unit = 2
	case 0xa, 0xc: // array, set
		unit = c.refSize
	case 0xd: // dictionary: keys, then values
		unit = 2 * c.refSize
	case 0, 1, 2, 3, 8:
		n = 0
	}
	if n > (c.table-at)/unit {
		return plistValue{}, fmt.Errorf("object %d is longer than the list", object)
	}
	found := plistValue{values: 1, levels: 1}
	if kind < 0xa {
		if c.bytes += n * unit; c.bytes > 4*maxPlist {
			return plistValue{}, errPlistTooBig
		}
		*v = found
		return found, nil
	}
	refs := n * unit / c.refSize
	v.open = true
	for i := range refs {
		inner, err := c.value(c.number(at+i*c.refSize, c.refSize), level+1)
		if err != nil {
			return plistValue{}, err
		}
		found.values += inner.values
		found.levels = max(found.levels, inner.levels+1)
		if found.values > maxValues || found.levels > maxLevels {
			return plistValue{}, errPlistTooBig
		}
	}
	*v = found
	return found, nil
}

// number reads an integer of some bytes, the highest first.
func (c *plistCheck) number(at, size uint64) (n uint64) {
	for _, b := range c.data[at : at+size] {
		n = n<<8 | uint64(b)
	}
	return n
}
