package backup_test

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/photogo/photogo/archive"
	"github.com/photogo/photogo/backup"
	"github.com/photogo/photogo/manifest"
	"github.com/photogo/photogo/mount"
	"github.com/photogo/photogo/ssh"
)

func TestACycleMirrorsArchivesProvesAndPurges(t *testing.T) {
	t.Parallel()
	s := newSite(t, withVault|withRepo)
	s.plain(1, 3)
	s.arrive("edited", "live")
	r := s.good()
	if r.Exported.Placed == 0 || r.Mirrored.Files != r.Exported.Placed || len(r.Archives) != 0 || r.Period != "2025-05" {
		t.Fatalf("%+v", r)
	}
	may := pictures(t, s.staging())
	s.mirrorIs(may)

	// Nothing new: nothing is sent.
	s.at(time.May, 11)
	if r = s.good(); r.Exported.Placed+r.Mirrored.Files != 0 {
		t.Errorf("%+v", r)
	}

	// What comes when the month is noticed to be over stays for the next one, too.
	s.at(time.June, 2)
	s.plain(4, 5)
	r = s.good()
	if !slices.Equal(r.Archives, []string{"anna-2025-05"}) || r.Purged.Files != len(may) || r.Period != "2025-06" {
		t.Fatalf("%+v", r)
	}
	june := pictures(t, s.staging())
	if len(june) != 4 || r.Proven.Files != len(may)+4 {
		t.Errorf("%v\n%+v", june, r)
	}
	s.mirrorIs(june)
	s.safe()

	// What is archived is not exported again.
	s.at(time.June, 3)
	if r = s.good(); r.Exported.Placed != 0 {
		t.Errorf("%+v", r)
	}
	st, err := backup.Look(t.Context(), s.job(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if st.Lost.Files != 0 || st.Single.Files != len(may) || st.Staged.Files != 4 || st.Mirrored.Files != 4 || st.Archived.Files != len(may)+4 {
		t.Errorf("%+v", st)
	}

	// The vault has what the next Mac needs to go on.
	sealed := s.mirror()
	for _, name := range []string{"catalogue.sqlite", "catalogue.sqlite.1", "cycle.sqlite", "manifest.sqlite", "borg.key", "gocryptfs.conf"} {
		if _, ok := sealed[backup.SealFolder("anna")+"/"+name]; !ok {
			t.Errorf("%s is not sealed: %v", name, slices.Sorted(maps.Keys(sealed)))
		}
	}
}

func TestMonthsOfNewLateEditedAndDeletedPictures(t *testing.T) {
	t.Parallel()
	s := newSite(t, withRepo)
	s.plain(1, 4)
	s.arrive("edited")
	s.good()
	s.leave("plain-0001") // before it is archived: the staging folder has it
	s.at(time.May, 20)
	s.good()
	s.at(time.June, 1)
	s.good()
	// The edit of an archived month, and a picture of April that is imported in July.
	s.edit("edited", "rendered anew")
	s.leave("plain-0002")
	s.at(time.June, 15)
	if r := s.good(); r.Exported.Placed == 0 {
		t.Errorf("%+v", r)
	}
	s.at(time.July, 3)
	s.arrive("latest")
	s.good()
	// Nothing comes in July but that, and in August nothing at all.
	s.at(time.August, 1)
	s.good()
	s.at(time.September, 10)
	s.good()
	if got := pictures(t, s.staging()); len(got) != 0 {
		t.Errorf("still staged: %v", got)
	}
	if got, want := s.archives(), []string{"anna-2025-05", "anna-2025-06", "anna-2025-07"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	s.safe()
}

// A cycle is killed again and again, each time at the next step, and comes to the
// same end as one that was not.
func TestACycleThatIsKilledAtEachStepComesToTheSameEnd(t *testing.T) {
	t.Parallel()
	s := newSite(t, withVault|withRepo)
	s.plain(1, 4)
	s.arrive("edited")
	s.killed("export") // the very first
	s.killed("mirror+")
	s.good()
	may := pictures(t, s.staging())
	s.at(time.June, 2)
	s.plain(5, 6)
	steps := []string{"mount", "mirror", "archive", "prove", "prove+", "purge", "purge+", "seal", "unmount"}
	if testing.Short() {
		steps = []string{"mirror", "prove", "purge+"}
	}
	for _, at := range steps {
		s.killed(at)
		s.safe()
	}
	s.good()
	june := pictures(t, s.staging())
	for name := range may {
		if _, ok := june[name]; ok {
			t.Errorf("%s is not purged", name)
		}
	}
	if len(june) != 4 {
		t.Errorf("%v", june)
	}
	if got := s.archives(); !slices.Equal(got, []string{"anna-2025-05"}) {
		t.Errorf("%v", got)
	}
	s.mirrorIs(june)
	s.safe()
	for name := range s.mirror() {
		if strings.HasSuffix(name, ".tmp") {
			t.Errorf("%s was left in the vault", name)
		}
	}
}

func TestAHiddenArchiveStopsEveryRemoval(t *testing.T) {
	t.Parallel()
	s := newSite(t, withRepo)
	s.plain(1, 2)
	s.good()
	s.at(time.June, 1)
	s.good()
	kept := s.copyRepo()
	s.borg("delete", "::anna-2025-05")
	s.plain(3, 4)
	s.at(time.July, 1)
	s.bad(backup.ErrHidden)
	if got := s.archives(); len(got) != 0 {
		t.Errorf("%v", got)
	}
	// It shows again.
	s.putBack(kept)
	s.good()
	s.safe()

	// An archive that nobody knows is told as well.
	must(t, os.WriteFile(filepath.Join(s.Dir, "x"), []byte("x"), 0o600))
	s.borg("create", "::anna-2025-03", filepath.Join(s.Dir, "x"))
	s.bad(backup.ErrUnknown)
}

func TestAClockThatIsNotBelievedEndsNoPeriod(t *testing.T) {
	t.Parallel()
	s := newSite(t, withRepo)
	s.plain(1, 2)
	s.good()
	s.plain(3, 4)
	s.at(time.April, 1) // behind
	if r := s.bad(backup.ErrClock); r.Exported.Placed == 0 {
		t.Errorf("nothing was exported: %+v", r)
	}
	s.Clock = s.Clock.AddDate(3, 0, 0) // far ahead
	s.bad(backup.ErrClock)
	if got := s.archives(); len(got) != 0 {
		t.Errorf("%v", got)
	}
	s.at(time.June, 1)
	s.good()
	s.safe()

	// A person says that the clock is right.
	s.Clock = s.Clock.AddDate(3, 0, 0)
	s.Trust = true
	s.good()
}

// rotten changes a byte in every segment of the repository that is large enough to
// hold files, and returns how to undo it.
func (s *site) rotten() (heal func()) {
	s.t.Helper()
	sound := map[string][]byte{}
	segments, err := filepath.Glob(filepath.Join(s.Repo, "data", "*", "*"))
	must(s.t, err)
	for _, name := range segments {
		content, err := os.ReadFile(name)
		must(s.t, err)
		if len(content) < 4000 {
			continue
		}
		sound[name] = slices.Clone(content)
		content[len(content)/2]++
		must(s.t, os.WriteFile(name, content, 0o600))
	}
	if len(sound) == 0 {
		s.t.Fatal("no segment to spoil")
	}
	return func() {
		for name, content := range sound {
			must(s.t, os.WriteFile(name, content, 0o600))
		}
	}
}

func (s *site) copyRepo() string {
	s.t.Helper()
	to := filepath.Join(s.t.TempDir(), "kept")
	if out, err := exec.Command("cp", "-a", s.Repo, to).CombinedOutput(); err != nil {
		s.t.Fatalf("%v: %s", err, out)
	}
	return to
}

func (s *site) putBack(kept string) {
	s.t.Helper()
	must(s.t, os.RemoveAll(s.Repo))
	if out, err := exec.Command("cp", "-a", kept, s.Repo).CombinedOutput(); err != nil {
		s.t.Fatalf("%v: %s", err, out)
	}
	// That a repository goes back in time is told by borg's own memory of it.
	must(s.t, os.RemoveAll(filepath.Join(s.state(), "borg")))
}

// borg runs borg itself on the repository.
func (s *site) borg(args ...string) {
	s.t.Helper()
	cmd := exec.Command("borg", args...)
	cmd.Env = append(os.Environ(), "BORG_REPO="+s.Repo, "BORG_PASSPHRASE="+string(canary), "BORG_BASE_DIR="+filepath.Join(s.state(), "borg"), "BORG_DELETE_I_KNOW_WHAT_I_AM_DOING=YES")
	if out, err := cmd.CombinedOutput(); err != nil {
		s.t.Fatalf("borg %v: %v: %s", args, err, out)
	}
}

func TestAnArchiveThatCannotBeProvenRemovesNothingAndIsNotMadeAgainAndAgain(t *testing.T) {
	t.Parallel()
	s := newSite(t, withRepo)
	s.plain(1, 3)
	s.good()
	s.at(time.June, 1)
	// The archive is made, and its chunks rot before anybody has read them.
	s.killed("prove")
	sound := s.copyRepo()
	s.rotten()
	for n, want := range []int{1, 2, 2, 2} {
		s.Clock = s.Clock.Add(5 * time.Minute)
		if _, err := s.cycle(); err == nil {
			t.Fatal("a rotten archive was proven")
		}
		if got := len(pictures(t, s.staging())); got != 6 {
			t.Fatalf("%d files left", got)
		}
		if got := s.listed(); got > want {
			t.Errorf("%d archives after cycle %d", got, n+1)
		}
	}
	// Its disk was mended.
	s.putBack(sound)
	if s.listed() == 1 {
		_, err := s.cycle()
		if err != nil && !errors.Is(err, backup.ErrHidden) {
			t.Error(err)
		}
	}
}

// listed counts the archives, as far as borg can say.
func (s *site) listed() (n int) {
	s.withRepo(func(r *archive.Repo) {
		list, _ := r.List(s.t.Context())
		n = len(list)
	})
	return n
}

func TestAFullDiskOfTheRepositoryIsToldAndMadeUpFor(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 || runtime.GOOS != "linux" {
		t.Skip("a small file system needs root")
	}
	s := newSite(t, 0)
	s.Repo = s.smallDisk("900k")
	s.withRepo(func(r *archive.Repo) { must(t, r.Init(t.Context(), archive.Repokey)) })
	s.plain(1, 3)
	s.arrive("edited")
	big, _ := s.lib.Case("plain-0001")
	s.fatten(big.Case, 2<<20)
	s.good()
	s.at(time.June, 1)
	s.bad(archive.ErrFull)
	if out, err := exec.Command("mount", "-o", "remount,size=20m", filepath.Dir(s.Repo)).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	s.good()
	s.safe()
	if got := s.archives(); !slices.Equal(got, []string{"anna-2025-05"}) {
		t.Errorf("%v", got)
	}
}

// smallDisk mounts a file system of a size, and returns a name in it.
func (s *site) smallDisk(size string) string {
	s.t.Helper()
	dir := s.t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size="+size, "tmpfs", dir).CombinedOutput(); err != nil {
		s.t.Skipf("mount: %v: %s", err, out)
	}
	s.t.Cleanup(func() {
		if out, err := exec.Command("umount", dir).CombinedOutput(); err != nil {
			s.t.Errorf("%v: %s", err, out)
		}
	})
	return filepath.Join(dir, "repo")
}

// fatten gives a picture random bytes, as many as are asked for.
func (s *site) fatten(label string, size int) {
	s.t.Helper()
	a, _ := s.lib.Case(label)
	content := make([]byte, size)
	random := binary.LittleEndian.Uint64(append([]byte(a.UUID), 0)[:8]) // other bytes for each
	for i := range content {
		random = random*6364136223846793005 + 1442695040888963407
		content[i] = byte(random >> 33)
	}
	must(s.t, os.WriteFile(s.lib.File(a, "original"), content, 0o644))
	s.sql(`UPDATE ZADDITIONALASSETATTRIBUTES SET ZORIGINALSTABLEHASH = NULL, ZORIGINALFILESIZE = ? WHERE ZASSET = (SELECT Z_PK FROM ZASSET WHERE ZUUID = ?)`, size, a.UUID)
	s.sql(`UPDATE ZINTERNALRESOURCE SET ZSTABLEHASH = NULL, ZFINGERPRINT = NULL, ZDATALENGTH = ? WHERE ZASSET = (SELECT Z_PK FROM ZASSET WHERE ZUUID = ?)`, size, a.UUID)
}

func TestABudgetMakesPortions(t *testing.T) {
	t.Parallel()
	s := newSite(t, withRepo)
	s.plain(1, 3)
	for n := range 3 {
		s.fatten(fmt.Sprintf("plain-%04d", n+1), 100_000)
	}
	s.Budget = 150_000
	r := s.good()
	// Each takes as much as fits, and makes room for the next.
	if want := []string{"anna-2025-05", "anna-2025-05.2"}; !slices.Equal(r.Archives, want) || r.Exported.More {
		t.Errorf("%+v", r)
	}
	if got := pictures(t, s.staging()); len(got) != 2 {
		t.Errorf("%v", got)
	}
	s.safe()
	s.at(time.June, 1)
	if r = s.good(); !slices.Equal(r.Archives, []string{"anna-2025-05.3"}) || len(pictures(t, s.staging())) != 0 {
		t.Errorf("%+v", r)
	}
	s.safe()
}

func TestADamagedFileSpoilsNoArchiveAndIsToldUntilItIsMended(t *testing.T) {
	t.Parallel()
	s := newSite(t, withRepo)
	s.plain(1, 3)
	s.good()
	var victim string
	for name := range pictures(t, s.staging()) {
		if strings.HasSuffix(name, ".JPG") {
			victim = filepath.Join(s.staging(), name)
		}
	}
	info, err := os.Stat(victim)
	must(t, err)
	sound, err := os.ReadFile(victim)
	must(t, err)
	bad := slices.Clone(sound)
	bad[0]++
	must(t, os.WriteFile(victim, bad, 0o644))
	must(t, os.Chtimes(victim, info.ModTime(), info.ModTime()))
	s.at(time.June, 1)
	for range 2 {
		r, err := s.cycle()
		if !errors.Is(err, backup.ErrStaging) || r.Complete || r.Damaged != 1 {
			t.Fatalf("%v %+v", err, r)
		}
		if _, err := os.Stat(victim); err != nil {
			t.Fatal(err)
		}
	}
	if got := pictures(t, s.staging()); len(got) != 1 {
		t.Errorf("%v", got)
	}
	must(t, os.WriteFile(victim, sound, 0o644))
	must(t, os.Chtimes(victim, info.ModTime(), info.ModTime()))
	s.good()
	s.at(time.July, 1)
	s.good()
	s.safe()
}

func TestTwoCyclesAtOnceAndAMachineThatDoesNotAnswer(t *testing.T) {
	t.Parallel()
	s := newSite(t, withVault)
	s.plain(1, 2)
	s.good()
	c, err := backup.Open(t.Context(), s.job())
	must(t, err)
	if _, err := s.cycle(); !errors.Is(err, backup.ErrBusy) {
		t.Error(err)
	}
	must(t, c.Close())
	known := s.SSH.KnownHosts
	s.SSH.KnownHosts = filepath.Join(s.Dir, "nobody")
	s.bad(ssh.ErrHostKey)
	s.SSH.KnownHosts = known
	s.server.Stop()
	_, err = s.cycle()
	if !errors.Is(err, backup.ErrUnreachable) {
		t.Error(err)
	}
	// The receipt is that of the last cycle that did something.
	st, err := backup.Look(t.Context(), s.job(), nil)
	if err != nil || st.Last == nil || !strings.Contains(st.Last.Problem, "key of the remote machine") {
		t.Errorf("%+v %v", st.Last, err)
	}
}

// The disk of the other machine hangs while files are written: who writes them is
// left behind, and nothing of it is believed.
func TestADiskThatHangsIsLeftBehind(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute, which is how long photogo waits for what hangs")
	}
	t.Parallel()
	s := newSite(t, withVault)
	s.plain(1, 2)
	s.good()
	before := s.mirror()
	s.plain(3, 6)
	s.fatten("plain-0003", 40<<20)
	s.Silence, s.Deadline = 2*time.Second, 2*time.Second
	frozen := make(chan int, 1)
	go func() {
		for s.vaultBytes() < 1<<20 {
			time.Sleep(time.Millisecond)
		}
		frozen <- s.server.FreezeDisk()
	}()
	if _, err := s.cycle(); !errors.Is(err, mount.ErrDead) {
		t.Errorf("%v", err)
	}
	if <-frozen == 0 {
		t.Error("nothing was frozen")
	}
	s.server.Thaw()
	s.Silence, s.Deadline = time.Minute, 20*time.Second
	if r := s.good(); r.Mirrored.Files != 8 {
		t.Errorf("%d files were sent, and there were %d before", r.Mirrored.Files, len(before))
	}
	s.mirrorIs(pictures(t, s.staging()))
}

// vaultBytes is how much the encrypted files of the vault hold.
func (s *site) vaultBytes() (n int64) {
	filepath.WalkDir(s.Vault.Dir, func(_ string, d fs.DirEntry, err error) error {
		if err == nil {
			if info, err := d.Info(); err == nil && info.Mode().IsRegular() {
				n += info.Size()
			}
		}
		return nil
	})
	return n
}

func TestTheMirrorFollowsTheRecordAndLeavesWhatIsNotItsOwn(t *testing.T) {
	t.Parallel()
	s := newSite(t, withVault)
	s.plain(1, 2)
	s.good()
	before := pictures(t, s.staging())
	// The dates of the pictures change, and so their folders: the mirror moves, too.
	s.sql(`UPDATE ZASSET SET ZDATECREATED = ZDATECREATED + 86400000 WHERE ZTRASHEDSTATE = 0`)
	s.at(time.May, 11)
	s.good()
	after := pictures(t, s.staging())
	for name := range before {
		if _, ok := after[name]; ok {
			t.Fatalf("%s was not moved", name)
		}
	}
	s.mirrorIs(after)

	// Somebody puts a file where the next one belongs.
	s.plain(3, 3)
	a, _ := s.lib.Case("plain-0003")
	where := a.Taken.Format("2006/01/02/") + a.OriginalFilename
	s.inVault(func(root *os.Root) {
		must(t, root.MkdirAll("anna/"+filepath.Dir(where), 0o755))
		must(t, root.WriteFile("anna/"+where, []byte("somebody's"), 0o644))
	})
	s.good()
	kept := false
	for name, sum := range s.mirror() {
		kept = kept || strings.HasPrefix(name, manifest.Folder+"/aside/anna/"+where) && sum == sumText("somebody's")
	}
	if !kept {
		t.Error("somebody's file is gone")
	}
	s.mirrorIs(pictures(t, s.staging()))
}

// A file of the mirror that cannot be removed when its archive is proven is told, and
// goes when it can.
func TestWhatTheMirrorDoesNotLetGoOfGoesLater(t *testing.T) {
	t.Parallel()
	s := newSite(t, withVault|withRepo)
	s.fatten("plain-0001", 200_000)
	s.plain(1, 2)
	s.good()
	var name string
	must(t, filepath.WalkDir(s.Vault.Dir, func(file string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			if info, err := d.Info(); err == nil && info.Size() > 200_000 && info.Size() < 210_000 {
				name = file
			}
		}
		return err
	}))
	lock := func(how string) error { return exec.Command("chattr", how, name).Run() }
	if err := lock("+i"); err != nil {
		t.Skipf("this file system makes no file immutable: %v", err)
	}
	t.Cleanup(func() { lock("-i") })
	s.at(time.June, 1)
	for n := range 2 {
		r, err := s.cycle()
		if seals := s.began(backup.StepSeal); seals != (n == 0) {
			t.Errorf("cycle %d: what is remembered is sealed: %v", n, seals)
		}
		if !errors.Is(err, backup.ErrMirror) || r.Complete || !strings.Contains(r.Problem, "DSC_00001.JPG") {
			t.Errorf("%v %+v", err, r)
		}
		if got := pictures(t, s.staging()); len(got) != 0 {
			t.Errorf("still staged: %v", got)
		}
	}
	must(t, lock("-i"))
	// It is the last copy while the archive is hidden, and stays.
	kept := s.copyRepo()
	s.borg("delete", "::anna-2025-05")
	s.bad(backup.ErrHidden)
	if !slices.ContainsFunc(slices.Collect(maps.Keys(s.mirror())), func(name string) bool { return strings.HasSuffix(name, "DSC_00001.JPG") }) {
		t.Error("the mirror let go of what the repository does not show")
	}
	s.putBack(kept)
	s.good()
	s.mirrorIs(nil)
	s.safe()
}

// What somebody changed in the mirror is not what was proven, and stays, even where it
// has the same size.
func TestAFileThatWasChangedInTheMirrorStays(t *testing.T) {
	t.Parallel()
	s := newSite(t, withVault|withRepo)
	s.plain(1, 2)
	s.good()
	var changed, touched string
	for name := range pictures(t, s.staging()) {
		if path.Ext(name) != ".xmp" {
			changed, touched = max(changed, name), min(cmp.Or(touched, name), name)
		}
	}
	s.inVault(func(root *os.Root) {
		old, err := root.ReadFile("anna/" + changed)
		must(t, err)
		must(t, root.WriteFile("anna/"+changed, bytes.Repeat([]byte("x"), len(old)), 0o600))
		// One of another time is read, and goes.
		must(t, root.Chtimes("anna/"+touched, s.Clock, s.Clock))
	})
	s.at(time.June, 1)
	s.good()
	files := s.mirror()
	if _, ok := files["anna/"+changed]; !ok {
		t.Errorf("%s is gone: %v", changed, files)
	}
	if _, ok := files["anna/"+touched]; ok {
		t.Errorf("%s is still there", touched)
	}
	s.safe()
}

// After a catalogue was lost an archive counts as a copy when it was read back, and no
// more when that finds damage. What is in the library alone is lost with the Mac.
func TestStatusTellsOfArchivesThatNobodyReadBack(t *testing.T) {
	t.Parallel()
	s := newSite(t, withRepo)
	look := func(lost, single, unexported, unproven int) {
		t.Helper()
		risks := map[int]int{}
		st, err := backup.Look(t.Context(), s.job(), func(r backup.Risk) error { risks[r.Copies]++; return nil })
		if err != nil || st.Unread != nil || st.Lost.Files != lost || st.Single.Files != single || st.Unexported.Files != unexported || st.Unproven() != unproven || risks[0] != lost || risks[1] != single {
			t.Errorf("%v %+v %v", err, st, risks)
		}
	}
	s.plain(1, 2)
	look(4, 0, 4, 0)
	s.good()
	look(4, 0, 0, 0)
	s.at(time.June, 1)
	s.good()
	look(0, 4, 0, 0)
	s.plain(3, 3)
	look(2, 4, 2, 0)
	catalogue := backup.CatalogueFile(s.state(), "anna")
	s.withRepo(func(r *archive.Repo) {
		_, err := backup.Rebuild(t.Context(), r, backup.RebuildOptions{File: func(string) string { return catalogue }})
		must(t, err)
	})
	look(6, 0, 2, 1)
	prove := func(want error) {
		t.Helper()
		s.withRepo(func(r *archive.Repo) {
			if p, err := backup.ProveAgain(t.Context(), r, catalogue, "anna-2025-05"); !errors.Is(err, want) || err == nil && p.Files < 4 {
				t.Errorf("%+v %v", p, err)
			}
		})
	}
	prove(nil)
	look(2, 4, 2, 0)
	kept := s.copyRepo()
	s.rotten()
	prove(archive.ErrDamaged)
	look(6, 0, 2, 1)
	s.putBack(kept)
	prove(nil)
	look(2, 4, 2, 0)
	// An archive of the same name in another repository is none of the catalogue's.
	s.borg("delete", "::anna-2025-05")
	must(t, os.WriteFile(filepath.Join(s.Dir, "x"), []byte("x"), 0o600))
	s.borg("create", "::anna-2025-05", filepath.Join(s.Dir, "x"))
	prove(archive.ErrNotProven)
	look(2, 4, 2, 0)
	// A library that cannot be read is told.
	must(t, os.Rename(s.Library, s.Library+".away"))
	if st, err := backup.Look(t.Context(), s.job(), nil); err != nil || st.Unread == nil || st.Single.Files != 4 {
		t.Errorf("%v %+v", err, st)
	}
}

// began reports whether the last cycle came to a step.
func (s *site) began(step backup.Step) bool {
	return slices.ContainsFunc(s.events, func(e backup.Event) bool { return e.Begin && e.Step == step })
}

// What is remembered of a large library is not sent for a few pictures, but once a day,
// and when something has left the staging folder.
func TestWhatIsRememberedIsSealedWhenItIsWorthIt(t *testing.T) {
	t.Parallel()
	s := newSite(t, withVault|withRepo)
	next := 0
	day := func(month time.Month, day, pictures int, want bool) {
		t.Helper()
		s.at(month, day)
		for range pictures {
			next++
			s.plain(next, next)
		}
		if s.good(); s.began(backup.StepSeal) != want {
			t.Errorf("%v: sealed: %v", s.Clock, !want)
		}
	}
	day(time.May, 10, 1, true)
	day(time.May, 10, 1, true) // it is small
	conn, err := sqlite.OpenConn(filepath.Join(s.state(), "jobs", "anna", "cycle.sqlite"), sqlite.OpenReadWrite)
	must(t, err)
	must(t, sqlitex.ExecuteTransient(conn, `INSERT INTO meta VALUES('much', hex(randomblob(2000000)))`, nil))
	must(t, conn.Close())
	day(time.May, 10, 1, false)
	day(time.May, 11, 0, true) // a day after the last time
	day(time.May, 11, 0, false)
	day(time.May, 11, 1, false)
	day(time.June, 2, 1, true)
	day(time.June, 2, 0, false)
	day(time.July, 1, 0, true)
	s.fatten(fmt.Sprintf("plain-%04d", next+1), 20_000_000)
	day(time.July, 1, 1, true) // it is small beside what is sent
}
