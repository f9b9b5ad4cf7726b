package main

import (
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/photogo/photogo/photosdb"
	"github.com/photogo/photogo/query"
)

// selectionHelp belongs to the help of each command that selects.
const selectionHelp = `Selection: all flags must hold. A flag with a value may be given more than once;
then one of its values must hold. Each flag has its opposite: --not-album NAME,
--not-favorite, --not-taken A..B; of several opposite values none may hold. Names
are whole names; upper and lower case and the form of Unicode do not count: CAFÉ
is café, and STRASSE is Straße. A..B takes in both ends, A.. and ..B are open,
A alone is that year, month, day or second; dates are those on the clock where
the picture was taken.`

// names are the flags that take a name, any number of times.
var nameFlags = []struct {
	name, usage string
	wanted, not func(*query.Query) *query.Names
}{
	{"album", "in the album or shared album `NAME` (or UUID)", func(q *query.Query) *query.Names { return &q.Albums }, func(q *query.Query) *query.Names { return &q.NotAlbums }},
	{"folder", "in an album in the folder `NAME` (or UUID), at any depth", func(q *query.Query) *query.Names { return &q.Folders }, func(q *query.Query) *query.Names { return &q.NotFolders }},
	{"person", "with the person `NAME` on it", func(q *query.Query) *query.Names { return &q.Persons }, func(q *query.Query) *query.Names { return &q.NotPersons }},
	{"keyword", "with the keyword `NAME`", func(q *query.Query) *query.Names { return &q.Keywords }, func(q *query.Query) *query.Names { return &q.NotKeywords }},
	{"label", "with the label `NAME`: what Photos sees in it", func(q *query.Query) *query.Names { return &q.Labels }, func(q *query.Query) *query.Names { return &q.NotLabels }},
	{"place", "taken at a place called `NAME`: a country, a city, a park", func(q *query.Query) *query.Names { return &q.Places }, func(q *query.Query) *query.Names { return &q.NotPlaces }},
}

// choiceFlags are the flags that ask whether something is so.
var choiceFlags = []struct {
	name, usage string
	into        func(*query.Query) *query.Choice
}{
	{"favorite", "favourites", func(q *query.Query) *query.Choice { return &q.Favorite }},
	{"hidden", "hidden ones", func(q *query.Query) *query.Choice { return &q.Hidden }},
	{"edited", "with an edit", func(q *query.Query) *query.Choice { return &q.Edited }},
	{"missing", "whose original is not in the library folder", func(q *query.Query) *query.Choice { return &q.Missing }},
	{"in-icloud", "uploaded to iCloud Photos", func(q *query.Query) *query.Choice { return &q.InCloud }},
	{"shared", "items of iCloud shared albums", func(q *query.Query) *query.Choice { return &q.Shared }},
	{"raw", "RAW, or with a RAW half", func(q *query.Query) *query.Choice { return &q.Raw }},
	{"burst", "frames of bursts", func(q *query.Query) *query.Choice { return &q.Burst }},
}

// selectionFlags are on every command that selects assets. trashed says what
// becomes of the trash without a flag.
func selectionFlags(trashed bool) []cli.Flag {
	const category = "Selection"
	plain, not := "what is in the trash, too", "without what is in the trash"
	if trashed {
		plain += " (the default)"
	} else {
		not += " (the default)"
	}
	flags := []cli.Flag{
		&cli.StringSliceFlag{Name: "where", Category: category, Usage: "of which `CONDITION` holds: 'favorite and exif.iso > 800'; docs/SELECTION.md has the language"},
		&cli.StringSliceFlag{Name: "not-where", Category: category, Hidden: true},
		&cli.StringFlag{Name: "since", Category: category, Usage: "taken, added or edited since `WHEN`: 2025-05-17, 90d, 6mo"},
		&cli.StringFlag{Name: "not-since", Category: category, Hidden: true},
		&cli.StringSliceFlag{Name: "taken", Category: category, Usage: "taken in `A..B`: 2025-05-01..2025-05-31, 2025, 90d.."},
		&cli.StringSliceFlag{Name: "not-taken", Category: category, Hidden: true},
		&cli.StringSliceFlag{Name: "added", Category: category, Usage: "added to the library in `A..B`"},
		&cli.StringSliceFlag{Name: "not-added", Category: category, Hidden: true},
		&cli.StringSliceFlag{Name: "uuid", Category: category, Usage: "the asset with the `UUID`"},
		&cli.StringSliceFlag{Name: "not-uuid", Category: category, Hidden: true},
		&cli.StringSliceFlag{Name: "uuid-from", Category: category, TakesFile: true, Usage: "the assets whose UUIDs are in `FILE`, one a line"},
		&cli.StringSliceFlag{Name: "not-uuid-from", Category: category, TakesFile: true, Hidden: true},
		&cli.StringSliceFlag{Name: "kind", Category: category, Usage: "`KIND`: photo or movie"},
		&cli.StringSliceFlag{Name: "not-kind", Category: category, Hidden: true},
		&cli.StringSliceFlag{Name: "subtype", Category: category, Usage: "`SUBTYPE`: " + subtypes()},
		&cli.StringSliceFlag{Name: "not-subtype", Category: category, Hidden: true},
		&cli.BoolFlag{Name: "trashed", Category: category, Usage: plain},
		&cli.BoolFlag{Name: "not-trashed", Aliases: []string{"no-trashed"}, Category: category, Usage: not},
		&cli.BoolFlag{Name: "only-trashed", Category: category, Usage: "nothing but what is in the trash"},
	}
	for _, f := range nameFlags {
		flags = append(flags, &cli.StringSliceFlag{Name: f.name, Category: category, Usage: f.usage},
			&cli.StringSliceFlag{Name: "not-" + f.name, Category: category, Hidden: true})
	}
	for _, f := range choiceFlags {
		flags = append(flags, &cli.BoolFlag{Name: f.name, Category: category, Usage: f.usage},
			&cli.BoolFlag{Name: "not-" + f.name, Category: category, Hidden: true})
	}
	return flags
}

func subtypes() string {
	var out []string
	for _, s := range query.Subtypes() {
		out = append(out, string(s))
	}
	return strings.Join(out, ", ")
}

// parseQuery reads the flags that select assets. trashed says what becomes of
// the trash without a flag.
func parseQuery(c *cli.Context, e environment, trashed bool) (q query.Query, err error) {
	now := e.now()
	for flag, into := range map[string]*time.Time{"since": &q.Since, "not-since": &q.NotSince} {
		if text := c.String(flag); text != "" {
			if *into, err = query.ParseSince(text, now); err != nil {
				return q, usagef("--%s: %w", flag, err)
			}
		}
	}
	range_ := func(text string) (query.Range, error) { return query.ParseRange(text, now) }
	where := func(text string) (*query.Where, error) { return query.ParseWhere(text, now) }
	for _, read := range []func() error{
		func() (err error) { q.Taken, err = values(c, "taken", range_); return },
		func() (err error) { q.NotTaken, err = values(c, "not-taken", range_); return },
		func() (err error) { q.Added, err = values(c, "added", range_); return },
		func() (err error) { q.NotAdded, err = values(c, "not-added", range_); return },
		func() (err error) { q.Kinds, err = values(c, "kind", query.ParseKind); return },
		func() (err error) { q.NotKinds, err = values(c, "not-kind", query.ParseKind); return },
		func() (err error) { q.Subtypes, err = values(c, "subtype", query.ParseSubtype); return },
		func() (err error) { q.NotSubtypes, err = values(c, "not-subtype", query.ParseSubtype); return },
		func() (err error) { q.Where, err = values(c, "where", where); return },
		func() (err error) { q.NotWhere, err = values(c, "not-where", where); return },
		func() (err error) { q.UUIDs, err = uuids(c, "uuid"); return },
		func() (err error) { q.NotUUIDs, err = uuids(c, "not-uuid"); return },
	} {
		if err := read(); err != nil {
			return q, err
		}
	}
	for _, f := range nameFlags {
		if *f.wanted(&q), err = query.NewNames(c.StringSlice(f.name)); err != nil {
			return q, usagef("--%s: %w", f.name, err)
		}
		if *f.not(&q), err = query.NewNames(c.StringSlice("not-" + f.name)); err != nil {
			return q, usagef("--not-%s: %w", f.name, err)
		}
	}
	for _, f := range choiceFlags {
		yes, no := c.Bool(f.name), c.Bool("not-"+f.name)
		switch {
		case yes && no:
			return q, usagef("--%s and --not-%s exclude each other", f.name, f.name)
		case yes:
			*f.into(&q) = query.Yes
		case no:
			*f.into(&q) = query.No
		}
	}
	if c.Bool("not-trashed") && (c.Bool("trashed") || c.Bool("only-trashed")) {
		return q, usagef("--not-trashed excludes --trashed and --only-trashed")
	}
	q.Trashed = (trashed || c.Bool("trashed")) && !c.Bool("not-trashed")
	q.OnlyTrashed = c.Bool("only-trashed")
	return q, nil
}

// values reads each value of a flag.
func values[T any](c *cli.Context, flag string, parse func(string) (T, error)) (out []T, err error) {
	for _, text := range c.StringSlice(flag) {
		v, err := parse(text)
		if err != nil {
			return nil, usagef("--%s: %w", flag, err)
		}
		out = append(out, v)
	}
	return out, nil
}

// uuids reads a flag and its twin that names files. A file without UUIDs asks
// for nothing, which is not the same as not asking.
func uuids(c *cli.Context, flag string) (query.UUIDs, error) {
	out := query.UUIDs{}
	for _, text := range c.StringSlice(flag) {
		if err := out.Add(text); err != nil {
			return nil, usagef("--%s: %w", flag, err)
		}
	}
	for _, name := range c.StringSlice(flag + "-from") {
		before := len(out)
		if err := readUUIDs(out, name); err != nil {
			return nil, usagef("--%s-from %s: %w", flag, name, err)
		}
		if len(out) == 0 && before == 0 {
			return nil, usagef("--%s-from %s: there are no UUIDs in it", flag, name)
		}
	}
	return out, nil
}

func readUUIDs(into query.UUIDs, name string) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	return into.Read(file)
}

// prepare makes a query ready for a library and tells what nothing in it goes by.
func prepare(c *cli.Context, q *query.Query, library *photosdb.Library, warn func(string)) error {
	warnings, err := q.Prepare(c.Context, library)
	for _, w := range warnings {
		warn(w)
	}
	if err != nil {
		return fmt.Errorf("select: %w", err)
	}
	return nil
}
