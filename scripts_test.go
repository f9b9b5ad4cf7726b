package photogo_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Every row of docs/SCRIPTS.md names the tests that show it, and these are there.
func TestWhatScriptsLoseIsTested(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("docs", "SCRIPTS.md"))
	if err != nil {
		t.Fatal(err)
	}
	row := regexp.MustCompile(`^\| ([SPMD][0-9]+) \|.*\| ([^|]+) \|$`)
	name := regexp.MustCompile("`([a-z/]+)\\.(Test[A-Za-z]+)`")
	functions := map[string]string{}
	rows := 0
	for line := range strings.Lines(string(text)) {
		r := row.FindStringSubmatch(strings.TrimSuffix(line, "\n"))
		if r == nil {
			continue
		}
		rows++
		tests := name.FindAllStringSubmatch(r[2], -1)
		if len(tests) == 0 || len(tests) != strings.Count(r[2], "`")/2 {
			t.Errorf("%s: %q does not name tests", r[1], r[2])
		}
		for _, n := range tests {
			dir := n[1]
			if _, ok := functions[dir]; !ok {
				files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
				if err != nil {
					t.Fatal(err)
				}
				for _, f := range files {
					content, err := os.ReadFile(f)
					if err != nil {
						t.Fatal(err)
					}
					functions[dir] += string(content)
				}
			}
			if !strings.Contains(functions[dir], "\nfunc "+n[2]+"(t *testing.T) {") {
				t.Errorf("%s: there is no %s in %s", r[1], n[2], dir)
			}
		}
	}
	if rows != strings.Count(string(text), "\n| S")+strings.Count(string(text), "\n| P")+strings.Count(string(text), "\n| M")+strings.Count(string(text), "\n| D") || rows < 40 {
		t.Errorf("%d rows are understood", rows)
	}
}
