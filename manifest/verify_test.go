package manifest

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/zeebo/blake3"

	"github.com/photogo/photogo/fingerprint"
	"github.com/photogo/photogo/internal/safefile"
)

// put places a file and records it.
func (p place) put(t *testing.T, m *Manifest, name, content string) Entry {
	t.Helper()
	full := filepath.Join(p.path, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(full), 0o755), os.WriteFile(full, []byte(content), 0o644)); err != nil {
		t.Fatal(err)
	}
	apple := fingerprint.New()
	apple.Write([]byte(content))
	e := entry(name, "owner of "+name, "original")
	e.Size, e.Sum, e.Apple = int64(len(content)), blake3.Sum256([]byte(content)), apple.Text()
	commit(t, m, Change{Placed: []Entry{e}})
	return e
}

func verify(t *testing.T, m *Manifest, dest safefile.FS, opt VerifyOptions) map[string]Condition {
	t.Helper()
	found := map[string]Condition{}
	err := m.Verify(context.Background(), dest, opt, func(f Finding) {
		if _, twice := found[f.Path]; twice {
			t.Errorf("%s was told twice", f.Path)
		}
		found[f.Path] = f.Condition
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestEachDamageIsToldByItsName(t *testing.T) {
	p := newPlace(t)
	m := p.open(t)
	defer m.Close()
	want := map[string]Condition{}
	for _, c := range []struct {
		name   string
		want   Condition
		damage func(full string) error
	}{
		{"a/well", Intact, func(string) error { return nil }},
		{"a/rotten", Rotten, func(full string) error { return os.WriteFile(full, []byte("CONTENT"), 0o644) }},
		{"truncated", Truncated, func(full string) error { return os.Truncate(full, 3) }},
		{"empty", Truncated, func(full string) error { return os.Truncate(full, 0) }},
		{"b/c/grown", Grown, func(full string) error { return os.WriteFile(full, []byte("content and more"), 0o644) }},
		{"b/missing", Absent, os.Remove},
		{"folder", Unreadable, func(full string) error { return errors.Join(os.Remove(full), os.Mkdir(full, 0o755)) }},
		{"link", Unreadable, func(full string) error {
			return errors.Join(os.Rename(full, full+"-away"), os.Symlink(full+"-away", full))
		}},
	} {
		p.put(t, m, c.name, "content")
		if err := c.damage(filepath.Join(p.path, c.name)); err != nil {
			t.Fatal(err)
		}
		want[c.name] = c.want
	}
	want["link-away"] = Foreign
	want["b/c/mine.txt"] = Foreign
	if err := os.WriteFile(filepath.Join(p.path, "b/c/mine.txt"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	wrong := p.put(t, m, "misrecorded", "content")
	right := wrong
	wrong.Sum[0]++
	commit(t, m, Change{Placed: []Entry{wrong}})
	want["misrecorded"] = Misrecorded

	got := map[string]Condition{}
	if err := m.Verify(context.Background(), p.dest, VerifyOptions{}, func(f Finding) {
		got[f.Path] = f.Condition
		if (f.Condition == Unreadable) != (f.Err != nil) {
			t.Errorf("%s: %v", f.Path, f.Err)
		}
		if f.Condition == Misrecorded && f.Right != right {
			t.Errorf("the record should say %+v, not %+v", right, f.Right)
		}
	}); err != nil {
		t.Fatal(err)
	}
	for name, condition := range want {
		if got[name] != condition {
			t.Errorf("%s is %q, want %q", name, got[name], condition)
		}
		delete(got, name)
	}
	if len(got) > 0 {
		t.Errorf("and %v", got)
	}
}

// Samples go through everything in turn, and --due asks for what was not asked
// for lately.
func TestSamplesCoverAll(t *testing.T) {
	p := newPlace(t)
	m := p.open(t)
	defer m.Close()
	for i := range 45 {
		p.put(t, m, "f"+strconv.Itoa(i), "content")
	}
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	seen := map[string]int{}
	for day := range 10 {
		got := verify(t, m, p.dest, VerifyOptions{Share: 0.1, Now: now.AddDate(0, 0, day)})
		if len(got) != 5 {
			t.Fatalf("a tenth of 45 are %d", len(got))
		}
		for name := range got {
			seen[name]++
		}
	}
	if len(seen) != 45 {
		t.Errorf("ten samples of a tenth read %d of 45 files", len(seen))
	}
	if got := verify(t, m, p.dest, VerifyOptions{Before: now.AddDate(0, 0, 4), Now: now.AddDate(0, 0, 9)}); len(got) != 15 {
		t.Errorf("%d files were not verified on the last days, want 15: those of days 1 to 3", len(got))
	}
	if got := verify(t, m, p.dest, VerifyOptions{Before: now, Now: now.AddDate(0, 0, 9)}); len(got) != 0 {
		t.Errorf("%d files are due again", len(got))
	}
}

// What was verified while the clock was ahead is due when it is right again.
func TestAClockThatWasAheadLeavesFilesDue(t *testing.T) {
	p := newPlace(t)
	m := p.open(t)
	defer m.Close()
	for i := range 10 {
		p.put(t, m, "f"+strconv.Itoa(i), "content")
	}
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	verify(t, m, p.dest, VerifyOptions{Now: now})
	verify(t, m, p.dest, VerifyOptions{Share: 0.5, Now: now.AddDate(30, 0, 0)})
	due := verify(t, m, p.dest, VerifyOptions{Before: now.AddDate(0, 0, -20), Now: now.AddDate(0, 0, 10)})
	if len(due) != 5 {
		t.Errorf("%d of 5 files are due", len(due))
	}
	verify(t, m, p.dest, VerifyOptions{Share: 0.5, Now: now.AddDate(30, 0, 0)})
	seen := map[string]int{}
	for day := range 2 {
		for name := range verify(t, m, p.dest, VerifyOptions{Share: 0.5, Now: now.AddDate(0, 0, 11+day)}) {
			seen[name]++
		}
	}
	if len(seen) != 10 {
		t.Errorf("two samples of a half read %d of 10 files", len(seen))
	}
}

// A file that is damaged stays due.
func TestDamageStaysDue(t *testing.T) {
	p := newPlace(t)
	m := p.open(t)
	defer m.Close()
	p.put(t, m, "a", "content")
	if err := os.Truncate(filepath.Join(p.path, "a"), 1); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	for range 2 {
		if got := verify(t, m, p.dest, VerifyOptions{Before: now, Now: now}); got["a"] != Truncated {
			t.Errorf("found %v", got)
		}
	}
}

func TestVerifyEnds(t *testing.T) {
	p := newPlace(t)
	m := p.open(t)
	defer m.Close()
	for i := range 50 {
		p.put(t, m, "f"+strconv.Itoa(i), "content")
	}
	ctx, cancel := context.WithCancel(context.Background())
	n := 0
	err := m.Verify(ctx, p.dest, VerifyOptions{}, func(Finding) {
		if n++; n == 5 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) || n > 20 {
		t.Errorf("%d files, %v", n, err)
	}
}

func TestKnown(t *testing.T) {
	p := newPlace(t)
	if err := Known(context.Background(), p.state, p.dest); !errors.Is(err, ErrForeign) {
		t.Errorf("of a folder: %v", err)
	}
	m := p.open(t)
	m.Close()
	if err := Known(context.Background(), p.state, p.dest); err != nil {
		t.Error(err)
	}
	if err := Known(context.Background(), t.TempDir(), p.dest); !errors.Is(err, ErrLost) {
		t.Errorf("with another state: %v", err)
	}
}

func TestNamesThatAreStoredDecomposed(t *testing.T) {
	p := newPlace(t)
	m := p.open(t)
	defer m.Close()
	p.put(t, m, "e\u0301t\u00e9", "content") // on disk; the record has it composed
	var names []string
	dec := decomposed{p.dest}
	commit(t, m, Change{Gone: []string{"e\u0301t\u00e9"}})
	e := entry("\u00e9t\u00e9", "x", "original")
	e.Size, e.Sum, e.Apple = 7, blake3.Sum256([]byte("content")), ""
	commit(t, m, Change{Placed: []Entry{e}})
	if err := m.Verify(context.Background(), dec, VerifyOptions{}, func(f Finding) { names = append(names, string(f.Condition)) }); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(names, []string{"intact"}) {
		t.Errorf("found %v", names)
	}
}

// decomposed is a file system that stores another form of names than it is given.
type decomposed struct{ safefile.FS }

func (d decomposed) Open(name string) (safefile.File, error) {
	if name == "\u00e9t\u00e9" {
		name = "e\u0301t\u00e9"
	}
	return d.FS.Open(name)
}
