package main

import (
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/urfave/cli/v2"

	"github.com/photogo/photogo/backup"
)

func statusCommand(e environment) *cli.Command {
	return &cli.Command{
		Name: "status", Usage: "how the backup stands, and what would be lost if this Mac died now", ArgsUsage: " ", OnUsageError: usageError,
		Description: `Tells what is staged, mirrored and archived, when a cycle was complete last, what is
missing, and which files have fewer than two proven copies, also of those that were
not exported yet. It asks no other machine, and changes nothing.

A proven copy is one whose every byte was read back: in the mirror, or in the
repository, however many of its archives hold the file. The files in the library
and in the staging folder are none: they are on this Mac. docs/SYNC.md has more.

Examples:
  photogo status
  photogo status --at-risk --json | jq -r .path`,
		Flags: []cli.Flag{
			configFlag(),
			&cli.BoolFlag{Name: "at-risk", Usage: "list the files with fewer than two proven copies"},
			&cli.BoolFlag{Name: "json", Usage: "print objects for programs, one a line"},
		},
		Action: func(c *cli.Context) error { return statusAction(c, e) },
	}
}

type jsonRisk struct {
	Type    string `json:"type"`
	Path    string `json:"path"`
	Owner   string `json:"owner"`
	Role    string `json:"role"`
	Size    int64  `json:"size"`
	Copies  int    `json:"copies"`
	Mirror  bool   `json:"mirror"`
	Archive string `json:"archive"`
}

type jsonStatus struct {
	Type     string        `json:"type"`
	Staged   backup.Count  `json:"staged"`
	Mirrored backup.Count  `json:"mirrored"`
	Archived backup.Count  `json:"archived"`
	Archives int           `json:"archives"`
	Unproven int           `json:"unproven"`
	Lost     backup.Count  `json:"no_copy"`
	Library  *backup.Count `json:"not_exported"`
	Single   backup.Count  `json:"one_copy"`
	Missing  int           `json:"missing"`
	Damaged  int           `json:"damaged"`
	Period   string        `json:"period"`
	Due      *time.Time    `json:"due"`
	Working  string        `json:"working"`
	Complete *time.Time    `json:"last_complete"`
	Last     *jsonReceipt  `json:"last"`
}

func statusAction(c *cli.Context, e environment) error {
	if err := arguments(c, 0, ""); err != nil {
		return err
	}
	cfg, _, err := e.loadConfig(c)
	if err != nil {
		return err
	}
	job, _, err := e.job(cfg, &syncPrinter{env: e, quiet: true})
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(e.out, 0, 0, 2, ' ', 0)
	var risk func(backup.Risk) error
	if c.Bool("at-risk") {
		if !c.Bool("json") {
			fmt.Fprintln(w, "COPIES\tWHERE\tFILE")
		}
		risk = func(r backup.Risk) error {
			if c.Bool("json") {
				return printJSON(e.out, jsonRisk{"risk", r.Path, r.Owner, r.Role, r.Size, r.Copies, r.Mirror, r.Archive})
			}
			where := r.Archive
			if r.Mirror {
				where = "mirror"
			}
			_, err := fmt.Fprintf(w, "%d\t%s\t%s\n", r.Copies, printable(where), printable(r.Path))
			return err
		}
	}
	s, err := backup.Look(c.Context, job, risk)
	if err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if c.Bool("json") {
		return printJSON(e.out, statusJSON(s))
	}
	return e.statusWords(s)
}

func statusJSON(s backup.Status) jsonStatus {
	j := jsonStatus{
		Type: "status", Staged: s.Staged, Mirrored: s.Mirrored, Archived: s.Archived, Archives: len(s.Archives), Unproven: s.Unproven(),
		Lost: s.Lost, Single: s.Single, Missing: s.Missing, Damaged: len(s.Damaged), Period: s.Period, Working: s.Working,
	}
	if s.Unread == nil {
		j.Library = &s.Unexported
	}
	if !s.Due.IsZero() {
		j.Due = &s.Due
	}
	if !s.Complete.IsZero() {
		at := s.Complete.UTC()
		j.Complete = &at
	}
	if s.Last != nil {
		r := receiptJSON("receipt", *s.Last)
		j.Last = &r
	}
	return j
}

func (e environment) statusWords(s backup.Status) error {
	w := tabwriter.NewWriter(e.out, 0, 0, 2, ' ', 0)
	count := func(c backup.Count) string {
		return fmt.Sprintf("%s files, %s", number(c.Files), humanize.Bytes(uint64(c.Bytes)))
	}
	row := func(what, value string) { fmt.Fprintf(w, "%s\t%s\n", what, value) }
	complete := "never"
	if !s.Complete.IsZero() {
		complete = fmt.Sprintf("%s (%s)", s.Complete.Format("2006-01-02 15:04"), humanize.RelTime(s.Complete, e.now(), "ago", "from now"))
	}
	row("last complete cycle", complete)
	if s.Last != nil && s.Last.Problem != "" {
		row("last problem", printable(s.Last.Problem))
	}
	row("staged", count(s.Staged))
	row("mirrored", count(s.Mirrored))
	row("archived and proven", fmt.Sprintf("%s, in %s archives", count(s.Archived), number(len(s.Archives)-s.Unproven())))
	if n := s.Unproven(); n > 0 {
		row("archives not proven", number(n))
	}
	if s.Working != "" {
		row("archive on its way", printable(s.Working))
	}
	if !s.Due.IsZero() {
		row("next archive", fmt.Sprintf("of %s, due %s", s.Period, s.Due.Format("2006-01-02")))
	}
	row("missing", fmt.Sprintf("%s files, as the last export found", number(s.Missing)))
	if n := len(s.Damaged); n > 0 {
		row("damaged in staging", number(n)+" files")
	}
	lost := count(s.Lost)
	switch {
	case s.Unread != nil:
		lost += ", and what was not exported yet: " + printable(s.Unread.Error())
	case s.Unexported.Files > 0:
		lost += "; of these not exported yet: " + count(s.Unexported)
	}
	row("lost if this Mac died now", lost)
	row("one proven copy only", count(s.Single))
	return w.Flush()
}
