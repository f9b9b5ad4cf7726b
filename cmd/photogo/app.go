package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/photogo/photogo/photosdb"
)

// run runs the command line and returns the exit code.
func run(ctx context.Context, e environment, args []string) int {
	app := newApp(e)
	err := app.RunContext(ctx, flagsFirst(app, args))
	if err == nil {
		return 0
	}
	code := exitCode(err)
	if !errors.Is(err, errIncomplete) && !errors.Is(err, errDamage) && !errors.As(err, new(told)) {
		e.explain(wantsJSON(args), code, err)
	}
	return code
}

// wantsJSON looks for the flag where the parser may not have come to it.
func wantsJSON(args []string) bool {
	for _, a := range args {
		name, value, _ := strings.Cut(strings.TrimLeft(a, "-"), "=")
		if strings.HasPrefix(a, "-") && name == "json" && value != "false" {
			return true
		}
	}
	return false
}

func newApp(e environment) *cli.App {
	cli.VersionPrinter = func(*cli.Context) {} // the command version does it
	return &cli.App{
		Name:                 "photogo",
		Usage:                "get every photo and movie out of an Apple Photos library, proven bit for bit",
		HideVersion:          true,
		EnableBashCompletion: true,
		// A comma belongs to a name: --album "Rome, 2020".
		DisableSliceFlagSeparator: true,
		Writer:                    e.out,
		ErrWriter:                 e.err,
		// Errors come back to run, which knows the exit codes.
		ExitErrHandler: func(*cli.Context, error) {},
		OnUsageError:   usageError,
		Action:         noCommand,
		Commands: []*cli.Command{
			initCommand(e),
			configCommand(e),
			syncCommand(e),
			statusCommand(e),
			doctorCommand(e),
			exportCommand(e),
			verifyCommand(e),
			stateCommand(e),
			listCommand(e),
			infoCommand(e),
			archiveCommand(e),
			restoreCommand(e),
			mountCommand(e),
			unmountCommand(e),
			secretCommand(e),
			agentCommand(e),
			versionCommand(e),
			exitCodesCommand(),
			workCommand(e),
		},
	}
}

func usageError(_ *cli.Context, err error, _ bool) error { return usagef("%w", err) }

func noCommand(c *cli.Context) error {
	if c.Args().Present() {
		return usagef("there is no command %q; `photogo help` lists them", c.Args().First())
	}
	return cli.ShowAppHelp(c)
}

// flagsFirst moves flags before the other arguments of a command, since people
// write `photogo export DEST --library LIBRARY` and the flag parser stops at
// the first argument that is none.
func flagsFirst(app *cli.App, args []string) []string {
	head, command := 1, []*cli.Command(app.Commands)
	var flags []cli.Flag
	for head < len(args) {
		c := find(command, args[head])
		if c == nil {
			break
		}
		head, command, flags = head+1, c.Subcommands, c.Flags
	}
	if flags == nil {
		return args
	}
	takesValue := map[string]bool{}
	for _, f := range flags {
		_, isBool := f.(*cli.BoolFlag)
		for _, name := range f.Names() {
			takesValue["-"+name], takesValue["--"+name] = !isBool, !isBool
		}
	}
	var options, rest []string
	for i := head; i < len(args); i++ {
		switch a := args[i]; {
		case a == "--":
			rest = append(rest, args[i+1:]...)
			i = len(args)
		case len(a) > 1 && a[0] == '-':
			options = append(options, a)
			if takesValue[a] && i+1 < len(args) {
				i++
				options = append(options, args[i])
			}
		default:
			rest = append(rest, a)
		}
	}
	out := append([]string{}, args[:head]...)
	out = append(out, options...)
	return append(append(out, "--"), rest...)
}

func find(commands []*cli.Command, name string) *cli.Command {
	for _, c := range commands {
		if c.HasName(name) {
			return c
		}
	}
	return nil
}

// libraryFlag is on every command that reads a library.
func libraryFlag() cli.Flag {
	return &cli.StringFlag{
		Name: "library", Aliases: []string{"db"}, TakesFile: true,
		Usage: "the Photos library, `LIBRARY`.photoslibrary (default: on macOS the one in your Pictures folder)",
	}
}

// libraryPath is the library that the flags name, or the system's; "" for none.
func (e environment) libraryPath(c *cli.Context) string {
	if path := c.String("library"); path != "" {
		return path
	}
	return photosdb.SystemLibrary(e.getenv("HOME"))
}

// openLibrary opens the library that the flags name.
func (e environment) openLibrary(c *cli.Context) (*photosdb.Library, error) {
	path := e.libraryPath(c)
	if path == "" {
		return nil, usagef("which library? --library LIBRARY.photoslibrary names it (only on macOS there is a default)")
	}
	opt, err := e.libraryOptions()
	if err != nil {
		return nil, err
	}
	return photosdb.Open(c.Context, path, opt)
}

// libraryOptions say where the private copies of databases go.
func (e environment) libraryOptions() (photosdb.Options, error) {
	state, err := e.stateDir()
	return photosdb.Options{TempDir: filepath.Join(state, "snapshots")}, err
}

// stateDir is where photogo keeps what it must remember.
func (e environment) stateDir() (string, error) {
	if dir := e.getenv("PHOTOGO_HOME"); dir != "" {
		return filepath.Abs(dir)
	}
	home := e.getenv("HOME")
	if dir := e.getenv("XDG_STATE_HOME"); dir != "" && filepath.IsAbs(dir) {
		return filepath.Join(dir, "photogo"), nil
	}
	switch {
	case home == "":
		return "", usagef("neither HOME nor PHOTOGO_HOME is set: photogo does not know where to keep its state")
	case runtime.GOOS == "darwin":
		return filepath.Join(home, "Library", "Application Support", "photogo"), nil
	}
	return filepath.Join(home, ".local", "state", "photogo"), nil
}

// version is set by the build; without it the module's own version tells.
var version = ""

func versionCommand(e environment) *cli.Command {
	return &cli.Command{
		Name:      "version",
		Usage:     "print photogo's version",
		ArgsUsage: " ",
		Flags:     []cli.Flag{&cli.BoolFlag{Name: "json", Usage: "print an object for programs"}},
		Action: func(c *cli.Context) error {
			if err := arguments(c, 0, ""); err != nil {
				return err
			}
			v, commit := builtFrom()
			if c.Bool("json") {
				return printJSON(e.out, struct {
					Version  string `json:"version"`
					Commit   string `json:"commit"`
					Go       string `json:"go"`
					Platform string `json:"platform"`
				}{v, commit, runtime.Version(), runtime.GOOS + "/" + runtime.GOARCH})
			}
			_, err := fmt.Fprintf(e.out, "photogo %s (%s, %s/%s)\n", v, runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return err
		},
	}
}

// builtFrom is the version of photogo, and the commit that it was built from, ""
// where the build does not know.
func builtFrom() (v, commit string) {
	v = version
	if info, ok := debug.ReadBuildInfo(); ok {
		if v == "" {
			v = info.Main.Version
		}
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				commit = s.Value
			}
		}
	}
	return v, commit
}

// arguments makes sure that a command got as many as it takes.
func arguments(c *cli.Context, want int, what string) error {
	switch n := c.NArg(); {
	case n < want:
		return usagef("%s is missing; `photogo %s --help` shows how", what, c.Command.FullName())
	case n > want:
		return usagef("unexpected argument %q", c.Args().Get(want))
	}
	return nil
}
