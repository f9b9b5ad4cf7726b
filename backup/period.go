package backup

import (
	"fmt"
	"time"
)

// Period is what one archive holds.
type Period string

// The periods. The zero value is Month.
const (
	Month Period = "month"
	Week  Period = "week" // from Monday, as ISO 8601 counts them
	Day   Period = "day"
)

// Name is what the period is called that a time is in, in the time's own zone:
// 2025-05, 2025-W21 or 2025-05-17. Later periods have greater names.
func (p Period) Name(t time.Time) string {
	switch p {
	case Week:
		year, week := t.ISOWeek()
		return fmt.Sprintf("%04d-W%02d", year, week)
	case Day:
		return t.Format("2006-01-02")
	}
	return t.Format("2006-01")
}

// Start is when the period began that a time is in, in the time's own zone.
func (p Period) Start(t time.Time) time.Time {
	year, month, day := t.Date()
	switch p {
	case Week:
		day -= (int(t.Weekday()) + 6) % 7
	case Day:
	default:
		day = 1
	}
	return time.Date(year, month, day, 0, 0, 0, 0, t.Location())
}

// Next is when the period after that begins.
func (p Period) Next(t time.Time) time.Time {
	year, month, day := p.Start(t).Date()
	switch p {
	case Week:
		day += 7
	case Day:
		day++
	default:
		month++
	}
	return time.Date(year, month, day, 0, 0, 0, 0, t.Location())
}

func (p Period) check() error {
	switch p {
	case "", Month, Week, Day:
		return nil
	}
	return fmt.Errorf("%w: there is no period %q: month, week and day are known", ErrConfig, string(p))
}

// How far the clock may be from what was recorded last. A Mac can lie in a drawer
// for a year; a clock that is set by the network corrects itself by seconds.
const (
	clockBack  = time.Hour
	clockAhead = 400 * 24 * time.Hour
)

// checkClock compares the clock with the last time that was recorded; zero: none.
func checkClock(now, last time.Time) error {
	switch {
	case last.IsZero():
		return nil
	case now.Before(last.Add(-clockBack)):
		return fmt.Errorf("%w: it says %s, and %s was recorded before", ErrClock, now.Format(time.RFC3339), last.In(now.Location()).Format(time.RFC3339))
	case now.After(last.Add(clockAhead)):
		return fmt.Errorf("%w: it says %s, and the last cycle was at %s", ErrClock, now.Format(time.RFC3339), last.In(now.Location()).Format(time.RFC3339))
	}
	return nil
}
