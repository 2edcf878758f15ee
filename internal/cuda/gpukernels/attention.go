package gpukernels

import (
	"fmt"
	"math"

	driver "github.com/medner/medner/internal/cuda"
	"github.com/medner/medner/kernels"
)

// maxHeadDim is the most that the kernels' shared memory takes.
const maxHeadDim = 256

// Cache is the keys and values of one layer of many sequences. A page holds
// kernels.PageSize positions in the layout of [kernels.Page], the first layer's
// at its address, this one's Layer bytes on.
type Cache struct {
	Shape  kernels.CacheShape
	Layer  uint64
	Tables driver.Ptr // [slots][Stride] addresses of pages, uint64: a sequence's from position 0 on
	Stride int        // pages that a slot has room for
}

// Places say where the rows of a step stand.
type Places struct {
	Positions driver.Ptr // [rows] int32: absolute positions in the sequence
	Slots     driver.Ptr // [rows] int32: the row of Tables
}

func (k *Kernels) checkCache(c Cache, heads int) error {
	if c.Shape.Heads <= 0 || heads <= 0 || heads%c.Shape.Heads != 0 || c.Shape.HeadDim <= 0 || c.Shape.HeadDim > maxHeadDim {
		return fmt.Errorf("gpukernels: attention of %d heads over %d KV heads of %d (at most %d)",
			heads, c.Shape.Heads, c.Shape.HeadDim, maxHeadDim)
	}
	return nil
}

func (c *Cache) kv() string {
	if c.Shape.Half {
		return "_kv16"
	}
	return "_kv32"
}

// Angles sets angles, [rows][2][h] float32, to cos and sin of
// position·invFreq, [h] float32, as [kernels.Rope.Angles]; they serve all
// layers of a step.
func (k *Kernels) Angles(s driver.Stream, angles, invFreq driver.Ptr, rows Rows, h int, at Places) error {
	if err := rows.check(); err != nil {
		return err
	}
	return k.launch(s, "angles", dim(rows.Most, 1), dim(64, 1), 0, angles, at.Positions, invFreq, rows.Count, rows.Most, h)
}

// Rope turns the queries q, [rows][heads·HeadDim] float32, in place, and stores
// keys (turned) and values, [rows][Shape.Heads·HeadDim] float32, in the pages of
// their rows. angles are of Angles for h ≤ HeadDim/2. The rounding-up of
// HeadDim to 16 in a page's values is left as it is, and must hold zeros. q may
// be 0, with 0 heads: keys and values alone; and so may keys and values, with
// c.Shape.Heads 0.
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

// The keys of a run, the heads of a block, and the numbers of a head that it
// takes.
const (
	attentionKeys  = 256
	attentionHeads = 4
	attentionSlice = 32
)

// attentionScratch is how Attention divides its scratch memory: scores, the
// greatest of each run of keys, and of Fast each run's sums of values and of
// exponentials.
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

// AttentionBytes is the scratch memory that Attention needs for heads of width
// numbers, over sequences of at most keys positions.
func (k *Kernels) AttentionBytes(rows Rows, heads, width, keys int) uint64 {
	_, _, _, end := k.attentionScratch(0, rows.Most, heads, ceilDiv(keys, 4)*4, width)
	return uint64(end)
}

// Attention sets out, [rows][heads·HeadDim] in the input type, to the softmax
// attention of q, as out but float32, over the positions 0 … position of each
// row, whose keys and values are in their pages. keys bounds position + 1. Sums run as in [kernels.Attention]; of Fast, those over
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
	cache := []any{at.Positions, at.Slots, c.Tables, c.Stride, c.Layer, keys, rows.Count, rows.Most, heads, kvHeads, width}
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
		out, sums, totals, at.Positions, runs, rows.Count, rows.Most, heads, width)
}
