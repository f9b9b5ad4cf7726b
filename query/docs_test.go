package query

import (
	"os"
	"strings"
	"testing"
)

// The conditions that docs/SELECTION.md shows are such.
func TestConditionsInTheDocs(t *testing.T) {
	docs, err := os.ReadFile("../docs/SELECTION.md")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for i, part := range strings.Split(string(docs), "```where\n") {
		block, _, _ := strings.Cut(part, "```")
		if i == 0 {
			continue
		}
		for line := range strings.Lines(block) {
			n++
			w, err := ParseWhere(strings.TrimSpace(line), now)
			if err != nil {
				t.Error(err)
				continue
			}
			if _, err := w.Match(pictured()); err != nil {
				t.Error(err)
			}
		}
	}
	if n < 25 {
		t.Errorf("only %d conditions were read", n)
	}
	for _, name := range builtins {
		if !strings.Contains(string(docs), "`"+name+"`") {
			t.Errorf("docs/SELECTION.md does not name %s", name)
		}
	}
}
