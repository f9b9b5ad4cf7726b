package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/photogo/photogo/internal/safefile"
	"github.com/photogo/photogo/mount"
)

const mountHelp = `Mounts the folder DIR of another machine, in which gocryptfs keeps encrypted
files, and prints where. It stays until it is interrupted, until photogo unmount, or
until the link is lost, and then clears everything up; the last two end it with
14, as whoever works there finds nothing any more. Needs sshfs and gocryptfs.

What a program writes to that path when the mount is gone would lie there in
clear. photogo tells, and ends with 4, if that happens.

Examples:
  photogo mount --remote me@pi:/srv/vault --passphrase keychain:photogo-vault --init
  photogo mount --remote me@pi:/srv/vault --passphrase keychain:photogo-vault`

func mountCommand(e environment) *cli.Command {
	return &cli.Command{
		Name: "mount", Usage: "mount an encrypted folder of another machine", ArgsUsage: " ", Description: mountHelp, OnUsageError: usageError,
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "remote", Usage: "the folder with the vault, `[USER@]HOST:DIR`"},
			passphraseFlag(),
			&cli.BoolFlag{Name: "init", Usage: "make a vault in the folder, which is there and empty, first"},
			&cli.BoolFlag{Name: "adopt", Usage: "take a vault that photogo did not make, or that is another one than before"},
			&cli.BoolFlag{Name: "quiet", Aliases: []string{"q"}, Usage: "tell only what is wrong"},
		}, sshFlags()...),
		Action: func(c *cli.Context) error { return mountAction(c, e) },
	}
}

func mountAction(c *cli.Context, e environment) (err error) {
	if err := arguments(c, 0, ""); err != nil {
		return err
	}
	machine, dir, ok := strings.Cut(c.String("remote"), ":")
	if !ok || machine == "" || dir == "" {
		return usagef("which folder? --remote USER@HOST:DIR names it")
	}
	user, host, both := strings.Cut(machine, "@")
	if !both {
		user, host = "", machine
	}
	state, err := e.stateDir()
	if err != nil {
		return err
	}
	p, err := e.passphrase(c.Context, c.String("passphrase"))
	if err != nil {
		return err
	}
	defer p.Forget()
	known := knownVault{filepath.Join(state, "vaults"), c.String("remote")}
	s := mount.Spec{
		User: user, Host: host, Dir: dir, SSH: sshOptions(c), Passphrase: p, Base: filepath.Join(state, "mounts"), Env: e.environ,
		NewSentinel: c.Bool("adopt"),
	}
	if !c.Bool("adopt") {
		if s.Sentinel, err = known.read(); err != nil {
			return err
		}
	}
	do := mount.Mount
	if c.Bool("init") {
		do = mount.Init
	}
	m, err := do(c.Context, s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	if err := known.write(m.Sentinel()); err != nil {
		return err
	}
	// Others work in it by its path; an open root would make it busy for unmount.
	m.Root().Close()
	fmt.Fprintln(e.out, m.Path())
	if !c.Bool("quiet") {
		fmt.Fprintln(e.err, "photogo: mounted; interrupt me, or run photogo unmount, to unmount it")
	}
	select {
	case <-c.Context.Done():
		return nil // this is how it is meant to end
	case <-m.Done():
		return m.Check(c.Context)
	}
}

// knownVault remembers a vault's sentinel.
type knownVault struct{ dir, remote string }

func (k knownVault) name() string {
	sum := sha256.Sum256([]byte(k.remote))
	return hex.EncodeToString(sum[:8]) + ".sentinel"
}

// read returns "" for a vault that was never mounted.
func (k knownVault) read() (string, error) {
	text, err := os.ReadFile(filepath.Join(k.dir, k.name()))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return string(text), err
}

func (k knownVault) write(sentinel string) error {
	if err := os.MkdirAll(k.dir, 0o700); err != nil {
		return err
	}
	dir, err := safefile.OpenDir(k.dir)
	if err != nil {
		return err
	}
	defer dir.Close()
	return safefile.WriteFile(dir, k.name(), []byte(sentinel))
}

func unmountCommand(e environment) *cli.Command {
	return &cli.Command{
		Name: "unmount", Usage: "unmount what photogo has mounted, or left mounted", ArgsUsage: " ", OnUsageError: usageError,
		Description: `Unmounts what photogo mount has mounted, and what a photogo that was killed left.

Example:
  photogo unmount`,
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "force", Usage: "also where something in it is open"},
			&cli.BoolFlag{Name: "quiet", Aliases: []string{"q"}, Usage: "tell only what is wrong"},
		},
		Action: func(c *cli.Context) error {
			if err := arguments(c, 0, ""); err != nil {
				return err
			}
			state, err := e.stateDir()
			if err != nil {
				return err
			}
			n, err := mount.Unmount(c.Context, filepath.Join(state, "mounts"), e.environ, c.Bool("force"))
			if err == nil && !c.Bool("quiet") {
				fmt.Fprintf(e.err, "photogo: %d unmounted\n", n)
			}
			return err
		},
	}
}
