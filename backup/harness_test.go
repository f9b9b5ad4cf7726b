package backup_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/zeebo/blake3"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/photogo/photogo/archive"
	"github.com/photogo/photogo/backup"
	"github.com/photogo/photogo/internal/fixture"
	"github.com/photogo/photogo/internal/loopback"
	"github.com/photogo/photogo/internal/safefile"
	"github.com/photogo/photogo/manifest"
	"github.com/photogo/photogo/mount"
	"github.com/photogo/photogo/source"
	"github.com/photogo/photogo/ssh"
)

const canary = phrase("c4n4ry käfig")

// site is a Mac with a library, another machine with a vault and a repository, and a
// clock. What it is made of can be handed to another process, see cycleToBeKilled.
type site struct {
	Dir               string // all that is on the Mac
	Library           string
	Vault             *vaultSpec // nil: no mirror
	Repo              string     // "": no archives
	SSH               ssh.Options
	Period            backup.Period
	Budget            int64
	Clock             time.Time // what the Mac's clock says
	Trust             bool      // see Job.TrustClock
	Phrase            phrase
	VaultPhrase       phrase   // "": Phrase
	Worthless         []string // archives that a test has damaged for good
	Silence, Deadline time.Duration

	Kill string // STEP or STEP+: the process kills itself when the step begins, or at its first word after that

	t      *testing.T
	lib    *fixture.Library
	server *loopback.Server
	ever   map[string]manifest.Sum // the newest version of each file that was ever staged
	events []backup.Event
	strike func(backup.Event) // is told of all that happens, when it happens
}

type vaultSpec struct{ User, Host, Dir string }

func (s *site) state() string   { return filepath.Join(s.Dir, "state") }
func (s *site) staging() string { return filepath.Join(s.Dir, "staging") }

// The parts of a site.
const (
	withVault = 1 << iota
	withRepo
)

var zone = time.FixedZone("here", 2*3600)

// newSite makes a site whose library is empty: its pictures are in the trash until
// they arrive.
func newSite(t *testing.T, parts int) *site {
	t.Helper()
	s := &site{
		t: t, Dir: t.TempDir(), Clock: time.Date(2025, 5, 10, 12, 0, 0, 0, zone), Phrase: canary,
		Silence: time.Minute, Deadline: 20 * time.Second, ever: map[string]manifest.Sum{},
	}
	s.Library = filepath.Join(s.Dir, "Test.photoslibrary")
	var err error
	if s.lib, err = fixture.Build(s.Library, fixture.Options{Assets: 40}); err != nil {
		t.Fatal(err)
	}
	// Photos' history does not tell what is written here; without it all is compared.
	s.sql(`DROP TABLE ACHANGE`)
	s.sql(`UPDATE ZASSET SET ZTRASHEDSTATE = 1`)
	if parts&withVault != 0 {
		s.makeVault()
	}
	if parts&withRepo != 0 {
		s.makeRepo()
	}
	return s
}

func (s *site) makeVault() {
	s.t.Helper()
	loopback.Need(s.t, "sshfs", "gocryptfs", "fusermount3")
	loopback.NeedFuse(s.t)
	if s.server == nil {
		s.makeServer()
	}
	s.Vault = &vaultSpec{s.server.User, s.server.Host, filepath.Join(s.server.Dir, "vault")}
	must(s.t, os.MkdirAll(s.Vault.Dir, 0o700))
	spec := *s.job().Vault
	spec.Base, spec.Env = filepath.Join(s.state(), "mounts"), os.Environ()
	must(s.t, os.MkdirAll(s.state(), 0o700))
	m, err := mount.Init(s.t.Context(), spec)
	must(s.t, err)
	must(s.t, m.Close())
}

func (s *site) makeServer() {
	s.t.Helper()
	s.server = loopback.Start(s.t)
	s.SSH = s.server.SSH
}

func (s *site) makeRepo() {
	s.t.Helper()
	loopback.Need(s.t, "borg")
	if s.Repo == "" {
		s.Repo = filepath.Join(s.t.TempDir(), "repo")
	}
	s.withRepo(func(r *archive.Repo) { must(s.t, r.Init(s.t.Context(), archive.Repokey)) })
}

func (s *site) repoOptions() archive.Options {
	return archive.Options{Passphrase: s.Phrase, Dir: filepath.Join(s.state(), "borg"), Env: os.Environ(), SSH: s.SSH, LockWait: time.Second}
}

func (s *site) withRepo(do func(*archive.Repo)) {
	s.t.Helper()
	must(s.t, os.MkdirAll(s.state(), 0o700))
	r, err := archive.Open(s.t.Context(), s.Repo, s.repoOptions())
	must(s.t, err)
	do(r)
	must(s.t, r.Close())
}

// job is the backup of the site.
func (s *site) job() backup.Job {
	exe, err := os.Executable()
	if err != nil {
		panic(err)
	}
	now := func() time.Time { return s.Clock }
	j := backup.Job{
		Name: "anna", State: s.state(), Staging: s.staging(), Worker: []string{exe, workArg}, Env: os.Environ(), Now: now,
		TrustClock: s.Trust, Silence: s.Silence, Event: func(e backup.Event) { s.happened(e) },
		Source: &source.Library{Path: s.Library, State: s.state(), Staging: s.staging(), Wish: "all of it", Now: now},
	}
	if s.Vault != nil {
		j.Vault = &mount.Spec{
			User: s.Vault.User, Host: s.Vault.Host, Dir: s.Vault.Dir, SSH: s.SSH, Passphrase: cmp.Or(s.VaultPhrase, s.Phrase),
			Ready: time.Minute, Deadline: s.Deadline,
		}
	}
	if s.Repo != "" {
		j.Repository = &backup.Repository{Location: s.Repo, Options: s.repoOptions(), Period: s.Period, Budget: s.Budget}
	}
	return j
}

// cycle runs one cycle.
func (s *site) cycle() (backup.Receipt, error) {
	s.t.Helper()
	s.events = nil
	c, err := backup.Open(s.t.Context(), s.job())
	if err != nil {
		return backup.Receipt{}, err
	}
	r, err := c.Run(s.t.Context())
	must(s.t, c.Close())
	s.watch()
	return r, err
}

// good runs a cycle that must be complete.
func (s *site) good() backup.Receipt {
	s.t.Helper()
	r, err := s.cycle()
	if err != nil || !r.Complete {
		s.t.Fatalf("at %v: %v\n%+v", s.Clock, err, r)
	}
	return r
}

// bad runs a cycle that must end with an error, and take nothing away.
func (s *site) bad(want error) backup.Receipt {
	s.t.Helper()
	before := tree(s.t, s.staging())
	r, err := s.cycle()
	if !errors.Is(err, want) {
		s.t.Fatalf("%v, want %v\n%+v", err, want, r)
	}
	if r.Complete || r.Purged.Files != 0 {
		s.t.Errorf("after %v: %+v", want, r)
	}
	after := tree(s.t, s.staging())
	for name := range before {
		if _, ok := after[name]; !ok && !strings.HasPrefix(name, ".photogo/") {
			s.t.Errorf("after %v %s is gone", want, name)
		}
	}
	return r
}

// killed runs a cycle in a process of its own that kills itself at a step.
func (s *site) killed(at string) {
	s.t.Helper()
	child := *s
	child.Kill = at
	text, err := json.Marshal(child)
	must(s.t, err)
	exe, err := os.Executable()
	must(s.t, err)
	cmd := exec.CommandContext(s.t.Context(), exe)
	cmd.Env = append(os.Environ(), cycleEnv+"="+string(text))
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ProcessState.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		s.t.Fatalf("killed at %s: %v: %s", at, err, out)
	}
	s.watch()
}

// cycleToBeKilled is the process that killed starts.
func cycleToBeKilled(text string) {
	var s site
	err := json.Unmarshal([]byte(text), &s)
	if err == nil {
		s.Clock = s.Clock.In(zone)
		var c *backup.Cycle
		if c, err = backup.Open(context.Background(), s.job()); err == nil {
			_, err = c.Run(context.Background())
		}
	}
	fmt.Fprintln(os.Stderr, "not killed:", err)
	os.Exit(1)
}

func (s *site) happened(e backup.Event) {
	s.events = append(s.events, e)
	if s.strike != nil {
		s.strike(e)
	}
	step, word := strings.CutSuffix(s.Kill, "+")
	if s.Kill != "" && string(e.Step) == step && e.Begin != word {
		syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
}

// watch notes what the staging folder's record has now.
func (s *site) watch() {
	s.t.Helper()
	s.records(func(e manifest.Entry) { s.ever[e.Path] = e.Sum })
}

func (s *site) records(do func(manifest.Entry)) {
	s.t.Helper()
	dir, err := safefile.OpenDir(s.staging())
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	must(s.t, err)
	defer dir.Close()
	m, err := manifest.Peek(s.t.Context(), s.state(), dir)
	must(s.t, err)
	defer m.Close()
	for e, err := range m.All() {
		must(s.t, err)
		do(e)
	}
}

// at sets the clock.
func (s *site) at(month time.Month, day int) {
	s.Clock = time.Date(2025, month, day, 12, 0, 0, 0, zone)
}

func (s *site) sql(query string, args ...any) {
	s.t.Helper()
	conn, err := sqlite.OpenConn(filepath.Join(s.Library, "database", "Photos.sqlite"), sqlite.OpenReadWrite)
	must(s.t, err)
	defer conn.Close()
	must(s.t, sqlitex.ExecuteTransient(conn, query, &sqlitex.ExecOptions{Args: args}))
}

func (s *site) uuid(label string) string {
	a, ok := s.lib.Case(label)
	if !ok {
		s.t.Fatalf("no case %s", label)
	}
	return a.UUID
}

// arrive lets pictures come into the library.
func (s *site) arrive(labels ...string) {
	s.t.Helper()
	for _, label := range labels {
		s.sql(`UPDATE ZASSET SET ZTRASHEDSTATE = 0 WHERE ZUUID = ?`, s.uuid(label))
	}
}

// plain lets plain pictures arrive, from the nth to the mth.
func (s *site) plain(from, to int) {
	s.t.Helper()
	for n := from; n <= to; n++ {
		s.arrive(fmt.Sprintf("plain-%04d", n))
	}
}

// leave takes pictures out of the library for good.
func (s *site) leave(labels ...string) {
	s.t.Helper()
	for _, label := range labels {
		s.sql(`DELETE FROM ZASSET WHERE ZUUID = ?`, s.uuid(label))
	}
}

// edit renders an edited picture anew.
func (s *site) edit(label, content string) {
	s.t.Helper()
	a, _ := s.lib.Case(label)
	file := s.lib.File(a, "edited")
	must(s.t, os.WriteFile(file, []byte(content), 0o644))
	must(s.t, os.Chtimes(file, s.Clock, s.Clock))
	s.sql(`UPDATE ZADDITIONALASSETATTRIBUTES SET ZADJUSTEDSTABLEHASH = NULL WHERE ZASSET = (SELECT Z_PK FROM ZASSET WHERE ZUUID = ?)`, a.UUID)
	s.sql(`UPDATE ZINTERNALRESOURCE SET ZDATALENGTH = ?, ZSTABLEHASH = NULL, ZFINGERPRINT = NULL, ZFINGERPRINT = NULL
		WHERE ZRESOURCETYPE = 0 AND ZVERSION = 2 AND ZASSET = (SELECT Z_PK FROM ZASSET WHERE ZUUID = ?)`, len(content), a.UUID)
}

// tree returns the hash of each file below a folder.
func tree(t *testing.T, dir string) map[string]manifest.Sum {
	t.Helper()
	files := map[string]manifest.Sum{}
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			return err
		}
		content, err := os.ReadFile(name)
		rel, _ := filepath.Rel(dir, name)
		files[filepath.ToSlash(rel)] = blake3.Sum256(content)
		return err
	})
	must(t, err)
	return files
}

// pictures are the files of a tree that are not photogo's own.
func pictures(t *testing.T, dir string) map[string]manifest.Sum {
	t.Helper()
	files := tree(t, dir)
	for name := range files {
		if strings.HasPrefix(name, ".photogo/") {
			delete(files, name)
		}
	}
	return files
}

// mirror returns what is in the vault, by hash, relative to its root.
func (s *site) mirror() (files map[string]manifest.Sum) {
	s.t.Helper()
	s.mounted(func(m *mount.Mounted) { files = tree(s.t, m.Path()) })
	return files
}

// inVault does something in the vault.
func (s *site) inVault(do func(*os.Root)) {
	s.t.Helper()
	s.mounted(func(m *mount.Mounted) { do(m.Root()) })
}

func (s *site) mounted(do func(*mount.Mounted)) {
	s.t.Helper()
	spec := *s.job().Vault
	spec.Base, spec.Env = filepath.Join(s.state(), "mounts"), os.Environ()
	m, err := mount.Mount(s.t.Context(), spec)
	must(s.t, err)
	do(m)
	must(s.t, m.Close())
}

func sumText(text string) manifest.Sum { return blake3.Sum256([]byte(text)) }

// mirrorIs makes sure that the mirror holds what is staged, and nothing else.
func (s *site) mirrorIs(want map[string]manifest.Sum) {
	s.t.Helper()
	got := map[string]manifest.Sum{}
	for name, sum := range s.mirror() {
		if rest, ok := strings.CutPrefix(name, "anna/"); ok {
			got[rest] = sum
		}
	}
	same(s.t, "mirror", got, want)
}

func same(t *testing.T, what string, got, want map[string]manifest.Sum) {
	t.Helper()
	for name, sum := range want {
		if g, ok := got[name]; !ok {
			t.Errorf("%s: %s is missing", what, name)
		} else if g != sum {
			t.Errorf("%s: %s has other bytes", what, name)
		}
	}
	for name := range got {
		if _, ok := want[name]; !ok {
			t.Errorf("%s: %s should not be there", what, name)
		}
	}
}

// safe makes sure that everything that was ever staged is, in its newest version, in
// the staging folder or in an archive, and that the archives hold what they say.
func (s *site) safe() {
	s.t.Helper()
	all := filepath.Join(s.t.TempDir(), "all")
	must(s.t, os.Mkdir(all, 0o700))
	have := map[string]map[manifest.Sum]bool{}
	add := func(files map[string]manifest.Sum) {
		for name, sum := range files {
			if have[name] == nil {
				have[name] = map[manifest.Sum]bool{}
			}
			have[name][sum] = true
		}
	}
	add(pictures(s.t, s.staging()))
	if s.Repo != "" {
		s.withRepo(func(r *archive.Repo) {
			list, err := r.List(s.t.Context())
			must(s.t, err)
			for _, a := range list {
				if slices.Contains(s.Worthless, a.Name) {
					continue
				}
				to := filepath.Join(all, a.Name)
				must(s.t, os.Mkdir(to, 0o700))
				must(s.t, r.Extract(s.t.Context(), a.Name, archive.Extraction{To: to}))
				add(pictures(s.t, to))
			}
		})
	}
	for name, sum := range s.ever {
		if !have[name][sum] {
			s.t.Errorf("%s is lost", name)
		}
	}
}

// archives names the archives of the repository.
func (s *site) archives() (names []string) {
	s.t.Helper()
	s.withRepo(func(r *archive.Repo) {
		list, err := r.List(s.t.Context())
		must(s.t, err)
		for _, a := range list {
			names = append(names, a.Name)
		}
	})
	return names
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
