package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"text/tabwriter"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/urfave/cli/v2"

	"github.com/photogo/photogo/archive"
	"github.com/photogo/photogo/backup"
	"github.com/photogo/photogo/config"
	"github.com/photogo/photogo/internal/safefile"
	"github.com/photogo/photogo/manifest"
	"github.com/photogo/photogo/ssh"
)

func archiveCommand(e environment) *cli.Command {
	command := func(name, args, usage, help string, flags []cli.Flag, action func(*cli.Context) error) *cli.Command {
		return &cli.Command{
			Name: name, ArgsUsage: args, Usage: usage, Description: help, OnUsageError: usageError,
			Flags: append(append(flags, repoFlags()...), &cli.BoolFlag{Name: "json", Usage: "print objects for programs, one a line"}), Action: action,
		}
	}
	return &cli.Command{
		Name:  "archive",
		Usage: "keep exports in a borg repository, and prove them",
		Subcommands: []*cli.Command{
			command("init", " ", "make a repository", `Makes an encrypted borg repository, whose key lies in it. Keep the passphrase:
without it nothing can be read.

Example:
  photogo archive init --repo ssh://me@pi/srv/photos --passphrase keychain:photogo-borg`,
				nil, func(c *cli.Context) error { return archiveInit(c, e) }),
			command("run", "DEST", "make an archive of what an export placed in DEST, and prove it", `Archives all files that photogo placed in DEST, then reads every byte back from
the repository and compares it with the sums that are on record. Only then it is
an archive; DEST stays as it is.

Example:
  photogo archive run ~/Export --repo ssh://me@pi/srv/photos --passphrase keychain:photogo-borg --name 2025-05`,
				[]cli.Flag{
					&cli.StringFlag{Name: "name", Usage: "`NAME` of the archive (default: date and time)"},
					&cli.StringFlag{Name: "comment", Usage: "`TEXT` that is kept with the archive"},
					&cli.StringFlag{Name: "compression", Usage: "`HOW` borg compresses: none, lz4, zstd,3 (default: none, as pictures are)"},
					&cli.BoolFlag{Name: "quiet", Aliases: []string{"q"}, Usage: "tell only what is wrong"},
				}, func(c *cli.Context) error { return archiveRun(c, e) }),
			command("list", " ", "list the archives", `Example:
  photogo archive list --repo ssh://me@pi/srv/photos --passphrase keychain:photogo-borg`,
				nil, func(c *cli.Context) error { return archiveList(c, e) }),
			command("prove", "NAME", "read an archive back and compare every byte", `Compares each file of the archive with the list of sums that it holds itself, and
with --against DEST with the record of that folder, too. Of one that photogo sync made
photogo status tells what came of it.

Example:
  photogo archive prove 2025-05 --repo ssh://me@pi/srv/photos --passphrase keychain:photogo-borg`,
				[]cli.Flag{&cli.StringFlag{Name: "against", Usage: "the record of the folder `DEST` as well"}},
				func(c *cli.Context) error { return archiveProve(c, e) }),
			command("check", " ", "let borg look for damage in the repository", `That borg finds no damage proves no archive; prove does that.

Example:
  photogo archive check --data --repo ssh://me@pi/srv/photos --passphrase keychain:photogo-borg`,
				[]cli.Flag{&cli.BoolFlag{Name: "data", Usage: "every byte, which takes as long as reading all archives"}},
				func(c *cli.Context) error { return archiveCheck(c, e) }),
		},
		Action: func(c *cli.Context) error { return usagef("archive what? `photogo archive --help` shows it") },
	}
}

func repoFlags() []cli.Flag {
	return append([]cli.Flag{
		&cli.StringFlag{Name: "repo", Usage: "the borg `REPOSITORY`: /PATH, ssh://USER@HOST[:PORT]/PATH or USER@HOST:PATH (default: that of the configuration, with its passphrase and options)"},
		configFlag(),
		passphraseFlag(),
		&cli.StringFlag{Name: "borg", Usage: "the borg `PROGRAM` to run (default: the one in PATH)"},
	}, sshFlags()...)
}

func sshFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "ssh-identity", Usage: "`FILE` of the private key (default: what ssh finds)"},
		&cli.StringFlag{Name: "ssh-known-hosts", Usage: "`FILE` of known hosts (default: the user's)"},
		&cli.StringFlag{Name: "ssh-config", Usage: "`FILE` with options for ssh, which do not win over photogo's (default: ~/.ssh/config)"},
		&cli.IntFlag{Name: "ssh-port", Usage: "`PORT` (default: 22)"},
	}
}

func sshOptions(c *cli.Context) ssh.Options {
	return ssh.Options{Identity: c.String("ssh-identity"), KnownHosts: c.String("ssh-known-hosts"), Config: c.String("ssh-config"), Port: c.Int("ssh-port")}
}

// withRepo opens the repository that the flags name, or else the configuration.
func (e environment) withRepo(c *cli.Context, do func(*archive.Repo) error) error {
	location, passphrase := c.String("repo"), c.String("passphrase")
	opt := archive.Options{SSH: sshOptions(c), Program: c.String("borg")}
	if location == "" {
		cfg, file, err := e.loadConfig(c)
		switch {
		case errors.Is(err, config.ErrNone) && c.String("config") == "", err == nil && cfg.Archive.Repository == "":
			return usagef("which repository? --repo REPOSITORY names it, or archive.repository in %s", file)
		case err != nil:
			return err
		}
		repository := repositoryOf(cfg.Archive)
		location, opt = repository.Location, repository.Options
		if passphrase == "" {
			passphrase = cfg.Archive.Passphrase
		}
	}
	state, err := e.stateDir()
	if err != nil {
		return err
	}
	p, err := e.passphrase(c.Context, passphrase)
	if err != nil {
		return err
	}
	defer p.Forget()
	opt.Passphrase, opt.Dir, opt.Env, opt.Now = p, filepath.Join(state, "borg"), e.environ, e.now
	r, err := archive.Open(c.Context, location, opt)
	if err != nil {
		return err
	}
	defer r.Close()
	for _, n := range r.Notices() {
		fmt.Fprintln(e.err, "photogo: warning:", n)
	}
	return do(r)
}

func archiveInit(c *cli.Context, e environment) error {
	if err := arguments(c, 0, ""); err != nil {
		return err
	}
	return e.withRepo(c, func(r *archive.Repo) error {
		if err := r.Init(c.Context, archive.Repokey); err != nil {
			return err
		}
		fmt.Fprintf(e.err, "photogo: made the repository %s\n", r.Location())
		return nil
	})
}

// withDestination opens a folder that an export made, and its record.
func (e environment) withDestination(c *cli.Context, path string, do func(archive.Folder) error) error {
	path, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	state, err := e.stateDir()
	if err != nil {
		return err
	}
	dir, err := safefile.OpenDir(path)
	if err != nil {
		return err
	}
	defer dir.Close()
	// Opening for writing would make a record where there is none.
	look, err := manifest.Peek(c.Context, state, dir)
	if err != nil {
		return err
	}
	id := look.ID()
	if err := look.Close(); err != nil {
		return err
	}
	if id == "" {
		return usagef("%s is no destination of photogo's: photogo archives what it exported", path)
	}
	// It is held, so that no export changes it meanwhile.
	record, err := manifest.Open(c.Context, state, dir, path)
	if err != nil {
		return err
	}
	defer record.Close()
	return do(archive.Folder{Path: path, FS: dir, Record: record})
}

type jsonArchive struct {
	Type    string     `json:"type"`
	Name    string     `json:"name"`
	ID      string     `json:"id"`
	Start   *time.Time `json:"start"`
	Comment string     `json:"comment"`
	Host    string     `json:"host"`
	Whole   bool       `json:"whole"`
}

type jsonProof struct {
	Type    string    `json:"type"`
	Archive string    `json:"archive"`
	ID      string    `json:"id"`
	Files   int       `json:"files"`
	Bytes   int64     `json:"bytes"`
	At      time.Time `json:"at"`
}

func archiveRun(c *cli.Context, e environment) error {
	if err := arguments(c, 1, "the folder DEST"); err != nil {
		return err
	}
	name := c.String("name")
	if name == "" {
		name = e.now().UTC().Format("2006-01-02T150405Z")
	}
	return e.withDestination(c, c.Args().First(), func(f archive.Folder) error {
		return e.withRepo(c, func(r *archive.Repo) error {
			last := e.now()
			p := archive.Plan{Comment: c.String("comment"), Compression: c.String("compression"), Progress: func(p archive.Progress) {
				if now := e.now(); !c.Bool("quiet") && p.Path != "" && now.Sub(last) >= pipeInterval {
					fmt.Fprintf(e.err, "photogo: archived %s files, %s\n", humanize.Comma(p.Files), humanize.Bytes(uint64(p.Bytes)))
					last = now
				}
			}}
			_, proof, err := r.Store(c.Context, name, f, p)
			if err != nil {
				return err
			}
			return e.proven(c, proof)
		})
	})
}

func (e environment) proven(c *cli.Context, p archive.Proof) error {
	if c.Bool("json") {
		return printJSON(e.out, jsonProof{"proof", p.Archive, p.ID, p.Files, p.Bytes, p.At})
	}
	if !c.Bool("quiet") {
		fmt.Fprintf(e.err, "photogo: proven: %s: %s files, %s, every byte read back\n", p.Archive, humanize.Comma(int64(p.Files)), humanize.Bytes(uint64(p.Bytes)))
	}
	return nil
}

func archiveProve(c *cli.Context, e environment) error {
	if err := arguments(c, 1, "the NAME of the archive"); err != nil {
		return err
	}
	name := c.Args().First()
	if c.String("against") == "" {
		catalogue := ""
		if library, _, _, ok := backup.ParseName(name); ok {
			state, err := e.stateDir()
			if err != nil {
				return err
			}
			catalogue = backup.CatalogueFile(state, library)
		}
		return e.withRepo(c, func(r *archive.Repo) error {
			proof, err := backup.ProveAgain(c.Context, r, catalogue, name)
			if err != nil {
				return err
			}
			return e.proven(c, proof)
		})
	}
	return e.withDestination(c, c.String("against"), func(f archive.Folder) error {
		return e.withRepo(c, func(r *archive.Repo) error {
			proof, err := r.Prove(c.Context, name, f.Record.All())
			if err != nil {
				return err
			}
			return e.proven(c, proof)
		})
	})
}

func archiveList(c *cli.Context, e environment) error {
	if err := arguments(c, 0, ""); err != nil {
		return err
	}
	return e.withRepo(c, func(r *archive.Repo) error {
		list, err := r.List(c.Context)
		if err != nil {
			return err
		}
		w := tabwriter.NewWriter(e.out, 0, 0, 2, ' ', 0)
		if !c.Bool("json") {
			fmt.Fprintln(w, "NAME\tMADE\tID\tCOMMENT")
		}
		for _, a := range list {
			if c.Bool("json") {
				j := jsonArchive{"archive", a.Name, a.ID, nil, a.Comment, a.Host, !a.Checkpoint}
				if !a.Start.IsZero() {
					j.Start = &a.Start
				}
				if err := printJSON(e.out, j); err != nil {
					return err
				}
				continue
			}
			comment := printable(a.Comment)
			if a.Checkpoint {
				comment = "(not finished) " + comment
			}
			fmt.Fprintf(w, "%s\t%s\t%.12s\t%s\n", printable(a.Name), a.Start.Format("2006-01-02 15:04:05Z"), a.ID, comment)
		}
		return w.Flush()
	})
}

func archiveCheck(c *cli.Context, e environment) error {
	if err := arguments(c, 0, ""); err != nil {
		return err
	}
	return e.withRepo(c, func(r *archive.Repo) error {
		if err := r.Check(c.Context, archive.CheckOptions{Data: c.Bool("data")}); err != nil {
			return err
		}
		fmt.Fprintln(e.err, "photogo: borg finds no damage; `photogo archive prove` proves an archive")
		return nil
	})
}
