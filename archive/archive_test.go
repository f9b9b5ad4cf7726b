package archive_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/zeebo/blake3"

	"github.com/photogo/photogo/archive"
	"github.com/photogo/photogo/internal/command"
	"github.com/photogo/photogo/internal/loopback"
	"github.com/photogo/photogo/manifest"
	"github.com/photogo/photogo/ssh"
)

func TestMain(m *testing.M) { os.Exit(loopback.Main(m)) }

type phrase string

func (p phrase) WriteTo(w io.Writer) (int64, error) {
	n, err := io.WriteString(w, string(p))
	return int64(n), err
}

const canary = phrase("c4n4ry käfig")

// place is a repository that a test works with, and a folder to archive.
type place struct {
	*archive.Repo
	dir, root string
	opt       archive.Options
}

func open(t *testing.T, location string, opt archive.Options) *archive.Repo {
	t.Helper()
	r, err := archive.Open(t.Context(), location, opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

// local makes a repository on this machine.
func local(t *testing.T) *place {
	t.Helper()
	loopback.Need(t, "borg")
	p := &place{dir: t.TempDir()}
	p.root = filepath.Join(p.dir, "root")
	p.opt = archive.Options{Passphrase: canary, Dir: filepath.Join(p.dir, "caches"), Env: os.Environ(), LockWait: time.Second}
	p.Repo = open(t, filepath.Join(p.dir, "repo"), p.opt)
	if err := p.Init(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	return p
}

// write makes files of a plan; content is random, but the same for the same name.
func (p *place) write(t *testing.T, size int, names ...string) []manifest.Entry {
	t.Helper()
	var list []manifest.Entry
	for _, name := range names {
		file := filepath.Join(p.root, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		content := make([]byte, size)
		rand.NewChaCha8(blake3.Sum256([]byte(name))).Read(content)
		if err := os.WriteFile(file, content, 0o644); err != nil {
			t.Fatal(err)
		}
		list = append(list, manifest.Entry{Path: name, Size: int64(size), Sum: blake3.Sum256(content)})
	}
	return list
}

func seq[T any](list []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, x := range list {
			if !yield(x, nil) {
				return
			}
		}
	}
}

func paths(list []manifest.Entry) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for _, e := range list {
			if !yield(e.Path, nil) {
				return
			}
		}
	}
}

func (p *place) create(t *testing.T, name string, list []manifest.Entry) archive.Created {
	t.Helper()
	made, err := p.Create(t.Context(), name, archive.Plan{Root: p.root, Files: paths(list)})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// strange are names that something on the way could take for something else.
var strange = []string{
	"2025/05/17/IMG_0001.HEIC", "2025/05/17/Ünïcödé 🎉.jpg", "a b/ c\t'd'\"e\"", "-rf", "*?[x]", "re:^x", "new\nline", "back\\slash", "{now}", "\xff\xfe not UTF-8", "::x", strings.Repeat("long", 60) + "/" + strings.Repeat("x", 250),
}

func TestAnArchiveIsMadeListedProvenAndExtracted(t *testing.T) {
	p := local(t)
	list := p.write(t, 10000, strange...)
	list = append(list, p.write(t, 0, "empty")...)
	p.write(t, 10, "not planned") // and so not archived
	var steps []archive.Progress
	made, err := p.Create(t.Context(), "anna-2025-05", archive.Plan{
		Root: p.root, Files: paths(list), Comment: "ein Mai, größer", Compression: "auto,zstd,3", Progress: func(s archive.Progress) { steps = append(steps, s) },
	})
	if err != nil || made.Files != len(list) || len(made.ID) != 64 || made.Bytes < 120000 || len(steps) == 0 {
		t.Fatalf("%+v %v, %d steps", made, err, len(steps))
	}
	if d := time.Since(made.Start); d < -time.Minute || d > time.Hour {
		t.Errorf("made at %v", made.Start)
	}
	all, err := p.List(t.Context())
	if err != nil || len(all) != 1 || all[0].Name != "anna-2025-05" || all[0].ID != made.ID || all[0].Comment != "ein Mai, größer" || !all[0].Start.Equal(made.Start) || all[0].Checkpoint {
		t.Errorf("%+v %v", all, err)
	}
	got := map[string]manifest.Sum{}
	for m, err := range p.Read(t.Context(), "anna-2025-05") {
		if err != nil {
			t.Fatal(err)
		}
		if m.Kind != archive.File {
			t.Errorf("%+v", m)
		}
		got[m.Path] = m.Sum
	}
	if len(got) != len(list) {
		t.Errorf("%d of %d", len(got), len(list))
	}
	for _, e := range list {
		if got[e.Path] != e.Sum {
			t.Errorf("%q has other bytes", e.Path)
		}
	}
	proof, err := p.Prove(t.Context(), "anna-2025-05", seq(list))
	if err != nil || proof.Files != len(list) || proof.Bytes != 10000*int64(len(strange)) || proof.ID != made.ID {
		t.Errorf("%+v %v", proof, err)
	}
	to := filepath.Join(p.dir, "restored")
	if err := os.Mkdir(to, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := p.Extract(t.Context(), "anna-2025-05", archive.Extraction{To: to}); err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		content, err := os.ReadFile(filepath.Join(to, e.Path))
		if err != nil || blake3.Sum256(content) != [32]byte(e.Sum) {
			t.Errorf("%q: %v", e.Path, err)
		}
	}
	if err := p.Extract(t.Context(), "anna-2025-05", archive.Extraction{To: to}); !errors.Is(err, archive.ErrRefused) {
		t.Errorf("extracted over what was there: %v", err)
	}
	if err := p.Check(t.Context(), archive.CheckOptions{Data: true}); err != nil {
		t.Error(err)
	}
	if key, err := p.Key(t.Context()); err != nil || !strings.HasPrefix(string(key), "BORG_KEY ") {
		t.Errorf("%.20q %v", key, err)
	}
}

func TestPartsAreExtractedByPathAndNotByPattern(t *testing.T) {
	p := local(t)
	p.create(t, "a", p.write(t, 10, "2025/05/17/a", "2025/05/18/b", "*", "-rf", "re:.", "x"))
	for path, want := range map[string][]string{"2025/05": {"2025/05/17/a", "2025/05/18/b"}, "*": {"*"}, "-rf": {"-rf"}, "re:.": {"re:."}} {
		to := t.TempDir()
		if err := p.Extract(t.Context(), "a", archive.Extraction{To: to, Paths: []string{path}}); err != nil {
			t.Fatal(err)
		}
		var got []string
		filepath.WalkDir(to, func(name string, d os.DirEntry, err error) error {
			if !d.IsDir() {
				name, _ = filepath.Rel(to, name)
				got = append(got, name)
			}
			return err
		})
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q", path, got)
		}
	}
	if err := p.Extract(t.Context(), "a", archive.Extraction{To: t.TempDir(), Paths: []string{"nowhere"}}); !errors.Is(err, archive.ErrIncomplete) {
		t.Error(err)
	}
	for _, bad := range []string{"../x", "/x", ""} {
		if err := p.Extract(t.Context(), "a", archive.Extraction{To: t.TempDir(), Paths: []string{bad}}); !errors.Is(err, archive.ErrRefused) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestAPlanThatCannotBeIsRefusedBeforeBorgIsAsked(t *testing.T) {
	p := local(t)
	list := p.write(t, 10, "x", "dir/y")
	if err := os.Symlink("x", filepath.Join(p.root, "link")); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("the list broke off")
	for name, c := range map[string]struct {
		plan archive.Plan
		want error
	}{
		"a":                      {archive.Plan{Root: p.root, Files: seq([]string{})}, archive.ErrRefused},
		"missing":                {archive.Plan{Root: p.root, Files: seq([]string{"x", "nowhere"})}, archive.ErrRefused},
		"folder":                 {archive.Plan{Root: p.root, Files: seq([]string{"dir"})}, archive.ErrRefused},
		"symlink":                {archive.Plan{Root: p.root, Files: seq([]string{"link"})}, archive.ErrRefused},
		"outside":                {archive.Plan{Root: p.root, Files: seq([]string{"../root/x"})}, archive.ErrRefused},
		"unclean":                {archive.Plan{Root: p.root, Files: seq([]string{"dir/./y"})}, archive.ErrRefused},
		"zero":                   {archive.Plan{Root: p.root, Files: seq([]string{"x\x00y"})}, archive.ErrRefused},
		"broken":                 {archive.Plan{Root: p.root, Files: func(yield func(string, error) bool) { _ = yield("x", nil) && yield("", broken) }}, broken},
		"no-root":                {archive.Plan{Root: p.root + "/none", Files: paths(list)}, archive.ErrRefused},
		"compression":            {archive.Plan{Root: p.root, Files: paths(list), Compression: "best"}, archive.ErrRefused},
		"comment":                {archive.Plan{Root: p.root, Files: paths(list), Comment: "{now}"}, archive.ErrRefused},
		"na/me":                  {archive.Plan{Root: p.root, Files: paths(list)}, archive.ErrRefused},
		"-rf":                    {archive.Plan{Root: p.root, Files: paths(list)}, archive.ErrRefused},
		"{hostname}":             {archive.Plan{Root: p.root, Files: paths(list)}, archive.ErrRefused},
		"":                       {archive.Plan{Root: p.root, Files: paths(list)}, archive.ErrRefused},
		"x.checkpoint":           {archive.Plan{Root: p.root, Files: paths(list)}, archive.ErrRefused},
		strings.Repeat("x", 999): {archive.Plan{Root: p.root, Files: paths(list)}, archive.ErrRefused},
	} {
		if _, err := p.Create(t.Context(), name, c.plan); !errors.Is(err, c.want) {
			t.Errorf("%.20s: %v", name, err)
		}
	}
	if all, err := p.List(t.Context()); err != nil || len(all) != 0 {
		t.Errorf("%v %v", all, err)
	}
	if left, _ := filepath.Glob(filepath.Join(p.opt.Dir, "*.tmp")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// Each way in which an archive can differ from what it should hold.
func TestAnArchiveThatDiffersIsNotProven(t *testing.T) {
	p := local(t)
	list := p.write(t, 1000, "a", "b", "c")
	p.create(t, "x", list)
	other := slices.Clone(list)
	other[1].Sum[0]++
	longer := slices.Clone(list)
	longer[1].Size++
	for name, c := range map[string]struct {
		want []manifest.Entry
		text string
	}{
		"missing": {append(slices.Clone(list), manifest.Entry{Path: "d"}), `1 missing: "d"`},
		"altered": {other, `1 with other bytes: "b"`},
		"size":    {longer, `1 with other bytes: "b"`},
		"extra":   {list[:2], `1 that should not be there: "c"`},
		"nothing": {nil, "should not be there"},
		"twice":   {append(slices.Clone(list), list[0]), "twice"},
	} {
		_, err := p.Prove(t.Context(), "x", seq(c.want))
		if !errors.Is(err, archive.ErrNotProven) || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := p.Prove(t.Context(), "x", nil); !errors.Is(err, archive.ErrNotProven) {
		t.Errorf("without anything to compare with: %v", err)
	}
	if _, err := p.Prove(t.Context(), "y", seq(list)); !errors.Is(err, archive.ErrNoArchive) {
		t.Errorf("an archive that does not exist: %v", err)
	}
}

// sums writes the list that an archive explains itself with.
func (p *place) sums(t *testing.T, list []manifest.Entry) manifest.Entry {
	t.Helper()
	var text strings.Builder
	for _, e := range list {
		fmt.Fprintf(&text, "%s  %s\n", e.Sum, e.Path)
	}
	if err := os.MkdirAll(filepath.Join(p.root, manifest.Folder), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(p.root, manifest.SumsName), []byte(text.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	return manifest.Entry{Path: manifest.SumsName}
}

func TestAnArchiveProvesItselfByItsOwnList(t *testing.T) {
	p := local(t)
	list := p.write(t, 1000, "a", "b", "c")
	own := p.sums(t, list)
	p.create(t, "good", append([]manifest.Entry{own}, list...))
	p.create(t, "last", append(slices.Clone(list), own))
	for _, name := range []string{"good", "last"} {
		for _, want := range []iter.Seq2[manifest.Entry, error]{nil, seq(list)} {
			if proof, err := p.Prove(t.Context(), name, want); err != nil || proof.Files != 3 {
				t.Errorf("%+v %v", proof, err)
			}
		}
	}
	p.create(t, "less", append([]manifest.Entry{own}, list[:2]...))
	p.sums(t, list[:2])
	p.create(t, "more", append([]manifest.Entry{own}, list...))
	wrong := slices.Clone(list)
	wrong[0].Sum[5]++
	p.sums(t, wrong)
	p.create(t, "other", append([]manifest.Entry{own}, list...))
	p.sums(t, nil)
	p.create(t, "none", []manifest.Entry{own})
	if err := os.WriteFile(filepath.Join(p.root, manifest.SumsName), []byte("rubbish"), 0o644); err != nil {
		t.Fatal(err)
	}
	p.create(t, "rubbish", append([]manifest.Entry{own}, list...))
	for _, name := range []string{"less", "more", "other", "none", "rubbish"} {
		for _, want := range []iter.Seq2[manifest.Entry, error]{nil, seq(list)} {
			if _, err := p.Prove(t.Context(), name, want); !errors.Is(err, archive.ErrNotProven) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// Two names of one file are two names of one content in the archive, too.
func TestHardLinksAreProven(t *testing.T) {
	p := local(t)
	list := p.write(t, 1000, "a", "z")
	if err := os.Link(filepath.Join(p.root, "a"), filepath.Join(p.root, "b")); err != nil {
		t.Fatal(err)
	}
	list = append(list, manifest.Entry{Path: "b", Sum: list[0].Sum, Size: 1000})
	p.create(t, "x", list)
	if proof, err := p.Prove(t.Context(), "x", seq(list)); err != nil || proof.Files != 3 {
		t.Errorf("%+v %v", proof, err)
	}
	list[2].Sum = list[1].Sum
	if _, err := p.Prove(t.Context(), "x", seq(list)); !errors.Is(err, archive.ErrNotProven) {
		t.Error(err)
	}
}

// A file that is replaced by a folder, a link or nothing between the plan and
// borg's reading makes the archive incomplete. Here borg itself is held up.
func TestAFileThatGoesAwayMakesTheArchiveIncomplete(t *testing.T) {
	p := local(t)
	list := p.write(t, 1000, "a", "b", "c")
	for name, spoil := range map[string]string{
		"gone": "rm b", "link": "rm b; ln -s a b", "folder": "rm b; mkdir b",
	} {
		p.write(t, 1000, "a", "b", "c")
		opt := p.opt
		opt.Dir = filepath.Join(p.dir, "caches-"+name)
		opt.Program = wrapper(t, fmt.Sprintf(`case " $* " in *" create "*) cd %q && rm -rf nothing && %s ;; esac`, p.root, spoil))
		r := p.again(t, opt)
		made, err := r.Create(t.Context(), name, archive.Plan{Root: p.root, Files: paths(list)})
		if !errors.Is(err, archive.ErrIncomplete) {
			t.Errorf("%s: %+v %v", name, made, err)
		}
		os.RemoveAll(filepath.Join(p.root, "b"))
	}
}

// again opens the repository with other options, in place of the one before.
func (p *place) again(t *testing.T, opt archive.Options) *archive.Repo {
	t.Helper()
	return open(t, p.Location(), opt)
}

// wrapper makes a program that does something before it becomes borg.
func wrapper(t *testing.T, before string) string {
	t.Helper()
	borg, err := exec.LookPath("borg")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "borg")
	if err := os.WriteFile(file, fmt.Appendf(nil, "#!/bin/sh\n%s\nexec %s \"$@\"\n", before, borg), 0o755); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestBorgsFailuresAreToldApart(t *testing.T) {
	p := local(t)
	list := p.write(t, 1000, "a")
	p.create(t, "there", list)
	plan := archive.Plan{Root: p.root, Files: paths(list)}
	with := func(location string, change func(*archive.Options)) *archive.Repo {
		opt := p.opt
		opt.Dir = filepath.Join(t.TempDir(), "caches")
		if change != nil {
			change(&opt)
		}
		return open(t, location, opt)
	}
	dir := t.TempDir()
	list1 := func(r *archive.Repo) error { _, err := r.List(t.Context()); return err }
	for name, c := range map[string]struct {
		do   func() error
		want error
	}{
		"the archive exists":    {func() error { _, err := p.Create(t.Context(), "there", plan); return err }, archive.ErrExists},
		"the repository exists": {func() error { return p.Init(t.Context(), "") }, archive.ErrExists},
		"no such archive":       {func() error { return p.Extract(t.Context(), "none", archive.Extraction{To: t.TempDir()}) }, archive.ErrNoArchive},
		"no such archive to read": {func() error {
			for _, err := range p.Read(t.Context(), "none") {
				return err
			}
			return nil
		}, archive.ErrNoArchive},
		"no repository":  {func() error { return list1(with(filepath.Join(dir, "none"), nil)) }, archive.ErrNoRepository},
		"another folder": {func() error { return list1(with(dir, nil)) }, archive.ErrNoRepository},
		"wrong passphrase": {func() error {
			return list1(with(p.Location(), func(o *archive.Options) { o.Passphrase = phrase("wrong") }))
		}, archive.ErrPassphrase},
		"empty passphrase": {func() error { return list1(with(p.Location(), func(o *archive.Options) { o.Passphrase = phrase("") })) }, archive.ErrPassphrase},
		"nobody answers": {func() error {
			return list1(with("ssh://me@127.0.0.1:1/x", nil))
		}, ssh.ErrUnreachable},
		"no ssh": {func() error {
			return list1(with("ssh://me@127.0.0.1:1/x", func(o *archive.Options) { o.Env = []string{"PATH=" + filepath.Dir(wrapper(t, ""))} }))
		}, nil},
	} {
		err := c.do()
		if err == nil || c.want != nil && !errors.Is(err, c.want) || strings.Contains(err.Error(), "c4n4ry") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestLocationsThatAreRefused(t *testing.T) {
	for _, l := range []string{"", "relative", "/a::b", "/a{now}", "http://x/y", "ssh://me:c4n4ry@pi/x", "ssh://-oProxyCommand=x/y", "ssh://pi", "-x:/y", "rest://x/y"} {
		_, err := archive.Open(t.Context(), l, archive.Options{Passphrase: canary, Dir: "/nowhere"})
		if !errors.Is(err, archive.ErrRefused) && !errors.Is(err, ssh.ErrOptions) || strings.Contains(err.Error(), "c4n4ry") {
			t.Errorf("%s: %v", l, err)
		}
		if checked := archive.CheckLocation(l); checked == nil || checked.Error() != err.Error() {
			t.Errorf("%s: %v before opening, %v then", l, checked, err)
		}
	}
	if err := errors.Join(archive.CheckLocation("/repo"), archive.CheckLocation("me@pi:x"), archive.CheckCompression("zstd,3")); err != nil {
		t.Error(err)
	}
	if err := archive.CheckCompression("best"); !errors.Is(err, archive.ErrRefused) {
		t.Error(err)
	}
}

// Borgs that photogo cannot speak to are recognised by what they call themselves.
func TestVersions(t *testing.T) {
	for said, want := range map[string]error{
		"borg 2.0.0b22": archive.ErrUnsupported, "borg 1.1.18": archive.ErrUnsupported, "borg 0.30.0": archive.ErrUnsupported,
		"something else": archive.ErrUnsupported, "": archive.ErrUnsupported,
		"borg 1.2.4": nil, "borg 1.4.0": nil, "borg 1.4.10": nil,
	} {
		file := filepath.Join(t.TempDir(), "borg")
		if err := os.WriteFile(file, fmt.Appendf(nil, "#!/bin/sh\necho '%s'\n", said), 0o755); err != nil {
			t.Fatal(err)
		}
		r, err := archive.Open(t.Context(), "/repo", archive.Options{Passphrase: canary, Dir: t.TempDir(), Program: file, Env: os.Environ()})
		if !errors.Is(err, want) || want == nil && err != nil {
			t.Errorf("%q: %v", said, err)
		}
		if err == nil {
			if old := said == "borg 1.2.4"; old != (len(r.Notices()) > 0) {
				t.Errorf("%s: %v", said, r.Notices())
			}
			r.Close()
		}
	}
	_, err := archive.Open(t.Context(), "/repo", archive.Options{Passphrase: canary, Dir: t.TempDir(), Program: "/nowhere/borg"})
	if !errors.Is(err, command.ErrMissing) {
		t.Error(err)
	}
}

// A rotten chunk: borg makes another archive of it without a word. Reading it
// back tells.
func TestARottenChunkIsFoundByTheProof(t *testing.T) {
	p := local(t)
	list := p.write(t, 2_000_000, "a", "b")
	p.create(t, "before", list)
	rot(t, filepath.Join(p.dir, "repo"))
	p.create(t, "after", list) // borg ends with 0
	for _, name := range []string{"before", "after"} {
		if _, err := p.Prove(t.Context(), name, seq(list)); !errors.Is(err, archive.ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := p.Check(t.Context(), archive.CheckOptions{}); !errors.Is(err, archive.ErrDamaged) {
		t.Error(err)
	}
	// A repair puts zeros in its place, and borg's check is content then.
	repair := exec.Command("borg", "check", "--repair", p.Location())
	repair.Env = append(os.Environ(), "BORG_BASE_DIR="+p.opt.Dir, "BORG_PASSPHRASE="+string(canary), "BORG_CHECK_I_KNOW_WHAT_I_AM_DOING=YES")
	if out, err := repair.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if err := p.Check(t.Context(), archive.CheckOptions{}); err != nil {
		t.Errorf("borg's check after the repair, which is known to find nothing: %v", err)
	}
	var d *archive.Difference
	if _, err := p.Prove(t.Context(), "before", seq(list)); !errors.As(err, &d) || d.AlteredN == 0 {
		t.Errorf("zeros were proven: %v", err)
	}
	if err := p.Extract(t.Context(), "before", archive.Extraction{To: t.TempDir()}); !errors.Is(err, archive.ErrIncomplete) {
		t.Errorf("zeros were extracted without a word: %v", err)
	}
}

// rot changes a byte in the largest segment of a repository.
func rot(t *testing.T, repo string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(repo, "data", "0", "*"))
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	largest := slices.MaxFunc(files, func(a, b string) int {
		x, _ := os.Stat(a)
		y, _ := os.Stat(b)
		return int(x.Size() - y.Size())
	})
	content, err := os.ReadFile(largest)
	if err != nil {
		t.Fatal(err)
	}
	content[len(content)/4]++
	if err := os.WriteFile(largest, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// Another machine, reached with a key that can only append.
func TestARepositoryOnAnotherMachine(t *testing.T) {
	loopback.Need(t, "borg")
	s := loopback.Start(t)
	repo := filepath.Join(s.Dir, "repo")
	s.Allow(t, s.SSH.Identity+".pub", "borg serve --append-only --restrict-to-repository "+repo)
	p := &place{dir: t.TempDir()}
	p.root = filepath.Join(p.dir, "root")
	p.opt = archive.Options{Passphrase: canary, Dir: filepath.Join(p.dir, "caches"), Env: os.Environ(), LockWait: time.Second, SSH: s.SSH}
	p.Repo = open(t, "ssh://"+s.User+"@"+s.Host+repo, p.opt)
	if err := p.Init(t.Context(), archive.RepokeyBlake2); err != nil {
		t.Fatal(err)
	}
	list := p.write(t, 100_000, strange...)
	p.create(t, "x", list)
	if _, err := p.Prove(t.Context(), "x", seq(list)); err != nil {
		t.Error(err)
	}
	elsewhere := p.opt
	elsewhere.Dir = t.TempDir()
	if _, err := open(t, "ssh://"+s.User+"@"+s.Host+repo+"2", elsewhere).List(t.Context()); !errors.Is(err, archive.ErrForbidden) {
		t.Error(err)
	}

	t.Run("the key is not let in", func(t *testing.T) {
		opt := elsewhere
		opt.Dir, opt.SSH.Identity = t.TempDir(), filepath.Join(filepath.Dir(s.SSH.Identity), "host")
		if _, err := open(t, p.Location(), opt).List(t.Context()); !errors.Is(err, ssh.ErrDenied) {
			t.Error(err)
		}
	})
	for name, says := range map[string]string{
		"borg misses what ssh says":         "exit 255",
		"borg misses the last of its words": "echo half of it >&2; exit 255",
	} {
		t.Run(name, func(t *testing.T) {
			mute := filepath.Join(t.TempDir(), "ssh")
			if err := os.WriteFile(mute, []byte("#!/bin/sh\n"+says+"\n"), 0o700); err != nil {
				t.Fatal(err)
			}
			opt := elsewhere
			opt.Dir, opt.SSH.Identity = t.TempDir(), filepath.Join(filepath.Dir(s.SSH.Identity), "host")
			opt.Program = wrapper(t, `case " $* " in *" list "*) export BORG_RSH=`+mute+` ;; esac`)
			if _, err := open(t, p.Location(), opt).List(t.Context()); !errors.Is(err, ssh.ErrDenied) {
				t.Error(err)
			}
		})
	}
	t.Run("the host is not known", func(t *testing.T) {
		opt := elsewhere
		opt.Dir, opt.SSH.KnownHosts = t.TempDir(), filepath.Join(t.TempDir(), "none")
		if _, err := open(t, p.Location(), opt).List(t.Context()); !errors.Is(err, ssh.ErrHostKey) {
			t.Error(err)
		}
	})
	t.Run("the link is lost in the midst", func(t *testing.T) {
		more := p.write(t, 3_000_000, "1", "2", "3", "4", "5", "6", "7", "8")
		var once sync.Once
		plan := archive.Plan{Root: p.root, Files: paths(more), Progress: func(s2 archive.Progress) {
			if s2.Path != "" {
				once.Do(func() { s.Kill() })
			}
		}}
		if _, err := p.Create(t.Context(), "y", plan); !errors.Is(err, ssh.ErrUnreachable) {
			t.Fatal(err)
		}
		p.create(t, "y", more) // the same name again
		if _, err := p.Prove(t.Context(), "y", seq(more)); err != nil {
			t.Error(err)
		}
	})
}

// Whoever ends photogo ends borg, and no half archive has the name.
func TestEndingInTheMidst(t *testing.T) {
	p := local(t)
	list := p.write(t, 3_000_000, "1", "2", "3", "4", "5", "6", "7", "8")
	ctx, cancel := context.WithCancel(t.Context())
	_, err := p.Create(ctx, "x", archive.Plan{Root: p.root, Files: paths(list), Progress: func(s archive.Progress) { cancel() }})
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	all, err := p.List(t.Context())
	for _, a := range all {
		if !a.Checkpoint {
			t.Errorf("%+v", a)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	p.create(t, "x", list)
	for m, err := range p.Read(t.Context(), "x") {
		if err != nil || m.Kind != archive.File {
			t.Error(m, err)
		}
		break // who has seen enough ends borg, too
	}
	ctx, cancel = context.WithCancel(t.Context())
	defer cancel()
	var last error
	for _, err := range p.Read(ctx, "x") {
		cancel()
		last = err
	}
	if !errors.Is(last, context.Canceled) {
		t.Errorf("an archive that was not read whole: %v", last)
	}
}

func TestLocks(t *testing.T) {
	p := local(t)
	list := p.write(t, 10, "a")
	p.create(t, "x", list)
	if _, err := archive.Open(t.Context(), p.Location(), p.opt); !errors.Is(err, archive.ErrBusy) {
		t.Errorf("two at a time with one folder of caches: %v", err)
	}
	lock := func(dir, holder string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Join(dir, "lock.exclusive"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "lock.exclusive", holder), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	dead := exec.Command("true")
	if err := dead.Run(); err != nil {
		t.Fatal(err)
	}
	gone := fmt.Sprintf("old-name.local@123456.%d-0", dead.Process.Pid)

	// A Mac that had another name, and a photogo that was killed then: the lock
	// on our own cache is that of nobody.
	caches, err := filepath.Glob(filepath.Join(p.opt.Dir, ".cache", "borg", "*", "config"))
	if err != nil || len(caches) != 1 {
		t.Fatal(caches, err)
	}
	cache := filepath.Dir(caches[0])
	lock(cache, gone)
	if _, err := p.List(t.Context()); err != nil {
		t.Error(err)
	}
	p.create(t, "y", list)

	// Of somebody who is there: no.
	lock(cache, fmt.Sprintf("old-name.local@123456.%d-0", os.Getpid()))
	_, err = p.Create(t.Context(), "z", archive.Plan{Root: p.root, Files: paths(list)})
	if !errors.Is(err, archive.ErrLocked) || !strings.Contains(err.Error(), fmt.Sprintf("process %d of old-name.local@123456 (the cache)", os.Getpid())) {
		t.Error(err)
	}
	os.RemoveAll(filepath.Join(cache, "lock.exclusive"))

	// The repository's lock of another machine is not ours to break, whether its
	// owner is there or not.
	repo := filepath.Join(p.dir, "repo")
	lock(repo, gone)
	_, err = p.List(t.Context())
	if !errors.Is(err, archive.ErrLocked) || !strings.Contains(err.Error(), "of old-name.local@123456 (the repository)") {
		t.Error(err)
	}
	if entries, err := os.ReadDir(filepath.Join(repo, "lock.exclusive")); err != nil || len(entries) != 1 {
		t.Errorf("the lock was touched: %v %v", entries, err)
	}
	os.RemoveAll(filepath.Join(repo, "lock.exclusive"))

	// A borg that was killed on this machine leaves locks that the next one, of
	// the same machine, recognises itself.
	big := p.write(t, 20_000_000, "big")
	opt := p.opt
	opt.Dir = filepath.Join(p.dir, "other-caches")
	pidFile := filepath.Join(p.dir, "pid")
	opt.Program = wrapper(t, fmt.Sprintf("echo $$ >%q", pidFile))
	kill := func(archive.Progress) {
		text, _ := os.ReadFile(pidFile)
		if pid, err := strconv.Atoi(strings.TrimSpace(string(text))); err == nil {
			syscall.Kill(pid, syscall.SIGKILL)
		}
	}
	if _, err := p.again(t, opt).Create(t.Context(), "killed", archive.Plan{Root: p.root, Files: paths(big), Progress: kill}); err == nil {
		t.Error("borg outlived its death")
	}
	if left, _ := os.ReadDir(filepath.Join(repo, "lock.exclusive")); len(left) != 1 {
		t.Errorf("the killed borg left no lock: %v", left)
	}
	if _, err := p.List(t.Context()); err != nil {
		t.Error(err)
	}
}

// The passphrase is nowhere: not in what other processes can see, nor in any
// file, error or word.
func TestThePassphraseIsSeenNowhere(t *testing.T) {
	p := local(t)
	seen := filepath.Join(p.dir, "seen")
	opt := p.opt
	opt.Dir = filepath.Join(p.dir, "others")
	opt.Program = wrapper(t, fmt.Sprintf(`{ echo "$@"; env; tr '\0' ' ' </proc/$$/cmdline; } >>%q`, seen))
	r := p.again(t, opt)
	list := p.write(t, 10, "a")
	if _, err := r.Create(t.Context(), "x", archive.Plan{Root: p.root, Files: paths(list)}); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Prove(t.Context(), "x", seq(list)); err != nil {
		t.Fatal(err)
	}
	told, err := os.ReadFile(seen)
	if err != nil || !strings.Contains(string(told), "BORG_REPO=") {
		t.Fatal(err, string(told))
	}
	err = filepath.WalkDir(p.dir, func(name string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(name)
		if strings.Contains(string(content), "c4n4ry") {
			t.Errorf("the passphrase is in %s", name)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
