package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/photogo/photogo/internal/fixture"
	"github.com/photogo/photogo/internal/fixture/icloud"
)

// The program under test is main itself: real arguments, real streams, real
// exit codes.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"photogo": main,
		// A helper that serves what the script's command icloud made.
		"photogo-helper-in-go": func() { os.Exit(icloud.Serve(os.Stdin, os.Stdout)) },
	})
}

// Each script in testdata is one promise to a user.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			env.Values[libraries{}] = map[string]*fixture.Library{}
			env.Setenv("HOME", filepath.Join(env.WorkDir, "home"))
			env.Setenv("PHOTOGO_HOME", filepath.Join(env.WorkDir, "state"))
			return os.Mkdir(filepath.Join(env.WorkDir, "home"), 0o755)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"library": library, "exits": exits, "files": files, "forget": forget, "needs": needs, "spoil": spoil,
			"retitle": retitle, "settle": settle, "icloud": playICloud, "mac": mac,
		},
	})
}

// library PATH [GENERATION | away] builds a synthetic library; away: with more that is in
// iCloud only.
func library(ts *testscript.TestScript, neg bool, args []string) {
	var o fixture.Options
	if len(args) > 1 && args[1] == "away" {
		o.Away = true
	} else if len(args) > 1 {
		g, ok := fixture.ByName(args[1])
		if !ok {
			ts.Fatalf("no generation %s", args[1])
		}
		o.Generation = g
	}
	lib, err := fixture.Build(ts.MkAbs(args[0]), o)
	ts.Check(err)
	ts.Value(libraries{}).(map[string]*fixture.Library)[args[0]] = lib
}

// icloud LIBRARY DIR [SETTING VALUE | CASE ACT] plays the iCloud of a library, with a
// helper DIR/photogo-helper. A setting is authorization or misbehaviour; an act is
// JSON, of what happens at each request for the files of an asset.
func playICloud(ts *testscript.TestScript, neg bool, args []string) {
	dir := ts.MkAbs(args[1])
	ts.Check(os.RemoveAll(dir))
	ts.Check(os.Mkdir(dir, 0o755))
	c, err := icloud.New(dir)
	ts.Check(err)
	acts := map[string]icloud.Act{}
	for rest := args[2:]; len(rest) > 0; rest = rest[2:] {
		switch rest[0] {
		case "authorization":
			n, err := strconv.Atoi(rest[1])
			ts.Check(err)
			c.Set(rest[0], n)
		case "misbehaviour":
			c.Set(rest[0], rest[1])
		default:
			var act icloud.Act
			ts.Check(json.Unmarshal([]byte(rest[1]), &act))
			acts[rest[0]] = act
		}
	}
	ts.Check(c.AddLibrary(ts.Value(libraries{}).(map[string]*fixture.Library)[args[0]], func(a fixture.Asset, _ string) icloud.Acts {
		return icloud.Always(acts[a.Case])
	}))
	ts.Check(c.Save())
	helper, err := exec.LookPath("photogo-helper-in-go")
	ts.Check(err)
	_, err = c.Program(helper)
	ts.Check(err)
}

// mac PATH builds the library that library PATH builds, on another Mac.
func mac(ts *testscript.TestScript, neg bool, args []string) {
	lib, err := fixture.Build(ts.MkAbs(args[0]), fixture.Options{Mac: 1})
	ts.Check(err)
	ts.Value(libraries{}).(map[string]*fixture.Library)[args[0]] = lib
}

// libraries is the key of what a script has built.
type libraries struct{}

// forget LIBRARY [CASE] takes an asset out of a library, or all of them.
func forget(ts *testscript.TestScript, neg bool, args []string) {
	query := "DELETE FROM ZASSET"
	if len(args) > 1 {
		a, ok := ts.Value(libraries{}).(map[string]*fixture.Library)[args[0]].Case(args[1])
		if !ok {
			ts.Fatalf("no case %s", args[1])
		}
		query += " WHERE ZUUID = '" + a.UUID + "'"
	}
	conn, err := sqlite.OpenConn(ts.MkAbs(args[0]+"/database/Photos.sqlite"), sqlite.OpenReadWrite)
	ts.Check(err)
	defer conn.Close()
	ts.Check(sqlitex.ExecuteTransient(conn, query, nil))
}

// retitle LIBRARY CASE TITLE gives an asset a title, in a library without a history.
func retitle(ts *testscript.TestScript, neg bool, args []string) {
	a, ok := ts.Value(libraries{}).(map[string]*fixture.Library)[args[0]].Case(args[1])
	if !ok {
		ts.Fatalf("no case %s", args[1])
	}
	conn, err := sqlite.OpenConn(ts.MkAbs(args[0]+"/database/Photos.sqlite"), sqlite.OpenReadWrite)
	ts.Check(err)
	defer conn.Close()
	ts.Check(sqlitex.ExecuteTransient(conn, "DROP TABLE IF EXISTS ACHANGE", nil))
	ts.Check(sqlitex.ExecuteTransient(conn, "UPDATE ZADDITIONALASSETATTRIBUTES SET ZTITLE = ? WHERE ZASSET = (SELECT Z_PK FROM ZASSET WHERE ZUUID = ?)",
		&sqlitex.ExecOptions{Args: []any{args[2], a.UUID}}))
}

// settle LIBRARY makes a library look as if it had not been changed for a while.
func settle(ts *testscript.TestScript, neg bool, args []string) {
	then := time.Now().Add(-time.Hour)
	ts.Check(os.Chtimes(ts.MkAbs(args[0]+"/database/Photos.sqlite"), then, then))
}

// exits CODE PROGRAM ARG... runs a program that must end with an exit code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	ts.Logf("exits %v", args)
	err := ts.Exec(args[1], args[2:]...)
	code := "0"
	if err != nil {
		code = "?"
		if exit, ok := err.(interface{ ExitCode() int }); ok {
			code = strconv.Itoa(exit.ExitCode())
		}
	}
	if code != args[0] {
		ts.Fatalf("exit code %s, want %s: %v", code, args[0], err)
	}
}

// files DIR fails unless there are files below a folder; with ! if there are any.
func files(ts *testscript.TestScript, neg bool, args []string) {
	n := 0
	filepath.WalkDir(ts.MkAbs(args[0]), func(_ string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			n++
		}
		return nil
	})
	if (n > 0) == neg {
		ts.Fatalf("%s holds %d files", args[0], n)
	}
}

// needs PROGRAM... fails where nothing may be missing; the script skips itself
// otherwise.
func needs(ts *testscript.TestScript, neg bool, args []string) {
	if os.Getenv("CI") == "true" {
		ts.Fatalf("%v is missing; scripts/test-deps.sh installs it", args)
	}
}

// spoil DIR changes a byte of a picture, and nothing that shows from outside.
func spoil(ts *testscript.TestScript, neg bool, args []string) {
	pictures, err := filepath.Glob(filepath.Join(ts.MkAbs(args[0]), "*", "*", "*", "*.JPG"))
	if err != nil || len(pictures) == 0 {
		ts.Fatalf("no picture: %v", err)
	}
	info, err := os.Stat(pictures[0])
	ts.Check(err)
	content, err := os.ReadFile(pictures[0])
	ts.Check(err)
	content[len(content)-1]++
	ts.Check(os.WriteFile(pictures[0], content, 0o644))
	ts.Check(os.Chtimes(pictures[0], info.ModTime(), info.ModTime()))
}
