package main

import (
	"context"
	"fmt"
	"path/filepath"
)

// Limits that the project set itself.
const (
	limitFirst  = 3.0 // times cp -a and sync of the originals, sidecars included
	limitSecond = 2.0 // seconds at 20,000 assets
	limitPeak   = 200 // MB
)

func held(ok bool) string {
	if ok {
		return "held"
	}
	return "missed"
}

// smallFiles: many files of 16 KiB, where what counts is the cost of a file.
func (b *bench) smallFiles(ctx context.Context, library string) error {
	var copies, first, second, plain series
	for i := range b.runs {
		for _, step := range []struct {
			into *series
			run  func() (result, error)
		}{
			{&copies, func() (result, error) {
				return b.durableCopy(ctx, filepath.Join(library, "originals"), b.fresh("copy", i))
			}},
			{&first, func() (result, error) { return b.export(ctx, library, b.fresh("export", i)) }},
			{&second, func() (result, error) { return b.export(ctx, library, b.fresh("export", i)) }},
			{&plain, func() (result, error) { return b.export(ctx, library, b.fresh("plain", i), "--sidecar", "none") }},
		} {
			r, err := step.run()
			if err != nil {
				return err
			}
			*step.into = append(*step.into, r)
		}
	}
	head(fmt.Sprintf("%d assets, files of 16 KiB", b.assets), "what")
	row("`cp -a originals` and `sync -f`", copies, nil)
	row("first export, with sidecars", first, copies)
	row("first export, `--sidecar none`", plain, copies)
	row("second export, nothing changed", second, nil)
	fmt.Printf("\nFirst: %s\n\nSecond: %s\n\n", first[0].words, second[0].words)
	_, base, _ := copies.of(seconds)
	_, export, _ := first.of(seconds)
	_, again, _ := second.of(seconds)
	_, _, memory := append(first[:len(first):len(first)], second...).of(peak)
	fmt.Printf("Limits: first export at most %.0f times the copy: %s; second at most %.0f s: %s; peak at most %d MB: %s.\n",
		limitFirst, held(export <= limitFirst*base), limitSecond, held(again <= limitSecond), limitPeak, held(memory <= limitPeak))
	return nil
}

// listing: reading the library alone.
func (b *bench) listing(ctx context.Context, library string) error {
	var ours, plain series
	const join = "select * from ZASSET a join ZADDITIONALASSETATTRIBUTES b on b.ZASSET = a.Z_PK"
	for range b.runs {
		r, err := b.timed(ctx, "sqlite3", filepath.Join(library, "database", "Photos.sqlite"), join)
		if err != nil {
			return err
		}
		plain = append(plain, r)
		if r, err = b.timed(ctx, b.photogo, "list", "assets", "--json", "--library", library); err != nil {
			return err
		}
		ours = append(ours, r)
	}
	head(fmt.Sprintf("Reading %d assets", b.assets), "what")
	row("`sqlite3`, asset rows joined with their attributes", plain, nil)
	row("`photogo list assets --json`", ours, plain)
	return nil
}

// jobs: what several workers are good for.
func (b *bench) jobs(ctx context.Context, library string) error {
	head("First export by number of workers", "--jobs")
	for _, jobs := range []int{1, 2, 4, 8} {
		r, err := b.export(ctx, library, b.fresh("jobs", jobs), "--jobs", fmt.Sprint(jobs))
		if err != nil {
			return err
		}
		row(fmt.Sprint(jobs), series{r}, nil)
	}
	return nil
}

// largeFiles: few files of 4 MB, where what counts is the cost of a byte.
func (b *bench) largeFiles(ctx context.Context, library string) error {
	var copies, sums, exports series
	originals := filepath.Join(library, "originals")
	for i := range b.runs {
		r, err := b.durableCopy(ctx, originals, b.fresh("large-copy", i))
		if err != nil {
			return err
		}
		copies = append(copies, r)
		if r, err = b.timed(ctx, "sh", "-c", `find "$1" -type f -exec b3sum {} +`, "sh", originals); err != nil {
			return err
		}
		sums = append(sums, r)
		if r, err = b.export(ctx, library, b.fresh("large", i), "--sidecar", "none"); err != nil {
			return err
		}
		exports = append(exports, r)
	}
	head("200 files of 4 MiB", "what")
	row("`cp -a originals` and `sync -f`", copies, nil)
	row("`b3sum` of the originals, which copies nothing", sums, copies)
	row("export, `--sidecar none`, both hashes", exports, copies)
	return nil
}
