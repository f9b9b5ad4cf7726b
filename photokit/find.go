package photokit

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// ErrNoHelper says that there is no helper program. It is an ErrHelper too.
var ErrNoHelper = fmt.Errorf("%w: there is none", ErrHelper)

// besides is where the helper lies, seen from the folder of the photogo binary.
var besides = []string{
	"PhotogoHelper.app/Contents/MacOS/photogo-helper",
	"../libexec/PhotogoHelper.app/Contents/MacOS/photogo-helper",
	"../libexec/photogo-helper",
}

// Find returns the absolute path of the helper program: path, if it is given,
// which may be that of PhotogoHelper.app itself; else the one that lies beside a
// binary, beside, or in the libexec folder next to that binary's own. Links to the
// binary are followed, as package managers make them. Error: ErrNoHelper.
func Find(path, beside string) (string, error) {
	if path != "" {
		return helperAt(path)
	}
	if beside == "" {
		return "", fmt.Errorf("%w: nothing tells where to look", ErrNoHelper)
	}
	folders := []string{filepath.Dir(beside)}
	if real, err := filepath.EvalSymlinks(beside); err == nil && filepath.Dir(real) != folders[0] {
		folders = append(folders, filepath.Dir(real))
	}
	var none error
	for _, folder := range folders {
		for _, name := range besides {
			found, err := helperAt(filepath.Join(folder, name))
			if err == nil {
				return found, nil
			}
			if !errors.Is(err, os.ErrNotExist) || none == nil {
				none = err
			}
		}
	}
	if errors.Is(none, os.ErrNotExist) {
		none = fmt.Errorf("%w beside %s", ErrNoHelper, beside)
	}
	return "", none
}

// helperAt returns path, or the program in the bundle at path, if it can be run.
func helperAt(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrNoHelper, err)
	}
	info, err := os.Stat(path)
	if err == nil && info.IsDir() && filepath.Ext(path) == ".app" {
		path = filepath.Join(path, "Contents/MacOS/photogo-helper")
		info, err = os.Stat(path)
	}
	switch {
	case err != nil:
		return "", fmt.Errorf("%w: %w", ErrNoHelper, err)
	case !info.Mode().IsRegular() || info.Mode().Perm()&0o111 == 0:
		return "", fmt.Errorf("%w: %s is no program", ErrNoHelper, path)
	}
	return path, nil
}
