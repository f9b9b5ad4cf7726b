package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"

	"github.com/zeebo/blake3"
	"golang.org/x/sync/errgroup"

	"github.com/photogo/photogo/fingerprint"
)

// The limits of large files, as rates.
const (
	limitLarge = 0.85 // of cp's, while both hashes are computed
	limitClone = 0.90 // of hashing alone, where the file system clones
)

// largeFiles is how many files of 40 MiB are exported for the bytes, rather than for
// the files.
const largeFiles = 200

var largeOptions = []string{"--file-size", "40M",
	"--cloud-only", "0", "--live", "0", "--edits", "0", "--movies", "0", "--trashed", "0", "--albums", "5", "--persons", "5"}

// large measures bytes rather than files. What a run makes is deleted at once: it is
// some gigabytes.
func (b *bench) large(ctx context.Context, m maker) ([]result, error) {
	l, err := b.make(ctx, m, "Large", largeFiles, largeOptions...)
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(l.path)
	copied := &contender{name: copyName, files: l.files, bytes: l.bytes, run: func(run int) (sample, error) {
		if err := warm(ctx, l.path); err != nil {
			return sample{}, err
		}
		defer os.RemoveAll(b.copyOf(l, run))
		return b.copyAll(ctx, l, b.copyOf(l, run))
	}}
	export := b.largeExport(ctx, l, "export", func() error { return warm(ctx, l.path) })
	contenders, notes := []*contender{copied, export}, []string{"Library: `" + l.describe + "`."}
	if _, err := exec.LookPath("b3sum"); err != nil {
		notes = append(notes, "b3sum is not installed here.")
	} else {
		var paths []string
		err := eachFile(l.originals(), func(path string, _ fs.FileInfo) error { paths = append(paths, path); return nil })
		if err != nil {
			return nil, err
		}
		contenders = append(contenders, &contender{name: "`b3sum` of the same files", files: l.files, bytes: l.bytes, run: func(int) (sample, error) {
			return b.time(ctx, exec.CommandContext(ctx, "b3sum", paths...))
		}})
		notes = append(notes, "b3sum only reads; it maps the files into memory, which counts as its own.")
	}
	if err := b.compete(b.runs, contenders...); err != nil {
		return nil, err
	}
	return []result{{
		title:      fmt.Sprintf("%d files of 40 MiB", l.files),
		contenders: contenders,
		verdicts:   []verdict{rateVerdict(export, copied, limitLarge, "cp"), peakVerdict(export)},
		notes:      notes,
	}}, nil
}

// largeExport exports without sidecars, after something was prepared that is not
// measured, and deletes what it made.
func (b *bench) largeExport(ctx context.Context, l library, kind string, prepare func() error) *contender {
	c := &contender{name: "photogo export --sidecar none"}
	c.run = func(run int) (sample, error) {
		if err := prepare(); err != nil {
			return sample{}, err
		}
		to := b.fresh(l, kind, run)
		to.dest = filepath.Join(filepath.Dir(l.path), kind+"-dest") // on the library's file system
		defer os.RemoveAll(to.dest)
		return b.export(ctx, c, l, to, "--sidecar", "none")
	}
	return c
}

// clones measures an export to the file system that the library is on, where that can
// clone: an image with XFS, made for it.
func (b *bench) clones(ctx context.Context, m maker) ([]result, error) {
	r, err := b.cloned(ctx, m)
	return []result{r}, err
}

func (b *bench) cloned(ctx context.Context, m maker) (r result, err error) {
	r.title = fmt.Sprintf("%d files of 40 MiB, cloned", largeFiles)
	nothing := &contender{name: "nothing was measured", runs: series{{seconds: 1}}}
	if runtime.GOOS != "linux" || os.Getuid() != 0 {
		r.contenders, r.notes = []*contender{nothing}, []string{"Only root on Linux can make a file system for it."}
		return r, nil
	}
	if _, err := exec.LookPath("mkfs.xfs"); err != nil {
		r.contenders, r.notes = []*contender{nothing}, []string{"mkfs.xfs is missing (package xfsprogs)."}
		return r, nil
	}
	disk, err := b.newDisk(ctx)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, disk.remove()) }()
	l, err := b.makeIn(ctx, disk.at, m, "Clone", largeFiles, largeOptions...)
	if err != nil {
		return r, err
	}
	self, err := os.Executable()
	if err != nil {
		return r, err
	}
	cold := func() error { return disk.forget(ctx) }
	hashed := &contender{name: "both hashes of the originals, nothing else", files: l.files, bytes: l.bytes, run: func(int) (sample, error) {
		if err := cold(); err != nil {
			return sample{}, err
		}
		return b.time(ctx, exec.CommandContext(ctx, self, "-hash", l.originals()))
	}}
	export := b.largeExport(ctx, l, "clone", cold)
	if err := b.compete(b.runs, hashed, export); err != nil {
		return r, err
	}
	r.contenders = []*contender{hashed, export}
	r.verdicts = []verdict{rateVerdict(export, hashed, limitClone, "hashing alone")}
	r.notes = []string{"Library: `" + l.describe + "`, on XFS with reflinks in an image. Before each run the file system is mounted anew and the system forgets what it knows of the image: a clone is read where the original was not.",
		"Hashing alone reads with four goroutines and computes BLAKE3 and Apple's fingerprint, as export does."}
	return r, nil
}

// rateVerdict compares two that handled the same bytes.
func rateVerdict(c, than *contender, limit float64, what string) verdict {
	got := than.runs.median() / c.runs.median()
	return verdict{fmt.Sprintf("%s reaches %.2f of the rate of %s", c.name, limit, what), fmt.Sprintf("%.2f", got), got >= limit}
}

// disk is a file system in an image.
type disk struct {
	image, at string
}

// newDisk makes one that has room for the large library and what its database needs.
func (b *bench) newDisk(ctx context.Context) (*disk, error) {
	d := &disk{filepath.Join(b.dir, "xfs.image"), filepath.Join(b.dir, "xfs")}
	if err := os.Mkdir(d.at, 0o755); err != nil {
		return nil, err
	}
	for _, c := range [][]string{
		{"truncate", "--size", "12G", d.image},
		{"mkfs.xfs", "-q", "-m", "reflink=1", d.image},
		{"mount", "-o", "loop", d.image, d.at},
	} {
		if err := b.quietly(exec.CommandContext(ctx, c[0], c[1:]...)); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// forget makes the system read everything from the image again, and the image from
// the disk.
func (d *disk) forget(ctx context.Context) error {
	for _, c := range [][]string{
		{"umount", d.at},
		{"dd", "if=" + d.image, "iflag=nocache", "count=0", "status=none"},
		{"mount", "-o", "loop", d.image, d.at},
	} {
		if out, err := exec.CommandContext(ctx, c[0], c[1:]...).CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w\n%s", c[0], err, out)
		}
	}
	return nil
}

// remove gives the room back, after an interrupt as well.
func (d *disk) remove() error {
	if out, err := exec.Command("umount", d.at).CombinedOutput(); err != nil {
		return fmt.Errorf("umount: %w\n%s", err, out)
	}
	return errors.Join(os.Remove(d.at), os.Remove(d.image))
}

// hashAll is the program's work when it is called with -hash.
func hashAll(ctx context.Context, root string) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(4)
	err := eachFile(root, func(path string, _ fs.FileInfo) error {
		group.Go(func() error {
			f, err := os.Open(path)
			if err != nil {
				return err
			}
			defer f.Close()
			both := struct{ io.Writer }{io.MultiWriter(blake3.New(), fingerprint.New())}
			if _, err := io.CopyBuffer(both, struct{ io.Reader }{f}, make([]byte, 512<<10)); err != nil {
				return err
			}
			return ctx.Err()
		})
		return ctx.Err()
	})
	return errors.Join(err, group.Wait())
}
