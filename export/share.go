package export

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/photogo/photogo/internal/safefile"
	"github.com/photogo/photogo/manifest"
)

// Link says how the files of an asset with several places get into all but the
// first.
type Link string

// The ways. Whichever it is, every file is read and hashed in its own place. A
// file system that cannot do it gets copies.
const (
	LinkClone Link = ""     // sharing the blocks of the first; a change of one does not change the other
	LinkHard  Link = "hard" // another name of the same file; a change of one is one of all
	LinkCopy  Link = "copy" // from the library, as the first
)

// ParseLink reads the name of a way: clone, hard or copy.
func ParseLink(name string) (Link, error) {
	switch Link(name) {
	case "clone":
		return LinkClone, nil
	case LinkHard, LinkCopy:
		return Link(name), nil
	}
	return "", fmt.Errorf("%q is none of clone, hard, copy", name)
}

// twin is a file of an asset in one of its places.
type twin struct {
	name string // where its bytes are now
	sum  manifest.Sum
}

func twinOf(file stagedFile) *twin {
	name := file.from
	if name == "" {
		name = file.entry.Path
	}
	return &twin{name, file.entry.Sum}
}

// unable remembers that a way was tried in vain.
type unable struct{ atomic.Bool }

// share makes a temporary file from the same file in another place of the asset.
// It is read and hashed as any other; where it has not the bytes that were
// recorded it is given up, and ok is false.
func (w *worker) share(ctx context.Context, item *Item) (file stagedFile, ok bool, err error) {
	if item.twin == nil || w.job.Link == LinkCopy || w.noLink.Load() {
		return file, false, nil
	}
	from, err := w.job.Dest.Open(item.twin.name)
	if err != nil {
		return file, false, nil // somebody took it away meanwhile; the library has the bytes in any case
	}
	defer from.Close()
	temp := safefile.Temp(item.Path)
	switch err := w.link(item, from, temp); {
	case errors.Is(err, safefile.ErrNoClone), errors.Is(err, safefile.ErrNoLink):
		w.noLink.Store(true)
		return file, false, nil
	case errors.Is(err, errSameFile):
		return file, false, nil
	case err != nil:
		return file, false, err
	}
	entry, err := w.read(ctx, item, temp)
	if err != nil || entry.Sum != item.twin.sum {
		w.job.Dest.Remove(temp)
		return file, false, err
	}
	return stagedFile{item: item, from: temp, entry: entry, fate: Placed}, true, nil
}

// errSameFile says that a place has the very file of another: to rename one of a
// file's names to another does nothing, and would leave a temporary name.
var errSameFile = errors.New("it is the same file already")

// link gives the twin of an item, which is open as from, a temporary name
// besides, or clones it.
func (w *worker) link(item *Item, from safefile.File, temp string) error {
	if w.job.Link == LinkHard {
		if w.isTwin(from, item.Path) {
			return errSameFile
		}
		return w.job.Dest.Link(item.twin.name, temp)
	}
	return w.job.Dest.Clone(from, temp)
}

// isTwin reports whether a name is one of an open file.
func (w *worker) isTwin(file safefile.File, name string) bool {
	other, err := w.job.Dest.Open(name)
	if err != nil {
		return false
	}
	defer other.Close()
	a, errA := file.Stat()
	b, errB := other.Stat()
	return errA == nil && errB == nil && safefile.SameFile(a, b)
}
