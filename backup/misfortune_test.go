package backup_test

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/photogo/photogo/archive"
	"github.com/photogo/photogo/backup"
	"github.com/photogo/photogo/mount"
)

// accident is something that has happened before a cycle that ends a month.
type accident struct {
	name    string
	parts   int
	happens func(*testing.T, *site) (mend func())
	want    error // nil: the cycle is complete all the same
	told    string
	// again: what went wrong is in an archive, so that another takes its place.
	archives []string // "": anna-2025-05
}

var accidents = []accident{{
	name: "the passphrase of the vault is wrong", parts: withVault | withRepo,
	happens: func(_ *testing.T, s *site) func() {
		s.VaultPhrase = "wrong"
		return func() { s.VaultPhrase = "" }
	},
	want: mount.ErrPassphrase, told: "the passphrase does not open the vault",
}, {
	name: "the passphrase of the repository is wrong", parts: withRepo,
	happens: func(_ *testing.T, s *site) func() {
		s.Phrase = "wrong"
		return func() { s.Phrase = canary }
	},
	want: archive.ErrPassphrase, told: "the passphrase does not open the repository",
}, {
	name: "the disk of the vault is not where it was", parts: withVault | withRepo,
	happens: func(t *testing.T, s *site) func() {
		must(t, os.Rename(s.Vault.Dir, s.Vault.Dir+".away"))
		must(t, os.Mkdir(s.Vault.Dir, 0o700))
		return func() { must(t, os.Remove(s.Vault.Dir)); must(t, os.Rename(s.Vault.Dir+".away", s.Vault.Dir)) }
	},
	want: mount.ErrNoVault, told: "there is no vault",
}, {
	name: "the disk of the repository is not where it was", parts: withRepo,
	happens: func(t *testing.T, s *site) func() {
		must(t, os.Rename(s.Repo, s.Repo+".away"))
		must(t, os.Mkdir(s.Repo, 0o700))
		return func() { must(t, os.Remove(s.Repo)); must(t, os.Rename(s.Repo+".away", s.Repo)) }
	},
	want: archive.ErrNoRepository, told: "there is no borg repository",
}, {
	name: "a folder of the vault has lost what its names are encrypted with", parts: withVault | withRepo,
	happens: func(t *testing.T, s *site) func() {
		// What a server writes last, and a crash of it leaves empty.
		whole := map[string][]byte{}
		must(t, filepath.WalkDir(s.Vault.Dir, func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.Name() != "gocryptfs.diriv" || filepath.Dir(name) == s.Vault.Dir {
				return err
			}
			if whole[name], err = os.ReadFile(name); err == nil {
				err = errors.Join(os.Chmod(name, 0o600), os.Truncate(name, 0))
			}
			return err
		}))
		if len(whole) < 3 {
			t.Fatalf("%d folders", len(whole))
		}
		return func() {
			for name, content := range whole {
				must(t, os.WriteFile(name, content, 0o400))
			}
		}
	},
	want: backup.ErrVault, told: "a folder of it has lost its gocryptfs.diriv",
}, {
	name: "a mount point was left, with nothing mounted", parts: withVault,
	happens: func(t *testing.T, s *site) func() {
		must(t, os.MkdirAll(filepath.Join(s.state(), "mounts", "run-123", "plain"), 0o700))
		return func() {}
	},
}, {
	name: "something was written in clear below a mount point", parts: withVault,
	happens: func(t *testing.T, s *site) func() {
		dir := filepath.Join(s.state(), "mounts", "run-123")
		must(t, os.MkdirAll(filepath.Join(dir, "plain", "2025"), 0o700))
		return func() { must(t, os.RemoveAll(dir)) }
	},
	want: mount.ErrLeak, told: "run-123/plain",
}, {
	name: "a borg was killed in the repository", parts: withRepo,
	happens: func(t *testing.T, s *site) func() {
		ready := filepath.Join(t.TempDir(), "ready")
		cmd := s.borgCommand("with-lock", s.Repo, "sh", "-c", `echo $$ > "$0.new"; mv "$0.new" "$0"; exec sleep 60`, ready)
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		must(t, cmd.Start())
		for try := 0; try < 600; try++ {
			if _, err := os.Stat(ready); err == nil {
				break
			}
			time.Sleep(50 * time.Millisecond)
		}
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		cmd.Wait()
		if left, _ := os.ReadDir(filepath.Join(s.Repo, "lock.exclusive")); len(left) != 1 {
			t.Fatalf("it left no lock: %v", left)
		}
		return func() {}
	},
}, {
	name: "a borg of another machine is at work in the repository", parts: withRepo,
	happens: func(t *testing.T, s *site) func() {
		lock := filepath.Join(s.Repo, "lock.exclusive")
		must(t, os.Mkdir(lock, 0o700))
		must(t, os.WriteFile(filepath.Join(lock, "other.local@123456.77-0"), nil, 0o600))
		return func() {
			if left, err := os.ReadDir(lock); err != nil || len(left) != 1 {
				t.Errorf("its lock was broken: %v %v", left, err)
			}
			must(t, os.RemoveAll(lock))
		}
	},
	want: archive.ErrLocked, told: "process 77 of other.local@123456",
}, {
	name: "the new archive rotted, and was repaired with zeros", parts: withRepo,
	happens: func(t *testing.T, s *site) func() {
		s.killed("prove")
		s.rotten()
		s.repair() // which makes another archive of the name
		return func() {
			s.rebuild()
			s.bad(backup.ErrHeld)
			s.accounted("found by the proof")
			s.Worthless = []string{"anna-2025-05"}
		}
	},
	want: backup.ErrReplaced, told: `another archive has taken the name of one that was made: "anna-2025-05"`,
	archives: []string{"anna-2025-05", "anna-2025-05.2"},
}}

// What has happened before a cycle is told by its name, and takes nothing away; the
// next cycle that nothing disturbs comes to the end of one that nothing ever did.
//
// Of other accidents there are tests of their own: hidden archives, rotten ones, a
// clock that is wrong, a disk that hangs, a machine that does not answer.
func TestAccidents(t *testing.T) {
	t.Parallel()
	for _, a := range accidents {
		t.Run(strings.ReplaceAll(a.name, " ", "-"), func(t *testing.T) {
			t.Parallel()
			s := newSite(t, a.parts)
			s.plain(1, 1)
			s.fatten("plain-0001", 100_000)
			s.good()
			s.at(time.June, 2)
			s.plain(2, 3)
			mend := a.happens(t, s)
			if a.want != nil {
				r := s.bad(a.want)
				if !strings.Contains(r.Problem, a.told) {
					t.Errorf("%q does not tell of %q", r.Problem, a.told)
				}
				s.accounted(a.name)
			}
			mend()
			s.good()
			var months []string
			if a.parts&withRepo != 0 {
				months = a.archives
				if months == nil {
					months = []string{"anna-2025-05"}
				}
				if got := s.archives(); !slices.Equal(got, months) {
					t.Errorf("archives %v, want %v", got, months)
				}
			}
			if got := len(pictures(t, s.staging())); a.parts&withRepo != 0 && got != 4 || a.parts == withVault && got != 6 {
				t.Errorf("%d files are staged", got)
			}
			s.accounted(a.name)
			s.safe()
			if a.parts&withVault != 0 {
				s.tidy(a.name)
				s.mirrorIs(pictures(t, s.staging()))
			}
		})
	}
}

// borgCommand is a run of borg itself.
func (s *site) borgCommand(args ...string) *exec.Cmd {
	cmd := exec.Command("borg", args...)
	cmd.Env = append(os.Environ(), "BORG_PASSPHRASE="+string(canary), "BORG_BASE_DIR="+filepath.Join(s.state(), "borg"), "BORG_CHECK_I_KNOW_WHAT_I_AM_DOING=YES")
	return cmd
}

// repair lets borg repair the repository: it puts zeros where bytes are lost.
func (s *site) repair() {
	s.t.Helper()
	cmd := s.borgCommand("check", "--repair", "--verify-data", s.Repo)
	if out, err := cmd.CombinedOutput(); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != 1 {
			s.t.Fatalf("borg check --repair: %v: %s", err, out)
		}
	}
}

// rebuild does what the user is told to do about archives that the catalogue does not
// know.
func (s *site) rebuild() {
	s.t.Helper()
	s.withRepo(func(r *archive.Repo) {
		_, err := backup.Rebuild(s.t.Context(), r, backup.RebuildOptions{File: func(library string) string { return backup.CatalogueFile(s.state(), library) }})
		must(s.t, err)
	})
}

// A picture of May comes again in June, and borg keeps only one copy of its bytes.
// When that rots the archive of June would be worth nothing, and borg says that all is
// well.
func TestARottenChunkUnderAFileThatIsStoredOnceIsFound(t *testing.T) {
	t.Parallel()
	s := newSite(t, withRepo)
	a, _ := s.lib.Case("plain-0001")
	b, _ := s.lib.Case("plain-0002")
	s.fatten("plain-0001", 100_000)
	s.fatten("plain-0002", 100_000)
	content, err := os.ReadFile(s.lib.File(a, "original"))
	must(t, err)
	must(t, os.WriteFile(s.lib.File(b, "original"), content, 0o644))
	s.plain(1, 1)
	s.good()
	s.at(time.June, 1)
	s.good()
	s.plain(2, 2)
	s.good()
	s.at(time.July, 1)
	heal := s.rotten()
	s.bad(backup.ErrHeld)
	s.accounted("rotten")
	heal()
	s.good()
	s.safe()
	if got, want := s.archives(), []string{"anna-2025-05", "anna-2025-06"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}
