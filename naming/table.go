package naming

import "math/bits"

// table maps hashes to numbers other than 0. There are five or six entries for an asset,
// so that of a million a Go map takes 150 MB and this 100: its keys and numbers lie
// packed, and its parts grow one after the other, each by a quarter.
type table struct {
	parts [256]tablePart
}

// tablePart holds an entry at the first free place from where its hash points to.
type tablePart struct {
	hashes  []uint64
	numbers []uint32 // 0: the place is free
	used    int
}

// spread is 2^64 divided by the golden ratio: it moves what differs in hashes to where
// parts and places are chosen by.
const spread = 0x9E3779B97F4A7C15

func (t *table) get(hash uint64) uint32 {
	p := t.part(hash)
	if p.used == 0 {
		return 0
	}
	return p.numbers[p.find(hash)]
}

func (t *table) set(hash uint64, number uint32) {
	p := t.part(hash)
	if p.used*5 >= len(p.hashes)*4 {
		p.grow()
	}
	i := p.find(hash)
	if p.numbers[i] == 0 {
		p.used++
	}
	p.hashes[i], p.numbers[i] = hash, number
}

func (t *table) part(hash uint64) *tablePart { return &t.parts[hash*spread>>56] }

// find returns the place of a hash, or the one where it would be.
func (p *tablePart) find(hash uint64) int {
	size := len(p.hashes)
	first, _ := bits.Mul64(hash*spread<<8, uint64(size))
	i := int(first)
	for p.numbers[i] != 0 && p.hashes[i] != hash {
		if i++; i == size {
			i = 0
		}
	}
	return i
}

func (p *tablePart) grow() {
	old := *p
	size := max(8, len(old.hashes)*5/4)
	p.hashes, p.numbers = make([]uint64, size), make([]uint32, size)
	for i, number := range old.numbers {
		if number != 0 {
			to := p.find(old.hashes[i])
			p.hashes[to], p.numbers[to] = old.hashes[i], number
		}
	}
}
