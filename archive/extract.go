package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// Extraction says what to bring back.
type Extraction struct {
	To       string         // an empty folder, which must exist; a whole path
	Paths    []string       // files and folders of the archive, with all that is in them; none: everything
	Progress func(Progress) // may be nil
}

// mostPaths is how many paths fit into the arguments of a program everywhere.
const mostPaths = 500

// Extract brings back an archive, or parts of it, with times and modes. What it
// wrote is not proven; an error may leave a part of it. Errors: ErrRefused,
// ErrNoArchive; ErrIncomplete where a path is in the archive not at all, or a
// file was repaired with zeros; ErrDamaged.
func (r *Repo) Extract(ctx context.Context, name string, x Extraction) error {
	op := "extract " + name
	if err := checkReadable(name); err != nil {
		return err
	}
	if err := emptyDir(x.To); err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	if len(x.Paths) > mostPaths {
		return fmt.Errorf("%w: %s: more than %d paths at a time", ErrRefused, op, mostPaths)
	}
	args := []string{"extract", "::" + name}
	for _, p := range x.Paths {
		if !filepath.IsLocal(p) || path.Clean(p) != p || strings.ContainsRune(p, 0) {
			return fmt.Errorf("%w: %s: %q is no path in an archive", ErrRefused, op, p)
		}
		args = append(args, "pp:"+p) // the path and what is below it; no pattern
	}
	l := &log{progress: x.Progress}
	c := r.borg(l, args...)
	c.Dir = x.To
	_, err := r.run(ctx, op, l, c)
	return err
}

// emptyDir makes sure that nothing can be overwritten.
func emptyDir(name string) error {
	if !filepath.IsAbs(name) {
		return fmt.Errorf("%w: the folder needs a whole path", ErrRefused)
	}
	f, err := os.Open(name)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	defer f.Close()
	switch _, err := f.ReadDir(1); {
	case err == nil:
		return fmt.Errorf("%w: %s is not empty, and what is in it could be overwritten", ErrRefused, name)
	case !errors.Is(err, io.EOF):
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	return nil
}
