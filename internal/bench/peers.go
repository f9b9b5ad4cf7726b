package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// The limits beside osxphotos, which does the same work in Python.
const (
	limitPeerQuery  = 20.0
	limitPeerFirst  = 20.0
	limitPeerSecond = 300.0
	limitPeerMemory = 3.0
)

// peers measures photogo beside osxphotos, once each: one round of it takes
// minutes.
func (b *bench) peers(ctx context.Context, m maker) ([]result, error) {
	l, err := b.make(ctx, m, "Many", b.assets)
	if err != nil {
		return nil, err
	}
	if err := warm(ctx, l.path); err != nil {
		return nil, err
	}
	ours, theirs := b.fresh(l, "ours", 0), filepath.Join(b.dir, "theirs")
	if err := os.MkdirAll(theirs, 0o755); err != nil {
		return nil, err
	}
	query := &contender{name: "`osxphotos query --json`", run: func(int) (sample, error) {
		return b.time(ctx, b.peerCommand(ctx, "query", "--library", l.path, "--json"))
	}}
	list := &contender{name: "`photogo list assets --json --all`", run: func(int) (sample, error) {
		return b.time(ctx, b.program(ctx, filepath.Join(b.dir, "list"), "list", "assets", "--json", "--all", "--library", l.path))
	}}
	export := func(int) (sample, error) {
		return b.time(ctx, b.peerCommand(ctx, "export", theirs, "--library", l.path, "--directory", "{created.year}/{created.mm}/{created.dd}",
			"--sidecar", "xmp", "--export-aae", "--update", "--touch-file"))
	}
	first, again := &contender{name: "`osxphotos export`", run: export}, &contender{name: "`osxphotos export`, again", run: export}
	own := &contender{name: "photogo export"}
	own.run = func(int) (sample, error) { return b.export(ctx, own, l, ours) }
	ownAgain := &contender{name: "photogo export, again"}
	ownAgain.run = func(int) (sample, error) {
		s, _, err := b.runExport(ctx, l, ours)
		return s, err
	}
	for _, pair := range [][2]*contender{{query, list}, {first, own}, {again, ownAgain}} {
		if err := b.compete(1, pair[0], pair[1]); err != nil {
			return nil, err
		}
	}
	note := "Library: `" + l.describe + "`. " + firstLine(words(ctx, b.peer, "--version")) + "; one run of each."
	faster := func(title string, theirs, ours *contender, limit float64) result {
		times := theirs.runs.median() / ours.runs.median()
		memory := float64(theirs.runs.peak()) / float64(max(ours.runs.peak(), 1))
		return result{title: title, contenders: []*contender{theirs, ours}, notes: []string{note}, verdicts: []verdict{
			{fmt.Sprintf("photogo is at least %.0f times as fast", limit), fmt.Sprintf("%.0f times", times), times >= limit},
			{fmt.Sprintf("photogo needs at most a %.0frd of the memory", limitPeerMemory), fmt.Sprintf("%.1f times less", memory), ours.runs.peak() > 0 && memory >= limitPeerMemory},
		}}
	}
	return []result{
		faster("All facts, beside osxphotos", query, list, limitPeerQuery),
		faster("First export, beside osxphotos", first, own, limitPeerFirst),
		faster("Nothing changed, beside osxphotos", again, ownAgain, limitPeerSecond),
	}, nil
}

func (b *bench) peerCommand(ctx context.Context, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, b.peer, args...)
	home := filepath.Join(b.dir, "peer-home") // its own state and caches
	c.Env = append(os.Environ(), "HOME="+home, "XDG_CONFIG_HOME="+home, "XDG_DATA_HOME="+home, "XDG_CACHE_HOME="+home)
	return c
}
