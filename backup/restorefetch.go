package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"syscall"

	"github.com/zeebo/blake3"

	"github.com/photogo/photogo/archive"
	"github.com/photogo/photogo/internal/safefile"
	"github.com/photogo/photogo/manifest"
)

// fetch reads one archive after the other, the newest first, until nothing is left
// that another one could give.
func (r *restorer) fetch(ctx context.Context) error {
	for first := true; ; first = false {
		var names []string
		err := r.c.each(`SELECT a.name FROM archive a WHERE EXISTS(SELECT 1 FROM want w WHERE w.archive = a.id AND w.state = 0) ORDER BY a.created DESC, a.id DESC`,
			scanText(&names))
		if err != nil {
			return err
		}
		if len(names) == 0 && !first {
			return nil
		}
		for _, name := range names {
			r.Event(RestoreEvent{Outcome: RestoreReading, Archive: name})
			if err := r.archive(ctx, name); err != nil {
				return err
			}
		}
		if err := r.elsewhere(ctx); err != nil {
			return err
		}
	}
}

// mostNamed is how many files of an archive are named to borg; if there are more, the
// whole archive is read.
const mostNamed = 100000

// archive reads what is meant from one archive, in one pass if nothing is damaged.
func (r *restorer) archive(ctx context.Context, name string) error {
	left, all := 0, 0
	err := r.c.each(`SELECT count(*), (SELECT files FROM archive WHERE name = ?1) FROM want w JOIN archive a ON a.id = w.archive WHERE a.name = ?1 AND w.state = 0`,
		scanInts(&left, &all), name)
	if err != nil {
		return err
	}
	var files []string // nil: the whole archive
	if left < all/2 && left < mostNamed {
		if files, err = r.left(name); err != nil {
			return err
		}
	}
	r.later = false
	damage, err := r.stream(ctx, name, files)
	if err != nil {
		return err
	}
	if damage == nil && r.later { // borg gives a further name of a file its content if it is asked for that name
		if files, err = r.left(name); err == nil && len(files) > 0 {
			damage, err = r.stream(ctx, name, files)
		}
	}
	if err == nil && damage != nil {
		opens := mostOpens
		if files, err = r.left(name); err == nil {
			err = r.around(ctx, name, files, damage, &opens)
		}
	}
	if err != nil {
		return err
	}
	return r.giveUp(ctx, name, nil, "the archive does not hold it", false)
}

// mostOpens is how often an archive is opened to get around what is damaged in it.
const mostOpens = 300

// around reads files of an archive that has damage somewhere. Borg ends at the first
// that is damaged, and does not say which one that is; but members come mostly in the
// order of their paths, so that it stands at the beginning of those that are left.
func (r *restorer) around(ctx context.Context, name string, files []string, cause error, opens *int) error {
	for n := 1; len(files) > 0; {
		if *opens == 0 {
			return r.giveUp(ctx, name, files, fmt.Sprintf("too much of the archive is damaged: %v", cause), true)
		}
		*opens--
		part := files[:min(n, len(files))]
		damage, err := r.stream(ctx, name, part)
		if err != nil {
			return err
		}
		switch {
		case damage == nil:
			files, n = files[len(part):], 4*n
		case len(part) == 1:
			if err := r.giveUp(ctx, name, part, damage.Error(), true); err != nil {
				return err
			}
			files, n = files[1:], len(files) // perhaps it was the only one
		default:
			n = 1
			still, err := r.left(name)
			if err != nil {
				return err
			}
			files = slices.DeleteFunc(files, func(f string) bool { _, ok := slices.BinarySearch(still, f); return !ok })
		}
	}
	return nil
}

// left returns the paths in an archive that are still to be read, sorted.
func (r *restorer) left(name string) (files []string, err error) {
	files = []string{}
	err = r.c.each(`SELECT DISTINCT w.source FROM want w JOIN archive a ON a.id = w.archive WHERE a.name = ? AND w.state = 0 ORDER BY w.source`, scanText(&files), name)
	return files, err
}

// giveUp notes that an archive does not give files, nil for all that are left of it.
func (r *restorer) giveUp(ctx context.Context, name string, files []string, why string, damaged bool) error {
	if files == nil {
		var err error
		if files, err = r.left(name); err != nil {
			return err
		}
	}
	return r.c.transaction(func() error {
		for _, f := range files {
			list, err := r.some(ctx, `a.name = ? AND w.source = ? AND w.state = ?`, name, f, wantTodo)
			if err != nil {
				return err
			}
			for _, w := range list {
				if err := r.spoilt(w, why, damaged); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// spoilt notes that a file cannot be had where it was looked for.
func (r *restorer) spoilt(w want, why string, damaged bool) error {
	return errors.Join(
		r.c.run(`INSERT OR IGNORE INTO tried VALUES(?, ?, ?)`, w.id, w.number, w.source),
		r.c.run(`UPDATE want SET state = ?, why = ?, damaged = damaged OR ? WHERE id = ?`, int(wantBad), why, damaged, w.id))
}

// elsewhere looks for the bytes of what could not be had in other archives, also in
// those that are not meant, and tells what no archive has.
func (r *restorer) elsewhere(ctx context.Context) error {
	first := true
	for {
		list, err := r.some(ctx, `w.state = ? ORDER BY w.target`, wantBad)
		if err != nil || len(list) == 0 {
			return err
		}
		if first {
			if err := r.c.script(`CREATE INDEX IF NOT EXISTS entry_sum ON entry(sum)`); err != nil {
				return err
			}
			for _, a := range r.rest {
				if err := r.learn(ctx, a, nil); err != nil {
					return err
				}
			}
			r.rest, first = nil, false
		}
		err = r.c.transaction(func() error {
			for _, w := range list {
				if err := r.redirect(w); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
}

// redirect finds another place of a file's bytes.
func (r *restorer) redirect(w want) error {
	err := r.c.run(`UPDATE want SET state = 0, (archive, source) = (
		SELECT e.archive, e.path FROM entry e JOIN archive a ON a.id = e.archive WHERE e.sum = ?1
		AND NOT EXISTS(SELECT 1 FROM tried t WHERE t.want = ?2 AND t.archive = e.archive AND t.source = e.path) ORDER BY a.created DESC, a.id DESC LIMIT 1)
		WHERE id = ?2 AND EXISTS(SELECT 1 FROM entry e WHERE e.sum = ?1
		AND NOT EXISTS(SELECT 1 FROM tried t WHERE t.want = ?2 AND t.archive = e.archive AND t.source = e.path))`, w.sum[:], w.id)
	if err != nil || r.c.conn.Changes() > 0 {
		return err
	}
	outcome := RestoreMissing
	if w.damaged {
		outcome = RestoreDamaged
	}
	r.tell(w, outcome, errors.New(w.why))
	return r.c.run(`UPDATE want SET state = ? WHERE id = ?`, int(wantLost), w.id)
}

// stream reads files of an archive, nil for all, and restores those that are meant.
// That it is damaged is damage; err ends the restore.
func (r *restorer) stream(ctx context.Context, name string, files []string) (damage, err error) {
	err = r.Repo.Stream(ctx, name, files, func(m archive.Member, content io.Reader) error { return r.member(ctx, name, m, content) })
	flushed := r.flush()
	switch {
	case flushed != nil:
		return nil, flushed
	case errors.Is(err, archive.ErrDamaged):
		return err, nil
	}
	return nil, err
}

// member restores a member of an archive to all places where it is meant.
func (r *restorer) member(ctx context.Context, name string, m archive.Member, content io.Reader) error {
	list, err := r.some(ctx, `a.name = ? AND w.source = ? AND w.state = ?`, name, m.Path, wantTodo)
	if err != nil || len(list) == 0 {
		return err
	}
	for i, w := range list {
		switch {
		case m.Kind == archive.Hardlink:
			err = r.copy(ctx, w, m, m.Link)
		case m.Kind != archive.File:
			err = r.spoilt(w, "it is no file in the archive", true)
		case i == 0:
			err = r.write(ctx, w, m, content)
		default:
			err = r.copy(ctx, w, m, m.Path)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// copy restores a file from another one that was just restored from the same archive.
// If that is not meant itself, or was damaged, borg is asked again later.
func (r *restorer) copy(ctx context.Context, w want, m archive.Member, of string) error {
	if err := r.flush(); err != nil {
		return err
	}
	list, err := r.some(ctx, `w.archive = ? AND w.source = ? AND w.state = ?`, w.number, of, wantDone)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		r.later = true
		return nil
	}
	f, err := r.dir.Open(list[0].target)
	if err != nil {
		return r.refused(w, err)
	}
	defer f.Close()
	return r.write(ctx, w, m, f)
}

// restored is a file that has its bytes and not yet its name.
type restored struct {
	want
	temp string
	n    int64
}

// How much is written before it is made durable and gets its name.
const (
	batchFiles = 256
	batchBytes = 64 << 20
)

// write writes a file under a temporary name, and takes it if it has the right sum.
func (r *restorer) write(ctx context.Context, w want, m archive.Member, content io.Reader) (err error) {
	temp := safefile.Temp(w.target)
	if err := r.folder(w.target); err != nil {
		return r.refused(w, err)
	}
	f, err := r.dir.Create(temp)
	if err != nil {
		return r.refused(w, err)
	}
	keep := false
	defer func() {
		if !keep {
			f.Close()
			r.dir.Remove(temp)
		}
	}()
	h := blake3.New()
	in := &guarded{ctx: ctx, r: content}
	n, err := io.CopyBuffer(struct{ io.Writer }{io.MultiWriter(f, h)}, in, make([]byte, 1<<18))
	switch {
	case in.err != nil:
		return in.err // of the archive: Stream says what it means
	case err != nil:
		return r.refused(w, err)
	}
	var sum manifest.Sum
	if h.Sum(sum[:0]); sum != w.sum {
		return r.spoilt(w, "it has other bytes in the archive than it should", true)
	}
	if err := f.Close(); err != nil {
		return r.refused(w, err)
	}
	keep = true
	if err := r.dir.Chtimes(temp, w.modified(m)); err != nil {
		r.dir.Remove(temp)
		return r.refused(w, err)
	}
	r.batch = append(r.batch, restored{w, temp, n})
	if r.bytes += n; len(r.batch) >= batchFiles || r.bytes >= batchBytes {
		return r.flush()
	}
	return nil
}

// guarded tells an error of reading from one of writing.
type guarded struct {
	ctx context.Context
	r   io.Reader
	err error
}

func (s *guarded) Read(b []byte) (int, error) {
	if s.err = s.ctx.Err(); s.err != nil {
		return 0, s.err
	}
	n, err := s.r.Read(b)
	if err != nil && !errors.Is(err, io.EOF) {
		s.err = err
	}
	return n, err
}

// refused notes a file that the folder does not take. What would befall the next one
// as well ends the restore.
func (r *restorer) refused(w want, err error) error {
	for _, of := range []error{
		errInTheWay, fs.ErrExist, fs.ErrInvalid, syscall.ENAMETOOLONG, syscall.ENOTDIR, syscall.EISDIR, syscall.EINVAL, syscall.EILSEQ, syscall.ELOOP, syscall.EFBIG,
	} {
		if errors.Is(err, of) {
			r.tell(w, RestoreFailed, err)
			return r.c.run(`UPDATE want SET state = ? WHERE id = ?`, int(wantLost), w.id)
		}
	}
	return fmt.Errorf("%w: %w", ErrFolder, err)
}

// flush makes durable what was written, and gives it its names.
func (r *restorer) flush() (err error) {
	if len(r.batch) == 0 {
		return nil
	}
	batch := r.batch
	r.batch, r.bytes = nil, 0
	temps := make([]string, len(batch))
	for i, w := range batch {
		temps[i] = w.temp
	}
	if err := r.dir.Sync(temps...); err != nil {
		for _, temp := range temps {
			r.dir.Remove(temp)
		}
		return fmt.Errorf("%w: %w", ErrFolder, err)
	}
	var dirs []string
	named := batch[:0]
	for _, w := range batch {
		_, err := r.dir.Lstat(w.target)
		switch {
		case err == nil:
			err = errInTheWay
		case errors.Is(err, fs.ErrNotExist):
			err = r.dir.Rename(w.temp, w.target)
		}
		if err != nil {
			r.dir.Remove(w.temp)
			if err := r.refused(w.want, err); err != nil {
				return err
			}
			continue
		}
		named = append(named, w)
		if dir := path.Dir(w.target); !slices.Contains(dirs, dir) {
			dirs = append(dirs, dir)
		}
	}
	if err := r.dir.Sync(dirs...); err != nil {
		return fmt.Errorf("%w: %w", ErrFolder, err)
	}
	return r.c.transaction(func() error {
		for _, w := range named {
			if err := r.c.run(`UPDATE want SET state = ? WHERE id = ?`, int(wantDone), w.id); err != nil {
				return err
			}
			r.s.Bytes += w.n
			if w.why != "" {
				r.s.Healed++
			}
			r.tell(w.want, RestoreRestored, nil)
		}
		return nil
	})
}
