//go:build darwin && cgo

package secret

import (
	"errors"
	"fmt"

	"github.com/keybase/go-keychain"
)

// native is the keychain by Apple's own interface. An item that photogo stored is
// then photogo's: macOS asks the user before another program reads it. So it does,
// once, before photogo reads an item that something else stored.
func native() nativeKeychain { return apple{} }

type apple struct{}

// item is the query for an item; without an account any will do.
func (apple) item(service, account string) keychain.Item {
	q := keychain.NewItem()
	q.SetSecClass(keychain.SecClassGenericPassword)
	q.SetService(service)
	if account != "" {
		q.SetAccount(account)
	}
	return q
}

func (a apple) get(service, account string) ([]byte, error) {
	q := a.item(service, account)
	q.SetMatchLimit(keychain.MatchLimitOne)
	q.SetReturnData(true)
	found, err := keychain.QueryItem(q)
	switch {
	case err != nil:
		return nil, a.wrap(err)
	case len(found) == 0:
		return nil, ErrNone
	}
	return found[0].Data, nil
}

func (a apple) set(service, account string, text []byte) error {
	i := a.item(service, account)
	i.SetLabel(service)
	i.SetData(text)
	i.SetSynchronizable(keychain.SynchronizableNo) // it stays on this Mac
	err := keychain.AddItem(i)
	if errors.Is(err, keychain.ErrorDuplicateItem) {
		update := keychain.NewItem()
		update.SetData(text)
		err = keychain.UpdateItem(a.item(service, account), update)
	}
	return a.wrap(err)
}

// wrap tells the errors of the keychain apart. Their words are Apple's, and hold
// nothing of the item.
func (apple) wrap(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, keychain.ErrorItemNotFound):
		return ErrNone
	}
	for _, locked := range []error{
		keychain.ErrorInteractionNotAllowed, keychain.ErrorAuthFailed, keychain.ErrorUserCanceled,
		keychain.ErrorNoAccessForItem, keychain.ErrorNoSuchKeychain,
	} {
		if errors.Is(err, locked) {
			return fmt.Errorf("%w: %w", ErrLocked, err)
		}
	}
	return fmt.Errorf("%w: %w", ErrUnavailable, err)
}
