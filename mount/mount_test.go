package mount

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/photogo/photogo/internal/command"
	"github.com/photogo/photogo/internal/loopback"
	"github.com/photogo/photogo/ssh"
)

func TestMain(m *testing.M) {
	if text := os.Getenv("PHOTOGO_TEST_MOUNT"); text != "" {
		mountAndWaitToBeKilled(text)
	}
	os.Exit(loopback.Main(m))
}

type phrase string

func (p phrase) WriteTo(w io.Writer) (int64, error) {
	n, err := io.WriteString(w, string(p))
	return int64(n), err
}

const canary = phrase("c4n4ry käfig")

// world is another machine with a vault.
type world struct {
	*loopback.Server
	spec     Spec
	sentinel string
}

// newWorld makes a machine; with a vault, unless it is to be empty.
func newWorld(t *testing.T, empty bool) *world {
	t.Helper()
	loopback.Need(t, "sshfs", "gocryptfs", "fusermount3")
	loopback.NeedFuse(t)
	w := &world{Server: loopback.Start(t)}
	vault := filepath.Join(w.Dir, "vault, with blanks")
	if err := os.Mkdir(vault, 0o700); err != nil {
		t.Fatal(err)
	}
	w.spec = Spec{
		User: w.User, Host: w.Host, Dir: vault, SSH: w.SSH, Passphrase: canary,
		Base: filepath.Join(t.TempDir(), "base with blanks"), Env: os.Environ(), Ready: time.Minute, Deadline: time.Minute,
	}
	if !empty {
		m, err := Init(t.Context(), w.spec)
		if err != nil {
			t.Fatal(err)
		}
		w.sentinel = m.Sentinel()
		if err := m.Close(); err != nil {
			t.Fatal(err)
		}
		w.spec.Sentinel = w.sentinel
	}
	t.Cleanup(func() { nothingLeft(t, w.spec.Base) })
	return w
}

// nothingLeft makes sure that a folder of mount points holds its lock alone.
func nothingLeft(t *testing.T, base string) {
	t.Helper()
	entries, err := os.ReadDir(base)
	if err != nil || len(entries) != 1 || entries[0].Name() != "lock" {
		t.Errorf("left in the folder of mount points: %v %v", entries, err)
	}
	if left := loopback.Left(filepath.Join(base, runPrefix)); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
}

func (w *world) mount(t *testing.T) *Mounted {
	t.Helper()
	m, err := Mount(t.Context(), w.spec)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	if err := m.Check(t.Context()); err != nil {
		t.Error(err)
	}
	return m
}

func TestAVaultIsMadeMountedAndUnmounted(t *testing.T) {
	w := newWorld(t, true)
	m, err := Init(t.Context(), w.spec)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(m.Config()), "EncryptedKey") {
		t.Errorf("%s", m.Config())
	}
	if err := m.Root().WriteFile("IMG_0001.HEIC", []byte("a picture that is seen nowhere"), 0o600); err != nil {
		t.Error(err)
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	if err := m.Close(); err != nil {
		t.Errorf("closed again: %v", err)
	}
	nothingLeft(t, w.spec.Base)

	// Neither names nor contents can be read over there.
	out, err := exec.Command("grep", "-rlaE", "IMG_0001|a picture|photogo vault|c4n4ry", w.Dir).CombinedOutput()
	if exit := new(exec.ExitError); !errors.As(err, &exit) || exit.ExitCode() != 1 {
		t.Errorf("%v: %s", err, out)
	}
	names, _ := exec.Command("ls", "-R", w.spec.Dir).Output()
	if strings.Contains(string(names), "IMG_") || !strings.Contains(string(names), "gocryptfs.conf") {
		t.Errorf("%s", names)
	}

	w.spec.Sentinel = m.Sentinel()
	again := w.mount(t)
	if text, err := again.Root().ReadFile("IMG_0001.HEIC"); err != nil || !strings.HasPrefix(string(text), "a picture") {
		t.Errorf("%s %v", text, err)
	}
	if _, err := Mount(t.Context(), w.spec); !errors.Is(err, ErrBusy) {
		t.Errorf("mounted twice: %v", err)
	}
	if err := again.Close(); err != nil {
		t.Error(err)
	}
	if _, err := Init(t.Context(), w.spec); !errors.Is(err, ErrExists) {
		t.Errorf("a vault was made over another one: %v", err)
	}
}

// A server may put links beside the encrypted files: nothing is read or written where
// they lead, neither there nor here.
func TestLinksOfTheServerLeadNowhere(t *testing.T) {
	w := newWorld(t, false)
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.Mkdir(secret, 0o700); err != nil {
		t.Fatal(err)
	}
	precious := filepath.Join(secret, "file")
	if err := os.WriteFile(precious, []byte("not for the vault"), 0o600); err != nil {
		t.Fatal(err)
	}
	names := func() (list []string) {
		entries, err := os.ReadDir(w.spec.Dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			list = append(list, e.Name())
		}
		return list
	}
	before := names()
	m := w.mount(t)
	if err := m.Root().WriteFile("IMG_0001.HEIC", []byte("a picture"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	fresh := slices.DeleteFunc(names(), func(n string) bool { return slices.Contains(before, n) })
	if len(fresh) != 1 {
		t.Fatalf("encrypted as %q", fresh)
	}
	// The encrypted file itself becomes a link.
	picture := filepath.Join(w.spec.Dir, fresh[0])
	err := errors.Join(os.Rename(picture, filepath.Join(secret, "picture")), os.Symlink(precious, picture),
		os.Symlink(secret, filepath.Join(w.spec.Dir, "folder")), os.Symlink(precious, filepath.Join(w.spec.Dir, "link")))
	if err != nil {
		t.Fatal(err)
	}
	m = w.mount(t)
	if text, err := m.Root().ReadFile("IMG_0001.HEIC"); err == nil {
		t.Errorf("it reads %q", text)
	}
	m.Root().WriteFile("IMG_0001.HEIC", []byte("written through a link"), 0o600) // it fails, or replaces the link
	if err := m.Close(); err != nil {
		t.Error(err)
	}
	if text, err := os.ReadFile(precious); err != nil || string(text) != "not for the vault" {
		t.Errorf("what a link led to holds %q, %v", text, err)
	}
}

func TestFailuresAreToldApartAndLeaveNothing(t *testing.T) {
	w := newWorld(t, false)
	file := filepath.Join(w.Dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	full := filepath.Join(w.Dir, "full")
	if err := os.MkdirAll(filepath.Join(full, "x"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change func(*Spec)
		want   error
	}{
		"wrong passphrase":  {func(s *Spec) { s.Passphrase = phrase("wrong") }, ErrPassphrase},
		"no such folder":    {func(s *Spec) { s.Dir += "/none" }, ErrNoVault},
		"a file":            {func(s *Spec) { s.Dir = file }, ErrNoVault},
		"no vault in it":    {func(s *Spec) { s.Dir = full }, ErrNoVault},
		"another sentinel":  {func(s *Spec) { s.Sentinel = strings.Replace(s.Sentinel, "vault ", "vault x", 1) }, ErrSentinel},
		"nobody answers":    {func(s *Spec) { s.SSH.Port = 1 }, ssh.ErrUnreachable},
		"no such host":      {func(s *Spec) { s.Host = "photogo-has-no-such-host.invalid" }, ssh.ErrUnreachable},
		"unknown host":      {func(s *Spec) { s.SSH.KnownHosts = filepath.Join(w.Dir, "none") }, ssh.ErrHostKey},
		"unknown key":       {func(s *Spec) { s.SSH.Identity = filepath.Join(filepath.Dir(w.Dir), "host") }, ssh.ErrDenied},
		"no programs":       {func(s *Spec) { s.Env = []string{"PATH=/nowhere"} }, command.ErrMissing},
		"an option as host": {func(s *Spec) { s.Host = "-oProxyCommand=touch x" }, ErrSpec},
		"no passphrase":     {func(s *Spec) { s.Passphrase = nil }, ErrSpec},
		"a relative base":   {func(s *Spec) { s.Base = "x" }, ErrSpec},
	} {
		s := w.spec
		c.change(&s)
		m, err := Mount(t.Context(), s)
		if !errors.Is(err, c.want) || strings.Contains(err.Error(), "c4n4ry") {
			t.Errorf("%s: %v", name, err)
		}
		if m != nil {
			m.Close()
		}
		nothingLeft(t, w.spec.Base)
	}
	s := w.spec
	s.Dir = full
	if _, err := Init(t.Context(), s); !errors.Is(err, ErrExists) {
		t.Errorf("a vault was made among other files: %v", err)
	}
	if err := os.Chmod(w.spec.Base, 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := Mount(t.Context(), w.spec); !errors.Is(err, ErrSpec) {
		t.Errorf("others can enter the folder of mount points: %v", err)
	}
	os.Chmod(w.spec.Base, 0o700)
}

// A vault that something else made has no sentinel, and gets one only if that is
// asked for.
func TestAVaultWithoutSentinel(t *testing.T) {
	w := newWorld(t, false)
	m := w.mount(t)
	if err := m.Root().Remove(sentinelName); err != nil {
		t.Fatal(err)
	}
	if err := m.Check(t.Context()); !errors.Is(err, ErrSentinel) {
		t.Error(err)
	}
	if err := m.Close(); err != nil {
		t.Error(err)
	}
	for _, s := range []Spec{w.spec, with(w.spec, func(s *Spec) { s.Sentinel = "" }), with(w.spec, func(s *Spec) { s.NewSentinel = true })} {
		if _, err := Mount(t.Context(), s); !errors.Is(err, ErrSentinel) {
			t.Error(err)
		}
	}
	w.spec.Sentinel, w.spec.NewSentinel = "", true
	if m = w.mount(t); m.Sentinel() == w.sentinel || m.Sentinel() == "" {
		t.Errorf("%q", m.Sentinel())
	}
	m.Close()
}

func with(s Spec, change func(*Spec)) Spec { change(&s); return s }

// However a mount dies, Check tells in bounded time, nothing is written into the
// mount point, and all is cleared up.
func TestMountsThatDie(t *testing.T) {
	for name, c := range map[string]struct {
		kill func(*world, *Mounted)
		ends bool // the mount ends by itself
	}{
		"the link is lost":       {func(w *world, m *Mounted) { w.Kill() }, true},
		"the link is silent":     {func(w *world, m *Mounted) { w.Silence() }, false},
		"the disk there hangs":   {func(w *world, m *Mounted) { w.FreezeDisk() }, false},
		"gocryptfs is killed":    {func(w *world, m *Mounted) { syscall.Kill(m.crypt.Pid(), syscall.SIGKILL) }, true},
		"sshfs is killed":        {func(w *world, m *Mounted) { syscall.Kill(m.sshfs.Pid(), syscall.SIGKILL) }, true},
		"gocryptfs is frozen":    {func(w *world, m *Mounted) { syscall.Kill(m.crypt.Pid(), syscall.SIGSTOP) }, false},
		"it is unmounted":        {func(w *world, m *Mounted) { exec.Command("fusermount3", "-uz", m.plain).Run() }, true},
		"the vault is unmounted": {func(w *world, m *Mounted) { exec.Command("fusermount3", "-uz", m.cipher).Run() }, true},
	} {
		t.Run(name, func(t *testing.T) {
			if testing.Short() && !c.ends {
				t.Skip("takes many seconds")
			}
			w := newWorld(t, false)
			w.SSH.AliveInterval = 60 // the silence is to be found by Check, not by ssh
			w.spec.SSH = w.SSH
			m := w.mount(t)
			m.spec.Deadline = time.Second // for what does not answer at all
			if c.kill(w, m); c.ends {
				<-m.Done()
			}
			if err := m.Check(t.Context()); !errors.Is(err, ErrDead) {
				t.Errorf("a dead mount proves itself: %v", err)
			}
			if c.ends {
				// It fails, or gets into the vault, where a mount lives on without a name.
				m.Root().WriteFile("leak", []byte("in clear"), 0o600)
				if entries, err := os.ReadDir(m.plain); err == nil && len(entries) > 0 {
					t.Errorf("something was written in clear: %v", entries)
				}
			}
			if err := m.Close(); err != nil {
				t.Errorf("close: %v", err)
			}
			w.Thaw()
			if again := w.mount(t); again != nil {
				if err := again.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// What somebody writes into the mount point of a mount that is gone is told, and
// stays.
func TestALeakIsTold(t *testing.T) {
	w := newWorld(t, false)
	m := w.mount(t)
	if out, err := exec.Command("fusermount3", "-uz", m.plain).CombinedOutput(); err != nil {
		t.Fatalf("%s", out)
	}
	<-m.Done()
	leak := filepath.Join(m.plain, "IMG_0001.HEIC")
	if err := os.WriteFile(leak, []byte("in clear"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := m.Close(); !errors.Is(err, ErrLeak) {
		t.Error(err)
	}
	if _, err := Mount(t.Context(), w.spec); !errors.Is(err, ErrLeak) {
		t.Errorf("the next run: %v", err)
	}
	if _, err := Unmount(t.Context(), w.spec.Base, w.spec.Env, true); !errors.Is(err, ErrLeak) {
		t.Errorf("unmount: %v", err)
	}
	if _, err := os.Stat(leak); err != nil {
		t.Errorf("it was removed: %v", err)
	}
	os.Remove(leak)
	if n, err := Unmount(t.Context(), w.spec.Base, w.spec.Env, false); n != 0 || err != nil {
		t.Error(n, err)
	}
}

func TestWhatIsInUseIsUnmountedOnlyByForce(t *testing.T) {
	w := newWorld(t, false)
	m := w.mount(t)
	if _, err := Unmount(t.Context(), w.spec.Base, w.spec.Env, false); !errors.Is(err, ErrBusy) {
		t.Error(err)
	}
	if err := m.Check(t.Context()); err != nil {
		t.Errorf("it is not as it was: %v", err)
	}
	if n, err := Unmount(t.Context(), w.spec.Base, w.spec.Env, true); n != 2 || err != nil {
		t.Error(n, err)
	}
	<-m.Done()
	if err := m.Close(); err != nil {
		t.Error(err)
	}
	// A file that is open does not keep Close from it.
	m = w.mount(t)
	f, err := m.Root().Create("open")
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Close(); err != nil {
		t.Error(err)
	}
	if _, err := f.Write([]byte("x")); err == nil && f.Sync() == nil {
		t.Error("something was written after Close")
	}
	f.Close()
	if n, err := Unmount(t.Context(), filepath.Join(w.Dir, "none"), w.spec.Env, true); n != 0 || err != nil {
		t.Error(n, err)
	}
}

func TestInterruptedWhileMounting(t *testing.T) {
	w := newWorld(t, false)
	for _, wait := range []time.Duration{0, 20 * time.Millisecond, 100 * time.Millisecond, 300 * time.Millisecond, 600 * time.Millisecond} {
		ctx, cancel := context.WithTimeoutCause(t.Context(), wait, context.Canceled)
		m, err := Mount(ctx, w.spec)
		if err == nil {
			m.Close()
		} else if !errors.Is(err, context.Canceled) {
			t.Errorf("after %v: %v", wait, err)
		}
		cancel()
		nothingLeft(t, w.spec.Base)
	}
}

// mountAndWaitToBeKilled is the whole of a child process.
func mountAndWaitToBeKilled(text string) {
	var s Spec
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		panic(err)
	}
	s.Passphrase, s.Env = canary, os.Environ()
	if _, err := Mount(context.Background(), s); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("mounted")
	select {}
}

// A photogo that is killed leaves its mounts; the next one, or unmount, clears
// them up. And nothing that others can see while it runs holds the passphrase.
func TestKilledAndClearedUp(t *testing.T) {
	w := newWorld(t, false)
	start := func() *exec.Cmd {
		s := w.spec
		s.Passphrase, s.Env = nil, nil
		text, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), "PHOTOGO_TEST_MOUNT="+string(text))
		out, err := child.StdoutPipe()
		if err != nil || child.Start() != nil {
			t.Fatal(err)
		}
		line := make([]byte, 1000)
		if n, err := out.Read(line); err != nil || string(line[:n]) != "mounted\n" {
			t.Fatalf("%s %v", line[:n], err)
		}
		return child
	}
	kill := func(child *exec.Cmd) { child.Process.Kill(); child.Wait() }

	child := start()
	visible(t, w.spec.Base)
	kill(child)
	m, err := Mount(t.Context(), w.spec)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Close(); err != nil {
		t.Error(err)
	}
	nothingLeft(t, w.spec.Base)

	kill(start())
	if n, err := Unmount(t.Context(), w.spec.Base, w.spec.Env, false); n != 2 || err != nil {
		t.Error(n, err)
	}
	nothingLeft(t, w.spec.Base)
}

// visible makes sure that the passphrase is in no argument, environment or file
// of the programs that are running.
func visible(t *testing.T, base string) {
	t.Helper()
	seen := 0
	all, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, file := range all {
		args, _ := os.ReadFile(file)
		if !strings.Contains(string(args), base) {
			continue
		}
		seen++
		env, _ := os.ReadFile(filepath.Join(filepath.Dir(file), "environ"))
		if strings.Contains(string(args)+string(env), "c4n4ry") {
			t.Errorf("the passphrase can be seen: %q", args)
		}
	}
	if seen < 2 {
		t.Errorf("only %d programs are running", seen)
	}
	configs, _ := filepath.Glob(filepath.Join(base, runPrefix+"*", "*"))
	for _, file := range configs {
		if text, err := os.ReadFile(file); err == nil && strings.Contains(string(text), "c4n4ry") {
			t.Errorf("the passphrase is in %s", file)
		}
	}
}
