package naming

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// The templates of who asks for nothing else.
const (
	DefaultDirectory = "{created.year}/{created.mm}/{created.dd}"
	DefaultFilename  = "{original_name}"
)

// Template is the wish for a folder or a name, with fields to be filled in. Its
// syntax is that of osxphotos, without filters, conditions and arguments:
//
//	{title}                   the value; "_" where the asset has none
//	{title,untitled}          a default for where it has none, which may be empty
//	{favorite?best,rest}      the first where there is a value, else the second
//	{title?{title},{uuid}}    fields inside of both
//	{ and +keyword}           all values in one text, with " and " between them
//	{created.strftime,%Y-%m}  a date in a form of one's own, see strftime(3)
//	{photo_or_video,photo=Bild;video=Film}  other words for those of photogo
//	{{ and }}                 braces, outside of fields
//
// The fields:
//
//   - created, modified, added: the dates of the picture, of its last edit (of
//     the picture where it has none) and of its coming into the library, alone or
//     with one of .year .yy .mm .month .mon .dd .dow .doy .hour .min .sec .date
//     .strftime. Names of months and days are English. added is in UTC, the
//     others are in the zone of the picture: a name never depends on where the
//     program runs.
//   - original_name, name: as imported and as in the library, without extension;
//     title, descr (or caption), uuid
//   - media_type: selfie, time_lapse, panorama, slow_mo, screenshot,
//     screen_recording, portrait, live_photo, burst, photo or video, the first
//     that is true; photo_or_video
//   - favorite, hidden, trashed, edited, raw, burst, shared, animated,
//     cinematic, hdr, live, panorama, portrait, screen_recording, screenshot,
//     selfie, slow_mo, spatial, time_lapse: the field's own name where it is
//     true, no value where it is not
//   - album, folder_album, keyword, person, label, label_normalized: any number
//     of values, sorted. Each is a place of its own; see Namer.Names.
//   - place.name, place.country_code; place.name with .country .state_province
//     .city .area_of_interest; place.address, alone or with .street .city
//     .state_province .postal_code .country .country_code
//   - comma, semicolon, questionmark, pipe, percent, ampersand, openbrace,
//     closebrace, openparens, closeparens, openbracket, closebracket
//
// label and place are filled from Details.
//
// A slash that stands in the template separates folders, as do those between
// the folders of folder_album; any other slash in a value becomes "_". The zero
// value is not usable; Parse makes templates.
type Template struct {
	pieces []piece
	many   bool // it can have several values
}

// A piece is literal text or, where one or all is set, a field.
type piece struct {
	literal string

	one     func(f *facts) string   // "" where the asset has none
	all     func(f *facts) []string // in any order; blank ones do not count
	slashes bool                    // those in the value separate folders
	needs   Needs                   // of the value alone
	yes, no *[]piece                // instead of a value, and of none; nil where not given
}

func (p *piece) isField() bool { return p.one != nil || p.all != nil }

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
	t := &Template{pieces: pieces, many: many(pieces)}
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
		if p.isField() {
			b.WriteByte('x')
		}
		b.WriteString(p.literal)
	}
	return b.String()
}

// many reports whether there is a field of several values among some pieces.
func many(pieces []piece) bool {
	for _, p := range pieces {
		if p.all != nil || p.yes != nil && many(*p.yes) || p.no != nil && many(*p.no) {
			return true
		}
	}
	return false
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
		if n := len(pieces); n > 0 && !pieces[n-1].isField() {
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
	between, joins := p.delimiter()
	at := p.pos
	name := p.name()
	if field, err = p.lookup(name, at); err != nil {
		return field, err
	}
	after := p.pos
	if !field.isField() {
		field.slashes = true
		field.one, err = p.strftime(name, open)
	} else {
		err = p.alternatives(&field)
	}
	if words := wordsOf(name); err == nil && words != nil {
		err = p.otherWords(&field, words, after+1)
	}
	if err != nil {
		return field, err
	}
	if p.next() != '}' {
		return field, p.fail(open, `"{" is never closed; write "{{" for the character itself`)
	}
	p.pos++
	p.depth--
	if all := field.all; all != nil {
		field.slashes = true // they are made by the field itself
		if joins || field.yes != nil {
			field.all = nil
			field.one = func(f *facts) string { return strings.Join(sortedValues(all(f)), between) }
		}
	}
	return field, nil
}

// delimiter reads what stands before a field's name: text and a plus sign, to
// be put between its values. A text is one only where no field has its name, so
// that {title,a+b} is a default.
func (p *parser) delimiter() (text string, ok bool) {
	start := p.pos
	rest := p.text[start:]
	if end := strings.IndexAny(rest, "{}"); end >= 0 {
		rest = rest[:end]
	}
	if name := p.name(); name != "" {
		_, known := fieldNamed(name)
		if p.pos == len(p.text) || known && p.next() != '+' {
			p.pos = start
			return "", false
		}
	}
	p.pos = start
	for n, c := range []byte(rest) {
		if c != '+' {
			continue
		}
		p.pos = start + n + 1
		if _, known := fieldNamed(p.name()); known {
			p.pos = start + n + 1
			return rest[:n], true
		}
	}
	p.pos = start
	return "", false
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
	c := p.next()
	if what, ok := unsupported[c]; ok {
		return p.fail(p.pos, what+" are not available")
	} else if c != 0 && c != '}' {
		return p.fail(p.pos, "a field's name ends with one of } , ?")
	}
	return nil
}

// unsupported are the parts of osxphotos' grammar that photogo does not have.
var unsupported = map[byte]string{
	'|': `filters, such as "|lower",`, '[': `replacements, "[OLD,NEW]",`, '(': `arguments, "(…)",`, ':': `formats, ":…",`,
	'&': `combinations, "&…",`, '+': `"+" stands between a text and a field; such combinations`, ' ': `conditions, such as "contains",`,
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
