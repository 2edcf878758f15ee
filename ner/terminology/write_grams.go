package terminology

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"github.com/medner/medner/badinput"
)

// The postings of a gram are the keys that have it among their rarest grams, in
// blocks. All keys of a block have the same number of grams, the size, and the gram
// has the same place among them, its rank, rarest first. A lookup passes over most
// blocks by their size and rank, which therefore lie together:
//
//	u32       the number of blocks
//	u32       for each block: size << 24 | rank << 16 | number of keys
//	u64 … u32 for each block: the signatures of its keys, then the keys
const (
	blockSizeShift = 24
	blockRankShift = 16
	maxBlock       = 1<<16 - 1         // keys of a block
	signatureSize  = 8                 // bytes
	entrySize      = signatureSize + 4 // bytes of a key in a block
	wideSize       = 16                // bytes of a wide signature
)

// posting is a key in the list of a gram: the size in the highest bits, then the
// rank and the key, so that postings sort into blocks.
type posting uint64

func newPosting(size, rank int, key uint32) posting {
	return posting(size)<<40 | posting(rank)<<32 | posting(key)
}

// maxGrams bounds the different grams of an index: each takes more memory than a
// key. English has some tens of thousands.
const maxGrams = 1 << 22

// gramIndex is the part of an index for fuzzy lookups. Grams have numbers, in the order in which
// they are met.
type gramIndex struct {
	grams      []gram
	keys       []uint32    // for each gram, how many keys have it
	postings   [][]posting // for each gram
	signatures []uint64    // for each key
	wide       []wide      // for each key
}

// newGramIndex lists each of n keys under the rarest of its grams, among which there is
// one that it shares with any similar key.
func newGramIndex(ctx context.Context, n int, key func(i int) []byte) (*gramIndex, error) {
	x := &gramIndex{signatures: make([]uint64, n), wide: make([]wide, n)}
	var buf []gram
	each := func(fn func(i int, grams []gram)) error {
		for i := range n {
			if i%(1<<16) == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
			buf = appendGrams(buf[:0], string(key(i)))
			fn(i, buf)
		}
		return nil
	}
	number := map[gram]uint32{}
	err := each(func(i int, grams []gram) {
		x.signatures[i] = signature(grams)
		x.wide[i] = newWide(grams)
		for _, g := range grams {
			n, ok := number[g]
			if !ok && len(x.grams) > maxGrams {
				return
			}
			if !ok {
				n = uint32(len(x.grams))
				number[g] = n
				x.grams = append(x.grams, g)
				x.keys = append(x.keys, 0)
			}
			x.keys[n]++
		}
	})
	if err != nil {
		return nil, err
	}
	if len(x.grams) > maxGrams {
		return nil, badinput.New("", "names", fmt.Sprintf("more than %d different runs of three characters", maxGrams), "names of words")
	}
	x.postings = make([][]posting, len(x.grams))
	type ranked struct{ keys, number uint32 }
	var order []ranked
	err = each(func(i int, grams []gram) {
		order = order[:0]
		for _, g := range grams { // which are sorted, so that equally rare ones stay sorted
			n := number[g]
			order = append(order, ranked{keys: x.keys[n], number: n})
		}
		slices.SortStableFunc(order, func(a, b ranked) int { return cmp.Compare(a.keys, b.keys) })
		for rank, o := range order[:min(len(order), prefix(len(order), indexedScore))] {
			x.postings[o.number] = append(x.postings[o.number], newPosting(len(grams), rank, uint32(i)))
		}
	})
	return x, err
}

// write writes the sections about grams.
func (x *gramIndex) write(w *sectionWriter) {
	order := make([]int, len(x.grams))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(x.grams[a], x.grams[b]) })
	packed := make([]byte, 0, 8*len(order))
	counts := make([]uint32, len(order))
	offsets := make([]uint32, len(order)+1)
	total := uint64(0)
	var block []byte
	w.begin(secPostings)
	for i, n := range order {
		packed = binary.LittleEndian.AppendUint64(packed, uint64(x.grams[n]))
		counts[i] = x.keys[n]
		block = x.appendBlocks(block[:0], x.postings[n])
		x.postings[n] = nil
		w.put(block)
		if total += uint64(len(block) / 4); total > math.MaxUint32 && w.err == nil {
			w.err = badinput.New("", "3-grams", "more than 2^32 words", "a smaller terminology: leave languages or sources out")
		}
		offsets[i+1] = uint32(total)
	}
	w.end(secPostings)
	w.section(secGrams, packed)
	w.numbers(secGramKeys, counts)
	w.numbers(secGramOffsets, offsets)
	packed = packed[:0]
	for _, v := range x.wide {
		packed = binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(packed, v[0]), v[1])
	}
	w.section(secWide, packed)
}

// appendBlocks appends the postings of a gram as the file has them.
func (x *gramIndex) appendBlocks(out []byte, list []posting) []byte {
	slices.Sort(list)
	at := len(out)
	out = append(out, 0, 0, 0, 0)
	blocks := uint32(0)
	for rest := list; len(rest) > 0; blocks++ {
		n := blockLength(rest)
		out = binary.LittleEndian.AppendUint32(out, uint32(rest[0]>>40)<<blockSizeShift|uint32(rest[0]>>32&0xff)<<blockRankShift|uint32(n))
		rest = rest[n:]
	}
	binary.LittleEndian.PutUint32(out[at:], blocks)
	for len(list) > 0 {
		n := blockLength(list)
		for _, p := range list[:n] {
			out = binary.LittleEndian.AppendUint64(out, x.signatures[uint32(p)])
		}
		for _, p := range list[:n] {
			out = binary.LittleEndian.AppendUint32(out, uint32(p))
		}
		list = list[n:]
	}
	return out
}

// blockLength returns how many postings at the start of a list are one block.
func blockLength(list []posting) int {
	n := 1
	for n < len(list) && n < maxBlock && list[n]>>32 == list[0]>>32 {
		n++
	}
	return n
}
