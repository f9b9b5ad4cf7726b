package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/urfave/cli/v2"

	"github.com/photogo/photogo/archive"
	"github.com/photogo/photogo/backup"
	"github.com/photogo/photogo/query"
)

const restoreHelp = `Brings files back from the archives in a repository, by nothing but the repository
and its passphrase: neither the library nor what photogo remembers is needed. Of
each file the newest version is meant. A file gets its name only when its bytes have
the sum that they had when the picture was exported; one that is damaged in an archive
is taken from another one that has it. DIR is a new or empty folder; a restore that was
interrupted goes on with the same command. docs/RESTORE.md tells how to do without
photogo.

Examples:
  photogo restore --to ~/Restored --all --repo ssh://me@pi/srv/photos --passphrase keychain:photogo-borg
  photogo restore --to ~/May --period 2025-05 --repo /disk/photos --passphrase keychain:photogo-borg
  photogo restore --to ~/Rome --album "Rome, 2020" --as-of 2024-12-31 --repo … --passphrase …`

func restoreCommand(e environment) *cli.Command {
	return &cli.Command{
		Name: "restore", Usage: "bring files back from archives", ArgsUsage: " ", Description: restoreHelp, OnUsageError: usageError,
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "to", Usage: "the folder `DIR`, new or empty, or that of a restore of the same"},
			&cli.BoolFlag{Name: "all", Usage: "everything"},
			&cli.StringSliceFlag{Name: "period", Usage: "what was archived in the `PERIOD`, such as 2025-05; may be repeated"},
			&cli.StringSliceFlag{Name: "uuid", Usage: "the files of the picture `UUID`; may be repeated"},
			&cli.StringSliceFlag{Name: "album", Usage: "what was in an album of this `TITLE`; may be repeated"},
			&cli.StringFlag{Name: "since", Usage: "what was taken, added or edited since `DATE`"},
			&cli.StringFlag{Name: "as-of", Usage: "as it was archived at the end of `DATE`, or at a time"},
			nameFlag(),
			&cli.BoolFlag{Name: "dry-run", Usage: "say what would be done, and write nothing"},
			&cli.BoolFlag{Name: "json", Usage: "print objects for programs on stdout, one a line"},
			&cli.BoolFlag{Name: "verbose", Aliases: []string{"V"}, Usage: "tell every file"},
			&cli.BoolFlag{Name: "quiet", Aliases: []string{"q"}, Usage: "tell only what is wrong"},
		}, repoFlags()...),
		Action: func(c *cli.Context) error { return restore(c, e) },
	}
}

// nameFlag says whose archives are meant.
func nameFlag() cli.Flag {
	return &cli.StringFlag{Name: "name", Usage: "`NAME` that the archives of the library begin with (default: the only one there is)"}
}

func restore(c *cli.Context, e environment) error {
	if err := arguments(c, 0, ""); err != nil {
		return err
	}
	if c.String("to") == "" {
		return usagef("where to? --to DIR names a new or empty folder")
	}
	to, err := filepath.Abs(c.String("to"))
	if err != nil {
		return err
	}
	selection, err := restoreSelection(c, e.now())
	if err != nil {
		return err
	}
	return e.withRepo(c, func(r *archive.Repo) error {
		t := newRestoreTeller(c, e)
		sum, err := backup.Restore{
			Repo: r, Library: c.String("name"), To: to, Selection: selection, DryRun: c.Bool("dry-run"), Event: t.event,
		}.Run(c.Context)
		if err != nil {
			return err
		}
		return t.close(sum, to)
	})
}

func restoreSelection(c *cli.Context, now time.Time) (s backup.Selection, err error) {
	s = backup.Selection{Periods: c.StringSlice("period"), UUIDs: c.StringSlice("uuid"), Albums: c.StringSlice("album")}
	if text := c.String("since"); text != "" {
		if s.Since, err = query.ParseSince(text, now); err != nil {
			return s, usagef("--since: %w", err)
		}
	}
	if text := c.String("as-of"); text != "" {
		if s.AsOf, err = query.ParseSince(text, now); err != nil {
			return s, usagef("--as-of: %w", err)
		}
		if _, err := time.Parse(time.DateOnly, text); err == nil {
			s.AsOf = s.AsOf.AddDate(0, 0, 1).Add(-time.Microsecond)
		}
	}
	s.Since, s.AsOf = s.Since.UTC(), s.AsOf.UTC()
	some := len(s.Periods)+len(s.UUIDs)+len(s.Albums) > 0 || !s.Since.IsZero()
	switch {
	case !some && !c.Bool("all"):
		return s, usagef("restore what? --all, --period, --uuid, --album or --since")
	case some && c.Bool("all"):
		return s, usagef("--all leaves nothing to select")
	}
	return s, nil
}

type jsonRestoring struct {
	Type    string  `json:"type"`
	Files   int     `json:"files"`
	Bytes   int64   `json:"bytes"`
	Archive string  `json:"archive"`
	Seconds float64 `json:"seconds"`
}

type jsonRestoredFile struct {
	Type    string                `json:"type"`
	Outcome backup.RestoreOutcome `json:"outcome"`
	Path    string                `json:"path"`
	Archive string                `json:"archive"`
	Owner   string                `json:"owner"`
	Role    string                `json:"role"`
	Size    int64                 `json:"size"`
}

type jsonRestored struct {
	Type string `json:"type"`
	backup.RestoreSummary
	Unreadable int     `json:"unreadable"` // archives
	DryRun     bool    `json:"dry_run"`
	Seconds    float64 `json:"seconds"`
}

// restoreTeller tells a restore, to people or to a program.
type restoreTeller struct {
	env                       environment
	json, verbose, quiet, dry bool
	start, last               time.Time
	seen                      jsonRestoring
	told                      map[backup.RestoreOutcome]int
}

func newRestoreTeller(c *cli.Context, e environment) *restoreTeller {
	return &restoreTeller{
		env: e, json: c.Bool("json"), verbose: c.Bool("verbose"), quiet: c.Bool("quiet"), dry: c.Bool("dry-run"),
		start: e.now(), last: e.now(), seen: jsonRestoring{Type: "progress"}, told: map[backup.RestoreOutcome]int{},
	}
}

func (t *restoreTeller) event(ev backup.RestoreEvent) {
	switch ev.Outcome {
	case backup.RestoreReading:
		t.seen.Archive = ev.Archive
	case backup.RestoreRestored, backup.RestoreKept, backup.RestorePlanned:
		t.seen.Files++
		t.seen.Bytes += ev.Size
		t.file(ev)
	default:
		t.wrong(ev)
	}
	t.progress()
}

func (t *restoreTeller) file(ev backup.RestoreEvent) {
	switch {
	case t.verbose && t.json:
		printJSON(t.env.out, jsonRestoredFile{"file", ev.Outcome, ev.Path, ev.Archive, ev.Owner, ev.Role, ev.Size})
	case t.verbose:
		fmt.Fprintf(t.env.err, "%s: %s (%s)\n", ev.Outcome, printable(ev.Path), printable(ev.Archive))
	}
}

// wrong tells a file that is not restored.
func (t *restoreTeller) wrong(ev backup.RestoreEvent) {
	code := exitIncomplete
	if ev.Outcome == backup.RestoreDamaged {
		code = exitDamage
	}
	message := fmt.Sprintf("%s: %s (%s): %v", ev.Outcome, printable(ev.Path), printable(ev.Archive), ev.Err)
	if t.json {
		printJSON(t.env.out, jsonError{"error", code, message, ev.Path, ev.Owner, ev.Role})
	}
	if t.told[ev.Outcome]++; t.told[ev.Outcome] <= fewLines || t.verbose {
		fmt.Fprintln(t.env.err, "photogo:", printable(message))
	} else if t.told[ev.Outcome] == fewLines+1 {
		fmt.Fprintf(t.env.err, "photogo: more files are %s: --verbose or --json lists them all\n", ev.Outcome)
	}
}

func (t *restoreTeller) progress() {
	now := t.env.now()
	t.seen.Seconds = now.Sub(t.start).Seconds()
	switch {
	case t.json && now.Sub(t.last) >= jsonInterval:
		printJSON(t.env.out, t.seen)
		t.last = now
	case !t.json && !t.quiet && now.Sub(t.last) >= pipeInterval:
		fmt.Fprintf(t.env.err, "photogo: %s: %s files, %s so far\n", printable(t.seen.Archive), humanize.Comma(int64(t.seen.Files)), humanize.Bytes(uint64(t.seen.Bytes)))
		t.last = now
	}
}

// close tells the end.
func (t *restoreTeller) close(s backup.RestoreSummary, to string) error {
	for _, name := range s.Unmet {
		message := fmt.Sprintf("nothing in the archives goes by %q", name)
		fmt.Fprintln(t.env.err, "photogo: warning:", printable(message))
		if t.json {
			printJSON(t.env.out, jsonWarning{Type: "warning", Code: "unmatched", Message: message})
		}
	}
	damaged := t.problems(s.Problems)
	if t.json {
		printJSON(t.env.out, jsonRestored{"summary", s, len(s.Problems), t.dry, t.env.now().Sub(t.start).Seconds()})
	}
	if !t.quiet || !s.Complete() {
		t.words(s, to)
	}
	switch {
	case s.Damaged > 0 || damaged:
		return errDamage
	case !s.Complete(), s.Files == 0:
		return errIncomplete
	}
	return nil
}

// problems tells the archives that could not be read as a whole.
func (t *restoreTeller) problems(list []backup.Problem) (damaged bool) {
	for _, p := range list {
		code := exitIncomplete
		if errors.Is(p.Err, archive.ErrDamaged) {
			code, damaged = exitDamage, true
		}
		message := fmt.Sprintf("archive %s: %s", p.Archive, strings.ReplaceAll(p.Err.Error(), "\n", "; "))
		fmt.Fprintf(t.env.err, "photogo: %s\n", printable(message))
		if t.json {
			printJSON(t.env.out, jsonError{Type: "error", Code: code, Message: message})
		}
	}
	if len(list) > 0 {
		fmt.Fprintln(t.env.err, "photogo: there may be files in these archives of which photogo does not know; borg extract brings them back")
	}
	return damaged
}

func (t *restoreTeller) words(s backup.RestoreSummary, to string) {
	n := func(n int) string { return humanize.Comma(int64(n)) }
	if t.dry {
		fmt.Fprintf(t.env.err, "photogo: dry run, nothing was done: %s files, %s, from %s archives to %s\n", n(s.Files), humanize.Bytes(uint64(s.Bytes)), n(s.Archives), to)
		return
	}
	if s.Files == 0 {
		fmt.Fprintln(t.env.err, "photogo: nothing was restored: the archives hold no such file")
		return
	}
	verb, whole := "restored", ", every byte as it was exported"
	if !s.Complete() {
		verb, whole = "restored, but not complete", ""
	}
	var parts []string
	for _, p := range []struct {
		count int
		words string
	}{{s.Kept, "were there"}, {s.Healed, "from another archive than the newest"}, {s.Missing, "missing"}, {s.Damaged, "damaged"}, {s.Failed, "failed"}} {
		if p.count > 0 {
			parts = append(parts, ", "+n(p.count)+" "+p.words)
		}
	}
	fmt.Fprintf(t.env.err, "photogo: %s: %s of %s files, %s%s%s\n", verb, n(s.Restored), n(s.Files), humanize.Bytes(uint64(s.Bytes)), whole, strings.Join(parts, ""))
}

type jsonRebuilt struct {
	Type       string `json:"type"`
	Library    string `json:"library"`
	Archives   int    `json:"archives"`
	Files      int    `json:"files"`
	Bytes      int64  `json:"bytes"`
	Unreadable int    `json:"unreadable"` // archives
}

// catalogueRebuild makes the catalogue anew from the archives.
func catalogueRebuild(c *cli.Context, e environment) error {
	if err := arguments(c, 0, ""); err != nil {
		return err
	}
	state, err := e.stateDir()
	if err != nil {
		return err
	}
	return e.withRepo(c, func(r *archive.Repo) error {
		done, err := backup.Rebuild(c.Context, r, backup.RebuildOptions{
			Library: c.String("name"),
			File:    func(library string) string { return backup.CatalogueFile(state, library) },
			Begin:   func(name string) { fmt.Fprintf(e.err, "photogo: reading what %s holds\n", printable(name)) },
		})
		if err != nil {
			return err
		}
		damaged := newRestoreTeller(c, e).problems(done.Problems)
		if c.Bool("json") {
			printJSON(e.out, jsonRebuilt{"catalogue", done.Library, done.Archives, done.Files, done.Bytes, len(done.Problems)})
		}
		fmt.Fprintf(e.err, "photogo: the catalogue of %s has %s archives with %s files now; none counts as proven before it is read back\n",
			done.Library, humanize.Comma(int64(done.Archives)), humanize.Comma(int64(done.Files)))
		switch {
		case damaged:
			return errDamage
		case len(done.Problems) > 0:
			return errIncomplete
		}
		return nil
	})
}
