package photosdb

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"howett.net/plist"

	"github.com/photogo/photogo/internal/fixture"
)

func TestFind(t *testing.T) {
	home := t.TempDir()
	pictures := filepath.Join(home, "Pictures")
	make := func(name string) string {
		path := filepath.Join(home, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if _, err := fixture.Build(path, fixture.Options{}); err != nil {
			t.Fatal(err)
		}
		return path
	}
	first := make("Pictures/A.photoslibrary")
	inner := make("Pictures/Archive/B.photoslibrary")
	make("Pictures/Archive/Too/Deep.photoslibrary")
	make("Pictures/Syndication.photoslibrary")
	system := make("Elsewhere/System.photoslibrary")
	broken := filepath.Join(pictures, "Broken.PhotosLibrary")
	iphoto := filepath.Join(pictures, "Old.photolibrary")
	for _, dir := range []string{broken, iphoto, filepath.Join(pictures, "Plain")} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(pictures, "A file.photoslibrary.zip"), nil)
	tie(t, first, filepath.Join(pictures, "Z again.photoslibrary")) // a second name of the first

	var got []string
	w := Where{Folders: []string{pictures, inner}, System: system, Options: Options{TempDir: t.TempDir()}}
	for f, err := range Find(t.Context(), w) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, f.Path)
		switch f.Path {
		case broken:
			if !errors.Is(f.Err, ErrNotLibrary) {
				t.Errorf("%s: %v", f.Path, f.Err)
			}
		case iphoto:
			if !errors.Is(f.Err, ErrUnsupported) {
				t.Errorf("%s: %v", f.Path, f.Err)
			}
		default:
			if f.Err != nil || f.Info.Assets == 0 {
				t.Errorf("%s: %+v", f.Path, f)
			}
		}
		if f.System != (f.Path == system) {
			t.Errorf("%s: system %v", f.Path, f.System)
		}
	}
	if want := []string{first, inner, broken, iphoto, system}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// A folder that is not there is told, and the others are looked through.
func TestFindInAFolderThatIsNotThere(t *testing.T) {
	lib := build(t, fixture.Options{})
	w := Where{Folders: []string{filepath.Join(t.TempDir(), "gone"), filepath.Dir(lib.Path)}, Options: Options{TempDir: t.TempDir()}}
	found, failed := 0, 0
	for _, err := range Find(t.Context(), w) {
		if err != nil {
			failed++
		} else {
			found++
		}
	}
	if found != 1 || failed != 1 {
		t.Errorf("%d found, %d failed", found, failed)
	}
	for range Find(t.Context(), w) {
		break // the caller may stop at any time
	}
}

func TestSystemLibraryOf(t *testing.T) {
	home := t.TempDir()
	file := filepath.Join(home, filepath.FromSlash(systemPreferences))
	if path, err := SystemLibraryOf(home); path != "" || err != nil {
		t.Errorf("without preferences: %q, %v", path, err)
	}
	for text, want := range map[string]string{"/Volumes/Big/My.photoslibrary/": "/Volumes/Big/My.photoslibrary", "relative": "", "": ""} {
		data, err := plist.Marshal(map[string]any{"SystemLibraryPath": text}, plist.BinaryFormat)
		if err != nil {
			t.Fatal(err)
		}
		write(t, file, data)
		if path, err := SystemLibraryOf(home); path != want || err != nil {
			t.Errorf("%q: %q, %v", text, path, err)
		}
	}
	write(t, file, []byte("bplist00 and nothing of the kind"))
	if path, err := SystemLibraryOf(home); path != "" || !errors.Is(err, ErrDamaged) {
		t.Errorf("damaged: %q, %v", path, err)
	}
}
