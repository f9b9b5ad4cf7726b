//go:build race

package export

// raceEnabled says that everything is about ten times slower.
const raceEnabled = true
