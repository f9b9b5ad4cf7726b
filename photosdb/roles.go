package photosdb

import (
	"context"

	"zombiezen.com/go/sqlite"
)

// RoleInfo tells how many files of a role there are, and how large, by the
// database's word: photogo did not look.
type RoleInfo struct {
	Role        Role
	Local       int   // files that are here: ZLOCALAVAILABILITY is 1
	LocalBytes  int64 // ZDATALENGTH of these
	Remote      int   // files that only iCloud has: not here, and ZREMOTEAVAILABILITY is 1
	RemoteBytes int64
	Gone        int // files that are neither; of referenced files the database does not know
	GoneBytes   int64
}

// Roles tells of the library's files by role, in the order of the roles; those
// without files are left out. What has no row of its own, as the property list
// of an edit, is not counted.
func (l *Library) Roles(ctx context.Context) (out []RoleInfo, err error) {
	err = l.list(ctx, func() error {
		sums, err := l.sumRoles()
		for _, role := range roles {
			if sum := sums[role]; sum != nil {
				out = append(out, *sum)
			}
		}
		return err
	})
	return out, err
}

// sumRoles sums up the files by role. Rows are told apart by all that a role
// depends on, which leaves a handful of groups.
func (l *Library) sumRoles() (map[Role]*RoleInfo, error) {
	const table = "ZINTERNALRESOURCE"
	s := l.schema
	local, remote := s.column("r", table, "ZLOCALAVAILABILITY"), s.column("r", table, "ZREMOTEAVAILABILITY")
	query := "SELECT a.ZKIND, r.ZRESOURCETYPE, r.ZDATASTORESUBTYPE, r.ZVERSION, r.ZRECIPEID, r.ZDATASTORECLASSID, " +
		"IFNULL(" + local + ", 0) = 1 AS here, IFNULL(" + remote + ", 0) = 1 AS away, count(*), total(" + s.column("r", table, "ZDATALENGTH") + ") " +
		"FROM ZINTERNALRESOURCE r JOIN " + s.asset + " a ON a.Z_PK = r.ZASSET WHERE IFNULL(" + s.column("r", table, "ZTRASHEDSTATE") + ", 0) = 0 " +
		"GROUP BY 1, 2, 3, 4, 5, 6, 7, 8"
	sums := map[Role]*RoleInfo{}
	err := l.rows(query, func(stmt *sqlite.Stmt) error {
		role := roleOf(kindOf(cell{stmt, 0}), resourceRow{
			kind: stmt.ColumnInt64(1), subtype: stmt.ColumnInt64(2), version: stmt.ColumnInt64(3), recipe: stmt.ColumnInt64(4), class: stmt.ColumnInt64(5),
		})
		if role == "" {
			return nil
		}
		if sums[role] == nil {
			sums[role] = &RoleInfo{Role: role}
		}
		sum, n, size := sums[role], stmt.ColumnInt(8), stmt.ColumnInt64(9)
		switch here, away := stmt.ColumnInt64(6) == 1, stmt.ColumnInt64(7) == 1; {
		case here:
			sum.Local, sum.LocalBytes = sum.Local+n, sum.LocalBytes+size
		case away:
			sum.Remote, sum.RemoteBytes = sum.Remote+n, sum.RemoteBytes+size
		default:
			sum.Gone, sum.GoneBytes = sum.Gone+n, sum.GoneBytes+size
		}
		return nil
	})
	return sums, err
}
