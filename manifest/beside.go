package manifest

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/photogo/photogo/internal/safefile"
)

// besideEnd keeps the files of callers apart from the record's own.
const besideEnd = ".data"

// WriteBeside writes a file beside the record, in the state folder: durably, and all
// of it or nothing. It is for what can be made anew, and is too large for SetMeta.
// name is a plain name.
func (m *Manifest) WriteBeside(name string, write func(io.Writer) error) error {
	dir, err := safefile.OpenDir(m.state)
	if err != nil {
		return fmt.Errorf("open the folder of the record: %w", err)
	}
	defer dir.Close()
	if list, err := dir.ReadDir("."); err == nil {
		for _, entry := range list {
			if safefile.IsTemp(entry.Name()) {
				dir.Remove(entry.Name()) // a crash left it; nobody else is at work here
			}
		}
	}
	if err := safefile.Write(dir, name+besideEnd, write); err != nil {
		return fmt.Errorf("write %s: %w", filepath.Join(m.state, name+besideEnd), err)
	}
	return nil
}

// OpenBeside opens what WriteBeside wrote. Errors: fs.ErrNotExist where that was
// nothing.
func (m *Manifest) OpenBeside(name string) (io.ReadSeekCloser, error) {
	if m.state == "" {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return os.Open(filepath.Join(m.state, name+besideEnd))
}
