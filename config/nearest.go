package config

import (
	"maps"
	"slices"
	"strings"
)

// nearest names the known key, or table, that is written most like name.
func nearest(name string, isTable bool, known map[string]key) string {
	best, least := "", 1<<30
	candidates := slices.Sorted(maps.Keys(known))
	if isTable {
		for i, k := range candidates {
			candidates[i], _, _ = strings.Cut(k, ".")
		}
	}
	for _, k := range candidates {
		d := distance(name, k)
		// The right key in the wrong table is a slip, too.
		if last := name[strings.LastIndexByte(name, '.')+1:]; last == k[strings.LastIndexByte(k, '.')+1:] {
			d = min(d, 2)
		}
		if d < least {
			best, least = k, d
		}
	}
	if isTable && !strings.Contains(name, ".") {
		return "[" + best + "]"
	}
	return best
}

// distance counts the letters that have to be put in, taken out or changed to get
// from a to b.
func distance(a, b string) int {
	a = a[:min(len(a), 100)] // a is what a file says
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		left := row[0]
		row[0] = i + 1
		for j := range len(b) {
			d := left
			if a[i] != b[j] {
				d = 1 + min(left, row[j], row[j+1])
			}
			left, row[j+1] = row[j+1], d
		}
	}
	return row[len(b)]
}
