package notify

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/photogo/photogo/internal/command"
)

// sent keeps what was sent, or refuses it.
type sent struct {
	list []Message
	err  error
}

func (s *sent) Send(_ context.Context, m Message) error {
	if s.err == nil {
		s.list = append(s.list, m)
	}
	return s.err
}

func (s *sent) titles() (list []string) {
	for _, m := range s.list {
		list = append(list, strings.TrimPrefix(m.Title, "photogo: "))
	}
	s.list = nil
	return list
}

const day = 24 * time.Hour

var start = time.Date(2025, 5, 1, 12, 0, 0, 0, time.UTC)

// Each change is told once, however often photogo runs.
func TestEachChangeIsToldOnce(t *testing.T) {
	s := &sent{}
	n := Notifier{File: filepath.Join(t.TempDir(), "a", "notify.json"), After: 7 * day, Sender: s}
	now := start
	// step runs every hour for a while, and wants these words.
	step := func(for_ time.Duration, o Outcome, want ...string) {
		t.Helper()
		for end := now.Add(for_); now.Before(end); now = now.Add(time.Hour) {
			if _, err := n.Record(t.Context(), now, o, "no room on pi"); err != nil {
				t.Fatal(err)
			}
		}
		if got := s.titles(); !slices.Equal(got, want) {
			t.Errorf("until %s: %q, want %q", now.Format("2 Jan 15h"), got, want)
		}
	}
	step(3*day, Completed)
	step(2*day, Failed, "the backup failed")
	step(2*day, Idle) // not reached: neither better nor worse
	step(1*day, Failed)
	step(1*day, Completed, "the backup works again")
	step(6*day, Idle)
	step(9*day, Idle, "no backup for 7 days", "no backup for 14 days")
	step(1*day, Failed, "the backup failed")
	step(1*day, Completed, "the backup works again")
	// Failing for long is told again and again, as being stale is.
	step(15*day, Failed, "the backup failed", "no backup for 7 days", "no backup for 14 days")
	step(1*day, Completed, "the backup works again")
	// A completed run makes it new: the next silence is told after its own days.
	step(8*day, Idle, "no backup for 7 days")
	step(1*time.Hour, Completed, "the backup works again")
	step(8*day, Idle, "no backup for 7 days")
	step(1*time.Hour, Completed, "the backup works again")
	n.After = 0
	step(50*day, Idle)
}

// A picture that is missing for good is no failure, and hides none: what fails beside it
// is told, and what works again, and why no cycle is ever complete.
func TestWhatIsOwedHidesNoFailure(t *testing.T) {
	s := &sent{}
	n := Notifier{File: filepath.Join(t.TempDir(), "n.json"), After: 7 * day, Sender: s}
	now := start
	step := func(for_ time.Duration, o Outcome, text string, want ...string) {
		t.Helper()
		for end := now.Add(for_); now.Before(end); now = now.Add(time.Hour) {
			if _, err := n.Record(t.Context(), now, o, text); err != nil {
				t.Fatal(err)
			}
		}
		for _, m := range s.list {
			if m.Text != text && !strings.HasPrefix(m.Text, text+" (") {
				t.Errorf("%q: %q, want %q", m.Title, m.Text, text)
			}
		}
		if got := s.titles(); !slices.Equal(got, want) {
			t.Errorf("until %s: %q, want %q", now.Format("2 Jan 15h"), got, want)
		}
	}
	const full, owed = "no room on pi", "2 files are missing"
	step(1*day, Completed, "")
	step(1*day, Failed, full, "the backup failed")
	step(1*day, Incomplete, owed, "the backup works again")
	step(1*day, Failed, full, "the backup failed")
	step(10*day, Incomplete, owed, "the backup works again", "no complete backup for 7 days")
	step(8*day, Failed, full, "the backup failed", "no backup for 14 days", "no backup for 21 days")
	step(6*day, Incomplete, owed, "the backup works again", "no complete backup for 21 days")
	step(2*day, Idle, "Is the other machine on, and can it be reached?", "no backup for 28 days")
	step(7*day, Idle, "another photogo is at work", "no backup for 35 days")
	step(1*day, Completed, "Everything was completed.", "the backup works again")
}

func TestStaleCountsFromTheFirstRun(t *testing.T) {
	s := &sent{}
	n := Notifier{File: filepath.Join(t.TempDir(), "n.json"), After: 7 * day, Sender: s}
	for d := range 8 {
		if _, err := n.Record(t.Context(), start.Add(time.Duration(d)*day), Idle, ""); err != nil {
			t.Fatal(err)
		}
		if d < 7 && len(s.list) > 0 {
			t.Fatalf("told after %d days", d)
		}
	}
	if got := s.titles(); !slices.Equal(got, []string{"no backup for 7 days"}) {
		t.Error(got)
	}
}

// What could not be told is told later, if it is still so.
func TestWhatCouldNotBeToldIsTriedAgain(t *testing.T) {
	s := &sent{err: errors.New("no bus")}
	n := Notifier{File: filepath.Join(t.TempDir(), "n.json"), After: 7 * day, Sender: s}
	record := func(o Outcome) {
		t.Helper()
		if st, err := n.Record(t.Context(), start, o, "x"); (err != nil) != (s.err != nil && st.Told != st.Condition) {
			t.Errorf("%+v %v", st, err)
		}
	}
	record(Failed)
	record(Failed)
	s.err = nil
	record(Failed)
	record(Failed)
	if got := s.titles(); !slices.Equal(got, []string{"the backup failed"}) {
		t.Error(got)
	}
	record(Completed)
	s.titles()
	// What is over before it could be told is not worth a word.
	s.err = errors.New("no bus")
	record(Failed)
	s.err = nil
	record(Completed)
	if got := s.titles(); len(got) != 0 {
		t.Error(got)
	}
}

// A clock that was wrong, or a broken file, keeps nobody from being told.
func TestAWrongClockKeepsNobodyQuiet(t *testing.T) {
	s := &sent{}
	n := Notifier{File: filepath.Join(t.TempDir(), "n.json"), After: 7 * day, Sender: s}
	record := func(at time.Time, o Outcome) {
		t.Helper()
		if _, err := n.Record(t.Context(), at, o, "x"); err != nil {
			t.Fatal(err)
		}
	}
	record(start.AddDate(30, 0, 0), Completed)
	record(start, Idle)
	record(start.Add(8*day), Idle)
	if got := s.titles(); !slices.Equal(got, []string{"no backup for 8 days"}) {
		t.Error(got)
	}
	for _, text := range []string{"", "{", `{"condition":"x","told":"y"}`, `[]`, strings.Repeat("{", 1<<20)} {
		if err := os.WriteFile(n.File, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		record(start, Failed)
		record(start, Failed)
		if got := s.titles(); !slices.Equal(got, []string{"the backup failed"}) {
			t.Errorf("%.10q: %q", text, got)
		}
	}
}

// For any runs: bad is told before it is good again, and nothing twice in a row.
func TestMessagesAlternate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var st State
		now, after, last := start, 5*day, ""
		completed := start
		for range rapid.IntRange(1, 60).Draw(t, "runs") {
			now = now.Add(time.Duration(rapid.IntRange(1, 100).Draw(t, "hours")) * time.Hour)
			o := rapid.SampledFrom([]Outcome{Idle, Completed, Incomplete, Failed}).Draw(t, "outcome")
			var list []pending
			st, list = st.next(now, o, "x", after)
			if st.First.Equal(now) {
				completed = now
			}
			if o == Completed {
				completed = now
			}
			for _, m := range list {
				st = m.told(st)
				switch {
				case strings.Contains(m.Title, "again") && (o == Idle || o == Failed || last == "" || strings.Contains(last, "again")):
					t.Fatalf("%q after %q", m.Title, last)
				case strings.Contains(m.Title, "failed") && (o != Failed || strings.Contains(last, "failed")):
					t.Fatalf("%q after %q", m.Title, last)
				case strings.Contains(m.Title, "backup for") && now.Sub(completed) < after:
					t.Fatalf("%q after %s", m.Title, now.Sub(completed))
				}
				if !strings.Contains(m.Title, "backup for") || st.Condition == Stale {
					last = m.Title
				}
			}
			if st.Told != st.Condition {
				t.Fatalf("%s, but the person knows of %s", st.Condition, st.Told)
			}
			if now.Sub(completed) >= after && st.ToldStale.IsZero() {
				t.Fatalf("nothing was said of %s without a completed run", now.Sub(completed))
			}
		}
	})
}

// No text becomes a part of a program: neither AppleScript, nor markup, nor a shell's.
func TestTextsAreTexts(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"osascript", "notify-send", "tell"} {
		script := "#!/bin/sh\nfor a in \"$@\"; do printf '<%s>' \"$a\"; done >" + dir + "/args\n" +
			"printf '%s|%s' \"$PHOTOGO_TITLE\" \"$PHOTOGO_TEXT\" >" + dir + "/env\ncat >" + dir + "/stdin\n"
		if err := os.WriteFile(filepath.Join(dir, name), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	read := func(name string) string {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	evil := clean("a \"b\" $(id) `id` \\n <b>&\n-x\x1b[31m \u202e end\" & (do shell script \"id\")")
	if strings.ContainsAny(evil, "\n\x1b\u202e") {
		t.Errorf("%q", evil)
	}
	env := []string{"PATH=" + dir + ":/usr/bin:/bin"}
	m := Message{"title", evil}
	if err := (System{"darwin", env}).Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	want := "<-e><on run argv><-e><display notification (item 2 of argv) with title (item 1 of argv)><-e><end run><title><" + evil + ">"
	if got := read("args"); got != want {
		t.Errorf("%s", got)
	}
	if err := (System{"linux", env}).Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if got := read("args"); !strings.Contains(got, "<--><title><") || strings.Contains(got, "<b>") || !strings.Contains(got, `\\n &lt;b&gt;&amp;`) {
		t.Errorf("%s", got)
	}
	if err := (Program{[]string{"tell", "me"}, env}).Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if read("args") != "<me>" || read("env") != "title|"+evil || read("stdin") != "title\n\n"+evil+"\n" {
		t.Errorf("%s %s %s", read("args"), read("env"), read("stdin"))
	}
	for _, s := range []Sender{System{"linux", []string{"PATH=/nowhere"}}, Program{}, Program{Args: []string{"/nowhere/x"}}} {
		if err := s.Send(t.Context(), m); !errors.Is(err, command.ErrMissing) {
			t.Errorf("%+v: %v", s, err)
		}
	}
	if long := clean(strings.Repeat("ä", 1000)); len([]rune(long)) != maxText {
		t.Error(len([]rune(long)))
	}
}
