package photosdb

import (
	"testing"

	"github.com/photogo/photogo/internal/fixture"
)

// A number that the database does not have is not the number 0, which it may have.
func TestUnknownNumbers(t *testing.T) {
	lib := build(t, fixture.Options{})
	bare, null, zero := mustCase(t, lib, "jpeg").UUID, mustCase(t, lib, "edited").UUID, mustCase(t, lib, "png").UUID
	movie, face := mustCase(t, lib, "movie").UUID, mustCase(t, lib, "face-manual").UUID
	all := byUUID(t, lib.Path)
	for _, uuid := range []string{bare, null, zero, movie, face} {
		if a := all[UUID(uuid)]; a.Original.Unknown != 0 || a.Current.Unknown != FrameBytes {
			t.Errorf("%s: unknown %b and %b of a row that has all", uuid, a.Original.Unknown, a.Current.Unknown)
		} else if a.Media.NoDuration || len(a.Faces) > 0 && a.Faces[0].Unknown != 0 {
			t.Errorf("%s: %+v, faces %+v", uuid, a.Media, a.Faces)
		}
	}
	of := func(uuid string) string { return "(SELECT Z_PK FROM ZASSET WHERE ZUUID = '" + uuid + "')" }
	edit(t, lib.Path, "DELETE FROM ZADDITIONALASSETATTRIBUTES WHERE ZASSET = "+of(bare),
		"UPDATE ZASSET SET ZWIDTH = NULL, ZHEIGHT = 'tall' WHERE ZUUID = '"+null+"'",
		"UPDATE ZADDITIONALASSETATTRIBUTES SET ZORIGINALFILESIZE = NULL WHERE ZASSET = "+of(null),
		"UPDATE ZASSET SET ZWIDTH = 0, ZHEIGHT = 0, ZORIENTATION = 0 WHERE ZUUID = '"+zero+"'",
		"UPDATE ZADDITIONALASSETATTRIBUTES SET ZORIGINALFILESIZE = 0 WHERE ZASSET = "+of(zero),
		"UPDATE ZASSET SET ZDURATION = NULL WHERE ZUUID = '"+movie+"'",
		"UPDATE ZDETECTEDFACE SET ZCENTERX = NULL, ZCENTERY = NULL, ZROLL = NULL WHERE ZASSETFORFACE = "+of(face))
	all = byUUID(t, lib.Path)
	for _, want := range []struct {
		uuid              string
		original, current FrameNumbers
	}{
		{bare, frameNumbers, FrameBytes},
		{null, FrameBytes, FrameWidth | FrameHeight | FrameBytes},
		{zero, 0, FrameBytes},
	} {
		if a := all[UUID(want.uuid)]; a.Original.Unknown != want.original || a.Current.Unknown != want.current {
			t.Errorf("%s: unknown %b and %b, want %b and %b", want.uuid, a.Original.Unknown, a.Current.Unknown, want.original, want.current)
		}
	}
	if m := all[UUID(movie)].Media; m.Duration != 0 || !m.NoDuration {
		t.Errorf("movie %+v", m)
	}
	if f := all[UUID(face)].Faces[0]; f.Unknown != FaceX|FaceY|FaceRoll || f.X != 0 || f.Y != 0 || f.Quality != -1 {
		t.Errorf("face %+v", f)
	}
}

// A file that no row tells of is told as it was found.
func TestFilesWithoutRows(t *testing.T) {
	lib := build(t, fixture.Options{})
	here, gone := mustCase(t, lib, "jpeg").UUID, mustCase(t, lib, "cloud-only").UUID
	edit(t, lib.Path, "DELETE FROM ZINTERNALRESOURCE WHERE ZASSET IN (SELECT Z_PK FROM ZASSET WHERE ZUUID IN ('"+here+"', '"+gone+"'))")
	all := byUUID(t, lib.Path)
	for uuid, want := range map[string]bool{here: true, gone: false} {
		a := all[UUID(uuid)]
		if len(a.Resources) != 1 {
			t.Fatalf("%s: files %+v", uuid, a.Resources)
		}
		if r := a.Resources[0]; r.Role != RoleOriginal || !r.Unrecorded || r.OnDisk != want || r.Local != want || r.Remote || r.UTI != a.Current.UTI {
			t.Errorf("%s: %+v", uuid, r)
		}
	}
	if r := caseOf(t, lib, all, "edited").Resource(RoleOriginal); r.Unrecorded {
		t.Errorf("%+v has a row", r)
	}
	if r := caseOf(t, lib, all, "edited").Resource(RoleAdjustments); !r.Unrecorded || !r.Local {
		t.Errorf("%+v has none", r)
	}
}
