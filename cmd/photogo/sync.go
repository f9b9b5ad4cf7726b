package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/urfave/cli/v2"

	"github.com/photogo/photogo/archive"
	"github.com/photogo/photogo/backup"
	"github.com/photogo/photogo/config"
	"github.com/photogo/photogo/export"
	"github.com/photogo/photogo/mount"
	"github.com/photogo/photogo/secret"
	"github.com/photogo/photogo/source"
	"github.com/photogo/photogo/ssh"
)

const syncHelp = `Runs one cycle of the backup that the configuration describes: exports what is new
into the staging folder, brings the mirror in the vault in line with it, and, when
a period is over, archives what is staged, reads every byte of the archive back, and
only then lets go of it in the staging folder and the mirror. docs/SYNC.md tells
what each step does, and what each refusal means.

It can be interrupted at any time, and run again at any time: what was begun is
brought to its end.

Examples:
  photogo sync
  photogo sync --dry-run
  photogo sync --agent    as the timer of photogo agent runs it: says nothing where
                          there is nothing to say, and ends with 0 where the
                          machine with the backup does not answer`

func syncCommand(e environment) *cli.Command {
	return &cli.Command{
		Name: "sync", Usage: "run one cycle: export, mirror, archive, prove, purge", ArgsUsage: " ", Description: syncHelp, OnUsageError: usageError,
		Flags: []cli.Flag{
			configFlag(),
			&cli.BoolFlag{Name: "dry-run", Usage: "say what would be done, and do nothing"},
			&cli.BoolFlag{Name: "agent", Usage: "quiet, and no failure where the other machine does not answer"},
			&cli.BoolFlag{Name: "trust-clock", Usage: "believe this machine's clock, though it is behind or far ahead"},
			&cli.BoolFlag{Name: "new-vault", Usage: "take a vault that photogo did not make, or that is another one than before"},
			&cli.BoolFlag{Name: "json", Usage: "print objects for programs on stdout, one a line"},
			&cli.BoolFlag{Name: "quiet", Aliases: []string{"q"}, Usage: "tell only what is wrong"},
		},
		Action: func(c *cli.Context) error { return syncAction(c, e) },
	}
}

// workCommand is what sync starts to work in a vault; see backup.Work.
func workCommand(e environment) *cli.Command {
	return &cli.Command{
		Name: workName, Hidden: true, ArgsUsage: " ",
		Action: func(c *cli.Context) error { return backup.Work(c.Context, e.in, e.out) },
	}
}

const workName = "work-in-vault"

func syncAction(c *cli.Context, e environment) error {
	if err := arguments(c, 0, ""); err != nil {
		return err
	}
	s, err := e.prepareSync(c)
	defer s.close()
	if s.unattended {
		e.begun(c.Context, s.cfg, err)
	}
	if err != nil {
		return err
	}
	e, cfg, job, p := s.env, s.cfg, s.job, s.p
	if c.Bool("dry-run") {
		return foresee(c, job, s.library, p)
	}
	job.TrustClock, job.NewVault = c.Bool("trust-clock"), c.Bool("new-vault")
	r, err := e.cycle(c.Context, cfg, job)
	if c.Bool("agent") {
		e.outcome(c.Context, cfg, job, r, err)
		if errors.Is(err, backup.ErrUnreachable) {
			fmt.Fprintf(e.err, "photogo: %v; nothing was done\n", err)
			return nil
		}
		if err != nil {
			fmt.Fprintf(e.err, "photogo: cycle: %v\n", err) // the log is to have it, too
		}
	}
	if err := errors.Join(err, p.close(r, err)); err != nil {
		return err
	}
	if !r.Complete {
		return errIncomplete
	}
	return nil
}

// syncing is what a cycle needs before it can begin.
type syncing struct {
	env        environment
	unattended bool
	log        io.Closer // nil: there is none
	cfg        config.Config
	job        backup.Job
	library    *source.Library
	p          *syncPrinter
}

func (s syncing) close() {
	if s.log != nil {
		s.log.Close()
	}
}

func (e environment) prepareSync(c *cli.Context) (s syncing, err error) {
	s = syncing{env: e, unattended: c.Bool("agent") && !c.Bool("dry-run")}
	s.cfg, _, err = e.loadConfig(c)
	if s.unattended {
		e.rotateAgentLog(s.cfg)
	}
	if err == nil && s.unattended {
		s.env, s.log, err = e.openLog(s.cfg)
	}
	if err != nil {
		return s, err
	}
	s.p = &syncPrinter{env: s.env, json: c.Bool("json"), quiet: c.Bool("quiet"), agent: c.Bool("agent"), last: e.now()}
	s.job, s.library, err = s.env.job(s.cfg, s.p)
	return s, err
}

// cycle fetches the passphrases and runs a cycle.
func (e environment) cycle(ctx context.Context, cfg config.Config, job backup.Job) (r backup.Receipt, err error) {
	forget, err := e.unlock(ctx, cfg, &job)
	defer forget()
	if err != nil {
		return r, err
	}
	c, err := backup.Open(ctx, job)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	return c.Run(ctx)
}

// job is the backup that a configuration describes, without its passphrases.
func (e environment) job(cfg config.Config, p *syncPrinter) (job backup.Job, library *source.Library, err error) {
	if cfg.Library == "" {
		return job, nil, usagef("which library? The key library of the configuration names it (only on macOS there is a default)")
	}
	state, err := e.stateDir()
	if err != nil {
		return job, nil, err
	}
	if library, err = e.librarySource(cfg, state, p); err != nil {
		return job, nil, err
	}
	job = backup.Job{
		Name: cfg.Name, State: state, Staging: cfg.Staging, Source: library,
		Worker: []string{e.program, workName}, Env: e.environ, Now: e.now, Event: p.step,
	}
	if v := cfg.Vault; v.Host != "" {
		job.Vault = &mount.Spec{
			User: v.User, Host: v.Host, Dir: v.Dir,
			SSH: ssh.Options{Identity: v.Identity, KnownHosts: v.KnownHosts, Config: v.SSHConfig, Port: v.Port},
		}
	}
	if a := cfg.Archive; a.Repository != "" {
		job.Repository = repositoryOf(a)
	}
	return job, library, nil
}

// repositoryOf is the repository of a configuration.
func repositoryOf(a config.Archive) *backup.Repository {
	return &backup.Repository{
		Location: a.Repository, Compression: a.Compression, Period: backup.Period(a.Period), Budget: int64(a.Budget),
		Options: archive.Options{
			Program: a.Borg, RemoteProgram: a.RemoteBorg,
			SSH: ssh.Options{Identity: a.Identity, KnownHosts: a.KnownHosts, Config: a.SSHConfig, Port: a.Port},
		},
	}
}

// unlock fetches the passphrases of a job. forget overwrites them.
func (e environment) unlock(ctx context.Context, cfg config.Config, job *backup.Job) (forget func(), err error) {
	var held []*secret.Passphrase
	forget = func() {
		for _, p := range held {
			p.Forget()
		}
	}
	if err := secret.ForbidCore(); err != nil {
		return forget, err
	}
	get := func(key, text string) (*secret.Passphrase, error) {
		if text == "" {
			return nil, usagef("%s is not set: it says where the passphrase is kept", key)
		}
		s, o, err := e.parseSource(text)
		if err != nil {
			return nil, err
		}
		p, err := s.Get(ctx, o)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		held = append(held, p)
		return p, nil
	}
	if job.Vault != nil {
		p, err := get("vault.passphrase", cfg.Vault.Passphrase)
		if err != nil {
			return forget, err
		}
		job.Vault.Passphrase = p
	}
	if job.Repository != nil {
		p, err := get("archive.passphrase", cfg.Archive.Passphrase)
		if err != nil {
			return forget, err
		}
		job.Repository.Options.Passphrase = p
	}
	return forget, nil
}

// foresee is a dry run.
func foresee(c *cli.Context, job backup.Job, library *source.Library, p *syncPrinter) error {
	job.Source = nil // it is asked below
	s, err := backup.Look(c.Context, job, nil)
	if err != nil {
		return err
	}
	would, err := library.Rehearse(c.Context)
	if err != nil {
		return err
	}
	f := jsonForesight{
		Type: "summary", DryRun: true, Placed: would.Placed + would.Moved, Bytes: would.Bytes, Missing: would.Missing, Working: s.Working,
	}
	if job.Vault != nil {
		f.Mirrored = s.Staged.Files - s.Mirrored.Files + would.Placed
	}
	if due := !s.Due.IsZero() && !s.Due.After(job.Now()); due && s.Staged.Files+would.Placed > 0 {
		f.Period = s.Period
	}
	if p.json {
		return printJSON(p.env.out, f)
	}
	p.line("dry run, nothing was done: %s files would be exported (%s), %s are missing", number(f.Placed), humanize.Bytes(uint64(f.Bytes)), number(f.Missing))
	if job.Vault != nil {
		p.line("%s would be sent to the mirror", number(f.Mirrored))
	}
	if f.Working != "" {
		p.line("the archive %s would be brought to its end", f.Working)
	}
	if f.Period != "" {
		p.line("what is staged would be archived for %s, proven, and purged", f.Period)
	}
	return nil
}

func number(n int) string { return humanize.Comma(int64(n)) }

// syncPrinter tells a cycle.
type syncPrinter struct {
	env         environment
	json, quiet bool
	agent       bool // nobody looks on: only what was done is told, at the end
	last        time.Time
	missing     int
}

func (p *syncPrinter) line(format string, args ...any) {
	if !p.quiet && !p.agent {
		fmt.Fprintf(p.env.err, "photogo: "+format+"\n", args...)
	}
}

// step tells how far a cycle is.
func (p *syncPrinter) step(ev backup.Event) {
	switch {
	case ev.Err != nil:
		fmt.Fprintln(p.env.err, "photogo:", ev.Err)
		if p.json {
			printJSON(p.env.out, jsonError{Type: "error", Code: exitIncomplete, Message: ev.Err.Error(), Path: ev.Path})
		}
	case ev.Begin:
		if p.json {
			printJSON(p.env.out, jsonStep{"step", string(ev.Step)})
		}
	case ev.Step == backup.StepProve:
		p.line("proven: %s: %s files, %s, every byte read back", ev.Path, number(ev.Files), humanize.Bytes(uint64(ev.Bytes)))
	default:
		p.progress(ev)
	}
}

func (p *syncPrinter) progress(ev backup.Event) {
	now := p.env.now()
	switch since := now.Sub(p.last); {
	case p.json && since >= jsonInterval:
		printJSON(p.env.out, jsonStepProgress{"progress", string(ev.Step), ev.Files, ev.Bytes})
	case !p.json && !p.quiet && !p.agent && since >= pipeInterval:
		p.line("%s: %s files, %s", ev.Step, number(ev.Files), humanize.Bytes(uint64(ev.Bytes)))
	default:
		return
	}
	p.last = now
}

// file tells a file that is not as it should be.
func (p *syncPrinter) file(ev export.Event) {
	switch {
	case ev.Outcome == export.Failed:
		fmt.Fprintf(p.env.err, "photogo: failed: %v\n", ev.Err)
		if p.json {
			printJSON(p.env.out, jsonError{"error", exitIncomplete, ev.Err.Error(), path(ev), string(ev.Item.UUID), string(ev.Item.Role)})
		}
	case ev.Outcome == export.Absent, ev.Altered():
		code := "altered"
		if ev.Outcome == export.Absent {
			code = "missing"
		}
		if p.json {
			printJSON(p.env.out, jsonWarning{"warning", code, reason(ev), path(ev), string(ev.Item.UUID), string(ev.Item.Role)})
		}
		if p.missing++; p.missing <= fewLines {
			p.line("%s: %s: %s", code, path(ev), reason(ev))
		} else if p.missing == fewLines+1 {
			p.line("more files are missing or altered; photogo export --dry-run --verbose lists them all")
		}
	}
}

func (p *syncPrinter) warn(message string) {
	p.line("warning: %s", message)
	if p.json {
		printJSON(p.env.out, jsonWarning{Type: "warning", Code: "library", Message: message})
	}
}

func fetchedWords(files int) string {
	if files == 0 {
		return ""
	}
	return ", " + number(files) + " of them from iCloud"
}

// close ends the telling of a cycle.
func (p *syncPrinter) close(r backup.Receipt, failed error) error {
	var parts []string
	part := func(c backup.Count, words string) {
		if c.Files > 0 {
			parts = append(parts, fmt.Sprintf("%s %s (%s)", number(c.Files), words, humanize.Bytes(uint64(c.Bytes))))
		}
	}
	part(backup.Count{Files: r.Exported.Placed, Bytes: r.Exported.Bytes}, "exported"+fetchedWords(r.Exported.Fetched))
	part(r.Mirrored, "mirrored")
	part(r.Proven, "archived and proven in "+strings.Join(r.Archives, ", "))
	part(r.Purged, "purged")
	if len(parts) == 0 {
		parts = []string{"nothing was new"}
	}
	if owed := r.Exported.Missing + r.Exported.Failed; owed > 0 {
		part := number(owed) + " missing, which stay owed"
		if left := r.Exported.ToCome; left > 0 {
			part += " (" + humanize.Bytes(uint64(left)) + " of them only in iCloud)"
		}
		parts = append(parts, part)
	}
	if r.Damaged > 0 {
		parts = append(parts, number(r.Damaged)+" damaged in the staging folder")
	}
	verb := "done"
	switch {
	case failed != nil:
		verb = "not done"
	case !r.Complete:
		verb = "done, but not complete"
	}
	p.agent = p.agent && len(r.Archives)+r.Exported.Placed+r.Mirrored.Files == 0 && failed == nil
	p.line("%s: %s", verb, strings.Join(parts, ", "))
	if p.json && !r.Start.IsZero() {
		return printJSON(p.env.out, receiptJSON("summary", r))
	}
	return nil
}

// The objects of --json; docs/JSON.md describes them.

type jsonStep struct {
	Type string `json:"type"`
	Step string `json:"step"`
}

type jsonStepProgress struct {
	Type  string `json:"type"`
	Step  string `json:"step"`
	Files int    `json:"files"`
	Bytes int64  `json:"bytes"`
}

type jsonReceipt struct {
	Type     string          `json:"type"`
	Start    time.Time       `json:"start"`
	End      time.Time       `json:"end"`
	Complete bool            `json:"complete"`
	Problem  string          `json:"problem"`
	Period   string          `json:"period"`
	Exported backup.Exported `json:"exported"`
	Mirrored backup.Count    `json:"mirrored"`
	Archives []string        `json:"archives"`
	Proven   backup.Count    `json:"proven"`
	Purged   backup.Count    `json:"purged"`
	Damaged  int             `json:"damaged"`
}

func receiptJSON(kind string, r backup.Receipt) jsonReceipt {
	return jsonReceipt{
		kind, r.Start.UTC(), r.End.UTC(), r.Complete, r.Problem, r.Period, r.Exported, r.Mirrored,
		append([]string{}, r.Archives...), r.Proven, r.Purged, r.Damaged,
	}
}

type jsonForesight struct {
	Type     string `json:"type"`
	DryRun   bool   `json:"dry_run"`
	Placed   int    `json:"placed"`
	Bytes    int64  `json:"bytes"`
	Missing  int    `json:"missing"`
	Mirrored int    `json:"mirrored"`
	Period   string `json:"period"`
	Working  string `json:"working"`
}
