package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"time"

	"github.com/zeebo/blake3"

	"github.com/photogo/photogo/internal/safefile"
	"github.com/photogo/photogo/manifest"
)

// SealFolder is where the vault has the copies of what a job remembers.
func SealFolder(name string) string { return path.Join(manifest.Folder, "state", name) }

// The files that are sealed, beside those in the folder keys.
const (
	sealedCatalogue = "catalogue.sqlite"
	sealedCycle     = "cycle.sqlite"
	sealedRecord    = "manifest.sqlite"
)

// Bounds of what is sealed in each cycle; see Seal.
const (
	sealSmall = 1 << 20        // bytes
	sealShare = 4              // one in so many of the bytes that were sent
	sealLate  = 24 * time.Hour // after the last time
)

// Seal copies what the job remembers into the vault, where something has changed: the
// catalogue, the record of the staging folder, and what is in the mirror. The copies
// before are kept beside them as NAME.1. Without a vault it does nothing: the
// catalogue can be made anew from the archives alone.
//
// After an archive was made or files were purged that is always done. What only the
// mirror has more of may wait, for a day at most, where the copies would be large
// beside what was sent: ten new pictures are no reason to send the record of a
// million.
func (c *Cycle) Seal(ctx context.Context) (err error) {
	if c.vault == nil {
		return nil
	}
	if due, err := c.sealDue(ctx); err != nil || !due {
		return err
	}
	c.begin(StepSeal)
	if c.state.Sealing {
		// The one before did not come to its end, and may have left half files.
		if _, err := c.vault.do(ctx, []op{{Op: opSweep, Path: SealFolder(c.job.Name)}}); err != nil {
			return fmt.Errorf("seal: %w", err)
		}
	}
	if err := c.change(func(s *state) { s.Sealing = true }); err != nil {
		return err
	}
	dir, err := os.MkdirTemp(c.store.dir, "seal-*.tmp")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	list, err := c.copies(ctx, dir)
	if err != nil {
		return fmt.Errorf("seal: %w", err)
	}
	var batch []op
	for name, from := range list {
		o := op{Op: opPut, Path: path.Join(SealFolder(c.job.Name), name), From: from, Keep: true}
		if o.Sum, o.Size, err = sumOf(from); err != nil {
			return fmt.Errorf("seal: %w", err)
		}
		batch = append(batch, o)
	}
	results, err := c.vault.do(ctx, batch)
	if err != nil {
		return fmt.Errorf("seal: %w", err)
	}
	for _, r := range results {
		if r.Outcome == failed {
			err = errors.Join(err, fmt.Errorf("seal %s: %s", r.Path, r.Error))
		}
	}
	if err != nil {
		return err
	}
	return c.change(func(s *state) { s.Sealed, s.Sealing, s.SealedAt, s.Unsealed = true, false, c.now().UTC(), 0 })
}

// sealDue reports whether the vault is to have new copies now.
func (c *Cycle) sealDue(ctx context.Context) (bool, error) {
	s := c.state
	if s.Sealed {
		return false, nil
	}
	if s.Sealing || s.SealedAt.IsZero() || !c.now().Before(s.SealedAt.Add(sealLate)) {
		return true, nil
	}
	files, err := c.remembered(ctx)
	if err != nil {
		return false, fmt.Errorf("seal: %w", err)
	}
	size := int64(0)
	for _, name := range files {
		info, err := os.Stat(name)
		if err != nil {
			return false, fmt.Errorf("seal: %w", err)
		}
		size += info.Size()
	}
	return size <= max(sealSmall, s.Unsealed/sealShare), nil
}

// remembered are the databases that are sealed, by the name that they get.
func (c *Cycle) remembered(ctx context.Context) (map[string]string, error) {
	id := ""
	err := c.record(ctx, false, func(_ *safefile.Dir, record *manifest.Manifest) error { id = record.ID(); return nil })
	return map[string]string{
		sealedCatalogue: CatalogueFile(c.job.State, c.job.Name),
		sealedCycle:     filepath.Join(c.job.dir(), storeName),
		sealedRecord:    filepath.Join(c.job.State, "destinations", id, "manifest.sqlite"),
	}, err
}

// copies makes copies of what is to be sealed, each of one moment, and returns where
// they are by the name that they get.
func (c *Cycle) copies(ctx context.Context, dir string) (map[string]string, error) {
	files, err := c.remembered(ctx)
	if err != nil {
		return nil, err
	}
	list := map[string]string{}
	for name, from := range files {
		list[name] = filepath.Join(dir, name)
		if err := copyDatabase(ctx, from, list[name]); err != nil {
			return nil, fmt.Errorf("copy %s: %w", from, err)
		}
	}
	keys := filepath.Join(c.job.dir(), "keys")
	entries, err := os.ReadDir(keys)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for _, e := range entries {
		if e.Type().IsRegular() && !safefile.IsTemp(e.Name()) {
			list[e.Name()] = filepath.Join(keys, e.Name())
		}
	}
	return list, nil
}

func sumOf(name string) (sum manifest.Sum, size int64, err error) {
	f, err := os.Open(name)
	if err != nil {
		return sum, 0, err
	}
	defer f.Close()
	h := blake3.New()
	size, err = io.Copy(h, f)
	h.Sum(sum[:0])
	return sum, size, err
}
