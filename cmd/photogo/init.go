package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/photogo/photogo/config"
)

const initHelp = `Asks a few questions and writes the configuration of what runs unattended, with a
comment for each key. An empty answer takes what stands in brackets, "-" takes it
away. Answers may come from a pipe, one a line; --yes asks nothing.

--from reads the photos_backup.conf of apple_photos_backup, whose values are the
answers that are proposed. The file is read, never run.

A configuration that is there is replaced only with --force, and kept beside the
new one.

Examples:
  photogo init
  photogo init --from ~/backup/photos_backup.conf --yes
  photogo init --library "/Volumes/T7/Photos Library.photoslibrary" --yes --dry-run`

func initCommand(e environment) *cli.Command {
	return &cli.Command{
		Name: "init", Usage: "write the configuration of what runs unattended", ArgsUsage: " ", Description: initHelp, OnUsageError: usageError,
		Flags: []cli.Flag{
			configFlag(),
			&cli.StringFlag{Name: "from", TakesFile: true, Usage: "take over the values of `FILE`, the photos_backup.conf of apple_photos_backup"},
			&cli.StringFlag{Name: "library", Aliases: []string{"db"}, TakesFile: true, Usage: "propose the Photos `LIBRARY`"},
			&cli.StringFlag{Name: "staging", TakesFile: true, Usage: "propose the folder `DIR` that pictures wait in until they are archived"},
			&cli.BoolFlag{Name: "yes", Aliases: []string{"y"}, Usage: "ask nothing, and take what would be proposed"},
			&cli.BoolFlag{Name: "force", Usage: "replace a configuration that is there; it is kept beside the new one"},
			&cli.BoolFlag{Name: "dry-run", Usage: "print what would be written, and write nothing"},
		},
		Action: func(c *cli.Context) error { return initAction(c, e) },
	}
}

func initAction(c *cli.Context, e environment) error {
	if err := arguments(c, 0, ""); err != nil {
		return err
	}
	file, err := e.configPath(c)
	if err != nil {
		return err
	}
	if _, err := os.Lstat(file); err == nil && !c.Bool("force") && !c.Bool("dry-run") {
		return fmt.Errorf("%w: %s", config.ErrExists, file)
	}
	opt := e.configOptions()
	cfg, err := e.proposal(c, opt)
	if err != nil {
		return err
	}
	if err := config.Interview(&cfg, opt, e.ask(c.Context, c.Bool("yes"))); err != nil {
		return err
	}
	cfg.Name = cfg.Prefix() // which then does not change with the name of the library
	var text bytes.Buffer
	note := "What photogo does unattended; docs/CONFIG.md says more on each key.\n" +
		"`photogo config check` tells what is wrong, `photogo config show` what holds.\n" +
		"Keys with a # before them have their defaults."
	if err := config.Write(&text, cfg, note, "library", "staging", "name", "archive.period"); err != nil {
		return err
	}
	if _, err := config.Parse(file, text.Bytes(), opt); err != nil {
		return err
	}
	if c.Bool("dry-run") {
		_, err := e.out.Write(text.Bytes())
		return err
	}
	kept, err := config.Save(file, text.Bytes(), c.Bool("force"))
	if err != nil {
		return err
	}
	if kept != "" {
		fmt.Fprintf(e.err, "photogo: the configuration that was there is %s now\n", kept)
	}
	fmt.Fprintf(e.err, "photogo: wrote %s\n\n%s", file, nextSteps(cfg, c.String("from") != ""))
	return nil
}

// proposal is what the flags and --from propose as answers.
func (e environment) proposal(c *cli.Context, opt config.Options) (config.Config, error) {
	cfg := config.Default()
	if from := c.String("from"); from != "" {
		f, err := os.Open(from)
		if err != nil {
			return cfg, err
		}
		defer f.Close()
		data, err := io.ReadAll(io.LimitReader(f, 1<<20))
		if err != nil {
			return cfg, err
		}
		var notes []string
		if cfg, notes, err = config.FromPhotosBackup(from, data, opt); err != nil {
			return cfg, err
		}
		for _, n := range notes {
			fmt.Fprintf(e.err, "photogo: %s\n", printable(n))
		}
	}
	for key, value := range map[string]string{"library": c.String("library"), "staging": c.String("staging")} {
		if value == "" {
			continue
		}
		if err := cfg.Set(key, value, opt); err != nil {
			return cfg, usagef("--%s: %w", key, err)
		}
	}
	return cfg, nil
}

// ask asks a person, or reads a line where there is none to ask.
func (e environment) ask(ctx context.Context, nobody bool) func(config.Question) (string, error) {
	lines := bufio.NewReader(e.in)
	return func(q config.Question) (string, error) {
		if nobody {
			if q.Problem != "" {
				return "", usagef("%s: %s; `photogo init` without --yes asks for it", q.Key, q.Problem)
			}
			return "", nil
		}
		if q.Problem != "" {
			fmt.Fprintf(e.err, "  %s\n", printable(q.Problem))
		}
		fmt.Fprint(e.err, q.Text)
		if q.Default != "" {
			fmt.Fprintf(e.err, " [%s]", printable(q.Default))
		}
		fmt.Fprint(e.err, " ")
		line, err := await(ctx, func() (string, error) { return readLine(lines) })
		if errors.Is(err, io.EOF) {
			fmt.Fprintln(e.err)
			return "", usagef("the answers ended at the question for %s; nothing was written", q.Key)
		}
		return line, err
	}
}

// await lets Ctrl-C end a question, which reading knows nothing of.
func await(ctx context.Context, read func() (string, error)) (string, error) {
	type answer struct {
		line string
		err  error
	}
	answers := make(chan answer, 1)
	go func() {
		line, err := read()
		answers <- answer{line, err}
	}()
	select {
	case a := <-answers:
		return a.line, a.err
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}

// readLine reads a line of a bounded length; the last one may lack its newline.
func readLine(r *bufio.Reader) (string, error) {
	line, err := r.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		return "", usagef("an answer is too long")
	}
	if errors.Is(err, io.EOF) && len(line) > 0 {
		err = nil
	}
	return strings.TrimRight(string(line), "\r\n"), err
}

// nextSteps says which commands come next. What apple_photos_backup made is there
// already.
func nextSteps(cfg config.Config, takenOver bool) string {
	var b strings.Builder
	b.WriteString("Next:\n")
	step := func(what string, words ...string) {
		for i, w := range words {
			if strings.ContainsAny(w, " \"'$&;()<>|*?\\`") {
				words[i] = "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
			}
		}
		fmt.Fprintf(&b, "  photogo %s\n      %s\n", printable(strings.Join(words, " ")), what)
	}
	passphrase := func(of, source string) {
		switch {
		case strings.HasPrefix(source, "command:"):
		case takenOver:
			step("make sure that the passphrase of "+of+" is found", "secret", "check", source)
		default:
			step("store the passphrase of "+of, "secret", "set", source)
		}
	}
	if v := cfg.Vault; v.Host != "" {
		passphrase("the vault", v.Passphrase)
		remote, what, flag := v.Host+":"+v.Dir, "make the vault, in an empty folder", "--init"
		if v.User != "" {
			remote = v.User + "@" + remote
		}
		if takenOver {
			what, flag = "take the vault that the scripts made, once", "--adopt"
		}
		words := []string{"mount", "--remote", remote, "--passphrase", v.Passphrase, flag}
		if v.Identity != "" {
			words = append(words, "--ssh-identity", v.Identity)
		}
		step(what+"; Ctrl-C lets it go", words...)
	}
	if a := cfg.Archive; a.Repository != "" {
		passphrase("the archives", a.Passphrase)
		if !takenOver {
			step("make the repository, if there is none", "archive", "init", "--repo", a.Repository, "--passphrase", a.Passphrase)
		}
	}
	step("look whether all that it needs is there and permitted", "doctor")
	step("run the first cycle", "sync")
	step("run it every five minutes from now on", "agent", "install")
	return b.String()
}
