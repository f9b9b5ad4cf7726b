package config

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// assignment is one line KEY=value of a shell's configuration.
type assignment struct {
	key, value string
	line       int
}

// parseShell reads KEY="value" lines without running them: quotes of both kinds,
// backslashes, comments, ~ where a path begins, $HOME, and variables that were set
// further up. Whatever else a shell would do something with is a problem, as only
// running it would tell what it means.
func parseShell(data []byte, home string) (list []assignment, problems []Problem) {
	set := map[string]string{"HOME": home}
	for i, line := range strings.Split(string(data), "\n") {
		key, value, ok, err := shellLine(strings.TrimSuffix(line, "\r"), set)
		switch {
		case len(problems) == maxProblems:
			return list, problems
		case err != nil:
			problems = append(problems, Problem{i + 1, key, err.Error(), "write KEY=\"value\"; photogo does not run the file"})
		case ok:
			set[key] = value
			list = append(list, assignment{key, value, i + 1})
		}
	}
	return list, problems
}

// shellLine reads a line; ok is false where there is nothing in it.
func shellLine(line string, set map[string]string) (key, value string, ok bool, err error) {
	rest := strings.TrimLeft(line, " \t")
	if rest == "" || rest[0] == '#' {
		return "", "", false, nil
	}
	if after, found := strings.CutPrefix(rest, "export "); found {
		rest = strings.TrimLeft(after, " \t")
	}
	if !utf8.ValidString(rest) {
		return "", "", false, errors.New("it is not UTF-8")
	}
	key, rest, found := strings.Cut(rest, "=")
	if !found || !isName(key) {
		return "", "", false, errors.New("it is no assignment")
	}
	w := shellWord{set: set, begins: true}
	for rest != "" && w.err == nil && !w.ended {
		rest = w.next(rest)
	}
	if w.err == nil && w.out.Len() > maxText {
		w.err = fmt.Errorf("it is longer than %d bytes", maxText)
	}
	return key, w.out.String(), w.err == nil, w.err
}

// isName tells names of variables.
func isName(s string) bool {
	for i, r := range s {
		if r != '_' && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return s != "" && len(s) <= 100
}

// shellWord is a value that is being read.
type shellWord struct {
	set    map[string]string
	out    strings.Builder
	begins bool // nothing but perhaps a colon without quotes stands before: where ~ is somebody's home
	ended  bool
	err    error
}

// next reads what s begins with outside of double quotes, and returns the rest.
func (w *shellWord) next(s string) string {
	begins := w.begins
	w.begins = s[0] == ':'
	switch c := s[0]; c {
	case '~':
		switch {
		case !begins:
			w.out.WriteByte(c)
		case len(s) == 1 || strings.IndexByte("/: \t", s[1]) >= 0:
			w.home()
		default:
			w.err = errors.New("a shell would do something with ~")
		}
		return s[1:]
	case ' ', '\t':
		w.ended = true
		if rest := strings.TrimLeft(s, " \t"); rest != "" && rest[0] != '#' {
			w.err = errors.New("something follows the value, which has no quotes around it")
		}
		return ""
	case '\'':
		text, rest, ok := strings.Cut(s[1:], "'")
		if !ok {
			w.err = errors.New("a quote is not closed")
		}
		w.out.WriteString(text)
		return rest
	case '"':
		return w.quoted(s[1:])
	case '\\':
		if len(s) < 2 {
			w.err = errors.New("it goes on in the next line")
			return ""
		}
		w.out.WriteByte(s[1])
		return s[2:]
	case '$':
		return w.variable(s[1:])
	case '`', ';', '&', '|', '<', '>', '(', ')', '*', '?', '[', '{', '!':
		w.err = fmt.Errorf("a shell would do something with %c", c)
		return ""
	default:
		w.out.WriteByte(c)
		return s[1:]
	}
}

// quoted reads up to the closing double quote.
func (w *shellWord) quoted(s string) string {
	for s != "" && w.err == nil {
		switch c := s[0]; {
		case c == '"':
			return s[1:]
		case c == '$':
			s = w.variable(s[1:])
		case c == '`':
			w.err = errors.New("a shell would do something with `")
		case c == '\\' && len(s) > 1 && strings.IndexByte("\"\\$`", s[1]) >= 0:
			w.out.WriteByte(s[1])
			s = s[2:]
		default:
			w.out.WriteByte(c)
			s = s[1:]
		}
	}
	if w.err == nil {
		w.err = errors.New("a quote is not closed")
	}
	return ""
}

// variable reads the name that follows a $.
func (w *shellWord) variable(s string) string {
	name, rest, braces := "", s, strings.HasPrefix(s, "{")
	if braces {
		var ok bool
		if name, rest, ok = strings.Cut(s[1:], "}"); !ok {
			name = ""
		}
	} else {
		n := 0
		for n < len(s) && isName(s[:n+1]) {
			n++
		}
		name, rest = s[:n], s[n:]
	}
	value, known := w.set[name]
	switch {
	case !isName(name):
		w.err = errors.New("a shell would do something with $")
	case name == "HOME" && value == "":
		w.err = errors.New("HOME is not set")
	case !known:
		w.err = fmt.Errorf("$%s is not set further up", name)
	case w.out.Len()+len(value) > maxText:
		w.err = fmt.Errorf("it is longer than %d bytes", maxText)
	}
	if w.err == nil {
		w.out.WriteString(value)
	}
	return rest
}

func (w *shellWord) home() {
	if w.set["HOME"] == "" {
		w.err = errors.New("HOME is not set")
	}
	w.out.WriteString(w.set["HOME"])
}
