package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/photogo/photogo/agent"
)

func agentCommand(e environment) *cli.Command {
	command := func(name, usage, help string, flags []cli.Flag, action func(*cli.Context) error) *cli.Command {
		return &cli.Command{
			Name: name, Usage: usage, Description: help, ArgsUsage: " ", OnUsageError: usageError, Action: action,
			Flags: append(flags, &cli.BoolFlag{Name: "json", Usage: "print an object for programs"}),
		}
	}
	dry := &cli.BoolFlag{Name: "dry-run", Usage: "say what would be done, and do nothing"}
	return &cli.Command{
		Name:  "agent",
		Usage: "let photogo sync run by itself",
		Subcommands: []*cli.Command{
			command("install", "run photogo sync now, and again and again", `Installs a timer of launchd on macOS, of systemd on Linux, that runs photogo sync
--agent for you, at a low priority. May be called again: a timer that is as it
should be is left alone. The configuration has to be sound.

Example:
  photogo agent install --interval 15m`,
				[]cli.Flag{configFlag(), &cli.DurationFlag{Name: "interval", Value: 5 * time.Minute, Usage: "`TIME` between two runs, from 1m to 24h"}, dry},
				func(c *cli.Context) error { return agentInstall(c, e) }),
			command("uninstall", "stop that", `Removes the timer. Configuration, state, pictures and archives stay.

Example:
  photogo agent uninstall`,
				[]cli.Flag{dry}, func(c *cli.Context) error { return agentUninstall(c, e) }),
			command("status", "say whether the timer runs", `Ends with 3 unless the timer is installed, runs, and is as photogo agent install
would make it.

Example:
  photogo agent status --json`,
				[]cli.Flag{configFlag()}, func(c *cli.Context) error { return agentStatus(c, e) }),
		},
		Action: func(c *cli.Context) error { return usagef("agent what? install, uninstall or status") },
	}
}

func (e environment) agentSystem() (agent.System, error) {
	home := e.getenv("HOME")
	if !filepath.IsAbs(home) {
		return agent.System{}, usagef("HOME is not set: photogo does not know where timers are kept")
	}
	return agent.System{GOOS: runtime.GOOS, Home: home, Config: e.getenv("XDG_CONFIG_HOME"), UID: e.uid, Env: e.environ}, nil
}

// agentFor is the timer of the configuration in a file, which logs beside logFile.
func (e environment) agentFor(file, logFile string) (agent.Agent, error) {
	if e.program == "" {
		return agent.Agent{}, usagef("photogo does not know where it is itself")
	}
	a := agent.Agent{
		Program: e.program, Args: []string{"sync", "--agent", "--config", file},
		Env: []string{"PATH=" + agent.SearchPath(e.getenv("PATH"), "borg", "sshfs", "gocryptfs")},
		Log: agentLog(logFile),
	}
	for _, name := range []string{"PHOTOGO_HOME", "XDG_STATE_HOME"} {
		if value := e.getenv(name); filepath.IsAbs(value) {
			a.Env = append(a.Env, name+"="+value)
		}
	}
	return a, nil
}

type jsonAgent struct {
	Type    string   `json:"type"`
	Files   []string `json:"files"`
	Changed bool     `json:"changed"`
}

func agentInstall(c *cli.Context, e environment) error {
	if err := arguments(c, 0, ""); err != nil {
		return err
	}
	s, err := e.agentSystem()
	if err != nil {
		return err
	}
	cfg, file, err := e.loadConfig(c)
	if err != nil {
		return err
	}
	a, err := e.agentFor(file, cfg.Log.File)
	if err != nil {
		return err
	}
	a.Interval = c.Duration("interval")
	if c.Bool("dry-run") {
		files, err := agent.Files(s, a)
		for _, f := range files {
			fmt.Fprintf(e.err, "photogo: dry run: would write %s\n", f.Path)
			fmt.Fprintf(e.out, "%s", f.Data)
		}
		return err
	}
	r, err := agent.Install(c.Context, s, a)
	if err != nil {
		return err
	}
	if c.Bool("json") {
		return printJSON(e.out, jsonAgent{"agent", r.Files, r.Changed})
	}
	if !r.Changed {
		fmt.Fprintln(e.err, "photogo: the timer runs already, and is as it should be")
		return nil
	}
	fmt.Fprintf(e.err, "photogo: photogo sync runs every %s from now on; it logs to %s\n", a.Interval, cfg.Log.File)
	if runtime.GOOS == "darwin" {
		fmt.Fprintf(e.err, "The timer needs Full Disk Access of its own: add %s in System Settings > Privacy & Security,\n"+
			"and let it find devices on the local network, if macOS asks.\n", a.Program)
	} else {
		fmt.Fprintln(e.err, "It runs while you are logged in; `loginctl enable-linger` lets it run otherwise, too.")
	}
	return nil
}

func agentUninstall(c *cli.Context, e environment) error {
	if err := arguments(c, 0, ""); err != nil {
		return err
	}
	s, err := e.agentSystem()
	if err != nil {
		return err
	}
	if c.Bool("dry-run") {
		paths, err := agent.Paths(s)
		for _, file := range paths {
			if _, err := os.Lstat(file); err == nil {
				fmt.Fprintf(e.err, "photogo: dry run: would remove %s\n", file)
			}
		}
		return err
	}
	r, err := agent.Remove(c.Context, s)
	if err != nil {
		return err
	}
	if c.Bool("json") {
		return printJSON(e.out, jsonAgent{"agent", r.Files, r.Changed})
	}
	words := "photogo: there was no timer"
	if r.Changed {
		words = "photogo: the timer is gone; everything else stays"
	}
	fmt.Fprintln(e.err, words)
	return nil
}

type jsonAgentStatus struct {
	Type      string   `json:"type"`
	Installed bool     `json:"installed"`
	Current   bool     `json:"current"`
	Loaded    bool     `json:"loaded"`
	Running   bool     `json:"running"`
	LastExit  *int     `json:"last_exit"`
	Interval  *float64 `json:"interval"` // seconds
	Files     []string `json:"files"`
}

func agentStatus(c *cli.Context, e environment) error {
	if err := arguments(c, 0, ""); err != nil {
		return err
	}
	s, err := e.agentSystem()
	if err != nil {
		return err
	}
	cfg, file, err := e.loadConfig(c)
	if err != nil {
		return err
	}
	a, err := e.agentFor(file, cfg.Log.File)
	if err != nil {
		return err
	}
	st, err := agent.Look(c.Context, s, a)
	if err != nil {
		return err
	}
	if c.Bool("json") {
		j := jsonAgentStatus{"agent", st.Installed, st.Current, st.Loaded, st.Running, st.LastExit, nil, st.Files}
		if seconds := st.Interval.Seconds(); seconds > 0 {
			j.Interval = &seconds
		}
		if err := printJSON(e.out, j); err != nil {
			return err
		}
	} else {
		e.tellAgent(st)
	}
	if !st.Installed || !st.Current || !st.Loaded {
		return errIncomplete
	}
	return nil
}

// tellAgent says in words how the timer stands.
func (e environment) tellAgent(st agent.Status) {
	switch {
	case !st.Installed && !st.Loaded:
		fmt.Fprintln(e.out, "no timer; photogo agent install makes one")
		return
	case !st.Installed:
		fmt.Fprintln(e.out, "a timer runs whose files are not there; photogo agent install makes them anew")
	case !st.Loaded:
		fmt.Fprintln(e.out, "the timer is installed, but does not run; photogo agent install starts it")
	case !st.Current:
		fmt.Fprintf(e.out, "a timer runs every %s, but not as it should; photogo agent install makes it anew\n", st.Interval)
	default:
		fmt.Fprintf(e.out, "the timer runs every %s\n", st.Interval)
	}
	if st.Running {
		fmt.Fprintln(e.out, "photogo sync is running just now")
	}
	if st.LastExit != nil {
		meaning := ""
		for _, x := range exitCodes {
			if x.code == *st.LastExit {
				meaning = ": " + x.meaning
			}
		}
		fmt.Fprintf(e.out, "the last run ended with %d%s\n", *st.LastExit, meaning)
	}
	for _, f := range st.Files {
		fmt.Fprintln(e.out, f)
	}
}
