package photosdb

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"modernc.org/sqlite/vfs"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// inPlace is a database that is read where it lies, without a copy, without a
// lock and without SQLite knowing of the library: SQLite is handed one read-only
// file whose pages come from the log where that has them, else from the main
// file.
//
// Others may write meanwhile. What was read counts only if unchanged says so
// afterwards. A page of the main file is only ever changed by a checkpoint, which
// takes it from the log; and a page that the log had is read from the log. So as
// long as the log was neither started anew nor went on, whatever a checkpoint
// did to the main file was not seen.
type inPlace struct {
	path string // of the main file
	main *os.File
	log  *os.File // nil if there is none
	wal  *wal
	mark mark
	size int64 // of the database, bytes
}

// errUnsettled says that a database cannot be read in place just now.
var errUnsettled = errors.New("the database is being changed")

// settling is how old the last change of a file must be for its time to tell
// the next one: the coarsest clock of a file system ticks every two seconds.
const settling = 2 * time.Second

// openInPlace opens the database of a library. Errors: errUnsettled.
func openInPlace(library string) (_ *inPlace, err error) {
	d := &inPlace{path: filepath.Join(library, databasePath)}
	defer func() {
		if err != nil {
			d.Close()
		}
	}()
	if d.main, err = openRegular(d.path); err != nil {
		return nil, err
	}
	at := time.Now()
	info, err := d.main.Stat()
	if err != nil {
		return nil, err
	}
	if d.log, err = openRegular(d.path + "-wal"); errors.Is(err, fs.ErrNotExist) {
		d.log = nil
	} else if err != nil {
		return nil, err
	}
	if d.log != nil {
		if d.wal, err = readWAL(d.log); err != nil {
			return nil, err
		}
	}
	if d.mark = newMark(info, at, d.wal); d.mark == "" {
		return nil, errUnsettled
	}
	// A log that was just started anew holds nothing, because all of it has just
	// been moved into the main file: its size counts from here on.
	if info, err = d.main.Stat(); err != nil {
		return nil, err
	}
	if d.size = info.Size(); !d.wal.none() {
		d.size = d.wal.size * d.wal.pageSize
	}
	return d, nil
}

func (d *inPlace) Close() error {
	var errs []error
	for _, f := range []*os.File{d.main, d.log} {
		if f != nil {
			errs = append(errs, f.Close())
		}
	}
	return errors.Join(errs...)
}

// unchanged reports whether all that was read since openInPlace is of one moment.
func (d *inPlace) unchanged() (bool, error) {
	opened, err := d.main.Stat()
	if err != nil {
		return false, err
	}
	now, err := os.Stat(d.path)
	if err != nil || !os.SameFile(opened, now) {
		return false, err
	}
	if d.wal == nil { // nothing but the main file's time tells
		same, err := d.mark.holds(d.path)
		return same, err
	}
	log, err := openRegular(d.path + "-wal")
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	} else if err != nil {
		return false, err
	}
	defer log.Close()
	grown, err := d.wal.grown(log)
	return !grown, err
}

// ReadAt reads the database as it is with its log.
func (d *inPlace) ReadAt(p []byte, at int64) (n int, err error) {
	for n < len(p) {
		if at >= d.size {
			return n, io.EOF
		}
		part := p[n:min(len(p), n+int(min(d.size-at, 1<<30)))]
		source, from := io.ReaderAt(d.main), at
		if !d.wal.none() {
			page, within := at/d.wal.pageSize, at%d.wal.pageSize
			part = part[:min(int64(len(part)), d.wal.pageSize-within)]
			if frame, ok := d.wal.pages[uint32(page+1)]; ok {
				source, from = d.log, frame+within
			}
		}
		if _, err := source.ReadAt(part, from); err != nil {
			return n, err
		}
		// To SQLite there is no log: it must not look for one.
		for i := int64(journalVersions); i < journalVersions+2; i++ {
			if i >= at && i < at+int64(len(part)) {
				part[i-at] = 1
			}
		}
		n, at = n+len(part), at+int64(len(part))
	}
	return n, nil
}

// journalVersions is where a database says, in two bytes, whether it has a log.
const journalVersions = 18

// Open is the file system that SQLite sees: one file.
func (d *inPlace) Open(name string) (fs.File, error) {
	if name != filepath.Base(databasePath) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return &inPlaceFile{d, io.NewSectionReader(d, 0, d.size)}, nil
}

type inPlaceFile struct {
	d *inPlace
	*io.SectionReader
}

func (f *inPlaceFile) Close() error               { return nil }
func (f *inPlaceFile) Stat() (fs.FileInfo, error) { return inPlaceInfo{f.d.size}, nil }

// inPlaceInfo is all that SQLite asks of a file: its size.
type inPlaceInfo struct{ size int64 }

func (inPlaceInfo) Name() string       { return filepath.Base(databasePath) }
func (i inPlaceInfo) Size() int64      { return i.size }
func (inPlaceInfo) Mode() fs.FileMode  { return 0o400 }
func (inPlaceInfo) ModTime() time.Time { return time.Time{} }
func (inPlaceInfo) IsDir() bool        { return false }
func (inPlaceInfo) Sys() any           { return nil }

// readInPlace calls do with a library whose database is read in place; it has
// no folder and no snapshot. What do found counts only if there is no error.
// Errors: errUnsettled, and those of do.
func readInPlace(ctx context.Context, path string, do func(*Library) error) (err error) {
	d, err := openInPlace(path)
	if err != nil {
		return err
	}
	defer d.Close()
	name, system, err := vfs.New(d)
	if err != nil {
		return err
	}
	l := &Library{path: path, inPlace: d}
	defer func() {
		err = errors.Join(err, l.Close(), system.Close())
	}()
	uri := "file:" + filepath.Base(databasePath) + "?immutable=1&vfs=" + name
	if l.conn, err = sqlite.OpenConn(uri, sqlite.OpenReadOnly, sqlite.OpenURI); err != nil {
		return err
	}
	l.conn.SetInterrupt(ctx.Done())
	// There is no folder for temporary files.
	if err := sqlitex.ExecuteTransient(l.conn, "PRAGMA temp_store = MEMORY", nil); err != nil {
		return err
	}
	if err = l.prepare(); err == nil {
		err = do(l)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	// Only now is it known whether what was read, or an error, means anything.
	if same, e := d.unchanged(); e != nil {
		return e
	} else if !same {
		return errUnsettled
	}
	return err
}
