package constraint

import (
	"bytes"
	"slices"
	"sort"
)

// Vocabulary is a trie of a tokenizer's tokens by their bytes, ASCII letters
// in lower case. Children of a node lie side by side, in order of their bytes.
type Vocabulary struct {
	size  int
	bytes func(id int32) []byte
	stop  []int32
	label []byte  // by node: the byte that leads to it
	child []int32 // by node: its first child; the next node's first child ends the list
	token []int32 // by node: its first entry in ids, as child
	ids   []int32
}

// NewVocabulary makes a trie of size tokens; bytes gives what a token
// contributes to a text, nothing for special ones. The stop ids are those that
// end an answer.
func NewVocabulary(size int, bytes func(id int32) []byte, stop []int32) *Vocabulary {
	v := &Vocabulary{size: size, bytes: bytes, stop: slices.Clone(stop)}
	var tokens []token
	for id := range int32(size) {
		if b := bytes(id); len(b) > 0 && !slices.Contains(stop, id) {
			tokens = append(tokens, token{lower(b), id})
		}
	}
	slices.SortFunc(tokens, token.compare)
	v.build(tokens)
	return v
}

type token struct {
	bytes []byte
	id    int32
}

func (t token) compare(o token) int {
	if c := bytes.Compare(t.bytes, o.bytes); c != 0 {
		return c
	}
	return int(t.id - o.id)
}

// build lays the nodes out breadth first; a node is a range of the sorted
// tokens that share its bytes.
func (v *Vocabulary) build(tokens []token) {
	type node struct{ lo, hi, depth int }
	queue := []node{{0, len(tokens), 0}}
	v.label = []byte{0}
	for i := 0; i < len(queue); i++ {
		n := queue[i]
		v.child = append(v.child, int32(len(queue)))
		v.token = append(v.token, int32(len(v.ids)))
		for n.lo < n.hi && len(tokens[n.lo].bytes) == n.depth {
			v.ids = append(v.ids, tokens[n.lo].id)
			n.lo++
		}
		for n.lo < n.hi {
			b := tokens[n.lo].bytes[n.depth]
			end := n.lo + sort.Search(n.hi-n.lo, func(k int) bool { return tokens[n.lo+k].bytes[n.depth] > b })
			v.label = append(v.label, b)
			queue = append(queue, node{n.lo, end, n.depth + 1})
			n.lo = end
		}
	}
	v.child = append(v.child, int32(len(queue)))
	v.token = append(v.token, int32(len(v.ids)))
}

// next returns the child of a node by byte b, or 0.
func (v *Vocabulary) next(node int32, b byte) int32 {
	lo, hi := v.child[node], v.child[node+1]
	for lo < hi {
		mid := (lo + hi) / 2
		switch l := v.label[mid]; {
		case l == b:
			return mid
		case l < b:
			lo = mid + 1
		default:
			hi = mid
		}
	}
	return 0
}

func (v *Vocabulary) leaf(node int32) bool { return v.child[node] == v.child[node+1] }

// allow sets the bits of the tokens that end at a node.
func (v *Vocabulary) allow(mask []uint64, node int32) {
	for _, id := range v.ids[v.token[node]:v.token[node+1]] {
		mask[id/64] |= 1 << (id % 64)
	}
}

func (v *Vocabulary) allowStop(mask []uint64) {
	for _, id := range v.stop {
		if id >= 0 && int(id) < v.size {
			mask[id/64] |= 1 << (id % 64)
		}
	}
}

func (v *Vocabulary) words() int { return (v.size + 63) / 64 }

func lower(b []byte) []byte {
	out := make([]byte, len(b))
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		out[i] = c
	}
	return out
}
