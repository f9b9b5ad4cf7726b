package contract

import (
	"encoding/json"
	"math"
	"reflect"
	"testing"

	"github.com/photogo/photogo/photosdb"
)

// Every score that photosdb reads is told under its own name.
func TestScores(t *testing.T) {
	names := photosdb.ScoreNames()
	if told := fieldsOf(fieldNamed(t, "scores")); len(told) != len(names) {
		t.Fatalf("%d scores are told, %d are read", len(told), len(names))
	} else {
		for i, f := range told {
			if f.name != names[i] {
				t.Errorf("score %d is called %s, and %s by photosdb", i, f.name, names[i])
			}
		}
	}
	for i, name := range names {
		text, err := json.Marshal(scores(map[string]float64{name: float64(i) + 0.5}))
		if err != nil {
			t.Fatal(err)
		}
		var got map[string]*float64
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatal(err)
		}
		for _, other := range names {
			if f, ok := got[other]; !ok || (f != nil) != (other == name) || f != nil && *f != float64(i)+0.5 {
				t.Errorf("of %s alone %s is told: %s", name, other, text)
			}
		}
	}
}

// Numbers that JSON cannot tell are told as unknown, wherever they stand.
func TestNumbersThatAreNone(t *testing.T) {
	for _, f := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		a := &photosdb.Asset{
			Kind: photosdb.Movie, Location: &photosdb.Location{Latitude: f, Longitude: f}, Media: photosdb.Media{Duration: f},
			Faces: []photosdb.Face{{X: f, Y: f, Size: f, Quality: f, Roll: f}},
			Details: &photosdb.Details{
				Accuracy: &f, Scores: map[string]float64{"failure": f},
				Camera: &photosdb.Camera{
					Aperture: &f, ShutterSpeed: &f, ExposureBias: &f, FocalLength: &f, FocalLength35mm: &f, DigitalZoom: &f,
					FPS: &f, BitRate: &f, SampleRate: &f, Duration: &f, Location: &photosdb.Location{Latitude: f, Longitude: f},
				},
				Moment: &photosdb.Moment{UUID: "x", Location: &photosdb.Location{Latitude: f, Longitude: f}},
			},
		}
		text, err := json.Marshal(Of(a, true))
		if err != nil {
			t.Fatalf("%v: %v", f, err)
		}
		var got struct {
			Duration *float64            `json:"duration"`
			Location map[string]*float64 `json:"location"`
			Exif     map[string]any      `json:"exif"`
			Faces    []map[string]any    `json:"faces"`
			Scores   map[string]*float64 `json:"scores"`
		}
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatal(err)
		}
		if latitude, ok := got.Location["latitude"]; !ok || latitude != nil || got.Duration != nil || got.Exif["aperture"] != nil ||
			got.Faces[0]["quality"] != nil || got.Scores["failure"] != nil {
			t.Errorf("%v: %s", f, text)
		}
	}
}

func fieldNamed(t *testing.T, name string) reflect.Type {
	for _, f := range fieldsOf(reflect.TypeFor[fullRecord]()) {
		if f.name == name {
			return f.typ
		}
	}
	t.Fatalf("no key %s", name)
	return nil
}
