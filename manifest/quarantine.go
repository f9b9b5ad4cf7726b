package manifest

import (
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// QuarantineFolder holds what was put aside, in a folder for each day.
const QuarantineFolder = Folder + "/quarantine"

// Aside is a file that photogo placed and put aside later. It may be removed
// when it has been there for long enough; at once if Path is Was, see Superseded.
type Aside struct {
	Path string    // below QuarantineFolder, relative to the destination
	Was  string    // where it was
	At   time.Time // when it was put aside, by a clock that may differ from the system's; to the second
	Size int64     // bytes
	Sum  Sum       // of its bytes
}

// Quarantined lists what was put aside before a moment, in order of path.
func (m *Manifest) Quarantined(before time.Time) (list []Aside, err error) {
	return m.asides(`SELECT path, was, at, size, sum FROM aside WHERE at < ? AND path <> was ORDER BY path`, before.Unix())
}

// Superseded lists old versions that are to be removed where they lie, since the
// record has their successors under other names, in order of path. They have no
// time.
func (m *Manifest) Superseded() (list []Aside, err error) {
	return m.asides(`SELECT path, was, at, size, sum FROM aside WHERE path = was ORDER BY path`)
}

func (m *Manifest) asides(query string, args ...any) (list []Aside, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	err = sqlitex.Execute(m.conn, query, &sqlitex.ExecOptions{
		Args: args,
		ResultFunc: func(stmt *sqlite.Stmt) error {
			a := Aside{Path: stmt.ColumnText(0), Was: stmt.ColumnText(1), At: time.Unix(stmt.ColumnInt64(2), 0), Size: stmt.ColumnInt64(3)}
			stmt.ColumnBytes(4, a.Sum[:])
			list = append(list, a)
			return nil
		},
	})
	return list, m.wrap(err)
}

func (m *Manifest) putAside(list []Aside) error {
	for _, a := range list {
		if err := m.run(`INSERT OR REPLACE INTO aside VALUES(?, ?, ?, ?, ?)`, a.Path, a.Was, a.At.Unix(), a.Size, a.Sum[:]); err != nil {
			return err
		}
	}
	return nil
}

func (m *Manifest) release(paths []string) error {
	for _, path := range paths {
		if err := m.run(`DELETE FROM aside WHERE path = ?`, path); err != nil {
			return err
		}
	}
	return nil
}
