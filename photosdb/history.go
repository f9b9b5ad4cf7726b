package photosdb

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"zombiezen.com/go/sqlite"
)

// Core Data keeps a history of every row that was inserted, changed or deleted:
// ATRANSACTION has one row per save, ACHANGE one per row of it, named by the
// number of its entity and its Z_PK.

// errNoHistory says that the history does not tell what changed, and why.
type errNoHistory string

func (e errNoHistory) Error() string { return string(e) }

// position is a place in the history. Numbers alone do not name one: a library
// that came back from a backup counts the same numbers once more.
type position struct {
	transaction int64   // last ATRANSACTION.Z_PK, 0 for none
	time        float64 // its ZTIMESTAMP
	change      int64   // last ACHANGE.Z_PK, 0 for none
	sum         uint64  // of that row
}

// cursor is a position together with what must not have changed for it to mean
// anything, and the files' mark.
type cursor struct {
	store   string // Z_METADATA.Z_UUID
	reading uint64 // of what is digested, and how
	history *position
	mark    mark
}

const cursorPrefix = "photogo1"

func (c cursor) String() string {
	p := position{transaction: -1}
	if c.history != nil {
		p = *c.history
	}
	return strings.Join([]string{cursorPrefix, url.QueryEscape(c.store), strconv.FormatUint(c.reading, 16),
		strconv.FormatInt(p.transaction, 10), strconv.FormatUint(math.Float64bits(p.time), 16),
		strconv.FormatInt(p.change, 10), strconv.FormatUint(p.sum, 16), string(c.mark)}, ":")
}

func parseCursor(text string) (c cursor, err error) {
	parts := strings.Split(text, ":")
	if len(parts) != 8 || parts[0] != cursorPrefix {
		return c, errors.New("not a cursor of this release of photogo")
	}
	var p position
	var bits uint64
	var errs [6]error
	c.store, errs[0] = url.QueryUnescape(parts[1])
	c.reading, errs[1] = strconv.ParseUint(parts[2], 16, 64)
	p.transaction, errs[2] = strconv.ParseInt(parts[3], 10, 64)
	bits, errs[3] = strconv.ParseUint(parts[4], 16, 64)
	p.change, errs[4] = strconv.ParseInt(parts[5], 10, 64)
	p.sum, errs[5] = strconv.ParseUint(parts[6], 16, 64)
	if p.time = math.Float64frombits(bits); p.transaction >= 0 {
		c.history = &p
	}
	c.mark = mark(parts[7])
	return c, errors.Join(errs[:]...)
}

// reading names what a digest is made of: another release of photogo, or of the
// data model, which numbers the entities of the history anew, gives another.
func (l *Library) reading() uint64 {
	q := l.queries
	return digestOf("2", strconv.FormatInt(l.schema.model, 10), q.assets, q.resources, q.faces, q.albums, q.keywords)
}

// hasHistory reports whether the tables of the history are there, as tables.
func (l *Library) hasHistory() (bool, error) {
	n := 0
	err := each(l.conn, `SELECT count(*) FROM sqlite_master m, pragma_table_info(m.name) c
		WHERE m.type = 'table' AND m.sql NOT LIKE 'CREATE VIRTUAL%' AND (
			m.name = 'ATRANSACTION' AND c.name IN ('Z_PK', 'ZTIMESTAMP') OR
			m.name = 'ACHANGE' AND c.name IN ('Z_PK', 'ZTRANSACTIONID', 'ZCHANGETYPE', 'ZENTITY', 'ZENTITYPK'))`, func(stmt *sqlite.Stmt) error {
		n = stmt.ColumnInt(0)
		return nil
	})
	return n == 7, err
}

// position returns the end of the history, nil if there is no history.
func (l *Library) position() (*position, error) {
	if ok, err := l.hasHistory(); err != nil || !ok {
		return nil, err
	}
	p := &position{}
	err := each(l.conn, "SELECT Z_PK, ZTIMESTAMP FROM ATRANSACTION ORDER BY Z_PK DESC LIMIT 1", func(stmt *sqlite.Stmt) error {
		p.transaction, p.time = stmt.ColumnInt64(0), stmt.ColumnFloat(1)
		return nil
	})
	if err != nil {
		return nil, err
	}
	err = each(l.conn, "SELECT max(Z_PK) FROM ACHANGE", func(stmt *sqlite.Stmt) error {
		p.change = stmt.ColumnInt64(0)
		return nil
	})
	if err == nil {
		p.sum, err = l.changeSum(p.change)
	}
	return p, err
}

// changeSum names a row of ACHANGE by its content, 0 if there is none.
func (l *Library) changeSum(pk int64) (sum uint64, err error) {
	const query = "SELECT ZTRANSACTIONID, ZCHANGETYPE, ZENTITY, ZENTITYPK FROM ACHANGE WHERE Z_PK = ?"
	err = each(l.conn, query, func(stmt *sqlite.Stmt) error {
		var b []byte
		for i := range stmt.ColumnCount() {
			b = appendColumn(b, stmt, i)
		}
		sum = sum64(b)
		return nil
	}, pk)
	return sum, err
}

// continues finds out whether the history since p is whole. Errors: errNoHistory.
func (l *Library) continues(p *position) error {
	reason := errNoHistory("the transaction of the last time is gone from the history")
	if p.transaction == 0 {
		reason = "" // there was none
	}
	err := each(l.conn, "SELECT ZTIMESTAMP FROM ATRANSACTION WHERE Z_PK = ?", func(stmt *sqlite.Stmt) error {
		if reason = ""; stmt.ColumnFloat(0) != p.time {
			reason = "the history is another one than the last time: the library may come from a backup"
		}
		return nil
	}, p.transaction)
	if err != nil {
		return err
	}
	if reason != "" {
		return reason
	}
	sum, err := l.changeSum(p.change)
	if err != nil {
		return err
	}
	if sum != p.sum {
		return errNoHistory("the last change of the last time is gone from the history")
	}
	for _, table := range []struct {
		name string
		from int64
	}{{"ATRANSACTION", p.transaction}, {"ACHANGE", p.change}} {
		err := each(l.conn, "SELECT count(*), max(Z_PK) FROM "+table.name+" WHERE Z_PK > ?", func(stmt *sqlite.Stmt) error {
			if n := stmt.ColumnInt64(0); n > 0 && n != stmt.ColumnInt64(1)-table.from {
				return errNoHistory("rows are missing in the history")
			}
			return nil
		}, table.from)
		if err != nil {
			return err
		}
	}
	return nil
}

// touched is what a part of the history names.
type touched struct {
	rows    map[string]map[int64]bool // Z_PKs by the entity whose route is theirs
	uuids   map[UUID]bool             // assets that are named by UUID
	deleted map[UUID]bool
	ties    bool // albums, keywords, people or faces that may concern any asset
	files   bool // files that went, and may have been any asset's
}

// Limits of what is taken from the history; beyond, comparing everything is
// cheaper.
const (
	maxTouched   = 100_000
	maxTombstone = 200 // bytes: a UUID and a little more
)

// Kinds of change, ACHANGE.ZCHANGETYPE.
const (
	changeInsert = 0
	changeUpdate = 1
	changeDelete = 2
)

// resourceTombstone is what is left of a deleted row of a file: the asset's UUID.
var resourceTombstone = regexp.MustCompile(`^([0-9A-F-]{36})-@-`)

// since reads the history after p. Errors: errNoHistory.
func (l *Library) since(p *position) (*touched, error) {
	entities, err := l.routesByNumber()
	if err != nil {
		return nil, err
	}
	tombstones := []string{}
	err = each(l.conn, "SELECT name FROM pragma_table_info('ACHANGE') WHERE name GLOB 'ZTOMBSTONE[0-9]*'", func(stmt *sqlite.Stmt) error {
		if name := stmt.ColumnText(0); regexp.MustCompile(`^ZTOMBSTONE\d+$`).MatchString(name) {
			tombstones = append(tombstones, name)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	t := &touched{rows: map[string]map[int64]bool{}, uuids: map[UUID]bool{}, deleted: map[UUID]bool{}}
	// Attributes go together with their asset, and then nothing is left of whose they
	// were.
	purged, loose := map[int64]bool{}, map[int64]bool{} // transactions
	n := 0
	query := "SELECT ZTRANSACTIONID, ZCHANGETYPE, ZENTITY, ZENTITYPK"
	for _, name := range tombstones {
		query += ", " + name
	}
	err = each(l.conn, query+" FROM ACHANGE WHERE Z_PK > ? ORDER BY Z_PK", func(stmt *sqlite.Stmt) error {
		transaction, kind, pk := stmt.ColumnInt64(0), stmt.ColumnInt64(1), stmt.ColumnInt64(3)
		entity, known := entities[stmt.ColumnInt64(2)]
		switch {
		case transaction <= p.transaction:
			return errNoHistory("a change came to the history of an earlier transaction")
		case !known:
			return errNoHistory(fmt.Sprintf("the history names the entity %d, which the data model does not have", stmt.ColumnInt64(2)))
		case kind < changeInsert || kind > changeDelete:
			return errNoHistory(fmt.Sprintf("the history has a kind of change %d", kind))
		case entity == "":
			return nil
		}
		if n++; n > maxTouched {
			return errNoHistory("more changed than is worth following")
		}
		if t.rows[entity] == nil {
			t.rows[entity] = map[int64]bool{}
		}
		t.rows[entity][pk] = true
		if kind != changeDelete {
			return nil
		}
		var uuids []UUID // the cloud's may be among them, too
		for i := range tombstones {
			if stmt.ColumnLen(4+i) > maxTombstone {
				continue
			}
			text := stmt.ColumnText(4 + i)
			if m := resourceTombstone.FindStringSubmatch(text); m != nil {
				text = m[1]
			}
			if canonical(text) {
				uuids = append(uuids, UUID(text))
			}
		}
		switch entity {
		case "Asset":
			purged[transaction] = true
			for _, u := range uuids {
				t.deleted[u] = true
			}
		case "InternalResource":
			t.files = t.files || len(uuids) == 0
			for _, u := range uuids {
				t.uuids[u] = true
			}
		case "AdditionalAssetAttributes":
			loose[transaction] = true
		case "DetectedFace":
			t.ties = true
		}
		return nil
	}, p.change)
	if err != nil {
		return nil, err
	}
	for transaction := range loose {
		if !purged[transaction] {
			return nil, errNoHistory("the history does not tell to which photo something belonged that was deleted")
		}
	}
	return t, nil
}

// routes lead from a row of an entity to the assets that it concerns: each is a
// query for their Z_PKs by a JSON array of the row's. "" is a row that can concern
// any asset by its albums, keywords or faces; those are compared for all. Tables
// of entities without a route are not read.
func (s *schema) routes() map[string]string {
	one := "SELECT value FROM json_each(?1)"
	by := func(column, table, key string) string {
		if !s.has(table, column, key) {
			return one // of no use, and not needed: what is read does not lead there
		}
		return "SELECT t." + column + " FROM json_each(?1) j CROSS JOIN " + table + " t ON t." + key + " = j.value"
	}
	routes := map[string]string{
		"Asset":                     one,
		"AdditionalAssetAttributes": by("ZASSET", attributes, "Z_PK"),
		"ExtendedAttributes":        by("ZASSET", "ZEXTENDEDATTRIBUTES", "Z_PK"),
		"AssetDescription":          by("ZASSET", attributes, "ZASSETDESCRIPTION"),
		"UnmanagedAdjustment":       by("ZASSET", attributes, "ZUNMANAGEDADJUSTMENT"),
		"InternalResource":          by("ZASSET", "ZINTERNALRESOURCE", "Z_PK"),
		"FileSystemBookmark":        by("ZASSET", "ZINTERNALRESOURCE", "ZFILESYSTEMBOOKMARK"),
		"FileSystemVolume":          by("ZASSET", "ZINTERNALRESOURCE", "ZFILESYSTEMVOLUME"),
		"UniformTypeIdentifier":     by("ZASSET", "ZINTERNALRESOURCE", "ZUNIFORMTYPEIDENTIFIER"),
		"CloudMaster":               by("Z_PK", s.asset, "ZMASTER"),

		"Keyword": "", "Person": "", "GenericAlbum": "", "CloudSharedAlbumInvitationRecord": "",
	}
	if s.faceAsset != "" {
		routes["DetectedFace"] = by(s.faceAsset, "ZDETECTEDFACE", "Z_PK")
	}
	return routes
}

// routesByNumber names for the number of each entity the one whose route is its
// own: itself, or one above it; "" if its rows concern no asset.
func (l *Library) routesByNumber() (map[int64]string, error) {
	if !l.schema.has("Z_PRIMARYKEY", "Z_ENT", "Z_NAME", "Z_SUPER") {
		return nil, errNoHistory("the database does not name its entities")
	}
	type entity struct {
		name  string
		super int64
	}
	all := map[int64]entity{}
	err := each(l.conn, "SELECT Z_ENT, Z_NAME, Z_SUPER FROM Z_PRIMARYKEY", func(stmt *sqlite.Stmt) error {
		all[stmt.ColumnInt64(0)] = entity{stmt.ColumnText(1), stmt.ColumnInt64(2)}
		return nil
	})
	if err != nil {
		return nil, err
	}
	routes, names := l.schema.routes(), map[int64]string{}
	for number := range all {
		names[number] = ""
		for at, steps := number, 0; steps < min(len(all), maxLevels); steps++ { // a circle is damage, and ends
			e, ok := all[at]
			if !ok {
				break
			}
			if e.name == "GenericAsset" {
				e.name = "Asset" // Photos 5
			}
			if _, ok := routes[e.name]; ok {
				names[number] = e.name
				break
			}
			at = e.super
		}
	}
	return names, nil
}

// candidates are the Z_PKs of all assets that a part of the history may concern.
func (l *Library) candidates(d *digester, t *touched, known *Baseline) ([]int64, error) {
	found := map[int64]bool{}
	collect := func(stmt *sqlite.Stmt) error {
		if pk := stmt.ColumnInt64(0); pk != 0 {
			found[pk] = true
		}
		return nil
	}
	for entity, query := range l.schema.routes() {
		keys := make([]int64, 0, len(t.rows[entity]))
		for pk := range t.rows[entity] {
			keys = append(keys, pk)
		}
		if len(keys) == 0 {
			continue
		}
		if query == "" {
			relevant := true
			if entity == "GenericAlbum" {
				var err error
				if relevant, err = l.anyAlbum(keys); err != nil {
					return nil, err
				}
			}
			t.ties = t.ties || relevant
			continue
		}
		for part := range slices.Chunk(keys, chunk) {
			if err := each(l.conn, query, collect, jsonArray(part)); err != nil {
				return nil, err
			}
		}
	}
	if len(t.uuids) > 0 {
		var uuids []UUID
		for u := range t.uuids {
			uuids = append(uuids, u)
		}
		list, err := json.Marshal(uuids)
		if err != nil {
			return nil, err
		}
		query := "SELECT a.Z_PK FROM json_each(?1) j CROSS JOIN " + l.schema.asset + " a ON a.ZUUID = j.value"
		if err := each(l.conn, query, collect, string(list)); err != nil {
			return nil, err
		}
	}
	if t.ties || t.files {
		var ties map[int64]uint64
		files, err := d.allFiles()
		if err == nil && t.ties {
			ties, err = d.allTies()
		}
		if err != nil {
			return nil, err
		}
		err = each(l.conn, "SELECT Z_PK, ZUUID FROM "+l.schema.asset, func(stmt *sqlite.Stmt) error {
			pk := stmt.ColumnInt64(0)
			id, _ := idOf(UUID(stmt.ColumnText(1)))
			was, ok := known.find(id)
			now := counted(ties[pk], files[pk])
			if !ok || (t.ties && was.ties != now) || (was.ties^now)&countMask != 0 {
				found[pk] = true
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	keys := make([]int64, 0, len(found))
	for pk := range found {
		keys = append(keys, pk)
	}
	slices.Sort(keys)
	return keys, nil
}

// anyAlbum reports whether one of some rows of ZGENERICALBUM is an album or a
// folder that an asset can tell of, or is gone. Others change all the time: Photos
// keeps its own lists there.
func (l *Library) anyAlbum(keys []int64) (bool, error) {
	if !l.schema.has("ZGENERICALBUM", "Z_PK", "ZKIND") {
		return false, nil
	}
	others := 0
	for part := range slices.Chunk(keys, chunk) {
		const query = "SELECT g.ZKIND FROM json_each(?1) j CROSS JOIN ZGENERICALBUM g ON g.Z_PK = j.value"
		err := each(l.conn, query, func(stmt *sqlite.Stmt) error {
			switch stmt.ColumnInt64(0) {
			case kindAlbum, kindSharedAlbum, kindFolder:
			default:
				others++
			}
			return nil
		}, jsonArray(part))
		if err != nil {
			return false, err
		}
	}
	return others < len(keys), nil
}
