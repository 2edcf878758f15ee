//go:build unix

package kernels

import (
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

// allocate returns n zeroed words, aligned to 64 bytes, and a function that releases
// them; nil if the collector does. Many words lie outside the Go heap, as the
// collector would otherwise let garbage grow as large as the weights are, and in
// memory that matrices share, see chunk.
func allocate(n int) (words []uint32, release func()) {
	size := roundUp(4*n, 64)
	if size < fewBytes {
		return allocateHeap(n), nil
	}
	chunks.Lock()
	defer chunks.Unlock()
	c := chunks.last
	if c == nil || len(c.rest) < size {
		if c = newChunk(max(size, chunkBytes)); c == nil {
			return allocateHeap(n), nil
		}
		if size < chunkBytes {
			chunks.last = c
		}
	}
	mem := c.rest[:size:size]
	c.rest = c.rest[size:]
	c.users++
	return unsafe.Slice((*uint32)(unsafe.Pointer(&mem[0])), n), func() { c.release(mem) }
}

// A chunk is memory for some matrices, one after the other. Large pages, without which
// a processor waits for its page tables, are larger than most matrices of a small model
// are: a matrix with memory of its own would lie in small pages.
type chunk struct {
	mem   []byte // as the system gave it
	rest  []byte // what no matrix has had yet
	users int    // matrices that are not released
}

const (
	chunkBytes = 64 << 20 // the system gives memory when it is first written
	fewBytes   = 4 << 10
)

// chunks holds the chunk that the next small matrices go to.
var chunks struct {
	sync.Mutex
	last *chunk
}

// newChunk returns a chunk that has room for size bytes, nil if the system has none.
func newChunk(size int) *chunk {
	mem, err := unix.Mmap(-1, 0, size+hugePage, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return nil
	}
	adviseHuge(mem)
	at := -int(uintptr(unsafe.Pointer(&mem[0]))) & (hugePage - 1)
	return &chunk{mem: mem, rest: mem[at:]}
}

// release gives back the pages that are mem's alone, and with its last matrix the chunk.
func (c *chunk) release(mem []byte) {
	chunks.Lock()
	defer chunks.Unlock()
	c.users--
	if c.users == 0 {
		if chunks.last == c {
			chunks.last = nil
		}
		_ = unix.Munmap(c.mem)
		return
	}
	page := unix.Getpagesize()
	from := -int(uintptr(unsafe.Pointer(&mem[0]))) & (page - 1)
	if whole := (len(mem) - from) / page * page; whole > 0 {
		adviseUnused(mem[from:][:whole])
	}
}
