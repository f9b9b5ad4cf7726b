package photosdb

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
)

// tree is the library's folder, read relative to its open root: no name in the
// database and no symbolic link can lead out of it.
type tree struct {
	root *os.Root

	mu      sync.Mutex
	folders map[string]*os.Root            // open handles, at most keepFolders
	stems   map[string]map[string][]string // listings: folder → stem → names
}

// keepFolders bounds the open handles. A library has 16 folders of originals
// and 16 of renders; the many folders of shared albums are opened as needed.
const keepFolders = 128

func openTree(path string) (*tree, error) {
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, err
	}
	return &tree{root: root, folders: map[string]*os.Root{}, stems: map[string]map[string][]string{}}, nil
}

func (t *tree) Close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, r := range t.folders {
		if r != nil {
			r.Close()
		}
	}
	t.folders = nil
	return t.root.Close()
}

// folder returns a handle for the folder of a file, and the file's name in it;
// nil for a folder that does not exist, which is looked for once.
func (t *tree) folder(name string) (*os.Root, string) {
	dir, base := path.Split(name)
	dir = path.Clean(dir)
	t.mu.Lock()
	defer t.mu.Unlock()
	if r, known := t.folders[dir]; known {
		return r, base
	}
	if t.folders == nil || base == "" || base == ".." || len(t.folders) >= keepFolders { // nil: closed
		return t.root, name
	}
	// OpenRoot waits for the writer of a pipe: it is given folders only.
	var r *os.Root
	info, err := t.root.Stat(dir)
	if err == nil && info.IsDir() {
		r, err = t.root.OpenRoot(dir)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) || err == nil && r == nil {
		return t.root, name // the operation itself will tell what is wrong
	}
	t.folders[dir] = r
	return r, base
}

// stat describes the file that a name or a link inside the library leads to.
func (t *tree) stat(name string) (fs.FileInfo, error) {
	r, base := t.folder(name)
	if r == nil {
		return nil, &fs.PathError{Op: "stat", Path: name, Err: fs.ErrNotExist}
	}
	return r.Stat(base)
}

// open opens a regular file. A pipe or a device under its name is not waited for.
func (t *tree) open(name string) (*os.File, error) {
	r, base := t.folder(name)
	if r == nil {
		r, base = t.root, name // it may have come into being meanwhile
	}
	return regular(name, func() (*os.File, error) { return r.OpenFile(base, os.O_RDONLY|syscall.O_NONBLOCK, 0) })
}

func regular(name string, open func() (*os.File, error)) (*os.File, error) {
	file, err := open()
	if err != nil {
		if strings.Contains(err.Error(), "escapes from parent") { // package os keeps its error to itself
			err = ErrOutside
		}
		var p *fs.PathError
		if errors.As(err, &p) {
			err = p.Err
		}
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = &fs.PathError{Op: "open", Path: name, Err: fmt.Errorf("not a regular file: %s", info.Mode())}
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

// withStem returns the name of the one file in a folder that has a stem,
// whatever its extension; "" for none or several. It is for files whose type
// the database spells in a way that is not known.
func (t *tree) withStem(dir, stem string) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	list := t.stems[dir]
	if list == nil {
		list = map[string][]string{}
		// A pipe in the folder's place is not waited for.
		if f, err := t.root.OpenFile(dir, os.O_RDONLY|syscall.O_NONBLOCK, 0); err == nil {
			names, _ := f.Readdirnames(-1)
			f.Close()
			for _, name := range names {
				s := strings.TrimSuffix(name, path.Ext(name))
				list[s] = append(list[s], name)
			}
		}
		t.stems[dir] = list
	}
	if names := list[stem]; len(names) == 1 {
		return names[0]
	}
	return ""
}

// Open opens the file of a resource inside the library for reading. Errors:
// fs.ErrNotExist where it is not there, ErrOutside where its path or a link
// leads out of the library, fs.ErrPermission.
func (l *Library) Open(r *Resource) (*os.File, error) { return l.tree.openResource(r) }

func (t *tree) openResource(r *Resource) (*os.File, error) {
	if r.Reference != nil {
		return nil, &fs.PathError{Op: "open", Path: r.Reference.Path, Err: ErrOutside}
	}
	if !filepath.IsLocal(filepath.FromSlash(r.Path)) {
		return nil, &fs.PathError{Op: "open", Path: r.Path, Err: ErrOutside}
	}
	return t.open(r.Path)
}

// OpenReferenced opens the file of a resource that lies outside the library,
// wherever the database says. Only files that the user left there on purpose
// are such (Origin.Referenced); call it where the user wants them.
func (l *Library) OpenReferenced(r *Resource) (*os.File, error) { return openReferenced(r) }

func openReferenced(r *Resource) (*os.File, error) {
	if r.Reference == nil {
		return nil, &fs.PathError{Op: "open", Path: r.Path, Err: errors.New("not a referenced file")}
	}
	return openRegular(r.Reference.find())
}

// openRegular opens a regular file wherever it is. A pipe or a device under its
// name is not waited for.
func openRegular(name string) (*os.File, error) {
	return regular(name, func() (*os.File, error) { return os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0) })
}

// find returns where the file is: at its absolute path, else by its volume, as
// macOS mounts it, else on the boot volume. It is Path where there is none.
func (r *Reference) find() string {
	candidates := []string{r.Path}
	if r.VolumePath != "" {
		if r.Volume != "" && filepath.IsLocal(r.Volume) {
			candidates = append(candidates, filepath.Join("/Volumes", r.Volume, r.VolumePath))
		}
		candidates = append(candidates, filepath.Join("/", r.VolumePath))
	}
	for _, c := range candidates {
		if info, err := os.Stat(c); c != "" && err == nil && info.Mode().IsRegular() {
			return c
		}
	}
	return r.Path
}
