package manifest

import (
	"encoding/binary"
	"errors"
)

// Intentions are written for every file and read after a crash alone, so they
// are packed in the cheapest way: the fields of each entry one after the other,
// numbers as varints, texts with their lengths.

func appendEntry(b []byte, e *Entry) []byte {
	for _, text := range e.texts() {
		b = binary.AppendUvarint(b, uint64(len(*text)))
		b = append(b, *text...)
	}
	for _, number := range e.numbers() {
		b = binary.AppendVarint(b, *number)
	}
	return append(b, e.Sum[:]...)
}

func (e *Entry) texts() [6]*string {
	return [...]*string{&e.Path, &e.Owner, &e.Role, &e.Version, &e.Apple, (*string)(&e.Proof)}
}

func (e *Entry) numbers() [3]*int64 { return [...]*int64{&e.Size, &e.ModTime, &e.Stamp} }

var errNoEntries = errors.New("what was intended cannot be read")

// readEntries reads what appendEntry wrote.
func readEntries(b []byte) (list []Entry, err error) {
	for len(b) > 0 {
		var e Entry
		for _, text := range e.texts() {
			length, n := binary.Uvarint(b)
			if n <= 0 || length > uint64(len(b)-n) {
				return nil, errNoEntries
			}
			*text, b = string(b[n:n+int(length)]), b[n+int(length):]
		}
		for _, number := range e.numbers() {
			value, n := binary.Varint(b)
			if n <= 0 {
				return nil, errNoEntries
			}
			*number, b = value, b[n:]
		}
		if copy(e.Sum[:], b) < len(e.Sum) {
			return nil, errNoEntries
		}
		b = b[len(e.Sum):]
		list = append(list, e)
	}
	return list, nil
}
