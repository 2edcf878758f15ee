package tokenizer

import "math/bits"

// pairTable maps a pair of tokens to the rule that joins it: open addressing
// with half of the slots free, so that a look-up seldom touches more than one
// line of the cache. It holds what bpemodel's map holds, in a third of the room.
type pairTable struct {
	slots []pairSlot
	shift uint // of the hash, to the number of a slot
}

type pairSlot struct {
	pair uint64 // 0: free
	rank uint32
	id   int32
}

func newPairTable(rules int) *pairTable {
	n := bits.Len(uint(rules + rules/2 + 1))
	return &pairTable{slots: make([]pairSlot, 1<<n), shift: uint(64 - n)}
}

func pairKey(left, right int32) uint64 { return uint64(uint32(left)+1)<<32 | uint64(uint32(right)) }

// slot returns a pair's slot, or the free one where it belongs.
func (t *pairTable) slot(pair uint64) *pairSlot {
	for i := pair * 0x9e3779b97f4a7c15 >> t.shift; ; i = (i + 1) & uint64(len(t.slots)-1) {
		if s := &t.slots[i]; s.pair == pair || s.pair == 0 {
			return s
		}
	}
}

// set makes a rule; a later one for the same pair takes its place.
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
