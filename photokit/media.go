package photokit

import (
	"bytes"
	"encoding/binary"
	"image/jpeg"
	"image/png"
	"io"
	"strings"
)

// container is what the first bytes of a file say that it is.
type container string

const (
	isJPEG       container = "JPEG"
	isPNG        container = "PNG"
	isGIF        container = "GIF"
	isTIFF       container = "TIFF" // and most kinds of RAW
	isHEIF       container = "HEIF"
	isMovie      container = "a movie"
	propertyList container = "a property list"
	isUnknown    container = ""
)

// families are the containers of the types that occur as originals and whose
// container is certain.
var families = map[string]container{
	"public.jpeg": isJPEG, "public.png": isPNG, "com.compuserve.gif": isGIF, "public.tiff": isTIFF,
	"public.heic": isHEIF, "public.heif": isHEIF, "public.avci": isHEIF, "public.avif": isHEIF,
	"com.apple.quicktime-movie": isMovie, "public.mpeg-4": isMovie, "com.apple.m4v-video": isMovie, "public.3gpp": isMovie,
	"com.apple.property-list":                    propertyList,
	"com.apple.photos.apple-adjustment-envelope": propertyList,
}

// contradicts reports whether a file of a type cannot be in a container. What
// is not known contradicts nothing, except that no RAW is a JPEG.
func contradicts(uti string, c container) bool {
	if family, known := families[uti]; known {
		// An unknown container is not the known one of the type.
		return family != c
	}
	if strings.HasSuffix(uti, "raw-image") {
		return c == isJPEG || c == isPNG || c == isGIF || c == isHEIF || c == propertyList
	}
	return false
}

// media is what a file says of itself.
type media struct {
	container     container
	width, height int  // stored pixels; 0 unknown
	complete      bool // the end is where the file's own structure says
}

// examine looks at a file. Errors are those of reading.
func examine(f io.ReaderAt, size int64) (m media, err error) {
	head := make([]byte, min(size, 64))
	if _, err := f.ReadAt(head, 0); err != nil && err != io.EOF {
		return m, err
	}
	m.container = sniff(head)
	all := io.NewSectionReader(f, 0, size)
	switch m.container {
	case isJPEG:
		if c, err := jpeg.DecodeConfig(all); err == nil {
			m.width, m.height = c.Width, c.Height
		}
		m.complete = bytes.LastIndex(tail(f, size), []byte{0xff, 0xd9}) >= 0
	case isPNG:
		if c, err := png.DecodeConfig(all); err == nil {
			m.width, m.height = c.Width, c.Height
		}
		m.complete = bytes.Contains(tail(f, size), []byte("IEND\xae\x42\x60\x82"))
	case isGIF:
		m.width, m.height = int(binary.LittleEndian.Uint16(head[6:])), int(binary.LittleEndian.Uint16(head[8:]))
		end := tail(f, size)
		m.complete = end[len(end)-1] == 0x3b
	case isHEIF, isMovie:
		m.boxes(f, size)
	case propertyList:
		m.complete = wholePropertyList(head, tail(f, size), size)
	}
	return m, nil
}

// sniff says what a file is from its first bytes, of which there may be few.
func sniff(head []byte) container {
	starts := func(s string) bool { return bytes.HasPrefix(head, []byte(s)) }
	switch {
	case starts("\xff\xd8\xff"):
		return isJPEG
	case starts("\x89PNG\r\n\x1a\n"):
		return isPNG
	case (starts("GIF87a") || starts("GIF89a")) && len(head) >= 13:
		return isGIF
	case starts("II*\x00"), starts("MM\x00*"):
		return isTIFF
	case starts("bplist0"), starts("<?xml"), starts("<!DOCTYPE plist"), starts("<plist"):
		return propertyList
	case len(head) < 12:
		return isUnknown
	}
	switch string(head[4:8]) {
	case "ftyp":
		switch string(head[8:12]) {
		case "heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1", "avci", "avcs", "avif":
			return isHEIF
		case "crx ": // Canon's CR3
			return isUnknown
		}
		for _, brand := range []string{"mif1", "heic", "avif"} {
			if bytes.Contains(head[12:], []byte(brand)) { // compatible with
				return isHEIF
			}
		}
		return isMovie
	case "moov", "mdat", "wide", "free", "skip", "pnot":
		return isMovie // QuickTime files of old have no ftyp
	}
	return isUnknown
}

// tail returns the last bytes of a file.
func tail(f io.ReaderAt, size int64) []byte {
	end := make([]byte, min(size, 64<<10))
	if n, err := f.ReadAt(end, size-int64(len(end))); n < len(end) && err != nil {
		return make([]byte, 1)
	}
	return end
}

// Most that is read of a file's structure.
const (
	maxBoxes = 100_000
	maxMeta  = 4 << 20
)

// boxes walks the boxes of an ISO media file. They must fill the file exactly:
// a file that was cut ends inside of one.
func (m *media) boxes(f io.ReaderAt, size int64) {
	described, data := false, false
	at := int64(0)
	for range maxBoxes {
		if at == size {
			m.complete = described && data
			return
		}
		var head [16]byte
		n, _ := f.ReadAt(head[:min(16, size-at)], at)
		if n < 8 {
			return
		}
		length, name := int64(binary.BigEndian.Uint32(head[:])), string(head[4:8])
		switch {
		case length == 0: // to the end of the file, so that a cut would not show
			return
		case length == 1 && n == 16:
			length = int64(binary.BigEndian.Uint64(head[8:]))
		}
		if length < 8 || length > size-at {
			return
		}
		switch {
		case m.container == isMovie && name == "moov":
			described = true
		case m.container == isHEIF && name == "meta" && length <= maxMeta:
			described = true
			meta := make([]byte, length)
			if n, _ := f.ReadAt(meta, at); n == len(meta) {
				m.width, m.height = largest(meta[8:])
			}
		case name == "mdat":
			data = true
		}
		at += length
	}
}

// largest returns the extent of the largest image of a meta box: those of the
// tiles, thumbnails and maps are smaller than the picture's.
func largest(meta []byte) (width, height int) {
	if len(meta) < 4 {
		return 0, 0
	}
	for name, iprp := range inner(meta[4:]) {
		if name != "iprp" {
			continue
		}
		for name, ipco := range inner(iprp) {
			if name != "ipco" {
				continue
			}
			for name, p := range inner(ipco) {
				if name != "ispe" || len(p) < 12 {
					continue
				}
				w, h := binary.BigEndian.Uint32(p[4:]), binary.BigEndian.Uint32(p[8:])
				if w < 1<<20 && h < 1<<20 && int(w)*int(h) > width*height {
					width, height = int(w), int(h)
				}
			}
		}
	}
	return width, height
}

// inner yields the boxes in some bytes, until one does not fit.
func inner(b []byte) func(func(string, []byte) bool) {
	return func(yield func(string, []byte) bool) {
		for len(b) >= 8 {
			length := int64(binary.BigEndian.Uint32(b))
			if length < 8 || length > int64(len(b)) || !yield(string(b[4:8]), b[8:length]) {
				return
			}
			b = b[length:]
		}
	}
}

// wholePropertyList reports whether a property list ends as it should.
func wholePropertyList(head, end []byte, size int64) bool {
	if !bytes.HasPrefix(head, []byte("bplist0")) {
		return bytes.HasSuffix(bytes.TrimRight(end, " \t\r\n\x00"), []byte("</plist>"))
	}
	if len(end) < 32 {
		return false
	}
	// The table of offsets stands between the objects and the last 32 bytes.
	t := end[len(end)-32:]
	width, count, table := uint64(t[6]), binary.BigEndian.Uint64(t[8:]), binary.BigEndian.Uint64(t[24:])
	s := uint64(size)
	return width >= 1 && width <= 8 && count > 0 && count < s && table < s && table+count*width+32 == s
}
