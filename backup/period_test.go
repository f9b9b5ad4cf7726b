package backup_test

import (
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
