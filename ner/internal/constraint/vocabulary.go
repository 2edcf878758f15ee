package constraint

import (
	"bytes"
	"slices"
	"sort"
)

// Vocabulary is a trie of a tokenizer's tokens by their bytes, with ASCII letters
// in lower case. Node 0 is the root. The children of a node have consecutive
// numbers, in order of their bytes: those of node n are child[n] to
// child[n+1]-1, and the tokens that end at n are ids[token[n]:token[n+1]].
type Vocabulary struct {
	size  int                   // of the vocabulary, in tokens
	bytes func(id int32) []byte // the bytes of a token, in their own case
	stop  []int32
	label []byte  // for each node, the byte that leads to it
	child []int32 // for each node, its first child
	token []int32 // for each node, the index in ids of its first token
	ids   []int32
}

// NewVocabulary makes the trie of the tokens 0 to size-1. bytes returns what a
// token adds to a text, and nothing for special tokens. The stop ids end an
// answer.
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

// token is a token with its bytes in lower case.
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

// build numbers the nodes breadth first. A node is the range of the sorted tokens
// that begin with its bytes.
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

// next returns the child of a node to which byte b leads, or 0 if there is none.
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

// leaf tells whether a node has no children.
func (v *Vocabulary) leaf(node int32) bool { return v.child[node] == v.child[node+1] }

// allow sets the bits of the tokens that end at node.
func (v *Vocabulary) allow(mask []uint64, node int32) {
	for _, id := range v.ids[v.token[node]:v.token[node+1]] {
		mask[id/64] |= 1 << (id % 64)
	}
}

// allowStop sets the bits of the stop ids.
func (v *Vocabulary) allowStop(mask []uint64) {
	for _, id := range v.stop {
		if id >= 0 && int(id) < v.size {
			mask[id/64] |= 1 << (id % 64)
		}
	}
}

// words returns the length of a mask.
func (v *Vocabulary) words() int { return (v.size + 63) / 64 }

// lower returns b with ASCII letters in lower case.
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
