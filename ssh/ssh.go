// Package ssh says how other programs are to use OpenSSH, and reads its words.
//
// sshfs and borg start ssh themselves. They are given the same options, so that
// a machine is reached the same way by both: never with a question to a user who
// is not there, never to a host whose key is not known, and not for ever where
// nothing answers.
package ssh

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Errors that a caller can test for with errors.Is.
var (
	// ErrUnreachable says that the machine did not answer, or that the link to it
	// was lost.
	ErrUnreachable = errors.New("the remote machine cannot be reached")
	// ErrHostKey says that the machine's key is not known, or another one.
	ErrHostKey = errors.New("the key of the remote machine is not the known one")
	// ErrDenied says that the machine let nobody in with this key.
	ErrDenied = errors.New("the remote machine denied access")
	// ErrOptions says that an option could not be given to ssh as it is.
	ErrOptions = errors.New("no usable ssh option")
)

// Options say how ssh connects. The zero value uses the user's keys, agent and
// known hosts.
type Options struct {
	Identity   string // file of the private key; "": what ssh finds, and the agent
	KnownHosts string // file of known hosts; "": the user's and the system's
	Config     string // a configuration of the user's to read as well; what is set here wins. "": ~/.ssh/config
	Port       int    // 0: what Config says, or 22

	ConnectTimeout int // seconds; 0: 10
	AliveInterval  int // seconds between signs of life; after three missing ones the link is lost. 0: 10
}

// option is one line of ssh's configuration.
type option struct{ key, value string }

func (o Options) list() ([]option, error) {
	or := func(n, otherwise int) string {
		if n == 0 {
			n = otherwise
		}
		return strconv.Itoa(n)
	}
	list := []option{
		{"BatchMode", "yes"},
		{"StrictHostKeyChecking", "yes"},
		{"ConnectTimeout", or(o.ConnectTimeout, 10)},
		{"ServerAliveInterval", or(o.AliveInterval, 10)},
		{"ServerAliveCountMax", "3"},
		{"LogLevel", "ERROR"}, // also where Config wants less: the words are needed
	}
	if o.Port != 0 {
		list = append(list, option{"Port", strconv.Itoa(o.Port)})
	}
	if o.Identity != "" {
		list = append(list, option{"IdentityFile", o.Identity}, option{"IdentitiesOnly", "yes"})
	}
	if o.KnownHosts != "" {
		list = append(list, option{"UserKnownHostsFile", o.KnownHosts}, option{"GlobalKnownHostsFile", "/dev/null"})
	}
	for _, l := range append(list, option{"Config", o.Config}) {
		// ssh knows no way to write a quote within quotes, and expands % in names.
		if strings.ContainsAny(l.value, "\"\\%\r\n\x00") {
			return nil, fmt.Errorf("%w: %s %q holds a character that ssh takes for something else", ErrOptions, l.key, l.value)
		}
	}
	return list, nil
}

// WriteConfig writes a configuration for ssh -F. Errors: ErrOptions.
func (o Options) WriteConfig(w io.Writer) error {
	list, err := o.list()
	if err != nil {
		return err
	}
	if o.Config == "" {
		// ssh reads it unless it is given another one, as here. Both ways must know the
		// same names of machines: one of them alone would look like a machine that is off.
		o.Config = "~/.ssh/config"
	}
	list = append(list, option{"Include", o.Config})
	for _, l := range list {
		if _, err := fmt.Fprintf(w, "%s \"%s\"\n", l.key, l.value); err != nil {
			return err
		}
	}
	return nil
}

// Command returns the command that runs ssh, with its options, each word in
// quotes as a POSIX shell understands them. Errors: ErrOptions.
func (o Options) Command() (string, error) {
	list, err := o.list()
	if err != nil {
		return "", err
	}
	words := []string{"ssh"}
	if o.Config != "" {
		words = append(words, "-F", o.Config)
	}
	for _, l := range list {
		value := l.value
		if strings.ContainsAny(value, " \t#'") {
			value = `"` + value + `"`
		}
		words = append(words, "-o"+l.key+"="+value)
	}
	for i, word := range words {
		words[i] = "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
	}
	return strings.Join(words, " "), nil
}

// CheckHost makes sure that a host and a user are not taken for something else
// by programs that get them as arguments. Errors: ErrOptions.
func CheckHost(user, host string) error {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._-:[]%", r)
	}
	for _, name := range []string{user, host} {
		if strings.HasPrefix(name, "-") || strings.ContainsFunc(name, func(r rune) bool { return !plain(r) }) {
			return fmt.Errorf("%w: %q is no name of a user or a host", ErrOptions, name)
		}
	}
	if host == "" {
		return fmt.Errorf("%w: there is no host", ErrOptions)
	}
	return nil
}

// words are what ssh says when it fails, and what it means.
var words = []struct {
	text string
	err  error
}{
	// In this order: a changed key is told with a permission, too.
	{"REMOTE HOST IDENTIFICATION HAS CHANGED", ErrHostKey},
	{"Host key verification failed", ErrHostKey},
	{"you have requested strict checking", ErrHostKey}, // the line before, where the last one is lost
	{"Permission denied (", ErrDenied},
	{"Too many authentication failures", ErrDenied},
	{"UNPROTECTED PRIVATE KEY FILE", ErrDenied},
	{"Could not resolve hostname", ErrUnreachable},
	{"Connection refused", ErrUnreachable},
	{"Connection timed out", ErrUnreachable},
	{"Operation timed out", ErrUnreachable}, // macOS
	{"No route to host", ErrUnreachable},
	{"Network is unreachable", ErrUnreachable},
	{"Host is down", ErrUnreachable}, // macOS
	{"not responding", ErrUnreachable},
	{"Connection reset by", ErrUnreachable},
	{"Connection closed by", ErrUnreachable},
	{"Broken pipe", ErrUnreachable},
	{"kex_exchange_identification", ErrUnreachable},
}

// Classify returns what ssh's words mean: ErrUnreachable, ErrHostKey, ErrDenied,
// or nil where they mean none of these.
func Classify(said string) error {
	for _, w := range words {
		if strings.Contains(said, w.text) {
			return w.err
		}
	}
	return nil
}
