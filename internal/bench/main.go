// Command bench measures photogo side by side with programs that people know,
// all in one run on one machine, and prints Markdown tables for
// docs/BENCHMARKS.md. `make bench` runs it.
//
// It takes no part in judging whether photogo is right: the tests do. It does
// stop where an export did not do what is being measured, as figures of that
// would mislead. A limit that is missed is only printed.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
	stop()
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
	case ctx.Err() != nil:
		fmt.Fprintln(os.Stderr, "bench: interrupted")
		os.Exit(130)
	default:
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// config is the command line.
type config struct {
	photogo   string
	shared    string // where the tools are that make libraries
	libraries string // where the real libraries are unpacked
	work      string
	peer      string // osxphotos; "" for none
	helper    string // the helper for Photos, built on the stub of PhotoKit; "" for none
	assets    int
	runs      int
	settle    time.Duration
	keep      bool
	sizes     string // of the libraries that are only read
	only      string // measures, "" for all
	growth    string // sizes of the libraries of small files that are exported

	read, changes, since, hash, place, into string // this program measures itself
	beside                                  int
}

func run(ctx context.Context, args []string, getenv func(string) string, out, words io.Writer) error {
	c, err := parse(args, getenv, words)
	if err != nil {
		return err
	}
	switch {
	case c.read != "":
		return readAll(ctx, c.read, c.work)
	case c.hash != "":
		return hashAll(ctx, c.hash)
	case c.place != "":
		return placeAll(ctx, c.place, c.into, c.beside)
	case c.changes != "":
		return findChanges(ctx, c.changes, c.since, c.work, out)
	}
	maker, err := findMaker(c)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(c.work, 0o755); err != nil {
		return err
	}
	dir, err := os.MkdirTemp(c.work, "run-")
	if err != nil {
		return err
	}
	// Not before the end: on ext4 the inodes of deleted files slow down the
	// creation of new ones for minutes.
	defer func() {
		if c.keep {
			fmt.Fprintln(words, "bench: kept", dir)
			return
		}
		fmt.Fprintln(words, "bench: deleting", dir)
		os.RemoveAll(dir)
	}()
	b := &bench{config: c, dir: dir, words: words}
	before := describe(ctx, c)
	if err := b.quietly(exec.CommandContext(ctx, "sh", maker.unpack, maker.libraries)); err != nil {
		return err
	}
	measures := b.measures(maker)
	if c.peer != "" {
		measures = []measure{{"peers", func(ctx context.Context) ([]result, error) { return b.peers(ctx, maker) }}}
	}
	var results []result
	for _, m := range measures {
		if c.only != "" && !slices.Contains(strings.Split(c.only, ","), m.name) {
			continue
		}
		more, err := m.run(ctx)
		if err != nil {
			return err
		}
		results = append(results, more...)
	}
	return write(out, before, loadAverage(ctx), commandLine(args), results)
}

// measure is one of those that -only names.
type measure struct {
	name string
	run  func(ctx context.Context) ([]result, error)
}

// measures are all but those beside peers.
func (b *bench) measures(m maker) []measure {
	sizes := func(list string, each func(sizes []int) ([]result, error)) ([]result, error) {
		n, err := numbers(list)
		if err != nil {
			return nil, err
		}
		return each(n)
	}
	return []measure{
		{"export", func(ctx context.Context) ([]result, error) { return b.measure(ctx, m) }},
		{"large", func(ctx context.Context) ([]result, error) { return b.large(ctx, m) }},
		{"clone", func(ctx context.Context) ([]result, error) { return b.clones(ctx, m) }},
		{"download", func(ctx context.Context) ([]result, error) { return b.downloads(ctx, m) }},
		{"prove", func(ctx context.Context) ([]result, error) { return b.prove(ctx, m) }},
		{"read", func(ctx context.Context) ([]result, error) {
			return sizes(b.sizes, func(n []int) ([]result, error) { return b.scales(ctx, m, n) })
		}},
		{"grow", func(ctx context.Context) ([]result, error) {
			return sizes(b.growth, func(n []int) ([]result, error) { return b.grow(ctx, m, n) })
		}},
	}
}

func numbers(list string) (all []int, err error) {
	for _, text := range strings.Fields(strings.ReplaceAll(list, ",", " ")) {
		n, err := strconv.Atoi(text)
		if err != nil {
			return nil, err
		}
		all = append(all, n)
	}
	return all, nil
}

func parse(args []string, getenv func(string) string, words io.Writer) (config, error) {
	or := func(name, otherwise string) string {
		if v := getenv(name); v != "" {
			return v
		}
		return otherwise
	}
	var c config
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.SetOutput(words)
	f.StringVar(&c.photogo, "photogo", "bin/photogo", "the `program` to measure")
	f.StringVar(&c.shared, "shared", or("PHOTOGO_SHARED", "../shared"), "`folder` of the tools that make libraries")
	f.StringVar(&c.libraries, "libraries", or("PHOTOGO_LIBRARIES", ".libraries"), "`folder` for the real libraries, unpacked where they are not")
	f.StringVar(&c.work, "work", ".bench", "`folder` to work in, on the disk to be measured")
	f.StringVar(&c.peer, "peer", "", "measure beside this osxphotos, and nothing else")
	f.StringVar(&c.helper, "helper", or("PHOTOGO_STUB_HELPER", ""), "the `program` that make helper-test builds, to measure downloads; \"\" for none")
	f.IntVar(&c.assets, "assets", 20000, "assets in the library")
	f.StringVar(&c.sizes, "scale", "20000,100000,1000000", "`SIZES` of libraries without files that are read, as 20000,100000; \"\" for none")
	f.StringVar(&c.only, "only", "", "measure these alone: `NAMES` of export, large, clone, download, prove, read and grow, as large,clone")
	f.StringVar(&c.growth, "grow", "10000,100000", "`SIZES` of libraries of small files that are exported, smallest first; \"\" for none")
	f.StringVar(&c.hash, "hash", "", "compute both hashes of every file below a `FOLDER`, and nothing else")
	f.StringVar(&c.place, "place", "", "put every file below a `FOLDER` into another as an export does, and nothing else")
	f.StringVar(&c.into, "into", "", "with -place: the `FOLDER` to make")
	f.IntVar(&c.beside, "beside", 0, "with -place: write a file of `BYTES` beside each")
	f.StringVar(&c.read, "read", "", "read every asset of a `LIBRARY`, and nothing else")
	f.StringVar(&c.changes, "changes", "", "find what changed in a `LIBRARY`, and nothing else")
	f.StringVar(&c.since, "since", "", "with -changes: since what `FILE` holds")
	f.IntVar(&c.runs, "runs", 3, "runs of each measure")
	f.DurationVar(&c.settle, "settle", 2*time.Second, "rest after the sync before each timed step")
	f.BoolVar(&c.keep, "keep", false, "do not delete the libraries and exports at the end")
	if err := f.Parse(args); err != nil {
		return c, err
	}
	if f.NArg() > 0 || c.assets < 1 || c.runs < 1 {
		return c, errors.New("usage: bench [-photogo PROGRAM] [-assets N] [-runs N] ...; at least 1 asset and 1 run")
	}
	for _, path := range []*string{&c.photogo, &c.shared, &c.libraries, &c.work} {
		abs, err := filepath.Abs(*path)
		if err != nil {
			return c, err
		}
		*path = abs
	}
	if c.read != "" || c.changes != "" || c.hash != "" || c.place != "" {
		return c, nil
	}
	if _, err := os.Stat(c.photogo); err != nil {
		return c, fmt.Errorf("no program to measure; `make build` builds it: %w", err)
	}
	return c, nil
}

// commandLine is the command for others to repeat. Where things lie on this
// machine matters to nobody else.
func commandLine(args []string) string {
	line := []string{"go run ./internal/bench"}
	for _, a := range args {
		if filepath.IsAbs(a) {
			a = filepath.Base(a)
		}
		line = append(line, a)
	}
	return strings.Join(line, " ")
}
