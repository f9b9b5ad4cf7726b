package export

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/photogo/photogo/internal/safefile"
	"github.com/photogo/photogo/manifest"
)

// ErrRefused says that a folder cannot be exported to.
var ErrRefused = errors.New("destination refused")

// Destination is an open destination folder with its record.
type Destination struct {
	Path   string // absolute, links resolved
	FS     safefile.FS
	Record *manifest.Manifest

	dir *safefile.Dir // nil where there is no folder yet
}

// OpenOptions say how a destination is opened.
type OpenOptions struct {
	State   string // photogo's state folder
	Library string // path of the library that is exported: neither may lie in the other; "" for none
	// Look makes nothing and locks nothing: a folder that does not exist counts
	// as an empty one.
	Look bool
	// Known refuses a folder that is no destination yet, or whose record is lost.
	Known bool
	// Anew starts the record anew and keeps the one that was there aside.
	Anew bool
}

// OpenDestination opens a folder to export to, and makes it and its record if
// need be. Errors: ErrRefused, and those of manifest.Open.
func OpenDestination(ctx context.Context, path string, opt OpenOptions) (_ *Destination, err error) {
	path, err = resolve(path)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRefused, err)
	}
	if opt.Library != "" {
		if err := apart(path, opt.Library); err != nil {
			return nil, err
		}
	}
	state, look := opt.State, opt.Look
	if opt.Known {
		if err := known(ctx, path, state); err != nil {
			return nil, err
		}
	}
	d := &Destination{Path: path}
	defer func() {
		if err != nil {
			d.Close()
		}
	}()
	if !look {
		if err := os.MkdirAll(path, 0o755); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrRefused, err)
		}
	}
	d.dir, err = safefile.OpenDir(path)
	switch {
	case look && errors.Is(err, fs.ErrNotExist):
		d.Record, err = manifest.Peek(ctx, state, nil)
		return d, err
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrRefused, err)
	}
	d.FS = d.dir
	if look {
		d.Record, err = manifest.Peek(ctx, state, d.FS)
		return d, err
	}
	if err := writable(d.FS); err != nil {
		return nil, fmt.Errorf("%w: %s cannot be written: %w", ErrRefused, path, err)
	}
	if opt.Anew {
		d.Record, err = manifest.OpenAnew(ctx, state, d.FS, path)
	} else {
		d.Record, err = manifest.Open(ctx, state, d.FS, path)
	}
	return d, err
}

// known makes sure that a folder is a destination, and that its record is not lost.
func known(ctx context.Context, path, state string) error {
	dir, err := safefile.OpenDir(path)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	defer dir.Close()
	return manifest.Known(ctx, state, dir)
}

// Compare looks at every file of the record, without reading it, and calls with
// those that are not as they were placed: gone, or of another size or time.
func (d *Destination) Compare(ctx context.Context, differs func(e manifest.Entry, there bool)) error {
	p := &Plan{folder: d.FS}
	for e, err := range d.Record.All() {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		if there, same := p.look(&e); !same {
			differs(e, there)
		}
	}
	return nil
}

// Folder returns what a plan looks at: nil where there is no folder yet.
func (d *Destination) Folder() Folder {
	if d.FS == nil {
		return nil
	}
	return d.FS
}

// Close closes the folder and its record.
func (d *Destination) Close() error {
	var errs []error
	if d.Record != nil {
		errs = append(errs, d.Record.Close())
	}
	if d.dir != nil {
		errs = append(errs, d.dir.Close())
	}
	return errors.Join(errs...)
}

// writable tries what permissions alone do not tell: a read-only mount, a full disk.
func writable(f safefile.FS) error {
	if err := f.Mkdir(manifest.Folder); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	temp := safefile.Temp(manifest.Folder + "/x")
	file, err := f.Create(temp)
	if err != nil {
		return err
	}
	_, err = file.Write([]byte("photogo\n"))
	return errors.Join(err, file.Close(), f.Remove(temp))
}

// resolve returns the absolute path with all links resolved, of a path whose
// last elements need not exist.
func resolve(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	rest := ""
	for at := path; ; at = filepath.Dir(at) {
		real, err := filepath.EvalSymlinks(at)
		if err == nil {
			return filepath.Join(real, rest), nil
		}
		if !errors.Is(err, fs.ErrNotExist) || at == filepath.Dir(at) {
			return "", err
		}
		rest = filepath.Join(filepath.Base(at), rest)
	}
}

// apart makes sure that destination and library do not lie in each other: the
// library must never be written to, and never be exported into itself. Nor may the
// destination lie in another library.
func apart(dest, library string) error {
	library, err := resolve(library)
	if err != nil {
		return err
	}
	switch {
	case same(dest, library):
		return fmt.Errorf("%w: %s is the library itself", ErrRefused, dest)
	case within(dest, library):
		return fmt.Errorf("%w: %s lies inside the library %s", ErrRefused, dest, library)
	case within(library, dest):
		return fmt.Errorf("%w: the library %s lies inside %s", ErrRefused, library, dest)
	}
	if err := inNoLibrary(dest); err != nil {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	return nil
}

// inNoLibrary makes sure that a path leads into no library at all.
func inNoLibrary(path string) error {
	for at := range upwards(path) {
		is, err := isLibrary(at, func(name string) error { _, err := os.Lstat(name); return err })
		if err != nil {
			return err
		} else if is {
			return fmt.Errorf("%s lies inside the library %s", path, at)
		}
	}
	return nil
}

// within reports whether a path is below another.
func within(inner, outer string) bool {
	for at := range upwards(inner) {
		if at != inner && same(at, outer) {
			return true
		}
	}
	return false
}

// same reports whether two paths mean one file. One folder can have many spellings,
// as the file systems of most Macs ignore case, and several mounts.
func same(a, b string) bool {
	if strings.EqualFold(a, b) {
		return true
	}
	x, err := os.Stat(a)
	if err != nil {
		return false
	}
	y, err := os.Stat(b)
	return err == nil && os.SameFile(x, y)
}

// upwards yields a path and all folders that it lies in.
func upwards(path string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for yield(path) && path != filepath.Dir(path) {
			path = filepath.Dir(path)
		}
	}
}

// isLibrary reports whether a folder is a library of Photos, iPhoto or Aperture, by its
// name or by what is in it. lstat looks for a name.
func isLibrary(dir string, lstat func(string) error) (bool, error) {
	switch strings.ToLower(path.Ext(dir)) {
	case ".photoslibrary", ".photolibrary", ".migratedphotolibrary", ".aplibrary":
		return true, nil
	}
	err := lstat(path.Join(dir, "database", "Photos.sqlite"))
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return false, nil
	}
	return err == nil, err
}
