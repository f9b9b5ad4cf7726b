package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// Errors that a caller can test for with errors.Is.
var (
	// ErrNone says that there is no configuration file.
	ErrNone = errors.New("there is no configuration")
	// ErrInvalid says that a configuration cannot be used; it is an *Error, which
	// tells each problem.
	ErrInvalid = errors.New("the configuration cannot be used")
)

// Error is a configuration that cannot be used.
type Error struct {
	File     string
	Problems []Problem // in the order of the file; at least one
}

// Problem is one thing that is wrong with a configuration.
type Problem struct {
	Line    int    // of the file, from 1; 0: it concerns the file as a whole, or what is not there
	Key     string // "archive.passphrase"; "" where no key is concerned
	Message string // what is wrong, without Key
	Help    string // what to do; may be ""
}

// String is the problem in one line, without the name of the file.
func (p Problem) String() string {
	words := p.Message
	if p.Key != "" {
		words = p.Key + ": " + words
	}
	if p.Help != "" {
		words += "; " + p.Help
	}
	return words
}

func (e *Error) Error() string {
	var b strings.Builder
	for i, p := range e.Problems {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(e.File)
		if p.Line > 0 {
			fmt.Fprintf(&b, ":%d", p.Line)
		}
		b.WriteString(": " + p.String())
	}
	return b.String()
}

// Is makes every *Error an ErrInvalid.
func (e *Error) Is(target error) bool { return target == ErrInvalid }

// Options are what reading a configuration needs of the world.
type Options struct {
	// Home is what ~ stands for; "": ~ is a problem.
	Home string
	// Library is what an empty library stands for, the system's; "": the key may
	// not be empty.
	Library string
	// Check says what is wrong with the text of a key that this package does not
	// understand: templates, where a passphrase is kept, a repository, how borg
	// compresses. It is not asked for empty texts. nil: they are taken as they are.
	Check func(key, text string) error
}

const (
	maxFile     = 64 << 10 // how large a configuration may be, in bytes
	maxProblems = 100      // how many are told at once
)

// Load reads a configuration file. Errors: ErrNone; ErrInvalid, which is an *Error.
func Load(file string, opt Options) (Config, error) {
	f, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return Config{}, fmt.Errorf("%w: %s", ErrNone, file)
	} else if err != nil {
		return Config{}, fmt.Errorf("read the configuration: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return Config{}, fmt.Errorf("read the configuration: %w", err)
	}
	refuse := func(message, help string) (Config, error) {
		return Config{}, &Error{file, []Problem{{Message: message, Help: help}}}
	}
	switch {
	case !info.Mode().IsRegular():
		return refuse("it is no regular file", "")
	case info.Mode()&0o002 != 0:
		return refuse("everybody can write to it, and it names programs that are run", "`chmod go-w` it, and look through it")
	case info.Size() > maxFile:
		return refuse("it is larger than 64 KiB", "")
	}
	data, err := io.ReadAll(io.LimitReader(f, maxFile))
	if err != nil {
		return Config{}, fmt.Errorf("read the configuration: %w", err)
	}
	return Parse(file, data, opt)
}

// Parse reads the text of a configuration file; file is its name, for messages.
// Errors: ErrInvalid, which is an *Error.
func Parse(file string, data []byte, opt Options) (Config, error) {
	c := Default()
	var tree map[string]any
	if err := toml.Unmarshal(data, &tree); err != nil {
		return c, &Error{file, []Problem{syntax(err)}}
	}
	r := reader{lines: lines(data), known: map[string]key{}, opt: opt}
	c.lines = map[string]int{}
	list := c.keys()
	for _, k := range list {
		r.known[k.name] = k
	}
	r.table("", tree, c.lines)
	r.whole(&c)
	if len(r.problems) > 0 {
		slices.SortStableFunc(r.problems, func(a, b Problem) int { return a.Line - b.Line })
		return c, &Error{file, r.problems}
	}
	return c, nil
}

// syntax is the problem of a text that is no TOML. The message has no more than a
// character of the file, as the file may hold what nobody should see.
func syntax(err error) Problem {
	p := Problem{Message: "it is not TOML: " + strings.TrimPrefix(err.Error(), "toml: ")}
	var d *toml.DecodeError
	if errors.As(err, &d) {
		p.Line, _ = d.Position()
		p.Key = visible(strings.Join(d.Key(), "."))
	}
	return p
}

// reader puts the values of a file into a Config and collects what is wrong.
type reader struct {
	known    map[string]key
	lines    map[string]int
	opt      Options
	problems []Problem
}

func (r *reader) problem(key, help string, err error) {
	r.problems = append(r.problems, Problem{r.line(key), visible(key), err.Error(), help})
}

// visible is a key of a file as it can be shown on a terminal.
func visible(key string) string {
	key = strings.Map(func(r rune) rune {
		if !unicode.IsGraphic(r) {
			return '\uFFFD'
		}
		return r
	}, key)
	if len(key) > 100 {
		key = strings.ToValidUTF8(key[:100], "") + "…"
	}
	return key
}

// line is the line of a key, or of the table that it is in.
func (r *reader) line(key string) int {
	if n := r.lines[key]; n > 0 {
		return n
	}
	table, _, _ := strings.Cut(key, ".")
	return r.lines[table]
}

// table reads a table whose name is prefix, "" or "vault." for example.
func (r *reader) table(prefix string, tree map[string]any, set map[string]int) {
	for _, name := range slices.Sorted(maps.Keys(tree)) {
		if len(r.problems) == maxProblems {
			return
		}
		full, value := prefix+name, tree[name]
		sub, isTable := value.(map[string]any)
		k, known := r.known[full]
		switch {
		case known:
			if err := r.value(k, value); err != nil {
				r.problem(full, "", err)
			}
			set[full] = max(r.line(full), 1)
		case isTable && prefix == "" && r.isTable(full):
			r.table(full+".", sub, set)
		case r.isTable(full):
			r.problem(full, "write ["+full+"] above its keys", errors.New("it is a table"))
		default:
			r.problem(full, "did you mean "+nearest(full, isTable, r.known)+"?", errors.New("there is no such key"))
		}
	}
}

func (r *reader) isTable(name string) bool {
	for known := range r.known {
		if strings.HasPrefix(known, name+".") {
			return true
		}
	}
	return false
}

func (r *reader) value(k key, value any) error {
	if err := k.setting.set(value, r.opt.Home); err != nil {
		return err
	}
	if t, ok := value.(string); ok && k.checked && t != "" && r.opt.Check != nil {
		return r.opt.Check(k.name, t)
	}
	return nil
}

// whole looks at what concerns more than one key. A key that has a problem of its
// own already is not said to be missing.
func (r *reader) whole(c *Config) {
	missing := func(key, help string) {
		if _, there := c.lines[key]; !there {
			r.problem(key, help, errors.New("it is missing"))
		} else if !slices.ContainsFunc(r.problems, func(p Problem) bool { return p.Key == key }) {
			r.problem(key, help, errors.New("it is empty"))
		}
	}
	if c.Library == "" {
		c.Library = r.opt.Library
	}
	if c.Library == "" {
		missing("library", "name the Photos library, as ~/Pictures/Photos Library.photoslibrary; this system has none of its own")
	}
	if c.Log.MaxSize < 64<<10 {
		r.problem("log.max_size", "", fmt.Errorf("%s: it has to be 64KiB or more", c.Log.MaxSize))
	}
	if c.Staging == "" {
		missing("staging", "name the folder that pictures wait in until they are archived, as ~/Pictures/photogo")
	} else if why := unfit(c.Staging, c.Library, r.opt.Home); why != "" {
		r.problem("staging", "name a folder of its own, as ~/Pictures/photogo", fmt.Errorf("%q %s", c.Staging, why))
	}
	if c.Vault.Host == "" {
		for _, k := range []string{"vault.user", "vault.port", "vault.dir", "vault.identity", "vault.known_hosts", "vault.ssh_config", "vault.passphrase"} {
			if c.lines[k] > 0 && !isDefault(r.known[k]) {
				missing("vault.host", "name the machine, or take the other keys of [vault] out")
				break
			}
		}
	} else {
		if c.Vault.Dir == "" {
			missing("vault.dir", "name the folder on "+c.Vault.Host+" that holds the encrypted files")
		}
		if c.Vault.Passphrase == "" {
			missing("vault.passphrase", `say where it is kept: "keychain:photogo-vault"`)
		}
	}
	if c.Archive.Repository != "" && c.Archive.Passphrase == "" {
		missing("archive.passphrase", `say where it is kept: "keychain:photogo-borg"`)
	} else if c.Archive.Repository == "" && c.Archive.Passphrase != "" {
		missing("archive.repository", "name the borg repository, or take archive.passphrase out")
	}
}

// isDefault reports whether a key has the value that it has without a file.
func isDefault(k key) bool {
	c := Default()
	for _, d := range c.keys() {
		if d.name == k.name {
			return d.setting.toml() == k.setting.toml()
		}
	}
	return false
}

// unfit says why a folder cannot be the staging folder; "": it can.
func unfit(staging, library, home string) string {
	in := func(dir string) bool { return dir != "" && (staging == dir || strings.HasPrefix(staging, dir+"/")) }
	parts := strings.Split(strings.ToLower(staging), "/")
	switch {
	case staging == "/" || staging == filepath.Clean(home):
		return "holds everything else, too"
	case in(library) || slices.ContainsFunc(parts, func(p string) bool { return strings.HasSuffix(p, ".photoslibrary") }):
		return "lies in a Photos library, which photogo never writes to"
	case library != "" && strings.HasPrefix(library, staging+"/"):
		return "holds the Photos library"
	}
	return ""
}

// lines finds on which line each key and table of a file is. They are only for
// messages: a key that is not found has the line of its table, or none.
func lines(data []byte) map[string]int {
	all := map[string]int{}
	var p unstable.Parser
	p.Reset(data)
	prefix, line, seen := "", 1, 0
	for p.NextExpression() {
		e := p.Expression()
		name := ""
		for keys := e.Key(); keys.Next(); {
			part := keys.Node()
			if name != "" {
				name += "."
			} else if at := int(part.Raw.Offset); at > seen {
				line += bytes.Count(data[seen:at], []byte("\n"))
				seen = at
			}
			name += string(part.Data)
		}
		if e.Kind == unstable.KeyValue {
			name = prefix + name
		} else {
			prefix = name + "."
		}
		if all[name] == 0 {
			all[name] = line
		}
	}
	return all
}
