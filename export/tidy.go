package export

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/photogo/photogo/manifest"
)

// tidy removes the folders that got empty. It waits for the end of the run, as workers
// rely on the folders that they found. What it cannot remove, although it is empty, is
// left to the next run.
func (r *run) tidy() error {
	vacated, err := r.job.Record.Vacated() // by this run, or by one that ended without a word
	if err != nil {
		return err
	}
	var tidied []string
	gone := map[string]bool{}
	for _, dir := range vacated {
		r.rest.touch(dir)
		if r.removeEmpty(dir, gone) == nil {
			tidied = append(tidied, dir)
		}
	}
	above := map[string]bool{} // what lost them
	for dir := range gone {
		if up := path.Dir(dir); !gone[up] {
			above[up] = true
		}
	}
	if len(above) > 0 {
		if err := r.job.Dest.Sync(slices.Collect(maps.Keys(above))...); err != nil {
			return fmt.Errorf("remove empty folders: %w", err)
		}
	}
	return r.job.Record.Commit(manifest.Change{Tidied: tidied})
}

// removeEmpty removes a folder that got empty, and those above it that do, and notes
// those that are gone. A folder that is not empty says so itself; where a server calls it
// something else, a look into it tells.
func (r *run) removeEmpty(dir string, gone map[string]bool) error {
	for ; dir != "." && dir != "/" && !strings.HasPrefix(dir+"/", manifest.Folder+"/"); dir = path.Dir(dir) {
		err := r.job.Dest.Remove(dir)
		switch {
		case errors.Is(err, fs.ErrExist): // which is what ENOTEMPTY is, too
			return nil
		case err != nil && !errors.Is(err, fs.ErrNotExist):
			if list, e := r.job.Dest.ReadDir(dir); e == nil && len(list) > 0 {
				return nil
			}
			return err
		}
		gone[dir] = true
	}
	return nil
}
