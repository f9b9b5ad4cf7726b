package export

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"

	"github.com/zeebo/blake3"

	"github.com/photogo/photogo/manifest"
	"github.com/photogo/photogo/photosdb"
)

// openFile is a file that is not as it should be: missing, or altered.
type openFile struct {
	UUID     photosdb.UUID
	Role     photosdb.Role
	Path     string
	Reason   string
	Size     int64           // as the library recorded it
	Entry    *manifest.Entry // of an altered one
	Recorded bool            // the library has the file in its database
}

// openFiles are files as a run meets them, packed: with "Optimise Storage" nearly all
// originals of a library can be missing.
type openFiles struct {
	files  int
	lacks  int // of these, how many are missing
	blocks [][]byte
}

const openBlock = 1 << 18 // bytes

func (l *openFiles) add(f openFile) {
	l.files++
	if f.Entry == nil {
		l.lacks++
	}
	row := f.append(nil)
	if last := len(l.blocks) - 1; last >= 0 && len(l.blocks[last])+len(row) <= cap(l.blocks[last]) {
		l.blocks[last] = append(l.blocks[last], row...)
		return
	}
	l.blocks = append(l.blocks, append(make([]byte, 0, max(openBlock, len(row))), row...))
}

// A file is a flag that says whether it is recorded, its size, and then, each after its
// length, its texts and, as JSON, its entry.
func (f openFile) append(b []byte) []byte {
	recorded := byte(0)
	if f.Recorded {
		recorded = 1
	}
	b = binary.AppendVarint(append(b, recorded), f.Size)
	var entry []byte
	if f.Entry != nil {
		entry, _ = json.Marshal(f.Entry) // of texts, numbers and a hash
	}
	for _, text := range [...]string{string(f.UUID), string(f.Role), f.Path, f.Reason, string(entry)} {
		b = append(binary.AppendUvarint(b, uint64(len(text))), text...)
	}
	return b
}

const openMagic = "photogo open 1\n"

const openName = "open"

// keep writes the files down, and returns their seal; "" for none.
func (l *openFiles) keep(record *manifest.Manifest) (seal string, err error) {
	if l.files == 0 {
		return "", nil
	}
	sum := blake3.New()
	err = record.WriteBeside(openName, func(w io.Writer) error {
		w = io.MultiWriter(w, sum)
		if _, err := io.WriteString(w, openMagic); err != nil {
			return err
		}
		for _, block := range l.blocks {
			if _, err := w.Write(block); err != nil {
				return err
			}
		}
		return nil
	})
	return hex.EncodeToString(sum.Sum(nil)), err
}

// sealedOpen opens the files with a seal; ok is false where they are not there. Close
// must be called after use where there is no error.
func sealedOpen(record *manifest.Manifest, seal string) (_ *openReader, ok bool, err error) {
	if seal == "" {
		return &openReader{}, true, nil
	}
	file, ok, err := sealed(record, openName, seal)
	if err != nil || !ok {
		return nil, false, err
	}
	return &openReader{file}, true, nil
}

// sealed opens what lies beside the record under a name, if it has a seal: BLAKE3 of it.
func sealed(record *manifest.Manifest, name, seal string) (_ io.ReadSeekCloser, ok bool, err error) {
	file, err := record.OpenBeside(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	} else if err != nil {
		return nil, false, err
	}
	sum := blake3.New()
	if _, err = io.Copy(sum, file); err == nil {
		_, err = file.Seek(0, io.SeekStart)
	}
	if err != nil || hex.EncodeToString(sum.Sum(nil)) != seal {
		return nil, false, errors.Join(err, file.Close())
	}
	return file, true, nil
}

// openReader reads files that were kept.
type openReader struct {
	file io.ReadSeekCloser // nil: there are none
}

func (r *openReader) Close() error {
	if r.file == nil {
		return nil
	}
	return r.file.Close()
}

// all yields the files, from the first on each time.
func (r *openReader) all() iter.Seq2[openFile, error] {
	return func(yield func(openFile, error) bool) {
		if r.file == nil {
			return
		}
		if _, err := r.file.Seek(0, io.SeekStart); err != nil {
			yield(openFile{}, err)
			return
		}
		readOpen(r.file)(yield)
	}
}

var errOpen = errors.New("what is missing or altered cannot be read")

// mostOpenText bounds what is taken for a path, a reason or an entry, in bytes.
const mostOpenText = 1 << 20

func readOpen(from io.Reader) iter.Seq2[openFile, error] {
	return func(yield func(openFile, error) bool) {
		b := bufio.NewReaderSize(from, 1<<16)
		head := make([]byte, len(openMagic))
		if _, err := io.ReadFull(b, head); err != nil || string(head) != openMagic {
			yield(openFile{}, fmt.Errorf("%w: it does not begin as it should", errOpen))
			return
		}
		var text bytes.Buffer
		for {
			f, err := readOpenFile(b, &text)
			if errors.Is(err, io.EOF) {
				return
			} else if err != nil {
				yield(openFile{}, fmt.Errorf("%w: %w", errOpen, err))
				return
			}
			if !yield(f, nil) {
				return
			}
		}
	}
}

// readOpenFile returns io.EOF at the end, and io.ErrUnexpectedEOF within a file.
func readOpenFile(b *bufio.Reader, scratch *bytes.Buffer) (f openFile, err error) {
	recorded, err := b.ReadByte()
	if err != nil {
		return f, err
	}
	f.Recorded = recorded == 1
	if f.Size, err = binary.ReadVarint(b); err != nil {
		return f, unexpected(err)
	}
	var entry string
	for _, into := range [...]*string{(*string)(&f.UUID), (*string)(&f.Role), &f.Path, &f.Reason, &entry} {
		n, err := binary.ReadUvarint(b)
		if err != nil {
			return f, unexpected(err)
		}
		if n > mostOpenText {
			return f, fmt.Errorf("a text of %d bytes", n)
		}
		scratch.Reset()
		if _, err := io.CopyN(scratch, b, int64(n)); err != nil {
			return f, unexpected(err)
		}
		*into = scratch.String()
	}
	if entry != "" {
		err = json.Unmarshal([]byte(entry), &f.Entry)
	}
	return f, err
}

func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
