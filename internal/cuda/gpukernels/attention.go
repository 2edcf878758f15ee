package gpukernels

import (
	"fmt"
	"math"

	driver "github.com/medner/medner/internal/cuda"
	"github.com/medner/medner/kernels"
)

// maxHeadDim is the widest head for which the kernels have shared memory.
const maxHeadDim = 256

// Cache describes the keys and values of one layer, of many sequences. A page
// holds kernels.PageSize positions of all layers, each in the layout of
// [kernels.Page].
type Cache struct {
	Shape  kernels.CacheShape
	Layer  uint64     // bytes from the address of a page to the layer's part of it
	Tables driver.Ptr // [slots][Stride] uint64: the addresses of a sequence's pages, from position 0 on
	Stride int        // pages that a slot has room for
	Window int        // positions that a query sees, its own included; 0: all
}

// Places says where the rows of a step stand.
type Places struct {
	Positions driver.Ptr // [rows] int32: positions in the sequence, from 0
	Slots     driver.Ptr // [rows] int32: the sequence's slot in Cache.Tables
}

// checkCache refuses shapes that the kernels of attention can't do.
func (k *Kernels) checkCache(c Cache, heads int) error {
	if c.Shape.Heads <= 0 || heads <= 0 || heads%c.Shape.Heads != 0 || c.Shape.HeadDim <= 0 || c.Shape.HeadDim > maxHeadDim {
		return fmt.Errorf("gpukernels: attention of %d heads over %d KV heads of %d (at most %d)",
			heads, c.Shape.Heads, c.Shape.HeadDim, maxHeadDim)
	}
	return nil
}

// kv returns the end of names of kernels that read or write the cache.
func (c *Cache) kv() string {
	if c.Shape.Half {
		return "_kv16"
	}
	return "_kv32"
}

// Angles sets angles, [rows][2][h] float32, to the cosines and sines of
// position·invFreq, as [kernels.Rope.Angles] does; invFreq is [h] float32. The
// angles serve all layers of a step.
func (k *Kernels) Angles(s driver.Stream, angles, invFreq driver.Ptr, rows Rows, h int, at Places) error {
	if err := rows.check(); err != nil {
		return err
	}
	return k.launch(s, "angles", dim(rows.Most, 1), dim(64, 1), 0, angles, at.Positions, invFreq, rows.Count, rows.Most, h)
}

// Rope turns the queries q, [rows][heads·HeadDim] float32, in place by the angles,
// and stores the turned keys and the values, both [rows][Shape.Heads·HeadDim]
// float32, in the pages of their rows. angles are those of [Kernels.Angles] for
// h ≤ HeadDim/2. In a page the values of a position are padded to a multiple of 16
// numbers; the padding is not written, and must be zeros. There may be no queries
// (q and heads 0), or no keys and values (both 0, and c.Shape.Heads too).
func (k *Kernels) Rope(s driver.Stream, q, keys, values, angles driver.Ptr, rows Rows, heads, h int, at Places, c Cache) error {
	if err := rows.check(); err != nil {
		return err
	}
	if d := c.Shape.HeadDim; d <= 0 || d > maxHeadDim || 2*h > d || heads+c.Shape.Heads == 0 {
		return fmt.Errorf("gpukernels: rope of %d on %d + %d heads of %d", 2*h, heads, c.Shape.Heads, d)
	}
	threads := ceilDiv(c.Shape.HeadDim, 32) * 32
	return k.launch(s, "rope"+c.kv(), dim(rows.Most, heads+c.Shape.Heads), dim(threads, 1), 0,
		q, keys, values, angles, at.Positions, at.Slots, c.Tables, c.Stride, c.Layer, rows.Count, rows.Most,
		heads, c.Shape.Heads, c.Shape.HeadDim, h)
}

// How attention is divided, as in src/attention.cu.
const (
	attentionKeys  = 256 // keys of a run, which a block of the kernel for scores does
	attentionHeads = 4   // query heads that a block of the kernel for values does
	attentionSlice = 32  // numbers of each head that a block of the kernel for values does
)

// attentionScratch returns how Attention divides its scratch memory: scores, the
// greatest score of each run of keys (maxima), and in Fast for each run the sum of
// its values (sums) and of its exponentials (totals).
func (k *Kernels) attentionScratch(scratch driver.Ptr, rows, heads, keys, width int) (maxima, sums, totals, end driver.Ptr) {
	runs := ceilDiv(keys, attentionKeys)
	maxima = scratch + driver.Ptr(4*rows*heads*keys)
	sums = maxima + driver.Ptr(4*rows*heads*runs)
	if totals = sums; k.precision == F32 {
		return maxima, sums, totals, sums
	}
	totals += driver.Ptr(4 * rows * heads * runs * width)
	return maxima, sums, totals, totals + driver.Ptr(4*rows*heads*runs)
}

// AttentionBytes returns the bytes of scratch memory that Attention needs for heads
// of width numbers, over sequences of at most keys positions.
func (k *Kernels) AttentionBytes(rows Rows, heads, width, keys int) uint64 {
	_, _, _, end := k.attentionScratch(0, rows.Most, heads, ceilDiv(keys, 4)*4, width)
	return uint64(end)
}

// Attention sets out, [rows][heads·HeadDim] in the input type, to the softmax
// attention of the queries q, [rows][heads·HeadDim] float32, over the positions
// from 0 to the row's own, or the last c.Window of them, whose keys and values are in
// their pages. Every position is below keys. Sums run as in [kernels.Attention], except that Fast sums over
// positions in runs of 256.
func (k *Kernels) Attention(s driver.Stream, out, q, scratch driver.Ptr, rows Rows, heads, keys int, at Places, c Cache) error {
	if err := rows.check(); err != nil {
		return err
	}
	if err := k.checkCache(c, heads); err != nil {
		return err
	}
	keys = ceilDiv(keys, 4) * 4
	kvHeads, width, runs := c.Shape.Heads, c.Shape.HeadDim, ceilDiv(keys, attentionKeys)
	maxima, sums, totals, _ := k.attentionScratch(scratch, rows.Most, heads, keys, width)
	cache := []any{at.Positions, at.Slots, c.Tables, c.Stride, c.Layer, keys, rows.Count, rows.Most, heads, kvHeads, width, c.Window}
	grid := driver.Dim{X: uint32(runs), Y: uint32(kvHeads), Z: uint32(rows.Most)}
	scale := 1 / float32(math.Sqrt(float64(width)))
	args := append(append([]any{scratch, maxima, q}, cache...), scale)
	if err := k.launch(s, "scores"+c.kv(), grid, dim(attentionKeys, 1), 0, args...); err != nil {
		return err
	}
	grid.X, grid.Y = uint32(ceilDiv(width, attentionSlice)), uint32(kvHeads*ceilDiv(heads/kvHeads, attentionHeads))
	name, block := "values"+c.kv()+k.input(), dim(32*attentionHeads, 1)
	if k.precision == F32 {
		return k.launch(s, name, grid, block, 0, append([]any{out, scratch, maxima}, cache...)...)
	}
	grid.X *= uint32(runs)
	if err := k.launch(s, name, grid, block, 0, append([]any{sums, totals, scratch, maxima}, cache...)...); err != nil {
		return err
	}
	return k.launch(s, "combine"+k.input(), dim(ceilDiv(heads*width, elementThreads), rows.Most), dim(elementThreads, 1), 0,
		out, sums, totals, at.Positions, runs, rows.Count, rows.Most, heads, width, c.Window)
}
