package archive

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// Plan is what an archive is to hold.
type Plan struct {
	Root  string                   // the folder that the files are in; a whole path
	Files iter.Seq2[string, error] // regular files, relative to Root, with slashes; none twice
	// Compression as borg writes it: none, lz4, zstd,3, auto,zstd … "": none, as
	// pictures and movies are compressed already.
	Compression string
	Comment     string         // kept with the archive
	Progress    func(Progress) // called now and then; may be nil
}

// Created is an archive that was made.
type Created struct {
	Name         string
	ID           string    // 64 hexadecimal digits
	Start, End   time.Time // UTC, to the second
	Files        int       // as planned
	Bytes        int64     // before compression, with what borg notes of each file
	Deduplicated int64     // bytes that the repository grew by, before its own overhead
}

var compressions = regexp.MustCompile(`^(auto,)?(none|lz4|zstd(,[0-9]{1,2})?|zlib(,[0-9])?|lzma(,[0-9])?)$`)

// Create makes an archive of exactly the planned files. It is not proven then:
// Prove does that. Errors: ErrRefused for a plan that cannot be, such as one
// without files; ErrExists; ErrIncomplete where an archive was made that lacks
// files or holds one that changed meanwhile; ErrFull and all that concerns the
// repository. After an error that is not ErrIncomplete the archive does not
// exist, unless another one had its name, and the same name can be used again.
func (r *Repo) Create(ctx context.Context, name string, p Plan) (Created, error) {
	op := "create " + name
	if err := checkName(name); err != nil {
		return Created{}, err
	}
	if p.Compression == "" {
		p.Compression = "none"
	}
	if err := CheckCompression(p.Compression); err != nil {
		return Created{}, err
	}
	if !filepath.IsAbs(p.Root) || strings.ContainsAny(p.Comment, "{}\x00") {
		return Created{}, fmt.Errorf("%w: %s: the root needs a whole path, the comment holds no braces", ErrRefused, op)
	}
	list, planned, err := r.spool(p)
	if err != nil {
		return Created{}, fmt.Errorf("%s: %w", op, err)
	}
	defer list.Close()
	l := &log{progress: p.Progress}
	c := r.borg(l, "create", "--json", "--list", "--paths-from-stdin", "--paths-delimiter", `\0`,
		// Each archive is made of files that were not archived before: a cache of
		// what they looked like serves nothing, and believes in times.
		"--files-cache", "disabled",
		"--compression", p.Compression, "--comment", p.Comment, "::"+name)
	c.Dir, c.Stdin = p.Root, list
	out, err := r.run(ctx, op, l, c)
	if err != nil {
		return Created{}, err
	}
	return l.created(op, out, planned)
}

// created reads borg's answer, and makes sure that it took what was planned.
func (l *log) created(op string, out []byte, planned int) (Created, error) {
	var j struct {
		Archive struct {
			Name, ID, Start, End string
			Stats                struct {
				Size         int64 `json:"original_size"`
				Deduplicated int64 `json:"deduplicated_size"`
			}
		}
	}
	if err := json.Unmarshal(out, &j); err != nil {
		return Created{}, fmt.Errorf("%s: read borg's answer: %w", op, err)
	}
	a := j.Archive
	c := Created{Name: a.Name, ID: a.ID, Start: parseTime(a.Start), End: parseTime(a.End), Bytes: a.Stats.Size, Deduplicated: a.Stats.Deduplicated}
	others := 0
	for status, n := range l.status {
		if taken[status] {
			c.Files += n
		} else {
			others += n
		}
	}
	if c.Files != planned || others > 0 || len(a.ID) != 64 {
		return c, &Error{Op: op, Err: ErrIncomplete, More: l.bad, Message: fmt.Sprintf("%d of %d files were taken, %d others", c.Files, planned, others)}
	}
	return c, nil
}

// spool writes the list of files into a file without a name, from which borg
// reads it: borg does not start before the list is whole, since it would take a
// broken one for the end.
func (r *Repo) spool(p Plan) (_ *os.File, n int, err error) {
	f, err := os.CreateTemp(r.opt.Dir, "files-*.tmp")
	if err != nil {
		return nil, 0, err
	}
	defer func() {
		os.Remove(f.Name())
		if err != nil {
			f.Close()
		}
	}()
	root, err := os.OpenRoot(p.Root)
	if err != nil {
		return nil, 0, fmt.Errorf("%w: %w", ErrRefused, err)
	}
	defer root.Close()
	w := bufio.NewWriter(f)
	for name, err := range p.Files {
		if err != nil {
			return nil, 0, err
		}
		if err := plain(root, name); err != nil {
			return nil, 0, err
		}
		w.WriteString(name)
		w.WriteByte(0)
		n++
	}
	if n == 0 {
		return nil, 0, fmt.Errorf("%w: an archive of no files would prove nothing", ErrRefused)
	}
	if err := w.Flush(); err != nil {
		return nil, 0, err
	}
	_, err = f.Seek(0, 0)
	return f, n, err
}

// plain makes sure that a name is that of a regular file below the root.
func plain(root *os.Root, name string) error {
	if !filepath.IsLocal(name) || path.Clean(name) != name || name == "." || strings.ContainsRune(name, 0) {
		return fmt.Errorf("%w: %q is no name of a file below the root", ErrRefused, name)
	}
	info, err := root.Lstat(name)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%w: %s is no regular file", ErrRefused, name)
	}
	return nil
}

// parseTime reads a time of borg's, which is in UTC as TZ is. Zero: none.
func parseTime(text string) time.Time {
	for _, layout := range []string{"2006-01-02T15:04:05.999999", time.RFC3339Nano} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}
