package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"syscall"

	"github.com/urfave/cli/v2"

	"github.com/photogo/photogo/agent"
	"github.com/photogo/photogo/archive"
	"github.com/photogo/photogo/backup"
	"github.com/photogo/photogo/config"
	"github.com/photogo/photogo/export"
	"github.com/photogo/photogo/internal/command"
	"github.com/photogo/photogo/manifest"
	"github.com/photogo/photogo/mount"
	"github.com/photogo/photogo/photokit"
	"github.com/photogo/photogo/photosdb"
	"github.com/photogo/photogo/query"
	"github.com/photogo/photogo/secret"
	"github.com/photogo/photogo/ssh"
)

const (
	exitUnforeseen = 1
	exitUsage      = 2
	exitIncomplete = 3
	exitDamage     = 4
	exitCloud      = 16
	exitProgram    = 17
)

// exitCodes says what each exit code means; the README has the same table.
var exitCodes = []struct {
	code    int
	meaning string
}{
	{0, "done; everything asked for is there and proven"},
	{exitUnforeseen, "unforeseen failure"},
	{exitUsage, "wrong usage or configuration"},
	{exitIncomplete, "done, but incomplete: something is missing, failed or altered; each is listed"},
	{exitDamage, "damage found"},
	{10, "no access to the library (macOS privacy)"},
	{11, "not a Photos library, or one that is not supported"},
	{12, "busy: another photogo holds this destination, or Photos keeps changing the library"},
	{13, "destination refused: not the known one, not writable, full, or inside a library"},
	{14, "the remote machine cannot be reached, or does not let photogo in"},
	{15, "a passphrase is not available, or not the right one"},
	{exitCloud, "iCloud or the helper for Photos does not work, is not permitted, or serves another library"},
	{exitProgram, "another program is missing, too old, or failed"},
	{130, "interrupted"},
}

// codes maps the errors that a caller can test for to exit codes, and a hint on
// what to do.
var codes = []struct {
	err  error
	code int
	hint string
}{
	{errUsage, exitUsage, ""},
	{errIncomplete, exitIncomplete, ""},
	{errDamage, exitDamage, ""},
	{agent.ErrUnfit, exitUsage, ""},
	{agent.ErrSystem, exitUsage, "Let cron or another timer of this system run `photogo sync --agent`."},
	{agent.ErrSession, exitProgram, ""},
	{config.ErrInvalid, exitUsage, ""},
	{config.ErrNone, exitUsage, "`photogo init` makes one; --config FILE names another."},
	{config.ErrExists, exitUsage, "--force makes another; the one that is there is kept beside it."},
	{context.Canceled, 130, ""},
	{backup.ErrConfig, exitUsage, ""},
	{query.ErrWhere, exitUsage, ""},
	{backup.ErrBusy, 12, ""},
	{backup.ErrUnreachable, 14, ""},
	{backup.ErrHidden, exitDamage, "Nothing is removed. Look at the repository: somebody hid or deleted an archive, or the configuration names another repository."},
	{backup.ErrReplaced, exitDamage, "Nothing is removed. Look at the repository: the archive of this name is not the one that was made."},
	{backup.ErrUnknown, exitDamage, "Another machine backs up under the same name, or the catalogue is older than the repository: photogo state rebuild --from-archives makes it anew."},
	{backup.ErrHeld, exitDamage, "Nothing was removed. The next cycle reads the archive again; borg check tells what is damaged in the repository."},
	{backup.ErrStaging, exitDamage, "All others were archived. `photogo verify --repair STAGING` places them anew from the library."},
	{backup.ErrJob, exitDamage, ""},
	{backup.ErrClock, exitIncomplete, "Set the clock. If it is right, `photogo sync --trust-clock` believes it."},
	{backup.ErrMirror, exitIncomplete, ""},
	{backup.ErrVault, exitDamage, "Nothing was removed that is not proven. Put the file back on the other machine from a copy of its disk. docs/SYNC.md tells more."},
	{photosdb.ErrAccess, 10, accessHint()},
	{photosdb.ErrNotLibrary, 11, "A Photos library is a folder whose name ends in .photoslibrary, mostly in Pictures."},
	{photosdb.ErrUnsupported, 11, ""},
	{photosdb.ErrAbsent, 11, ""},
	{photosdb.ErrDamaged, 11, "Copy the library again, or let Photos repair it: hold Option and Command while it starts."},
	{photosdb.ErrBusy, 12, ""},
	{manifest.ErrBusy, 12, ""},
	{export.ErrNotPruned, exitIncomplete, ""},
	{export.ErrStopped, 13, "What was placed so far is whole and recorded; run the same command again when there is room."},
	{export.ErrRefused, 13, ""},
	{manifest.ErrForeign, 13, ""},
	{manifest.ErrLost, exitDamage, "`photogo state rebuild DEST` makes it anew from the files that are there."},
	{manifest.ErrDamaged, exitDamage, "The record can be moved away: files that are in the destination are then found again by their bytes."},
	{archive.ErrNotProven, 4, "The archive must not be relied on. Make another one, of another name, and prove that; keep what is in the folder."},
	{archive.ErrDamaged, 4, "Keep what is in the folder, and make no archive in this repository until borg check has told what is damaged."},
	{backup.ErrCatalogueDamaged, exitDamage, "`photogo state rebuild --from-archives` makes it anew."},
	{backup.ErrCatalogueBusy, 12, ""},
	{backup.ErrCatalogueForeign, 13, ""},
	{backup.ErrOccupied, 13, "Name a new folder. One in which a restore was begun is taken with the same selection alone."},
	{backup.ErrFolder, 13, "What was restored so far is whole; the same command goes on from there."},
	{backup.ErrLibraries, exitUsage, "--name NAME says which."},
	{backup.ErrName, exitUsage, ""},
	{mount.ErrLeak, 4, ""},
	{backup.ErrFull, 13, "The mirror is not whole before there is room. Nothing was removed for it."},
	{archive.ErrFull, 13, "Nothing was removed. `borg compact` makes room where archives were deleted."},
	{archive.ErrCacheFull, 13, ""},
	{syscall.ENOSPC, 13, ""},
	{archive.ErrRefused, exitUsage, ""},
	{mount.ErrSpec, exitUsage, ""},
	{ssh.ErrOptions, exitUsage, ""},
	{archive.ErrBusy, 12, ""},
	{archive.ErrLocked, 12, "If you are sure that no borg is working there any more, `borg break-lock REPOSITORY` removes the lock."},
	{mount.ErrBusy, 12, "photogo unmount --force unmounts it all the same."},
	{ssh.ErrHostKey, 14, "Compare the key of the machine with what you know of it; `ssh HOST` asks for that and remembers it."},
	{ssh.ErrDenied, 14, "Is the key allowed over there, and has ssh-agent been given it?"},
	{ssh.ErrUnreachable, 14, ""},
	{mount.ErrDead, 14, ""},
	{archive.ErrPassphrase, 15, ""},
	{mount.ErrPassphrase, 15, ""},
	{secret.ErrExposed, 15, ""},
	{secret.ErrFixed, 15, ""},
	{secret.ErrLocked, 15, ""},
	{secret.ErrNone, 15, "photogo secret set SOURCE stores one."},
	{secret.ErrUnavailable, 15, ""},
	{secret.ErrUnfit, 15, ""},
	{photokit.ErrVersion, exitCloud, "PhotogoHelper.app and photogo must be of the same release."},
	{photokit.ErrHelper, exitCloud, "`make helper` builds PhotogoHelper.app on a Mac; it belongs beside photogo, or --helper names it. Without it Photos itself can load what is missing: Settings > iCloud > Download Originals to this Mac."},
	{photokit.ErrDenied, exitCloud, "Allow it in System Settings > Privacy & Security > Photos: full access, for PhotogoHelper. If that is not listed there, `photogo export DEST --download-missing` asks when it is run in Terminal."},
	{photokit.ErrFile, exitCloud, "The helper needs leave of its own where macOS guards the folder: System Settings > Privacy & Security > Files & Folders, or Full Disk Access, for PhotogoHelper."},
	{photokit.ErrLibrary, exitCloud, "Photos fetches for the system photo library alone: Photos > Settings > General > Use as System Photo Library. For another library let Photos load the originals."},
	{photokit.ErrAccount, exitCloud, "Sign in to iCloud in System Settings, and look there whether iCloud Photos is on."},
	{photokit.ErrOffline, exitCloud, "What came is whole and recorded; the same command fetches the rest when iCloud answers."},
	{command.ErrMissing, exitProgram, "Install it: borg is borgbackup in most packagers; sshfs and gocryptfs go by their names."},
	{mount.ErrSentinel, exitProgram, "If it is the vault that you mean, `photogo sync --new-vault` takes it, or `photogo mount --adopt`."},
	{mount.ErrFuse, exitProgram, ""},
	{archive.ErrUnsupported, exitProgram, ""},
	{archive.ErrNoRepository, exitProgram, "If none was ever made there, `photogo archive init` makes it."},
	{mount.ErrNoVault, exitProgram, "If none was ever made there, `photogo mount --init` makes it, in a folder that is there and empty."},
}

func accessHint() string {
	if runtime.GOOS == "darwin" {
		return "macOS guards Photos libraries. Open System Settings > Privacy & Security > Full Disk Access, " +
			"switch it on for the program that runs photogo (Terminal, say), quit that program and start it again."
	}
	return "Run photogo as the user who owns the library, or let that user's group read it. " +
		"On a Mac it is Full Disk Access that is needed: System Settings > Privacy & Security."
}

var (
	errUsage      = errors.New("usage")
	errIncomplete = errors.New("incomplete")
)

// usagef is an error of usage; the sentinel does not show in its words.
func usagef(format string, args ...any) error { return usage{fmt.Errorf(format, args...)} }

type usage struct{ error }

func (u usage) Is(target error) bool { return target == errUsage }
func (u usage) Unwrap() error        { return u.error }

func exitCode(err error) int {
	for _, c := range codes {
		if errors.Is(err, c.err) {
			return c.code
		}
	}
	var program *command.Error
	var borg *archive.Error
	if errors.As(err, &program) || errors.As(err, &borg) || errors.Is(err, mount.ErrExists) || errors.Is(err, archive.ErrNoArchive) {
		return exitProgram
	}
	return exitUnforeseen
}

// hintOf is what to do about an error; "" where nobody knows.
func hintOf(err error) string {
	for _, c := range codes {
		if c.hint != "" && errors.Is(err, c.err) {
			return c.hint
		}
	}
	return ""
}

// told is an error of which the closing words have told.
type told struct{ error }

func (t told) Unwrap() error { return t.error }

// explain says on stderr what happened and what to do; with --json, as an
// object on stdout, too.
func (e environment) explain(asJSON bool, code int, err error) {
	message := err.Error()
	if code == 130 {
		message = "interrupted"
	}
	fmt.Fprintln(e.err, "photogo:", message)
	if hint := hintOf(err); hint != "" {
		fmt.Fprintln(e.err, hint)
	}
	if asJSON {
		printJSON(e.out, jsonError{Type: "error", Code: code, Message: message})
	}
}

func exitCodesCommand() *cli.Command {
	var table strings.Builder
	for _, c := range exitCodes {
		fmt.Fprintf(&table, "%3d  %s\n", c.code, c.meaning)
	}
	return &cli.Command{
		Name:        "exit-codes",
		Usage:       "what photogo's exit codes mean",
		ArgsUsage:   " ",
		Description: table.String(),
		Action:      func(c *cli.Context) error { _, err := fmt.Fprint(c.App.Writer, table.String()); return err },
	}
}
