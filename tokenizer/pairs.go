package tokenizer

import (
	"math/bits"
	"math/rand/v2"
)

// pairTable maps a pair of tokens to the rule that joins it. It is a hash table
// with open addressing and about half of its slots free, so that a look-up seldom
// touches more than one cache line. It takes a third of the memory of bpemodel's
// map.
type pairTable struct {
	slots []pairSlot
	times uint64 // odd, and another one in each table, so that no file knows pairs that collide
	shift uint   // the bits to shift a hash right by to get a slot's index
}

type pairSlot struct {
	pair uint64 // as pairKey returns it; 0: the slot is free
	rank uint32
	id   int32
}

func newPairTable(rules int) *pairTable {
	n := bits.Len(uint(rules + rules/2 + 1))
	return &pairTable{slots: make([]pairSlot, 1<<n), times: rand.Uint64() | 1, shift: uint(64 - n)}
}

func pairKey(left, right int32) uint64 { return uint64(uint32(left)+1)<<32 | uint64(uint32(right)) }

// slot returns a pair's slot, or the free one where it belongs.
func (t *pairTable) slot(pair uint64) *pairSlot {
	for i := pair * t.times >> t.shift; ; i = (i + 1) & uint64(len(t.slots)-1) {
		if s := &t.slots[i]; s.pair == pair || s.pair == 0 {
			return s
		}
	}
}

// set adds a rule. A later rule for the same pair replaces an earlier one.
func (t *pairTable) set(r mergeRule, rank int) {
	pair := pairKey(r.left, r.right)
	*t.slot(pair) = pairSlot{pair, uint32(rank), r.id}
}

// get returns the rank and the result of a pair's rule.
func (t *pairTable) get(left, right int32) (rank uint32, id int32, ok bool) {
	pair := pairKey(left, right)
	s := t.slot(pair)
	return s.rank, s.id, s.pair == pair
}
