package photosdb

import (
	"bytes"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"
)

// drawBaseline makes up a baseline.
func drawBaseline(t *rapid.T) *Baseline {
	b := &Baseline{cursor: rapid.String().Draw(t, "cursor")}
	for range rapid.IntRange(0, 20).Draw(t, "assets") {
		u := UUID(rapid.OneOf(rapid.String(), rapid.StringMatching(`[0-9A-F]{8}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{12}`)).Draw(t, "uuid"))
		b.add(&digested{uuid: u, entry: entry{facts: rapid.Uint64().Draw(t, "facts"), ties: rapid.Uint64().Draw(t, "ties")}})
		if got := b.name(b.entries[len(b.entries)-1].id); got != u {
			t.Fatalf("%q is named %q", u, got)
		}
	}
	b.sort()
	b.entries = slices.CompactFunc(b.entries, func(x, y entry) bool { return x.id == y.id })
	return b
}

func TestBaselineIsReadAsItWasWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := drawBaseline(t)
		var file bytes.Buffer
		if n, err := b.WriteTo(&file); err != nil || n != int64(file.Len()) {
			t.Fatalf("%d of %d bytes: %v", n, file.Len(), err)
		}
		got, err := ReadBaseline(iotest.OneByteReader(bytes.NewReader(file.Bytes())))
		if err != nil {
			t.Fatal(err)
		}
		if got.Cursor() != b.Cursor() || got.Len() != b.Len() || !slices.Equal(got.entries, b.entries) || !reflect.DeepEqual(got.odd, b.odd) {
			t.Fatalf("%+v, not %+v", got, b)
		}
		// Any damage shows.
		data := file.Bytes()
		switch at := rapid.IntRange(0, len(data)-1).Draw(t, "at"); rapid.IntRange(0, 2).Draw(t, "damage") {
		case 0:
			data[at] ^= byte(rapid.IntRange(1, 255).Draw(t, "bits"))
		case 1:
			data = data[:at]
		case 2:
			data = append(data, 0)
		}
		if _, err := ReadBaseline(bytes.NewReader(data)); !errors.Is(err, ErrBaseline) {
			t.Fatalf("damaged: %v", err)
		}
	})
}

func TestBaselineErrors(t *testing.T) {
	broken := errors.New("broken")
	if _, err := ReadBaseline(iotest.ErrReader(broken)); !errors.Is(err, broken) || errors.Is(err, ErrBaseline) {
		t.Errorf("reading: %v", err)
	}
	if _, err := (&Baseline{}).WriteTo(failing{broken}); !errors.Is(err, broken) {
		t.Errorf("writing: %v", err)
	}
	var none *Baseline
	var file bytes.Buffer
	if _, err := none.WriteTo(&file); err != nil || none.Len() != 0 || none.Cursor() != "" {
		t.Errorf("nil: %v", err)
	}
	if b, err := ReadBaseline(&file); err != nil || b.Len() != 0 {
		t.Errorf("nil, read back: %+v, %v", b, err)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

func TestCursorIsReadAsItWasWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := cursor{store: rapid.String().Draw(t, "store"), reading: rapid.Uint64().Draw(t, "reading"),
			mark: mark(rapid.StringMatching(`[0-9a-f.]*`).Draw(t, "mark"))}
		if rapid.Bool().Draw(t, "history") {
			c.history = &position{rapid.Int64Min(0).Draw(t, "transaction"), rapid.Float64().Draw(t, "time"),
				rapid.Int64().Draw(t, "change"), rapid.Uint64().Draw(t, "sum")}
		}
		text := c.String()
		if strings.ContainsAny(text, " \n\t") {
			t.Fatalf("%q has spaces", text)
		}
		if got, err := parseCursor(text); err != nil || !reflect.DeepEqual(got, c) {
			t.Fatalf("%q: %+v, not %+v: %v", text, got, c, err)
		}
	})
}

func FuzzReadBaseline(f *testing.F) {
	b := &Baseline{cursor: "cursor"}
	b.add(&digested{uuid: "odd"})
	b.add(&digested{uuid: "0A0A0A0A-0000-4000-8000-000000000001"})
	b.sort()
	var file bytes.Buffer
	if _, err := b.WriteTo(&file); err != nil {
		f.Fatal(err)
	}
	f.Add(file.Bytes())
	f.Add([]byte(baselineMagic))
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := ReadBaseline(bytes.NewReader(data))
		if err != nil {
			if !errors.Is(err, ErrBaseline) {
				t.Errorf("%v is not ErrBaseline", err)
			}
			return
		}
		var again bytes.Buffer
		if _, err := b.WriteTo(&again); err != nil || !bytes.Equal(again.Bytes(), data) {
			t.Errorf("written once more it is another one: %v", err)
		}
	})
}

func FuzzParseCursor(f *testing.F) {
	f.Add(cursor{store: "A", history: &position{}}.String())
	f.Add("photogo1:::::::")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := parseCursor(text)
		if err == nil {
			c.mark.parse()
		}
	})
}
