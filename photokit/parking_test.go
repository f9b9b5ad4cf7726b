package photokit

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/photogo/photogo/internal/safefile"
)

func openParking(t interface {
	Helper()
	Fatal(...any)
	Cleanup(func())
}, folder string) *Parking {
	t.Helper()
	dir, err := safefile.OpenDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dir.Close() })
	p, err := OpenParking(dir, "parked.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// Whatever happens to the list, what is read again is what was there, whether it
// was closed or the process died.
func TestParkingIsRemembered(t *testing.T) {
	now := time.Date(2025, 5, 17, 9, 0, 0, 0, time.UTC)
	rapid.Check(t, func(rt *rapid.T) {
		folder, err := os.MkdirTemp(t.TempDir(), "")
		if err != nil {
			t.Fatal(err)
		}
		p := openParking(rt, folder)
		for range rapid.IntRange(0, 30).Draw(rt, "steps") {
			r := request(fmt.Sprint(rapid.IntRange(0, 5).Draw(rt, "asset")))
			r.Version = rapid.SampledFrom([]string{"", "1", "2"}).Draw(rt, "version")
			now = now.Add(time.Duration(rapid.IntRange(0, 100).Draw(rt, "hours")) * time.Hour)
			var err error
			switch rapid.SampledFrom([]string{"park", "free", "close", "die"}).Draw(rt, "step") {
			case "park":
				reason := rapid.SampledFrom([]Reason{ReasonMissing, ReasonFlaky}).Draw(rt, "reason")
				err = p.park(r, reason, "because\n\x1b[31m of this", now)
				if p.of(r, now) == nil || p.of(r, now.Add(100*24*time.Hour)) != nil {
					rt.Error("it is not parked for a while")
				}
			case "free":
				err = p.free(r)
				if p.of(r, now) != nil {
					rt.Error("it is parked")
				}
			case "close":
				err = p.Close()
				fallthrough
			default:
				before := p.List()
				p = openParking(rt, folder)
				if !reflect.DeepEqual(before, p.List()) {
					rt.Errorf("before: %+v\nafter: %+v", before, p.List())
				}
			}
			if err != nil {
				rt.Error(err)
			}
		}
	})
}

func TestADamagedParkingListIsReadAsFarAsItGoes(t *testing.T) {
	folder := t.TempDir()
	p := openParking(t, folder)
	now := time.Now()
	for _, a := range []string{"A", "B", "C"} {
		if err := p.park(request(a), ReasonMissing, "gone", now); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(folder, "parked.jsonl")
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(b), "\n")
	damaged := lines[0] + "garbage\n{}\nnull\n[1]\n{\"asset\":7}\n" + strings.Repeat("x", 3*maxLine) + "\n" + lines[1] + lines[2][:20]
	if err := os.WriteFile(name, []byte(damaged), 0o600); err != nil {
		t.Fatal(err)
	}
	p = openParking(t, folder)
	if list := p.List(); len(list) != 2 || list[0].Asset != "A" || list[1].Asset != "B" {
		t.Errorf("%+v", list)
	}
	if left, _ := os.ReadDir(folder); len(left) != 1 {
		t.Errorf("%d files in the folder", len(left))
	}
}

func TestPausesGrow(t *testing.T) {
	p, now := NewParking(), time.Now()
	last := time.Duration(0)
	for range 8 {
		if err := p.park(request("A"), ReasonFlaky, "", now); err != nil {
			t.Fatal(err)
		}
		parked := p.of(request("A"), now)
		next := parked.Next.Sub(now)
		if next < last || next > 7*24*time.Hour {
			t.Errorf("after %d times %v, before %v", parked.Times, next, last)
		}
		last = next
	}
	if p.of(request("A"), now.Add(-365*24*time.Hour)) != nil {
		t.Error("a clock that was wrong parks it for a year")
	}
	other := request("A")
	other.Types = []ResourceType{PairedVideo}
	if p.of(other, now) != nil {
		t.Error("another file of the asset is parked, too")
	}
	if !errors.Is(p.of(request("A"), now), ErrParked) {
		t.Error("it is no ErrParked")
	}
}

func FuzzParking(f *testing.F) {
	f.Add([]byte("{\"asset\":\"A\",\"types\":[\"photo\"],\"reason\":\"missing\",\"times\":-5,\"next\":\"2025-01-01T00:00:00Z\"}\n{\"freed\":\"A photo\"}\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		folder := t.TempDir()
		if err := os.WriteFile(filepath.Join(folder, "parked.jsonl"), b, 0o600); err != nil {
			t.Fatal(err)
		}
		p := openParking(t, folder)
		for _, parked := range p.List() {
			if err := p.park(Request{Asset: parked.Asset, Types: parked.Types, Version: parked.Version}, ReasonFlaky, "", time.Now()); err != nil {
				t.Error(err)
			}
		}
		before := len(p.List())
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		if again := openParking(t, folder); len(again.List()) != before {
			t.Errorf("%d became %d", before, len(again.List()))
		}
	})
}
