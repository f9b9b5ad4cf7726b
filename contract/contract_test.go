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

// What the database does not have is null, and a 0 that it has is 0; so it is of a
// file that has no row.
func TestUnknownIsNull(t *testing.T) {
	const all = photosdb.FrameWidth | photosdb.FrameHeight | photosdb.FrameOrientation | photosdb.FrameBytes
	for _, tt := range []struct {
		unknown photosdb.FrameNumbers
		want    any
	}{{0, 0.0}, {all, nil}} {
		a := &photosdb.Asset{
			Kind: photosdb.Movie, Media: photosdb.Media{NoDuration: tt.unknown != 0}, Details: &photosdb.Details{},
			Faces:    []photosdb.Face{{Unknown: photosdb.FaceNumbers(tt.unknown) * 0x11}}, // seven of eight bits, or none
			Original: photosdb.Frame{Unknown: tt.unknown}, Current: photosdb.Frame{Unknown: tt.unknown},
			Resources: []photosdb.Resource{{Role: photosdb.RoleOriginal, Local: true, OnDisk: true, Unrecorded: true}},
		}
		text, err := json.Marshal(Of(a, true))
		if err != nil {
			t.Fatal(err)
		}
		var got map[string]any
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatal(err)
		}
		for _, key := range []string{"width", "height", "orientation", "original_width", "original_height", "original_orientation", "original_size"} {
			if value, told := got[key]; !told || value != tt.want {
				t.Errorf("%s is %v, want %v", key, value, tt.want)
			}
		}
		face := got["faces"].([]any)[0].(map[string]any)
		for _, key := range []string{"size", "source_width", "source_height", "quality", "roll"} {
			if value, told := face[key]; !told || value != tt.want {
				t.Errorf("%s of a face is %v, want %v", key, value, tt.want)
			}
		}
		if at := face["center"].(map[string]any); at["x"] != tt.want || at["y"] != tt.want {
			t.Errorf("a face at %v, want %v", at, tt.want)
		}
		file := got["resources"].([]any)[0].(map[string]any)
		if got["duration"] != tt.want || got["local"] != false || file["local"] != true {
			t.Errorf("duration %v, local %v and of the file %v", got["duration"], got["local"], file["local"])
		}
	}
}

// A face without a place has no region.
func TestRegionOfAFaceWithoutAPlace(t *testing.T) {
	for _, n := range []photosdb.FaceNumbers{photosdb.FaceX, photosdb.FaceY, photosdb.FaceSize} {
		if x, y, w, h, ok := Region(photosdb.Face{Size: 0.1, Unknown: n}, 40, 30, 6); ok {
			t.Errorf("without %b: %v %v %v %v", n, x, y, w, h)
		}
	}
}
