package secret

import (
	"context"
	"fmt"
	"time"
)

// nativeKeychain is the keychain as this build of photogo itself can reach it.
// Its methods may wait for a person whom the system asks, and cannot be ended.
// Errors: ErrNone, ErrLocked, ErrUnavailable.
type nativeKeychain interface {
	get(service, account string) ([]byte, error)
	set(service, account string, text []byte) error
}

// keychain is the native keychain; nil where this build has none, and another
// program is asked.
func (o Options) keychain() nativeKeychain {
	switch {
	case o.GOOS != "darwin" || o.security != "":
		return nil
	case o.native != nil:
		return o.native
	}
	return native()
}

// bounded gives a call that cannot be ended the time that a program would have.
// What comes later is cleared.
func (o Options) bounded(ctx context.Context, call func() ([]byte, error)) ([]byte, error) {
	type answer struct {
		text []byte
		err  error
	}
	answers := make(chan answer, 1)
	go func() {
		text, err := call()
		answers <- answer{text, err}
	}()
	limit := o.Timeout
	if limit == 0 {
		limit = time.Minute
	}
	timeout := time.NewTimer(limit)
	defer timeout.Stop()
	var err error
	select {
	case a := <-answers:
		return a.text, a.err
	case <-ctx.Done():
		err = fmt.Errorf("%w: %w", ErrUnavailable, context.Cause(ctx))
	case <-timeout.C:
		err = fmt.Errorf("%w: nobody answered what the system asked within %s", ErrLocked, limit)
	}
	go func() { clear((<-answers).text) }()
	return nil, err
}
