package backup_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/photogo/photogo/archive"
	"github.com/photogo/photogo/backup"
	"github.com/photogo/photogo/internal/loopback"
	"github.com/photogo/photogo/internal/safefile"
	"github.com/photogo/photogo/mount"
	"github.com/photogo/photogo/ssh"
)

// The steps that something goes wrong in.
var points = []backup.Step{backup.StepExport, backup.StepMirror, backup.StepArchive, backup.StepProve, backup.StepPurge, backup.StepSeal}

// fault is something that goes wrong at each of the points.
type fault struct {
	name   string
	before func(*site)              // makes the place, before anything is in it
	strike func(*site, backup.Step) // when the step begins
	mend   func(*site)
	// want is what the cycle says, by step. Where there is nothing the cycle does not
	// need what is broken then, and is complete.
	want map[backup.Step]error
}

func faults() []fault {
	var link *loopback.Link
	var staging, vault, repository, state *disk
	full := func(d **disk) (func(*site, backup.Step), func(*site)) {
		return func(s *site, _ backup.Step) { (*d).fill() }, func(*site) { (*d).empty() }
	}
	list := []fault{{
		name: "the link is cut",
		before: func(s *site) {
			s.makeServer()
			link = s.server.Wire(s.t)
			s.SSH = s.server.SSH
			s.Repo = fmt.Sprintf("ssh://%s@%s:%d%s", s.server.User, s.server.Host, s.SSH.Port, filepath.Join(s.server.Dir, "repo"))
		},
		strike: func(_ *site, at backup.Step) {
			// In the midst of what the step sends, or fetches.
			link.CutAfter(map[backup.Step]int64{backup.StepMirror: 200_000, backup.StepArchive: 200_000, backup.StepProve: 200_000, backup.StepPurge: 1_000, backup.StepSeal: 10_000}[at])
		},
		mend: func(*site) { link.Mend() },
		want: map[backup.Step]error{
			backup.StepExport: mount.ErrDead, backup.StepMirror: mount.ErrDead, backup.StepArchive: ssh.ErrUnreachable,
			backup.StepProve: ssh.ErrUnreachable, backup.StepPurge: mount.ErrDead, backup.StepSeal: mount.ErrDead,
		},
	}, {
		name:   "somebody unmounts the vault",
		strike: func(s *site, _ backup.Step) { s.unmount() },
		want: map[backup.Step]error{
			backup.StepExport: mount.ErrDead, backup.StepMirror: mount.ErrDead, backup.StepArchive: mount.ErrDead,
			backup.StepProve: mount.ErrDead, backup.StepPurge: mount.ErrDead, backup.StepSeal: mount.ErrDead,
		},
	}, {
		name:   "the disk of the staging folder is full",
		before: func(s *site) { staging = s.disk(s.staging(), "64m") },
		want: map[backup.Step]error{
			// In the folder is written what explains the archive.
			backup.StepExport: syscall.ENOSPC, backup.StepMirror: syscall.ENOSPC, backup.StepArchive: syscall.ENOSPC,
		},
	}, {
		name: "the disk of the vault is full",
		before: func(s *site) {
			s.makeServer()
			vault = s.disk(filepath.Join(s.server.Dir, "vault"), "64m")
		},
		want: map[backup.Step]error{
			// The purge makes room for what is sealed.
			backup.StepExport: backup.ErrFull, backup.StepMirror: backup.ErrFull, backup.StepSeal: backup.ErrFull,
		},
	}, {
		name: "the disk of the repository is full",
		before: func(s *site) {
			dir := s.t.TempDir()
			repository = s.disk(dir, "2g") // borg wants room for two of its segments
			s.Repo = filepath.Join(dir, "repo")
		},
		want: map[backup.Step]error{
			backup.StepExport: archive.ErrFull, backup.StepMirror: archive.ErrFull, backup.StepArchive: archive.ErrFull,
			backup.StepProve: archive.ErrFull, // borg writes a lock where it reads
		},
	}, {
		name:   "the disk of the state folder is full",
		before: func(s *site) { state = s.disk(s.state(), "64m") },
		want: map[backup.Step]error{
			backup.StepExport: syscall.ENOSPC, backup.StepMirror: syscall.ENOSPC, backup.StepArchive: archive.ErrCacheFull,
			backup.StepProve: archive.ErrCacheFull, backup.StepPurge: syscall.ENOSPC, backup.StepSeal: syscall.ENOSPC,
		},
	}}
	for i, d := range []**disk{&staging, &vault, &repository, &state} {
		f := &list[2+i]
		f.strike, f.mend = full(d)
	}
	return list
}

// Whatever goes wrong at whichever step: nothing is removed that is not proven, what
// is wrong is told by its name, and the next cycle that nothing disturbs comes to the
// same end as if nothing had been.
func TestWhateverGoesWrongAtWhicheverStep(t *testing.T) {
	t.Parallel()
	for _, f := range faults() {
		t.Run(strings.ReplaceAll(f.name, " ", "-"), func(t *testing.T) {
			t.Parallel()
			s := newSite(t, 0)
			if f.before != nil {
				f.before(s)
			}
			s.makeVault()
			s.makeRepo()
			s.plain(1, 1)
			s.good()
			months := []string{}
			for i, at := range points {
				if testing.Short() && i%2 != 0 {
					continue
				}
				months = append(months, fmt.Sprintf("anna-2025-%02d", s.Clock.Month()))
				s.misfortune(f, at, 2*i+2)
				s.cameToItsEnd(string(at), 2*i+2, months)
			}
			s.safe()
			s.mirrorIs(pictures(t, s.staging()))
			for name := range s.mirror() {
				if strings.HasSuffix(name, ".tmp") {
					t.Errorf("%s was left in the vault", name)
				}
			}
			if got := s.archives(); !slices.Equal(got, months) {
				t.Errorf("archives %v, want %v", got, months)
			}
		})
	}
}

// misfortune lets a month end, two pictures come, the nth and the one after, and the
// fault strike; and then a cycle that nothing disturbs.
func (s *site) misfortune(f fault, at backup.Step, n int) {
	s.t.Helper()
	s.at(s.Clock.Month()+1, 2)
	s.fatten(fmt.Sprintf("plain-%04d", n), 1_000_000)
	s.plain(n, n+1)
	struck := false
	s.strike = func(e backup.Event) {
		if e.Begin && e.Step == at && !struck {
			struck = true
			f.strike(s, at)
		}
	}
	r, err := s.cycle()
	s.strike = nil
	if !struck {
		s.t.Errorf("%s: there was no such step: %v", at, err)
	}
	want := f.want[at]
	switch {
	case !errors.Is(err, want):
		s.t.Errorf("%s: %v, want %v", at, err, want)
	case r.Complete != (want == nil), (r.Problem == "") != (want == nil):
		s.t.Errorf("%s: %v: %+v", at, err, r)
	}
	s.t.Logf("%s: %v", at, err)
	s.accounted(string(at))
	s.tidy(string(at))
	if f.mend != nil {
		f.mend(s)
	}
	s.watch()
	s.good()
}

// accounted makes sure that whatever is not staged any more is, in its newest
// version, in an archive that was proven. What the archives hold is for safe.
func (s *site) accounted(when string) {
	s.t.Helper()
	staged := pictures(s.t, s.staging())
	c, err := backup.OpenCatalogue(s.t.Context(), backup.CatalogueFile(s.state(), "anna"), "anna")
	must(s.t, err)
	defer c.Close()
	for name, sum := range s.ever {
		if staged[name] == sum {
			continue
		}
		in, err := c.Where(name, sum)
		must(s.t, err)
		if !slices.ContainsFunc(in, func(a backup.Archive) bool { return a.State == backup.Proven }) {
			s.t.Errorf("%s: %s is gone, and not proven anywhere", when, name)
		}
	}
}

// cameToItsEnd makes sure that a month has ended: staged are the two pictures of the
// new one, from the nth, and each finished month has one archive, which is proven.
func (s *site) cameToItsEnd(when string, n int, months []string) {
	s.t.Helper()
	staged := pictures(s.t, s.staging())
	var want []string
	for ; len(want) < 2; n++ {
		a, _ := s.lib.Case(fmt.Sprintf("plain-%04d", n))
		want = append(want, a.OriginalFilename)
	}
	var got []string
	for name := range staged {
		if !strings.HasSuffix(name, ".xmp") {
			got = append(got, filepath.Base(name))
		}
	}
	slices.Sort(got)
	if !slices.Equal(got, want) || len(staged) != 4 {
		s.t.Errorf("%s: staged are %v, want %v", when, got, want)
	}
	s.accounted(when)
	c, err := backup.OpenCatalogue(s.t.Context(), backup.CatalogueFile(s.state(), "anna"), "anna")
	must(s.t, err)
	defer c.Close()
	archives, err := c.Archives()
	must(s.t, err)
	var names []string
	for _, a := range archives {
		if names = append(names, a.Name); a.State != backup.Proven {
			s.t.Errorf("%s: %s is %v", when, a.Name, a.State)
		}
	}
	if !slices.Equal(names, months) {
		s.t.Errorf("%s: archives %v, want %v", when, names, months)
	}
	s.tidy(when)
	filepath.WalkDir(s.Dir, func(name string, _ fs.DirEntry, err error) error {
		if strings.HasSuffix(name, ".tmp") || err != nil {
			s.t.Errorf("%s: left behind: %s %v", when, name, err)
		}
		return nil
	})
}

// tidy makes sure that nothing is mounted any more, and nothing was written in clear.
func (s *site) tidy(when string) {
	s.t.Helper()
	entries, err := os.ReadDir(filepath.Join(s.state(), "mounts"))
	must(s.t, err)
	for _, e := range entries {
		if e.IsDir() {
			s.t.Errorf("%s: %s was left", when, e.Name())
		}
	}
}

// unmount takes the vault away from the cycle that uses it.
func (s *site) unmount() {
	s.t.Helper()
	mounted, _ := filepath.Glob(filepath.Join(s.state(), "mounts", "run-*", "plain"))
	for _, dir := range mounted {
		if out, err := exec.Command("fusermount3", "-uz", dir).CombinedOutput(); err != nil {
			s.t.Errorf("%v: %s", err, out)
		}
	}
	if len(mounted) != 1 {
		s.t.Errorf("%v", mounted)
	}
}

// disk is a small file system that can be filled.
type disk struct {
	t         *testing.T
	dir, size string
}

// disk mounts a small file system on a folder.
func (s *site) disk(dir, size string) *disk {
	s.t.Helper()
	if os.Getuid() != 0 || runtime.GOOS != "linux" {
		s.t.Skip("a small file system needs root")
	}
	must(s.t, os.MkdirAll(dir, 0o700))
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "mode=0700,size="+size, "tmpfs", dir).CombinedOutput(); err != nil {
		s.t.Skipf("mount: %v: %s", err, out)
	}
	s.t.Cleanup(func() {
		var out []byte
		err := errors.New("not tried")
		for try := 0; err != nil && try < 50; try++ {
			if out, err = exec.Command("umount", dir).CombinedOutput(); err != nil {
				time.Sleep(100 * time.Millisecond) // who used it may still be ending
			}
		}
		if err != nil {
			s.t.Errorf("%v: %s", err, out)
		}
	})
	return &disk{s.t, dir, size}
}

// fill leaves no room: the disk shrinks to what it holds, and again if a process that
// was just ending gave something back meanwhile.
func (d *disk) fill() {
	var room int64
	var err error
	for try, full := 0, 0; try < 100 && full < 2; try++ {
		var st syscall.Statfs_t
		if err := syscall.Statfs(d.dir, &st); err != nil {
			d.t.Error(err)
		}
		d.resize(fmt.Sprint((st.Blocks - st.Bfree) * uint64(st.Bsize)))
		if room, err = safefile.Room(d.dir); err == nil && room == 0 {
			full++
		}
		time.Sleep(10 * time.Millisecond)
	}
	if err != nil || room != 0 {
		d.t.Errorf("there is room for %d bytes (%v)", room, err)
	}
}

func (d *disk) empty() { d.resize(d.size) }

func (d *disk) resize(size string) {
	if out, err := exec.Command("mount", "-o", "remount,size="+size, d.dir).CombinedOutput(); err != nil {
		d.t.Errorf("%v: %s", err, out)
	}
}
