package photosdb

import (
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/photogo/photogo/internal/fixture"
)

// Each column that nothing works without is named when it is not there.
func TestCoreColumnsAreNamed(t *testing.T) {
	core := []string{
		"ZASSET.ZUUID", "ZASSET.Z_PK", "ZASSET.ZKIND", "ZASSET.ZDIRECTORY", "ZASSET.ZFILENAME", "ZASSET.ZDATECREATED", "ZASSET.ZTRASHEDSTATE",
		"ZASSET.ZADJUSTMENTSSTATE",
		"ZADDITIONALASSETATTRIBUTES.Z_PK", "ZADDITIONALASSETATTRIBUTES.ZASSET", "ZADDITIONALASSETATTRIBUTES.ZORIGINALFILENAME",
		"ZINTERNALRESOURCE.Z_PK", "ZINTERNALRESOURCE.ZASSET", "ZINTERNALRESOURCE.ZRESOURCETYPE", "ZINTERNALRESOURCE.ZDATASTORESUBTYPE",
		"ZINTERNALRESOURCE.ZVERSION", "ZINTERNALRESOURCE.ZRECIPEID", "ZINTERNALRESOURCE.ZDATASTORECLASSID",
		"Z_METADATA.Z_UUID", "Z_METADATA.Z_PLIST",
	}
	tables := []string{"ZASSET", "ZADDITIONALASSETATTRIBUTES", "ZINTERNALRESOURCE", "Z_METADATA"}
	lib := build(t, fixture.Options{})
	for _, name := range append(core, tables...) {
		t.Run(name, func(t *testing.T) {
			path := cloneDatabase(t, lib.Path)
			table, column, isColumn := strings.Cut(name, ".")
			if isColumn {
				edit(t, path, "ALTER TABLE "+table+" RENAME COLUMN "+column+" TO ZELSEWHERE")
			} else {
				edit(t, path, "ALTER TABLE "+table+" RENAME TO ZELSEWHERE")
			}
			n, err := attempt(t, path)
			word := column
			if !isColumn {
				word = table
			}
			if !errors.Is(err, ErrUnsupported) || !strings.Contains(err.Error(), word) || n != 0 {
				t.Errorf("%d assets, error %v, want ErrUnsupported with %s", n, err, word)
			}
		})
	}
}

// optional are facts that an asset can be without: the column, the word of the
// warning ("" where nothing is lost) and the fields
// that alone may change.
var optional = []struct {
	column, warning string
	fields          []string
}{
	{"ZADDITIONALASSETATTRIBUTES.ZTITLE", "title", []string{"Text.Title"}},
	{"ZASSETDESCRIPTION.ZLONGDESCRIPTION", "description", []string{"Text.Description"}},
	{"ZADDITIONALASSETATTRIBUTES.ZASSETDESCRIPTION", "description", []string{"Text.Description"}},
	{"ZADDITIONALASSETATTRIBUTES.ZTIMEZONEOFFSET", "zone", []string{"Dates.Taken", "Dates.Zone.Offset", "Dates.Zone.Source"}},
	{"ZADDITIONALASSETATTRIBUTES.ZTIMEZONENAME", "ZTIMEZONENAME", []string{"Dates.Taken", "Dates.Zone.Name", "Dates.Zone.Offset", "Dates.Zone.Source"}},
	{"ZADDITIONALASSETATTRIBUTES.ZINFERREDTIMEZONEOFFSET", "ZINFERREDTIMEZONEOFFSET", []string{"Dates.Taken", "Dates.Zone.Offset", "Dates.Zone.Source"}},
	{"ZADDITIONALASSETATTRIBUTES.ZEXIFTIMESTAMPSTRING", "ZEXIFTIMESTAMPSTRING", []string{"Dates.Exif"}},
	{"ZADDITIONALASSETATTRIBUTES.ZORIGINALWIDTH", "original width", []string{"Original.Width", "Original.Unknown"}},
	{"ZADDITIONALASSETATTRIBUTES.ZORIGINALHEIGHT", "original height", []string{"Original.Height", "Original.Unknown"}},
	{"ZADDITIONALASSETATTRIBUTES.ZORIGINALORIENTATION", "original orientation", []string{"Original.Orientation", "Original.Unknown"}},
	{"ZADDITIONALASSETATTRIBUTES.ZORIGINALFILESIZE", "original size", []string{"Original.Bytes", "Original.Unknown"}},
	{"ZADDITIONALASSETATTRIBUTES.ZORIGINALSTABLEHASH", "fingerprints", []string{"Original.Fingerprint"}},
	{"ZADDITIONALASSETATTRIBUTES.ZADJUSTEDSTABLEHASH", "ZADJUSTEDSTABLEHASH", []string{"Current.Fingerprint"}},
	{"ZADDITIONALASSETATTRIBUTES.ZORIGINALRESOURCECHOICE", "ZORIGINALRESOURCECHOICE", []string{"Flags.RawIsOriginal"}},
	{"ZADDITIONALASSETATTRIBUTES.ZSYNDICATIONIDENTIFIER", "ZSYNDICATIONIDENTIFIER", []string{"Origin.Syndicated"}},
	{"ZADDITIONALASSETATTRIBUTES.ZSYNDICATIONHISTORY", "ZSYNDICATIONHISTORY", []string{"Origin.SavedToLibrary"}},
	{"ZASSET.ZADDEDDATE", "date added", []string{"Dates.Added"}},
	{"ZASSET.ZADJUSTMENTTIMESTAMP", "last edit", []string{"Dates.Modified"}},
	{"ZASSET.ZTRASHEDDATE", "ZTRASHEDDATE", []string{"Dates.Trashed"}},
	{"ZASSET.ZLATITUDE", "latitude", []string{"Location"}},
	{"ZASSET.ZLONGITUDE", "longitude", []string{"Location"}},
	{"ZASSET.ZFAVORITE", "favourites", []string{"Flags.Favorite"}},
	{"ZASSET.ZHIDDEN", "hidden", []string{"Flags.Hidden"}},
	{"ZASSET.ZVISIBILITYSTATE", "visibility", []string{"Flags.Visible"}},
	{"ZASSET.ZKINDSUBTYPE", "kinds of picture", []string{"Media.Subtypes"}},
	{"ZASSET.ZDEPTHTYPE", "ZDEPTHTYPE", []string{"Media.Subtypes"}},
	{"ZASSET.ZAVALANCHEUUID", "bursts", []string{"Media.Burst", "Media.Subtypes"}},
	{"ZASSET.ZAVALANCHEPICKTYPE", "ZAVALANCHEPICKTYPE", []string{"Media.Burst"}},
	{"ZASSET.ZWIDTH", "width", []string{"Current.Width", "Current.Unknown"}},
	{"ZASSET.ZHEIGHT", "height", []string{"Current.Height", "Current.Unknown"}},
	{"ZASSET.ZORIENTATION", "orientation", []string{"Current.Orientation", "Current.Unknown"}},
	{"ZASSET.ZUNIFORMTYPEIDENTIFIER", "type", []string{"Current.UTI"}},
	{"ZASSET.ZDURATION", "duration", []string{"Media.Duration", "Media.NoDuration"}},
	{"ZASSET.ZCLOUDASSETGUID", "ZCLOUDASSETGUID", []string{"Cloud.AssetGUID"}},
	{"ZASSET.ZMASTER", "iCloud", []string{"Cloud.MasterGUID", "Cloud.Uploaded"}},
	{"ZCLOUDMASTER.ZCLOUDMASTERGUID", "iCloud", []string{"Cloud.MasterGUID"}},
	{"ZASSET.ZCLOUDBATCHPUBLISHDATE", "ZCLOUDBATCHPUBLISHDATE", []string{"Origin.SharedAlbum"}},
	{"ZASSET.ZACTIVELIBRARYSCOPEPARTICIPATIONSTATE", "ZACTIVELIBRARYSCOPEPARTICIPATIONSTATE", []string{"Origin.SharedLibrary"}},
	{"ZINTERNALRESOURCE.ZSTABLEHASH", "", nil}, // ZFINGERPRINT tells it as well
	{"ZINTERNALRESOURCE.ZUNORIENTEDWIDTH", "ZUNORIENTEDWIDTH", []string{"Resources"}},
	{"ZINTERNALRESOURCE.ZDATALENGTH", "sizes of files", []string{"Resources"}},
	{"ZINTERNALRESOURCE.ZLOCALAVAILABILITY", "what is local", []string{"Resources"}},
	{"ZINTERNALRESOURCE.ZREMOTEAVAILABILITY", "what is in iCloud", []string{"Resources"}},
	{"ZINTERNALRESOURCE.ZTRASHEDSTATE", "", nil},
	{"ZDETECTEDFACE.ZASSETFORFACE", "faces", []string{"Faces"}},
	{"ZDETECTEDFACE.ZQUALITY", "ZQUALITY", []string{"Faces"}},
	{"ZDETECTEDFACE.ZDETECTIONTYPE", "ZDETECTIONTYPE", []string{"Faces"}},
	{"ZDETECTEDFACE.ZUUID", "faces", []string{"Faces"}},
	{"ZPERSON.ZFULLNAME", "persons", []string{"Faces"}},
	{"ZPERSON.ZMERGETARGETPERSON", "ZMERGETARGETPERSON", []string{"Faces"}},
	{"ZKEYWORD.ZTITLE", "keywords", []string{"Text.Keywords"}},
	{"ZGENERICALBUM.ZPARENTFOLDER", "ZPARENTFOLDER", []string{"Albums"}},
	{"ZGENERICALBUM.ZTITLE", "albums", []string{"Albums", "SharedAlbums"}},
	{"ZGENERICALBUM.Z_PK", "albums", []string{"Albums", "SharedAlbums"}},
	{"ZCLOUDSHAREDALBUMINVITATIONRECORD.Z_PK", "ZINVITEEHASHEDPERSONID", nil}, // the owner's own name is with the album
	{"ZGENERICALBUM.ZCLOUDOWNERHASHEDPERSONID", "ZCLOUDOWNERHASHEDPERSONID", []string{"SharedAlbums"}},
	{"Z_PRIMARYKEY.Z_ENT", "", nil}, // the join tables are found by their shape
	{"Z_PRIMARYKEY.Z_NAME", "", nil},
}

// A fact whose column is gone is left out, with a warning; all else stays.
func TestOptionalColumnsAreLeftOut(t *testing.T) {
	lib := build(t, fixture.Options{})
	intact := cloneDatabase(t, lib.Path)
	all := byUUID(t, intact)
	for _, o := range optional {
		t.Run(o.column, func(t *testing.T) {
			path := cloneDatabase(t, lib.Path)
			table, column, _ := strings.Cut(o.column, ".")
			edit(t, path, "ALTER TABLE "+table+" RENAME COLUMN "+column+" TO ZELSEWHERE")
			l := open(t, path)
			warnings := l.Warnings()
			if o.warning == "" && len(warnings) > 0 {
				t.Errorf("warnings %q", warnings)
			}
			if o.warning != "" && (len(warnings) != 1 || !strings.Contains(warnings[0], o.warning)) {
				t.Errorf("warnings %q, want one with %q", warnings, o.warning)
			}
			assets := list(t, l, ByUUID)
			if len(assets) != len(all) {
				t.Fatalf("%d assets, want %d", len(assets), len(all))
			}
			changed := map[string]bool{}
			for _, a := range assets {
				for _, field := range differences(*all[a.UUID], *a) {
					changed[field] = true
				}
			}
			for field := range changed {
				if !slices.Contains(o.fields, field) {
					t.Errorf("%s changed", field)
				}
			}
			if len(o.fields) > 0 && len(changed) == 0 {
				t.Errorf("nothing changed: the column was not read before")
			}
			if _, err := l.Info(context.Background()); err != nil {
				t.Errorf("info: %v", err)
			}
		})
	}
}

// Tables that only hold optional facts, gone as a whole.
func TestOptionalTablesAreLeftOut(t *testing.T) {
	lib := build(t, fixture.Options{})
	g := generation(t, "11")
	for table, warning := range map[string]string{
		"ZASSETDESCRIPTION": "description", "ZCLOUDMASTER": "iCloud", "ZDETECTEDFACE": "faces", "ZPERSON": "persons", "ZKEYWORD": "keywords",
		"ZGENERICALBUM": "albums", "ZFILESYSTEMBOOKMARK": "ZPATHRELATIVETOVOLUME", "ZFILESYSTEMVOLUME": "ZNAME", "ZCLOUDSHAREDALBUMINVITATIONRECORD": "ZINVITEEHASHEDPERSONID", "Z_PRIMARYKEY": "",
		fmt.Sprintf("Z_%dASSETS", g.Entity("Album")):                       "albums",
		fmt.Sprintf("Z_%dKEYWORDS", g.Entity("AdditionalAssetAttributes")): "keywords",
	} {
		t.Run(table, func(t *testing.T) {
			path := cloneDatabase(t, lib.Path)
			edit(t, path, "DROP TABLE "+table)
			l := open(t, path)
			if warnings := l.Warnings(); (warning != "") != (len(warnings) == 1) || warning != "" && !mentions(warnings, warning) {
				t.Errorf("warnings %q, want %q", warnings, warning)
			}
			if n := len(list(t, l, ByUUID)); n != len(lib.Assets) {
				t.Errorf("%d assets, want %d", n, len(lib.Assets))
			}
		})
	}
}

// renumber gives the entities of joins other numbers, as a new data model does.
func renumber(g fixture.Generation, primaryKeys bool) []string {
	owner, word, album, asset := g.Entity("AdditionalAssetAttributes"), g.Entity("Keyword"), g.Entity("Album"), g.Entity("Asset")
	if n := g.Entity("GenericAsset"); n > 0 {
		asset = n
	}
	rename := func(format string, from, to int) (string, string) {
		return fmt.Sprintf(format, from), fmt.Sprintf(format, to)
	}
	var out []string
	column := func(table, format string, from, to int) {
		a, b := rename(format, from, to)
		out = append(out, "ALTER TABLE "+table+" RENAME COLUMN "+a+" TO "+b)
	}
	table := func(format string, from, to int) {
		a, b := rename(format, from, to)
		out = append(out, "ALTER TABLE "+a+" RENAME TO "+b)
	}
	words, albums := fmt.Sprintf("Z_%dKEYWORDS", owner), fmt.Sprintf("Z_%dASSETS", album)
	column(words, "Z_%dASSETATTRIBUTES", owner, 901)
	column(words, "Z_%dKEYWORDS", word, 902)
	column(albums, "Z_%dALBUMS", album, 903)
	column(albums, "Z_%dASSETS", asset, 904)
	table("Z_%dKEYWORDS", owner, 901)
	table("Z_%dASSETS", album, 903)
	if primaryKeys {
		name := "Asset"
		if g.Entity("GenericAsset") > 0 {
			name = "GenericAsset"
		}
		for entity, number := range map[string]int{"AdditionalAssetAttributes": 901, "Keyword": 902, "Album": 903, name: 904} {
			out = append(out, fmt.Sprintf("UPDATE Z_PRIMARYKEY SET Z_ENT = %d WHERE Z_NAME = '%s'", number, entity))
		}
	}
	return out
}

func TestEntitiesMayHaveAnyNumber(t *testing.T) {
	for _, name := range []string{"5", "8", "11"} {
		for _, told := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s told=%v", name, told), func(t *testing.T) {
				g := generation(t, name)
				lib := build(t, fixture.Options{Generation: g})
				before := byUUID(t, lib.Path)
				edit(t, lib.Path, renumber(g, told)...)
				after := byUUID(t, lib.Path)
				if !reflect.DeepEqual(before, after) {
					for uuid, a := range before {
						if d := differences(*a, *after[uuid]); len(d) > 0 {
							t.Errorf("%s differs in %v", uuid, d)
						}
					}
				}
				if a := caseOf(t, lib, after, "albums"); len(a.Albums) == 0 {
					t.Error("no albums")
				}
				if a := caseOf(t, lib, after, "keywords"); len(a.Text.Keywords) == 0 {
					t.Error("no keywords")
				}
			})
		}
	}
}

// Where two tables have the shape of a join, neither is believed.
func TestTwoJoinsOfOneShape(t *testing.T) {
	g := generation(t, "11")
	lib := build(t, fixture.Options{})
	edit(t, lib.Path, renumber(g, false)...)
	edit(t, lib.Path, "CREATE TABLE Z_77ASSETS (Z_77ALBUMS INTEGER, Z_4ASSETS INTEGER)")
	l := open(t, lib.Path)
	if warnings := l.Warnings(); len(warnings) != 1 || !mentions(warnings, "albums") {
		t.Errorf("warnings %q", warnings)
	}
	for _, a := range list(t, l, ByUUID) {
		if len(a.Albums) > 0 {
			t.Errorf("%s is in albums", a.UUID)
		}
	}
}

// The model version is a warning's matter, not an error's.
func TestModelVersionIsDoubted(t *testing.T) {
	lib := build(t, fixture.Options{})
	for value, word := range map[string]string{
		"NULL": "does not tell", "x'00'": "does not tell", "'text'": "does not tell", "zeroblob(100000)": "does not tell",
	} {
		path := cloneDatabase(t, lib.Path)
		edit(t, path, "UPDATE Z_METADATA SET Z_PLIST = "+value)
		l := open(t, path)
		if warnings := l.Warnings(); len(warnings) != 1 || !mentions(warnings, word) {
			t.Errorf("%s: warnings %q", value, warnings)
		}
		if n := len(list(t, l, ByUUID)); n != len(lib.Assets) {
			t.Errorf("%s: %d assets", value, n)
		}
	}
	future := build(t, fixture.Options{Generation: generation(t, "27")})
	if warnings := open(t, future.Path).Warnings(); len(warnings) != 1 || !mentions(warnings, "newer") {
		t.Errorf("warnings %q", warnings)
	}
}

// Circles of folders and of merged people end.
func TestCirclesEnd(t *testing.T) {
	lib := build(t, fixture.Options{})
	edit(t, lib.Path,
		// Travels lies in Coast, which lies in Travels; Family in itself.
		"UPDATE ZGENERICALBUM SET ZPARENTFOLDER = (SELECT Z_PK FROM ZGENERICALBUM WHERE ZTITLE = 'Coast: East') WHERE ZTITLE = 'Travels'",
		"UPDATE ZGENERICALBUM SET ZPARENTFOLDER = Z_PK WHERE ZTITLE = 'Family'",
		// Everybody was merged into the next one, the last into the first.
		"UPDATE ZPERSON SET ZMERGETARGETPERSON = IFNULL((SELECT min(Z_PK) FROM ZPERSON p WHERE p.Z_PK > ZPERSON.Z_PK), (SELECT min(Z_PK) FROM ZPERSON))",
	)
	within(t, time.Minute, func() {
		all := byUUID(t, lib.Path)
		if len(all) != len(lib.Assets) {
			t.Errorf("%d assets, want %d", len(all), len(lib.Assets))
		}
		if a := caseOf(t, lib, all, "albums"); len(a.Albums) != 3 {
			t.Errorf("albums %v", a.Albums)
		}
		if a := caseOf(t, lib, all, "faces"); len(a.Faces) != 4 {
			t.Errorf("faces %v", a.Faces)
		}
	})
	edit(t, lib.Path, "UPDATE ZPERSON SET ZMERGETARGETPERSON = Z_PK")
	within(t, time.Minute, func() {
		if a := caseOf(t, lib, byUUID(t, lib.Path), "face-manual"); a.Faces[0].Person.KnownAs == "" {
			t.Error("a person merged into herself has lost her name")
		}
	})
}

// Circles of thousands end soon, too, and take no more memory than their rows.
func TestLargeCirclesEnd(t *testing.T) {
	const many = 30_000
	lib := build(t, fixture.Options{})
	numbers := fmt.Sprintf("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) ", many)
	next := fmt.Sprintf("(1000000 + i %% %d)", many)
	edit(t, lib.Path, "BEGIN",
		"INSERT INTO ZGENERICALBUM (Z_PK, ZKIND, ZUUID, ZTITLE, ZPARENTFOLDER) "+numbers+"SELECT 999999 + i, 4000, 'F' || i, 'Folder', "+next+" FROM n",
		"INSERT INTO ZGENERICALBUM (Z_PK, ZKIND, ZUUID, ZTITLE, ZPARENTFOLDER) "+numbers+"SELECT 2000000 + i, 2, 'A' || i, 'Album', "+next+" FROM n",
		"INSERT INTO ZPERSON (Z_PK, ZPERSONUUID, ZFULLNAME, ZMERGETARGETPERSON) "+numbers+"SELECT 999999 + i, 'P' || i, 'Anna', "+next+" FROM n",
		"INSERT INTO Z_PRIMARYKEY (Z_ENT, Z_NAME, Z_SUPER) "+numbers+"SELECT 999999 + i, 'E' || i, "+next+" FROM n",
		"COMMIT")
	within(t, time.Minute, func() {
		l := open(t, lib.Path)
		if n := len(list(t, l, ByUUID)); n != len(lib.Assets) {
			t.Errorf("%d assets, want %d", n, len(lib.Assets))
		}
		if n := len(lists(t, l.Albums)); n < many {
			t.Errorf("%d albums", n)
		}
		if n := len(lists(t, l.Persons)); n < many {
			t.Errorf("%d persons", n)
		}
		first, err := l.Changes(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := l.Changes(t.Context(), first.Baseline); err != nil {
			t.Error(err)
		}
	})
}

// within fails the whole run where something does not end: it holds no promise
// on how long anything takes.
func within(t *testing.T, limit time.Duration, do func()) {
	t.Helper()
	timer := time.AfterFunc(limit, func() {
		fmt.Fprintf(os.Stderr, "%s: no end in sight after %v\n", t.Name(), limit)
		panic("hangs")
	})
	defer timer.Stop()
	do()
}
