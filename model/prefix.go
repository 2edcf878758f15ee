package model

import (
	"slices"

	"github.com/medner/medner/model/internal/backend"
)

// prefixCache keeps the keys and values of sequences that have ended, so that
// prompts that begin alike need not be read again. It belongs to the scheduler's
// goroutine.
type prefixCache struct {
	budget  int64         // bytes; beyond it the least recently used entries go
	most    int           // positions of all entries but the last one; 0: any number
	entries []prefixEntry // the most recently used last
	// evictions counts the entries that were dropped for the budget, or for room on the
	// device.
	evictions int64
}

// prefixEntry is the cache of a sequence of tokens under an adapter.
type prefixEntry struct {
	adapter int // index; -1: the base
	tokens  []int32
	cache   backend.Cache // holds as many positions as there are tokens
}

// minShared is how many tokens a shared prefix has at least: a fork copies a
// page of the cache, which costs more than reading fewer.
const minShared = 8

// commonPrefix returns the number of leading ids that a and b share.
func commonPrefix(a, b []int32) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

// longest returns the cache of the entry that shares the most leading ids with
// tokens, and how many it shares; nil and 0 where no entry shares any. The entry
// counts as used.
func (p *prefixCache) longest(adapter int, tokens []int32) (backend.Cache, int) {
	index, shared := p.find(adapter, tokens)
	if index < 0 {
		return nil, 0
	}
	return p.use(index).cache, shared
}

// find returns the index of the entry that shares the most leading ids with
// tokens, and how many it shares; -1 and 0 where no entry shares any.
func (p *prefixCache) find(adapter int, tokens []int32) (index, shared int) {
	index = -1
	for i, e := range p.entries {
		if e.adapter == adapter {
			if n := commonPrefix(e.tokens, tokens); n > shared {
				index, shared = i, n
			}
		}
	}
	return index, shared
}

// use makes an entry the most recently used one, and returns it.
func (p *prefixCache) use(index int) prefixEntry {
	e := p.entries[index]
	p.entries = append(slices.Delete(p.entries, index, index+1), e)
	return e
}

// add keeps a cache, which holds the keys and values of tokens, and closes it
// sooner or later. Entries that are prefixes of the new one go: it has all that
// they have.
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

// trim drops the least recently used entries until the rest is within the bounds.
func (p *prefixCache) trim() {
	for p.bytes() > p.budget || p.most > 0 && len(p.entries) > 1 && p.positions() > p.most {
		p.entries[0].cache.Close()
		p.evictions++
		p.entries = slices.Delete(p.entries, 0, 1)
	}
}

// bytes returns the memory that the entries account for.
func (p *prefixCache) bytes() int64 {
	var n int64
	for _, e := range p.entries {
		n += e.cache.Bytes()
	}
	return n
}

// positions returns how many positions the entries hold. What several hold counts for each.
func (p *prefixCache) positions() (n int) {
	for _, e := range p.entries {
		n += len(e.tokens)
	}
	return n
}

// clear drops all entries.
func (p *prefixCache) clear() {
	for _, e := range p.entries {
		e.cache.Close()
	}
	p.evictions += int64(len(p.entries))
	p.entries = nil
}
