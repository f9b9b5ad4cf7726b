package source_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	"github.com/photogo/photogo/backup"
	"github.com/photogo/photogo/internal/fixture"
	"github.com/photogo/photogo/source"
)

// A cycle without a mirror and without archives: what is new in the library is in
// the staging folder then. Job.Vault and Job.Repository add the rest.
func Example() {
	dir, err := os.MkdirTemp("", "photogo-example-")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	library := filepath.Join(dir, "Anna.photoslibrary")
	if _, err := fixture.Build(library, fixture.Options{}); err != nil {
		log.Fatal(err)
	}

	ctx := context.Background()
	state, staging := filepath.Join(dir, "state"), filepath.Join(dir, "staging")
	job := backup.Job{
		Name: "anna", State: state, Staging: staging, Now: time.Now,
		Source: &source.Library{Path: library, State: state, Staging: staging, Now: time.Now},
	}
	cycle, err := backup.Open(ctx, job)
	if err != nil {
		log.Fatal(err)
	}
	defer cycle.Close()
	receipt, err := cycle.Run(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(receipt.Exported.Placed > 0, receipt.Complete, receipt.Exported.Missing, "missing")
	// Output: true false 5 missing
}
