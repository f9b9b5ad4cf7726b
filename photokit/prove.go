package photokit

import (
	"context"
	"errors"
	"fmt"
	"hash"
	"io"

	"github.com/photogo/photogo/fingerprint"
)

// Want is what the library recorded of a file. The zero value of a field means
// that it recorded nothing.
type Want struct {
	Fingerprint string // Apple's; see package fingerprint
	Size        int64  // bytes
	Width       int    // stored pixels
	Height      int    // stored pixels
	UTI         string // uniform type identifier
}

// Proof is how well a file is known to be the one that the library recorded.
type Proof string

// The proofs, best first.
const (
	// ProofFingerprint: the bytes have Apple's fingerprint.
	ProofFingerprint Proof = "fingerprint"
	// ProofSize: the library has no fingerprint. The size is the recorded one,
	// and nothing in the file speaks against its type and its pixels.
	ProofSize Proof = "size"
	// ProofShape: the library has no size either. The file is complete, of the
	// recorded type, and has the recorded pixels.
	ProofShape Proof = "shape"
)

// source is what a file is proven from; *os.File is one.
type source interface {
	io.Reader
	io.ReaderAt
}

// proveAtOnce is how many bytes are read at a time.
const proveAtOnce = 256 << 10

// prove reads a file once, through buf, and compares it with what is wanted. also is
// given the bytes, too; it may be nil. Errors: ErrNotOriginal, those of reading, and
// those of the context.
func prove(ctx context.Context, f source, want Want, also hash.Hash, buf []byte) (p Proof, size int64, apple string, err error) {
	print := fingerprint.New()
	if also != nil {
		also.Reset()
	}
	for {
		n, err := f.Read(buf)
		print.Write(buf[:n])
		if also != nil {
			also.Write(buf[:n])
		}
		size += int64(n)
		if err == io.EOF {
			break
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return "", size, "", err
		}
	}
	apple = print.Text()
	p, err = judge(f, size, apple, want)
	if err != nil {
		err = fmt.Errorf("%w: %w", ErrNotOriginal, err)
	}
	return p, size, apple, err
}

// judge says whether a file is the original. An error says why not.
func judge(f io.ReaderAt, size int64, apple string, want Want) (Proof, error) {
	sized := func(err error) error {
		if want.Size > 0 && size != want.Size {
			return fmt.Errorf("%w; it has %d bytes, the library recorded %d", err, size, want.Size)
		}
		return err
	}
	if fingerprint.Valid(want.Fingerprint) {
		if apple != want.Fingerprint {
			return "", sized(fmt.Errorf("its fingerprint is %s, the library recorded %s", apple, want.Fingerprint))
		}
		return ProofFingerprint, nil
	}
	if want.Size > 0 && size != want.Size {
		return "", fmt.Errorf("it has %d bytes, the library recorded %d", size, want.Size)
	}
	m, err := examine(f, size)
	if err != nil {
		return "", err
	}
	if wrong := contradicts(want.UTI, m.container); wrong {
		return "", fmt.Errorf("it is %s, the library recorded %s", m.container, want.UTI)
	}
	pixels := m.width > 0 && want.Width > 0 && want.Height > 0
	if pixels && !(m.width == want.Width && m.height == want.Height) && !(m.width == want.Height && m.height == want.Width) {
		return "", fmt.Errorf("it has %d x %d pixels, the library recorded %d x %d", m.width, m.height, want.Width, want.Height)
	}
	switch {
	case want.Size > 0:
		return ProofSize, nil
	case !m.complete:
		return "", errors.New("it is not known to be complete, and the library recorded neither its size nor a fingerprint")
	case pixels, m.container == propertyList && want.UTI != "" && !contradicts(want.UTI, propertyList) && families[want.UTI] == propertyList:
		return ProofShape, nil
	}
	return "", errors.New("the library recorded nothing to compare it with")
}
