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

// list makes a binary property list of objects in their binary form; the first
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

// archiveOf is an archive with some objects: the first is what $top names, the
// others can be named from 7 on.
func archiveOf(root string, others ...string) []byte {
	head := []string{"\xd2" + refs(1, 2, 3, 4), "\x54$top", "\x58$objects", "\xd1" + refs(5, 6), array(append([]int{7}, 7)...), "\x54root", "\x80\x01", root}
	return binaryList(append(head, others...)...)
}

// Archives made to hurt are refused at once, without taking much memory.
func TestHostileArchivesAreRefused(t *testing.T) {
	var laughs []string // each names the next ten times
	for i := range 12 {
		laughs = append(laughs, array(repeat(9+i, 10)...))
	}
	var deep []string
	for i := range 5000 {
		deep = append(deep, "\xa1"+refs(9+i))
	}
	long := "\x5f\x12" + string(binary.BigEndian.AppendUint32(nil, 500_000)) + strings.Repeat("x", 500_000)
	var copies []string // all objects lie at the same bytes: see below
	for range 30_000 {
		copies = append(copies, "")
	}
	key := "\x5amapItem\x00\x00\x00"
	for name, data := range map[string][]byte{
		"empty":                {},
		"header only":          []byte("bplist00"),
		"XML":                  []byte(`<?xml version="1.0"?><plist><dict/></plist>`),
		"names itself":         archiveOf("\xa1" + refs(7)),
		"a circle":             archiveOf("\xa1"+refs(8), "\xa1"+refs(7)),
		"laughs":               archiveOf("\xd1"+refs(8, 9), append([]string{key}, laughs...)...),
		"deep":                 archiveOf("\xa1"+refs(8), deep...),
		"4 GB of text":         archiveOf("\x5f\x12\xff\xff\xff\xff"),
		"2^62 members":         archiveOf("\xaf\x13\x40\x00\x00\x00\x00\x00\x00\x00"),
		"2^63 pairs":           archiveOf("\xdf\x13\x80\x00\x00\x00\x00\x00\x00\x00"),
		"2^63 characters":      archiveOf("\x6f\x13\x80\x00\x00\x00\x00\x00\x00\x00"),
		"a member that is not": archiveOf("\xa1" + refs(999)),
		"many members":         archiveOf("\xa1"+refs(8), append([]string{array(repeat(9, 40_000)...), array(repeat(10, 40_000)...)}, "\x09")...),
		"two megabytes":        archiveOf("\x54root", long, long, long, long, long),
		"copies":               sharedBytes(archiveOf(array(manyFrom(8, 30_000)...), append([]string{long[:400_000+6]}, copies...)...)),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, _, err := openArchive(data)
		runtime.ReadMemStats(&after)
		if err == nil {
			t.Errorf("%s is decoded", name)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > 64<<20 {
			t.Errorf("%s took %d MB", name, used>>20)
		}
	}
	if _, _, err := openArchive(archiveOf("\xd0")); err != nil {
		t.Errorf("the shape that the others are made of is no archive itself: %v", err)
	}
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
func FuzzSearchIndex(f *testing.F) {
	lib := build(f, fixture.Options{})
	data, err := os.ReadFile(filepath.Join(lib.Path, searchIndexPath))
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
		write(t, filepath.Join(path, searchIndexPath), data)
		if len(wal) > 0 {
			write(t, filepath.Join(path, searchIndexPath+"-wal"), wal)
		}
		if n := len(listDetails(t, open(t, path), IncludeLabels)); n != len(lib.Assets) {
			t.Fatalf("%d assets", n)
		}
	})
}
