package photosdb

import (
	"context"
	"errors"
	"io"
	"os"
	"reflect"
	"slices"
	"testing"

	"github.com/photogo/photogo/internal/fixture"
)

// checkRecent holds the assets that are read by themselves against those of the
// whole library l.
func checkRecent(t testing.TB, l *Library, since *Baseline, found *Changes) {
	t.Helper()
	all := list(t, l, ByDate)
	var also []UUID
	if len(all) > 0 {
		also = []UUID{all[len(all)/2].UUID, "none such", all[len(all)/2].UUID}
	}
	recent, err := FindRecent(context.Background(), l.Path(), since, also, 10_000)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "with the assets", found, recent.Changes)
	var want []*Asset
	for _, a := range all {
		if slices.Contains(found.Added, a.UUID) || slices.Contains(found.Changed, a.UUID) || slices.Contains(also, a.UUID) {
			want = append(want, a)
		}
	}
	if len(want) != len(recent.Assets) {
		t.Fatalf("%d assets, not %d", len(recent.Assets), len(want))
	}
	for i := range want {
		if !reflect.DeepEqual(want[i], recent.Assets[i]) {
			t.Errorf("asset %d of %d is %s, not %s (%v)", i, len(want), recent.Assets[i].UUID, want[i].UUID, differences(*want[i], *recent.Assets[i]))
		}
	}
	if recent.Library != l.UUID() || !slices.Equal(recent.Warnings, l.Warnings()) {
		t.Errorf("library %s %q, not %s %q", recent.Library, recent.Warnings, l.UUID(), l.Warnings())
	}
}

func TestRecentAssetsHaveTheirFiles(t *testing.T) {
	lib := build(t, fixture.Options{})
	settle(t, lib.Path)
	recent, err := FindRecent(context.Background(), lib.Path, nil, nil, 10_000)
	if err != nil {
		t.Fatal(err)
	}
	all := byUUID(t, lib.Path)
	if len(all) != len(recent.Assets) {
		t.Fatalf("%d assets, not %d", len(recent.Assets), len(all))
	}
	files, err := OpenFiles(lib.Path)
	if err != nil {
		t.Fatal(err)
	}
	l := open(t, lib.Path)
	for _, a := range recent.Assets {
		if !reflect.DeepEqual(a, all[a.UUID]) {
			t.Errorf("%s: %v", a.UUID, differences(*a, *all[a.UUID]))
		}
		for i := range a.Resources {
			for name, open := range map[string][2]func(*Resource) (*os.File, error){
				"Open":           {files.Open, l.Open},
				"OpenReferenced": {files.OpenReferenced, l.OpenReferenced},
			} {
				one, errOne := read(open[0](&a.Resources[i]))
				two, errTwo := read(open[1](&a.Resources[i]))
				if one != two || (errOne == nil) != (errTwo == nil) || errOne != nil && errOne.Error() != errTwo.Error() {
					t.Errorf("%s of %s: %q %v, %q %v", name, a.Resources[i].Path, one, errOne, two, errTwo)
				}
			}
		}
	}
	if err := files.Close(); err != nil {
		t.Error(err)
	}
}

func read(f *os.File, err error) (string, error) {
	if err != nil {
		return "", err
	}
	defer f.Close()
	data, err := io.ReadAll(f)
	return string(data), err
}

func TestWhatIsNotRecent(t *testing.T) {
	lib := build(t, fixture.Options{})
	settle(t, lib.Path)
	ctx := context.Background()
	if _, err := FindRecent(ctx, lib.Path, nil, nil, 3); !errors.Is(err, ErrNotRecent) {
		t.Errorf("more than are wanted: %v", err)
	}
	if _, err := FindRecent(ctx, t.TempDir(), nil, nil, 3); !errors.Is(err, ErrNotLibrary) {
		t.Errorf("no library: %v", err)
	}
	if _, err := OpenFiles(lib.Path + "x"); !errors.Is(err, ErrNotLibrary) {
		t.Errorf("no folder: %v", err)
	}
	edit(t, lib.Path, "UPDATE ZASSET SET ZFAVORITE = 1") // this moment, and without a log
	if _, err := FindRecent(ctx, lib.Path, nil, nil, 10_000); !errors.Is(err, ErrNotRecent) {
		t.Errorf("unsettled: %v", err)
	}
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := FindRecent(cancelled, lib.Path, nil, nil, 3); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestASampleIsOfTheWholeLibrary(t *testing.T) {
	l := open(t, build(t, fixture.Options{Assets: 100}).Path)
	all := list(t, l, ByUUID)
	for _, n := range []int{0, 1, 10, len(all), 10 * len(all)} {
		sample, err := l.Sample(context.Background(), n)
		if err != nil {
			t.Fatal(err)
		}
		if len(sample) != min(n, len(all)) {
			t.Errorf("%d asked for: %d", n, len(sample))
		}
		slices.Sort(sample)
		if len(slices.Compact(sample)) != len(sample) {
			t.Errorf("%d asked for: some came twice", n)
		}
		for _, uuid := range sample {
			if !slices.ContainsFunc(all, func(a *Asset) bool { return a.UUID == uuid }) {
				t.Errorf("%s is none", uuid)
			}
		}
	}
}
