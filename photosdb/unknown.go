package photosdb

import (
	"context"

	"zombiezen.com/go/sqlite"
)

// Unknown returns those of some UUIDs that no asset of the library has.
func (l *Library) Unknown(ctx context.Context, uuids []UUID) (out []UUID, err error) {
	err = l.list(ctx, func() error {
		left := map[UUID]bool{}
		for _, uuid := range uuids {
			left[uuid] = true
		}
		err := l.rows("SELECT a.ZUUID FROM "+l.schema.asset+" a", func(stmt *sqlite.Stmt) error {
			delete(left, UUID(stmt.ColumnText(0)))
			return nil
		})
		for _, uuid := range uuids {
			if left[uuid] {
				out = append(out, uuid)
				delete(left, uuid) // once, however often it was given
			}
		}
		return err
	})
	return out, err
}
