package terminology

import "hash/maphash"

// arena holds texts one after another in chunks, so that a text costs its bytes
// only. A text's place is the number of its chunk and of its first byte there.
type arena struct {
	chunks [][]byte
}

const (
	chunkBits = 20 // a chunk has 1 MiB
	maxChunks = 1 << (32 - chunkBits)
)

// put adds texts, which follow one another, and returns the place of the first. It
// returns false if the arena is full, at 4 GiB. Together the texts are no longer
// than a chunk.
func (a *arena) put(texts ...string) (place uint32, ok bool) {
	size := 0
	for _, t := range texts {
		size += len(t)
	}
	n := len(a.chunks)
	if n == 0 || len(a.chunks[n-1])+size > 1<<chunkBits {
		if n == maxChunks {
			return 0, false
		}
		a.chunks = append(a.chunks, make([]byte, 0, 1<<chunkBits))
		n++
	}
	chunk := &a.chunks[n-1]
	place = uint32(n-1)<<chunkBits | uint32(len(*chunk))
	for _, t := range texts {
		*chunk = append(*chunk, t...)
	}
	return place, true
}

// get returns size bytes from a place.
func (a *arena) get(place uint32, size int) []byte {
	at := int(place & (1<<chunkBits - 1))
	return a.chunks[place>>chunkBits][at : at+size]
}

// table finds the numbers of things by what they say. It holds the numbers alone;
// the things are elsewhere.
type table struct {
	slots []uint32 // number+1; 0: free
	used  int
}

var tableSeed = maphash.MakeSeed()

// find returns the slot of the thing with a hash that is equal, or the free slot
// where it belongs; number is the thing's, and false tells that there is none.
func (t *table) find(hash uint64, equal func(number uint32) bool) (slot int, number uint32, found bool) {
	mask := uint64(len(t.slots) - 1)
	for i := hash & mask; ; i = (i + 1) & mask {
		switch v := t.slots[i]; {
		case v == 0:
			return int(i), 0, false
		case equal(v - 1):
			return int(i), v - 1, true
		}
	}
}

// grow makes room for one more thing; hash returns the hash of those that there
// are.
func (t *table) grow(hash func(number uint32) uint64) {
	if 4*(t.used+1) <= 3*len(t.slots) {
		return
	}
	old := t.slots
	t.slots = make([]uint32, max(1024, 2*len(old)))
	mask := uint64(len(t.slots) - 1)
	for _, v := range old {
		if v == 0 {
			continue
		}
		i := hash(v-1) & mask
		for t.slots[i] != 0 {
			i = (i + 1) & mask
		}
		t.slots[i] = v
	}
}

// set puts a number into a free slot.
func (t *table) set(slot int, number uint32) {
	t.slots[slot] = number + 1
	t.used++
}
