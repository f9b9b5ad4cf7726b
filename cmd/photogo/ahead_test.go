package main

import (
	"errors"
	"iter"
	"slices"
	"testing"
)

func TestAheadKeepsTheOrderAndStops(t *testing.T) {
	broken := errors.New("broken")
	numbers := func(n int, ended *bool) iter.Seq2[int, error] {
		return func(yield func(int, error) bool) {
			defer func() { *ended = true }()
			for i := range n {
				if !yield(i, nil) {
					return
				}
			}
			yield(0, broken)
		}
	}
	for _, n := range []int{0, 1, 63, 64, 65, 1000} {
		for _, most := range []int{0, 1, 64, 999, 5000} {
			var got []int
			var failed error
			ended := false
			for i, err := range ahead(numbers(n, &ended)) {
				if len(got) == most {
					break
				}
				if err != nil {
					failed = err
					break
				}
				got = append(got, i)
			}
			if want := min(n, most); len(got) != want || !slices.IsSorted(got) || !ended || (failed == broken) != (most > n) {
				t.Errorf("%d of %d: got %d, ended %v, %v", most, n, len(got), ended, failed)
			}
		}
	}
}
