package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/urfave/cli/v2"

	"github.com/photogo/photogo/config"
	"github.com/photogo/photogo/doctor"
	"github.com/photogo/photogo/secret"
)

func doctorCommand(e environment) *cli.Command {
	return &cli.Command{
		Name: "doctor", Usage: "look whether all that photogo needs is there and permitted", ArgsUsage: " ", OnUsageError: usageError,
		Description: `Looks at the configuration, the library and the permission to read it, the helper for
Photos with its signature and permission, the system library, the network, the
disk, other programs, passphrases, other machines and the timer, and says of each
whether it is well and what to do if it is not. It changes nothing and asks nobody;
a passphrase that it fetches is forgotten at once.

Ends with 0 only if all is well: what is not needed counts as well, what cannot be
found out does not. Otherwise the exit code is that of the first thing that is bad.

Examples:
  photogo doctor
  photogo doctor --json | jq -r 'select(.state == "bad") | .mend'`,
		Flags: []cli.Flag{
			configFlag(), libraryFlag(),
			&cli.StringFlag{Name: "helper", TakesFile: true, Usage: "the `PROGRAM` that asks Photos (default: what the configuration says, or the one that lies beside photogo)"},
			&cli.BoolFlag{Name: "json", Usage: "print objects for programs, one a line"},
		},
		Action: func(c *cli.Context) error { return doctorAction(c, e) },
	}
}

type jsonPart struct {
	Type  string `json:"type"`
	Part  string `json:"part"`
	State string `json:"state"`
	Found string `json:"found"`
	Mend  string `json:"mend"`
}

type jsonDoctor struct {
	Type string `json:"type"`
	Well bool   `json:"well"`
	Code int    `json:"exit_code"`
}

func doctorAction(c *cli.Context, e environment) error {
	if err := arguments(c, 0, ""); err != nil {
		return err
	}
	s, err := e.subject(c)
	if err != nil {
		return err
	}
	defer os.RemoveAll(s.Temp)
	var ill error // the first bad thing, or the first other one that is not well
	bad := false
	err = doctor.Examine(c.Context, s, func(f doctor.Finding) {
		if f.Mend == "" && f.Err != nil {
			f.Mend = hintOf(f.Err)
		}
		switch f.State {
		case doctor.Bad:
			if !bad {
				bad, ill = true, f.Err
			}
		case doctor.Warning, doctor.Unknown:
			if ill == nil {
				ill = errIncomplete
			}
		}
		e.tellFinding(c.Bool("json"), f)
	})
	if err != nil {
		return err
	}
	code := 0
	if ill != nil {
		if code = exitCode(ill); code == exitUnforeseen {
			code, ill = exitIncomplete, errIncomplete
		}
	}
	if c.Bool("json") {
		err = printJSON(e.out, jsonDoctor{"doctor", ill == nil, code})
	}
	if ill != nil {
		return told{ill}
	}
	return err
}

func (e environment) tellFinding(asJSON bool, f doctor.Finding) {
	if asJSON {
		printJSON(e.out, jsonPart{"finding", f.Name, string(f.State), f.Found, f.Mend})
		return
	}
	line := fmt.Sprintf("%-10s  %s", f.State, printable(f.Name))
	if f.Found != "" {
		line += ": " + printable(f.Found)
	}
	fmt.Fprintln(e.out, line)
	if f.Mend != "" && f.State != doctor.Well {
		fmt.Fprintf(e.out, "%-10s  → %s\n", "", f.Mend)
	}
}

// subject is what the doctor looks at: what the configuration names, or without one the
// library alone.
func (e environment) subject(c *cli.Context) (s doctor.Subject, err error) {
	s = doctor.Subject{GOOS: runtime.GOOS, Home: e.getenv("HOME"), Env: e.environ, Program: e.program, Library: e.libraryPath(c), Helper: c.String("helper")}
	cfg, file, err := e.loadConfig(c)
	switch {
	case err == nil:
		s.Config = file
		if err := e.configured(c, &s, cfg, file); err != nil {
			s.ConfigErr = err
		}
	case !errors.Is(err, config.ErrNone) || c.String("config") != "":
		s.ConfigErr = err
	}
	if s.Library != "" {
		if s.Library, err = filepath.Abs(s.Library); err != nil {
			return s, err
		}
		s.Folders = append(s.Folders, s.Library)
	}
	s.Temp, err = os.MkdirTemp("", "photogo-doctor-")
	return s, err
}

func (e environment) configured(c *cli.Context, s *doctor.Subject, cfg config.Config, file string) error {
	if c.String("library") == "" {
		s.Library = cfg.Library
	}
	if s.Helper == "" {
		s.Helper = cfg.Download.Helper
	}
	cfg.Library = s.Library
	s.Download = cfg.Export.DownloadMissing && e.canDownload(cfg)
	state, err := e.stateDir()
	if err != nil {
		return err
	}
	s.Reserve = e.downloadOptions(cfg.Download, state, s.Library).Photos.Reserve
	s.Folders = append(s.Folders, cfg.Staging, state)
	for _, p := range []struct {
		needed    bool
		key, text string
	}{{cfg.Vault.Host != "", "vault.passphrase", cfg.Vault.Passphrase}, {cfg.Archive.Repository != "", "archive.passphrase", cfg.Archive.Passphrase}} {
		if !p.needed {
			continue
		}
		source, err := secret.Parse(p.text, s.Home)
		s.Secrets = append(s.Secrets, doctor.Secret{Key: p.key, Source: source, Err: err})
	}
	if e.program != "" {
		if s.System, err = e.agentSystem(); err != nil {
			return err
		}
		timer, err := e.agentFor(file, cfg.Log.File)
		if err != nil {
			return err
		}
		s.Timer = &timer
	}
	if cfg.Library == "" {
		return usagef("which library? The key library of the configuration names it (only on macOS there is a default)")
	}
	job, _, err := e.job(cfg, &syncPrinter{env: e, quiet: true})
	if err != nil {
		return err
	}
	s.Job = &job
	return nil
}
