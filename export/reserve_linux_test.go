package export

import (
	"path/filepath"
	"syscall"
	"testing"

	"github.com/photogo/photogo/internal/fixture"
	"github.com/photogo/photogo/photokit"
)

func freeOf(t *testing.T, folder string) int64 {
	t.Helper()
	var s syscall.Statfs_t
	if err := syscall.Statfs(folder, &s); err != nil {
		t.Fatal(err)
	}
	return int64(s.Bavail) * s.Bsize
}

// Downloads stop before the disk has less than its reserve; what is at hand is copied,
// and the rest comes when there is room.
func TestDownloadsLeaveTheReserveFree(t *testing.T) {
	const reserve = 2 << 20
	for name, helper := range helpers(t) {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, fixture.Options{Away: true, Assets: 600, InCloud: 500})
			w.dest = mountTmpfs(t, "5m")
			_, opt := serve(t, w, helper, nil)
			opt.Photos.Reserve = photokit.Reserve{Bytes: reserve}
			least := freeOf(t, w.dest)
			w.watched = func(e Event) {
				if e.Fetch == Fetched {
					least = min(least, freeOf(t, w.dest))
				}
			}
			files, _ := inCloud(w)
			s, _, err := w.run(t)
			if err != nil || w.why != nil {
				t.Fatal(err, w.why)
			}
			w.nothingLeft(t)
			if s.Waiting == 0 || s.Fetched == 0 || s.Waiting+s.Fetched != files || s.ToCome == 0 || s.Failed != 0 {
				t.Errorf("%d files: %+v", files, s)
			}
			// Nobody reserves room for sidecars, nor for the ends of blocks.
			if slack := int64(600 << 10); least < reserve-slack {
				t.Errorf("%d bytes were free, %d should be", least, reserve)
			}
			if err := syscall.Mount("tmpfs", w.dest, "tmpfs", syscall.MS_REMOUNT, "size=500m"); err != nil {
				t.Fatal(err)
			}
			before := s.Fetched
			s, events, err := w.run(t)
			if err != nil || s.Fetched != files-before || s.Waiting+s.Parked+s.Postponed != 0 {
				t.Errorf("with room: %+v, %v", s, err)
			}
			placedFromCloud(t, w, events)
			w.nothingLeft(t)
		})
	}
}

// A disk that is full in the middle of a download, as nobody guarded it, loses nothing.
func TestADiskThatDownloadsFill(t *testing.T) {
	for name, helper := range helpers(t) {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, fixture.Options{Away: true, Assets: 600, InCloud: 500})
			w.dest = mountTmpfs(t, "1m")
			serve(t, w, helper, nil)
			w.runUntilFull(t)
			if err := syscall.Mount("tmpfs", w.dest, "tmpfs", syscall.MS_REMOUNT, "size=500m"); err != nil {
				t.Fatal(err)
			}
			s, events, err := w.run(t)
			if err != nil || s.Waiting+s.Parked+s.Postponed+s.Failed != 0 {
				t.Errorf("with room: %+v, %v", s, err)
			}
			placedFromCloud(t, w, events)
			w.nothingLeft(t)
		})
	}
}

// runUntilFull runs on a disk that is too small. Nothing may be lost or be half there.
func (w *world) runUntilFull(t *testing.T) {
	t.Helper()
	s, _, err := w.run(t)
	if err == nil && w.why == nil && s.Failed == 0 {
		t.Errorf("nothing was said of the full disk: %+v", s)
	}
	w.claimsNothing(t)
	if left, _ := filepath.Glob(filepath.Join(w.dest, filepath.FromSlash(IncomingFolder), "*")); len(left) != 0 {
		t.Errorf("%v was left", left)
	}
}
