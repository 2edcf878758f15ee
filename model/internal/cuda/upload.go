package cuda

import (
	"context"
	"fmt"

	driver "github.com/medner/medner/internal/cuda"
	"github.com/medner/medner/internal/cuda/gpukernels"
	"github.com/medner/medner/internal/parallel"
	"github.com/medner/medner/model/internal/hold"
	"github.com/medner/medner/quant"
)

// uploader is the sink that streams weights into device memory through two pinned
// buffers: goroutines pack tiles from the mapped file into one while the device
// copies the other.
type uploader struct {
	ctx     context.Context
	arena   *arena // has the weights
	staging arena  // has the two buffers
	buffers [2]staged
	next    int    // the buffer to fill next
	release func() // gives back memory in which files were read, as in backend.Weights; may be nil
	sent    map[source]*gpukernels.Weights
}

// source is a matrix in one form. A source that comes a second time, as in models
// of random weights, is copied within the device.
type source struct {
	matrix quant.Matrix
	form   hold.Form
}

// staged is a pinned buffer and the stream that copies it.
type staged struct {
	data   []byte
	stream driver.Stream
}

// stagedBytes is the size of a pinned buffer, unless a tile is larger or all
// matrices are smaller.
const stagedBytes = 16 << 20

// newUploader allocates the buffers. count has seen all matrices that will come.
func newUploader(ctx context.Context, weights *arena, count *counter, release func()) (*uploader, error) {
	size := max(count.tile, min(stagedBytes, int(count.largest)))
	u := &uploader{ctx: ctx, arena: weights, staging: arena{ctx: weights.ctx}, release: release, sent: map[source]*gpukernels.Weights{}}
	for i := range u.buffers {
		var err error
		if u.buffers[i].data, err = u.staging.pin(size); err == nil {
			u.buffers[i].stream, err = weights.ctx.NewStream()
		}
		if err != nil {
			_ = u.close() // the first error counts
			return nil, err
		}
	}
	return u, nil
}

// close waits for the copies and frees the buffers.
func (u *uploader) close() error {
	var first error
	keep := func(err error) {
		if first == nil {
			first = err
		}
	}
	for _, b := range u.buffers {
		if b.stream != 0 {
			keep(u.arena.ctx.Synchronize(b.stream))
			keep(u.arena.ctx.DestroyStream(b.stream))
		}
	}
	keep(u.staging.free())
	return first
}

// buffer returns the next buffer, once its last copy is done.
func (u *uploader) buffer() (*staged, error) {
	b := &u.buffers[u.next]
	u.next = 1 - u.next
	return b, u.arena.ctx.Synchronize(b.stream)
}

// matrix implements sink.
func (u *uploader) matrix(m quant.Matrix, form hold.Form) (*gpukernels.Weights, error) {
	if !distinct(m) {
		return u.pack(m, form)
	}
	key := source{m, form}
	first, ok := u.sent[key]
	if !ok {
		w, err := u.pack(m, form)
		if err == nil {
			u.sent[key] = w
		}
		return w, err
	}
	for range u.buffers { // the first copy of the matrix may still be on its way
		if _, err := u.buffer(); err != nil {
			return nil, err
		}
	}
	at, err := u.arena.alloc(int(form.Bytes))
	if err != nil {
		return nil, err
	}
	return &gpukernels.Weights{Layout: first.Layout, Data: at}, u.arena.ctx.CopyOnDevice(at, first.Data, uint64(form.Bytes), u.buffers[u.next].stream)
}

// pack packs a matrix on the host and sends it to the device.
func (u *uploader) pack(m quant.Matrix, form hold.Form) (*gpukernels.Weights, error) {
	p, err := hold.Pack(form, m, packers{})
	if err != nil {
		return nil, err
	}
	if p.Bytes() != form.Bytes {
		return nil, fmt.Errorf("packed in %d bytes, planned %d", p.Bytes(), form.Bytes)
	}
	at, err := u.arena.alloc(int(p.Bytes()))
	if err != nil {
		return nil, err
	}
	tile := p.TileBytes()
	for first := 0; first < p.Tiles(); {
		if err := u.ctx.Err(); err != nil {
			return nil, err
		}
		b, err := u.buffer()
		if err != nil {
			return nil, err
		}
		n := min(len(b.data)/tile, p.Tiles()-first)
		err = parallel.For(n, max(1, packGrain/tile), func(lo, hi int) error { return p.Pack(b.data[lo*tile:hi*tile], first+lo) })
		if err != nil {
			return nil, err
		}
		if err := u.arena.ctx.CopyToDevice(at+driver.Ptr(first*tile), b.data[:n*tile], b.stream); err != nil {
			return nil, err
		}
		first += n
	}
	return &gpukernels.Weights{Layout: p.Layout, Data: at}, nil
}

// packGrain is about how many bytes a goroutine packs before it takes more.
const packGrain = 256 << 10

// bytes implements sink.
func (u *uploader) bytes(data []byte) (driver.Ptr, error) {
	at, err := u.arena.alloc(len(data))
	if err != nil {
		return 0, err
	}
	for from := 0; from < len(data); {
		b, err := u.buffer()
		if err != nil {
			return 0, err
		}
		n := copy(b.data, data[from:])
		if err := u.arena.ctx.CopyToDevice(at+driver.Ptr(from), b.data[:n], b.stream); err != nil {
			return 0, err
		}
		from += n
	}
	return at, nil
}

// layerDone implements sink.
func (u *uploader) layerDone() {
	if u.release != nil {
		u.release()
	}
}

// counter is the sink that adds up the device memory that an uploader would take.
type counter struct {
	total   int64 // bytes of all
	largest int64 // bytes of the largest matrix
	tile    int   // bytes of the largest tile
}

func (c *counter) matrix(_ quant.Matrix, form hold.Form) (*gpukernels.Weights, error) {
	layout := layoutOf(form)
	c.total += form.Bytes
	c.largest = max(c.largest, form.Bytes)
	c.tile = max(c.tile, layout.TileBytes())
	return &gpukernels.Weights{Layout: layout}, nil
}

func (c *counter) bytes(data []byte) (driver.Ptr, error) {
	c.total += int64(len(data))
	return 0, nil
}

func (c *counter) layerDone() {}
