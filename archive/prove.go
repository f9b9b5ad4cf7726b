package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"

	"github.com/zeebo/blake3"

	"github.com/photogo/photogo/manifest"
)

// Proof says that every byte of an archive was read back and is what it should
// be.
type Proof struct {
	Archive string
	ID      string    // of the archive that was read
	Files   int       // that were compared
	Bytes   int64     // of these files
	At      time.Time // when reading began; UTC
}

// Difference tells how an archive differs from what it should hold. It wraps
// ErrNotProven. Of each kind the first few paths are told.
type Difference struct {
	Archive                 string
	Missing, Altered, Extra []string
	MissingN, AlteredN      int
	ExtraN                  int
}

func (d *Difference) Error() string {
	var parts []string
	part := func(n int, what string, paths []string) {
		if n == 0 {
			return
		}
		quoted := make([]string, len(paths))
		for i, p := range paths {
			quoted[i] = fmt.Sprintf("%q", p)
		}
		text := fmt.Sprintf("%d %s: %s", n, what, strings.Join(quoted, ", "))
		if n > len(paths) {
			text += " …"
		}
		parts = append(parts, text)
	}
	part(d.MissingN, "missing", d.Missing)
	part(d.AlteredN, "with other bytes", d.Altered)
	part(d.ExtraN, "that should not be there", d.Extra)
	return fmt.Sprintf("prove %s: %v: %s", d.Archive, ErrNotProven, strings.Join(parts, "; "))
}

func (d *Difference) Unwrap() error { return ErrNotProven }

// OwnFolder is the folder in an archive that tells of this archive.
func OwnFolder(name string) string { return manifest.Folder + "/archives/" + name }

// ownSums are the lists of sums that an archive can hold of itself. The first that
// there is counts.
func ownSums(name string) [2]string {
	return [...]string{OwnFolder(name) + "/manifest.b3", manifest.SumsName}
}

// Prove reads an archive back, every byte of it, and compares each file with the
// sum that it should have, by path; sizes are compared where they are known. The
// archive must hold these files and no others, but for those in the folder
// manifest.Folder that tell of it. Where the archive holds a list of sums of its
// own, manifest.b3 in its OwnFolder or manifest.SumsName, that must agree, too; with
// want nil the list alone is compared, and must be there. Errors: *Difference; ErrNotProven where nothing could be compared;
// ErrNoArchive, ErrDamaged and all that concerns the repository.
func (r *Repo) Prove(ctx context.Context, name string, want iter.Seq2[manifest.Entry, error]) (Proof, error) {
	c := &comparison{d: Difference{Archive: name}, known: want != nil}
	if want != nil {
		var err error
		if c.want, err = collect(want); err != nil {
			return Proof{}, fmt.Errorf("prove %s: %w", name, err)
		}
	}
	before, err := r.find(ctx, name)
	if err != nil {
		return Proof{}, err
	}
	proof := Proof{Archive: name, ID: before.ID, At: r.opt.Now().UTC()}
	c.seen = map[string]found{}
	incomplete := r.readAll(ctx, name, c.member)
	if incomplete != nil && !errors.Is(incomplete, ErrIncomplete) {
		return Proof{}, incomplete
	}
	// An archive of this name that was made meanwhile would be another one.
	after, err := r.find(ctx, name)
	if err != nil {
		return Proof{}, err
	}
	if after.ID != before.ID {
		return Proof{}, fmt.Errorf("prove %s: %w: another archive took its name meanwhile", name, ErrNotProven)
	}
	if proof.Files, proof.Bytes, err = c.verdict(); err == nil && incomplete != nil {
		return Proof{}, incomplete
	}
	return proof, err
}

// found is a file that was read, or wanted.
type found struct {
	sum  manifest.Sum
	size int64 // 0: not known, where it is wanted
}

func collect(entries iter.Seq2[manifest.Entry, error]) (map[string]found, error) {
	m := map[string]found{}
	for e, err := range entries {
		if err != nil {
			return nil, err
		}
		if _, twice := m[e.Path]; twice {
			return nil, fmt.Errorf("%w: %q is listed twice", ErrNotProven, e.Path)
		}
		m[e.Path] = found{e.Sum, e.Size}
	}
	return m, nil
}

// comparison compares an archive with what it should hold.
type comparison struct {
	d     Difference
	known bool             // want was given by the caller
	want  map[string]found // what was given
	own   map[string]found // the archive's own list; nil: it has none
	rank  int              // which of ownSums it is
	seen  map[string]found
}

// member looks at a member while it is read.
func (c *comparison) member(m Member, content io.Reader) error {
	switch m.Kind {
	case Dir:
		return nil
	case Hardlink: // has the content of a name before it, or of nothing
		target, ok := c.seen[m.Link]
		if !ok {
			note(&c.d.Altered, &c.d.AlteredN, m.Path)
			return nil
		}
		c.see(m.Path, target)
		return nil
	case File:
	default:
		note(&c.d.Extra, &c.d.ExtraN, m.Path)
		return nil
	}
	h := blake3.New()
	read := io.TeeReader(content, h)
	listed := false
	for rank, name := range ownSums(c.d.Archive) {
		if m.Path != name || c.own != nil && rank > c.rank {
			continue
		}
		own, err := collect(manifest.ReadSums(read))
		if err != nil {
			return fmt.Errorf("%w: its %s: %w", ErrNotProven, name, err)
		}
		c.own, c.rank, listed = own, rank, true
	}
	n, err := io.Copy(io.Discard, read)
	if err != nil {
		return err
	}
	f := found{size: m.Size}
	if h.Sum(f.sum[:0]); n != m.Size && !listed {
		note(&c.d.Altered, &c.d.AlteredN, m.Path)
		return nil
	}
	c.see(m.Path, f)
	return nil
}

func (c *comparison) see(path string, f found) {
	if _, twice := c.seen[path]; twice {
		note(&c.d.Extra, &c.d.ExtraN, path)
		return
	}
	c.seen[path] = f
}

// verdict compares what was read with all that is known.
func (c *comparison) verdict() (files int, bytes int64, err error) {
	if !c.known && c.own == nil {
		return 0, 0, fmt.Errorf("prove %s: %w: it holds no list of sums, and nothing else to compare it with was given", c.d.Archive, ErrNotProven)
	}
	altered, missing := map[string]bool{}, map[string]bool{}
	wanted := func(path string) bool {
		_, given := c.want[path]
		_, listed := c.own[path]
		return given || listed
	}
	for _, list := range []map[string]found{c.want, c.own} {
		for path, w := range list {
			got, ok := c.seen[path]
			switch {
			case !ok:
				missing[path] = true
			case got.sum != w.sum, w.size != 0 && got.size != w.size:
				altered[path] = true
			}
		}
	}
	for path := range c.want {
		if _, listed := c.own[path]; c.own != nil && !listed && !ours(path) {
			missing[path] = true // from the list, which would explain the archive later
		}
	}
	for path, got := range c.seen {
		switch {
		case !wanted(path) && !ours(path), c.known && !ours(path) && !has(c.want, path):
			note(&c.d.Extra, &c.d.ExtraN, path)
		case wanted(path):
			files++
			bytes += got.size
		}
	}
	for path := range missing {
		note(&c.d.Missing, &c.d.MissingN, path)
	}
	for path := range altered {
		note(&c.d.Altered, &c.d.AlteredN, path)
	}
	if c.d.MissingN+c.d.AlteredN+c.d.ExtraN > 0 {
		return 0, 0, &c.d
	}
	if files == 0 {
		return 0, 0, fmt.Errorf("prove %s: %w: there is no file in it to prove", c.d.Archive, ErrNotProven)
	}
	return files, bytes, nil
}

func has(m map[string]found, path string) bool { _, ok := m[path]; return ok }

// ours tells the files that photogo puts beside the pictures.
func ours(path string) bool { return strings.HasPrefix(path, manifest.Folder+"/") }

// note counts a path, and keeps it if it is one of the first.
func note(list *[]string, n *int, path string) {
	*n++
	*list = add(*list, path)
}
