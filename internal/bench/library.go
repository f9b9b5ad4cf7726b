package main

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// template is the real library that lends schema and rows: the smallest of the
// current ones.
const template = "Test-26.1.photoslibrary"

// maker makes synthetic libraries of any size. Its tools do not belong to the
// project.
type maker struct {
	unpack, scale string // programs
	libraries     string // where the real libraries are, or go
}

// findMaker makes sure that all is there before hours are spent.
func findMaker(c config) (maker, error) {
	tools := filepath.Join(c.shared, "tools")
	m := maker{filepath.Join(tools, "unpack_libraries.sh"), filepath.Join(tools, "scale_library.py"), c.libraries}
	for _, program := range []string{m.unpack, m.scale} {
		if _, err := os.Stat(program); err != nil {
			return m, fmt.Errorf("the tools that make a library to measure are not here; -shared or PHOTOGO_SHARED says where they are: %w", err)
		}
	}
	if _, err := exec.LookPath("python3"); err != nil {
		return m, fmt.Errorf("python3, which makes the library to measure, is missing: %w", err)
	}
	return m, nil
}

// library is a synthetic library; its files and bytes are those of originals.
type library struct {
	path     string
	assets   int
	files    int
	bytes    int64
	describe string
}

func (l library) name() string {
	return strings.TrimSuffix(filepath.Base(l.path), filepath.Ext(l.path))
}
func (l library) originals() string { return filepath.Join(l.path, "originals") }
func (l library) database() string  { return filepath.Join(l.path, "database", "Photos.sqlite") }

// make makes a library in the folder of this run.
func (b *bench) make(ctx context.Context, m maker, name string, assets int, options ...string) (library, error) {
	return b.makeIn(ctx, b.dir, m, name, assets, options...)
}

func (b *bench) makeIn(ctx context.Context, dir string, m maker, name string, assets int, options ...string) (library, error) {
	l := library{path: filepath.Join(dir, name+".photoslibrary"), assets: assets}
	b.say("making %s, %d assets", filepath.Base(l.path), assets)
	args := append([]string{m.scale, l.path, strconv.Itoa(assets), "--from", filepath.Join(m.libraries, template)}, options...)
	if err := b.quietly(exec.CommandContext(ctx, "python3", args...)); err != nil {
		return l, err
	}
	l.describe = "scale_library.py " + name + ".photoslibrary " + strings.Join(append([]string{strconv.Itoa(assets), "--from", template}, options...), " ")
	var err error
	l.files, l.bytes, err = count(l.originals())
	return l, err
}

// count tells how many files a folder holds and how many bytes.
func count(root string) (files int, bytes int64, err error) {
	err = eachFile(root, func(_ string, info fs.FileInfo) error {
		files++
		bytes += info.Size()
		return nil
	})
	return files, bytes, err
}

// warm reads every file once, so that whoever is measured first finds what the
// others find: all of it in the system's cache.
func warm(ctx context.Context, root string) error {
	buf := make([]byte, 1<<20)
	return eachFile(root, func(path string, _ fs.FileInfo) error {
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		// Only the reader, without its WriteTo: so buf is used, and the bytes
		// do come through it.
		if _, err := io.CopyBuffer(io.Discard, struct{ io.Reader }{f}, buf); err != nil {
			return err
		}
		return ctx.Err()
	})
}

func eachFile(root string, do func(path string, info fs.FileInfo) error) error {
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		return do(path, info)
	})
}
