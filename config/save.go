package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
)

// ErrExists says that there is a configuration already.
var ErrExists = errors.New("there is a configuration already")

// Save writes a configuration file that only its owner can read; it is there
// either whole or not at all. With replace an older file is kept, and its new name
// is returned: FILE.bak, or FILE.bak.2 and so on where there is one. The folder is
// made where there is none. Errors: ErrExists without replace.
func Save(file string, data []byte, replace bool) (kept string, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("write the configuration: %w", err)
		}
	}()
	if replace {
		// Of a link to a file elsewhere the file is replaced, not the link.
		if real, err := filepath.EvalSymlinks(file); err == nil {
			file = real
		}
	}
	dir := filepath.Dir(file)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	temp, err := writeTemp(dir, data)
	if temp != "" {
		defer os.Remove(temp)
	}
	if err != nil {
		return "", err
	}
	if replace {
		if kept, err = backUp(file); err != nil {
			return "", err
		}
		err = os.Rename(temp, file)
	} else if err = os.Link(temp, file); errors.Is(err, fs.ErrExist) {
		err = fmt.Errorf("%w: %s", ErrExists, file)
	}
	if err != nil {
		return kept, err
	}
	return kept, syncDir(dir)
}

// writeTemp writes a file beside the one that it shall become. os.CreateTemp lets
// only the owner read it.
func writeTemp(dir string, data []byte) (name string, err error) {
	f, err := os.CreateTemp(dir, ".config.toml.*")
	if err != nil {
		return "", err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	return f.Name(), err
}

// backUp gives a file a second name; "" where there is no file.
func backUp(file string) (string, error) {
	for n := 1; ; n++ {
		name := file + ".bak"
		if n > 1 {
			name += "." + strconv.Itoa(n)
		}
		err := os.Link(file, name)
		switch {
		case err == nil:
			return name, nil
		case !errors.Is(err, fs.ErrExist):
			if _, gone := os.Lstat(file); errors.Is(gone, fs.ErrNotExist) {
				return "", nil
			}
			return "", err
		}
	}
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
