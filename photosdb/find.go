package photosdb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"
)

// Found is a Photos library that Find came upon.
type Found struct {
	Path   string // absolute
	System bool   // it is the one that macOS calls the system library
	Info   Info   // zero if it cannot be read
	Err    error  // why it cannot be read, by the rules of Open; nil if it can
}

// Where looks for libraries.
type Where struct {
	// Folders are looked through, two levels deep, without entering libraries;
	// one that is a library is taken itself.
	Folders []string
	// System is the path of the system library, "" unknown. It is listed even
	// if it lies in none of the folders.
	System string
	// Options are those to open each library with.
	Options Options
}

// findDepth is how many folders deep Find looks: ~/Pictures/Archive/Old.photoslibrary.
const findDepth = 2

// Find yields the Photos libraries in some folders, each opened once to see
// whether it can be read, in the order of the folders and by name. Libraries of
// iPhoto and Aperture, and those older than Photos 5, are yielded with the reason
// why they cannot be read. Its own error is that of a folder that cannot be
// looked through; it does not end the sequence.
func Find(ctx context.Context, w Where) iter.Seq2[Found, error] {
	return func(yield func(Found, error) bool) {
		f := &finder{ctx: ctx, where: w, seen: map[string]bool{}, yield: yield}
		for _, folder := range w.Folders {
			absolute, err := filepath.Abs(folder)
			if err != nil {
				if !yield(Found{}, err) {
					return
				}
				continue
			}
			if !f.look(absolute, 0) {
				return
			}
		}
		if w.System != "" && !f.seen[realPath(w.System)] {
			f.found(w.System)
		}
	}
}

type finder struct {
	ctx   context.Context
	where Where
	seen  map[string]bool
	yield func(Found, error) bool
}

// look looks at a folder and what is in it, and reports whether to go on.
func (f *finder) look(path string, depth int) bool {
	if err := f.ctx.Err(); err != nil {
		f.yield(Found{}, err)
		return false
	}
	if isLibraryName(path) {
		return f.found(path)
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		if errors.Is(err, fs.ErrPermission) {
			return f.yield(Found{}, &Error{path, ErrAccess, err})
		}
		return f.yield(Found{}, fmt.Errorf("look for libraries: %w", err))
	}
	for _, entry := range entries {
		inner := filepath.Join(path, entry.Name())
		info, err := os.Stat(inner) // a library may be a link to another disk
		if err != nil || !info.IsDir() {
			continue
		}
		if isLibraryName(inner) || depth+1 < findDepth && entry.IsDir() {
			if !f.look(inner, depth+1) {
				return false
			}
		}
	}
	return true
}

// isLibraryName reports whether a folder is called as libraries are.
func isLibraryName(path string) bool {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".photoslibrary", ".photolibrary", ".migratedphotolibrary", ".aplibrary":
		// What Messages shares has a library of its own, which is not the user's.
		return !strings.EqualFold(filepath.Base(path), "Syndication.photoslibrary")
	}
	return false
}

// found opens a library that is met for the first time.
func (f *finder) found(path string) bool {
	actual := realPath(path)
	if f.seen[actual] {
		return true
	}
	f.seen[actual] = true
	found := Found{Path: path, System: f.where.System != "" && actual == realPath(f.where.System)}
	library, err := Open(f.ctx, path, f.where.Options)
	if err == nil {
		found.Info, err = library.Info(f.ctx)
		err = errors.Join(err, library.Close())
	}
	if f.ctx.Err() != nil {
		f.yield(Found{}, f.ctx.Err())
		return false
	}
	found.Err = err
	return f.yield(found, nil)
}

// realPath is what two names of one library have in common.
func realPath(path string) string {
	if actual, err := filepath.EvalSymlinks(path); err == nil {
		return actual
	}
	return filepath.Clean(path)
}

// systemPreferences is where macOS keeps which library is the system's, below
// the home folder.
const systemPreferences = "Library/Containers/com.apple.photolibraryd/Data/Library/Preferences/com.apple.photolibraryd.plist"

// SystemLibraryOf returns the library that macOS calls the system's, the one
// that iCloud and other programs see, by the preferences of Photos below a home
// folder: "" if they do not tell. The error is ErrAccess if they may not be read,
// for which macOS wants Full Disk Access.
func SystemLibraryOf(home string) (string, error) {
	name := filepath.Join(home, filepath.FromSlash(systemPreferences))
	file, err := openRegular(name)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	} else if errors.Is(err, fs.ErrPermission) {
		return "", &Error{name, ErrAccess, err}
	} else if err != nil {
		return "", err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxPlist+1))
	if err != nil {
		return "", err
	}
	var preferences struct {
		SystemLibraryPath string
	}
	if err := decodePlist(data, &preferences); err != nil {
		return "", &Error{name, ErrDamaged, err}
	}
	if !filepath.IsAbs(preferences.SystemLibraryPath) {
		return "", nil
	}
	return filepath.Clean(preferences.SystemLibraryPath), nil
}
