package photosdb

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"howett.net/plist"
	"zombiezen.com/go/sqlite"

	"github.com/photogo/photogo/internal/fixture"
)

// binaryList makes a binary property list of objects in their binary form; the first
// is the top. Names of objects take two bytes.
func binaryList(objects ...string) []byte {
	data := []byte("bplist00")
	var offsets []byte
	for _, o := range objects {
		offsets = binary.BigEndian.AppendUint32(offsets, uint32(len(data)))
		data = append(data, o...)
	}
	table := len(data)
	data = append(append(data, offsets...), 0, 0, 0, 0, 0, 0, 4, 2)
	for _, n := range []int{len(objects), 0, table} {
		data = binary.BigEndian.AppendUint64(data, uint64(n))
	}
	return data
}

// refs are names of objects.
func refs(names ...int) (s string) {
	for _, n := range names {
		s += string([]byte{byte(n >> 8), byte(n)})
	}
	return s
}

// array is an array of objects, however many.
func array(names ...int) string {
	n := len(names)
	return "\xaf\x12" + string(binary.BigEndian.AppendUint32(nil, uint32(n))) + refs(names...)
}

func repeat(name, times int) (out []int) {
	for range times {
		out = append(out, name)
	}
	return out
}

// archiveOf is an archive with some objects: root can be named as 7, the others
// from 8 on.
func archiveOf(root string, others ...string) []byte {
	head := []string{"\xd2" + refs(1, 2, 3, 4), "\x54$top", "\x58$objects", "\xd1" + refs(5, 6), array(7, 7), "\x54root", "\x80\x01", root}
	return binaryList(append(head, others...)...)
}

// Archives made to hurt are refused at once, without taking much memory.
func TestHostileArchivesAreRefused(t *testing.T) {
	var laughs []string // each names the next ten times
	for i := range 12 {
		laughs = append(laughs, array(repeat(9+i, 10)...))
	}
	chain := func(first, n int) (objects []string) { // each names the next
		for i := range n {
			objects = append(objects, "\xa1"+refs(first+1+i))
		}
		return objects
	}
	// The first chain is measured before the second one, which ends in it.
	detour := append(append(chain(8, 25), "\x09"), chain(34, 25)...)
	detour[len(detour)-1] = "\xa1" + refs(8)
	length := func(n uint32) string { return "\x12" + string(binary.BigEndian.AppendUint32(nil, n)) }
	text := "\x6f" + length(150_000) + strings.Repeat("\x00x", 150_000)
	for name, test := range map[string]struct {
		data []byte
		why  string
	}{
		"empty":                {nil, "not a binary"},
		"header only":          {[]byte("bplist00"), "not a binary"},
		"XML":                  {[]byte(`<?xml version="1.0"?><plist version="1.0"><dict><key>a</key></dict></plist>`), "not a binary"},
		"no trailer":           {append([]byte("bplist00"), make([]byte, 64)...), "trailer"},
		"names itself":         {archiveOf("\xa1" + refs(7)), "object 7 contains itself"},
		"a circle":             {archiveOf("\xa1"+refs(8), "\xa1"+refs(7)), "contains itself"},
		"laughs":               {archiveOf("\xa1"+refs(8), append(laughs, "\x09")...), "more values"},
		"many members":         {archiveOf("\xa1"+refs(8), array(repeat(9, 300)...), array(repeat(10, 300)...), "\x09"), "more values"},
		"deep":                 {archiveOf("\xa1"+refs(8), append(chain(8, 5000), "\x09")...), "more values or levels"},
		"deep by a detour":     {archiveOf("\xa2"+refs(8, 34), detour...), "more values or levels"},
		"4 GB of text":         {archiveOf("\x5f" + length(1<<32-1)), "object 7 is longer"},
		"2^62 members":         {archiveOf("\xaf\x13\x40" + strings.Repeat("\x00", 7)), "object 7 is longer"},
		"2^63 pairs":           {archiveOf("\xdf\x13\x80" + strings.Repeat("\x00", 7)), "object 7 is longer"},
		"2^63 characters":      {archiveOf("\x6f\x13\x80" + strings.Repeat("\x00", 7)), "object 7 is longer"},
		"a length of text":     {archiveOf("\x5f\x51x"), "has no length"},
		"a member that is not": {archiveOf("\xa1" + refs(999)), "no object 999"},
		"two megabytes":        {archiveOf(strings.Repeat("\x08", 2<<20)), "too many"},
		"one text many times":  {sharedBytes(archiveOf(array(manyFrom(8, 30_000)...), append([]string{text}, repeatText("\x09", 30_000)...)...)), "more values"},
		"no root":              {archiveOf("\x09"), "no root"},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, _, err := openArchive(test.data)
		runtime.ReadMemStats(&after)
		if err == nil || !strings.Contains(err.Error(), test.why) {
			t.Errorf("%s: %v, want %q", name, err, test.why)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > 64<<20 {
			t.Errorf("%s took %d MB", name, used>>20)
		}
	}
	if _, _, err := openArchive(archiveOf("\xd0")); err != nil {
		t.Errorf("the shape that the others are made of is no archive itself: %v", err)
	}
}

func repeatText(s string, times int) (out []string) {
	for range times {
		out = append(out, s)
	}
	return out
}

func manyFrom(first, n int) (out []int) {
	for i := range n {
		out = append(out, first+i)
	}
	return out
}

// sharedBytes makes all objects after the ninth lie where the ninth lies.
func sharedBytes(data []byte) []byte {
	end := len(data) - 32
	count := int(binary.BigEndian.Uint64(data[end+8:]))
	table := int(binary.BigEndian.Uint64(data[end+24:]))
	for i := 9; i < count; i++ {
		copy(data[table+4*i:], data[table+4*8:table+4*8+4])
	}
	return data
}

// Thousands of areas with one long name: what would be told is more than the
// archive.
func TestTextTakenOutOfAnArchiveIsBounded(t *testing.T) {
	objects := []any{"$null",
		map[string]any{"mapItem": plist.UID(2)}, map[string]any{"sortedPlaceInfos": plist.UID(3)},
		map[string]any{}, strings.Repeat("Llanfair", 10_000), map[string]any{"name": plist.UID(4), "placeType": 4}}
	var infos []any
	for range 10_000 {
		infos = append(infos, plist.UID(5))
	}
	objects[3] = map[string]any{"NS.objects": infos}
	data, err := plist.Marshal(map[string]any{"$top": map[string]any{"root": plist.UID(1)}, "$objects": objects}, plist.BinaryFormat)
	if err != nil {
		t.Fatal(err)
	}
	if p, err := decodePlace(data); err == nil || !strings.Contains(err.Error(), "too much text") || p != nil {
		t.Errorf("%v", err)
	}
}

// archives are those of a library, to fuzz from.
func archives(t testing.TB) (out [][]byte) {
	lib := build(t, fixture.Options{})
	conn, err := sqlite.OpenConn(filepath.Join(lib.Path, databasePath), sqlite.OpenReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, q := range []string{"SELECT ZREVERSELOCATIONDATA FROM ZADDITIONALASSETATTRIBUTES WHERE ZREVERSELOCATIONDATA IS NOT NULL",
		"SELECT ZNAMECOMPONENTS FROM ZSHAREPARTICIPANT"} {
		err := each(conn, q, func(stmt *sqlite.Stmt) error {
			data := make([]byte, stmt.ColumnLen(0))
			stmt.ColumnBytes(0, data)
			out = append(out, data)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// FuzzArchive holds that no bytes in the place of a keyed archive make its
// decoders panic or take long, and that what they tell is bounded.
func FuzzArchive(f *testing.F) {
	for _, data := range archives(f) {
		f.Add(data)
	}
	f.Add(archiveOf("\xd0"))
	f.Add(archiveOf("\xa1"+refs(8), "\xa1"+refs(7)))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := decodePlace(data)
		if (p == nil) != (err != nil) {
			t.Fatalf("%v, %v", p, err)
		}
		if p != nil && len(p.Name)+len(p.AddressText)+len(p.CountryCode) > 4*maxPlist {
			t.Fatal("more text than there can be")
		}
		decodeName(data)
	})
}

// FuzzSearchIndex holds that no bytes in the place of the search index stop a
// run. The fuzzer is given changes only, as in FuzzDatabase.
func FuzzSearchIndex(f *testing.F) { fuzzIndex(f, fixture.Options{}, searchIndexPath) }

// FuzzNewSearchIndex does so for the form of macOS 27.
func FuzzNewSearchIndex(f *testing.F) {
	fuzzIndex(f, fixture.Options{Generation: generation(f, "27")}, newSearchPath)
}

func fuzzIndex(f *testing.F, o fixture.Options, index string) {
	lib := build(f, o)
	data, err := os.ReadFile(filepath.Join(lib.Path, index))
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(nil), uint32(0), []byte(nil))
	f.Add([]byte{0, 0, 17, 0xff, 0, 16, 1, 0xff}, uint32(0), []byte("a log"))
	f.Fuzz(func(t *testing.T, changes []byte, length uint32, wal []byte) {
		if len(wal) > 1<<16 {
			return
		}
		data := append([]byte(nil), data...)
		for ; len(changes) >= 4; changes = changes[4:] {
			data[(int(changes[0])<<16|int(changes[1])<<8|int(changes[2]))%len(data)] = changes[3]
		}
		if length > 0 {
			data = data[:int(length)%len(data)]
		}
		path := cloneDatabase(t, lib.Path)
		write(t, filepath.Join(path, index), data)
		if len(wal) > 0 {
			write(t, filepath.Join(path, index+"-wal"), wal)
		}
		if n := len(listDetails(t, open(t, path), IncludeLabels)); n != len(lib.Assets) {
			t.Fatalf("%d assets", n)
		}
	})
}
