package archive

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"
	"unicode/utf8"
)

// readAll visits every file of an archive, with its content, and everything else of
// which more is to be told than that it is a folder. Borg's tar costs half as much
// again as borg needs to read an archive, so that a plain archive, of files and folders
// alone, is read as one stream of bytes, cut by the sizes that borg lists. That is as
// good for a proof: whatever is cut in the wrong place has another hash.
func (r *Repo) readAll(ctx context.Context, name string, visit func(Member, io.Reader) error) error {
	if err := checkReadable(name); err != nil {
		return err
	}
	files, plain, err := r.members(ctx, name)
	if err != nil {
		return err
	}
	if !plain {
		return r.Stream(ctx, name, nil, visit)
	}
	return r.piped(ctx, "read "+name, []string{"extract", "--stdout", "::" + name}, true, func(content io.Reader) error {
		return readConcatenated(content, files, visit)
	})
}

// listFormat is what borg tells of a member: what it is, as ls does, its size in bytes
// and its path. In place of what is not Unicode in a path borg writes a question mark.
const listFormat = "{mode}{NUL}{size}{NUL}{bpath}{NUL}"

// members lists the files of an archive in their order. It is not plain, and then there
// is no list, if it holds more than files and folders, or names of which the list does
// not tell every byte: of links borg does not tell either, without a doubt, where they
// point to.
func (r *Repo) members(ctx context.Context, name string) (files []Member, plain bool, err error) {
	if err := r.sweepLocks(); err != nil {
		return nil, false, err
	}
	plain = true
	err = r.piped(ctx, "list "+name, []string{"list", "--format", listFormat, "::" + name}, false, func(content io.Reader) error {
		files, plain, err = readList(content)
		return err
	})
	if err != nil || !plain {
		return nil, false, err
	}
	return files, true, nil
}

// readList reads what borg writes in listFormat.
func readList(r io.Reader) (files []Member, plain bool, err error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	lines.Split(func(data []byte, atEnd bool) (int, []byte, error) {
		if i := bytes.IndexByte(data, 0); i >= 0 {
			return i + 1, data[:i], nil
		} else if atEnd && len(data) > 0 {
			return 0, nil, fmt.Errorf("%w: a list that ends within a name", errContent)
		}
		return 0, nil, nil
	})
	plain = true
	for lines.Scan() {
		mode := lines.Text()
		var field [2]string
		for i := range field {
			if !lines.Scan() {
				return nil, false, errors.Join(lines.Err(), fmt.Errorf("%w: a list that ends within a member", errContent))
			}
			field[i] = lines.Text()
		}
		size, err := strconv.ParseInt(field[0], 10, 64)
		switch {
		case err != nil || size < 0 || mode == "" || field[1] == "":
			return nil, false, fmt.Errorf("%w: a list with %q as a file's mode and %q as its size", errContent, mode, field[0])
		case strings.ContainsRune(field[1], '?') || !utf8.ValidString(field[1]):
			plain = false
		case mode[0] == 'd':
		case mode[0] == '-':
			files = append(files, Member{Path: path.Clean(field[1]), Kind: File, Size: size})
		default:
			plain = false
		}
	}
	return files, plain, lines.Err()
}

// readConcatenated visits files whose contents follow each other, and makes sure that
// nothing comes after them.
func readConcatenated(r io.Reader, files []Member, visit func(Member, io.Reader) error) error {
	for _, m := range files {
		content := &io.LimitedReader{R: r, N: m.Size}
		if err := visit(m, content); err != nil {
			return err
		}
		if _, err := io.Copy(io.Discard, content); err != nil {
			return err
		}
		if content.N > 0 {
			return fmt.Errorf("%w: %q lacks %d of its %d bytes", errContent, m.Path, content.N, m.Size)
		}
	}
	if n, err := io.CopyN(io.Discard, r, 1); n > 0 {
		return fmt.Errorf("%w: there are more bytes than its files have", errContent)
	} else if !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}
