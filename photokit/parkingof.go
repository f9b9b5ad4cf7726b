package photokit

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"

	"github.com/photogo/photogo/internal/safefile"
)

const parkingList = "list.jsonl"

// OpenParkingOf opens the parking list of a library in photogo's state folder:
// what Photos does not deliver, it delivers to no destination. library is the
// library's UUID. While another process has the list, a copy is returned that is
// not kept. Close must be called.
func OpenParkingOf(state, library string) (*Parking, error) {
	folder := parkingFolder(state, library)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, fmt.Errorf("folder of the parking list: %w", err)
	}
	dir, err := safefile.OpenDir(folder)
	if err != nil {
		return nil, fmt.Errorf("folder of the parking list: %w", err)
	}
	if err = dir.Lock(); err != nil {
		dir.Close()
		if errors.Is(err, safefile.ErrLocked) {
			return ReadParkingOf(state, library)
		}
		return nil, err
	}
	if list, err := dir.ReadDir("."); err == nil {
		for _, entry := range list {
			if safefile.IsTemp(entry.Name()) {
				dir.Remove(entry.Name()) // a crash left it; nobody else is at work here
			}
		}
	}
	p, err := OpenParking(dir, parkingList)
	if err != nil {
		dir.Close()
		return nil, err
	}
	p.lock = dir
	return p, nil
}

// ReadParkingOf returns a copy of the parking list of a library, without a trace.
// A library of which nothing is parked has an empty one.
func ReadParkingOf(state, library string) (*Parking, error) {
	p := NewParking()
	dir, err := safefile.OpenDir(parkingFolder(state, library))
	if errors.Is(err, fs.ErrNotExist) {
		return p, nil
	}
	if err == nil {
		defer dir.Close()
		err = p.read(dir, parkingList)
	}
	if err != nil {
		return nil, fmt.Errorf("read the parking list: %w", err)
	}
	return p, nil
}

// plainUUID are those identities of libraries that are names of folders as they are.
var plainUUID = regexp.MustCompile(`^[0-9A-Fa-f-]{8,64}$`)

func parkingFolder(state, library string) string {
	if !plainUUID.MatchString(library) {
		sum := sha256.Sum256([]byte(library))
		library = "x" + hex.EncodeToString(sum[:16])
	}
	return filepath.Join(state, "parking", library)
}
