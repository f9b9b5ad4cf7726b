package main

import "iter"

// ahead reads a sequence in a goroutine of its own, some batches ahead of who uses it:
// what SQLite reads on one core is encoded on another. The goroutine has ended when
// the sequence has.
func ahead[T any](seq iter.Seq2[T, error]) iter.Seq2[T, error] {
	const size, batches = 64, 16 // more than photosdb reads at a time
	type one struct {
		value T
		err   error
	}
	return func(yield func(T, error) bool) {
		read, stop := make(chan []one, batches), make(chan struct{})
		go func() {
			defer close(read)
			batch := make([]one, 0, size)
			pass := func() bool {
				select {
				case read <- batch:
				case <-stop:
					return false
				}
				batch = make([]one, 0, size)
				return true
			}
			for value, err := range seq {
				if batch = append(batch, one{value, err}); len(batch) == size && !pass() {
					return
				}
			}
			if len(batch) > 0 {
				pass()
			}
		}()
		defer func() {
			close(stop)
			for range read { // until it has ended
			}
		}()
		for batch := range read {
			for _, next := range batch {
				if !yield(next.value, next.err) {
					return
				}
			}
		}
	}
}
