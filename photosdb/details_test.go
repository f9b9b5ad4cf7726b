package photosdb

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/unicode/norm"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/photogo/photogo/internal/fixture"
)

// listDetails reads all assets with some groups of details, by UUID.
func listDetails(t testing.TB, l *Library, groups Include) map[UUID]*Asset {
	t.Helper()
	all := map[UUID]*Asset{}
	for a, err := range l.Assets(context.Background(), Query{Include: groups}) {
		if err != nil {
			t.Fatal(err)
		}
		all[a.UUID] = a
	}
	return all
}

// Every generation tells the details that were put into it, whether they lie in
// the main file or in the log.
func TestDetailsTellWhatTheLibraryHolds(t *testing.T) {
	for _, g := range fixture.Generations() {
		for _, wal := range []bool{false, true} {
			lib := build(t, fixture.Options{Generation: g, WAL: wal})
			before := contents(t, lib.Path)
			l := open(t, lib.Path)
			all := listDetails(t, l, IncludeAll)
			if len(all) != len(lib.Assets) {
				t.Fatalf("Photos %s: %d assets, want %d", g.Name, len(all), len(lib.Assets))
			}
			for _, want := range lib.Assets {
				checkDetails(t, g, want, all[UUID(want.UUID)])
			}
			for _, w := range l.Warnings() {
				if g.Model <= lastKnownModel || !strings.Contains(w, "newer") {
					t.Errorf("Photos %s: warning: %s", g.Name, w)
				}
			}
			if changes := fixture.TreeChanges(before, contents(t, lib.Path)); len(changes) > 0 {
				t.Errorf("the library was changed: %v", changes)
			}
		}
	}
}

func checkDetails(t *testing.T, g fixture.Generation, want fixture.Asset, a *Asset) {
	t.Helper()
	d := a.Details
	fail := func(what string, got, want2 any) {
		t.Helper()
		t.Errorf("Photos %s, %s: %s is %v, want %v", g.Name, want.Case, what, got, want2)
	}
	var labels []string
	for _, label := range want.Labels {
		labels = append(labels, norm.NFC.String(label))
	}
	if !slices.Equal(d.Labels, labels) {
		fail("labels", d.Labels, labels)
	}
	name := ""
	if d.Place != nil {
		name = d.Place.Name
	}
	if name != want.Place {
		fail("place", name, want.Place)
	}
	var comments []string
	for i, c := range d.Sharing.Comments {
		comments = append(comments, c.Text)
		if c.Person == nil || c.Person.Name == "" || i > 0 && c.Date.Before(d.Sharing.Comments[i-1].Date) {
			fail("comment", c, "a person, in order")
		}
	}
	if !slices.Equal(comments, want.Comments) {
		fail("comments", comments, want.Comments)
	}
	if len(d.Sharing.Likes) != want.Likes {
		fail("likes", d.Sharing.Likes, want.Likes)
	}
	if (d.Sharing.Owner != nil) != want.Shared || want.Shared && d.Sharing.Owner.Name != "Album Owner" {
		fail("owner", d.Sharing.Owner, want.Shared)
	}
	var participants []string
	for _, p := range d.Sharing.Participants {
		participants = append(participants, p.Name)
	}
	if !slices.Equal(participants, want.Participants) || (len(participants) > 0) != (d.Sharing.Scope != nil) {
		fail("participants", d.Sharing, want.Participants)
	}
	if (d.Edit != nil) != want.Edited {
		fail("edit", d.Edit, want.Edited)
	}
	if want.Edited && (d.Edit.Format == "" || d.Edit.Time.IsZero() || (d.Edit.State != nil) != (g.Model >= 18000)) {
		fail("edit", *d.Edit, "a format, a time, and a state from Photos 10 on")
	}
	if d.Camera == nil || d.Camera.ISO == nil || *d.Camera.ISO != 100 || d.Camera.Model != "Pinhole 1" || *d.Camera.FlashFired {
		fail("camera", d.Camera, "the pinhole's")
	}
	if !want.Taken.IsZero() && g.Model >= 16000 && (!d.Camera.Date.Equal(want.Taken.Truncate(time.Second)) ||
		want.Case != "date-inferred" && d.Camera.Date.Format("-07:00") != a.Dates.Taken.Format("-07:00")) {
		fail("camera's date", d.Camera.Date, want.Taken)
	}
	if d.Scores["failure"] != -0.25 || d.Scores["low_light"] != 0.125 || d.Scores["curation"] != 0.5 {
		fail("scores", d.Scores, "three known ones")
	}
	if _, ok := d.Scores["immersiveness"]; ok {
		fail("score without a value", d.Scores, "none")
	}
	if (d.Import.Session == nil) != want.Shared || (d.Moment == nil) != want.Shared {
		fail("session and moment", d.Import.Session, !want.Shared)
	}
	if d.Moment != nil && (d.Moment.Title != "Spring days" || d.Moment.Location != nil) {
		fail("moment", *d.Moment, "plain blanks, no place")
	}
	if (want.Case == "albums") != (len(d.Projects) == 1) {
		fail("projects", d.Projects, want.Case == "albums")
	}
	if d.Record.Modified.IsZero() || d.Record.HDRType == nil || (d.Record.SpatialType != nil) != (g.Model >= 17000) {
		fail("record", d.Record, "a date and numbers")
	}
	if accurate := want.Case == "jpeg" && g.Model >= 14000; (d.Accuracy != nil) != accurate || (d.Record.Accessibility != "") != accurate {
		fail("accuracy", d.Accuracy, accurate)
	}
	if damaged := want.Case == "heic"; damaged != errors.Is(d.Problem, errArchive) || damaged != (d.Problem != nil) {
		fail("problem", d.Problem, damaged)
	}
}

// What was not asked for is not read; what was asked for alone is what it is
// among the others; and the asset itself is the same whatever is asked for.
func TestEachGroupOfDetailsIsReadAlone(t *testing.T) {
	lib := build(t, fixture.Options{})
	l := open(t, lib.Path)
	plain, full := listDetails(t, l, IncludeNothing), listDetails(t, l, IncludeAll)
	for uuid, a := range plain {
		if a.Details != nil {
			t.Fatalf("%s has details that nobody asked for", uuid)
		}
		b := *full[uuid]
		b.Details = nil
		if !reflect.DeepEqual(*a, b) {
			t.Fatalf("%s differs with details: %v", uuid, differences(*a, b))
		}
	}
	fields := map[Include][]string{
		IncludePlace: {"Place", "Accuracy", "Problem"}, IncludeCamera: {"Camera"}, IncludeEdit: {"Edit"},
		IncludeOrigin: {"Import", "Moment", "Projects"}, IncludeScores: {"Scores"}, IncludeSharing: {"Sharing"},
		IncludeLabels: {"Labels"}, IncludeRecord: {"Record"},
	}
	for group, names := range fields {
		some := false
		for uuid, a := range listDetails(t, l, group) {
			got, want := reflect.ValueOf(*a.Details), reflect.ValueOf(*full[uuid].Details)
			for i := range got.NumField() {
				name := got.Type().Field(i).Name
				switch {
				case slices.Contains(names, name):
					some = some || !got.Field(i).IsZero()
					if name != "Problem" && !reflect.DeepEqual(got.Field(i).Interface(), want.Field(i).Interface()) {
						t.Errorf("%s: %s is %v alone, and %v with all", uuid, name, got.Field(i), want.Field(i))
					}
				case name == "Edit" && a.Edited(): // that there is one is known anyway
				case !got.Field(i).IsZero():
					t.Errorf("%s: %s is read for group %b", uuid, name, group)
				}
			}
		}
		if !some {
			t.Errorf("group %b is never filled", group)
		}
	}
}

// A table or column that is not there turns its facts off, and nothing else.
func TestMissingTablesOfDetailsAreLeftOut(t *testing.T) {
	lib := build(t, fixture.Options{})
	for _, table := range []struct{ name, warning string }{
		{"ZEXTENDEDATTRIBUTES", "camera"}, {"ZCOMPUTEDASSETATTRIBUTES", "scores"}, {"ZUNMANAGEDADJUSTMENT", "facts of edits"}, {"ZMOMENT", "moments"},
		{"ZSHARE", "shared library"}, {"ZSHAREPARTICIPANT", "participants"}, {"ZASSETCONTRIBUTOR", "participants"}, {"ZCLOUDSHAREDCOMMENT", "comments"},
		{"ZCLOUDSHAREDALBUMINVITATIONRECORD", "ZINVITEEHASHEDPERSONID"},
	} {
		path := cloneDatabase(t, lib.Path)
		edit(t, path, "DROP TABLE "+table.name)
		l := open(t, path)
		if n := len(listDetails(t, l, IncludeAll)); n != len(lib.Assets) {
			t.Errorf("without %s: %d assets", table.name, n)
		}
		listDetails(t, l, IncludeAll)
		if w := l.Warnings(); len(w) > 1 || (len(w) == 1) != (table.warning != "") || !mentions(append(w, ""), table.warning) {
			t.Errorf("without %s: warnings %q", table.name, w)
		}
	}
}

// Values that make no sense cost themselves only.
func TestOddValuesOfDetailsCountAsNothing(t *testing.T) {
	lib := build(t, fixture.Options{})
	jpeg := mustCase(t, lib, "jpeg")
	edit(t, lib.Path,
		"UPDATE ZEXTENDEDATTRIBUTES SET ZISO = 'many', ZAPERTURE = 9e999, ZLATITUDE = -9e999, ZFLASHFIRED = x'00', ZDATECREATED = 1e300, ZTIMEZONEOFFSET = 'east'",
		"UPDATE ZCOMPUTEDASSETATTRIBUTES SET ZFAILURESCORE = 9e999",
		"UPDATE ZMOMENT SET ZSTARTDATE = 'yesterday', ZAPPROXIMATELATITUDE = 1, ZAPPROXIMATELONGITUDE = 9e999",
		"INSERT INTO ZEXTENDEDATTRIBUTES (Z_PK, ZASSET, ZISO) SELECT Z_PK + 100000, ZASSET, 7 FROM ZEXTENDEDATTRIBUTES",
		"UPDATE ZCLOUDSHAREDCOMMENT SET ZCOMMENTDATE = NULL WHERE ZISLIKE = 0",
		"UPDATE ZSHAREPARTICIPANT SET ZNAMECOMPONENTS = 'no archive'",
		"UPDATE ZADDITIONALASSETATTRIBUTES SET ZREVERSELOCATIONDATA = zeroblob(8000000) WHERE ZREVERSELOCATIONDATA IS NOT NULL",
	)
	l := open(t, lib.Path)
	all := listDetails(t, l, IncludeAll)
	d := all[UUID(jpeg.UUID)].Details
	if c := d.Camera; c == nil || c.ISO != nil || c.Aperture != nil || c.Location != nil || c.FlashFired != nil || !c.Date.IsZero() || c.Offset != nil || c.Model == "" {
		t.Errorf("camera %+v", d.Camera)
	}
	if _, ok := d.Scores["failure"]; ok || d.Moment == nil || !d.Moment.Start.IsZero() || d.Moment.Location != nil {
		t.Errorf("scores %v, moment %+v", d.Scores, d.Moment)
	}
	if d.Place != nil || !errors.Is(d.Problem, errArchive) {
		t.Errorf("place %v, problem %v", d.Place, d.Problem)
	}
	row := func(table, where string) string {
		return table + " row " + ask(t, lib.Path, "SELECT Z_PK FROM "+table+" WHERE "+where)
	}
	if where := row("ZADDITIONALASSETATTRIBUTES", "ZASSET = (SELECT Z_PK FROM ZASSET WHERE ZUUID = '"+jpeg.UUID+"')"); !strings.Contains(fmt.Sprint(d.Problem), where+":") {
		t.Errorf("problem %v does not name %s", d.Problem, where)
	}
	shared := all[UUID(mustCase(t, lib, "shared-photo").UUID)].Details.Sharing
	if len(shared.Comments) != 2 || shared.Comments[0].Text != "Second" || !shared.Comments[0].Date.IsZero() { // in the order of rows
		t.Errorf("comments %+v", shared.Comments)
	}
	edited := all[UUID(mustCase(t, lib, "edited").UUID)].Details
	if p := edited.Sharing.Participants; len(p) != 1 || p[0].Name != "" || p[0].Email == "" || edited.Problem == nil {
		t.Errorf("participants %+v, problem %v", p, edited.Problem)
	} else if where := row("ZSHAREPARTICIPANT", "ZUUID = '"+string(p[0].UUID)+"'"); !strings.Contains(edited.Problem.Error(), where+":") {
		t.Errorf("problem %v does not name %s", edited.Problem, where)
	}
}

// The search index is never worth the run: without it there are no labels, and a
// damaged one is told of.
func TestSearchIndexes(t *testing.T) {
	lib := build(t, fixture.Options{WAL: true})
	uuid := UUID(mustCase(t, lib, "jpeg").UUID)
	secret := filepath.Join(t.TempDir(), "psi.sqlite")
	for _, test := range []struct {
		name    string
		change  func(t *testing.T, file string)
		labels  bool
		warning string
	}{
		{"as it is", func(t *testing.T, file string) {}, true, ""},
		{"none", func(t *testing.T, file string) { removeFiles(t, file, file+"-wal") }, false, ""},
		{"no folder", func(t *testing.T, file string) { remove(t, filepath.Dir(file)) }, false, ""},
		{"without its log", func(t *testing.T, file string) { removeFiles(t, file+"-wal") }, false, ""},
		{"garbage", func(t *testing.T, file string) {
			removeFiles(t, file+"-wal")
			write(t, file, bytes.Repeat([]byte("no database"), 1000))
		}, false, "not a database"},
		{"a folder", func(t *testing.T, file string) { removeFiles(t, file); write(t, file+"/x", nil) }, false, "invalid"},
		{"a link out", func(t *testing.T, file string) {
			copyTo(t, file, secret)
			copyTo(t, file+"-wal", secret+"-wal")
			removeFiles(t, file, file+"-wal")
			if err := os.Symlink(secret, file); err != nil {
				t.Fatal(err)
			}
		}, false, "escapes"},
		{"no table", func(t *testing.T, file string) { editIndex(t, file, "DROP TABLE ga") }, false, ""},
		{"views", func(t *testing.T, file string) {
			editIndex(t, file, "ALTER TABLE ga RENAME TO real", "CREATE VIEW ga AS WITH RECURSIVE r(groupid, assetid) AS (SELECT 1, 1 UNION ALL SELECT groupid + 1, 1 FROM r) SELECT * FROM r")
		}, false, ""},
		{"no index", func(t *testing.T, file string) { editIndex(t, file, "DROP INDEX ga_assetid") }, true, ""},
		{"a damaged page", func(t *testing.T, file string) {
			editIndex(t, file, "PRAGMA journal_mode = DELETE", "VACUUM")
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			copy(data[4096:], bytes.Repeat([]byte{0xff}, len(data)-4096))
			write(t, file, data)
		}, false, "malformed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := cloneDatabase(t, lib.Path)
			file := filepath.Join(path, searchIndexPath)
			for _, name := range []string{searchIndexPath, searchIndexPath + "-wal"} {
				copyTo(t, filepath.Join(lib.Path, name), filepath.Join(path, name))
			}
			test.change(t, file)
			before := contents(t, path)
			l := open(t, path)
			all := listDetails(t, l, IncludeLabels)
			if len(all) != len(lib.Assets) || (len(all[uuid].Details.Labels) > 0) != test.labels {
				t.Errorf("%d assets, labels %v", len(all), all[uuid].Details.Labels)
			}
			if w := l.Warnings(); (len(w) > 0) != (test.warning != "") || len(w) > 1 || !mentions(append(w, ""), test.warning) {
				t.Errorf("warnings %q, want %q", w, test.warning)
			}
			if changes := fixture.TreeChanges(before, contents(t, path)); len(changes) > 0 {
				t.Errorf("the library was changed: %v", changes)
			}
		})
	}
}

func removeFiles(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
}

func editIndex(t testing.TB, file string, statements ...string) {
	t.Helper()
	conn, err := sqlite.OpenConn(file, sqlite.OpenReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, s := range statements {
		if err := sqlitex.ExecuteTransient(conn, s, nil); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

// A context that ends while details are read ends the sequence with its error.
func TestDetailsEndWithTheContext(t *testing.T) {
	lib := build(t, fixture.Options{Assets: 2 * chunk})
	l := open(t, lib.Path)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	n := 0
	var last error
	for _, err := range l.Assets(ctx, Query{Include: IncludeAll}) {
		if last = err; err == nil {
			n++
		}
		cancel()
	}
	if !errors.Is(last, context.Canceled) || n == 0 || n > chunk {
		t.Errorf("%d assets, then %v", n, last)
	}
	if w := l.Warnings(); len(w) > 0 {
		t.Errorf("warnings %q", w)
	}
}
