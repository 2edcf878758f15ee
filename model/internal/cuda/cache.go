package cuda

import (
	driver "github.com/medner/medner/internal/cuda"
	"github.com/medner/medner/model/internal/backend"
	"github.com/medner/medner/model/internal/paged"
)

// memory makes pages in device memory. A page has the keys and values of
// kernels.PageSize positions, layer after layer. Pages are made in steps, and at no
// other time.
type memory struct {
	ctx       driver.Context
	stream    driver.Stream
	pageBytes int
	wipe      bool // whether heads are padded: the padding of values must be zeros
}

// maxFree bounds the bytes of free pages that are kept for later steps, as allocating
// costs time. Should a workspace need their memory, Backend.room frees them.
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

// trim frees free pages until keep bytes of them are left.
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
