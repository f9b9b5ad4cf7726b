package photokit

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestTheParkingListOfALibrary(t *testing.T) {
	state, now := t.TempDir(), time.Now()
	for _, library := range []string{"6C2E3B3E-4B0A-4C0E-9F5B-0E1D2C3B4A59", "../../etc", ""} {
		first, err := OpenParkingOf(state, library)
		if err != nil {
			t.Fatal(err)
		}
		if err := first.park(request("a"), ReasonMissing, "not there", now); err != nil {
			t.Fatal(err)
		}
		// Who comes second sees what is parked, and harms nothing.
		second, err := OpenParkingOf(state, library)
		if err != nil || second.of(request("a"), now) == nil {
			t.Fatalf("%q: %v", library, err)
		}
		if err := second.park(request("b"), ReasonMissing, "not there", now); err != nil || second.Close() != nil {
			t.Fatal(err)
		}
		if err := first.Close(); err != nil {
			t.Fatal(err)
		}
		read, err := ReadParkingOf(state, library)
		if list := read.List(); err != nil || len(list) != 1 || list[0].Asset != "a" {
			t.Errorf("%q: %v, %v", library, list, err)
		}
		again, err := OpenParkingOf(state, library)
		if err != nil || again.of(request("a"), now) == nil || again.free(request("a")) != nil || again.Close() != nil {
			t.Errorf("%q: it was forgotten: %v", library, err)
		}
	}
	if list, _ := filepath.Glob(filepath.Join(state, "*")); len(list) != 1 {
		t.Errorf("written outside of its folder: %v", list)
	}
	if empty, err := ReadParkingOf(state, "another"); err != nil || len(empty.List()) != 0 {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(state, "parking", "another")); err == nil {
		t.Error("reading left a trace")
	}
}
