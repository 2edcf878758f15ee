// Package paged keeps the keys and values of sequences in pages of
// [kernels.PageSize] positions. Caches that were forked from each other share
// pages; a page that is shared is never written, but replaced by a copy.
//
// What a page is, P, is the device's business: slices of host memory, an
// address in a GPU's.
package paged

import (
	"sync"

	"github.com/medner/medner/kernels"
)

// Memory makes a device's pages.
type Memory[P any] interface {
	// Allocate returns a page with any content.
	Allocate() (P, error)
	// Copy gives one page the content of another.
	Copy(to, from P) error
}

// page is one of a store's, and the number of caches that have it.
type page[P any] struct {
	at     P
	owners int // guarded by the store's mu
}

// Store hands out pages, and takes them back. Its lists may be used at any
// time; what calls Memory, as Memory may.
type Store[P any] struct {
	memory Memory[P]
	bytes  int64 // of a page
	most   int64 // bytes of free pages that release keeps; negative: all

	mu   sync.Mutex
	free []*page[P]
}

// NewStore returns a store of pages of so many bytes. Pages given back beyond
// keep bytes are left to the garbage collector; a negative keep keeps all, for
// Trim.
func NewStore[P any](m Memory[P], pageBytes, keep int64) *Store[P] {
	return &Store[P]{memory: m, bytes: pageBytes, most: keep}
}

// PageBytes is the size of a page.
func (s *Store[P]) PageBytes() int64 { return s.bytes }

// Free is the number of pages that no cache has.
func (s *Store[P]) Free() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.free)
}

// Trim takes out what is free beyond keep bytes, for the caller to free.
func (s *Store[P]) Trim(keep int64) (surplus []P) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := min(len(s.free), int(keep/s.bytes))
	for _, p := range s.free[n:] {
		surplus = append(surplus, p.at)
	}
	clear(s.free[n:])
	s.free = s.free[:n]
	return surplus
}

// take returns a page of one owner, with any content.
func (s *Store[P]) take() (*page[P], error) {
	s.mu.Lock()
	if n := len(s.free); n > 0 {
		p := s.free[n-1]
		s.free = s.free[:n-1]
		p.owners = 1
		s.mu.Unlock()
		return p, nil
	}
	s.mu.Unlock()
	at, err := s.memory.Allocate()
	if err != nil {
		return nil, err
	}
	return &page[P]{at: at, owners: 1}, nil
}

// release gives up one ownership of each page.
func (s *Store[P]) release(pages []*page[P]) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range pages {
		if p.owners--; p.owners == 0 && (s.most < 0 || int64(len(s.free)+1)*s.bytes <= s.most) {
			s.free = append(s.free, p)
		}
	}
}

// share takes one ownership more of each page.
func (s *Store[P]) share(pages []*page[P]) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range pages {
		p.owners++
	}
}

// Pages is the number of pages that n positions take.
func Pages(n int) int { return (n + kernels.PageSize - 1) / kernels.PageSize }
