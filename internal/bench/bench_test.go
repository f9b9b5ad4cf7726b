package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func noEnv(string) string { return "" }

func TestMedianIsTheMiddleOrBetweenTheTwo(t *testing.T) {
	for _, test := range []struct {
		in   []float64
		want float64
	}{{[]float64{3, 1, 2}, 2}, {[]float64{4, 1, 2, 3}, 2.5}, {[]float64{7}, 7}} {
		var s series
		for _, v := range test.in {
			s = append(s, sample{seconds: v})
		}
		if got := s.median(); got != test.want {
			t.Errorf("median of %v: %v, want %v", test.in, got, test.want)
		}
	}
}

func TestEachRoundBeginsWithAnother(t *testing.T) {
	var order string
	c := func(name string) *contender {
		return &contender{name: name, run: func(int) (sample, error) { order += name; return sample{}, nil }}
	}
	b := &bench{words: io.Discard}
	if err := b.compete(3, c("a"), c("b"), c("c")); err != nil || order != "abcbcacab" {
		t.Errorf("%q, %v", order, err)
	}
}

func TestLastSummaryIsOfTheLastLine(t *testing.T) {
	s, err := lastSummary([]byte("{\"type\":\"progress\"}\n{\"type\":\"summary\",\"placed\":7,\"bytes\":9}\n"))
	if err != nil || s.Placed != 7 || s.Bytes != 9 {
		t.Errorf("%+v, %v", s, err)
	}
	for _, bad := range []string{"", "words", `{"type":"error"}`} {
		if _, err := lastSummary([]byte(bad)); err == nil {
			t.Errorf("%q was taken for a summary", bad)
		}
	}
}

func TestKindOfFileSystem(t *testing.T) {
	for _, test := range []struct{ df, mounts, want string }{
		{"/dev/sda1 10 5 5 50% /", "proc on /proc type proc (rw)\n/dev/sda1 on / type ext4 (rw)", "ext4"},
		{"/dev/disk3s5 10 5 5 50% /Volumes/My Disk", "/dev/disk3s5 on /Volumes/My Disk (apfs, local)", "apfs"},
		{"nonsense", "", "unknown"},
	} {
		if got := kindOf(test.df, test.mounts); got != test.want {
			t.Errorf("%q: %q, want %q", test.df, got, test.want)
		}
	}
}

func TestWithoutItsToolsItSaysWhatIsMissing(t *testing.T) {
	program := filepath.Join(t.TempDir(), "photogo")
	if err := os.WriteFile(program, nil, 0o755); err != nil {
		t.Fatal(err)
	}
	work := filepath.Join(t.TempDir(), "work")
	err := run(context.Background(), []string{"-photogo", program, "-shared", t.TempDir(), "-work", work}, noEnv, io.Discard, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "PHOTOGO_SHARED") {
		t.Error(err)
	}
	if _, err := os.Stat(work); !os.IsNotExist(err) {
		t.Error("a work folder was left behind")
	}
}

// The folder that -work names may be anybody's: only what was made in it goes.
func TestWorkFolderKeepsWhatWasThere(t *testing.T) {
	tools, work := filepath.Join(t.TempDir(), "tools"), t.TempDir()
	program, other := filepath.Join(t.TempDir(), "photogo"), filepath.Join(work, "mine.txt")
	if err := os.MkdirAll(tools, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{program, other, filepath.Join(tools, "scale_library.py")} {
		if err := os.WriteFile(path, nil, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(tools, "unpack_libraries.sh"), []byte("exit 1\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	err := run(context.Background(), []string{"-photogo", program, "-shared", filepath.Dir(tools), "-work", work}, noEnv, io.Discard, io.Discard)
	if err == nil {
		t.Error("a failing tool was not reported")
	}
	if entries, err := os.ReadDir(work); err != nil || len(entries) != 1 || entries[0].Name() != "mine.txt" {
		t.Errorf("%v, %v", entries, err)
	}
}
