// Package loopback gives tests a machine to reach by ssh: a real sshd of their
// own on 127.0.0.1, whose sessions can be killed and frozen.
//
// It also tells what a test run left behind; see Main.
package loopback

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/photogo/photogo/ssh"
)

// Main runs the tests of a package with a folder of their own for all temporary
// files, and fails if they leave a file, a mount or a process behind.
func Main(m *testing.M) int {
	dir, err := os.MkdirTemp("", "photogo-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	os.Setenv("TMPDIR", dir)
	code := m.Run()
	left := Left(dir)
	for i := 0; i < 100 && len(left) > 0; i++ {
		time.Sleep(50 * time.Millisecond) // who was killed may still be dying
		left = Left(dir)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		left = append(left, fmt.Sprintf("files %v (%v)", entries, err))
	}
	if len(left) == 0 {
		os.Remove(dir)
		return code
	}
	fmt.Fprintf(os.Stderr, "the tests left behind:\n%s\n", strings.Join(left, "\n"))
	return max(code, 1)
}

// Left returns mounts below a folder, and processes that were told of it, by
// argument or environment. Without /proc there are none to be seen.
func Left(dir string) (left []string) {
	mounts, _ := os.ReadFile("/proc/self/mountinfo")
	for line := range strings.Lines(string(mounts)) {
		if strings.Contains(line, dir) {
			left = append(left, "mount "+strings.TrimSpace(line))
		}
	}
	all, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, file := range all {
		pid := filepath.Base(filepath.Dir(file))
		args, _ := os.ReadFile(file)
		env, _ := os.ReadFile(filepath.Join(filepath.Dir(file), "environ"))
		if pid != strconv.Itoa(os.Getpid()) && (bytes.Contains(args, []byte(dir)) || bytes.Contains(env, []byte(dir))) {
			left = append(left, "process "+pid+": "+string(bytes.ReplaceAll(args, []byte{0}, []byte{' '})))
		}
	}
	return left
}

// Need skips a test where a program is missing, and fails it where nothing may
// be missing.
func Need(t *testing.T, programs ...string) {
	t.Helper()
	for _, p := range programs {
		if _, err := find(p); err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatalf("%s is missing; scripts/test-deps.sh installs it", p)
			}
			t.Skipf("%s is not installed", p)
		}
	}
}

// NeedFuse skips a test where this machine cannot mount, and fails it where
// nothing may be missing.
func NeedFuse(t *testing.T) {
	t.Helper()
	f, err := os.OpenFile("/dev/fuse", os.O_RDWR, 0)
	if err == nil {
		f.Close()
		return
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("this machine cannot mount: %v", err)
	}
	t.Skipf("this machine cannot mount: %v", err)
}

// find looks for a program also where servers are.
func find(program string) (string, error) {
	if path, err := exec.LookPath(program); err == nil {
		return path, nil
	}
	for _, dir := range []string{"/usr/sbin", "/usr/lib/openssh", "/usr/libexec", "/usr/libexec/openssh"} {
		if path := filepath.Join(dir, program); exec.Command("test", "-x", path).Run() == nil {
			return path, nil
		}
	}
	return "", exec.ErrNotFound
}

// Server is a running sshd.
type Server struct {
	Dir     string      // a folder for what is on the machine
	User    string      // who may come in
	SSH     ssh.Options // how to come in
	Host    string      // 127.0.0.1
	pid     int
	keys    string
	log     string
	process *exec.Cmd
	frozen  []int // who may have lost its parent, and is not found among the sessions
}

// Start starts an sshd that lets in who has its key, until the test ends.
func Start(t *testing.T) *Server {
	t.Helper()
	Need(t, "sshd", "ssh", "ssh-keygen", "sftp-server")
	dir := t.TempDir()
	me, err := user.Current()
	check(t, err)
	s := &Server{Dir: filepath.Join(dir, "machine"), User: me.Username, Host: "127.0.0.1", keys: filepath.Join(dir, "authorized_keys"), log: filepath.Join(dir, "log")}
	check(t, os.Mkdir(s.Dir, 0o700))
	for _, key := range []string{"host", "id"} {
		check(t, exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", filepath.Join(dir, key)).Run())
	}
	s.Allow(t, filepath.Join(dir, "id.pub"), "")
	port := freePort(t)
	sftp, err := find("sftp-server")
	check(t, err)
	config := fmt.Sprintf(`Port %d
ListenAddress 127.0.0.1
HostKey %s
PidFile none
AuthorizedKeysFile %s
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
StrictModes no
Subsystem sftp %s
MaxStartups 100
SetEnv PHOTOGO_TEST=%s
`, port, filepath.Join(dir, "host"), s.keys, sftp, dir)
	check(t, os.WriteFile(filepath.Join(dir, "sshd_config"), []byte(config), 0o600))
	public, err := os.ReadFile(filepath.Join(dir, "host.pub"))
	check(t, err)
	known := filepath.Join(dir, "known_hosts")
	check(t, os.WriteFile(known, fmt.Appendf(nil, "[127.0.0.1]:%d %s", port, public), 0o600))
	s.SSH = ssh.Options{Identity: filepath.Join(dir, "id"), KnownHosts: known, Port: port, ConnectTimeout: 5, AliveInterval: 1}
	s.start(t, filepath.Join(dir, "sshd_config"))
	return s
}

func (s *Server) start(t *testing.T, config string) {
	t.Helper()
	if os.Getuid() == 0 {
		check(t, os.MkdirAll("/run/sshd", 0o755)) // where sshd locks itself in
	}
	sshd, err := find("sshd")
	check(t, err)
	s.process = exec.Command(sshd, "-D", "-f", config, "-E", s.log)
	s.process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	check(t, s.process.Start())
	s.pid = s.process.Process.Pid
	t.Cleanup(s.Stop)
	for range 500 {
		if c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", s.SSH.Port)); err == nil {
			c.Close()
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	log, _ := os.ReadFile(s.log)
	t.Fatalf("sshd does not start: %s", log)
}

// Allow replaces who may come in: the owner of a key, and what alone that key
// may do ("": everything).
func (s *Server) Allow(t *testing.T, publicKey, command string) {
	t.Helper()
	key, err := os.ReadFile(publicKey)
	check(t, err)
	line := string(key)
	if command != "" {
		line = fmt.Sprintf("restrict,command=%q %s", command, key)
	}
	check(t, os.WriteFile(s.keys, []byte(line), 0o600))
}

// Stop ends the server and all its sessions.
func (s *Server) Stop() {
	if s.process == nil {
		return
	}
	s.Thaw()
	s.Kill()
	s.process.Process.Kill()
	s.process.Wait()
	s.process = nil
}

// sessions are the processes that serve who is logged in.
func (s *Server) sessions(name string) (pids []int) {
	children := map[int][]int{}
	all, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, file := range all {
		stat, _ := os.ReadFile(file)
		if _, rest, ok := strings.Cut(string(stat), ") "); ok {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
			fields := strings.Fields(rest)
			parent, _ := strconv.Atoi(fields[1])
			children[parent] = append(children[parent], pid)
		}
	}
	var walk func(int)
	walk = func(pid int) {
		for _, c := range children[pid] {
			walk(c)
			args, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", c))
			if bytes.Contains(args, []byte(name)) {
				pids = append(pids, c)
			}
		}
	}
	walk(s.pid)
	return pids
}

func (s *Server) signal(name string, sig syscall.Signal) int {
	pids := s.sessions(name)
	for _, pid := range pids {
		syscall.Kill(pid, sig)
	}
	return len(pids)
}

// Kill ends all sessions at once: the link is lost, and both sides notice.
// It returns how many processes there were.
func (s *Server) Kill() int { return s.signal("", syscall.SIGKILL) }

// Silence freezes all sessions: nothing answers any more, as with a cut cable.
func (s *Server) Silence() int { return s.freeze("") }

// FreezeDisk freezes the sftp-servers alone: sshd answers, the disk does not.
func (s *Server) FreezeDisk() int { return s.freeze("sftp-server") }

func (s *Server) freeze(name string) int {
	s.frozen = append(s.frozen, s.sessions(name)...)
	return s.signal(name, syscall.SIGSTOP)
}

// Thaw lets all go on. A process whose parent has ended meanwhile ends by itself
// then, but not while it is frozen.
func (s *Server) Thaw() {
	for _, pid := range s.frozen {
		syscall.Kill(pid, syscall.SIGCONT)
	}
	s.frozen = nil
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
