package export

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"math"
	"path"

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
	if err := record.Commit(change); err != nil {
		return err
	}
	return removeTemps(ctx, dest, ".")
}

// holds reports whether the file of an entry is there with the entry's bytes.
func holds(dest safefile.FS, e manifest.Entry) (fs.FileInfo, bool) {
	f, err := dest.Open(e.Path)
	if err != nil {
		return nil, false
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || info.Size() != e.Size {
		return nil, false
	}
	h := blake3.New()
	if _, err := io.Copy(h, f); err != nil {
		return nil, false
	}
	return info, sumOf(h) == e.Sum
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
