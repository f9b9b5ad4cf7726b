// Package photogo_test holds the picture of photogo's layers as a test.
package photogo_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/photogo/photogo/"

// layers says how high each package stands. Imports point downwards only: a
// package can be understood, tested and used with nothing above it.
var layers = map[string]int{
	"cmd/photogo": 6,

	"source": 5,
	"doctor": 5,

	"export": 4,
	"backup": 4,

	"query":   3,
	"naming":  3,
	"sidecar": 3,
	"agent":   3,

	"contract": 2,

	"photosdb": 1,
	"photokit": 1,
	"secret":   1,
	"mount":    1,
	"archive":  1,
	"config":   1,

	"internal/notify": 1,

	"manifest":          0,
	"fingerprint":       0,
	"internal/safefile": 0,
	"internal/command":  0,
	"internal/logfile":  0,
	"internal/spill":    0,
	"ssh":               0,
}

// sideways are the imports within a layer that are meant.
var sideways = map[[2]string]string{
	{"manifest", "fingerprint"}:       "what a destination holds is verified by both witnesses, and a fingerprint is bytes in, text out",
	{"manifest", "internal/safefile"}: "the record puts its projection into the destination the way all files get there",
}

// tools are programs and libraries for development: no part of photogo imports them.
var tools = []string{"internal/safefile/faultfs", "internal/fixture", "internal/fixture/sample", "internal/fixture/icloud", "internal/bench", "internal/loopback"}

// rules are what the layers alone do not say, each with its reason.
var rules = []struct {
	reason string
	in     []string // packages that the rule is about; nil: all but cmd/photogo and tools
	not    []string // import paths, or beginnings of such that end in "/"
}{
	{
		"the command is thin and alone speaks to people: what is below returns values and calls back, it reads no flags, prints nothing and never exits",
		nil, []string{"flag", "log", "log/slog", "github.com/urfave/cli/", "github.com/schollz/progressbar/", "github.com/dustin/go-humanize", "golang.org/x/term"},
	},
	{
		"the manifest keeps bytes safe and does not know what a photo is: the same record serves mirrors and archives",
		[]string{"manifest"}, []string{module + "photosdb", module + "sidecar", module + "naming"},
	},
	{
		"reading Photos and recording files are the only business of databases",
		[]string{"query", "naming", "sidecar", "contract", "export", "photokit", "fingerprint", "internal/safefile", "cmd/photogo"}, []string{"zombiezen.com/go/sqlite", "zombiezen.com/go/sqlite/", "modernc.org/sqlite", "modernc.org/sqlite/", "database/sql"},
	},
	{
		"names, selections and sidecars are pure functions of an asset: a test of them is a table, and a dry run is printing",
		[]string{"query", "naming", "sidecar", "contract"}, []string{"os", "io/fs", "net", "os/exec", module + "internal/safefile"},
	},
	{
		"photogo needs no network of its own: what is in iCloud comes through Photos",
		nil, []string{"net", "net/http"},
	},
	{
		"no other program is needed to read a library and to export it",
		[]string{"photosdb", "query", "naming", "sidecar", "export", "manifest", "fingerprint", "internal/safefile"}, []string{"os/exec", module + "internal/command"},
	},
	{
		"other programs are run in one place, with limits and without secrets where others see them; photokit alone talks with its own helper",
		othersThanPhotokit(), []string{"os/exec"},
	},
	{
		"what keeps bytes safe does not know what a photo is: the cycle is handed a source, and restoring needs nothing but archives",
		[]string{"backup"}, []string{module + "photosdb", module + "query", module + "naming", module + "sidecar", module + "export"},
	},
	{
		"photokit proves bytes against what it is told: it does not know what an asset is, nor where files belong",
		[]string{"photokit"}, []string{module + "photosdb", module + "manifest"},
	},
	{
		"a configuration is read by anybody without anything being run or fetched; what its texts mean elsewhere is asked of a function",
		[]string{"config"}, []string{module + "internal/command", module + "ssh", module + "manifest"},
	},
	{
		"a timer runs a program: which one, and what it is configured to do, is not the timer's business",
		[]string{"agent"}, []string{module + "config", module + "secret", module + "photosdb", module + "mount", module + "archive"},
	},
	{
		"photosdb states facts: what is done with them, here or in another Go program, is not its business",
		[]string{"photosdb"}, []string{module + "manifest", module + "export", module + "naming", module + "sidecar", module + "query"},
	},
}

func othersThanPhotokit() (names []string) {
	for name := range layers {
		if name != "photokit" && name != "internal/command" && name != "cmd/photogo" {
			names = append(names, name)
		}
	}
	return names
}

func TestImportsPointDownwards(t *testing.T) {
	for name, imports := range packages(t) {
		if slices.Contains(tools, name) {
			continue
		}
		layer, known := layers[name]
		if !known {
			t.Errorf("%s has no layer: say in layers where it stands", name)
			continue
		}
		for _, path := range imports {
			other, own := strings.CutPrefix(path, module)
			switch {
			case !own:
			case slices.Contains(tools, other):
				t.Errorf("%s imports %s, which is for development only", name, other)
			case layers[other] >= layer && sideways[[2]string{name, other}] == "":
				t.Errorf("%s (layer %d) imports %s (layer %d): imports point downwards only", name, layer, other, layers[other])
			}
		}
	}
}

func TestRules(t *testing.T) {
	all := packages(t)
	for _, rule := range rules {
		in := rule.in
		if in == nil {
			for name := range layers {
				if name != "cmd/photogo" {
					in = append(in, name)
				}
			}
		}
		for _, name := range in {
			imports, found := all[name]
			if !found {
				t.Errorf("a rule speaks of %s, which does not exist", name)
			}
			for _, path := range imports {
				for _, not := range rule.not {
					if name == "internal/command" && path == "os/exec" {
						continue // this is the place
					}
					if path == not || strings.HasSuffix(not, "/") && strings.HasPrefix(path, not) {
						t.Errorf("%s imports %s, but %s", name, path, rule.reason)
					}
				}
			}
		}
	}
}

func TestEveryLayerExists(t *testing.T) {
	all := packages(t)
	for name := range layers {
		if all[name] == nil {
			t.Errorf("layers names %s, which does not exist", name)
		}
	}
}

// packages returns the imports of each package of the module, without tests.
func packages(t *testing.T) map[string][]string {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports,GoFiles", "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]string{}
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p struct {
			ImportPath       string
			Imports, GoFiles []string
		}
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		if len(p.GoFiles) > 0 {
			all[strings.TrimPrefix(p.ImportPath, module)] = append([]string{}, p.Imports...)
		}
	}
}
