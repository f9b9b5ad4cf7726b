package backup_test

import (
	"os"
	"testing"

	"github.com/photogo/photogo/internal/loopback"
)

func TestMain(m *testing.M) { os.Exit(loopback.Main(m)) }
