package export

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/photogo/photogo/internal/fixture"
	"github.com/photogo/photogo/internal/safefile"
	"github.com/photogo/photogo/manifest"
	"github.com/photogo/photogo/naming"
	"github.com/photogo/photogo/photosdb"
	"github.com/photogo/photogo/query"
)

func TestEveryFileThatIsThereIsPlacedOnce(t *testing.T) {
	for _, g := range fixture.Generations() {
		t.Run(g.Name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, fixture.Options{Generation: g, WAL: true, ReferencedDir: t.TempDir()})
			w.opt.IncludeReferenced = true
			s, events := w.mustRun(t)
			if s.Failed != 0 {
				t.Errorf("%+v", s)
			}
			for _, a := range w.lib.Assets {
				for role := range a.Files {
					e, told := of(events, a, photosdb.Role(role))
					due := !a.Trashed && role != "poster" && role != "edit_base"
					if told != due {
						t.Errorf("%s of %s: told %v, due %v", role, a.Case, told, due)
						continue
					}
					if due && e.Outcome != Placed {
						t.Errorf("%s of %s is %s: %v", role, a.Case, e.Outcome, e.Err)
					}
					if due {
						sameBytes(t, w.lib.File(a, role), filepath.Join(w.dest, e.Item.Path))
					}
				}
			}
			again, _ := w.mustRun(t)
			if again.Placed != 0 || again.Unchanged != s.Placed || again.Altered != s.Altered || again.Missing != s.Missing {
				t.Errorf("first %+v, second %+v", s, again)
			}
		})
	}
}

func sameBytes(t *testing.T, a, b string) {
	t.Helper()
	x, errX := os.ReadFile(a)
	y, errY := os.ReadFile(b)
	if errX != nil || errY != nil || string(x) != string(y) {
		t.Errorf("%s and %s differ (%v, %v)", a, b, errX, errY)
	}
}

func TestFilesGetTheDateOfThePictureAndSaneModes(t *testing.T) {
	w := newWorld(t, fixture.Options{})
	_, events := w.mustRun(t)
	for _, e := range events {
		if e.Entry == nil {
			continue
		}
		info, err := os.Stat(filepath.Join(w.dest, e.Item.Path))
		if err != nil {
			t.Fatal(err)
		}
		if mode := info.Mode().Perm(); mode&0o400 == 0 || mode&^0o644 != 0 {
			t.Errorf("%s has mode %v", e.Item.Path, info.Mode())
		}
		want := e.Item.Stamp
		if want.Year() < 1902 {
			continue // no file system holds it
		}
		if want.IsZero() || info.ModTime().Sub(want).Abs() > time.Microsecond {
			t.Errorf("%s is of %v, want %v", e.Item.Path, info.ModTime(), want)
		}
	}
}

func TestAlteredFilesAreExportedAndTold(t *testing.T) {
	w := newWorld(t, fixture.Options{})
	for range 2 { // the second run must not forget
		s, events := w.mustRun(t)
		for _, label := range []string{"altered", "altered-same-size"} {
			a := w.asset(t, label)
			e := mustOf(t, events, a, photosdb.RoleOriginal)
			if !e.Altered() || e.Entry.Proof != manifest.ProofAltered {
				t.Errorf("%s: proof %q", label, e.Entry.Proof)
			}
			sameBytes(t, w.lib.File(a, "original"), filepath.Join(w.dest, e.Item.Path))
		}
		if s.Altered != 2 || s.Complete() {
			t.Errorf("%+v", s)
		}
		if e := mustOf(t, events, w.asset(t, "no-fingerprint"), photosdb.RoleOriginal); e.Entry.Proof != manifest.ProofSize {
			t.Errorf("without a fingerprint the proof is %q", e.Entry.Proof)
		}
		if e := mustOf(t, events, w.asset(t, "jpeg"), photosdb.RoleOriginal); e.Entry.Proof != manifest.ProofFingerprint {
			t.Errorf("with a fingerprint the proof is %q", e.Entry.Proof)
		}
	}
}

func TestMissingFilesAreToldWithTheirReason(t *testing.T) {
	w := newWorld(t, fixture.Options{})
	s, events := w.mustRun(t)
	for label, want := range map[string]string{"cloud-only": ReasonInCloud, "lost": ReasonLost, "referenced": ReasonNotFound} {
		e := mustOf(t, events, w.asset(t, label), photosdb.RoleOriginal)
		if e.Outcome != Absent || e.Item.Reason != want {
			t.Errorf("%s: %s, %q", label, e.Outcome, e.Item.Reason)
		}
		if _, told := of(events, w.asset(t, label), RoleSidecar); told {
			t.Errorf("%s has a sidecar and no picture", label)
		}
	}
	if s.Missing == 0 || s.Complete() {
		t.Errorf("%+v", s)
	}
}

func TestReferencedFilesOnlyWhenWanted(t *testing.T) {
	w := newWorld(t, fixture.Options{ReferencedDir: t.TempDir()})
	_, events := w.mustRun(t)
	a := w.asset(t, "referenced")
	if e := mustOf(t, events, a, photosdb.RoleOriginal); e.Outcome != Absent || e.Item.Reason != ReasonReferenced {
		t.Errorf("%s, %q", e.Outcome, e.Item.Reason)
	}
	w.opt.IncludeReferenced = true
	_, events = w.mustRun(t)
	e := mustOf(t, events, a, photosdb.RoleOriginal)
	if e.Outcome != Placed {
		t.Fatalf("%s, %v", e.Outcome, e.Err)
	}
	sameBytes(t, a.External, filepath.Join(w.dest, e.Item.Path))
}

func TestSkipsAndSelections(t *testing.T) {
	roles := func(events []Event) (list []photosdb.Role) {
		for _, e := range events {
			if e.Outcome == Placed && !slices.Contains(list, e.Item.Role) {
				list = append(list, e.Item.Role)
			}
		}
		return list
	}
	for name, tt := range map[string]struct {
		opt Options
		not []photosdb.Role
	}{
		"edited":   {Options{Skip: Skip{Edited: true}}, []photosdb.Role{photosdb.RoleEdited, photosdb.RoleEditedLive, RoleEditedSidecar}},
		"live":     {Options{Skip: Skip{Live: true}}, []photosdb.Role{photosdb.RoleLive, photosdb.RoleEditedLive}},
		"raw":      {Options{Skip: Skip{Raw: true}}, []photosdb.Role{photosdb.RoleRaw}},
		"aae":      {Options{Skip: Skip{AAE: true}}, []photosdb.Role{photosdb.RoleAdjustments, photosdb.RoleAAE}},
		"sidecars": {Options{NoSidecars: true}, []photosdb.Role{RoleSidecar, RoleEditedSidecar}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, fixture.Options{})
			_, all := w.mustRun(t)
			w.dest += "2"
			w.opt = tt.opt
			_, events := w.mustRun(t)
			for _, role := range roles(all) {
				if want := !slices.Contains(tt.not, role); slices.Contains(roles(events), role) != want {
					t.Errorf("%s: placed %v", role, !want)
				}
			}
		})
	}
	t.Run("bursts and trash", func(t *testing.T) {
		w := newWorld(t, fixture.Options{})
		w.opt = Options{Skip: Skip{Bursts: true}, Query: query.Query{Trashed: true}}
		_, events := w.mustRun(t)
		if _, told := of(events, w.asset(t, "burst-unpicked"), photosdb.RoleOriginal); told {
			t.Error("the frame that was not picked is there")
		}
		for _, label := range []string{"burst-key", "burst-picked", "trashed"} {
			mustOf(t, events, w.asset(t, label), photosdb.RoleOriginal)
		}
	})
}

func TestAChangedFactRewritesTheSidecarAlone(t *testing.T) {
	w := newWorld(t, fixture.Options{})
	w.mustRun(t)
	a := w.asset(t, "jpeg")
	w.sql(t, `UPDATE ZADDITIONALASSETATTRIBUTES SET ZTITLE = 'a new title' WHERE ZASSET = (SELECT Z_PK FROM ZASSET WHERE ZUUID = ?)`, a.UUID)
	s, events := w.mustRun(t)
	e := mustOf(t, events, a, RoleSidecar)
	if s.Placed != 1 || e.Outcome != Placed || e.Item.Reason != ReasonFacts {
		t.Errorf("%+v; sidecar %s, %q", s, e.Outcome, e.Item.Reason)
	}
	if text, _ := os.ReadFile(filepath.Join(w.dest, e.Item.Path)); !strings.Contains(string(text), "a new title") {
		t.Error("the sidecar has not the new title")
	}
}

func TestANewEditReplacesTheOldOne(t *testing.T) {
	w := newWorld(t, fixture.Options{})
	w.mustRun(t)
	a := w.asset(t, "edited")
	if err := os.WriteFile(w.lib.File(a, "edited"), []byte("another rendering"), 0o644); err != nil {
		t.Fatal(err)
	}
	w.sql(t, `UPDATE ZADDITIONALASSETATTRIBUTES SET ZADJUSTEDSTABLEHASH = NULL WHERE ZASSET = (SELECT Z_PK FROM ZASSET WHERE ZUUID = ?)`, a.UUID)
	w.sql(t, `UPDATE ZINTERNALRESOURCE SET ZFINGERPRINT = NULL, ZSTABLEHASH = NULL, ZDATALENGTH = 17 WHERE ZDATASTORESUBTYPE = 2 AND ZASSET = (SELECT Z_PK FROM ZASSET WHERE ZUUID = ?)`, a.UUID)
	s, events := w.mustRun(t)
	e := mustOf(t, events, a, photosdb.RoleEdited)
	if s.Placed != 1 || e.Outcome != Placed || e.Item.Reason != ReasonChanged {
		t.Errorf("%+v; %s, %q", s, e.Outcome, e.Item.Reason)
	}
	sameBytes(t, w.lib.File(a, "edited"), filepath.Join(w.dest, e.Item.Path))
}

// A library that was copied without its times has new versions of everything
// without a fingerprint, and the same bytes.
func TestNewTimesOfTheSameBytesPlaceNothing(t *testing.T) {
	w := newWorld(t, fixture.Options{})
	w.mustRun(t)
	for _, a := range w.lib.Assets {
		for role := range a.Files {
			if err := os.Chtimes(w.lib.File(a, role), time.Time{}, time.Unix(1e9, 0)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if s, _ := w.mustRun(t); s.Placed != 0 {
		t.Errorf("%+v", s)
	}
}

func TestAnotherDirectoryMovesTheFiles(t *testing.T) {
	w := newWorld(t, fixture.Options{})
	before, _ := w.mustRun(t)
	inodes := map[uint64]bool{}
	for _, f := range w.files(t) {
		inodes[inode(t, filepath.Join(w.dest, f))] = true
	}
	template, err := naming.Parse("{created.year}")
	if err != nil {
		t.Fatal(err)
	}
	w.opt.Directory = template
	s, events := w.mustRun(t)
	if s.Moved != before.Placed || s.Placed != 0 {
		t.Errorf("first %+v, then %+v", before, s)
	}
	for _, e := range events {
		if e.Outcome == Moved && strings.Count(e.Item.Path, "/") != 1 {
			t.Errorf("%s is not where it should be", e.Item.Path)
		}
	}
	for _, f := range w.files(t) {
		if !inodes[inode(t, filepath.Join(w.dest, f))] {
			t.Errorf("%s was copied, not moved", f)
		}
	}
	if s, _ = w.mustRun(t); s.Moved != 0 || s.Placed != 0 {
		t.Errorf("and again %+v", s)
	}
}

func TestANewDateMovesAndDatesTheFiles(t *testing.T) {
	w := newWorld(t, fixture.Options{})
	w.mustRun(t)
	a := w.asset(t, "jpeg")
	w.sql(t, `UPDATE ZASSET SET ZDATECREATED = ZDATECREATED + 86400 WHERE ZUUID = ?`, a.UUID)
	s, events := w.mustRun(t)
	e := mustOf(t, events, a, photosdb.RoleOriginal)
	if e.Outcome != Moved || s.Placed != 1 { // the sidecar tells the date
		t.Errorf("%s, %+v", e.Outcome, s)
	}
	if info, err := os.Stat(filepath.Join(w.dest, e.Item.Path)); err != nil || !info.ModTime().Equal(a.Taken.AddDate(0, 0, 1)) {
		t.Errorf("the moved file is of %v, want %v (%v)", info.ModTime(), a.Taken.AddDate(0, 0, 1), err)
	}
}

func TestWhatLeftTheLibraryStays(t *testing.T) {
	w := newWorld(t, fixture.Options{})
	w.mustRun(t)
	a := w.asset(t, "jpeg")
	// Photos freed the disk: the original is only in iCloud now.
	if err := os.Remove(w.lib.File(a, "original")); err != nil {
		t.Fatal(err)
	}
	w.sql(t, `UPDATE ZINTERNALRESOURCE SET ZLOCALAVAILABILITY = -1, ZREMOTEAVAILABILITY = 1 WHERE ZASSET = (SELECT Z_PK FROM ZASSET WHERE ZUUID = ?)`, a.UUID)
	_, events := w.mustRun(t)
	if e := mustOf(t, events, a, photosdb.RoleOriginal); e.Outcome != Unchanged {
		t.Errorf("what was exported once is %s now: %s", e.Outcome, e.Item.Reason)
	}
	w.sql(t, `DELETE FROM ZASSET WHERE ZUUID = ?`, a.UUID)
	before := len(w.files(t))
	w.mustRun(t)
	if after := len(w.files(t)); after != before {
		t.Errorf("%d files became %d", before, after)
	}
}

// Photos computes fingerprints days after an import, and may free the disk by
// then. What was placed is recognised by the fingerprint that was computed
// while it was.
func TestAFingerprintThatComesLate(t *testing.T) {
	for _, evicted := range []bool{false, true} {
		w := newWorld(t, fixture.Options{})
		a := w.asset(t, "no-fingerprint")
		_, events := w.mustRun(t)
		apple := mustOf(t, events, a, photosdb.RoleOriginal).Entry.Apple
		w.sql(t, `UPDATE ZADDITIONALASSETATTRIBUTES SET ZORIGINALSTABLEHASH = ? WHERE ZASSET = (SELECT Z_PK FROM ZASSET WHERE ZUUID = ?)`, apple, a.UUID)
		if evicted {
			if err := os.Remove(w.lib.File(a, "original")); err != nil {
				t.Fatal(err)
			}
		}
		for range 2 {
			s, events := w.mustRun(t)
			e := mustOf(t, events, a, photosdb.RoleOriginal)
			if e.Outcome != Unchanged || e.Entry.Proof != manifest.ProofFingerprint || s.Placed != 0 {
				t.Errorf("evicted %v: %s, proof %q, %+v", evicted, e.Outcome, e.Entry.Proof, s)
			}
		}
	}
}

func TestWhatWasDeletedOrAlteredInTheDestinationIsMended(t *testing.T) {
	w := newWorld(t, fixture.Options{})
	_, events := w.mustRun(t)
	gone, altered, touched := mustOf(t, events, w.asset(t, "jpeg"), photosdb.RoleOriginal).Item.Path,
		mustOf(t, events, w.asset(t, "png"), photosdb.RoleOriginal).Item.Path,
		mustOf(t, events, w.asset(t, "live"), photosdb.RoleLive).Item.Path
	if err := errors.Join(os.Remove(filepath.Join(w.dest, gone)),
		os.WriteFile(filepath.Join(w.dest, altered), []byte("scribble"), 0o644),
		os.Chtimes(filepath.Join(w.dest, touched), time.Time{}, time.Unix(1, 0))); err != nil {
		t.Fatal(err)
	}
	s, events := w.mustRun(t)
	if s.Placed != 2 {
		t.Errorf("%+v", s)
	}
	for label, want := range map[string]string{"jpeg": ReasonGone, "png": ReasonAltered} {
		e := mustOf(t, events, w.asset(t, label), photosdb.RoleOriginal)
		if e.Outcome != Placed || e.Item.Reason != want {
			t.Errorf("%s: %s, %q", label, e.Outcome, e.Item.Reason)
		}
		sameBytes(t, w.lib.File(w.asset(t, label), "original"), filepath.Join(w.dest, e.Item.Path))
	}
	// What a person wrote there is not lost.
	aside := filepath.Join(w.dest, manifest.Folder, "quarantine", "2026-01-02", altered)
	if got, err := os.ReadFile(aside); string(got) != "scribble" {
		t.Errorf("put aside: %q, %v", got, err)
	}
	if s, _ = w.mustRun(t); s.Placed != 0 {
		t.Errorf("again %+v", s)
	}
}

func TestAForeignFileInTheWayIsNotTouched(t *testing.T) {
	w := newWorld(t, fixture.Options{})
	a := w.asset(t, "jpeg")
	other := newWorld(t, fixture.Options{})
	_, events := other.mustRun(t)
	path := mustOf(t, events, a, photosdb.RoleOriginal).Item.Path
	foreign := filepath.Join(w.dest, path)
	if err := errors.Join(os.MkdirAll(filepath.Dir(foreign), 0o755), os.WriteFile(foreign, []byte("mine"), 0o600)); err != nil {
		t.Fatal(err)
	}
	s, events, err := w.run(t)
	if err != nil {
		t.Fatal(err)
	}
	if e := mustOf(t, events, a, photosdb.RoleOriginal); e.Outcome != Failed || !errors.Is(e.Err, ErrInTheWay) {
		t.Errorf("%s, %v", e.Outcome, e.Err)
	}
	if got, _ := os.ReadFile(foreign); string(got) != "mine" {
		t.Errorf("the file is %q now", got)
	}
	if _, told := of(events, a, RoleSidecar); told {
		t.Error("a picture that failed has a sidecar")
	}
	if s.Failed != 1 || s.Placed == 0 {
		t.Errorf("%+v", s)
	}
}

func TestFilesThatAreThereAlreadyAreAdopted(t *testing.T) {
	w := newWorld(t, fixture.Options{})
	first, _ := w.mustRun(t)
	w.state += "-lost"
	s, _ := w.mustRun(t)
	if s.Placed != 0 || s.Unchanged != first.Placed {
		t.Errorf("first %+v, without the record %+v", first, s)
	}
}

func TestSourcesThatFail(t *testing.T) {
	boom := errors.New("input/output error")
	for name, tt := range map[string]struct {
		open func(next Source, r *photosdb.Resource) (*os.File, error)
		want error
	}{
		"vanishes":       {func(Source, *photosdb.Resource) (*os.File, error) { return nil, fs.ErrNotExist }, fs.ErrNotExist},
		"cannot be read": {func(Source, *photosdb.Resource) (*os.File, error) { return nil, boom }, boom},
		"leads out":      {func(Source, *photosdb.Resource) (*os.File, error) { return nil, photosdb.ErrOutside }, photosdb.ErrOutside},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, fixture.Options{})
			a := w.asset(t, "jpeg")
			w.source = func(next Source) Source {
				return sourceFunc{next, func(r *photosdb.Resource) (*os.File, error) {
					if r.Path == a.Files["original"] {
						return tt.open(next, r)
					}
					return next.Open(r)
				}}
			}
			s, events := w.mustRun(t)
			e := mustOf(t, events, a, photosdb.RoleOriginal)
			if e.Outcome != Failed || !errors.Is(e.Err, tt.want) || !strings.Contains(e.Err.Error(), e.Item.Path) || s.Failed != 1 {
				t.Errorf("%s, %v, %+v", e.Outcome, e.Err, s)
			}
			if _, told := of(events, a, RoleSidecar); told {
				t.Error("a picture that failed has a sidecar")
			}
			w.source = nil
			if s, _ := w.mustRun(t); s.Placed != 2 || s.Failed != 0 {
				t.Errorf("afterwards %+v", s)
			}
		})
	}
}

// What lies where an original should be, and is none, is told as a failure, and
// never read.
func TestSourcesThatAreNoFiles(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("not in the library"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, put := range map[string]func(path string) error{
		"a link that leads out": func(path string) error { return os.Symlink(secret, path) },
		"a pipe":                func(path string) error { return syscall.Mkfifo(path, 0o644) },
		"a folder":              func(path string) error { return os.Mkdir(path, 0o755) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, fixture.Options{})
			a := w.asset(t, "jpeg")
			path := w.lib.File(a, "original")
			if err := errors.Join(os.Remove(path), put(path)); err != nil {
				t.Fatal(err)
			}
			s, events := w.mustRun(t)
			if e := mustOf(t, events, a, photosdb.RoleOriginal); e.Outcome != Failed || !strings.Contains(e.Err.Error(), a.Files["original"]) {
				t.Errorf("%s, %v", e.Outcome, e.Err)
			}
			if _, told := of(events, a, RoleSidecar); told || s.Failed != 1 {
				t.Errorf("sidecar %v, %+v", told, s)
			}
			for _, file := range w.files(t) {
				if data, _ := os.ReadFile(filepath.Join(w.dest, file)); string(data) == "not in the library" {
					t.Errorf("%s holds what lies outside", file)
				}
			}
		})
	}
}

// A source that grows or shrinks while it is copied is copied again, and given
// up if it never rests; it is never placed as it was in between.
func TestSourcesThatChangeWhileTheyAreCopied(t *testing.T) {
	for name, change := range map[string]func(path string, n int) error{
		"grows": func(path string, n int) error {
			f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
			if err != nil {
				return err
			}
			_, err = f.WriteString("more")
			return errors.Join(err, f.Close())
		},
		"shrinks": func(path string, n int) error { return os.Truncate(path, int64(100-n)) },
	} {
		for _, rests := range []bool{true, false} {
			t.Run(name, func(t *testing.T) {
				w := newWorld(t, fixture.Options{})
				a := w.asset(t, "no-fingerprint")
				source := w.lib.File(a, "original")
				changed := 0
				var temp string
				w.source = func(next Source) Source {
					return sourceFunc{next, func(r *photosdb.Resource) (*os.File, error) {
						if r.Path == a.Files["original"] {
							temp = "next"
						}
						return next.Open(r)
					}}
				}
				w.workers = 1
				w.wrap = func(next safefile.FS) safefile.FS {
					return hooks{next, func(op, name string) error {
						if op == "create" && temp == "next" || op == "clone" && temp == "next" {
							temp = ""
							if changed == 0 || !rests {
								changed++
								return change(source, changed)
							}
						}
						return nil
					}}
				}
				s, events, err := w.runUnwatched(t, context.Background())
				if err != nil {
					t.Fatal(err)
				}
				w.check(t)
				e := mustOf(t, events, a, photosdb.RoleOriginal)
				if rests {
					if e.Outcome != Placed || changed != 1 {
						t.Fatalf("%s after %d changes: %v", e.Outcome, changed, e.Err)
					}
					sameBytes(t, source, filepath.Join(w.dest, e.Item.Path))
				} else if e.Outcome != Failed || !errors.Is(e.Err, ErrChanging) || s.Failed != 1 {
					t.Errorf("%s, %v, %+v", e.Outcome, e.Err, s)
				}
			})
		}
	}
}

func TestCancelledRunsKeepWhatTheyDidAndLeaveNothingElse(t *testing.T) {
	for _, after := range []int{0, 1, 7, 40, 120} {
		w := newWorld(t, fixture.Options{})
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		count := 0
		w.workers = 1
		w.wrap = func(next safefile.FS) safefile.FS {
			return hooks{next, func(op, _ string) error {
				if op == "create" {
					if count++; count > after {
						cancel()
					}
				}
				return nil
			}}
		}
		if _, _, err := w.runContext(t, ctx); !errors.Is(err, context.Canceled) {
			t.Fatalf("after %d: %v", after, err)
		}
		w.check(t)
		w.wrap = nil
		if s, _ := w.mustRun(t); s.Failed != 0 {
			t.Errorf("after %d: %+v", after, s)
		}
	}
}

func TestRefusedDestinations(t *testing.T) {
	w := newWorld(t, fixture.Options{})
	link := filepath.Join(t.TempDir(), "link")
	file := filepath.Join(t.TempDir(), "file")
	if err := errors.Join(os.Symlink(filepath.Join(w.lib.Path, "originals"), link), os.WriteFile(file, nil, 0o644)); err != nil {
		t.Fatal(err)
	}
	for name, dest := range map[string]string{
		"the library":         w.lib.Path,
		"spelled otherwise":   filepath.Join(filepath.Dir(w.lib.Path), strings.ToUpper(filepath.Base(w.lib.Path))),
		"inside the library":  filepath.Join(w.lib.Path, "originals", "export"),
		"through a link":      filepath.Join(link, "export"),
		"around the library":  filepath.Dir(w.lib.Path),
		"a file":              file,
		"below a file":        filepath.Join(file, "x"),
		"in another library":  filepath.Join(w.another(t), "originals", "export"),
		"in another spelling": filepath.Join(filepath.Dir(w.lib.Path), strings.ToUpper(filepath.Base(w.lib.Path)), "x"),
	} {
		for _, look := range []bool{true, false} {
			d, err := OpenDestination(context.Background(), dest, OpenOptions{State: w.state, Library: w.lib.Path, Look: look})
			if err == nil {
				d.Close()
			}
			if !errors.Is(err, ErrRefused) {
				t.Errorf("%s, look %v: %v", name, look, err)
			}
		}
	}
	if list, _ := os.ReadDir(filepath.Join(w.lib.Path, "originals", "export")); list != nil {
		t.Error("something was made inside the library")
	}
}

// another is a folder that is a library by what is in it, not by its name.
func (w *world) another(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "Old pictures")
	if err := os.CopyFS(dir, os.DirFS(w.lib.Path)); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestADryRunDoesNothing(t *testing.T) {
	w := newWorld(t, fixture.Options{})
	ctx := context.Background()
	rehearse := func() Summary {
		lib, err := photosdb.Open(ctx, w.lib.Path, photosdb.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer lib.Close()
		d, err := OpenDestination(ctx, w.dest, OpenOptions{State: w.state, Library: w.lib.Path, Look: true})
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		plan, err := NewPlan(lib.Assets(ctx, photosdb.Query{Order: photosdb.ByDate}), d.Record, d.Folder(), Options{})
		if err != nil {
			t.Fatal(err)
		}
		s, err := plan.Rehearse(ctx, nil)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	before := rehearse()
	for _, dir := range []string{w.dest, w.state} {
		if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s was made", dir)
		}
	}
	s, _ := w.mustRun(t)
	if before.Placed != s.Placed || before.Missing != s.Missing || before.Files != s.Files || before.Assets != s.Assets {
		t.Errorf("rehearsed %+v, done %+v", before, s)
	}
	if after := rehearse(); after.Placed != 0 || after.Unchanged != s.Placed || after.Altered != s.Altered {
		t.Errorf("rehearsed again %+v", after)
	}
}
