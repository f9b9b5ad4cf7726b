package export

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/photogo/photogo/internal/fixture"
	"github.com/photogo/photogo/internal/safefile"
	"github.com/photogo/photogo/manifest"
)

// letGo takes all files out of the destination, as a purge does.
func (w *world) letGo(t *testing.T) (n int) {
	t.Helper()
	w.withRecord(t, func(dir *safefile.Dir, m *manifest.Manifest) {
		var paths []string
		for e, err := range m.All() {
			if err != nil {
				t.Fatal(err)
			}
			paths = append(paths, e.Path)
		}
		for _, name := range paths {
			if err := dir.Remove(name); err != nil {
				t.Fatal(err)
			}
		}
		if err := m.Commit(manifest.Change{LetGo: paths, At: time.Date(2025, 6, 1, 0, 0, 0, 0, time.UTC)}); err != nil {
			t.Fatal(err)
		}
		n = len(paths)
	})
	return n
}

func (w *world) withRecord(t *testing.T, do func(*safefile.Dir, *manifest.Manifest)) {
	t.Helper()
	dir, err := safefile.OpenDir(w.dest)
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	m, err := manifest.Open(context.Background(), w.state, dir, w.dest)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	do(dir, m)
}

func TestAReleasedFileIsPlacedAgainOnlyIfItChanged(t *testing.T) {
	w := newWorld(t, fixture.Options{})
	w.only = []string{"edited", "live", "latest"}
	first, _, err := w.run(t)
	if err != nil {
		t.Fatal(err)
	}
	n := w.letGo(t)
	s, _, err := w.run(t)
	if err != nil || s.Placed+s.Moved+s.Failed != 0 || s.Unchanged != n || s.Missing != first.Missing {
		t.Fatalf("%+v %v, want %d unchanged", s, err, n)
	}

	// The picture got another title and another date: its sidecars are new, and get
	// the names that its files had; nothing is moved that is not there.
	a, _ := w.lib.Case("latest")
	w.sql(t, `UPDATE ZADDITIONALASSETATTRIBUTES SET ZTITLE = 'Otherwise' WHERE ZASSET = (SELECT Z_PK FROM ZASSET WHERE ZUUID = ?)`, a.UUID)
	w.sql(t, `UPDATE ZASSET SET ZDATECREATED = ZDATECREATED + 864000 WHERE ZUUID = ?`, a.UUID)
	s, events, err := w.run(t)
	if err != nil || s.Placed != 1 || s.Moved+s.Failed != 0 {
		t.Fatalf("%+v %v", s, err)
	}
	for _, e := range events {
		if e.Outcome == Placed && e.Entry.Path != "2025/04/22/Latest.JPG.xmp" {
			t.Errorf("placed %s", e.Entry.Path)
		}
	}
	w.withRecord(t, func(dir *safefile.Dir, m *manifest.Manifest) {
		if files, _, err := m.Count(); err != nil || files != 1 {
			t.Errorf("%d files, %v", files, err)
		}
		released := 0
		for _, err := range m.Released() {
			if released++; err != nil {
				t.Error(err)
			}
		}
		if released != n-1 {
			t.Errorf("%d released, want %d", released, n-1)
		}
		err := m.Verify(context.Background(), dir, manifest.VerifyOptions{Now: time.Now()}, func(f manifest.Finding) {
			if f.Condition != manifest.Intact {
				t.Errorf("%s is %s", f.Path, f.Condition)
			}
		})
		if err != nil {
			t.Error(err)
		}
	})

	// What somebody else put where a released file was is not overwritten.
	stray := filepath.Join(w.dest, "2025/04/22/Latest.JPG")
	if err := os.WriteFile(stray, []byte("somebody's"), 0o644); err != nil {
		t.Fatal(err)
	}
	file := w.lib.File(a, "original")
	content := append([]byte("other bytes"), make([]byte, 100)...)
	if err := os.WriteFile(file, content, 0o644); err != nil {
		t.Fatal(err)
	}
	w.sql(t, `UPDATE ZINTERNALRESOURCE SET ZSTABLEHASH = NULL WHERE ZASSET = (SELECT Z_PK FROM ZASSET WHERE ZUUID = ?)`, a.UUID)
	w.sql(t, `UPDATE ZADDITIONALASSETATTRIBUTES SET ZORIGINALSTABLEHASH = NULL WHERE ZASSET = (SELECT Z_PK FROM ZASSET WHERE ZUUID = ?)`, a.UUID)
	if s, _, err = w.run(t); err != nil || s.Failed != 1 {
		t.Errorf("%+v %v", s, err)
	}
	if text, _ := os.ReadFile(stray); string(text) != "somebody's" {
		t.Errorf("%q", text)
	}
}
