package main

import (
	"bytes"
	"strings"
	"testing"
)

// A title cannot colour the terminal, nor look like another row or column.
func TestTablesHoldNoControlCharacters(t *testing.T) {
	var out bytes.Buffer
	table := newTable(environment{out: &out}, []string{"UUID", "ALBUM"})
	table.row([]string{"1", "red\x1b[31m\nline\tcolumn\u202Eback"})
	if err := table.Flush(); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); strings.Count(got, "\n") != 2 || strings.ContainsAny(got, "\x1b\t\u202E") || !strings.Contains(got, "column\uFFFDback") {
		t.Errorf("%q", got)
	}
}
