package paged

import "github.com/medner/medner/kernels"

// Cache holds the pages of one sequence.
type Cache[P any] struct {
	store *Store[P]
	pages []*page[P]
	n     int // positions whose keys and values are held
}

// NewCache returns an empty cache.
func (s *Store[P]) NewCache() Cache[P] { return Cache[P]{store: s} }

// Len returns the number of positions whose keys and values are held.
func (c *Cache[P]) Len() int { return c.n }

// Pages returns the number of pages that the cache has, reserved ones included.
func (c *Cache[P]) Pages() int { return len(c.pages) }

// At returns page i, which holds the positions from i·kernels.PageSize on.
func (c *Cache[P]) At(i int) P { return c.pages[i].at }

// Truncate forgets all but the first n positions, and gives reserved pages back.
func (c *Cache[P]) Truncate(n int) {
	keep := Pages(n)
	c.store.release(c.pages[keep:])
	clear(c.pages[keep:])
	c.pages, c.n = c.pages[:keep], n
}

// Fork returns a cache with the first n positions, which shares the pages. If the
// last page is not full, the cache that writes to it first copies it before.
func (c *Cache[P]) Fork(n int) Cache[P] {
	f := Cache[P]{store: c.store, n: n}
	f.pages = append(f.pages, c.pages[:Pages(n)]...)
	c.store.share(f.pages)
	return f
}

// Reserve makes room for n more positions, in pages that no other cache has: the
// page of position Len() may become a copy. After an error, Truncate(Len()) gives
// back what was reserved.
func (c *Cache[P]) Reserve(n int) error {
	if at := c.n / kernels.PageSize; n > 0 && at < len(c.pages) {
		if err := c.own(at); err != nil {
			return err
		}
	}
	for len(c.pages) < Pages(c.n+n) {
		p, err := c.store.take()
		if err != nil {
			return err
		}
		c.pages = append(c.pages, p)
	}
	return nil
}

// own replaces page at by a copy if other caches have it too.
func (c *Cache[P]) own(at int) error {
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
	if err := c.store.memory.Copy(p.at, old.at); err != nil {
		c.store.release([]*page[P]{p})
		return err
	}
	c.pages[at] = p
	c.store.release([]*page[P]{old})
	return nil
}

// Finish ends a step that reserved room for n positions. ok says that the step wrote
// them; otherwise the cache is as it was before.
func (c *Cache[P]) Finish(n int, ok bool) {
	if ok {
		c.n += n
	} else {
		c.Truncate(c.n)
	}
}

// Bytes returns the cache's share of memory. The bytes of a page are divided among
// the caches that have it.
func (c *Cache[P]) Bytes() int64 {
	c.store.mu.Lock()
	defer c.store.mu.Unlock()
	var n int64
	for _, p := range c.pages {
		n += c.store.bytes / int64(p.owners)
	}
	return n
}

// Close gives all pages back.
func (c *Cache[P]) Close() { c.Truncate(0) }
