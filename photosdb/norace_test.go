//go:build !race

package photosdb

const raceEnabled = false
