package photosdb

import (
	"errors"
	"strings"

	"golang.org/x/text/unicode/norm"
	"howett.net/plist"
)

// archive is a keyed archive (NSKeyedArchiver): a property list of objects that
// refer to each other by number. Nothing in it is followed deeper than it is
// asked for, so that circles do no harm.
type archive struct {
	objects []any
	root    any
}

func openArchive(data []byte) (archive, error) {
	var list struct {
		Objects []any          `plist:"$objects"`
		Top     map[string]any `plist:"$top"`
	}
	if err := decodePlist(data, &list); err != nil {
		return archive{}, err
	}
	a := archive{objects: list.Objects}
	a.root = list.Top["root"]
	if a.dict(a.root) == nil {
		return archive{}, errors.New("keyed archive: it has no root object")
	}
	return a, nil
}

// follow returns the object that a reference leads to, and nil for $null.
func (a archive) follow(v any) any {
	if ref, is := v.(plist.UID); is {
		if ref == 0 || uint64(ref) >= uint64(len(a.objects)) {
			return nil
		}
		return a.objects[ref]
	}
	return v
}

func (a archive) dict(v any) map[string]any {
	d, _ := a.follow(v).(map[string]any)
	return d
}

// items returns what an archived array holds.
func (a archive) items(v any) []any {
	l, _ := a.dict(v)["NS.objects"].([]any)
	return l
}

// text returns an archived text in NFC, "" for what is none.
func (a archive) text(v any) string {
	switch t := a.follow(v).(type) {
	case string:
		return norm.NFC.String(strings.ToValidUTF8(t, "\uFFFD"))
	case map[string]any: // NSMutableString
		s, _ := t["NS.string"].(string)
		return norm.NFC.String(strings.ToValidUTF8(s, "\uFFFD"))
	}
	return ""
}

// int returns an archived number, 0 for what is none.
func (a archive) int(v any) int64 {
	switch n := a.follow(v).(type) {
	case uint64:
		return int64(n)
	case int64:
		return n
	case float64:
		return int64(n)
	case bool:
		if n {
			return 1
		}
	}
	return 0
}
