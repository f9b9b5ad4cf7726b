package photosdb

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"zombiezen.com/go/sqlite"
)

// Glance is what a library tells at once, without a snapshot.
type Glance struct {
	Info          // Assets, and what does not need a look at each of them; the rest is zero
	Sample []UUID // of the assets that came last and are not in the trash
}

// GlanceAt reads a library where it lies, in some milliseconds however large it is: to
// see whether it can be read, and which one it is. sample is how many UUIDs are wanted.
// Errors: as of Open.
func GlanceAt(ctx context.Context, path string, sample int) (g Glance, err error) {
	if path, err = filepath.Abs(path); err != nil {
		return g, err
	}
	if err := recognise(path); err != nil {
		return g, err
	}
	const tries, pause = 4, time.Second // what was written this moment may be written again
	for i := range tries {
		if i > 0 {
			select {
			case <-time.After(pause):
			case <-ctx.Done():
				return Glance{}, ctx.Err()
			}
		}
		err = readInPlace(ctx, path, func(l *Library) error {
			g = Glance{Info: l.schema.identity(path)}
			var err error
			if g.Assets, err = l.count(); err != nil {
				return l.explain(err)
			}
			query := fmt.Sprintf("SELECT ZUUID FROM %s WHERE ZTRASHEDSTATE = 0 ORDER BY Z_PK DESC LIMIT %d", l.schema.asset, sample)
			return l.explain(each(l.conn, query, func(stmt *sqlite.Stmt) error {
				g.Sample = append(g.Sample, UUID(stmt.ColumnText(0)))
				return nil
			}))
		})
		if !errors.Is(err, errUnsettled) {
			break
		}
	}
	switch {
	case err == nil:
		return g, nil
	case ctx.Err() != nil:
		return Glance{}, ctx.Err()
	case errors.Is(err, errUnsettled):
		return Glance{}, &Error{path, ErrBusy, nil}
	}
	var known *Error
	if errors.As(err, &known) {
		return Glance{}, err
	}
	return Glance{}, refused(path, ErrDamaged, err)
}
