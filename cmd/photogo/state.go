package main

import (
	"fmt"

	"github.com/dustin/go-humanize"
	"github.com/urfave/cli/v2"

	"github.com/photogo/photogo/export"
	"github.com/photogo/photogo/manifest"
	"github.com/photogo/photogo/naming"
	"github.com/photogo/photogo/photosdb"
)

func stateCommand(e environment) *cli.Command {
	return &cli.Command{
		Name:  "state",
		Usage: "look after photogo's record of a destination",
		Subcommands: []*cli.Command{
			{
				Name: "check", Usage: "compare the record with itself and with the files' sizes and times", ArgsUsage: "DEST",
				Description: `Reads no file's bytes; photogo verify does. Exit code 4 if something does not fit.`,
				Flags:       []cli.Flag{&cli.BoolFlag{Name: "json", Usage: "print an object for programs"}},
				Action:      func(c *cli.Context) error { return stateCheck(c, e) }, OnUsageError: usageError,
			},
			{
				Name: "rebuild", Usage: "make the record anew from the files that are there, or the catalogue from archives", ArgsUsage: "DEST | --from-archives",
				Description: `Hashes every file in DEST, finds by their bytes to which picture of the library each
belongs, and records them. Nothing is copied, moved or removed; the old record is
kept beside the new one. The next export goes on from there.

With --from-archives it is the catalogue of archives that is made anew, from what each
archive tells of itself. Of each borg reads the list of its files and that, not the
files; no archive counts as proven then.

Examples:
  photogo state rebuild DEST --library "Photos Library.photoslibrary"
  photogo state rebuild --from-archives --repo ssh://me@pi/srv/photos --passphrase keychain:photogo-borg`,
				Flags: append([]cli.Flag{
					&cli.BoolFlag{Name: "from-archives", Usage: "the catalogue, from the archives in a repository"},
					nameFlag(),
					libraryFlag(),
					&cli.StringFlag{Name: "directory", Value: naming.DefaultDirectory, Usage: "`TEMPLATE` of the folders below DEST, as for export"},
					&cli.StringFlag{Name: "filename", Value: naming.DefaultFilename, Usage: "`TEMPLATE` of file names, as for export"},
					&cli.IntFlag{Name: "jobs", Value: 4, Usage: "read `N` files at a time"},
					&cli.BoolFlag{Name: "json", Usage: "print an object for programs"},
				}, repoFlags()...),
				Action: func(c *cli.Context) error { return stateRebuild(c, e) }, OnUsageError: usageError,
			},
			{
				Name: "forget", Usage: "make DEST a plain folder again; its pictures stay", ArgsUsage: "DEST",
				Flags:  []cli.Flag{&cli.BoolFlag{Name: "dry-run", Usage: "say what would be done, and do nothing"}},
				Action: func(c *cli.Context) error { return stateForget(c, e) }, OnUsageError: usageError,
			},
		},
		Action: func(c *cli.Context) error { return usagef("state what? check, rebuild or forget") },
	}
}

// openKnown opens the destination that is the command's argument.
func openKnown(c *cli.Context, e environment, opt export.OpenOptions) (*export.Destination, error) {
	if err := arguments(c, 1, "the destination folder DEST"); err != nil {
		return nil, err
	}
	var err error
	if opt.State, err = e.stateDir(); err != nil {
		return nil, err
	}
	return export.OpenDestination(c.Context, c.Args().First(), opt)
}

type jsonState struct {
	Type    string `json:"type"`
	ID      string `json:"id"`
	Files   int    `json:"files"`
	Bytes   int64  `json:"bytes"`
	Missing int    `json:"missing"` // no longer there
	Changed int    `json:"changed"` // of another size or time than recorded
}

func stateCheck(c *cli.Context, e environment) error {
	dest, err := openKnown(c, e, export.OpenOptions{Known: true})
	if err != nil {
		return err
	}
	defer dest.Close()
	if err := dest.Record.Check(c.Context); err != nil {
		return err
	}
	s := jsonState{Type: "state", ID: dest.Record.ID()}
	if s.Files, s.Bytes, err = dest.Record.Count(); err != nil {
		return err
	}
	err = dest.Compare(c.Context, func(entry manifest.Entry, there bool) {
		what := "changed"
		if there {
			s.Changed++
		} else {
			what = "missing"
			s.Missing++
		}
		fmt.Fprintf(e.err, "photogo: %s: %s\n", what, printable(entry.Path))
	})
	if err != nil {
		return err
	}
	if c.Bool("json") {
		printJSON(e.out, s)
	} else {
		fmt.Fprintf(e.out, "destination %s: %s files, %s; %d missing, %d changed\n", s.ID, humanize.Comma(int64(s.Files)), humanize.Bytes(uint64(s.Bytes)), s.Missing, s.Changed)
	}
	if s.Missing+s.Changed > 0 {
		return errDamage
	}
	return nil
}

func stateRebuild(c *cli.Context, e environment) error {
	if c.Bool("from-archives") {
		return catalogueRebuild(c, e)
	}
	opt, err := namingOptions(c)
	if err != nil {
		return err
	}
	if c.Int("jobs") < 1 || c.Int("jobs") > 64 {
		return usagef("--jobs %d: from 1 to 64 files can be read at a time", c.Int("jobs"))
	}
	library, err := e.openLibrary(c)
	if err != nil {
		return err
	}
	defer library.Close()
	dest, err := openKnown(c, e, export.OpenOptions{Library: library.Path(), Anew: true})
	if err != nil {
		return err
	}
	defer dest.Close()
	opt.Library, opt.Query.Trashed, opt.IncludeReferenced = library.UUID(), true, true
	plan, err := export.NewPlan(library.Assets(c.Context, photosdb.Query{Order: photosdb.ByDate, Include: opt.Include()}), dest.Record, dest.Folder(), opt)
	if err != nil {
		return err
	}
	fmt.Fprintf(e.err, "photogo: reading every file in %s\n", dest.Path)
	s, err := plan.Adopt(c.Context, export.Job{Source: library, Dest: dest.FS, Record: dest.Record, Workers: c.Int("jobs"), Now: e.now()})
	if err != nil {
		return err
	}
	if c.Bool("json") {
		return printJSON(e.out, jsonState{Type: "state", ID: dest.Record.ID(), Files: s.Adopted})
	}
	fmt.Fprintf(e.err, "photogo: the record has %s files now; photogo export completes the rest\n", humanize.Comma(int64(s.Adopted)))
	return nil
}

func stateForget(c *cli.Context, e environment) error {
	dest, err := openKnown(c, e, export.OpenOptions{Known: true, Look: c.Bool("dry-run")})
	if err != nil {
		return err
	}
	defer dest.Close()
	files, _, err := dest.Record.Count()
	if err != nil {
		return err
	}
	words := "photogo: forgot the record of %s (%s files, which stay)\n"
	if c.Bool("dry-run") {
		words = "photogo: dry run: would forget the record of %s (%s files, which stay)\n"
	} else if err := dest.Record.Forget(dest.FS); err != nil {
		return err
	}
	fmt.Fprintf(e.err, words, dest.Path, humanize.Comma(int64(files)))
	return nil
}
