package photosdb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/photogo/photogo/internal/fixture"
)

// secret is what lies beside the library and must never be read through it.
const secret = "secret: nobody's business"

// quoted spells a text for SQLite, null bytes included.
func quoted(text string) string { return fmt.Sprintf("CAST(x'%x' AS TEXT)", text) }

// hostile builds a library below a folder of its own, with the secret beside it.
func hostile(t *testing.T) (lib *fixture.Library, outside string) {
	t.Helper()
	outside = t.TempDir()
	lib, err := fixture.Build(filepath.Join(outside, "Test.photoslibrary"), fixture.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"secret.jpeg", "folder/secret.jpeg"} {
		write(t, filepath.Join(outside, name), []byte(secret))
	}
	return lib, outside
}

// openAll opens each resource in each way there is and returns the errors by
// role. Nothing that is opened may be the secret or anything but a file.
func openAll(t *testing.T, l *Library, a *Asset) map[Role]error {
	t.Helper()
	errs := map[Role]error{}
	for i := range a.Resources {
		r := &a.Resources[i]
		f, err := l.Open(r)
		errs[r.Role] = err
		if err != nil {
			continue
		}
		data, err := io.ReadAll(f)
		f.Close()
		if err != nil || strings.Contains(string(data), "secret") {
			t.Errorf("%s of %s is %q, %v", r.Role, a.UUID, data[:min(len(data), 20)], err)
		}
		if !r.OnDisk || r.Problem != nil {
			t.Errorf("%s of %s can be opened, and is told not to be there: %v", r.Role, a.UUID, r.Problem)
		}
	}
	return errs
}

// Names in the database that lead elsewhere lead nowhere.
func TestNamesThatLeadOut(t *testing.T) {
	lib, outside := hostile(t)
	victim := mustCase(t, lib, "jpeg")
	rows := []struct {
		name, directory, filename string
		outside                   bool // told as such; otherwise the file is just not there
	}{
		{"parents of the folder", "../..", "secret.jpeg", true},
		{"parents of the file", "0", "../../../secret.jpeg", true},
		{"far up", strings.Repeat("../", 50), "etc/passwd", true},
		{"absolute folder", outside, "secret.jpeg", false},
		{"absolute file", "0", filepath.Join(outside, "secret.jpeg"), false},
		{"both absolute", outside, filepath.Join(outside, "secret.jpeg"), false},
		{"down and up", "0/1/2/../../../../../", "secret.jpeg", true},
		{"the folder itself", "..", ".", false},
		{"the folder above", ".", "..", false},
		{"two dots", "..", "..", true},
		{"a null byte", "../..", "secret.jpeg\x00.jpg", true},
		{"a null byte within", "0", "a\x00b.jpeg", false},
		{"a null byte in the folder", "0\x00", "x.jpeg", false},
		{"bad UTF-8", "0", "\xff\xfe.jpeg", false},
		{"300 bytes", "0", strings.Repeat("x", 300) + ".jpeg", false},
		{"very many folders", strings.Repeat("a/", 3000), "x.jpeg", false},
		{"backslashes", "..\\..", "secret.jpeg", false},
		{"nothing", "", "", false},
	}
	for _, c := range rows {
		t.Run(c.name, func(t *testing.T) {
			edit(t, lib.Path, "UPDATE ZASSET SET ZDIRECTORY = "+quoted(c.directory)+", ZFILENAME = "+quoted(c.filename)+" WHERE ZUUID = '"+victim.UUID+"'")
			l := open(t, lib.Path)
			var a *Asset
			for _, other := range list(t, l, ByUUID) {
				if string(other.UUID) == victim.UUID {
					a = other
				}
			}
			errs := openAll(t, l, a)
			r := a.Resource(RoleOriginal)
			if r == nil {
				t.Fatal("no original")
			}
			if r.OnDisk || r.Found != 0 || errs[RoleOriginal] == nil {
				t.Errorf("found %s: %v", r.Path, errs[RoleOriginal])
			}
			if got := errors.Is(r.Problem, ErrOutside); got != c.outside {
				t.Errorf("problem %v, path %q", r.Problem, r.Path)
			}
			if got := errors.Is(errs[RoleOriginal], ErrOutside); got != c.outside {
				t.Errorf("open: %v, path %q", errs[RoleOriginal], r.Path)
			}
		})
	}
}

// A caller that makes up paths gets no further.
func TestPathsOfTheCaller(t *testing.T) {
	lib, outside := hostile(t)
	l := open(t, lib.Path)
	for _, name := range []string{"../secret.jpeg", "/etc/passwd", filepath.Join(outside, "secret.jpeg"), "originals/../../secret.jpeg", "..", ""} {
		f, err := l.Open(&Resource{Path: name})
		if err == nil {
			f.Close()
		}
		if !errors.Is(err, ErrOutside) {
			t.Errorf("%q: %v", name, err)
		}
	}
	if _, err := l.OpenReferenced(&Resource{Path: "../secret.jpeg"}); err == nil {
		t.Error("a file inside is opened as one outside")
	}
	if _, err := l.Open(&Resource{Reference: &Reference{Path: filepath.Join(outside, "secret.jpeg")}}); !errors.Is(err, ErrOutside) {
		t.Errorf("a reference: %v", err)
	}
}

// What stands in the place of a file, on a hostile or broken disk.
func TestWhatIsNoFile(t *testing.T) {
	for _, c := range []struct {
		name    string
		put     func(t *testing.T, file, outside string)
		outside bool   // ErrOutside
		problem string // in Resource.Problem; "" for none
		there   bool   // the file can be opened after all
	}{
		{"a link to a file outside", link("secret.jpeg"), true, "outside", false},
		{"an absolute link out", func(t *testing.T, file, outside string) {
			symlink(t, filepath.Join(outside, "secret.jpeg"), file)
		}, true, "outside", false},
		{"a link to a link out", func(t *testing.T, file, outside string) {
			symlink(t, "../../../secret.jpeg", file+".link")
			symlink(t, filepath.Base(file)+".link", file)
		}, true, "outside", false},
		{"a link to a device", func(t *testing.T, file, _ string) { symlink(t, "/dev/zero", file) }, true, "outside", false},
		{"a link to itself", func(t *testing.T, file, _ string) { symlink(t, filepath.Base(file), file) }, false, "link", false},
		{"a link to nothing", func(t *testing.T, file, _ string) { symlink(t, "nothing", file) }, false, "", false},
		{"a link within", func(t *testing.T, file, _ string) {
			write(t, file+".real", []byte("real"))
			symlink(t, filepath.Base(file)+".real", file)
		}, false, "", true},
		{"a pipe", func(t *testing.T, file, _ string) { fifo(t, file) }, false, "not a regular file", false},
		{"a folder", func(t *testing.T, file, _ string) {
			if err := os.Mkdir(file, 0o755); err != nil {
				t.Fatal(err)
			}
		}, false, "not a regular file", false},
		{"nothing", func(*testing.T, string, string) {}, false, "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			lib, outside := hostile(t)
			label := mustCase(t, lib, "edited")
			for _, role := range []string{"original", "edited", "adjustments"} {
				file := lib.File(label, role)
				if err := os.Remove(file); err != nil {
					t.Fatal(err)
				}
				c.put(t, file, outside)
			}
			within(t, time.Minute, func() {
				l := open(t, lib.Path)
				others := 0
				for _, a := range list(t, l, ByUUID) {
					if string(a.UUID) != label.UUID {
						others++
						continue
					}
					errs := openAll(t, l, a)
					for _, role := range []Role{RoleOriginal, RoleEdited, RoleAdjustments} {
						r := a.Resource(role)
						if r == nil {
							t.Fatalf("no %s", role)
						}
						if r.OnDisk != c.there || (errs[role] == nil) != c.there {
							t.Errorf("%s: on disk %v, open %v", role, r.OnDisk, errs[role])
						}
						if (r.Problem != nil) != (c.problem != "") || r.Problem != nil && !strings.Contains(r.Problem.Error(), c.problem) {
							t.Errorf("%s: problem %v, want %q", role, r.Problem, c.problem)
						}
						if errors.Is(r.Problem, ErrOutside) != c.outside || errors.Is(errs[role], ErrOutside) != c.outside {
							t.Errorf("%s: problem %v, open %v", role, r.Problem, errs[role])
						}
						if c.problem == "" && !c.there && !errors.Is(errs[role], fs.ErrNotExist) {
							t.Errorf("%s: open %v, want fs.ErrNotExist", role, errs[role])
						}
					}
				}
				if others != len(lib.Assets)-1 {
					t.Errorf("%d others, want %d", others, len(lib.Assets)-1)
				}
			})
		})
	}
}

// The same one level up: folders that are links, pipes and files.
func TestWhatIsNoFolder(t *testing.T) {
	for _, c := range []struct {
		name    string
		put     func(t *testing.T, folder, outside string)
		outside bool
	}{
		{"a link out", func(t *testing.T, folder, outside string) {
			if err := os.Rename(folder, filepath.Join(outside, "moved-"+filepath.Base(filepath.Dir(folder)))); err != nil {
				t.Fatal(err)
			}
			symlink(t, filepath.Join(outside, "moved-"+filepath.Base(filepath.Dir(folder))), folder)
		}, true},
		{"a pipe", func(t *testing.T, folder, _ string) { remove(t, folder); fifo(t, folder) }, false},
		{"a file", func(t *testing.T, folder, _ string) { remove(t, folder); write(t, folder, []byte("x")) }, false},
		{"gone", func(t *testing.T, folder, _ string) { remove(t, folder) }, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			lib, outside := hostile(t)
			victim := mustCase(t, lib, "edited")
			letter := victim.UUID[:1]
			for _, folder := range []string{"originals", "resources/renders"} {
				c.put(t, filepath.Join(lib.Path, folder, letter), outside)
			}
			within(t, time.Minute, func() {
				l := open(t, lib.Path)
				for _, a := range list(t, l, ByUUID) {
					errs := openAll(t, l, a)
					if string(a.UUID[:1]) != letter || a.Origin.Referenced || a.Origin.SharedAlbum {
						continue
					}
					r := a.Resource(RoleOriginal)
					if r.OnDisk || errs[RoleOriginal] == nil {
						t.Errorf("%s: %s was opened", a.UUID, r.Path)
					}
					if errors.Is(r.Problem, ErrOutside) != c.outside || errors.Is(errs[RoleOriginal], ErrOutside) != c.outside {
						t.Errorf("%s: problem %v, open %v", a.UUID, r.Problem, errs[RoleOriginal])
					}
				}
			})
		})
	}
}

// Pipes, devices and folders in the folder of the database.
func TestWhatIsNoDatabase(t *testing.T) {
	original := build(t, fixture.Options{WAL: true})
	for _, name := range []string{databasePath, databasePath + "-wal", "database", "database/photos.db", "database/DataModelVersion.plist"} {
		for kind, put := range map[string]func(t *testing.T, file string){
			"pipe":   func(t *testing.T, file string) { fifo(t, file) },
			"device": func(t *testing.T, file string) { symlink(t, "/dev/zero", file) },
			"folder": func(t *testing.T, file string) {
				if err := os.MkdirAll(file, 0o755); err != nil {
					t.Fatal(err)
				}
			},
			"link to itself": func(t *testing.T, file string) { symlink(t, filepath.Base(file), file) },
		} {
			if name == "database" && kind == "folder" {
				continue
			}
			t.Run(name+" is a "+kind, func(t *testing.T) {
				path := cloneDatabase(t, original.Path)
				remove(t, filepath.Join(path, name))
				if strings.Contains(name, ".plist") || strings.Contains(name, ".db") { // they are asked where the database is not
					remove(t, filepath.Join(path, databasePath))
				}
				put(t, filepath.Join(path, name))
				within(t, time.Minute, func() {
					n, err := attempt(t, path)
					var told *Error
					if err == nil || n > 0 || !errors.As(err, &told) {
						t.Errorf("%d assets, error %v", n, err)
					}
				})
			})
		}
	}
}

// A referenced file is looked for where the database says, and only a file.
func TestReferencedFiles(t *testing.T) {
	dir := t.TempDir()
	lib := build(t, fixture.Options{ReferencedDir: dir})
	want := mustCase(t, lib, "referenced")
	read := func() (*Library, *Asset) {
		l := open(t, lib.Path)
		for _, a := range list(t, l, ByUUID) {
			if string(a.UUID) == want.UUID {
				return l, a
			}
		}
		t.Fatal("not there")
		return nil, nil
	}
	l, a := read()
	r := a.Resource(RoleOriginal)
	if r.Path != "" || r.Reference == nil || r.Reference.Path != want.External || !r.OnDisk {
		t.Errorf("resource %+v, reference %+v", r, r.Reference)
	}
	f, err := l.OpenReferenced(r)
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	for _, put := range []func(){
		func() { fifo(t, want.External) },
		func() {
			if err := os.Mkdir(want.External, 0o755); err != nil {
				t.Fatal(err)
			}
		},
		func() {},
	} {
		remove(t, want.External)
		put()
		within(t, time.Minute, func() {
			l, a := read()
			r := a.Resource(RoleOriginal)
			if r.OnDisk {
				t.Errorf("found %+v", r)
			}
			if f, err := l.OpenReferenced(r); err == nil {
				f.Close()
				t.Error("opened")
			}
		})
	}
}

// A file that is gone when it is opened, or came meanwhile.
func TestFilesComeAndGo(t *testing.T) {
	lib := build(t, fixture.Options{})
	l := open(t, lib.Path)
	gone, lost := mustCase(t, lib, "jpeg"), mustCase(t, lib, "lost")
	for a, err := range l.Assets(context.Background(), Query{}) {
		if err != nil {
			t.Fatal(err)
		}
		r := a.Resource(RoleOriginal)
		switch string(a.UUID) {
		case gone.UUID:
			remove(t, lib.File(gone, "original"))
			if _, err := l.Open(r); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("gone: %v", err)
			}
		case lost.UUID:
			write(t, filepath.Join(lib.Path, r.Path), []byte("found again"))
			f, err := l.Open(r)
			if err != nil {
				t.Errorf("came: %v", err)
				continue
			}
			f.Close()
		}
	}
}

func link(target string) func(t *testing.T, file, outside string) {
	return func(t *testing.T, file, outside string) {
		t.Helper()
		relative, err := filepath.Rel(filepath.Dir(file), filepath.Join(outside, target))
		if err != nil {
			t.Fatal(err)
		}
		symlink(t, relative, file)
	}
}

func symlink(t *testing.T, target, file string) {
	t.Helper()
	if err := os.Symlink(target, file); err != nil {
		t.Fatal(err)
	}
}

func fifo(t *testing.T, file string) {
	t.Helper()
	if err := syscall.Mkfifo(file, 0o644); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, name string) {
	t.Helper()
	if err := os.RemoveAll(name); err != nil {
		t.Fatal(err)
	}
}
