package photokit

import (
	"fmt"
	"math"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Budget bounds what a client fetches in its life. 0 is no bound.
type Budget struct {
	Assets int
	Bytes  int64
	Time   time.Duration // from the first request; what is under way then is finished
}

type budget struct {
	limit Budget

	mu     sync.Mutex
	assets map[string]bool
	bytes  int64
	begun  time.Time
}

// take reserves what a request will use. Error: ErrBudget.
func (b *budget) take(asset string, size int64) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	if b.begun.IsZero() {
		b.begun = now
	}
	switch {
	case b.limit.Assets > 0 && !b.assets[asset] && len(b.assets) >= b.limit.Assets:
		return fmt.Errorf("%w: %d assets", ErrBudget, b.limit.Assets)
	case b.limit.Bytes > 0 && b.bytes+size > b.limit.Bytes:
		return fmt.Errorf("%w: %d bytes", ErrBudget, b.limit.Bytes)
	case b.limit.Time > 0 && now.Sub(b.begun) > b.limit.Time:
		return fmt.Errorf("%w: %v", ErrBudget, b.limit.Time)
	}
	if b.limit.Assets > 0 {
		b.assets[asset] = true
	}
	b.bytes += size
	return nil
}

// settle replaces what was reserved by what was used.
func (b *budget) settle(reserved, used int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.bytes += used - reserved
}

// Reserve is what stays free of each disk that fetching fills: that of
// Options.Dir, and those of Folders. Photos keeps a copy of what it downloads in
// its library, and so the library belongs to Folders.
type Reserve struct {
	// Bytes that stay free; below 0: the disk is not guarded. Percent is the same
	// as a part of each disk, 0 to 99. Where both are given the smaller holds;
	// where neither is: 10 GB, or 10 % of a disk where that is less.
	Bytes   int64
	Percent int
	Folders []string

	// Free tells the free bytes of a folder's disk, its size, and a name of
	// that disk. nil: statfs.
	Free func(folder string) (free, size int64, name string, err error)
}

const (
	defaultReserve = 10_000_000_000
	unknownSize    = 64 << 20 // room for a file whose size nobody knows
)

// of is what stays free of a disk of so many bytes.
func (r *Reserve) of(disk int64) int64 {
	part := disk / 100 * int64(r.Percent)
	switch {
	case r.Bytes == 0 && r.Percent == 0:
		return min(defaultReserve, disk/10)
	case r.Percent == 0:
		return r.Bytes
	case r.Bytes == 0:
		return part
	}
	return min(r.Bytes, part)
}

// Left tells how many bytes are free where a folder is, how many of them stay free,
// and a name of the disk.
func (r Reserve) Left(folder string) (free, kept int64, name string, err error) {
	if r.Free == nil {
		r.Free = diskFree
	}
	free, size, name, err := r.Free(folder)
	if err != nil || r.Bytes < 0 {
		return free, 0, name, err
	}
	return free, r.of(size), name, nil
}

type disk struct {
	reserve Reserve
	dir     string

	mu     sync.Mutex
	flying int64 // bytes of requests under way
}

// take reserves room for a file. A disk that holds both the library and the
// incoming files gets it twice. Error: ErrSpace.
func (d *disk) take(size int64) error {
	if d.reserve.Bytes < 0 {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	need := map[string]int64{}
	for _, folder := range append([]string{d.dir}, d.reserve.Folders...) {
		free, total, name, err := d.reserve.Free(folder)
		if err != nil {
			return fmt.Errorf("free space of %s: %w", filepath.Base(folder), err)
		}
		keep := d.reserve.of(total)
		need[name] += size + d.flying
		if left := free - need[name]; left < keep {
			return fmt.Errorf("%w: %d bytes are free, %d are needed and %d are kept free", ErrSpace, free, need[name], keep)
		}
	}
	d.flying += size
	return nil
}

// room is the most bytes that a file of unknown size may have, which has taken
// unknownSize: what the disks have beyond their reserve and what others took, shared
// with as many such files as may come at a time. 0: the disk is not guarded.
func (d *disk) room(jobs int) int64 {
	if d.reserve.Bytes < 0 {
		return 0
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	room, times := int64(math.MaxInt64), map[string]int64{}
	for _, folder := range append([]string{d.dir}, d.reserve.Folders...) {
		free, total, name, err := d.reserve.Free(folder)
		if err != nil {
			return unknownSize
		}
		times[name]++
		room = min(room, (free-d.reserve.of(total))/times[name])
	}
	return max((room-d.flying+unknownSize)/int64(jobs), unknownSize)
}

func (d *disk) give(size int64) {
	if d.reserve.Bytes < 0 {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.flying -= size
}

func diskFree(folder string) (free, size int64, name string, err error) {
	var s unix.Statfs_t
	if err := unix.Statfs(folder, &s); err != nil {
		return 0, 0, "", err
	}
	block := int64(s.Bsize)
	return int64(s.Bavail) * block, int64(s.Blocks) * block, fmt.Sprint(s.Fsid), nil
}
