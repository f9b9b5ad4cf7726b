package agent

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"howett.net/plist"
	"pgregory.net/rapid"

	"github.com/photogo/photogo/internal/command"
)

var update = flag.Bool("update", false, "write the golden files anew")

// system is a system whose launchctl and systemctl are those of testdata. do makes
// them misbehave; log returns how they were called, and forgets it.
func system(t *testing.T, goos string) (s System, do func(name, text string), log func() []string) {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"launchctl", "systemctl"} {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	s = System{GOOS: goos, Home: t.TempDir(), UID: 501, Env: []string{"PATH=" + dir + ":/usr/bin:/bin"}, Pause: time.Millisecond}
	do = func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return s, do, func() []string {
		data, _ := os.ReadFile(filepath.Join(dir, "log"))
		os.Remove(filepath.Join(dir, "log"))
		return strings.Split(strings.TrimSpace(string(data)), "\n")
	}
}

func photogo(home string) Agent {
	return Agent{
		Program: "/Applications/Photo Go.app/photogo", Args: []string{"sync", "--agent", "--config", home + "/a \"b\" & 100% $x.toml"},
		Env: []string{"PATH=/usr/bin:/bin", "PHOTOGO_HOME=" + home + "/100%"}, Interval: 5 * time.Minute, Log: home + "/Library/Logs/photogo/agent.log",
	}
}

func TestTheFilesAreThese(t *testing.T) {
	for _, goos := range []string{"darwin", "linux"} {
		files, err := Files(System{GOOS: goos, Home: "/home/anna"}, photogo("/home/anna"))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			golden := filepath.Join("testdata", filepath.Base(f.Path))
			if *update {
				if err := os.WriteFile(golden, f.Data, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if want, err := os.ReadFile(golden); err != nil || !bytes.Equal(f.Data, want) {
				t.Errorf("%s: %v\n%s", f.Path, err, f.Data)
			}
		}
	}
}

// systemd itself understands the units.
func TestSystemdTakesTheUnits(t *testing.T) {
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	home := t.TempDir()
	a := photogo(home)
	a.Program = filepath.Join(home, `phot o g%o`)
	if err := os.WriteFile(a.Program, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	files, err := Files(System{GOOS: "linux", Home: home}, a)
	if err != nil {
		t.Fatal(err)
	}
	verify := func() string {
		args := []string{"--user", "--man=no", "verify"}
		for _, f := range files {
			if err := write(f); err != nil {
				t.Fatal(err)
			}
			args = append(args, f.Path)
		}
		cmd := exec.Command("systemd-analyze", args...)
		cmd.Env = []string{"HOME=" + home, "XDG_RUNTIME_DIR=" + home, "PATH=/usr/bin:/bin"}
		out, _ := cmd.CombinedOutput()
		var ours []string
		for line := range strings.Lines(string(out)) {
			if strings.Contains(line, "photogo") || strings.Contains(line, home) {
				ours = append(ours, line)
			}
		}
		return strings.Join(ours, "")
	}
	if said := verify(); said != "" {
		t.Errorf("%s", said)
	}
	// It would say so if it did not.
	files[0].Data = bytes.Replace(files[0].Data, []byte("KillMode=mixed"), []byte("KillMod=mixed"), 1)
	files[1].Data = bytes.Replace(files[1].Data, []byte("OnActiveSec=0"), []byte("OnActiveSec=soon"), 1)
	if said := verify(); !strings.Contains(said, "KillMod") || !strings.Contains(said, "soon") {
		t.Errorf("systemd-analyze sees no slip: %q", said)
	}
}

// Whatever words the program has, launchd gets these.
func TestWordsReachLaunchdAsTheyAre(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := photogo("/h")
		a.Args = rapid.SliceOf(rapid.StringMatching(`[^\p{Cc}\x{fffe}\x{ffff}]{0,10}`)).Draw(t, "args")
		files, err := Files(System{GOOS: "darwin", Home: "/h"}, a)
		if err != nil {
			t.Fatal(err)
		}
		var j job
		if _, err := plist.Unmarshal(files[0].Data, &j); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(j.ProgramArguments, append([]string{a.Program}, a.Args...)) || j.StartInterval != 300 || j.Umask != 63 {
			t.Fatalf("%+v", j)
		}
	})
}

func TestWhatNoTimerCanRun(t *testing.T) {
	for _, change := range []func(*Agent){
		func(a *Agent) { a.Program = "photogo" },
		func(a *Agent) { a.Program = `/pho"togo` },
		func(a *Agent) { a.Program = "/a\nExecStart=/b" },
		func(a *Agent) { a.Args[0] = "a\x00" },
		func(a *Agent) { a.Env[0] = "PATH=/a\nUser=root" },
		func(a *Agent) { a.Env[0] = "PATH" },
		func(a *Agent) { a.Log = "log" },
		func(a *Agent) { a.Interval = time.Second },
		func(a *Agent) { a.Interval = 0 },
		func(a *Agent) { a.Interval = 25 * time.Hour },
		func(a *Agent) { a.Interval = 61500 * time.Millisecond },
	} {
		a := photogo("/h")
		change(&a)
		for _, goos := range []string{"darwin", "linux"} {
			if _, err := Install(t.Context(), System{GOOS: goos, Home: t.TempDir()}, a); !errors.Is(err, ErrUnfit) {
				t.Errorf("%+v: %v", a, err)
			}
		}
	}
	if _, err := Install(t.Context(), System{GOOS: "plan9"}, photogo("/h")); !errors.Is(err, ErrSystem) {
		t.Error(err)
	}
}

func TestInstallAndRemove(t *testing.T) {
	for _, c := range []struct {
		goos                 string
		first, again, longer []string
		removed              []string
		lastExit             int
	}{
		{
			"darwin",
			[]string{"print gui/501/" + label, "enable gui/501/" + label, "bootstrap gui/501 FILE0"},
			[]string{"print gui/501/" + label},
			[]string{"print gui/501/" + label, "bootout gui/501/" + label, "print gui/501/" + label, "enable gui/501/" + label, "bootstrap gui/501 FILE0"},
			[]string{"print gui/501/" + label, "bootout gui/501/" + label, "print gui/501/" + label},
			14,
		},
		{
			"linux",
			[]string{show, "--user daemon-reload", "--user enable photogo.timer", "--user restart photogo.timer"},
			[]string{show},
			[]string{show, "--user daemon-reload", "--user enable photogo.timer", "--user restart photogo.timer"},
			[]string{show, "--user disable --now photogo.timer", "--user daemon-reload"},
			3,
		},
	} {
		t.Run(c.goos, func(t *testing.T) {
			s, _, log := system(t, c.goos)
			a := photogo(s.Home)
			expect := func(r Result, err error, changed bool, want []string) {
				t.Helper()
				got := log()
				for i, line := range got {
					got[i] = strings.ReplaceAll(line, r.Files[0], "FILE0")
				}
				if err != nil || r.Changed != changed || !slices.Equal(got, want) {
					t.Errorf("%+v %v\n%q\n%q", r, err, got, want)
				}
			}
			look := func(a Agent, installed, current, loaded bool) Status {
				t.Helper()
				st, err := Look(t.Context(), s, a)
				if err != nil || st.Installed != installed || st.Current != current || st.Loaded != loaded {
					t.Errorf("%+v %v", st, err)
				}
				log()
				return st
			}
			look(a, false, false, false)
			r, err := Remove(t.Context(), s)
			expect(r, err, false, c.again)
			r, err = Install(t.Context(), s, a)
			expect(r, err, true, c.first)
			r, err = Install(t.Context(), s, a)
			expect(r, err, false, c.again)
			if st := look(a, true, true, true); st.LastExit == nil || *st.LastExit != c.lastExit || st.Running != (c.goos == "darwin") {
				t.Errorf("%+v", st)
			}
			// Another interval is another timer.
			a.Interval = time.Hour
			look(a, true, false, true)
			r, err = Install(t.Context(), s, a)
			expect(r, err, true, c.longer)
			look(a, true, true, true)
			// A file that others can write to is written anew.
			if err := os.Chmod(r.Files[0], 0o666); err != nil {
				t.Fatal(err)
			}
			r, err = Install(t.Context(), s, a)
			expect(r, err, true, c.longer)
			// Who does not say how often means as it is.
			a.Interval = 0
			if st := look(a, true, true, true); st.Interval != time.Hour {
				t.Error(st.Interval)
			}
			r, err = Remove(t.Context(), s)
			expect(r, err, true, c.removed)
			look(a, false, false, false)
			for _, f := range r.Files {
				if list, err := os.ReadDir(filepath.Dir(f)); err != nil || len(list) != 0 {
					t.Errorf("left behind: %v %v", list, err)
				}
			}
		})
	}
}

const show = "--user show --property=ActiveState,UnitFileState photogo.timer"

// launchd takes its time to let go of a job, and says 5 for many things.
func TestLaunchdIsGivenTime(t *testing.T) {
	s, do, log := system(t, "darwin")
	a := photogo(s.Home)
	if _, err := Install(t.Context(), s, a); err != nil {
		t.Fatal(err)
	}
	do("slow", "3")
	do("refuse", "2")
	a.Interval = time.Hour
	log()
	if r, err := Install(t.Context(), s, a); err != nil || !r.Changed {
		t.Error(err)
	}
	if calls := strings.Join(log(), "\n"); strings.Count(calls, "print") != 5 || strings.Count(calls, "bootstrap") != 3 {
		t.Errorf("%s", calls)
	}
	do("refuse", "9")
	a.Interval = 2 * time.Hour
	var failed *command.Error
	if _, err := Install(t.Context(), s, a); !errors.As(err, &failed) || failed.Code != launchIO {
		t.Error(err)
	}
	// What did not start is not taken for installed by the next call.
	do("refuse", "0")
	if r, err := Install(t.Context(), s, a); err != nil || !r.Changed {
		t.Error(r, err)
	}
}

func TestNobodyIsLoggedIn(t *testing.T) {
	for _, goos := range []string{"darwin", "linux"} {
		s, do, _ := system(t, goos)
		do("no-session", "")
		if _, err := Install(t.Context(), s, photogo(s.Home)); !errors.Is(err, ErrSession) {
			t.Error(err)
		}
		if list, err := os.ReadDir(s.Home); err != nil || len(list) != 0 {
			t.Errorf("%s: written all the same: %v", goos, list)
		}
		s.Env = []string{"PATH=/nowhere"}
		if _, err := Remove(t.Context(), s); !errors.Is(err, command.ErrMissing) {
			t.Error(err)
		}
	}
}

func TestSearchPath(t *testing.T) {
	a, b := t.TempDir(), t.TempDir()
	for _, file := range []string{filepath.Join(a, "borg"), filepath.Join(b, "sshfs"), filepath.Join(b, "borg")} {
		if err := os.WriteFile(file, nil, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	want := a + ":" + b + ":/opt/homebrew/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
	if got := SearchPath("relative:/nowhere:"+a+":"+b, "borg", "sshfs", "gocryptfs"); got != want {
		t.Error(got)
	}
}
