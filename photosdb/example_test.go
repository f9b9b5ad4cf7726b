package photosdb_test

import (
	"context"
	"fmt"
	"log"

	"github.com/photogo/photogo/photosdb"
)

// The names and files of every picture and movie of a library.
func Example() {
	ctx := context.Background()
	lib, err := photosdb.Open(ctx, "Photos Library.photoslibrary", photosdb.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer lib.Close()
	for asset, err := range lib.Assets(ctx, photosdb.Query{}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(asset.Dates.Taken, asset.Name.Original, asset.Text.Keywords)
		for _, file := range asset.Resources {
			fmt.Println("\t", file.Role, file.Path, file.OnDisk)
		}
	}
}
