package config

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// Write writes a file from which Load reads c again, with a comment for each key.
// Keys that have their default are commented out, so that a later photogo's better
// default holds; those of keep are written all the same. With note, the words
// stand in a comment at the top.
func Write(w io.Writer, c Config, note string, keep ...string) error {
	var b strings.Builder
	comment(&b, note)
	d := Default()
	defaults, table := d.keys(), ""
	for i, k := range c.keys() {
		if section, name, ok := strings.Cut(k.name, "."); ok {
			if section != table {
				fmt.Fprintf(&b, "\n[%s]\n", section)
				table = section
			}
			k.name = name
		}
		b.WriteByte('\n')
		comment(&b, fmt.Sprintf("%s (%s)", k.doc, k.setting.kind()))
		value := k.setting.toml()
		if value == defaults[i].setting.toml() && !slices.Contains(keep, defaults[i].name) {
			b.WriteString("# ")
		}
		fmt.Fprintf(&b, "%s = %s\n", k.name, value)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// comment writes words as comments of at most 80 characters a line.
func comment(b *strings.Builder, words string) {
	for paragraph := range strings.Lines(words) {
		line := "#"
		for _, word := range strings.Fields(paragraph) {
			if len(line)+1+len(word) > 80 && line != "#" {
				b.WriteString(line + "\n")
				line = "#"
			}
			line += " " + word
		}
		b.WriteString(line + "\n")
	}
}
