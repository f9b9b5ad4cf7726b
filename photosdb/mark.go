package photosdb

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"
)

// mark names a moment of a database by its files, so that it costs nothing to
// find out that nothing changed: the main file's identity, size and time, and
// the log's header, length and last checksum. "" is no moment: nothing is equal
// to it.
type mark string

// newMark is the mark of a main file, looked at at some time, and of its log, which
// was read afterwards; nil stands for no log. It is "" where the files could change
// without it showing: a log that ends in the midst of a transaction, or, without
// a log, a main file that was changed within the tick of a clock.
func newMark(main fs.FileInfo, at time.Time, log *wal) mark {
	switch age := at.Sub(main.ModTime()); {
	case log != nil && log.rest:
		return ""
	case log == nil && age < settling:
		return ""
	}
	m := fmt.Sprintf("%d.%d.%d", inodeOf(main), main.Size(), main.ModTime().UnixNano())
	if log != nil {
		m += fmt.Sprintf(".%x.%d.%x", log.header, log.frames, log.sum)
	}
	return mark(m)
}

// holds reports whether a database is still what it was at the mark. Where it
// says no nothing needs to have changed: a checkpoint changes the files only.
func (m mark) holds(main string) (bool, error) {
	if m == "" {
		return false, nil
	}
	was, log, err := m.parse()
	if err != nil {
		return false, nil // not a mark of this photogo's
	}
	file, err := openRegular(main + "-wal")
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if log != nil {
			return false, nil
		}
	case err != nil:
		return false, err
	default:
		defer file.Close()
		if log == nil {
			// An empty log is none; a longer one may have begun to tell.
			info, err := file.Stat()
			if err != nil || info.Size() >= walHeaderSize {
				return false, err
			}
		} else if grown, err := log.grown(file); err != nil || grown {
			return false, err
		}
	}
	// The main file last: a log that came and went meanwhile has changed it.
	info, err := os.Stat(main)
	if err != nil {
		return false, err
	}
	return was == fmt.Sprintf("%d.%d.%d", inodeOf(info), info.Size(), info.ModTime().UnixNano()), nil
}

// parse takes a mark apart: the main file's part, and what must be known of the
// log to see it grow.
func (m mark) parse() (main string, log *wal, err error) {
	parts := strings.Split(string(m), ".")
	if len(parts) == 3 {
		return string(m), nil, nil
	}
	if len(parts) != 6 {
		return "", nil, fmt.Errorf("mark %q", m)
	}
	log = &wal{}
	header, err := hex.DecodeString(parts[3])
	if err == nil {
		_, err = fmt.Sscanf(parts[4], "%d", &log.frames)
	}
	sum, e := hex.DecodeString(parts[5])
	if err != nil || e != nil || copy(log.header[:], header) != walHeaderSize || copy(log.sum[:], sum) != len(log.sum) || log.frames < 0 {
		return "", nil, fmt.Errorf("mark %q", m)
	}
	log.pageSize = int64(header[8])<<24 | int64(header[9])<<16 | int64(header[10])<<8 | int64(header[11])
	return strings.Join(parts[:3], "."), log, nil
}
