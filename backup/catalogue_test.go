package backup_test

import (
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zeebo/blake3"
	"pgregory.net/rapid"

	"github.com/photogo/photogo/archive"
	"github.com/photogo/photogo/backup"
	"github.com/photogo/photogo/manifest"
)

func openCatalogue(t *testing.T, file string) *backup.Catalogue {
	t.Helper()
	c, err := backup.OpenCatalogue(t.Context(), file, "anna")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// entry is a file whose content is the text.
func entry(path, owner, content string) manifest.Entry {
	return manifest.Entry{
		Path: path, Owner: owner, Role: "original", Version: "v " + content, Size: int64(len(content)),
		ModTime: 1747468800123456000, Stamp: 1747468800123456, Sum: blake3.Sum256([]byte(content)), Apple: "A" + content, Proof: manifest.ProofFingerprint,
	}
}

func seq[T any](list ...T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, x := range list {
			if !yield(x, nil) {
				return
			}
		}
	}
}

func collect[T any](t *testing.T, s iter.Seq2[T, error]) (list []T) {
	t.Helper()
	for x, err := range s {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, x)
	}
	return list
}

func day(n int) time.Time { return time.Date(2025, 6, n, 12, 0, 0, 0, time.UTC) }

func id(n int) string { return fmt.Sprintf("%064d", n) }

// proven adds an archive that goes all its way.
func proven(t *testing.T, c *backup.Catalogue, n int, entries ...manifest.Entry) string {
	t.Helper()
	name, err := backup.ArchiveName("anna", "2025-05", n)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(
		c.Intend(t.Context(), backup.Archive{Name: name, Period: "2025-05", Portion: n, Created: day(n)}, seq(entries...)),
		c.SetMade(name, id(n), day(n)),
		c.SetProven(name, id(n), day(n).Add(time.Hour)),
	); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestAnArchiveGoesFromIntendedToProven(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state", "catalogue.sqlite")
	c := openCatalogue(t, file)
	b, a := entry("b", "B", "two"), entry("a", "C", "one")
	intended := backup.Archive{Name: "anna-2025-05", Period: "2025-05", Portion: 1, Created: day(1)}
	if err := c.Intend(t.Context(), intended, seq(b, a)); err != nil {
		t.Fatal(err)
	}
	if err := c.Intend(t.Context(), intended, seq(b)); !errors.Is(err, backup.ErrKnown) {
		t.Errorf("intended twice: %v", err)
	}
	if err := c.SetProven("anna-2025-05", "", day(2)); !errors.Is(err, backup.ErrState) {
		t.Errorf("proven before it was made: %v", err)
	}
	// What another process finds after a crash.
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	c = openCatalogue(t, file)
	got, ok, err := c.Archive("anna-2025-05")
	if want := (backup.Archive{Name: "anna-2025-05", Period: "2025-05", Portion: 1, State: backup.Intended, Created: day(1), Files: 2, Bytes: 6}); err != nil || !ok || got != want {
		t.Errorf("%+v %v %v", got, ok, err)
	}
	if got := collect(t, c.Entries(t.Context(), "anna-2025-05")); !slices.Equal(got, []manifest.Entry{a, b}) {
		t.Errorf("%+v", got)
	}
	if got := collect(t, c.EntriesByOwner(t.Context(), "anna-2025-05")); !slices.Equal(got, []manifest.Entry{b, a}) {
		t.Errorf("%+v", got)
	}
	if got := collect(t, c.Newest(t.Context(), time.Time{})); len(got) > 0 {
		t.Errorf("what is only intended counts: %+v", got)
	}
	if err := c.SetMade("anna-2025-05", id(1), day(2)); err != nil {
		t.Fatal(err)
	}
	if err := c.SetMade("anna-2025-05", id(1), day(3)); err != nil {
		t.Errorf("made twice: %v", err)
	}
	if err := c.SetMade("anna-2025-05", id(2), day(3)); !errors.Is(err, backup.ErrState) {
		t.Errorf("made under another id: %v", err)
	}
	if err := c.SetProven("anna-2025-05", id(2), day(3)); !errors.Is(err, backup.ErrState) {
		t.Errorf("the proof of another archive: %v", err)
	}
	if list, err := c.Where("a", a.Sum); err != nil || len(list) > 0 {
		t.Errorf("proven before the proof: %v %v", list, err)
	}
	if got := collect(t, c.Unproven(t.Context(), seq(a, b))); len(got) != 2 {
		t.Errorf("%+v", got)
	}
	if err := c.SetProven("anna-2025-05", id(1), day(4)); err != nil {
		t.Fatal(err)
	}
	list, err := c.Where("a", a.Sum)
	if err != nil || len(list) != 1 || list[0].ID != id(1) || list[0].State != backup.Proven || !list[0].Proven.Equal(day(4)) || !list[0].Created.Equal(day(2)) {
		t.Errorf("%+v %v", list, err)
	}
	other := entry("a", "C", "other")
	if got := collect(t, c.Unproven(t.Context(), seq(a, other, b))); !slices.Equal(got, []manifest.Entry{other}) {
		t.Errorf("%+v", got)
	}
	if err := c.Withdraw("anna-2025-05"); !errors.Is(err, backup.ErrState) {
		t.Errorf("a proven archive was withdrawn: %v", err)
	}
	if err := c.Distrust("anna-2025-05"); err != nil {
		t.Fatal(err)
	}
	if got := collect(t, c.Unproven(t.Context(), seq(a, b))); len(got) != 2 {
		t.Errorf("a proof that was taken back counts: %+v", got)
	}
	for _, err := range []error{c.SetMade("x", id(1), day(1)), c.SetProven("x", id(1), day(1)), c.Distrust("x"), c.Withdraw("x")} {
		if !errors.Is(err, backup.ErrNotKnown) {
			t.Error(err)
		}
	}
}

func TestAnIntentionThatFailsLeavesNothing(t *testing.T) {
	c := openCatalogue(t, filepath.Join(t.TempDir(), "c"))
	broken := errors.New("broken")
	err := c.Intend(t.Context(), backup.Archive{Name: "anna-2025-05", Period: "2025-05", Portion: 1, Created: day(1)}, func(yield func(manifest.Entry, error) bool) {
		_ = yield(entry("a", "A", "1"), nil) && yield(manifest.Entry{}, broken)
	})
	if !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
	if list, err := c.Archives(); err != nil || len(list) > 0 {
		t.Errorf("%v %v", list, err)
	}
	if err := c.Intend(t.Context(), backup.Archive{Name: "anna-2025-05", Period: "2025-05", Portion: 1, Created: day(1)}, seq(entry("a", "A", "1"), entry("a", "B", "1"))); err == nil {
		t.Error("a path was intended twice in one archive")
	}
	if err := c.Intend(t.Context(), backup.Archive{Name: "anna-2025-05", Period: "2025-05", Portion: 1, Created: day(1)}, seq(entry("a", "A", "1"))); err != nil {
		t.Error(err)
	}
	if err := c.Withdraw("anna-2025-05"); err != nil {
		t.Error(err)
	}
	if got := collect(t, c.Entries(t.Context(), "anna-2025-05")); len(got) > 0 {
		t.Errorf("%v", got)
	}
}

func TestACatalogueIsUsedByOneProcessAndBelongsToOneLibrary(t *testing.T) {
	file := filepath.Join(t.TempDir(), "catalogue.sqlite")
	empty, err := backup.PeekCatalogue(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	if list, err := empty.Archives(); err != nil || len(list) > 0 {
		t.Errorf("%v %v", list, err)
	}
	empty.Close()
	if left, _ := os.ReadDir(filepath.Dir(file)); len(left) > 0 {
		t.Errorf("looking made %v", left)
	}
	c := openCatalogue(t, file)
	a := entry("a", "A", "1")
	proven(t, c, 1, a)
	if _, err := backup.OpenCatalogue(t.Context(), file, "anna"); !errors.Is(err, backup.ErrCatalogueBusy) {
		t.Errorf("%v", err)
	}
	look, err := backup.PeekCatalogue(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	defer look.Close()
	if list, err := look.Where("a", a.Sum); err != nil || len(list) != 1 {
		t.Errorf("%v %v", list, err)
	}
	c.Close()
	if _, err := backup.OpenCatalogue(t.Context(), file, "bert"); !errors.Is(err, backup.ErrCatalogueForeign) {
		t.Errorf("%v", err)
	}
	if _, err := backup.OpenCatalogue(t.Context(), file+"2", "no/name"); !errors.Is(err, backup.ErrName) {
		t.Errorf("%v", err)
	}
	if err := os.WriteFile(file+"3", []byte(strings.Repeat("no database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := backup.OpenCatalogue(t.Context(), file+"3", "anna"); !errors.Is(err, backup.ErrCatalogueDamaged) {
		t.Errorf("%v", err)
	}
}

func TestTheNewestVersionAtADate(t *testing.T) {
	c := openCatalogue(t, filepath.Join(t.TempDir(), "c"))
	old, edited, newest := entry("x", "A", "1"), entry("x", "A", "2"), entry("x", "A", "3")
	other, once := entry("x", "B", "4"), entry("y", "B", "5")
	proven(t, c, 1, old, once)
	proven(t, c, 2, edited)
	proven(t, c, 3, newest)
	proven(t, c, 4, other)
	for asOf, want := range map[time.Time][]manifest.Entry{
		{}:                       {newest, other, once},
		day(4):                   {newest, other, once},
		day(3):                   {newest, once},
		day(3).Add(-time.Second): {edited, once},
		day(1):                   {old, once},
		day(1).Add(-time.Second): nil,
	} {
		var got []manifest.Entry
		for _, v := range collect(t, c.Newest(t.Context(), asOf)) {
			got = append(got, v.Entry)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%v: %+v", asOf, got)
		}
	}
}

// The newest version is found by a model that looks at everything.
func TestNewestAgreesWithAModel(t *testing.T) {
	dir, run := t.TempDir(), 0
	rapid.Check(t, func(r *rapid.T) {
		run++
		c, err := backup.OpenCatalogue(t.Context(), filepath.Join(dir, fmt.Sprint(run)), "anna")
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		type key struct{ path, owner string }
		want := map[key]manifest.Entry{}
		until := rapid.IntRange(0, 6).Draw(r, "until")
		for n := 1; n <= rapid.IntRange(1, 6).Draw(r, "archives"); n++ {
			in := map[string]manifest.Entry{}
			for range rapid.IntRange(1, 5).Draw(r, "files") {
				e := entry(rapid.SampledFrom([]string{"a", "b", "a/b", "ä"}).Draw(r, "path"), rapid.SampledFrom([]string{"", "A", "B"}).Draw(r, "owner"), fmt.Sprint(n))
				in[e.Path] = e
			}
			var list []manifest.Entry
			for _, e := range in {
				list = append(list, e)
				if n <= until {
					want[key{e.Path, e.Owner}] = e
				}
			}
			proven(t, c, n, list...)
		}
		got := map[key]manifest.Entry{}
		for v, err := range c.Newest(t.Context(), day(1).Add(time.Duration(until-1)*24*time.Hour)) {
			if err != nil {
				r.Fatal(err)
			}
			got[key{v.Path, v.Owner}] = v.Entry
		}
		if len(got) != len(want) {
			r.Fatalf("%v, want %v", got, want)
		}
		for k, e := range want {
			if got[k] != e {
				r.Fatalf("%v: %v, want %v", k, got[k], e)
			}
		}
	})
}

func TestTheRepositoryIsComparedWithTheCatalogue(t *testing.T) {
	c := openCatalogue(t, filepath.Join(t.TempDir(), "c"))
	proven(t, c, 1, entry("a", "A", "1"))
	proven(t, c, 2, entry("b", "B", "2"))
	if err := c.Intend(t.Context(), backup.Archive{Name: "anna-2025-06", Period: "2025-06", Portion: 1, Created: day(3)}, seq(entry("c", "C", "3"))); err != nil {
		t.Fatal(err)
	}
	one, two := archive.Archive{Name: "anna-2025-05", ID: id(1)}, archive.Archive{Name: "anna-2025-05.2", ID: id(2)}
	others := []archive.Archive{{Name: "bert-2025-05", ID: id(7)}, {Name: "2025-05", ID: id(8)}, {Name: "anna-2025-07.checkpoint", ID: id(9), Checkpoint: true}}
	intended := archive.Archive{Name: "anna-2025-06", ID: id(3)}
	for _, test := range []struct {
		shown []archive.Archive
		want  backup.Discrepancy
	}{
		{[]archive.Archive{one, two}, backup.Discrepancy{}},
		{[]archive.Archive{one, two, intended}, backup.Discrepancy{}},
		{append(others, one, two), backup.Discrepancy{}},
		{[]archive.Archive{two}, backup.Discrepancy{Hidden: []string{"anna-2025-05"}}},
		{nil, backup.Discrepancy{Hidden: []string{"anna-2025-05", "anna-2025-05.2"}}},
		{[]archive.Archive{one, {Name: two.Name, ID: id(9)}}, backup.Discrepancy{Replaced: []string{"anna-2025-05.2"}}},
		{[]archive.Archive{one, two, {Name: "anna-2025-07", ID: id(9)}}, backup.Discrepancy{Unknown: []string{"anna-2025-07"}}},
		{[]archive.Archive{{Name: one.Name, ID: id(8)}, {Name: "anna-2025-07", ID: id(9)}}, backup.Discrepancy{[]string{"anna-2025-05.2"}, []string{"anna-2025-05"}, []string{"anna-2025-07"}}},
	} {
		err := c.Compare(test.shown)
		d := &backup.Discrepancy{}
		if err != nil && !errors.As(err, &d) {
			t.Fatal(err)
		}
		if !slices.Equal(d.Hidden, test.want.Hidden) || !slices.Equal(d.Replaced, test.want.Replaced) || !slices.Equal(d.Unknown, test.want.Unknown) {
			t.Errorf("%v: %v", test.shown, err)
		}
		for _, kind := range []struct {
			names []string
			err   error
		}{{d.Hidden, backup.ErrHidden}, {d.Replaced, backup.ErrReplaced}, {d.Unknown, backup.ErrUnknown}} {
			if errors.Is(err, kind.err) != (len(kind.names) > 0) {
				t.Errorf("%v: %v", err, kind.err)
			}
			for _, name := range kind.names {
				if !strings.Contains(err.Error(), `"`+name+`"`) {
					t.Errorf("%v does not name %s", err, name)
				}
			}
		}
	}
}

func TestNamesOfArchives(t *testing.T) {
	for name, ok := range map[string]bool{
		"anna-2025-05": true, "anna-2025-05.2": true, "anna-2025-W21": true, "anna-2025-05-17.12": true, "größe.x-1-2025-05": true,
		"2025-05": false, "anna-2025-05.1": false, "anna-2025-05.02": false, "anna-2025": false, "anna-2025-5": false, "-2025-05": false, "anna-2025-05.checkpoint": false, "": false, "a/b-2025-05": false,
	} {
		library, period, portion, got := backup.ParseName(name)
		if got != ok {
			t.Errorf("%q: %v %q %q %d", name, got, library, period, portion)
		}
	}
	for _, bad := range []func() (string, error){
		func() (string, error) { return backup.ArchiveName("", "2025-05", 1) },
		func() (string, error) { return backup.ArchiveName("anna", "May", 1) },
		func() (string, error) { return backup.ArchiveName("anna", "2025-05", 0) },
	} {
		if name, err := bad(); !errors.Is(err, backup.ErrName) {
			t.Errorf("%q %v", name, err)
		}
	}
	rapid.Check(t, func(r *rapid.T) {
		library := rapid.StringMatching(`[a-z0-9][a-z0-9._+@-]{0,20}`).Draw(r, "library")
		period := rapid.StringMatching(`[0-9]{4}-(W[0-9]{2}|[0-9]{2}|[0-9]{2}-[0-9]{2})`).Draw(r, "period")
		portion := rapid.IntRange(1, 999999).Draw(r, "portion")
		name, err := backup.ArchiveName(library, period, portion)
		if err != nil {
			r.Fatal(err)
		}
		if l, p, n, ok := backup.ParseName(name); !ok || l != library || p != period || n != portion {
			r.Fatalf("%s: %q %q %d %v", name, l, p, n, ok)
		}
	})
}
