package main

import (
	"fmt"
	"text/tabwriter"

	"github.com/dustin/go-humanize"
	"github.com/urfave/cli/v2"
)

func infoCommand(e environment) *cli.Command {
	return &cli.Command{
		Name:      "info",
		Usage:     "describe a library",
		ArgsUsage: " ",
		Description: `Says which release a library is of, how many assets it holds, and how much of
them is in the library folder or only in iCloud.

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
	Path         string   `json:"path"`
	UUID         string   `json:"uuid"`
	Photos       *int     `json:"photos_version"`
	MacOS        *string  `json:"macos"`
	ModelVersion int64    `json:"model_version"`
	DatabaseSize int64    `json:"database_size"`
	Assets       int      `json:"assets"`
	Photographs  int      `json:"photos"`
	Movies       int      `json:"movies"`
	Trashed      int      `json:"trashed"`
	Hidden       int      `json:"hidden"`
	Edited       int      `json:"edited"`
	Resources    int      `json:"resources"`
	LocalBytes   int64    `json:"local_bytes"`
	RemoteBytes  int64    `json:"remote_bytes"`
	Warnings     []string `json:"warnings"`
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
	if c.Bool("json") {
		j := jsonInfo{
			i.Path, i.UUID, nil, nil, i.ModelVersion, i.DatabaseSize, i.Assets, i.Photographs, i.Movies, i.Trashed,
			i.Hidden, i.Edited, i.Resources, i.LocalBytes, i.RemoteBytes, append([]string{}, library.Warnings()...),
		}
		if i.Photos != 0 {
			j.Photos = &i.Photos
		}
		if i.MacOS != "" {
			j.MacOS = &i.MacOS
		}
		return printJSON(e.out, j)
	}
	release := "unknown"
	if i.Photos != 0 {
		release = fmt.Sprintf("Photos %d, macOS %s", i.Photos, i.MacOS)
	} else if i.MacOS != "" {
		release = "macOS " + i.MacOS
	}
	n := func(n int) string { return humanize.Comma(int64(n)) }
	w := tabwriter.NewWriter(e.out, 0, 0, 2, ' ', 0)
	for _, row := range [][2]string{
		{"library", i.Path},
		{"release", fmt.Sprintf("%s (model version %d)", release, i.ModelVersion)},
		{"identity", i.UUID},
		{"database", humanize.Bytes(uint64(i.DatabaseSize))},
		{"assets", fmt.Sprintf("%s: %s photos, %s movies", n(i.Assets), n(i.Photographs), n(i.Movies))},
		{"", fmt.Sprintf("%s edited, %s hidden, %s in the trash", n(i.Edited), n(i.Hidden), n(i.Trashed))},
		{"files", fmt.Sprintf("%s: %s in the library folder, %s only in iCloud", n(i.Resources), humanize.Bytes(uint64(i.LocalBytes)), humanize.Bytes(uint64(i.RemoteBytes)))},
	} {
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
