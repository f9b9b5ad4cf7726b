package archive_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/photogo/photogo/archive"
	"github.com/photogo/photogo/manifest"
)

func TestSomeFilesAreStreamedByTheirExactPaths(t *testing.T) {
	p := local(t)
	list := p.write(t, 5000, strange...)
	list = append(list, p.write(t, 10, " space", "space ", "folder/b", "folder/bc")...)
	if err := os.Link(filepath.Join(p.root, list[0].Path), filepath.Join(p.root, "second name")); err != nil {
		t.Fatal(err)
	}
	list = append(list, manifest.Entry{Path: "second name", Sum: list[0].Sum})
	p.create(t, "a", list)
	var all []string
	for _, e := range list {
		all = append(all, e.Path)
	}
	for _, files := range [][]string{all, {all[0]}, {"second name"}, {"a b/ c\t'd'\"e\""}, {"*?[x]", "re:^x"}, {"back\\slash", "{now}"}, {"new\nline"}, {"\xff\xfe not UTF-8"}, {"space ", "nothing"}, {"nothing"}, {"2025"}, {"folder"}, {"folder/b"}, {}} {
		var got []string
		err := p.Stream(t.Context(), "a", files, func(m archive.Member, content io.Reader) error {
			if n, err := io.Copy(io.Discard, content); err != nil || m.Kind == archive.File && n != m.Size {
				t.Errorf("%q: %d of %d bytes: %v", m.Path, n, m.Size, err)
			}
			got = append(got, m.Path)
			return nil
		})
		var want []string
		for _, f := range files {
			if slices.Contains(all, f) {
				want = append(want, f)
			}
		}
		slices.Sort(got)
		slices.Sort(want)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: %q %v", files, got, err)
		}
	}
	stop := errors.New("enough")
	if err := p.Stream(t.Context(), "a", nil, func(archive.Member, io.Reader) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("%v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(p.opt.Dir, "patterns-*")); len(left) > 0 {
		t.Errorf("%v", left)
	}
}

func TestAnArchiveProvesItselfByTheListInItsOwnFolder(t *testing.T) {
	p := local(t)
	list := p.write(t, 1000, "a", "b")
	sums := func(name string, list ...manifest.Entry) string {
		var b strings.Builder
		for _, e := range list {
			fmt.Fprintf(&b, "%s  %s\n", e.Sum, e.Path)
		}
		file := filepath.Join(p.root, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return name
	}
	// The folder's own list knows more than this archive, and does not count.
	whole := sums(manifest.SumsName, append(list, manifest.Entry{Path: "elsewhere"})...)
	own := sums(archive.OwnFolder("x")+"/manifest.b3", list...)
	p.create(t, "x", append([]manifest.Entry{{Path: whole}, {Path: own}}, list...))
	if proof, err := p.Prove(t.Context(), "x", nil); err != nil || proof.Files != 2 {
		t.Errorf("%+v %v", proof, err)
	}
	if proof, err := p.Prove(t.Context(), "x", seq(list)); err != nil || proof.Files != 2 {
		t.Errorf("%+v %v", proof, err)
	}
	own = sums(archive.OwnFolder("y")+"/manifest.b3", list[0])
	p.create(t, "y", append([]manifest.Entry{{Path: whole}, {Path: own}}, list...))
	if _, err := p.Prove(t.Context(), "y", nil); !errors.Is(err, archive.ErrNotProven) {
		t.Errorf("a file that the archive's own list lacks passes: %v", err)
	}
	if _, err := p.Prove(t.Context(), "y", seq(list)); !errors.Is(err, archive.ErrNotProven) {
		t.Errorf("a file that the archive's own list lacks passes: %v", err)
	}
}

// A plain archive is proven from one stream of all its files, whatever they are called.
func TestStrangeNamesAreProven(t *testing.T) {
	p := local(t)
	var names []string
	for _, name := range strange {
		if !strings.Contains(name, "?") && utf8.ValidString(name) { // these go by a tar
			names = append(names, name)
		}
	}
	list := append(p.write(t, 3000, names...), p.write(t, 0, "empty", "of nothing, too")...)
	list = append(list, p.write(t, 3<<20, "large")...)
	p.create(t, "a", list)
	proof, err := p.Prove(t.Context(), "a", seq(list))
	if err != nil || proof.Files != len(list) || len(names) < 6 {
		t.Errorf("%+v of %d files: %v", proof, len(list), err)
	}
	for i := range list {
		if list[i].Size == 0 {
			continue
		}
		other := slices.Clone(list)
		other[i].Sum[5] ^= 1
		var d *archive.Difference
		if _, err := p.Prove(t.Context(), "a", seq(other)); !errors.As(err, &d) || !slices.Equal(d.Altered, []string{other[i].Path}) {
			t.Errorf("%q has another hash: %v", other[i].Path, err)
		}
	}
}
