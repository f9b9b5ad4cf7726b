package export

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/photogo/photogo/internal/loopback"
)

// needRoot skips a test where nobody may mount, and fails it where nothing may be
// missing.
func needRoot(t *testing.T) {
	t.Helper()
	if os.Getuid() == 0 {
		return
	}
	if os.Getenv("CI") == "true" {
		t.Fatal("needs root, to mount a small file system")
	}
	t.Skip("needs root, to mount a small file system")
}

// mountTmpfs mounts a small file system and returns where.
func mountTmpfs(t *testing.T, size string) string {
	t.Helper()
	needRoot(t)
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		t.Skip("cannot mount here:", err)
	}
	unmountLater(t, dir)
	return dir
}

// mountDisk makes a file system of a size in a file, mounts it and returns where.
// options are those of mount; "" for none.
func mountDisk(t *testing.T, size int64, options string, mkfs ...string) string {
	t.Helper()
	needRoot(t)
	loopback.Need(t, mkfs[0], "mount", "losetup")
	image := filepath.Join(t.TempDir(), "disk")
	if err := os.WriteFile(image, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(image, size); err != nil {
		t.Fatal(err)
	}
	system(t, append(mkfs, image)...)
	dir := t.TempDir()
	if options != "" {
		options = "," + options
	}
	if out, err := exec.Command("mount", "-o", "loop"+options, image, dir).CombinedOutput(); err != nil {
		t.Skipf("NOT TESTED, as this kernel cannot mount it: %s%s: %v: %s", strings.Join(mkfs, " "), options, err, out)
	}
	unmountLater(t, dir)
	return dir
}

func unmountLater(t *testing.T, dir string) {
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Errorf("unmount: %v", err)
			syscall.Unmount(dir, syscall.MNT_DETACH)
		}
	})
}

// system runs a program of the system's.
func system(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.Command(args[0], args[1:]...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

const mebibyte = 1 << 20

// mountExt4 mounts a small ext4. None of it is kept back for root.
func mountExt4(t *testing.T, options ...string) string {
	t.Helper()
	return mountDisk(t, 8*mebibyte, "", append([]string{"mkfs.ext4", "-q", "-m", "0"}, options...)...)
}

// fill leaves so many bytes free on a file system, and returns what empties it.
func fill(t *testing.T, dir string, free int64) (empty func()) {
	t.Helper()
	ballast := filepath.Join(dir, "ballast")
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(ballast)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if size := int64(st.Bavail)*st.Bsize - free; size > 0 {
		if err := syscall.Fallocate(int(f.Fd()), 0, 0, size); err != nil {
			t.Fatal(err)
		}
	}
	return func() {
		if err := os.Remove(ballast); err != nil {
			t.Fatal(err)
		}
	}
}
