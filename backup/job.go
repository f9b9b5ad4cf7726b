package backup

import (
	"context"
	"fmt"
	"iter"
	"path/filepath"
	"time"

	"github.com/photogo/photogo/archive"
	"github.com/photogo/photogo/mount"
)

// Source is where pictures come from. It knows what a photo is; a cycle does not.
type Source interface {
	// Export brings the staging folder, and its record in the state folder, up to
	// what the source holds, and returns what it did. It removes nothing. Where
	// more than limit bytes would be staged it may stop early, with More set; a
	// limit of 0 is none. An error says that the source could not be read to its
	// end, or the folder not be written: no period is ended then.
	Export(ctx context.Context, limit int64) (Exported, error)
	// Describe yields what is known of those owners of files that are wanted, in any
	// order. Who is not known any more is left out.
	Describe(ctx context.Context, want func(owner string) bool) iter.Seq2[Description, error]
}

// Exported is what an export did.
type Exported struct {
	Files   int   `json:"files"`   // that the source should have in the folder
	Placed  int   `json:"placed"`  // files that are new, or have another name or other bytes
	Bytes   int64 `json:"bytes"`   // of new files
	Missing int   `json:"missing"` // files that the source does not have at hand; they stay owed
	Altered int   `json:"altered"` // files that are not what the source recorded
	Failed  int   `json:"failed"`  // files that could not be placed
	More    bool  `json:"more"`    // it stopped at the limit

	Fetched int   `json:"fetched"`       // files of those placed that the source brought from elsewhere
	ToCome  int64 `json:"bytes_to_come"` // of those missing that it could still bring
}

// Complete reports whether everything that was asked for is there and proven.
func (e Exported) Complete() bool { return e.Missing+e.Altered+e.Failed == 0 && !e.More }

// Job says what is backed up, and where to. Vault and Repository are optional:
// without the one there is no mirror, without the other nothing ever leaves the
// staging folder.
type Job struct {
	Name    string // of the library; archives are called after it; see CheckLibrary
	State   string // photogo's state folder; a whole path
	Staging string // the folder that files are exported into; a whole path
	Source  Source

	Vault      *mount.Spec // Base and Sentinel are the job's own business
	NewVault   bool        // takes a vault that is not the one that was known
	Repository *Repository

	// Worker is the program, with its arguments, that calls Work.
	Worker []string
	// Env is the environment that programs are given what they need of.
	Env []string
	// Now tells the time, in the zone in which periods begin and end.
	Now func() time.Time
	// TrustClock believes a clock that is behind, or far ahead.
	TrustClock bool
	// Event is told what happens; it may be nil.
	Event func(Event)
	// Silence is how long the vault may be silent while it is worked in; 0: five
	// minutes.
	Silence time.Duration
}

// Repository says where archives go, and when they are made.
type Repository struct {
	Location    string          // see archive.Open
	Options     archive.Options // Dir, Env and Now are filled in where they are empty
	Compression string          // see archive.Plan
	Period      Period          // zero: Month
	Budget      int64           // bytes that may be staged until an archive is made early; 0: any number
}

// Step is a part of a cycle.
type Step string

// The steps, in order.
const (
	StepReach   Step = "reach"
	StepMount   Step = "mount"
	StepExport  Step = "export"
	StepMirror  Step = "mirror"
	StepArchive Step = "archive"
	StepProve   Step = "prove"
	StepPurge   Step = "purge"
	StepSeal    Step = "seal"
	StepUnmount Step = "unmount"
)

// Event tells how a cycle goes.
type Event struct {
	Step  Step
	Begin bool   // the step begins
	Path  string // a file that something is wrong with, or the archive that is worked on; may be ""
	Files int    // that were done so far
	Bytes int64  // of these
	Err   error  // of one file, or what was found to be wrong
}

// check refuses a job that cannot be, and fills in what was left out.
func (j *Job) check() error {
	if err := CheckLibrary(j.Name); err != nil {
		return fmt.Errorf("%w: %w", ErrConfig, err)
	}
	for what, path := range map[string]string{"the state folder": j.State, "the staging folder": j.Staging} {
		if !filepath.IsAbs(path) {
			return fmt.Errorf("%w: %s needs a whole path, not %q", ErrConfig, what, path)
		}
	}
	if j.Source == nil || (j.Vault != nil && len(j.Worker) == 0) {
		return fmt.Errorf("%w: it needs a source, and a worker for its vault", ErrConfig)
	}
	if j.Now == nil {
		j.Now = time.Now
	}
	if j.Event == nil {
		j.Event = func(Event) {}
	}
	if j.Silence == 0 {
		j.Silence = 5 * time.Minute
	}
	if j.Vault != nil {
		v := *j.Vault
		v.Base, v.Env = filepath.Join(j.State, "mounts"), j.Env
		j.Vault = &v
	}
	if j.Repository == nil {
		return nil
	}
	r := *j.Repository
	if err := r.Period.check(); err != nil {
		return err
	}
	if r.Location == "" || r.Budget < 0 {
		return fmt.Errorf("%w: a repository needs a location, and a budget that is not negative", ErrConfig)
	}
	if r.Period == "" {
		r.Period = Month
	}
	if r.Options.Dir == "" {
		r.Options.Dir = filepath.Join(j.State, "borg")
	}
	if r.Options.Env == nil {
		r.Options.Env = j.Env
	}
	if r.Options.Now == nil {
		r.Options.Now = j.Now
	}
	j.Repository = &r
	return nil
}

// dir is where a job keeps what it remembers.
func (j *Job) dir() string { return filepath.Join(j.State, "jobs", j.Name) }

// CatalogueFile is the catalogue of a library, in a state folder.
func CatalogueFile(state, name string) string {
	return filepath.Join(state, "jobs", name, "catalogue.sqlite")
}
