package backup

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/photogo/photogo/internal/command"
	"github.com/photogo/photogo/ssh"
)

// machine is another machine that a job needs.
type machine struct {
	user, host string
	ssh        ssh.Options
}

// machines are those that a job needs, each once.
func (j *Job) machines() (list []machine) {
	if j.Vault != nil {
		list = append(list, machine{j.Vault.User, j.Vault.Host, j.Vault.SSH})
	}
	if j.Repository != nil {
		if user, host, port, ok := remote(j.Repository.Location); ok {
			m := machine{user, host, j.Repository.Options.SSH}
			if port != 0 {
				m.ssh.Port = port
			}
			if len(list) == 0 || list[0] != m {
				list = append(list, m)
			}
		}
	}
	return list
}

// remote takes apart where a repository is; ok is false for one on this machine.
func remote(location string) (user, host string, port int, ok bool) {
	if u, err := url.Parse(location); err == nil && u.Scheme == "ssh" {
		fmt.Sscan(u.Port(), &port)
		return u.User.Username(), u.Hostname(), port, true
	}
	machine, _, colon := strings.Cut(location, ":")
	if filepath.IsAbs(location) || !colon || strings.Contains(machine, "/") {
		return "", "", 0, false
	}
	user, host, both := strings.Cut(machine, "@")
	if !both {
		user, host = "", machine
	}
	return user, host, 0, true
}

// Reach makes sure that the machines which the job needs answer, let photogo in, and
// are those that are known. Errors: ErrUnreachable where one does not answer;
// ssh.ErrHostKey, ssh.ErrDenied.
func (c *Cycle) Reach(ctx context.Context) error {
	c.begin(StepReach)
	return reachAll(ctx, c.job.machines(), c.store.dir, c.job.Env, func(_ string, err error) error { return err })
}

// Reach does the same for a job that nothing else is done for, and tells of each
// machine. dir is a folder for a file that is gone at the end.
func Reach(ctx context.Context, job Job, dir string, each func(host string, err error)) {
	reachAll(ctx, job.machines(), dir, job.Env, func(host string, err error) error { each(host, err); return nil })
}

func reachAll(ctx context.Context, list []machine, dir string, env []string, each func(host string, err error) error) error {
	for _, m := range list {
		err := m.reach(ctx, dir, env)
		if errors.Is(err, ssh.ErrUnreachable) {
			err = fmt.Errorf("%w: %s: %w", ErrUnreachable, m.host, err)
		} else if err != nil {
			err = fmt.Errorf("reach %s: %w", m.host, err)
		}
		if err := each(m.host, err); err != nil {
			return err
		}
	}
	return nil
}

// reach logs in, and asks for nothing. What else the other machine says to that is
// no matter: a key may allow borg alone, or files.
func (m machine) reach(ctx context.Context, dir string, env []string) error {
	if err := ssh.CheckHost(m.user, m.host); err != nil {
		return fmt.Errorf("%w: %w", ErrConfig, err)
	}
	f, err := os.CreateTemp(dir, "ssh_config-*.tmp")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	if err := errors.Join(m.ssh.WriteConfig(f), f.Close()); err != nil {
		return err
	}
	args := []string{"-F", f.Name(), "-T", "-n"}
	if m.user != "" {
		args = append(args, "-l", m.user)
	}
	cmd := command.Cmd{
		Name: "ssh", Args: append(args, "--", m.host, "true"), Env: command.Environment(env),
		Timeout: time.Minute, Grace: time.Second,
	}
	err = cmd.Run(ctx)
	var e *command.Error
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.Is(err, command.ErrTimeout):
		return fmt.Errorf("%w: %w", ssh.ErrUnreachable, err)
	case !errors.As(err, &e) || e.Err != nil:
		return err
	case e.Code == 255: // ssh's own; any other is that of what runs over there
		if cause := ssh.Classify(e.Words); cause != nil {
			return fmt.Errorf("%w: %w", cause, err)
		}
		return err
	}
	return nil
}
