package backup

import "errors"

// Errors of a cycle that a caller can test for with errors.Is, beside those of the
// catalogue, and those of packages mount, archive, ssh and manifest, which are
// wrapped.
var (
	// ErrBusy says that another cycle of the same job is running.
	ErrBusy = errors.New("another cycle of this backup is running")
	// ErrConfig says that a Job cannot be.
	ErrConfig = errors.New("this backup cannot be")
	// ErrJob says that what a job remembers cannot be read.
	ErrJob = errors.New("what is remembered of this backup cannot be read")
	// ErrUnreachable says that a machine did not answer before anything was done:
	// nothing is wrong, but the Mac is not where its backup is.
	ErrUnreachable = errors.New("the machine with the backup does not answer")
	// ErrClock says that this machine's clock is behind what was recorded, or so far
	// ahead that it is not believed: no period is ended by it. Job.TrustClock
	// believes it.
	ErrClock = errors.New("this machine's clock is not believed")
	// ErrHeld says that an archive of the period could not be proven. Nothing is
	// removed until one is.
	ErrHeld = errors.New("nothing is removed before an archive is proven")
	// ErrStaging says that files of the staging folder are gone, or not what was
	// recorded: they are in no archive that was made now.
	ErrStaging = errors.New("files in the staging folder are not what was recorded")
	// ErrFull says that the disk of the vault is full.
	ErrFull = errors.New("the disk of the vault is full")
	// ErrVault says that the vault itself is damaged, on the other machine's disk.
	ErrVault = errors.New("the vault is damaged")
	// ErrMirror says that files could not be brought into the mirror, or not be taken
	// out of it after they were archived.
	ErrMirror = errors.New("the mirror is not what it should be")
)
