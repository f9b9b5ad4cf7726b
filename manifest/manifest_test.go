package manifest

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/zeebo/blake3"
	"pgregory.net/rapid"

	"github.com/photogo/photogo/internal/safefile"
)

type place struct {
	state, path string
	dest        *safefile.Dir
}

func newPlace(t *testing.T) place {
	t.Helper()
	p := place{state: t.TempDir(), path: t.TempDir()}
	p.dest = openDir(t, p.path)
	return p
}

func openDir(t *testing.T, path string) *safefile.Dir {
	t.Helper()
	dir, err := safefile.OpenDir(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dir.Close() })
	return dir
}

func (p place) open(t *testing.T) *Manifest {
	t.Helper()
	m, err := Open(context.Background(), p.state, p.dest, p.path)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func entry(path, owner, role string) Entry {
	return Entry{Path: path, Owner: owner, Role: role, Version: "v1", Size: 5, ModTime: 7, Stamp: 8,
		Sum: blake3.Sum256([]byte(path)), Apple: "A", Proof: ProofSize}
}

func commit(t *testing.T, m *Manifest, c Change) {
	t.Helper()
	if err := m.Commit(c); err != nil {
		t.Fatal(err)
	}
}

func all(t *testing.T, m *Manifest) (list []Entry) {
	t.Helper()
	for e, err := range m.All() {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, e)
	}
	return list
}

func TestWhatIsCommittedIsThereAfterReopening(t *testing.T) {
	p := newPlace(t)
	m := p.open(t)
	a, b := entry("b/x", "one", "original"), entry("a/y", "two", "original")
	commit(t, m, Change{Placed: []Entry{a, b}, Names: []Name{{"one", "b/x", "b", "x", ""}}})
	id := m.ID()
	m.Close()

	m = p.open(t)
	defer m.Close()
	if m.ID() != id {
		t.Errorf("the id changed from %s to %s", id, m.ID())
	}
	if list := all(t, m); len(list) != 2 || list[0] != b || list[1] != a {
		t.Errorf("entries are %+v", list)
	}
	if got, ok, err := m.At("b/x"); !ok || err != nil || got != a {
		t.Errorf("At: %+v, %v, %v", got, ok, err)
	}
	held, err := m.Of([]string{"one", "two", "three"})
	if err != nil || len(held["two"].Entries) != 1 || held["two"].Entries[0] != b || len(held["three"].Entries) != 0 {
		t.Errorf("Of: %+v, %v", held, err)
	}
	if n := (Name{"one", "b/x", "b", "x", ""}); held["one"].Name != n || held["two"].Name != (Name{}) {
		t.Errorf("names: %+v", held)
	}
	for n, err := range m.Names() {
		if err != nil || n != (Name{"one", "b/x", "b", "x", ""}) {
			t.Errorf("name %+v, %v", n, err)
		}
	}
}

func TestAnOwnerHasOneFileOfARole(t *testing.T) {
	p := newPlace(t)
	m := p.open(t)
	defer m.Close()
	commit(t, m, Change{Placed: []Entry{entry("old", "one", "original")}})
	commit(t, m, Change{Placed: []Entry{entry("new", "one", "original")}})
	if list := all(t, m); len(list) != 1 || list[0].Path != "new" {
		t.Errorf("entries are %+v", list)
	}
	commit(t, m, Change{Gone: []string{"new"}})
	if list := all(t, m); len(list) != 0 {
		t.Errorf("entries are %+v", list)
	}
}

func TestIntentionsLastUntilTheyAreSettled(t *testing.T) {
	p := newPlace(t)
	m := p.open(t)
	a, b, c := entry("a", "one", "original"), entry("b", "two", "original"), entry("c", "three", "original")
	intended := func(want ...Entry) {
		t.Helper()
		list, err := m.Intended()
		if err != nil || !slices.Equal(list, want) {
			t.Errorf("intended are %+v, %v; want %+v", list, err, want)
		}
	}
	commit(t, m, Change{Intended: []Entry{a, b}, Batch: 1})
	m.Close()
	m = p.open(t)
	defer m.Close()
	intended(a, b)
	commit(t, m, Change{Intended: []Entry{c}, Batch: 2})
	intended(a, b, c)
	commit(t, m, Change{Placed: []Entry{a}, Settled: 1})
	intended(c)
	commit(t, m, Change{Settled: 2})
	intended()
}

func TestOneProcessAtATime(t *testing.T) {
	p := newPlace(t)
	m := p.open(t)
	if _, err := Open(context.Background(), p.state, p.dest, p.path); !errors.Is(err, ErrBusy) || !strings.Contains(err.Error(), "process ") {
		t.Errorf("a second one got %v", err)
	}
	again := openDir(t, p.path)
	if _, err := Open(context.Background(), p.state, again, p.path); !errors.Is(err, ErrBusy) || !strings.Contains(err.Error(), "process ") {
		t.Errorf("a second one with its own handle got %v", err)
	}
	m.Close()
	p.open(t).Close()
}

// Two state folders are two records of one destination, which would not know what
// the other one does.
func TestOneProcessAtATimeWithAnotherStateFolder(t *testing.T) {
	p := newPlace(t)
	m := p.open(t)
	other := openDir(t, p.path)
	if _, err := Open(context.Background(), t.TempDir(), other, p.path); !errors.Is(err, ErrBusy) || !strings.Contains(err.Error(), "state folder of its own") {
		t.Errorf("got %v", err)
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	m, err := Open(context.Background(), p.state, other, p.path)
	if err != nil {
		t.Fatalf("after the first one ended: %v", err)
	}
	m.Close()
}

func TestPeekLeavesNoTrace(t *testing.T) {
	p := newPlace(t)
	m, err := Peek(context.Background(), p.state, p.dest)
	if err != nil {
		t.Fatal(err)
	}
	if list := all(t, m); len(list) != 0 {
		t.Errorf("entries are %+v", list)
	}
	m.Close()
	for _, dir := range []string{p.state, p.path} {
		if list, _ := os.ReadDir(dir); len(list) != 0 {
			t.Errorf("%s holds %v", dir, list)
		}
	}
	w := p.open(t)
	defer w.Close()
	commit(t, w, Change{Placed: []Entry{entry("a", "one", "original")}})
	m, err = Peek(context.Background(), p.state, p.dest)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if list := all(t, m); len(list) != 1 {
		t.Errorf("beside a writer the entries are %+v", list)
	}
}

func TestACopyOfADestinationIsRefused(t *testing.T) {
	p := newPlace(t)
	p.open(t).Close()
	copied := t.TempDir()
	if err := os.CopyFS(copied, os.DirFS(p.path)); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(context.Background(), p.state, openDir(t, copied), copied); !errors.Is(err, ErrForeign) || !strings.Contains(err.Error(), p.path) {
		t.Errorf("the copy got %v", err)
	}
	// Moved, it is the same destination.
	if err := os.RemoveAll(filepath.Join(p.path, Folder)); err != nil {
		t.Fatal(err)
	}
	m, err := Open(context.Background(), p.state, openDir(t, copied), copied)
	if err != nil {
		t.Fatal(err)
	}
	m.Close()
}

func TestAnIDThatIsNoneIsRefused(t *testing.T) {
	p := newPlace(t)
	for _, id := range []string{"", "../../etc", "0123", strings.Repeat("g", 32)} {
		os.MkdirAll(filepath.Join(p.path, Folder), 0o755)
		if err := os.WriteFile(filepath.Join(p.path, idName), []byte(id), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(context.Background(), p.state, p.dest, p.path); !errors.Is(err, ErrForeign) {
			t.Errorf("%q: %v", id, err)
		}
	}
}

func TestADamagedRecordIsTold(t *testing.T) {
	p := newPlace(t)
	m := p.open(t)
	m.Close()
	name := filepath.Join(p.state, "destinations", m.ID(), databaseName)
	if err := os.WriteFile(name, bytes.Repeat([]byte("not a database "), 500), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(context.Background(), p.state, p.dest, p.path); !errors.Is(err, ErrDamaged) {
		t.Errorf("got %v", err)
	}
}

func TestSumsAreWrittenWhenTheyAreBehind(t *testing.T) {
	p := newPlace(t)
	m := p.open(t)
	defer m.Close()
	ctx := context.Background()
	read := func() string { b, _ := os.ReadFile(filepath.Join(p.path, SumsName)); return string(b) }
	if err := m.WriteSums(ctx, p.dest); err != nil || read() != "" {
		t.Fatalf("of nothing: %q, %v", read(), err)
	}
	if _, err := os.Stat(filepath.Join(p.path, SumsName)); err != nil {
		t.Error("an empty destination has no", SumsName)
	}
	e := entry("a/ü", "one", "original")
	commit(t, m, Change{Placed: []Entry{e}})
	if err := m.WriteSums(ctx, p.dest); err != nil || read() != e.Sum.String()+"  a/ü\n" {
		t.Errorf("%q, %v", read(), err)
	}
	before, _ := os.Stat(filepath.Join(p.path, SumsName))
	if err := m.WriteSums(ctx, p.dest); err != nil {
		t.Fatal(err)
	}
	if after, _ := os.Stat(filepath.Join(p.path, SumsName)); !os.SameFile(before, after) {
		t.Error("sums that were up to date were written again")
	}
}

// b3sum itself must understand every name.
func TestB3sumReadsTheSums(t *testing.T) {
	if _, err := exec.LookPath("b3sum"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("b3sum is missing")
		}
		t.Skip("b3sum is not installed")
	}
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringMatching(`[a-zäß \\'"$.\n()🎉-]{1,20}`).Draw(t, "name")
		if name == "." || name == ".." || name == "-" {
			return
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(name), 0o644); err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := writeSum(&b, Entry{Path: name, Sum: blake3.Sum256([]byte(name))}); err != nil {
			t.Fatal(err)
		}
		check := exec.Command("b3sum", "--check", "-")
		check.Dir, check.Stdin = dir, &b
		if out, err := check.CombinedOutput(); err != nil {
			t.Fatalf("%q: %s", name, out)
		}
	})
}
