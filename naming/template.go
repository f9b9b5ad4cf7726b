package naming

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/photogo/photogo/photosdb"
)

// The templates in use unless others are asked for.
const (
	DefaultDirectory = "{created.year}/{created.mm}/{created.dd}"
	DefaultFilename  = "{original_name}"
)

// unknown stands for a value that an asset does not have, unless the template
// gives a default.
const unknown = "_"

// maxTemplate, in bytes, bounds templates; nobody means a longer one.
const maxTemplate = 4096

// Template is a parsed template.
type Template struct{ parts []part }

// part is a piece of text, or a field.
type part struct {
	text  string // as it stands; for a field ""
	field func(a *photosdb.Asset) string
	flag  func(a *photosdb.Asset) bool // for {field?yes,no}
	yes   string
	no    string
	def   string // where the field is ""
}

// Parse parses a template:
//
//	{field}            its value, "_" where there is none
//	{field,default}    its value, or the default
//	{field?yes,no}     one of two texts, by a fact that is true or false
//	{created.strftime,%Y-%m}
//	{{ and }}          braces
//
// An error names the place, and the nearest field there is.
func Parse(text string) (*Template, error) {
	if len(text) > maxTemplate {
		return nil, fmt.Errorf("template is longer than %d bytes", maxTemplate)
	}
	t := &Template{}
	var plain strings.Builder
	for i := 0; i < len(text); {
		switch c := text[i]; {
		case (c == '{' || c == '}') && i+1 < len(text) && text[i+1] == c:
			plain.WriteByte(c)
			i += 2
		case c == '}':
			return nil, fmt.Errorf("character %d: } without {; a brace itself is }}", character(text, i))
		case c == '{':
			end := strings.IndexByte(text[i:], '}')
			if end < 0 {
				return nil, fmt.Errorf("character %d: { without }; a brace itself is {{", character(text, i))
			}
			p, err := parseField(text[i+1 : i+end])
			if err != nil {
				return nil, fmt.Errorf("character %d: %w", character(text, i), err)
			}
			t.parts = append(t.parts, part{text: plain.String()}, p)
			plain.Reset()
			i += end + 1
		default:
			plain.WriteByte(c)
			i++
		}
	}
	t.parts = append(t.parts, part{text: plain.String()})
	return t, nil
}

// character tells which character of a text, counted from 1, begins at a byte.
func character(text string, at int) int { return utf8.RuneCountInString(text[:at]) + 1 }

func parseField(text string) (part, error) {
	if name, choice, ok := strings.Cut(text, "?"); ok {
		flag := flags[name]
		if flag == nil {
			return part{}, unknownField(name, "?")
		}
		yes, no, _ := strings.Cut(choice, ",")
		return part{flag: flag, yes: yes, no: no}, nil
	}
	name, def, hasDefault := strings.Cut(text, ",")
	if base, ok := strings.CutSuffix(name, ".strftime"); ok && dateFields[base] != nil {
		field, err := strftimeField(dateFields[base], def)
		return part{field: field, def: unknown}, err
	}
	field := fieldNamed(name)
	if field == nil {
		if slices.Contains(later, strings.SplitN(name, ".", 2)[0]) {
			return part{}, fmt.Errorf("{%s} is not available yet", name)
		}
		if flags[name] != nil {
			return part{}, fmt.Errorf("{%s} is either so or not: write {%s?text,other text}", name, name)
		}
		return part{}, unknownField(name, "")
	}
	if !hasDefault {
		def = unknown
	}
	return part{field: field, def: def}, nil
}

// later are fields that people know from osxphotos and that may hold several values.
var later = []string{"album", "folder_album", "person", "keyword", "label", "place"}

func unknownField(name, suffix string) error {
	nearest := closest(name, suffix)
	return fmt.Errorf("there is no field {%s%s}; did you mean {%s%s}?", name, suffix, nearest, suffix)
}

// Render fills in the template. A "/" in the template separates folders; one in
// a value does not. Each folder is safe as a name.
func (t *Template) Render(a *photosdb.Asset) string {
	var b strings.Builder
	for _, p := range t.parts {
		switch {
		case p.flag != nil && p.flag(a):
			b.WriteString(p.yes)
		case p.flag != nil:
			b.WriteString(p.no)
		case p.field != nil:
			value := p.field(a)
			if value == "" {
				value = p.def
			} else {
				value = strings.Map(noSlash, value)
			}
			b.WriteString(value)
		default:
			b.WriteString(p.text)
		}
	}
	return b.String()
}

func noSlash(r rune) rune {
	if r == '/' {
		return '_'
	}
	return r
}

// directory renders a template as a relative path with slashes; "" is the
// destination itself.
func (t *Template) directory(a *photosdb.Asset) string {
	var safe []string
	for _, part := range strings.Split(t.Render(a), "/") {
		if strings.TrimSpace(part) != "" {
			safe = append(safe, Component(part))
		}
	}
	return strings.Join(safe, "/")
}

// filename renders a template as the stem of a file's name.
func (t *Template) filename(a *photosdb.Asset) string {
	return component(strings.Map(noSlash, t.Render(a)), maxName-room)
}
