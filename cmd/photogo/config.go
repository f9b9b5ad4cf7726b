package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"github.com/photogo/photogo/archive"
	"github.com/photogo/photogo/config"
	"github.com/photogo/photogo/naming"
	"github.com/photogo/photogo/photosdb"
	"github.com/photogo/photogo/secret"
)

func configCommand(e environment) *cli.Command {
	command := func(name, usage, help string, action func(*cli.Context) error) *cli.Command {
		return &cli.Command{
			Name: name, Usage: usage, Description: help, ArgsUsage: " ", OnUsageError: usageError, Action: action,
			Flags: []cli.Flag{configFlag(), &cli.BoolFlag{Name: "json", Usage: "print objects for programs, one a line"}},
		}
	}
	return &cli.Command{
		Name:  "config",
		Usage: "look after the configuration of what runs unattended",
		Subcommands: []*cli.Command{
			command("check", "tell all that is wrong with the configuration", `Tells every problem at once, with its line and what to do about it, and ends with
2 if there is one. It reaches no machine and fetches no passphrase.

Example:
  photogo config check`, func(c *cli.Context) error { return configCheck(c, e) }),
			command("show", "print the values that hold, and where they come from", `Prints each key with the value that holds: of the file, with its line, or the
default. Passphrases are not in the configuration, and not shown; of commands
there is only the program. docs/CONFIG.md says what the keys mean.

Example:
  photogo config show --json`, func(c *cli.Context) error { return configShow(c, e) }),
		},
		Action: func(c *cli.Context) error { return usagef("config what? check or show") },
	}
}

// configFlag is on every command that reads the configuration.
func configFlag() cli.Flag {
	return &cli.StringFlag{Name: "config", TakesFile: true, Usage: "the configuration `FILE` (default: ~/.config/photogo/config.toml)"}
}

// configPath is the configuration that the flags name, or the usual one.
func (e environment) configPath(c *cli.Context) (string, error) {
	if file := c.String("config"); file != "" {
		return filepath.Abs(file)
	}
	if dir := e.getenv("PHOTOGO_HOME"); dir != "" {
		return filepath.Abs(filepath.Join(dir, "config.toml"))
	}
	if dir := e.getenv("XDG_CONFIG_HOME"); dir != "" && filepath.IsAbs(dir) {
		return filepath.Join(dir, "photogo", "config.toml"), nil
	}
	if home := e.getenv("HOME"); home != "" {
		return filepath.Join(home, ".config", "photogo", "config.toml"), nil
	}
	return "", usagef("neither HOME nor PHOTOGO_HOME is set: photogo does not know where its configuration is")
}

// loadConfig reads the configuration, and says where it is. What it leaves to the
// system, the library, the name and the log, is filled in.
func (e environment) loadConfig(c *cli.Context) (cfg config.Config, file string, err error) {
	if file, err = e.configPath(c); err != nil {
		return cfg, "", err
	}
	if cfg, err = config.Load(file, e.configOptions()); err != nil {
		return cfg, file, err
	}
	cfg.Name = cfg.Prefix()
	if cfg.Log.File == "" {
		cfg.Log.File, err = e.logFile()
	}
	return cfg, file, err
}

// configOptions let the packages that know judge texts of the configuration.
func (e environment) configOptions() config.Options {
	home := e.getenv("HOME")
	return config.Options{Home: home, Library: photosdb.SystemLibrary(home), Check: func(key, text string) (err error) {
		switch key {
		case "export.directory", "export.filename":
			_, err = naming.Parse(text)
		case "vault.passphrase", "archive.passphrase":
			_, err = secret.Parse(text, home)
		case "archive.repository":
			err = archive.CheckLocation(text)
		case "archive.compression":
			err = archive.CheckCompression(text)
		}
		return err
	}}
}

// logFile is where unattended runs are logged unless the configuration says
// otherwise. PHOTOGO_HOME moves it, too.
func (e environment) logFile() (string, error) {
	if home := e.getenv("HOME"); runtime.GOOS == "darwin" && e.getenv("PHOTOGO_HOME") == "" && home != "" {
		return filepath.Join(home, "Library", "Logs", "photogo", "photogo.log"), nil
	}
	state, err := e.stateDir()
	return filepath.Join(state, "photogo.log"), err
}

type jsonProblem struct {
	Type    string `json:"type"`
	File    string `json:"file"`
	Line    int    `json:"line"` // 0: of no line
	Key     string `json:"key"`
	Message string `json:"message"`
	Help    string `json:"help"`
}

func configCheck(c *cli.Context, e environment) error {
	if err := arguments(c, 0, ""); err != nil {
		return err
	}
	_, file, err := e.loadConfig(c)
	var wrong *config.Error
	if errors.As(err, &wrong) && c.Bool("json") {
		for _, p := range wrong.Problems {
			if err := printJSON(e.out, jsonProblem{"problem", wrong.File, p.Line, p.Key, p.Message, p.Help}); err != nil {
				return err
			}
		}
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(e.err, "photogo: %s is sound\n", file)
	return nil
}

type jsonSetting struct {
	Type  string `json:"type"`
	Key   string `json:"key"`
	Value any    `json:"value"`
	Line  int    `json:"line"` // 0: the default
}

func configShow(c *cli.Context, e environment) error {
	if err := arguments(c, 0, ""); err != nil {
		return err
	}
	cfg, file, err := e.loadConfig(c)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(e.out, 0, 0, 2, ' ', 0)
	if !c.Bool("json") {
		fmt.Fprintf(w, "%s\nKEY\tVALUE\tFROM\n", file)
	}
	for _, v := range cfg.Values() {
		if c.Bool("json") {
			if err := printJSON(e.out, jsonSetting{"setting", v.Key, v.JSON, v.Line}); err != nil {
				return err
			}
			continue
		}
		from := "default"
		if v.Line > 0 {
			from = fmt.Sprint("line ", v.Line)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", v.Key, printable(strings.ReplaceAll(v.Text, "\t", " ")), from)
	}
	return w.Flush()
}
