package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/photogo/photogo/agent"
	"github.com/photogo/photogo/archive"
	"github.com/photogo/photogo/backup"
	"github.com/photogo/photogo/internal/command"
	"github.com/photogo/photogo/photokit"
	"github.com/photogo/photogo/photosdb"
	"github.com/photogo/photogo/secret"
)

func configuration(_ context.Context, s Subject) []Finding {
	const name = "configuration"
	switch {
	case s.ConfigErr != nil:
		return []Finding{failed(name, s.ConfigErr)}
	case s.Config == "":
		return one(name, Unused, "there is none; `photogo init` makes one, for backups that run by themselves")
	}
	return one(name, Well, s.Config)
}

// library finds out whether it can be read, which on a Mac is Full Disk Access.
func library(ctx context.Context, s Subject) []Finding {
	const name = "library"
	if s.Library == "" {
		return one(name, Unused, "none was named")
	}
	g, err := photosdb.GlanceAt(ctx, s.Library, 0)
	if err != nil {
		return []Finding{failed(name, err)}
	}
	return one(name, Well, fmt.Sprintf("%s: %s, %d assets", s.Library, generationOf(g.Info), g.Assets))
}

func generationOf(i photosdb.Info) string {
	switch {
	case i.Photos == 0:
		return fmt.Sprintf("of a release of Photos that photogo does not know (model %d)", i.ModelVersion)
	case i.MacOS != "":
		return fmt.Sprintf("Photos %d, macOS %s", i.Photos, i.MacOS)
	}
	return fmt.Sprintf("Photos %d", i.Photos)
}

// systemLibrary finds out whether the library is the one that iCloud belongs to.
func systemLibrary(_ context.Context, s Subject) []Finding {
	const name = "system library"
	switch {
	case s.GOOS != "darwin":
		return one(name, Unused, "only macOS has one")
	case s.Library == "":
		return one(name, Unused, "no library was named")
	}
	system, err := photosdb.SystemLibraryOf(s.Home)
	switch {
	case err != nil:
		return []Finding{{Name: name, State: Unknown, Found: err.Error(), Err: err}}
	case system == "":
		return one(name, Unknown, "the preferences of Photos do not tell which one it is")
	case samePath(system, s.Library):
		return one(name, Well, "it is this library")
	}
	err = fmt.Errorf("%w: the system library is %s", photokit.ErrLibrary, system)
	f := Finding{Name: name, State: Warning, Found: err.Error(), Err: err}
	if s.Download {
		f.State = Bad
	}
	return []Finding{f}
}

func samePath(a, b string) bool {
	real := func(path string) string {
		if r, err := filepath.EvalSymlinks(path); err == nil {
			return r
		}
		return filepath.Clean(path)
	}
	return real(a) == real(b)
}

// helper finds the helper and asks it who may read what.
func helper(ctx context.Context, s Subject) []Finding {
	const name, permission, served = "helper", "Photos permission", "Photos library"
	wanted := s.Download || s.Helper != ""
	if s.GOOS != "darwin" && !wanted {
		return []Finding{{Name: name, State: Unused, Found: "Photos and iCloud are on a Mac"},
			{Name: permission, State: Unused}, {Name: served, State: Unused}}
	}
	rest := func(f Finding) []Finding {
		return []Finding{f, {Name: permission, State: Unknown, Found: "only the helper can ask"}, {Name: served, State: Unknown, Found: "only the helper can ask"}}
	}
	program, err := photokit.Find(s.Helper, s.Program)
	if err != nil {
		f := failed(name, err)
		if !wanted {
			f.State = Warning // what is in iCloud alone cannot be fetched, and nobody asked for it
		}
		return rest(f)
	}
	var sample []string
	if s.Library != "" {
		g, err := photosdb.GlanceAt(ctx, s.Library, 64)
		if err == nil {
			for _, u := range g.Sample {
				sample = append(sample, string(u))
			}
		} // else: library tells
	}
	dir, err := os.MkdirTemp(s.Temp, "doctor-")
	if err != nil {
		return rest(failed(name, err))
	}
	defer os.RemoveAll(dir)
	client, err := photokit.New(photokit.Options{Command: []string{program}, Dir: dir, Tries: 1})
	if err != nil {
		return rest(failed(name, err))
	}
	defer client.Close()
	status, err := client.Status(ctx, sample...)
	if err != nil {
		return rest(failed(name, err))
	}
	found := one(name, Well, strings.TrimSpace(fmt.Sprintf("%s, version %s, on %s", program, status.Helper, status.System)))
	if status.Authorization == "authorized" {
		found = append(found, Finding{Name: permission, State: Well, Found: "full access"})
	} else {
		err := fmt.Errorf("%w: macOS says %s", photokit.ErrDenied, status.Authorization)
		found = append(found, failed(permission, err))
	}
	switch {
	case status.Unavailable != "":
		found = append(found, failed(served, fmt.Errorf("%w: %s", photokit.ErrLibrary, status.Unavailable)))
	case status.Authorization != "authorized" || len(sample) == 0:
		found = append(found, Finding{Name: served, State: Unknown, Found: "it cannot be asked for pictures"})
	case len(status.Known) == 0:
		found = append(found, failed(served, fmt.Errorf("%w: it has none of %d pictures", photokit.ErrLibrary, len(sample))))
	default:
		found = append(found, Finding{Name: served, State: Well, Found: fmt.Sprintf("has %d of %d pictures that it was asked for", len(status.Known), len(sample))})
	}
	return found
}

// signature finds out whether macOS will let the helper keep its permission.
func signature(ctx context.Context, s Subject) []Finding {
	const name = "helper's signature"
	if s.GOOS != "darwin" {
		return one(name, Unused, "only macOS asks for one")
	}
	program, err := photokit.Find(s.Helper, s.Program)
	if err != nil {
		return one(name, Unknown, "there is no helper")
	}
	if app, _, ok := strings.Cut(program, ".app/"); ok {
		program = app + ".app"
	}
	c := command.Cmd{Name: "codesign", Args: []string{"--verify", "--strict", "--", program}, Env: command.Environment(s.Env), Timeout: limit}
	if err := c.Run(ctx); err != nil {
		f := failed(name, fmt.Errorf("%w: %w", photokit.ErrHelper, err))
		f.Mend = "Build the helper again: `make helper`. macOS gives a permission to a signature, and asks again where it does not fit."
		return []Finding{f}
	}
	return one(name, Well, "valid")
}

// network asks the system, which knows without a request, whether iCloud has a way.
func network(ctx context.Context, s Subject) []Finding {
	const name = "network"
	switch {
	case !s.Download:
		return one(name, Unused, "nothing is fetched from iCloud; other machines are asked below")
	case s.GOOS != "darwin":
		return one(name, Unused, "only Photos on a Mac talks to iCloud")
	}
	c := command.Cmd{Name: "scutil", Args: []string{"-r", "www.icloud.com"}, Env: command.Environment(s.Env), Timeout: limit}
	out, err := c.Output(ctx, 4<<10)
	switch {
	case err != nil:
		return []Finding{{Name: name, State: Unknown, Found: err.Error(), Err: err}}
	case strings.Contains(string(out), "Not Reachable") || !strings.Contains(string(out), "Reachable"):
		f := failed(name, fmt.Errorf("%w: macOS knows no way to it", photokit.ErrOffline))
		f.Mend = "Connect this Mac to the internet. Nothing is downloaded until there is a way; all else goes on."
		return []Finding{f}
	}
	return one(name, Well, "there is a way to iCloud")
}

// disk compares what is free with what stays free.
func disk(_ context.Context, s Subject) []Finding {
	const name = "disk"
	seen, found := map[string]bool{}, []Finding(nil)
	for _, folder := range s.Folders {
		there := existing(folder)
		free, keep, disk, err := s.Reserve.Left(there)
		switch {
		case err != nil:
			found = append(found, Finding{Name: name, State: Unknown, Found: fmt.Sprintf("%s: %v", folder, err), Err: err})
		case seen[disk]:
		case free < keep:
			err := fmt.Errorf("%w: %d MB are free at %s, and %d MB are kept free", photokit.ErrSpace, free/1e6, folder, keep/1e6)
			f := Finding{Name: name, State: Warning, Found: err.Error(), Err: err,
				Mend: "Nothing is downloaded until there is room; exports go on. Make room, or change download.reserve."}
			found = append(found, f)
		default:
			found = append(found, Finding{Name: name, State: Well, Found: fmt.Sprintf("%d MB are free at %s, %d MB more than are kept free", free/1e6, folder, (free-keep)/1e6)})
		}
		seen[disk] = true
	}
	if len(found) == 0 {
		return one(name, Unused, "no folder was named")
	}
	return found
}

// existing is a folder, or the nearest above it that is there.
func existing(folder string) string {
	for {
		if _, err := os.Stat(folder); !errors.Is(err, fs.ErrNotExist) || folder == filepath.Dir(folder) {
			return folder
		}
		folder = filepath.Dir(folder)
	}
}

// programs finds other programs and what they call themselves.
func programs(ctx context.Context, s Subject) (found []Finding) {
	vault := s.Job != nil && s.Job.Vault != nil
	repository := s.Job != nil && s.Job.Repository != nil
	for _, p := range []struct {
		name   string
		needed bool
		args   []string
	}{{"ssh", vault, []string{"-V"}}, {"sshfs", vault, []string{"--version"}}, {"gocryptfs", vault, []string{"--version"}}} {
		if !p.needed {
			found = append(found, one(p.name, Unused, "")...)
			continue
		}
		words := &strings.Builder{}
		c := command.Cmd{Name: p.name, Args: p.args, Env: command.Environment(s.Env), Stdout: words, Stderr: words, Timeout: limit}
		if err := c.Run(ctx); err != nil {
			found = append(found, failed(p.name, err))
			continue
		}
		first, _, _ := strings.Cut(strings.TrimSpace(words.String()), "\n")
		found = append(found, one(p.name, Well, first)...)
	}
	if !repository {
		return append(found, one("borg", Unused, "")...)
	}
	version, err := archive.BorgVersion(ctx, s.Job.Repository.Options.Program, s.Env)
	if err != nil {
		return append(found, failed("borg", err))
	}
	return append(found, one("borg", Well, "borg "+version)...)
}

// secrets finds out whether each passphrase can be had, and forgets it.
func secrets(ctx context.Context, s Subject) (found []Finding) {
	for _, wanted := range s.Secrets {
		name := "passphrase " + wanted.Key
		err := wanted.Err
		if err == nil {
			err = secret.ForbidCore()
		}
		if err == nil {
			var p *secret.Passphrase
			if p, err = wanted.Source.Get(ctx, secret.Options{Env: s.Env, GOOS: s.GOOS}); err == nil {
				p.Forget()
			}
		}
		if err != nil {
			found = append(found, failed(name, err))
			continue
		}
		found = append(found, one(name, Well, "it is there: "+wanted.Source.String())...)
	}
	return found
}

// machines logs in to each of them.
func machines(ctx context.Context, s Subject) (found []Finding) {
	if s.Job != nil {
		backup.Reach(ctx, *s.Job, s.Temp, func(host string, err error) {
			if name := "machine " + host; err != nil {
				found = append(found, failed(name, err))
			} else {
				found = append(found, one(name, Well, "answers, is the known one, and lets photogo in")...)
			}
		})
	}
	if len(found) == 0 {
		return one("machines", Unused, "no other is named")
	}
	return found
}

// timer finds out whether photogo sync runs by itself.
func timer(ctx context.Context, s Subject) []Finding {
	const name = "timer"
	if s.Timer == nil {
		return one(name, Unused, "")
	}
	st, err := agent.Look(ctx, s.System, *s.Timer)
	const mend = "`photogo agent install` lets photogo sync run by itself."
	switch {
	case err != nil:
		return []Finding{{Name: name, State: Unknown, Found: err.Error(), Err: err}}
	case !st.Installed:
		return []Finding{{Name: name, State: Warning, Found: "none is installed: photogo sync runs when you run it", Mend: mend}}
	case !st.Current || !st.Loaded:
		return []Finding{{Name: name, State: Bad, Found: "it is installed, and does not run as it should", Mend: mend, Err: ErrUnwell}}
	}
	return one(name, Well, fmt.Sprintf("photogo sync runs every %s", st.Interval))
}
