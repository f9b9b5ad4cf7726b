package export

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"math"
	"path"
	"slices"

	"github.com/zeebo/blake3"

	"github.com/photogo/photogo/internal/safefile"
	"github.com/photogo/photogo/manifest"
)

// cleanUp completes what an interrupted run left. Files that got their names
// and were not recorded are recorded, if their bytes are those intended;
// temporary files are removed.
func cleanUp(ctx context.Context, dest safefile.FS, record *manifest.Manifest) error {
	intended, err := record.Intended()
	if err != nil {
		return err
	}
	change := manifest.Change{Settled: math.MaxInt64}
	for _, e := range intended {
		if info, ok := holds(dest, e); ok {
			e.ModTime = info.ModTime().UnixNano()
			change.Placed = append(change.Placed, e)
		}
	}
	if change.Aside, err = replaced(record, change.Placed); err != nil {
		return err
	}
	if err := record.Commit(change); err != nil {
		return err
	}
	if err := removeIncoming(dest); err != nil {
		return err
	}
	return removeTemps(ctx, dest, ".")
}

// replaced returns the files of old versions that lie under other names than those
// which are about to be recorded in their stead.
func replaced(record *manifest.Manifest, placed []manifest.Entry) (list []manifest.Aside, err error) {
	for part := range slices.Chunk(placed, ahead) {
		owners := make([]string, len(part))
		for i := range part {
			owners[i] = part[i].Owner
		}
		held, err := record.Of(owners)
		if err != nil {
			return nil, err
		}
		for _, e := range part {
			for _, old := range held[e.Owner].Entries {
				if old.Role == e.Role && old.Path != e.Path {
					list = append(list, manifest.Aside{Path: old.Path, Was: old.Path, Size: old.Size, Sum: old.Sum})
				}
			}
		}
	}
	return list, nil
}

// holds reports whether the file of an entry is there with the entry's bytes.
func holds(dest safefile.FS, e manifest.Entry) (fs.FileInfo, bool) {
	info, same, err := compare(dest, e)
	return info, same && err == nil
}

// compare reads the file of an entry and tells whether it has the entry's bytes.
func compare(dest safefile.FS, e manifest.Entry) (info fs.FileInfo, same bool, err error) {
	f, err := dest.Open(e.Path)
	if err != nil {
		return nil, false, err
	}
	defer f.Close()
	if info, err = f.Stat(); err != nil || info.Size() != e.Size {
		return info, false, err
	}
	h := blake3.New()
	if _, err := io.Copy(h, f); err != nil {
		return info, false, err
	}
	return info, sumOf(h) == e.Sum, nil
}

// removeTemps removes the temporary files below a folder. Links are not followed.
func removeTemps(ctx context.Context, dest safefile.FS, dir string) error {
	list, err := dest.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	for _, entry := range list {
		name := path.Join(dir, entry.Name())
		if err := ctx.Err(); err != nil {
			return err
		}
		switch {
		case entry.IsDir():
			if is, err := anothers(dest, name); err != nil {
				return err
			} else if is {
				continue // at work, perhaps
			}
			if err := removeTemps(ctx, dest, name); err != nil {
				return err
			}
		case entry.Type().IsRegular() && safefile.IsTemp(name):
			if err := dest.Remove(name); err != nil {
				return err
			}
		}
	}
	return nil
}
