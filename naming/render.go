package naming

import (
	"slices"
	"strings"

	"github.com/photogo/photogo/photosdb"
)

// Render fills in the facts of an asset. The result is a relative path with
// slashes, "" for an empty one. Each of its parts is safe as by Component, none
// is longer than a folder's name may be, and the whole is no longer than MaxDir
// bytes; parts without a single character are left out, so that {title,} is a
// folder for the titled only. Where there are several values the first is taken.
// d may be nil: no details are known.
func (t *Template) Render(a *photosdb.Asset, d *Details) string {
	f := newFacts(a, d)
	return strings.Join(folderParts(t.text(&f), false), "/")
}

// text fills in the facts, of several values the first. Slashes in it are those
// that separate folders.
func (t *Template) text(f *facts) string {
	if t.many {
		return t.texts(f)[0]
	}
	var b strings.Builder
	write(&b, t.pieces, f)
	return b.String()
}

// write is expand for pieces of which none has several values.
func write(b *strings.Builder, pieces []piece, f *facts) {
	for i := range pieces {
		p := &pieces[i]
		if p.one == nil {
			b.WriteString(p.literal)
			continue
		}
		value := p.one(f)
		switch there := strings.TrimSpace(value) != ""; {
		case there && p.yes != nil:
			write(b, *p.yes, f)
		case there:
			b.WriteString(p.safe(value))
		case p.no != nil:
			write(b, *p.no, f)
		default:
			b.WriteByte('_')
		}
	}
}

// safe is a value whose slashes separate folders only where they may.
func (p *piece) safe(value string) string {
	value = value[:min(len(value), maxValue)]
	if p.slashes {
		return value
	}
	return flat(value)
}

// maxValue bounds a value, in bytes. No name is as long, but libraries hold
// captions of any length.
const maxValue = 4096

// texts fills in the facts: one text for each value, never none, MaxPlaces + 1 at
// most.
func (t *Template) texts(f *facts) []string { return expand(t.pieces, f) }

// expand combines all values of all pieces.
func expand(pieces []piece, f *facts) []string {
	texts := []string{""}
	for i := range pieces {
		p := &pieces[i]
		values := []string{p.literal}
		if p.isField() {
			values = p.values(f)
		}
		next := make([]string, 0, min(len(texts)*len(values), MaxPlaces+1))
		for _, text := range texts {
			for _, value := range values[:min(len(values), MaxPlaces+1-len(next))] {
				next = append(next, text+value)
			}
		}
		texts = next
	}
	return texts
}

// values are those of a field, or what stands for them; never none.
func (p *piece) values(f *facts) (values []string) {
	if p.all != nil {
		values = sortedValues(p.all(f))
	} else if value := p.one(f); strings.TrimSpace(value) != "" {
		values = []string{value}
	}
	switch there := len(values) > 0; {
	case there && p.yes != nil:
		return expand(*p.yes, f)
	case there:
		return each(values, p.safe)
	case p.no != nil:
		return expand(*p.no, f)
	}
	return []string{"_"}
}

// sortedValues are those that are not blank, each once, by code point.
func sortedValues(values []string) []string {
	values = slices.DeleteFunc(values, func(s string) bool { return strings.TrimSpace(s) == "" })
	slices.Sort(values)
	return slices.Compact(values)
}

// flat is a value without folders.
func flat(s string) string {
	s = oneLine(s)
	if strings.IndexByte(s, '/') < 0 {
		return s
	}
	return strings.ReplaceAll(s, "/", "_")
}

// oneLine turns breaks of lines into blanks: words must not run together when
// Component takes out what cannot be printed.
func oneLine(s string) string {
	if !strings.ContainsAny(s, "\t\n\v\f\r\u0085\u2028\u2029") {
		return s
	}
	return strings.Join(strings.Fields(s), " ")
}
