package export

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/photogo/photogo/internal/fixture"
	"github.com/photogo/photogo/photosdb"
)

// Large files are written past the system's memory where the file system is good at
// it. Whatever their size, and whatever the disk's blocks, they are whole.
func TestLargeFiles(t *testing.T) {
	needRoot(t)
	for name, mkfs := range map[string][]string{
		"ext4":                           {"mkfs.ext4", "-q"},
		"ext4 with blocks of a kilobyte": {"mkfs.ext4", "-q", "-b", "1024"},
		"XFS":                            {"mkfs.xfs", "-q", "-m", "reflink=0"},
	} {
		t.Run(name, func(t *testing.T) {
			disk := mountDisk(t, 400*mebibyte, "", mkfs...)
			for _, size := range []int{largeFile - 1, largeFile, largeFile + 1, 2*largeFile + 4096, 5*largeFile + 511} {
				w := newWorld(t, fixture.Options{Assets: 3, Plain: true, Bytes: size}).watch(t)
				w.dest = filepath.Join(disk, fmt.Sprint(size))
				s, events, err := w.run(t)
				if err != nil || s.Failed != 0 || s.Placed == 0 {
					t.Fatalf("%d bytes: %+v, %v", size, s, err)
				}
				for _, a := range w.lib.Assets {
					e := mustOf(t, events, a, photosdb.RoleOriginal)
					sameBytes(t, w.lib.File(a, "original"), filepath.Join(w.dest, e.Item.Path))
				}
				w.finish(t)
			}
		})
	}
}

// A disk that a large file fills up ends the run as one that small files fill up.
func TestALargeFileThatDoesNotFit(t *testing.T) {
	for _, free := range []int64{500 << 10, 1 << 20, 3 << 20, 7 << 20} {
		w := newWorld(t, fixture.Options{Assets: 3, Plain: true, Bytes: 4*largeFile + 100}).watch(t)
		disk := mountDisk(t, 64*mebibyte, "", "mkfs.ext4", "-q", "-m", "0")
		w.dest = filepath.Join(disk, "dest")
		empty := fill(t, disk, free)
		w.full(t, "no space left")
		empty()
		w.finish(t)
	}
}
