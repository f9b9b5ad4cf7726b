package config

import (
	"bytes"
	"errors"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestParseShell(t *testing.T) {
	list, problems := parseShell([]byte(`# a comment
  # another
SSH_USER="anna"
SSH_HOST='pi.local'   # behind a value
export REMOTE_DIR=/srv/va\ ult
MOUNT="$HOME/backup"/sub
DECRYPTED="${HOME}/x"
TMP=~/backup/tmp
BORG_REPO="$SSH_USER@${SSH_HOST}:/srv/borg"
QUOTED="a \"b\" \$c \x 'd'"
HASH=a#b
EMPTY=
`+"DOS=x\r\n"), "/home/anna")
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	want := []assignment{
		{"SSH_USER", "anna", 3}, {"SSH_HOST", "pi.local", 4}, {"REMOTE_DIR", "/srv/va ult", 5}, {"MOUNT", "/home/anna/backup/sub", 6},
		{"DECRYPTED", "/home/anna/x", 7}, {"TMP", "/home/anna/backup/tmp", 8}, {"BORG_REPO", "anna@pi.local:/srv/borg", 9},
		{"QUOTED", `a "b" $c \x 'd'`, 10}, {"HASH", "a#b", 11}, {"EMPTY", "", 12}, {"DOS", "x", 13},
	}
	if !slices.Equal(list, want) {
		t.Errorf("%v", list)
	}
}

// What only a shell could tell the meaning of is refused, with its line.
func TestParseShellRunsNothing(t *testing.T) {
	for _, line := range []string{
		"A=$(touch /tmp/x)", "A=`id`", `A="$(id)"`, "A=\"`id`\"", "A=x; rm -rf /", "A=x && y", "A=x | y", "A=x > y", "rm -rf /", "A =x", "A= x",
		"if true; then", `A="open`, "A='open", `A=x\`, "A=$1", "A=${B:-x}", "A=$B", "A=${HOME", "A=*.jpg", "A=(1 2)", "A+=x", "A[0]=x", "1A=x", "=x",
		"source other.conf", ". other.conf", "A={a,b}", "A=x y", "A=\xff", "A=<(id)", "A=!x",
	} {
		list, problems := parseShell([]byte("\n"+line), "/h")
		if len(list) != 0 || len(problems) != 1 || problems[0].Line != 2 {
			t.Errorf("%s: %v %v", line, list, problems)
		}
	}
}

// What photogo reads is what a shell would have set.
func TestParseShellAgreesWithTheShell(t *testing.T) {
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip(err)
	}
	agree := 0
	rapid.Check(t, func(t *rapid.T) {
		line := "A=" + strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{
			`"`, `"`, "'", `\`, "$HOME", "${HOME}", "~", "~/", "/", "#", " ", "a", "b c", "$", "{", "}", "=", ":", ",", "@", "ü",
		}), 0, 8).Draw(t, "parts"), "")
		list, problems := parseShell([]byte(line), "/h o")
		if len(problems) > 0 {
			return
		}
		cmd := exec.Command("bash", "-c", line+"\nprintf %s \"$A\"")
		cmd.Env = []string{"HOME=/h o", "PATH=/usr/bin:/bin"}
		out, err := cmd.Output()
		if err != nil || string(out) != list[0].value {
			t.Fatalf("%s: %q, bash has %q %v", line, list[0].value, out, err)
		}
		agree++
	})
	if agree == 0 {
		t.Error("nothing was compared")
	}
}

func FuzzParseShell(f *testing.F) {
	f.Add([]byte("A=\"$HOME/x\"\nB='y' # z\nC=${A}$B\\ \nD=~/`"))
	f.Add([]byte("A=" + strings.Repeat("x", 100) + "\nA=$A$A$A$A\nA=$A$A$A$A\nA=$A$A$A$A\nA=$A$A$A$A"))
	f.Fuzz(func(t *testing.T, data []byte) {
		list, problems := parseShell(data, "/h")
		n := bytes.Count(data, []byte("\n")) + 1
		for _, a := range list {
			if !isName(a.key) || len(a.value) > maxText || a.line < 1 || a.line > n || strings.Contains(a.value, "\n") || !utf8.ValidString(a.value) {
				t.Errorf("%v", a)
			}
		}
		for _, p := range problems {
			if p.Line < 1 || p.Line > n || p.Message == "" {
				t.Errorf("%v", p)
			}
		}
	})
}

const template = `# --- SSH Configuration ---
SSH_USER="anna"
SSH_HOST="pi.local"
IDENTITY_FILE="$HOME/.ssh/id_ed25519"
# --- Remote Directory ---
REMOTE_DIR="/srv/vault"
MOUNT_POINT="$HOME/backup/gocryptfs"
DECRYPTED_MOUNT="$HOME/backup/decrypted"
GOCRYPTFS_KEYCHAIN="photos_backup"
BORG_KEYCHAIN="borg_backup"
LOCAL_EXPORT_DIR="$HOME/backup/tmp"
DATE_THRESHOLD="2025-05-01"
BORG_REPO="${SSH_USER}@${SSH_HOST}:/srv/borg"
`

func TestFromPhotosBackup(t *testing.T) {
	opt := Options{Home: home, Library: "/l", Check: check}
	c, notes, err := FromPhotosBackup("photos_backup.conf", []byte(template), opt)
	if err != nil {
		t.Fatal(err)
	}
	want := Default()
	want.Staging = home + "/backup/tmp"
	want.Vault = Vault{Host: "pi.local", User: "anna", Dir: "/srv/vault", Identity: home + "/.ssh/id_ed25519", Passphrase: "keychain:photos_backup"}
	want.Archive.Repository, want.Archive.Passphrase = "anna@pi.local:/srv/borg", "keychain:borg_backup"
	var got, wanted strings.Builder
	if err := errors.Join(Write(&got, c, ""), Write(&wanted, want, "")); err != nil || got.String() != wanted.String() {
		t.Errorf("%v\n%s", err, got.String())
	}
	all := strings.Join(notes, "\n")
	for _, key := range []string{"MOUNT_POINT", "DECRYPTED_MOUNT", "DATE_THRESHOLD (2025-05-01)", "exported and archived again once; nothing is skipped", "photogo mount --adopt"} {
		if !strings.Contains(all, key) {
			t.Errorf("nothing is said on %s:\n%s", key, all)
		}
	}
	// Every key of the scripts' template is taken over or spoken of.
	for line := range strings.Lines(template) {
		if key, _, ok := strings.Cut(line, "="); ok && counterparts[key] == "" && !strings.Contains(all, key) {
			t.Errorf("%s is lost without a word", key)
		}
	}
	if _, err := Parse("f", []byte(got.String()), opt); err != nil {
		t.Error(err)
	}
}

func TestFromPhotosBackupTellsWhatIsWrong(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", "it sets nothing"},
		{"LOCAL_EXPORT_DIR=tmp", "f:1: LOCAL_EXPORT_DIR: \"tmp\" is no whole path"},
		{"LOCAL_EXPORT_DIR=/a\nEXPORT_DIR=/b", "f:2: EXPORT_DIR: it is another folder than LOCAL_EXPORT_DIR in line 1"},
		{"SSH_HOST=-oProxyCommand=x", "f:1: SSH_HOST: \"-oProxyCommand=x\" is no name"},
		{"SSH_HOST=$(hostname)", "f:1: SSH_HOST: a shell would do something with $"},
	} {
		if _, _, err := FromPhotosBackup("f", []byte(c.text), Options{Home: home}); !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s\n%v", c.text, err)
		}
	}
	_, notes, err := FromPhotosBackup("f", []byte("FOO=x\nSSH_HOST="), Options{Home: home})
	if all := strings.Join(notes, "\n"); err != nil || !strings.Contains(all, "line 1: FOO means nothing") || !strings.Contains(all, "line 2: SSH_HOST is empty") {
		t.Error(err, all)
	}
}
