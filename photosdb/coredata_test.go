package photosdb

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// coreData imitates the part of Core Data that matters here: it saves changes of
// rows and keeps the history of them as real libraries have it. Where two rows
// are tied by a third table both count as changed.
type coreData struct {
	t    testing.TB
	conn *sqlite.Conn
	s    *schema
	ent  map[string]int64
	last map[string]int64 // highest Z_PK ever given, by table
	made int              // names given
}

// edits opens a library's database as Photos would.
func edits(t testing.TB, path string) *coreData {
	t.Helper()
	conn, err := sqlite.OpenConn(filepath.Join(path, databasePath), sqlite.OpenReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	c := &coreData{t: t, conn: conn, last: map[string]int64{}}
	c.exec("PRAGMA synchronous = OFF")
	c.exec("PRAGMA journal_mode = WAL")
	c.exec("PRAGMA wal_autocheckpoint = 0")
	if c.s, err = readSchema(conn); err != nil {
		t.Fatal(err)
	}
	c.s.newQueries()
	if c.ent, err = readEntities(conn, c.s); err != nil {
		t.Fatal(err)
	}
	return c
}

func (c *coreData) close() {
	if err := c.conn.Close(); err != nil {
		c.t.Error(err)
	}
}

func (c *coreData) exec(query string, args ...any) {
	c.t.Helper()
	if err := sqlitex.ExecuteTransient(c.conn, query, &sqlitex.ExecOptions{Args: args}); err != nil {
		c.t.Fatalf("%s: %v", query, err)
	}
}

// keys reads the first column of a query.
func (c *coreData) keys(query string, args ...any) (keys []int64) {
	c.t.Helper()
	err := each(c.conn, query, func(stmt *sqlite.Stmt) error {
		keys = append(keys, stmt.ColumnInt64(0))
		return nil
	}, args...)
	if err != nil {
		c.t.Fatalf("%s: %v", query, err)
	}
	return keys
}

func (c *coreData) text(query string, args ...any) (text string) {
	c.t.Helper()
	err := each(c.conn, query, func(stmt *sqlite.Stmt) error {
		text = stmt.ColumnText(0)
		return nil
	}, args...)
	if err != nil {
		c.t.Fatalf("%s: %v", query, err)
	}
	return text
}

// next gives a key that no row of the table ever had.
func (c *coreData) next(table string) int64 {
	if c.last[table] == 0 {
		c.last[table] = 100_000 // beyond all that the fixture gave, deleted rows included
		if table == "ATRANSACTION" || table == "ACHANGE" {
			c.last[table] = c.keys("SELECT ifnull(max(Z_PK), 0) FROM " + table)[0]
		}
	}
	c.last[table]++
	return c.last[table]
}

// name makes up a text that was not there before.
func (c *coreData) name() string {
	c.made++
	return fmt.Sprintf("new %d of %d", c.made, c.last["ATRANSACTION"])
}

func (c *coreData) uuid() string {
	c.made++
	return fmt.Sprintf("%08X-0000-4000-8000-%012X", c.made, c.last["ATRANSACTION"])
}

// save is one transaction.
func (c *coreData) save(do func()) {
	c.exec("BEGIN IMMEDIATE")
	pk := c.next("ATRANSACTION")
	c.exec("INSERT INTO ATRANSACTION (Z_PK, Z_ENT, Z_OPT, ZTIMESTAMP) VALUES (?, 16002, 1, ?)", pk, 7e8+float64(pk))
	do()
	c.exec("COMMIT")
}

// note records a change in the transaction under way.
func (c *coreData) note(kind int, entity string, pk int64, tombstones ...any) {
	number, ok := c.ent[entity]
	if !ok {
		c.t.Fatalf("no entity %s", entity)
	}
	change := c.next("ACHANGE")
	c.exec("INSERT INTO ACHANGE (Z_PK, Z_ENT, Z_OPT, ZTRANSACTIONID, ZCHANGETYPE, ZENTITY, ZENTITYPK) VALUES (?, 16001, 1, ?, ?, ?, ?)",
		change, c.last["ATRANSACTION"], kind, number, pk)
	for i, value := range tombstones {
		if value != nil {
			c.exec(fmt.Sprintf("UPDATE ACHANGE SET ZTOMBSTONE%d = ? WHERE Z_PK = ?", i), value, change)
		}
	}
}

func (c *coreData) table(entity string) string {
	switch entity {
	case "Asset":
		return c.s.asset
	case "Album", "Folder", "CloudSharedAlbum", "FetchingAlbum":
		return "ZGENERICALBUM"
	}
	return "Z" + strings.ToUpper(entity)
}

// update saves a row; set may be empty, where only what it is tied to changed.
func (c *coreData) update(entity string, pk int64, set string, args ...any) {
	if set != "" {
		set = ", " + set
	}
	c.exec("UPDATE "+c.table(entity)+" SET Z_OPT = ifnull(Z_OPT, 0) + 1"+set+" WHERE Z_PK = ?", append(args, pk)...)
	c.note(changeUpdate, entity, pk)
}

func (c *coreData) insert(entity, columns string, args ...any) int64 {
	pk := c.next(c.table(entity))
	c.exec("INSERT INTO "+c.table(entity)+" (Z_PK, Z_ENT, Z_OPT, "+columns+") VALUES (?, ?, 1"+strings.Repeat(", ?", len(args))+")",
		append([]any{pk, c.ent[entity]}, args...)...)
	c.note(changeInsert, entity, pk)
	return pk
}

func (c *coreData) delete(entity string, pk int64, tombstones ...any) {
	c.exec("DELETE FROM "+c.table(entity)+" WHERE Z_PK = ?", pk)
	c.note(changeDelete, entity, pk, tombstones...)
}

// picker chooses one of several; false if there is none.
type picker func(keys []int64) (int64, bool)

func drawn(t *rapid.T) picker {
	return func(keys []int64) (int64, bool) {
		if len(keys) == 0 {
			return 0, false
		}
		return rapid.SampledFrom(keys).Draw(t, "row"), true
	}
}

func firstOf(keys []int64) (int64, bool) {
	if len(keys) == 0 {
		return 0, false
	}
	return keys[0], true
}

// change is something that a user or Photos does, in one transaction.
type change struct {
	name string
	// tells says that an asset's facts change by it, when the first of all rows
	// that come into question is picked in a fixture.
	tells bool
	do    func(c *coreData, pick picker)
}

// assetChange is a change of one asset and its attributes.
func assetChange(name string, do func(c *coreData, asset, attributes int64)) change {
	return change{name, true, func(c *coreData, pick picker) {
		owner, ok := pick(c.keys("SELECT Z_PK FROM " + attributes + " ORDER BY Z_PK"))
		if !ok {
			return
		}
		do(c, c.keys("SELECT ZASSET FROM "+attributes+" WHERE Z_PK = ?", owner)[0], owner)
	}}
}

func (c *coreData) members(album int64) []int64 {
	j := c.s.albumJoin
	return c.keys("SELECT "+j.right+" FROM "+j.table+" WHERE "+j.left+" = ? ORDER BY 1", album)
}

const userAlbums = "SELECT Z_PK FROM ZGENERICALBUM WHERE ZKIND = 2 AND ifnull(ZTRASHEDSTATE, 0) = 0 AND Z_PK IN (SELECT %s FROM %s) ORDER BY Z_PK"

func (c *coreData) filledAlbums() []int64 {
	return c.keys(fmt.Sprintf(userAlbums, c.s.albumJoin.left, c.s.albumJoin.table))
}

func (c *coreData) album(pick picker) (int64, bool) { return pick(c.filledAlbums()) }

// allChanges is all that the imitation can do.
var allChanges = []change{
	assetChange("title", func(c *coreData, asset, owner int64) {
		c.update("AdditionalAssetAttributes", owner, "ZTITLE = ?", c.name())
	}),
	assetChange("favourite", func(c *coreData, asset, owner int64) {
		c.update("Asset", asset, "ZFAVORITE = 1 - ifnull(ZFAVORITE, 0)")
	}),
	assetChange("date", func(c *coreData, asset, owner int64) {
		c.update("Asset", asset, "ZDATECREATED = ifnull(ZDATECREATED, 0) + 1")
	}),
	assetChange("into the trash or out of it", func(c *coreData, asset, owner int64) {
		c.update("Asset", asset, "ZTRASHEDSTATE = 1 - min(1, ifnull(ZTRASHEDSTATE, 0))")
	}),
	assetChange("new description", func(c *coreData, asset, owner int64) {
		pk := c.insert("AssetDescription", "ZASSETATTRIBUTES, ZLONGDESCRIPTION", owner, c.name())
		c.update("AdditionalAssetAttributes", owner, "ZASSETDESCRIPTION = ?", pk)
	}),
	{"other description", true, func(c *coreData, pick picker) {
		if pk, ok := pick(c.keys("SELECT ZASSETDESCRIPTION FROM " + attributes + " WHERE ZASSETDESCRIPTION IN (SELECT Z_PK FROM ZASSETDESCRIPTION) ORDER BY 1")); ok {
			c.update("AssetDescription", pk, "ZLONGDESCRIPTION = ?", c.name())
		}
	}},
	{"description away", true, func(c *coreData, pick picker) {
		if pk, ok := pick(c.keys("SELECT ZASSETDESCRIPTION FROM " + attributes + " WHERE ZASSETDESCRIPTION IN (SELECT Z_PK FROM ZASSETDESCRIPTION) ORDER BY 1")); ok {
			owner := c.keys("SELECT Z_PK FROM "+attributes+" WHERE ZASSETDESCRIPTION = ?", pk)[0]
			c.delete("AssetDescription", pk)
			c.update("AdditionalAssetAttributes", owner, "ZASSETDESCRIPTION = NULL")
		}
	}},
	assetChange("edit", func(c *coreData, asset, owner int64) {
		state := c.s.first(c.s.asset, "ZADJUSTMENTSSTATE", "ZHASADJUSTMENTS")
		c.insert("UnmanagedAdjustment", "ZASSETATTRIBUTES", owner)
		c.update("Asset", asset, "ZADJUSTMENTTIMESTAMP = ifnull(ZADJUSTMENTTIMESTAMP, 0) + 60, "+state+" = 1")
		c.insert("InternalResource", "ZASSET, ZRESOURCETYPE, ZDATASTORESUBTYPE, ZVERSION, ZRECIPEID, ZDATASTORECLASSID, ZTRASHEDSTATE", asset, 0, 2, 2, 65938, 0, 0)
	}),
	{"file", true, func(c *coreData, pick picker) {
		if pk, ok := pick(c.keys("SELECT Z_PK FROM ZINTERNALRESOURCE WHERE ZASSET IS NOT NULL ORDER BY Z_PK")); ok {
			c.update("InternalResource", pk, "ZFINGERPRINT = ?, ZDATALENGTH = ifnull(ZDATALENGTH, 0) + 1", c.name())
		}
	}},
	{"file away", true, func(c *coreData, pick picker) {
		if pk, ok := pick(c.keys("SELECT Z_PK FROM ZINTERNALRESOURCE WHERE ZASSET IN (SELECT Z_PK FROM " + c.s.asset + ") ORDER BY Z_PK")); ok {
			asset := c.keys("SELECT ZASSET FROM ZINTERNALRESOURCE WHERE Z_PK = ?", pk)[0]
			uuid := c.text("SELECT ZUUID FROM "+c.s.asset+" WHERE Z_PK = ?", asset)
			c.delete("InternalResource", pk, uuid+"-@-0", 0)
		}
	}},
	{"file away, of nobody knows whom", true, func(c *coreData, pick picker) {
		if pk, ok := pick(c.keys("SELECT Z_PK FROM ZINTERNALRESOURCE WHERE ZASSET IN (SELECT Z_PK FROM " + c.s.asset + ") ORDER BY Z_PK")); ok {
			c.delete("InternalResource", pk, nil, 0)
		}
	}},
	assetChange("keyword", func(c *coreData, asset, owner int64) {
		word := c.insert("Keyword", "ZTITLE", c.name())
		c.tieWord(owner, word)
		c.update("AdditionalAssetAttributes", owner, "")
		c.update("Keyword", word, "")
	}),
	assetChange("keyword, told by the keyword alone", func(c *coreData, asset, owner int64) {
		c.tieWord(owner, c.insert("Keyword", "ZTITLE", c.name()))
	}),
	{"keyword away", true, func(c *coreData, pick picker) {
		j := c.s.wordJoin
		if word, ok := pick(c.keys("SELECT DISTINCT " + j.right + " FROM " + j.table + " ORDER BY 1")); ok {
			owner := c.keys("SELECT "+j.left+" FROM "+j.table+" WHERE "+j.right+" = ?", word)[0]
			c.exec("DELETE FROM "+j.table+" WHERE "+j.left+" = ? AND "+j.right+" = ?", owner, word)
			c.update("Keyword", word, "")
		}
	}},
	{"keyword's name", true, func(c *coreData, pick picker) {
		if word, ok := pick(c.keys("SELECT DISTINCT " + c.s.wordJoin.right + " FROM " + c.s.wordJoin.table + " ORDER BY 1")); ok {
			c.update("Keyword", word, "ZTITLE = ?", c.name())
		}
	}},
	{"keyword deleted", true, func(c *coreData, pick picker) {
		j := c.s.wordJoin
		if word, ok := pick(c.keys("SELECT DISTINCT " + j.right + " FROM " + j.table + " ORDER BY 1")); ok {
			c.exec("DELETE FROM "+j.table+" WHERE "+j.right+" = ?", word)
			c.delete("Keyword", word)
		}
	}},
	{"new album", true, func(c *coreData, pick picker) {
		asset, ok := pick(c.keys("SELECT Z_PK FROM " + c.s.asset + " ORDER BY Z_PK"))
		if !ok {
			return
		}
		album := c.insert("Album", "ZKIND, ZUUID, ZTITLE", kindAlbum, c.uuid(), c.name())
		c.join(album, asset)
		c.update("Asset", asset, "")
	}},
	{"into an album, told by the album alone", true, func(c *coreData, pick picker) {
		album, ok := c.album(pick)
		asset, found := pick(c.keys("SELECT Z_PK FROM "+c.s.asset+" WHERE Z_PK NOT IN (SELECT "+c.s.albumJoin.right+" FROM "+
			c.s.albumJoin.table+" WHERE "+c.s.albumJoin.left+" = ?) ORDER BY Z_PK", album))
		if ok && found {
			c.join(album, asset)
			c.update("Album", album, "")
		}
	}},
	{"out of an album, told by the album alone", true, func(c *coreData, pick picker) {
		if album, ok := c.album(pick); ok {
			asset, _ := pick(c.members(album))
			c.exec("DELETE FROM "+c.s.albumJoin.table+" WHERE "+c.s.albumJoin.left+" = ? AND "+c.s.albumJoin.right+" = ?", album, asset)
			c.update("Album", album, "")
		}
	}},
	{"out of an album, told by the asset alone", true, func(c *coreData, pick picker) {
		if album, ok := c.album(pick); ok {
			asset, _ := pick(c.members(album))
			c.exec("DELETE FROM "+c.s.albumJoin.table+" WHERE "+c.s.albumJoin.left+" = ? AND "+c.s.albumJoin.right+" = ?", album, asset)
			c.update("Asset", asset, "")
		}
	}},
	{"album's title", true, func(c *coreData, pick picker) {
		if album, ok := c.album(pick); ok {
			c.update("Album", album, "ZTITLE = ?", c.name())
		}
	}},
	{"album deleted", true, func(c *coreData, pick picker) {
		if album, ok := c.album(pick); ok {
			c.exec("DELETE FROM "+c.s.albumJoin.table+" WHERE "+c.s.albumJoin.left+" = ?", album)
			c.delete("Album", album, 0, nil, c.text("SELECT ZUUID FROM ZGENERICALBUM WHERE Z_PK = ?", album))
		}
	}},
	{"album into the trash or out of it", true, func(c *coreData, pick picker) {
		if album, ok := c.album(pick); ok {
			c.update("Album", album, "ZTRASHEDSTATE = 1 - ifnull(ZTRASHEDSTATE, 0)")
		}
	}},
	{"folder's title", true, func(c *coreData, pick picker) {
		if folder, ok := pick(c.keys("SELECT ZPARENTFOLDER FROM ZGENERICALBUM WHERE Z_PK IN (" +
			strings.TrimSuffix(fmt.Sprintf(userAlbums, c.s.albumJoin.left, c.s.albumJoin.table), " ORDER BY Z_PK") +
			") AND ZPARENTFOLDER IN (SELECT Z_PK FROM ZGENERICALBUM WHERE ZKIND = 4000) ORDER BY 1")); ok {
			c.update("Folder", folder, "ZTITLE = ?", c.name())
		}
	}},
	{"album to another folder", true, func(c *coreData, pick picker) {
		album, ok := c.album(pick)
		if ok {
			folder := c.insert("Folder", "ZKIND, ZUUID, ZTITLE", kindFolder, c.uuid(), c.name())
			c.update("Album", album, "ZPARENTFOLDER = ?", folder)
		}
	}},
	{"person's name", true, func(c *coreData, pick picker) {
		if person, ok := pick(c.facePersons()); ok {
			c.update("Person", person, "ZFULLNAME = ?", c.name())
		}
	}},
	{"person merged", true, func(c *coreData, pick picker) {
		if person, ok := pick(c.facePersons()); ok {
			other := c.insert("Person", "ZFULLNAME, ZPERSONUUID", c.name(), c.uuid())
			c.update("Person", person, "ZMERGETARGETPERSON = ?", other)
		}
	}},
	{"name of the person whom another went into", true, func(c *coreData, pick picker) {
		if person, ok := pick(c.keys("SELECT p.ZMERGETARGETPERSON FROM ZPERSON p JOIN ZPERSON q ON q.Z_PK = p.ZMERGETARGETPERSON WHERE p.Z_PK IN (SELECT " +
			c.s.facePerson + " FROM ZDETECTEDFACE) ORDER BY 1")); ok {
			c.update("Person", person, "ZFULLNAME = ?", c.name())
		}
	}},
	{"person deleted", true, func(c *coreData, pick picker) {
		if person, ok := pick(c.facePersons()); ok {
			c.delete("Person", person)
		}
	}},
	{"face", true, func(c *coreData, pick picker) {
		if face, ok := pick(c.faces()); ok {
			c.update("DetectedFace", face, "ZHIDDEN = 1 - ifnull(ZHIDDEN, 0)")
		}
	}},
	{"face of somebody else", true, func(c *coreData, pick picker) {
		if face, ok := pick(c.faces()); ok {
			person := c.insert("Person", "ZFULLNAME, ZPERSONUUID", c.name(), c.uuid())
			c.update("DetectedFace", face, c.s.facePerson+" = ?", person)
		}
	}},
	assetChange("new face", func(c *coreData, asset, owner int64) {
		c.insert("DetectedFace", c.s.faceAsset+", ZUUID", asset, c.uuid())
	}),
	{"face deleted", true, func(c *coreData, pick picker) {
		if face, ok := pick(c.faces()); ok {
			c.delete("DetectedFace", face)
		}
	}},
	{"cloud", true, func(c *coreData, pick picker) {
		if master, ok := pick(c.keys("SELECT Z_PK FROM ZCLOUDMASTER WHERE Z_PK IN (SELECT ZMASTER FROM " + c.s.asset + ") ORDER BY Z_PK")); ok {
			c.update("CloudMaster", master, "ZCLOUDMASTERGUID = ?", c.name())
		}
	}},
	{"new asset", true, func(c *coreData, pick picker) {
		uuid := c.uuid()
		state := c.s.first(c.s.asset, "ZADJUSTMENTSSTATE", "ZHASADJUSTMENTS")
		asset := c.insert("Asset", "ZUUID, ZKIND, ZDIRECTORY, ZFILENAME, ZTRASHEDSTATE, ZDATECREATED, "+state, uuid, 0, "0", uuid+".jpeg", 0, 7e8, 0)
		owner := c.insert("AdditionalAssetAttributes", "ZASSET, ZORIGINALFILENAME", asset, c.name())
		c.insert("ExtendedAttributes", "ZASSET", asset)
		c.insert("InternalResource", "ZASSET, ZRESOURCETYPE, ZDATASTORESUBTYPE, ZVERSION, ZRECIPEID, ZDATASTORECLASSID, ZTRASHEDSTATE", asset, 0, 1, 0, 0, 0, 0)
		_ = owner
	}},
	{"asset removed for good", true, func(c *coreData, pick picker) { c.purge(pick, true) }},
	{"asset removed for good, without a word of which", true, func(c *coreData, pick picker) { c.purge(pick, false) }},
	{"something that no photo is concerned by", false, func(c *coreData, pick picker) {
		if album, ok := pick(c.keys("SELECT Z_PK FROM ZGENERICALBUM WHERE ZKIND NOT IN (2, 1505, 4000) ORDER BY Z_PK")); ok {
			c.update("Album", album, "")
		}
		c.note(changeUpdate, "Moment", 1)
	}},
}

func (c *coreData) join(album, asset int64) {
	j := c.s.albumJoin
	c.exec("INSERT INTO "+j.table+" ("+j.left+", "+j.right+") VALUES (?, ?)", album, asset)
}

func (c *coreData) tieWord(owner, word int64) {
	j := c.s.wordJoin
	c.exec("INSERT INTO "+j.table+" ("+j.left+", "+j.right+") VALUES (?, ?)", owner, word)
}

func (c *coreData) facePersons() []int64 {
	return c.keys("SELECT Z_PK FROM ZPERSON WHERE Z_PK IN (SELECT " + c.s.facePerson + " FROM ZDETECTEDFACE) ORDER BY Z_PK")
}

func (c *coreData) faces() []int64 {
	return c.keys("SELECT Z_PK FROM ZDETECTEDFACE WHERE " + c.s.faceAsset + " IN (SELECT Z_PK FROM " + c.s.asset + ") ORDER BY Z_PK")
}

// purge removes an asset and all that is its own. As in real libraries its UUID is
// left in one of the tombstones, and nothing in those of its files.
func (c *coreData) purge(pick picker, tell bool) {
	asset, ok := pick(c.keys("SELECT Z_PK FROM " + c.s.asset + " ORDER BY Z_PK"))
	if !ok {
		return
	}
	uuid := c.text("SELECT ZUUID FROM "+c.s.asset+" WHERE Z_PK = ?", asset)
	for _, pk := range c.keys("SELECT Z_PK FROM ZINTERNALRESOURCE WHERE ZASSET = ?", asset) {
		c.delete("InternalResource", pk, nil, 0)
	}
	for _, pk := range c.keys("SELECT Z_PK FROM ZDETECTEDFACE WHERE "+c.s.faceAsset+" = ?", asset) {
		c.delete("DetectedFace", pk)
	}
	for _, pk := range c.keys("SELECT Z_PK FROM "+attributes+" WHERE ZASSET = ?", asset) {
		c.exec("DELETE FROM "+c.s.wordJoin.table+" WHERE "+c.s.wordJoin.left+" = ?", pk)
		c.delete("AdditionalAssetAttributes", pk)
	}
	c.exec("DELETE FROM "+c.s.albumJoin.table+" WHERE "+c.s.albumJoin.right+" = ?", asset)
	if tell {
		c.delete("Asset", asset, nil, 0, uuid)
	} else {
		c.delete("Asset", asset)
	}
}

func changeNamed(t testing.TB, name string) change {
	t.Helper()
	i := slices.IndexFunc(allChanges, func(e change) bool { return e.name == name })
	if i < 0 {
		t.Fatalf("no change %q", name)
	}
	return allChanges[i]
}
