package backup

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/gofrs/flock"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/photogo/photogo/internal/safefile"
	"github.com/photogo/photogo/manifest"
)

// store is what a job remembers between cycles, beside the catalogue: where its
// period stands, since when a file is staged, and what the mirror holds. It is an
// SQLite database, as a crash must lose nothing of it.
type store struct {
	dir  string
	lock *flock.Flock // nil for one that is only looked at
	conn *sqlite.Conn
}

const (
	storeName    = "cycle.sqlite"
	storeVersion = 1
)

const storeSchema = `
CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
-- Files of the staging folder, as its record had them after the last export.
CREATE TABLE staged(path TEXT PRIMARY KEY, sum BLOB NOT NULL, size INTEGER NOT NULL,
	since INTEGER NOT NULL) WITHOUT ROWID; -- seconds since 1970 UTC: when it was seen first
-- Files of the mirror whose bytes were read back.
CREATE TABLE mirror(path TEXT PRIMARY KEY, sum BLOB NOT NULL, size INTEGER NOT NULL, owner TEXT NOT NULL, role TEXT NOT NULL,
	at INTEGER NOT NULL) WITHOUT ROWID; -- seconds since 1970 UTC: when it was read back
PRAGMA user_version = 1;`

// openStore opens the memory of a job for one process. Errors: ErrBusy,
// ErrJob.
func openStore(dir string) (_ *store, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of the job: %w", err)
	}
	s := &store{dir: dir}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	name := filepath.Join(dir, "lock")
	lock := flock.New(name, flock.SetPermissions(0o600))
	got, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("lock the job: %w", err)
	}
	if !got {
		holder, _ := os.ReadFile(name)
		if pid := strings.TrimSpace(string(holder)); pid != "" {
			return nil, fmt.Errorf("%w: process %s", ErrBusy, pid)
		}
		return nil, ErrBusy
	}
	s.lock = lock
	if err := os.WriteFile(name, fmt.Appendf(nil, "%d\n", os.Getpid()), 0o600); err != nil {
		return nil, err
	}
	return s, s.open(sqlite.OpenReadWrite | sqlite.OpenCreate)
}

// peekStore opens the memory of a job for reading. Where there is none it is
// empty, and nothing is made.
func peekStore(dir string) (*store, error) {
	s := &store{dir: dir}
	_, err := os.Stat(filepath.Join(dir, storeName))
	if errors.Is(err, os.ErrNotExist) {
		if s.conn, err = sqlite.OpenConn(":memory:", sqlite.OpenReadWrite); err != nil {
			return nil, err
		}
		return s, sqlitex.ExecuteScript(s.conn, storeSchema, nil)
	}
	if err != nil {
		return nil, err
	}
	if err := s.open(sqlite.OpenReadWrite); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *store) open(flags sqlite.OpenFlags) (err error) {
	if s.conn, err = sqlite.OpenConn(filepath.Join(s.dir, storeName), flags); err != nil {
		return s.wrap(err)
	}
	for _, pragma := range []string{"PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", "PRAGMA busy_timeout = 10000"} {
		if err := sqlitex.ExecuteTransient(s.conn, pragma, nil); err != nil {
			return s.wrap(err)
		}
	}
	version, err := sqlitex.ResultInt(s.conn.Prep("PRAGMA user_version"))
	switch {
	case err != nil:
		return s.wrap(err)
	case version == 0:
		return s.wrap(sqlitex.ExecuteScript(s.conn, storeSchema, nil))
	case version > storeVersion:
		return fmt.Errorf("%w: it was written by a newer photogo (version %d)", ErrJob, version)
	}
	return nil
}

func (s *store) close() error {
	var errs []error
	if s.conn != nil {
		errs = append(errs, s.conn.Close())
	}
	if s.lock != nil {
		errs = append(errs, s.lock.Close())
	}
	return errors.Join(errs...)
}

func (s *store) wrap(err error) error {
	if err == nil {
		return nil
	}
	switch sqlite.ErrCode(err).ToPrimary() {
	case sqlite.ResultCorrupt, sqlite.ResultNotADB:
		return fmt.Errorf("%w: %s: %w", ErrJob, filepath.Join(s.dir, storeName), err)
	case sqlite.ResultFull, sqlite.ResultIOErr, sqlite.ResultCantOpen:
		err = safefile.Full(s.dir, 0, err)
	}
	return fmt.Errorf("what the job remembers: %w", err)
}

// run executes one statement.
func (s *store) run(query string, args ...any) error {
	return s.wrap(sqlitex.Execute(s.conn, query, &sqlitex.ExecOptions{Args: args}))
}

// each calls do for every row of a query.
func (s *store) each(query string, do func(*sqlite.Stmt) error, args ...any) error {
	return s.wrap(sqlitex.Execute(s.conn, query, &sqlitex.ExecOptions{Args: args, ResultFunc: do}))
}

// together makes one durable change of all that do does.
func (s *store) together(do func() error) (err error) {
	end, err := sqlitex.ImmediateTransaction(s.conn)
	if err != nil {
		return s.wrap(err)
	}
	defer end(&err)
	return do()
}

// load reads a value that save stored; it stays as it is where there is none.
func (s *store) load(key string, value any) error {
	var text string
	err := s.each(`SELECT value FROM meta WHERE key = ?`, func(stmt *sqlite.Stmt) error { text = stmt.ColumnText(0); return nil }, key)
	if err != nil || text == "" {
		return err
	}
	if err := json.Unmarshal([]byte(text), value); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrJob, key, err)
	}
	return nil
}

func (s *store) save(key string, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return s.run(`INSERT OR REPLACE INTO meta VALUES(?, ?)`, key, string(text))
}

// copyTo writes a whole copy of the database, of one moment, under a name that
// is not taken.
func copyDatabase(ctx context.Context, from, to string) error {
	conn, err := sqlite.OpenConn(from, sqlite.OpenReadWrite)
	if err != nil {
		return err
	}
	defer conn.Close()
	conn.SetInterrupt(ctx.Done())
	if err := os.Remove(to); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return sqlitex.ExecuteTransient(conn, `VACUUM INTO ?`, &sqlitex.ExecOptions{Args: []any{to}})
}

func blob(stmt *sqlite.Stmt, column int) (sum manifest.Sum) {
	stmt.ColumnBytes(column, sum[:])
	return sum
}
