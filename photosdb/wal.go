package photosdb

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// The format of a write-ahead log: https://www.sqlite.org/fileformat2.html#the_write_ahead_log
const (
	walMagic       = 0x377f0682 // the last bit tells the byte order of the checksums
	walVersion     = 3007000
	walFrameHeader = 24
	minPageSize    = 512
	maxPageSize    = 65536
)

// wal is what the write-ahead log of a database holds: its committed pages.
type wal struct {
	header   [walHeaderSize]byte
	pageSize int64
	frames   int64            // committed frames from the start of the log
	sum      [8]byte          // checksum of the last of them
	size     int64            // pages of the database after the last commit
	pages    map[uint32]int64 // page number to where its newest committed content stands in the log
	rest     bool             // frames that are not committed follow: a transaction under way, or one taken back
}

// offset is where a frame begins in the log.
func (w *wal) offset(frame int64) int64 {
	return walHeaderSize + frame*(walFrameHeader+w.pageSize)
}

// none reports whether there is no log, or one that holds nothing.
func (w *wal) none() bool { return w == nil || w.frames == 0 }

// readWAL reads a log from its beginning to the last commit. It returns nil for
// one that is too short to hold anything, and for one whose header is none, as
// SQLite does. A frame counts with its salts and checksum only: what stands
// behind it is of an earlier round of the log.
func readWAL(r io.ReaderAt) (*wal, error) {
	w := &wal{pages: map[uint32]int64{}}
	if _, err := r.ReadAt(w.header[:], 0); errors.Is(err, io.EOF) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	big := binary.BigEndian
	var order binary.ByteOrder = binary.LittleEndian
	switch big.Uint32(w.header[:]) {
	case walMagic:
	case walMagic | 1:
		order = big
	default:
		return nil, nil
	}
	if version := big.Uint32(w.header[4:]); version != walVersion {
		return nil, fmt.Errorf("write-ahead log of version %d", version)
	}
	w.pageSize = int64(big.Uint32(w.header[8:]))
	if w.pageSize < minPageSize || w.pageSize > maxPageSize || w.pageSize&(w.pageSize-1) != 0 {
		return nil, nil
	}
	sum := walSum(order, [2]uint32{}, w.header[:24])
	if sum != [2]uint32{big.Uint32(w.header[24:]), big.Uint32(w.header[28:])} {
		return nil, nil
	}
	pending := map[uint32]int64{} // pages of a transaction whose commit was not yet seen
	frame := make([]byte, walFrameHeader+w.pageSize)
	for i := int64(0); ; i++ {
		n, err := r.ReadAt(frame, w.offset(i))
		if errors.Is(err, io.EOF) {
			w.rest = w.rest || n >= walFrameHeader && w.ours(frame) // SQLite writes a frame's header before its page
			return w, nil
		} else if err != nil {
			return nil, err
		}
		if !w.ours(frame) {
			return w, nil
		}
		w.rest = true
		sum = walSum(order, walSum(order, sum, frame[:8]), frame[walFrameHeader:])
		page := big.Uint32(frame)
		if page == 0 || sum != [2]uint32{big.Uint32(frame[16:]), big.Uint32(frame[20:])} {
			return w, nil
		}
		pending[page] = w.offset(i) + walFrameHeader
		if size := big.Uint32(frame[4:]); size > 0 {
			for page, at := range pending {
				w.pages[page] = at
			}
			clear(pending)
			w.frames, w.size, w.rest = i+1, int64(size), false
			copy(w.sum[:], frame[16:24])
		}
	}
}

// ours reports whether a frame's salts are those of the log's header.
func (w *wal) ours(frame []byte) bool {
	return [8]byte(frame[8:16]) == [8]byte(w.header[16:24])
}

// grown reports whether a log holds anything else now than when it was read.
func (w *wal) grown(r io.ReaderAt) (bool, error) {
	var header [walHeaderSize]byte
	if _, err := r.ReadAt(header[:], 0); errors.Is(err, io.EOF) || err == nil && header != w.header {
		return true, nil
	} else if err != nil {
		return false, err
	}
	var frame [walFrameHeader]byte
	if w.frames > 0 {
		if _, err := r.ReadAt(frame[:], w.offset(w.frames-1)); errors.Is(err, io.EOF) || err == nil && [8]byte(frame[16:]) != w.sum {
			return true, nil
		} else if err != nil {
			return false, err
		}
	}
	if _, err := r.ReadAt(frame[:], w.offset(w.frames)); errors.Is(err, io.EOF) {
		return false, nil
	} else if err != nil {
		return false, err
	}
	return w.ours(frame[:]), nil
}

// walSum carries SQLite's checksum of a log on over some bytes, a multiple of 8.
func walSum(order binary.ByteOrder, sum [2]uint32, data []byte) [2]uint32 {
	a, b := sum[0], sum[1]
	if order == binary.LittleEndian { // nearly always: worth a loop without calls through the interface
		for ; len(data) >= 8; data = data[8:] {
			a += binary.LittleEndian.Uint32(data) + b
			b += binary.LittleEndian.Uint32(data[4:]) + a
		}
		return [2]uint32{a, b}
	}
	for ; len(data) >= 8; data = data[8:] {
		a += binary.BigEndian.Uint32(data) + b
		b += binary.BigEndian.Uint32(data[4:]) + a
	}
	return [2]uint32{a, b}
}
