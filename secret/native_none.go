//go:build !darwin || !cgo

package secret

// native is nil: without cgo nothing but /usr/bin/security reaches the keychain of
// macOS, and other systems have another one.
func native() nativeKeychain { return nil }
