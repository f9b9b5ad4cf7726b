package export

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/photogo/photogo/internal/fixture"
	"github.com/photogo/photogo/internal/safefile"
	"github.com/photogo/photogo/naming"
	"github.com/photogo/photogo/photosdb"
)

func template(t *testing.T, text string) *naming.Template {
	t.Helper()
	parsed, err := naming.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

// paths are where the files of an asset's role are, in the order of its places.
func paths(events []Event, a fixture.Asset, role photosdb.Role) (list []string) {
	for _, e := range events {
		if string(e.Item.UUID) == a.UUID && e.Item.Role == role {
			list = append(list, e.Item.Path)
		}
	}
	return list
}

var inThreeAlbums = []string{"Cats_Dogs & <Others>/Albums.jpg", "Family/Sea/Albums.jpg", "Travels/Coast_ East/Sea/Albums.jpg"}

func TestAPictureIsInEachOfItsAlbums(t *testing.T) {
	for _, link := range []Link{LinkClone, LinkHard, LinkCopy} {
		t.Run("link "+string(link), func(t *testing.T) {
			w := newWorld(t, fixture.Options{})
			w.link, w.opt.Directory = link, template(t, "{folder_album,no album}")
			_, events := w.mustRun(t)
			a := w.asset(t, "albums")
			got := paths(events, a, photosdb.RoleOriginal)
			if !slices.Equal(got, inThreeAlbums) {
				t.Fatalf("%q, want %q", got, inThreeAlbums)
			}
			inodes := map[uint64]bool{}
			for _, name := range got {
				sameBytes(t, w.lib.File(a, "original"), filepath.Join(w.dest, name))
				if _, err := os.Stat(filepath.Join(w.dest, name+".xmp")); err != nil {
					t.Error(err)
				}
				inodes[inode(t, filepath.Join(w.dest, name))] = true
			}
			if want := 3; link == LinkHard && len(inodes) != 1 || link != LinkHard && len(inodes) != want {
				t.Errorf("%d files stand behind 3 names", len(inodes))
			}
			if s, _ := w.mustRun(t); s.Placed+s.Moved+s.Failed != 0 {
				t.Errorf("a second run: %+v", s)
			}
		})
	}
}

// Whatever becomes of albums: each wish has its file, and files are moved where
// they can be.
func TestAlbumsComeAndGo(t *testing.T) {
	w := newWorld(t, fixture.Options{})
	w.link, w.opt.Directory, w.only = LinkHard, template(t, "{album,no album}"), []string{"albums", "edited"}
	_, events := w.mustRun(t)
	a := w.asset(t, "albums")
	if got, want := paths(events, a, photosdb.RoleOriginal), []string{"Cats_Dogs & <Others>/Albums.jpg", "Sea/Albums.jpg"}; !slices.Equal(got, want) {
		t.Fatalf("%q, want %q", got, want)
	}

	w.sql(t, `UPDATE ZGENERICALBUM SET ZTITLE = 'Ocean' WHERE ZTITLE = 'Sea'`)
	s, events := w.mustRun(t)
	if got, want := paths(events, a, photosdb.RoleOriginal), []string{"Cats_Dogs & <Others>/Albums.jpg", "Ocean/Albums.jpg"}; !slices.Equal(got, want) || s.Placed != 0 {
		t.Errorf("renamed: %q, want %q; %+v", got, want, s)
	}
	if _, err := os.Stat(filepath.Join(w.dest, "Sea/Albums.jpg")); err == nil {
		t.Error("the file is still in the folder of the old title")
	}

	w.sql(t, `UPDATE ZGENERICALBUM SET ZTRASHEDSTATE = 1 WHERE ZTITLE LIKE 'Cats%'`)
	_, events = w.mustRun(t)
	if got, want := paths(events, a, photosdb.RoleOriginal), []string{"Ocean/Albums.jpg"}; !slices.Equal(got, want) {
		t.Errorf("without its first album: %q, want %q", got, want)
	}
	if _, err := os.Stat(filepath.Join(w.dest, "Cats_Dogs & <Others>/Albums.jpg")); err != nil {
		t.Errorf("what left an album is to stay: %v", err)
	}

	w.sql(t, `UPDATE ZGENERICALBUM SET ZTRASHEDSTATE = 0, ZTITLE = 'Cats' WHERE ZTITLE LIKE 'Cats%'`)
	s, events = w.mustRun(t)
	if got, want := paths(events, a, photosdb.RoleOriginal), []string{"Cats/Albums.jpg", "Ocean/Albums.jpg"}; !slices.Equal(got, want) || s.Placed != 0 {
		t.Errorf("back again: %q, want %q; %+v", got, want, s)
	}

	// A new edit goes to all places, and the places stay one file.
	if err := os.WriteFile(w.lib.File(a, "original"), []byte("other bytes"), 0o644); err != nil {
		t.Fatal(err)
	}
	w.sql(t, `UPDATE ZADDITIONALASSETATTRIBUTES SET ZORIGINALSTABLEHASH = NULL`)
	w.sql(t, `UPDATE ZINTERNALRESOURCE SET ZFINGERPRINT = NULL, ZSTABLEHASH = NULL, ZDATALENGTH = 11 WHERE ZASSET = (SELECT Z_PK FROM ZASSET WHERE ZUUID = ?)`, a.UUID)
	w.mustRun(t)
	for _, name := range []string{"Cats/Albums.jpg", "Ocean/Albums.jpg"} {
		sameBytes(t, w.lib.File(a, "original"), filepath.Join(w.dest, name))
	}
	if inode(t, filepath.Join(w.dest, "Cats/Albums.jpg")) != inode(t, filepath.Join(w.dest, "Ocean/Albums.jpg")) {
		t.Error("the places are two files now")
	}
}

// Names of one file have one date; a new one is no alteration of any.
func TestANewDateOfLinkedPlaces(t *testing.T) {
	w := newWorld(t, fixture.Options{})
	w.link, w.opt.Directory, w.only, w.opt.NoSidecars = LinkHard, template(t, "{folder_album}"), []string{"albums"}, true
	w.mustRun(t)
	a := w.asset(t, "albums")
	w.sql(t, `UPDATE ZASSET SET ZDATECREATED = ZDATECREATED + 86400 WHERE ZUUID = ?`, a.UUID)
	for range 2 {
		if s, _ := w.mustRun(t); s.Placed+s.Moved+s.Failed != 0 || s.Unchanged != 3 {
			t.Errorf("%+v", s)
		}
	}
	for _, name := range inThreeAlbums {
		if info, err := os.Stat(filepath.Join(w.dest, name)); err != nil || !info.ModTime().Equal(a.Taken.AddDate(0, 0, 1)) {
			t.Errorf("%s is of %v (%v)", name, info.ModTime(), err)
		}
	}
}

// A first place that was altered is no source for the others.
func TestAnAlteredPlaceIsNotCopied(t *testing.T) {
	w := newWorld(t, fixture.Options{})
	w.link, w.opt.Directory, w.only = LinkHard, template(t, "{album,no album}"), []string{"albums"}
	w.mustRun(t)
	a := w.asset(t, "albums")
	first, second := filepath.Join(w.dest, "Cats_Dogs & <Others>/Albums.jpg"), filepath.Join(w.dest, "Sea/Albums.jpg")
	info, err := os.Stat(first)
	if err != nil {
		t.Fatal(err)
	}
	data, _ := os.ReadFile(first)
	data[len(data)/2] ^= 1
	if err := os.WriteFile(first, data, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(first, info.ModTime(), info.ModTime()); err != nil { // nobody sees it
		t.Fatal(err)
	}
	if err := os.Remove(second); err != nil {
		t.Fatal(err)
	}
	if s, _, err := w.run(t); err != nil || s.Failed != 0 {
		t.Fatalf("%+v, %v", s, err)
	}
	sameBytes(t, w.lib.File(a, "original"), second)
}

func TestFileSystemsWithoutLinksGetCopies(t *testing.T) {
	w := newWorld(t, fixture.Options{})
	w.link, w.opt.Directory, w.only = LinkHard, template(t, "{folder_album}"), []string{"albums", "live", "edited"}
	w.wrap = func(next safefile.FS) safefile.FS {
		return hooks{next, func(op, name string) error {
			if op == "link" {
				return safefile.ErrNoLink
			}
			return nil
		}}
	}
	s, events := w.mustRun(t)
	if got := paths(events, w.asset(t, "albums"), photosdb.RoleOriginal); !slices.Equal(got, inThreeAlbums) || s.Failed != 0 {
		t.Errorf("%q, %+v", got, s)
	}
}

// Every call fails once while files get into several places.
func TestEveryCallFailsOnceWithPlaces(t *testing.T) {
	base := newWorld(t, fixture.Options{})
	step := int64(1)
	if testing.Short() || raceEnabled {
		step = 7
	}
	for n := int64(1); ; n += step {
		w := &world{lib: base.lib, dest: filepath.Join(t.TempDir(), "dest"), state: t.TempDir(), workers: 1, link: LinkHard, only: []string{"albums", "edited"}}
		w.opt.Directory, w.opt.JSONSidecars = template(t, "{folder_album}"), true
		var calls atomic.Int64
		w.wrap = func(next safefile.FS) safefile.FS {
			return hooks{next, func(op, name string) error {
				if calls.Add(1) == n {
					return errInjected
				}
				return nil
			}}
		}
		s, _, err := w.runUnwatched(t, t.Context())
		fired := calls.Load() >= n
		if fired && err == nil && s.Failed == 0 {
			t.Errorf("call %d: a failure was not told: %+v", n, s)
		}
		w.wrap = nil
		if s, events := w.mustRun(t); s.Failed != 0 || len(paths(events, w.asset(t, "albums"), photosdb.RoleOriginal)) != 3 {
			t.Errorf("call %d: afterwards %+v", n, s)
		}
		for _, name := range w.files(t) {
			if safefile.IsTemp(name) {
				t.Errorf("call %d: afterwards there is %s", n, name)
			}
		}
		if t.Failed() {
			t.FailNow()
		}
		if !fired {
			t.Logf("%d calls", calls.Load())
			return
		}
	}
}

func TestTooManyPlacesAreTold(t *testing.T) {
	w := newWorld(t, fixture.Options{})
	w.opt.Directory, w.only = template(t, "{keyword}/{keyword,}/{keyword}/{keyword}"), []string{"keywords"}
	w.opt.NoSidecars = true
	s, events := w.mustRun(t)
	e := mustOf(t, events, w.asset(t, "keywords"), RolePlace)
	if e.Outcome != Absent || e.Item.Reason != ReasonPlaces || s.Missing != 1 || s.Placed > naming.MaxPlaces || s.Placed < naming.MaxPlaces/2 {
		t.Errorf("%s, %q, %+v", e.Outcome, e.Item.Reason, s)
	}
}

func TestTemplatesThatNeedDetails(t *testing.T) {
	w := newWorld(t, fixture.Options{})
	w.opt.Filename = template(t, "{place.name.city}")
	if _, err := NewPlan(nil, nil, nil, w.opt); !errors.Is(err, ErrNoDetails) {
		t.Errorf("%v, want ErrNoDetails", err)
	}
	w.opt.Filename = nil
	w.opt.Directory = template(t, "{label}/{place.name.city}")
	if _, err := NewPlan(nil, nil, nil, w.opt); !errors.Is(err, ErrNoDetails) || !strings.Contains(err.Error(), "{label} and {place}") {
		t.Errorf("%v, want ErrNoDetails", err)
	}
	w.opt.Details = func(a *photosdb.Asset) (naming.Details, error) {
		return naming.Details{Labels: []string{"Sea", "Beach"}, Place: naming.Place{City: "Binz"}}, nil
	}
	w.only = []string{"jpeg"}
	_, events := w.mustRun(t)
	if got := paths(events, w.asset(t, "jpeg"), photosdb.RoleOriginal); len(got) != 2 || filepath.Dir(got[0]) != "Beach/Binz" || filepath.Dir(got[1]) != "Sea/Binz" {
		t.Errorf("%q", got)
	}
	broken := errors.New("broken")
	w.opt.Details = func(*photosdb.Asset) (naming.Details, error) { return naming.Details{}, broken }
	if _, _, err := w.run(t); !errors.Is(err, broken) {
		t.Errorf("%v, want the error of the details", err)
	}
}

func TestPortableNamesRenameWhatIsNotPortable(t *testing.T) {
	w := newWorld(t, fixture.Options{})
	w.opt.Directory, w.only = template(t, "{album}"), []string{"albums", "jpeg"}
	w.mustRun(t)
	w.opt.Portable = true
	s, events := w.mustRun(t)
	if got := paths(events, w.asset(t, "albums"), photosdb.RoleOriginal); got[0] != "Cats_Dogs & _Others_/Albums.jpg" || s.Placed != 0 || s.Moved != 2 {
		t.Errorf("%q, %+v", got, s)
	}
}

func TestJSONSidecars(t *testing.T) {
	w := newWorld(t, fixture.Options{})
	w.opt.JSONSidecars, w.only = true, []string{"jpeg", "edited"}
	_, events := w.mustRun(t)
	a := w.asset(t, "edited")
	var content [2]string
	for i, role := range []photosdb.Role{RoleJSON, RoleEditedJSON} {
		e := mustOf(t, events, a, role)
		data, err := os.ReadFile(filepath.Join(w.dest, e.Item.Path))
		if err != nil {
			t.Fatal(err)
		}
		content[i] = string(data)
		picture := mustOf(t, events, a, e.Item.of)
		if e.Item.Path != picture.Item.Path+".json" || !strings.Contains(content[i], `{"uuid":"`+a.UUID+`"`) || !strings.HasSuffix(content[i], "}\n") {
			t.Errorf("%s: %s", e.Item.Path, content[i])
		}
	}
	if content[0] != content[1] {
		t.Error("the facts of one asset differ")
	}
	mustOf(t, events, a, RoleSidecar)
	if s, _ := w.mustRun(t); s.Placed != 0 {
		t.Errorf("a second run: %+v", s)
	}
	w.opt.NoSidecars = true
	w.sql(t, `UPDATE ZADDITIONALASSETATTRIBUTES SET ZTITLE = 'a new title' WHERE ZASSET = (SELECT Z_PK FROM ZASSET WHERE ZUUID = ?)`, a.UUID)
	s, events := w.mustRun(t)
	if e := mustOf(t, events, a, RoleJSON); e.Outcome != Placed || e.Item.Reason != ReasonFacts || s.Placed != 2 {
		t.Errorf("%s, %q, %+v", e.Outcome, e.Item.Reason, s)
	}
	if _, told := of(events, a, RoleSidecar); told {
		t.Error("an XMP sidecar that nobody wants")
	}
}
