package config

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// setting is a field of a Config that a key sets.
type setting interface {
	kind() string
	set(value any, home string) error // value is as go-toml decodes it
	toml() string
	json() any
}

// maxText is how long a text may be, in bytes; no path that a system takes is longer.
const maxText = 4096

// str takes a text, which could stand in a message or a command as it is.
func str(value any, what string) (string, error) {
	s, ok := value.(string)
	switch {
	case !ok:
		return "", fmt.Errorf("it has to be %s in quotes", what)
	case len(s) > maxText:
		return "", fmt.Errorf("it is longer than %d bytes", maxText)
	case !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' }):
		return "", fmt.Errorf("it holds characters that cannot be seen")
	}
	return s, nil
}

type text struct{ p *string }

func (t text) kind() string { return "text" }
func (t text) toml() string { return quote(*t.p) }
func (t text) json() any    { return *t.p }
func (t text) set(v any, _ string) (err error) {
	*t.p, err = str(v, "a text")
	return err
}

// place is a path or an address: what begins with ~/ is a path.
type place struct{ p *string }

func (l place) kind() string { return "text" }
func (l place) toml() string { return quote(*l.p) }
func (l place) json() any    { return *l.p }
func (l place) set(v any, home string) error {
	if s, _ := v.(string); strings.HasPrefix(s, "~/") {
		return path(l).set(v, home)
	}
	return text(l).set(v, home)
}

// source is where a passphrase is kept. Its text is in no message: it may be a
// passphrase that somebody put in the wrong place.
type source struct{ p *string }

func (s source) kind() string                 { return "where a passphrase is kept" }
func (s source) toml() string                 { return quote(*s.p) }
func (s source) json() any                    { return *s.p }
func (s source) set(v any, home string) error { return text(s).set(v, home) }
func (s source) shown() setting {
	if rest, ok := strings.CutPrefix(*s.p, "command:"); ok {
		if words := strings.Fields(rest); len(words) > 1 {
			short := "command:" + words[0] + " …"
			return source{&short}
		}
	}
	return s
}

// word is a name of a machine or a user, which ssh must not take for an option.
type word struct{ p *string }

func (w word) kind() string { return "name" }
func (w word) toml() string { return quote(*w.p) }
func (w word) json() any    { return *w.p }
func (w word) set(v any, _ string) error {
	s, err := str(v, "a name")
	if err != nil {
		return err
	}
	if strings.HasPrefix(s, "-") || strings.ContainsAny(s, " \t/@\"'\\%") {
		return fmt.Errorf("%q is no name of a machine or a user", s)
	}
	*w.p = s
	return nil
}

type path struct{ p *string }

func (p path) kind() string { return "path" }
func (p path) toml() string { return quote(*p.p) }
func (p path) json() any    { return *p.p }
func (p path) set(v any, home string) error {
	s, err := str(v, "a path")
	if err != nil {
		return err
	}
	if s == "~" || strings.HasPrefix(s, "~/") {
		if home == "" {
			return fmt.Errorf("%q: HOME is not set", s)
		}
		s = filepath.Join(home, s[1:])
	}
	if s != "" && !filepath.IsAbs(s) {
		return fmt.Errorf("%q is no whole path: it has to begin with / or ~/", s)
	}
	if s != "" {
		s = filepath.Clean(s)
	}
	*p.p = s
	return nil
}

// label is a name that stands in the names of archives, and of files everywhere.
type label struct{ p *string }

func (l label) kind() string { return "name" }
func (l label) toml() string { return quote(*l.p) }
func (l label) json() any    { return *l.p }
func (l label) set(v any, _ string) error {
	s, err := str(v, "a name")
	if err != nil {
		return err
	}
	if safe := safeName(s); safe != s {
		why := "it may have letters a to z, digits, - and _"
		if safe != "" {
			why += fmt.Sprintf("; %q would do", safe)
		}
		return fmt.Errorf("%q: %s", s, why)
	}
	*l.p = s
	return nil
}

// safeName turns the last part of a path into letters, digits, - and _, at most 40
// of them.
func safeName(s string) string {
	s = strings.TrimSuffix(filepath.Base("/"+s), filepath.Ext(s))
	var b strings.Builder
	for _, r := range s {
		switch {
		case r < utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_'):
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	return strings.TrimRight(b.String()[:min(b.Len(), 40)], "-")
}

type boolean struct{ p *bool }

func (b boolean) kind() string { return "true or false" }
func (b boolean) toml() string { return strconv.FormatBool(*b.p) }
func (b boolean) json() any    { return *b.p }
func (b boolean) set(v any, _ string) error {
	x, ok := v.(bool)
	if !ok {
		return fmt.Errorf("it has to be true or false, without quotes")
	}
	*b.p = x
	return nil
}

type integer struct {
	p        *int
	min, max int
}

func (i integer) kind() string { return fmt.Sprintf("number, %d to %d", i.min, i.max) }
func (i integer) toml() string { return strconv.Itoa(*i.p) }
func (i integer) json() any    { return *i.p }
func (i integer) set(v any, _ string) error {
	x, ok := v.(int64)
	if !ok {
		return fmt.Errorf("it has to be a whole number, without quotes")
	}
	if x < int64(i.min) || x > int64(i.max) {
		return fmt.Errorf("%d: it has to be from %d to %d", x, i.min, i.max)
	}
	*i.p = int(x)
	return nil
}

// list is a program and its arguments.
type list struct{ p *[]string }

func (l list) kind() string { return "list of texts" }
func (l list) toml() string { return quoteAll(*l.p) }
func (l list) json() any    { return *l.p }
func (l list) set(v any, _ string) error {
	values, ok := v.([]any)
	if !ok {
		return fmt.Errorf("it has to be a list of texts: [\"one\", \"two\"]")
	}
	all := []string{}
	for _, v := range values {
		s, err := str(v, "a list of texts, each")
		if err != nil {
			return err
		}
		all = append(all, s)
	}
	if len(all) > 0 && all[0] == "" {
		return fmt.Errorf("it begins with an empty text, and should with a program")
	}
	*l.p = all
	return nil
}

func (l list) shown() setting {
	if len(*l.p) > 1 {
		return list{&[]string{(*l.p)[0], "…"}}
	}
	return l
}

type choices struct {
	p  *[]string
	of []string
}

func (c choices) kind() string { return "list of " + strings.Join(c.of, ", ") }
func (c choices) toml() string { return quoteAll(*c.p) }
func (c choices) json() any    { return *c.p }
func (c choices) set(v any, home string) error {
	var all []string
	if err := (list{&all}).set(v, home); err != nil {
		return err
	}
	for i, s := range all {
		if !slices.Contains(c.of, s) {
			return fmt.Errorf("%q: it has to be of %s", s, strings.Join(c.of, ", "))
		}
		if slices.Contains(all[:i], s) {
			return fmt.Errorf("%q is there twice", s)
		}
	}
	*c.p = all
	return nil
}

// quote writes a text as TOML does. JSON's way of writing is one of TOML's, but
// for the character DEL.
func quote(s string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		return `""` // no text makes it fail
	}
	return strings.ReplaceAll(strings.TrimSuffix(b.String(), "\n"), "\x7f", `\u007F`)
}

func quoteAll(all []string) string {
	quoted := make([]string, len(all))
	for i, s := range all {
		quoted[i] = quote(s)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}
