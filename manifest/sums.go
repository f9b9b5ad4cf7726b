package manifest

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"

	"github.com/photogo/photogo/internal/safefile"
)

// ErrSums says that a text is no list of sums.
var ErrSums = errors.New("not a list of BLAKE3 sums")

// ReadSums yields the paths and sums of a list as WriteSums and b3sum write it.
// Errors: ErrSums, and those of reading; nothing follows an error.
func ReadSums(r io.Reader) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		s := bufio.NewScanner(r)
		s.Buffer(nil, 64<<10)
		s.Split(scanLine)
		for n := 1; s.Scan(); n++ {
			e, err := parseSum(s.Text())
			if err != nil {
				yield(Entry{}, fmt.Errorf("line %d: %w", n, err))
				return
			}
			if !yield(e, nil) {
				return
			}
		}
		if err := s.Err(); err != nil {
			yield(Entry{}, fmt.Errorf("%w: %w", ErrSums, err))
		}
	}
}

// scanLine splits at newlines alone, as a name may end in a carriage return, and
// takes no line without an end: it may have been cut off.
func scanLine(data []byte, end bool) (int, []byte, error) {
	if i := bytes.IndexByte(data, '\n'); i >= 0 {
		return i + 1, data[:i], nil
	}
	if end && len(data) > 0 {
		return 0, nil, errors.New("the last line has no end")
	}
	return 0, nil, nil
}

var unescape = strings.NewReplacer(`\\`, `\`, `\n`, "\n")

func parseSum(line string) (e Entry, err error) {
	rest, escaped := strings.CutPrefix(line, `\`)
	sum, path, ok := strings.Cut(rest, "  ")
	if !ok || path == "" || len(sum) != 64 || e.Sum.UnmarshalText([]byte(sum)) != nil {
		return e, ErrSums
	}
	if escaped {
		path = unescape.Replace(path)
	}
	e.Path = path
	return e, nil
}

// WriteSum writes the line of a file in a list of sums: its Path and Sum.
func WriteSum(w io.Writer, e Entry) error { return writeSum(w, e) }

// SumsBehind reports whether the list of hashes is to be written anew.
func (m *Manifest) SumsBehind() (bool, error) {
	behind, err := m.Meta(metaSums)
	return behind != "", err
}

// metaSums says whether the list of hashes is behind the record.
const metaSums = "sums"

// WriteSums brings DEST/.photogo/manifest.b3 up to the record, in one step, if
// it is behind.
func (m *Manifest) WriteSums(ctx context.Context, dest safefile.FS) error {
	behind, err := m.Meta(metaSums)
	if err != nil {
		return err
	}
	if _, err := dest.Lstat(SumsName); err == nil && behind != "behind" {
		return nil
	}
	err = safefile.Write(dest, SumsName, func(w io.Writer) error {
		b := bufio.NewWriterSize(w, 1<<16)
		if err := m.projectSums(ctx, b); err != nil {
			return err
		}
		return b.Flush()
	})
	if err != nil {
		return fmt.Errorf("write %s: %w", SumsName, err)
	}
	return m.SetMeta(metaSums, "")
}

// projectSums writes the list of hashes.
func (m *Manifest) projectSums(ctx context.Context, w io.Writer) error {
	for e, err := range m.sums() {
		if err == nil {
			err = ctx.Err()
		}
		if err == nil {
			err = writeSum(w, e)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
