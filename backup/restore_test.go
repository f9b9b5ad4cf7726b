package backup_test

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
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

type phrase string

func (p phrase) WriteTo(w io.Writer) (int64, error) {
	n, err := io.WriteString(w, string(p))
	return int64(n), err
}

// shelf is a real repository with archives of the library anna.
type shelf struct {
	t        *testing.T
	location string
	opt      archive.Options
	repo     *archive.Repo
}

func newShelf(t *testing.T) *shelf {
	t.Helper()
	loopback.Need(t, "borg")
	dir := t.TempDir()
	s := &shelf{t: t, location: filepath.Join(dir, "repo"), opt: archive.Options{Passphrase: phrase("c4n4ry käfig"), Dir: filepath.Join(dir, "caches"), Env: os.Environ(), LockWait: time.Second}}
	s.open()
	if err := s.repo.Init(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.repo.Close() })
	return s
}

// open opens the repository, as a machine does that has never seen it if forget.
func (s *shelf) open() {
	s.t.Helper()
	var err error
	if s.repo, err = archive.Open(s.t.Context(), s.location, s.opt); err != nil {
		s.t.Fatal(err)
	}
}

// another is a machine that has never seen the repository.
func (s *shelf) another() {
	s.repo.Close()
	s.opt.Dir = filepath.Join(s.t.TempDir(), "caches")
	s.open()
}

// borg runs borg itself.
func (s *shelf) borg(dir string, args ...string) string {
	s.t.Helper()
	cmd := exec.Command("borg", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "BORG_REPO="+s.location, "BORG_PASSPHRASE="+string(s.opt.Passphrase.(phrase)), "BORG_BASE_DIR="+s.opt.Dir,
		"BORG_RELOCATED_REPO_ACCESS_IS_OK=yes", "BORG_CHECK_I_KNOW_WHAT_I_AM_DOING=YES", "BORG_DELETE_I_KNOW_WHAT_I_AM_DOING=YES")
	out, err := cmd.CombinedOutput()
	if err != nil {
		s.t.Fatalf("borg %v: %v\n%s", args, err, out)
	}
	return string(out)
}

// file is a file that a test archives.
type file struct{ path, owner, content string }

// archive makes an archive with its explanation. Contents that are spoilt by path are
// archived other than they are explained.
func (s *shelf) archive(name string, spoilt map[string]string, assets map[string]string, files ...file) string {
	s.t.Helper()
	root, dir := folder(s.t)
	var entries []manifest.Entry
	for _, f := range files {
		entries = append(entries, place(s.t, root, f.path, f.owner, f.content))
	}
	slices.SortStableFunc(entries, func(a, b manifest.Entry) int { return strings.Compare(a.Owner, b.Owner) })
	_, period, portion, _ := backup.ParseName(name)
	explained, err := backup.Explanation{
		Library: "anna", Archive: backup.Archive{Name: name, Period: period, Portion: portion, Created: time.Now()}, Entries: seq(entries...),
		Assets: func(yield func(backup.Description, error) bool) {
			for owner, asset := range assets {
				if !yield(describe(owner, asset), nil) {
					return
				}
			}
		},
	}.Write(s.t.Context(), dir)
	if err != nil {
		s.t.Fatal(err)
	}
	for name, content := range spoilt {
		place(s.t, root, name, "", content)
	}
	entries = append(entries, explained.Files...)
	slices.SortFunc(entries, func(a, b manifest.Entry) int { return strings.Compare(a.Path, b.Path) })
	if _, err := s.repo.Create(s.t.Context(), name, archive.Plan{Root: root, Files: func(yield func(string, error) bool) {
		for _, e := range entries {
			if !yield(e.Path, nil) {
				return
			}
		}
	}}); err != nil {
		s.t.Fatal(err)
	}
	return root
}

// restore restores and returns what was told.
func (s *shelf) restore(r backup.Restore) (backup.RestoreSummary, map[string]backup.RestoreEvent) {
	s.t.Helper()
	sum, told, err := s.tryRestore(s.t.Context(), r)
	if err != nil {
		s.t.Fatal(err)
	}
	return sum, told
}

func (s *shelf) tryRestore(ctx context.Context, r backup.Restore) (backup.RestoreSummary, map[string]backup.RestoreEvent, error) {
	told := map[string]backup.RestoreEvent{}
	r.Repo = s.repo
	then := r.Event
	r.Event = func(e backup.RestoreEvent) {
		if e.Outcome != backup.RestoreReading {
			told[e.Path] = e
		}
		if then != nil {
			then(e)
		}
	}
	sum, err := r.Run(ctx)
	return sum, told, err
}

// contents are the files below a folder that are no one's but the pictures'.
func contents(t *testing.T, root string) map[string]string {
	t.Helper()
	got := map[string]string{}
	err := filepath.WalkDir(root, func(name string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(name)
		if rel, _ := filepath.Rel(root, name); !strings.HasPrefix(rel, manifest.Folder+"/") {
			got[filepath.ToSlash(rel)] = string(content)
		}
		return err
	})
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return got
}

func (s *shelf) wants(root string, want map[string]string) {
	s.t.Helper()
	if got := contents(s.t, root); !maps.Equal(got, want) {
		s.t.Errorf("%s holds %q, want %q", root, got, want)
	}
}

const anna1 = `{"uuid":"A1","date":"2025-05-17T10:00:00Z","albums":[{"title":"Rome"}]}`

func TestTheNewestVersionOfEachFileComesBackFromTheArchivesAlone(t *testing.T) {
	loopback.Need(t, "b3sum")
	t.Parallel()
	s := newShelf(t)
	big := strings.Repeat("a movie of many chunks ", 1<<17)
	s.archive("anna-2025-05", nil, map[string]string{"A1": anna1, "B2": `{"uuid":"B2","date":"2025-05-18T10:00:00Z"}`},
		file{"2025/05/17/IMG 1.HEIC", "A1", "one"}, file{"2025/05/17/IMG 1.HEIC.xmp", "A1", "old words"}, file{"2025/05/18/ü\n.mov", "B2", big}, file{"gone", "", "nobody's"})
	s.archive("anna-2025-06", nil, map[string]string{"A1": `{"uuid":"A1","date":"2025-05-17T10:00:00Z","albums":[{"title":"Paris"}]}`, "C3#1": `{"uuid":"C3","date":"2025-06-01T10:00:00Z"}`},
		file{"2025/05/17/IMG 1.HEIC.xmp", "A1", "new words"}, file{"2025/06/01/3", "C3#1", "three"})
	s.archive("bert-2025-06", nil, nil, file{"not anna's", "X", "x"})
	s.another()
	everything := map[string]string{"2025/05/17/IMG 1.HEIC": "one", "2025/05/17/IMG 1.HEIC.xmp": "new words", "2025/05/18/ü\n.mov": big, "gone": "nobody's", "2025/06/01/3": "three"}

	to := filepath.Join(t.TempDir(), "new", "folder")
	dry, told := s.restore(backup.Restore{Library: "anna", To: to, DryRun: true})
	if _, err := os.Stat(to); err == nil || dry.Files != 5 || !dry.Complete() || told["gone"].Outcome != backup.RestorePlanned || told["2025/06/01/3"].Archive != "anna-2025-06" {
		t.Errorf("%+v %v", dry, told)
	}
	reads := 0
	sum, told := s.restore(backup.Restore{Library: "anna", To: to, Event: func(e backup.RestoreEvent) {
		if e.Outcome == backup.RestoreReading {
			reads++
		}
	}})
	if sum.Restored != 5 || sum.Files != 5 || !sum.Complete() || sum.Archives != 2 || sum.Bytes != int64(len(big)+3+9+8+5) || reads != 4 || len(told) != 5 {
		t.Errorf("%+v, %d reads", sum, reads)
	}
	s.wants(to, everything)
	info, err := os.Stat(filepath.Join(to, "gone"))
	if err != nil || info.ModTime().UnixMicro() != entry("", "", "").Stamp {
		t.Errorf("%v %v", info.ModTime(), err)
	}
	check := exec.Command("b3sum", "--check", manifest.SumsName)
	check.Dir = to
	if out, err := check.CombinedOutput(); err != nil || strings.Count(string(out), ": OK\n") != 5 {
		t.Errorf("%v %s", err, out)
	}

	for name, test := range map[string]struct {
		backup.Selection
		want  []string
		unmet []string
	}{
		"a period":           {backup.Selection{Periods: []string{"2025-06"}}, []string{"2025/05/17/IMG 1.HEIC.xmp", "2025/06/01/3"}, nil},
		"no such period":     {backup.Selection{Periods: []string{"2025-07"}}, nil, []string{"2025-07"}},
		"a picture":          {backup.Selection{UUIDs: []string{"a1"}}, []string{"2025/05/17/IMG 1.HEIC", "2025/05/17/IMG 1.HEIC.xmp"}, nil},
		"its other place":    {backup.Selection{UUIDs: []string{"C3", "D4"}}, []string{"2025/06/01/3"}, []string{"D4"}},
		"the album of today": {backup.Selection{Albums: []string{"PARIS"}}, []string{"2025/05/17/IMG 1.HEIC", "2025/05/17/IMG 1.HEIC.xmp"}, nil},
		"that of yesterday":  {backup.Selection{Albums: []string{"Rome"}}, nil, nil}, // it was met, but is no more
		"since":              {backup.Selection{Since: time.Date(2025, 5, 18, 0, 0, 0, 0, time.UTC)}, []string{"2025/05/18/ü\n.mov", "2025/06/01/3"}, nil},
		"two of these":       {backup.Selection{Since: time.Date(2025, 5, 18, 0, 0, 0, 0, time.UTC), UUIDs: []string{"A1"}}, nil, nil},
	} {
		to := filepath.Join(t.TempDir(), "to")
		sum, _ := s.restore(backup.Restore{Library: "anna", To: to, Selection: test.Selection})
		want := map[string]string{}
		for _, f := range test.want {
			want[f] = everything[f]
		}
		s.wants(to, want)
		if !slices.Equal(sum.Unmet, test.unmet) || sum.Restored != len(want) {
			t.Errorf("%s: %+v", name, sum)
		}
	}
	if _, _, err := s.tryRestore(t.Context(), backup.Restore{To: filepath.Join(t.TempDir(), "x")}); !errors.Is(err, backup.ErrLibraries) || !strings.Contains(err.Error(), `"anna", "bert"`) {
		t.Errorf("%v", err)
	}
	if _, _, err := s.tryRestore(t.Context(), backup.Restore{Library: "carl", To: filepath.Join(t.TempDir(), "x")}); !errors.Is(err, backup.ErrLibraries) {
		t.Errorf("%v", err)
	}
}

func TestRestoringAsOfADate(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	s.archive("anna-2025-05", nil, nil, file{"a", "A", "old"}, file{"b", "B", "b"})
	list, err := s.repo.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for time.Now().Truncate(time.Second).Compare(list[0].Start) <= 0 { // borg tells seconds
		time.Sleep(20 * time.Millisecond)
	}
	s.archive("anna-2025-05.2", nil, nil, file{"a", "A", "new"}, file{"c", "C", "c"})
	to := t.TempDir()
	sum, _ := s.restore(backup.Restore{To: to, Selection: backup.Selection{AsOf: list[0].Start}})
	s.wants(to, map[string]string{"a": "old", "b": "b"})
	if sum.Archives != 1 || sum.Library != "anna" {
		t.Errorf("%+v", sum)
	}
}

// A folder that was made in the Finder, and looked into, is empty all the same.
func TestWhatTheFinderLeavesIsInNobodysWay(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	s.archive("anna-2025-05", nil, nil, file{"a", "A", "a"})
	to := t.TempDir()
	must(t, os.WriteFile(filepath.Join(to, ".DS_Store"), []byte("finder"), 0o644))
	for range 2 {
		if sum, _ := s.restore(backup.Restore{To: to}); !sum.Complete() {
			t.Errorf("%+v", sum)
		}
	}
	s.wants(to, map[string]string{"a": "a", ".DS_Store": "finder"})
}

func TestAnInterruptedRestoreGoesOn(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	var files []file
	want := map[string]string{}
	for i := range 600 {
		f := file{fmt.Sprintf("%02d/%03d", i/50, i), fmt.Sprint(i), fmt.Sprintf("content %d", i)}
		files, want[f.path] = append(files, f), f.content
	}
	s.archive("anna-2025-05", nil, nil, files...)
	to := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	_, told, err := s.tryRestore(ctx, backup.Restore{To: to, Event: func(e backup.RestoreEvent) {
		if e.Outcome == backup.RestoreRestored {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	got := contents(t, to)
	for name, content := range got {
		if want[name] != content {
			t.Errorf("%s stands for %q", name, content)
		}
	}
	if len(got) == 0 || len(got) == len(want) || len(got) < len(told) {
		t.Fatalf("%d of %d files, %d told", len(got), len(want), len(told))
	}
	// What a crash leaves: half a file under a temporary name, one that was lost, and
	// one that somebody changed.
	left := filepath.Join(to, "00", safefile.Temp("x"))
	changed := files[1].path
	if err := errors.Join(os.WriteFile(left, []byte("half"), 0o644), os.Remove(filepath.Join(to, files[0].path)), os.WriteFile(filepath.Join(to, changed), []byte("mine"), 0o644)); err != nil {
		t.Fatal(err)
	}
	for name, other := range map[string]backup.Restore{
		"another selection": {To: to, Selection: backup.Selection{UUIDs: []string{"1"}}},
		"a foreign folder":  {To: filepath.Dir(left)},
	} {
		before := contents(t, to)
		if _, _, err := s.tryRestore(t.Context(), other); !errors.Is(err, backup.ErrOccupied) || !maps.Equal(contents(t, to), before) {
			t.Errorf("%s: %v", name, err)
		}
	}
	sum, told := s.restore(backup.Restore{To: to})
	want[changed] = "mine"
	s.wants(to, want)
	if sum.Kept != len(got)-2 || sum.Restored != 600-len(got)+1 || sum.Failed != 1 || told[changed].Outcome != backup.RestoreFailed || sum.Complete() {
		t.Errorf("%+v %+v", sum, told[changed])
	}
	if sum, _ := s.restore(backup.Restore{To: to}); sum.Kept != 599 || sum.Restored != 0 {
		t.Errorf("%+v", sum)
	}
}

func TestAFileThatIsDamagedInOneArchiveComesFromAnother(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	s.archive("anna-2025-05", nil, nil, file{"a", "A", "right"}, file{"b", "B", "b"})
	s.archive("anna-2025-06", nil, nil, file{"z/elsewhere", "Z", "the same bytes"})
	// In the newest archive two files have other bytes than its explanation tells.
	s.archive("anna-2025-07", map[string]string{"a": "wrong", "c": "wrong, too", "d": "and nobody has it"}, nil,
		file{"a", "A", "right"}, file{"c", "C", "the same bytes"}, file{"d", "D", "only here"}, file{"e", "E", "e"})
	to := t.TempDir()
	sum, told := s.restore(backup.Restore{To: to})
	s.wants(to, map[string]string{"a": "right", "b": "b", "c": "the same bytes", "e": "e", "z/elsewhere": "the same bytes"})
	if sum.Damaged != 1 || sum.Healed != 2 || sum.Restored != 5 || sum.Complete() || told["d"].Outcome != backup.RestoreDamaged || !strings.Contains(told["d"].Err.Error(), "other bytes") {
		t.Errorf("%+v %+v", sum, told["d"])
	}
	// Also from an archive that is not meant.
	to = t.TempDir()
	sum, _ = s.restore(backup.Restore{To: to, Selection: backup.Selection{Periods: []string{"2025-07"}}})
	s.wants(to, map[string]string{"a": "right", "c": "the same bytes", "e": "e"})
	if sum.Healed != 2 || sum.Damaged != 1 {
		t.Errorf("%+v", sum)
	}
}

// rot spoils the repository where some bytes of it are, that borg stored as they are.
func (s *shelf) rot(id string) {
	s.t.Helper()
	segments, err := filepath.Glob(filepath.Join(s.location, "data", "*", "*"))
	if err != nil {
		s.t.Fatal(err)
	}
	key, err := hex.DecodeString(strings.TrimSpace(id))
	if err != nil || len(key) != 32 {
		s.t.Fatalf("%q: %v", id, err)
	}
	for _, name := range segments {
		content, err := os.ReadFile(name)
		if err != nil {
			s.t.Fatal(err)
		}
		if at := strings.Index(string(content), string(key)); at >= 0 {
			content[at+60]++ // behind the id: what is encrypted
			if err := os.WriteFile(name, content, 0o600); err != nil {
				s.t.Fatal(err)
			}
			return
		}
	}
	s.t.Fatal("the chunk is in no segment")
}

// chunk returns the id of the first chunk of a file, as borg dumps it.
func (s *shelf) chunk(name, path string) string {
	s.t.Helper()
	dump := filepath.Join(s.t.TempDir(), "dump")
	s.borg("", "debug", "dump-archive", "::"+name, dump)
	content, err := os.ReadFile(dump)
	if err != nil {
		s.t.Fatal(err)
	}
	// Items come as JSON with the chunks before the path, in order of keys.
	text := string(content)
	at := strings.Index(text, `"path": "`+path+`"`)
	if at < 0 {
		s.t.Fatalf("%s is not in the dump", path)
	}
	begin := strings.LastIndex(text[:at], `"chunks": [`)
	mark := `\u007f` // before what borg shows in hexadecimal
	i := begin + strings.Index(text[begin:], mark) + len(mark)
	return text[i : i+64]
}

func TestWhatIsBehindARottenChunkComesBack(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	var files []file
	want := map[string]string{}
	for i := range 60 {
		content := fmt.Sprintf("%d ", i) + strings.Repeat("x", i%7*900) // some are small: borg buffers several
		f := file{fmt.Sprintf("2025/%02d", i), fmt.Sprint(i), content}
		files, want[f.path] = append(files, f), f.content
	}
	s.archive("anna-2025-05", nil, nil, files...)
	for _, path := range []string{"2025/00", "2025/31", "2025/32", "2025/59"} {
		s.rot(s.chunk("anna-2025-05", path))
		delete(want, path)
	}
	to := t.TempDir()
	sum, told := s.restore(backup.Restore{To: to})
	s.wants(to, want)
	if sum.Damaged != 4 || sum.Restored != 56 || told["2025/31"].Outcome != backup.RestoreDamaged {
		t.Errorf("%+v %+v", sum, told["2025/31"])
	}
	// A repair puts zeros in place of what is damaged, and borg is content then.
	s.borg("", "check", "--repair")
	to = t.TempDir()
	sum, _ = s.restore(backup.Restore{To: to})
	s.wants(to, want)
	if sum.Damaged != 4 {
		t.Errorf("%+v", sum)
	}
}

func TestArchivesThatPhotogoDidNotMakeAreNotBelieved(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	outside := filepath.Join(t.TempDir(), "outside")
	// The explanation names paths that lead out, are photogo's own, or stand for the
	// same name on some disks; the archive holds links.
	s.archive("anna-2025-05", nil, nil, file{"IMG.JPG", "A", "older, upper"}, file{"x/Ä.jpg", "B", "composed"}, file{"folder", "D", "a file"}, file{"left/link", "L", "a link in the archive"})
	root, dir := folder(t)
	var list []manifest.Entry
	for _, f := range []file{{"img.jpg", "C", "newer, lower"}, {"x/A\u0308.jpg", "E", "decomposed"}, {"folder/below", "F", "below a file"}} {
		list = append(list, place(t, root, f.path, f.owner, f.content))
	}
	hostile := []string{"../out", "/" + outside, "a/../../out", ".photogo/id", ".PHOTOGO/restore.json", "a//b", "./c", safefile.Temp("t"), "sub/link"}
	for _, name := range hostile {
		list = append(list, entry(name, "H", "hostile"))
	}
	explained, err := backup.Explanation{Library: "anna", Archive: backup.Archive{Name: "anna-2025-06", Period: "2025-06", Portion: 1, Created: time.Now()}, Entries: seq(list...)}.Write(t.Context(), dir)
	if err != nil || len(explained.Files) != 3 {
		t.Fatal(err)
	}
	if err := errors.Join(os.Mkdir(filepath.Join(root, "sub"), 0o755), os.Symlink(outside, filepath.Join(root, "sub", "link"))); err != nil {
		t.Fatal(err)
	}
	s.borg(root, "create", "::anna-2025-06", ".")
	to := t.TempDir()
	sum, told := s.restore(backup.Restore{To: to})
	s.wants(to, map[string]string{
		"img.jpg": "newer, lower", "IMG (anna-2025-05).JPG": "older, upper", "x/A\u0308.jpg": "decomposed", "x/Ä (anna-2025-05).jpg": "composed",
		"folder/below": "below a file", "folder (anna-2025-05)": "a file", "left/link": "a link in the archive",
	})
	// A path that tar does not tell as it was is not found under it.
	for _, name := range hostile {
		if o := told[name].Outcome; o != backup.RestoreFailed && !(name == "sub/link" && o == backup.RestoreDamaged) {
			t.Errorf("%q: %+v", name, told[name])
		}
	}
	if sum.Complete() || sum.Failed != len(hostile)-1 {
		t.Errorf("%+v", sum)
	}
	if _, err := os.Lstat(outside); err == nil {
		t.Error("something was written outside")
	}
	if left, _ := os.ReadDir(filepath.Join(to, manifest.Folder)); len(left) != 2 {
		t.Errorf("%v", left)
	}
}

func TestTwoNamesOfOneFileComeBack(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	root, dir := folder(t)
	list := []manifest.Entry{place(t, root, "Rome/1", "A", "linked"), entry("album/1", "A#1", "linked"), entry("later/1", "A#2", "linked"), place(t, root, "z", "Z", "z")}
	for _, e := range list[1:3] {
		if err := errors.Join(os.Mkdir(filepath.Dir(filepath.Join(root, e.Path)), 0o755), os.Link(filepath.Join(root, "Rome/1"), filepath.Join(root, e.Path))); err != nil {
			t.Fatal(err)
		}
	}
	x := backup.Explanation{Library: "anna", Archive: backup.Archive{Name: "anna-2025-05", Period: "2025-05", Portion: 1, Created: time.Now()}, Entries: seq(list...)}
	if _, err := x.Write(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	s.borg(root, "create", "::anna-2025-05", "Rome", "album", "later", "z", ".photogo")
	to := t.TempDir()
	if sum, _ := s.restore(backup.Restore{To: to}); !sum.Complete() {
		t.Errorf("%+v", sum)
	}
	s.wants(to, map[string]string{"Rome/1": "linked", "album/1": "linked", "later/1": "linked", "z": "z"})
	to = t.TempDir()
	if sum, _ := s.restore(backup.Restore{To: to, Selection: backup.Selection{UUIDs: []string{"A#1", "A#2", "Z"}}}); !sum.Complete() {
		t.Errorf("%+v", sum)
	}
	s.wants(to, map[string]string{"album/1": "linked", "later/1": "linked", "z": "z"})
}

func TestAnExportThatWasArchivedAsItIsComesBack(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	root, _ := folder(t)
	var sums strings.Builder
	for name, content := range map[string]string{"a": "one", "b/c": "two"} {
		e := place(t, root, name, "", content)
		fmt.Fprintf(&sums, "%s  %s\n", e.Sum, name)
	}
	place(t, root, manifest.SumsName, "", sums.String())
	s.borg(root, "create", "::2025-05-20T10:00:00Z", ".")
	to := t.TempDir()
	sum, _ := s.restore(backup.Restore{To: to})
	s.wants(to, map[string]string{"a": "one", "b/c": "two"})
	if !sum.Complete() || sum.Library != "" || sum.Archives != 1 {
		t.Errorf("%+v", sum)
	}
	// One that tells nothing of itself is named.
	s.borg(root, "create", "--exclude", "pp:.photogo", "::another", ".")
	sum, _ = s.restore(backup.Restore{To: t.TempDir()})
	if sum.Complete() || len(sum.Problems) != 1 || sum.Problems[0].Archive != "another" || !errors.Is(sum.Problems[0].Err, backup.ErrExplanation) {
		t.Errorf("%+v", sum)
	}
}

func TestTheCatalogueIsMadeAnewFromTheArchivesAlone(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	state := t.TempDir()
	catalogue := func(library string) string { return filepath.Join(state, library, "catalogue.sqlite") }
	a, b := file{"a", "A", "one"}, file{"b", "B", "two"}
	s.archive("anna-2025-05", nil, map[string]string{"A": anna1}, a, b)
	s.archive("anna-2025-06.2", nil, nil, file{"a", "A", "three"})
	s.another()
	for run := range 2 {
		done, err := backup.Rebuild(t.Context(), s.repo, backup.RebuildOptions{File: catalogue})
		if err != nil || done.Library != "anna" || done.Archives != 2 || done.Files != 3 || done.Bytes != 11 || len(done.Problems) > 0 {
			t.Fatalf("%+v %v", done, err)
		}
		if old, _ := filepath.Glob(catalogue("anna") + ".*.old"); len(old) != run {
			t.Errorf("run %d: %v", run, old)
		}
		if left, _ := filepath.Glob(catalogue("anna") + ".new*"); len(left) > 0 {
			t.Errorf("%v", left)
		}
	}
	c, err := backup.OpenCatalogue(t.Context(), catalogue("anna"), "anna")
	if err != nil {
		t.Fatal(err)
	}
	list, err := s.repo.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Compare(list); err != nil {
		t.Error(err)
	}
	want := entry(a.path, a.owner, a.content)
	got := collect(t, c.Entries(t.Context(), "anna-2025-05"))
	if len(got) != 2 || got[0] != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	known, _, err := c.Archive("anna-2025-06.2")
	if err != nil || known.State != backup.Made || known.Period != "2025-06" || known.Portion != 2 || !known.Created.Equal(list[1].Start) {
		t.Errorf("%+v %v", known, err)
	}
	if got := collect(t, c.Unproven(t.Context(), seq(want))); len(got) != 1 {
		t.Error("what nobody has read back counts as proven")
	}
	if _, err := backup.Rebuild(t.Context(), s.repo, backup.RebuildOptions{File: catalogue}); !errors.Is(err, backup.ErrCatalogueBusy) {
		t.Errorf("%v", err)
	}
	c.Close()
	// Where the lines are rotten, the list of sums still tells which files there are.
	s.rot(s.chunk("anna-2025-05", archive.OwnFolder("anna-2025-05")+"/"+backup.AssetsFile))
	done, err := backup.Rebuild(t.Context(), s.repo, backup.RebuildOptions{File: catalogue})
	if err != nil || len(done.Problems) != 1 || done.Problems[0].Archive != "anna-2025-05" || !errors.Is(done.Problems[0].Err, archive.ErrDamaged) || done.Files != 3 {
		t.Fatalf("%+v %v", done, err)
	}
	look, err := backup.PeekCatalogue(t.Context(), catalogue("anna"))
	if err != nil {
		t.Fatal(err)
	}
	defer look.Close()
	got = collect(t, look.Entries(t.Context(), "anna-2025-05"))
	if len(got) != 2 || got[1].Sum != entry("b", "", "two").Sum || got[1].Owner != "" {
		t.Errorf("%+v", got)
	}
	to := t.TempDir()
	sum, _ := s.restore(backup.Restore{To: to})
	s.wants(to, map[string]string{"a": "three", "b": "two"})
	if sum.Complete() {
		t.Error("a damaged explanation is not told")
	}
}
