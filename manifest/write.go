package manifest

import (
	"errors"
	"fmt"
	"time"

	"zombiezen.com/go/sqlite/sqlitex"
)

// Change is what one transaction writes.
type Change struct {
	Placed   []Entry  // files that have their names; they replace what their paths, or owner and role, had
	Gone     []string // paths that hold nothing of ours any more
	Aside    []Aside  // files that are about to be put aside
	Released []string // paths of files put aside that are no more
	LetGo    []string // paths of files that leave the destination because they are proven elsewhere; At says when
	At       time.Time
	Names    []Name   // names that were given
	Owners   []Rename // owners who are called otherwise now, before all else
	Vacated  []string // folders that files left: if they are empty, they are to go, too
	Tidied   []string // of these, those that went or are not empty

	// Intended are files that will get their names when the transaction is
	// durable. They are remembered under the number Batch until a change says
	// that all batches up to it are Settled.
	Intended []Entry
	Batch    int64
	Settled  int64 // 0 for none
}

// Commit writes a change durably, all of it or nothing.
func (m *Manifest) Commit(c Change) (err error) {
	if len(c.Placed)+len(c.Intended)+len(c.Gone)+len(c.Names)+len(c.Aside)+len(c.Released)+len(c.LetGo)+len(c.Owners)+len(c.Vacated)+len(c.Tidied) == 0 && c.Settled == 0 {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	end, err := sqlitex.ImmediateTransaction(m.conn)
	if err != nil {
		return m.wrap(err)
	}
	defer func() {
		end(&err)
		err = m.wrap(err)
	}()
	if len(c.Placed)+len(c.Gone)+len(c.LetGo) > 0 {
		if err := m.run(`INSERT OR REPLACE INTO meta VALUES('sums', 'behind')`); err != nil {
			return err
		}
	}
	if len(c.Placed)+len(c.Gone)+len(c.LetGo)+len(c.Owners) > 0 {
		if err := m.run(`INSERT OR REPLACE INTO meta VALUES('changed', hex(randomblob(16)))`); err != nil {
			return err
		}
	}
	for _, r := range c.Owners {
		// One without a name and without files is nobody's.
		err := m.run(`DELETE FROM owner WHERE owner = ?1 AND base = '' AND NOT EXISTS (SELECT 1 FROM entry e WHERE e.owner = owner.id)`, r.To)
		if err != nil {
			return err
		}
		if err := m.run(`UPDATE owner SET owner = ?2 WHERE owner = ?1`, r.From, r.To); err != nil {
			return fmt.Errorf("call %s %s: %w", r.From, r.To, err)
		}
	}
	for _, path := range c.Gone {
		if err := m.run(`DELETE FROM entry WHERE path = ?`, path); err != nil {
			return err
		}
	}
	for _, path := range c.LetGo {
		if err := m.run(`UPDATE entry SET released = ? WHERE path = ?`, max(c.At.Unix(), 1), path); err != nil {
			return err
		}
	}
	if err := errors.Join(m.putAside(c.Aside), m.release(c.Released)); err != nil {
		return err
	}
	for _, folder := range c.Vacated {
		if err := m.run(`INSERT OR IGNORE INTO vacated VALUES(?)`, folder); err != nil {
			return err
		}
	}
	for _, folder := range c.Tidied {
		if err := m.run(`DELETE FROM vacated WHERE folder = ?`, folder); err != nil {
			return err
		}
	}
	owners := make(map[string]int64, len(c.Names))
	for _, n := range c.Names {
		if err := m.name(n, owners); err != nil {
			return err
		}
	}
	for _, e := range c.Placed {
		if err := m.put(e, owners); err != nil {
			return err
		}
	}
	return m.intend(c)
}

func (m *Manifest) intend(c Change) error {
	if c.Settled > 0 {
		if err := m.run(`DELETE FROM intended WHERE batch <= ?`, c.Settled); err != nil {
			return err
		}
	}
	if len(c.Intended) == 0 {
		return nil
	}
	packed := make([]byte, 0, 300*len(c.Intended))
	for i := range c.Intended {
		packed = appendEntry(packed, &c.Intended[i])
	}
	return m.run(`INSERT OR REPLACE INTO intended VALUES(?, ?)`, c.Batch, packed)
}

// name gives an owner its name, and notes the owner's number.
func (m *Manifest) name(n Name, owners map[string]int64) error {
	stmt, err := m.conn.Prepare(`INSERT INTO owner(owner, wish, dir, base, identity) VALUES(?1, ?2, ?3, ?4, ?5)
		ON CONFLICT(owner) DO UPDATE SET wish = ?2, dir = ?3, base = ?4, identity = ?5 RETURNING id`)
	if err != nil {
		return err
	}
	for i, text := range []string{n.Owner, n.Wish, n.Dir, n.Base, n.Identity} {
		stmt.BindText(i+1, text)
	}
	owners[n.Owner], err = sqlitex.ResultInt64(stmt)
	return err
}

// owner returns the number of an owner, who gets one if need be.
func (m *Manifest) owner(owner string, owners map[string]int64) (id int64, err error) {
	if id, ok := owners[owner]; ok {
		return id, nil
	}
	stmt, err := m.conn.Prepare(`INSERT INTO owner(owner) VALUES(?1) ON CONFLICT(owner) DO UPDATE SET owner = ?1 RETURNING id`)
	if err != nil {
		return 0, err
	}
	stmt.BindText(1, owner)
	id, err = sqlitex.ResultInt64(stmt)
	owners[owner] = id
	return id, err
}

func (m *Manifest) put(e Entry, owners map[string]int64) error {
	owner, err := m.owner(e.Owner, owners)
	if err != nil {
		return err
	}
	stmt, err := m.conn.Prepare(`INSERT OR REPLACE INTO entry(path, owner, role, version, size, modtime, stamp, sum, apple, proof, released) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)
	if err != nil {
		return err
	}
	stmt.BindText(1, e.Path)
	stmt.BindInt64(2, owner)
	stmt.BindText(3, e.Role)
	stmt.BindText(4, e.Version)
	stmt.BindInt64(5, e.Size)
	stmt.BindInt64(6, e.ModTime)
	stmt.BindInt64(7, e.Stamp)
	stmt.BindBytes(8, e.Sum[:])
	stmt.BindText(9, e.Apple)
	stmt.BindText(10, string(e.Proof))
	stmt.BindInt64(11, e.Released)
	_, err = stmt.Step()
	return errors.Join(err, stmt.Reset())
}

func (m *Manifest) run(query string, args ...any) error {
	return sqlitex.Execute(m.conn, query, &sqlitex.ExecOptions{Args: args})
}
