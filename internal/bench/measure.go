package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

// result is one run of a program.
type result struct {
	seconds float64
	peak    float64 // MB of memory
	words   string  // its last line on stderr
}

// timed runs a program, all of whose writing has reached the disk before.
func (b *bench) timed(ctx context.Context, name string, args ...string) (result, error) {
	if err := exec.CommandContext(ctx, "sync").Run(); err != nil {
		return result{}, err
	}
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), "PHOTOGO_HOME="+filepath.Join(b.work, "state"))
	var words bytes.Buffer
	cmd.Stderr = &words
	began := time.Now()
	err := cmd.Run()
	r := result{seconds: time.Since(began).Seconds()}
	var exit *exec.ExitError
	if err != nil && !(errors.As(err, &exit) && exit.ExitCode() == 3) { // photogo: files are missing, as planned
		return r, fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, &words)
	}
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		r.peak = float64(usage.Maxrss) / 1e3
		if runtime.GOOS == "darwin" { // bytes there, KiB elsewhere
			r.peak /= 1024
		}
	}
	lines := strings.Split(strings.TrimSpace(words.String()), "\n")
	r.words = lines[len(lines)-1]
	return r, nil
}

// durableCopy copies a folder as people do, and waits until it is on the disk:
// photogo does not say that a file is there before it is.
func (b *bench) durableCopy(ctx context.Context, from, to string) (result, error) {
	script := `cp -a "$1" "$2" && sync -f "$2"`
	if runtime.GOOS == "darwin" {
		script = `cp -a "$1" "$2" && sync`
	}
	return b.timed(ctx, "sh", "-c", script, "sh", from, to)
}

func (b *bench) export(ctx context.Context, library, dest string, more ...string) (result, error) {
	return b.timed(ctx, b.photogo, append([]string{"export", dest, "--library", library}, more...)...)
}

// fresh names a folder that does not exist.
func (b *bench) fresh(what string, run int) string {
	return filepath.Join(b.work, fmt.Sprintf("%s-%d", what, run))
}

// library makes a large library and reads it once, so that all find it in memory.
func (b *bench) library(ctx context.Context, name string, assets int, more ...string) (string, error) {
	tools := filepath.Join(b.shared, "tools")
	if out, err := exec.CommandContext(ctx, filepath.Join(tools, "unpack_libraries.sh"), b.libraries).CombinedOutput(); err != nil {
		return "", fmt.Errorf("unpack the libraries: %w\n%s", err, out)
	}
	path := filepath.Join(b.work, name+".photoslibrary")
	args := append([]string{filepath.Join(tools, "scale_library.py"), "make", path, fmt.Sprint(assets),
		"--from", filepath.Join(b.libraries, "Test-26.1.photoslibrary")}, more...)
	if out, err := exec.CommandContext(ctx, "python3", args...).CombinedOutput(); err != nil {
		return "", fmt.Errorf("make a library of %d assets: %w\n%s", assets, err, out)
	}
	return path, filepath.WalkDir(path, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		_, err = io.Copy(io.Discard, f)
		return err
	})
}

// series are the results of one thing.
type series []result

func (s series) of(value func(result) float64) (least, median, most float64) {
	values := make([]float64, len(s))
	for i, r := range s {
		values[i] = value(r)
	}
	slices.Sort(values)
	return values[0], values[len(values)/2], values[len(values)-1]
}

func seconds(r result) float64 { return r.seconds }
func peak(r result) float64    { return r.peak }

// row prints a line of a table; against is what the ratio is to, nil for none.
func row(what string, s, against series) {
	least, median, most := s.of(seconds)
	ratio := ""
	if against != nil {
		_, base, _ := against.of(seconds)
		ratio = fmt.Sprintf("%.2f", median/base)
	}
	_, _, memory := s.of(peak)
	fmt.Printf("| %s | %.2f | %.2f | %.2f | %s | %.0f |\n", what, least, median, most, ratio, memory)
}

func head(title, first string) {
	fmt.Printf("\n### %s\n\n| %s | min s | median s | max s | ratio | peak MB |\n|---|---|---|---|---|---|\n", title, first)
}

// machine says what the figures came from.
func (b *bench) machine() {
	cpu := runtime.GOARCH
	if f, err := os.Open("/proc/cpuinfo"); err == nil {
		defer f.Close()
		for s := bufio.NewScanner(f); s.Scan(); {
			if model, ok := strings.CutPrefix(s.Text(), "model name"); ok {
				cpu = strings.TrimSpace(strings.TrimLeft(model, "\t :"))
				break
			}
		}
	}
	tell := func(name string, args ...string) string {
		out, _ := exec.Command(name, args...).Output()
		return strings.TrimSpace(string(out))
	}
	fmt.Printf("%s, %d cores, %s, %s, file system %s, %s\n", cpu, runtime.NumCPU(), tell("uname", "-sr"), runtime.Version(),
		tell("stat", "-f", "-c", "%T", b.work), time.Now().Format(time.DateOnly))
}
