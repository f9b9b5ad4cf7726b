package export

import (
	"context"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"sync/atomic"

	"github.com/zeebo/blake3"

	"github.com/photogo/photogo/fingerprint"
	"github.com/photogo/photogo/internal/safefile"
	"github.com/photogo/photogo/manifest"
)

// noClone remembers that cloning was tried in vain.
type noClone struct{ atomic.Bool }

const bufferSize = 512 << 10

// largeFile is the size from which on a file is written past the system's memory.
const largeFile = 1 << 20

// write puts a sidecar into a temporary file.
func (w *worker) write(item *Item) (stagedFile, error) {
	temp := safefile.Temp(item.Path)
	dst, err := w.job.Dest.Create(temp)
	if err != nil {
		return stagedFile{}, err
	}
	entry := w.entry(item, int64(len(item.Content)), blake3.Sum256(item.Content), "")
	_, err = dst.Write(item.Content)
	if err == nil {
		err = date(dst, item, &entry)
	}
	if e := dst.Close(); err == nil {
		err = e
	}
	if err != nil {
		w.job.Dest.Remove(temp)
		return stagedFile{}, err
	}
	item.Content = nil // thousands may wait for their names
	return stagedFile{item: item, from: temp, entry: entry, fate: Placed}, nil
}

// copy puts the bytes of a source into a temporary file, hashing them on the
// way. A source that changes meanwhile is ErrChanging.
func (w *worker) copy(ctx context.Context, item *Item) (_ stagedFile, err error) {
	src, err := w.open(item)
	if err != nil {
		return stagedFile{}, err
	}
	defer src.Close()
	before, err := src.Stat()
	if err != nil {
		return stagedFile{}, err
	}
	temp := safefile.Temp(item.Path)
	entry, err := w.copyTo(ctx, item, temp, src, before.Size())
	if err == nil {
		err = unchanged(src, before, entry.Size)
	}
	if err != nil {
		w.job.Dest.Remove(temp)
		return stagedFile{}, err
	}
	return stagedFile{item: item, from: temp, entry: entry, fate: Placed}, nil
}

// unchanged makes sure that a source was at rest while n bytes of it were read.
func unchanged(src *os.File, before fs.FileInfo, n int64) error {
	after, err := src.Stat()
	if err != nil {
		return err
	}
	if n != before.Size() || after.Size() != before.Size() || !after.ModTime().Equal(before.ModTime()) {
		return fmt.Errorf("%w (%d bytes before, %d after, %d read)", ErrChanging, before.Size(), after.Size(), n)
	}
	return nil
}

// copyTo clones or copies src, which has some size, into a new temporary file, hashes
// what it got, and dates it.
func (w *worker) copyTo(ctx context.Context, item *Item, temp string, src *os.File, size int64) (manifest.Entry, error) {
	if !w.noClone.Load() {
		err := w.job.Dest.Clone(src, temp)
		if err == nil {
			return w.read(ctx, item, temp)
		}
		if !errors.Is(err, safefile.ErrNoClone) {
			return manifest.Entry{}, err
		}
		w.noClone.Store(true)
	}
	dst, err := w.job.Dest.Create(temp)
	if err != nil {
		return manifest.Entry{}, err
	}
	if size >= largeFile {
		safefile.Direct(dst)
	}
	entry, err := w.through(ctx, item, dst, src, dst)
	if e := dst.Close(); err == nil {
		err = e
	}
	return entry, err
}

// read hashes a temporary file that was not written but cloned or linked, and dates it.
func (w *worker) read(ctx context.Context, item *Item, temp string) (manifest.Entry, error) {
	file, err := w.job.Dest.Open(temp)
	if err != nil {
		return manifest.Entry{}, err
	}
	defer file.Close()
	return w.through(ctx, item, io.Discard, file, file)
}

// through streams from into to, dates the new file, and describes it.
func (w *worker) through(ctx context.Context, item *Item, to io.Writer, from io.Reader, file safefile.File) (manifest.Entry, error) {
	n, err := w.stream(ctx, to, from)
	if err != nil {
		return manifest.Entry{}, err
	}
	entry := w.entry(item, n, sumOf(w.sum), w.apple.Text())
	return entry, date(file, item, &entry)
}

// stream reads src to its end, writing it to dst and both hashes.
func (w *worker) stream(ctx context.Context, dst io.Writer, src io.Reader) (n int64, err error) {
	w.sum.Reset()
	w.apple.Reset()
	for {
		got, readErr := src.Read(w.buf)
		if got > 0 {
			both(w.sum, w.apple, w.buf[:got])
			if _, err := dst.Write(w.buf[:got]); err != nil {
				return n, err
			}
			n += int64(got)
		}
		if readErr == io.EOF {
			return n, nil
		}
		if readErr != nil {
			return n, readErr
		}
		if err := ctx.Err(); err != nil {
			return n, err
		}
	}
}

func both(a, b hash.Hash, p []byte) {
	a.Write(p) // a hash.Hash never fails
	b.Write(p)
}

func (w *worker) open(item *Item) (*os.File, error) {
	if item.Source.Reference != nil {
		return w.job.Source.OpenReferenced(item.Source)
	}
	return w.job.Source.Open(item.Source)
}

// entry describes the bytes of an item for the record.
func (w *worker) entry(item *Item, size int64, sum manifest.Sum, apple string) manifest.Entry {
	return manifest.Entry{
		Path: item.Path, Owner: item.owner(), Role: string(item.Role), Version: item.Version,
		Size: size, Sum: sum, Apple: apple, Proof: proof(item, size, apple),
	}
}

// proof compares what was read with what the library recorded.
func proof(item *Item, size int64, apple string) manifest.Proof {
	switch {
	case item.Source == nil:
		return manifest.ProofMade
	case fingerprint.Valid(item.want) && apple == item.want:
		return manifest.ProofFingerprint
	case fingerprint.Valid(item.want), item.Source.Size > 0 && item.Source.Size != size:
		return manifest.ProofAltered
	}
	return manifest.ProofSize
}

// date gives a temporary file the date of its picture, as long as it is open, and notes
// it.
func date(file safefile.File, item *Item, entry *manifest.Entry) error {
	if !item.Stamp.IsZero() {
		if err := file.Chtimes(item.Stamp); err != nil {
			return err
		}
	}
	info, err := file.Stat()
	if err != nil {
		return err
	}
	entry.ModTime, entry.Stamp = info.ModTime().UnixNano(), item.Stamp.UnixMicro()
	return nil
}
