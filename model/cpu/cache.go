package cpu

import (
	"sync"

	"github.com/medner/medner/kernels"
	"github.com/medner/medner/model/backend"
)

// store hands out pages of keys and values, and takes them back.
type store struct {
	shape  kernels.CacheShape
	layers int

	mu   sync.Mutex
	free []*page
}

// page holds the keys and values of kernels.PageSize positions in every
// layer. Caches that were forked from each other share pages; a page that is
// shared is never written.
type page struct {
	layers []kernels.Page
	owners int // guarded by the store's mu
}

// maxFree bounds the bytes of pages kept for later.
const maxFree = 256 << 20

func (s *store) pageBytes() int64 { return int64(s.layers) * int64(s.shape.PageBytes()) }

// take returns a page of one owner, with any content.
func (s *store) take() *page {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.free); n > 0 {
		p := s.free[n-1]
		s.free = s.free[:n-1]
		p.owners = 1
		return p
	}
	p := &page{layers: make([]kernels.Page, s.layers), owners: 1}
	n := s.shape.PageLen()
	if s.shape.Half {
		all := make([]uint16, s.layers*n)
		for l := range p.layers {
			p.layers[l].F16 = all[l*n : (l+1)*n]
		}
	} else {
		all := make([]float32, s.layers*n)
		for l := range p.layers {
			p.layers[l].F32 = all[l*n : (l+1)*n]
		}
	}
	return p
}

// release gives up one ownership of each page.
func (s *store) release(pages []*page) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range pages {
		if p.owners--; p.owners == 0 && int64(len(s.free)+1)*s.pageBytes() <= maxFree {
			s.free = append(s.free, p)
		}
	}
}

// share adds an owner to each page.
func (s *store) share(pages []*page) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range pages {
		p.owners++
	}
}

// cache implements backend.Cache.
type cache struct {
	store *store
	pages []*page
	views [][]kernels.Page // by layer: the pages as attention reads them
	n     int              // positions held
}

// pagesFor is the number of pages that n positions take.
func pagesFor(n int) int { return (n + kernels.PageSize - 1) / kernels.PageSize }

func newCache(s *store) *cache { return &cache{store: s, views: make([][]kernels.Page, s.layers)} }

// Len implements backend.Cache.
func (c *cache) Len() int { return c.n }

// Truncate implements backend.Cache.
func (c *cache) Truncate(n int) {
	keep := pagesFor(n)
	c.store.release(c.pages[keep:])
	clear(c.pages[keep:])
	c.pages, c.n = c.pages[:keep], n
	for l := range c.views {
		c.views[l] = c.views[l][:keep]
	}
}

// Fork implements backend.Cache. The last page, if it is not full, is copied
// by whichever cache writes to it first.
func (c *cache) Fork(n int) backend.Cache {
	f := newCache(c.store)
	f.n = n
	for _, p := range c.pages[:pagesFor(n)] {
		f.attach(p)
	}
	c.store.share(f.pages)
	return f
}

// attach appends a page.
func (c *cache) attach(p *page) {
	c.pages = append(c.pages, p)
	for l := range c.views {
		c.views[l] = append(c.views[l], p.layers[l])
	}
}

// reserve makes room for n more positions, in pages that are this cache's
// alone.
func (c *cache) reserve(n int) {
	if at := c.n / kernels.PageSize; n > 0 && at < len(c.pages) {
		c.own(at)
	}
	for len(c.pages) < pagesFor(c.n+n) {
		c.attach(c.store.take())
	}
}

// own replaces a shared page by a copy.
func (c *cache) own(at int) {
	old := c.pages[at]
	c.store.mu.Lock()
	shared := old.owners > 1
	c.store.mu.Unlock()
	if !shared {
		return
	}
	p := c.store.take()
	for l := range p.layers {
		c.store.shape.Copy(p.layers[l], old.layers[l])
		c.views[l][at] = p.layers[l]
	}
	c.pages[at] = p
	c.store.release([]*page{old})
}

// Bytes implements backend.Cache.
func (c *cache) Bytes() int64 {
	c.store.mu.Lock()
	defer c.store.mu.Unlock()
	var n int64
	for _, p := range c.pages {
		n += c.store.pageBytes() / int64(p.owners)
	}
	return n
}

// Close implements backend.Cache.
func (c *cache) Close() { c.Truncate(0) }
