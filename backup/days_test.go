package backup_test

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zeebo/blake3"

	"github.com/photogo/photogo/archive"
	"github.com/photogo/photogo/backup"
	"github.com/photogo/photogo/internal/fixture"
	"github.com/photogo/photogo/internal/loopback"
	"github.com/photogo/photogo/manifest"
)

// years is a site over many days, and what its library has held.
type years struct {
	*site
	random *rand.Rand
	link   *loopback.Link

	coming []fixture.Asset // that were not in the library yet
	held   map[string]fixture.Asset
	newest map[string]manifest.Sum // the newest bytes of each file that was ever in the library, by UUID and role
	unseen map[string]bool         // UUIDs of what came, or was edited, since the last cycle that was complete
	edits  int
}

// A hundred days of a family, over the ends of months, of a year, and of summer time:
// pictures are taken, old ones are imported late, archived ones are edited, some are
// deleted; the Mac sleeps, is on the way, loses its link, its power or its clock's
// battery. At the end everything that was ever in the library comes back from the
// archives alone, by hash.
func TestAHundredDays(t *testing.T) {
	t.Parallel()
	y := newYears(t)
	days := 100
	if testing.Short() {
		days = 12
	}
	then := map[string]map[string]manifest.Sum{} // what should come back as of an archive
	first := y.Clock
	told := map[string]int{}
	for day := range days {
		y.Clock = first.AddDate(0, 0, day).Add(time.Duration(y.random.IntN(8*60)) * time.Minute)
		y.live()
		fate := y.fate()
		told[fate]++
		switch fate {
		case "asleep":
			continue
		case "on the way":
			y.link.Cut()
			if r, err := y.cycle(); !errors.Is(err, backup.ErrUnreachable) || r.Complete {
				t.Errorf("day %d, %s: %v", day, fate, err)
			}
			y.link.Mend()
			continue
		case "link lost":
			y.link.CutAfter(int64(y.random.IntN(150_000)))
			r, err := y.cycle() // it may have needed fewer bytes
			if err == nil != r.Complete {
				t.Errorf("day %d, %s: %v, %+v", day, fate, err, r)
			}
			y.link.Mend()
			y.accounted(fate)
			if err == nil {
				y.settled(then, r)
			}
			continue
		case "power lost":
			steps := []string{"export", "mount", "mirror", "seal", "unmount"}
			if len(y.unseen) == 0 {
				steps = steps[:1] // a day without news needs no more of them for certain
			}
			y.killed(steps[y.random.IntN(len(steps))])
			y.accounted(fate)
			continue
		case "clock lost":
			now := y.Clock
			before := y.archives()
			y.Clock = []time.Time{time.Date(1970, 1, 1, 1, 0, 0, 0, zone), now.AddDate(0, -2, 0), now.AddDate(30, 0, 0)}[y.random.IntN(3)]
			if _, err := y.cycle(); !errors.Is(err, backup.ErrClock) {
				t.Errorf("day %d, %s: %v: %v", day, fate, y.Clock, err)
			}
			if got := y.archives(); !slices.Equal(got, before) {
				t.Errorf("day %d: a clock at %v made %v of %v", day, y.Clock, got, before)
			}
			y.Clock = now
		}
		y.settled(then, y.good())
		if fate == "good" && day%3 == 0 { // the timer comes again; once a day all is looked at, now only what changed
			y.Clock = y.Clock.Add(5 * time.Minute)
			y.live()
			y.settled(then, y.good())
		}
		if day%16 == 0 {
			y.mirrorIs(pictures(t, y.staging()))
		}
	}
	t.Log(told, y.edits, "edits,", len(y.coming), "did not come")

	// What is still staged is archived when its month has ended.
	y.Clock = time.Date(y.Clock.Year(), y.Clock.Month()+1, 1, 9, 0, 0, 0, zone)
	y.settled(then, y.good())
	y.safe()
	y.tidy("at the end")
	y.comesBack(time.Time{}, y.newest)
	y.withRepo(func(r *archive.Repo) {
		list, err := r.List(t.Context())
		must(t, err)
		if len(list) != len(then) {
			t.Errorf("%d archives, %d were told", len(list), len(then))
		}
		for _, a := range list {
			y.comesBack(a.Start, then[a.Name])
		}
	})
}

func newYears(t *testing.T) *years {
	s := newSite(t, 0)
	s.makeServer()
	y := &years{
		site: s, random: rand.New(rand.NewPCG(20, 25)), link: s.server.Wire(t),
		held: map[string]fixture.Asset{}, newest: map[string]manifest.Sum{}, unseen: map[string]bool{},
	}
	s.SSH = s.server.SSH
	s.Repo = fmt.Sprintf("ssh://%s@%s:%d%s", s.server.User, s.server.Host, s.SSH.Port, filepath.Join(s.server.Dir, "repo"))
	s.Clock = time.Date(2025, 10, 20, 8, 0, 0, 0, zone)
	s.makeVault()
	s.makeRepo()
	for _, a := range s.lib.Assets {
		if len(a.Missing) == 0 && a.External == "" && a.Files["original"] != "" && !a.Trashed && !strings.HasPrefix(a.Case, "altered") {
			y.coming = append(y.coming, a)
		}
	}
	y.random.Shuffle(len(y.coming), func(i, j int) { y.coming[i], y.coming[j] = y.coming[j], y.coming[i] })
	return y
}

// fate says what kind of a day it is.
func (y *years) fate() string {
	switch n := y.random.IntN(100); {
	case n < 8:
		return "asleep"
	case n < 16:
		return "on the way"
	case n < 22:
		return "link lost"
	case n < 28:
		return "power lost"
	case n < 33:
		return "clock lost"
	}
	return "good"
}

// live lets happen in the library what happens in a day.
func (y *years) live() {
	for range y.random.IntN(3) {
		if len(y.coming) == 0 {
			break
		}
		a := y.coming[0]
		y.coming = y.coming[1:]
		if y.random.IntN(4) > 0 { // taken today, and not years ago and only imported now
			taken := y.Clock.Sub(time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC)).Seconds()
			y.sql(`UPDATE ZASSET SET ZDATECREATED = ?, ZADDEDDATE = ? WHERE ZUUID = ?`, taken, taken, a.UUID)
		}
		y.sql(`UPDATE ZASSET SET ZTRASHEDSTATE = 0 WHERE ZUUID = ?`, a.UUID)
		y.hold(a)
	}
	uuids := slices.DeleteFunc(slices.Sorted(maps.Keys(y.held)), func(u string) bool { return y.unseen[u] })
	if len(uuids) == 0 {
		return
	}
	var edited []string
	for _, u := range uuids {
		if a := y.held[u]; a.Files["edited"] != "" && !a.Movie {
			edited = append(edited, u)
		}
	}
	if len(edited) > 0 && y.random.IntN(6) == 0 {
		a := y.held[edited[y.random.IntN(len(edited))]]
		y.edits++
		y.edit(a.Case, fmt.Sprintf("rendition %d, made %v", y.edits, y.Clock))
		y.hold(a)
		return
	}
	if y.random.IntN(9) == 0 {
		u := uuids[y.random.IntN(len(uuids))]
		a := y.held[u]
		y.leave(a.Case)
		for role := range a.Files {
			must(y.t, os.Remove(y.lib.File(a, role)))
		}
		delete(y.held, u)
	}
}

// hold notes the files that the library has of an asset.
func (y *years) hold(a fixture.Asset) {
	y.held[a.UUID], y.unseen[a.UUID] = a, true
	for _, role := range []string{"original", "raw", "live", "edited", "edited_live", "adjustments", "aae"} {
		if a.Files[role] == "" {
			continue
		}
		content, err := os.ReadFile(y.lib.File(a, role))
		must(y.t, err)
		y.newest[a.UUID+" "+role] = blake3.Sum256(content)
	}
}

// settled notes that a cycle was complete, and what should come back as of the
// archives that it made.
func (y *years) settled(then map[string]map[string]manifest.Sum, r backup.Receipt) {
	clear(y.unseen)
	for _, name := range r.Archives {
		then[name] = maps.Clone(y.newest)
	}
}

// comesBack restores everything on a machine that has never seen the repository, and
// compares with what the library has held.
func (y *years) comesBack(asOf time.Time, want map[string]manifest.Sum) {
	y.t.Helper()
	opt := y.repoOptions()
	opt.Dir = filepath.Join(y.t.TempDir(), "caches")
	repo, err := archive.Open(y.t.Context(), y.Repo, opt)
	must(y.t, err)
	defer repo.Close()
	to := filepath.Join(y.t.TempDir(), "all")
	sum, err := backup.Restore{Repo: repo, To: to, Selection: backup.Selection{AsOf: asOf}}.Run(y.t.Context())
	must(y.t, err)
	if !sum.Complete() {
		y.t.Errorf("as of %v: %+v", asOf, sum)
	}
	count := map[manifest.Sum]int{}
	for _, sum := range want {
		count[sum]++
	}
	for name, sum := range pictures(y.t, to) {
		if !strings.HasSuffix(name, ".xmp") {
			if count[sum]--; count[sum] < 0 {
				y.t.Errorf("as of %v: %s was never in the library, or comes back too often", asOf, name)
			}
		}
	}
	for what, sum := range want {
		if count[sum] > 0 {
			y.t.Errorf("as of %v: %s does not come back", asOf, what)
		}
	}
}
