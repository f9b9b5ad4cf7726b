package spill

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

type pair struct {
	key  string
	text []byte
}

// Whatever the texts and their keys, they come back as they were, in the order of the
// keys, and of equal ones in the order in which they came.
func TestTextsComeBackInOrder(t *testing.T) {
	uuid := rapid.Custom(func(t *rapid.T) string {
		b := rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "uuid")
		return spell([16]byte(b))
	})
	key := rapid.OneOf(uuid, uuid, rapid.Map(uuid, strings.ToLower), rapid.String(),
		rapid.SampledFrom([]string{"", "A", "ZZZZZZZZ-0000-0000-0000-000000000000", "00000000-0000-0000-0000-000000000000"}))
	common := []byte(strings.Repeat(`{"uuid":"","keywords":[],"persons":[],"place":null,`, 20))
	text := rapid.Custom(func(t *rapid.T) []byte {
		b := rapid.SliceOfN(rapid.Byte(), 0, 200).Draw(t, "text")
		if rapid.Bool().Draw(t, "like the others") {
			b = append(slices.Clone(common), b...)
		}
		return bytes.Repeat(b, rapid.SampledFrom([]int{1, 1, 1, 40}).Draw(t, "times"))
	})
	rapid.Check(t, func(t *rapid.T) {
		s := New("")
		defer s.Close()
		s.most = rapid.SampledFrom([]int{1, 1000, 200_000, blockSize}).Draw(t, "memory")
		var want []pair
		for range rapid.IntRange(0, 200).Draw(t, "texts") {
			p := pair{key.Draw(t, "key"), text.Draw(t, "text")}
			given := slices.Clone(p.text)
			if err := s.Add(p.key, given); err != nil {
				t.Fatal(err)
			}
			clear(given) // it is the caller's
			want = append(want, p)
		}
		slices.SortStableFunc(want, func(a, b pair) int { return cmp.Compare(a.key, b.key) })
		n := 0
		for got, err := range s.All() {
			if err != nil {
				t.Fatal(err)
			}
			if n == len(want) || !bytes.Equal(got, want[n].text) {
				t.Fatalf("text %d is %.60q", n, got)
			}
			n++
		}
		if n != len(want) {
			t.Fatalf("%d texts of %d", n, len(want))
		}
	})
}

// What does not fit into memory waits in a file that nobody sees, and that is gone in any
// case; and the texts of a library, which are alike, take a part of their room there.
func TestTheFileHasNoName(t *testing.T) {
	dir := t.TempDir()
	s := New(dir)
	s.most = 1 << 20
	var bytes int64
	for i := range 60_000 {
		line := fmt.Sprintf(`{"uuid":"%08X","original_filename":"IMG_%04d.HEIC","path_live_photo":null,"keywords":[],"persons":["_UNKNOWN_"],`+
			`"place":{"country":"Iceland","city":"Vík","latitude":63.4186,"longitude":-19.006},"exif":{"aperture":1.8,"iso":%d},"score":{"overall":0.5}}`, i*2654435761, i%10_000, i%3200)
		bytes += int64(len(line))
		if err := s.Add(fmt.Sprint(i), []byte(line)); err != nil {
			t.Fatal(err)
		}
	}
	if s.file == nil {
		t.Fatalf("%d MB are still in memory", bytes/1_000_000)
	}
	if s.wrote*3 > bytes {
		t.Errorf("%d of %d bytes are kept", s.wrote, bytes)
	}
	if list, err := filepath.Glob(filepath.Join(dir, "*")); err != nil || len(list) > 0 {
		t.Errorf("%v can be seen (%v)", list, err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestAFolderThatIsNotThere(t *testing.T) {
	s := New(filepath.Join(t.TempDir(), "none"))
	defer s.Close()
	s.most = 1
	if err := s.Add("a", []byte("text")); !os.IsNotExist(err) {
		t.Errorf("error is %v", err)
	}
}
