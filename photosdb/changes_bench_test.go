package photosdb

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// benchAssetsVariable says how many assets the library of BenchmarkChanges has;
// benchLibraryVariable names one that was made before, which is copied.
const (
	benchAssetsVariable  = "PHOTOGO_BENCH_ASSETS"
	benchLibraryVariable = "PHOTOGO_BENCH_LIBRARY"
)

// scaleLibrary is the tool that makes and changes libraries of any size; the
// caller is skipped where it is not.
func scaleLibrary(t testing.TB) func(args ...string) string {
	t.Helper()
	shared, libraries := os.Getenv("PHOTOGO_SHARED"), os.Getenv("PHOTOGO_LIBRARIES")
	tool := filepath.Join(shared, "tools", "scale_library.py")
	if _, err := os.Stat(tool); shared == "" || libraries == "" || err != nil {
		t.Skip("set PHOTOGO_SHARED and PHOTOGO_LIBRARIES")
	}
	return func(args ...string) string {
		t.Helper()
		out, err := exec.Command("python3", append([]string{tool}, args...)...).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %v: %s", args, err, out)
		}
		return string(out)
	}
}

// scaled makes a library of n assets without files.
func scaled(t testing.TB, run func(...string) string, n int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "Scaled.photoslibrary")
	run("make", path, strconv.Itoa(n), "--no-files", "--albums", "40", "--persons", "20",
		"--from", filepath.Join(os.Getenv("PHOTOGO_LIBRARIES"), "Test-26.1.photoslibrary"))
	return path
}

// settle makes the main file look as if it had not been changed for a while.
func settle(t testing.TB, path string) {
	t.Helper()
	old := time.Now().Add(-time.Hour)
	if err := os.Chtimes(filepath.Join(path, databasePath), old, old); err != nil {
		t.Fatal(err)
	}
}

func BenchmarkChanges(b *testing.B) {
	run := scaleLibrary(b)
	ctx := context.Background()
	var path string
	if from := os.Getenv(benchLibraryVariable); from != "" {
		path = cloneDatabase(b, from)
	} else {
		n, err := strconv.Atoi(os.Getenv(benchAssetsVariable))
		if err != nil {
			n = 2000
		}
		path = scaled(b, run, n)
	}
	settle(b, path)
	find := func(b *testing.B, since *Baseline) *Changes {
		b.Helper()
		found, err := FindChanges(ctx, path, since, Options{TempDir: b.TempDir()})
		if err != nil {
			b.Fatal(err)
		}
		return found
	}
	first := find(b, nil).Baseline
	b.Run("everything", func(b *testing.B) {
		for b.Loop() {
			find(b, nil)
		}
		b.ReportMetric(float64(first.Len()), "assets")
	})
	b.Run("nothing", func(b *testing.B) {
		for b.Loop() {
			if found := find(b, first); found.Baseline != first {
				b.Fatal("something was found")
			}
		}
	})
	run("touch", path, "--edited", "10", "--via-wal", "--no-files")
	b.Run("ten/in-place", func(b *testing.B) {
		for b.Loop() {
			if found := find(b, first); found.Compared != "" || len(found.Changed) != 10 {
				b.Fatalf("%d changed, compared: %s", len(found.Changed), found.Compared)
			}
		}
	})
	b.Run("ten/snapshot", func(b *testing.B) {
		for b.Loop() {
			l, err := Open(ctx, path, Options{TempDir: b.TempDir()})
			if err != nil {
				b.Fatal(err)
			}
			found, err := l.Changes(ctx, first)
			if err != nil || found.Compared != "" || len(found.Changed) != 10 {
				b.Fatalf("%v: %+v", err, found)
			}
			if err := l.Close(); err != nil {
				b.Fatal(err)
			}
		}
	}) // An album's title concerns all that it holds: the ties of all assets are
	// compared.
	c := edits(b, path)
	defer c.close()
	second := find(b, first).Baseline
	c.save(func() { changeNamed(b, "album's title").do(c, firstOf) })
	b.Run("album", func(b *testing.B) {
		n := 0
		for b.Loop() {
			found := find(b, second)
			if found.Compared != "" || len(found.Changed) == 0 {
				b.Fatalf("%d changed, compared: %s", len(found.Changed), found.Compared)
			}
			n = len(found.Changed)
		}
		b.ReportMetric(float64(n), "changed")
	})
}
