package backup

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path"
	"time"
	"unicode/utf8"

	"github.com/zeebo/blake3"

	"github.com/photogo/photogo/archive"
	"github.com/photogo/photogo/internal/safefile"
	"github.com/photogo/photogo/manifest"
)

// The files of an explanation, in archive.OwnFolder.
const (
	SumsFile   = "manifest.b3"  // of every file of the archive, as b3sum --check reads it
	AssetsFile = "assets.jsonl" // whose these files are, and all that is known of them; see Described
	ReadmeFile = "README.txt"   // for a stranger
)

// RoleExplanation is the role of the files of an explanation, which have no owner.
const RoleExplanation = "explanation"

// Description is what is known of an owner: a JSON object, of which Facts are read
// later and the rest is handed on.
type Description struct {
	Owner string
	Asset json.RawMessage
}

// Explanation is what lies in an archive beside the files, so that borg and b3sum
// are enough to get everything out, and restoring needs nothing but the archives.
type Explanation struct {
	Library string
	Archive Archive // Name, Period and Created are told
	// Entries are the files of the archive, those of one owner together, as
	// Catalogue.EntriesByOwner yields them.
	Entries iter.Seq2[manifest.Entry, error]
	// Assets tells of their owners, in any order; of an owner who comes twice the
	// last counts, and owners without files here are left out. nil: nothing is known.
	Assets iter.Seq2[Description, error]
	// Dir is the folder for what Assets yields until its files are written; "": that
	// of the system for temporary files. The file has no name in it.
	Dir string
}

// Explained is an explanation that was written.
type Explained struct {
	// Files are the files of the explanation, with path, size, times, sum and role;
	// they belong into the archive.
	Files []manifest.Entry
	// Bare is the number of owners of whom nothing is told, because Assets did not
	// yield them or yielded more than maxAsset.
	Bare int
}

// Limits of a line of AssetsFile. Those who write keep to them, and those who read
// take no more, whatever a file holds.
const (
	maxLine  = 16 << 20 // bytes
	maxAsset = 8 << 20  // bytes of the object that is handed on
	maxFiles = 500      // of one line; an owner with more has several lines
	maxPaths = 4 << 20  // bytes of the files of one line, about
)

// fileLine is a file in AssetsFile.
type fileLine struct {
	Path     string         `json:"path"`
	Raw      []byte         `json:"path_bytes,omitempty"` // in base64, of a path that is no UTF-8
	Role     string         `json:"role"`
	Sum      manifest.Sum   `json:"b3"`
	Size     int64          `json:"size"`
	Modified string         `json:"modified"` // RFC 3339, to the microsecond, UTC
	Version  string         `json:"version,omitempty"`
	Apple    string         `json:"fingerprint,omitempty"`
	Proof    manifest.Proof `json:"proof,omitempty"`
}

type assetLine struct {
	Owner string          `json:"owner"`
	Files []fileLine      `json:"files"`
	Asset json.RawMessage `json:"asset"`
}

// Write writes the explanation into the root of what is to be archived, in place of
// one of the same archive. All three files are durable when it returns. Errors:
// those of the sequences and of the file system.
func (x Explanation) Write(ctx context.Context, root safefile.FS) (done Explained, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("explain %s: %w", x.Archive.Name, err)
		}
	}()
	dir := archive.OwnFolder(x.Archive.Name)
	if err := mkdirAll(root, dir); err != nil {
		return done, err
	}
	assets, err := collectAssets(ctx, x.Assets, x.Dir)
	if err != nil {
		return done, err
	}
	defer assets.close()
	w := &explainer{root: root, assets: assets}
	defer w.abandon()
	if err := errors.Join(w.create(path.Join(dir, AssetsFile)), w.create(path.Join(dir, ReadmeFile)), w.create(path.Join(dir, SumsFile))); err != nil {
		return done, err
	}
	if err := w.lines(ctx, x.Entries); err != nil {
		return done, err
	}
	if err := writeReadme(w.files[1], x); err != nil {
		return done, err
	}
	for _, f := range w.files[:2] { // the sums hold those of the other two, not their own
		if err := f.sumLine(w.files[2]); err != nil {
			return done, err
		}
	}
	if _, err := w.files[2].Write(w.odd.Bytes()); err != nil {
		return done, err
	}
	done.Bare = w.bare
	done.Files, err = w.finish()
	return done, err
}

// explainer writes the three files.
type explainer struct {
	root   safefile.FS
	assets *assetSpool
	files  []*hashedFile // assets, README, sums
	odd    bytes.Buffer  // sums of names that are no UTF-8: b3sum ends at the first of these
	bare   int
}

// hashedFile is a file that is being written under a temporary name.
type hashedFile struct {
	name, temp string
	file       safefile.File
	w          *bufio.Writer
	hash       *blake3.Hasher
	size       int64
}

func (f *hashedFile) Write(b []byte) (int, error) {
	f.size += int64(len(b))
	f.hash.Write(b)
	return f.w.Write(b)
}

func (f *hashedFile) entry() manifest.Entry {
	e := manifest.Entry{Path: f.name, Role: RoleExplanation, Size: f.size, Proof: manifest.ProofMade}
	f.hash.Sum(e.Sum[:0])
	return e
}

func (f *hashedFile) sumLine(w io.Writer) error { return manifest.WriteSum(w, f.entry()) }

func (w *explainer) create(name string) error {
	f := &hashedFile{name: name, temp: safefile.Temp(name), hash: blake3.New()}
	w.files = append(w.files, f)
	file, err := w.root.Create(f.temp)
	if err != nil {
		return err
	}
	f.file, f.w = file, bufio.NewWriterSize(file, 1<<16)
	return nil
}

// abandon removes what did not get its name.
func (w *explainer) abandon() {
	for _, f := range w.files {
		if f.file != nil {
			f.file.Close()
			w.root.Remove(f.temp)
		}
	}
}

// finish makes the files durable and gives them their names; the sums come last.
func (w *explainer) finish() (list []manifest.Entry, err error) {
	var temps, dirs []string
	for _, f := range w.files {
		if err := f.w.Flush(); err != nil {
			return nil, err
		}
		temps, dirs = append(temps, f.temp), append(dirs, path.Dir(f.name))
	}
	if err := w.root.Sync(temps...); err != nil {
		return nil, err
	}
	for _, f := range w.files {
		if err := f.file.Close(); err != nil {
			return nil, err
		}
		if err := w.root.Rename(f.temp, f.name); err != nil {
			return nil, err
		}
		f.file = nil
		info, err := w.root.Lstat(f.name)
		if err != nil {
			return nil, err
		}
		e := f.entry()
		e.ModTime, e.Stamp = info.ModTime().UnixNano(), info.ModTime().UnixMicro()
		list = append(list, e)
	}
	return list, w.root.Sync(dirs[0])
}

// lines writes a line for each owner, and the sum of each of the files.
func (w *explainer) lines(ctx context.Context, entries iter.Seq2[manifest.Entry, error]) error {
	var l assetLine
	size, told := 0, false // bytes of the files of l; whether the asset of its owner is written
	flush := func() error {
		if len(l.Files) == 0 {
			return nil
		}
		l.Asset = json.RawMessage("null")
		if !told && l.Owner != "" {
			asset, err := w.assets.get(l.Owner)
			if err != nil {
				return err
			}
			if asset == nil {
				w.bare++
			} else {
				l.Asset = asset
			}
			told = true
		}
		enc := json.NewEncoder(w.files[0])
		enc.SetEscapeHTML(false)
		err := enc.Encode(l)
		l.Files, size = l.Files[:0], 0
		return err
	}
	for e, err := range entries {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		sums := io.Writer(w.files[2])
		if !utf8.ValidString(e.Path) {
			sums = &w.odd
		}
		if err := manifest.WriteSum(sums, e); err != nil {
			return err
		}
		if e.Owner != l.Owner || len(l.Files) == maxFiles || size > maxPaths {
			if err := flush(); err != nil {
				return err
			}
			told = told && e.Owner == l.Owner
		}
		l.Owner = e.Owner
		l.Files = append(l.Files, lineOf(e))
		size += 6*len(e.Path) + 6*len(e.Version) + 300 // a character can take six
	}
	return flush()
}

func lineOf(e manifest.Entry) fileLine {
	f := fileLine{
		Path: e.Path, Role: e.Role, Sum: e.Sum, Size: e.Size, Version: e.Version, Apple: e.Apple, Proof: e.Proof,
		Modified: time.UnixMicro(e.Stamp).UTC().Format(time.RFC3339Nano),
	}
	if !utf8.ValidString(e.Path) {
		f.Raw = []byte(e.Path)
	}
	return f
}

// mkdirAll makes a folder and those above it.
func mkdirAll(root safefile.FS, dir string) error {
	if dir == "." {
		return nil
	}
	err := root.Mkdir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		if err := mkdirAll(root, path.Dir(dir)); err != nil {
			return err
		}
		err = root.Mkdir(dir)
	}
	if errors.Is(err, fs.ErrExist) {
		info, err := root.Lstat(dir)
		if err == nil && !info.IsDir() {
			err = fmt.Errorf("%s is no folder", dir)
		}
		return err
	}
	return err
}

// assetSpool keeps descriptions until their owners' files come: a file without a
// name, and where in it each owner stands.
type assetSpool struct {
	file *os.File
	at   map[[16]byte]span // by the beginning of the hash of the owner
}

type span struct{ offset, size int64 }

func ownerKey(owner string) (key [16]byte) {
	sum := blake3.Sum256([]byte(owner))
	copy(key[:], sum[:])
	return key
}

func collectAssets(ctx context.Context, assets iter.Seq2[Description, error], dir string) (_ *assetSpool, err error) {
	s := &assetSpool{at: map[[16]byte]span{}}
	if assets == nil {
		return s, nil
	}
	if s.file, err = os.CreateTemp(dir, "photogo-assets-*.tmp"); err != nil {
		return nil, err
	}
	os.Remove(s.file.Name())
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	b := bufio.NewWriterSize(s.file, 1<<16)
	var offset int64
	var compact bytes.Buffer
	for d, err := range assets {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return nil, fmt.Errorf("read what is known of the files: %w", err)
		}
		compact.Reset()
		if err := json.Compact(&compact, d.Asset); err != nil { // it must fit into one line
			return nil, fmt.Errorf("what is known of %s: %w", d.Owner, err)
		}
		if compact.Len() > maxAsset {
			continue
		}
		n, err := b.Write(compact.Bytes())
		if err != nil {
			return nil, err
		}
		s.at[ownerKey(d.Owner)] = span{offset, int64(n)}
		offset += int64(n)
	}
	return s, b.Flush()
}

// get returns what is known of an owner, nil for nothing.
func (s *assetSpool) get(owner string) (json.RawMessage, error) {
	at, ok := s.at[ownerKey(owner)]
	if !ok {
		return nil, nil
	}
	asset := make([]byte, at.size)
	_, err := s.file.ReadAt(asset, at.offset)
	return asset, err
}

func (s *assetSpool) close() {
	if s.file != nil {
		s.file.Close()
	}
}
