package export

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"syscall"
	"time"

	"github.com/zeebo/blake3"

	"github.com/photogo/photogo/fingerprint"
	"github.com/photogo/photogo/internal/safefile"
	"github.com/photogo/photogo/manifest"
	"github.com/photogo/photogo/photosdb"
)

// ErrInTheWay says that a file which photogo did not place has the name that a
// file should get. It is never touched.
var ErrInTheWay = errors.New("a file that photogo did not place is in the way: move it, or choose other names")

// ErrChanging says that a file changed again and again while it was copied.
var ErrChanging = errors.New("the file changed while it was copied")

// stagedGroup is a group whose bytes are in temporary files, and still
// without names.
type stagedGroup struct {
	*Group
	files []stagedFile
}

// stagedFile is a file on its way to its name.
type stagedFile struct {
	item  *Item
	from  string // a temporary file, or the file's name so far; "" if only the record changes
	entry manifest.Entry
	fate  Outcome
}

// worker stages files; each has its own buffer and hashes.
type worker struct {
	*run
	buf   []byte
	sum   *blake3.Hasher
	apple fingerprint.Hash
}

func newWorker(r *run) *worker {
	return &worker{run: r, buf: safefile.Buffer(bufferSize), sum: blake3.New(), apple: fingerprint.New()}
}

// stageAll stages a pack. After an error the rest of the pack is left out.
func (w *worker) stageAll(ctx context.Context, pack []*Group) (staged []*stagedGroup, err error) {
	for _, g := range pack {
		s, err := w.stage(ctx, g)
		staged = append(staged, s)
		if err != nil {
			return staged, err
		}
	}
	return staged, nil
}

// stage brings the files of a group up to where only their names are missing.
// Files that fail are reported and left out, and with a picture its sidecar.
// The error is one that ends the run.
func (w *worker) stage(ctx context.Context, g *Group) (*stagedGroup, error) {
	s := &stagedGroup{Group: g, files: make([]stagedFile, 0, len(g.Items))}
	failed := map[part]bool{}
	twins := map[photosdb.Role]*twin{}
	missing := map[photosdb.Role]*notFetched{}
	for i := range g.Items {
		item := &g.Items[i]
		if item.of != "" && failed[item.picture()] {
			continue
		}
		item.twin = twins[item.Role]
		var absent *notFetched
		file, err := stagedFile{}, error(nil)
		if item.Action == Fetch && missing[item.Role] != nil { // it would not come for another place either
			err = missing[item.Role]
		} else {
			file, err = w.stageItem(ctx, item)
		}
		switch {
		case err == nil && item.Action == Missing:
			w.report(Event{Item: item, Outcome: Absent})
		case err == nil:
			s.files = append(s.files, file)
			if twins[item.Role] == nil && item.Source != nil {
				twins[item.Role] = twinOf(file)
			}
		case ctx.Err() != nil:
			return s, ctx.Err()
		case errors.As(err, &absent):
			failed[item.part()], missing[item.Role] = true, absent
			w.report(Event{Item: item, Outcome: Absent, Err: absent.err, Fetch: absent.state()})
		default:
			failed[item.part()] = true
			w.report(Event{Item: item, Outcome: Failed, Err: err})
			if fatal(err) {
				return s, fmt.Errorf("%w: %w", ErrStopped, err)
			}
		}
	}
	return s, nil
}

// fatal reports whether an error says of the destination that going on is of no use.
func fatal(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EROFS)
}

func (w *worker) stageItem(ctx context.Context, item *Item) (stagedFile, error) {
	if err := ctx.Err(); err != nil {
		return stagedFile{}, err
	}
	switch item.Action {
	case Missing:
		return stagedFile{}, problem(item)
	case Keep:
		return w.keep(item)
	case Move:
		return w.move(item)
	case Fetch:
		file, err := w.fetch(ctx, item)
		if err != nil {
			err = fmt.Errorf("fetch %s: %w", item.describe(), err)
		}
		return file, err
	}
	if item.check {
		if kept, done, err := w.inspect(item); done || err != nil {
			return kept, err
		}
	}
	file, err := w.place(ctx, item)
	if err != nil {
		err = fmt.Errorf("place %s: %w", item.describe(), err)
	}
	return file, err
}

// problem is why a missing file is not simply absent: it may be there and not
// be readable, or a link that leads out of the library.
func problem(item *Item) error {
	if item.err != nil {
		return item.err
	}
	if item.Source == nil || item.Source.Problem == nil {
		return nil
	}
	return fmt.Errorf("place %s: %w", item.describe(), item.Source.Problem)
}

// keep leaves a file as it is, but for a date that has changed since.
func (w *worker) keep(item *Item) (stagedFile, error) {
	file := stagedFile{item: item, entry: learned(item), fate: Unchanged}
	return file, w.redate(&file)
}

// learned is the entry of a file that stays, with what the library has come to
// know of it since.
func learned(item *Item) manifest.Entry {
	e := *item.known
	if item.Source != nil && e.Version != item.Version && e.Apple == item.want {
		e.Version, e.Proof = item.Version, manifest.ProofFingerprint
	}
	return e
}

func (w *worker) move(item *Item) (stagedFile, error) {
	if _, err := w.job.Dest.Lstat(item.Path); err == nil && !w.oneFile(item.known.Path, item.Path) {
		return stagedFile{}, fmt.Errorf("move %s to %s: %w", item.known.Path, item.Path, ErrInTheWay)
	}
	if _, err := w.mkdir(item.Path); err != nil {
		return stagedFile{}, err
	}
	file := stagedFile{item: item, from: item.known.Path, entry: learned(item), fate: Moved}
	file.entry.Path = item.Path
	return file, w.redate(&file)
}

// redate gives a file that is there the date of its picture, if that is another
// than it was given. What was asked for is compared, as not every file system
// holds every date.
func (w *worker) redate(file *stagedFile) error {
	item, name := file.item, file.item.known.Path
	if item.Stamp.IsZero() || item.known.Stamp == item.Stamp.UnixMicro() || item.known.Released != 0 {
		return nil
	}
	if err := w.job.Dest.Chtimes(name, item.Stamp); err != nil {
		return fmt.Errorf("set the date of %s: %w", name, err)
	}
	info, err := w.job.Dest.Lstat(name)
	if err != nil {
		return err
	}
	file.entry.Stamp, file.entry.ModTime = item.Stamp.UnixMicro(), info.ModTime().UnixNano()
	return nil
}

// inspect looks into a file that is not as it was recorded. If only its times
// changed it stays, or is moved; if its bytes did, it is put aside for a person
// to see, and the file is placed anew.
func (w *worker) inspect(item *Item) (_ stagedFile, done bool, err error) {
	name := item.known.Path
	sum, info, err := w.hashPlaced(name)
	if errors.Is(err, fs.ErrNotExist) {
		return stagedFile{}, false, nil // it went since the plan looked
	}
	if err != nil && item.Reason != ReasonSpoilt { // a bad disk can still rename what it cannot read
		return stagedFile{}, false, fmt.Errorf("read %s, which was changed: %w", name, err)
	}
	if err == nil && sum == item.known.Sum && info.Size() == item.known.Size {
		known := *item.known
		known.ModTime = info.ModTime().UnixNano()
		if known.Version == item.Version && name == item.Path {
			return stagedFile{item: item, entry: known, fate: Unchanged}, true, nil
		}
		item.known = &known
		if known.Version != item.Version {
			return stagedFile{}, false, nil
		}
		item.Reason = ReasonRenamed
		file, err := w.move(item)
		return file, true, err
	}
	aside, err := w.freeAside(name)
	if err != nil {
		return stagedFile{}, false, err
	}
	if err := w.job.Dest.Rename(name, aside); err != nil {
		return stagedFile{}, false, fmt.Errorf("put %s aside: %w", name, err)
	}
	// The record must not forget the name before the file has lost it for good:
	// after a crash it would be a stranger's, and in the way for ever.
	names := []string{path.Dir(name)}
	for dir := path.Dir(aside); dir != "."; dir = path.Dir(dir) {
		names = append(names, dir)
	}
	if err := w.job.Dest.Sync(names...); err != nil {
		return stagedFile{}, false, fmt.Errorf("put %s aside: %w", name, err)
	}
	return stagedFile{}, false, w.job.Record.Commit(manifest.Change{Gone: []string{name}})
}

// freeAside finds a name for a file in today's quarantine, and makes its folder.
func (r *run) freeAside(name string) (string, error) {
	aside := path.Join(manifest.QuarantineFolder, r.job.Now.Format(time.DateOnly), name)
	if _, err := r.mkdir(aside); err != nil {
		return "", err
	}
	for n := 1; ; n++ { // never over another
		free := aside
		if n > 1 {
			free = fmt.Sprintf("%s.%d", aside, n-1)
		}
		if _, err := r.job.Dest.Lstat(free); errors.Is(err, fs.ErrNotExist) {
			return free, nil
		} else if err != nil {
			return "", err
		}
	}
}

// hashPlaced hashes a file of the destination.
func (w *worker) hashPlaced(name string) (sum manifest.Sum, info fs.FileInfo, err error) {
	f, err := w.job.Dest.Open(name)
	if err != nil {
		return sum, nil, err
	}
	defer f.Close()
	if info, err = f.Stat(); err != nil {
		return sum, nil, err
	}
	w.sum.Reset()
	if _, err := io.CopyBuffer(onlyWriter{w.sum}, f, w.buf); err != nil {
		return sum, nil, err
	}
	return sumOf(w.sum), info, nil
}

func sumOf(h *blake3.Hasher) (sum manifest.Sum) {
	h.Sum(sum[:0])
	return sum
}

// onlyWriter hides whatever else a writer can do, so that the buffer is used.
type onlyWriter struct{ io.Writer }

// place puts the bytes of an item into a temporary file, or finds that they are
// in the destination already.
func (w *worker) place(ctx context.Context, item *Item) (file stagedFile, err error) {
	ours, err := w.mkdir(item.Path)
	if err != nil {
		return file, err
	}
	taken := false
	if !ours {
		taken, err = w.taken(item)
	}
	if err != nil {
		return file, err
	}
	if taken {
		file, err = w.adopt(ctx, item)
		if !errors.Is(err, ErrInTheWay) || item.Source != nil || !w.ours(item.Path, item.UUID) {
			return file, err
		}
		if err := w.putOldAside(item.Path); err != nil {
			return file, err
		}
	}
	if item.Source == nil {
		return w.write(item)
	}
	if same, ok, err := w.sameBytes(ctx, item); err != nil || ok {
		return same, err
	}
	if file, ok, err := w.share(ctx, item); err != nil || ok {
		return file, err
	}
	for try := 1; ; try++ {
		file, err = w.copy(ctx, item)
		if !errors.Is(err, ErrChanging) || try == 3 {
			return file, err
		}
	}
}

// taken reports whether the name is that of a file which the record does not know.
func (w *worker) taken(item *Item) (bool, error) {
	ours := item.known != nil && item.known.Released == 0
	if ours && item.known.Path == item.Path {
		return false, nil
	}
	_, err := w.job.Dest.Lstat(item.Path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && ours && w.oneFile(item.known.Path, item.Path) {
		return false, nil
	}
	return err == nil, err
}

// adopt takes a file that is there already for the one that should be, if its
// bytes are the same.
func (w *worker) adopt(ctx context.Context, item *Item) (stagedFile, error) {
	entry, err := w.hashSource(ctx, item)
	if err != nil {
		return stagedFile{}, err
	}
	sum, info, err := w.hashPlaced(item.Path)
	if err != nil || sum != entry.Sum {
		return stagedFile{}, ErrInTheWay
	}
	if w.linked(item, info) {
		return stagedFile{}, fmt.Errorf("%w: it is the library's own file under a second name, a hard link and no copy", ErrInTheWay)
	}
	entry.ModTime, entry.Stamp = info.ModTime().UnixNano(), item.Stamp.UnixMicro()
	return stagedFile{item: item, entry: entry, fate: Unchanged}, nil
}

// putOldAside puts a sidecar into quarantine that photogo wrote from earlier facts, and
// that the record has lost.
func (w *worker) putOldAside(name string) error {
	aside, err := w.freeAside(name)
	if err != nil {
		return err
	}
	return w.job.Dest.Rename(name, aside)
}

// linked reports whether a file of the destination is the library's own, with a hard
// link for a second name: it proves nothing, and even its date is the library's.
func (w *worker) linked(item *Item, there fs.FileInfo) bool {
	if item.Source == nil || !item.Source.OnDisk {
		return false
	}
	src, err := w.open(item)
	if err != nil {
		return false // then it is no file of the destination's either
	}
	defer src.Close()
	info, err := src.Stat()
	return err == nil && safefile.SameFile(info, there)
}

// sameBytes finds out whether a file whose version changed has the same bytes
// as before: a library that was copied without its times, say. Then the file
// stays, and only the record learns the new version.
func (w *worker) sameBytes(ctx context.Context, item *Item) (stagedFile, bool, error) {
	k := item.known
	if k == nil || item.Reason != ReasonChanged || k.Path != item.Path || k.Size != item.Source.Found {
		return stagedFile{}, false, nil
	}
	entry, err := w.hashSource(ctx, item)
	if err != nil || entry.Sum != k.Sum {
		return stagedFile{}, false, err
	}
	entry.ModTime, entry.Stamp, entry.Released = k.ModTime, k.Stamp, k.Released
	return stagedFile{item: item, entry: entry, fate: Unchanged}, true, nil
}

// hashSource reads a source once, without copying it.
func (w *worker) hashSource(ctx context.Context, item *Item) (manifest.Entry, error) {
	if item.Source == nil {
		return w.entry(item, int64(len(item.Content)), blake3.Sum256(item.Content), ""), nil
	}
	src, err := w.open(item)
	if err != nil {
		return manifest.Entry{}, err
	}
	defer src.Close()
	n, err := w.stream(ctx, io.Discard, src)
	if err != nil {
		return manifest.Entry{}, err
	}
	return w.entry(item, n, sumOf(w.sum), w.apple.Text()), nil
}
