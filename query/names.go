package query

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"github.com/photogo/photogo/photosdb"
)

// Names are whole names that something may go by. Case and the form of Unicode
// do not count: "café" is "CAFÉ", "strasse" is "Straße". The zero value has none.
type Names map[string]string // as given, by what is compared

// NewNames returns some names. An empty name is an error: nothing goes by it.
func NewNames(names []string) (Names, error) {
	n := Names{}
	for _, name := range names {
		if strings.TrimSpace(name) == "" {
			return nil, errors.New("a name is empty")
		}
		n[fold(name)] = name
	}
	return n, nil
}

// fold returns what two names have in common that differ in case or in the form
// of Unicode only: Unicode's canonical caseless matching.
func fold(name string) string {
	return norm.NFC.String(cases.Fold().String(norm.NFD.String(name)))
}

// has reports whether one of some names is among those.
func (n Names) has(names []string) bool {
	for _, name := range names {
		if _, is := n[fold(name)]; is && name != "" {
			return true
		}
	}
	return false
}

// choose reports whether one of the names that an asset goes by is wanted, if
// any is, and none is not.
func (n Names) choose(not Names, names []string) bool {
	return (len(n) == 0 || n.has(names)) && !(len(not) > 0 && not.has(names))
}

// except returns the names, as given, that nothing in a list goes by; sorted.
func (n Names) except(list []string) (unknown []string) {
	left := maps.Clone(n)
	for _, name := range list {
		delete(left, fold(name))
	}
	return slices.Sorted(maps.Values(left))
}

// UUIDs are those of assets.
type UUIDs map[photosdb.UUID]bool

func (u UUIDs) has(uuid photosdb.UUID) bool { return u[uuid] }

var uuidForm = regexp.MustCompile(`^[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}$`)

// Add adds a UUID; lower case is taken, too. An error says that it is none.
func (u UUIDs) Add(text string) error {
	uuid := strings.ToUpper(strings.TrimSpace(text))
	if !uuidForm.MatchString(uuid) {
		return fmt.Errorf("%.80q is not a UUID such as 0040E19F-0703-4A1E-877E-A3718603607F", text)
	}
	u[photosdb.UUID(uuid)] = true
	return nil
}

// maxUUIDs bounds what is read from a file; ten times the largest library known.
const maxUUIDs = 10_000_000

// Read adds the UUIDs of a text, one a line. Empty lines and what follows a #
// do not count. An error names the line.
func (u UUIDs) Read(r io.Reader) error {
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		text, _, _ := strings.Cut(strings.TrimPrefix(lines.Text(), "\uFEFF"), "#")
		if strings.TrimSpace(text) == "" {
			continue
		}
		if err := u.Add(text); err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
		if len(u) > maxUUIDs {
			return fmt.Errorf("line %d: more than %d UUIDs", n, maxUUIDs)
		}
	}
	return lines.Err()
}

// ParseKind reads a kind of asset: photo or movie.
func ParseKind(text string) (photosdb.Kind, error) {
	switch k := photosdb.Kind(text); k {
	case photosdb.Photo, photosdb.Movie:
		return k, nil
	}
	return "", fmt.Errorf("%.40q is neither photo nor movie", text)
}

// Subtypes returns the subtypes that can be selected.
func Subtypes() []photosdb.Subtype {
	return []photosdb.Subtype{
		photosdb.Animated, photosdb.BurstFrame, photosdb.Cinematic, photosdb.HDR, photosdb.Live, photosdb.Panorama, photosdb.Portrait, photosdb.Raw,
		photosdb.ScreenRecording, photosdb.Screenshot, photosdb.Selfie, photosdb.SlowMotion, photosdb.Spatial, photosdb.TimeLapse,
	}
}

// ParseSubtype reads a subtype.
func ParseSubtype(text string) (photosdb.Subtype, error) {
	var known []string
	for _, s := range Subtypes() {
		if string(s) == text {
			return s, nil
		}
		known = append(known, string(s))
	}
	return "", fmt.Errorf("%.40q is none of %s", text, strings.Join(known, ", "))
}
