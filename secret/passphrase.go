package secret

import (
	"bytes"
	"crypto/subtle"
	"fmt"
	"io"
)

// Passphrase is a passphrase. However it is printed, it shows as "[secret]". The
// zero value and nil are empty.
type Passphrase struct{ text []byte }

// maxLen is what gocryptfs takes at most; borg takes more.
const maxLen = 2048

// New returns a passphrase of a text, which it copies. Newlines at the end are
// not part of it, since no program that takes passphrases agrees with another on
// them. Errors: ErrUnfit.
func New(text []byte) (*Passphrase, error) {
	text = bytes.TrimRight(text, "\r\n")
	switch {
	case len(text) == 0:
		return nil, fmt.Errorf("%w: it is empty", ErrUnfit)
	case len(text) > maxLen:
		return nil, fmt.Errorf("%w: it is longer than %d bytes", ErrUnfit, maxLen)
	case bytes.ContainsAny(text, "\r\n\x00"):
		return nil, fmt.Errorf("%w: it has more than one line, or a zero byte", ErrUnfit)
	}
	return &Passphrase{bytes.Clone(text)}, nil
}

// WriteTo writes the passphrase, without a newline.
func (p *Passphrase) WriteTo(w io.Writer) (int64, error) {
	if p == nil || len(p.text) == 0 {
		return 0, fmt.Errorf("%w: it is empty", ErrUnfit)
	}
	n, err := w.Write(p.text)
	return int64(n), err
}

// Equal reports whether two passphrases are the same.
func (p *Passphrase) Equal(q *Passphrase) bool {
	return p != nil && q != nil && subtle.ConstantTimeCompare(p.text, q.text) == 1
}

// Forget overwrites the passphrase, which is empty then.
func (p *Passphrase) Forget() {
	if p != nil {
		clear(p.text)
		p.text = nil
	}
}

const hidden = "[secret]"

// String returns "[secret]".
func (p *Passphrase) String() string { return hidden }

// Format implements fmt.Formatter for all verbs; %#v and %x would show the bytes
// otherwise.
func (p *Passphrase) Format(f fmt.State, _ rune) { io.WriteString(f, hidden) }

// MarshalText implements encoding.TextMarshaler, and so JSON.
func (p *Passphrase) MarshalText() ([]byte, error) { return []byte(hidden), nil }
