package export

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/photogo/photogo/internal/fixture"
	"github.com/photogo/photogo/manifest"
	"github.com/photogo/photogo/photosdb"
)

func (l *openFiles) text() []byte {
	return append([]byte(openMagic), bytes.Join(l.blocks, nil)...)
}

func TestOpenFilesAreReadAsTheyWereWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringN(0, 40, -1)
		var want []openFile
		var list openFiles
		lacks := 0
		for range rapid.IntRange(0, 20).Draw(t, "files") {
			f := openFile{
				UUID: photosdb.UUID(text.Draw(t, "uuid")), Role: photosdb.Role(text.Draw(t, "role")), Path: text.Draw(t, "path"),
				Reason: text.Draw(t, "reason"), Size: rapid.Int64().Draw(t, "size"), Recorded: rapid.Bool().Draw(t, "recorded"),
			}
			if rapid.Bool().Draw(t, "altered") {
				f.Entry = &manifest.Entry{Path: text.Draw(t, "of the entry"), Size: rapid.Int64Range(0, 1<<50).Draw(t, "size")}
			} else {
				lacks++
			}
			if rapid.IntRange(0, 9).Draw(t, "long") == 0 {
				f.Path = string(make([]byte, openBlock))
			}
			want = append(want, f)
			list.add(f)
		}
		if list.files != len(want) || list.lacks != lacks {
			t.Fatalf("%d files, %d missing, want %d and %d", list.files, list.lacks, len(want), lacks)
		}
		all := list.text()
		var got []openFile
		for f, err := range readOpen(bytes.NewReader(all)) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, f)
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("%+v\nwant\n%+v", got, want)
		}
		// Cut off it is never taken for more than there is.
		n := rapid.IntRange(0, len(all)).Draw(t, "cut")
		read := 0
		for f, err := range readOpen(bytes.NewReader(all[:n])) {
			if err != nil {
				break
			}
			if !reflect.DeepEqual(f, want[read]) {
				t.Fatalf("of the first %d bytes: %+v, want %+v", n, f, want[read])
			}
			read++
		}
	})
}

func FuzzReadOpen(f *testing.F) {
	var list openFiles
	list.add(openFile{UUID: "A", Role: photosdb.RoleOriginal, Path: "2020/a.jpg", Reason: "iCloud", Size: 5, Recorded: true})
	list.add(openFile{UUID: "B", Role: photosdb.RoleOriginal, Path: "2020/b.jpg", Entry: &manifest.Entry{Path: "2020/b.jpg", Size: 3}})
	f.Add(list.text())
	f.Add([]byte(openMagic + "\x00\x00\xff\xff\xff\xff\x0f"))
	f.Fuzz(func(t *testing.T, data []byte) {
		files := 0
		for f, err := range readOpen(bytes.NewReader(data)) {
			if err != nil {
				if !reflect.DeepEqual(f, openFile{}) {
					t.Fatalf("%+v beside %v", f, err)
				}
				continue
			}
			if files++; files > len(data) {
				t.Fatalf("%d files in %d bytes", files, len(data))
			}
		}
	})
}

// What is missing in a library most of which is in iCloud is kept whole, and a list that
// somebody changed is not believed.
func TestOnlyTheListThatWasKeptIsBelieved(t *testing.T) {
	w := newWorld(t, fixture.Options{})
	w.settle(t)
	w.wish = "all"
	s, _ := w.mustRun(t)
	_, told, rests := w.atRest(t, "all", w.lastNow())
	if !rests || len(told) < s.Missing || s.Missing == 0 {
		t.Fatalf("at rest: %v, %d told of %d missing", rests, len(told), s.Missing)
	}
	found, err := filepath.Glob(filepath.Join(w.state, "destinations", "*", openName+".data"))
	if err != nil || len(found) != 1 {
		t.Fatalf("%v, %v", found, err)
	}
	whole, err := os.ReadFile(found[0])
	if err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string][]byte{"cut": whole[:len(whole)-1], "longer": append(bytes.Clone(whole), 0), "empty": nil, "changed": bytes.Replace(whole, []byte("original"), []byte("Original"), 1)} {
		if err := os.WriteFile(found[0], bad, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, told, rests := w.atRest(t, "all", w.lastNow()); rests || len(told) > 0 {
			t.Errorf("%s: at rest: %v, and %d told", name, rests, len(told))
		}
	}
	if err := os.Remove(found[0]); err != nil {
		t.Fatal(err)
	}
	if _, _, rests := w.atRest(t, "all", w.lastNow()); rests {
		t.Error("at rest without the list")
	}
	// The next run looks at everything, and comes to the same end.
	again, _ := w.mustRun(t)
	if again.Missing != s.Missing {
		t.Errorf("%d missing, and %d before", again.Missing, s.Missing)
	}
	if _, told2, rests := w.atRest(t, "all", w.lastNow()); !rests || len(told2) != len(told) {
		t.Errorf("at rest: %v, %d told of %d", rests, len(told2), len(told))
	}
}
