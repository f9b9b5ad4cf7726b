package main

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// write prints everything as Markdown.
func write(out io.Writer, m machine, loadAfter, command string, results []result) error {
	var text strings.Builder
	rows := [][]string{{"machine", ""}}
	for _, pair := range append(m, [2]string{"load average after", loadAfter}) {
		rows = append(rows, pair[:])
	}
	text.WriteString(table(rows, "ll"))
	fmt.Fprintf(&text, "\nCommand: `%s`\n", command)
	for i, r := range results {
		fmt.Fprintf(&text, "\n### %d. %s\n\n%s", i+1, r.title, r.table())
		for i, v := range r.verdicts {
			if i == 0 {
				text.WriteString("\n")
			}
			fmt.Fprintf(&text, "- %s\n", v)
		}
		for _, note := range r.notes {
			fmt.Fprintf(&text, "\n%s\n", note)
		}
	}
	_, err := io.WriteString(out, text.String())
	return err
}

func (v verdict) String() string {
	word := "held"
	if !v.held {
		word = "missed"
	}
	return fmt.Sprintf("Limit **%s**: %s (here: %s).", word, v.limit, v.got)
}

// table compares the contenders with the first one.
func (r result) table() string {
	rows := [][]string{{"", "files", "MB", "min s", "median s", "max s", "times", "peak MB"}}
	if len(r.contenders) == 0 {
		return ""
	}
	first := r.contenders[0].runs.median()
	for _, c := range r.contenders {
		rows = append(rows, []string{
			c.name, orDash(c.files, thousands(c.files)), orDash(c.bytes, megabytes(c.bytes)),
			seconds(c.runs.min()), seconds(c.runs.median()), seconds(c.runs.max()),
			fmt.Sprintf("%.2f", c.runs.median()/first), orDash(c.runs.peak(), megabytes(c.runs.peak())),
		})
	}
	return table(rows, "lrrrrrrr")
}

func orDash[N int | int64](n N, text string) string {
	if n == 0 {
		return "–"
	}
	return text
}

func seconds(s float64) string { return fmt.Sprintf("%.2f", s) }
func megabytes(n int64) string { return fmt.Sprintf("%.0f", float64(n)/1e6) }
func thousands(n int) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// table sets rows as a Markdown table that can also be read as it is; align has
// a letter for each column, l or r.
func table(rows [][]string, align string) string {
	width := make([]int, len(align))
	for _, row := range rows {
		for i, cell := range row {
			width[i] = max(width[i], utf8.RuneCountInString(cell), 3)
		}
	}
	var text strings.Builder
	line := func(cell func(int) string) {
		for i := range align {
			fmt.Fprintf(&text, "| %s ", cell(i))
		}
		text.WriteString("|\n")
	}
	for n, row := range rows {
		line(func(i int) string {
			space := strings.Repeat(" ", width[i]-utf8.RuneCountInString(row[i]))
			if align[i] == 'r' {
				return space + row[i]
			}
			return row[i] + space
		})
		if n > 0 {
			continue
		}
		line(func(i int) string {
			if align[i] == 'r' {
				return strings.Repeat("-", width[i]-1) + ":"
			}
			return strings.Repeat("-", width[i])
		})
	}
	return text.String()
}
