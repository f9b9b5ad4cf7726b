package photosdb

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"howett.net/plist"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// schema is what a library's database was found to hold.
type schema struct {
	tables map[string]map[string]bool // columns by table
	model  int64                      // PLModelVersion
	store  string                     // Z_METADATA.Z_UUID
	build  string                     // PLOSVersion; "" where it was not stored

	asset      string // ZASSET or ZGENERICASSET
	albumJoin  join   // album ↔ asset; zero if there is none
	wordJoin   join   // attributes ↔ keyword; zero if there is none
	faceAsset  string // column of ZDETECTEDFACE; "" if there is none
	facePerson string

	missing []string // optional facts that this database lacks and others have
}

// join is a table that ties two others together.
type join struct{ table, left, right string }

const attributes = "ZADDITIONALASSETATTRIBUTES"

// readSchema finds out what there is. An error says what of the core is missing.
func readSchema(conn *sqlite.Conn) (*schema, error) {
	s := &schema{tables: map[string]map[string]bool{}}
	const columns = `SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c
		WHERE m.type = 'table' AND m.name LIKE 'Z%' AND m.sql NOT LIKE 'CREATE VIRTUAL%'`
	err := each(conn, columns, func(stmt *sqlite.Stmt) error {
		table := stmt.ColumnText(0)
		if s.tables[table] == nil {
			s.tables[table] = map[string]bool{}
		}
		s.tables[table][stmt.ColumnText(1)] = true
		return nil
	})
	if err != nil {
		return nil, err
	}
	if err := s.readMetadata(conn); err != nil {
		return nil, err
	}
	if err := s.core(); err != nil {
		return nil, err
	}
	entities, err := readEntities(conn, s)
	if err != nil {
		return nil, err
	}
	s.deriveJoins(entities)
	s.faceAsset = s.first("ZDETECTEDFACE", "ZASSETFORFACE", "ZASSET")
	s.facePerson = s.first("ZDETECTEDFACE", "ZPERSONFORFACE", "ZPERSON")
	return s, nil
}

// core checks for what no photo can be told from another without.
func (s *schema) core() error {
	for _, name := range []string{"ZASSET", "ZGENERICASSET"} {
		if s.tables[name]["ZUUID"] {
			s.asset = name
			break
		}
	}
	if s.asset == "" {
		return fmt.Errorf("%w: no table ZASSET or ZGENERICASSET with a column ZUUID", ErrUnsupported)
	}
	for table, columns := range map[string][]string{
		s.asset:             {"Z_PK", "ZKIND", "ZDIRECTORY", "ZFILENAME", "ZDATECREATED", "ZTRASHEDSTATE"},
		attributes:          {"Z_PK", "ZASSET", "ZORIGINALFILENAME"},
		"ZINTERNALRESOURCE": {"Z_PK", "ZASSET", "ZRESOURCETYPE", "ZDATASTORESUBTYPE", "ZVERSION", "ZRECIPEID", "ZDATASTORECLASSID"},
	} {
		for _, column := range columns {
			if !s.tables[table][column] {
				return fmt.Errorf("%w: no column %s.%s", ErrUnsupported, table, column)
			}
		}
	}
	if s.first(s.asset, "ZADJUSTMENTSSTATE", "ZHASADJUSTMENTS") == "" {
		return fmt.Errorf("%w: no column %s.ZADJUSTMENTSSTATE or ZHASADJUSTMENTS", ErrUnsupported, s.asset)
	}
	return nil
}

// readMetadata reads the store's id and model version. A damaged property list
// is told later, by a model version of 0, and stops nothing.
func (s *schema) readMetadata(conn *sqlite.Conn) error {
	for _, column := range []string{"Z_UUID", "Z_PLIST"} {
		if !s.has("Z_METADATA", column) {
			return fmt.Errorf("%w: no column Z_METADATA.%s", ErrUnsupported, column)
		}
	}
	return each(conn, `SELECT Z_UUID, Z_PLIST FROM Z_METADATA`, func(stmt *sqlite.Stmt) error {
		s.store = stmt.ColumnText(0)
		data := make([]byte, stmt.ColumnLen(1))
		stmt.ColumnBytes(1, data)
		var list struct {
			Version int64 `plist:"PLModelVersion"`
		}
		if err := decodePlist(data, &list); err == nil {
			s.model = list.Version
		}
		var system struct {
			Build string `plist:"PLOSVersion"`
		}
		if err := decodePlist(data, &system); err == nil {
			s.build = strings.ToValidUTF8(system.Build, "\uFFFD")
		}
		return nil
	})
}

// maxPlist is many times what the property lists of a library have, in bytes.
const maxPlist = 1 << 20

// decodePlist decodes a property list. The decoder must not be trusted with
// hostile bytes: a panic in it is an error here. A stack that overflows, as from
// lists nested millions deep, cannot be recovered from; hence the limit.
func decodePlist(data []byte, into any) (err error) {
	if len(data) > maxPlist {
		return fmt.Errorf("property list: %d bytes are too many", len(data))
	}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("property list: %v", p)
		}
	}()
	return plist.NewDecoder(bytes.NewReader(data)).Decode(into)
}

// readEntities reads the numbers that the data model gave its entities; they
// change up and down from release to release.
func readEntities(conn *sqlite.Conn, s *schema) (map[string]int64, error) {
	entities := map[string]int64{}
	if !s.has("Z_PRIMARYKEY", "Z_ENT", "Z_NAME") {
		return entities, nil
	}
	err := each(conn, `SELECT Z_NAME, Z_ENT FROM Z_PRIMARYKEY`, func(stmt *sqlite.Stmt) error {
		entities[stmt.ColumnText(0)] = stmt.ColumnInt64(1)
		return nil
	})
	return entities, err
}

// deriveJoins names the join tables after the entities' numbers, and where the
// numbers lead nowhere takes the one table of the right shape.
func (s *schema) deriveJoins(entities map[string]int64) {
	assets := entities["Asset"]
	if n, old := entities["GenericAsset"]; old {
		assets = n
	}
	album := entities["Album"]
	s.albumJoin = join{
		fmt.Sprintf("Z_%dASSETS", album), fmt.Sprintf("Z_%dALBUMS", album), fmt.Sprintf("Z_%dASSETS", assets)}
	if !s.hasJoin(s.albumJoin) {
		s.albumJoin = s.findJoin(`^Z_\d+ASSETS$`, `^Z_\d+ALBUMS$`, `^Z_\d+ASSETS$`)
	}
	owner, word := entities["AdditionalAssetAttributes"], entities["Keyword"]
	s.wordJoin = join{
		fmt.Sprintf("Z_%dKEYWORDS", owner), fmt.Sprintf("Z_%dASSETATTRIBUTES", owner), fmt.Sprintf("Z_%dKEYWORDS", word)}
	if !s.hasJoin(s.wordJoin) {
		s.wordJoin = s.findJoin(`^Z_\d+KEYWORDS$`, `^Z_\d+ASSETATTRIBUTES$`, `^Z_\d+KEYWORDS$`)
	}
	if s.albumJoin.table == "" || !s.has("ZGENERICALBUM", "Z_PK", "ZKIND", "ZUUID", "ZTITLE") {
		s.albumJoin = join{}
		s.missing = append(s.missing, "albums")
	}
	if s.wordJoin.table == "" || !s.has("ZKEYWORD", "Z_PK", "ZTITLE") {
		s.wordJoin = join{}
		s.missing = append(s.missing, "keywords")
	}
}

func (s *schema) hasJoin(j join) bool { return s.has(j.table, j.left, j.right) }

func (s *schema) findJoin(table, left, right string) (found join) {
	tables := make([]string, 0, len(s.tables))
	for name := range s.tables {
		tables = append(tables, name)
	}
	slices.Sort(tables)
	for _, name := range tables {
		if !regexp.MustCompile(table).MatchString(name) {
			continue
		}
		j := join{name, s.matching(name, left), s.matching(name, right)}
		if j.left == "" || j.right == "" {
			continue
		}
		if found.table != "" {
			return join{} // two of a shape: neither can be trusted
		}
		found = j
	}
	return found
}

func (s *schema) matching(table, pattern string) string {
	for column := range s.tables[table] {
		if regexp.MustCompile(pattern).MatchString(column) {
			return column
		}
	}
	return ""
}

func (s *schema) has(table string, columns ...string) bool {
	for _, c := range columns {
		if !s.tables[table][c] {
			return false
		}
	}
	return s.tables[table] != nil
}

// first returns the first of some columns that the table has, "" for none.
func (s *schema) first(table string, columns ...string) string {
	for _, c := range columns {
		if s.tables[table][c] {
			return c
		}
	}
	return ""
}

// find returns alias.column for the first column that the table has, and NULL for none.
func (s *schema) find(alias, table string, columns ...string) string {
	if c := s.first(table, columns...); c != "" {
		return alias + "." + c
	}
	return "NULL"
}

// column is find for a fact that has no other name than its column, newest name first.
func (s *schema) column(alias, table string, columns ...string) string {
	c := s.find(alias, table, columns...)
	if c == "NULL" {
		s.lacksColumn(table, columns[0])
	}
	return c
}

// optional is find for a fact that has a name.
func (s *schema) optional(fact, alias, table string, columns ...string) string {
	c := s.find(alias, table, columns...)
	if c == "NULL" {
		s.lacks(fact)
	}
	return c
}

// lacksColumn is lacks for a column, unless it comes and goes with releases and this one
// need not have it.
func (s *schema) lacksColumn(table, column string) {
	if s.expects(table, column) {
		s.lacks(table + "." + column)
	}
}

// lacks remembers an optional fact that this database has not, once.
func (s *schema) lacks(fact string) {
	if !slices.Contains(s.missing, fact) {
		s.missing = append(s.missing, fact)
	}
}

// each runs a query and calls do for each row.
func each(conn *sqlite.Conn, query string, do func(*sqlite.Stmt) error, args ...any) error {
	return sqlitex.ExecuteTransient(conn, query, &sqlitex.ExecOptions{Args: args, ResultFunc: do})
}

// damaged reports whether SQLite gave up on the file itself.
func damaged(err error) bool {
	switch sqlite.ErrCode(err).ToPrimary() {
	case sqlite.ResultCorrupt, sqlite.ResultNotADB, sqlite.ResultFormat:
		return true
	}
	return err != nil && (errors.Is(err, ErrDamaged) || strings.Contains(err.Error(), "malformed"))
}
