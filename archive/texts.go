package archive

import "fmt"

// CheckLocation says whether Open would take a location, without opening it.
// Errors: ErrRefused.
func CheckLocation(location string) error { return checkLocation(location) }

// CheckCompression says whether Create would take Plan.Compression. Errors:
// ErrRefused.
func CheckCompression(text string) error {
	if !compressions.MatchString(text) {
		return fmt.Errorf("%w: borg knows no compression %q", ErrRefused, text)
	}
	return nil
}
