package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"

	"github.com/urfave/cli/v2"

	"github.com/photogo/photogo/secret"
)

const sourceHelp = `A SOURCE says where a passphrase is kept:
  keychain:SERVICE, keychain:SERVICE/ACCOUNT
                    the keychain of macOS, the Secret Service of Linux (secret-tool);
                    where there is an item SERVICE_1, too, the two are joined
  file:/PATH        a file that nobody else can read
  command:PROGRAM ARG...
                    what a program prints; no shell sees it`

func secretCommand(e environment) *cli.Command {
	return &cli.Command{
		Name:  "secret",
		Usage: "keep the passphrases of vaults and archives",
		Subcommands: []*cli.Command{{
			Name:      "set",
			Usage:     "store a passphrase",
			ArgsUsage: "SOURCE",
			Description: sourceHelp + `

Asks for the passphrase without showing it, or reads one line where there is no
terminal. A file must not exist yet; a command cannot be given a passphrase.

Examples:
  photogo secret set keychain:photogo-borg
  pwgen 40 1 | photogo secret set file:~/.config/photogo/borg`,
			OnUsageError: usageError,
			Action: func(c *cli.Context) error {
				s, o, err := e.source(c)
				if err != nil {
					return err
				}
				p, err := e.askPassphrase()
				if err != nil {
					return err
				}
				defer p.Forget()
				if err := s.Set(c.Context, o, p); err != nil {
					return err
				}
				fmt.Fprintf(e.err, "photogo: stored in %s\n", s)
				return nil
			},
		}, {
			Name:      "check",
			Usage:     "make sure that a passphrase can be fetched, without showing it",
			ArgsUsage: "SOURCE",
			Description: sourceHelp + `

Example:
  photogo secret check keychain:photogo-borg`,
			OnUsageError: usageError,
			Action: func(c *cli.Context) error {
				s, o, err := e.source(c)
				if err != nil {
					return err
				}
				p, err := s.Get(c.Context, o)
				if err != nil {
					return err
				}
				p.Forget()
				fmt.Fprintf(e.err, "photogo: there is a passphrase in %s\n", s)
				return nil
			},
		}},
		Action: func(c *cli.Context) error { return usagef("secret what? `photogo secret --help` shows it") },
	}
}

func (e environment) source(c *cli.Context) (secret.Source, secret.Options, error) {
	if err := arguments(c, 1, "the SOURCE of the passphrase"); err != nil {
		return secret.Source{}, secret.Options{}, err
	}
	return e.parseSource(c.Args().First())
}

func (e environment) parseSource(text string) (s secret.Source, o secret.Options, err error) {
	if s, err = secret.Parse(text, e.getenv("HOME")); err != nil {
		return s, o, usagef("%w", err)
	}
	return s, secret.Options{Env: e.environ, GOOS: runtime.GOOS}, nil
}

// passphraseFlag names where the passphrase of a vault or a repository is kept.
func passphraseFlag() cli.Flag {
	return &cli.StringFlag{Name: "passphrase", Usage: "`SOURCE` of the passphrase; `photogo secret set --help` explains them"}
}

// passphrase fetches the passphrase that the flag names.
func (e environment) passphrase(ctx context.Context, text string) (*secret.Passphrase, error) {
	if text == "" {
		return nil, usagef("which passphrase? --passphrase SOURCE says where it is kept")
	}
	s, o, err := e.parseSource(text)
	if err != nil {
		return nil, err
	}
	if err := secret.ForbidCore(); err != nil {
		return nil, err
	}
	return s.Get(ctx, o)
}

// askPassphrase asks a person twice, or reads a line where nobody can be asked.
func (e environment) askPassphrase() (*secret.Passphrase, error) {
	if e.password == nil {
		line, err := bufio.NewReader(io.LimitReader(e.in, 1<<16)).ReadBytes('\n')
		defer clear(line)
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		return secret.New(line)
	}
	first, err := e.password("passphrase: ")
	defer clear(first)
	if err != nil {
		return nil, err
	}
	second, err := e.password("once more: ")
	defer clear(second)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(first, second) {
		return nil, usagef("the two are not the same")
	}
	return secret.New(first)
}
