package backup

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// ErrName says that a text is no name of a library, or of a period.
var ErrName = errors.New("not a name that archives can have")

var (
	libraryName = regexp.MustCompile(`^[\pL\pN][\pL\pN\pM._+@-]*$`)
	periodName  = regexp.MustCompile(`^[0-9]{4}-(?:W[0-9]{2}|[0-9]{2}(?:-[0-9]{2})?)$`)
	portionName = regexp.MustCompile(`^(.+)\.([2-9]|[1-9][0-9]{1,5})$`)
)

// CheckLibrary makes sure that archives can be named after a library. Errors:
// ErrName.
func CheckLibrary(library string) error {
	if !isLibrary(library) {
		return fmt.Errorf("%w: %q is none for a library: letters, digits and . _ - + @, up to %d, a letter or digit first", ErrName, library, maxLibrary)
	}
	return nil
}

// maxLibrary is the length of a library's name, in characters.
const maxLibrary = 100

func isLibrary(name string) bool {
	return libraryName.MatchString(name) && utf8.RuneCountInString(name) <= maxLibrary
}

// ArchiveName is the name of a library's archive of a period: 2025-05 for a month,
// 2025-W21 for a week, 2025-05-17 for a day. The first portion is number 1.
// Errors: ErrName.
func ArchiveName(library, period string, portion int) (string, error) {
	if err := CheckLibrary(library); err != nil {
		return "", err
	}
	switch {
	case !periodName.MatchString(period):
		return "", fmt.Errorf("%w: %q is none for a period", ErrName, period)
	case portion < 1 || portion > 999999:
		return "", fmt.Errorf("%w: there is no portion %d", ErrName, portion)
	case portion == 1:
		return library + "-" + period, nil
	}
	return library + "-" + period + "." + strconv.Itoa(portion), nil
}

// ParseName takes the name of an archive apart; ok is false for one that
// ArchiveName does not give. No name belongs to two libraries.
func ParseName(name string) (library, period string, portion int, ok bool) {
	portion = 1
	if m := portionName.FindStringSubmatch(name); m != nil {
		name = m[1]
		portion, _ = strconv.Atoi(m[2])
	}
	// A period has no digits of a year behind its first hyphen, so that the
	// shortest one at the end that is a period is the only one.
	for cut := strings.LastIndexByte(name, '-'); cut > 0; cut = strings.LastIndexByte(name[:cut], '-') {
		if periodName.MatchString(name[cut+1:]) && isLibrary(name[:cut]) {
			return name[:cut], name[cut+1:], portion, true
		}
	}
	return "", "", 0, false
}
