package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/schollz/progressbar/v3"
	"github.com/urfave/cli/v2"

	"github.com/photogo/photogo/export"
	"github.com/photogo/photogo/photokit"
)

// printer tells a run: to a person on stderr, with a bar if that is a terminal,
// and with --json to a program on stdout.
type printer struct {
	mu             sync.Mutex // while a run goes on
	env            environment
	dest           string
	json, quiet    bool
	verbose, dry   bool
	report         *export.Report
	bar            *progressbar.ProgressBar // nil where nobody watches
	start          time.Time
	last           time.Time // when progress was told last
	seen           export.Summary
	bytes          int64 // of all files whose fate is known
	assets, total  int
	totalBytes     int64
	missing, wrong int   // files that are missing, and altered
	inCloud        int   // of those missing, only in iCloud
	coming, due    int64 // bytes on their way from iCloud, that came and that are expected
	unavailable    error // why iCloud was of no use; nil
}

// fewLines is how many missing or altered files are told by name without
// --verbose; with iCloud a library can miss most of its originals.
const fewLines = 20

// How often progress is told: to a program, and to a person behind a pipe.
const (
	jsonInterval = time.Second
	pipeInterval = 10 * time.Second
)

func newPrinter(c *cli.Context, e environment, library, dest string, assets int, bytes int64) (p *printer, err error) {
	p = &printer{
		env: e, dest: dest, json: c.Bool("json"), quiet: c.Bool("quiet"), verbose: c.Bool("verbose"),
		dry: c.Bool("dry-run"), start: e.now(), last: e.now(), total: assets, totalBytes: bytes,
	}
	if name := c.String("report"); name != "" {
		if p.report, err = export.NewReport(name); err != nil {
			return nil, usagef("--report: %w", err)
		}
	}
	if !p.quiet {
		verb := "exporting"
		if p.dry {
			verb = "planning the export of"
		}
		fmt.Fprintf(e.err, "photogo: %s %s assets of %s to %s\n", verb, humanize.Comma(int64(assets)), library, dest)
	}
	if e.terminal && !p.quiet && !p.json && !p.verbose {
		p.bar = newBar(e, max(p.totalBytes, 1))
	}
	return p, nil
}

// newBar is a progress bar over some bytes.
func newBar(e environment, bytes int64) *progressbar.ProgressBar {
	return progressbar.NewOptions64(bytes, progressbar.OptionSetWriter(e.err), progressbar.OptionShowBytes(true), progressbar.OptionShowCount(),
		progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionSetPredictTime(true), progressbar.OptionUseANSICodes(true),
		progressbar.OptionClearOnFinish(), progressbar.OptionFullWidth(), progressbar.OptionSetDescription("0 files"))
}

// fetching tells how far the downloads are. It is called by other goroutines than
// event.
func (p *printer) fetching(bytes, of int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.coming, p.due = bytes, of
	p.progress()
}

// event tells the fate of one file.
func (p *printer) event(ev export.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if ev.Outcome != export.Removed && ev.Outcome != export.Adopted {
		p.seen.Files++
	}
	p.assets = ev.Assets
	if ev.Entry != nil && ev.Outcome != export.Adopted {
		p.bytes += ev.Entry.Size
	}
	if p.report != nil {
		p.report.Add(ev) // a failure shows when the report is closed
	}
	switch {
	case ev.Outcome == export.Failed:
		p.fail(ev)
	case ev.Outcome == export.Removed, ev.Outcome == export.Adopted:
	case ev.Outcome == export.Absent:
		p.missing++
		if ev.OnlyInCloud() {
			p.inCloud++
		}
		p.tell(ev, "missing", p.missing)
	case ev.Altered():
		p.wrong++
		p.tell(ev, "altered", p.wrong)
	}
	if p.verbose {
		p.file(ev)
	}
	p.progress()
}

func (p *printer) progress() {
	bytes, total := p.bytes+p.coming, max(p.totalBytes, p.bytes+p.due)
	if p.bar != nil {
		p.bar.Describe(humanize.Comma(int64(p.seen.Files)) + " files")
		if total > p.totalBytes {
			p.bar.ChangeMax64(total)
		}
		p.bar.Set64(min(bytes, total))
		return
	}
	now := p.env.now()
	switch {
	case p.json && now.Sub(p.last) >= jsonInterval:
		printJSON(p.env.out, jsonProgress{"progress", p.assets, p.total, p.seen.Files, bytes, total, p.coming, now.Sub(p.start).Seconds()})
		p.last = now
	case !p.json && !p.quiet && now.Sub(p.last) >= pipeInterval:
		fmt.Fprintf(p.env.err, "photogo: %s of %s assets, %s files, %s\n", humanize.Comma(int64(p.assets)), humanize.Comma(int64(p.total)),
			humanize.Comma(int64(p.seen.Files)), humanize.Bytes(uint64(bytes)))
		p.last = now
	}
}

// tell lists a file that is missing or altered; the nth of its kind.
func (p *printer) tell(ev export.Event, code string, nth int) {
	w := jsonWarning{"warning", code, reason(ev), path(ev), string(ev.Item.UUID), string(ev.Item.Role)}
	if p.json {
		printJSON(p.env.out, w)
	}
	if p.verbose || nth <= fewLines {
		p.line("%s: %s: %s", code, path(ev), reason(ev))
	} else if nth == fewLines+1 {
		p.line("more files are %s: --verbose or --report lists them all", code)
	}
}

func reason(ev export.Event) string {
	switch {
	case ev.Outcome == export.Absent && ev.Err != nil:
		return ev.Item.Reason + "; " + cause(ev.Err).Error()
	case ev.Outcome == export.Absent:
		return ev.Item.Reason
	}
	if s := ev.Item.Source; s != nil && s.Size > 0 && ev.Entry.Size != s.Size {
		return fmt.Sprintf("has %d bytes where the library recorded %d: changed in place since it was imported; exported as it is", ev.Entry.Size, s.Size)
	}
	return "its bytes do not match Apple's fingerprint; exported as it is"
}

// cause is why a file was not fetched, without which one: that is told already.
func cause(err error) error {
	var said *photokit.Error
	if errors.As(err, &said) {
		return said.Err
	}
	return err
}

func (p *printer) fail(ev export.Event) {
	p.line("failed: %v", ev.Err)
	if p.json {
		printJSON(p.env.out, jsonError{"error", exitIncomplete, ev.Err.Error(), path(ev), string(ev.Item.UUID), string(ev.Item.Role)})
	}
}

func (p *printer) warn(w jsonWarning) {
	if p.json {
		printJSON(p.env.out, w)
	}
	p.line("warning: %s", w.Message)
}

// warnOf tells what a library lacks.
func (p *printer) warnOf(library []string) {
	for _, w := range library {
		p.warn(jsonWarning{Type: "warning", Code: "library", Message: w})
	}
}

// file tells a file because all are to be told.
func (p *printer) file(ev export.Event) {
	if p.json {
		row := export.NewRow(ev)
		printJSON(p.env.out, jsonFile{"file", row})
		return
	}
	if ev.Outcome == export.Placed || ev.Outcome == export.Moved || ev.Outcome == export.Unchanged || ev.Outcome == export.Removed || ev.Outcome == export.Adopted {
		proof := ""
		if ev.Entry != nil && ev.Entry.Proof != "" {
			proof = ", " + string(ev.Entry.Proof)
		}
		fmt.Fprintf(p.env.err, "%s: %s (%s%s)\n", ev.Outcome, path(ev), ev.Item.Reason, proof)
	}
}

// line writes a line for a person, out of the way of the bar.
func (p *printer) line(format string, args ...any) {
	if p.bar != nil {
		p.bar.Clear()
	}
	fmt.Fprintf(p.env.err, "photogo: "+format+"\n", args...)
}

// path names the file of an event for a person.
func path(ev export.Event) string {
	if ev.Item.Path != "" {
		return ev.Item.Path
	}
	return fmt.Sprintf("%s of %s", ev.Item.Role, ev.Item.UUID)
}

// close ends the telling with the closing words.
func (p *printer) close(s export.Summary, failed error) (err error) {
	if p.bar != nil {
		p.bar.Finish()
	}
	if p.report != nil {
		err = p.report.Close()
	}
	took := p.env.now().Sub(p.start)
	if !p.quiet || failed == nil && !s.Complete() {
		p.closingWords(s, took, failed)
	}
	if p.json && failed == nil {
		printJSON(p.env.out, jsonSummary{"summary", s, p.dry, took.Seconds()})
	}
	return err
}

func (p *printer) closingWords(s export.Summary, took time.Duration, failed error) {
	n := func(n int) string { return humanize.Comma(int64(n)) }
	var parts []string
	part := func(count int, words string) {
		if count > 0 {
			parts = append(parts, n(count)+" "+words)
		}
	}
	parts = append(parts, n(s.Placed)+" placed ("+humanize.Bytes(uint64(s.Bytes))+")")
	if s.Fetched > 0 {
		verb := "fetched"
		if p.dry {
			verb = "to be fetched"
		}
		parts[0] += " (" + n(s.Fetched) + " " + verb + " from iCloud)"
	}
	part(s.Moved, "moved")
	parts = append(parts, n(s.Unchanged)+" unchanged", n(s.Missing)+" missing")
	if p.inCloud > 0 {
		parts[len(parts)-1] += " (" + n(p.inCloud) + " only in iCloud" + stillToCome(s) + ")"
	}
	part(s.Adopted, "adopted")
	part(s.Removed, "removed")
	part(s.Altered, "altered")
	part(s.Failed, "failed")
	verb := "done"
	switch {
	case failed != nil:
		verb = "ended early"
	case p.dry:
		verb = "dry run, nothing was done"
	case !s.Complete():
		verb = "done, but not complete"
	}
	rate := ""
	if seconds := took.Seconds(); seconds > 0.5 && s.Bytes > 0 && !p.dry {
		rate = ", " + humanize.Bytes(uint64(float64(s.Bytes)/seconds)) + "/s"
	}
	fmt.Fprintf(p.env.err, "photogo: %s: %s assets, %s files: %s; %s%s\n", verb, n(s.Assets), n(s.Files), strings.Join(parts, ", "),
		took.Round(10*time.Millisecond), rate)
}

// stillToCome says why files that were to be fetched are missing.
func stillToCome(s export.Summary) (words string) {
	for _, w := range []struct {
		count int
		words string
	}{{s.Parked, "parked"}, {s.Waiting, "waiting for room on the disk"}, {s.Postponed, "left for the next run"}} {
		if w.count > 0 {
			words += ", " + humanize.Comma(int64(w.count)) + " " + w.words
		}
	}
	if words != "" {
		words += ": " + humanize.Bytes(uint64(max(s.ToCome, 0))) + " still to come"
	}
	return words
}

// The objects of --json; docs/JSON.md describes them.

type jsonProgress struct {
	Type       string  `json:"type"`
	Assets     int     `json:"assets"`
	Total      int     `json:"assets_total"`
	Files      int     `json:"files"`
	Bytes      int64   `json:"bytes"`
	TotalBytes int64   `json:"bytes_total"`
	Coming     int64   `json:"bytes_coming"`
	Seconds    float64 `json:"seconds"`
}

type jsonWarning struct {
	Type    string `json:"type"`
	Code    string `json:"code"`
	Message string `json:"message"`
	Path    string `json:"path,omitempty"`
	UUID    string `json:"uuid,omitempty"`
	Role    string `json:"role,omitempty"`
}

type jsonError struct {
	Type    string `json:"type"`
	Code    int    `json:"code"`
	Message string `json:"message"`
	Path    string `json:"path,omitempty"`
	UUID    string `json:"uuid,omitempty"`
	Role    string `json:"role,omitempty"`
}

type jsonFile struct {
	Type string `json:"type"`
	export.Row
}

type jsonSummary struct {
	Type string `json:"type"`
	export.Summary
	DryRun  bool    `json:"dry_run"`
	Seconds float64 `json:"seconds"`
}

// printJSON writes one object and a newline.
func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}
