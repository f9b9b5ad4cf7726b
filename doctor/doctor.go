// Package doctor looks at everything that photogo needs of a machine and says of each
// part whether it is well: the library and the permission to read it, the helper for
// Photos, other programs, passphrases, other machines, the disk, the timer.
//
// It changes nothing, asks nobody, and starts nothing that stays. What a finding means
// is its error, as the rest of photogo would return it.
package doctor

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/photogo/photogo/agent"
	"github.com/photogo/photogo/backup"
	"github.com/photogo/photogo/photokit"
	"github.com/photogo/photogo/secret"
)

// State says how a part is.
type State string

// The states.
const (
	Well    State = "ok"
	Warning State = "warning" // it works, but not all that photogo can do
	Bad     State = "bad"
	Unknown State = "unknown" // it could not be found out
	Unused  State = "not needed"
)

// Finding is what was found of one part.
type Finding struct {
	Name  string // of the part, the same in each run
	State State
	Found string // what was found, for people
	Mend  string // what to do; "" where nothing is to be done, or where Err alone tells
	Err   error  // why it is not well; nil if it is, or if nothing failed
}

// ErrUnwell says that a part is not well, where no other error tells more.
var ErrUnwell = errors.New("not well")

// Subject is what is looked at. The zero value of a field is something that is not
// there, and is told as not needed or as missing.
type Subject struct {
	GOOS    string   // as runtime.GOOS
	Home    string   // the user's
	Env     []string // as os.Environ: programs are looked up in its PATH
	Program string   // path of photogo
	Temp    string   // a folder for files that are gone at the end

	Config    string // path of the configuration; "": there is none
	ConfigErr error  // why it cannot be used

	Library  string // path of the library
	Download bool   // what is only in iCloud is to be fetched
	Helper   string // path of the helper that the configuration names; "": the one beside Program
	Reserve  photokit.Reserve
	Folders  []string // that downloads and exports fill

	Job     *backup.Job // what is backed up where, without passphrases; nil: nothing
	Secrets []Secret

	Timer  *agent.Agent // the timer as it should be; nil: none is to be looked for
	System agent.System
}

// Secret is a passphrase that is needed.
type Secret struct {
	Key    string // of the configuration
	Source secret.Source
	Err    error // why Source is none; nil if it is one
}

// limit is how long one part may take: a frozen disk, or a dialog that nobody sees,
// must not hold up the rest.
const limit = 2 * time.Minute

// Examine looks at all parts and yields a finding of each, in an order that does not
// change. Parts that do not depend on each other are looked at at the same time.
func Examine(ctx context.Context, s Subject, each func(Finding)) error {
	parts := []func(context.Context, Subject) []Finding{
		configuration, library, systemLibrary, helper, signature, network, disk, programs, secrets, machines, timer,
	}
	found := make([][]Finding, len(parts))
	var wait sync.WaitGroup
	for i, look := range parts {
		wait.Go(func() {
			ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("%w: it took longer than %v", ErrUnwell, limit))
			defer cancel()
			found[i] = look(ctx, s)
		})
	}
	wait.Wait()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	for _, list := range found {
		for _, f := range list {
			each(f)
		}
	}
	return nil
}

// one is a part with one finding.
func one(name string, state State, found string) []Finding {
	return []Finding{{Name: name, State: state, Found: found}}
}

// failed is a finding of an error.
func failed(name string, err error) Finding {
	return Finding{Name: name, State: Bad, Found: err.Error(), Err: err}
}
