package photogo_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/photogo/photogo/internal/fixture"
)

// The real libraries and the programs that judge an export independently do not
// belong to the project. They lie beside the checkout, or where PHOTOGO_SHARED
// says; the libraries are unpacked into .libraries, or where PHOTOGO_LIBRARIES
// says.
type shared struct {
	tools, golden string
	libraries     []string
}

func findShared(t *testing.T) shared {
	t.Helper()
	dir := os.Getenv("PHOTOGO_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "shared")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		t.Fatal(err)
	}
	s := shared{tools: filepath.Join(dir, "tools"), golden: filepath.Join(dir, "golden")}
	if _, err := os.Stat(filepath.Join(s.tools, "check_export.py")); err != nil {
		need(t, "the real libraries and their judge are not here (PHOTOGO_SHARED says where they are): "+err.Error())
	}
	if _, err := exec.LookPath("python3"); err != nil {
		need(t, "python3, which the judge needs, is missing")
	}
	unpacked := os.Getenv("PHOTOGO_LIBRARIES")
	if unpacked == "" {
		unpacked = ".libraries"
	}
	if unpacked, err = filepath.Abs(unpacked); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(filepath.Join(s.tools, "unpack_libraries.sh"), unpacked).CombinedOutput(); err != nil {
		t.Fatalf("unpack the libraries: %v\n%s", err, out)
	}
	s.libraries, err = filepath.Glob(filepath.Join(unpacked, "*.photoslibrary"))
	if err != nil || len(s.libraries) == 0 {
		t.Fatalf("no libraries in %s (%v)", unpacked, err)
	}
	return s
}

// need skips a test that lacks something, and fails it where nothing may be lacking.
func need(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(what)
	}
	t.Skip(what)
}

// buildPhotogo builds the program as a user has it.
func buildPhotogo(t *testing.T) string {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "photogo")
	if out, err := exec.Command("go", "build", "-o", bin, "./cmd/photogo").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return bin
}

// photogo runs the program with a state of its own; exit code 3 is no failure
// here, as the libraries lack files on purpose.
func photogo(t *testing.T, bin, state string, args ...string) (stdout string) {
	t.Helper()
	cmd := exec.Command(bin, args...)
	cmd.Env = append(os.Environ(), "PHOTOGO_HOME="+state)
	var out, words bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &words
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !(errors.As(err, &exit) && exit.ExitCode() == 3) {
		t.Fatalf("photogo %s: %v\n%s", strings.Join(args, " "), err, &words)
	}
	return out.String()
}

type summary struct {
	Type                              string
	Placed, Unchanged, Altered, Files int
}

func export(t *testing.T, bin, state, library, dest string, args ...string) summary {
	t.Helper()
	out := photogo(t, bin, state, append([]string{"export", dest, "--library", library, "--json"}, args...)...)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	var s summary
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &s); err != nil || s.Type != "summary" {
		t.Fatalf("last line %q: %v", lines[len(lines)-1], err)
	}
	return s
}

// Every real library is exported without a shortfall, on the first run and on
// the second, by one worker and by eight; nothing in it changes.
func TestRealLibrariesAreExportedWithoutShortfall(t *testing.T) {
	s := findShared(t)
	bin := buildPhotogo(t)
	judge := func(t *testing.T, library, dest string) {
		t.Helper()
		out, err := exec.Command("python3", filepath.Join(s.tools, "check_export.py"), library, dest).CombinedOutput()
		if err != nil || !strings.Contains(string(out), " 0 shortfalls") {
			t.Errorf("%v\n%s", err, out)
		}
		if strings.Contains(string(out), "b3sum is not installed") {
			need(t, "b3sum is not installed")
		}
	}
	for _, library := range s.libraries {
		t.Run(filepath.Base(library), func(t *testing.T) {
			before := treeOf(t, library)
			dest, state := filepath.Join(t.TempDir(), "dest"), t.TempDir()
			first := export(t, bin, state, library, dest)
			judge(t, library, dest)
			second := export(t, bin, state, library, dest)
			if second.Placed != 0 || second.Unchanged != first.Placed {
				t.Errorf("first %+v, second %+v", first, second)
			}
			judge(t, library, dest)
			for _, jobs := range []string{"1", "8"} {
				dest := filepath.Join(t.TempDir(), "dest")
				if with := export(t, bin, t.TempDir(), library, dest, "--jobs", jobs); with != first {
					t.Errorf("--jobs %s: %+v, first %+v", jobs, with, first)
				}
				judge(t, library, dest)
			}
			validate(t, dest)
			sameTree(t, before, treeOf(t, library))
		})
	}
}

// validate has exiftool read every sidecar.
func validate(t *testing.T, dest string) {
	t.Helper()
	if _, err := exec.LookPath("exiftool"); err != nil {
		need(t, "exiftool is not installed")
	}
	out, err := exec.Command("exiftool", "-r", "-q", "-ext", "xmp", "-validate", "-warning", "-error", "-a",
		"-if", `$validate ne "OK"`, "-p", "$directory/$filename: $validate", dest).CombinedOutput()
	// Exit code 2: no file meets the condition.
	var exit *exec.ExitError
	if err != nil && !(errors.As(err, &exit) && exit.ExitCode() == 2) {
		t.Fatalf("exiftool: %v\n%s", err, out)
	}
	if len(bytes.TrimSpace(out)) > 0 {
		t.Errorf("exiftool finds fault:\n%s", out)
	}
	if n := strings.Count(sidecarsIn(t, dest), "\n"); n == 0 {
		t.Error("there are no sidecars to validate")
	}
}

func sidecarsIn(t *testing.T, dest string) (list string) {
	t.Helper()
	filepath.WalkDir(dest, func(path string, d fs.DirEntry, err error) error {
		if err == nil && filepath.Ext(path) == ".xmp" {
			list += path + "\n"
		}
		return err
	})
	return list
}

// Every fact of every real asset, all keys of --all, agrees with what was found
// independently.
func TestRealAssetsAgreeWithTheGoldenFacts(t *testing.T) {
	s := findShared(t)
	bin := buildPhotogo(t)
	for _, library := range s.libraries {
		t.Run(filepath.Base(library), func(t *testing.T) {
			before := treeOf(t, library)
			list := filepath.Join(t.TempDir(), "assets.jsonl")
			if err := os.WriteFile(list, []byte(photogo(t, bin, t.TempDir(), "list", "assets", "--json", "--all", "--library", library)), 0o644); err != nil {
				t.Fatal(err)
			}
			golden := filepath.Join(s.golden, strings.TrimSuffix(filepath.Base(library), ".photoslibrary")+".json.gz")
			out, err := exec.Command("python3", filepath.Join(s.tools, "compare_assets.py"), golden, list).CombinedOutput()
			if err != nil || !strings.Contains(string(out), ", 0 differ") {
				t.Errorf("%v\n%s", err, out)
			}
			sameTree(t, before, treeOf(t, library))
		})
	}
}

// treeOf describes everything in a folder: names, modes, times, contents.
func treeOf(t *testing.T, root string) map[string]string {
	t.Helper()
	tree, err := fixture.Tree(root)
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

func sameTree(t *testing.T, before, after map[string]string) {
	t.Helper()
	for _, change := range fixture.TreeChanges(before, after) {
		t.Errorf("the library was changed: %s", change)
	}
}
