package backup_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// Ten new pictures are all that is read in the library, and not much more than their
// bytes goes to the other machine, and comes back to be compared: however much is
// staged, mirrored and archived already.
func TestOnlyWhatIsNewIsReadAndSent(t *testing.T) {
	t.Parallel()
	const size, came, fresh = 400_000, 20, 10
	s := newSite(t, 0)
	s.makeServer()
	link := s.server.Wire(t)
	s.SSH = s.server.SSH
	s.makeVault()
	s.Repo = fmt.Sprintf("ssh://%s@%s:%d%s", s.server.User, s.server.Host, s.SSH.Port, filepath.Join(s.server.Dir, "repo"))
	s.makeRepo()
	var want []string
	for n := 1; n <= came+fresh; n++ {
		s.fatten(fmt.Sprintf("plain-%04d", n), size)
		if n > came {
			a, _ := s.lib.Case(fmt.Sprintf("plain-%04d", n))
			want = append(want, filepath.Base(a.Files["original"]))
		}
	}
	slices.Sort(want)
	s.plain(1, came)
	s.good()
	s.at(s.Clock.Month(), s.Clock.Day()+2) // what is remembered is sealed once a day at least

	// A cycle that finds nothing new is what a cycle costs.
	sent, got := link.Bytes()
	s.good()
	out, in := link.Bytes()
	idleOut, idleIn := out-sent, in-got

	opened := s.opened()
	s.plain(came+1, came+fresh)
	if r := s.good(); r.Mirrored.Files != 2*fresh {
		t.Fatalf("%+v", r)
	}
	if got := opened(); !slices.Equal(got, want) {
		t.Errorf("read were %v, want %v", got, want)
	}
	again, back := link.Bytes()
	newOut, newIn := again-out-idleOut, back-in-idleIn
	t.Logf("%d bytes of pictures: %d went, %d came back; a cycle without: %d and %d", fresh*size, newOut, newIn, idleOut, idleIn)
	// Encryption, and how SFTP and SSH wrap it, add some percent; sidecars and names the rest.
	if most := int64(fresh * size * 5 / 4); newOut > most || newIn > most {
		t.Errorf("%d and %d bytes for %d", newOut, newIn, fresh*size)
	}
	if newOut < fresh*size {
		t.Errorf("only %d bytes went across", newOut)
	}
	if idleOut+idleIn > 500_000 {
		t.Errorf("a cycle without anything new takes %d and %d bytes", idleOut, idleIn)
	}
}

// opened watches the library's media, and returns what tells the names of the files
// that were opened since, sorted.
func (s *site) opened() func() []string {
	s.t.Helper()
	fd, err := unix.InotifyInit1(unix.IN_NONBLOCK | unix.IN_CLOEXEC)
	must(s.t, err)
	s.t.Cleanup(func() { unix.Close(fd) })
	for _, top := range []string{"originals", "resources"} {
		must(s.t, filepath.WalkDir(filepath.Join(s.Library, top), func(name string, d fs.DirEntry, err error) error {
			if err == nil && d.IsDir() {
				_, err = unix.InotifyAddWatch(fd, name, unix.IN_OPEN)
			}
			return err
		}))
	}
	return func() (names []string) {
		buffer := make([]byte, 1<<16)
		for {
			n, err := unix.Read(fd, buffer)
			if err == unix.EAGAIN || n <= 0 {
				break
			}
			must(s.t, err)
			for rest := buffer[:n]; len(rest) >= unix.SizeofInotifyEvent; {
				mask, length := binary.NativeEndian.Uint32(rest[4:]), binary.NativeEndian.Uint32(rest[12:])
				name, _, _ := bytes.Cut(rest[unix.SizeofInotifyEvent:unix.SizeofInotifyEvent+length], []byte{0})
				if mask&unix.IN_ISDIR == 0 && !strings.HasPrefix(string(name), ".") {
					names = append(names, string(name))
				}
				rest = rest[unix.SizeofInotifyEvent+length:]
			}
		}
		slices.Sort(names)
		return slices.Compact(names)
	}
}
