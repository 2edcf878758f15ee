package dedup

import (
	"container/list"
	"sync"

	"github.com/medner/medner/ner/document"
)

// memory holds the texts that are remembered, those without a result too.
type memory struct {
	most int64 // bytes

	mu     sync.Mutex
	size   int64 // bytes of the texts that are done
	byHash map[hash]*list.Element
	used   *list.List // of *text, the most recently used first
}

func newMemory(most int64) *memory {
	return &memory{most: most, byHash: map[hash]*list.Element{}, used: list.New()}
}

// get returns the text with a hash, nil if it isn't remembered.
func (m *memory) get(h hash) *text {
	m.mu.Lock()
	defer m.mu.Unlock()
	e := m.byHash[h]
	if e == nil {
		return nil
	}
	m.used.MoveToFront(e)
	return e.Value.(*text)
}

// add remembers a text that is being annotated.
func (m *memory) add(t *text) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.byHash[t.hash] = m.used.PushFront(t)
}

// done notes the result of a text, or forgets the text if it failed. While the
// texts take more than the bound, the least recently used one is forgotten.
func (m *memory) done(t *text) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e := m.byHash[t.hash]
	if e == nil || e.Value.(*text) != t {
		return // an error in a document's place, which has no text
	}
	if t.err != nil {
		m.forget(e)
		return
	}
	t.size = sizeOf(t.result)
	m.size += t.size
	for e := m.used.Back(); e != nil && m.size > m.most; {
		before := e.Prev()
		if e.Value.(*text).size > 0 {
			m.forget(e)
		}
		e = before
	}
}

func (m *memory) forget(e *list.Element) {
	t := m.used.Remove(e).(*text)
	m.size -= t.size
	delete(m.byHash, t.hash)
}

// What objects take in memory beside their strings, in bytes.
const (
	perText     = 1024
	perEntity   = 320
	perLink     = 96
	perRelation = 320
	perDropped  = 64
)

// sizeOf returns about how many bytes a result takes. Mentions are parts of the
// document's text, which they keep in memory.
func sizeOf(r *document.Result) int64 {
	n := perText + len(r.Text) + len(r.Entities)*perEntity + len(r.Relations)*perRelation + len(r.Dropped)*perDropped
	for i := range r.Entities {
		n += len(r.Entities[i].Normalized) + len(r.Entities[i].Links)*perLink
	}
	for i := range r.Dropped {
		n += len(r.Dropped[i].Text) + len(r.Dropped[i].Reason)
	}
	for _, w := range r.Warnings {
		n += len(w)
	}
	return int64(n)
}
