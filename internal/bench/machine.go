package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// machine is what figures depend on, as pairs of a word and what it is here.
type machine [][2]string

func describe(ctx context.Context, c config) machine {
	return machine{
		{"date", time.Now().Format("2006-01-02")},
		{"processor", fmt.Sprintf("%s, %d cores", processor(ctx), runtime.NumCPU())},
		{"memory", memory(ctx)},
		{"kernel", words(ctx, "uname", "-srm")},
		{"file system", fileSystem(ctx, c.work)},
		{"Go", runtime.Version()},
		{"photogo", words(ctx, c.photogo, "version")},
		{"cp", firstLine(words(ctx, "cp", "--version"))},
		{"sqlite3", firstField(words(ctx, "sqlite3", "--version"))},
		{"b3sum", words(ctx, "b3sum", "--version")},
		{"load average before", loadAverage(ctx)},
	}
}

// words is what a program prints, or that it is not known.
func words(ctx context.Context, name string, args ...string) string {
	out, err := exec.CommandContext(ctx, name, args...).Output()
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(out))
}

func firstLine(s string) string  { line, _, _ := strings.Cut(s, "\n"); return line }
func firstField(s string) string { field, _, _ := strings.Cut(s, " "); return field }

func processor(ctx context.Context) string {
	if runtime.GOOS == "darwin" {
		return words(ctx, "sysctl", "-n", "machdep.cpu.brand_string")
	}
	return field("/proc/cpuinfo", "model name")
}

func memory(ctx context.Context) string {
	var text string
	var unit int64
	if runtime.GOOS == "darwin" {
		text, unit = words(ctx, "sysctl", "-n", "hw.memsize"), 1
	} else {
		text, unit = strings.TrimSuffix(field("/proc/meminfo", "MemTotal"), " kB"), 1<<10
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return "unknown"
	}
	return fmt.Sprintf("%.1f GiB", float64(n*unit)/(1<<30))
}

// field finds a line "name : value" in a file of /proc.
func field(file, name string) string {
	data, err := os.ReadFile(file)
	if err != nil {
		return "unknown"
	}
	for line := range strings.Lines(string(data)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}

// fileSystem is the kind of file system that a folder lies on. No single program
// says it everywhere, but df knows the mount point and mount the kind.
func fileSystem(ctx context.Context, dir string) string {
	for dir != "/" {
		if _, err := os.Stat(dir); err == nil {
			break
		}
		dir = dir[:max(1, strings.LastIndexByte(dir, '/'))]
	}
	lines := strings.Split(words(ctx, "df", "-P", dir), "\n")
	return kindOf(lines[len(lines)-1], words(ctx, "mount"))
}

// kindOf finds the kind of the file system that a line of df is about:
//
//	/dev/sda1 on / type ext4 (rw,relatime)            Linux
//	/dev/disk3s5 on /System/Volumes/Data (apfs, ...)  macOS
func kindOf(df, mounts string) string {
	fields := strings.Fields(df)
	if len(fields) < 6 {
		return "unknown"
	}
	on := " on " + strings.Join(fields[5:], " ") + " "
	kind := "unknown"
	for line := range strings.Lines(mounts) {
		_, rest, found := strings.Cut(line, on)
		if !found {
			continue
		}
		// The last one that is mounted on a folder hides those before.
		if after, isLinux := strings.CutPrefix(rest, "type "); isLinux {
			kind = firstField(after)
		} else if after, isMac := strings.CutPrefix(rest, "("); isMac {
			kind, _, _ = strings.Cut(after, ",")
		}
	}
	return kind
}

// loadAverage tells how busy the machine was with other things, too: over the
// last minute, five and fifteen.
func loadAverage(ctx context.Context) string {
	_, load, found := strings.Cut(words(ctx, "uptime"), "load average")
	if !found {
		return "unknown"
	}
	return strings.TrimLeft(load, "s: ")
}
