package naming

import (
	"testing"

	"pgregory.net/rapid"
)

func TestTableIsAMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var got table
		want := map[uint64]uint32{}
		few := rapid.Uint64Range(0, 40)
		near := rapid.Custom(func(t *rapid.T) uint64 { // in one part, and near each other
			return uint64(few.Draw(t, "of one place")) * inverse
		})
		keys := rapid.SliceOf(rapid.OneOf(few, near, rapid.Uint64())).Draw(t, "keys")
		for _, k := range keys {
			number := rapid.Uint32Range(1, 9).Draw(t, "number")
			got.set(k, number)
			want[k] = number
			for _, k := range keys {
				if got.get(k) != want[k] {
					t.Fatalf("%x: %d, want %d", k, got.get(k), want[k])
				}
			}
		}
	})
}

// inverse undoes spread: inverse*n is spread to n, so that small n share their part.
const inverse = 0xF1DE83E19937733D

func TestTableHoldsMany(t *testing.T) {
	if s := uint64(spread); s*inverse != 1 {
		t.Fatal("not the inverse")
	}
	var table table
	const many = 300_000
	for i := range uint64(many) {
		table.set(fnv(i, "x"), uint32(i+1))
	}
	used, places := 0, 0
	for _, p := range table.parts {
		used += p.used
		places += len(p.hashes)
	}
	for i := range uint64(many) {
		if table.get(fnv(i, "x")) != uint32(i+1) {
			t.Fatal(i)
		}
	}
	if used != many || places > many*17/10 {
		t.Errorf("%d used of %d places", used, places)
	}
}
