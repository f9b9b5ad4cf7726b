package export

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/photogo/photogo/internal/fixture"
	"github.com/photogo/photogo/internal/safefile"
	"github.com/photogo/photogo/manifest"
	"github.com/photogo/photogo/photosdb"
)

// runRecent exports what changed, if that is enough; why says why it is not.
func (w *world) runRecent(t *testing.T) (s Summary, events []Event, why string) {
	t.Helper()
	d, err := OpenDestination(context.Background(), w.dest, OpenOptions{State: w.state, Library: w.lib.Path, Known: true})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	now := w.now
	if now.IsZero() {
		now = w.lastNow()
	}
	r, why, err := d.Recent(context.Background(), w.lib.Path, w.wish, now, w.opt)
	if err != nil {
		t.Fatal(err)
	}
	if r == nil {
		if why == "" {
			t.Fatal("no word on why everything is to be looked at")
		}
		return s, nil, why
	}
	job := Job{Dest: d.FS, Record: d.Record, Link: w.link, Now: now, Event: func(e Event) { events = append(events, e) }}
	if w.wrap != nil {
		job.Dest = w.wrap(d.FS)
	}
	if s, err = r.Run(context.Background(), job); err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	return s, events, ""
}

// withoutHistory makes every change show that is made by hand: nothing tells of it in
// a history.
func (w *world) withoutHistory(t *testing.T) {
	t.Helper()
	w.exec(t, "DROP TABLE ACHANGE")
}

// exec changes the library, or does not.
func (w *world) exec(t *testing.T, query string, args ...any) {
	t.Helper()
	conn, err := sqlite.OpenConn(filepath.Join(w.lib.Path, "database", "Photos.sqlite"), sqlite.OpenReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := sqlitex.Execute(conn, query, &sqlitex.ExecOptions{Args: args}); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

// libraryEdit is something that people do to one asset; ?1 is its UUID, ?2 a number
// that was not used before.
var libraryEdits = map[string][]string{
	"title":       {`UPDATE ZADDITIONALASSETATTRIBUTES SET ZTITLE = 'Title ' || (?2 % 3) WHERE ZASSET = (SELECT Z_PK FROM ZASSET WHERE ZUUID = ?1)`},
	"favourite":   {`UPDATE ZASSET SET ZFAVORITE = 1 - ZFAVORITE WHERE ZUUID = ?1 AND ?2`},
	"other day":   {`UPDATE ZASSET SET ZDATECREATED = ZDATECREATED + 86400 * (?2 % 5 - 2) WHERE ZUUID = ?1`},
	"same second": {`UPDATE ZASSET SET ZDATECREATED = (SELECT min(ZDATECREATED) FROM ZASSET) WHERE ZUUID = ?1 AND ?2`},
	"trash":       {`UPDATE ZASSET SET ZTRASHEDSTATE = 1 - ZTRASHEDSTATE WHERE ZUUID = ?1 AND ?2`},
	"same name":   {`UPDATE ZADDITIONALASSETATTRIBUTES SET ZORIGINALFILENAME = 'IMG_0001' || substr('_edited', 1, 7 * (?2 % 2)) || '.JPG' WHERE ZASSET = (SELECT Z_PK FROM ZASSET WHERE ZUUID = ?1)`},
	"keyword":     {`UPDATE ZKEYWORD SET ZTITLE = 'word ' || ?2 WHERE Z_PK = (SELECT min(Z_PK) FROM ZKEYWORD) AND ?1 <> ''`},
	"album":       {`UPDATE ZGENERICALBUM SET ZTITLE = 'Album ' || (?2 % 4) WHERE ZKIND = 2 AND Z_PK % 3 = ?2 % 3 AND ?1 <> ''`},
	"person":      {`UPDATE ZPERSON SET ZFULLNAME = 'Person ' || ?2 WHERE Z_PK = (SELECT min(Z_PK) FROM ZPERSON) AND ?1 <> ''`},
	"edited away": {`UPDATE ZASSET SET ZADJUSTMENTSSTATE = 0 WHERE ZUUID = ?1 AND ?2`, `DELETE FROM ZINTERNALRESOURCE WHERE ZVERSION = 2 AND ZASSET = (SELECT Z_PK FROM ZASSET WHERE ZUUID = ?1) AND ?2`},
	"new bytes":   {`UPDATE ZINTERNALRESOURCE SET ZSTABLEHASH = 'A' || ?2, ZFINGERPRINT = NULL WHERE ZDATASTORESUBTYPE = 1 AND ZASSET = (SELECT Z_PK FROM ZASSET WHERE ZUUID = ?1)`},
	"delete":      {`DELETE FROM ZASSET WHERE ZUUID = ?1 AND ?2`},
	"all back": {`ATTACH '$ORIGIN' AS origin`,
		`INSERT INTO ZASSET SELECT * FROM origin.ZASSET o WHERE o.ZUUID NOT IN (SELECT ZUUID FROM main.ZASSET) AND ?1 <> '' AND ?2`,
		`INSERT OR IGNORE INTO ZINTERNALRESOURCE SELECT * FROM origin.ZINTERNALRESOURCE WHERE ?1 <> '' AND ?2`},
}

// edit does one of libraryEdits.
func (w *world) edit(t *testing.T, origin, what, uuid string, n int) {
	t.Helper()
	conn, err := sqlite.OpenConn(filepath.Join(w.lib.Path, "database", "Photos.sqlite"), sqlite.OpenReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, query := range libraryEdits[what] {
		query = strings.ReplaceAll(query, "$ORIGIN", origin)
		args := []any{uuid, n}
		if !strings.Contains(query, "?1") {
			args = nil
		}
		if err := sqlitex.Execute(conn, query, &sqlitex.ExecOptions{Args: args}); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
	}
}

// state describes a destination: files with their bytes and dates, entries, names.
func (w *world) describe(t *testing.T) (lines []string) {
	t.Helper()
	for name, text := range treeOf(t, w.dest) {
		if name == "." || strings.HasPrefix(name, manifest.Folder) {
			continue
		}
		info, err := os.Lstat(filepath.Join(w.dest, name))
		if err != nil {
			t.Fatal(err)
		}
		if info.IsDir() {
			text = "folder" // its date is that of the run
		}
		lines = append(lines, name+": "+text)
	}
	w.withRecord(t, func(_ *safefile.Dir, m *manifest.Manifest) {
		for e, err := range m.All() {
			if err != nil {
				t.Fatal(err)
			}
			lines = append(lines, fmt.Sprintf("%+v", e))
		}
		for n, err := range m.Names() {
			if err != nil {
				t.Fatal(err)
			}
			lines = append(lines, fmt.Sprintf("%+v", n))
		}
	})
	slices.Sort(lines)
	return lines
}

func compareLines(t *testing.T, a, b []string) {
	t.Helper()
	for _, line := range a {
		if _, ok := slices.BinarySearch(b, line); !ok {
			t.Errorf("by what changed only: %s", line)
		}
	}
	for _, line := range b {
		if _, ok := slices.BinarySearch(a, line); !ok {
			t.Errorf("by everything only: %s", line)
		}
	}
}

// open of a run, as it is told.
func openOfAll(events []Event) (list []string) {
	for _, e := range events {
		if e.Outcome == Absent || e.Altered() {
			list = append(list, fmt.Sprint(e.Item.UUID, e.Item.Role, e.Item.Path, e.Item.Reason, e.Outcome))
		}
	}
	slices.Sort(list)
	return list
}

// Whatever happens to a library: who exports what changed has the same files, record,
// names and summary as who looks at everything each time.
func TestWhatChangedIsAsGoodAsEverything(t *testing.T) {
	for name, opt := range map[string]func(t *testing.T) (Options, Link){
		"by day": func(*testing.T) (Options, Link) { return Options{}, LinkClone },
		"by albums": func(t *testing.T) (Options, Link) {
			return Options{Directory: template(t, "{folder_album,none}")}, LinkHard
		},
		"by title": func(t *testing.T) (Options, Link) {
			return Options{Directory: template(t, ""), Filename: template(t, "{title,untitled}"), JSONSidecars: true}, LinkClone
		},
		"cleanup": func(*testing.T) (Options, Link) {
			return Options{Prune: Prune{Wanted: true, AllowMass: true}}, LinkClone
		},
	} {
		t.Run(name, func(t *testing.T) {
			few := newWorld(t, fixture.Options{})
			few.opt, few.link = opt(t)
			few.withoutHistory(t)
			origin := filepath.Join(t.TempDir(), "origin.sqlite")
			copyDatabase(t, few.lib.Path, origin)
			few.settle(t)
			all := *few
			all.dest, all.state = few.dest+"-all", few.state+"-all"
			few.wish = "all"
			few.mustRun(t)
			all.mustRun(t)
			compareLines(t, few.describe(t), all.describe(t))
			uuids := make([]string, 0, len(few.lib.Assets))
			for _, a := range few.lib.Assets {
				uuids = append(uuids, a.UUID)
			}
			kinds := make([]string, 0, len(libraryEdits))
			for kind := range libraryEdits {
				kinds = append(kinds, kind)
			}
			slices.Sort(kinds)
			rounds, n, recent := 40, 0, 0
			if testing.Short() {
				rounds = 12
			}
			whys := map[string]int{}
			rapid.Check(t, func(rt *rapid.T) {
				if rounds--; rounds < 0 {
					return // each takes two exports
				}
				var done []string
				for range rapid.IntRange(1, 3).Draw(rt, "edits") {
					n++
					what, uuid := rapid.SampledFrom(kinds).Draw(rt, "what"), rapid.SampledFrom(uuids).Draw(rt, "asset")
					done = append(done, what+" "+uuid)
					few.edit(t, origin, what, uuid, n)
				}
				few.settle(t)
				got, events, why := few.runRecent(t)
				if why != "" {
					whys[why]++
					got, events = few.mustRun(t)
				} else {
					recent++
					few.check(t)
				}
				want, wantEvents := all.mustRun(t)
				if got != want {
					t.Errorf("%+v\nby everything: %+v", got, want)
				}
				if a, b := openOfAll(events), openOfAll(wantEvents); !slices.Equal(a, b) {
					t.Errorf("missing and altered: %v\nby everything: %v", a, b)
				}
				compareLines(t, few.describe(t), all.describe(t))
				if s, _, rests := few.atRest(t, "all", few.lastNow()); !rests && got.Failed == 0 || rests && s.Files != want.Files {
					t.Errorf("at rest: %v, %+v", rests, s)
				}
				if t.Failed() {
					rt.Fatalf("after %q", done)
				}
			})
			t.Logf("%d times by what changed, else: %v", recent, whys)
			if recent < 3 {
				t.Error("hardly ever by what changed")
			}
		})
	}
}

func copyDatabase(t *testing.T, library, to string) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(library, "database", "Photos.sqlite"))
	if err == nil {
		err = os.WriteFile(to, data, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Where there is a reason everything is looked at.
func TestWhenEverythingIsLookedAt(t *testing.T) {
	began := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for why, before := range map[string]func(t *testing.T, w *world, file string){
		"":                           func(*testing.T, *world, string) {},
		"the last run tells nothing": func(t *testing.T, w *world, _ string) { w.now = began.Add(FullLook) },
		"somebody changed the destination": func(t *testing.T, w *world, file string) {
			if err := os.Remove(file); err != nil {
				t.Fatal(err)
			}
		},
		"nothing is known of what the library held": func(t *testing.T, w *world, _ string) {
			name := matches(t, filepath.Join(w.state, "destinations", "*", pastName+".data"))
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			data[len(data)/2] ^= 1
			if err := os.WriteFile(name, data, 0o600); err != nil {
				t.Fatal(err)
			}
		},
		"it is another library": func(t *testing.T, w *world, _ string) {
			w.sql(t, `UPDATE Z_METADATA SET Z_UUID = '00000000-0000-4000-8000-000000000001'`)
		},
		"assets are gone from the library": func(t *testing.T, w *world, _ string) {
			w.opt.Prune.Wanted = true
			w.sql(t, `DELETE FROM ZASSET WHERE ZUUID = ?`, w.asset(t, "jpeg").UUID)
		},
		"files are gone from the library": func(t *testing.T, w *world, _ string) {
			w.opt.Prune.Wanted = true
			w.edit(t, "", "edited away", w.asset(t, "edited").UUID, 1)
		},
		"a name may depend on files of other assets": func(t *testing.T, w *world, _ string) {
			_, names := w.entriesOf(t)
			a := w.asset(t, "jpeg").UUID
			for _, n := range names {
				if n.Owner != a && n.Dir == names[a].Dir {
					w.sql(t, `UPDATE ZADDITIONALASSETATTRIBUTES SET ZORIGINALFILENAME = ? WHERE ZASSET = (SELECT Z_PK FROM ZASSET WHERE ZUUID = ?)`, n.Base+"_raw.JPG", a)
					return
				}
			}
			t.Fatal("no other asset is in the folder")
		},
		"the library is not known well enough": func(t *testing.T, w *world, _ string) {
			w.exec(t, `DROP TABLE ZKEYWORD`)
		},
		"templates ask for facts from outside the database": func(t *testing.T, w *world, _ string) {
			w.opt.Directory, w.opt.Details = template(t, "{place.country_code,none}"), DetailsOf
		},
	} {
		t.Run(why, func(t *testing.T) {
			w := newWorld(t, fixture.Options{})
			w.withoutHistory(t)
			w.settle(t)
			w.wish = "all"
			_, events := w.mustRun(t)
			w.sql(t, `UPDATE ZASSET SET ZFAVORITE = 1 WHERE ZUUID = ?`, w.asset(t, "live").UUID)
			before(t, w, filepath.Join(w.dest, mustOf(t, events, w.asset(t, "jpeg"), photosdb.RoleOriginal).Item.Path))
			w.settle(t)
			if _, _, got := w.runRecent(t); got != why {
				t.Errorf("%q, want %q", got, why)
			}
		})
	}
}

func matches(t *testing.T, pattern string) string {
	t.Helper()
	list, err := filepath.Glob(pattern)
	if err != nil || len(list) != 1 {
		t.Fatalf("%s: %v %v", pattern, list, err)
	}
	return list[0]
}
