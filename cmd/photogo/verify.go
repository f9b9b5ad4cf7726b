package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/schollz/progressbar/v3"
	"github.com/urfave/cli/v2"

	"github.com/photogo/photogo/export"
	"github.com/photogo/photogo/manifest"
	"github.com/photogo/photogo/photosdb"
	"github.com/photogo/photogo/query"
)

func verifyCommand(e environment) *cli.Command {
	return &cli.Command{
		Name:      "verify",
		Usage:     "read a destination again and compare every byte with what was placed",
		ArgsUsage: "DEST",
		Description: `Reads the files of a destination from its disk, hashes them twice (BLAKE3 and
Apple's fingerprint) and compares them with photogo's record. Tells files that
rotted, were truncated or grew, are missing, cannot be read, and those that
photogo did not place. Exit code 4 if anything is damaged.

Examples:
  photogo verify /Volumes/Backup/Photos
  photogo verify DEST --due 30d        # what was not verified for 30 days
  photogo verify DEST --sample 5%      # those verified longest ago: 20 runs cover all
  photogo verify DEST --repair --library "Photos Library.photoslibrary"
  photogo verify DEST --repair --download-missing   # also what is only in iCloud now`,
		OnUsageError: usageError,
		Flags: append([]cli.Flag{
			libraryFlag(),
			&cli.StringFlag{Name: "sample", Usage: "only this `SHARE` of the files, as 5%: those that were verified longest ago"},
			&cli.StringFlag{Name: "due", Usage: "only what was not verified for this `TIME`: 30d, 2w"},
			&cli.BoolFlag{Name: "repair", Usage: "put damaged files aside and place them anew from the library"},
			&cli.IntFlag{Name: "jobs", Value: 2, Usage: "read `N` files at a time"},
			&cli.BoolFlag{Name: "json", Usage: "print objects for programs on stdout, one a line"},
			&cli.BoolFlag{Name: "verbose", Aliases: []string{"V"}, Usage: "tell every file"},
			&cli.BoolFlag{Name: "quiet", Aliases: []string{"q"}, Usage: "tell only what is wrong"},
		}, downloadFlags()...),
		Action: func(c *cli.Context) error { return verify(c, e) },
	}
}

// jsonFinding tells one file; intact ones with --verbose only.
type jsonFinding struct {
	Type      string             `json:"type"`
	Condition manifest.Condition `json:"condition"`
	Path      string             `json:"path"`
	UUID      string             `json:"uuid,omitempty"`
	Role      string             `json:"role,omitempty"`
	Size      int64              `json:"size"`
	Error     string             `json:"error,omitempty"`
}

type jsonVerified struct {
	Type        string  `json:"type"`
	Files       int     `json:"files"`
	Bytes       int64   `json:"bytes"`
	Intact      int     `json:"intact"`
	Rotten      int     `json:"rotten"`
	Truncated   int     `json:"truncated"`
	Grown       int     `json:"grown"`
	Missing     int     `json:"missing"`
	Unreadable  int     `json:"unreadable"`
	Misrecorded int     `json:"misrecorded"`
	Foreign     int     `json:"foreign"`
	Altered     int     `json:"altered"` // of the intact ones: not what the library recorded
	Repaired    int     `json:"repaired"`
	Seconds     float64 `json:"seconds"`
}

func verify(c *cli.Context, e environment) error {
	opt, err := verifyOptions(c, e)
	if err != nil {
		return err
	}
	state, err := e.stateDir()
	if err != nil {
		return err
	}
	download, err := e.downloads(c, state)
	if err != nil {
		return err
	}
	if download != nil && !c.Bool("repair") {
		return usagef("--download-missing goes with --repair: without it verify places nothing")
	}
	dest, err := openKnown(c, e, export.OpenOptions{Known: true})
	if err != nil {
		return err
	}
	defer dest.Close()
	v := newVerifier(c, e)
	v.download = download
	var bytes int64
	if v.total, bytes, err = dest.Record.Count(); err != nil {
		return err
	}
	if e.terminal && !v.quiet && !v.json && !v.verbose {
		v.bar = newBar(e, max(bytes, 1))
	}
	start := e.now()
	err = dest.Record.Verify(c.Context, dest.FS, opt, v.found)
	if v.bar != nil {
		v.bar.Finish()
	}
	if err != nil {
		return err
	}
	if c.Bool("repair") && len(v.damaged) > 0 {
		if err := v.repair(c, e, dest); err != nil {
			return err
		}
	}
	v.close(e.now().Sub(start))
	switch {
	case v.damage() == 0:
		return nil
	case v.sum.Repaired > 0 && v.sum.Repaired == v.damage():
		return nil
	}
	return errDamage
}

func verifyOptions(c *cli.Context, e environment) (opt manifest.VerifyOptions, err error) {
	opt = manifest.VerifyOptions{Workers: c.Int("jobs"), Now: e.now()}
	if opt.Workers < 1 || opt.Workers > 64 {
		return opt, usagef("--jobs %d: from 1 to 64 files can be read at a time", opt.Workers)
	}
	if due := c.String("due"); due != "" {
		if opt.Before, err = query.ParseSince(due, e.now()); err != nil {
			return opt, usagef("--due: %w", err)
		}
	}
	if sample := c.String("sample"); sample != "" {
		share, err := strconv.ParseFloat(strings.TrimSuffix(sample, "%"), 64)
		if err != nil || !strings.HasSuffix(sample, "%") || !(share > 0 && share <= 100) {
			return opt, usagef("--sample %s: a share of the files is meant, from above 0%% to 100%%", sample)
		}
		opt.Share = share / 100
	}
	return opt, nil
}

// verifier tells what is found, and counts it.
type verifier struct {
	env                  environment
	json, verbose, quiet bool
	total                int
	sum                  jsonVerified
	told                 map[manifest.Condition]int
	damaged              []manifest.Entry
	misrecorded          []manifest.Entry
	download             *export.DownloadOptions // nil: nothing is fetched
	bar                  *progressbar.ProgressBar
	last                 time.Time
	start                time.Time
}

func newVerifier(c *cli.Context, e environment) *verifier {
	return &verifier{
		env: e, json: c.Bool("json"), verbose: c.Bool("verbose"), quiet: c.Bool("quiet"),
		told: map[manifest.Condition]int{}, last: e.now(), start: e.now(), sum: jsonVerified{Type: "summary"},
	}
}

func (v *verifier) found(f manifest.Finding) {
	count := map[manifest.Condition]*int{
		manifest.Intact: &v.sum.Intact, manifest.Rotten: &v.sum.Rotten, manifest.Truncated: &v.sum.Truncated, manifest.Grown: &v.sum.Grown,
		manifest.Absent: &v.sum.Missing, manifest.Unreadable: &v.sum.Unreadable, manifest.Misrecorded: &v.sum.Misrecorded, manifest.Foreign: &v.sum.Foreign,
	}[f.Condition]
	*count++
	if f.Entry != nil {
		v.sum.Files++
		v.sum.Bytes += f.Size
		if f.Condition == manifest.Intact && f.Entry.Proof == manifest.ProofAltered {
			v.sum.Altered++
		}
	}
	switch {
	case f.Condition == manifest.Misrecorded:
		v.misrecorded = append(v.misrecorded, f.Right)
		v.damaged = append(v.damaged, *f.Entry)
	case f.Condition.Damage():
		v.damaged = append(v.damaged, *f.Entry)
	}
	v.tell(f)
	v.progress()
}

func (v *verifier) tell(f manifest.Finding) {
	if f.Condition == manifest.Intact && !v.verbose {
		return
	}
	if v.json {
		j := jsonFinding{Type: "finding", Condition: f.Condition, Path: f.Path, Size: f.Size}
		if f.Entry != nil {
			j.UUID, j.Role = f.Entry.Owner, f.Entry.Role
		}
		if f.Err != nil {
			j.Error = f.Err.Error()
		}
		printJSON(v.env.out, j)
	}
	v.told[f.Condition]++
	if f.Condition == manifest.Foreign && !v.verbose && (v.quiet || v.told[f.Condition] > fewLines) {
		return
	}
	if v.bar != nil {
		v.bar.Clear()
	}
	words := ""
	switch f.Condition {
	case manifest.Truncated, manifest.Grown:
		words = fmt.Sprintf(" (%d bytes, %d were placed)", f.Size, f.Entry.Size)
	case manifest.Unreadable:
		words = ": " + f.Err.Error()
	case manifest.Misrecorded:
		words = " (the file is well by one of its two hashes; the record is not)"
	case manifest.Foreign:
		words = " (photogo did not place it)"
	}
	fmt.Fprintf(v.env.err, "photogo: %s: %s%s\n", f.Condition, printable(f.Path), words)
}

func (v *verifier) progress() {
	if v.bar != nil {
		v.bar.Describe(fmt.Sprintf("%s of %s files", humanize.Comma(int64(v.sum.Files)), humanize.Comma(int64(v.total))))
		v.bar.Set64(v.sum.Bytes)
		return
	}
	now := v.env.now()
	switch {
	case v.json && now.Sub(v.last) >= jsonInterval:
		printJSON(v.env.out, jsonProgress{Type: "progress", Files: v.sum.Files, Bytes: v.sum.Bytes, Seconds: now.Sub(v.start).Seconds()})
		v.last = now
	case !v.json && !v.quiet && now.Sub(v.last) >= pipeInterval:
		fmt.Fprintf(v.env.err, "photogo: %s of %s files, %s\n", humanize.Comma(int64(v.sum.Files)), humanize.Comma(int64(v.total)), humanize.Bytes(uint64(v.sum.Bytes)))
		v.last = now
	}
}

func (v *verifier) damage() int {
	return v.sum.Files - v.sum.Intact
}

// repair places what is damaged anew, and mends the record where that is what
// was damaged.
func (v *verifier) repair(c *cli.Context, e environment, dest *export.Destination) error {
	if err := dest.Record.Commit(manifest.Change{Placed: v.misrecorded}); err != nil {
		return err
	}
	if err := dest.Record.WriteSums(c.Context, dest.FS); err != nil {
		return err
	}
	mended := map[string]bool{manifest.SumsName: true}
	for _, m := range v.misrecorded {
		mended[m.Path] = true
	}
	damaged := slices.DeleteFunc(slices.Clone(v.damaged), func(d manifest.Entry) bool { return mended[d.Path] })
	v.sum.Repaired += len(v.damaged) - len(damaged)
	if len(damaged) == 0 {
		return nil
	}
	library, err := e.openLibrary(c)
	if err != nil {
		return fmt.Errorf("repair: %w", err)
	}
	defer library.Close()
	opt := export.Options{IncludeReferenced: true, DownloadMissing: v.download != nil}
	plan := export.NewRepair(library.Assets(c.Context, photosdb.Query{}), dest.Record, dest.Folder(), damaged, opt)
	job := export.Job{Source: library, Dest: dest.FS, Record: dest.Record, Workers: c.Int("jobs"), Now: e.now(), Event: v.repaired}
	if v.download == nil {
		_, err = plan.Run(c.Context, job)
		return err
	}
	downloads := export.NewDownloads(dest, *v.download)
	job.Fetch = downloads.Fetching()
	_, err = plan.Run(c.Context, job)
	err = errors.Join(err, downloads.Close())
	if why := downloads.Err(); why != nil {
		fmt.Fprintf(e.err, "photogo: warning: iCloud: %v\n", why)
		if hint := hintOf(why); hint != "" {
			fmt.Fprintln(e.err, hint)
		}
	}
	return err
}

// repaired tells what became of a damaged file.
func (v *verifier) repaired(ev export.Event) {
	path := printable(ev.Item.Path)
	switch {
	case ev.Outcome == export.Placed, ev.Outcome == export.Unchanged:
		v.sum.Repaired++
		fmt.Fprintf(v.env.err, "photogo: repaired: %s\n", path)
	case ev.Outcome == export.Failed:
		fmt.Fprintf(v.env.err, "photogo: not repaired: %v\n", ev.Err)
	case ev.Err != nil:
		fmt.Fprintf(v.env.err, "photogo: not repaired: %s: only in iCloud; %v\n", path, ev.Err)
	case ev.Item.Reason == export.ReasonInCloud && v.download == nil:
		fmt.Fprintf(v.env.err, "photogo: not repaired: %s: %s; --download-missing fetches it\n", path, ev.Item.Reason)
	default:
		fmt.Fprintf(v.env.err, "photogo: not repaired: %s: %s\n", path, ev.Item.Reason)
	}
}

func (v *verifier) close(took time.Duration) {
	v.sum.Seconds = took.Seconds()
	if v.json {
		printJSON(v.env.out, v.sum)
	}
	if v.quiet && v.damage() == 0 {
		return
	}
	s := v.sum
	parts := []string{humanize.Comma(int64(s.Intact)) + " intact"}
	for _, p := range []struct {
		n    int
		what manifest.Condition
	}{
		{s.Rotten, manifest.Rotten}, {s.Truncated, manifest.Truncated}, {s.Grown, manifest.Grown}, {s.Missing, manifest.Absent},
		{s.Unreadable, manifest.Unreadable}, {s.Misrecorded, manifest.Misrecorded}, {s.Foreign, manifest.Foreign}, {s.Repaired, "repaired"},
		{s.Altered, "altered before they were exported"},
	} {
		if p.n > 0 {
			parts = append(parts, humanize.Comma(int64(p.n))+" "+string(p.what))
		}
	}
	verb := "verified"
	if v.damage() > s.Repaired {
		verb = "damage found"
	}
	fmt.Fprintf(v.env.err, "photogo: %s: %s files, %s: %s; %s\n", verb, humanize.Comma(int64(s.Files)), humanize.Bytes(uint64(s.Bytes)),
		strings.Join(parts, ", "), took.Round(10*time.Millisecond))
}

var errDamage = errors.New("damage")
