package archive

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path"
	"strings"
	"time"

	"github.com/zeebo/blake3"

	"github.com/photogo/photogo/manifest"
)

// Kind is what a member of an archive is.
type Kind int

// The kinds of members.
const (
	Other Kind = iota
	File
	Dir
	Symlink
	Hardlink // a further name of a file that came before
)

// Member is a member of an archive.
type Member struct {
	Path     string // relative, with slashes
	Kind     Kind
	Size     int64 // bytes; of files
	Mode     os.FileMode
	Modified time.Time    // to the second
	Link     string       // what a Symlink or Hardlink points to
	Sum      manifest.Sum // of the content that was read; of files
}

// Read reads a whole archive in one pass, every byte of it, and yields its
// members with the hashes of what was read. An archive was read whole only if
// no error was yielded; the error may come after the last member. Errors:
// ErrNoArchive, ErrDamaged and all that concerns the repository.
func (r *Repo) Read(ctx context.Context, name string) iter.Seq2[Member, error] {
	return func(yield func(Member, error) bool) {
		stopped := errors.New("stopped")
		err := r.stream(ctx, name, func(m Member, content io.Reader) error {
			h := blake3.New()
			if _, err := io.Copy(h, content); err != nil {
				return err
			}
			h.Sum(m.Sum[:0])
			if !yield(m, nil) {
				return stopped
			}
			return nil
		})
		if err != nil && !errors.Is(err, stopped) {
			yield(Member{}, err)
		}
	}
}

// stream reads an archive and visits each member with its content.
func (r *Repo) stream(ctx context.Context, name string, visit func(Member, io.Reader) error) error {
	op := "read " + name
	if err := checkReadable(name); err != nil {
		return err
	}
	if err := r.sweepLocks(); err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	content, stdout := io.Pipe()
	l := &log{}
	c := r.borg(l, "export-tar", "::"+name, "-")
	c.Stdout = stdout
	p, err := c.Start(ctx)
	if err != nil {
		return r.explain(op, l, err)
	}
	go func() {
		<-p.Done()
		stdout.Close() // the reader sees the end
	}()
	if err := readTar(content, visit); err != nil {
		// Of a tar that was cut off borg tells the cause, if it had one.
		content.CloseWithError(err)
		if !errors.Is(err, errTar) {
			cancel(err)
		}
		if failed := p.Wait(); failed != nil && errors.Is(err, errTar) && !errors.Is(failed, err) {
			return r.explain(op, l, failed)
		}
		return fmt.Errorf("%s: %w", op, err)
	}
	return r.explain(op, l, p.Wait())
}

// checkReadable lets archives pass that others made, with names that photogo
// would not give.
func checkReadable(name string) error {
	if name == "" || strings.ContainsAny(name, "/{}\x00\n") {
		return fmt.Errorf("%w: %q is no name of an archive", ErrRefused, name)
	}
	return nil
}

// errTar says that what borg wrote is no whole tar.
var errTar = fmt.Errorf("%w: its content ends early, or is none", ErrDamaged)

// readTar visits the members of a tar, and reads it to its very end.
func readTar(r io.Reader, visit func(Member, io.Reader) error) error {
	t := tar.NewReader(r)
	for {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			_, err := io.Copy(io.Discard, r)
			return err
		} else if err != nil {
			return fmt.Errorf("%w: %w", errTar, err)
		}
		m := Member{Path: path.Clean(h.Name), Mode: h.FileInfo().Mode(), Modified: h.ModTime, Link: h.Linkname}
		switch h.Typeflag {
		case tar.TypeReg:
			m.Kind, m.Size = File, h.Size
		case tar.TypeDir:
			m.Kind = Dir
		case tar.TypeSymlink:
			m.Kind = Symlink
		case tar.TypeLink:
			m.Kind, m.Link = Hardlink, path.Clean(h.Linkname)
		}
		content := &sticky{r: t}
		if err := visit(m, content); err != nil {
			return err
		}
		if content.err != nil && !errors.Is(content.err, io.EOF) {
			return fmt.Errorf("%w: %w", errTar, content.err)
		}
	}
}

// sticky remembers the error of a reader.
type sticky struct {
	r   io.Reader
	err error
}

func (c *sticky) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	if err != nil && !errors.Is(err, io.EOF) {
		err = fmt.Errorf("%w: %w", errTar, err)
	}
	if err != nil {
		c.err = err
	}
	return n, err
}
