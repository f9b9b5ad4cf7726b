package photosdb

import (
	"errors"
	"io/fs"
)

// Errors that a caller can test for with errors.Is.
var (
	// ErrNotLibrary says that the path is not a Photos library.
	ErrNotLibrary = errors.New("not a Photos library")
	// ErrUnsupported says that it is one that cannot be read: older than
	// Photos 5, or without a table or column that nothing works without.
	ErrUnsupported = errors.New("unsupported Photos library")
	// ErrDamaged says that the database is truncated or malformed.
	ErrDamaged = errors.New("damaged Photos database")
	// ErrAccess says that the system refuses to let the library be read. On
	// macOS this is mostly the missing Full Disk Access.
	ErrAccess = errors.New("no access to the Photos library")
	// ErrBusy says that the database was changed so constantly that no
	// consistent snapshot could be taken.
	ErrBusy = errors.New("the library is being changed too fast to be read")
	// ErrAbsent says that the library can be read and does not hold what was
	// asked for, as one whose pictures Photos has not looked into yet.
	ErrAbsent = errors.New("the library does not hold it")
	// ErrOutside says that a path leads out of the library.
	ErrOutside = errors.New("path leads outside the library")
)

// Error tells which library could not be read and why. Kind is one of the
// package's sentinels, Err the cause with what was found; both are matched by
// errors.Is.
type Error struct {
	Path string
	Kind error
	Err  error
}

func (e *Error) Error() string {
	if e.Err == nil {
		return e.Path + ": " + e.Kind.Error()
	}
	return e.Path + ": " + e.Kind.Error() + ": " + e.Err.Error()
}

// Unwrap returns Kind and Err.
func (e *Error) Unwrap() []error { return []error{e.Kind, e.Err} }

// refused turns a refusal by the system into ErrAccess, and leaves other
// errors to the kind that is given.
func refused(path string, kind, err error) error {
	if errors.Is(err, fs.ErrPermission) {
		kind = ErrAccess
	}
	return &Error{Path: path, Kind: kind, Err: err}
}
