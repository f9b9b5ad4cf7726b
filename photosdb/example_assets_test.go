package photosdb_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/photogo/photogo/internal/fixture"
	"github.com/photogo/photogo/photosdb"
)

// sample builds a synthetic library and returns its path.
func sample() (path string, remove func()) {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	path = filepath.Join(dir, "Sample.photoslibrary")
	if _, err := fixture.Build(path, fixture.Options{}); err != nil {
		log.Fatal(err)
	}
	return path, func() { os.RemoveAll(dir) }
}

// What is known of the edited pictures of a library, and where their files are.
func ExampleLibrary_Assets() {
	path, remove := sample()
	defer remove()

	ctx := context.Background()
	lib, err := photosdb.Open(ctx, path, photosdb.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer lib.Close()
	for asset, err := range lib.Assets(ctx, photosdb.Query{Order: photosdb.ByDate}) {
		if err != nil {
			log.Fatal(err)
		}
		if asset.Name.Original != "IMG_0052.HEIC" {
			continue
		}
		fmt.Println(asset.Name.Original, asset.Dates.Taken.Format("2006-01-02 15:04 -0700"), asset.Media.Subtypes)
		for _, file := range asset.Resources {
			fmt.Println(" ", file.Role, file.UTI, file.OnDisk)
		}
	}
	// Output:
	// IMG_0052.HEIC 2025-04-04 11:30 +0200 [live]
	//   original public.heic true
	//   live com.apple.quicktime-movie true
	//   edited public.heic true
	//   edited_live com.apple.quicktime-movie true
	//   adjustments com.apple.property-list true
}

// A caller decides by the kind of error, and shows its words.
func ExampleOpen() {
	_, err := photosdb.Open(context.Background(), "/nowhere/Photos Library.photoslibrary", photosdb.Options{})
	fmt.Println(errors.Is(err, photosdb.ErrNotLibrary))
	fmt.Println(err)
	// Output:
	// true
	// /nowhere/Photos Library.photoslibrary: not a Photos library: stat /nowhere/Photos Library.photoslibrary: no such file or directory
}

// Rarer facts are there for who asks for them, a group at a time.
func ExampleInclude() {
	path, remove := sample()
	defer remove()

	ctx := context.Background()
	lib, err := photosdb.Open(ctx, path, photosdb.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer lib.Close()
	for asset, err := range lib.Assets(ctx, photosdb.Query{Include: photosdb.IncludePlace | photosdb.IncludeLabels}) {
		if err != nil {
			log.Fatal(err)
		}
		if place := asset.Details.Place; place != nil {
			fmt.Println(asset.Name.Original, "in", place.Address.City, place.CountryCode)
			fmt.Println("sights:", place.Names.AreaOfInterest)
			fmt.Println("labels:", asset.Details.Labels)
		}
	}
	// Output:
	// IMG_0042.JPG in Budapest HU
	// sights: [Chain Bridge Danube Bank]
	// labels: [Bridge River]
}
