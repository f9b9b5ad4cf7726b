package contract

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/photogo/photogo/photosdb"
)

// View tells some facts of assets as plain values, for expressions. The keys are those
// of the contract, and so are their meanings, but there is no null: what is unknown is
// an empty text or list, a number that is not a number and equals nothing, false, a
// moment before all others, and an object of which everything is unknown. So
// place.country_code is a text of every asset.
type View struct {
	keys    []key
	include photosdb.Include
}

// key is one key at the top of the contract.
type key struct {
	name  string
	index []int // of the field in fullRecord
	plain reflect.Type
}

// Keys are all keys, in the order of the contract, each with the value that stands for
// the unknown.
func Keys() (names []string, unknown map[string]any) {
	unknown = map[string]any{}
	for _, k := range allKeys {
		names = append(names, k.name)
		unknown[k.name] = unknownOf(k.plain).Interface()
	}
	return names, unknown
}

// NewView is a view of some keys; an error names one that is none.
func NewView(names ...string) (*View, error) {
	v := &View{}
	for _, name := range names {
		i := slices.IndexFunc(allKeys, func(k key) bool { return k.name == name })
		if i < 0 {
			return nil, fmt.Errorf("there is no key %q", name)
		}
		v.keys = append(v.keys, allKeys[i])
		v.include |= groups[name]
	}
	return v, nil
}

// Include is what has to be read of an asset for the view.
func (v *View) Include() photosdb.Include { return v.include }

// Of returns the facts of an asset. What was not read is unknown.
func (v *View) Of(a *photosdb.Asset) map[string]any {
	d := a.Details
	if d == nil {
		d = &photosdb.Details{}
	}
	record := reflect.ValueOf(fullRecordOf(a, d))
	facts := make(map[string]any, len(v.keys))
	for _, k := range v.keys {
		facts[k.name] = plain(record.FieldByIndex(k.index), k.plain).Interface()
	}
	return facts
}

// groups are the keys that photosdb reads on demand.
var groups = map[string]photosdb.Include{
	"labels": photosdb.IncludeLabels, "projects": photosdb.IncludeOrigin, "import": photosdb.IncludeOrigin, "moment": photosdb.IncludeOrigin,
	"place": photosdb.IncludePlace, "location_accuracy": photosdb.IncludePlace, "adjustments": photosdb.IncludeEdit,
	"exif": photosdb.IncludeCamera, "scores": photosdb.IncludeScores,
	"owner": photosdb.IncludeSharing, "comments": photosdb.IncludeSharing, "likes": photosdb.IncludeSharing,
	"library_scope": photosdb.IncludeSharing, "participants": photosdb.IncludeSharing,
	"accessibility_description": photosdb.IncludeRecord, "date_record_modified": photosdb.IncludeRecord, "media_group_uuid": photosdb.IncludeRecord,
	"hdr_type": photosdb.IncludeRecord, "depth_type": photosdb.IncludeRecord, "spatial_type": photosdb.IncludeRecord,
}

var allKeys = func() (keys []key) {
	for _, f := range fieldsOf(reflect.TypeFor[fullRecord]()) {
		keys = append(keys, key{f.name, f.index, plainType(f.typ)})
	}
	return keys
}()

// field is one of a record's, those of embedded records among them.
type field struct {
	name  string
	index []int
	typ   reflect.Type
}

func fieldsOf(record reflect.Type) (fields []field) {
	for _, f := range reflect.VisibleFields(record) {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" && !f.Anonymous {
			fields = append(fields, field{name, f.Index, f.Type})
		}
	}
	return fields
}

// plainType is the type of a fact without null.
func plainType(t reflect.Type) reflect.Type {
	nullable := t.Kind() == reflect.Pointer
	if nullable {
		t = t.Elem()
	}
	if t == reflect.TypeFor[instant]() {
		return reflect.TypeFor[time.Time]()
	}
	if t == reflect.TypeFor[whole]() {
		return reflect.TypeFor[int]()
	}
	switch t.Kind() {
	case reflect.String:
		return reflect.TypeFor[string]()
	case reflect.Bool:
		return reflect.TypeFor[bool]()
	case reflect.Float64:
		return reflect.TypeFor[float64]()
	case reflect.Int, reflect.Int64:
		if nullable {
			return reflect.TypeFor[float64]()
		}
		return reflect.TypeFor[int]()
	case reflect.Slice:
		return reflect.SliceOf(plainType(t.Elem()))
	case reflect.Struct:
		var fields []reflect.StructField
		for i, f := range fieldsOf(t) {
			fields = append(fields, structField(i, f.name, plainType(f.typ)))
		}
		return reflect.StructOf(fields)
	}
	panic("contract: no plain type for " + t.String()) // seen by the first test
}

// structField names a field for expressions; its name in Go does not matter.
func structField(i int, name string, t reflect.Type) reflect.StructField {
	return reflect.StructField{Name: fmt.Sprintf("F%d", i), Type: t, Tag: reflect.StructTag(fmt.Sprintf("expr:%q", name))}
}

// unknownOf is what stands for null.
func unknownOf(t reflect.Type) reflect.Value {
	v := reflect.New(t).Elem()
	switch {
	case t.Kind() == reflect.Float64:
		v.SetFloat(math.NaN())
	case t.Kind() == reflect.Slice:
		v.Set(reflect.MakeSlice(t, 0, 0))
	case t.Kind() == reflect.Struct && t != reflect.TypeFor[time.Time]():
		for i := range t.NumField() {
			v.Field(i).Set(unknownOf(t.Field(i).Type))
		}
	}
	return v
}

// plain makes a fact one of its plain type.
func plain(v reflect.Value, t reflect.Type) reflect.Value {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return unknownOf(t)
		}
		v = v.Elem()
	}
	if v.Type() == reflect.TypeFor[instant]() {
		return reflect.ValueOf(time.Time(v.Interface().(instant)))
	}
	switch v.Kind() {
	case reflect.Slice:
		out := reflect.MakeSlice(t, v.Len(), v.Len())
		for i := range v.Len() {
			out.Index(i).Set(plain(v.Index(i), t.Elem()))
		}
		return out
	case reflect.Struct:
		out := reflect.New(t).Elem()
		for i, f := range fieldsOf(v.Type()) {
			out.Field(i).Set(plain(v.FieldByIndex(f.index), t.Field(i).Type))
		}
		return out
	}
	return v.Convert(t)
}
