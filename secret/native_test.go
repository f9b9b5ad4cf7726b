package secret

import (
	"context"
	"errors"
	"testing"
	"time"
)

// ring is a keychain as macOS has it: one item for each service and account.
type ring struct {
	items map[[2]string]string
	err   error
	hang  chan struct{} // not nil: get and set wait for it
}

func (r *ring) get(service, account string) ([]byte, error) {
	if r.hang != nil {
		<-r.hang
	}
	if r.err != nil {
		return nil, r.err
	}
	for k, text := range r.items {
		if k[0] == service && (account == "" || k[1] == account) {
			return []byte(text), nil
		}
	}
	return nil, ErrNone
}

func (r *ring) set(service, account string, text []byte) error {
	if r.err != nil {
		return r.err
	}
	r.items[[2]string{service, account}] = string(text)
	return nil
}

func TestTheNativeKeychainIsAskedWhereThereIsOne(t *testing.T) {
	r := &ring{items: map[[2]string]string{}}
	// Were a program asked, there would be none.
	o := Options{GOOS: "darwin", Env: []string{"PATH=/nowhere"}, native: r}
	s := parse(t, "keychain:photogo-borg")
	if _, err := s.Get(t.Context(), o); !errors.Is(err, ErrNone) {
		t.Error(err)
	}
	if err := s.Set(t.Context(), o, pass(t, "first")); err != nil {
		t.Fatal(err)
	}
	if err := s.Set(t.Context(), o, pass(t, "second")); err != nil {
		t.Fatal(err)
	}
	if len(r.items) != 1 || r.items[[2]string{"photogo-borg", "photogo"}] != "second" {
		t.Errorf("%v", r.items)
	}
	if err := parse(t, "keychain:photogo-borg/anna").Set(t.Context(), o, pass(t, "annas")); err != nil {
		t.Fatal(err)
	}
	// Long passphrases in two items are joined here, too.
	r.items[[2]string{"photogo-borg_1", "x"}] = " half"
	if p, err := s.Get(t.Context(), o); err != nil || string(p.text) != "second half" && string(p.text) != "annas half" {
		t.Errorf("%v", err)
	}
	if err := s.Set(t.Context(), o, pass(t, "third")); !errors.Is(err, ErrFixed) {
		t.Error(err)
	}
	for _, want := range []error{ErrLocked, ErrUnavailable} {
		r.err = want
		if _, err := s.Get(t.Context(), o); !errors.Is(err, want) {
			t.Error(err)
		}
		if err := s.Set(t.Context(), o, pass(t, "x")); !errors.Is(err, want) {
			t.Error(err)
		}
	}
	// On Linux it is not.
	o.GOOS = "linux"
	if _, err := s.Get(t.Context(), o); !errors.Is(err, ErrUnavailable) {
		t.Error(err)
	}
}

// The system may ask a person who is not there.
func TestAKeychainThatWaitsIsLeftBehind(t *testing.T) {
	r := &ring{items: map[[2]string]string{{"x", ""}: "c4n4ry"}, hang: make(chan struct{})}
	defer close(r.hang)
	o := Options{GOOS: "darwin", Timeout: time.Millisecond, native: r}
	if _, err := parse(t, "keychain:x").Get(t.Context(), o); !errors.Is(err, ErrLocked) {
		t.Error(err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	gone := errors.New("gone")
	cancel(gone)
	o.Timeout = time.Hour
	if _, err := parse(t, "keychain:x").Get(ctx, o); !errors.Is(err, gone) || !errors.Is(err, ErrUnavailable) {
		t.Error(err)
	}
}
