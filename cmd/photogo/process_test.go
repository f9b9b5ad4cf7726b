package main

import (
	"bufio"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/photogo/photogo/internal/fixture"
	"github.com/photogo/photogo/internal/safefile"
)

// desk is a library and a place to export it to, by photogo as a process.
type desk struct {
	library, dest, home string
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	dir := t.TempDir()
	d := &desk{library: filepath.Join(dir, "L.photoslibrary"), dest: filepath.Join(dir, "dest"), home: filepath.Join(dir, "home")}
	if _, err := fixture.Build(d.library, fixture.Options{Assets: 800, Plain: true}); err != nil {
		t.Fatal(err)
	}
	return d
}

func (d *desk) photogo(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	program, err := exec.LookPath("photogo")
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(program, args...)
	c.Env = append(os.Environ(), "HOME="+d.home, "PHOTOGO_HOME="+d.home)
	return c
}

// ends runs photogo and holds it to a code. It returns its words.
func (d *desk) ends(t *testing.T, code int, args ...string) string {
	t.Helper()
	c := d.photogo(t, args...)
	out, err := c.CombinedOutput()
	if c.ProcessState == nil || c.ProcessState.ExitCode() != code {
		t.Errorf("photogo %s: %v, want code %d\n%s", strings.Join(args, " "), err, code, out)
	}
	return string(out)
}

// Ctrl-C at whatever moment: code 130, no temporary file, what has its name is whole and
// recorded, and the next run does the rest.
func TestInterruptedByTheUser(t *testing.T) {
	for _, after := range []int{0, 1, 100, 900} {
		t.Run(strconv.Itoa(after)+" files", func(t *testing.T) {
			d := newDesk(t)
			c := d.photogo(t, "export", d.dest, "--library", d.library, "--verbose", "--json")
			var words strings.Builder
			c.Stderr = &words
			out, err := c.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			told, lines := 0, bufio.NewScanner(out)
			for told < after && lines.Scan() {
				if strings.Contains(lines.Text(), `"type":"file"`) {
					told++
				}
			}
			if after == 0 { // it has begun to work
				for !exists(filepath.Join(d.dest, ".photogo", "id")) {
					if c.Process.Signal(syscall.Signal(0)) != nil {
						t.Fatal("it never began")
					}
				}
			}
			if err := c.Process.Signal(os.Interrupt); err != nil {
				t.Fatal(err)
			}
			for lines.Scan() {
			}
			c.Wait()
			if code := c.ProcessState.ExitCode(); code != 130 || !strings.Contains(words.String(), "interrupted") {
				t.Errorf("code %d: %s", code, words.String())
			}
			err = filepath.WalkDir(d.dest, func(name string, _ fs.DirEntry, err error) error {
				if safefile.IsTemp(name) {
					t.Errorf("%s was left", name)
				}
				return err
			})
			if err != nil {
				t.Error(err)
			}
			if said := d.ends(t, 0, "verify", d.dest); strings.Contains(said, "foreign") {
				t.Error(said)
			}
			d.ends(t, 0, "export", d.dest, "--library", d.library, "--quiet")
			if said := d.ends(t, 0, "export", d.dest, "--library", d.library, "--verbose"); !strings.Contains(said, " 0 placed ") {
				t.Error(said)
			}
		})
	}
}

func exists(name string) bool {
	_, err := os.Lstat(name)
	return !errors.Is(err, fs.ErrNotExist)
}

// While one photogo works on a destination all others are told so, and by whom, whatever
// they want of it.
func TestTwoProcesses(t *testing.T) {
	d := newDesk(t)
	c := d.photogo(t, "export", d.dest, "--library", d.library, "--verbose", "--json")
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	lines.Scan() // and no more: it has to wait until somebody reads what it tells
	for _, args := range [][]string{
		{"export", d.dest, "--library", d.library}, {"verify", d.dest}, {"state", "check", d.dest},
		{"state", "rebuild", d.dest, "--library", d.library}, {"state", "forget", d.dest},
	} {
		if said := d.ends(t, 12, args...); !strings.Contains(said, "process "+strconv.Itoa(c.Process.Pid)) {
			t.Errorf("%s: %s", args, said)
		}
	}
	for lines.Scan() {
	}
	if err := c.Wait(); err != nil {
		t.Error(err)
	}
	d.ends(t, 0, "verify", d.dest)
}
