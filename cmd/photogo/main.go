// Command photogo gets every photo and movie out of an Apple Photos library and
// proves each file bit for bit. See `photogo help`.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"golang.org/x/term"
)

func main() {
	if os.Getenv("GOGC") == "" {
		// Most of what a run allocates is gone with its batch; what stays is small.
		debug.SetGCPercent(200)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	e := environment{
		out: os.Stdout, err: os.Stderr, getenv: os.Getenv, now: time.Now,
		terminal: term.IsTerminal(int(os.Stderr.Fd())),
	}
	code := run(ctx, e, os.Args)
	stop()
	os.Exit(code)
}

// environment is all that the command has of the world around it.
type environment struct {
	out, err io.Writer
	getenv   func(string) string
	now      func() time.Time
	terminal bool // err is a terminal
}
