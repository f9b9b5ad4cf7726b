package photosdb_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/photogo/photogo/internal/fixture"
	"github.com/photogo/photogo/photosdb"
)

// A program that runs now and then and only wants what is new to it.
func ExampleFindChanges() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	lib, err := fixture.Build(filepath.Join(dir, "Photos Library.photoslibrary"), fixture.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	look := func() error {
		state := filepath.Join(dir, "baseline")
		since, err := readBaseline(state)
		if err != nil {
			return err
		}
		found, err := photosdb.FindChanges(context.Background(), lib.Path, since, photosdb.Options{})
		if err != nil {
			return err
		}
		fmt.Println("new:", len(found.Added) > 0, "changed:", len(found.Changed), "deleted:", len(found.Deleted))
		// Only once the changes were acted upon is the baseline kept: after a
		// crash they are found again.
		file, err := os.Create(state)
		if err != nil {
			return err
		}
		_, err = found.Baseline.WriteTo(file)
		return errors.Join(err, file.Close())
	}
	for range 2 {
		if err := look(); err != nil {
			fmt.Println(err)
		}
	}
	// Output:
	// new: true changed: 0 deleted: 0
	// new: false changed: 0 deleted: 0
}

func readBaseline(name string) (*photosdb.Baseline, error) {
	file, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	defer file.Close()
	since, err := photosdb.ReadBaseline(file)
	if errors.Is(err, photosdb.ErrBaseline) {
		return nil, nil // as if the library had never been looked at
	}
	return since, err
}
