package photosdb

import (
	"context"
	"math/rand"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// A larger library is touched as Photos would, by a tool that does not know this
// package: every change that it reports is found, and no other.
func TestChangesOfALargerLibrary(t *testing.T) {
	run := scaleLibrary(t)
	n, rounds := 2000, 5
	if testing.Short() {
		n, rounds = 500, 3
	}
	path := scaled(t, run, n)
	ctx := context.Background()
	since := changesOf(t, path, nil).Baseline
	if since.Len() != n {
		t.Fatalf("%d assets, not %d", since.Len(), n)
	}
	rng := rand.New(rand.NewSource(1))
	for round := range rounds {
		args := []string{"touch", path, "--no-files", "--seed", strconv.Itoa(round)}
		for _, flag := range []string{"--added", "--edited", "--deleted", "--purged"} {
			args = append(args, flag, strconv.Itoa(rng.Intn(8)))
		}
		if round%2 == 0 {
			args = append(args, "--via-wal")
		}
		want := Changes{}
		for line := range strings.Lines(run(args...)) {
			words := strings.Fields(line)
			if len(words) < 2 || !canonical(words[1]) {
				continue
			}
			switch uuid := UUID(words[1]); words[0] {
			case "added":
				want.Added = append(want.Added, uuid)
			case "edited", "trashed":
				want.Changed = append(want.Changed, uuid)
			case "purged":
				want.Deleted = append(want.Deleted, uuid)
			}
		}
		for _, list := range []*[]UUID{&want.Added, &want.Changed, &want.Deleted} {
			slices.Sort(*list)
			*list = slices.Compact(*list)
		}
		found := changesOf(t, path, since)
		// The tool leaves no tombstones of files that it takes from an asset that
		// stays, as Photos does: they are counted.
		if found.Compared != "" {
			t.Errorf("round %d: %s", round, found.Compared)
		}
		if !slices.Equal(found.Added, want.Added) || !slices.Equal(found.Changed, want.Changed) || !slices.Equal(found.Deleted, want.Deleted) {
			t.Errorf("round %d %v:\nadded %v, found %v\nchanged %v, found %v\ndeleted %v, found %v", round, args,
				want.Added, found.Added, want.Changed, found.Changed, want.Deleted, found.Deleted)
		}
		if changed, err := Changed(ctx, path, found.Baseline.Cursor()); err != nil || changed {
			t.Errorf("round %d: changed: %v, %v", round, changed, err)
		}
		since = found.Baseline
	}
}
