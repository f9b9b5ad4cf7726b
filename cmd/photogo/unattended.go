package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/photogo/photogo/archive"
	"github.com/photogo/photogo/backup"
	"github.com/photogo/photogo/config"
	"github.com/photogo/photogo/internal/logfile"
	"github.com/photogo/photogo/internal/notify"
	"github.com/photogo/photogo/manifest"
	"github.com/photogo/photogo/mount"
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

// agentLog is where launchd puts what the timer's runs say, beside the log.
func agentLog(logFile string) string { return filepath.Join(filepath.Dir(logFile), "agent.log") }

// rotateAgentLog keeps that from growing for ever. Where it cannot be it is no reason to
// back up nothing.
func (e environment) rotateAgentLog(cfg config.Config) {
	if cfg.Log.File == "" { // of a configuration that could not be read
		cfg.Log = config.Default().Log
		cfg.Log.File, _ = e.logFile()
	}
	if err := logfile.Rotate(agentLog(cfg.Log.File), int64(cfg.Log.MaxSize), cfg.Log.Keep); err != nil {
		fmt.Fprintf(e.err, "photogo: warning: %v\n", err)
	}
}

// begun tells a person, once, that unattended runs cannot even begin, as where the
// configuration has become unsound: nothing else would say so but a log. failed is why;
// nil: this one has begun.
func (e environment) begun(ctx context.Context, cfg config.Config, failed error) {
	state, err := e.stateDir()
	if err != nil || ctx.Err() != nil {
		return
	}
	n := notify.Notifier{File: filepath.Join(state, "notified.json"), Sender: e.sender(cfg)}
	o, text := notify.Incomplete, "It can begin again."
	if failed != nil {
		o, text = notify.Failed, "It cannot begin: "+failed.Error()
	} else if s, err := notify.Load(n.File); err == nil && s.Condition != notify.Failing && s.Told != notify.Failing {
		return
	}
	if _, err := n.Record(ctx, e.now(), o, text); err != nil {
		fmt.Fprintf(e.err, "photogo: warning: nobody was told: %v\n", err)
	}
}

// sender is how a person is told.
func (e environment) sender(cfg config.Config) notify.Sender {
	if len(cfg.Notify.Command) > 0 {
		return notify.Program{Args: cfg.Notify.Command, Env: e.environ}
	}
	return notify.System{GOOS: runtime.GOOS, Env: e.environ}
}

// outcome records what became of an unattended cycle, and tells a person of a change
// to failing and back. That a message could not be sent fails no cycle.
func (e environment) outcome(ctx context.Context, cfg config.Config, job backup.Job, r backup.Receipt, failed error) {
	if ctx.Err() != nil {
		return // it was interrupted
	}
	o, text := notify.Idle, ""
	switch {
	case errors.Is(failed, backup.ErrUnreachable):
	case busy(failed):
		text = failed.Error() // worth a word if it lasts for days
	case failed != nil:
		o, text = notify.Failed, failed.Error()
	case r.Complete:
		o = notify.Completed
	default:
		o, text = notify.Incomplete, "Everything else is backed up, but: "+strings.Join(owed(r), ", ")+"."
	}
	n := notify.Notifier{
		File:   filepath.Join(job.State, "jobs", job.Name, "notified.json"),
		After:  time.Duration(cfg.Notify.AfterDays) * 24 * time.Hour,
		Sender: e.sender(cfg),
	}
	if _, err := n.Record(ctx, e.now(), o, text); err != nil {
		fmt.Fprintf(e.err, "photogo: warning: nobody was told: %v\n", err)
	}
}

// busy reports whether nothing was wrong but that another photogo is at work, as one that
// restores: all errors that were joined say so.
func busy(err error) bool {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return !slices.ContainsFunc(joined.Unwrap(), func(err error) bool { return !busy(err) })
	}
	for _, of := range []error{backup.ErrBusy, backup.ErrCatalogueBusy, manifest.ErrBusy, archive.ErrBusy, mount.ErrBusy} {
		if errors.Is(err, of) {
			return true
		}
	}
	return false
}

// owed says what keeps a cycle without an error from being complete.
func owed(r backup.Receipt) (parts []string) {
	for _, p := range []struct {
		n     int
		words string
	}{
		{r.Exported.Missing, "missing in the library"}, {r.Exported.Failed, "not copied"},
		{r.Exported.Altered, "not what the library recorded"}, {r.Damaged, "damaged in the staging folder"},
	} {
		if p.n > 0 {
			parts = append(parts, number(p.n)+" files "+p.words)
		}
	}
	if r.Exported.More {
		parts = append(parts, "the staging folder has no room for more")
	}
	return parts
}
