package export

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/photogo/photogo/photosdb"
)

func TestAPastIsReadAsItWasWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := past{library: &photosdb.Baseline{}}
		for i := range rapid.IntRange(0, 50).Draw(t, "assets") {
			g := &Group{Asset: photosdb.UUID(fmt.Sprint(i)), Items: make([]Item, rapid.IntRange(0, 300).Draw(t, "files"))}
			p.counts = append(p.counts, countOf(g))
		}
		want := map[photosdb.UUID]int{}
		for i, c := range p.counts {
			want[photosdb.UUID(fmt.Sprint(i))] = int(c.files)
		}
		p.counts.sort()
		var b bytes.Buffer
		if err := p.write(&b); err != nil {
			t.Fatal(err)
		}
		whole := b.Bytes()
		got, err := readPast(bytes.NewReader(whole))
		if err != nil || len(got.counts) != len(p.counts) || len(p.counts) > 0 && !reflect.DeepEqual(got.counts, p.counts) {
			t.Fatalf("%v %v", got.counts, err)
		}
		for uuid, files := range want {
			if n, ok := got.counts.of(uuid); !ok || n != files {
				t.Fatalf("%s has %d files, not %d", uuid, n, files)
			}
		}
		if _, ok := got.counts.of("none"); ok {
			t.Fatal("one too many")
		}
		cut := rapid.IntRange(0, len(whole)-1).Draw(t, "cut")
		if _, err := readPast(bytes.NewReader(whole[:cut])); !errors.Is(err, errNoPast) {
			t.Fatalf("cut off at %d of %d: %v", cut, len(whole), err)
		}
	})
}

func TestCountsOfAssetsPlannedAnew(t *testing.T) {
	group := func(uuid string, files int) count {
		return countOf(&Group{Asset: photosdb.UUID(uuid), Items: make([]Item, files)})
	}
	old := counts{group("a", 1), group("b", 2), group("c", 3)}
	old.sort()
	got := old.with(map[photosdb.UUID]bool{"a": true, "b": true, "new": true}, counts{group("b", 5), group("new", 7)})
	if _, ok := got.of("a"); ok || len(got) != 3 || got.files() != 15 {
		t.Errorf("%v", got)
	}
	if n, _ := got.of("b"); n != 5 {
		t.Errorf("b has %d", n)
	}
}

func FuzzReadPast(f *testing.F) {
	var b bytes.Buffer
	if err := (past{library: &photosdb.Baseline{}, counts: counts{{1, 2}, {3, 4}}}).write(&b); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add([]byte(pastMagic + strings.Repeat("\xff", 8)))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := readPast(bytes.NewReader(data))
		if err != nil {
			if !errors.Is(err, errNoPast) {
				t.Errorf("%v", err)
			}
			return
		}
		var b bytes.Buffer
		if err := p.write(&b); err != nil {
			t.Fatal(err)
		}
		if again, err := readPast(&b); err != nil || !reflect.DeepEqual(again, p) {
			t.Errorf("%v, %v", again, err)
		}
	})
}
