package manifest

import (
	"encoding/json"
	"iter"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// Meta returns a value that was stored with SetMeta, "" for none.
func (m *Manifest) Meta(key string) (value string, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	err = sqlitex.Execute(m.conn, `SELECT value FROM meta WHERE key = ?`, &sqlitex.ExecOptions{
		Args:       []any{key},
		ResultFunc: func(stmt *sqlite.Stmt) error { value = stmt.ColumnText(0); return nil },
	})
	return value, m.wrap(err)
}

// SetMeta stores a value under a key.
func (m *Manifest) SetMeta(key, value string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.wrap(sqlitex.Execute(m.conn, `INSERT OR REPLACE INTO meta VALUES(?, ?)`, &sqlitex.ExecOptions{Args: []any{key, value}}))
}

// Changed returns a text that is another one after each change of what All and
// Released yield, but for the times of verifying; "": it is not known when that was.
func (m *Manifest) Changed() (string, error) { return m.Meta("changed") }

const entryColumns = `e.path, o.owner, e.role, e.version, e.size, e.modtime, e.stamp, e.sum, e.apple, e.proof, e.released`

func scanEntry(stmt *sqlite.Stmt) Entry {
	e := Entry{
		Path: stmt.ColumnText(0), Owner: stmt.ColumnText(1), Role: stmt.ColumnText(2), Version: stmt.ColumnText(3),
		Size: stmt.ColumnInt64(4), ModTime: stmt.ColumnInt64(5), Stamp: stmt.ColumnInt64(6),
		Apple: stmt.ColumnText(8), Proof: Proof(stmt.ColumnText(9)), Released: stmt.ColumnInt64(10),
	}
	stmt.ColumnBytes(7, e.Sum[:])
	return e
}

// Holding is what the record has of one owner.
type Holding struct {
	Name    Name    // zero where the owner was given none
	Entries []Entry // in no order
}

// Empty reports whether the record has nothing of anybody.
func (m *Manifest) Empty() (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	empty, err := sqlitex.ResultBool(m.conn.Prep(`SELECT NOT EXISTS(SELECT 1 FROM owner)`))
	return empty, m.wrap(err)
}

// Count returns how many files the destination holds, and their bytes.
func (m *Manifest) Count() (files int, bytes int64, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	err = sqlitex.Execute(m.conn, `SELECT count(*), coalesce(sum(size), 0) FROM entry WHERE released = 0`, &sqlitex.ExecOptions{
		ResultFunc: func(stmt *sqlite.Stmt) error { files, bytes = stmt.ColumnInt(0), stmt.ColumnInt64(1); return nil },
	})
	return files, bytes, m.wrap(err)
}

// Vacated returns the folders that files left and nobody has looked at since.
func (m *Manifest) Vacated() (folders []string, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	err = sqlitex.Execute(m.conn, `SELECT folder FROM vacated`, &sqlitex.ExecOptions{
		ResultFunc: func(stmt *sqlite.Stmt) error { folders = append(folders, stmt.ColumnText(0)); return nil },
	})
	return folders, m.wrap(err)
}

// Of returns what the record has of each of some owners, released files, too. Asking for many at a
// time costs little more than asking for one.
func (m *Manifest) Of(owners []string) (map[string]Holding, error) {
	list, err := json.Marshal(owners)
	if err != nil {
		return nil, err
	}
	held := make(map[string]Holding, len(owners))
	m.mu.Lock()
	defer m.mu.Unlock()
	err = sqlitex.Execute(m.conn, `SELECT owner, wish, dir, base, identity FROM owner WHERE base <> '' AND owner IN (SELECT value FROM json_each(?))`, &sqlitex.ExecOptions{
		Args: []any{string(list)},
		ResultFunc: func(stmt *sqlite.Stmt) error {
			n := scanName(stmt)
			held[n.Owner] = Holding{Name: n}
			return nil
		},
	})
	if err != nil {
		return nil, m.wrap(err)
	}
	err = sqlitex.Execute(m.conn, `SELECT `+entryColumns+` FROM json_each(?) j CROSS JOIN owner o ON o.owner = j.value CROSS JOIN entry e ON e.owner = o.id`, &sqlitex.ExecOptions{
		Args: []any{string(list)},
		ResultFunc: func(stmt *sqlite.Stmt) error {
			e := scanEntry(stmt)
			h := held[e.Owner]
			h.Entries = append(h.Entries, e)
			held[e.Owner] = h
			return nil
		},
	})
	return held, m.wrap(err)
}

func scanName(stmt *sqlite.Stmt) Name {
	return Name{stmt.ColumnText(0), stmt.ColumnText(1), stmt.ColumnText(2), stmt.ColumnText(3), stmt.ColumnText(4)}
}

// At returns the entry of a path, also of a released file; ok is false where there
// is none.
func (m *Manifest) At(path string) (e Entry, ok bool, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	err = sqlitex.Execute(m.conn, `SELECT `+entryColumns+` FROM entry e JOIN owner o ON o.id = e.owner WHERE e.path = ?`, &sqlitex.ExecOptions{
		Args:       []any{path},
		ResultFunc: func(stmt *sqlite.Stmt) error { e, ok = scanEntry(stmt), true; return nil },
	})
	return e, ok, m.wrap(err)
}

// Intended returns what was about to be placed when a run ended without a word.
func (m *Manifest) Intended() (list []Entry, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	err = sqlitex.ExecuteTransient(m.conn, `SELECT entries FROM intended ORDER BY batch`, &sqlitex.ExecOptions{
		ResultFunc: func(stmt *sqlite.Stmt) error {
			packed := make([]byte, stmt.ColumnLen(0))
			stmt.ColumnBytes(0, packed)
			batch, err := readEntries(packed)
			list = append(list, batch...)
			return err
		},
	})
	return list, m.wrap(err)
}

// All yields the entry of every file that is in the destination, in order of path, by
// bytes.
func (m *Manifest) All() iter.Seq2[Entry, error] {
	return rows(m, `SELECT `+entryColumns+` FROM entry e CROSS JOIN owner o ON o.id = e.owner WHERE e.released = 0 ORDER BY e.path`, scanEntry)
}

// Released yields the entries of files that left the destination because they are
// proven elsewhere, in order of path, by bytes.
func (m *Manifest) Released() iter.Seq2[Entry, error] {
	return rows(m, `SELECT `+entryColumns+` FROM entry e CROSS JOIN owner o ON o.id = e.owner WHERE e.released <> 0 ORDER BY e.path`, scanEntry)
}

// Names yields the names that owners were given.
func (m *Manifest) Names() iter.Seq2[Name, error] {
	return rows(m, `SELECT owner, wish, dir, base, identity FROM owner WHERE base <> ''`, scanName)
}

// sums yields path and hash of every entry, in order of path.
func (m *Manifest) sums() iter.Seq2[Entry, error] {
	return rows(m, `SELECT path, sum FROM entry WHERE released = 0 ORDER BY path`, func(stmt *sqlite.Stmt) Entry {
		e := Entry{Path: stmt.ColumnText(0)}
		stmt.ColumnBytes(1, e.Sum[:])
		return e
	})
}

// rows yields what a query finds.
func rows[T any](m *Manifest, query string, scan func(*sqlite.Stmt) T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		m.mu.Lock()
		defer m.mu.Unlock()
		var none T
		stmt, _, err := m.conn.PrepareTransient(query)
		if err != nil {
			yield(none, m.wrap(err))
			return
		}
		defer stmt.Finalize()
		for {
			more, err := stmt.Step()
			if err != nil {
				yield(none, m.wrap(err))
				return
			}
			if !more || !yield(scan(stmt), nil) {
				return
			}
		}
	}
}
