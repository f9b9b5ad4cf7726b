package photosdb

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
	"zombiezen.com/go/sqlite"

	"github.com/photogo/photogo/internal/fixture"
)

// stated is all that a library states of its assets; what was found on disk is
// left out.
func stated(t testing.TB, path string) map[UUID]Asset {
	t.Helper()
	all := map[UUID]Asset{}
	temp, err := os.MkdirTemp("", "photogo-test-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(temp)
	l, err := Open(context.Background(), path, Options{TempDir: temp})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, a := range list(t, l, ByUUID) {
		for i := range a.Resources {
			r := &a.Resources[i]
			r.OnDisk, r.Found, r.ModTime, r.Problem = false, 0, 0, nil
		}
		all[a.UUID] = *a
	}
	return all
}

// checkDifference holds what was found against what the library stated before
// and after. What is found may have changed in a way that Asset does not tell;
// what Asset tells must be found.
func checkDifference(t testing.TB, before, after map[UUID]Asset, found *Changes) {
	t.Helper()
	var added, deleted []UUID
	for u, a := range after {
		if b, ok := before[u]; !ok {
			added = append(added, u)
		} else if !reflect.DeepEqual(a, b) && !slices.Contains(found.Changed, u) {
			t.Errorf("%s changed (%v) and was not found", u, differences(a, b))
		}
	}
	for u := range before {
		if _, ok := after[u]; !ok {
			deleted = append(deleted, u)
		}
	}
	slices.Sort(added)
	slices.Sort(deleted)
	if !slices.Equal(added, found.Added) || !slices.Equal(deleted, found.Deleted) {
		t.Errorf("added %v, found %v; deleted %v, found %v", added, found.Added, deleted, found.Deleted)
	}
	if found.Baseline.Len() != len(after) {
		t.Errorf("the new baseline has %d assets, the library %d", found.Baseline.Len(), len(after))
	}
}

// changesOf finds the changes of a library by its history, by comparison, and in
// place, and holds them against each other.
func changesOf(t testing.TB, path string, since *Baseline) *Changes {
	t.Helper()
	ctx := context.Background()
	temp, err := os.MkdirTemp("", "photogo-test-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(temp)
	l, err := Open(ctx, path, Options{TempDir: temp})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	found, err := l.Changes(ctx, since)
	if err != nil {
		t.Fatal(err)
	}
	compared, err := l.Compare(ctx, since)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "by comparison", found, compared)
	if read := readBaseline(t, l); !reflect.DeepEqual(read, compared.Baseline) {
		t.Errorf("a sequence of assets tells another baseline than a comparison: %d assets at %s, not %d at %s",
			read.Len(), read.Cursor(), compared.Baseline.Len(), compared.Baseline.Cursor())
	}
	settle(t, path)
	there, err := FindChanges(ctx, path, since, Options{TempDir: filepath.Join(temp, "never", "made")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(temp, "never")); err == nil {
		t.Error("there was a snapshot")
	}
	same(t, "in place", found, there)
	checkRecent(t, l, since, found)
	return there // it knows the files' times, as they are now
}

// readBaseline is what a sequence of assets tells of what it read, and only at its end.
func readBaseline(t testing.TB, l *Library) *Baseline {
	t.Helper()
	var read Baseline
	for _, err := range l.Assets(context.Background(), Query{Order: ByDate, Baseline: &read}) {
		if err != nil {
			t.Fatal(err)
		}
		if read.Len() > 0 || read.Cursor() != "" {
			t.Fatal("a sequence tells a baseline before its end")
		}
	}
	return &read
}

func same(t testing.TB, how string, a, b *Changes) {
	t.Helper()
	if !slices.Equal(a.Added, b.Added) || !slices.Equal(a.Changed, b.Changed) || !slices.Equal(a.Deleted, b.Deleted) {
		t.Errorf("by history (%q): added %v, changed %v, deleted %v; %s: %v, %v, %v",
			a.Compared, a.Added, a.Changed, a.Deleted, how, b.Added, b.Changed, b.Deleted)
	}
	if !slices.Equal(a.Baseline.entries, b.Baseline.entries) || !reflect.DeepEqual(a.Baseline.odd, b.Baseline.odd) {
		t.Errorf("%s the new baseline is another one", how)
	}
}

// generationsTried are the ones that differ in what the history leads through: the
// asset's table, the face's columns, the tables of types and the join tables.
var generationsTried = []string{"5", "8", "27"}

// templates are libraries to be cloned, one a generation. They have no files: what
// is found on disk must not be taken for a change.
func templates(t testing.TB) map[string]string {
	t.Helper()
	paths := map[string]string{}
	for _, name := range generationsTried {
		paths[name] = cloneDatabase(t, build(t, fixture.Options{Generation: generation(t, name), Assets: 3}).Path)
	}
	return paths
}

// Every single change that the imitation knows is found, by the history alone, in
// every generation.
func TestEachChangeIsFound(t *testing.T) {
	for name, path := range templates(t) {
		before := stated(t, path)
		first := changesOf(t, path, nil)
		if len(first.Added) != len(before) || len(first.Changed)+len(first.Deleted) > 0 || first.Compared == "" {
			t.Fatalf("Photos %s: at first %d of %d assets are new (%s)", name, len(first.Added), len(before), first.Compared)
		}
		for _, e := range allChanges {
			t.Run(name+"/"+e.name, func(t *testing.T) {
				copied := cloneDatabase(t, path)
				prepare := before
				since := first.Baseline
				c := edits(t, copied)
				if strings.Contains(e.name, "another went into") { // needs a merge first
					c.save(func() { changeNamed(t, "person merged").do(c, firstOf) })
					prepare, since = stated(t, copied), changesOf(t, copied, since).Baseline
				}
				c.save(func() { e.do(c, firstOf) })
				found := changesOf(t, copied, since)
				checkDifference(t, prepare, stated(t, copied), found)
				if n := len(found.Added) + len(found.Changed) + len(found.Deleted); (n > 0) != e.tells {
					t.Errorf("%d changes", n)
				}
				if wordless := e.name == "asset removed for good, without a word of which"; (found.Compared != "") != wordless {
					t.Errorf("compared: %q", found.Compared)
				}
				if changed, err := Changed(context.Background(), copied, found.Baseline.Cursor()); err != nil || changed {
					t.Errorf("and once more: %v, %v", changed, err)
				}
				c.close()
			})
		}
	}
}

// Whatever is done to a library, and however often it is looked at: history and
// comparison tell the same, and nothing that an asset states changes unseen.
func TestHistoryAndComparisonAgree(t *testing.T) {
	paths, facts, baselines := templates(t), map[string]map[UUID]Asset{}, map[string]*Baseline{}
	for name, path := range paths {
		facts[name], baselines[name] = stated(t, path), changesOf(t, path, nil).Baseline
	}
	byHistory, byComparison := 0, 0
	rapid.Check(t, func(r *rapid.T) {
		name := rapid.SampledFrom(generationsTried).Draw(r, "Photos")
		path := cloneDatabase(t, paths[name])
		defer os.RemoveAll(path)
		before, since := facts[name], baselines[name]
		c := edits(t, path)
		defer func() { c.close() }()
		for range rapid.IntRange(1, 2).Draw(r, "looks") {
			for range rapid.IntRange(0, 6).Draw(r, "transactions") {
				c.save(func() {
					for range rapid.IntRange(1, 2).Draw(r, "changes") {
						e := rapid.SampledFrom(allChanges).Draw(r, "change")
						e.do(c, drawn(r))
					}
				})
			}
			if rapid.Bool().Draw(r, "checkpoint") {
				c.exec("PRAGMA wal_checkpoint(" + rapid.SampledFrom([]string{"PASSIVE", "RESTART", "TRUNCATE"}).Draw(r, "mode") + ")")
			}
			found := changesOf(t, path, since)
			after := stated(t, path)
			checkDifference(t, before, after, found)
			if found.Compared == "" {
				byHistory++
			} else {
				byComparison++
			}
			before, since = after, found.Baseline
		}
		if t.Failed() {
			r.FailNow()
		}
	})
	t.Logf("%d times the history told, %d times all was compared", byHistory, byComparison)
	if byHistory < byComparison {
		t.Error("the history hardly ever told")
	}
}

// Where the history cannot be believed everything is compared, with the right result.
func TestHistoryThatCannotTell(t *testing.T) {
	template := cloneDatabase(t, build(t, fixture.Options{Assets: 2}).Path)
	title := func(c *coreData) { c.save(func() { changeNamed(t, "title").do(c, firstOf) }) }
	for _, e := range []struct {
		name, why string
		do        func(c *coreData)
	}{
		{"pruned", "is gone from the history", func(c *coreData) {
			title(c)
			c.exec("DELETE FROM ACHANGE WHERE ZTRANSACTIONID < (SELECT max(Z_PK) FROM ATRANSACTION)")
			c.exec("DELETE FROM ATRANSACTION WHERE Z_PK < (SELECT max(Z_PK) FROM ATRANSACTION)")
		}},
		{"pruned of all", "is gone from the history", func(c *coreData) {
			title(c)
			c.exec("DELETE FROM ACHANGE")
			c.exec("DELETE FROM ATRANSACTION")
		}},
		{"pruned of one change", "rows are missing", func(c *coreData) {
			title(c)
			title(c)
			c.exec("DELETE FROM ACHANGE WHERE Z_PK = (SELECT max(Z_PK) - 1 FROM ACHANGE)")
		}},
		{"pruned of one transaction", "rows are missing", func(c *coreData) {
			title(c)
			title(c)
			c.exec("DELETE FROM ATRANSACTION WHERE Z_PK = (SELECT max(Z_PK) - 1 FROM ATRANSACTION)")
		}},
		{"last change gone", "the last change of the last time", func(c *coreData) {
			c.exec("DELETE FROM ACHANGE WHERE Z_PK = (SELECT max(Z_PK) FROM ACHANGE)")
			title(c)
		}},
		{"foreign", "another library", func(c *coreData) {
			c.exec("UPDATE Z_METADATA SET Z_UUID = 'OTHER'")
			title(c)
		}},
		{"from a backup, at the same number", "may come from a backup", func(c *coreData) {
			c.exec("UPDATE ATRANSACTION SET ZTIMESTAMP = ZTIMESTAMP + 1 WHERE Z_PK = (SELECT max(Z_PK) FROM ATRANSACTION)")
			title(c)
		}},
		{"from a backup, the numbers went back", "is gone from the history", func(c *coreData) {
			c.exec("DELETE FROM ACHANGE WHERE ZTRANSACTIONID = (SELECT max(Z_PK) FROM ATRANSACTION)")
			c.exec("DELETE FROM ATRANSACTION WHERE Z_PK = (SELECT max(Z_PK) FROM ATRANSACTION)")
			c.exec("UPDATE " + attributes + " SET ZTITLE = 'as it was' WHERE Z_PK = (SELECT min(Z_PK) FROM " + attributes + ")")
		}},
		{"a change of an earlier transaction", "earlier transaction", func(c *coreData) {
			title(c)
			c.exec("UPDATE ACHANGE SET ZTRANSACTIONID = 1 WHERE Z_PK = (SELECT max(Z_PK) FROM ACHANGE)")
		}},
		{"an entity without a name", "does not have", func(c *coreData) {
			title(c)
			c.exec("UPDATE ACHANGE SET ZENTITY = 4711 WHERE Z_PK = (SELECT max(Z_PK) FROM ACHANGE)")
		}},
		{"no such kind of change", "kind of change", func(c *coreData) {
			title(c)
			c.exec("UPDATE ACHANGE SET ZCHANGETYPE = 7 WHERE Z_PK = (SELECT max(Z_PK) FROM ACHANGE)")
		}},
		{"attributes went without a word", "does not tell to which photo", func(c *coreData) {
			c.save(func() {
				c.delete("AdditionalAssetAttributes", c.keys("SELECT min(Z_PK) FROM " + attributes)[0], "no uuid")
			})
		}},
		{"an asset went without a trace", "every asset that came or went", func(c *coreData) {
			title(c)
			c.exec("DELETE FROM ZASSET WHERE Z_PK = (SELECT max(Z_PK) FROM ZASSET)")
		}},
		{"another UUID", "every asset that came or went", func(c *coreData) {
			c.save(func() { c.update("Asset", c.keys("SELECT min(Z_PK) FROM ZASSET")[0], "ZUUID = ?", c.uuid()) })
		}},
		{"no history", "keeps no history", func(c *coreData) {
			title(c)
			c.exec("DROP TABLE ACHANGE")
			c.exec("DROP TABLE ATRANSACTION")
		}},
		{"a history that is none", "keeps no history", func(c *coreData) {
			title(c)
			c.exec("ALTER TABLE ACHANGE RENAME TO OLDCHANGE")
			c.exec("CREATE VIEW ACHANGE AS SELECT * FROM OLDCHANGE")
		}},
		{"no names of entities", "does not name its entities", func(c *coreData) {
			title(c)
			c.exec("ALTER TABLE Z_PRIMARYKEY RENAME COLUMN Z_SUPER TO ZSOMETHING")
		}},
		{"another data model", "read in another way", func(c *coreData) {
			title(c)
			c.exec("UPDATE Z_METADATA SET Z_PLIST = x'00'")
		}},
	} {
		t.Run(e.name, func(t *testing.T) {
			path := cloneDatabase(t, template)
			before, since := stated(t, path), changesOf(t, path, nil).Baseline
			c := edits(t, path)
			e.do(c)
			c.close()
			found := changesOf(t, path, since)
			if !strings.Contains(found.Compared, e.why) {
				t.Errorf("compared: %q", found.Compared)
			}
			checkDifference(t, before, stated(t, path), found)
			if len(found.Added)+len(found.Changed)+len(found.Deleted) == 0 {
				t.Error("nothing was found")
			}
			// And from here on the history tells again, where there is one.
			if again := changesOf(t, path, found.Baseline); len(again.Added)+len(again.Changed)+len(again.Deleted) > 0 {
				t.Errorf("once more: %+v", again)
			}
		})
	}
}

// What another program wrote into the database is not in the history; Compare
// finds it.
func TestCompareSeesWhatNoHistoryTells(t *testing.T) {
	lib := build(t, fixture.Options{})
	since := changesOf(t, lib.Path, nil).Baseline
	edit(t, lib.Path, "UPDATE "+attributes+" SET ZTITLE = 'by hand' WHERE Z_PK = (SELECT min(Z_PK) FROM "+attributes+")")
	l := open(t, lib.Path)
	ctx := context.Background()
	if found, err := l.Changes(ctx, since); err != nil || found.Compared != "" || len(found.Changed) != 0 {
		t.Errorf("by history: %+v, %v", found, err)
	}
	if found, err := l.Compare(ctx, since); err != nil || found.Compared == "" || len(found.Changed) != 1 {
		t.Errorf("compared: %+v, %v", found, err)
	}
}

// Whatever assets are read from must be told of by the history and by the digest.
func TestAllThatIsReadIsTracked(t *testing.T) {
	if n := reflect.TypeFor[queries]().NumField(); n != 6 {
		t.Errorf("queries has %d fields: digester.read, reading and untracked know 5 queries and the facts", n)
	}
	for name, path := range templates(t) {
		l := open(t, path)
		if table := l.untracked(); table != "" {
			t.Errorf("Photos %s: %s is not tracked", name, table)
		}
		tracked := map[string]bool{
			"Z_METADATA": true, "Z_PRIMARYKEY": true, "ATRANSACTION": true, "ACHANGE": true, "sqlite_master": true,
			l.schema.asset: true, l.schema.albumJoin.table: true, l.schema.wordJoin.table: true,
		}
		for entity := range l.schema.routes() {
			tracked["Z"+strings.ToUpper(entity)] = true
		}
		err := l.conn.SetAuthorizer(sqlite.AuthorizeFunc(func(a sqlite.Action) sqlite.AuthResult {
			if a.Type() == sqlite.OpRead && a.Table() != "" && !tracked[a.Table()] &&
				!strings.HasPrefix(a.Table(), "pragma_") && !strings.HasPrefix(a.Table(), "json_") {
				t.Errorf("Photos %s: %s is read, and no route leads from it", name, a.Table())
			}
			return sqlite.AuthResultOK
		}))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := readCatalog(l.conn, l.schema); err != nil {
			t.Fatal(err)
		}
		if _, err := l.Compare(context.Background(), nil); err != nil {
			t.Fatal(err)
		}
		list(t, l, ByUUID)
		if err := l.conn.SetAuthorizer(nil); err != nil {
			t.Fatal(err)
		}
	}
}

func TestOddUUIDsAreNamed(t *testing.T) {
	lib := build(t, fixture.Options{})
	odd := []string{"lower-case", strings.ToLower(mustCase(t, lib, "live").UUID), strings.Repeat("x", 3000)}
	for i, u := range odd {
		edit(t, lib.Path, fmt.Sprintf("UPDATE ZASSET SET ZUUID = '%s' WHERE Z_PK = (SELECT Z_PK FROM ZASSET ORDER BY Z_PK LIMIT 1 OFFSET %d)", u, i))
	}
	found := changesOf(t, lib.Path, nil)
	for _, u := range odd {
		if !slices.Contains(found.Added, UUID(u)) {
			t.Errorf("%.40s is not told", u)
		}
	}
	c := edits(t, lib.Path)
	c.save(func() {
		c.purge(firstOf, false)
		for i := int64(1); i < 3; i++ {
			c.update("Asset", c.keys("SELECT min(Z_PK) + ? FROM ZASSET", i-1)[0], "ZFAVORITE = 7")
		}
	})
	c.close()
	next := changesOf(t, lib.Path, found.Baseline)
	if !slices.Equal(next.Deleted, []UUID{UUID(odd[0])}) || len(next.Changed) != 2 || !slices.Contains(next.Changed, UUID(odd[1])) {
		t.Errorf("deleted %.60q, changed %.60q", next.Deleted, next.Changed)
	}
}

func TestChangesOfWhatIsNoLibrary(t *testing.T) {
	ctx := context.Background()
	if _, err := Changed(ctx, t.TempDir(), ""); !errors.Is(err, ErrNotLibrary) {
		t.Errorf("Changed: %v", err)
	}
	if _, err := FindChanges(ctx, t.TempDir(), nil, Options{}); !errors.Is(err, ErrNotLibrary) {
		t.Errorf("FindChanges: %v", err)
	}
	lib := build(t, fixture.Options{})
	settle(t, lib.Path)
	file := filepath.Join(lib.Path, databasePath)
	if err := os.Truncate(file, 8192); err != nil {
		t.Fatal(err)
	}
	settle(t, lib.Path)
	if _, err := FindChanges(ctx, lib.Path, nil, Options{TempDir: t.TempDir()}); !errors.Is(err, ErrDamaged) {
		t.Errorf("a truncated database: %v", err)
	}
	stopped, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := FindChanges(stopped, build(t, fixture.Options{}).Path, nil, Options{TempDir: t.TempDir()}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// In real libraries, from any moment of their past on, the history can be followed:
// it is whole, all its entities are known, and what it names is found unchanged in
// a baseline of today.
func TestHistoryOfRealLibraries(t *testing.T) {
	dir := os.Getenv("PHOTOGO_LIBRARIES")
	if dir == "" {
		t.Skip("set PHOTOGO_LIBRARIES")
	}
	paths, err := filepath.Glob(filepath.Join(dir, "*.photoslibrary"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no libraries in %s: %v", dir, err)
	}
	ctx := context.Background()
	for _, path := range paths {
		l := open(t, path)
		today, err := l.Changes(ctx, nil)
		if err != nil {
			t.Fatal(err)
		}
		last, err := l.position()
		if err != nil || last == nil {
			t.Fatalf("%s: no history: %v", path, err)
		}
		reasons := map[string]int{}
		for n := last.transaction; n > 0; n -= 7 {
			then := position{transaction: n}
			err := each(l.conn, "SELECT t.ZTIMESTAMP, (SELECT max(Z_PK) FROM ACHANGE WHERE ZTRANSACTIONID <= t.Z_PK) FROM ATRANSACTION t WHERE t.Z_PK = ?",
				func(stmt *sqlite.Stmt) error {
					then.time, then.change = stmt.ColumnFloat(0), stmt.ColumnInt64(1)
					return nil
				}, n)
			if err == nil {
				then.sum, err = l.changeSum(then.change)
			}
			if err != nil {
				t.Fatal(err)
			}
			since := *today.Baseline
			since.cursor = cursor{l.schema.store, l.reading(), &then, ""}.String()
			found, err := l.Changes(ctx, &since)
			if err != nil {
				t.Fatal(err)
			}
			reasons[found.Compared]++
			if len(found.Added)+len(found.Changed)+len(found.Deleted) > 0 {
				t.Errorf("%s since %d: %+v", path, n, found)
			}
		}
		t.Logf("%s: %v", filepath.Base(path), reasons)
		for reason := range reasons {
			// A migration took rows of old entities out of the early history.
			if reason != "" && !strings.Contains(reason, "rows are missing") {
				t.Errorf("%s: %s", path, reason)
			}
		}
		if reasons[""] == 0 {
			t.Errorf("%s: the history never told", path)
		}
	}
}
