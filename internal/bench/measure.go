package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"time"
)

// bench is one run of the program.
type bench struct {
	config
	dir   string // everything is made in here
	words io.Writer
}

func (b *bench) say(format string, args ...any) {
	fmt.Fprintf(b.words, "bench: "+format+"\n", args...)
}

// sample is one timed step.
type sample struct {
	seconds float64
	peak    int64 // most memory of the largest of its programs, in bytes; 0: no more than this program itself
}

// series are the samples of one contender.
type series []sample

func (s series) sorted() []float64 {
	all := make([]float64, len(s))
	for i := range s {
		all[i] = s[i].seconds
	}
	slices.Sort(all)
	return all
}

func (s series) min() float64 { return s.sorted()[0] }
func (s series) max() float64 { return s.sorted()[len(s)-1] }

func (s series) median() float64 {
	all := s.sorted()
	mid := len(all) / 2
	if len(all)%2 == 1 {
		return all[mid]
	}
	return (all[mid-1] + all[mid]) / 2
}

func (s series) peak() (most int64) {
	for _, one := range s {
		most = max(most, one.peak)
	}
	return most
}

// contender is one side of a comparison. Each run gets its own number, for
// folders that nobody used before.
type contender struct {
	name  string
	run   func(run int) (sample, error)
	files int   // that it reads or makes
	bytes int64 // of these files
	runs  series
}

// compete runs the contenders in turn, so that a slow minute of the machine hits
// all of them, and begins each round with another one.
func (b *bench) compete(runs int, contenders ...*contender) error {
	for i := range runs {
		for k := range contenders {
			c := contenders[(i+k)%len(contenders)]
			s, err := c.run(i)
			if err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
			b.say("%7.2f s  %s", s.seconds, c.name)
			c.runs = append(c.runs, s)
		}
	}
	return nil
}

// time runs commands one after the other, on a machine that has written all it
// had to write, and tells how long they took.
func (b *bench) time(ctx context.Context, commands ...*exec.Cmd) (s sample, err error) {
	if err := b.rest(ctx); err != nil {
		return s, err
	}
	own := shrink()
	for _, c := range commands {
		start := time.Now()
		err := c.Run()
		s.seconds += time.Since(start).Seconds()
		if err := acceptable(c, err); err != nil {
			return s, err
		}
		if most := peak(c.ProcessState); most > own {
			s.peak = max(s.peak, most)
		}
	}
	return s, nil
}

func (b *bench) rest(ctx context.Context) error {
	if err := b.quietly(exec.CommandContext(ctx, "sync")); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(b.settle):
		return nil
	}
}

// incomplete is photogo's exit code where files are only in iCloud, as many are
// in the libraries measured here.
const incomplete = 3

func acceptable(c *exec.Cmd, err error) error {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &exit) && exit.ExitCode() == incomplete && len(c.Args) > 1 && (c.Args[1] == "export" || c.Args[1] == "sync"):
		return nil
	}
	return fmt.Errorf("%s: %w", strings.Join(c.Args[:min(len(c.Args), 3)], " "), err)
}

// shrink gives back what memory this program does not need any more, and tells how much
// it still has, in bytes. 0: that is of no concern.
func shrink() int64 {
	debug.FreeOSMemory()
	if os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) != nil { // forgets the most that it ever had: proc(5)
		return 0
	}
	statm, _ := os.ReadFile("/proc/self/statm")
	var size, resident int64
	fmt.Sscan(string(statm), &size, &resident)
	return resident * int64(os.Getpagesize())
}

// peak is the most memory that a program had at once. Linux counts what the
// starting program had as well, until the started one takes over: see shrink.
func peak(p *os.ProcessState) int64 {
	usage, ok := p.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	if runtime.GOOS == "darwin" {
		return int64(usage.Maxrss)
	}
	return int64(usage.Maxrss) << 10
}

// quietly runs a command whose output matters only where it fails.
func (b *bench) quietly(c *exec.Cmd) error {
	out, err := c.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", filepath.Base(c.Args[0]), err, bytes.TrimSpace(out))
	}
	return nil
}
