package fingerprint

import (
	"crypto/sha1"
	"encoding/base64"
	"hash"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

var _ hash.Hash = Hash{}

// The values were computed with an independent program from the formula that
// agrees with 39 real libraries.
func TestText(t *testing.T) {
	for _, tt := range []struct{ bytes, want string }{
		{"", emptyFingerprint},
		{"abc", independent("abc")},
		{strings.Repeat("photo", 100000), independent(strings.Repeat("photo", 100000))},
	} {
		h := New()
		h.Write([]byte(tt.bytes))
		if got := h.Text(); got != tt.want {
			t.Errorf("fingerprint of %d bytes = %s, want %s", len(tt.bytes), got, tt.want)
		}
		if !Valid(h.Text()) || len(h.Text()) != TextLen || len(h.Sum(nil)) != h.Size() {
			t.Errorf("fingerprint of %d bytes has not its own shape: %s", len(tt.bytes), h.Text())
		}
	}
}

func TestAnyCutOfTheBytesGivesOneValue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		data := rapid.SliceOf(rapid.Byte()).Draw(t, "data")
		cut := rapid.IntRange(0, len(data)).Draw(t, "cut")
		h := New()
		h.Write(data[:cut])
		h.Sum(nil) // must not disturb what follows
		h.Write(data[cut:])
		if want := independent(string(data)); h.Text() != want {
			t.Fatalf("%s, want %s", h.Text(), want)
		}
		h.Reset()
		if h.Text() != emptyFingerprint {
			t.Fatalf("after Reset: %s", h.Text())
		}
	})
}

func TestValid(t *testing.T) {
	for text, want := range map[string]bool{
		emptyFingerprint:            true,
		"":                          false,
		emptyFingerprint[1:]:        false,
		"B" + emptyFingerprint[1:]:  false, // another version byte
		emptyFingerprint[:27] + "!": false,
		emptyFingerprint + "AAAA":   false,
	} {
		if Valid(text) != want {
			t.Errorf("Valid(%q) = %v", text, !want)
		}
	}
}

func independent(data string) string {
	sum := sha1.Sum([]byte("com.apple.XattrObjectSalt\x00com.apple.DataObjectSalt\x00" + data))
	return strings.TrimRight(base64.StdEncoding.EncodeToString(append([]byte{1}, sum[:]...)), "=")
}

const emptyFingerprint = "AW2cWT2PxzWixMKuuNMTHJ8CJ3sH"
