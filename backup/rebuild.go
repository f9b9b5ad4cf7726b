package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gofrs/flock"
	"zombiezen.com/go/sqlite"

	"github.com/photogo/photogo/archive"
	"github.com/photogo/photogo/manifest"
)

// ErrLibraries says that a repository holds archives of several libraries, so that
// one of them must be named, or none of the one that was.
var ErrLibraries = errors.New("which library is meant")

// Problem is an archive whose explanation could not be read, or only in part. The
// files in it that are not known can be had with borg alone.
type Problem struct {
	Archive string
	Err     error // ErrExplanation, archive.ErrDamaged
}

// Rebuilt is what Rebuild found.
type Rebuilt struct {
	Library  string
	Archives int
	Files    int   // versions of files, in all archives
	Bytes    int64 // of these
	Problems []Problem
}

// RebuildOptions say how a catalogue is made anew.
type RebuildOptions struct {
	Library string                      // "": the only one that the repository has archives of
	File    func(library string) string // where the catalogue of a library belongs
	Begin   func(archive string)        // called before each archive is read; may be nil
}

// Rebuild makes the catalogue of a library anew from the explanations in its
// archives. What is not explained is a Problem, and missing. No archive counts as
// proven then: only reading every byte proves it. The old catalogue is kept beside
// the new one. Of each archive borg reads the list of its members and the
// explanation, not the files: that takes about as long as `borg list` of each.
// Errors: ErrLibraries, ErrCatalogueBusy; those of the repository.
func Rebuild(ctx context.Context, repo *archive.Repo, opt RebuildOptions) (done Rebuilt, err error) {
	list, library, err := archivesOf(ctx, repo, opt.Library)
	if err != nil {
		return done, err
	}
	if library == "" {
		return done, fmt.Errorf("%w: no archive is named after a library and a period", ErrLibraries)
	}
	file := opt.File(library)
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return done, fmt.Errorf("make a folder for the catalogue: %w", err)
	}
	lock := flock.New(file+".lock", flock.SetPermissions(0o600))
	if ok, err := lock.TryLock(); err != nil || !ok {
		return done, fmt.Errorf("%w: %s", ErrCatalogueBusy, file)
	}
	defer lock.Close()
	fresh := file + ".new"
	removeDatabase(fresh)
	defer removeDatabase(fresh)
	c, err := OpenCatalogue(ctx, fresh, library)
	if err != nil {
		return done, err
	}
	done.Library = library
	for _, a := range list {
		if opt.Begin != nil {
			opt.Begin(a.Name)
		}
		problem, err := c.load(ctx, repo, a, nil)
		if err != nil {
			c.Close()
			return done, err
		}
		if problem != nil {
			done.Problems = append(done.Problems, Problem{a.Name, problem})
		}
	}
	err = c.each(`SELECT count(*), coalesce(sum(files), 0), coalesce(sum(bytes), 0) FROM archive`, func(s *sqlite.Stmt) error {
		done.Archives, done.Files, done.Bytes = s.ColumnInt(0), s.ColumnInt(1), s.ColumnInt64(2)
		return nil
	})
	if err := errors.Join(err, c.Close()); err != nil {
		return done, err
	}
	if err := keepOld(file); err != nil {
		return done, err
	}
	return done, os.Rename(fresh, file)
}

func removeDatabase(file string) {
	for _, end := range []string{"-wal", "-shm", ".lock", ""} {
		os.Remove(file + end)
	}
}

// keepOld renames a database and what belongs to it, if there is one.
func keepOld(file string) error {
	for n := 1; ; n++ {
		old := fmt.Sprintf("%s.%d.old", file, n)
		if _, err := os.Lstat(old); !errors.Is(err, fs.ErrNotExist) {
			if err != nil {
				return err
			}
			continue
		}
		for _, end := range []string{"-shm", "-wal", ""} { // the log first: a database without it is whole, if older
			if err := os.Rename(file+end, old+end); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("keep the old catalogue: %w", err)
			}
		}
		return nil
	}
}

// archivesOf returns the finished archives of a library, oldest first. With library
// "" it is the only one; a repository that has none is one nameless library.
func archivesOf(ctx context.Context, repo *archive.Repo, library string) (list []archive.Archive, _ string, err error) {
	all, err := repo.List(ctx)
	if err != nil {
		return nil, "", err
	}
	var libraries []string
	for _, a := range all {
		if of, _, _, ok := ParseName(a.Name); ok && !a.Checkpoint && !slices.Contains(libraries, of) {
			libraries = append(libraries, of)
		}
	}
	switch {
	case library == "" && len(libraries) > 1:
		return nil, "", fmt.Errorf("%w? The repository has archives of %s", ErrLibraries, strings.Join(quote(libraries), ", "))
	case library == "" && len(libraries) == 1:
		library = libraries[0]
	case library != "" && !slices.Contains(libraries, library):
		return nil, "", fmt.Errorf("%w? The repository has no archives of %q, but of %s", ErrLibraries, library, strings.Join(quote(libraries), ", "))
	}
	for _, a := range all {
		if of, _, _, ok := ParseName(a.Name); !a.Checkpoint && (library == "" || ok && of == library) {
			list = append(list, a)
		}
	}
	slices.SortStableFunc(list, func(x, y archive.Archive) int { return x.Start.Compare(y.Start) })
	return list, library, nil
}

// load puts an archive into the catalogue as its explanation tells it, and calls
// line for each of its lines. What is wrong with the explanation is problem; as much
// is loaded as can be read. Where a list of sums is, it says which files there are,
// and with which bytes.
func (c *Catalogue) load(ctx context.Context, repo *archive.Repo, a archive.Archive, line func(Described) error) (problem, err error) {
	_, period, portion, ok := ParseName(a.Name)
	if !ok {
		portion = 1
	}
	if err := c.run(`CREATE TEMP TABLE IF NOT EXISTS listed(path TEXT PRIMARY KEY, sum BLOB NOT NULL) WITHOUT ROWID`); err != nil {
		return nil, err
	}
	err = c.transaction(func() error {
		if err := c.run(`DELETE FROM listed`); err != nil {
			return err
		}
		err := c.run(`INSERT INTO archive(name, borg, period, portion, state, created, proven, files, bytes) VALUES(?, ?, ?, ?, ?, ?, 0, 0, 0)`,
			a.Name, a.ID, period, portion, string(Made), a.Start.UnixMicro())
		if err != nil {
			return err
		}
		l := &loader{c: c, archive: c.conn.LastInsertRowID(), name: a.Name, line: line}
		if err := l.read(ctx, repo); err != nil {
			return err
		}
		problem = errors.Join(l.problems...)
		return l.settle()
	})
	return problem, err
}

// loader loads one archive.
type loader struct {
	c        *Catalogue
	archive  int64
	name     string
	line     func(Described) error
	problems []error // a few
	lists    int     // lists of sums that were read to the end
	lines    bool    // the file of lines was read
	own      bool    // there is a list of sums of this archive alone, so that there should be lines
}

// read reads the files of the explanation, at once if nothing is damaged.
func (l *loader) read(ctx context.Context, repo *archive.Repo) error {
	own := archive.OwnFolder(l.name)
	files := []string{own + "/" + SumsFile, own + "/" + AssetsFile, manifest.SumsName}
	err := repo.Stream(ctx, l.name, files, l.member)
	if errors.Is(err, archive.ErrDamaged) {
		for _, f := range files { // one that is damaged ends the reading of those behind it
			if err = repo.Stream(ctx, l.name, []string{f}, l.member); errors.Is(err, archive.ErrDamaged) {
				l.problem(err)
				err = nil
			}
			if err != nil {
				return err
			}
		}
	}
	switch {
	case err != nil || len(l.problems) > 0:
	case l.lists == 0 && !l.lines:
		l.problem(fmt.Errorf("%w: there is none", ErrExplanation))
	case l.lists == 0:
		l.problem(fmt.Errorf("%w: there is no list of sums", ErrExplanation))
	case l.own && !l.lines:
		l.problem(fmt.Errorf("%w: there is no %s", ErrExplanation, AssetsFile))
	}
	return err
}

func (l *loader) problem(err error) {
	const most = 5
	if len(l.problems) < most {
		l.problems = append(l.problems, err)
	}
}

func (l *loader) member(m archive.Member, content io.Reader) error {
	if m.Kind != archive.File {
		return nil
	}
	own := archive.OwnFolder(l.name)
	switch m.Path {
	case own + "/" + AssetsFile:
		return l.readLines(content)
	case own + "/" + SumsFile:
		l.own = true
		return l.readSums(content)
	case manifest.SumsName: // of the folder that was archived; it tells of this archive where nothing else does
		if own, err := l.empty("listed"); err != nil || !own {
			return err
		}
		return l.readSums(content)
	}
	return nil
}

func (l *loader) empty(table string) (empty bool, err error) {
	empty = true
	err = l.c.each(`SELECT 1 FROM `+table+` LIMIT 1`, func(*sqlite.Stmt) error { empty = false; return nil })
	return empty, err
}

func (l *loader) readLines(content io.Reader) error {
	for d, err := range ReadAssets(content) {
		if errors.Is(err, ErrExplanation) {
			l.problem(err)
			continue
		}
		if err != nil {
			return err
		}
		for _, e := range d.Files {
			if err := l.c.putOnce(l.archive, e); err != nil {
				return err
			}
		}
		if l.line != nil {
			if err := l.line(d); err != nil {
				return err
			}
		}
	}
	l.lines = true
	return nil
}

func (l *loader) readSums(content io.Reader) error {
	for e, err := range manifest.ReadSums(content) {
		if errors.Is(err, archive.ErrDamaged) {
			return err
		}
		if err != nil {
			l.problem(fmt.Errorf("%w: %w", ErrExplanation, err))
			return nil
		}
		if strings.HasPrefix(e.Path, manifest.Folder+"/") {
			continue
		}
		if err := l.c.run(`INSERT OR IGNORE INTO listed VALUES(?, ?)`, e.Path, e.Sum[:]); err != nil {
			return err
		}
	}
	l.lists++
	return nil
}

// settle makes the list of sums and the lines agree.
func (l *loader) settle() error {
	differ := 0
	err := l.c.each(`SELECT count(*) FROM listed l CROSS JOIN entry e ON e.archive = ? AND e.path = l.path WHERE e.sum <> l.sum`,
		func(s *sqlite.Stmt) error { differ = s.ColumnInt(0); return nil }, l.archive)
	if differ > 0 {
		l.problem(fmt.Errorf("%w: of %d files the sums differ in it", ErrExplanation, differ))
	}
	bare := &manifest.Entry{}
	return errors.Join(err,
		l.c.run(`UPDATE entry SET sum = l.sum FROM listed l WHERE entry.archive = ? AND entry.path = l.path AND entry.sum <> l.sum`, l.archive),
		l.c.run(`INSERT INTO entry(archive, path, owner, role, version, size, modtime, stamp, sum, apple, proof)
			SELECT ?1, path, ?2, '', '', 0, 0, 0, sum, '', '' FROM listed l WHERE NOT EXISTS(SELECT 1 FROM entry e WHERE e.archive = ?1 AND e.path = l.path)`, l.archive, bare.Owner),
		l.c.run(`UPDATE archive SET files = (SELECT count(*) FROM entry WHERE archive = ?1), bytes = (SELECT coalesce(sum(size), 0) FROM entry WHERE archive = ?1) WHERE id = ?1`, l.archive))
}

// putOnce notes an entry, unless there is one of its path already.
func (c *Catalogue) putOnce(archive int64, e manifest.Entry) error {
	known := false
	if err := c.each(`SELECT 1 FROM entry WHERE archive = ? AND path = ?`, func(*sqlite.Stmt) error { known = true; return nil }, archive, e.Path); err != nil || known {
		return err
	}
	return c.put(archive, e)
}
