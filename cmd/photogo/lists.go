package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/photogo/photogo/photosdb"
)

// listing is one of the lists of a library: how it is read, and how an entry is
// told to people and to programs.
type listing[T any] struct {
	name, usage, help string
	flags             []cli.Flag
	columns           []string
	read              func(*photosdb.Library, context.Context) ([]T, error)
	keep              func(*cli.Context, T) bool // nil: all
	row               func(T) []string           // of the table; made printable later
	object            func(T) any                // of --json
}

func (l listing[T]) command(e environment) *cli.Command {
	return &cli.Command{
		Name: l.name, Usage: l.usage, ArgsUsage: " ", OnUsageError: usageError,
		Description: l.help + "\n\nExample:\n  photogo list " + l.name + " --library \"Photos Library.photoslibrary\"",
		Flags:       append([]cli.Flag{libraryFlag(), &cli.BoolFlag{Name: "json", Usage: "print objects for programs, one a line"}}, l.flags...),
		Action:      func(c *cli.Context) error { return l.list(c, e) },
	}
}

func (l listing[T]) list(c *cli.Context, e environment) error {
	if err := arguments(c, 0, ""); err != nil {
		return err
	}
	library, err := e.openLibrary(c)
	if err != nil {
		return err
	}
	defer library.Close()
	entries, err := l.read(library, c.Context)
	if err != nil {
		return err
	}
	for _, w := range library.Warnings() {
		fmt.Fprintln(e.err, "photogo: warning:", w)
	}
	table := newTable(e, l.columns)
	for _, entry := range entries {
		if l.keep != nil && !l.keep(c, entry) {
			continue
		}
		if !c.Bool("json") {
			table.row(l.row(entry))
		} else if err := printJSON(e.out, l.object(entry)); err != nil {
			return err
		}
	}
	if c.Bool("json") {
		return nil
	}
	return table.Flush()
}

// table aligns rows for people. Texts of the database cannot reach the terminal
// with more than letters.
type table struct{ *tabwriter.Writer }

func newTable(e environment, columns []string) table {
	t := table{tabwriter.NewWriter(e.out, 0, 0, 2, ' ', 0)}
	t.row(columns)
	return t
}

func (t table) row(cells []string) {
	for i, cell := range cells {
		cells[i] = printable(cell)
	}
	fmt.Fprintln(t, strings.Join(cells, "\t")) // Flush tells of errors
}

func day(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Format("2006-01-02")
}

// folderPath is how a person would say where something lies.
func folderPath(folders []photosdb.Folder, title string) string {
	var b strings.Builder
	for _, f := range folders {
		b.WriteString(f.Title + " / ")
	}
	if title == "" {
		title = "(without a title)"
	}
	return b.String() + title
}

func listAlbums(e environment) *cli.Command {
	return listing[photosdb.AlbumEntry]{
		name: "albums", usage: "list albums, shared albums, smart albums and projects",
		help: `Lists the albums of the library with their folders. What is in the trash is not
counted. The members of smart albums are known to Photos alone.`,
		columns: []string{"UUID", "KIND", "ASSETS", "CREATED", "ALBUM"},
		read:    (*photosdb.Library).Albums,
		row: func(a photosdb.AlbumEntry) []string {
			n := strconv.Itoa(a.Assets)
			if a.Kind == photosdb.SmartAlbum {
				n = "-"
			}
			return []string{string(a.UUID), string(a.Kind), n, day(a.Created), folderPath(a.Folders, a.Title)}
		},
		object: albumObject,
	}.command(e)
}

func listFolders(e environment) *cli.Command {
	return listing[photosdb.FolderEntry]{
		name: "folders", usage: "list folders of albums",
		help:    `Lists the folders of the library, each with the number of albums and of folders directly in it.`,
		columns: []string{"UUID", "ALBUMS", "FOLDERS", "CREATED", "FOLDER"},
		read:    (*photosdb.Library).Folders,
		row: func(f photosdb.FolderEntry) []string {
			return []string{string(f.UUID), strconv.Itoa(f.Albums), strconv.Itoa(f.Inner), day(f.Created), folderPath(f.Folders, f.Title)}
		},
		object: folderObject,
	}.command(e)
}

func listPersons(e environment) *cli.Command {
	return listing[photosdb.PersonEntry]{
		name: "persons", usage: "list people, with their faces",
		help: `Lists the people and pets of the library who have a name, with the number of
their faces and of the assets that show them. People who were merged are one.
What is hidden or in the trash is not counted.`,
		flags:   []cli.Flag{&cli.BoolFlag{Name: "all", Usage: "faces that nobody named, too"}},
		columns: []string{"UUID", "FACES", "ASSETS", "NAME"},
		read:    (*photosdb.Library).Persons,
		keep:    func(c *cli.Context, p photosdb.PersonEntry) bool { return p.KnownAs != "" || c.Bool("all") },
		row: func(p photosdb.PersonEntry) []string {
			name := p.KnownAs
			if name == "" {
				name = "(without a name)"
			}
			return []string{p.ID, strconv.Itoa(p.Faces), strconv.Itoa(p.Assets), name}
		},
		object: personObject,
	}.command(e)
}

func listKeywords(e environment) *cli.Command {
	return listing[photosdb.Keyword]{
		name: "keywords", usage: "list keywords",
		help:    `Lists the keywords of the library with the number of assets that have them, the trash not counted.`,
		columns: []string{"ASSETS", "KEYWORD"},
		read:    (*photosdb.Library).Keywords,
		row:     func(k photosdb.Keyword) []string { return []string{strconv.Itoa(k.Assets), k.Title} },
		object:  func(k photosdb.Keyword) any { return jsonCount{Keyword: &k.Title, Assets: k.Assets} },
	}.command(e)
}

func listLabels(e environment) *cli.Command {
	return listing[photosdb.Label]{
		name: "labels", usage: "list what Photos sees in the pictures",
		help: `Lists the labels that Photos gave, with the number of assets that have them, the
trash not counted. They are in the language of the Mac, come from its search
index, and change by themselves.`,
		columns: []string{"ASSETS", "LABEL"},
		read:    (*photosdb.Library).Labels,
		row:     func(l photosdb.Label) []string { return []string{strconv.Itoa(l.Assets), l.Name} },
		object:  func(l photosdb.Label) any { return jsonCount{Label: &l.Name, Assets: l.Assets} },
	}.command(e)
}

func listPlaces(e environment) *cli.Command {
	return listing[photosdb.PlaceEntry]{
		name: "places", usage: "list the places at which pictures were taken",
		help: `Lists the places that Photos has names for, from countries to parks, with the
number of assets taken there, the trash not counted. An asset counts for its
city, its state and its country.`,
		columns: []string{"COUNTRY", "KIND", "ASSETS", "PLACE"},
		read:    (*photosdb.Library).Places,
		row: func(p photosdb.PlaceEntry) []string {
			country := p.Country
			if country == "" {
				country = "-"
			}
			return []string{country, string(p.Kind), strconv.Itoa(p.Assets), p.Name}
		},
		object: placeObject,
	}.command(e)
}

func listImports(e environment) *cli.Command {
	return listing[photosdb.ImportEntry]{
		name: "imports", usage: "list what came into the library together",
		help:    `Lists the import sessions of the library, oldest first, with the number of assets that came with each, the trash not counted.`,
		columns: []string{"UUID", "WHEN", "ASSETS", "BY"},
		read:    (*photosdb.Library).Imports,
		row: func(i photosdb.ImportEntry) []string {
			when := "-"
			if !i.Created.IsZero() {
				when = i.Created.Format("2006-01-02 15:04:05 Z07:00")
			}
			return []string{string(i.UUID), when, strconv.Itoa(i.Assets), i.App}
		},
		object: importObject,
	}.command(e)
}

func listLibraries(e environment) *cli.Command {
	return &cli.Command{
		Name: "libraries", Usage: "list the Photos libraries on this machine", ArgsUsage: "[FOLDER...]", OnUsageError: usageError,
		Description: `Looks for Photos libraries in the folders, or in Pictures in your home folder,
two levels deep, and opens each to see whether it can be read. On macOS it also
says which one is the system library, the one that iCloud and other programs see.

Examples:
  photogo list libraries
  photogo list libraries /Volumes/Archive ~/Pictures --json`,
		Flags:  []cli.Flag{&cli.BoolFlag{Name: "json", Usage: "print objects for programs, one a line"}},
		Action: func(c *cli.Context) error { return findLibraries(c, e) },
	}
}

func findLibraries(c *cli.Context, e environment) error {
	home := e.getenv("HOME")
	where := photosdb.Where{Folders: c.Args().Slice()}
	if len(where.Folders) == 0 {
		if home == "" {
			return usagef("HOME is not set: name the folders to look in")
		}
		where.Folders = []string{filepath.Join(home, "Pictures")}
	}
	var errs []error
	var err error
	if where.Options, err = e.libraryOptions(); err != nil {
		return err
	}
	if home != "" {
		if where.System, err = photosdb.SystemLibraryOf(home); err != nil {
			errs = append(errs, fmt.Errorf("which library is the system's: %w", err))
		}
	}
	table := newTable(e, []string{"SYSTEM", "RELEASE", "ASSETS", "LIBRARY"})
	for f, err := range photosdb.Find(c.Context, where) {
		switch {
		case err != nil:
			errs = append(errs, err)
		case c.Bool("json"):
			if err := printJSON(e.out, libraryObject(f)); err != nil {
				return err
			}
		default:
			table.row(libraryRow(f))
		}
	}
	if !c.Bool("json") {
		errs = append(errs, table.Flush())
	}
	return errors.Join(errs...)
}

func libraryRow(f photosdb.Found) []string {
	system := ""
	if f.System {
		system = "yes"
	}
	if f.Err != nil {
		return []string{system, "unreadable", "-", f.Path, whyNot(f.Err)}
	}
	return []string{system, release(f.Info), strconv.Itoa(f.Info.Assets), f.Path}
}

// whyNot says why a library cannot be read, without naming it again.
func whyNot(err error) string {
	if known := (*photosdb.Error)(nil); errors.As(err, &known) {
		if known.Err == nil {
			return known.Kind.Error()
		}
		return known.Kind.Error() + ": " + known.Err.Error()
	}
	return err.Error()
}
