// Package secret fetches passphrases.
//
// A Source says where one is kept:
//
//	keychain:SERVICE          the keychain on macOS, the Secret Service on Linux
//	keychain:SERVICE/ACCOUNT
//	command:PROGRAM ARG …     what a program prints
//	file:/PATH                a file that nobody else can read
//
// A Passphrase holds what was fetched. It shows itself to nobody who prints,
// logs or marshals it; it can only be written to where it is meant to go, by
// WriteTo, and forgotten. This is the only package that ever holds one.
//
// On macOS the keychain is asked by Apple's own interface where photogo was built
// with cgo, else through /usr/bin/security; on Linux through secret-tool of
// libsecret. Both programs get and give the passphrase through pipes. macOS may ask
// the user before photogo reads an item that another program, or another build of
// photogo, stored; "Always Allow" settles that.
//
// Not promised: that no copy stays in memory. Go's memory is not locked, and the
// system may swap it out.
package secret
