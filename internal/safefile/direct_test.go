package safefile

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"pgregory.net/rapid"
)

// However a file is written, in whole blocks or not, from any memory, it holds what was
// written.
func TestDirect(t *testing.T) {
	d, name := open(t)
	began := false
	rapid.Check(t, func(t *rapid.T) {
		f, err := d.Create("f")
		if err != nil {
			t.Fatal(err)
		}
		defer d.Remove("f")
		defer f.Close()
		Direct(f)
		began = began || f.(*file).direct
		buf, want := Buffer(1<<16), []byte{}
		for i := range rapid.IntRange(0, 5).Draw(t, "writes") {
			n := rapid.OneOf(rapid.SampledFrom([]int{block, len(buf)}), rapid.IntRange(0, len(buf))).Draw(t, "bytes")
			from := rapid.OneOf(rapid.Just(0), rapid.IntRange(0, len(buf)-n)).Draw(t, "from")
			for j := range buf {
				buf[j] = byte(i + j*j>>3)
			}
			if _, err := f.Write(buf[from:][:n]); err != nil {
				t.Fatal(err)
			}
			want = append(want, buf[from:][:n]...)
		}
		if err := f.Sync(); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(name, "f"))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Fatalf("%d bytes are there, %d were written, and they differ", len(got), len(want))
		}
	})
	if !began {
		t.Log("this file system has no direct writes that are known to be faster")
	}
}

// A place in the file that no block begins at ends it, too.
func TestDirectAtAnOddPlace(t *testing.T) {
	d, name := open(t)
	f, err := d.Create("f")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	Direct(f)
	if _, err := f.(*file).Seek(100, 0); err != nil {
		t.Fatal(err)
	}
	buf := Buffer(block)
	copy(buf, "here")
	if _, err := f.Write(buf); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(filepath.Join(name, "f")); err != nil || len(got) != 100+block || string(got[100:104]) != "here" {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}
