package backup_test

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/photogo/photogo/backup"
	"github.com/photogo/photogo/internal/loopback"
)

// The test binary is also what works in vaults, and the photogo that is killed.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == workArg {
		if err := backup.Work(context.Background(), os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if text := os.Getenv(cycleEnv); text != "" {
		cycleToBeKilled(text)
	}
	os.Exit(loopback.Main(m))
}

const (
	workArg  = "work-in-a-vault"
	cycleEnv = "PHOTOGO_TEST_CYCLE"
)
