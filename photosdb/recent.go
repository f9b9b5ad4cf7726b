package photosdb

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"zombiezen.com/go/sqlite"
)

// ErrNotRecent says that what changed in a library is not told asset by asset: too
// much of it did, or it is being written to all the time. The whole library tells.
var ErrNotRecent = errors.New("what changed in the library cannot be told by itself")

// Recent is what changed in a library, with the assets themselves.
type Recent struct {
	*Changes
	// Assets are those that were added, have changed or were asked for, as
	// Library.Assets would yield them with Query{Order: ByDate}. All facts are of the
	// moment of Baseline; files are looked for when they are read.
	Assets   []*Asset
	Library  string   // Library.UUID
	Warnings []string // Library.Warnings
}

// FindRecent is FindChanges together with the assets that changed, read at the same
// moment from where the database lies. also names assets that are read in any case;
// those that the library does not hold are left out. most bounds how many are read.
//
// Errors: ErrNotRecent, and as of Open.
func FindRecent(ctx context.Context, path string, since *Baseline, also []UUID, most int) (*Recent, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if err := recognise(path); err != nil {
		return nil, err
	}
	const tries = 3
	for range tries {
		var found *Recent
		err = readInPlace(ctx, path, func(l *Library) (err error) {
			found, err = l.recent(ctx, since, also, most)
			return err
		})
		if err == nil {
			return found, nil
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if !errors.Is(err, errUnsettled) {
			break
		}
	}
	if errors.Is(err, ErrNotRecent) {
		return nil, err
	}
	// Damage that was seen in place may be that of a moment; a snapshot will tell.
	return nil, fmt.Errorf("%w: %w", ErrNotRecent, err)
}

// recent needs a library that is read in place.
func (l *Library) recent(ctx context.Context, since *Baseline, also []UUID, most int) (*Recent, error) {
	tree, err := openTree(l.path)
	if err != nil {
		return nil, err
	}
	l.tree = tree // closed with the library
	changes, err := l.Changes(ctx, since)
	if err != nil {
		return nil, err
	}
	found := &Recent{Changes: changes, Library: l.UUID()}
	wanted := slices.Concat(changes.Added, changes.Changed, also)
	if len(wanted) > most {
		return nil, fmt.Errorf("%w: %d of %d assets are to be looked at", ErrNotRecent, len(wanted), changes.Baseline.Len())
	}
	slices.Sort(wanted)
	wanted = slices.Compact(wanted)
	if found.Assets, err = l.assetsOf(ctx, wanted); err != nil {
		return nil, err
	}
	here := 0
	for _, uuid := range wanted {
		if id, _ := idOf(uuid); changes.Baseline.holds(id) {
			here++
		}
	}
	if here != len(found.Assets) {
		return nil, fmt.Errorf("%w: rows of %s cannot be found by their ZUUID", ErrDamaged, l.schema.asset)
	}
	found.Warnings = l.Warnings()
	return found, nil
}

func (b *Baseline) holds(id assetID) bool {
	_, ok := b.find(id)
	return ok
}

// assetsOf reads the assets of some UUIDs, in order of ByDate.
func (l *Library) assetsOf(ctx context.Context, uuids []UUID) (list []*Asset, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := &reader{l: l, stmts: map[string]*sqlite.Stmt{}}
	defer r.close()
	var keys []dated
	for part := range slices.Chunk(uuids, chunk) {
		text, err := json.Marshal(part)
		if err != nil {
			return nil, err
		}
		query := "SELECT a.Z_PK, a.ZUUID, a.ZDATECREATED FROM json_each(?1) j CROSS JOIN " + l.schema.asset + " a ON a.ZUUID = j.value"
		err = each(l.conn, query, func(stmt *sqlite.Stmt) error {
			keys = append(keys, datedOf(stmt, ByDate))
			return nil
		}, string(text))
		if err != nil {
			return nil, l.explain(err)
		}
	}
	slices.SortFunc(keys, dated.compare)
	for part := range slices.Chunk(keys, chunk) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		pks := make([]int64, len(part))
		for i, k := range part {
			pks[i] = k.pk
		}
		rows, err := r.read(pks)
		if err != nil {
			return nil, l.explain(err)
		}
		for _, row := range rows {
			list = append(list, &row.Asset)
		}
	}
	return list, nil
}

// Files are the files of a library, without its database.
type Files struct{ tree *tree }

// OpenFiles opens the folder of the library at path. Close must be called after
// use. Errors: ErrNotLibrary, ErrAccess, in an *Error.
func OpenFiles(path string) (*Files, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	t, err := openTree(path)
	if errors.Is(err, os.ErrPermission) {
		return nil, refused(path, ErrAccess, err)
	} else if err != nil {
		return nil, refused(path, ErrNotLibrary, err)
	}
	return &Files{t}, nil
}

// Open is Library.Open.
func (f *Files) Open(r *Resource) (*os.File, error) { return f.tree.openResource(r) }

// OpenReferenced is Library.OpenReferenced.
func (f *Files) OpenReferenced(r *Resource) (*os.File, error) { return openReferenced(r) }

// Close lets go of the folder.
func (f *Files) Close() error { return f.tree.Close() }
