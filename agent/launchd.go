package agent

import (
	"context"
	"fmt"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"howett.net/plist"
)

// label is what launchd calls the timer, and its file.
const label = "io.github.photogo.sync"

type launchd struct{ System }

// job is the LaunchAgent. launchd.plist(5) explains the keys.
type job struct {
	Label                   string
	ProgramArguments        []string
	EnvironmentVariables    map[string]string
	StartInterval           int // seconds; while the Mac sleeps, and while the program runs, starts are left out
	RunAtLoad               bool
	ProcessType             string
	LowPriorityIO           bool
	LowPriorityBackgroundIO bool
	LimitLoadToSessionType  string // the keychain and Photos need somebody's session
	ExitTimeOut             int    // seconds between being asked to end and being killed
	WorkingDirectory        string
	StandardOutPath         string `plist:",omitempty"`
	StandardErrorPath       string `plist:",omitempty"`
	Umask                   int
	SoftResourceLimits      map[string]int
}

func (l launchd) paths() []string {
	return []string{filepath.Join(l.Home, "Library", "LaunchAgents", label+".plist")}
}

func (l launchd) files(a Agent) ([]File, error) {
	j := job{
		Label: label, ProgramArguments: append([]string{a.Program}, a.Args...), EnvironmentVariables: map[string]string{},
		StartInterval: int(a.Interval / time.Second), RunAtLoad: true,
		ProcessType: "Background", LowPriorityIO: true, LowPriorityBackgroundIO: true, LimitLoadToSessionType: "Aqua", ExitTimeOut: 60,
		WorkingDirectory: "/", StandardOutPath: a.Log, StandardErrorPath: a.Log, Umask: 0o077,
		SoftResourceLimits: map[string]int{"NumberOfFiles": 4096}, // launchd's own limit is 256
	}
	for _, e := range a.Env {
		name, value, _ := strings.Cut(e, "=")
		j.EnvironmentVariables[name] = value
	}
	data, err := plist.MarshalIndent(j, plist.XMLFormat, "\t")
	if err != nil {
		return nil, err
	}
	return []File{{l.paths()[0], append(data, '\n')}}, nil
}

func (l launchd) interval(data []byte) time.Duration {
	var j struct{ StartInterval int }
	if _, err := plist.Unmarshal(data, &j); err != nil {
		return 0
	}
	return time.Duration(j.StartInterval) * time.Second
}

func (l launchd) domain() string { return "gui/" + strconv.Itoa(l.UID) }
func (l launchd) target() string { return l.domain() + "/" + label }

// Exit codes of launchctl.
const (
	launchGone        = 3   // "No such process": it was not there, of bootout
	launchIO          = 5   // "Input/output error": it is there already, is disabled, or the file is none
	launchInProgress  = 36  // the older one is not gone yet
	launchInProgress2 = 37  // the same
	launchNoDomain2   = 112 // "Could not find domain"
	launchNotFound    = 113 // "Could not find service"
	launchNoDomain    = 125 // "Domain does not support specified action": nobody is logged in at the screen
)

// ctl runs launchctl.
func (l launchd) ctl(ctx context.Context, args ...string) (words string, code int, err error) {
	words, code, err = l.run(ctx, "launchctl", args...)
	if code == launchNoDomain || code == launchNoDomain2 {
		err = fmt.Errorf("%w: log in at the screen of this Mac: %w", ErrSession, err)
	}
	return words, code, err
}

func (l launchd) loaded(ctx context.Context) (bool, error) {
	_, code, err := l.ctl(ctx, "print", l.target())
	if code == launchNotFound {
		return false, nil
	}
	return err == nil, err
}

// start hands the file to launchd. An older timer is taken out first, which
// launchd does in its own time.
func (l launchd) start(ctx context.Context, loaded bool) error {
	if err := l.stop(ctx, loaded); err != nil {
		return err
	}
	// Somebody may have disabled it, which outlives the file.
	if _, _, err := l.ctl(ctx, "enable", l.target()); err != nil {
		return err
	}
	for tries := 1; ; tries++ {
		_, code, err := l.ctl(ctx, "bootstrap", l.domain(), l.paths()[0])
		if err == nil || tries == 3 || code != launchIO && code != launchInProgress && code != launchInProgress2 {
			return err
		}
		if err := l.wait(ctx); err != nil {
			return err
		}
	}
}

// stop takes the timer out and waits until it is.
func (l launchd) stop(ctx context.Context, loaded bool) error {
	if !loaded {
		return nil
	}
	switch _, code, err := l.ctl(ctx, "bootout", l.target()); code {
	case launchGone, launchNotFound, launchInProgress, launchInProgress2:
	default:
		if err != nil {
			return err
		}
	}
	// The program has ExitTimeOut to end.
	for range 150 {
		if there, err := l.loaded(ctx); err != nil || !there {
			return err
		}
		if err := l.wait(ctx); err != nil {
			return err
		}
	}
	return fmt.Errorf("launchd does not let go of %s", l.target())
}

func (l launchd) gone(context.Context) error { return nil }

func (l launchd) wait(ctx context.Context) error {
	pause := l.Pause
	if pause == 0 {
		pause = 500 * time.Millisecond
	}
	t := time.NewTimer(pause)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}

// What launchctl print says; Apple does not promise it.
var (
	launchState = regexp.MustCompile(`(?m)^\tstate = (.*)$`)
	launchExit  = regexp.MustCompile(`(?m)^\tlast exit code = (\d{1,3})\b`)
)

func (l launchd) look(ctx context.Context, st *Status) error {
	words, _, err := l.ctl(ctx, "print", l.target())
	if err != nil {
		return err
	}
	if m := launchState.FindStringSubmatch(words); m != nil {
		st.Running = m[1] == "running"
	}
	if m := launchExit.FindStringSubmatch(words); m != nil {
		if code, err := strconv.Atoi(m[1]); err == nil {
			st.LastExit = &code
		}
	}
	return nil
}
