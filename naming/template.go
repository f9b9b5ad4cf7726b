package naming

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/photogo/photogo/photosdb"
)

// The templates of who asks for nothing else.
const (
	DefaultDirectory = "{created.year}/{created.mm}/{created.dd}"
	DefaultFilename  = "{original_name}"
)

// Template is the wish for a folder or a name, with fields to be filled in. Its
// syntax is that of osxphotos, without filters:
//
//	{title}                   the value; "_" where the asset has none
//	{title,untitled}          a default for where it has none, which may be empty
//	{favorite?best,rest}      the first where there is a value, else the second
//	{title?{title},{uuid}}    fields inside of both
//	{created.strftime,%Y-%m}  a date in a form of one's own, see strftime(3)
//	{{ and }}                 braces, outside of fields
//
// The fields:
//
//   - created, modified, added: the dates of the picture, of its last edit and
//     of its coming into the library, always with one of .year .yy .mm .month
//     .mon .dd .dow .doy .hour .min .sec .date .strftime. Names of months and
//     days are English. created is in the zone of the picture, the others are
//     in UTC: a name never depends on where the program runs.
//   - original_name (without extension), title, descr, uuid
//   - media_type: photo or movie
//   - favorite, hidden, edited, live, raw, burst: the field's own name where it
//     is true, no value where it is not
//
// A slash that stands in the template separates folders, a slash in a value
// becomes "_". The zero value is not usable; Parse makes templates.
type Template struct {
	pieces []piece
}

// A piece is literal text or, where value is set, a field.
type piece struct {
	literal string

	value   func(a *photosdb.Asset) string // "" where the asset has none
	slashes bool                           // those in the value come from the template
	yes, no *[]piece                       // instead of a value, and of none; nil where not given
}

// SyntaxError says what is wrong with a template, and where.
type SyntaxError struct {
	Template string
	Pos      int // of the character at fault, from 1
	Problem  string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("template %q, character %d: %s", e.Template, e.Pos, e.Problem)
}

// Parse reads a template. Every error is a *SyntaxError. An empty template is
// the destination itself as a folder, and "_" as a name.
func Parse(text string) (*Template, error) {
	p := parser{text: text}
	pieces, err := p.pieces("")
	if err != nil {
		return nil, err
	}
	t := &Template{pieces: pieces}
	for _, name := range strings.Split(t.outline(), "/") {
		if name == "." || name == ".." {
			return nil, &SyntaxError{text, 1, fmt.Sprintf("no folder can be called %q; the destination itself is the empty template", name)}
		}
	}
	return t, nil
}

// outline is the template with an x for each field.
func (t *Template) outline() string {
	var b strings.Builder
	for _, p := range t.pieces {
		if p.value != nil {
			b.WriteByte('x')
		}
		b.WriteString(p.literal)
	}
	return b.String()
}

// Render fills in the facts of an asset. The result is a relative path with
// slashes, "" for an empty one. Each of its parts is safe as by Component, none
// is longer than a folder's name may be; parts without a single character are
// left out, so that {title,} is a folder for the titled only.
func (t *Template) Render(a *photosdb.Asset) string {
	return strings.Join(t.parts(a), "/")
}

func (t *Template) parts(a *photosdb.Asset) (parts []string) {
	for _, part := range strings.Split(t.text(a), "/") {
		if part != "" {
			parts = append(parts, folderRules.component(part))
		}
	}
	return parts
}

// text fills in the facts. Slashes in it are those of the template.
func (t *Template) text(a *photosdb.Asset) string {
	var b strings.Builder
	write(&b, t.pieces, a)
	return b.String()
}

func write(b *strings.Builder, pieces []piece, a *photosdb.Asset) {
	for _, p := range pieces {
		if p.value == nil {
			b.WriteString(p.literal)
			continue
		}
		value := p.value(a)
		switch there := strings.TrimSpace(value) != ""; {
		case there && p.yes != nil:
			write(b, *p.yes, a)
		case there && p.slashes:
			b.WriteString(value)
		case there:
			b.WriteString(strings.ReplaceAll(oneLine(value), "/", "_"))
		case p.no != nil:
			write(b, *p.no, a)
		default:
			b.WriteByte('_')
		}
	}
}

// oneLine turns breaks of lines into blanks: words must not run together when
// Component takes out what cannot be printed.
func oneLine(s string) string {
	if !strings.ContainsAny(s, "\t\n\v\f\r\u0085\u2028\u2029") {
		return s
	}
	return strings.Join(strings.Fields(s), " ")
}

// parser reads a template from left to right. Inside of fields it calls itself.
type parser struct {
	text  string
	pos   int // bytes
	depth int // of fields that are open
}

// maxDepth bounds fields inside of fields; nobody can read more.
const maxDepth = 16

// pieces reads up to one of the bytes of stop, which it leaves to its caller.
// The outermost call has none and reads to the end.
func (p *parser) pieces(stop string) ([]piece, error) {
	var pieces []piece
	literal := func(s string) {
		if n := len(pieces); n > 0 && pieces[n-1].value == nil {
			pieces[n-1].literal += s
			return
		}
		pieces = append(pieces, piece{literal: s})
	}
	for p.pos < len(p.text) {
		rest, outside := p.text[p.pos:], p.depth == 0
		switch c := rest[0]; {
		case outside && (strings.HasPrefix(rest, "{{") || strings.HasPrefix(rest, "}}")):
			literal(rest[:1])
			p.pos += 2
		case strings.IndexByte(stop, c) >= 0:
			return pieces, nil
		case c == '{':
			field, err := p.field()
			if err != nil {
				return nil, err
			}
			pieces = append(pieces, field)
		case c == '}':
			return nil, p.fail(p.pos, `"}" without "{"; write "}}" for the character itself`)
		default:
			n := strings.IndexAny(rest[1:], "{},") + 1
			if n == 0 {
				n = len(rest)
			}
			literal(rest[:n])
			p.pos += n
		}
	}
	return pieces, nil
}

// field reads a field from its opening to its closing brace.
func (p *parser) field() (field piece, err error) {
	open := p.pos
	if p.depth++; p.depth > maxDepth {
		return field, p.fail(open, "too many fields inside of one another")
	}
	p.pos++
	name := p.name()
	if field.value, err = p.lookup(name, open+1); err != nil {
		return field, err
	}
	if field.value == nil {
		field.slashes = true
		field.value, err = p.strftime(name, open)
	} else {
		err = p.alternatives(&field)
	}
	if err != nil {
		return field, err
	}
	if p.next() != '}' {
		return field, p.fail(open, `"{" is never closed; write "{{" for the character itself`)
	}
	p.pos++
	p.depth--
	return field, nil
}

// name reads a field's name.
func (p *parser) name() string {
	start := p.pos
	for p.pos < len(p.text) {
		if c := p.text[p.pos]; c != '_' && c != '.' && c != '-' && !isAlnum(c) {
			break
		}
		p.pos++
	}
	return p.text[start:p.pos]
}

// alternatives reads ?YES and ,NO.
func (p *parser) alternatives(field *piece) error {
	if p.next() == '?' {
		p.pos++
		yes, err := p.pieces(",}")
		if err != nil {
			return err
		}
		field.yes = &yes
	}
	if p.next() == ',' {
		p.pos++
		no, err := p.pieces("}")
		if err != nil {
			return err
		}
		field.no = &no
	}
	if c := p.next(); c != 0 && strings.IndexByte("|[(:+", c) >= 0 {
		return p.fail(p.pos, fmt.Sprintf("%q: filters and the like are not available yet", string(c)))
	} else if c != 0 && c != '}' {
		return p.fail(p.pos, "a field's name ends with one of } , ?")
	}
	return nil
}

// next is the next byte, 0 at the end.
func (p *parser) next() byte {
	if p.pos < len(p.text) {
		return p.text[p.pos]
	}
	return 0
}

func (p *parser) fail(pos int, problem string) error {
	return &SyntaxError{p.text, utf8.RuneCountInString(p.text[:pos]) + 1, problem}
}
