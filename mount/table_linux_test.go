package mount

import "testing"

func TestParseTable(t *testing.T) {
	list := parseTable("22 27 0:21 / /proc rw - proc proc rw\n99 27 0:57 / /a\\040b\\134c\\011 rw - fuse.sshfs x:/y rw\nrubbish\n")
	if len(list) != 2 || list[0] != (entry{"/proc", "21"}) || list[1] != (entry{"/a b\\c\t", "57"}) {
		t.Errorf("%q", list)
	}
}

func FuzzUnescape(f *testing.F) {
	f.Add(`/a\040b\`)
	f.Fuzz(func(t *testing.T, s string) {
		if got := unescape(s); len(got) > len(s) {
			t.Errorf("%q", got)
		}
	})
}
