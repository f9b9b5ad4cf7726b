package export

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/zeebo/blake3"

	"github.com/photogo/photogo/manifest"
	"github.com/photogo/photogo/photosdb"
)

// past is what a run knew of the library, for the next one to see what changes: it
// lies beside the record, 42 bytes an asset, and a Rest names it by its seal. A run
// forgets its Rest before it does anything else, so that a past without its Rest, or
// with that of another run, is none.
type past struct {
	library *photosdb.Baseline
	counts  counts
}

// counts are how many files were planned for each asset, in order of id once they are
// sorted. An asset that was not asked for is not among them.
type counts []count

type count struct{ id, files uint64 }

func countOf(g *Group) count { return count{countID(g.Asset), uint64(len(g.Items))} }

// countID is a hash of an asset's UUID. Where two meet, a number in a summary is wrong.
func countID(uuid photosdb.UUID) uint64 {
	sum := blake3.Sum256([]byte(uuid))
	return binary.LittleEndian.Uint64(sum[:])
}

func (c counts) sort() { slices.SortFunc(c, func(a, b count) int { return cmp.Compare(a.id, b.id) }) }

// of returns how many files an asset had; ok is false if it was not asked for.
func (c counts) of(uuid photosdb.UUID) (files int, ok bool) {
	i, ok := slices.BinarySearchFunc(c, countID(uuid), func(c count, id uint64) int { return cmp.Compare(c.id, id) })
	if !ok {
		return 0, false
	}
	return int(c[i].files), true
}

// files is how many there are in all.
func (c counts) files() (n int) {
	for _, asset := range c {
		n += int(asset.files)
	}
	return n
}

// with returns the counts with those of assets that were planned anew.
func (c counts) with(again map[photosdb.UUID]bool, planned counts) counts {
	ids := make(map[uint64]bool, len(again))
	for uuid := range again {
		ids[countID(uuid)] = true
	}
	all := make(counts, 0, len(c)+len(planned))
	for _, asset := range c {
		if !ids[asset.id] {
			all = append(all, asset)
		}
	}
	all = append(all, planned...)
	all.sort()
	return all
}

// The file: this line, the number of counts, for each its id and its number of files
// as a varint, and then the Baseline. Its seal is BLAKE3 of all of it.
const pastMagic = "photogo past 1\n"

const pastName = "past"

func (p past) write(w io.Writer) error {
	b := bufio.NewWriterSize(w, 1<<16)
	b.WriteString(pastMagic)
	b.Write(binary.LittleEndian.AppendUint64(nil, uint64(len(p.counts))))
	var row [8 + binary.MaxVarintLen64]byte
	for _, asset := range p.counts {
		binary.LittleEndian.PutUint64(row[:], asset.id)
		b.Write(row[:8+binary.PutUvarint(row[8:], asset.files)])
	}
	if _, err := p.library.WriteTo(b); err != nil {
		return err
	}
	return b.Flush()
}

var errNoPast = errors.New("what is known of the library cannot be read")

// readPast reads what write wrote.
func readPast(r io.Reader) (p past, err error) {
	b := bufio.NewReaderSize(r, 1<<16)
	head := make([]byte, len(pastMagic)+8)
	if _, err := io.ReadFull(b, head); err != nil || !bytes.HasPrefix(head, []byte(pastMagic)) {
		return p, fmt.Errorf("%w: it does not begin as it should", errNoPast)
	}
	for n := binary.LittleEndian.Uint64(head[len(pastMagic):]); n > 0; n-- {
		var id [8]byte
		if _, err := io.ReadFull(b, id[:]); err != nil {
			return p, fmt.Errorf("%w: it ends too soon", errNoPast)
		}
		files, err := binary.ReadUvarint(b)
		if err != nil {
			return p, fmt.Errorf("%w: it ends too soon", errNoPast)
		}
		c := count{binary.LittleEndian.Uint64(id[:]), files}
		if len(p.counts) > 0 && c.id < p.counts[len(p.counts)-1].id {
			return p, fmt.Errorf("%w: its assets are out of order", errNoPast)
		}
		p.counts = append(p.counts, c)
	}
	if p.library, err = photosdb.ReadBaseline(b); err != nil {
		return p, fmt.Errorf("%w: %w", errNoPast, err)
	}
	return p, nil
}

// keepPast writes down what the run knows of the library, and returns its seal; "" if
// it knows too little.
func (r *run) keepPast() (seal string, err error) {
	if r.job.Library == nil || r.job.Library.Cursor() != r.job.Cursor {
		return "", nil
	}
	p := past{library: r.job.Library, counts: r.plan.counts}
	p.counts.sort()
	if c := r.plan.carried; c != nil {
		p.counts = c.past.counts.with(c.again, p.counts)
	}
	if p.counts.files() != r.summary.Files || len(p.counts) != r.summary.Assets {
		return "", nil // of some files nothing was told
	}
	sum := blake3.New()
	err = r.job.Record.WriteBeside(pastName, func(w io.Writer) error { return p.write(io.MultiWriter(w, sum)) })
	return hex.EncodeToString(sum.Sum(nil)), err
}

// readPastOf reads the past with a seal; ok is false where there is none.
func readPastOf(record *manifest.Manifest, seal string) (p past, ok bool, err error) {
	if seal == "" {
		return p, false, nil
	}
	file, ok, err := sealed(record, pastName, seal)
	if err != nil || !ok {
		return p, false, err
	}
	defer file.Close()
	p, err = readPast(file)
	if errors.Is(err, errNoPast) {
		return p, false, nil
	}
	return p, err == nil, err
}
