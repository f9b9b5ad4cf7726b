package main

import (
	"context"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
)

// The limits of exporting, whole process.
const (
	limitRest    = 0.300 // seconds, nothing changed among 100,000 assets
	limitTouched = 1.0   // seconds, ten of them changed
	limitCycle   = 0.300 // seconds, a cycle without another machine that finds nothing new, of 100,000 assets
	limitFlat    = 1.2   // times the cost of an asset in another library
)

// grow measures exports of larger and larger libraries of small files: the first one,
// beside cp, one of nothing new, and one of ten changes.
func (b *bench) grow(ctx context.Context, m maker, sizes []int) ([]result, error) {
	var results []result
	smallest, largest := math.Inf(1), 0.0
	for _, assets := range sizes {
		r, copied, first, err := b.growTo(ctx, m, assets)
		if err != nil {
			return nil, err
		}
		per := first.runs.median() / float64(assets)
		smallest, largest = min(smallest, per), max(largest, per)
		r.notes = append(r.notes, fmt.Sprintf("%.0f µs an asset, %.0f µs a file; cp: %.0f µs a file.",
			per*1e6, first.runs.median()/float64(first.files)*1e6, copied.runs.median()/float64(copied.files)*1e6))
		results = append(results, r)
	}
	if last := len(results) - 1; last > 0 {
		got := largest / smallest
		results[last].verdicts = append(results[last].verdicts, verdict{
			fmt.Sprintf("an asset costs at most %.1f times as much in one library as in another, of %s to %s assets", limitFlat, thousands(sizes[0]), thousands(sizes[last])),
			fmt.Sprintf("%.2f times", got), got <= limitFlat})
	}
	return results, nil
}

func (b *bench) growTo(ctx context.Context, m maker, assets int) (r result, copied, first *contender, err error) {
	l, err := b.make(ctx, m, fmt.Sprint("Grow", assets), assets, "--file-size", "2K")
	if err != nil {
		return r, nil, nil, err
	}
	if err := warm(ctx, l.path); err != nil {
		return r, nil, nil, err
	}
	runs := b.runs
	if assets >= 1_000_000 {
		runs = 1
	}
	var to exported
	copied = &contender{name: copyName, files: l.files, bytes: l.bytes}
	copied.run = func(run int) (sample, error) { return b.copyAll(ctx, l, b.copyOf(l, run)) }
	first = &contender{name: "photogo export"}
	first.run = func(run int) (sample, error) {
		to = b.fresh(l, "grow", run)
		return b.export(ctx, first, l, to)
	}
	if err := b.compete(runs, copied, first); err != nil {
		return r, nil, nil, err
	}
	again := &contender{name: "photogo export, again"}
	again.run = func(int) (sample, error) {
		s, sum, err := b.runExport(ctx, l, to)
		again.files = sum.Unchanged
		if err == nil && (sum.Placed != 0 || sum.Unchanged == 0) {
			err = fmt.Errorf("nothing was new, and %d files were placed", sum.Placed)
		}
		return s, err
	}
	if err := b.compete(b.runs, again); err != nil {
		return r, nil, nil, err
	}
	ten := &contender{name: "photogo export, ten assets changed"}
	ten.run = func(run int) (sample, error) {
		touch := exec.CommandContext(ctx, "python3", m.scale, "touch", l.path, "--edited", "10", "--seed", fmt.Sprint(run+1), "--via-wal", "--file-size", "2K")
		if err := b.quietly(touch); err != nil {
			return sample{}, err
		}
		s, sum, err := b.runExport(ctx, l, to)
		ten.files = sum.Placed + sum.Moved
		if err == nil && sum.Placed+sum.Moved == 0 {
			err = fmt.Errorf("ten assets were changed, and no file was placed or moved")
		}
		return s, err
	}
	if err := b.compete(b.runs, ten); err != nil {
		return r, nil, nil, err
	}
	cycle, err := b.cycle(ctx, l, to)
	if err != nil {
		return r, nil, nil, err
	}
	r = result{
		title:      fmt.Sprintf("Exporting %s assets", thousands(assets)),
		contenders: []*contender{copied, first, again, ten, cycle},
		notes:      []string{"Library: `" + l.describe + "`. Ten assets are changed by `scale_library.py touch --edited 10 --via-wal`, before each run."},
	}
	if assets >= 1_000_000 {
		peak := max(first.runs.peak(), again.runs.peak(), ten.runs.peak())
		r.verdicts = append(r.verdicts, verdict{"a million assets need at most 300 MB of memory", megabytes(peak) + " MB", 0 < peak && peak <= limitMillion})
		return r, copied, first, nil
	}
	within := func(c *contender, limit float64) verdict {
		got := c.runs.median()
		return verdict{fmt.Sprintf("%s takes at most %.0f ms", c.name, limit*1000), fmt.Sprintf("%.0f ms", got*1000), got <= limit}
	}
	r.verdicts = append(r.verdicts, within(again, limitRest), within(ten, limitTouched), within(cycle, limitCycle))
	return r, copied, first, nil
}

// cycle measures a cycle that finds nothing new, with what was exported as its staging
// folder, without a vault and a repository.
func (b *bench) cycle(ctx context.Context, l library, to exported) (*contender, error) {
	file := filepath.Join(filepath.Dir(to.dest), "config.toml")
	text := fmt.Sprintf("name = \"bench\"\nlibrary = %q\nstaging = %q\n[export]\ndownload_missing = false\n", l.path, to.dest)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return nil, err
	}
	sync := func() *exec.Cmd { return b.program(ctx, to.home, "sync", "--quiet", "--config", file) }
	if _, err := b.time(ctx, sync()); err != nil { // the first takes over what was exported
		return nil, err
	}
	c := &contender{name: "photogo sync, nothing changed", run: func(int) (sample, error) { return b.time(ctx, sync()) }}
	return c, b.compete(b.runs, c)
}
