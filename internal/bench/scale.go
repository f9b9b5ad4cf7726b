package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/photogo/photogo/photosdb"
)

// The limits of reading, for a library of 100,000 assets.
const (
	limitAll     = 5.0   // every fact, times sqlite3
	limitRead    = 2.0   // the facts that export needs, times sqlite3
	limitNothing = 0.020 // seconds until it is known that nothing changed
	limitTen     = 0.500 // seconds until ten changed assets are known
	limitMillion = 300_000_000
)

// scales measures reading of libraries of some sizes, smallest first.
func (b *bench) scales(ctx context.Context, m maker, sizes []int) (results []result, err error) {
	smallest, largest := math.Inf(1), 0.0
	for _, assets := range sizes {
		more, err := b.scale(ctx, m, assets)
		if err != nil {
			return nil, err
		}
		all := more[0].contenders[3]
		per := all.runs.median() / float64(assets)
		smallest, largest = min(smallest, per), max(largest, per)
		results = append(results, more...)
	}
	if last := len(results) - 2; last > 0 { // that of reading the largest
		got := largest / smallest
		results[last].verdicts = append(results[last].verdicts, verdict{
			fmt.Sprintf("listing all facts of an asset costs at most %.1f times as much in one library as in another, of %s to %s assets", limitFlat, thousands(sizes[0]), thousands(sizes[len(sizes)-1])),
			fmt.Sprintf("%.2f times", got), got <= limitFlat})
	}
	return results, nil
}

// scale measures reading: a library without files, as large as it is told.
func (b *bench) scale(ctx context.Context, m maker, assets int) ([]result, error) {
	l, err := b.make(ctx, m, "Scale"+strconv.Itoa(assets), assets, "--no-files")
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	db := url.URL{Scheme: "file", Path: l.database(), RawQuery: "immutable=1"}
	selected := &contender{name: "`sqlite3 Photos.sqlite \"" + selectAll + "\" > /dev/null`", run: func(int) (sample, error) {
		return b.time(ctx, exec.CommandContext(ctx, "sqlite3", "-readonly", db.String(), selectAll))
	}}
	read := &contender{name: "`photosdb.Library.Assets`, the facts that export needs", run: func(int) (sample, error) {
		return b.time(ctx, exec.CommandContext(ctx, self, "-read", l.path, "-work", b.dir))
	}}
	list := &contender{name: "`photogo list assets --json > /dev/null`", run: func(int) (sample, error) {
		return b.time(ctx, b.program(ctx, filepath.Join(b.dir, "list"), "list", "assets", "--json", "--library", l.path))
	}}
	all := &contender{name: "`photogo list assets --json --all > /dev/null`", run: func(int) (sample, error) {
		return b.time(ctx, b.program(ctx, filepath.Join(b.dir, "list"), "list", "assets", "--json", "--all", "--library", l.path))
	}}
	runs := b.runs
	if assets > 200_000 {
		runs = 1
	}
	if err := b.compete(runs, selected, read, list, all); err != nil {
		return nil, err
	}
	per := func(c *contender) string {
		return fmt.Sprintf("%s: %.1f µs an asset.", c.name, c.runs.median()/float64(assets)*1e6)
	}
	times := func(c *contender, limit float64) verdict {
		got := c.runs.median() / selected.runs.median()
		return verdict{fmt.Sprintf("%s takes at most %.0f times as long as sqlite3", c.name, limit), fmt.Sprintf("%.2f times", got), got <= limit}
	}
	r := result{
		title: fmt.Sprintf("Reading %s assets", thousands(assets)), contenders: []*contender{selected, read, list, all},
		notes: []string{"Library: `" + l.describe + "`.", per(read) + " " + per(list) + " " + per(all)},
	}
	if assets <= 100_000 {
		r.verdicts = []verdict{times(read, limitRead), times(all, limitAll)}
	}
	if peak := all.runs.peak(); assets >= 1_000_000 {
		r.verdicts = append(r.verdicts, verdict{"listing all facts needs at most 300 MB of memory", megabytes(peak) + " MB", 0 < peak && peak <= limitMillion})
	}
	defer os.RemoveAll(l.path)
	changes, err := b.changes(ctx, m, l)
	return []result{r, changes}, err
}

// found is what the probe prints.
type found struct {
	Nothing, Ten float64 // seconds
	Changed      int
	Compared     string
}

// changes measures how long it takes to know what changed.
func (b *bench) changes(ctx context.Context, m maker, l library) (result, error) {
	probe := func(since string) (f found, err error) {
		self, err := os.Executable()
		if err != nil {
			return f, err
		}
		out, err := exec.CommandContext(ctx, self, "-changes", l.path, "-since", since, "-work", b.dir).Output()
		if err == nil {
			err = json.Unmarshal(out, &f)
		}
		return f, err
	}
	// A database that was changed this moment may be changed again without it showing.
	old := time.Now().Add(-time.Hour)
	if err := os.Chtimes(l.database(), old, old); err != nil {
		return result{}, err
	}
	since := filepath.Join(b.dir, l.name()+".baseline")
	if _, err := probe(since); err != nil { // writes it
		return result{}, err
	}
	nothing, ten := &contender{name: "`photosdb.FindChanges`, nothing changed"}, &contender{name: "`photosdb.FindChanges`, ten assets changed"}
	for range b.runs {
		f, err := probe(since)
		if err != nil {
			return result{}, err
		}
		nothing.runs = append(nothing.runs, sample{seconds: f.Nothing})
	}
	if err := b.quietly(exec.CommandContext(ctx, "python3", m.scale, "touch", l.path, "--edited", "10", "--via-wal", "--no-files")); err != nil {
		return result{}, err
	}
	for range b.runs {
		f, err := probe(since)
		if err != nil {
			return result{}, err
		}
		if f.Changed != 10 || f.Compared != "" {
			return result{}, fmt.Errorf("%d assets changed (%s), where ten were edited", f.Changed, f.Compared)
		}
		ten.runs = append(ten.runs, sample{seconds: f.Ten})
	}
	within := func(c *contender, limit float64) verdict {
		got := c.runs.median()
		return verdict{fmt.Sprintf("%s takes at most %.0f ms", c.name, limit*1000), fmt.Sprintf("%.2f ms", got*1000), got <= limit}
	}
	return result{
		title: fmt.Sprintf("What changed among %s assets", thousands(l.assets)), contenders: []*contender{nothing, ten},
		verdicts: []verdict{within(nothing, limitNothing), within(ten, limitTen)},
		notes:    []string{"Measured inside a process of its own, the reading of what is known of the last time not counted. The file system cannot clone unless the table of the machine says otherwise; nothing is copied."},
	}, nil
}

// readAll is the program's work when it is called with -read.
func readAll(ctx context.Context, path, work string) error {
	l, err := photosdb.Open(ctx, path, photosdb.Options{TempDir: work})
	if err != nil {
		return err
	}
	defer l.Close()
	for _, err := range l.Assets(ctx, photosdb.Query{Order: photosdb.ByDate}) {
		if err != nil {
			return err
		}
	}
	return nil
}

// findChanges is the program's work when it is called with -changes: what changed
// since the baseline in a file, which is written if it is not there.
func findChanges(ctx context.Context, path, since, work string, out io.Writer) error {
	var base *photosdb.Baseline
	file, err := os.Open(since)
	if err == nil {
		base, err = photosdb.ReadBaseline(file)
		file.Close()
		if err != nil {
			return err
		}
	}
	start := time.Now()
	c, err := photosdb.FindChanges(ctx, path, base, photosdb.Options{TempDir: work})
	took := time.Since(start).Seconds()
	if err != nil {
		return err
	}
	if base == nil {
		to, err := os.Create(since)
		if err != nil {
			return err
		}
		defer to.Close()
		if _, err := c.Baseline.WriteTo(to); err != nil {
			return err
		}
	}
	return json.NewEncoder(out).Encode(found{Nothing: took, Ten: took, Changed: len(c.Changed), Compared: c.Compared})
}
