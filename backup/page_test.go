package backup_test

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/photogo/photogo/archive"
	"github.com/photogo/photogo/backup"
	"github.com/photogo/photogo/internal/loopback"
	"github.com/photogo/photogo/manifest"
)

// After months of cycles everything that was ever staged comes back in its newest
// version: by photogo, and by the commands that docs/RESTORE.md gives to somebody who
// has nothing but borg, b3sum and the passphrase.
func TestEverythingComesBackWithPhotogoAndWithoutIt(t *testing.T) {
	t.Parallel()
	loopback.Need(t, "b3sum")
	loopback.Need(t, "awk")
	page, err := os.ReadFile("../docs/RESTORE.md")
	must(t, err)
	s := newSite(t, withRepo)
	s.plain(1, 4)
	s.arrive("edited", "live")
	s.good()
	s.at(time.June, 1)
	s.good()
	s.edit("edited", "rendered anew")
	s.leave("plain-0002")
	s.at(time.June, 15)
	s.good()
	s.at(time.July, 3)
	s.arrive("latest")
	s.good()
	s.at(time.August, 1)
	s.good()
	if got := s.archives(); len(got) < 3 {
		t.Fatalf("only %q", got)
	}

	to := filepath.Join(t.TempDir(), "restored")
	s.withRepo(func(r *archive.Repo) {
		sum, err := backup.Restore{Repo: r, To: to}.Run(t.Context())
		must(t, err)
		if !sum.Complete() || sum.Files == 0 {
			t.Errorf("%+v", sum)
		}
	})
	same(t, "restored by photogo", pictures(t, to), s.ever)

	var script strings.Builder
	blocks := strings.Split(string(page), "```sh\n")[1:]
	if len(blocks) < 4 {
		t.Fatalf("%d blocks of commands in the page", len(blocks))
	}
	for _, b := range blocks {
		commands, _, _ := strings.Cut(b, "```")
		script.WriteString(strings.ReplaceAll(commands, "/path/to/repository", "'"+s.Repo+"'"))
	}
	dir := t.TempDir()
	run := exec.CommandContext(t.Context(), "sh", "-e")
	run.Dir, run.Stdin = dir, strings.NewReader(script.String())
	run.Env = append(os.Environ(), "BORG_PASSPHRASE="+string(canary), "BORG_BASE_DIR="+t.TempDir())
	if said, err := run.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	} else if strings.Contains(string(said), "FAILED") || strings.Contains(string(said), "WARNING") {
		t.Errorf("b3sum says:\n%s", said)
	}
	out := filepath.Join(dir, "restored")
	got := pictures(t, out)
	maps.DeleteFunc(got, func(name string, _ manifest.Sum) bool { return name == "all.b3" || name == "newest.txt" })
	same(t, "restored by borg", got, s.ever)
	list, err := os.ReadFile(filepath.Join(out, "all.b3"))
	must(t, err)
	for name := range s.ever {
		if !strings.Contains(string(list), "  "+name+"\n") {
			t.Errorf("%s was not compared", name)
		}
	}
}
