// Package photosdb states the facts of an Apple Photos library, read-only.
//
// Open takes a private snapshot of the library's database and finds out from
// the database itself which tables and columns it has; Library.Assets then
// yields every picture and movie as an Asset with its files as Resources:
//
//	lib, err := photosdb.Open(ctx, "Photos Library.photoslibrary", photosdb.Options{})
//	if err != nil {
//		return err
//	}
//	defer lib.Close()
//	for asset, err := range lib.Assets(ctx, photosdb.Query{}) {
//		if err != nil {
//			return err
//		}
//		fmt.Println(asset.UUID, asset.Name.Original, asset.Dates.Taken)
//	}
//
// What few need is read on demand: Query.Include names groups of facts, and
// Asset.Details holds them.
//
// It reads libraries of Photos 5 (macOS 10.15) and later, on any system: a
// folder copied to a Linux machine reads the same. Nothing depends on a list of
// known releases: join tables are derived from Z_PRIMARYKEY, and a column that a
// release lacks is left out. A fact without which no photo can be told from
// another makes Open fail with ErrUnsupported, by name.
//
// What changed since the last time is found out at the cost of what changed, by
// FindChanges: it hands out a Baseline, which the caller keeps and hands back.
//
// The library is never written, nor opened for writing, and no path in its
// database leads outside of it: files are opened below the library's root only,
// referenced files excepted, which have a call of their own.
//
// Not its business: which assets are wanted (package query), what their files
// are called elsewhere (naming), copying (export).
package photosdb
