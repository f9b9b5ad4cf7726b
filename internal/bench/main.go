// Command bench measures photogo side by side with the tools people know, in
// one run on one machine, and prints tables for docs/BENCHMARKS.md. Run it by
// `make bench` on a machine that does nothing else.
//
// It needs the maker of large libraries, which does not belong to the project:
// see PHOTOGO_SHARED in CONTRIBUTING.md. No timing makes it fail.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	b := bench{}
	flag.StringVar(&b.photogo, "photogo", "bin/photogo", "the photogo to measure")
	flag.StringVar(&b.shared, "shared", or(os.Getenv("PHOTOGO_SHARED"), "../shared"), "where the maker of large libraries is")
	flag.StringVar(&b.libraries, "libraries", or(os.Getenv("PHOTOGO_LIBRARIES"), ".libraries"), "where the real libraries are, or are unpacked to")
	flag.StringVar(&b.work, "work", ".bench", "a folder for everything, on the disk to measure")
	flag.IntVar(&b.assets, "assets", 20000, "size of the library")
	flag.IntVar(&b.runs, "runs", 3, "how often each thing is measured")
	flag.Parse()
	if err := b.run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func or(a, b string) string {
	if a == "" {
		return b
	}
	return a
}

// bench is one measurement of everything.
type bench struct {
	photogo, shared, libraries, work string
	assets, runs                     int
}

func (b *bench) run(ctx context.Context) (err error) {
	for _, path := range []*string{&b.photogo, &b.shared, &b.libraries, &b.work} {
		if *path, err = filepath.Abs(*path); err != nil {
			return err
		}
	}
	if _, err := os.Stat(filepath.Join(b.shared, "tools", "scale_library.py")); err != nil {
		return fmt.Errorf("the maker of large libraries is not here (PHOTOGO_SHARED says where it is): %w", err)
	}
	if err := os.MkdirAll(b.work, 0o755); err != nil {
		return err
	}
	// Everything is removed at the end only: ext4 makes files slowly for minutes
	// where many were removed.
	defer func() { err = errors.Join(err, os.RemoveAll(b.work)) }()

	small, err := b.library(ctx, "small", b.assets)
	if err != nil {
		return err
	}
	large, err := b.library(ctx, "large", 200, "--file-size", "4M", "--cloud-only", "0%", "--live", "0%", "--movies", "0%", "--edits", "0%", "--trashed", "0%")
	if err != nil {
		return err
	}
	b.machine()
	for _, table := range []func(context.Context, string) error{b.smallFiles, b.listing, b.jobs} {
		if err := table(ctx, small); err != nil {
			return err
		}
	}
	return b.largeFiles(ctx, large)
}
