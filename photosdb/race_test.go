//go:build race

package photosdb

// raceEnabled says that everything is about ten times slower.
const raceEnabled = true
