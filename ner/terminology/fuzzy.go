package terminology

import (
	"container/heap"
	"encoding/binary"
	"math"
	"math/bits"
	"slices"
	"sort"
	"unicode/utf8"
)

// Keys of fewer bytes are not compared: one other letter makes another name of
// them.
const minFuzzyKey = 4

// similar looks for the keys most similar to one.
type similar struct {
	r     *reader
	q     *Query
	key   string
	n     int // the key's different grams
	set   *gramSet
	sig   uint64
	wide  wide
	seen  *seen
	best  worst
	most  int // of best
	floor float64
	least [256]int // by the number of a key's grams
}

// seen remembers which keys have been compared; a stamp saves clearing it.
type seen struct {
	at    []uint32
	stamp uint32
}

// scored is a key with its similarity.
type scored struct {
	key   uint32
	score float64
}

// worst is a heap of keys with the least similar on top.
type worst []scored

func (h worst) Len() int { return len(h) }
func (h worst) Less(i, j int) bool {
	return h[i].score < h[j].score || h[i].score == h[j].score && h[i].key > h[j].key
}
func (h worst) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *worst) Push(v any)   { *h = append(*h, v.(scored)) }
func (h *worst) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}

// spare is how many more keys than matches are kept: several may be of one
// concept.
const spare = 3

// fuzzy finds the keys that are most similar.
func (r *reader) fuzzy(key string, q *Query) []Match {
	if len(key) < minFuzzyKey || q.MinScore > 1 {
		return nil
	}
	grams := appendGrams(nil, key)
	if len(grams) == 0 {
		return nil
	}
	s := &similar{r: r, q: q, key: key, n: len(grams), set: newGramSet(grams), sig: signature(grams), wide: newWide(grams), most: q.Limit + spare}
	s.raise(q.MinScore)
	s.seen, _ = r.x.scratch.Get().(*seen)
	if s.seen == nil {
		s.seen = &seen{at: make([]uint32, r.x.p.info.Keys)}
	}
	if s.seen.stamp++; s.seen.stamp == 0 {
		clear(s.seen.at)
		s.seen.stamp = 1
	}
	for rank, l := range r.rarest(grams) {
		if rank >= prefix(s.n, s.floor) {
			break // the better the best ones, the fewer lists can hold a better one
		}
		s.read(l.postings, rank)
	}
	r.x.scratch.Put(s.seen)
	var list []candidate
	for _, b := range s.best {
		list = append(list, s.variants(int(b.key), b.score)...)
	}
	return r.ranked(list, q.Limit)
}

// listed is a gram with its list; that of a gram that no key has is empty.
type listed struct {
	keys     uint32
	postings []byte
}

// rarest orders grams as the index does: by the number of keys, then by value.
func (r *reader) rarest(grams []gram) []listed {
	table := r.x.p.sections[secGrams]
	n := len(table) / 8
	at := func(i int) gram { return gram(binary.LittleEndian.Uint64(table[8*i:])) }
	out := make([]listed, len(grams))
	for j, g := range grams {
		i := sort.Search(n, func(i int) bool { return at(i) >= g })
		if i == n || at(i) != g {
			continue
		}
		from, to := r.pair(secGramOffsets, i)
		words := r.x.p.sections[secPostings]
		if from > to || uint64(to) > uint64(len(words)/4) {
			r.damaged(secGramOffsets)
			continue
		}
		out[j] = listed{r.u32(secGramKeys, i), words[4*uint64(from) : 4*uint64(to)]}
	}
	slices.SortStableFunc(out, func(a, b listed) int { return int(int64(a.keys) - int64(b.keys)) })
	return out
}

// read compares the keys in a gram's list that may be similar enough: whose
// sizes allow it, where the gram stands far enough before the end in both keys
// if it is the first that they share, and whose signatures have enough in common.
func (s *similar) read(words []byte, rank int) {
	if len(words) < 4 {
		return // a gram that no key has
	}
	count := uint64(binary.LittleEndian.Uint32(words))
	words = words[4:]
	if count > uint64(len(words)/4) {
		s.r.damaged(secPostings)
		return
	}
	heads, entries := words[:4*count], words[4*count:]
	for ; len(heads) >= 4 && s.r.err == nil; heads = heads[4:] {
		head := binary.LittleEndian.Uint32(heads)
		size, theirs, n := int(head>>blockSizeShift), int(head>>blockRankShift&0xff), entrySize*int(head&maxBlock)
		if n > len(entries) {
			s.r.damaged(secPostings)
			return
		}
		if 1+min(s.n-rank-1, size-theirs-1) >= s.least[size] {
			s.readBlock(entries[:n], size)
		}
		entries = entries[n:]
	}
}

// readBlock compares the keys of a block whose signatures have enough in common
// with the one looked for: first those in the block, then those of the keys.
func (s *similar) readBlock(block []byte, size int) {
	least := s.least[size]
	n := len(block) / entrySize
	signatures, keys := block[:signatureSize*n], block[signatureSize*n:]
	for ; len(signatures) >= signatureSize && len(keys) >= 4; signatures, keys = signatures[signatureSize:], keys[4:] {
		sig := binary.LittleEndian.Uint64(signatures)
		if s.n-bits.OnesCount64(s.sig&^sig) < least || size-bits.OnesCount64(sig&^s.sig) < least {
			continue
		}
		key := binary.LittleEndian.Uint32(keys)
		if uint64(key) >= uint64(len(s.seen.at)) {
			s.r.damaged(secPostings)
			return
		}
		theirs := s.r.x.p.sections[secWide][wideSize*int(key):]
		all := wide{binary.LittleEndian.Uint64(theirs), binary.LittleEndian.Uint64(theirs[8:])}
		if s.n-s.wide.without(all) >= least && size-all.without(s.wide) >= least && s.seen.at[key] != s.seen.stamp {
			s.seen.at[key] = s.seen.stamp
			s.compare(key, size)
			least = s.least[size]
		}
	}
}

// raise sets the similarity that keys must reach to be among the best, and with
// it how many grams a key of each size must share.
func (s *similar) raise(floor float64) {
	s.floor = floor
	for size := range s.least {
		s.least[size] = int(math.Ceil(floor*float64(s.n+size)/2 - 1e-9))
	}
}

func (s *similar) compare(key uint32, size int) {
	text := s.r.bytes(secKeyOffsets, secKeys, int(key))
	// Those that the key repeats are missed as often as they stand in it.
	shared := s.set.shared(text, size-s.least[size]+max(0, len(text)-size))
	v := scored{key, 2 * float64(shared) / float64(s.n+size)}
	if v.score < s.floor-1e-9 || s.r.err != nil || len(s.variants(int(key), v.score)) == 0 {
		return
	}
	switch {
	case len(s.best) < s.most:
		heap.Push(&s.best, v)
	case v.score > s.best[0].score || v.score == s.best[0].score && v.key < s.best[0].key:
		s.best[0] = v
		heap.Fix(&s.best, 0)
	}
	if len(s.best) == s.most && s.best[0].score > s.floor {
		s.raise(s.best[0].score)
	}
}

// variants are the names with a key that are related to the one looked for,
// which have a score in common.
func (s *similar) variants(key int, score float64) []candidate {
	text := s.r.text(secKeyOffsets, secKeys, key)
	inflected, misspelt := relate(s.key, text, false), relate(s.key, text, true)
	if inflected == unrelated && misspelt == unrelated {
		return nil
	}
	list := s.r.candidates(key, "", s.q.Type)
	related := list[:0]
	for _, c := range list {
		r := inflected
		if s.r.types(c.concept)&chemicalBit != 0 {
			r = misspelt
		}
		switch r {
		case same:
			c.method, c.score = Fuzzy, score
		case wider:
			c.method, c.score = Wider, score*widerFactor
		default:
			continue
		}
		related = append(related, c)
	}
	return related
}

// gramSet is a small hash set.
type gramSet struct {
	slots []gram // 0: free
	hit   []uint32
	turn  uint32
	shift uint
}

func newGramSet(grams []gram) *gramSet {
	size := uint(4)
	for 1<<size < 3*len(grams) {
		size++
	}
	s := &gramSet{slots: make([]gram, 1<<size), hit: make([]uint32, 1<<size), shift: 64 - size}
	for _, g := range grams {
		s.slots[s.slot(g)] = g
	}
	return s
}

// slot is where g is, or would be.
func (s *gramSet) slot(g gram) int {
	i := int(uint64(g) * hashFactor >> s.shift)
	for s.slots[i] != 0 && s.slots[i] != g {
		i = (i + 1) & (len(s.slots) - 1)
	}
	return i
}

// shared counts the different grams of a key that are in the set; it stops
// where more are missing than may be.
func (s *gramSet) shared(key []byte, mayMiss int) int {
	s.turn++
	n, missing := 0, 0
	g, first := gram(mark), true
	for len(key) > 0 && missing <= mayMiss {
		r, size := rune(key[0]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRune(key)
		}
		key = key[size:]
		g = (g<<runeBits | gram(r)) & gramMask
		if !first {
			switch i := s.slot(g); {
			case s.slots[i] != g:
				missing++
			case s.hit[i] != s.turn:
				s.hit[i] = s.turn
				n++
			}
		}
		first = false
	}
	if i := s.slot((g<<runeBits | mark) & gramMask); !first && s.slots[i] != 0 && s.hit[i] != s.turn {
		n++
	}
	return n
}
