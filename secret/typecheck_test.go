package secret

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// What is only built on a Mac with cgo is type-checked everywhere: Apple's C
// headers are not needed for that, since go/types can take every C name as given.
func TestTheNativeKeychainTypeChecks(t *testing.T) {
	if testing.Short() {
		t.Skip("it reads the standard library")
	}
	checker := newChecker(t)
	const file = "native_darwin.go"
	here := "github.com/photogo/photogo/secret"
	if files := checker.packages[here].files(); !slices.Contains(files, file) || slices.Contains(files, "native_none.go") {
		t.Fatalf("a build for darwin with cgo has %v", files)
	}
	if errs := checker.check(here, nil); len(errs) > 0 {
		t.Errorf("%v", errors.Join(errs...))
	}
	t.Logf("%s: type-checked for darwin with cgo: %v", here, checker.packages[here].files())

	// It would see a slip.
	source, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for right, wrong := range map[string]string{
		"q.SetService(service)":      "q.SetServise(service)",
		"q.SetReturnData(true)":      "q.SetReturnData(1)",
		"return found[0].Data, nil":  "return found[0].Label, nil",
		"func (a apple) set(service": "func (a apple) put(service",
	} {
		if !strings.Contains(string(source), right) {
			t.Fatalf("%s does not hold %s", file, right)
		}
		changed := strings.Replace(string(source), right, wrong, 1)
		if errs := checker.check(here, map[string]string{file: changed}); len(errs) == 0 {
			t.Errorf("%s is not seen", wrong)
		}
	}
}

// listed is a package as go list has it.
type listed struct {
	ImportPath, Dir   string
	GoFiles, CgoFiles []string
	ImportMap         map[string]string
}

func (l *listed) files() []string { return append(slices.Clone(l.GoFiles), l.CgoFiles...) }

// checker type-checks packages as they are for darwin with cgo, from their source.
type checker struct {
	packages map[string]*listed
	done     map[string]*types.Package
	fset     *token.FileSet
}

func newChecker(t *testing.T) *checker {
	t.Helper()
	cmd := exec.Command("go", "list", "-deps", "-json=ImportPath,Dir,GoFiles,CgoFiles,ImportMap", ".")
	cmd.Env = append(os.Environ(), "GOOS=darwin", "GOARCH=arm64", "CGO_ENABLED=1")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	c := &checker{map[string]*listed{}, map[string]*types.Package{"unsafe": types.Unsafe}, token.NewFileSet()}
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		l := &listed{}
		if err := d.Decode(l); errors.Is(err, io.EOF) {
			return c
		} else if err != nil {
			t.Fatal(err)
		}
		c.packages[l.ImportPath] = l
	}
}

// Import implements types.Importer: only what a package offers is checked, and what
// is wrong there is not our business.
func (c *checker) Import(path string) (*types.Package, error) {
	if p := c.done[path]; p != nil {
		return p, nil
	}
	if c.packages[path] == nil {
		return nil, errors.New("no package " + path)
	}
	p, _ := c.run(path, nil, false)
	c.done[path] = p
	return p, nil
}

// check type-checks a package with its functions, some of whose files are changed.
func (c *checker) check(path string, changed map[string]string) []error {
	_, errs := c.run(path, changed, true)
	return errs
}

func (c *checker) run(path string, changed map[string]string, bodies bool) (*types.Package, []error) {
	l := c.packages[path]
	var files []*ast.File
	var errs []error
	for _, name := range l.files() {
		var source any
		if text, ok := changed[name]; ok {
			source = text
		}
		f, err := parser.ParseFile(c.fset, filepath.Join(l.Dir, name), source, parser.SkipObjectResolution)
		if err != nil {
			return nil, []error{err}
		}
		files = append(files, f)
	}
	conf := types.Config{
		Importer: mapped{c, l.ImportMap}, FakeImportC: true, IgnoreFuncBodies: !bodies,
		Sizes: types.SizesFor("gc", "arm64"), Error: func(err error) { errs = append(errs, err) },
	}
	p, _ := conf.Check(path, c.fset, files, nil)
	return p, errs
}

// mapped imports by a package's own map, as the standard library's vendored
// packages need.
type mapped struct {
	*checker
	to map[string]string
}

func (m mapped) Import(path string) (*types.Package, error) {
	if to := m.to[path]; to != "" {
		path = to
	}
	return m.checker.Import(path)
}
