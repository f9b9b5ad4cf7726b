package manifest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"path"
	"time"

	"github.com/zeebo/blake3"
	"golang.org/x/sync/errgroup"
	"golang.org/x/text/unicode/norm"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/photogo/photogo/fingerprint"
	"github.com/photogo/photogo/internal/safefile"
)

// Condition is what a file of a destination was found to be.
type Condition string

// The conditions. All but Intact and Foreign are damage.
const (
	// Intact: the bytes are those that were placed, by both hashes.
	Intact Condition = "intact"
	// Rotten: as many bytes as were placed, but not those.
	Rotten Condition = "rotten"
	// Truncated and Grown: fewer bytes, or more.
	Truncated Condition = "truncated"
	Grown     Condition = "grown"
	// Absent: nothing has the name.
	Absent Condition = "missing"
	// Unreadable: the file is there and cannot be read; an error says why.
	Unreadable Condition = "unreadable"
	// Misrecorded: one of the two hashes is that of the bytes. Not the file but
	// the record was damaged.
	Misrecorded Condition = "misrecorded"
	// Foreign: a file that the record does not know.
	Foreign Condition = "foreign"
)

// Damage reports whether a condition is one.
func (c Condition) Damage() bool { return c != Intact && c != Foreign }

// Finding is what Verify found of one file.
type Finding struct {
	Path      string // relative to the destination
	Condition Condition
	Entry     *Entry // what was placed; nil for foreign files
	Size      int64  // bytes that were found
	Err       error  // of an unreadable file
	Right     Entry  // of a misrecorded file: what the record should say
}

// VerifyOptions say which files are read. The zero value is all of them, and a
// look for foreign ones.
type VerifyOptions struct {
	// Before leaves out what was verified at that moment or later. Zero leaves
	// out nothing.
	Before time.Time
	// Share of the files that is read, above 0 to 1: those that were verified
	// longest ago. 0 is all.
	Share float64
	// Workers is how many files are read at a time; 0 is 2.
	Workers int
	// Now is written down as the time when files were found intact.
	Now time.Time
}

// Verify reads files of the destination again, as they are on the disk, and
// compares them with the record. found is called for each file, by one
// goroutine at a time. An error means that it did not come to its end; damage is
// no error.
func (m *Manifest) Verify(ctx context.Context, dest safefile.FS, opt VerifyOptions, found func(Finding)) error {
	before, most, err := m.chosen(opt)
	if err != nil {
		return err
	}
	for last, first := "", true; most > 0; first = false {
		page, err := m.page(last, first, before, ahead(opt.Now), min(most, verifyPage))
		if err != nil || len(page) == 0 {
			if err != nil {
				return err
			}
			break
		}
		most -= len(page)
		last = page[len(page)-1].Path
		if err := m.verifyPage(ctx, dest, page, opt, found); err != nil {
			return err
		}
	}
	if !opt.Before.IsZero() || opt.Share > 0 {
		return nil
	}
	if err := m.verifySums(ctx, dest, found); err != nil {
		return err
	}
	return m.foreign(ctx, dest, ".", found)
}

// verifySums compares the list of hashes with the record. If they differ, the
// next run writes it anew.
func (m *Manifest) verifySums(ctx context.Context, dest safefile.FS, found func(Finding)) error {
	behind, err := m.Meta(metaSums)
	if err != nil || behind != "" {
		return err
	}
	file, err := dest.Open(SumsName)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // that is told by the next run, which writes it
	}
	same := err == nil
	if same {
		defer file.Close()
		safefile.Uncache(file)
		have, want := blake3.New(), blake3.New()
		if _, err := io.Copy(have, file); err != nil {
			same = false
		}
		if err := m.projectSums(ctx, want); err != nil {
			return err
		}
		same = same && bytes.Equal(have.Sum(nil), want.Sum(nil))
	}
	if same {
		return nil
	}
	found(Finding{Path: SumsName, Condition: Rotten, Entry: &Entry{Path: SumsName}})
	return m.SetMeta(metaSums, "behind")
}

// verifyPage is how many entries are read from the record at a time.
const verifyPage = 1000

// chosen turns the options into a condition on when files were verified, and a
// number of files.
func (m *Manifest) chosen(opt VerifyOptions) (before int64, most int, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	before, most = math.MaxInt64, math.MaxInt
	if !opt.Before.IsZero() {
		before = opt.Before.Unix()
	}
	if opt.Share <= 0 {
		return before, most, nil
	}
	total, err := sqlitex.ResultInt(m.conn.Prep(`SELECT count(*) FROM entry WHERE released = 0`))
	if err != nil || total == 0 {
		return before, 0, m.wrap(err)
	}
	most = min(total, int(math.Ceil(opt.Share*float64(total))))
	stmt := m.conn.Prep(`SELECT iif(verified > ?, 0, verified) AS at FROM entry WHERE released = 0 ORDER BY at LIMIT 1 OFFSET ?`)
	stmt.BindInt64(1, ahead(opt.Now))
	stmt.BindInt64(2, int64(most-1))
	oldest, err := sqlitex.ResultInt64(stmt)
	return min(before, oldest+1), most, m.wrap(err)
}

// ahead is the moment after which a file cannot have been verified: a clock that was
// wrong then says nothing of it.
func ahead(now time.Time) int64 {
	if now.IsZero() {
		return math.MaxInt64
	}
	return now.Unix()
}

func (m *Manifest) page(after string, first bool, before, ahead int64, limit int) (list []Entry, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	err = sqlitex.Execute(m.conn, `SELECT `+entryColumns+` FROM entry e CROSS JOIN owner o ON o.id = e.owner
		WHERE (?1 OR e.path > ?2) AND (e.verified < ?3 OR e.verified > ?4) AND e.released = 0 ORDER BY e.path LIMIT ?5`, &sqlitex.ExecOptions{
		Args:       []any{first, after, before, ahead, limit},
		ResultFunc: func(stmt *sqlite.Stmt) error { list = append(list, scanEntry(stmt)); return nil },
	})
	return list, m.wrap(err)
}

func (m *Manifest) verifyPage(ctx context.Context, dest safefile.FS, page []Entry, opt VerifyOptions, found func(Finding)) error {
	workers := opt.Workers
	if workers <= 0 {
		workers = 2
	}
	all, ctx := errgroup.WithContext(ctx)
	work, results := make(chan *Entry), make(chan Finding, workers)
	all.Go(func() error {
		defer close(work)
		for i := range page {
			select {
			case work <- &page[i]:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	var readers errgroup.Group
	for range workers {
		readers.Go(func() error {
			r := newReader()
			for e := range work {
				f := r.read(ctx, dest, e)
				if ctx.Err() != nil {
					return ctx.Err()
				}
				results <- f
			}
			return nil
		})
	}
	all.Go(func() error { defer close(results); return readers.Wait() })
	var intact []string
	for f := range results {
		if f.Condition == Intact {
			intact = append(intact, f.Path)
		}
		found(f)
	}
	return errors.Join(all.Wait(), m.markVerified(intact, opt.Now))
}

func (m *Manifest) markVerified(paths []string, now time.Time) (err error) {
	if len(paths) == 0 || now.IsZero() {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	end, err := sqlitex.ImmediateTransaction(m.conn)
	if err != nil {
		return m.wrap(err)
	}
	defer func() { end(&err); err = m.wrap(err) }()
	for _, path := range paths {
		if err := m.run(`UPDATE entry SET verified = ? WHERE path = ?`, now.Unix(), path); err != nil {
			return err
		}
	}
	return nil
}

// reader reads files and hashes them.
type reader struct {
	buf   []byte
	sum   *blake3.Hasher
	apple fingerprint.Hash
}

func newReader() *reader {
	return &reader{buf: make([]byte, 1<<20), sum: blake3.New(), apple: fingerprint.New()}
}

func (r *reader) read(ctx context.Context, dest safefile.FS, e *Entry) Finding {
	f := Finding{Path: e.Path, Entry: e}
	sum, apple, size, err := r.hash(ctx, dest, e.Path)
	f.Size = size
	sameSum, sameApple := sum == e.Sum, e.Apple == "" || apple == e.Apple
	switch {
	case errors.Is(err, fs.ErrNotExist):
		f.Condition = Absent
	case err != nil:
		f.Condition, f.Err = Unreadable, err
	case sameSum && sameApple && size == e.Size:
		f.Condition = Intact
	case sameSum || e.Apple != "" && sameApple:
		f.Condition, f.Right = Misrecorded, *e
		f.Right.Sum, f.Right.Apple, f.Right.Size = sum, apple, size
	case size < e.Size:
		f.Condition = Truncated
	case size > e.Size:
		f.Condition = Grown
	default:
		f.Condition = Rotten
	}
	return f
}

func (r *reader) hash(ctx context.Context, dest safefile.FS, name string) (sum Sum, apple string, size int64, err error) {
	file, err := dest.Open(name)
	if err != nil {
		return sum, "", 0, err
	}
	defer file.Close()
	safefile.Uncache(file)
	r.sum.Reset()
	r.apple.Reset()
	for {
		n, err := file.Read(r.buf)
		r.sum.Write(r.buf[:n]) // a hash never fails
		r.apple.Write(r.buf[:n])
		size += int64(n)
		if err == io.EOF {
			break
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return sum, "", size, err
		}
	}
	r.sum.Sum(sum[:0])
	return sum, r.apple.Text(), size, nil
}

// foreign tells the files below a folder that the record does not know.
// photogo's own folder is left out.
func (m *Manifest) foreign(ctx context.Context, dest safefile.FS, dir string, found func(Finding)) error {
	list, err := dest.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("list %s: %w", dir, err)
	}
	var files []string
	for _, entry := range list {
		if err := ctx.Err(); err != nil {
			return err
		}
		name := path.Join(dir, entry.Name())
		switch {
		case name == Folder:
		case entry.IsDir():
			if err := m.foreign(ctx, dest, name, found); err != nil {
				return err
			}
		default:
			files = append(files, name)
		}
	}
	unknown, err := m.unknown(files)
	for _, name := range unknown {
		f := Finding{Path: name, Condition: Foreign}
		if info, err := dest.Lstat(name); err == nil {
			f.Size = info.Size()
		}
		found(f)
	}
	return err
}

// unknown lists those of some paths that the record does not have. A file system
// that stores names decomposed means the same names.
func (m *Manifest) unknown(paths []string) (list []string, err error) {
	if len(paths) == 0 {
		return nil, nil
	}
	composed := make([]string, len(paths))
	for i, p := range paths {
		composed[i] = norm.NFC.String(p)
	}
	known := map[string]bool{}
	for _, names := range [][]string{paths, composed} {
		asJSON, err := json.Marshal(names)
		if err != nil {
			return nil, err
		}
		m.mu.Lock()
		err = sqlitex.Execute(m.conn, `SELECT path FROM entry WHERE released = 0 AND path IN (SELECT value FROM json_each(?))`, &sqlitex.ExecOptions{
			Args:       []any{string(asJSON)},
			ResultFunc: func(stmt *sqlite.Stmt) error { known[stmt.ColumnText(0)] = true; return nil },
		})
		m.mu.Unlock()
		if err != nil {
			return nil, m.wrap(err)
		}
	}
	for i, p := range paths {
		if !known[p] && !known[composed[i]] {
			list = append(list, p)
		}
	}
	return list, nil
}
