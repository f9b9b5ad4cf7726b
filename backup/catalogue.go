package backup

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/photogo/photogo/internal/safefile"
	"github.com/photogo/photogo/manifest"
)

// Errors of a catalogue that a caller can test for with errors.Is.
var (
	// ErrCatalogueBusy says that another process uses the catalogue.
	ErrCatalogueBusy = errors.New("another photogo works with the catalogue of archives")
	// ErrCatalogueDamaged says that the catalogue cannot be read; Rebuild makes it
	// anew.
	ErrCatalogueDamaged = errors.New("the catalogue of archives is damaged")
	// ErrCatalogueForeign says that a catalogue is that of another library, or was
	// written by a newer photogo.
	ErrCatalogueForeign = errors.New("not the catalogue of this library")
	// ErrKnown says that the catalogue has an archive of this name already.
	ErrKnown = errors.New("the catalogue has this archive already")
	// ErrNotKnown says that the catalogue has no archive of this name.
	ErrNotKnown = errors.New("the catalogue has no such archive")
	// ErrState says that an archive is not in the state for what was asked.
	ErrState = errors.New("the archive is not in the state for this")
)

// State is how far an archive is.
type State string

// The states of an archive, in the order in which it gets them.
const (
	Intended State = "intended" // what it is to hold is fixed; it may exist, or a part of it
	Made     State = "made"     // the repository has it; nobody has read it back
	Proven   State = "proven"   // every byte was read back and compared
)

// Archive is what the catalogue knows of an archive.
type Archive struct {
	Name    string
	ID      string // borg's, 64 hexadecimal digits; "" while it is intended
	Period  string // such as 2025-05; see ArchiveName
	Portion int    // from 1
	State   State
	Created time.Time // when borg began it, UTC, to the microsecond; when it was intended, as long as it is
	Proven  time.Time // when the last proof began, UTC, to the microsecond; zero: it is not proven
	Files   int       // that it holds, or is to hold
	Bytes   int64     // of these files
}

// Version is one version of a file, and an archive that holds it.
type Version struct {
	manifest.Entry
	Archive string // its name
}

// Catalogue says which version of which file is in which archive of one library. It
// is an SQLite file. Its methods are called one at a time, but those that only read
// may be called within a sequence.
type Catalogue struct {
	file string
	lock *flock.Flock // nil for one that is only looked at
	conn *sqlite.Conn
}

// schemaVersion is PRAGMA user_version of a catalogue.
const schemaVersion = 1

// An archive's entries lie together, as they are written and read; the index by
// path serves the questions where a version is, and which is the newest.
const schema = `
CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE archive(
	id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, borg TEXT NOT NULL,
	period TEXT NOT NULL, portion INTEGER NOT NULL, state TEXT NOT NULL,
	created INTEGER NOT NULL, proven INTEGER NOT NULL, -- microseconds since 1970 UTC; 0: not proven
	files INTEGER NOT NULL, bytes INTEGER NOT NULL);
CREATE TABLE entry(
	archive INTEGER NOT NULL REFERENCES archive(id), path TEXT NOT NULL,
	owner TEXT NOT NULL, role TEXT NOT NULL, version TEXT NOT NULL,
	size INTEGER NOT NULL, modtime INTEGER NOT NULL, stamp INTEGER NOT NULL,
	sum BLOB NOT NULL, apple TEXT NOT NULL, proof TEXT NOT NULL,
	PRIMARY KEY(archive, path)) WITHOUT ROWID;
CREATE INDEX entry_path ON entry(path, archive);
PRAGMA user_version = 1;`

// OpenCatalogue opens the catalogue of a library for writing, and starts one where
// there is none. Errors: ErrCatalogueBusy, ErrCatalogueDamaged,
// ErrCatalogueForeign, ErrName.
func OpenCatalogue(ctx context.Context, file, library string) (_ *Catalogue, err error) {
	if err := CheckLibrary(library); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return nil, fmt.Errorf("make a folder for the catalogue: %w", err)
	}
	c := &Catalogue{file: file, lock: flock.New(file+".lock", flock.SetPermissions(0o600))}
	switch ok, err := c.lock.TryLock(); {
	case err != nil:
		return nil, fmt.Errorf("lock the catalogue: %w", err)
	case !ok:
		return nil, fmt.Errorf("%w: %s", ErrCatalogueBusy, file)
	}
	defer func() {
		if err != nil {
			c.Close()
		}
	}()
	if err := c.open(file, sqlite.OpenReadWrite|sqlite.OpenCreate); err != nil {
		return nil, err
	}
	switch known, err := c.Library(); {
	case err != nil:
		return nil, err
	case known == "":
		return c, c.run(`INSERT INTO meta VALUES('library', ?)`, library)
	case known != library:
		return nil, fmt.Errorf("%w: it is that of %q: %s", ErrCatalogueForeign, known, file)
	}
	return c, nil
}

// PeekCatalogue opens a catalogue for reading. Where there is none it is empty, and
// nothing is made. It does not wait for a process that is writing. Errors:
// ErrCatalogueDamaged, ErrCatalogueForeign.
func PeekCatalogue(ctx context.Context, file string) (*Catalogue, error) {
	c := &Catalogue{file: file}
	name := file
	if _, err := os.Stat(file); err != nil {
		name = ":memory:"
	}
	if err := c.open(name, sqlite.OpenReadWrite); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

func (c *Catalogue) open(name string, flags sqlite.OpenFlags) (err error) {
	if c.conn, err = sqlite.OpenConn(name, flags); err != nil {
		return c.wrap(err)
	}
	for _, pragma := range []string{
		"PRAGMA journal_mode = WAL",
		"PRAGMA synchronous = FULL", // what is recorded is durable when a method returns
		"PRAGMA cache_size = -16384",
	} {
		if err := sqlitex.ExecuteTransient(c.conn, pragma, nil); err != nil {
			return c.wrap(err)
		}
	}
	version, err := sqlitex.ResultInt(c.conn.Prep("PRAGMA user_version"))
	switch {
	case err != nil:
		return c.wrap(err)
	case version == 0:
		return c.wrap(sqlitex.ExecuteScript(c.conn, schema, nil))
	case version > schemaVersion:
		return fmt.Errorf("%w: it was written by a newer photogo (version %d): %s", ErrCatalogueForeign, version, c.file)
	}
	return nil
}

// Close closes the catalogue and lets others have it.
func (c *Catalogue) Close() error {
	var errs []error
	if c.conn != nil {
		errs = append(errs, c.conn.Close())
	}
	if c.lock != nil {
		errs = append(errs, c.lock.Close())
	}
	return errors.Join(errs...)
}

// Library returns the name of the library whose archives these are; "" for a
// catalogue that does not exist.
func (c *Catalogue) Library() (library string, err error) {
	err = c.each(`SELECT value FROM meta WHERE key = 'library'`, func(s *sqlite.Stmt) error { library = s.ColumnText(0); return nil })
	return library, err
}

func (c *Catalogue) wrap(err error) error {
	if err == nil {
		return nil
	}
	switch sqlite.ErrCode(err).ToPrimary() {
	case sqlite.ResultCorrupt, sqlite.ResultNotADB:
		return fmt.Errorf("%w: %s: %w", ErrCatalogueDamaged, c.file, err)
	case sqlite.ResultFull, sqlite.ResultIOErr, sqlite.ResultCantOpen:
		err = safefile.Full(filepath.Dir(c.file), 0, err)
	}
	return fmt.Errorf("catalogue of archives: %w", err)
}

func (c *Catalogue) run(query string, args ...any) error {
	return c.wrap(sqlitex.Execute(c.conn, query, &sqlitex.ExecOptions{Args: args}))
}

func (c *Catalogue) each(query string, do func(*sqlite.Stmt) error, args ...any) error {
	return c.wrap(sqlitex.Execute(c.conn, query, &sqlitex.ExecOptions{Args: args, ResultFunc: do}))
}

func (c *Catalogue) script(text string) error {
	return c.wrap(sqlitex.ExecuteScript(c.conn, text, nil))
}

// transaction runs do in a transaction, all of which is durable then, or nothing.
func (c *Catalogue) transaction(do func() error) (err error) {
	end, err := sqlitex.ImmediateTransaction(c.conn)
	if err != nil {
		return c.wrap(err)
	}
	defer func() {
		failed := err
		end(&err)
		if failed == nil {
			err = c.wrap(err)
		}
	}()
	return do()
}

// Intend fixes what an archive is to hold, all of it or nothing. Of a it takes
// Name, Period, Portion and Created; entries are files with paths below the root of
// the archive, none twice. Errors: ErrKnown, ErrName; those of the sequence.
func (c *Catalogue) Intend(ctx context.Context, a Archive, entries iter.Seq2[manifest.Entry, error]) error {
	if a.Name == "" || a.Portion < 1 || a.Created.IsZero() {
		return fmt.Errorf("%w: an archive needs a name, a portion and a time", ErrName)
	}
	a.State, a.ID, a.Proven = Intended, "", time.Time{}
	return c.add(ctx, a, entries)
}

// add writes an archive and its entries in one transaction.
func (c *Catalogue) add(ctx context.Context, a Archive, entries iter.Seq2[manifest.Entry, error]) error {
	if _, known, err := c.Archive(a.Name); err != nil || known {
		if known {
			err = fmt.Errorf("%w: %s", ErrKnown, a.Name)
		}
		return err
	}
	return c.transaction(func() error {
		err := c.run(`INSERT INTO archive(name, borg, period, portion, state, created, proven, files, bytes) VALUES(?, ?, ?, ?, ?, ?, ?, 0, 0)`,
			a.Name, a.ID, a.Period, a.Portion, string(a.State), a.Created.UnixMicro(), micros(a.Proven))
		if err != nil {
			return err
		}
		id, files, bytes := c.conn.LastInsertRowID(), int64(0), int64(0)
		for e, err := range entries {
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				return err
			}
			if err := c.put(id, e); err != nil {
				return fmt.Errorf("note %q of %s: %w", e.Path, a.Name, err)
			}
			files, bytes = files+1, bytes+e.Size
		}
		return c.run(`UPDATE archive SET files = ?, bytes = ? WHERE id = ?`, files, bytes, id)
	})
}

func (c *Catalogue) put(archive int64, e manifest.Entry) error {
	stmt, err := c.conn.Prepare(`INSERT INTO entry(archive, path, owner, role, version, size, modtime, stamp, sum, apple, proof) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)
	if err != nil {
		return c.wrap(err)
	}
	stmt.BindInt64(1, archive)
	stmt.BindText(2, e.Path)
	stmt.BindText(3, e.Owner)
	stmt.BindText(4, e.Role)
	stmt.BindText(5, e.Version)
	stmt.BindInt64(6, e.Size)
	stmt.BindInt64(7, e.ModTime)
	stmt.BindInt64(8, e.Stamp)
	stmt.BindBytes(9, e.Sum[:])
	stmt.BindText(10, e.Apple)
	stmt.BindText(11, string(e.Proof))
	_, err = stmt.Step()
	return c.wrap(errors.Join(err, stmt.Reset()))
}

// SetMade notes that the repository has an intended archive, under borg's id and
// since when. Noting the same again changes nothing. Errors: ErrNotKnown; ErrState
// for an archive that is known under another id.
func (c *Catalogue) SetMade(name, id string, created time.Time) error {
	a, err := c.known(name)
	switch {
	case err != nil:
		return err
	case a.State != Intended && a.ID == id:
		return nil
	case a.State != Intended:
		return fmt.Errorf("%w: %s is %s under the id %s, not %s", ErrState, name, a.State, a.ID, id)
	}
	return c.run(`UPDATE archive SET state = ?, borg = ?, created = ? WHERE name = ?`, string(Made), id, created.UnixMicro(), name)
}

// SetProven notes that every byte of an archive was read back, and when that began.
// It must be the archive that was made. Errors: ErrNotKnown, ErrState.
func (c *Catalogue) SetProven(name, id string, at time.Time) error {
	a, err := c.known(name)
	switch {
	case err != nil:
		return err
	case a.State == Intended || a.ID != id || at.IsZero():
		return fmt.Errorf("%w: the proof is of %s with the id %s; the catalogue has it as %s with the id %q", ErrState, name, id, a.State, a.ID)
	}
	return c.run(`UPDATE archive SET state = ?, proven = ? WHERE name = ?`, string(Proven), at.UnixMicro(), name)
}

// Distrust takes a proof back, as when a later one failed or the archive is hidden:
// what only this archive holds counts as proven no more. Errors: ErrNotKnown.
func (c *Catalogue) Distrust(name string) error {
	if _, err := c.known(name); err != nil {
		return err
	}
	return c.run(`UPDATE archive SET state = ?, proven = 0 WHERE name = ? AND state = ?`, string(Made), name, string(Proven))
}

// Withdraw forgets an archive that was only intended. Errors: ErrNotKnown, ErrState.
func (c *Catalogue) Withdraw(name string) error {
	a, err := c.known(name)
	if err != nil {
		return err
	}
	if a.State != Intended {
		return fmt.Errorf("%w: %s is %s", ErrState, name, a.State)
	}
	return c.transaction(func() error {
		return errors.Join(
			c.run(`DELETE FROM entry WHERE archive = (SELECT id FROM archive WHERE name = ?)`, name),
			c.run(`DELETE FROM archive WHERE name = ?`, name))
	})
}

func (c *Catalogue) known(name string) (Archive, error) {
	a, ok, err := c.Archive(name)
	if err == nil && !ok {
		err = fmt.Errorf("%w: %s", ErrNotKnown, name)
	}
	return a, err
}

// micros is a time as it is stored; 0 for none.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func fromMicros(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}
