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

// minFuzzyKey is the least number of bytes of keys that are compared. In shorter
// ones a single letter makes another name.
const minFuzzyKey = 4

// similar seeks the keys that are most similar to the key of a mention.
type similar struct {
	r    *reader
	q    *Query
	key  string
	n    int // different grams of the key
	set  *gramSet
	sig  uint64
	wide wide
	seen *seen

	best  worst   // the most similar keys so far
	most  int     // how many of them are wanted
	floor float64 // the least similarity that gets a key among them
	// least[size] is how many grams a key with size different grams must share
	// to reach the floor.
	least [256]int
}

// seen remembers which keys have been compared. A key has been if its entry is the
// stamp, so that a new stamp clears all.
type seen struct {
	at    []uint32
	stamp uint32
}

// scored is a key with its similarity.
type scored struct {
	key   uint32
	score float64
}

// worst is a heap of keys with the least similar one on top; of several, the one
// with the largest number.
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

// spare is how many more keys than matches are kept, since several keys may have
// names of one concept.
const spare = 3

// fuzzy returns matches for the keys that are most similar to a mention's.
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
			break // the lists of more frequent grams have no key above the floor that wasn't read
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

// listed has an index's entries about one gram; none for a gram that no key has.
type listed struct {
	keys     uint32 // how many keys have the gram
	postings []byte
}

// rarest returns what the index has for each gram, in the index's order: by the
// number of keys that have the gram, then by its value.
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
		out[j] = listed{keys: r.u32(secGramKeys, i), postings: words[4*uint64(from) : 4*uint64(to)]}
	}
	slices.SortStableFunc(out, func(a, b listed) int { return int(int64(a.keys) - int64(b.keys)) })
	return out
}

// read compares the mention's key with those in the list of a gram, which has the
// place rank among the mention's grams, rarest first. Say that the gram is the
// first that both keys share. Then they can share no more than the grams that
// follow it in both; blocks whose keys can't reach the floor so are passed over.
func (s *similar) read(words []byte, rank int) {
	if len(words) < 4 {
		return // no key has the gram
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
		size := int(head >> blockSizeShift)          // different grams of each key of the block
		theirs := int(head >> blockRankShift & 0xff) // the place of the gram among them
		n := entrySize * int(head&maxBlock)          // bytes
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

// readBlock compares those keys of a block, which have size different grams each,
// whose signatures allow that they reach the floor: the short signatures, which lie
// in the block, are looked at first, and then the wide ones.
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

// raise sets the floor.
func (s *similar) raise(floor float64) {
	s.floor = floor
	for size := range s.least {
		s.least[size] = int(math.Ceil(floor*float64(s.n+size)/2 - 1e-9))
	}
}

// compare computes the similarity of a key with size different grams, and keeps the
// key if it is among the most similar.
func (s *similar) compare(key uint32, size int) {
	text := s.r.bytes(secKeyOffsets, secKeys, int(key))
	// A gram that the key repeats, and the mention lacks, is missed repeatedly.
	shared := s.set.shared(text, size-s.least[size]+max(0, len(text)-size))
	v := scored{key: key, score: 2 * float64(shared) / float64(s.n+size)}
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

// variants returns the names with a key that can be a variant of the mention, or a
// wider name. The similarity of the key is score.
func (s *similar) variants(key int, score float64) []candidate {
	text := s.r.text(secKeyOffsets, secKeys, key)
	chemical := relate(s.key, text, true)
	other := relate(s.key, text, false)
	if other == unrelated && chemical == unrelated {
		return nil
	}
	list := s.r.candidates(key, "", s.q.Type)
	related := list[:0]
	for _, c := range list {
		r := other
		if s.r.types(c.concept)&chemicalBit != 0 {
			r = chemical
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

// gramSet is a hash set of grams with open addressing.
type gramSet struct {
	slots []gram   // 0 for a free slot
	hit   []uint32 // the turn in which the gram in a slot was counted last
	turn  uint32   // the number of the call of shared
	shift uint     // from a hash to a slot
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

// slot returns the slot in which g is, or the free one in which it would be.
func (s *gramSet) slot(g gram) int {
	i := int(uint64(g) * hashFactor >> s.shift)
	for s.slots[i] != 0 && s.slots[i] != g {
		i = (i + 1) & (len(s.slots) - 1)
	}
	return i
}

// shared returns how many different grams of a key are in the set. It gives up,
// with fewer, once more than mayMiss of the key's grams weren't.
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
