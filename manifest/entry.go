package manifest

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Folder is the folder in a destination that is photogo's own.
const Folder = ".photogo"

// SumsName and idName are the files in Folder.
const (
	SumsName = Folder + "/manifest.b3"
	idName   = Folder + "/id"
)

// Errors that a caller can test for with errors.Is.
var (
	// ErrBusy says that another process uses the record of this destination.
	ErrBusy = errors.New("another photogo is working on this destination")
	// ErrForeign says that a folder cannot be the destination it claims to be.
	ErrForeign = errors.New("not the known destination")
	// ErrLost says that a folder is a destination whose record is not there.
	ErrLost = errors.New("the record of the destination is lost")
	// ErrDamaged says that the record cannot be read.
	ErrDamaged = errors.New("record of the destination is damaged")
)

// Sum is a BLAKE3 hash of a file's bytes, 32 bytes long.
type Sum [32]byte

// String returns the hash in lower-case hexadecimal, as b3sum prints it.
func (s Sum) String() string { return hex.EncodeToString(s[:]) }

// MarshalText implements encoding.TextMarshaler.
func (s Sum) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *Sum) UnmarshalText(text []byte) error {
	if len(text) != 2*len(s) {
		return fmt.Errorf("BLAKE3 hash of %d characters", len(text))
	}
	_, err := hex.Decode(s[:], text)
	return err
}

// Proof says how it was proven that a file is what it was copied from.
type Proof string

// The proofs, strongest first.
const (
	// ProofFingerprint: the bytes match the fingerprint that the library recorded.
	ProofFingerprint Proof = "fingerprint"
	// ProofSize: the library has no fingerprint of the file; all the bytes of
	// the source were copied, and their number is the recorded one or none is.
	ProofSize Proof = "size only"
	// ProofAltered: the bytes are those of the source, but not those that the
	// library recorded.
	ProofAltered Proof = "altered"
	// ProofMade: photogo made the bytes itself; a sidecar.
	ProofMade Proof = "made"
)

// Entry is one file that was placed in the destination.
type Entry struct {
	Path    string // relative to the destination, slashes, as it is spelled on disk
	Owner   string // who the file belongs to; an asset's UUID
	Role    string // which of the owner's files it is; one file per owner and role
	Version string // tells whether the source has changed since; opaque here
	Size    int64  // bytes
	ModTime int64  // nanoseconds since 1970 UTC, as the file system gave it back
	Stamp   int64  // microseconds since 1970 UTC: the modification time that was asked for, which not every file system can hold
	Sum     Sum    // of the bytes that were placed
	Apple   string // Apple's fingerprint of the same bytes; "" for what photogo made itself
	Proof   Proof
	// Released is when the file left the destination, because a proven copy is kept
	// elsewhere: seconds since 1970 UTC; 0: it is in the destination. The entry stays,
	// so that the file is not placed again unless its version changes.
	Released int64
}

// Name is how an owner's files are called; see naming.Name.
type Name struct {
	Owner string
	Wish  string // what was asked for, before names that were taken were avoided
	Dir   string
	Base  string
	// Identity is what the owner is known by where it is called otherwise; opaque here.
	Identity string
}

// Rename gives an owner another text. Names and entries stay the owner's.
type Rename struct{ From, To string }

// writeSum writes a line of the format of b3sum.
func writeSum(w io.Writer, e Entry) error {
	escaped, name := "", e.Path
	if strings.ContainsAny(name, "\\\n") {
		escaped = `\`
		name = strings.NewReplacer(`\`, `\\`, "\n", `\n`).Replace(name)
	}
	_, err := fmt.Fprintf(w, "%s%s  %s\n", escaped, e.Sum, name)
	return err
}
