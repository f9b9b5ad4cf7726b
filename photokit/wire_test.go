package photokit

import (
	"bytes"
	"encoding/json"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

// examples returns the lines of the protocol's document of a kind: request,
// event or nonsense.
func examples(t testing.TB, kind string) (lines []string) {
	t.Helper()
	doc, err := os.ReadFile("../docs/HELPER_PROTOCOL.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range regexp.MustCompile("(?s)```jsonl "+kind+"\n(.*?)```").FindAllStringSubmatch(string(doc), -1) {
		lines = append(lines, strings.Split(strings.TrimSpace(block[1]), "\n")...)
	}
	if len(lines) < 5 {
		t.Fatalf("%d examples of a %s", len(lines), kind)
	}
	return lines
}

// What photogo says is what the document shows, byte for byte and key by key.
func TestRequestsAreAsDocumented(t *testing.T) {
	seen := map[string]bool{}
	for _, line := range examples(t, "request") {
		var m message
		d := json.NewDecoder(strings.NewReader(line))
		d.DisallowUnknownFields()
		if err := d.Decode(&m); err != nil {
			t.Errorf("%s: %v", line, err)
			continue
		}
		seen[m.Op] = true
		again, err := m.line()
		if err != nil {
			t.Error(err)
		}
		var a, b any
		if json.Unmarshal([]byte(line), &a) != nil || json.Unmarshal(again, &b) != nil || !reflect.DeepEqual(a, b) {
			t.Errorf("%s became %s", line, again)
		}
	}
	for _, op := range []string{"hello", "status", "authorize", "fetch", "cancel", "quit"} {
		if !seen[op] {
			t.Errorf("no example of %s", op)
		}
	}
}

func TestEventsAreAsDocumented(t *testing.T) {
	seen := map[string]bool{}
	for _, line := range examples(t, "event") {
		e, err := parseEvent([]byte(line))
		if err != nil {
			t.Errorf("%s: %v", line, err)
			continue
		}
		seen[e.Event] = true
		var strict event
		d := json.NewDecoder(strings.NewReader(line))
		d.DisallowUnknownFields()
		if err := d.Decode(&strict); err != nil {
			t.Errorf("%s: %v", line, err)
		}
		if e.Event == "failed" {
			if r := e.refusal(); r.Reason != e.Reason || r.class != e.Class || r.kind == nil {
				t.Errorf("%s became %+v", line, r)
			}
		}
	}
	for _, name := range []string{"hello", "status", "progress", "done", "failed", "stalled", "error", "bye"} {
		if !seen[name] {
			t.Errorf("no example of %s", name)
		}
	}
}

func TestNonsenseIsNoEvent(t *testing.T) {
	for _, line := range examples(t, "nonsense") {
		if e, err := parseEvent([]byte(line)); err == nil {
			t.Errorf("%s was taken for %+v", line, e)
		}
	}
}

// The table of reasons in the document is that of the program.
func TestReasonsAreAsDocumented(t *testing.T) {
	doc, err := os.ReadFile("../docs/HELPER_PROTOCOL.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile("(?m)^\\| `([a-z]+)` \\| (retry|park|stop) \\|").FindAllStringSubmatch(string(doc), -1)
	if len(rows) != len(kinds) {
		t.Errorf("%d reasons are documented, %d are known", len(rows), len(kinds))
	}
	for _, row := range rows {
		e := event{Event: "failed", ID: 1, Reason: Reason(row[1]), Class: "younger"}
		if r := e.refusal(); string(r.class) != row[2] || r.Reason != e.Reason {
			t.Errorf("%s is %s, and %s in the document", row[1], r.class, row[2])
		}
	}
}

func TestResourceTypesAreAsDocumented(t *testing.T) {
	doc, err := os.ReadFile("../docs/HELPER_PROTOCOL.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile("(?m)^\\| `([A-Za-z]+)` \\| \\d+ \\|$").FindAllStringSubmatch(string(doc), -1)
	for _, row := range rows {
		if !resourceTypes[ResourceType(row[1])] {
			t.Errorf("%s is not known", row[1])
		}
	}
	if len(rows) != len(resourceTypes) {
		t.Errorf("%d types are documented, %d known", len(rows), len(resourceTypes))
	}
}

// Every condition that hides code of the helper from the compiler here is in the
// document, by the name of what it hides.
func TestWhatIsHiddenFromTheCompilerIsDocumented(t *testing.T) {
	doc, err := os.ReadFile("../docs/HELPER_PROTOCOL.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile("(?m)^\\| `([A-Za-z]+\\.swift)`, `([^`]+)` \\|").FindAllStringSubmatch(string(doc), -1)
	documented := map[string][]string{}
	for _, row := range rows {
		documented[row[1]] = append(documented[row[1]], row[2])
	}
	hidden := map[string][]string{}
	err = filepath.WalkDir("../helper", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == ".build" || d.Name() == "Stub" || d.Name() == "Tests"):
			return filepath.SkipDir
		case filepath.Ext(path) != ".swift":
			return nil
		}
		source, err := os.ReadFile(path)
		declared := ""
		for line := range strings.Lines(string(source)) {
			line = strings.TrimSpace(line)
			if m := regexp.MustCompile(`\b(?:func|class|struct|enum) (\w+)`).FindStringSubmatch(line); m != nil {
				declared = m[1]
			}
			switch {
			case strings.HasPrefix(line, "#if") && declared == "":
				hidden[d.Name()] = append(hidden[d.Name()], line)
			case strings.HasPrefix(line, "#if"):
				hidden[d.Name()] = append(hidden[d.Name()], declared)
			case strings.HasPrefix(line, "#elseif"):
				t.Errorf("%s: %s", path, line)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(hidden) == 0 || !reflect.DeepEqual(hidden, documented) {
		t.Errorf("hidden are %v, documented %v", hidden, documented)
	}
}

func TestLinesAreBounded(t *testing.T) {
	input := "one\n" + strings.Repeat("x", 5*maxLine) + "\ntwo\n" + strings.Repeat("y", maxLine-1) + "\nunfinished"
	l := newLines(strings.NewReader(input))
	var got []string
	bad := 0
	for {
		line, ok, err := l.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if ok {
			got = append(got, string(line))
		} else {
			bad++
		}
	}
	if len(got) != 3 || got[0] != "one" || got[1] != "two" || len(got[2]) != maxLine-1 || bad < 5 {
		t.Errorf("%d lines, %d too long", len(got), bad)
	}
	if _, err := (message{Op: "fetch", Path: strings.Repeat("x", maxLine)}).line(); err == nil {
		t.Error("a request was too long, and would have been sent")
	}
}

func FuzzParseEvent(f *testing.F) {
	for _, kind := range []string{"event", "request", "nonsense"} {
		for _, line := range examples(f, kind) {
			f.Add([]byte(line))
		}
	}
	f.Add([]byte(`{"event":"failed","id":1,"message":"\u202e\u0000\ud800"}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		l := newLines(bytes.NewReader(append(line, '\n')))
		for {
			line, ok, err := l.next()
			if err != nil {
				return
			}
			e, err := parseEvent(line)
			if !ok || err != nil {
				continue
			}
			if e.Bytes < 0 || e.Fraction < 0 || e.Fraction > 1 || len(e.Chain) > maxChain || !utf8.ValidString(e.Message) || strings.ContainsRune(e.Message, 0) {
				t.Errorf("%+v", e)
			}
			if r := e.refusal(); r.kind == nil || r.class != classRetry && r.class != classPark && r.class != classStop {
				t.Errorf("%+v", r)
			}
		}
	})
}
