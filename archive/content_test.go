package archive

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"
)

// listed is what borg writes in listFormat.
func listed(rows ...string) string {
	var b strings.Builder
	for _, row := range rows {
		b.WriteString(strings.ReplaceAll(row, "|", "\x00") + "\x00")
	}
	return b.String()
}

func TestAListIsReadOrRefused(t *testing.T) {
	for _, c := range []struct {
		name, list string
		files      []string
		plain, bad bool
	}{
		{"nothing", "", nil, true, false},
		{"files and folders", listed("drwxr-xr-x|0|2025", "-rw-r--r--|12|2025/a.jpg", "-rw-------|0|./2025/new\nline"), []string{"2025/a.jpg 12", "2025/new\nline 0"}, true, false},
		{"a further name of a file", listed("-rw-r--r--|12|a", "hrw-r--r--|12|b"), []string{"a 12"}, false, false},
		{"a symbolic link", listed("lrwxrwxrwx|1|a"), nil, false, false},
		{"a device", listed("crw-------|0|a"), nil, false, false},
		{"a name that borg could not tell", listed("-rw-r--r--|1|?? not UTF-8"), nil, false, false},
		{"a name in another encoding", listed("-rw-r--r--|1|caf\xe9"), nil, false, false},
		{"cut within a name", listed("-rw-r--r--|1|a")[:14], nil, false, true},
		{"cut within a member", listed("-rw-r--r--|1"), nil, false, true},
		{"cut after the mode", listed("-rw-r--r--"), nil, false, true},
		{"no size", listed("-rw-r--r--|many|a"), nil, false, true},
		{"a size below 0", listed("-rw-r--r--|-1|a"), nil, false, true},
		{"a size beyond all", listed("-rw-r--r--|99999999999999999999|a"), nil, false, true},
		{"no mode", listed("|1|a"), nil, false, true},
		{"no name", listed("-rw-r--r--|1|"), nil, false, true},
		{"a name without an end", strings.Repeat("-", 2<<20), nil, false, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			files, plain, err := readList(iotest.HalfReader(strings.NewReader(c.list)))
			if c.bad {
				if err == nil {
					t.Errorf("%v was read", files)
				}
				return
			}
			var got []string
			for _, f := range files {
				got = append(got, fmt.Sprint(f.Path, " ", f.Size))
			}
			if err != nil || plain != c.plain || plain && strings.Join(got, "|") != strings.Join(c.files, "|") {
				t.Errorf("%q, plain: %v, %v", got, plain, err)
			}
		})
	}
}

func TestContentsAreCutByTheirSizes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var files []Member
		var all []byte
		contents := map[string][]byte{}
		for i, content := range rapid.SliceOfN(rapid.SliceOfN(rapid.Byte(), 0, 40), 0, 9).Draw(t, "contents") {
			m := Member{Path: path.Join("d", fmt.Sprint(i)), Kind: File, Size: int64(len(content))}
			files, all, contents[m.Path] = append(files, m), append(all, content...), content
		}
		seen := 0
		lazy := rapid.Bool().Draw(t, "lazy") // visit reads only the first byte of each
		visit := func(m Member, content io.Reader) error {
			seen++
			if lazy {
				content.Read(make([]byte, 1))
				return nil
			}
			got, err := io.ReadAll(content)
			if err == nil && !bytes.Equal(got, contents[m.Path]) {
				t.Fatalf("%s: %x, want %x", m.Path, got, contents[m.Path])
			}
			return err
		}
		if err := readConcatenated(iotest.OneByteReader(bytes.NewReader(all)), files, visit); err != nil || seen != len(files) {
			t.Fatalf("%d of %d files were seen: %v", seen, len(files), err)
		}
		quiet := func(Member, io.Reader) error { return nil }
		if err := readConcatenated(bytes.NewReader(append(all, 0)), files, quiet); !errors.Is(err, ErrDamaged) {
			t.Fatalf("a byte too many: %v", err)
		}
		if len(all) > 0 {
			n := rapid.IntRange(0, len(all)-1).Draw(t, "cut")
			if err := readConcatenated(bytes.NewReader(all[:n]), files, quiet); !errors.Is(err, ErrDamaged) {
				t.Fatalf("%d bytes of %d: %v", n, len(all), err)
			}
		}
		if len(files) > 0 {
			enough := errors.New("enough")
			if err := readConcatenated(bytes.NewReader(all), files, func(Member, io.Reader) error { return enough }); !errors.Is(err, enough) {
				t.Fatal(err)
			}
		}
	})
}
