package photosdb

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"sync"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// Options change how a library is opened. The zero value is right for most.
type Options struct {
	// TempDir is the folder for the private snapshot of the database, which is
	// as large as the database (some 20 KB a photo). It is made if need be.
	// On the library's own file system the snapshot may cost nothing.
	// Empty means the system's folder for temporary files.
	TempDir string
}

// Library is an open library: the state it was in when Open was called. It may
// be used by several goroutines, but one sequence of assets is read at a time.
type Library struct {
	path     string
	snapshot *snapshot
	schema   *schema
	tree     *tree
	inPlace  *inPlace // instead of snapshot and tree, while only changes are looked for

	mu      sync.Mutex // guards conn, and with it all below
	conn    *sqlite.Conn
	queries queries
	catalog *catalog
	zones   zones
	notes   []string // warnings that came up while reading
}

// Open takes a snapshot of the library at path and finds out what it holds.
// Close must be called after use.
//
// Errors: ErrNotLibrary, ErrUnsupported, ErrDamaged, ErrAccess, ErrBusy, each
// in an *Error that says what was found.
func Open(ctx context.Context, path string, opt Options) (_ *Library, err error) {
	path, err = filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if err := recognise(path); err != nil {
		return nil, err
	}
	l := &Library{path: path}
	defer func() {
		if err != nil {
			l.Close()
		}
	}()
	if l.tree, err = openTree(path); err != nil {
		return nil, refused(path, ErrNotLibrary, err)
	}
	if l.snapshot, err = takeSnapshot(ctx, path, opt.TempDir); err != nil {
		return nil, err
	}
	if err := l.open(); err != nil {
		return nil, l.explain(err)
	}
	return l, nil
}

func (l *Library) open() (err error) {
	// Read-write: the copied log is taken into a private index, which SQLite
	// must be able to write.
	if l.conn, err = sqlite.OpenConn(l.snapshot.database(), sqlite.OpenReadWrite); err != nil {
		return err
	}
	return l.prepare()
}

// another opens one more connection to the snapshot, for one goroutine.
func (l *Library) another() (*sqlite.Conn, error) {
	conn, err := sqlite.OpenConn(l.snapshot.database(), sqlite.OpenReadWrite)
	if err != nil {
		return nil, err
	}
	if err := sqlitex.ExecuteTransient(conn, pages, nil); err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}

// pages bounds what a connection keeps of the database in memory, in KiB.
const pages = "PRAGMA cache_size = -16384"

// prepare finds out what the database holds.
func (l *Library) prepare() (err error) {
	if err := sqlitex.ExecuteTransient(l.conn, pages, nil); err != nil {
		return err
	}
	if l.schema, err = readSchema(l.conn); err != nil {
		return err
	}
	l.queries = l.schema.newQueries()
	l.zones = zones{}
	l.catalog, err = readCatalog(l.conn, l.schema)
	return err
}

// explain tells which of the package's errors an error of the database is.
func (l *Library) explain(err error) error {
	var known *Error
	switch {
	case err == nil, errors.As(err, &known), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, ErrUnsupported):
		return &Error{l.path, ErrUnsupported, fmt.Errorf("%w (model version %d)", trimKind(err, ErrUnsupported), l.model())}
	case damaged(err):
		return &Error{l.path, ErrDamaged, err}
	}
	return fmt.Errorf("%s: read database: %w", l.path, err)
}

// trimKind drops a sentinel that the error would otherwise name twice.
func trimKind(err, kind error) error {
	text, prefix := err.Error(), kind.Error()+": "
	if len(text) > len(prefix) && text[:len(prefix)] == prefix {
		return errors.New(text[len(prefix):])
	}
	return err
}

func (l *Library) model() int64 {
	if l.schema == nil {
		return 0
	}
	return l.schema.model
}

// Close removes the snapshot and lets go of the library.
func (l *Library) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	var errs []error
	if l.conn != nil {
		errs = append(errs, l.conn.Close())
		l.conn = nil
	}
	if l.snapshot != nil {
		errs = append(errs, l.snapshot.Close())
		l.snapshot = nil
	}
	if l.tree != nil {
		errs = append(errs, l.tree.Close()) // it stays: Open of a closed library is an error
	}
	return errors.Join(errs...)
}

// Warnings names the facts that this library's database lacks although others, or all
// that are known of its release, have them; the assets are without them. It is empty for
// every release known, until a list was asked for that the library does not hold.
func (l *Library) Warnings() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []string
	for _, fact := range l.schema.missing {
		out = append(out, "this library's database has no "+fact+" that photogo knows how to read")
	}
	if l.schema.model == 0 {
		out = append(out, "the database does not tell its model version")
	} else if l.schema.model > lastKnownModel {
		out = append(out, fmt.Sprintf("model version %d is newer than any that photogo was tested with", l.schema.model))
	}
	return append(out, l.notes...)
}

// Path returns the absolute path of the library.
func (l *Library) Path() string { return l.path }

// UUID returns the identity of the library's database (Z_METADATA.Z_UUID), ""
// where it has none. A library that Photos made anew has another.
func (l *Library) UUID() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.schema.store
}

// SystemLibrary returns where macOS keeps the user's own Photos library by
// default. It is "" on other systems, and says nothing on whether it exists.
func SystemLibrary(home string) string {
	if runtime.GOOS != "darwin" || home == "" {
		return ""
	}
	return filepath.Join(home, "Pictures", "Photos Library.photoslibrary")
}
