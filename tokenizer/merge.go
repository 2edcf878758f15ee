package tokenizer

import "github.com/nlpodyssey/gotokenizers/models/bpemodel"

// shortWord is the most symbols of a word that bpemodel merges. It allocates for
// each candidate and takes quadratic time: for longer words mergeLong is faster.
const shortWord = 3

// pooledSymbols is the most symbols of a word for which mergeLong's scratch memory
// is kept for later words.
const pooledSymbols = 64

// merge joins neighbouring symbols until no pair has a rule. The pair whose rule
// has the lowest rank is joined first, and the leftmost of equal ones. It may
// overwrite symbols.
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

// candidate is a pair of neighbouring symbols that a rule joins.
type candidate struct {
	order uint64 // the rule's rank << 32 | the index of the left symbol
	id    int32  // the token that the pair becomes
}

// candidates is a binary heap with the lowest order on top.
type candidates []candidate

// down moves candidate i below those that come before it.
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

// mergeScratch is the memory that mergeLong works in.
type mergeScratch struct {
	prev, next []int32
	heap       candidates
}

func newMergeScratch(symbols int) *mergeScratch {
	return &mergeScratch{prev: make([]int32, symbols), next: make([]int32, symbols), heap: make(candidates, 0, 2*symbols)}
}

// mergeLong does what mergeShort does in n log n time. The symbols form a linked
// list, and the candidates a heap; a candidate whose symbols were joined to
// others meanwhile is dropped when it comes to the top.
func (m *bpe) mergeLong(symbols []symbol) []symbol {
	n := len(symbols)
	var scratch *mergeScratch
	if n <= pooledSymbols { // most words need no allocation
		if scratch, _ = m.scratches.Get().(*mergeScratch); scratch == nil {
			scratch = newMergeScratch(pooledSymbols)
		}
		defer m.scratches.Put(scratch)
	} else {
		scratch = newMergeScratch(n)
	}
	prev, next, heap := scratch.prev, scratch.next, scratch.heap[:0]
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
