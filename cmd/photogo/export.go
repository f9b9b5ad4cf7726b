package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/photogo/photogo/export"
	"github.com/photogo/photogo/naming"
	"github.com/photogo/photogo/photosdb"
)

const exportHelp = `Copies every photo and movie of the library into DEST: originals, edited
versions, the movies of Live Photos, RAW halves, the edits themselves (.AAE) and
an XMP sidecar for each picture. Each file is hashed while it is copied and
compared with the fingerprint that Photos keeps. Files that are already there
and unchanged are left alone; a new version takes the place of the one before.
With --download-missing what is only in iCloud is fetched through Photos, proven, and
placed like all else. The library is never written to. What left it stays in DEST; with --cleanup it is
put aside, as is what lies in the library's trash, unless --trashed asks for it.

Examples:
  photogo export /Volumes/Backup/Photos
  photogo export DEST --library "Photos Library.photoslibrary" --since 30d
  photogo export DEST --album Sea --album Alps --not-person "Aunt Zoë" --kind photo
  photogo export DEST --directory "{created.year}/{created.month}" --dry-run
  photogo export DEST --directory "{folder_album,no album}" --link hard
  photogo export DEST --sidecar xmp --sidecar json --report report.csv --quiet
  photogo export DEST --download-missing --max-bytes 50GB

` + selectionHelp

func exportCommand(e environment) *cli.Command {
	return &cli.Command{
		Name:         "export",
		Usage:        "copy the library's photos and movies into a folder",
		ArgsUsage:    "DEST",
		Description:  exportHelp,
		OnUsageError: usageError,
		Flags: append(append([]cli.Flag{
			libraryFlag(),
			&cli.StringFlag{Name: "directory", Value: naming.DefaultDirectory, Usage: "`TEMPLATE` of the folders below DEST"},
			&cli.StringFlag{Name: "filename", Value: naming.DefaultFilename, Usage: "`TEMPLATE` of file names, without extension"},
			&cli.BoolFlag{Name: "portable-names", Usage: "names that Windows, SMB and exFAT can hold, and gocryptfs in one piece"},
			&cli.StringFlag{Name: "link", Value: "clone", Usage: "`HOW` a file gets into its second and further places: clone (else copied), hard or copy"},
			&cli.StringSliceFlag{Name: "sidecar", Usage: "`KIND` of sidecar: xmp, json or none; repeatable (default: xmp)"},
			&cli.BoolFlag{Name: "skip-edited", Usage: "no edited versions"},
			&cli.BoolFlag{Name: "skip-live", Usage: "no movies of Live Photos"},
			&cli.BoolFlag{Name: "skip-raw", Usage: "no RAW halves of RAW+JPEG pairs"},
			&cli.BoolFlag{Name: "skip-bursts", Usage: "no burst frames that were not picked"},
			&cli.BoolFlag{Name: "skip-aae", Usage: "no .AAE files"},
			&cli.BoolFlag{Name: "previews-if-missing", Aliases: []string{"preview-if-missing"}, Usage: "where an original is missing, the largest preview of it as NAME_preview; it stays missing"},
			&cli.BoolFlag{Name: "edited-only", Aliases: []string{"skip-original-if-edited"}, Usage: "of what was edited the edited version alone, where that is at hand"},
			&cli.BoolFlag{Name: "include-referenced", Usage: "files that were left outside the library, too"},
			&cli.BoolFlag{Name: "cleanup", Usage: "put what the library no longer holds into DEST/.photogo/quarantine, for 30 days"},
			&cli.BoolFlag{Name: "allow-mass-removal", Usage: "with --cleanup: even if that is more than a tenth of the files"},
			&cli.BoolFlag{Name: "same-library", Usage: "go on in a DEST that was made from another library: the same pictures on another Mac"},
			&cli.IntFlag{Name: "jobs", Value: 4, Usage: "copy `N` files at a time"},
			&cli.StringFlag{Name: "report", Usage: "write one row a file into `FILE`.csv or .json"},
			&cli.BoolFlag{Name: "dry-run", Usage: "say what would be done, and do nothing"},
			&cli.BoolFlag{Name: "json", Usage: "print objects for programs on stdout, one a line"},
			&cli.BoolFlag{Name: "verbose", Aliases: []string{"V"}, Usage: "tell every file"},
			&cli.BoolFlag{Name: "quiet", Aliases: []string{"q"}, Usage: "tell only what is wrong"},
			// What osxphotos calls what is always done here: old commands run unchanged.
			&cli.BoolFlag{Name: "update", Hidden: true}, &cli.BoolFlag{Name: "export-aae", Hidden: true},
			&cli.BoolFlag{Name: "touch-file", Hidden: true},
			&cli.StringSliceFlag{Name: "query-eval", Hidden: true},
		}, downloadFlags()...), selectionFlags(false)...),
		Action: func(c *cli.Context) error { return exportAction(c, e) },
	}
}

// exporting is one run of the command.
type exporting struct {
	*cli.Context
	env      environment
	to       string // DEST, as it was given
	state    string // photogo's state folder
	wish     string // see wishOf
	opt      export.Options
	link     export.Link
	download *export.DownloadOptions // nil: nothing is fetched
	dry      bool
}

func exportAction(c *cli.Context, e environment) (err error) {
	if err := arguments(c, 1, "the destination folder DEST"); err != nil {
		return err
	}
	x := &exporting{Context: c, env: e, to: c.Args().First(), wish: wishOf(c), dry: c.Bool("dry-run")}
	if x.opt, err = exportOptions(c, e); err != nil {
		return err
	}
	if x.link, err = export.ParseLink(c.String("link")); err != nil {
		return usagef("--link: %w", err)
	}
	if x.state, err = e.stateDir(); err != nil {
		return err
	}
	if x.download, err = e.downloads(c, x.state); err != nil {
		return err
	}
	x.opt.DownloadMissing = x.download != nil
	if !x.dry && !c.Bool("verbose") && c.String("report") == "" { // these tell of each file
		if done, err := x.atRest(); done {
			return err
		}
		if done, err := x.recent(); done {
			return err
		}
	}
	return x.all()
}

// all is an export that looks at everything.
func (x *exporting) all() error {
	ctx := x.Context.Context
	library, err := x.env.openLibrary(x.Context)
	if err != nil {
		return err
	}
	defer library.Close()
	dest, err := export.OpenDestination(ctx, x.to, export.OpenOptions{State: x.state, Library: library.Path(), Look: x.dry})
	if err != nil {
		return err
	}
	defer dest.Close()
	var info photosdb.Info
	if x.Bool("json") || !x.Bool("quiet") { // of how many assets is told to whoever looks on
		if info, err = library.Info(ctx); err != nil {
			return err
		}
	}
	p, err := newPrinter(x.Context, x.env, library.Path(), dest.Path, info.Assets, info.LocalBytes)
	if err != nil {
		return err
	}
	told := 0
	warn := func() {
		list := library.Warnings()
		p.warnOf(list[told:])
		told = len(list)
	}
	warn()
	summary, err := x.carryOut(p, library, dest)
	warn() // some only come up while assets are read
	return finishExport(p, summary, err)
}

// carryOut plans the export of a library and runs it, or says what it would do.
func (x *exporting) carryOut(p *printer, library *photosdb.Library, dest *export.Destination) (summary export.Summary, err error) {
	ctx, opt := x.Context.Context, x.opt
	opt.Library = library.UUID()
	opt.Sample = func() ([]photosdb.UUID, error) { return library.Sample(ctx, export.SampleSize) }
	cursor := ""
	if x.wish != "" {
		if cursor, err = library.Cursor(); err != nil {
			return summary, err
		}
	}
	err = prepare(x.Context, &opt.Query, library, func(w string) { p.warn(jsonWarning{Type: "warning", Code: "selection", Message: w}) })
	if err != nil {
		return summary, err
	}
	query := photosdb.Query{Order: photosdb.ByDate, Include: opt.Include()}
	if cursor != "" && !x.dry {
		query.Baseline = &photosdb.Baseline{}
	}
	plan, err := export.NewPlan(library.Assets(ctx, query), dest.Record, dest.Folder(), opt)
	if err != nil {
		return summary, err
	}
	if x.dry {
		return plan.Rehearse(ctx, p.event)
	}
	job := x.job(p, dest)
	job.Source, job.Cursor, job.Wish, job.Library, job.Warnings = library, cursor, x.wish, query.Baseline, library.Warnings
	return x.run(p, dest, job, plan.Run)
}

// job is what every run has in common.
func (x *exporting) job(p *printer, dest *export.Destination) export.Job {
	return export.Job{Dest: dest.FS, Record: dest.Record, Workers: x.Int("jobs"), Link: x.link, Now: x.env.now(), Event: p.event}
}

// run runs a plan, with what fetches for it.
func (x *exporting) run(p *printer, dest *export.Destination, job export.Job, run func(context.Context, export.Job) (export.Summary, error)) (export.Summary, error) {
	downloads, fetch := fetching(p, dest, x.download)
	job.Fetch = fetch
	summary, err := run(x.Context.Context, job)
	return summary, endDownloads(p, downloads, x.download, summary, err)
}

func finishExport(p *printer, summary export.Summary, err error) error {
	if closeErr := p.close(summary, err); err == nil {
		err = closeErr
	}
	if err == nil && !summary.Complete() {
		if p.unavailable != nil {
			return p.unavailable
		}
		return errIncomplete
	}
	return err
}

// atRest is an export that finds nothing to do without looking at every file: neither
// the library nor the destination's folders have changed since the last. done is false
// where that is not so, or not known.
func (x *exporting) atRest() (done bool, err error) {
	path := x.env.libraryPath(x.Context)
	if x.wish == "" || path == "" {
		return false, nil
	}
	ctx := x.Context.Context
	// Whatever is wrong will be told by the export itself.
	dest, err := export.OpenDestination(ctx, x.to, export.OpenOptions{State: x.state, Library: path, Look: true})
	if err != nil {
		return false, nil
	}
	defer dest.Close()
	full, err := filepath.Abs(path)
	if err != nil {
		return false, nil
	}
	start := x.env.now()
	var warnings []string
	var p *printer
	begin := func(assets int) (err error) {
		if p != nil {
			return nil
		}
		if p, err = newPrinter(x.Context, x.env, full, dest.Path, assets, 0); err != nil {
			return err
		}
		p.start = start
		p.warnOf(warnings)
		return nil
	}
	warn := func(w string) { warnings = append(warnings, w) }
	summary, rests, err := dest.AtRest(ctx, path, x.wish, start, warn, func(ev export.Event) error {
		if err := begin(ev.Assets); err != nil {
			return err
		}
		p.event(ev)
		return nil
	})
	switch {
	case !rests:
		return false, nil
	case err == nil:
		err = begin(summary.Assets)
	}
	if p == nil {
		return true, err
	}
	return true, finishExport(p, summary, err)
}

// recent is an export of what changed since the last. done is false where everything is
// to be looked at; then nothing was done or told.
func (x *exporting) recent() (done bool, err error) {
	path := x.env.libraryPath(x.Context)
	if x.wish == "" || path == "" {
		return false, nil
	}
	ctx, start := x.Context.Context, x.env.now()
	// Known: a destination is only ever made by an export of everything.
	dest, err := export.OpenDestination(ctx, x.to, export.OpenOptions{State: x.state, Library: path, Known: true})
	if err != nil {
		return false, nil
	}
	defer dest.Close()
	recent, _, err := dest.Recent(ctx, path, x.wish, start, x.opt)
	if err != nil || recent == nil {
		return false, nil
	}
	defer recent.Close()
	if path, err = filepath.Abs(path); err != nil {
		return false, nil
	}
	p, err := newPrinter(x.Context, x.env, path, dest.Path, recent.Assets(), 0)
	if err != nil {
		return true, err
	}
	p.start = start
	p.warnOf(recent.Warnings())
	summary, err := x.run(p, dest, x.job(p, dest), recent.Run)
	return true, finishExport(p, summary, err)
}

// wishOf is all that decides what an export does, as a text; "" where every file is to
// be looked at, now and by the next export.
func wishOf(c *cli.Context) string {
	for _, f := range selectionFlags(false) {
		if c.IsSet(f.Names()[0]) { // a selection can depend on the day, or on a file
			return ""
		}
	}
	v, commit := builtFrom()
	wish := []string{v, commit}
	for _, f := range c.Command.Flags {
		switch name := f.Names()[0]; name {
		case "json", "quiet", "verbose", "report", "dry-run", "jobs", "help",
			"helper", "reserve", "max-assets", "max-bytes", "max-minutes", "at-once", "try-parked", "use-photokit":
		default:
			wish = append(wish, fmt.Sprintf("%s=%v", name, c.Value(name)))
		}
	}
	return strings.Join(wish, "\n")
}

// exportOptions binds the flags to the options of the export.
func exportOptions(c *cli.Context, e environment) (opt export.Options, err error) {
	if len(c.StringSlice("query-eval")) > 0 {
		return opt, usagef("--query-eval is not supported; --since, --album, --person and the other flags of `photogo export --help` select")
	}
	if c.Int("jobs") < 1 || c.Int("jobs") > 64 {
		return opt, usagef("--jobs %d: from 1 to 64 files can be copied at a time", c.Int("jobs"))
	}
	if c.Bool("quiet") && c.Bool("verbose") {
		return opt, usagef("--quiet and --verbose exclude each other")
	}
	if opt, err = namingOptions(c); err != nil {
		return opt, err
	}
	if opt.Query, err = parseQuery(c, e, false); err != nil {
		return opt, err
	}
	if err := sidecars(c.StringSlice("sidecar"), &opt); err != nil {
		return opt, err
	}
	opt.Portable = c.Bool("portable-names")
	opt.Skip = export.Skip{
		Edited: c.Bool("skip-edited"), Live: c.Bool("skip-live"), Raw: c.Bool("skip-raw"),
		Bursts: c.Bool("skip-bursts"), AAE: c.Bool("skip-aae"),
	}
	opt.EditedOnly, opt.Previews = c.Bool("edited-only"), c.Bool("previews-if-missing")
	opt.Prune.Wanted, opt.Prune.AllowMass = c.Bool("cleanup"), c.Bool("allow-mass-removal")
	opt.SameLibrary = c.Bool("same-library")
	opt.IncludeReferenced = c.Bool("include-referenced")
	return opt, nil
}

// sidecars reads the kinds of sidecars; none are XMP.
func sidecars(kinds []string, opt *export.Options) error {
	if len(kinds) == 0 {
		return nil
	}
	opt.NoSidecars = true
	for _, kind := range kinds {
		switch {
		case kind == "none" && len(kinds) > 1:
			return usagef("--sidecar none excludes other kinds")
		case kind == "xmp":
			opt.NoSidecars = false
		case kind == "json":
			opt.JSONSidecars = true
		case kind != "none":
			return usagef("--sidecar %s: xmp, json and none are known", kind)
		}
	}
	return nil
}

// namingOptions reads the templates.
func namingOptions(c *cli.Context) (opt export.Options, err error) {
	if opt.Directory, err = naming.Parse(c.String("directory")); err != nil {
		return opt, usagef("--directory: %w", err)
	}
	if opt.Filename, err = naming.Parse(c.String("filename")); err != nil {
		return opt, usagef("--filename: %w", err)
	}
	opt.Details = export.DetailsOf
	return opt, nil
}
