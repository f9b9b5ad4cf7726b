package safefile_test

import (
	"errors"
	"syscall"
	"testing"

	"github.com/photogo/photogo/internal/safefile"
)

func TestADiskThatIsFullIsToldByItsName(t *testing.T) {
	dir := t.TempDir()
	room, err := safefile.Room(dir)
	if err != nil {
		t.Fatal(err)
	}
	if room < 2*safefile.Little {
		t.Skip("this disk is nearly full itself")
	}
	for _, c := range []struct {
		bytes int64
		err   error
		full  bool
	}{
		{0, nil, false},
		{0, syscall.EIO, false},
		{room * 2, syscall.EIO, true},
		{room * 2, nil, false},
		{0, syscall.ENOSPC, true},
	} {
		got := safefile.Full(dir, c.bytes, c.err)
		if errors.Is(got, syscall.ENOSPC) != c.full || !errors.Is(got, c.err) {
			t.Errorf("%d bytes, %v: %v", c.bytes, c.err, got)
		}
	}
	if got := safefile.Full(dir+"/nothing", room*2, syscall.EIO); got != syscall.EIO {
		t.Errorf("a disk that cannot be asked: %v", got)
	}
}
