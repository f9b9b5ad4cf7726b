package archive

import (
	"archive/tar"
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

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
		err := r.Stream(ctx, name, nil, func(m Member, content io.Reader) error {
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

// Stream reads an archive in one pass and visits each member with its content, of
// which visit may read as much as it wants. Member.Sum is not set. With files, only
// members under these exact paths are visited, and the data of others is mostly not
// read; that one is not in the archive is no error. An error of visit ends the
// reading and is returned. What was visited is whole only as far as its content was
// read to the end without an error. Errors: those of Read.
func (r *Repo) Stream(ctx context.Context, name string, files []string, visit func(Member, io.Reader) error) error {
	op := "read " + name
	if err := checkReadable(name); err != nil {
		return err
	}
	if err := r.sweepLocks(); err != nil {
		return err
	}
	args := []string{"export-tar", "::" + name, "-"}
	if files != nil {
		patterns, only, err := r.patterns(files)
		if err != nil {
			return fmt.Errorf("%s: %w", op, err)
		}
		if patterns != "" {
			defer os.Remove(patterns)
			args = []string{"export-tar", "--patterns-from", patterns, "::" + name, "-"}
		}
		all := visit
		visit = func(m Member, content io.Reader) error {
			if !only[m.Path] {
				return nil
			}
			return all(m, content)
		}
	}
	return r.piped(ctx, op, args, files == nil, func(content io.Reader) error { return readTar(content, visit) })
}

// piped runs a borg that writes content, and hands that to read, which reads it to its
// end. An error of read ends the reading; of one that wraps errContent borg tells the cause,
// if it had one. all says that content comes all the time: that shows that borg is not
// silent.
func (r *Repo) piped(ctx context.Context, op string, args []string, all bool, read func(io.Reader) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	content, stdout := io.Pipe()
	l := &log{}
	c := r.borg(l, args...)
	c.Stdout = stdout
	if all {
		c.Args = slices.DeleteFunc(c.Args, func(a string) bool { return a == "--progress" })
	}
	p, err := c.Start(ctx)
	if err != nil {
		return r.explain(op, l, err)
	}
	go func() {
		<-p.Done()
		stdout.Close() // the reader sees the end
	}()
	if err := read(bufio.NewReaderSize(content, 256<<10)); err != nil {
		content.CloseWithError(err)
		if !errors.Is(err, errContent) {
			cancel(err)
		}
		if failed := p.Wait(); failed != nil && errors.Is(err, errContent) && !errors.Is(failed, err) {
			return r.explain(op, l, failed)
		}
		return fmt.Errorf("%s: %w", op, err)
	}
	return r.explain(op, l, p.Wait())
}

// patterns writes a file of patterns that match some files alone; its name is ""
// where borg could not be told of one of them in a line. Then it reads everything.
func (r *Repo) patterns(files []string) (name string, only map[string]bool, err error) {
	only = make(map[string]bool, len(files))
	tellable := true
	for _, f := range files {
		only[f] = true
		tellable = tellable && filepath.IsLocal(f) && path.Clean(f) == f && strings.TrimSpace(f) == f &&
			utf8.ValidString(f) && strings.IndexFunc(f, unicode.IsControl) < 0 && !strings.ContainsAny(f, "\u2028\u2029")
	}
	if !tellable {
		return "", only, nil
	}
	f, err := os.CreateTemp(r.opt.Dir, "patterns-*.tmp")
	if err != nil {
		return "", nil, err
	}
	w := bufio.NewWriter(f)
	for _, name := range files {
		w.WriteString("+ pf:" + name + "\n")
	}
	w.WriteString("- re:.\n") // nothing else
	if err := errors.Join(w.Flush(), f.Close()); err != nil {
		os.Remove(f.Name())
		return "", nil, err
	}
	return f.Name(), only, nil
}

// checkReadable lets archives pass that others made, with names that photogo
// would not give.
func checkReadable(name string) error {
	if name == "" || strings.ContainsAny(name, "/{}\x00\n") {
		return fmt.Errorf("%w: %q is no name of an archive", ErrRefused, name)
	}
	return nil
}

// errContent says that what borg wrote is no whole tar, or not the files that it listed.
var errContent = fmt.Errorf("%w: its content ends early, or is none", ErrDamaged)

// readTar visits the members of a tar, and reads it to its very end.
func readTar(r io.Reader, visit func(Member, io.Reader) error) error {
	t := tar.NewReader(r)
	for {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			_, err := io.Copy(io.Discard, r)
			return err
		} else if err != nil {
			return fmt.Errorf("%w: %w", errContent, err)
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
			return fmt.Errorf("%w: %w", errContent, content.err)
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
		err = fmt.Errorf("%w: %w", errContent, err)
	}
	if err != nil {
		c.err = err
	}
	return n, err
}
