package terminology

import (
	"math"
	"math/bits"
	"slices"
)

// indexedScore is the least similarity for which an index is made. The lists would
// be shorter for a larger one.
const indexedScore = DefaultMinScore

// maxGramKey bounds the characters of keys that have grams. Longer names are
// systematic ones, for which only an equal name will do.
const maxGramKey = 120

// gram is three characters of a key, with 21 bits each, the last in the lowest bits.
type gram uint64

const (
	runeBits = 21
	gramMask = 1<<(3*runeBits) - 1
	mark     = 1 // stands before a key and after it; no key has it
)

// appendGrams appends the different grams of a key, sorted; none for a key that is
// too long.
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

// leastShared returns how many grams another key, of whatever size, must share with
// one of n grams at least, to reach a similarity.
func leastShared(n int, score float64) int {
	return int(math.Ceil(score*float64(n)/(2-score) - 1e-9))
}

// prefix returns how many of n grams, the rarest, have a shared one among them, if
// the similarity is reached.
func prefix(n int, score float64) int { return n - leastShared(n, score) + 1 }

// signature returns 64 bits, in which each gram sets one. Several grams may set the
// same bit, so that a bit that only one of two signatures has stands for one gram
// at least which the other key lacks.
func signature(grams []gram) (sig uint64) {
	for _, g := range grams {
		sig |= 1 << (uint64(g) * hashFactor >> (64 - 6))
	}
	return sig
}

// wide is a signature of 128 bits, in which fewer grams set the same bit. It uses
// other digits of the hash than signature does.
type wide [2]uint64

func newWide(grams []gram) (w wide) {
	for _, g := range grams {
		bit := uint64(g) * hashFactor << 6 >> (64 - 7)
		w[bit>>6] |= 1 << (bit & 63)
	}
	return w
}

// without returns how many bits of w o lacks.
func (w wide) without(o wide) int {
	return bits.OnesCount64(w[0]&^o[0]) + bits.OnesCount64(w[1]&^o[1])
}

// hashFactor is 2^64 over the golden ratio.
const hashFactor = 0x9e3779b97f4a7c15
