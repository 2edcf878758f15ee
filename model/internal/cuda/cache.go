package cuda

import (
	driver "github.com/medner/medner/internal/cuda"
	"github.com/medner/medner/model/internal/backend"
	"github.com/medner/medner/model/internal/paged"
)

// memory makes pages of keys and values in device memory: those of
// kernels.PageSize positions in every layer, one after the other. It is used
// in a step only.
type memory struct {
	ctx       driver.Context
	stream    driver.Stream
	pageBytes int
	wipe      bool // what rounds heads up must be zero, the rest may be anything
}

// maxFree bounds the bytes of pages kept for later: to allocate one in a step
// costs time, and what else needs the memory gets it, see Backend.room.
const maxFree = 2 << 30

// Allocate implements paged.Memory.
func (m *memory) Allocate() (driver.Ptr, error) {
	at, err := m.ctx.Alloc(uint64(m.pageBytes))
	if err != nil {
		return 0, err
	}
	if m.wipe {
		if err := m.ctx.Fill(at, 0, uint64(m.pageBytes), m.stream); err != nil {
			_ = m.ctx.Free(at)
			return 0, err
		}
	}
	return at, nil
}

// Copy implements paged.Memory.
func (m *memory) Copy(to, from driver.Ptr) error {
	return m.ctx.CopyOnDevice(to, from, uint64(m.pageBytes), m.stream)
}

// trim frees the pages that are kept beyond so many bytes.
func (b *Backend) trim(keep int64) error {
	var first error
	for _, at := range b.store.Trim(keep) {
		if err := b.ctx.Free(at); err != nil && first == nil {
			first = err
		}
	}
	return first
}

// cache implements backend.Cache.
type cache struct{ paged.Cache[driver.Ptr] }

// Fork implements backend.Cache.
func (c *cache) Fork(n int) backend.Cache { return &cache{c.Cache.Fork(n)} }
