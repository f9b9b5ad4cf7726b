package manifest

import (
	"bytes"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestIntentionsComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		entries := rapid.SliceOf(rapid.Custom(func(t *rapid.T) (e Entry) {
			for _, text := range e.texts() {
				*text = rapid.String().Draw(t, "text")
			}
			for _, number := range e.numbers() {
				*number = rapid.Int64().Draw(t, "number")
			}
			copy(e.Sum[:], rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "sum"))
			return e
		})).Draw(t, "entries")
		var b []byte
		for i := range entries {
			b = appendEntry(b, &entries[i])
		}
		got, err := readEntries(b)
		if err != nil || !slices.Equal(got, entries) {
			t.Fatalf("%+v, %v; want %+v", got, err, entries)
		}
	})
}

func FuzzIntentions(f *testing.F) {
	e := entry("a/b", "one", "original")
	whole := appendEntry(nil, &e)
	f.Add(whole)
	f.Add(whole[:len(whole)-1])
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01})
	f.Fuzz(func(t *testing.T, b []byte) {
		list, err := readEntries(b)
		if err != nil {
			return
		}
		var again []byte
		for i := range list {
			again = appendEntry(again, &list[i])
		}
		if back, err := readEntries(again); err != nil || !slices.Equal(back, list) {
			t.Errorf("%x came back as %x, %v", b, again, err)
		}
		if len(list) > len(b) || len(list) == 0 && !bytes.Equal(b, nil) {
			t.Errorf("%d entries of %d bytes", len(list), len(b))
		}
	})
}
