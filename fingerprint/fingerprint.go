// Package fingerprint computes Apple's own fingerprint of a file's bytes, the
// value that Photos keeps beside each original and each edit. Computed while a
// file is copied, it is the second witness that the copy is what Photos knows:
// the first is photogo's own BLAKE3.
//
// The fingerprint of some bytes is
//
//	base64( 0x01 ‖ SHA-1( "com.apple.XattrObjectSalt" 00 "com.apple.DataObjectSalt" 00 ‖ bytes ) )
//
// without padding: 28 characters that begin with "A". Photos stores it in
// ZADDITIONALASSETATTRIBUTES (ZMASTERFINGERPRINT, ZADJUSTEDFINGERPRINT; from
// Photos 10 ZORIGINALSTABLEHASH, ZADJUSTEDSTABLEHASH) and in ZINTERNALRESOURCE
// (ZFINGERPRINT, ZSTABLEHASH). Equal fingerprints mean equal bytes for every
// purpose here; SHA-1 is Apple's choice and is never photogo's only proof.
package fingerprint

import (
	"crypto/sha1"
	"encoding/base64"
	"hash"
)

// Size is the length of a fingerprint in bytes: a version byte and a SHA-1.
const Size = 1 + sha1.Size

// TextLen is the length of a fingerprint as Photos writes it.
const TextLen = 28

const salt = "com.apple.XattrObjectSalt\x00com.apple.DataObjectSalt\x00"

// Hash computes a fingerprint. It is a hash.Hash whose Sum has Size bytes; use
// New to make one.
type Hash struct{ hash.Hash }

// New returns a Hash of no bytes yet.
func New() Hash {
	h := Hash{sha1.New()}
	h.Reset()
	return h
}

// Reset forgets the bytes written so far.
func (h Hash) Reset() {
	h.Hash.Reset()
	h.Hash.Write([]byte(salt)) // a hash.Hash never fails to write
}

// Size returns the length of Sum's result, Size.
func (h Hash) Size() int { return Size }

// Sum appends the fingerprint of the bytes written so far to b.
func (h Hash) Sum(b []byte) []byte { return h.Hash.Sum(append(b, 1)) }

// Text returns the fingerprint of the bytes written so far as Photos writes it:
// TextLen characters.
func (h Hash) Text() string { return base64.RawStdEncoding.EncodeToString(h.Sum(nil)) }

// Valid reports whether text has the shape of a fingerprint. Photos leaves the
// column empty for fresh imports; anything else that is not valid cannot be
// compared with.
func Valid(text string) bool {
	if len(text) != TextLen {
		return false
	}
	raw, err := base64.RawStdEncoding.DecodeString(text)
	return err == nil && len(raw) == Size && raw[0] == 1
}
