package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/zeebo/blake3"
	"golang.org/x/sync/errgroup"

	"github.com/photogo/photogo/fingerprint"
	"github.com/photogo/photogo/internal/safefile"
)

// leastBatch is how many files are made durable at a time, and leastWorkers how many
// are copied at a time: as many as in an export.
const (
	leastBatch   = 2048
	leastWorkers = 4
)

// placeAll is the program's work when it is called with -place: the files below a folder
// get into a new one as an export puts them there, and that is all. Each is read and
// hashed twice, written under a temporary name and dated; a batch of them is made
// durable and gets its names while the next one is copied. Beside each a small file of
// some bytes is written, as a sidecar is; 0: none. It knows of no library and keeps no
// record: what it takes is the least that an export could.
func placeAll(ctx context.Context, from, into string, beside int) (err error) {
	src, err := os.OpenRoot(from)
	if err != nil {
		return err
	}
	defer src.Close()
	if err := os.Mkdir(into, 0o755); err != nil {
		return err
	}
	dst, err := safefile.OpenDir(into)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dst.Close()) }()
	var names []string
	err = eachFile(from, func(name string, _ fs.FileInfo) error {
		name, err := filepath.Rel(from, name)
		name = filepath.ToSlash(name)
		if names = append(names, name); beside > 0 {
			names = append(names, name+besideEnding)
		}
		return err
	})
	if err != nil {
		return err
	}
	for i, name := range names {
		if dir := path.Dir(name); dir != "." && (i == 0 || dir != path.Dir(names[i-1])) {
			if err := dst.Mkdir(dir); err != nil && !errors.Is(err, fs.ErrExist) {
				return err
			}
		}
	}
	var naming errgroup.Group
	for batch := range slices.Chunk(names, leastBatch) {
		temps := make([]string, len(batch))
		err := split(len(batch), func(from, to int) error {
			p := newPlacer(src, dst, beside)
			for i := from; i < to; i++ {
				temp, err := p.place(batch[i])
				if err != nil {
					return err
				}
				temps[i] = temp
			}
			return ctx.Err()
		})
		if err := errors.Join(err, naming.Wait()); err != nil {
			return err
		}
		naming.Go(func() error {
			if err := dst.Sync(temps...); err != nil {
				return err
			}
			return split(len(batch), func(from, to int) error {
				for i := from; i < to; i++ {
					if err := dst.Rename(temps[i], batch[i]); err != nil {
						return err
					}
				}
				return nil
			})
		})
	}
	if err := naming.Wait(); err != nil {
		return err
	}
	return dst.Sync(names...)
}

// split divides n things among the workers.
func split(n int, do func(from, to int) error) error {
	var all errgroup.Group
	for i := range leastWorkers {
		all.Go(func() error { return do(i*n/leastWorkers, (i+1)*n/leastWorkers) })
	}
	return all.Wait()
}

// besideEnding ends the names of the small files, and of no file of a library.
const besideEnding = ".beside"

type placer struct {
	src   *os.Root
	dst   *safefile.Dir
	sum   *blake3.Hasher
	apple fingerprint.Hash
	buf   []byte
	small []byte
}

func newPlacer(src *os.Root, dst *safefile.Dir, beside int) *placer {
	return &placer{src, dst, blake3.New(), fingerprint.New(), make([]byte, 512<<10), make([]byte, beside)}
}

// place copies a file, or writes a small one, and returns its temporary name.
func (p *placer) place(name string) (temp string, err error) {
	if strings.HasSuffix(name, besideEnding) {
		temp = safefile.Temp(name)
		out, err := p.dst.Create(temp)
		if err != nil {
			return "", err
		}
		blake3.Sum256(p.small)
		_, err = out.Write(p.small)
		return temp, errors.Join(err, out.Chtimes(time.Now()), out.Close())
	}
	in, err := p.src.Open(filepath.FromSlash(name))
	if err != nil {
		return "", err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return "", err
	}
	temp = safefile.Temp(name)
	out, err := p.dst.Create(temp)
	if err != nil {
		return "", err
	}
	p.sum.Reset()
	p.apple.Reset()
	for left := info.Size(); left > 0; {
		n, err := in.Read(p.buf)
		if err != nil {
			return "", errors.Join(err, out.Close())
		}
		p.sum.Write(p.buf[:n])
		p.apple.Write(p.buf[:n])
		if _, err := out.Write(p.buf[:n]); err != nil {
			return "", errors.Join(err, out.Close())
		}
		left -= int64(n)
	}
	p.sum.Sum(nil)
	p.apple.Sum(nil)
	return temp, errors.Join(out.Chtimes(info.ModTime()), out.Close())
}
