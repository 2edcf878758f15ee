package tokenizer

import "github.com/nlpodyssey/gotokenizers/models/bpemodel"

// shortWord is up to how many symbols a word is merged by bpemodel. It allocates
// for each candidate and takes quadratic time in the end: from here on mergeLong
// is faster.
const shortWord = 3

// pooledRoom is up to how many symbols mergeLong's room is kept for later.
const pooledRoom = 64

// merge joins pairs until none is left that has a rule: the rule of the lowest
// rank first, of equal ones the leftmost. It may overwrite symbols.
func (m *bpe) merge(symbols []symbol) []symbol {
	switch {
	case len(symbols) < 2:
		return symbols
	case len(symbols) <= shortWord:
		return mergeShort(symbols, m.merges)
	}
	return m.mergeLong(symbols)
}

func mergeShort(symbols []symbol, merges *bpemodel.MergeMap) []symbol {
	store := make([]bpemodel.WordSymbol, len(symbols)) // Word.Add would allocate each
	word := make(bpemodel.Word, len(symbols))
	for i, s := range symbols {
		store[i] = bpemodel.WordSymbol{Symbol: bpemodel.Symbol{ID: int(s.id), Length: int(s.size)}, Prev: i - 1, Next: i + 1}
		word[i] = &store[i]
	}
	store[len(store)-1].Next = none
	word.MergeAll(merges, 0)
	symbols = symbols[:0]
	for _, s := range word {
		symbols = append(symbols, symbol{int32(s.ID), int32(s.Length)})
	}
	return symbols
}

// candidate is a pair that a rule would join: rank<<32 | place of its left
// symbol, and what it becomes.
type candidate struct {
	order uint64
	id    int32
}

// candidates is a binary heap, the first in order on top.
type candidates []candidate

func (h candidates) down(i int) {
	for {
		least := 2*i + 1
		if least >= len(h) {
			return
		}
		if r := least + 1; r < len(h) && h[r].order < h[least].order {
			least = r
		}
		if h[i].order <= h[least].order {
			return
		}
		h[i], h[least] = h[least], h[i]
		i = least
	}
}

func (h *candidates) push(c candidate) {
	*h = append(*h, c)
	s := *h
	for i := len(s) - 1; i > 0; {
		up := (i - 1) / 2
		if s[up].order <= s[i].order {
			return
		}
		s[up], s[i] = s[i], s[up]
		i = up
	}
}

func (h *candidates) pop() candidate {
	s := *h
	top := s[0]
	s[0] = s[len(s)-1]
	*h = s[:len(s)-1]
	h.down(0)
	return top
}

// mergeRoom is what mergeLong works in.
type mergeRoom struct {
	prev, next []int32
	heap       candidates
}

func newMergeRoom(symbols int) *mergeRoom {
	return &mergeRoom{prev: make([]int32, symbols), next: make([]int32, symbols), heap: make(candidates, 0, 2*symbols)}
}

// mergeLong is mergeShort in n log n time: the symbols are a linked list, the
// pairs a heap, and a pair that is gone is found out when it comes up.
func (m *bpe) mergeLong(symbols []symbol) []symbol {
	n := len(symbols)
	var room *mergeRoom
	if n <= pooledRoom { // spares most words the allocation
		if room, _ = m.rooms.Get().(*mergeRoom); room == nil {
			room = newMergeRoom(pooledRoom)
		}
		defer m.rooms.Put(room)
	} else {
		room = newMergeRoom(n)
	}
	prev, next, heap := room.prev, room.next, room.heap[:0]
	pair := func(i, j int32) (candidate, bool) {
		rank, id, ok := m.pairs.get(symbols[i].id, symbols[j].id)
		return candidate{uint64(rank)<<32 | uint64(uint32(i)), id}, ok
	}
	for i := range int32(n) {
		prev[i], next[i] = i-1, i+1
		if i > 0 {
			if c, ok := pair(i-1, i); ok {
				heap = append(heap, c)
			}
		}
	}
	next[n-1] = none
	for i := len(heap)/2 - 1; i >= 0; i-- {
		heap.down(i)
	}
	for len(heap) > 0 {
		top := heap.pop()
		i := int32(uint32(top.order))
		j := next[i]
		if symbols[i].size == 0 || j == none {
			continue
		}
		if c, ok := pair(i, j); !ok || c.id != top.id {
			continue
		}
		symbols[i] = symbol{top.id, symbols[i].size + symbols[j].size}
		symbols[j].size = 0
		next[i] = next[j]
		if next[i] != none {
			prev[next[i]] = i
			if c, ok := pair(i, next[i]); ok {
				heap.push(c)
			}
		}
		if prev[i] != none {
			if c, ok := pair(prev[i], i); ok {
				heap.push(c)
			}
		}
	}
	out := symbols[:0]
	for i := int32(0); i != none; i = next[i] {
		out = append(out, symbols[i])
	}
	return out
}
