package manifest

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"

	"github.com/gofrs/flock"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/photogo/photogo/internal/safefile"
)

// Manifest is the open record of a destination. Its methods may be called
// concurrently; within a sequence of entries or names no other may.
type Manifest struct {
	id    string
	state string // the folder of the record; "" for one that is only looked at
	lock  *flock.Flock
	dest  locker // the locked destination; nil where it has no locks

	mu   sync.Mutex // guards conn
	conn *sqlite.Conn
}

// schemaVersion is PRAGMA user_version of the record.
const schemaVersion = 4

// Owners are numbered: their own texts are random, and an index of all entries
// by them would be written anew, nearly all of it, with every batch.
const schema = `
CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE owner(
	id INTEGER PRIMARY KEY, owner TEXT NOT NULL UNIQUE,
	wish TEXT NOT NULL DEFAULT '', dir TEXT NOT NULL DEFAULT '', base TEXT NOT NULL DEFAULT '', -- base is '': no name
	identity TEXT NOT NULL DEFAULT '');
CREATE TABLE entry(
	path TEXT PRIMARY KEY, owner INTEGER NOT NULL REFERENCES owner(id), role TEXT NOT NULL, version TEXT NOT NULL,
	size INTEGER NOT NULL, modtime INTEGER NOT NULL, stamp INTEGER NOT NULL,
	sum BLOB NOT NULL, apple TEXT NOT NULL, proof TEXT NOT NULL,
	verified INTEGER NOT NULL DEFAULT 0, -- seconds since 1970 UTC; 0: not since it was placed
	released INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID; -- seconds since 1970 UTC; 0: the file is in the destination
CREATE UNIQUE INDEX entry_owner ON entry(owner, role);
CREATE TABLE intended(batch INTEGER PRIMARY KEY, entries BLOB NOT NULL); -- see appendEntry
CREATE TABLE aside(path TEXT PRIMARY KEY, was TEXT NOT NULL, at INTEGER NOT NULL, size INTEGER NOT NULL, sum BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE vacated(folder TEXT PRIMARY KEY) WITHOUT ROWID;
PRAGMA user_version = 4;`

// upgrades lead from each version of the record to the next.
var upgrades = map[int]string{
	1: `ALTER TABLE entry ADD COLUMN released INTEGER NOT NULL DEFAULT 0; PRAGMA user_version = 2;`,
	2: `ALTER TABLE owner ADD COLUMN identity TEXT NOT NULL DEFAULT ''; PRAGMA user_version = 3;`,
	3: `CREATE TABLE vacated(folder TEXT PRIMARY KEY) WITHOUT ROWID; PRAGMA user_version = 4;`,
}

// Open opens the record of a destination for writing, and starts one for a
// folder that is none yet. state is photogo's state folder; dest the
// destination, path where it is. Errors: ErrBusy, ErrForeign, ErrDamaged.
func Open(ctx context.Context, state string, dest safefile.FS, path string) (*Manifest, error) {
	return open(ctx, state, dest, path, false)
}

// OpenAnew starts the record of a destination anew. One that is there, and may
// be damaged, is kept beside it under another name.
func OpenAnew(ctx context.Context, state string, dest safefile.FS, path string) (*Manifest, error) {
	return open(ctx, state, dest, path, true)
}

func open(ctx context.Context, state string, dest safefile.FS, path string, anew bool) (_ *Manifest, err error) {
	m := &Manifest{}
	defer func() {
		if err != nil {
			m.Close()
		}
	}()
	if err := m.takeFolder(state, dest); err != nil {
		return nil, err
	}
	if m.id, err = readID(dest); err != nil {
		return nil, err
	}
	fresh := m.id == ""
	if fresh {
		m.id = newID()
	}
	m.state = filepath.Join(state, "destinations", m.id)
	if err := os.MkdirAll(m.state, 0o700); err != nil {
		return nil, fmt.Errorf("make folder for the record: %w", err)
	}
	if err := m.take(); err != nil {
		return nil, err
	}
	if anew {
		if err := m.keepOld(); err != nil {
			return nil, err
		}
	}
	if err := m.open(sqlite.OpenReadWrite | sqlite.OpenCreate); err != nil {
		return nil, err
	}
	if err := m.tie(dest, path, fresh); err != nil {
		return nil, err
	}
	return m, nil
}

// Peek opens the record of a destination for reading, without a trace: where
// there is no record it is empty, and nothing is made. It does not wait for a
// process that is writing.
func Peek(ctx context.Context, state string, dest safefile.FS) (*Manifest, error) {
	m := &Manifest{}
	id, err := "", error(nil)
	if dest != nil {
		id, err = readID(dest)
	}
	if err != nil {
		return nil, err
	}
	folder := filepath.Join(state, "destinations", id)
	if _, err := os.Stat(filepath.Join(folder, databaseName)); id == "" || err != nil {
		if m.conn, err = sqlite.OpenConn(":memory:", sqlite.OpenReadWrite); err != nil {
			return nil, err
		}
		return m, sqlitex.ExecuteScript(m.conn, schema, nil)
	}
	m.id, m.state = id, folder
	if err := m.open(sqlite.OpenReadWrite); err != nil {
		m.Close()
		return nil, err
	}
	return m, nil
}

// Known makes sure that a folder is a destination and that its record is there.
// Errors: ErrForeign for a folder that is none, ErrLost.
func Known(ctx context.Context, state string, dest safefile.FS) error {
	id, err := readID(dest)
	switch {
	case err != nil:
		return err
	case id == "":
		return fmt.Errorf("%w: it has no %s; `photogo export` makes a destination", ErrForeign, idName)
	}
	if _, err := os.Stat(filepath.Join(state, "destinations", id, databaseName)); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w (%s)", ErrLost, filepath.Join(state, "destinations", id))
	} else if err != nil {
		return fmt.Errorf("look for the record: %w", err)
	}
	return nil
}

const databaseName = "manifest.sqlite"

// locker is what a destination's folder is, if it can be locked.
type locker interface {
	Lock() error
	Unlock() error
}

// takeFolder keeps away those who have another state folder, and so another record
// of the same destination.
func (m *Manifest) takeFolder(state string, dest safefile.FS) error {
	l, ok := dest.(locker)
	if !ok {
		return nil
	}
	err := l.Lock()
	if err == nil {
		m.dest = l
	}
	if !errors.Is(err, safefile.ErrLocked) {
		return err
	}
	if id, err := readID(dest); err == nil && id != "" {
		if name := filepath.Join(state, "destinations", id, "lock"); held(name) {
			return busy(name)
		}
	}
	return fmt.Errorf("%w, with a state folder of its own", ErrBusy)
}

func held(name string) bool {
	if _, err := os.Stat(name); err != nil {
		return false
	}
	l := flock.New(name)
	got, err := l.TryLock()
	return errors.Join(err, l.Close()) == nil && !got
}

// busy is ErrBusy with the process that has the lock.
func busy(name string) error {
	holder, _ := os.ReadFile(name)
	if pid := strings.TrimSpace(string(holder)); pid != "" {
		return fmt.Errorf("%w: process %s", ErrBusy, pid)
	}
	return ErrBusy
}

// take makes sure that no other process works with the record.
func (m *Manifest) take() error {
	name := filepath.Join(m.state, "lock")
	m.lock = flock.New(name)
	got, err := m.lock.TryLock()
	if err != nil {
		return fmt.Errorf("lock the record: %w", err)
	}
	if !got {
		m.lock = nil
		return busy(name)
	}
	return os.WriteFile(name, fmt.Appendf(nil, "%d\n", os.Getpid()), 0o600)
}

// keepOld renames the database and what belongs to it.
func (m *Manifest) keepOld() error {
	for n := 1; ; n++ {
		old := filepath.Join(m.state, fmt.Sprintf("manifest.%d.old", n))
		if _, err := os.Lstat(old); !errors.Is(err, fs.ErrNotExist) {
			if err != nil {
				return err
			}
			continue
		}
		for _, end := range []string{"-shm", "-wal", ""} { // the log first: a database without it is whole, if older
			err := os.Rename(filepath.Join(m.state, databaseName)+end, old+end)
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("keep the old record: %w", err)
			}
		}
		return nil
	}
}

// Check looks for damage inside the record. Error: ErrDamaged.
func (m *Manifest) Check(ctx context.Context) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, query := range []string{
		`PRAGMA integrity_check(1)`,
		`SELECT 'an entry of nobody: ' || path FROM entry WHERE owner NOT IN (SELECT id FROM owner) LIMIT 1`,
	} {
		err := sqlitex.ExecuteTransient(m.conn, query, &sqlitex.ExecOptions{ResultFunc: func(stmt *sqlite.Stmt) error {
			if text := stmt.ColumnText(0); text != "ok" {
				return fmt.Errorf("%w: %s", ErrDamaged, text)
			}
			return nil
		}})
		if err != nil && !errors.Is(err, ErrDamaged) {
			return m.wrap(err)
		} else if err != nil {
			return err
		}
	}
	return nil
}

// Forget makes a destination a plain folder again: its id, the list of hashes
// and the record go, the files and what is in quarantine stay. m is closed.
func (m *Manifest) Forget(dest safefile.FS) error {
	var errs []error
	for _, name := range []string{SumsName, idName} {
		if err := dest.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	dest.Remove(Folder) // if nothing else is in it
	if len(errs) > 0 {
		return errors.Join(errs...)
	}
	state := m.state
	if err := m.conn.Close(); err != nil {
		return err
	}
	m.conn = nil
	return errors.Join(os.RemoveAll(state), m.Close())
}

func (m *Manifest) open(flags sqlite.OpenFlags) (err error) {
	name := filepath.Join(m.state, databaseName)
	if m.conn, err = sqlite.OpenConn(name, flags); err != nil {
		return m.wrap(err)
	}
	for _, pragma := range []string{
		"PRAGMA journal_mode = WAL",
		"PRAGMA synchronous = FULL",        // what is recorded is durable when Commit returns
		"PRAGMA wal_autocheckpoint = 8192", // pages; by default nearly every batch would be written twice at once
		"PRAGMA cache_size = -16384",       // KiB; the index by owner is written at random
	} {
		if err := sqlitex.ExecuteTransient(m.conn, pragma, nil); err != nil {
			return m.wrap(err)
		}
	}
	version, err := sqlitex.ResultInt(m.conn.Prep("PRAGMA user_version"))
	switch {
	case err != nil:
		return m.wrap(err)
	case version == 0:
		return m.wrap(sqlitex.ExecuteScript(m.conn, schema, nil))
	case version > schemaVersion:
		return fmt.Errorf("%w: it was written by a newer photogo (version %d)", ErrForeign, version)
	}
	for ; version < schemaVersion; version++ {
		if err := sqlitex.ExecuteScript(m.conn, upgrades[version], nil); err != nil { // one transaction
			return m.wrap(err)
		}
	}
	return nil
}

func (m *Manifest) wrap(err error) error {
	if err == nil {
		return nil
	}
	switch sqlite.ErrCode(err).ToPrimary() {
	case sqlite.ResultCorrupt, sqlite.ResultNotADB:
		return fmt.Errorf("%w: %s: %w", ErrDamaged, filepath.Join(m.state, databaseName), err)
	case sqlite.ResultFull, sqlite.ResultIOErr, sqlite.ResultCantOpen:
		err = safefile.Full(m.state, 0, err)
	}
	return fmt.Errorf("record of the destination: %w", err)
}

// MetaPath is where the record keeps the path at which its destination was last.
const MetaPath = "path"

// tie writes the id into a fresh folder, and finds out whether a known one is
// the folder itself or a copy of it.
func (m *Manifest) tie(dest safefile.FS, path string, fresh bool) error {
	known, err := m.Meta(MetaPath)
	if err != nil {
		return err
	}
	if known != "" && known != path {
		if other, err := os.ReadFile(filepath.Join(known, idName)); err == nil && strings.TrimSpace(string(other)) == m.id && !sameFolder(known, path) {
			return fmt.Errorf("%w: %s is a copy of %s, which is still there; remove %s in the copy to make it a destination of its own",
				ErrForeign, path, known, filepath.Join(path, Folder))
		}
	}
	if known != path {
		if err := m.SetMeta(MetaPath, path); err != nil {
			return err
		}
	}
	if !fresh {
		return nil
	}
	if err := dest.Mkdir(Folder); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return safefile.WriteFile(dest, idName, []byte(m.id+"\n"))
}

// Tied makes sure that a destination still is the one of the record. Error:
// ErrForeign.
func (m *Manifest) Tied(dest safefile.FS) error {
	id, err := readID(dest)
	if err != nil {
		return err
	}
	if id != m.id {
		return fmt.Errorf("%w: %s is missing or another's", ErrForeign, idName)
	}
	return nil
}

func sameFolder(a, b string) bool {
	x, errA := os.Stat(a)
	y, errB := os.Stat(b)
	return errA == nil && errB == nil && os.SameFile(x, y)
}

// Close closes the record and lets others have it.
func (m *Manifest) Close() error {
	var errs []error
	if m.conn != nil {
		errs = append(errs, m.conn.Close())
	}
	if m.lock != nil {
		errs = append(errs, m.lock.Close())
	}
	if m.dest != nil {
		errs = append(errs, m.dest.Unlock())
		m.dest = nil
	}
	return errors.Join(errs...)
}

// ID returns the random id of the destination: 32 hexadecimal digits, "" for a
// folder that is no destination yet.
func (m *Manifest) ID() string { return m.id }

var validID = regexp.MustCompile(`^[0-9a-f]{32}$`)

func newID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails; see crypto/rand
	return hex.EncodeToString(b[:])
}

// readID returns the id in a folder, "" if there is none.
func readID(dest safefile.FS) (string, error) {
	f, err := dest.Open(idName)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	} else if err != nil {
		return "", fmt.Errorf("read %s: %w", idName, err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, 100))
	if err != nil {
		return "", fmt.Errorf("read %s: %w", idName, err)
	}
	id := strings.TrimSpace(string(data))
	if !validID.MatchString(id) {
		return "", fmt.Errorf("%w: %s does not hold an id", ErrForeign, idName)
	}
	return id, nil
}
