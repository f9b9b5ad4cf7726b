package ssh_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/photogo/photogo/ssh"
)

// ssh -G says how ssh understands its options: the same, whether they come by
// file or by command.
func TestSSHUnderstandsTheOptions(t *testing.T) {
	if _, err := exec.LookPath("ssh"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("ssh is missing")
		}
		t.Skip("ssh is missing")
	}
	dir := filepath.Join(t.TempDir(), "a folder, with 'quotes' #1")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	user := filepath.Join(dir, "user config")
	if err := os.WriteFile(user, []byte("BatchMode no\nHost pi\n  HostName raspberry.local\n  StrictHostKeyChecking no\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	o := ssh.Options{Identity: filepath.Join(dir, "id"), KnownHosts: filepath.Join(dir, "known"), Config: user, Port: 2222, AliveInterval: 7}
	config := filepath.Join(dir, "config")
	f, err := os.Create(config)
	if err != nil {
		t.Fatal(err)
	}
	if err := o.WriteConfig(f); err != nil || f.Close() != nil {
		t.Fatal(err)
	}
	command, err := o.Command()
	if err != nil {
		t.Fatal(err)
	}
	for name, cmd := range map[string]*exec.Cmd{
		"file":    exec.Command("ssh", "-F", config, "-G", "pi"),
		"command": exec.Command("sh", "-c", command+" -G pi"),
	} {
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(name, err)
		}
		for _, want := range []string{"batchmode yes", "stricthostkeychecking true", "hostname raspberry.local", "port 2222", "serveraliveinterval 7", "connecttimeout 10", "identitiesonly yes", "identityfile " + dir + "/id", "userknownhostsfile " + dir + "/known", "globalknownhostsfile /dev/null"} {
			if !strings.Contains(string(out), want+"\n") && !strings.Contains(string(out), strings.Replace(want, dir, `"`+dir, 1)+"\"\n") {
				t.Errorf("%s: %q is missing in\n%s", name, want, out)
			}
		}
	}
}

// Without a configuration of its own the user's usual one is read, by either way: ssh
// does so for a command, and the file says so.
func TestTheUsersOwnConfigurationIsRead(t *testing.T) {
	var file strings.Builder
	if err := (ssh.Options{}).WriteConfig(&file); err != nil || !strings.HasSuffix(file.String(), "\nInclude \"~/.ssh/config\"\n") {
		t.Errorf("%v %s", err, &file)
	}
	if command, err := (ssh.Options{}).Command(); err != nil || strings.Contains(command, "-F") {
		t.Errorf("%v %s", err, command)
	}
}

func TestOptionsThatSSHWouldMisread(t *testing.T) {
	for _, o := range []ssh.Options{{Identity: "a\nProxyCommand x"}, {Identity: `a"b`}, {KnownHosts: "a%b"}, {Config: "a\nb"}} {
		if _, err := o.Command(); !errors.Is(err, ssh.ErrOptions) {
			t.Errorf("%v: %v", o, err)
		}
	}
	for _, bad := range [][2]string{{"", ""}, {"", "-oProxyCommand=x"}, {"-l", "pi"}, {"me", "pi x"}, {"me", "pi;x"}, {"me@x", "pi"}} {
		if err := ssh.CheckHost(bad[0], bad[1]); !errors.Is(err, ssh.ErrOptions) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	for _, good := range [][2]string{{"", "pi"}, {"me", "raspberry.local"}, {"me_too", "[fe80::1%eth0]"}} {
		if err := ssh.CheckHost(good[0], good[1]); err != nil {
			t.Error(err)
		}
	}
}

func TestClassify(t *testing.T) {
	for said, want := range map[string]error{
		"ssh: connect to host 127.0.0.1 port 1: Connection refused":                                  ssh.ErrUnreachable,
		"Host key verification failed.":                                                              ssh.ErrHostKey,
		"No ED25519 host key is known for [127.0.0.1]:45569 and you have requested strict checking.": ssh.ErrHostKey,
		"root@pi: Permission denied (publickey).":                                                    ssh.ErrDenied,
		"cp: /x: Permission denied":                                                                  nil,
		"":                                                                                           nil,
	} {
		if err := ssh.Classify(said); err != want {
			t.Errorf("%q: %v", said, err)
		}
	}
}
