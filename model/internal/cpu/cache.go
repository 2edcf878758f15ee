package cpu

import (
	"github.com/medner/medner/kernels"
	"github.com/medner/medner/model/internal/backend"
	"github.com/medner/medner/model/internal/paged"
)

// maxFree is the most bytes of free pages that are kept for later caches.
const maxFree = 256 << 20

// memory allocates pages. A page holds the keys and values of some positions in all
// layers, layer by layer.
type memory struct {
	shape  kernels.CacheShape
	layers int
}

func (m *memory) pageBytes() int64 { return int64(m.layers) * int64(m.shape.PageBytes()) }

// Allocate implements paged.Memory. It never fails.
func (m *memory) Allocate() ([]kernels.Page, error) {
	return m.shape.NewPages(m.layers), nil
}

// Copy implements paged.Memory. It never fails.
func (m *memory) Copy(to, from []kernels.Page) error {
	for l := range to {
		m.shape.Copy(to[l], from[l])
	}
	return nil
}

// cache implements backend.Cache.
type cache struct {
	paged.Cache[[]kernels.Page]
	views [][]kernels.Page // by layer: the pages of the sequence, as attention reads them
}

// newCache wraps pages.
func newCache(pages paged.Cache[[]kernels.Page], layers int) *cache {
	c := &cache{Cache: pages, views: make([][]kernels.Page, layers)}
	c.view(0)
	return c
}

// view updates the views from page number from on.
func (c *cache) view(from int) {
	for l := range c.views {
		c.views[l] = c.views[l][:from]
		for i := from; i < c.Pages(); i++ {
			c.views[l] = append(c.views[l], c.At(i)[l])
		}
	}
}

// Truncate implements backend.Cache.
func (c *cache) Truncate(n int) {
	c.Cache.Truncate(n)
	c.view(c.Pages())
}

// Close implements backend.Cache.
func (c *cache) Close() { c.Truncate(0) }

// Fork implements backend.Cache.
func (c *cache) Fork(n int) backend.Cache { return newCache(c.Cache.Fork(n), len(c.views)) }

// reserve makes room for n more positions, and copies a shared page that they would
// be written to.
func (c *cache) reserve(n int) {
	_ = c.Reserve(n) // never fails: memory doesn't
	c.view(c.Len() / kernels.PageSize)
}

// finish ends a step that reserved room for n positions. ok tells whether they were
// written; if not, the cache is as long as before.
func (c *cache) finish(n int, ok bool) {
	c.Finish(n, ok)
	c.view(c.Pages())
}
