package tokenizer

import (
	"slices"
	"strings"
	"sync"
)

// The cache holds at most cacheShards × 2 × cacheWords words of at most
// cacheKey bytes.
const (
	cacheShards = 16
	cacheWords  = 2048
	cacheKey    = 48
)

// wordCache remembers the tokens of words. Each shard has two generations: when
// the young one is full, it replaces the old one; a word that is found in the old
// generation is put into the young one.
type wordCache struct{ shards [cacheShards]cacheShard }

type cacheShard struct {
	mu         sync.RWMutex
	young, old map[string][]symbol
}

// shard returns the shard of a word. It looks at three things only, as the map
// hashes the whole word anyway.
func (c *wordCache) shard(word string) *cacheShard {
	n := len(word)
	return &c.shards[(uint(word[n-1])+uint(word[n/2])<<2+uint(n))%cacheShards]
}

// get returns a word's tokens, which mustn't be changed.
func (c *wordCache) get(word string) ([]symbol, bool) {
	if len(word) > cacheKey {
		return nil, false
	}
	s := c.shard(word)
	s.mu.RLock()
	symbols, ok := s.young[word]
	if ok {
		s.mu.RUnlock()
		return symbols, true
	}
	symbols, ok = s.old[word]
	s.mu.RUnlock()
	if ok {
		s.put(strings.Clone(word), symbols)
	}
	return symbols, ok
}

func (c *wordCache) put(word string, symbols []symbol) {
	if len(word) <= cacheKey {
		c.shard(word).put(strings.Clone(word), slices.Clone(symbols))
	}
}

func (s *cacheShard) put(word string, symbols []symbol) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.young) >= cacheWords {
		s.old, s.young = s.young, nil
	}
	if s.young == nil {
		s.young = make(map[string][]symbol, 64)
	}
	s.young[word] = symbols
}
