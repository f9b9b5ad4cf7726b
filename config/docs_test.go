package config

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/CONFIG.md's list of keys anew")

const begin, end = "<!-- keys: written by go test ./config -update -->\n", "<!-- end of keys -->"

// docs/CONFIG.md lists each key as the program knows it.
func TestTheDocumentListsAllKeys(t *testing.T) {
	const file = "../docs/CONFIG.md"
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(data), begin)
	got, tail, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no marks %q and %q", file, begin, end)
	}
	want := document()
	if *update {
		if err := os.WriteFile(file, []byte(head+begin+want+end+tail), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if got != want {
		t.Errorf("the list of keys in %s is not up to date; go test ./config -update writes it", file)
	}
}

func document() string {
	var b strings.Builder
	table := "\x00"
	for _, k := range Keys() {
		section, _, nested := strings.Cut(k.Name, ".")
		if !nested {
			section = ""
		}
		if section != table {
			table = section
			title := "At the top, before any table"
			if section != "" {
				title = "`[" + section + "]`"
			}
			fmt.Fprintf(&b, "\n### %s\n\n| key | value | default | meaning |\n|---|---|---|---|\n", title)
		}
		def := "`" + k.Default + "`"
		if k.Required {
			def = "needed"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", strings.TrimPrefix(k.Name, section+"."), k.Kind, def, strings.ReplaceAll(k.Doc, "|", `\|`))
	}
	return b.String() + "\n"
}
