package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"

	"github.com/zeebo/blake3"
	"zombiezen.com/go/sqlite"

	"github.com/photogo/photogo/archive"
	"github.com/photogo/photogo/manifest"
)

// What is meant stands in the temporary catalogue, so that memory does not grow with
// it. source is the path in the archive, which another version of the same bytes can
// have elsewhere; target the one in the folder.
const restoreSchema = `
CREATE TABLE want(
	id INTEGER PRIMARY KEY, path TEXT NOT NULL, target TEXT NOT NULL DEFAULT '', owner TEXT NOT NULL, role TEXT NOT NULL,
	size INTEGER NOT NULL, stamp INTEGER NOT NULL, sum BLOB NOT NULL,
	archive INTEGER NOT NULL, source TEXT NOT NULL, state INTEGER NOT NULL, why TEXT NOT NULL DEFAULT '', damaged INTEGER NOT NULL DEFAULT 0);
CREATE INDEX want_source ON want(archive, source);
CREATE INDEX want_path ON want(path);
CREATE INDEX want_state ON want(state, archive);
CREATE TABLE target(key TEXT PRIMARY KEY) WITHOUT ROWID; -- see foldKey
CREATE TABLE tried(want INTEGER, archive INTEGER, source TEXT, PRIMARY KEY(want, archive, source)) WITHOUT ROWID;
CREATE TABLE chosen(owner TEXT PRIMARY KEY, wanted INTEGER NOT NULL) WITHOUT ROWID;`

// wantState is what is still to be done for a file.
type wantState int

const (
	wantTodo wantState = iota // to be read from its archive
	wantDone                  // it is in the folder
	wantBad                   // its archive did not give it; another one may
	wantLost                  // no archive gives it, or the folder does not take it
)

// want is a file that is meant.
type want struct {
	id                   int64
	path, target         string
	owner, role, archive string
	number               int64 // of the archive
	source               string
	size, stamp          int64
	sum                  manifest.Sum
	why                  string
	damaged              bool
}

// wants calls do for some files, who must not change what the condition is about.
func (r *restorer) wants(ctx context.Context, condition string, do func(want) error, args ...any) error {
	for i, arg := range args {
		if s, ok := arg.(wantState); ok {
			args[i] = int(s)
		}
	}
	return r.c.each(`SELECT w.id, w.path, w.target, w.owner, w.role, a.name, w.archive, w.source, w.size, w.stamp, w.sum, w.why, w.damaged
		FROM want w CROSS JOIN archive a ON a.id = w.archive WHERE `+condition, func(s *sqlite.Stmt) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		w := want{
			id: s.ColumnInt64(0), path: s.ColumnText(1), target: s.ColumnText(2), owner: s.ColumnText(3), role: s.ColumnText(4), archive: s.ColumnText(5),
			number: s.ColumnInt64(6), source: s.ColumnText(7), size: s.ColumnInt64(8), stamp: s.ColumnInt64(9), why: s.ColumnText(11), damaged: s.ColumnBool(12),
		}
		s.ColumnBytes(10, w.sum[:])
		return do(w)
	}, args...)
}

// some returns the first few files of a condition, for who changes what it is about.
func (r *restorer) some(ctx context.Context, condition string, args ...any) (list []want, err error) {
	const few = 1000
	err = r.wants(ctx, condition+fmt.Sprint(" LIMIT ", few), func(w want) error { list = append(list, w); return nil }, args...)
	return list, err
}

// plan reads the explanations of the archives that are meant, and notes which file
// comes from where, and where it goes.
func (r *restorer) plan(ctx context.Context, list []archive.Archive) error {
	// Nothing of this is read after a crash.
	if err := errors.Join(r.c.run(`PRAGMA synchronous = OFF`), r.c.script(restoreSchema)); err != nil {
		return err
	}
	met := map[string]bool{}
	for _, a := range list { // oldest first: what a newer one tells of an owner replaces it
		_, period, _, _ := ParseName(a.Name)
		if !r.archived(period, a.Start) {
			r.rest = append(r.rest, a)
			continue
		}
		met[period] = true
		var line func(Described) error
		if r.byOwner() {
			line = func(d Described) error { return r.choose(d, met) }
		}
		if err := r.learn(ctx, a, line); err != nil {
			return err
		}
	}
	r.s.Unmet = r.unmet(met)
	if err := r.collect(ctx); err != nil {
		return err
	}
	return r.c.transaction(func() error { return r.aim(ctx) })
}

// learn reads the explanation of an archive.
func (r *restorer) learn(ctx context.Context, a archive.Archive, line func(Described) error) error {
	r.Event(RestoreEvent{Outcome: RestoreReading, Archive: a.Name})
	problem, err := r.c.load(ctx, r.Repo, a, line)
	if err != nil {
		return err
	}
	if problem != nil {
		r.s.Problems = append(r.s.Problems, Problem{a.Name, problem})
	}
	r.known[a.Name] = a
	r.s.Archives++
	return nil
}

// choose notes whether an owner is meant. Of owners without a description, or whose
// description stood in a line before, only the identifier is known.
func (r *restorer) choose(d Described, met map[string]bool) error {
	wanted := r.owned(d.Owner, ReadFacts(d.Asset), met)
	verb := "REPLACE"
	if d.Asset == nil {
		verb = "IGNORE"
	}
	return r.c.run(`INSERT OR `+verb+` INTO chosen VALUES(?, ?)`, d.Owner, wanted)
}

// collect notes the newest version of each file that is meant.
func (r *restorer) collect(ctx context.Context) error {
	return r.c.transaction(func() error {
		insert, err := r.c.conn.Prepare(`INSERT INTO want(path, owner, role, size, stamp, sum, archive, source, state)
			SELECT ?1, ?2, ?3, ?4, ?5, ?6, id, ?1, 0 FROM archive WHERE name = ?7 AND (?8 OR EXISTS(SELECT 1 FROM chosen WHERE owner = ?2 AND wanted)) RETURNING id`)
		if err != nil {
			return r.c.wrap(err)
		}
		for v, err := range r.c.Newest(ctx, r.AsOf) {
			if err != nil {
				return err
			}
			insert.BindText(1, v.Path)
			insert.BindText(2, v.Owner)
			insert.BindText(3, v.Role)
			insert.BindInt64(4, v.Size)
			insert.BindInt64(5, v.Stamp)
			insert.BindBytes(6, v.Sum[:])
			insert.BindText(7, v.Archive)
			insert.BindBool(8, !r.byOwner())
			for {
				more, err := insert.Step()
				if err != nil {
					insert.Reset()
					return r.c.wrap(err)
				}
				if !more {
					break
				}
				r.s.Files++
			}
			if err := insert.Reset(); err != nil {
				return r.c.wrap(err)
			}
		}
		return nil
	})
}

// aim gives each file its name in the folder, the newest first.
func (r *restorer) aim(ctx context.Context) error {
	return r.wants(ctx, `1 ORDER BY a.created DESC, a.id DESC, w.path, w.owner DESC`, func(w want) error {
		if err := checkPath(w.path); err != nil {
			r.tell(w, RestoreFailed, err)
			return r.c.run(`UPDATE want SET state = ? WHERE id = ?`, int(wantLost), w.id)
		}
		if again, err := r.superseded(w); err != nil || again {
			r.s.Files--
			return errors.Join(err, r.c.run(`DELETE FROM want WHERE id = ?`, w.id))
		}
		for n := 0; ; n++ {
			target := beside(w.path, w.archive, n)
			switch free, err := r.free(target); {
			case err != nil:
				return err
			case free:
				return errors.Join(
					r.c.run(`INSERT INTO target VALUES(?)`, foldKey(target)),
					r.c.run(`UPDATE want SET target = ? WHERE id = ?`, target, w.id))
			}
		}
	})
}

// superseded reports whether a newer file of the same path is the same, or a version
// of the same as far as can be known: where one of both has no owner.
func (r *restorer) superseded(w want) (yes bool, err error) {
	err = r.c.each(`SELECT 1 FROM want WHERE path = ?1 AND target <> '' AND (sum = ?2 OR owner = '' OR ?3 = '') LIMIT 1`,
		func(*sqlite.Stmt) error { yes = true; return nil }, w.path, w.sum[:], w.owner)
	return yes, err
}

// free reports whether no other file has a name, nor has one of its folders.
func (r *restorer) free(name string) (free bool, err error) {
	key := foldKey(name)
	free = true
	// Keys of what lies below begin with a slash more; "0" is the character behind it.
	err = r.c.each(`SELECT 1 FROM target WHERE key = ?1 OR key > ?1 || '/' AND key < ?1 || '0' LIMIT 1`, func(*sqlite.Stmt) error { free = false; return nil }, key)
	return free, err
}

// keep finds what an earlier run has brought back: those files whose bytes are right.
func (r *restorer) keep(ctx context.Context) error {
	return r.c.transaction(func() error {
		return r.wants(ctx, `w.state = ? ORDER BY w.target`, func(w want) error {
			right, err := r.holds(w)
			switch {
			case errors.Is(err, fs.ErrNotExist):
				return nil
			case err == nil && right:
				r.tell(w, RestoreKept, nil)
				return r.c.run(`UPDATE want SET state = ? WHERE id = ?`, int(wantDone), w.id)
			case err == nil:
				err = errInTheWay
			}
			r.tell(w, RestoreFailed, err)
			return r.c.run(`UPDATE want SET state = ? WHERE id = ?`, int(wantLost), w.id)
		}, wantTodo)
	})
}

var errInTheWay = errors.New("something else has this name in the folder; it is not touched")

// holds reports whether the folder has a file with the right bytes.
func (r *restorer) holds(w want) (bool, error) {
	info, err := r.dir.Lstat(w.target)
	if err != nil {
		return false, err
	}
	if !info.Mode().IsRegular() {
		return false, nil
	}
	f, err := r.dir.Open(w.target)
	if err != nil {
		return false, err
	}
	defer f.Close()
	h := blake3.New()
	if _, err := io.Copy(h, f); err != nil {
		return false, err
	}
	var sum manifest.Sum
	h.Sum(sum[:0])
	return sum == w.sum, nil
}

// folder makes the folder of a file.
func (r *restorer) folder(name string) error {
	dir := path.Dir(name)
	if dir == r.made {
		return nil
	}
	if err := mkdirAll(r.dir, dir); err != nil {
		return err
	}
	r.made = dir
	return nil
}
