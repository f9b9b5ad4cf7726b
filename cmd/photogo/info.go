package main

import (
	"cmp"
	"context"
	"fmt"
	"text/tabwriter"

	"github.com/dustin/go-humanize"
	"github.com/urfave/cli/v2"

	"github.com/photogo/photogo/photosdb"
)

func infoCommand(e environment) *cli.Command {
	return &cli.Command{
		Name:      "info",
		Usage:     "describe a library",
		ArgsUsage: " ",
		Description: `Says which release a library is of, how many assets it holds, and for each role
of files how many are in the library folder, only in iCloud, or in neither, as
files that were left outside the library; then how many albums, persons,
keywords and imports there are. It is the database's word: no file is looked at.

Example:
  photogo info --library "Photos Library.photoslibrary" --json`,
		OnUsageError: usageError,
		Flags: []cli.Flag{
			libraryFlag(),
			&cli.BoolFlag{Name: "json", Usage: "print an object for programs"},
		},
		Action: func(c *cli.Context) error { return info(c, e) },
	}
}

type jsonInfo struct {
	Path         string      `json:"path"`
	UUID         string      `json:"uuid"`
	Photos       *int        `json:"photos_version"`
	MacOS        *string     `json:"macos"`
	ModelVersion int64       `json:"model_version"`
	DatabaseSize int64       `json:"database_size"`
	Assets       int         `json:"assets"`
	Photographs  int         `json:"photos"`
	Movies       int         `json:"movies"`
	Trashed      int         `json:"trashed"`
	Hidden       int         `json:"hidden"`
	Edited       int         `json:"edited"`
	Resources    int         `json:"resources"`
	LocalBytes   int64       `json:"local_bytes"`
	RemoteBytes  int64       `json:"remote_bytes"`
	Build        *string     `json:"build"`
	Favorites    int         `json:"favorites"`
	Referenced   int         `json:"referenced"`
	SharedItems  int         `json:"shared_items"`
	SharedLib    int         `json:"shared_library"`
	Syndicated   int         `json:"syndicated"`
	Albums       int         `json:"albums"`
	SharedAlbums int         `json:"shared_albums"`
	SmartAlbums  int         `json:"smart_albums"`
	Projects     int         `json:"projects"`
	Folders      int         `json:"folders"`
	Keywords     int         `json:"keywords"`
	Persons      int         `json:"persons"`
	Imports      int         `json:"imports"`
	Roles        []jsonRole  `json:"roles"`
	Shares       []jsonShare `json:"shares"`
	Warnings     []string    `json:"warnings"`
}

type jsonRole struct {
	Role        photosdb.Role `json:"role"`
	Local       int           `json:"local"`
	LocalBytes  int64         `json:"local_bytes"`
	Remote      int           `json:"remote"`
	RemoteBytes int64         `json:"remote_bytes"`
	Gone        int           `json:"gone"`
	GoneBytes   int64         `json:"gone_bytes"`
}

type jsonShare struct {
	UUID         photosdb.UUID      `json:"uuid"`
	Kind         photosdb.ShareKind `json:"kind"`
	Title        *string            `json:"title"`
	Created      *string            `json:"created"`
	Assets       int                `json:"assets"`
	Participants []jsonParticipant  `json:"participants"`
}

type jsonParticipant struct {
	UUID        photosdb.UUID `json:"uuid"`
	Name        *string       `json:"name"`
	Email       *string       `json:"email"`
	Phone       *string       `json:"phone"`
	CurrentUser bool          `json:"current_user"`
}

// contents is what a library holds besides assets.
type contents struct {
	albums                     map[photosdb.AlbumKind]int
	folders, keywords, persons int
	imports                    int
	roles                      []photosdb.RoleInfo
	shares                     []photosdb.Share
}

func readContents(ctx context.Context, l *photosdb.Library) (out contents, err error) {
	albums, err1 := l.Albums(ctx)
	folders, err2 := l.Folders(ctx)
	keywords, err3 := l.Keywords(ctx)
	persons, err4 := l.Persons(ctx)
	imports, err5 := l.Imports(ctx)
	roles, err6 := l.Roles(ctx)
	shares, err7 := l.Shares(ctx)
	out = contents{map[photosdb.AlbumKind]int{}, len(folders), len(keywords), 0, len(imports), roles, shares}
	for _, a := range albums {
		out.albums[a.Kind]++
	}
	for _, p := range persons {
		if p.KnownAs != "" {
			out.persons++
		}
	}
	return out, cmp.Or(err1, err2, err3, err4, err5, err6, err7)
}

func jsonRoles(list []photosdb.RoleInfo) []jsonRole {
	out := []jsonRole{}
	for _, r := range list {
		out = append(out, jsonRole(r))
	}
	return out
}

func jsonShares(list []photosdb.Share) []jsonShare {
	out := []jsonShare{}
	for _, s := range list {
		j := jsonShare{s.UUID, s.Kind, orNull(s.Title), utc(s.Created), s.Assets, []jsonParticipant{}}
		for _, p := range s.Participants {
			j.Participants = append(j.Participants, jsonParticipant{p.UUID, orNull(p.Name), orNull(p.Email), orNull(p.Phone), p.CurrentUser})
		}
		out = append(out, j)
	}
	return out
}

// release names the release that a library is of.
func release(i photosdb.Info) string {
	switch {
	case i.Photos != 0:
		return fmt.Sprintf("Photos %d, macOS %s", i.Photos, i.MacOS)
	case i.MacOS != "":
		return "macOS " + i.MacOS
	}
	return "unknown"
}

func build(i photosdb.Info) string {
	if i.Build == "" {
		return ""
	}
	return ", build " + printable(i.Build)
}

func info(c *cli.Context, e environment) error {
	if err := arguments(c, 0, ""); err != nil {
		return err
	}
	library, err := e.openLibrary(c)
	if err != nil {
		return err
	}
	defer library.Close()
	i, err := library.Info(c.Context)
	if err != nil {
		return err
	}
	more, err := readContents(c.Context, library)
	if err != nil {
		return err
	}
	if c.Bool("json") {
		j := jsonInfo{
			Path: i.Path, UUID: i.UUID, ModelVersion: i.ModelVersion, DatabaseSize: i.DatabaseSize, Assets: i.Assets,
			Photographs: i.Photographs, Movies: i.Movies, Trashed: i.Trashed, Hidden: i.Hidden, Edited: i.Edited,
			Resources: i.Resources, LocalBytes: i.LocalBytes, RemoteBytes: i.RemoteBytes, Build: orNull(i.Build),
			Favorites: i.Favorites, Referenced: i.Referenced, SharedItems: i.SharedItems, SharedLib: i.SharedLibrary, Syndicated: i.Syndicated,
			Albums: more.albums[photosdb.UserAlbum], SharedAlbums: more.albums[photosdb.SharedAlbum],
			SmartAlbums: more.albums[photosdb.SmartAlbum], Projects: more.albums[photosdb.ProjectAlbum],
			Folders: more.folders, Keywords: more.keywords, Persons: more.persons, Imports: more.imports,
			Roles: jsonRoles(more.roles), Shares: jsonShares(more.shares), Warnings: append([]string{}, library.Warnings()...),
		}
		if i.Photos != 0 {
			j.Photos = &i.Photos
		}
		if i.MacOS != "" {
			j.MacOS = &i.MacOS
		}
		return printJSON(e.out, j)
	}
	n := func(n int) string { return humanize.Comma(int64(n)) }
	w := tabwriter.NewWriter(e.out, 0, 0, 2, ' ', 0)
	rows := [][2]string{
		{"library", i.Path},
		{"release", fmt.Sprintf("%s (model version %d%s)", release(i), i.ModelVersion, build(i))},
		{"identity", i.UUID},
		{"database", humanize.Bytes(uint64(i.DatabaseSize))},
		{"assets", fmt.Sprintf("%s: %s photos, %s movies", n(i.Assets), n(i.Photographs), n(i.Movies))},
		{"", fmt.Sprintf("%s edited, %s hidden, %s in the trash", n(i.Edited), n(i.Hidden), n(i.Trashed))},
		{"", fmt.Sprintf("%s favourites, %s left outside the library, %s of shared albums", n(i.Favorites), n(i.Referenced), n(i.SharedItems))},
		{"files", fmt.Sprintf("%s: %s in the library folder, %s not", n(i.Resources), humanize.Bytes(uint64(i.LocalBytes)), humanize.Bytes(uint64(i.RemoteBytes)))},
	}
	for _, r := range more.roles {
		where := fmt.Sprintf("%s: %s here (%s)", r.Role, n(r.Local), humanize.Bytes(uint64(max(r.LocalBytes, 0))))
		if r.Remote > 0 {
			where += fmt.Sprintf(", %s only in iCloud (%s)", n(r.Remote), humanize.Bytes(uint64(max(r.RemoteBytes, 0))))
		}
		if r.Gone > 0 {
			where += fmt.Sprintf(", %s in neither (%s)", n(r.Gone), humanize.Bytes(uint64(max(r.GoneBytes, 0))))
		}
		rows = append(rows, [2]string{"", where})
	}
	rows = append(rows,
		[2]string{"lists", fmt.Sprintf("%s albums in %s folders, %s shared, %s smart, %s projects", n(more.albums[photosdb.UserAlbum]), n(more.folders),
			n(more.albums[photosdb.SharedAlbum]), n(more.albums[photosdb.SmartAlbum]), n(more.albums[photosdb.ProjectAlbum]))},
		[2]string{"", fmt.Sprintf("%s persons, %s keywords, %s imports", n(more.persons), n(more.keywords), n(more.imports))})
	for _, row := range rows {
		fmt.Fprintf(w, "%s\t%s\n", row[0], row[1])
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, warning := range library.Warnings() {
		fmt.Fprintln(e.err, "photogo: warning:", warning)
	}
	return nil
}
