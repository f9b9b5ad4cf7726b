package backup_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/photogo/photogo/archive"
	"github.com/photogo/photogo/backup"
	"github.com/photogo/photogo/internal/loopback"
	"github.com/photogo/photogo/internal/safefile"
	"github.com/photogo/photogo/manifest"
)

// folder is an open folder to write into.
func folder(t *testing.T) (string, *safefile.Dir) {
	t.Helper()
	name := t.TempDir()
	dir, err := safefile.OpenDir(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dir.Close() })
	return name, dir
}

// place writes a file whose content is the text, and returns its entry.
func place(t *testing.T, root, path, owner, content string) manifest.Entry {
	t.Helper()
	e := entry(path, owner, content)
	file := filepath.Join(root, path)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	at := time.UnixMicro(e.Stamp)
	if err := os.Chtimes(file, at, at); err != nil {
		t.Fatal(err)
	}
	return e
}

func describe(owner, asset string) backup.Description {
	return backup.Description{Owner: owner, Asset: json.RawMessage(asset)}
}

func TestAnExplanationIsReadAsItWasWritten(t *testing.T) {
	loopback.Need(t, "b3sum")
	root, dir := folder(t)
	files := []manifest.Entry{
		place(t, root, "nobody's.txt", "", "0"),
		place(t, root, "2025/05/17/IMG 1.HEIC", "A", "one"),
		place(t, root, "2025/05/17/IMG 1_edited.heic", "A", "two"),
		place(t, root, "new\nline\\ & <ü>", "B", "three"),
		place(t, root, "\xff not UTF-8", "C", "four"),
	}
	x := backup.Explanation{
		Library: "anna", Archive: backup.Archive{Name: "anna-2025-05", Period: "2025-05", Portion: 1, Created: day(1)},
		Entries: seq(files...),
		Assets: seq(describe("B", `{"uuid": "B",`+"\n"+` "title": "<a & b>"}`), describe("A", `{"uuid":"old"}`), describe("X", `{"uuid":"X"}`),
			describe("A", `{"uuid":"A","date":"2025-05-17T10:00:00+02:00"}`)),
		Dir: t.TempDir(),
	}
	for range 2 { // and over what is there
		done, err := x.Write(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		if done.Bare != 1 || len(done.Files) != 3 { // nothing is known of C
			t.Errorf("%+v", done)
		}
		for _, e := range done.Files {
			info, err := os.Stat(filepath.Join(root, e.Path))
			if err != nil || info.Size() != e.Size || info.ModTime().UnixNano() != e.ModTime {
				t.Errorf("%s: %v %v", e.Path, info, err)
			}
		}
	}
	own := archive.OwnFolder("anna-2025-05")
	check := exec.Command("b3sum", "--check", filepath.FromSlash(own+"/"+backup.SumsFile))
	check.Dir = root
	out, err := check.CombinedOutput()
	// b3sum itself refuses names that are no UTF-8, which come last.
	if lines := strings.Count(string(out), ": OK\n"); lines != len(files)-1+2 || !strings.Contains(string(out), own+"/"+backup.ReadmeFile+": OK") {
		t.Errorf("%v\n%s", err, out)
	}
	f, err := os.Open(filepath.Join(root, own, backup.AssetsFile))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	got := collect(t, backup.ReadAssets(f))
	want := []backup.Described{
		{"", files[:1], nil},
		{"A", files[1:3], json.RawMessage(`{"uuid":"A","date":"2025-05-17T10:00:00+02:00"}`)},
		{"B", files[3:4], json.RawMessage(`{"uuid":"B","title":"<a & b>"}`)},
		{"C", files[4:], nil},
	}
	if len(got) != len(want) {
		t.Fatalf("%+v", got)
	}
	for i, d := range got {
		for j := range d.Files { // the time that was asked for is what counts
			if d.Files[j].ModTime != d.Files[j].Stamp*1000 {
				t.Errorf("%+v", d.Files[j])
			}
			d.Files[j].ModTime = want[i].Files[j].ModTime
		}
		if d.Owner != want[i].Owner || !slices.Equal(d.Files, want[i].Files) || !bytes.Equal(d.Asset, want[i].Asset) {
			t.Errorf("%+v, want %+v", d, want[i])
		}
	}
	readme, err := os.ReadFile(filepath.Join(root, own, backup.ReadmeFile))
	if err != nil || strings.Contains(string(readme), "no value") || strings.Contains(string(readme), "{{") {
		t.Errorf("%v %s", err, readme)
	}
	for _, words := range []string{"borg extract REPOSITORY::anna-2025-05\n", "b3sum --check .photogo/archives/anna-2025-05/manifest.b3\n", `the Apple Photos library "anna"`, "2025-06-01"} {
		if !strings.Contains(string(readme), words) {
			t.Errorf("README.txt does not say %q", words)
		}
	}
	left := 0
	filepath.WalkDir(root, func(name string, d os.DirEntry, err error) error {
		if safefile.IsTemp(name) {
			left++
		}
		return err
	})
	if left > 0 {
		t.Errorf("%d temporary files are left", left)
	}
}

func TestAnOwnerWithVeryManyFilesHasSeveralLines(t *testing.T) {
	root, dir := folder(t)
	var files []manifest.Entry
	for i := range 1203 {
		files = append(files, entry(fmt.Sprintf("%04d", i), "A", "x"))
	}
	files = append(files, entry("z", "B", "x"))
	done, err := backup.Explanation{
		Library: "anna", Archive: backup.Archive{Name: "anna-2025-05"}, Entries: seq(files...),
		Assets: seq(describe("A", `{"uuid":"A"}`), describe("B", `{"uuid":"B"}`)),
	}.Write(t.Context(), dir)
	if err != nil || done.Bare != 0 {
		t.Fatal(done, err)
	}
	f, err := os.Open(filepath.Join(root, done.Files[0].Path))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var assets, lines, n int
	for _, d := range collect(t, backup.ReadAssets(f)) {
		lines, n = lines+1, n+len(d.Files)
		if d.Asset != nil {
			assets++
		}
	}
	if lines != 4 || n != len(files) || assets != 2 {
		t.Errorf("%d lines, %d files, %d assets", lines, n, assets)
	}
}

func TestAnExplanationThatCannotBeMadeLeavesNothing(t *testing.T) {
	broken := errors.New("broken")
	for name, x := range map[string]backup.Explanation{
		"entries": {Entries: func(yield func(manifest.Entry, error) bool) {
			_ = yield(entry("a", "A", "1"), nil) && yield(manifest.Entry{}, broken)
		}},
		"assets": {Entries: seq(entry("a", "A", "1")), Assets: func(yield func(backup.Description, error) bool) { yield(backup.Description{}, broken) }},
	} {
		root, dir := folder(t)
		x.Archive.Name = "anna-2025-05"
		if _, err := x.Write(t.Context(), dir); !errors.Is(err, broken) {
			t.Errorf("%s: %v", name, err)
		}
		if left, _ := os.ReadDir(filepath.Join(root, archive.OwnFolder("anna-2025-05"))); len(left) > 0 {
			t.Errorf("%s: %v", name, left)
		}
	}
	_, dir := folder(t)
	x := backup.Explanation{Archive: backup.Archive{Name: "a"}, Entries: seq(entry("a", "A", "1")), Assets: seq(describe("A", `{"uuid":`))}
	if _, err := x.Write(t.Context(), dir); err == nil {
		t.Error("what is no JSON was written")
	}
}

const goodLine = `{"owner":"A","files":[{"path":"a","role":"original","b3":"0101010101010101010101010101010101010101010101010101010101010101","size":3,"modified":"2025-05-17T08:00:00Z","new":1}],"asset":{"uuid":"A"},"new":[1]}` + "\n"

func TestALineThatMakesNoSenseIsToldAndTheNextIsRead(t *testing.T) {
	sum := `"b3":"` + strings.Repeat("01", 32) + `"`
	for name, bad := range map[string]string{
		"empty":           "\n",
		"no JSON":         "{\n",
		"no object":       "[1]\n",
		"no files":        `{"owner":"A"}` + "\n",
		"a file of none":  `{"owner":"A","files":[{}]}` + "\n",
		"a short sum":     `{"owner":"A","files":[{"path":"a","size":1,"b3":"01"}]}` + "\n",
		"a negative size": `{"owner":"A","files":[{"path":"a","size":-1,` + sum + `}]}` + "\n",
		"too many files":  `{"files":[` + strings.Repeat(`{"path":"a","size":1,`+sum+`},`, 600) + `{}]}` + "\n",
		"too long":        `{"owner":"` + strings.Repeat("x", 17<<20) + `","files":[]}` + "\n",
		"too deep":        strings.Repeat("[", 1<<20) + "\n",
	} {
		var good, told int
		for d, err := range backup.ReadAssets(strings.NewReader(goodLine + bad + goodLine)) {
			switch {
			case errors.Is(err, backup.ErrExplanation):
				told++
			case err != nil:
				t.Errorf("%s: %v", name, err)
			case len(d.Files) == 1 && d.Files[0].Path == "a" && d.Files[0].Size == 3 && string(d.Asset) == `{"uuid":"A"}`:
				good++
			}
		}
		if good != 2 || told != 1 {
			t.Errorf("%s: %d good, %d told", name, good, told)
		}
	}
	for _, err := range backup.ReadAssets(strings.NewReader(strings.TrimSuffix(goodLine, "\n"))) {
		if !errors.Is(err, backup.ErrExplanation) {
			t.Errorf("a line without an end: %v", err)
		}
	}
	broken := errors.New("broken")
	var last error
	for _, err := range backup.ReadAssets(io.MultiReader(strings.NewReader(goodLine), &failing{broken})) {
		last = err
	}
	if !errors.Is(last, broken) {
		t.Errorf("%v", last)
	}
}

type failing struct{ err error }

func (f *failing) Read([]byte) (int, error) { return 0, f.err }

func TestFactsAreReadLeniently(t *testing.T) {
	got := backup.ReadFacts(json.RawMessage(`{"uuid":"A","date":"2025-05-17T10:00:00.5+02:00","date_added":"2025-05-18T00:00:00Z","date_modified":null,
		"albums":[{"title":"Rom","uuid":"1"},{"title":null},7,{"title":"Paris"}],"shared_albums":[{"title":"Rom geteilt"}],"more":{}}`))
	if got.UUID != "A" || !got.Taken.Equal(time.Date(2025, 5, 17, 8, 0, 0, 5e8, time.UTC)) || got.Added.IsZero() || !got.Modified.IsZero() ||
		!slices.Equal(got.Albums, []string{"Rom", "Paris", "Rom geteilt"}) {
		t.Errorf("%+v", got)
	}
	for _, text := range []string{``, `null`, `[]`, `7`, `{"uuid":7,"date":"tomorrow","albums":{},"shared_albums":"x"}`} {
		if got := backup.ReadFacts(json.RawMessage(text)); got.UUID != "" || !got.Taken.IsZero() || len(got.Albums) > 0 {
			t.Errorf("%s: %+v", text, got)
		}
	}
}

// Whatever the bytes are, reading ends, nothing of what it yields is without path
// and sum, and what is good is still read behind them.
func FuzzReadAssets(f *testing.F) {
	f.Add([]byte(goodLine))
	f.Add([]byte(`{"owner":null,"files":null,"asset":[]}` + "\n\n" + goodLine))
	f.Add([]byte(`{"files":[{"path":"../x","path_bytes":"/w==","b3":"` + strings.Repeat("ab", 32) + `","size":9e99}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var last backup.Described
		for d, err := range backup.ReadAssets(io.MultiReader(bytes.NewReader(data), strings.NewReader("\n"+goodLine))) {
			if err != nil && !errors.Is(err, backup.ErrExplanation) {
				t.Fatal(err)
			}
			for _, e := range d.Files {
				if e.Path == "" || e.Size < 0 || e.Sum == (manifest.Sum{}) || e.Owner != d.Owner {
					t.Fatalf("%+v", e)
				}
			}
			backup.ReadFacts(d.Asset)
			last = d
		}
		if len(last.Files) != 1 || last.Files[0].Path != "a" {
			t.Fatalf("%+v", last)
		}
	})
}
