package archive

import (
	"errors"
	"strings"

	"github.com/photogo/photogo/ssh"
)

// Errors that a caller can test for with errors.Is. Those of package ssh are
// wrapped where a repository is on another machine: ssh.ErrUnreachable,
// ssh.ErrHostKey, ssh.ErrDenied; command.ErrMissing where borg is not installed.
var (
	// ErrNoRepository says that there is no repository, or something else.
	ErrNoRepository = errors.New("there is no borg repository")
	// ErrExists says that the repository or the archive exists already.
	ErrExists = errors.New("it exists already")
	// ErrNoArchive says that the repository has no archive of this name.
	ErrNoArchive = errors.New("there is no such archive")
	// ErrPassphrase says that the passphrase is not that of the repository, or
	// that there is none.
	ErrPassphrase = errors.New("the passphrase does not open the repository")
	// ErrKey says that the key of the repository is missing on this machine.
	ErrKey = errors.New("the key of the repository is missing")
	// ErrLocked says that another borg uses the repository, or did and ended
	// without a word.
	ErrLocked = errors.New("the repository is locked")
	// ErrForbidden says that the key, with which the other machine was reached,
	// may not do this.
	ErrForbidden = errors.New("the remote machine does not allow this")
	// ErrFull says that the disk of the repository is full.
	ErrFull = errors.New("the disk of the repository is full")
	// ErrCacheFull says that the disk of Options.Dir is full, without which borg
	// cannot work.
	ErrCacheFull = errors.New("the disk of borg's caches is full")
	// ErrDamaged says that the repository, or an archive, is damaged.
	ErrDamaged = errors.New("the repository is damaged")
	// ErrReplaced says that the repository is not the one that it was: moved, of
	// another key, or older than what was seen of it before.
	ErrReplaced = errors.New("the repository is not the one that it was")
	// ErrIncomplete says that borg did less than it was asked for. An archive may
	// exist that must not be relied on.
	ErrIncomplete = errors.New("borg did less than was asked for")
	// ErrNotProven says that an archive does not hold what it should; see
	// Difference.
	ErrNotProven = errors.New("the archive is not proven")
	// ErrUnsupported says that this borg is too old or too new.
	ErrUnsupported = errors.New("this borg is not supported")
	// ErrRefused says that photogo refused before borg was asked.
	ErrRefused = errors.New("refused")
	// ErrBusy says that another photogo uses the same folder of caches.
	ErrBusy = errors.New("another photogo is working with archives")
)

// Error is a borg that did not do what it was asked for.
type Error struct {
	Op      string   // what was being done: "create 2025-05"
	Code    int      // borg's exit code; -1 where it has none
	ID      string   // borg's message id, such as Repository.DoesNotExist; "" for none
	Message string   // borg's own words, of the error that decided
	More    []string // what else borg said that is worse than a notice, a few lines
	Holders []Holder // for ErrLocked: who holds the locks that can be seen from here
	Err     error    // what it means: one of the errors above, or that of a program
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Op + ": " + e.Err.Error())
	if e.Message != "" {
		b.WriteString(": " + oneLine(e.Message))
	}
	for _, m := range e.More {
		b.WriteString("; " + oneLine(m))
	}
	for _, h := range e.Holders {
		b.WriteString("; locked by " + h.String())
	}
	return b.String()
}

func (e *Error) Unwrap() error { return e.Err }

func oneLine(text string) string {
	const most = 300
	text = strings.ToValidUTF8(strings.Join(strings.Fields(text), " "), "?")
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + " …"
	}
	return text
}

// meanings tells what borg's message ids mean.
var meanings = map[string]error{
	"Repository.DoesNotExist":                     ErrNoRepository,
	"Repository.InvalidRepository":                ErrNoRepository,
	"Repository.InvalidRepositoryConfig":          ErrDamaged,
	"Repository.AlreadyExists":                    ErrExists,
	"Repository.PathAlreadyExists":                ErrExists,
	"Repository.ParentPathDoesNotExist":           ErrNoRepository,
	"Repository.AtticRepository":                  ErrUnsupported,
	"Repository.InsufficientFreeSpaceError":       ErrFull,
	"Repository.StorageQuotaExceeded":             ErrFull,
	"Repository.CheckNeeded":                      ErrDamaged,
	"Repository.ObjectNotFound":                   ErrDamaged,
	"Archive.AlreadyExists":                       ErrExists,
	"Archive.DoesNotExist":                        ErrNoArchive,
	"Archive.IncompatibleFilesystemEncodingError": ErrIncomplete,
	"PassphraseWrong":                             ErrPassphrase,
	"NoPassphraseFailure":                         ErrPassphrase,
	"PasscommandFailure":                          ErrPassphrase,
	"KeyfileNotFoundError":                        ErrKey,
	"KeyfileMismatchError":                        ErrKey,
	"KeyfileInvalidError":                         ErrKey,
	"RepoKeyNotFoundError":                        ErrKey,
	"UnsupportedManifestError":                    ErrUnsupported,
	"UnsupportedPayloadError":                     ErrUnsupported,
	"MandatoryFeatureUnsupported":                 ErrUnsupported,
	"RPCServerOutdated":                           ErrUnsupported,
	"LockTimeout":                                 ErrLocked,
	"LockFailed":                                  ErrLocked,
	"LockError":                                   ErrLocked,
	"LockErrorT":                                  ErrLocked,
	"NotLocked":                                   ErrLocked,
	"Cache.RepositoryReplay":                      ErrReplaced,
	"Cache.RepositoryAccessAborted":               ErrReplaced,
	"Cache.CacheInitAbortedError":                 ErrReplaced,
	"Cache.EncryptionMethodMismatch":              ErrReplaced,
	"PathNotAllowed":                              ErrForbidden,
	"InvalidRPCMethod":                            ErrForbidden,
	"UnexpectedRPCDataFormatFromServer":           ErrForbidden,
	"BrokenPipeError":                             ssh.ErrUnreachable, // Python's, of the pipe to ssh
	"IntegrityError":                              ErrDamaged,
	"DecompressionError":                          ErrDamaged,
	"FileIntegrityError":                          ErrDamaged,
	"TAMInvalid":                                  ErrDamaged,
	"TAMRequiredError":                            ErrDamaged,
	"ArchiveTAMInvalid":                           ErrDamaged,
	"ArchiveTAMRequiredError":                     ErrDamaged,
}
