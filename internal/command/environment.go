package command

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// kept are the variables that programs get of photogo's own environment: where
// things are, who the user is, how to reach the agents and buses that know keys.
var kept = []string{
	"PATH", "HOME", "USER", "LOGNAME", "TMPDIR", "SSH_AUTH_SOCK",
	"DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR", "__CF_USER_TEXT_ENCODING",
}

// Environment returns the small environment that programs get: what they need of
// environ, a list of NAME=value as os.Environ returns, words in English, and
// more, which wins.
func Environment(environ []string, more ...string) []string {
	env := []string{}
	for _, name := range kept {
		if value, ok := lookup(environ, name); ok {
			env = append(env, name+"="+value)
		}
	}
	if value, _ := lookup(env, "PATH"); value == "" {
		env = append(env, "PATH=/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin:/opt/homebrew/bin")
	}
	return append(append(env, "LC_ALL=C"), more...)
}

// lookup returns the last value of a variable.
func lookup(environ []string, name string) (value string, ok bool) {
	for _, e := range environ {
		if v, found := strings.CutPrefix(e, name+"="); found {
			value, ok = v, true
		}
	}
	return value, ok
}

// lookPath finds a program in the PATH of env. Relative folders in PATH do not
// count.
func lookPath(name string, env []string) (string, error) {
	if strings.ContainsRune(name, '/') {
		if !runnable(name) {
			return "", fmt.Errorf("%w: %s", ErrMissing, name)
		}
		return name, nil
	}
	path, _ := lookup(env, "PATH")
	for _, dir := range filepath.SplitList(path) {
		if file := filepath.Join(dir, name); filepath.IsAbs(dir) && runnable(file) {
			return file, nil
		}
	}
	return "", fmt.Errorf("%w: %s is not in any folder of PATH", ErrMissing, name)
}

func runnable(file string) bool {
	info, err := os.Stat(file)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}
