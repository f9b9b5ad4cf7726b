// Command photogo gets every photo and movie out of an Apple Photos library and
// proves each file bit for bit. See `photogo help`.
package main

import (
	"context"
	"fmt"
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
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	e := environment{
		in: os.Stdin, out: os.Stdout, err: os.Stderr, getenv: os.Getenv, environ: os.Environ(), now: time.Now,
		terminal: term.IsTerminal(int(os.Stderr.Fd())), uid: os.Getuid(),
	}
	if program, err := os.Executable(); err == nil {
		e.program = program
	}
	if in := int(os.Stdin.Fd()); term.IsTerminal(in) {
		e.password = func(prompt string) ([]byte, error) {
			fmt.Fprint(os.Stderr, prompt)
			defer fmt.Fprintln(os.Stderr)
			return term.ReadPassword(in)
		}
	}
	code := run(ctx, e, os.Args)
	stop()
	os.Exit(code)
}

// memoryLimit is where the collector begins to work harder, in bytes: what stays of a
// million assets needs some 130 MB, and twice as much again would be waste.
const memoryLimit = 192 << 20

// environment is all that the command has of the world around it.
type environment struct {
	in       io.Reader
	out, err io.Writer
	getenv   func(string) string
	environ  []string // what other programs get what they need of
	now      func() time.Time
	terminal bool   // err is a terminal
	program  string // absolute path of photogo; "": unknown
	uid      int
	// password asks a person for something that is not shown; nil: nobody is there.
	password func(prompt string) ([]byte, error)
}
