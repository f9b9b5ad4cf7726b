package export

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/photogo/photogo/internal/fixture"
	"github.com/photogo/photogo/internal/loopback"
	"github.com/photogo/photogo/internal/safefile"
	"github.com/photogo/photogo/photosdb"
)

// full is what must hold after a run that ended because there was no room. word
// is what the error says.
func (w *world) full(t *testing.T, word string) {
	t.Helper()
	s, _, err := w.run(t)
	if !errors.Is(err, ErrStopped) && !errors.Is(err, ErrRefused) && !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("%+v, %v", s, err)
	}
	if !strings.Contains(err.Error(), word) {
		t.Error(err)
	}
	w.stopped(t)
}

// stopped is what must hold after a run that had to end early.
func (w *world) stopped(t *testing.T) {
	t.Helper()
	w.noHalfFiles(t)
	w.claimsNothing(t)
	w.untouched(t)
	if _, err := os.Stat(w.dest); err != nil {
		return
	}
	for _, name := range w.files(t) {
		if safefile.IsTemp(name) {
			t.Errorf("temporary file %s was left", name)
		}
	}
}

func TestAFullTmpfs(t *testing.T) {
	for _, size := range []string{"40k", "64k", "100k", "200k"} {
		t.Run(size, func(t *testing.T) {
			w := newWorld(t, fixture.Options{Assets: 300}).watch(t)
			w.dest = mountTmpfs(t, size)
			w.full(t, "no space left")
			// With room, the next run finishes the work.
			if err := syscall.Mount("tmpfs", w.dest, "tmpfs", syscall.MS_REMOUNT, "size=100m"); err != nil {
				t.Fatal(err)
			}
			w.finish(t)
		})
	}
}

func TestAFullExt4(t *testing.T) {
	for name, free := range map[string]int64{"nothing is free": 0, "room for the record": 24 << 10, "room for some": 100 << 10, "room for half": 500 << 10} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, fixture.Options{Assets: 300}).watch(t)
			disk := mountExt4(t)
			w.dest = filepath.Join(disk, "dest")
			empty := fill(t, disk, free)
			w.full(t, "no space left")
			empty()
			w.finish(t)
		})
	}
}

func TestADiskWithoutInodes(t *testing.T) {
	w := newWorld(t, fixture.Options{Assets: 300}).watch(t)
	w.dest = filepath.Join(mountExt4(t, "-N", "128"), "dest")
	w.full(t, "no space left")
	w.stopped(t) // there is no room to be made
}

// The disk has room, and who exports may have no more of it: Btrfs, which every kernel
// that has it limits by the subvolume.
func TestAQuota(t *testing.T) {
	for _, most := range []string{"256k", "512k", "1m"} {
		t.Run(most, func(t *testing.T) {
			w := newWorld(t, fixture.Options{Assets: 300}).watch(t)
			disk := mountDisk(t, 400*mebibyte, "", "mkfs.btrfs", "-q")
			mine := filepath.Join(disk, "mine")
			system(t, "btrfs", "quota", "enable", disk)
			system(t, "btrfs", "subvolume", "create", mine)
			system(t, "btrfs", "qgroup", "limit", most, mine)
			w.dest = filepath.Join(mine, "dest")
			w.full(t, "quota exceeded")
			system(t, "btrfs", "qgroup", "limit", "none", mine)
			w.finish(t)
		})
	}
}

// The room ends in a run that moves, links and prunes.
func TestAFullDiskAfterChanges(t *testing.T) {
	change := scenarios(t)[1]
	for _, free := range []int64{0, 8 << 10, 20 << 10} {
		w := change.build(t)
		disk := mountExt4(t)
		w.moveTo(t, filepath.Join(disk, "dest"))
		empty := fill(t, disk, free)
		w.full(t, "no space left")
		empty()
		w.finish(t)
	}
}

// moveTo moves the destination to another disk: a copy beside it would be refused.
func (w *world) moveTo(t *testing.T, dest string) {
	t.Helper()
	system(t, "cp", "-a", w.dest, dest)
	if err := os.RemoveAll(w.dest); err != nil {
		t.Fatal(err)
	}
	w.dest = dest
}

func TestAReadOnlyDestination(t *testing.T) {
	w := newWorld(t, fixture.Options{})
	w.dest = mountTmpfs(t, "10m")
	if err := syscall.Mount("tmpfs", w.dest, "tmpfs", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Skip("cannot remount:", err)
	}
	if _, _, err := w.run(t); !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), w.dest) {
		t.Errorf("got %v", err)
	}
}

// The library is found under a second name of its folder, too.
func TestALibraryThatIsMountedTwice(t *testing.T) {
	needRoot(t)
	w := newWorld(t, fixture.Options{}).watch(t)
	again := t.TempDir()
	if err := syscall.Mount(w.lib.Path, again, "", syscall.MS_BIND, ""); err != nil {
		t.Skip("cannot mount here:", err)
	}
	unmountLater(t, again)
	for _, w.dest = range []string{again, filepath.Join(again, "originals", "export")} {
		if _, _, err := w.run(t); !errors.Is(err, ErrRefused) {
			t.Errorf("%s: %v", w.dest, err)
		}
		w.untouched(t)
	}
}

// A disk becomes read-only in the middle of a run, as Linux makes one that has
// errors.
func TestADestinationThatBecomesReadOnly(t *testing.T) {
	for name, mount := range map[string]func(*testing.T) string{
		"tmpfs": func(t *testing.T) string { return mountTmpfs(t, "100m") },
		"ext4":  func(t *testing.T) string { return mountExt4(t) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, fixture.Options{}).watch(t)
			w.dest, w.workers = mount(t), 1
			if name == "ext4" { // its lost+found is not ours
				system(t, "rmdir", filepath.Join(w.dest, "lost+found"))
			}
			count, remounted := 0, false
			w.wrap = func(next safefile.FS) safefile.FS {
				return hooks{next, func(op, _ string) error {
					if op == "create" && !remounted {
						if count++; count >= 20 {
							// Refused while a file is open for writing; then a later one will do.
							remounted = syscall.Mount("", w.dest, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, "") == nil
						}
					}
					return nil
				}}
			}
			if _, _, err := w.run(t); !errors.Is(err, ErrStopped) || !remounted {
				t.Errorf("remounted %v: got %v", remounted, err)
			}
			w.noHalfFiles(t)
			w.claimsNothing(t)
			if err := syscall.Mount("", w.dest, "", syscall.MS_REMOUNT, ""); err != nil {
				t.Fatal(err)
			}
			w.wrap = nil
			w.finish(t)
		})
	}
}

// On a file system that can, files share their blocks with the library; where it
// cannot they are copied. Either is hashed and proven.
func TestClones(t *testing.T) {
	for _, can := range []bool{true, false} {
		reflink := map[bool]string{true: "reflink=1", false: "reflink=0"}[can]
		t.Run("XFS with "+reflink, func(t *testing.T) {
			needRoot(t)
			loopback.Need(t, "filefrag")
			disk := mountDisk(t, 400*mebibyte, "", "mkfs.xfs", "-q", "-m", reflink)
			lib, err := fixture.Build(filepath.Join(disk, "Test.photoslibrary"), fixture.Options{})
			if err != nil {
				t.Fatal(err)
			}
			w := (&world{lib: lib, dest: filepath.Join(disk, "dest"), state: t.TempDir()}).watch(t)
			s, events := w.mustRun(t)
			if s.Failed != 0 {
				t.Fatalf("%+v", s)
			}
			for _, label := range []string{"jpeg", "movie", "raw"} {
				e := mustOf(t, events, w.asset(t, label), photosdb.RoleOriginal)
				name := filepath.Join(w.dest, e.Item.Path)
				if shared := strings.Contains(system(t, "filefrag", "-v", name), "shared"); shared != can {
					t.Errorf("%s shares its blocks: %v, want %v", e.Item.Path, shared, can)
				}
				sameBytes(t, w.lib.File(w.asset(t, label), "original"), name)
			}
			// A clone is not the library's file: what happens to one stays there.
			e := mustOf(t, events, w.asset(t, "jpeg"), photosdb.RoleOriginal)
			if err := os.WriteFile(filepath.Join(w.dest, e.Item.Path), []byte("scribble"), 0o644); err != nil {
				t.Fatal(err)
			}
			w.untouched(t)
			w.finish(t)
		})
	}
}

// What lies in several albums is placed once, and its other places share its blocks,
// also where the library is on another file system.
func TestPlacesAreCloned(t *testing.T) {
	needRoot(t)
	loopback.Need(t, "filefrag")
	w := newWorld(t, fixture.Options{}).watch(t)
	w.dest = filepath.Join(mountDisk(t, 400*mebibyte, "", "mkfs.xfs", "-q", "-m", "reflink=1"), "dest")
	w.opt.Directory = template(t, "{folder_album,no album}")
	_, events := w.mustRun(t)
	a := w.asset(t, "albums")
	for _, name := range paths(events, a, photosdb.RoleOriginal) {
		full := filepath.Join(w.dest, name)
		if !strings.Contains(system(t, "filefrag", "-v", full), "shared") {
			t.Errorf("%s has blocks of its own", name)
		}
		sameBytes(t, w.lib.File(a, "original"), full)
	}
	w.finish(t)
}

// The link to the machine that holds the destination is lost in the middle. What
// failed is told, and on a new link the next run makes up for it.
func TestASSHFSWhoseLinkDies(t *testing.T) {
	loopback.Need(t, "sshfs", "fusermount3")
	loopback.NeedFuse(t)
	for _, after := range []int{0, 3, 40, 150} {
		server := loopback.Start(t)
		mnt := t.TempDir()
		mount := func() {
			t.Helper()
			s := server.SSH
			system(t, "sshfs", "-p", strconv.Itoa(s.Port), "-o", "IdentityFile="+s.Identity, "-o", "UserKnownHostsFile="+s.KnownHosts,
				"-o", "StrictHostKeyChecking=yes", "-o", "ServerAliveInterval=1", "-F", "/dev/null",
				server.User+"@"+server.Host+":"+server.Dir, mnt)
		}
		unmount := func() { exec.Command("fusermount3", "-u", "-z", mnt).Run() }
		t.Cleanup(unmount)
		w := newWorld(t, fixture.Options{}).watch(t)
		w.dest, w.workers = filepath.Join(mnt, "dest"), 1
		mount()
		count, cut := 0, 0
		w.wrap = func(next safefile.FS) safefile.FS {
			return hooks{next, func(op, _ string) error {
				if op == "write" {
					if count++; count == after+1 {
						cut = server.Kill()
					}
				}
				return nil
			}}
		}
		s, _, err := w.run(t)
		if cut == 0 {
			t.Fatalf("after %d: nobody was cut off", after)
		}
		if err == nil {
			t.Errorf("after %d: the loss was not told: %+v", after, s)
		}
		w.wrap = nil
		// What arrived, seen from the other end.
		there := *w
		there.dest = filepath.Join(server.Dir, "dest")
		there.noHalfFiles(t)
		there.claimsNothing(t)
		unmount()
		mount()
		w.finish(t)
		there.check(t)
		unmount()
		if t.Failed() {
			t.Fatalf("after %d files", after)
		}
	}
}
