package backup

import (
	"errors"
	"fmt"
	"strings"

	"github.com/photogo/photogo/archive"
)

// What can be wrong with a repository, by its list of archives; see Discrepancy.
var (
	// ErrHidden says that the repository does not show an archive that was made.
	ErrHidden = errors.New("an archive is gone from the repository")
	// ErrReplaced says that another archive has the name of one that was made.
	ErrReplaced = errors.New("another archive has taken the name of one that was made")
	// ErrUnknown says that the repository has an archive of this library that the
	// catalogue does not know.
	ErrUnknown = errors.New("the repository has an archive of this library that the catalogue does not know")
)

// Discrepancy tells how a repository differs from the catalogue. For errors.Is it is
// ErrHidden, ErrReplaced and ErrUnknown, each if there is one such archive.
type Discrepancy struct {
	Hidden, Replaced, Unknown []string // names of archives
}

func (d *Discrepancy) Error() string {
	var parts []string
	for _, p := range d.parts() {
		if len(p.names) > 0 {
			parts = append(parts, fmt.Sprintf("%v: %s", p.err, strings.Join(quote(p.names), ", ")))
		}
	}
	return strings.Join(parts, "; ")
}

// Unwrap tells errors.Is what there is.
func (d *Discrepancy) Unwrap() (errs []error) {
	for _, p := range d.parts() {
		if len(p.names) > 0 {
			errs = append(errs, p.err)
		}
	}
	return errs
}

func (d *Discrepancy) parts() [3]struct {
	names []string
	err   error
} {
	return [...]struct {
		names []string
		err   error
	}{{d.Hidden, ErrHidden}, {d.Replaced, ErrReplaced}, {d.Unknown, ErrUnknown}}
}

func quote(names []string) (out []string) {
	const most = 10
	for i, n := range names {
		if i == most {
			return append(out, "…")
		}
		out = append(out, fmt.Sprintf("%q", n))
	}
	return out
}

// Compare compares the catalogue with the archives that the repository shows: an
// append-only key does not keep anybody from hiding one. An archive that is only
// intended may be there or not; what was not finished, and archives of other
// libraries, do not count. Errors: *Discrepancy.
func (c *Catalogue) Compare(shown []archive.Archive) error {
	library, err := c.Library()
	if err != nil {
		return err
	}
	known, err := c.Archives()
	if err != nil {
		return err
	}
	ids := make(map[string]string, len(shown))
	for _, a := range shown {
		if !a.Checkpoint {
			ids[a.Name] = a.ID
		}
	}
	d := &Discrepancy{}
	for _, a := range known {
		id, there := ids[a.Name]
		delete(ids, a.Name)
		switch {
		case a.State == Intended:
		case !there:
			d.Hidden = append(d.Hidden, a.Name)
		case id != a.ID:
			d.Replaced = append(d.Replaced, a.Name)
		}
	}
	for _, a := range shown { // in the repository's order
		if of, _, _, ok := ParseName(a.Name); ok && of == library && ids[a.Name] == a.ID && !a.Checkpoint {
			d.Unknown = append(d.Unknown, a.Name)
		}
	}
	if len(d.Hidden)+len(d.Replaced)+len(d.Unknown) > 0 {
		return d
	}
	return nil
}
