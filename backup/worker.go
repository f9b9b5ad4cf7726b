package backup

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/zeebo/blake3"

	"github.com/photogo/photogo/internal/safefile"
	"github.com/photogo/photogo/manifest"
)

// What is done in the vault is done by a child process, batch by batch. A disk of
// the other machine that hangs leaves whoever asks it hanging, beyond the reach of
// any signal; a thread that hangs so keeps its whole process, with every lock that
// it holds, from ending. The child holds none, and is left behind.

// hello is the first line that a worker reads.
type hello struct {
	Vault    string `json:"vault"`    // where it is mounted
	Sentinel string `json:"sentinel"` // what proves that it is
}

// op is one thing to be done in the vault, a line each. Paths are relative to it.
type op struct {
	Op       string       `json:"op"`
	Path     string       `json:"path"`
	From     string       `json:"from,omitempty"`     // of a put: the local file, a whole path
	Sum      manifest.Sum `json:"sum"`                // what it must be
	Size     int64        `json:"size"`               // bytes
	Modified int64        `json:"modified,omitempty"` // nanoseconds since 1970 UTC; of a remove what the file was given, 0: not known
	Known    bool         `json:"known,omitempty"`    // of a put: what is there is photogo's own, and may be replaced
	Keep     bool         `json:"keep,omitempty"`     // of a put: what is there is kept as one generation, PATH.1
	Top      string       `json:"top,omitempty"`      // of a remove: the folder that stays, if all that is in it goes
}

// The things to be done.
const (
	opPut    = "put"
	opRemove = "remove"
	opSweep  = "sweep" // removes temporary files below a folder
)

// result tells what became of an op, a line each in the same order. A line with
// Beat alone says that work goes on.
type result struct {
	Beat    bool    `json:"beat,omitempty"`
	Path    string  `json:"path,omitempty"`
	Outcome outcome `json:"outcome,omitempty"`
	Error   string  `json:"error,omitempty"` // of this one file; the others went on
}

type outcome string

const (
	sent    outcome = "sent"    // written, read back, and right
	there   outcome = "there"   // was there already; read, and right
	removed outcome = "removed" // or was not there
	foreign outcome = "foreign" // not what it should be, and so left alone
	failed  outcome = "failed"  // see Error
	full    outcome = "full"    // the disk; nothing more comes
	broken  outcome = "broken"  // the vault; nothing more comes
)

// Work does in a mounted vault what it reads from in, and tells it to out. It is
// the other end of Job.Worker: the program named there calls it with its standard
// streams, and ends with an exit code that is not 0 if it returns an error.
func Work(ctx context.Context, in io.Reader, out io.Writer) error {
	lines := json.NewDecoder(bufio.NewReader(in))
	var h hello
	if err := lines.Decode(&h); err != nil {
		return fmt.Errorf("read what to work in: %w", err)
	}
	dir, err := safefile.OpenDir(h.Vault)
	if err != nil {
		return fmt.Errorf("open the vault: %w", err)
	}
	defer dir.Close()
	w := &worker{dir: dir, sentinel: h.Sentinel, out: json.NewEncoder(out), made: map[string]bool{}}
	// What was opened is the vault only if its sentinel is in it. All that follows
	// is relative to what was opened, and leads nowhere after an unmount.
	if err := w.prove(); err != nil {
		return err
	}
	for {
		var o op
		if err := lines.Decode(&o); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("read what to do: %w", err)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		r, err := w.do(o)
		if err != nil {
			switch err = safefile.Full(w.dir.Name(), 0, err); {
			case errors.Is(err, syscall.ENOSPC):
				w.out.Encode(result{Path: o.Path, Outcome: full})
			case errors.Is(err, syscall.ENOSYS): // what gocryptfs says where it cannot encrypt names
				w.out.Encode(result{Path: o.Path, Outcome: broken})
			}
			return fmt.Errorf("%s %s: %w", o.Op, o.Path, err)
		}
		if err := w.out.Encode(r); err != nil {
			return err
		}
	}
}

// sentinelName is that of package mount.
const sentinelName = ".photogo-sentinel"

type worker struct {
	dir      *safefile.Dir
	sentinel string
	out      *json.Encoder
	made     map[string]bool // folders that are there
	last     time.Time       // of the last sign of life
}

func (w *worker) prove() error {
	f, err := w.dir.Open(sentinelName)
	if err != nil {
		return fmt.Errorf("read the sentinel: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, 1<<10))
	if err != nil || w.sentinel == "" || string(text) != w.sentinel {
		return fmt.Errorf("this is not the vault: its sentinel is another one (%v)", err)
	}
	return nil
}

// beat says now and then that work goes on.
func (w *worker) beat() error {
	if now := time.Now(); now.Sub(w.last) > time.Second {
		w.last = now
		return w.out.Encode(result{Beat: true})
	}
	return nil
}

// do does one thing. The error ends the worker: the vault cannot be worked in.
func (w *worker) do(o op) (result, error) {
	if !filepath.IsLocal(o.Path) || path.Clean(o.Path) != o.Path || o.Path == "." {
		return result{}, fmt.Errorf("%q is no path in a vault", o.Path)
	}
	r := result{Path: o.Path}
	var err error
	switch o.Op {
	case opPut:
		r.Outcome, err = w.put(o)
	case opRemove:
		r.Outcome, err = w.remove(o)
	case opSweep:
		r.Outcome, err = removed, w.sweep(o.Path)
	default:
		return r, fmt.Errorf("there is nothing called %q to be done", o.Op)
	}
	var own ownError
	if errors.As(err, &own) || w.alone(err) {
		r.Outcome, r.Error, err = failed, err.Error(), nil
	}
	return r, err
}

// alone reports whether an error is that of one file or folder: one that is damaged
// on the other disk, or may not be touched, and the rest of the vault may.
func (w *worker) alone(err error) bool {
	single := errors.Is(err, syscall.EIO) || errors.Is(err, fs.ErrPermission)
	if !single || errors.Is(safefile.Full(w.dir.Name(), 0, err), syscall.ENOSPC) {
		return false
	}
	w.made = map[string]bool{}
	return w.prove() == nil
}

// ownError concerns one file alone, as its local original is not what it was.
type ownError struct{ error }

func (w *worker) put(o op) (outcome, error) {
	switch info, err := w.dir.Lstat(o.Path); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return "", err
	case info.IsDir():
		return "", ownError{fmt.Errorf("a folder has the name %s in the vault", o.Path)}
	default:
		if info.Mode().IsRegular() && info.Size() == o.Size {
			if sum, _, err := w.hash(o.Path); err != nil {
				return "", err
			} else if sum == o.Sum {
				return there, nil
			}
		}
		// What photogo does not know as its own is never overwritten.
		aside := ""
		if o.Keep {
			aside = o.Path + ".1"
		} else if !o.Known {
			aside = path.Join(manifest.Folder, "aside", o.Path+"."+time.Now().UTC().Format("20060102T150405.000000000Z"))
		}
		if aside != "" {
			if err := w.mkdirs(path.Dir(aside)); err != nil {
				return "", err
			}
			if err := w.dir.Rename(o.Path, aside); err != nil {
				return "", err
			}
		}
	}
	if err := w.mkdirs(path.Dir(o.Path)); err != nil {
		return "", err
	}
	if err := w.write(o); err != nil {
		return "", err
	}
	// What was acknowledged is not what is there; that is read.
	sum, size, err := w.hash(o.Path)
	if err != nil {
		return "", err
	}
	if sum != o.Sum || size != o.Size {
		return "", fmt.Errorf("what was read back is not what was written")
	}
	return sent, nil
}

func (w *worker) write(o op) (err error) {
	from, err := os.OpenFile(o.From, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return ownError{err}
	}
	defer from.Close()
	temp := safefile.Temp(o.Path)
	to, err := w.dir.Create(temp)
	if err != nil {
		return err
	}
	defer func() {
		var own ownError
		if err != nil && !errors.As(err, &own) {
			err = safefile.Full(w.dir.Name(), 0, err) // before there is room again
		}
		if err != nil {
			to.Close()
			w.dir.Remove(temp)
		}
	}()
	sum, size, err := w.copy(to, from)
	if err != nil {
		return err
	}
	if sum != o.Sum || size != o.Size {
		return ownError{fmt.Errorf("%s: %w", o.From, errNotRecorded)}
	}
	if err := errors.Join(to.Sync(), to.Close()); err != nil {
		return err
	}
	if o.Modified != 0 {
		// Not every file system holds every time; the record has it.
		w.dir.Chtimes(temp, time.Unix(0, o.Modified))
	}
	if err := w.dir.Rename(temp, o.Path); err != nil {
		return err
	}
	return w.syncFolder(path.Dir(o.Path))
}

var errNotRecorded = errors.New("the file is not the one that was recorded")

// syncFolder makes names durable, where the file system has such a thing.
func (w *worker) syncFolder(dir string) error {
	err := w.dir.Sync(dir)
	for _, cannot := range []error{syscall.EINVAL, syscall.ENOSYS, syscall.ENOTSUP, syscall.EBADF, syscall.EPERM} {
		if errors.Is(err, cannot) {
			return nil
		}
	}
	return err
}

// copy copies and hashes. An error of reading is that of the one file.
func (w *worker) copy(to io.Writer, from io.Reader) (sum manifest.Sum, size int64, err error) {
	h, buffer := blake3.New(), make([]byte, 256<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			size += int64(n)
			h.Write(buffer[:n])
			if _, err := to.Write(buffer[:n]); err != nil {
				return sum, size, err
			}
			if err := w.beat(); err != nil {
				return sum, size, err
			}
		}
		if err == io.EOF {
			h.Sum(sum[:0])
			return sum, size, nil
		}
		if err != nil {
			return sum, size, ownError{err}
		}
	}
}

// hash reads a file of the vault.
func (w *worker) hash(name string) (sum manifest.Sum, size int64, err error) {
	f, err := w.dir.Open(name)
	if err != nil {
		return sum, 0, err
	}
	defer f.Close()
	safefile.Uncache(f)
	sum, size, err = w.copy(io.Discard, f)
	var own ownError
	if errors.As(err, &own) {
		err = own.error // here it is the vault that cannot be read
	}
	return sum, size, err
}

func (w *worker) mkdirs(dir string) error {
	if dir == "." || w.made[dir] {
		return nil
	}
	if err := w.mkdirs(path.Dir(dir)); err != nil {
		return err
	}
	if err := w.dir.Mkdir(dir); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	w.made[dir] = true
	return nil
}

// remove removes a file that is what it should be, and then the folders that are
// empty without it.
func (w *worker) remove(o op) (outcome, error) {
	info, err := w.dir.Lstat(o.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return removed, nil
	case err != nil:
		return "", err
	case !info.Mode().IsRegular() || info.Size() != o.Size:
		return foreign, nil
	}
	// A file of the time that it was given is the one that was read back then. Any other
	// is read; file systems that keep no such time cost that.
	if o.Modified == 0 || info.ModTime().Unix() != time.Unix(0, o.Modified).Unix() {
		if sum, _, err := w.hash(o.Path); err != nil {
			return "", err
		} else if sum != o.Sum {
			return foreign, nil
		}
	}
	if err := w.dir.Remove(o.Path); err != nil {
		return "", err
	}
	for dir := path.Dir(o.Path); dir != "." && dir != o.Top && strings.HasPrefix(dir, o.Top); dir = path.Dir(dir) {
		if w.dir.Remove(dir) != nil {
			break // something is in it
		}
		delete(w.made, dir)
	}
	return removed, w.beat()
}

// sweep removes the temporary files that a killed worker left.
func (w *worker) sweep(dir string) error {
	list, err := w.dir.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	for _, e := range list {
		name := path.Join(dir, e.Name())
		switch {
		case e.IsDir():
			err = w.sweep(name)
		case safefile.IsTemp(name) && e.Type().IsRegular():
			err = w.dir.Remove(name)
		}
		if err != nil {
			return err
		}
	}
	return w.beat()
}
