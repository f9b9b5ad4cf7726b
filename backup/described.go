package backup

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/photogo/photogo/manifest"
)

// ErrExplanation says that an explanation, or a line of it, cannot be read.
var ErrExplanation = errors.New("the archive's explanation cannot be read")

// Described is a line of an explanation: an owner, his files, and what is known of
// him.
type Described struct {
	Owner string           // "" for files of nobody
	Files []manifest.Entry // as the archive has them; paths from an archive are not to be trusted
	Asset json.RawMessage  // an object; nil: nothing is known, or it was told in an earlier line
}

// ReadAssets yields the lines of AssetsFile. A line that makes no sense is an
// ErrExplanation, and the next one follows; nothing follows an error of reading.
// No line takes more memory than a few times maxLine.
func ReadAssets(r io.Reader) iter.Seq2[Described, error] {
	return func(yield func(Described, error) bool) {
		b := bufio.NewReaderSize(r, 1<<16)
		for n := 1; ; n++ {
			line, err := readLine(b)
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil && !errors.Is(err, ErrExplanation) {
				yield(Described{}, fmt.Errorf("line %d: %w", n, err))
				return
			}
			var d Described
			if err == nil {
				d, err = parseLine(line)
			}
			if err != nil {
				d, err = Described{}, fmt.Errorf("line %d: %w", n, err)
			}
			if !yield(d, err) {
				return
			}
		}
	}
}

// readLine reads a line, io.EOF where there is none. One that is too long, or has no
// end, is read to its end and refused.
func readLine(b *bufio.Reader) (line []byte, err error) {
	long := false
	for {
		part, err := b.ReadSlice('\n')
		if long = long || len(line)+len(part) > maxLine; !long {
			line = append(line, part...)
		}
		switch {
		case err == nil && long:
			return nil, fmt.Errorf("%w: it has more than %d bytes", ErrExplanation, maxLine)
		case err == nil:
			return line, nil
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF) && (long || len(line) > 0):
			return nil, fmt.Errorf("%w: it has no end", ErrExplanation)
		default:
			return nil, err
		}
	}
}

func parseLine(line []byte) (d Described, err error) {
	// The files come as one piece first: what is read of them is bounded by number.
	var l struct {
		Owner string
		Files json.RawMessage
		Asset json.RawMessage
	}
	if err := json.Unmarshal(line, &l); err != nil {
		return d, fmt.Errorf("%w: %w", ErrExplanation, err)
	}
	d.Owner = l.Owner
	if asset := bytes.TrimSpace(l.Asset); len(asset) > 0 && asset[0] == '{' {
		d.Asset = asset
	}
	files := json.NewDecoder(bytes.NewReader(l.Files))
	if open, err := files.Token(); err != nil || open != json.Delim('[') {
		return d, fmt.Errorf("%w: it has no list of files", ErrExplanation)
	}
	for files.More() {
		var f fileLine
		if err := files.Decode(&f); err != nil {
			return d, fmt.Errorf("%w: %w", ErrExplanation, err)
		}
		e := f.entry()
		e.Owner = l.Owner
		switch {
		case len(d.Files) == maxFiles:
			return d, fmt.Errorf("%w: it has more than %d files", ErrExplanation, maxFiles)
		case e.Path == "" || e.Size < 0 || e.Sum == manifest.Sum{}:
			return d, fmt.Errorf("%w: a file lacks its path, size or sum", ErrExplanation)
		}
		d.Files = append(d.Files, e)
	}
	return d, nil
}

func (f fileLine) entry() manifest.Entry {
	e := manifest.Entry{Path: f.Path, Role: f.Role, Sum: f.Sum, Size: f.Size, Version: f.Version, Apple: f.Apple, Proof: f.Proof}
	if len(f.Raw) > 0 {
		e.Path = string(f.Raw)
	}
	if t, err := time.Parse(time.RFC3339Nano, f.Modified); err == nil && t.Year() > 0 && t.Year() < 10000 {
		e.Stamp = t.UnixMicro()
		if ns := t.UnixNano(); time.Unix(0, ns).Equal(t) { // nanoseconds end in 2262
			e.ModTime = ns
		}
	}
	return e
}

// Facts are what one can ask for when restoring. What a description does not tell is
// zero.
type Facts struct {
	UUID                   string
	Taken, Added, Modified time.Time
	Albums                 []string // titles, of shared albums, too
}

// ReadFacts reads the facts of a description as `photogo list assets --json` writes
// it: the keys uuid, date, date_added, date_modified, albums and shared_albums. One
// that is not as it should be counts as absent.
func ReadFacts(asset json.RawMessage) (f Facts) {
	var keys map[string]json.RawMessage
	if json.Unmarshal(asset, &keys) != nil {
		return f
	}
	if json.Unmarshal(keys["uuid"], &f.UUID) != nil {
		f.UUID = ""
	}
	for key, t := range map[string]*time.Time{"date": &f.Taken, "date_added": &f.Added, "date_modified": &f.Modified} {
		var text string
		if json.Unmarshal(keys[key], &text) == nil {
			if at, err := time.Parse(time.RFC3339Nano, text); err == nil {
				*t = at
			}
		}
	}
	for _, key := range []string{"albums", "shared_albums"} {
		var albums []json.RawMessage
		if json.Unmarshal(keys[key], &albums) != nil {
			continue
		}
		for _, raw := range albums {
			var album struct{ Title string }
			if json.Unmarshal(raw, &album) == nil && album.Title != "" {
				f.Albums = append(f.Albums, album.Title)
			}
		}
	}
	return f
}
