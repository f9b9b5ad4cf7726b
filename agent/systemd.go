package agent

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// unit is what systemd calls the service and its timer.
const unit = "photogo"

type systemd struct{ System }

func (s systemd) paths() []string {
	dir := s.Config
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(s.Home, ".config")
	}
	dir = filepath.Join(dir, "systemd", "user")
	return []string{filepath.Join(dir, unit+".service"), filepath.Join(dir, unit+".timer")}
}

// files writes the units. systemd.service(5) and systemd.timer(5) explain the keys.
func (s systemd) files(a Agent) ([]File, error) {
	var service, timer bytes.Buffer
	service.WriteString(`[Unit]
Description=photogo: back up the Photos library

[Service]
Type=oneshot
`)
	words := []string{quoteUnit(a.Program, false)}
	for _, arg := range a.Args {
		words = append(words, quoteUnit(arg, true))
	}
	fmt.Fprintf(&service, "ExecStart=%s\n", strings.Join(words, " "))
	for _, e := range a.Env {
		fmt.Fprintf(&service, "Environment=%s\n", quoteUnit(e, false))
	}
	// A cycle that is asked to end unmounts what it mounted: its helpers must not
	// be ended before it.
	service.WriteString(`UMask=0077
Nice=10
IOSchedulingClass=best-effort
IOSchedulingPriority=7
KillMode=mixed
TimeoutStopSec=60
`)
	// Persistent= is of no use here: it is for times of day. What is due at once is
	// the first run after the timer was started, as it is at each login.
	fmt.Fprintf(&timer, `[Unit]
Description=photogo: when to back up the Photos library

[Timer]
OnActiveSec=0
OnUnitActiveSec=%ds
AccuracySec=5s

[Install]
WantedBy=timers.target
`, int(a.Interval/time.Second))
	p := s.paths()
	return []File{{p[0], service.Bytes()}, {p[1], timer.Bytes()}}, nil
}

var unitInterval = regexp.MustCompile(`(?m)^OnUnitActiveSec=(\d{1,6})s$`)

func (s systemd) interval(data []byte) time.Duration {
	m := unitInterval.FindSubmatch(data)
	if m == nil {
		return 0
	}
	n, err := strconv.Atoi(string(m[1]))
	if err != nil {
		return 0
	}
	return time.Duration(n) * time.Second
}

// quoteUnit writes a word for a unit. % is a specifier everywhere, $ a variable in
// arguments alone.
func quoteUnit(word string, argument bool) string {
	pairs := []string{`\`, `\\`, `"`, `\"`, "%", "%%"}
	if argument {
		pairs = append(pairs, "$", "$$")
	}
	return `"` + strings.NewReplacer(pairs...).Replace(word) + `"`
}

// ctl runs systemctl --user.
func (s systemd) ctl(ctx context.Context, args ...string) (string, error) {
	words, _, err := s.run(ctx, "systemctl", append([]string{"--user"}, args...)...)
	if err != nil && strings.Contains(words, "Failed to connect to") && strings.Contains(words, "bus") {
		err = fmt.Errorf("%w: log in as the user, not by su or sudo: %w", ErrSession, err)
	}
	return words, err
}

// show reads properties of a unit; systemctl says as much of units that are not.
func (s systemd) show(ctx context.Context, name string, properties ...string) (map[string]string, error) {
	words, err := s.ctl(ctx, "show", "--property="+strings.Join(properties, ","), name)
	found := map[string]string{}
	for line := range strings.Lines(words) {
		if key, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
			found[key] = value
		}
	}
	return found, err
}

func (s systemd) loaded(ctx context.Context) (bool, error) {
	found, err := s.show(ctx, unit+".timer", "ActiveState", "UnitFileState")
	// One that is not enabled is gone with the next login.
	return found["ActiveState"] == "active" && found["UnitFileState"] == "enabled", err
}

func (s systemd) start(ctx context.Context, _ bool) error {
	for _, args := range [][]string{{"daemon-reload"}, {"enable", unit + ".timer"}, {"restart", unit + ".timer"}} {
		if _, err := s.ctl(ctx, args...); err != nil {
			return err
		}
	}
	return nil
}

// stop leaves a run that is under way to its end.
func (s systemd) stop(ctx context.Context, loaded bool) error {
	if _, err := os.Lstat(s.paths()[1]); err != nil && !loaded {
		return nil // systemctl knows no such unit
	}
	_, err := s.ctl(ctx, "disable", "--now", unit+".timer")
	return err
}

func (s systemd) gone(ctx context.Context) error {
	_, err := s.ctl(ctx, "daemon-reload")
	return err
}

func (s systemd) look(ctx context.Context, st *Status) error {
	found, err := s.show(ctx, unit+".service", "ActiveState", "ExecMainStatus", "ExecMainExitTimestampMonotonic")
	if err != nil {
		return err
	}
	st.Running = found["ActiveState"] == "activating" || found["ActiveState"] == "active"
	if at := found["ExecMainExitTimestampMonotonic"]; at != "" && at != "0" {
		if code, err := strconv.Atoi(found["ExecMainStatus"]); err == nil {
			st.LastExit = &code
		}
	}
	return nil
}
