// Package naming says what a file is called and where it goes.
//
// A Template turns the facts of an asset into a folder or a name. A Namer gives
// every asset one Name, a folder and the stem that all its files share, so that
// no two assets ever meet; Files makes the name of each file from it:
//
//	dir, err := naming.Parse(naming.DefaultDirectory)
//	…
//	namer := naming.NewNamer(dir, file)
//	for _, a := range assets { // in the order of Less
//		name := namer.Name(a, naming.Name{})
//		for role, file := range naming.Files(name, a) {
//			fmt.Println(role, path.Join(name.Dir, file))
//		}
//	}
//
// A name is given once. Names of earlier runs are handed in with Namer.Keep and
// hold for as long as the templates ask for the same, whatever else comes or
// goes: a second run must not move what the first one placed.
//
// Two names count as one where any file system would take them for one: case and
// Unicode form make no difference (Key). So a folder can be copied from Linux to
// a Mac and back, and nothing is lost on the way.
//
// Nothing here touches a disk. That a name is free in the Namer says nothing
// about strange files in the destination.
package naming
