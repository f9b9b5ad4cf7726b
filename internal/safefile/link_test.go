package safefile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func TestLinkGivesASecondName(t *testing.T) {
	d, path := open(t)
	if err := WriteFile(d, "a", []byte("bytes")); err != nil {
		t.Fatal(err)
	}
	mkdir(t, d, "b")
	for _, name := range []string{"b/c", "d"} {
		if err := d.Link("a", name); err != nil {
			t.Fatal(err)
		}
		one, errOne := os.Stat(filepath.Join(path, "a"))
		other, errOther := os.Stat(filepath.Join(path, name))
		if errOne != nil || errOther != nil || !os.SameFile(one, other) {
			t.Errorf("%s is another file (%v, %v)", name, errOne, errOther)
		}
	}
	if err := d.Link("a", "d"); !errors.Is(err, fs.ErrExist) {
		t.Errorf("over a name that is taken: %v", err)
	}
	if err := d.Link("none", "e"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("of nothing: %v", err)
	}
	for _, name := range []string{"../x", "b/../../x", ".."} {
		if err := d.Link("a", name); err == nil {
			t.Errorf("a link at %s leads out", name)
		}
	}
	if err := os.Symlink("a", filepath.Join(path, "symbolic")); err != nil {
		t.Fatal(err)
	}
	if err := d.Link("symbolic", "f"); err == nil {
		if info, err := os.Lstat(filepath.Join(path, "f")); err != nil || info.Mode().IsRegular() {
			t.Error("a symbolic link was followed")
		}
	}
}
