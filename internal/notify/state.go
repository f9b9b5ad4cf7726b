package notify

import (
	"fmt"
	"time"
)

// pending is a message, and what the state is once it was sent.
type pending struct {
	Message
	told func(State) State
}

// next is the state after a run, and what the person has to be told. It is pure:
// what counts as told is only known after sending.
func (s State) next(now time.Time, o Outcome, text string, after time.Duration) (State, []pending) {
	s = s.sane(now)
	switch o {
	case Completed:
		s = s.to(Working, now, "")
		s.Completed, s.ToldStale = now, time.Time{}
	case Incomplete:
		if s.Condition == Failing {
			s = s.to(Working, now, text)
			s.ToldStale = time.Time{} // what was told then is not why nothing is completed now
		}
		s.Text = text
	case Failed:
		if text == "" {
			text = "it is not known why"
		}
		s = s.to(Failing, now, text)
	}
	last := s.Completed
	if last.Before(s.First) {
		last = s.First
	}
	stale := after > 0 && now.Sub(last) >= after
	if stale && s.Condition == Working {
		s = s.to(Stale, now, s.Text)
	}
	var list []pending
	switch {
	case s.Condition == Failing && s.Told != Failing:
		list = append(list, pending{Message{"photogo: the backup failed", s.Text + sinceCompleted(s, now)}, func(s State) State {
			s.Told = Failing
			return s
		}})
	case s.Condition == Working && s.Told != Working, s.Condition == Stale && s.Told == Failing:
		words := s.Text
		if words == "" {
			words = "Everything was completed."
		}
		list = append(list, pending{Message{"photogo: the backup works again", words}, func(s State) State {
			s.Told = Working
			return s
		}})
	}
	if stale && (s.ToldStale.IsZero() || now.Sub(s.ToldStale) >= after) {
		what, words := "no backup", "Is the other machine on, and can it be reached?"
		switch {
		case s.Condition == Failing:
			words = s.Text
		case o == Idle && text != "":
			words = text
		case o == Incomplete:
			what, words = "no complete backup", s.Text
		}
		list = append(list, pending{Message{"photogo: " + what + " for " + days(now.Sub(last)), words}, func(s State) State {
			s.ToldStale = now
			if s.Condition == Stale {
				s.Told = Stale
			}
			return s
		}})
	}
	return s, list
}

// sane is a state that a file can be believed to hold. A time that is still to
// come was taken from a clock that was wrong: what it stands for would otherwise
// keep everybody quiet until then.
func (s State) sane(now time.Time) State {
	for _, t := range []*time.Time{&s.Since, &s.Completed, &s.First, &s.ToldStale} {
		if t.After(now) {
			*t = now
		}
	}
	if s.First.IsZero() {
		s.First = now
	}
	switch s.Condition {
	case Working, Failing, Stale:
	default:
		s.Condition, s.Since = Working, now
	}
	switch s.Told {
	case Working, Failing, Stale:
	default:
		s.Told = Working // nobody needs to hear that what was never told to fail works
	}
	return s
}

func (s State) to(c Condition, now time.Time, text string) State {
	if s.Condition != c {
		s.Condition, s.Since = c, now
	}
	s.Text = text
	return s
}

func sinceCompleted(s State, now time.Time) string {
	if s.Completed.IsZero() {
		return ""
	}
	if d := now.Sub(s.Completed); d >= 24*time.Hour {
		return " (completed last " + days(d) + " ago)"
	}
	return ""
}

func days(d time.Duration) string {
	switch n := int(d / (24 * time.Hour)); n {
	case 0:
		return d.Round(time.Minute).String()
	case 1:
		return "1 day"
	default:
		return fmt.Sprintf("%d days", n)
	}
}
