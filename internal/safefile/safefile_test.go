package safefile

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func open(t *testing.T) (*Dir, string) {
	t.Helper()
	name := t.TempDir()
	d, err := OpenDir(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d, name
}

func TestWriteFileReplacesInOneStep(t *testing.T) {
	d, name := open(t)
	for _, content := range []string{"first", "second, longer"} {
		if err := WriteFile(d, "f", []byte(content)); err != nil {
			t.Fatal(err)
		}
		if got, _ := os.ReadFile(filepath.Join(name, "f")); string(got) != content {
			t.Errorf("got %q, want %q", got, content)
		}
	}
	if info, _ := os.Stat(filepath.Join(name, "f")); info.Mode().Perm()&^0o644 != 0 {
		t.Errorf("mode %v", info.Mode())
	}
	onlyFiles(t, name, "f")
}

func TestWriteLeavesNothingWhenItFails(t *testing.T) {
	d, name := open(t)
	if err := WriteFile(d, "f", []byte("before")); err != nil {
		t.Fatal(err)
	}
	boom := errors.New("boom")
	err := Write(d, "f", func(w io.Writer) error {
		io.WriteString(w, "half")
		return boom
	})
	if !errors.Is(err, boom) {
		t.Errorf("error is %v", err)
	}
	if got, _ := os.ReadFile(filepath.Join(name, "f")); string(got) != "before" {
		t.Errorf("the file is %q now", got)
	}
	onlyFiles(t, name, "f")
}

func TestNothingLeadsOut(t *testing.T) {
	d, name := open(t)
	outside := t.TempDir()
	if err := os.WriteFile(filepath.Join(outside, "victim"), []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	for link, target := range map[string]string{"link": outside, "file": filepath.Join(outside, "victim")} {
		if err := os.Symlink(target, filepath.Join(name, link)); err != nil {
			t.Fatal(err)
		}
	}
	for _, out := range []string{"../victim", "link/victim", "link/new", "/etc/hostname", "a/../../victim"} {
		if f, err := d.Create(out); err == nil {
			f.Close()
			t.Errorf("Create(%q) led out", out)
		}
		if f, err := d.Open(out); err == nil {
			f.Close()
			t.Errorf("Open(%q) led out", out)
		}
		if err := d.Remove(out); err == nil {
			t.Errorf("Remove(%q) led out", out)
		}
		if err := d.Rename("file", out); err == nil {
			t.Errorf("Rename to %q led out", out)
		}
		if err := d.Chtimes(out, time.Unix(0, 0)); err == nil {
			t.Errorf("Chtimes(%q) led out", out)
		}
	}
	if f, err := d.Open("file"); err == nil {
		f.Close()
		t.Error("Open followed a link out")
	}
	if got, err := os.ReadFile(filepath.Join(outside, "victim")); err != nil || string(got) != "mine" {
		t.Errorf("the file outside is %q, %v", got, err)
	}
	onlyFiles(t, outside, "victim")
}

func TestOpenDoesNotWaitForAPipe(t *testing.T) {
	d, name := open(t)
	if err := syscall.Mkfifo(filepath.Join(name, "pipe"), 0o644); err != nil {
		t.Skip("no pipes here:", err)
	}
	if f, err := d.Open("pipe"); err == nil {
		f.Close()
		t.Error("a pipe was opened as if it were a file")
	}
}

func TestCreateTakesNoNameThatIsTaken(t *testing.T) {
	d, name := open(t)
	if err := os.WriteFile(filepath.Join(name, "f"), []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Create("f"); !errors.Is(err, fs.ErrExist) {
		t.Errorf("error is %v", err)
	}
}

func TestCloneOrCopy(t *testing.T) {
	d, name := open(t)
	if err := os.WriteFile(filepath.Join(name, "src"), []byte(strings.Repeat("photo", 10000)), 0o600); err != nil {
		t.Fatal(err)
	}
	src, err := os.Open(filepath.Join(name, "src"))
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	err = d.Clone(src, "dst")
	got, readErr := os.ReadFile(filepath.Join(name, "dst"))
	switch {
	case errors.Is(err, ErrNoClone):
		if !errors.Is(readErr, fs.ErrNotExist) {
			t.Error("a clone that could not be made left a file")
		}
		t.Log("this file system does not clone")
	case err != nil:
		t.Fatal(err)
	case string(got) != strings.Repeat("photo", 10000):
		t.Error("the clone has other bytes")
	default:
		if info, _ := os.Stat(filepath.Join(name, "dst")); info.Mode().Perm()&^0o644 != 0 {
			t.Errorf("mode %v", info.Mode())
		}
	}
}

// An open file is dated as a name is.
func TestChtimesOfAnOpenFile(t *testing.T) {
	d, name := open(t)
	f, err := d.Create("f")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	for _, at := range []time.Time{time.Date(1969, 7, 20, 20, 17, 40, 123456789, time.UTC), time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)} {
		if err := f.Chtimes(at); err != nil {
			t.Fatal(err)
		}
		info, err := f.Stat()
		if err != nil {
			t.Fatal(err)
		}
		byOther, err := os.Stat(filepath.Join(name, "f"))
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Chtimes("f", at); err != nil {
			t.Fatal(err)
		}
		byName, err := d.Lstat("f")
		if err != nil {
			t.Fatal(err)
		}
		if !info.ModTime().Equal(byOther.ModTime()) || !info.ModTime().Equal(byName.ModTime()) {
			t.Errorf("%v: the open file has %v, os tells %v, and by its name it gets %v", at, info.ModTime(), byOther.ModTime(), byName.ModTime())
		}
	}
	f.Close()
	if err := f.Chtimes(time.Now()); err == nil {
		t.Error("a closed file was dated")
	}
}

func TestTempNamesAreRecognisedExactly(t *testing.T) {
	for range 100 {
		temp := Temp("2025/05/17/IMG_0042.HEIC")
		if !strings.HasPrefix(temp, "2025/05/17/.photogo-") || !IsTemp(temp) {
			t.Fatal(temp)
		}
	}
	for _, name := range []string{"x.tmp", ".photogo-1.tmp", ".photogo-0123456789abcdef01234567.tmp.jpg",
		"IMG.photogo-0123456789abcdef01234567.tmp", ".photogo", ".photogo-0123456789ABCDEF01234567.tmp"} {
		if IsTemp(name) {
			t.Errorf("%s passes for one of ours", name)
		}
	}
}

func TestChtimesHoldsWhatItCan(t *testing.T) {
	d, name := open(t)
	if err := os.WriteFile(filepath.Join(name, "f"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, want := range []time.Time{
		time.Date(2025, 5, 17, 9, 4, 31, 123456000, time.UTC),
		time.Date(1969, 12, 31, 23, 59, 59, 0, time.UTC),
	} {
		if err := d.Chtimes("f", want); err != nil {
			t.Fatal(err)
		}
		if info, _ := d.Lstat("f"); info.ModTime().Sub(want).Abs() > 2*time.Second {
			t.Errorf("%v became %v", want, info.ModTime())
		}
	}
	for _, odd := range []time.Time{time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)} {
		if err := d.Chtimes("f", odd); err != nil {
			t.Errorf("%v: %v", odd, err)
		}
	}
}

func TestSyncOfManyAndFew(t *testing.T) {
	d, _ := open(t)
	mkdir(t, d, "a", "a/b")
	names := []string{"a", "a/b"}
	for _, n := range "abcdefghijkl" {
		if err := WriteFile(d, "a/b/"+string(n), []byte{byte(n)}); err != nil {
			t.Fatal(err)
		}
		names = append(names, "a/b/"+string(n))
	}
	for _, some := range [][]string{nil, names[:3], names} {
		if err := d.Sync(some...); err != nil {
			t.Errorf("%d names: %v", len(some), err)
		}
	}
	if !d.whole {
		if err := d.Sync("a/none"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("a name that is not there: %v", err)
		}
	}
}

// More folders than there are handles for: each operation must still reach its own.
func TestManyFolders(t *testing.T) {
	d, name := open(t)
	for round := range 2 {
		for i := range 3 * openFolders {
			dir := "d" + string(rune('a'+i%26)) + "/" + strings.Repeat("x", i/26+1)
			if round == 0 {
				mkdir(t, d, filepath.Dir(dir), dir)
			}
			if err := WriteFile(d, dir+"/f", []byte(dir)); err != nil {
				t.Fatal(round, err)
			}
			if got, _ := os.ReadFile(filepath.Join(name, dir, "f")); string(got) != dir {
				t.Fatalf("%s holds %q", dir, got)
			}
		}
	}
}

func mkdir(t *testing.T, d *Dir, names ...string) {
	t.Helper()
	for _, name := range names {
		if err := d.Mkdir(name); err != nil && !errors.Is(err, fs.ErrExist) {
			t.Fatal(err)
		}
	}
}

func onlyFiles(t *testing.T, dir string, want ...string) {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		ok := e.Type()&fs.ModeSymlink != 0
		for _, w := range want {
			ok = ok || e.Name() == w
		}
		if !ok {
			t.Errorf("%s was left behind", e.Name())
		}
	}
}
