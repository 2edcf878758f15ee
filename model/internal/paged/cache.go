package paged

import "github.com/medner/medner/kernels"

// Cache holds the pages of one sequence.
type Cache[P any] struct {
	store *Store[P]
	pages []*page[P]
	n     int // positions held
}

// NewCache returns an empty cache.
func (s *Store[P]) NewCache() Cache[P] { return Cache[P]{store: s} }

// Len is the number of positions held.
func (c *Cache[P]) Len() int { return c.n }

// Pages is the number of pages held: those of the positions, and reserved ones.
func (c *Cache[P]) Pages() int { return len(c.pages) }

// At is page i.
func (c *Cache[P]) At(i int) P { return c.pages[i].at }

// Truncate forgets all but the first n positions, and what is reserved.
func (c *Cache[P]) Truncate(n int) {
	keep := Pages(n)
	c.store.release(c.pages[keep:])
	clear(c.pages[keep:])
	c.pages, c.n = c.pages[:keep], n
}

// Fork returns a cache with the first n positions, sharing pages. The last
// page, if it is not full, is copied by whichever cache writes to it first.
func (c *Cache[P]) Fork(n int) Cache[P] {
	f := Cache[P]{store: c.store, n: n}
	f.pages = append(f.pages, c.pages[:Pages(n)]...)
	c.store.share(f.pages)
	return f
}

// Reserve makes room for n more positions, in pages that are this cache's
// alone: those from [Cache.Len] on may change. After an error Truncate(Len())
// undoes it.
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

// own replaces a shared page by a copy.
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

// Finish ends a step that reserved room for n positions and, if ok, wrote
// them.
func (c *Cache[P]) Finish(n int, ok bool) {
	if ok {
		c.n += n
	} else {
		c.Truncate(c.n)
	}
}

// Bytes is this cache's share of memory: what it shares with other caches is
// divided among them.
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
