package secret

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/photogo/photogo/internal/command"
)

// second is what the name of an item gets that holds the rest of a long
// passphrase, as scripts keep it that store it in two items.
const second = "_1"

// joined fetches an item, and the one that holds the rest if there is one.
func (s Source) joined(ctx context.Context, o Options) ([]byte, error) {
	service, account, _ := strings.Cut(s.text, "/")
	text, err := o.item(ctx, service, account)
	if err != nil {
		return text, err
	}
	rest, err := o.item(ctx, service+second, account)
	defer clear(rest)
	if errors.Is(err, ErrNone) {
		return text, nil
	} else if err != nil {
		return text, fmt.Errorf("its second part, %s: %w", service+second, err)
	}
	whole := append(bytes.Clone(text), rest...)
	clear(text)
	return whole, nil
}

// store puts a passphrase into an item. Where there is a second item Get would
// join the two, and nothing is stored.
func (s Source) store(ctx context.Context, o Options, p *Passphrase) error {
	service, account, _ := strings.Cut(s.text, "/")
	rest, err := o.item(ctx, service+second, account)
	clear(rest)
	if err == nil {
		return fmt.Errorf("%w: there is an item %s, which is joined to it", ErrFixed, service+second)
	} else if !errors.Is(err, ErrNone) {
		return err
	}
	if k := o.keychain(); k != nil {
		return o.storeNatively(ctx, k, service, account, p)
	}
	if o.GOOS == "darwin" {
		return o.storeInKeychain(ctx, service, account, p)
	}
	return o.storeInService(ctx, service, account, p)
}

func (o Options) item(ctx context.Context, service, account string) ([]byte, error) {
	if k := o.keychain(); k != nil {
		return o.bounded(ctx, func() ([]byte, error) { return k.get(service, account) })
	}
	if o.GOOS == "darwin" {
		return o.fromKeychain(ctx, service, account)
	}
	return o.fromService(ctx, service, account)
}

// security is Apple's own program; no other of this name will do.
const security = "/usr/bin/security"

// Exit codes of /usr/bin/security: the low byte of the OSStatus.
const (
	itemNotFound  = 44  // errSecItemNotFound, -25300
	notAllowed    = 36  // errSecInteractionNotAllowed, -25308: locked, and nobody there to ask
	authFailed    = 51  // errSecAuthFailed, -25293
	userCanceled  = 128 // errSecUserCanceled, -128
	noSuchKeyring = 50  // errSecNoSuchKeychain, -25294
)

// fromKeychain asks macOS. With -w a passphrase that is not ASCII comes in
// hexadecimal and cannot be told from one that looks so; with -g, on stderr, it
// can.
func (o Options) fromKeychain(ctx context.Context, service, account string) ([]byte, error) {
	args := []string{"find-generic-password", "-s", service}
	if account != "" {
		args = append(args, "-a", account)
	}
	stdout, stderr, err := o.both(ctx, o.securityPath(), append(args, "-g"), nil)
	clear(stdout)
	defer clear(stderr)
	if err != nil {
		return nil, keychainError(err)
	}
	return parsePassword(stderr)
}

// keychainError tells the exit codes of /usr/bin/security apart.
func keychainError(err error) error {
	var e *command.Error
	if errors.As(err, &e) {
		switch e.Code {
		case itemNotFound:
			return ErrNone
		case notAllowed, authFailed, userCanceled, noSuchKeyring:
			return fmt.Errorf("%w: %w", ErrLocked, err)
		}
	}
	return err
}

// parsePassword reads what security -g says on stderr: password: "text", or
// password: 0xHEX  "text with octal escapes" where the text is not plain ASCII.
func parsePassword(words []byte) ([]byte, error) {
	for line := range bytes.Lines(words) {
		rest, ok := bytes.CutPrefix(bytes.TrimRight(line, "\n"), []byte("password: "))
		if !ok {
			continue
		}
		if digits, ok := bytes.CutPrefix(rest, []byte("0x")); ok {
			digits, _, _ = bytes.Cut(digits, []byte(" "))
			text := make([]byte, hex.DecodedLen(len(digits)))
			if _, err := hex.Decode(text, digits); err != nil {
				return nil, fmt.Errorf("%w: %s did not answer as it does", ErrUnavailable, security)
			}
			return text, nil
		}
		if len(rest) >= 2 && rest[0] == '"' && rest[len(rest)-1] == '"' {
			return bytes.Clone(rest[1 : len(rest)-1]), nil
		}
	}
	return nil, fmt.Errorf("%w: %s did not answer as it does", ErrUnavailable, security)
}

// ownAccount is the account of items that name none: an item has to have one.
const ownAccount = "photogo"

// storeNatively stores a copy, which the call may go on using when nobody waits for
// it any more.
func (o Options) storeNatively(ctx context.Context, k nativeKeychain, service, account string, p *Passphrase) error {
	if account == "" {
		account = ownAccount
	}
	text := bytes.Clone(p.text)
	_, err := o.bounded(ctx, func() ([]byte, error) {
		defer clear(text)
		return nil, k.set(service, account, text)
	})
	return err
}

// storeInKeychain tells /usr/bin/security through its stdin what to store, in
// hexadecimal, which needs no quoting.
func (o Options) storeInKeychain(ctx context.Context, service, account string, p *Passphrase) error {
	if account == "" {
		account = ownAccount
	}
	line := make([]byte, 0, 2*maxLen+2*len(service)+len(account)+200) // grows nowhere, so that clear clears all
	defer func() { clear(line[:cap(line)]) }()
	line = fmt.Appendf(line, "add-generic-password -U -s \"%s\" -a \"%s\" -l \"%s\" -X ", service, account, service)
	line = hex.AppendEncode(line, p.text)
	line = append(line, '\n')
	stdout, stderr, err := o.both(ctx, o.securityPath(), []string{"-i"}, bytes.NewReader(line))
	clear(stdout)
	clear(stderr)
	if err != nil {
		return keychainError(err)
	}
	return nil
}

func (o Options) securityPath() string {
	if o.security != "" {
		return o.security
	}
	return security
}

// fromService asks the Secret Service through secret-tool, which ends with 1 and
// is silent where there is nothing.
func (o Options) fromService(ctx context.Context, service, account string) ([]byte, error) {
	stdout, stderr, err := o.both(ctx, "secret-tool", append([]string{"lookup"}, attributes(service, account)...), nil)
	defer clear(stderr)
	var e *command.Error
	switch said := len(bytes.TrimSpace(stderr)) > 0; {
	case err == nil && len(stdout) == 0:
		return nil, ErrNone
	case err == nil:
		return stdout, nil
	case errors.As(err, &e) && e.Code == 1 && !said:
		return nil, ErrNone
	case errors.As(err, &e) && e.Code == 1:
		// secret-tool does not repeat secrets; what it says is about the bus.
		return nil, fmt.Errorf("%w: %w: %s", ErrLocked, err, bytes.TrimSpace(stderr[:min(len(stderr), 500)]))
	}
	return nil, err
}

func (o Options) storeInService(ctx context.Context, service, account string, p *Passphrase) error {
	r, w := io.Pipe()
	go func() { _, err := p.WriteTo(w); w.CloseWithError(err) }()
	defer r.Close()
	_, stderr, err := o.both(ctx, "secret-tool", append([]string{"store", "--label=" + service}, attributes(service, account)...), r)
	if err != nil {
		return fmt.Errorf("%w: %s", err, bytes.TrimSpace(stderr[:min(len(stderr), 500)]))
	}
	return nil
}

func attributes(service, account string) []string {
	if account == "" {
		return []string{"service", service}
	}
	return []string{"service", service, "account", account}
}
