package sidecar

import (
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// exiftool is the program that most others read XMP with or are compared to. It
// judges each shape, and reads back what TestEverythingIsReadBack reads by
// another parser.
func TestExiftoolFindsNoFault(t *testing.T) {
	program, err := exec.LookPath("exiftool")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("exiftool is not installed, and nothing else here judges XMP as such")
		}
		t.Skip("exiftool is not installed")
	}
	dir := t.TempDir()
	for _, s := range shapes() {
		if err := os.WriteFile(filepath.Join(dir, s.name+".xmp"), XMP(&s.asset, s.role), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(program, "-q", "-j", "-n", "-struct", "-validate", "-warning", "-error", "-xmp:all",
		"-charset", "filename=utf8", dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v", cmd, err)
	}
	var files []map[string]any
	if err := json.Unmarshal(out, &files); err != nil {
		t.Fatalf("%v in\n%s", err, out)
	}
	if len(files) != len(shapes()) {
		t.Fatalf("exiftool read %d files of %d", len(files), len(shapes()))
	}
	for _, file := range files {
		name := filepath.Base(file["SourceFile"].(string))
		if file["Validate"] != "0 0 0" || file["Warning"] != nil || file["Error"] != nil { // errors, warnings, minor ones
			t.Errorf("%s: validate %v, warning %v, error %v", name, file["Validate"], file["Warning"], file["Error"])
		}
		if name == "everything.xmp" {
			checkEverything(t, file)
		}
	}
}

func checkEverything(t *testing.T, got map[string]any) {
	for tag, want := range map[string]string{
		"Title":            `"Title"`,
		"Description":      `"A caption\nof two lines"`,
		"Subject":          `["Places/Newfoundland","sea","whales"]`,
		"TagsList":         `["Places/Newfoundland","sea","whales"]`,
		"PersonInImage":    `["Alma Example","Drawn Outside","Endless","In Trash","No Extent","Not A Number","Zoë Example"]`,
		"Rating":           `5`,
		"CreateDate":       `"2024:02:29 23:59:59.12-03:30"`,
		"DateCreated":      `"2024:02:29 23:59:59.12-03:30"`,
		"DateTimeOriginal": `"2024:02:29 23:59:59.12-03:30"`,
		"ModifyDate":       `null`,
		"GPSLatitude":      `47.56494`,
		"GPSLongitude":     `-52.70931`,
	} {
		if text, _ := json.Marshal(got[tag]); string(text) != want {
			t.Errorf("everything.xmp: %s is %s, want %s", tag, text, want)
		}
	}
	info, _ := json.Marshal(got["RegionInfo"])
	var regions struct {
		AppliedToDimensions struct {
			W, H float64
			Unit string
		}
		RegionList []struct {
			Name, Type string
			Area       struct {
				X, Y, W, H float64
				Unit       string
			}
		}
	}
	if err := json.Unmarshal(info, &regions); err != nil {
		t.Fatalf("%v in %s", err, info)
	}
	if d := regions.AppliedToDimensions; d.W != 4032 || d.H != 3024 || d.Unit != "pixel" {
		t.Errorf("everything.xmp: regions apply to %+v", d)
	}
	if n := len(regions.RegionList); n != 5 {
		t.Fatalf("everything.xmp: %d regions, want 5", n)
	}
	for _, r := range regions.RegionList {
		if r.Type != "Face" || r.Area.Unit != "normalized" {
			t.Errorf("everything.xmp: region %+v", r)
		}
	}
	// Displayed at (0.5, 0.406) with a side of 442 pixels; the camera lay on its side.
	first := regions.RegionList[0]
	near := func(got, want float64) bool { return math.Abs(got-want) < 2e-6 }
	if area := first.Area; first.Name != "Zoë Example" || !near(area.X, 0.406) || !near(area.Y, 0.5) ||
		!near(area.W, 442.0/1768) || !near(area.H, 442.0/1326) {
		t.Errorf("everything.xmp: first region %+v", first)
	}
}
