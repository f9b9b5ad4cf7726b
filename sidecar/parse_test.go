package sidecar

import (
	"bytes"
	"encoding/xml"
	"io"
	"strconv"
	"strings"
	"testing"
)

// packet is what encoding/xml reads of a sidecar.
type packet struct {
	Titles       []string `xml:"RDF>Description>title>Alt>li"`
	Descriptions []string `xml:"RDF>Description>description>Alt>li"`
	Keywords     []string `xml:"RDF>Description>subject>Bag>li"`
	Tags         []string `xml:"RDF>Description>TagsList>Seq>li"`
	Persons      []string `xml:"RDF>Description>PersonInImage>Bag>li"`
	Rating       string   `xml:"RDF>Description>Rating"`
	Dates        []string `xml:"RDF>Description>DateTimeOriginal"`
	Modified     string   `xml:"RDF>Description>ModifyDate"`
	Latitude     string   `xml:"RDF>Description>GPSLatitude"`
	Longitude    string   `xml:"RDF>Description>GPSLongitude"`
	Width        int      `xml:"RDF>Description>Regions>AppliedToDimensions>w"`
	Height       int      `xml:"RDF>Description>Regions>AppliedToDimensions>h"`
	Regions      []struct {
		Name string
		Area struct {
			X float64 `xml:"x"`
			Y float64 `xml:"y"`
			W float64 `xml:"w"`
			H float64 `xml:"h"`
		}
	} `xml:"RDF>Description>Regions>RegionList>Bag>li"`
}

type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

func parse(t failer, data []byte) (x packet) {
	t.Helper()
	if err := xml.Unmarshal(data, &x); err != nil {
		t.Fatalf("%v in\n%s", err, data)
	}
	return x
}

// checkForm fails unless the sidecar is well-formed, uses each namespace that
// it declares, declares each that it uses, and has no empty element but the
// description of an asset without facts.
func checkForm(t failer, data []byte) {
	t.Helper()
	declared, used := map[string]bool{"xml": true}, map[string]bool{"xml": true}
	d := xml.NewDecoder(bytes.NewReader(data))
	started := "" // the element that began and has nothing in it yet
	for {
		token, err := d.Token() // checks that the elements fit into each other
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, data)
		}
		switch token := token.(type) {
		case xml.StartElement:
			used[token.Name.Space] = true
			for _, attr := range token.Attr {
				if attr.Name.Space == "xmlns" {
					declared[attr.Value] = true
				} else if attr.Name.Space != "" && attr.Name.Space != "http://www.w3.org/XML/1998/namespace" {
					used[attr.Name.Space] = true
				}
			}
			started = token.Name.Local
		case xml.CharData:
			if len(bytes.Trim(token, "\n")) > 0 {
				started = ""
			}
		case xml.EndElement:
			if started != "" && started != "Description" && started != "li" {
				t.Fatalf("%s is empty in\n%s", started, data)
			}
			started = ""
		}
	}
	delete(used, "adobe:ns:meta/") // x:xmpmeta, declared as attribute of itself
	delete(declared, "adobe:ns:meta/")
	delete(used, "")
	for space := range used {
		if !declared[space] {
			t.Fatalf("namespace %s is not declared in\n%s", space, data)
		}
	}
	for space := range declared {
		if !used[space] {
			t.Fatalf("namespace %s is declared and not used in\n%s", space, data)
		}
	}
}

// degrees reads a GPSCoordinate.
func degrees(t failer, text string, positive, negative byte) float64 {
	t.Helper()
	whole, rest, ok := strings.Cut(text, ",")
	if !ok || rest == "" {
		t.Fatalf("not a coordinate: %q", text)
	}
	d, err := strconv.ParseUint(whole, 10, 8)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	m, err := strconv.ParseFloat(rest[:len(rest)-1], 64)
	if err != nil || m < 0 || m >= 60 {
		t.Fatalf("%q: minutes %v, %v", text, m, err)
	}
	switch value := float64(d) + m/60; rest[len(rest)-1] {
	case positive:
		return value
	case negative:
		return -value
	}
	t.Fatalf("%q has no side", text)
	return 0
}

// Every shape is read back by a parser that is not ours.
func TestFormIsSound(t *testing.T) {
	for _, s := range shapes() {
		t.Run(s.name, func(t *testing.T) { checkForm(t, XMP(&s.asset, s.role)) })
	}
}

func TestEverythingIsReadBack(t *testing.T) {
	a := everything()
	x := parse(t, XMP(&a, "original"))
	for _, tt := range []struct {
		what, want string
		got        []string
	}{
		{"title", "Title", x.Titles},
		{"description", "A caption\nof two lines", x.Descriptions},
		{"keywords", "Places/Newfoundland|sea|whales", x.Keywords},
		{"tags", "Places/Newfoundland|sea|whales", x.Tags},
		{"persons", "Alma Example|Drawn Outside|Endless|In Trash|No Extent|Not A Number|Zoë Example", x.Persons},
		{"rating", "5", []string{x.Rating}},
		{"date", "2024-02-29T23:59:59.12-03:30", x.Dates},
	} {
		if got := strings.Join(tt.got, "|"); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.what, got, tt.want)
		}
	}
	var names []string
	for _, r := range x.Regions {
		names = append(names, r.Name)
	}
	if got, want := strings.Join(names, "|"), "Zoë Example|Alma Example|Alma Example||"; got != want {
		t.Errorf("regions of %q, want %q", got, want)
	}
}
