// Package mount makes an encrypted folder of another machine appear, proves that
// it did, and makes it disappear.
//
//	sshfs      pi:/srv/vault → BASE/run-…/cipher   encrypted files
//	gocryptfs  cipher        → BASE/run-…/plain    what they mean
//
// A mount is believed only after proof, and for as long as it proves itself. That
// the system lists it proves nothing, nor does the size of its disk; what counts
// is that the sentinel, a file in the vault with random content, was just read
// through it. Whatever could hang is done by a child process with a deadline,
// which is left behind if it has to be.
//
// Each run has a mount point of its own, in a folder that nobody else can enter,
// and all work is done relative to the root that was opened when the mount had
// proven itself (Mounted.Root): after an unmount it leads nowhere, and never into
// the folder that lay below. When the mount point cannot be removed at the end
// because something is in it, ErrLeak says that something was written in clear.
//
// A lost link ends the mount; a new one is made by Mount, not by reconnecting.
package mount
