package doctor

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/photogo/photogo/archive"
	"github.com/photogo/photogo/backup"
	"github.com/photogo/photogo/internal/command"
	"github.com/photogo/photogo/internal/fixture"
	"github.com/photogo/photogo/internal/fixture/icloud"
	"github.com/photogo/photogo/internal/loopback"
	"github.com/photogo/photogo/mount"
	"github.com/photogo/photogo/photokit"
	"github.com/photogo/photogo/photosdb"
	"github.com/photogo/photogo/secret"
	"github.com/photogo/photogo/ssh"
)

func TestMain(m *testing.M) {
	if os.Getenv("PHOTOGO_STUB") != "" {
		os.Exit(icloud.Serve(os.Stdin, os.Stdout))
	}
	goleak.VerifyTestMain(m)
}

// patient is a Mac on which all is well, as far as this machine can play one.
type patient struct {
	Subject
	lib   *fixture.Library
	cloud *icloud.Cloud
	bin   string // where its programs are
}

func newPatient(t *testing.T) *patient {
	t.Helper()
	home := t.TempDir()
	lib, err := fixture.Build(filepath.Join(home, "Pictures", "Photos Library.photoslibrary"), fixture.Options{})
	must(t, err)
	old := time.Now().Add(-time.Hour)
	must(t, os.Chtimes(filepath.Join(lib.Path, "database", "Photos.sqlite"), old, old))
	cloud, err := icloud.New(t.TempDir())
	must(t, err)
	must(t, cloud.AddLibrary(lib, func(fixture.Asset, string) icloud.Acts { return icloud.Acts{} }))
	must(t, cloud.Save())
	self, err := os.Executable()
	must(t, err)
	helper, err := cloud.Program(self)
	must(t, err)
	p := &patient{lib: lib, cloud: cloud, bin: filepath.Join(home, "bin")}
	must(t, os.Mkdir(p.bin, 0o755))
	p.Subject = Subject{
		GOOS: "darwin", Home: home, Env: []string{"PATH=" + p.bin + ":" + os.Getenv("PATH")}, Temp: t.TempDir(),
		Config: filepath.Join(home, "config.toml"), Library: lib.Path, Download: true, Helper: helper,
		Reserve: photokit.Reserve{Bytes: 1}, Folders: []string{filepath.Join(home, "staging", "not made yet")},
	}
	p.preferences(t, lib.Path)
	p.program(t, "codesign", "exit 0")
	p.program(t, "scutil", "echo Reachable")
	return p
}

// program puts a script in the way of a program.
func (p *patient) program(t *testing.T, name, script string) {
	t.Helper()
	must(t, os.WriteFile(filepath.Join(p.bin, name), []byte("#!/bin/sh\n"+script+"\n"), 0o755))
}

// preferences say which library is the system's.
func (p *patient) preferences(t *testing.T, library string) {
	t.Helper()
	file := filepath.Join(p.Home, "Library/Containers/com.apple.photolibraryd/Data/Library/Preferences/com.apple.photolibraryd.plist")
	must(t, os.MkdirAll(filepath.Dir(file), 0o755))
	must(t, os.WriteFile(file, fmt.Appendf(nil, `<?xml version="1.0"?><plist version="1.0"><dict><key>SystemLibraryPath</key><string>%s</string></dict></plist>`, library), 0o644))
}

func (p *patient) examine(t *testing.T) map[string]Finding {
	t.Helper()
	found := map[string]Finding{}
	must(t, Examine(context.Background(), p.Subject, func(f Finding) {
		if f.State != Well && f.State != Unused && f.Found == "" {
			t.Errorf("%s: nothing was said", f.Name)
		}
		if f.State == Bad && f.Err == nil {
			t.Errorf("%s: no error", f.Name)
		}
		found[f.Name] = f
	}))
	return found
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestAllIsWell(t *testing.T) {
	p := newPatient(t)
	found := p.examine(t)
	for name, f := range found {
		if f.State != Well && f.State != Unused {
			t.Errorf("%s: %s: %s", name, f.State, f.Found)
		}
	}
	for _, name := range []string{"configuration", "library", "system library", "helper", "Photos permission", "Photos library", "helper's signature", "network", "disk"} {
		if found[name].State != Well {
			t.Errorf("%s: %+v", name, found[name])
		}
	}
	left, err := os.ReadDir(p.Temp)
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestEachThingThatIsNotWell(t *testing.T) {
	for _, e := range []struct {
		name  string
		do    func(t *testing.T, p *patient)
		part  string
		state State
		err   error
	}{
		{"configuration", func(t *testing.T, p *patient) { p.ConfigErr = ErrUnwell }, "configuration", Bad, ErrUnwell},
		{"no library", func(t *testing.T, p *patient) { must(t, os.RemoveAll(p.lib.Path)) }, "library", Bad, photosdb.ErrNotLibrary},
		{"another system library", func(t *testing.T, p *patient) { p.preferences(t, "/somewhere/Else.photoslibrary") }, "system library", Bad, photokit.ErrLibrary},
		{"another system library, nothing to fetch", func(t *testing.T, p *patient) {
			p.preferences(t, "/somewhere/Else.photoslibrary")
			p.Download = false
		}, "system library", Warning, photokit.ErrLibrary},
		{"no preferences", func(t *testing.T, p *patient) { must(t, os.RemoveAll(filepath.Join(p.Home, "Library"))) }, "system library", Unknown, nil},
		{"no helper", func(t *testing.T, p *patient) { p.Helper, p.Program = "", filepath.Join(p.Home, "photogo") }, "helper", Bad, photokit.ErrNoHelper},
		{"no helper, nothing to fetch", func(t *testing.T, p *patient) {
			p.Helper, p.Program, p.Download = "", filepath.Join(p.Home, "photogo"), false
		}, "helper", Warning, photokit.ErrNoHelper},
		{"helper of another version", func(t *testing.T, p *patient) { p.play(t, "misbehaviour", "version") }, "helper", Bad, photokit.ErrVersion},
		{"helper that dies", func(t *testing.T, p *patient) { p.Helper = "/bin/false" }, "helper", Bad, photokit.ErrHelper},
		{"denied", func(t *testing.T, p *patient) { p.play(t, "authorization", 2) }, "Photos permission", Bad, photokit.ErrDenied},
		{"limited", func(t *testing.T, p *patient) { p.play(t, "authorization", 4) }, "Photos permission", Bad, photokit.ErrDenied},
		{"Photos has another library", func(t *testing.T, p *patient) {
			other, err := icloud.New(t.TempDir())
			must(t, err)
			must(t, other.Save())
			self, err := os.Executable()
			must(t, err)
			p.Helper, err = other.Program(self)
			must(t, err)
		}, "Photos library", Bad, photokit.ErrLibrary},
		{"signature", func(t *testing.T, p *patient) {
			p.program(t, "codesign", "echo a sealed resource is missing >&2; exit 1")
		}, "helper's signature", Bad, photokit.ErrHelper},
		{"no network", func(t *testing.T, p *patient) { p.program(t, "scutil", "echo Not Reachable") }, "network", Bad, photokit.ErrOffline},
		{"network unknown", func(t *testing.T, p *patient) { p.program(t, "scutil", "exit 1") }, "network", Unknown, nil},
		{"full disk", func(t *testing.T, p *patient) {
			p.Reserve.Free = func(string) (int64, int64, string, error) { return 5, 100, "disk", nil }
			p.Reserve.Bytes = 6
		}, "disk", Warning, photokit.ErrSpace},
		{"sshfs missing", func(t *testing.T, p *patient) {
			p.Job = &backup.Job{Vault: &mount.Spec{Host: "pi.invalid", Dir: "vault"}}
			p.Env = []string{"PATH=" + p.bin}
			p.program(t, "ssh", "exit 255")
		}, "sshfs", Bad, command.ErrMissing},
		{"borg too new", func(t *testing.T, p *patient) {
			p.program(t, "borg", "echo borg 2.0.0b19")
			p.Job = &backup.Job{Repository: &backup.Repository{Location: "/somewhere/repo"}}
		}, "borg", Bad, archive.ErrUnsupported},
		{"passphrase nowhere", func(t *testing.T, p *patient) {
			source, err := secret.Parse("file:"+filepath.Join(p.Home, "none"), p.Home)
			must(t, err)
			p.Secrets = []Secret{{Key: "archive.passphrase", Source: source}}
		}, "passphrase archive.passphrase", Bad, secret.ErrNone},
		{"passphrase that others can read", func(t *testing.T, p *patient) {
			file := filepath.Join(p.Home, "key")
			must(t, os.WriteFile(file, []byte("very secret words"), 0o644))
			source, err := secret.Parse("file:"+file, p.Home)
			must(t, err)
			p.Secrets = []Secret{{Key: "vault.passphrase", Source: source}}
		}, "passphrase vault.passphrase", Bad, secret.ErrExposed},
	} {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			p := newPatient(t)
			e.do(t, p)
			found := p.examine(t)
			f, ok := found[e.part]
			if !ok {
				t.Fatalf("no finding of %s among %v", e.part, slices.Sorted(maps.Keys(found)))
			}
			if f.State != e.state || e.err != nil && !errors.Is(f.Err, e.err) {
				t.Errorf("%+v", f)
			}
			if errors.Is(f.Err, photokit.ErrOffline) && f.Mend == "" {
				t.Error("no word on what to do") // what photogo says elsewhere is of a run that went on
			}
			if strings.Contains(fmt.Sprint(found), "very secret words") {
				t.Error("a secret was told")
			}
		})
	}
}

// play changes what the helper does.
func (p *patient) play(t *testing.T, key string, value any) {
	t.Helper()
	p.cloud.Set(key, value)
	must(t, p.cloud.Save())
}

func TestOtherMachines(t *testing.T) {
	server := loopback.Start(t)
	p := newPatient(t)
	p.Job = &backup.Job{Env: p.Env, Vault: &mount.Spec{User: server.User, Host: server.Host, SSH: server.SSH}}
	name := "machine " + server.Host
	if f := p.examine(t)[name]; f.State != Well {
		t.Errorf("%+v", f)
	}
	stranger := filepath.Join(t.TempDir(), "known")
	must(t, os.WriteFile(stranger, nil, 0o600))
	p.Job.Vault.SSH.KnownHosts = stranger
	if f := p.examine(t)[name]; f.State != Bad || !errors.Is(f.Err, ssh.ErrHostKey) {
		t.Errorf("%+v", f)
	}
	server.Stop()
	if f := p.examine(t)[name]; f.State != Bad || !errors.Is(f.Err, ssh.ErrUnreachable) {
		t.Errorf("%+v", f)
	}
}

func TestNothingIsNeeded(t *testing.T) {
	must(t, Examine(context.Background(), Subject{GOOS: "linux", Temp: t.TempDir()}, func(f Finding) {
		if f.State != Unused {
			t.Errorf("%+v", f)
		}
	}))
}

func TestAnInterruptIsOne(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	p := newPatient(t)
	if err := Examine(ctx, p.Subject, func(Finding) { t.Error("a finding of nothing") }); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
