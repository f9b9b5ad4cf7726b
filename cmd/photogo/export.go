package main

import (
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
The library is never written to, and what left it stays in DEST.

Examples:
  photogo export /Volumes/Backup/Photos
  photogo export DEST --library "Photos Library.photoslibrary" --since 30d
  photogo export DEST --album Sea --album Alps --not-person "Aunt Zoë" --kind photo
  photogo export DEST --directory "{created.year}/{created.month}" --dry-run
  photogo export DEST --report report.csv --quiet

` + selectionHelp

func exportCommand(e environment) *cli.Command {
	return &cli.Command{
		Name:         "export",
		Usage:        "copy the library's photos and movies into a folder",
		ArgsUsage:    "DEST",
		Description:  exportHelp,
		OnUsageError: usageError,
		Flags: append([]cli.Flag{
			libraryFlag(),
			&cli.StringFlag{Name: "directory", Value: naming.DefaultDirectory, Usage: "`TEMPLATE` of the folders below DEST"},
			&cli.StringFlag{Name: "filename", Value: naming.DefaultFilename, Usage: "`TEMPLATE` of file names, without extension"},
			&cli.StringSliceFlag{Name: "sidecar", Usage: "`KIND` of sidecar: xmp or none (default: xmp)"},
			&cli.BoolFlag{Name: "skip-edited", Usage: "no edited versions"},
			&cli.BoolFlag{Name: "skip-live", Usage: "no movies of Live Photos"},
			&cli.BoolFlag{Name: "skip-raw", Usage: "no RAW halves of RAW+JPEG pairs"},
			&cli.BoolFlag{Name: "skip-bursts", Usage: "no burst frames that were not picked"},
			&cli.BoolFlag{Name: "skip-aae", Usage: "no .AAE files"},
			&cli.BoolFlag{Name: "include-referenced", Usage: "files that were left outside the library, too"},
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
		}, selectionFlags(false)...),
		Action: func(c *cli.Context) error { return exportAction(c, e) },
	}
}

func exportAction(c *cli.Context, e environment) (err error) {
	if err := arguments(c, 1, "the destination folder DEST"); err != nil {
		return err
	}
	opt, err := exportOptions(c, e)
	if err != nil {
		return err
	}
	state, err := e.stateDir()
	if err != nil {
		return err
	}
	library, err := e.openLibrary(c)
	if err != nil {
		return err
	}
	defer library.Close()
	dry := c.Bool("dry-run")
	dest, err := export.OpenDestination(c.Context, c.Args().First(), library.Path(), state, dry)
	if err != nil {
		return err
	}
	defer dest.Close()
	p, err := newPrinter(c, e, library, dest.Path)
	if err != nil {
		return err
	}
	err = prepare(c, &opt.Query, library, func(w string) { p.warn(jsonWarning{Type: "warning", Code: "selection", Message: w}) })
	if err != nil {
		return err
	}
	plan, err := export.NewPlan(library.Assets(c.Context, photosdb.Query{Order: photosdb.ByDate}), dest.Record, dest.Folder(), opt)
	if err != nil {
		return err
	}
	var summary export.Summary
	if dry {
		summary, err = plan.Rehearse(c.Context, p.event)
	} else {
		summary, err = plan.Run(c.Context, export.Job{
			Source: library, Dest: dest.FS, Record: dest.Record, Workers: c.Int("jobs"), Now: e.now(), Event: p.event,
		})
	}
	if closeErr := p.close(summary, err); err == nil {
		err = closeErr
	}
	if err == nil && !summary.Complete() {
		return errIncomplete
	}
	return err
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
	if opt.Directory, err = naming.Parse(c.String("directory")); err != nil {
		return opt, usagef("--directory: %w", err)
	}
	if opt.Filename, err = naming.Parse(c.String("filename")); err != nil {
		return opt, usagef("--filename: %w", err)
	}
	if opt.Query, err = parseQuery(c, e, false); err != nil {
		return opt, err
	}
	for _, kind := range c.StringSlice("sidecar") {
		switch kind {
		case "xmp":
		case "none":
			opt.NoSidecars = true
		default:
			return opt, usagef("--sidecar %s: xmp and none are known", kind)
		}
	}
	opt.Skip = export.Skip{
		Edited: c.Bool("skip-edited"), Live: c.Bool("skip-live"), Raw: c.Bool("skip-raw"),
		Bursts: c.Bool("skip-bursts"), AAE: c.Bool("skip-aae"),
	}
	opt.IncludeReferenced = c.Bool("include-referenced")
	return opt, nil
}
