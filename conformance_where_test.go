package photogo_test

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/photogo/photogo/photosdb"
	"github.com/photogo/photogo/query"
)

// Conditions select from the real libraries what the facts say that others have read
// from them.
func TestConditionsOnRealLibraries(t *testing.T) {
	type facts = map[string]any
	at := func(f facts, path string) any {
		var v any = map[string]any(f)
		for key := range strings.SplitSeq(path, ".") {
			m, _ := v.(map[string]any)
			v = m[key]
		}
		return v
	}
	number := func(f facts, path string) float64 { n, _ := at(f, path).(float64); return n }
	list := func(f facts, path string) []any { l, _ := at(f, path).([]any); return l }
	conditions := map[string]func(facts) bool{
		`favorite`:               func(f facts) bool { return at(f, "favorite") == true },
		`kind == "movie"`:        func(f facts) bool { return at(f, "kind") == "movie" },
		`known(title)`:           func(f facts) bool { return at(f, "title") != nil },
		`len(keywords) > 0`:      func(f facts) bool { return len(list(f, "keywords")) > 0 },
		`known(place)`:           func(f facts) bool { return at(f, "place") != nil },
		`"live" in subtypes`:     func(f facts) bool { return slices.Contains(list(f, "subtypes"), any("live")) },
		`exif.iso > 100`:         func(f facts) bool { return number(f, "exif.iso") > 100 },
		`exif.camera_make != ""`: func(f facts) bool { return at(f, "exif.camera_make") != nil },
		`width > height`:         func(f facts) bool { return number(f, "width") > number(f, "height") },
		`known(adjustments)`:     func(f facts) bool { return at(f, "adjustments") != nil },
		`len(labels) > 1`:        func(f facts) bool { return len(list(f, "labels")) > 1 },
		`any(faces, known(.person))`: func(f facts) bool {
			return slices.ContainsFunc(list(f, "faces"), func(v any) bool { return v.(map[string]any)["person"] != nil })
		},
		`date >= time("2019-01-01T00:00:00Z")`: func(f facts) bool {
			text, _ := at(f, "date").(string)
			d, err := time.Parse(time.RFC3339Nano, text)
			return err == nil && !d.Before(time.Date(2019, 1, 1, 0, 0, 0, 0, time.UTC))
		},
		`scores.overall_aesthetic > 0.5`: func(f facts) bool { return number(f, "scores.overall_aesthetic") > 0.5 },
		`known(import.session)`:          func(f facts) bool { return at(f, "import.session") != nil },
	}
	s, ctx := findShared(t), context.Background()
	selected := 0
	for _, path := range s.libraries {
		name := strings.TrimSuffix(filepath.Base(path), ".photoslibrary")
		golden := goldenFacts(t, s, name)
		l, err := photosdb.Open(ctx, path, photosdb.Options{TempDir: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		for text, want := range conditions {
			w, err := query.ParseWhere(text, time.Now())
			if err != nil {
				t.Fatal(err)
			}
			for a, err := range l.Assets(ctx, photosdb.Query{Include: w.Include()}) {
				if err != nil {
					t.Fatal(err)
				}
				is, err := w.Match(a)
				if err != nil {
					t.Error(err)
				}
				if should := want(golden[string(a.UUID)]); is != should {
					t.Errorf("%s: %s: %s: %v, the facts say %v", name, a.UUID, text, is, should)
				}
				if is {
					selected++
				}
			}
		}
		l.Close()
	}
	if selected < 500 {
		t.Errorf("only %d selections were compared", selected)
	}
}

// goldenFacts are the facts of a library by UUID.
func goldenFacts(t *testing.T, s shared, library string) map[string]map[string]any {
	t.Helper()
	file, err := os.Open(filepath.Join(s.golden, library+".json.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	unpacked, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	facts := map[string]map[string]any{}
	for d := json.NewDecoder(unpacked); ; {
		var one json.RawMessage
		if err := d.Decode(&one); err != nil {
			break
		}
		var list []map[string]any
		if json.Unmarshal(one, &list) != nil {
			list = make([]map[string]any, 1)
			if err := json.Unmarshal(one, &list[0]); err != nil {
				t.Fatal(err)
			}
		}
		for _, f := range list {
			uuid, _ := f["uuid"].(string)
			facts[uuid] = f
		}
	}
	if len(facts) == 0 {
		t.Fatalf("no facts of %s", library)
	}
	return facts
}
