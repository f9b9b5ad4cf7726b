package logfile

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

// The newest lines are there, whole and in order, in files of no more than max
// bytes, however often the log is opened.
func TestTheNewestLinesAreKept(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp("", "logfile")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		path := filepath.Join(dir, "logs", "x.log")
		max, keep := rapid.Int64Range(1, 200).Draw(t, "max"), rapid.IntRange(0, 4).Draw(t, "keep")
		f, err := Open(path, max, keep)
		if err != nil {
			t.Fatal(err)
		}
		var all string
		for i := range rapid.IntRange(1, 40).Draw(t, "lines") {
			line := fmt.Sprintf("%d %s\n", i, strings.Repeat("x", rapid.IntRange(0, 60).Draw(t, "length")))
			all += line
			if _, err := f.Write([]byte(line)); err != nil {
				t.Fatal(err)
			}
			if rapid.IntRange(0, 5).Draw(t, "again") == 0 {
				if err := f.Close(); err != nil {
					t.Fatal(err)
				}
				if f, err = Open(path, max, keep); err != nil {
					t.Fatal(err)
				}
			}
		}
		defer f.Close()
		kept := ""
		for n := keep; n >= 0; n-- {
			name := path
			if n > 0 {
				name = fmt.Sprintf("%s.%d", path, n)
			}
			data, err := os.ReadFile(name)
			if errors.Is(err, fs.ErrNotExist) && n > 0 {
				continue
			} else if err != nil {
				t.Fatal(err)
			}
			if int64(len(data)) > max && bytes.Count(data, []byte("\n")) != 1 {
				t.Fatalf("%s has %d bytes, more than %d", name, len(data), max)
			}
			kept += string(data)
		}
		if !strings.HasSuffix(all, kept) || kept == "" {
			t.Fatalf("kept %q of %q", kept, all)
		}
		if list, err := os.ReadDir(filepath.Dir(path)); err != nil || len(list) > keep+1 {
			t.Fatalf("%d files, not %d", len(list), keep+1)
		}
	})
}

func TestTheLogIsTheOwners(t *testing.T) {
	path := filepath.Join(t.TempDir(), "logs", "x.log")
	f, err := Open(path, 100, 1)
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			if _, err := f.Write([]byte("a line\n")); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if err := errors.Join(f.Close(), f.Close()); err != nil {
		t.Error(err)
	}
	if _, err := f.Write(nil); !errors.Is(err, fs.ErrClosed) {
		t.Error(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 || info.Size() != 70 {
		t.Error(info.Mode(), info.Size(), err)
	}
	link := path + ".link"
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	for _, not := range []string{link, filepath.Dir(path), "/dev/null"} {
		if f, err := Open(not, 100, 1); err == nil {
			f.Close()
			t.Errorf("%s was opened", not)
		}
	}
}

// A line that is larger than a log may be has one of its own, and an empty log is
// not moved for it; what is newest has the lowest number.
func TestLogsHaveTheirNumbers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.log")
	f, err := Open(path, 2, 2)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for n, line := range []string{"first\n", "second\n", "third\n"} {
		if _, err := f.Write([]byte(line)); err != nil {
			t.Fatal(err)
		}
		if list, err := os.ReadDir(filepath.Dir(path)); err != nil || len(list) != n+1 {
			t.Fatalf("%d files after %q", len(list), line)
		}
	}
	for name, want := range map[string]string{path: "third\n", path + ".1": "second\n", path + ".2": "first\n"} {
		if data, err := os.ReadFile(name); err != nil || string(data) != want {
			t.Errorf("%s: %q %v", name, data, err)
		}
	}
}

// Lines that cannot begin a new file go on in the old one.
func TestALogThatCannotBeMovedGoesOn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.log")
	f, err := Open(path, 10, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := os.MkdirAll(path+".1/in-the-way", 0o755); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, err := f.Write([]byte("12345678\n")); err != nil {
			t.Fatal(err)
		}
	}
	if info, err := os.Stat(path); err != nil || info.Size() != 27 {
		t.Error(info.Size(), err)
	}
}

// What launchd appends to is moved on from outside, and only when it is too large.
func TestAFileOfOthersIsMovedOn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "agent.log")
	if err := Rotate(path, 10, 1); err != nil {
		t.Error(err)
	}
	open, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close()
	for i, want := range []string{"", "123456789\n123456789\n"} {
		if _, err := open.WriteString("123456789\n"); err != nil {
			t.Fatal(err)
		}
		if err := Rotate(path, 10, 1); err != nil {
			t.Fatal(err)
		}
		if moved, err := os.ReadFile(path + ".1"); string(moved) != want || (err == nil) != (i == 1) {
			t.Errorf("%d: %q %v", i, moved, err)
		}
	}
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := Rotate(path, 0, 0); err != nil {
		t.Error(err)
	}
}
