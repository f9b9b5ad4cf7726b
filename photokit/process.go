package photokit

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
)

// process is a helper that runs.
type process struct {
	in   io.WriteCloser
	out  io.Reader
	kill func()       // at once, with all that it started; may be called again
	wait func() error // after out has ended; how it ended, with its last words
}

// startProcess starts a helper with a small environment, in a process group of
// its own, so that Ctrl-C reaches photogo alone, which then ends it in order.
func startProcess(command, env []string) (*process, error) {
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Env = env
	for _, name := range []string{"HOME", "USER", "LOGNAME", "PATH", "TMPDIR"} {
		if value, ok := os.LookupEnv(name); ok {
			cmd.Env = append(cmd.Env, name+"="+value)
		}
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	words := &lastWords{}
	cmd.Stderr = words
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	var mu sync.Mutex
	reaped := false // its number may be another's then
	return &process{
		in: in, out: out,
		kill: func() {
			mu.Lock()
			defer mu.Unlock()
			if !reaped {
				syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
			}
		},
		wait: func() error {
			mu.Lock()
			reaped = true
			mu.Unlock()
			err := cmd.Wait()
			if err == nil {
				err = fmt.Errorf("exit status 0")
			}
			if said := words.String(); said != "" {
				err = fmt.Errorf("%w: %s", err, said)
			}
			return err
		},
	}, nil
}

// lastWords keeps the end of what is written to it.
type lastWords struct {
	mu   sync.Mutex
	kept []byte
}

const maxWords = 4 << 10

func (w *lastWords) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.kept = append(w.kept, p[max(0, len(p)-maxWords):]...)
	if n := len(w.kept) - maxWords; n > 0 {
		w.kept = append(w.kept[:0], w.kept[n:]...)
	}
	return len(p), nil
}

func (w *lastWords) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return strings.TrimSpace(plain(string(w.kept[max(0, len(w.kept)-maxText):])))
}
