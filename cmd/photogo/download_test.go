package main

import (
	"testing"
	"time"

	"github.com/photogo/photogo/config"
)

// macOS asks where a person sits; a timer has nobody who could answer.
func TestWhoIsAskedForThePermission(t *testing.T) {
	cfg := config.Default()
	cfg.Download.Helper = "/somewhere/photogo-helper"
	for _, c := range []struct{ terminal, agent, asks bool }{{true, false, true}, {true, true, false}, {false, false, false}} {
		e := environment{terminal: c.terminal, now: time.Now}
		library, err := e.librarySource(cfg, t.TempDir(), &syncPrinter{agent: c.agent})
		if err != nil {
			t.Fatal(err)
		}
		if library.Download == nil || library.Download.Photos.Ask != c.asks {
			t.Errorf("%+v: %+v", c, library.Download)
		}
	}
}
