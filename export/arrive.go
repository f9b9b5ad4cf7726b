package export

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"path/filepath"

	"github.com/photogo/photogo/internal/safefile"
	"github.com/photogo/photogo/manifest"
	"github.com/photogo/photogo/photokit"
)

// IncomingFolder is where fetched files come into, relative to the destination. They
// are on its disk then, and only need a name.
const IncomingFolder = manifest.Folder + "/incoming"

// fetch puts what iCloud has of an item into a temporary file. An error is a
// *notFetched where the file simply stays missing.
func (w *worker) fetch(ctx context.Context, item *Item) (file stagedFile, err error) {
	if item.check {
		if file, done, err := w.sameAsRecorded(item); done || err != nil {
			return file, err
		}
	}
	if taken, err := w.taken(item); err != nil {
		return file, err
	} else if taken {
		return w.adoptFetched(ctx, item)
	}
	if item.twin != nil {
		if _, err := w.mkdir(item.Path); err != nil {
			return file, err
		}
		if file, ok, err := w.share(ctx, item); err != nil || ok {
			return file, err
		}
		return w.copyTwin(ctx, item)
	}
	if w.fetches.Fetching == nil {
		return file, &notFetched{photokit.ErrHelper}
	}
	fetcher, err := w.fetches.open(ctx)
	if err != nil {
		return file, notNow(ctx, err)
	}
	w.fetches.expect(item)
	request := *item.request
	request.Keep, request.Hash = true, w.sum
	request.Progress = func(bytes int64, _ float64) { w.fetches.progress(item, bytes) }
	got, err := fetcher.Fetch(ctx, request)
	if err != nil {
		return file, notNow(ctx, err)
	}
	defer got.Close()
	return w.arrive(item, got)
}

// notNow prefers the end of the run to the error that followed from it.
func notNow(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return &notFetched{err}
}

// arrive gives a fetched file a temporary name beside its place. What is not the
// recorded file is not taken, whoever says so.
func (w *worker) arrive(item *Item, got *photokit.Fetched) (file stagedFile, err error) {
	from := path.Join(IncomingFolder, filepath.Base(got.Path))
	defer func() {
		if err != nil {
			w.job.Dest.Remove(from) // gone already where it has another name
		}
	}()
	entry := w.entry(item, got.Size, sumOf(w.sum), got.Fingerprint)
	if entry.Proof == manifest.ProofAltered {
		return file, &notFetched{photokit.ErrNotOriginal}
	}
	if item.check {
		if kept, done, err := w.inspect(item); done || err != nil {
			if err == nil {
				w.job.Dest.Remove(from)
			}
			return kept, err
		}
	}
	if _, err := w.mkdir(item.Path); err != nil {
		return file, err
	}
	if mode := w.fetches.mode(w.job.Dest); mode != 0 {
		if err := got.Chmod(mode); err != nil {
			return file, err
		}
	}
	temp := safefile.Temp(item.Path)
	if err := w.job.Dest.Rename(from, temp); err != nil {
		return file, err
	}
	if err := w.dateArrived(item, temp, &entry); err != nil {
		w.job.Dest.Remove(temp)
		return file, err
	}
	return stagedFile{item: item, from: temp, entry: entry, fate: Placed}, nil
}

// dateArrived gives a file that has come the date of its picture.
func (w *worker) dateArrived(item *Item, temp string, entry *manifest.Entry) error {
	if !item.Stamp.IsZero() {
		if err := w.job.Dest.Chtimes(temp, item.Stamp); err != nil {
			return err
		}
	}
	info, err := w.job.Dest.Lstat(temp)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() || info.Size() != entry.Size {
		return &notFetched{fmt.Errorf("%w: it changed after it had come", photokit.ErrNotOriginal)}
	}
	entry.ModTime, entry.Stamp = info.ModTime().UnixNano(), item.Stamp.UnixMicro()
	return nil
}

// sameAsRecorded is inspect for a file that is not put aside before another has come.
func (w *worker) sameAsRecorded(item *Item) (file stagedFile, done bool, err error) {
	sum, info, err := w.hashPlaced(item.known.Path)
	if err != nil || sum != item.known.Sum || info.Size() != item.known.Size {
		return file, false, nil // arrive looks again
	}
	return w.inspect(item)
}

// adoptFetched takes a file that is there already for the one that only iCloud has,
// if it has Apple's fingerprint. Its size alone would prove nothing.
func (w *worker) adoptFetched(ctx context.Context, item *Item) (stagedFile, error) {
	f, err := w.job.Dest.Open(item.Path)
	if err != nil {
		return stagedFile{}, ErrInTheWay
	}
	defer f.Close()
	n, err := w.stream(ctx, io.Discard, f)
	if err != nil {
		return stagedFile{}, err
	}
	entry := w.entry(item, n, sumOf(w.sum), w.apple.Text())
	info, err := f.Stat()
	if err != nil || entry.Proof != manifest.ProofFingerprint {
		return stagedFile{}, ErrInTheWay
	}
	entry.ModTime, entry.Stamp = info.ModTime().UnixNano(), item.Stamp.UnixMicro()
	return stagedFile{item: item, entry: entry, fate: Unchanged}, nil
}

// copyTwin copies a fetched file from another place of its asset.
func (w *worker) copyTwin(ctx context.Context, item *Item) (file stagedFile, err error) {
	from, err := w.job.Dest.Open(item.twin.name)
	if err != nil {
		return file, err
	}
	defer from.Close()
	temp := safefile.Temp(item.Path)
	to, err := w.job.Dest.Create(temp)
	if err != nil {
		return file, err
	}
	entry, err := w.through(ctx, item, to, from, to)
	if e := to.Close(); err == nil {
		err = e
	}
	if err == nil && entry.Sum != item.twin.sum {
		err = fmt.Errorf("copy %s: it changed since it came", item.twin.name)
	}
	if err != nil {
		w.job.Dest.Remove(temp)
		return file, err
	}
	return stagedFile{item: item, from: temp, entry: entry, fate: Placed}, nil
}

// removeIncoming removes what a run left that was fetching when it ended.
func removeIncoming(dest safefile.FS) error {
	list, err := dest.ReadDir(IncomingFolder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	for _, entry := range list {
		if entry.Type().IsRegular() && photokit.IsIncoming(entry.Name()) {
			if err := dest.Remove(path.Join(IncomingFolder, entry.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}
