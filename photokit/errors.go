package photokit

import (
	"errors"
	"fmt"
	"strings"
)

// Errors that a caller can test for with errors.Is. Those of the first group
// stop the client.
var (
	// ErrHelper says that there is no helper, or none that keeps running.
	ErrHelper = errors.New("the helper for Photos does not work")
	// ErrVersion says that the helper speaks another version of the protocol.
	// It is an ErrHelper too.
	ErrVersion = fmt.Errorf("%w: it belongs to another version of photogo", ErrHelper)
	// ErrDenied says that macOS does not let the helper read Photos, or no
	// longer.
	ErrDenied = errors.New("no permission to read Photos")
	// ErrLibrary says that Photos serves another library than the one that is
	// meant, or that its library cannot be used now.
	ErrLibrary = errors.New("not the library that Photos serves")
	// ErrAccount says that iCloud does not accept the account: not signed in,
	// or suspended.
	ErrAccount = errors.New("iCloud does not accept the account")
	// ErrOffline says that iCloud was out of reach for longer than
	// Options.Patience.
	ErrOffline = errors.New("iCloud cannot be reached")
	// ErrFull says that the disk became full while a file was fetched.
	ErrFull = errors.New("no space left for what iCloud sends")
	// ErrFile says that the helper cannot write into the folder for incoming files.
	ErrFile = errors.New("the helper cannot write its files")
	// ErrClosed says that the client was closed.
	ErrClosed = errors.New("closed")

	// ErrNotOriginal says that what came is not what the library recorded: a
	// reduced copy, a part of the file, or another file.
	ErrNotOriginal = errors.New("not the original")
	// ErrMissing says that Photos has no such asset, or no such file of it.
	ErrMissing = errors.New("not in Photos")
	// ErrStalled says that nothing came for too long, again and again.
	ErrStalled = errors.New("nothing came for too long")
	// ErrFailed says that Photos failed for another reason, again and again.
	ErrFailed = errors.New("not delivered by Photos")
	// ErrParked says that the file failed in an earlier run, and that its next
	// try is not due. The reason of then is in the Parked that errors.As finds.
	ErrParked = errors.New("parked")
	// ErrBudget says that the budget of this run is used up.
	ErrBudget = errors.New("the budget of this run is used up")
	// ErrSpace says that the file would take the disk below its reserve.
	ErrSpace = errors.New("not enough free disk space")
)

// Error tells which file could not be fetched and why. errors.Is matches one of
// the package's sentinels through Err.
type Error struct {
	Asset string // UUID
	Types []ResourceType
	Tries int // in this run; 0 if nothing was asked for
	// Parked says that it is on the parking list, now or since an earlier run.
	Parked bool
	Err    error
}

func (e *Error) Error() string {
	types := make([]string, len(e.Types))
	for i, t := range e.Types {
		types[i] = string(t)
	}
	return fmt.Sprintf("fetch %s of %s: %v", strings.Join(types, " or "), e.Asset, e.Err)
}

// Unwrap returns Err.
func (e *Error) Unwrap() error { return e.Err }

// Refusal is what Photos, or a system below it, said. Text is as it came, cut
// and without control characters.
type Refusal struct {
	Domain  string // of the NSError that decided, PHPhotosErrorDomain say
	Code    int64
	Message string
	Reason  Reason
	Chain   []Cause // outermost first

	kind  error // the sentinel that this is
	class class
	after int64 // seconds to wait, 0 unknown
}

// Cause is one NSError of a chain.
type Cause struct {
	Domain  string `json:"domain"`
	Code    int64  `json:"code"`
	Message string `json:"message,omitempty"`
}

func (r *Refusal) Error() string {
	s := fmt.Sprintf("%v (%s %d)", r.kind, r.Domain, r.Code)
	if r.Message != "" {
		s += ": " + r.Message
	}
	return s
}

// Unwrap returns the sentinel.
func (r *Refusal) Unwrap() error { return r.kind }

// Reason says in a word why something was not fetched; it is what parking lists
// and reports show.
type Reason string

// The reasons. Those down to ReasonFile come from the helper.
const (
	ReasonOffline   Reason = "offline"
	ReasonThrottled Reason = "throttled"
	ReasonFlaky     Reason = "flaky"
	ReasonUnknown   Reason = "unknown"
	ReasonCancelled Reason = "cancelled"
	ReasonMissing   Reason = "missing"
	ReasonTooLong   Reason = "toolong"
	ReasonAccount   Reason = "account"
	ReasonDenied    Reason = "denied"
	ReasonSpace     Reason = "space"
	ReasonLibrary   Reason = "library"
	ReasonFile      Reason = "file"

	ReasonStalled     Reason = "stalled"
	ReasonCrash       Reason = "crash" // the helper died each time
	ReasonNotOriginal Reason = "not-original"
)

// class says what is to be done about a failure.
type class string

const (
	classRetry class = "retry"
	classPark  class = "park"
	classStop  class = "stop"
)

// kinds maps what the helper says to the sentinels.
var kinds = map[Reason]error{
	ReasonOffline: ErrOffline, ReasonThrottled: ErrOffline,
	ReasonFlaky: ErrFailed, ReasonUnknown: ErrFailed, ReasonCancelled: ErrFailed,
	ReasonMissing: ErrMissing, ReasonTooLong: ErrNotOriginal,
	ReasonAccount: ErrAccount, ReasonDenied: ErrDenied, ReasonSpace: ErrFull,
	ReasonLibrary: ErrLibrary, ReasonFile: ErrFile,
}
