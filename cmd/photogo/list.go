package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/dustin/go-humanize"
	"github.com/urfave/cli/v2"

	"github.com/photogo/photogo/internal/spill"
	"github.com/photogo/photogo/photokit"
	"github.com/photogo/photogo/photosdb"
	"github.com/photogo/photogo/sidecar"
)

func listCommand(e environment) *cli.Command {
	return &cli.Command{
		Name:  "list",
		Usage: "list what a library holds",
		Subcommands: []*cli.Command{{
			Name:      "assets",
			Usage:     "list photos and movies",
			ArgsUsage: " ",
			Description: `Lists the assets of the library in order of their UUIDs: a table for people, or
with --json one object a line for programs, as docs/JSON.md describes. Nothing is
printed before all is read.

In the table: E edited, L Live Photo, R RAW, B burst, F favourite, H hidden,
T in the trash, S from a shared album, M original missing from the library folder.
With --missing it says of those that Photos did not deliver why, and when photogo asks
again.

Examples:
  photogo list assets --library "Photos Library.photoslibrary"
  photogo list assets --json --since 7d | jq -r .original_filename
  photogo list assets --person Grandmother --taken 2020..2024 --not-trashed

` + selectionHelp,
			OnUsageError: usageError,
			Flags: append([]cli.Flag{
				libraryFlag(),
				&cli.BoolFlag{Name: "json", Usage: "print objects for programs, one a line"},
				&cli.BoolFlag{Name: "all", Usage: "with --json: all that is known: files, faces, place, camera, labels, comments, …"},
			}, selectionFlags(true)...),
			Action: func(c *cli.Context) error { return listAssets(c, e) },
		},
			listAlbums(e), listFolders(e), listPersons(e), listKeywords(e), listLabels(e), listPlaces(e), listImports(e), listLibraries(e),
		},
		Action: func(c *cli.Context) error {
			if c.Args().Present() {
				return usagef("%q cannot be listed; `photogo list --help` names what can", c.Args().First())
			}
			return usagef("list what? `photogo list assets` lists photos and movies, and `photogo list --help` names the rest")
		},
	}
}

func listAssets(c *cli.Context, e environment) (err error) {
	if err := arguments(c, 0, ""); err != nil {
		return err
	}
	q, err := parseQuery(c, e, true)
	if err != nil {
		return err
	}
	library, err := e.openLibrary(c)
	if err != nil {
		return err
	}
	defer library.Close()
	told := map[string]bool{}
	warn := func() {
		for _, w := range library.Warnings() {
			if !told[w] {
				fmt.Fprintln(e.err, "photogo: warning:", w)
			}
			told[w] = true
		}
	}
	warn()
	defer warn() // some only come up while details are read
	if err := prepare(c, &q, library, func(w string) { fmt.Fprintln(e.err, "photogo: warning:", w) }); err != nil {
		return err
	}
	parked, err := e.parked(c, library)
	if err != nil {
		return err
	}
	// Assets are read in the order in which they are stored, and told in that of their
	// UUIDs: putting the lines into order costs less than jumping through the database.
	state, err := e.stateDir()
	if err != nil {
		return err
	}
	lines := spill.New(filepath.Join(state, "snapshots"))
	defer lines.Close()
	defer func() { // what was read before an error is not wrong
		if c.Context.Err() == nil {
			err = errors.Join(err, e.printLines(lines, c.Bool("json")))
		}
	}()
	asJSON := c.Bool("json")
	all := c.Bool("all") && asJSON
	query := photosdb.Query{Include: q.Include(), Order: photosdb.AsStored}
	var line bytes.Buffer
	if all {
		query.Include = photosdb.IncludeAll
	}
	for a, err := range ahead(library.Assets(c.Context, query)) {
		if err != nil {
			return err
		}
		if is, err := q.Match(a); err != nil {
			return err
		} else if !is {
			continue
		}
		if a.Details != nil && a.Details.Problem != nil {
			fmt.Fprintf(e.err, "photogo: warning: %s: %s\n", printable(string(a.UUID)), printable(a.Details.Problem.Error()))
		}
		line.Reset()
		if !asJSON {
			printRow(&line, a, parked[string(a.UUID)])
		} else {
			object, err := sidecar.JSON(a, all)
			if err != nil {
				return err
			}
			line.Write(object)
			line.WriteByte('\n')
		}
		if err := lines.Add(string(a.UUID), line.Bytes()); err != nil {
			return fmt.Errorf("put the list into order: %w", err)
		}
	}
	return nil
}

// printLines prints the list of assets, with its head if it is for people.
func (e environment) printLines(lines *spill.Sorter, asJSON bool) error {
	out := bufio.NewWriterSize(e.out, 1<<16)
	if !asJSON {
		fmt.Fprintln(out, tableHead)
	}
	for line, err := range lines.All() {
		if err != nil {
			return fmt.Errorf("put the list into order: %w", err)
		}
		if _, err := out.Write(line); err != nil {
			return err
		}
	}
	return out.Flush()
}

const tableHead = "UUID                                  DATE                       KIND        SIZE  FLAGS      NAME"

// parked are the assets that Photos does not deliver for now, and why, where those are
// asked for that are missing.
func (e environment) parked(c *cli.Context, library *photosdb.Library) (map[string]string, error) {
	if !c.Bool("missing") || c.Bool("json") {
		return nil, nil
	}
	state, err := e.stateDir()
	if err != nil {
		return nil, err
	}
	list, err := photokit.ReadParkingOf(state, library.UUID())
	if err != nil {
		return nil, err
	}
	parked := map[string]string{}
	for _, p := range list.List() {
		parked[p.Asset] = fmt.Sprintf("  (parked until %s: %s)", p.Next.Format("2006-01-02 15:04"), p.Message)
	}
	return parked, nil
}

func printRow(w io.Writer, a *photosdb.Asset, remark string) {
	date := "unknown"
	if !a.Dates.Taken.IsZero() {
		date = a.Dates.Taken.Format("2006-01-02 15:04:05 -07:00")
	}
	fmt.Fprintf(w, "%-36s  %-26s %-6s %9s  %-9s  %s%s\n", printable(string(a.UUID)), date, a.Kind,
		humanize.Bytes(uint64(max(a.Original.Bytes, 0))), letters(a), printable(a.Name.Original), printable(remark))
}

// letters are the flags of the table.
func letters(a *photosdb.Asset) string {
	original := a.Resource(photosdb.RoleOriginal)
	var b strings.Builder
	for _, f := range []struct {
		is     bool
		letter byte
	}{
		{a.Edited(), 'E'}, {a.Has(photosdb.Live), 'L'}, {a.Has(photosdb.Raw), 'R'}, {a.Media.Burst != nil, 'B'}, {a.Flags.Favorite, 'F'},
		{a.Flags.Hidden, 'H'}, {a.Flags.Trashed, 'T'}, {a.Origin.SharedAlbum, 'S'}, {original == nil || !original.OnDisk, 'M'},
	} {
		if f.is {
			b.WriteByte(f.letter)
		}
	}
	return b.String()
}

// printable keeps control characters of a database out of a terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			return '\uFFFD'
		}
		return r
	}, s)
}
