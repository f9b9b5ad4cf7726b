package backup

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/photogo/photogo/internal/safefile"
	"github.com/photogo/photogo/manifest"
	"github.com/photogo/photogo/mount"
)

// Cycle is one run of a backup. Run does all of its steps; each can be called
// alone, in their order, and again.
type Cycle struct {
	job       Job
	store     *store
	catalogue *Catalogue
	vault     *vault
	state     state
	clock     error // that the clock is not believed
	receipt   Receipt
}

// state is what a job remembers of itself.
type state struct {
	Period    string    `json:"period"`    // that staged files belong to
	Clock     time.Time `json:"clock"`     // the last time that was believed
	Sentinel  string    `json:"sentinel"`  // of the vault
	Noted     string    `json:"noted"`     // what the record's Changed was when the staged files were noted
	Mirrored  string    `json:"mirrored"`  // and when the mirror was brought in line with it; "": it was not
	Mirroring bool      `json:"mirroring"` // a mirror step has begun, and not come to its end
	Work      *work     `json:"work"`      // an archive that is being made, proven, or purged after
	Owed      int       `json:"owed"`      // files that the last export lacked
	Damaged   []string  `json:"damaged"`   // staged files that were not what was recorded when they were to be archived
	Sealed    bool      `json:"sealed"`    // the vault has a copy of what this job remembers
	Sealing   bool      `json:"sealing"`   // a seal step has begun, and not come to its end
	SealedAt  time.Time `json:"sealed_at"` // when it last did; zero: never, or something has left the staging folder since
	Unsealed  int64     `json:"unsealed"`  // bytes that were sent to the mirror since
}

// Count is a number of files, and their bytes.
type Count struct {
	Files int   `json:"files"`
	Bytes int64 `json:"bytes"`
}

func (c *Count) add(bytes int64) { c.Files, c.Bytes = c.Files+1, c.Bytes+bytes }

// Receipt says what a cycle did.
type Receipt struct {
	Start, End time.Time
	Period     string // that what is staged belongs to, afterwards
	Exported   Exported
	Mirrored   Count    // files that were sent, and read back
	Archives   []string // that were proven
	Proven     Count    // files of these archives
	Purged     Count    // files that left the staging folder and its mirror
	Damaged    int      // staged files that are not what was recorded; see ErrStaging
	Complete   bool     // everything that the source has is there and safe as far as the job goes, without an error
	Problem    string   // the error that ended it; "": none
}

// Open prepares a cycle, and keeps others of the same job out until Close. Errors:
// ErrBusy, ErrConfig, ErrJob, and those of OpenCatalogue.
func Open(ctx context.Context, job Job) (_ *Cycle, err error) {
	if err := job.check(); err != nil {
		return nil, err
	}
	c := &Cycle{job: job}
	if c.store, err = openStore(job.dir()); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			c.Close()
		}
	}()
	if c.catalogue, err = OpenCatalogue(ctx, CatalogueFile(job.State, job.Name), job.Name); err != nil {
		return nil, err
	}
	if err := c.store.load("state", &c.state); err != nil {
		return nil, err
	}
	c.receipt.Start = job.Now()
	return c, c.tick()
}

// tick looks at the clock. Only what is believed is remembered.
func (c *Cycle) tick() error {
	now := c.job.Now()
	if !c.job.TrustClock {
		if c.clock = checkClock(now, c.state.Clock); c.clock != nil {
			return nil
		}
		if now.Before(c.state.Clock) {
			return nil
		}
	}
	return c.change(func(s *state) {
		s.Clock = now.UTC()
		if p := c.period(); s.Period == "" || (s.Period > p && c.job.TrustClock) {
			s.Period = p // the first cycle; or it was a wrong clock that began this one
		}
	})
}

// now is a time that is believed.
func (c *Cycle) now() time.Time {
	now := c.job.Now()
	if c.clock != nil || now.Before(c.state.Clock) {
		return c.state.Clock.In(now.Location())
	}
	return now
}

func (c *Cycle) period() string { return c.length().Name(c.job.Now()) }

func (c *Cycle) length() Period {
	if c.job.Repository == nil {
		return Month
	}
	return c.job.Repository.Period
}

// change changes the state, durably.
func (c *Cycle) change(do func(*state)) error {
	do(&c.state)
	return c.store.save("state", c.state)
}

func (c *Cycle) begin(s Step) { c.job.Event(Event{Step: s, Begin: true}) }

// Close ends a cycle: what is mounted is unmounted, and others may begin.
func (c *Cycle) Close() error {
	err := c.Unmount()
	if c.catalogue != nil {
		err = errors.Join(err, c.catalogue.Close())
	}
	if c.store != nil {
		err = errors.Join(err, c.store.close())
	}
	return err
}

// Receipt is what was done so far.
func (c *Cycle) Receipt() Receipt { return c.receipt }

// Run does all steps, in order, and unmounts whatever happens. What it can do it
// does: an archive that is not proven ends neither the mirror nor the sealing, and
// files that are missing do not keep those that are there from being archived. The
// error is the first thing that went wrong, with all others joined to it; what is
// missing in the source is no error, but in the Receipt.
func (c *Cycle) Run(ctx context.Context) (Receipt, error) {
	err := c.run(ctx)
	if e := c.Unmount(); e != nil {
		err = errors.Join(err, e)
	}
	c.receipt.End, c.receipt.Period = c.job.Now(), c.state.Period
	c.receipt.Complete = err == nil && c.receipt.Exported.Complete() && c.receipt.Damaged == 0
	if err != nil {
		c.receipt.Problem = err.Error()
	}
	if errors.Is(err, ErrUnreachable) {
		return c.receipt, err // nothing was done, and the last receipt tells more
	}
	return c.receipt, errors.Join(err, c.remember())
}

func (c *Cycle) run(ctx context.Context) error {
	if err := c.Reach(ctx); err != nil {
		return err
	}
	if err := c.Mount(ctx); err != nil {
		return err
	}
	var wrong []error
	for {
		if err := c.Export(ctx); err != nil {
			wrong = append(wrong, err)
			if ctx.Err() == nil {
				wrong = append(wrong, c.resume(ctx))
			}
			break
		}
		if err := c.Mirror(ctx); err != nil {
			if !errors.Is(err, ErrMirror) {
				return err
			}
			wrong = append(wrong, err)
		}
		purged := c.receipt.Purged.Files
		if err := c.Archive(ctx); err != nil {
			if ctx.Err() != nil {
				return err
			}
			wrong = append(wrong, err)
			break
		}
		// A source that stopped at the budget has more now that there is room.
		if !c.receipt.Exported.More || c.receipt.Purged.Files == purged {
			break
		}
	}
	if err := c.Seal(ctx); err != nil {
		wrong = append(wrong, err)
	}
	return errors.Join(wrong...)
}

// remember keeps the receipt for Status.
func (c *Cycle) remember() error {
	return c.store.together(func() error {
		if err := c.store.save("last", c.receipt); err != nil {
			return err
		}
		if !c.receipt.Complete {
			return nil
		}
		return c.store.save("complete", c.receipt)
	})
}

// Mount mounts the vault, where the job has one. Errors: those of mount.Mount.
func (c *Cycle) Mount(ctx context.Context) error {
	if c.job.Vault == nil || c.vault != nil {
		return nil
	}
	c.begin(StepMount)
	spec := *c.job.Vault
	if spec.Sentinel = c.state.Sentinel; c.job.NewVault {
		spec.Sentinel, spec.NewSentinel = "", true
	}
	m, err := mount.Mount(ctx, spec)
	if err != nil {
		return err
	}
	c.vault = &vault{m, c.job.Worker, c.job.Env, c.job.Silence}
	if m.Sentinel() != c.state.Sentinel {
		// Another vault holds nothing of what was mirrored.
		err := c.store.together(func() error {
			if c.state.Sentinel != "" {
				if err := c.store.run(`DELETE FROM mirror`); err != nil {
					return err
				}
			}
			return c.change(func(s *state) { s.Sentinel, s.Mirrored = m.Sentinel(), "" })
		})
		if err != nil {
			return err
		}
	}
	return c.keep("gocryptfs.conf", m.Config())
}

// keep writes a small file into the job's own folder, if it is not there already.
func (c *Cycle) keep(name string, content []byte) error {
	dir := filepath.Join(c.job.dir(), "keys")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if old, err := os.ReadFile(filepath.Join(dir, name)); err == nil && string(old) == string(content) {
		return nil
	}
	d, err := safefile.OpenDir(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return safefile.WriteFile(d, name, content)
}

// Unmount unmounts the vault, if it is mounted. Errors: those of
// mount.Mounted.Close.
func (c *Cycle) Unmount() error {
	if c.vault == nil {
		return nil
	}
	c.begin(StepUnmount)
	err := c.vault.mounted.Close()
	c.vault = nil
	return err
}

// Export lets the source bring the staging folder up to date, and notes what is
// new in it.
func (c *Cycle) Export(ctx context.Context) error {
	c.begin(StepExport)
	limit := int64(0)
	if c.job.Repository != nil {
		limit = c.job.Repository.Budget
	}
	done, err := c.job.Source.Export(ctx, limit)
	c.receipt.Exported = merge(c.receipt.Exported, done)
	if err != nil {
		return fmt.Errorf("export: %w", err)
	}
	if err := c.record(ctx, false, func(_ *safefile.Dir, record *manifest.Manifest) error { return c.note(ctx, record) }); err != nil {
		return err
	}
	return c.change(func(s *state) { s.Owed = done.Missing + done.Failed })
}

// merge adds up what several exports of one cycle placed; the rest is as the last
// one found it.
func merge(a, b Exported) Exported {
	b.Placed, b.Bytes, b.Fetched = a.Placed+b.Placed, a.Bytes+b.Bytes, a.Fetched+b.Fetched
	return b
}

// note keeps the list of staged files up to the record: what is new in it was seen
// now.
func (c *Cycle) note(ctx context.Context, record *manifest.Manifest) error {
	changed, err := record.Changed()
	if err != nil || changed != "" && changed == c.state.Noted {
		return err
	}
	now := c.now().Unix()
	return c.store.together(func() error {
		if err := c.store.run(`CREATE TEMP TABLE IF NOT EXISTS seen(path TEXT PRIMARY KEY) WITHOUT ROWID`); err != nil {
			return err
		}
		if err := c.store.run(`DELETE FROM seen`); err != nil {
			return err
		}
		for e, err := range staged(record) {
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				return err
			}
			if err := c.store.run(`INSERT INTO seen VALUES(?)`, e.Path); err != nil {
				return err
			}
			// Other bytes under the same name are another file.
			err := c.store.run(`INSERT INTO staged VALUES(?1, ?2, ?3, ?4) ON CONFLICT(path) DO UPDATE SET sum = ?2, size = ?3, since = ?4 WHERE sum <> ?2`,
				e.Path, e.Sum[:], e.Size, now)
			if err != nil {
				return err
			}
		}
		if err := c.store.run(`DELETE FROM staged WHERE path NOT IN (SELECT path FROM seen)`); err != nil {
			return err
		}
		return c.change(func(s *state) { s.Noted = changed })
	})
}

// record opens the staging folder and its record. Errors: manifest.ErrForeign where
// it is no destination of photogo's.
func (c *Cycle) record(ctx context.Context, write bool, do func(*safefile.Dir, *manifest.Manifest) error) error {
	dir, err := safefile.OpenDir(c.job.Staging)
	if err != nil {
		return fmt.Errorf("open the staging folder: %w", err)
	}
	defer dir.Close()
	if err := manifest.Known(ctx, c.job.State, dir); err != nil {
		return fmt.Errorf("staging folder %s: %w", c.job.Staging, err)
	}
	var m *manifest.Manifest
	if write {
		m, err = manifest.Open(ctx, c.job.State, dir, c.job.Staging)
	} else {
		m, err = manifest.Peek(ctx, c.job.State, dir)
	}
	if err != nil {
		return fmt.Errorf("staging folder %s: %w", c.job.Staging, err)
	}
	defer m.Close()
	return do(dir, m)
}
