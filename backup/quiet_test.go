package backup_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/zeebo/blake3"

	"github.com/photogo/photogo/backup"
	"github.com/photogo/photogo/manifest"
	"github.com/photogo/photogo/ssh"
)

// What scripts lose without a word, and a cycle does not. Other ways of losing
// pictures have tests of their own; docs/SCRIPTS.md lists them all.

// taken lets a plain picture arrive that was taken at a time.
func (s *site) taken(n int, at time.Time) {
	s.t.Helper()
	s.plain(n, n)
	seconds := at.Sub(time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC)).Seconds()
	s.sql(`UPDATE ZASSET SET ZDATECREATED = ?, ZADDEDDATE = ?, ZMODIFICATIONDATE = NULL WHERE ZUUID = ?`, seconds, seconds, s.uuid(fmt.Sprintf("plain-%04d", n)))
}

// everArchived makes sure that the originals of plain pictures, from the nth to the
// mth, are in archives that were proven.
func (s *site) everArchived(from, to int) {
	s.t.Helper()
	c, err := backup.PeekCatalogue(s.t.Context(), backup.CatalogueFile(s.state(), "anna"))
	must(s.t, err)
	defer c.Close()
	archives, err := c.Archives()
	must(s.t, err)
	sums := map[manifest.Sum]bool{}
	for _, a := range archives {
		if a.State != backup.Proven {
			s.t.Errorf("%s is %v", a.Name, a.State)
		}
		for e, err := range c.Entries(s.t.Context(), a.Name) {
			must(s.t, err)
			sums[e.Sum] = true
		}
	}
	for n := from; n <= to; n++ {
		a, _ := s.lib.Case(fmt.Sprintf("plain-%04d", n))
		content, err := os.ReadFile(s.lib.File(a, "original"))
		must(s.t, err)
		if !sums[blake3.Sum256(content)] {
			s.t.Errorf("%s is in no archive", a.Case)
		}
	}
}

// A year ends between two cycles. Whatever is taken around its midnights, that of the
// clock and that of UTC, on them to the second, or before the archive was made and
// imported after it, is archived.
func TestTheHoursAroundTheEndOfAMonth(t *testing.T) {
	t.Parallel()
	for name, offset := range map[string]int{"Auckland": 13, "Berlin": 1, "Los Angeles": -8} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			here := time.FixedZone(name, offset*3600)
			midnight := time.Date(2026, 1, 1, 0, 0, 0, 0, here)
			utc := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
			s := newSite(t, withRepo)
			s.Clock = midnight.Add(-10 * time.Minute)
			s.taken(1, midnight.Add(-time.Hour))
			s.good()
			s.Clock = midnight.Add(5 * time.Minute)
			s.taken(2, midnight.Add(-time.Second))
			if r := s.good(); !slices.Equal(r.Archives, []string{"anna-2025-12"}) {
				t.Fatalf("%+v", r)
			}
			s.Clock = midnight.Add(20 * time.Hour)
			for i, at := range []time.Time{
				midnight, midnight.Add(time.Minute), midnight.Add(-time.Minute), utc, utc.Add(-time.Second), utc.Add(time.Second),
				utc.AddDate(0, -1, 0), midnight.AddDate(-10, 0, 0),
			} {
				s.taken(3+i, at)
			}
			s.good()
			s.Clock = time.Date(2026, 2, 1, 0, 0, 1, 0, here)
			s.good()
			s.everArchived(1, 10)
			s.safe()
		})
	}
}

// A month ends while its cycle runs. What comes into the library after the export,
// and was taken in the old month, is archived with the next one.
func TestAMonthThatEndsWhileACycleRuns(t *testing.T) {
	t.Parallel()
	s := newSite(t, withRepo)
	s.plain(1, 2)
	s.good() // in May
	s.Clock = time.Date(2025, 6, 30, 23, 50, 0, 0, zone)
	s.plain(3, 3)
	struck := false
	s.strike = func(e backup.Event) {
		if e.Begin && e.Step == backup.StepArchive && !struck {
			struck = true
			s.taken(4, s.Clock)
			s.Clock = s.Clock.Add(30 * time.Minute)
		}
	}
	s.good()
	s.strike = nil
	for _, at := range []time.Time{s.Clock.Add(time.Hour), s.Clock.AddDate(0, 1, 1)} {
		s.Clock = at
		s.good()
	}
	if !struck {
		t.Error("there was no archive")
	}
	s.everArchived(1, 4)
	s.safe()
}

// An original that is missing when its month is archived stays owed, is told by every
// cycle, and is archived when it comes.
func TestWhatIsMissingStaysOwed(t *testing.T) {
	t.Parallel()
	s := newSite(t, withRepo)
	a, _ := s.lib.Case("plain-0002")
	file := s.lib.File(a, "original")
	away := filepath.Join(s.Dir, "away")
	must(t, os.Rename(file, away))
	s.plain(1, 2)
	owed := func() {
		t.Helper()
		r, err := s.cycle()
		if err != nil || r.Complete || r.Exported.Missing != 1 {
			t.Errorf("%v %+v", err, r)
		}
		st, err := backup.Look(t.Context(), s.job(), nil)
		if err != nil || st.Missing != 1 {
			t.Errorf("%v %+v", err, st)
		}
	}
	owed()
	s.at(time.June, 1)
	owed() // archives the other one
	s.at(time.July, 10)
	owed()
	if got := s.archives(); !slices.Equal(got, []string{"anna-2025-05"}) {
		t.Errorf("%v", got)
	}
	must(t, os.Rename(away, file))
	s.at(time.July, 11) // nothing in the database tells of it: all files are looked for once a day
	s.good()
	s.at(time.August, 1)
	s.good()
	s.everArchived(1, 2)
	s.safe()
}

// A library that is empty all of a sudden, or cannot be read, takes nothing away.
func TestALibraryThatIsEmptyAllOfASudden(t *testing.T) {
	t.Parallel()
	s := newSite(t, withVault|withRepo)
	s.plain(1, 3)
	s.good()
	before := pictures(t, s.staging())
	s.sql(`UPDATE ZASSET SET ZTRASHEDSTATE = 1`)
	s.cycle()
	same(t, "staging after all went into the trash", pictures(t, s.staging()), before)
	s.mirrorIs(before)
	s.sql(`DELETE FROM ZASSET`)
	s.cycle()
	same(t, "staging after all was deleted", pictures(t, s.staging()), before)
	s.mirrorIs(before)
	database := filepath.Join(s.Library, "database", "Photos.sqlite")
	must(t, os.Rename(database, database+".away"))
	if _, err := s.cycle(); err == nil {
		t.Error("a library without a database is no error")
	}
	must(t, os.WriteFile(database, nil, 0o600))
	if _, err := s.cycle(); err == nil {
		t.Error("a library with an empty database is no error")
	}
	same(t, "staging after the database was gone", pictures(t, s.staging()), before)
	s.mirrorIs(before)
	s.safe()
}

// What comes into the staging folder or the mirror between the archive and the purge,
// or changes there, stays.
func TestThePurgeTakesOnlyWhatWasProven(t *testing.T) {
	t.Parallel()
	s := newSite(t, withVault|withRepo)
	s.plain(1, 3)
	s.good()
	before := pictures(t, s.staging())
	var changed string
	for name := range before {
		if filepath.Ext(name) != ".xmp" {
			changed = max(changed, name)
		}
	}
	s.at(time.June, 2)
	s.strike = func(e backup.Event) {
		if !e.Begin || e.Step != backup.StepPurge {
			return
		}
		s.strike = nil
		must(t, os.WriteFile(filepath.Join(s.staging(), "came-meanwhile.jpg"), []byte("somebody's"), 0o600))
		must(t, os.WriteFile(filepath.Join(s.staging(), filepath.FromSlash(changed)), []byte("changed meanwhile"), 0o600))
	}
	r, err := s.cycle()
	if s.strike != nil {
		t.Fatalf("nothing was purged: %v %+v", err, r)
	}
	after := pictures(t, s.staging())
	want := map[string]manifest.Sum{"came-meanwhile.jpg": sumText("somebody's"), changed: sumText("changed meanwhile")}
	same(t, "staging", after, want)
	s.safe()
}

// A key that is refused is not the same as a machine that does not answer.
func TestAKeyThatIsRefusedIsTold(t *testing.T) {
	t.Parallel()
	s := newSite(t, withVault)
	s.plain(1, 1)
	s.good()
	identity := s.SSH.Identity
	s.SSH.Identity = filepath.Join(s.Dir, "no-key")
	s.bad(ssh.ErrDenied)
	s.SSH.Identity = identity
	s.good()
}

// What a job remembers is damaged: nothing is removed, it is told by its name. A file
// that is gone or empty is made anew, and the cycle comes to the same end.
func TestWhatIsRememberedIsDamaged(t *testing.T) {
	t.Parallel()
	s := newSite(t, withVault|withRepo)
	s.plain(1, 2)
	s.good()
	name := filepath.Join(s.state(), "jobs", "anna", "cycle.sqlite")
	sound, err := os.ReadFile(name)
	must(t, err)
	without := func() {
		for _, end := range []string{"", "-wal", "-shm"} {
			if err := os.Remove(name + end); err != nil && !errors.Is(err, os.ErrNotExist) {
				t.Fatal(err)
			}
		}
	}
	without()
	must(t, os.WriteFile(name, slices.Concat(make([]byte, 512), sound[512:]), 0o600))
	s.at(time.June, 1)
	s.bad(backup.ErrJob)
	for what, content := range map[string][]byte{"gone": nil, "empty": {}} {
		without()
		if content != nil {
			must(t, os.WriteFile(name, content, 0o600))
		}
		if _, err := s.cycle(); err != nil {
			t.Errorf("%s: %v", what, err)
		}
		s.accounted(what)
	}
	s.plain(3, 3)
	s.good()
	s.at(time.July, 1)
	s.good()
	s.everArchived(1, 3)
	s.safe()
	s.mirrorIs(pictures(t, s.staging()))
}
