package mount

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// entry is a line of the system's list of mounts.
type entry struct {
	path  string
	minor string // of its device
}

// table reads the list of mounts, which the kernel makes without asking any of
// them.
func table() ([]entry, error) {
	text, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	return parseTable(string(text)), nil
}

// parseTable reads mountinfo: id, parent, major:minor, root, mount point, …
func parseTable(text string) (list []entry) {
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) < 5 {
			continue
		}
		_, minor, _ := strings.Cut(fields[2], ":")
		list = append(list, entry{unescape(fields[4]), minor})
	}
	return list
}

// unescape reads blanks, tabs, newlines and backslashes, which are written as
// three octal digits.
func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) && octal(s[i+1]) && octal(s[i+2]) && octal(s[i+3]) {
			b.WriteByte((s[i+1]-'0')<<6 | (s[i+2]-'0')<<3 | (s[i+3] - '0'))
			i += 3
			continue
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

func octal(c byte) bool { return c >= '0' && c <= '7' }

// mounts returns all mount points, in the order in which they were mounted.
func mounts() (list []string, err error) {
	entries, err := table()
	for _, e := range entries {
		list = append(list, e.path)
	}
	return list, err
}

// mountedAt reports whether something is mounted exactly there.
func mountedAt(path string) (bool, error) {
	list, err := mounts()
	return slices.Contains(list, path), err
}

// unmountCommand and lazyCommand unmount what is mounted at a path. umount is
// not used: it also looks at what is mounted from a path, and so can take away
// another mount.
func unmountCommand(path string) []string { return []string{"fusermount3", "-u", "--", path} }
func lazyCommand(path string) []string    { return []string{"fusermount3", "-uz", "--", path} }

// abort ends all that waits for the file system mounted at a path, if the system
// lets us.
func abort(path string) {
	entries, err := table()
	if err != nil {
		return
	}
	for _, e := range entries {
		if e.path == path {
			// Without it killing the program must do.
			os.WriteFile(filepath.Join("/sys/fs/fuse/connections", e.minor, "abort"), []byte("1"), 0)
		}
	}
}
