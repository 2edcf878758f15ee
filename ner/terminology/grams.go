package terminology

import (
	"math"
	"math/bits"
	"slices"
)

// indexedScore is the least similarity that an index is made for; lists are
// shorter for a greater one.
const indexedScore = DefaultMinScore

// Keys of more characters have no grams: they are systematic names, which are
// either exact or of no use.
const maxGramKey = 120

// A gram is three characters of a key, 21 bits each; a mark stands before the
// first and after the last.
type gram uint64

const (
	runeBits = 21
	gramMask = 1<<(3*runeBits) - 1
	mark     = 1 // no key has it
)

// appendGrams appends the different grams of a key, sorted.
func appendGrams(out []gram, key string) []gram {
	from := len(out)
	g, n := gram(mark), 0
	for _, r := range key {
		g = (g<<runeBits | gram(r)) & gramMask
		if n++; n >= 2 {
			out = append(out, g)
		}
		if n > maxGramKey {
			return out[:from]
		}
	}
	if n > 0 {
		out = append(out, (g<<runeBits|mark)&gramMask)
	}
	slices.Sort(out[from:])
	return out[:from+len(slices.Compact(out[from:]))]
}

// leastShared is how many grams another key must share with one of n grams to
// reach a similarity.
func leastShared(n int, score float64) int {
	return int(math.Ceil(score*float64(n)/(2-score) - 1e-9))
}

// prefix is how many of n grams, the rarest, must hold one that is shared.
func prefix(n int, score float64) int { return n - leastShared(n, score) + 1 }

// signature has a bit for each gram; several grams may have the same.
func signature(grams []gram) (sig uint64) {
	for _, g := range grams {
		sig |= 1 << (uint64(g) * hashFactor >> (64 - 6))
	}
	return sig
}

// wide is a signature of 128 bits, in which fewer grams have the same; bits are
// taken from other digits of the hash.
type wide [2]uint64

func newWide(grams []gram) (w wide) {
	for _, g := range grams {
		bit := uint64(g) * hashFactor << 6 >> (64 - 7)
		w[bit>>6] |= 1 << (bit & 63)
	}
	return w
}

// without counts the bits of w that o lacks.
func (w wide) without(o wide) int {
	return bits.OnesCount64(w[0]&^o[0]) + bits.OnesCount64(w[1]&^o[1])
}

// hashFactor is 2^64 over the golden ratio.
const hashFactor = 0x9e3779b97f4a7c15
