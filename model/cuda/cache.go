package cuda

import (
	"sync"

	driver "github.com/medner/medner/internal/cuda"
	"github.com/medner/medner/kernels"
	"github.com/medner/medner/model/backend"
)

// store hands out pages of keys and values in device memory, and takes them
// back. Its lists may be used at any time, the driver in a step only.
type store struct {
	ctx       driver.Context
	stream    driver.Stream
	pageBytes int // of a page: all layers
	wipe      bool

	mu   sync.Mutex
	free []*page
	held int // pages allocated
}

// page holds the keys and values of kernels.PageSize positions in every layer,
// one after the other. Caches that were forked from each other share pages; a
// page that is shared is never written.
type page struct {
	at     driver.Ptr
	owners int // guarded by the store's mu
}

// maxFree bounds the bytes of pages kept for later: to allocate one in a step
// costs time, and what else needs the memory gets it, see Backend.room.
const maxFree = 2 << 30

// take returns a page of one owner. What rounds heads up is zero, the rest of
// it may be anything.
func (s *store) take() (*page, error) {
	s.mu.Lock()
	if n := len(s.free); n > 0 {
		p := s.free[n-1]
		s.free = s.free[:n-1]
		p.owners = 1
		s.mu.Unlock()
		return p, nil
	}
	s.mu.Unlock()
	at, err := s.ctx.Alloc(uint64(s.pageBytes))
	if err != nil {
		return nil, err
	}
	if s.wipe {
		if err := s.ctx.Fill(at, 0, uint64(s.pageBytes), s.stream); err != nil {
			_ = s.ctx.Free(at)
			return nil, err
		}
	}
	s.mu.Lock()
	s.held++
	s.mu.Unlock()
	return &page{at: at, owners: 1}, nil
}

// release gives up one ownership of each page.
func (s *store) release(pages []*page) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range pages {
		if p.owners--; p.owners == 0 {
			s.free = append(s.free, p)
		}
	}
}

// share takes one ownership more of each page.
func (s *store) share(pages []*page) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range pages {
		p.owners++
	}
}

// trim frees what is kept beyond so many bytes.
func (s *store) trim(keep int) error {
	s.mu.Lock()
	n := min(len(s.free), keep/s.pageBytes)
	surplus := s.free[n:]
	s.free = s.free[:n:n]
	s.held -= len(surplus)
	s.mu.Unlock()
	var first error
	for _, p := range surplus {
		if err := s.ctx.Free(p.at); err != nil && first == nil {
			first = err
		}
	}
	return first
}

// cache implements backend.Cache.
type cache struct {
	store *store
	pages []*page
	n     int // positions held
}

// pagesFor is the number of pages that n positions take.
func pagesFor(n int) int { return (n + kernels.PageSize - 1) / kernels.PageSize }

// Len implements backend.Cache.
func (c *cache) Len() int { return c.n }

// Truncate implements backend.Cache.
func (c *cache) Truncate(n int) {
	keep := pagesFor(n)
	c.store.release(c.pages[keep:])
	clear(c.pages[keep:])
	c.pages, c.n = c.pages[:keep], n
}

// Fork implements backend.Cache. The last page, if it is not full, is copied
// by whichever cache writes to it first.
func (c *cache) Fork(n int) backend.Cache {
	f := &cache{store: c.store, n: n}
	f.pages = append(f.pages, c.pages[:pagesFor(n)]...)
	c.store.share(f.pages)
	return f
}

// reserve makes room for n more positions, in pages that are this cache's
// alone. After an error Truncate(Len()) undoes it.
func (c *cache) reserve(n int) error {
	if at := c.n / kernels.PageSize; n > 0 && at < len(c.pages) {
		if err := c.own(at); err != nil {
			return err
		}
	}
	for len(c.pages) < pagesFor(c.n+n) {
		p, err := c.store.take()
		if err != nil {
			return err
		}
		c.pages = append(c.pages, p)
	}
	return nil
}

// own replaces a shared page by a copy.
func (c *cache) own(at int) error {
	old := c.pages[at]
	c.store.mu.Lock()
	shared := old.owners > 1
	c.store.mu.Unlock()
	if !shared {
		return nil
	}
	p, err := c.store.take()
	if err != nil {
		return err
	}
	if err := c.store.ctx.CopyOnDevice(p.at, old.at, uint64(c.store.pageBytes), c.store.stream); err != nil {
		c.store.release([]*page{p})
		return err
	}
	c.pages[at] = p
	c.store.release([]*page{old})
	return nil
}

// Bytes implements backend.Cache.
func (c *cache) Bytes() int64 {
	c.store.mu.Lock()
	defer c.store.mu.Unlock()
	var n int64
	for _, p := range c.pages {
		n += int64(c.store.pageBytes / p.owners)
	}
	return n
}

// Close implements backend.Cache.
func (c *cache) Close() { c.Truncate(0) }
