package backup

import (
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"github.com/photogo/photogo/internal/safefile"
	"github.com/photogo/photogo/manifest"
)

// Selection says what to restore: that for which all holds that is given. Of each
// list one must hold. The zero value means everything.
type Selection struct {
	Periods []string  `json:"periods,omitempty"` // archived in one of these, as 2025-05
	UUIDs   []string  `json:"uuids,omitempty"`   // of pictures; upper and lower case do not count
	Albums  []string  `json:"albums,omitempty"`  // in an album of this title; case and the form of Unicode do not count
	Since   time.Time `json:"since,omitzero"`    // taken, added to the library or edited since
	AsOf    time.Time `json:"as_of,omitzero"`    // as archived then; the zero time is now
}

// byOwner reports whether something is asked for that only descriptions tell.
func (s Selection) byOwner() bool { return len(s.UUIDs)+len(s.Albums) > 0 || !s.Since.IsZero() }

// archived reports whether an archive is meant.
func (s Selection) archived(period string, start time.Time) bool {
	return (len(s.Periods) == 0 || slices.Contains(s.Periods, period)) && (s.AsOf.IsZero() || !start.After(s.AsOf))
}

// owned reports whether an owner is meant, by what is known of him. What of the
// selection was met is noted.
func (s Selection) owned(owner string, f Facts, met map[string]bool) bool {
	first, _, _ := strings.Cut(owner, "#") // of a picture's second and further places
	uuid := len(s.UUIDs) == 0
	for _, u := range s.UUIDs {
		if strings.EqualFold(u, owner) || strings.EqualFold(u, first) || strings.EqualFold(u, f.UUID) {
			uuid, met[u] = true, true
		}
	}
	album := len(s.Albums) == 0
	for _, a := range s.Albums {
		for _, title := range f.Albums {
			if foldKey(a) == foldKey(title) {
				album, met[a] = true, true
			}
		}
	}
	since := s.Since.IsZero()
	for _, t := range []time.Time{f.Taken, f.Added, f.Modified} {
		since = since || !t.IsZero() && !t.Before(s.Since)
	}
	return uuid && album && since
}

// unmet are the names in the selection that nothing goes by.
func (s Selection) unmet(met map[string]bool) (list []string) {
	for _, names := range [][]string{s.Periods, s.UUIDs, s.Albums} {
		for _, name := range names {
			if !met[name] {
				list = append(list, name)
			}
		}
	}
	return list
}

// foldKey is equal for texts that differ in case or in the form of Unicode alone,
// and so for names that some file system takes for one.
func foldKey(s string) string {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return norm.NFD.String(cases.Fold().String(norm.NFD.String(s)))
		}
	}
	return strings.ToLower(s)
}

// checkPath refuses paths of an archive that lead out of a folder, or to what is
// photogo's own in it.
func checkPath(name string) error {
	if !filepath.IsLocal(name) || path.Clean(name) != name || name == "." || strings.ContainsRune(name, 0) {
		return fmt.Errorf("%q is no path below a folder", name)
	}
	top, _, _ := strings.Cut(name, "/")
	if foldKey(top) == manifest.Folder {
		return fmt.Errorf("%q is photogo's own", name)
	}
	for part := range strings.SplitSeq(name, "/") {
		if safefile.IsTemp(part) {
			return fmt.Errorf("%q has the name of a temporary file", name)
		}
	}
	return nil
}

// beside is the name that a file gets beside one that has the same: the n-th try.
func beside(name, archive string, n int) string {
	if n == 0 {
		return name
	}
	dir, base := path.Split(name)
	ext := path.Ext(base)
	if ext == base {
		ext = ""
	}
	mark := " (" + archive
	if n > 1 {
		mark += fmt.Sprintf(" %d", n)
	}
	return dir + strings.TrimSuffix(base, ext) + mark + ")" + ext
}
