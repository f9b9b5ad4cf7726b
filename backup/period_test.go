package backup_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/photogo/photogo/backup"
)

func TestPeriodsFollowEachOtherWithoutAGap(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	must(t, err)
	rapid.Check(t, func(t *rapid.T) {
		at := time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "at"), 0).In(berlin)
		p := rapid.SampledFrom([]backup.Period{backup.Month, backup.Week, backup.Day, ""}).Draw(t, "period")
		start, next := p.Start(at), p.Next(at)
		if start.After(at) || !next.After(at) {
			t.Fatalf("%s: %v is not from %v to %v", p, at, start, next)
		}
		if p.Name(start) != p.Name(at) || p.Name(next.Add(-time.Second)) != p.Name(at) || p.Name(next) <= p.Name(at) {
			t.Fatalf("%s: %s, %s, %s", p, p.Name(start), p.Name(at), p.Name(next))
		}
		if _, err := backup.ArchiveName("anna", p.Name(at), 1); err != nil {
			t.Fatal(err)
		}
	})
}

// Weeks and days end as months do: what came before is archived and purged, what came
// since is in both archives.
func TestWeeksAndDaysAreArchived(t *testing.T) {
	t.Parallel()
	for p, c := range map[backup.Period]struct {
		last  time.Time // the last day of a period
		names []string
	}{
		backup.Week: {time.Date(2025, 12, 28, 23, 0, 0, 0, zone), []string{"anna-2025-W52", "anna-2026-W01"}},
		backup.Day:  {time.Date(2025, 12, 31, 23, 0, 0, 0, zone), []string{"anna-2025-12-31", "anna-2026-01-01"}},
	} {
		t.Run(string(p), func(t *testing.T) {
			t.Parallel()
			s := newSite(t, withRepo)
			s.Period, s.Clock = p, c.last
			s.plain(1, 1)
			s.good()
			s.Clock = s.Clock.Add(2 * time.Hour)
			s.plain(2, 2)
			if r := s.good(); !slices.Equal(r.Archives, c.names[:1]) || r.Purged.Files != 2 || r.Proven.Files != 4 {
				t.Errorf("%+v", r)
			}
			s.Clock = p.Next(s.Clock)
			if r := s.good(); !slices.Equal(r.Archives, c.names[1:]) || len(pictures(t, s.staging())) != 0 {
				t.Errorf("%+v", r)
			}
			s.safe()
		})
	}
}
