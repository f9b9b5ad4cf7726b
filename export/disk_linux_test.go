package export

import (
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/photogo/photogo/internal/fixture"
	"github.com/photogo/photogo/internal/safefile"
)

// mountTmpfs mounts a small file system and returns where.
func mountTmpfs(t *testing.T, size string) string {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("needs root, to mount a small file system")
	}
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		t.Skip("cannot mount here:", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Errorf("unmount: %v", err)
		}
	})
	return dir
}

func TestAFullDisk(t *testing.T) {
	for _, size := range []string{"40k", "64k", "100k", "200k"} {
		w := newWorld(t, fixture.Options{Assets: 300})
		w.dest = mountTmpfs(t, size)
		s, _, err := w.run(t)
		if !errors.Is(err, ErrStopped) && !errors.Is(err, ErrRefused) && !errors.Is(err, syscall.ENOSPC) {
			t.Fatalf("%s: %+v, %v", size, s, err)
		}
		if !strings.Contains(err.Error(), "no space left") {
			t.Errorf("%s: %v", size, err)
		}
		w.noHalfFiles(t)
		for _, name := range w.files(t) {
			if safefile.IsTemp(name) {
				t.Errorf("%s: temporary file %s was left", size, name)
			}
		}
		// With room, the next run finishes the work.
		if err := syscall.Mount("tmpfs", w.dest, "tmpfs", syscall.MS_REMOUNT, "size=100m"); err != nil {
			t.Fatal(err)
		}
		if s, _ := w.mustRun(t); s.Failed != 0 {
			t.Errorf("%s: afterwards %+v", size, s)
		}
	}
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

func TestADestinationThatBecomesReadOnly(t *testing.T) {
	w := newWorld(t, fixture.Options{})
	w.dest = mountTmpfs(t, "100m")
	count := 0
	w.workers = 1
	w.wrap = func(next safefile.FS) safefile.FS {
		return hooks{next, func(op, name string) error {
			if op == "create" {
				if count++; count == 20 {
					return syscall.Mount("tmpfs", w.dest, "tmpfs", syscall.MS_REMOUNT|syscall.MS_RDONLY, "")
				}
			}
			return nil
		}}
	}
	if _, _, err := w.run(t); !errors.Is(err, ErrStopped) {
		t.Errorf("got %v", err)
	}
	w.noHalfFiles(t)
	if err := syscall.Mount("tmpfs", w.dest, "tmpfs", syscall.MS_REMOUNT, ""); err != nil {
		t.Fatal(err)
	}
	w.wrap = nil
	if s, _ := w.mustRun(t); s.Failed != 0 {
		t.Errorf("afterwards %+v", s)
	}
}
