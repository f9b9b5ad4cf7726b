package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"time"

	"github.com/photogo/photogo/backup"
	"github.com/photogo/photogo/config"
	"github.com/photogo/photogo/internal/logfile"
	"github.com/photogo/photogo/internal/notify"
)

// openLog lets what is said to a person go into the log file, too.
func (e environment) openLog(cfg config.Config) (environment, io.Closer, error) {
	log, err := logfile.Open(cfg.Log.File, int64(cfg.Log.MaxSize), cfg.Log.Keep)
	if err != nil {
		return e, nil, fmt.Errorf("open the log: %w", err)
	}
	e.err = io.MultiWriter(e.err, &dated{log, e.now})
	return e, log, nil
}

// dated puts the time before each line.
type dated struct {
	w   io.Writer
	now func() time.Time
}

func (d *dated) Write(b []byte) (int, error) {
	for line := range bytes.Lines(b) {
		if _, err := fmt.Fprintf(d.w, "%s %s\n", d.now().Format("2006-01-02T15:04:05-07:00"), bytes.TrimSuffix(line, []byte{'\n'})); err != nil {
			return 0, err
		}
	}
	return len(b), nil
}

// outcome records what became of an unattended cycle, and tells a person of a change
// to failing and back. That a message could not be sent fails no cycle.
func (e environment) outcome(ctx context.Context, cfg config.Config, job backup.Job, r backup.Receipt, failed error) {
	// A cycle that was interrupted, or found another one running, tells nothing.
	if errors.Is(failed, backup.ErrBusy) || ctx.Err() != nil {
		return
	}
	o, text := notify.Idle, ""
	switch {
	case errors.Is(failed, backup.ErrUnreachable):
	case failed != nil:
		o, text = notify.Failed, failed.Error()
	case r.Complete:
		o = notify.Completed
	}
	n := notify.Notifier{
		File:  filepath.Join(job.State, "jobs", job.Name, "notified.json"),
		After: time.Duration(cfg.Notify.AfterDays) * 24 * time.Hour,
	}
	if n.Sender = (notify.System{GOOS: runtime.GOOS, Env: e.environ}); len(cfg.Notify.Command) > 0 {
		n.Sender = notify.Program{Args: cfg.Notify.Command, Env: e.environ}
	}
	if _, err := n.Record(ctx, e.now(), o, text); err != nil {
		fmt.Fprintf(e.err, "photogo: warning: nobody was told: %v\n", err)
	}
}
