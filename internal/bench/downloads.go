package main

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/photogo/photogo/internal/fixture"
	"github.com/photogo/photogo/internal/fixture/icloud"
)

// The limits of downloading.
const (
	limitNothingToFetch = 1.05 // times the same export that may not fetch
	limitFetchRate      = 0.5  // of the rate of an export of the same files from the library
)

// How many small originals are fetched, and how large they are: less than any camera
// makes, as it is the files that cost, and not the bytes.
const (
	fetched      = 2000
	fetchedBytes = 200_000
)

// How many runs there are at least: the first limit is narrower than what a few runs of
// the same differ by.
const (
	idleRuns  = 12
	fetchRuns = 6
)

// downloads measures what --download-missing costs where nothing is to be fetched, and
// how fast it is where the answer comes at once.
func (b *bench) downloads(ctx context.Context, m maker) ([]result, error) {
	idle, err := b.nothingToFetch(ctx, m)
	if err != nil {
		return nil, err
	}
	all, err := b.fetchAll(ctx)
	return []result{idle, all}, err
}

func (b *bench) nothingToFetch(ctx context.Context, m maker) (result, error) {
	l, err := b.make(ctx, m, "Local", b.assets, "--cloud-only", "0")
	if err != nil {
		return result{}, err
	}
	if err := warm(ctx, l.path); err != nil {
		return result{}, err
	}
	plain := &contender{name: "photogo export"}
	plain.run = func(run int) (sample, error) { return b.export(ctx, plain, l, b.fresh(l, "plain", run)) }
	may := &contender{name: "photogo export --download-missing"}
	may.run = func(run int) (sample, error) {
		return b.export(ctx, may, l, b.fresh(l, "download", run), "--download-missing")
	}
	if err := b.compete(max(b.runs, idleRuns), plain, may); err != nil {
		return result{}, err
	}
	got := may.runs.median() / plain.runs.median()
	return result{
		title:      fmt.Sprintf("Nothing to fetch, %s assets", thousands(l.assets)),
		contenders: []*contender{plain, may},
		verdicts:   []verdict{{fmt.Sprintf("it takes at most %.2f times as long", limitNothingToFetch), fmt.Sprintf("%.2f times", got), got <= limitNothingToFetch}},
		notes:      []string{"Library: `" + l.describe + "`."},
	}, nil
}

// fetchAll compares small originals from the library with the same ones from the stub
// of PhotoKit.
func (b *bench) fetchAll(ctx context.Context) (result, error) {
	r := result{title: fmt.Sprintf("%s originals of %d kB from iCloud, if iCloud answered at once", thousands(fetched), fetchedBytes/1000)}
	if b.helper == "" {
		r.notes = []string{"Not measured: there is no helper that was built on the stub of PhotoKit. `make helper-test` builds it where there is a Swift toolchain; -helper or PHOTOGO_STUB_HELPER names it."}
		return r, nil
	}
	local, _, err := b.pictures("Here", 0)
	if err != nil {
		return r, err
	}
	away, program, err := b.iCloud()
	if err != nil {
		return r, err
	}
	plain := &contender{name: "photogo export, all in the library"}
	plain.run = func(run int) (sample, error) { return b.export(ctx, plain, local, b.fresh(local, "plain", run)) }
	fetch := &contender{name: "photogo export --download-missing, all in iCloud"}
	fetch.run = func(run int) (sample, error) {
		return b.export(ctx, fetch, away, b.fresh(away, "fetch", run), "--download-missing", "--helper", program, "--reserve", "0")
	}
	if err := b.compete(max(b.runs, fetchRuns), plain, fetch); err != nil {
		return r, err
	}
	if plain.files != fetch.files {
		return r, fmt.Errorf("%d files were placed from the library, and %d from iCloud", plain.files, fetch.files)
	}
	got := plain.runs.median() / fetch.runs.median()
	r.contenders = []*contender{plain, fetch}
	r.verdicts = []verdict{{fmt.Sprintf("at least %.1f of the rate", limitFetchRate), fmt.Sprintf("%.2f of it", got), got >= limitFetchRate}}
	r.notes = []string{"Both write the sidecars, too. The helper is the real one, built on the stub of PhotoKit."}
	return r, nil
}

// iCloud makes a library of which all is in iCloud only, and names the helper that
// fetches it.
func (b *bench) iCloud() (library, string, error) {
	away, lib, err := b.pictures("Away", fetched)
	if err != nil {
		return away, "", err
	}
	c, err := icloud.Make(filepath.Join(b.dir, "icloud"), lib)
	if err != nil {
		return away, "", err
	}
	program, err := c.Program(b.helper)
	return away, program, err
}

// pictures makes a library of pictures of which some are in iCloud only.
func (b *bench) pictures(name string, inCloud int) (library, *fixture.Library, error) {
	l := library{path: filepath.Join(b.dir, name+".photoslibrary"), assets: fetched}
	b.say("making %s, %d assets", filepath.Base(l.path), fetched)
	lib, err := fixture.Build(l.path, fixture.Options{Assets: fetched, InCloud: inCloud, Bytes: fetchedBytes, Plain: true})
	return l, lib, err
}
