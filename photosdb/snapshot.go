package photosdb

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/gofrs/flock"

	"github.com/photogo/photogo/internal/safefile"
)

// snapshot is a private copy of a database and its write-ahead log, in a folder
// of its own that is locked as long as it is used.
type snapshot struct {
	dir  string
	lock *flock.Flock

	main fs.FileInfo // the library's main file before it was copied
	at   time.Time   // when that was looked at
}

const (
	snapshotPrefix = "photogo-snapshot-"
	snapshotLock   = "lock"
	walHeaderSize  = 32
	attempts       = 8
)

// takeSnapshot copies the database of a library into a new folder below temp.
//
// The copy cannot be torn. The main file is copied first, then the log, and
// both are kept only if the log's header, whose salts change whenever the log
// is started anew, was the same before and after: then every page that was
// moved into the main file meanwhile is in the copied log as well. Without a
// log the main file itself must not have changed.
func takeSnapshot(ctx context.Context, library, temp string) (*snapshot, error) {
	if temp == "" {
		temp = os.TempDir()
	}
	if err := os.MkdirAll(temp, 0o700); err != nil {
		return nil, err
	}
	alone, release := begin(ctx, temp)
	defer release()
	removeStale(temp, alone)
	dir, err := os.MkdirTemp(temp, snapshotPrefix)
	if err != nil {
		return nil, err
	}
	s := &snapshot{dir: dir, lock: flock.New(filepath.Join(dir, snapshotLock))}
	if _, err := s.lock.TryLock(); err != nil {
		s.Close()
		return nil, err
	}
	release()
	if err := s.copy(ctx, library); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// Close removes the snapshot.
func (s *snapshot) Close() error {
	err := os.RemoveAll(s.dir)
	s.lock.Close()
	return err
}

func (s *snapshot) database() string { return filepath.Join(s.dir, filepath.Base(databasePath)) }

// mark is the moment that the snapshot shows.
func (s *snapshot) mark() (mark, error) {
	file, err := os.Open(s.database() + "-wal")
	if errors.Is(err, fs.ErrNotExist) {
		return newMark(s.main, s.at, nil), nil
	} else if err != nil {
		return "", err
	}
	defer file.Close()
	// SQLite makes an empty log beside the copy of a database that has none.
	log, err := readWAL(file)
	if err != nil {
		return "", err
	}
	return newMark(s.main, s.at, log), nil
}

func (s *snapshot) copy(ctx context.Context, library string) error {
	wait := 100 * time.Millisecond
	for try := 1; ; try++ {
		same, err := s.copyOnce(ctx, filepath.Join(library, databasePath))
		if errors.Is(err, syscall.ENOSPC) {
			return fmt.Errorf("copy the database of %s: %w", library, err) // it is the copy's disk
		} else if err != nil {
			return refused(library, ErrDamaged, err)
		}
		if same {
			return nil
		}
		if try == attempts {
			return &Error{library, ErrBusy, fmt.Errorf("gave up after %d tries: quit Photos, or try again later", attempts)}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
			wait *= 2
		}
	}
}

// copyOnce copies main file and log, and reports whether they belong together.
func (s *snapshot) copyOnce(ctx context.Context, main string) (bool, error) {
	target, err := safefile.OpenDir(s.dir)
	if err != nil {
		return false, err
	}
	defer target.Close()
	base := filepath.Base(main)
	for _, name := range []string{base, base + "-wal", base + "-shm"} {
		if err := target.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return false, err
		}
	}
	s.at = time.Now()
	if s.main, err = os.Stat(main); err != nil {
		return false, err
	}
	before, err := readState(main)
	if err != nil {
		return false, err
	}
	if err := copyFile(ctx, target, main, base); err != nil {
		return false, err
	}
	if len(before.header) == walHeaderSize {
		err := copyFile(ctx, target, main+"-wal", base+"-wal")
		if errors.Is(err, fs.ErrNotExist) {
			return false, nil // the log was removed meanwhile
		} else if err != nil {
			return false, err
		}
	}
	after, err := readState(main)
	if err != nil {
		return false, err
	}
	return before.same(after), nil
}

// state is what tells two moments of a database apart.
type state struct {
	header []byte // the first bytes of the log; shorter than walHeaderSize: there is none
	size   int64
	time   time.Time
}

func readState(main string) (state, error) {
	info, err := os.Stat(main)
	if err != nil {
		return state{}, err
	}
	s := state{size: info.Size(), time: info.ModTime()}
	wal, err := openRegular(main + "-wal")
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	} else if err != nil {
		return s, err
	}
	defer wal.Close()
	s.header = make([]byte, walHeaderSize)
	n, err := io.ReadFull(wal, s.header)
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		err = nil
	}
	s.header = s.header[:n]
	return s, err
}

func (s state) same(t state) bool {
	if len(s.header) == walHeaderSize {
		return bytes.Equal(s.header, t.header)
	}
	return len(t.header) < walHeaderSize && s.size == t.size && s.time.Equal(t.time)
}

// copyFile copies a file into dir, sharing its blocks where the file system can.
func copyFile(ctx context.Context, dir *safefile.Dir, from, name string) error {
	src, err := openRegular(from)
	if err != nil {
		return err
	}
	defer src.Close()
	if err := dir.Clone(src, name); !errors.Is(err, safefile.ErrNoClone) {
		return err
	}
	dst, err := dir.Create(name)
	if err != nil {
		return err
	}
	defer dst.Close()
	if _, err := io.CopyBuffer(struct{ io.Writer }{dst}, contextReader{ctx, src}, make([]byte, 1<<20)); err != nil {
		return err
	}
	return dst.Close()
}

// contextReader stops reading when its context ends.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (r contextReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}

// begin waits until no other process is between making the folder of a snapshot
// and locking it, and keeps others from it until release is called. alone is false
// where that cannot be had: somebody holds the folder, or it cannot be locked.
func begin(ctx context.Context, temp string) (alone bool, release func()) {
	const patience, pause = 2 * time.Second, 5 * time.Millisecond
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	lock := flock.New(temp, flock.SetFlag(os.O_RDONLY))
	alone, _ = lock.TryLockContext(ctx, pause)
	return alone, sync.OnceFunc(func() { lock.Close() })
}

// removeStale removes snapshots that a crash left behind: those that nobody
// holds the lock of. alone: nobody is just making one.
func removeStale(temp string, alone bool) {
	list, _ := os.ReadDir(temp)
	for _, entry := range list {
		dir := filepath.Join(temp, entry.Name())
		info, err := entry.Info()
		if !strings.HasPrefix(entry.Name(), snapshotPrefix) || err != nil || !info.IsDir() || !ours(info) {
			continue
		}
		lock := flock.New(filepath.Join(dir, snapshotLock), flock.SetFlag(os.O_RDWR))
		free, err := lock.TryLock()
		// Without a lock file the other process was just starting, or crashed there.
		justMade := !alone && errors.Is(err, fs.ErrNotExist) && time.Since(info.ModTime()) < time.Minute
		if free || errors.Is(err, fs.ErrNotExist) && !justMade {
			os.RemoveAll(dir)
		}
		lock.Close()
	}
}

// ours reports whether a file belongs to this user.
func ours(info fs.FileInfo) bool {
	owner, ok := ownerOf(info)
	return ok && owner == os.Getuid()
}
