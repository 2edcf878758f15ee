// Package paged keeps the keys and values of sequences in pages of
// [kernels.PageSize] positions. Caches that were forked from each other share
// pages; a page that is shared is never written, but replaced by a copy.
//
// P is the type of a page, which the device chooses: slices of host memory, or an
// address in the memory of a GPU.
package paged

import (
	"sync"

	"github.com/medner/medner/kernels"
)

// Memory makes the pages of a device.
type Memory[P any] interface {
	// Allocate returns a page with any content.
	Allocate() (P, error)
	// Copy gives one page the content of another.
	Copy(to, from P) error
}

// page is a page of a device, shared by some caches.
type page[P any] struct {
	at     P   // where the device has the page
	owners int // caches that have the page; guarded by the store's mu
}

// Store hands out pages and takes them back. Cache.Reserve calls the device's Memory, so
// it may be called only where that may. All other methods of a Store and of its caches
// may be called at any time, by any goroutine.
type Store[P any] struct {
	memory Memory[P]
	bytes  int64 // of a page
	most   int64 // bytes of free pages that are kept at most; negative: no limit

	mu   sync.Mutex
	free []*page[P]
}

// NewStore returns a store of pages of pageBytes bytes. It keeps up to keep bytes of
// pages that are given back, and leaves others to the garbage collector. A negative
// keep keeps all, for devices whose pages the collector doesn't free: they call Trim.
func NewStore[P any](m Memory[P], pageBytes, keep int64) *Store[P] {
	return &Store[P]{memory: m, bytes: pageBytes, most: keep}
}

// PageBytes returns the bytes of a page.
func (s *Store[P]) PageBytes() int64 { return s.bytes }

// Free returns the number of pages that the store keeps and no cache has.
func (s *Store[P]) Free() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.free)
}

// Trim removes free pages until keep bytes of them are left, and returns the removed
// pages, whose memory the caller frees.
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

// take returns a page that has one owner, with any content.
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

// release takes one owner from each page. A page without owners is free.
func (s *Store[P]) release(pages []*page[P]) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range pages {
		if p.owners--; p.owners == 0 && (s.most < 0 || int64(len(s.free)+1)*s.bytes <= s.most) {
			s.free = append(s.free, p)
		}
	}
}

// share adds an owner to each page.
func (s *Store[P]) share(pages []*page[P]) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range pages {
		p.owners++
	}
}

// Pages returns the number of pages that n positions take.
func Pages(n int) int { return (n + kernels.PageSize - 1) / kernels.PageSize }
