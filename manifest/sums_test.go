package manifest

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/zeebo/blake3"
	"pgregory.net/rapid"
)

// Every list that is written is read as it was meant.
func TestSumsComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOf(rapid.StringMatching(`[a-zäß \\'"$.\r\n()🎉-]{1,20}`)).Draw(t, "names")
		var b bytes.Buffer
		for _, name := range names {
			if err := writeSum(&b, Entry{Path: name, Sum: blake3.Sum256([]byte(name))}); err != nil {
				t.Fatal(err)
			}
		}
		i := 0
		for e, err := range ReadSums(&b) {
			if err != nil || e.Path != names[i] || e.Sum != blake3.Sum256([]byte(names[i])) {
				t.Fatalf("%q, %v: want %q", e.Path, err, names[i])
			}
			i++
		}
		if i != len(names) {
			t.Fatalf("%d of %d", i, len(names))
		}
	})
}

func TestWhatIsNoListOfSums(t *testing.T) {
	sum := strings.Repeat("0a", 32)
	for _, text := range []string{"x\n", "\n", sum + "\n", sum + "  \n", sum + " x\n", sum[1:] + "  x\n", "0" + sum + "  x\n", "g" + sum[1:] + "  x\n", sum + "  cut off", sum + "  " + strings.Repeat("x", 70000) + "\n"} {
		var err error
		for _, err = range ReadSums(strings.NewReader(text)) {
		}
		if !errors.Is(err, ErrSums) {
			t.Errorf("%.80q: %v", text, err)
		}
	}
}

func FuzzReadSums(f *testing.F) {
	f.Add([]byte("\\" + strings.Repeat("0a", 32) + "  a\\nb\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		var list []Entry
		for e, err := range ReadSums(bytes.NewReader(text)) {
			if err != nil {
				return
			}
			list = append(list, e)
		}
		var b bytes.Buffer
		for _, e := range list {
			writeSum(&b, e)
		}
		i := 0
		for e, err := range ReadSums(&b) {
			if err != nil || e != list[i] {
				t.Fatalf("%q: %v", e.Path, err)
			}
			i++
		}
	})
}
