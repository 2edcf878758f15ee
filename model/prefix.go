package model

import (
	"slices"

	"github.com/medner/medner/model/internal/backend"
)

// prefixCache keeps the keys and values of sequences that were read, within a
// budget of bytes: the least recently used goes first. It belongs to the
// scheduler's goroutine.
type prefixCache struct {
	budget  int64
	entries []prefixEntry // the latest used last
}

type prefixEntry struct {
	adapter int
	tokens  []int32
	cache   backend.Cache // of exactly these tokens
}

// minShared is the shortest prefix worth sharing: a fork copies a page.
const minShared = 8

// commonPrefix is the number of leading ids that a and b share.
func commonPrefix(a, b []int32) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

// longest finds the cache of the entry that shares the most leading ids with
// tokens, and how many; nil and 0 without one. The entry counts as used.
func (p *prefixCache) longest(adapter int, tokens []int32) (backend.Cache, int) {
	index, shared := -1, 0
	for i, e := range p.entries {
		if e.adapter == adapter {
			if n := commonPrefix(e.tokens, tokens); n > shared {
				index, shared = i, n
			}
		}
	}
	if index < 0 {
		return nil, 0
	}
	e := p.entries[index]
	p.entries = append(slices.Delete(p.entries, index, index+1), e)
	return e.cache, shared
}

// add keeps what cache holds, the keys and values of tokens, and takes the
// cache over. Entries that are prefixes of the new one are of no more use.
func (p *prefixCache) add(adapter int, tokens []int32, cache backend.Cache) {
	if _, shared := p.longest(adapter, tokens); shared == len(tokens) {
		cache.Close()
		return
	}
	p.entries = slices.DeleteFunc(p.entries, func(e prefixEntry) bool {
		covered := e.adapter == adapter && commonPrefix(e.tokens, tokens) == len(e.tokens)
		if covered {
			e.cache.Close()
		}
		return covered
	})
	p.entries = append(p.entries, prefixEntry{adapter, slices.Clone(tokens), cache})
	p.trim()
}

// trim forgets the least recently used entries beyond the budget.
func (p *prefixCache) trim() {
	for p.bytes() > p.budget {
		p.entries[0].cache.Close()
		p.entries = slices.Delete(p.entries, 0, 1)
	}
}

// bytes is the memory that the entries account for.
func (p *prefixCache) bytes() int64 {
	var n int64
	for _, e := range p.entries {
		n += e.cache.Bytes()
	}
	return n
}

// clear forgets everything.
func (p *prefixCache) clear() {
	for _, e := range p.entries {
		e.cache.Close()
	}
	p.entries = nil
}
