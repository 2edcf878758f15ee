package kernels

import (
	"fmt"
	"math"
	"sync/atomic"
	"time"
)

// LowRank is what an adapter adds to a linear map y = W x (Hu et al., "LoRA",
// 2021; with RowScale Liu et al., "DoRA", 2024):
//
//	y ← RowScale ∘ (y + Scale · B (A x))
//
// A is [r][inputs], B [outputs][r]. Both products sum as MatMul does; Scale
// multiplies the second and is rounded before the sum, as in peft. A LowRank
// may be used by any number of goroutines.
type LowRank struct {
	A, B     *Weights
	Scale    float32
	RowScale []float32 // one for each output; nil: ones
}

// fuses says that a fused y + Scale·s is the sum of the rounded product: Scale is
// a power of two, and B x of a single block of K.
func (l *LowRank) fuses() bool {
	fraction, _ := math.Frexp(float64(l.Scale))
	return fraction == 0.5 && l.Scale >= 1 && l.B.cols <= blockK && !l.B.kind.Form().Scaled() && l.RowScale == nil
}

// check refuses what is no part of a map of k inputs.
func (l *LowRank) check(k, outputs int) {
	if l.A.cols != k || l.A.rows != l.B.cols || l.B.rows != outputs || l.RowScale != nil && len(l.RowScale) != outputs {
		panic(fmt.Sprintf("kernels: low-rank factors of %d × %d and %d × %d, %d row scales, onto %d × %d weights",
			l.B.rows, l.B.cols, l.A.rows, l.A.cols, len(l.RowScale), outputs, k))
	}
}

// lowering is the first half of the low-rank paths of a run, A x. Its work
// comes first in the run, in units; the second half, B (A x), is added to each
// tile of the product while that is in cache.
type lowering struct {
	few    bool         // as few columns as the products of vectors take
	units  int          // tiles of all A if few, else groups of columns
	left   atomic.Int64 // units not done
	hidden []float32    // A x of all jobs, one after the other
}

// layHidden gives each job room for its A x: if few, rows whose length is a multiple
// of 32, the rest zeros; else packed as x is.
func (in *Input) layHidden() {
	h := &in.low
	h.few, h.units = in.n <= in.ops.vectorColumns, 0
	size := 0
	for i := range in.jobs {
		j := &in.jobs[i]
		if j.Low == nil {
			continue
		}
		j.depth = j.Low.B.depth()
		if h.few {
			j.depth = roundUp(j.Low.A.rows, int8Block)
			h.units += j.Low.A.tiles()
		} else {
			h.units = cutInto(in.n, in.ops.columns).count
		}
		size += in.n * j.depth
	}
	h.hidden = resize(h.hidden, size)
	if h.few {
		clear(h.hidden)
	}
	rest := h.hidden
	for i := range in.jobs {
		if j := &in.jobs[i]; j.Low != nil {
			j.hidden, rest = rest[:in.n*j.depth], rest[in.n*j.depth:]
		}
	}
	h.left.Store(int64(h.units))
}

// lower does the units [lo, hi).
func (in *Input) lower(s *scratch, lo, hi int) {
	defer in.low.left.Add(int64(lo - hi)) // also in a panic: others wait for it
	if in.low.few {
		in.lowerTiles(lo, hi)
	} else {
		in.lowerGroups(s, lo, hi)
	}
}

// lowerTiles computes the tiles [lo, hi) of A x, counted over all jobs.
func (in *Input) lowerTiles(lo, hi int) {
	x, reach := in.rows()
	for i := range in.jobs {
		j := &in.jobs[i]
		if j.Low == nil {
			continue
		}
		a := j.Low.A
		if from, to := max(lo, 0), min(hi, a.tiles()); from < to {
			in.ops.vector[a.kind](j.hidden[from*tileRows:], j.depth, a.tileRange(from, to), a.scaleRange(from, to), x, reach, in.n,
				a.depth(), to-from, a.code.look())
		}
		lo, hi = lo-a.tiles(), hi-a.tiles()
	}
}

// lowerGroups computes A x of the groups of columns [lo, hi) for all jobs.
func (in *Input) lowerGroups(s *scratch, lo, hi int) {
	x := in.packed.columns
	x.from, x.to = lo, hi
	if !in.packed.ready { // no other product needs it
		x = columns{cut: cutInto(in.n, in.ops.columns), k: roundUp(in.k, blockK), from: lo, to: hi}
		x.first, x.n = x.at(lo), x.at(hi)-x.at(lo)
		s.x = resize(s.x, x.n*x.k)
		x.x = s.x
		in.packGroups(&x, 0, x.k/blockK)
	}
	first, ops := x.at(lo), vec()
	for i := range in.jobs {
		j := &in.jobs[i]
		if j.Low == nil {
			continue
		}
		a, hidden := j.Low.A, j.lowered(in.n, x.cut)
		// The rows of a panel are a block of the columns of B.
		for t := 0; t < a.tiles(); t += panelTiles {
			end := min(t+panelTiles, a.tiles())
			stride := (end - t) * tileRows
			s.acc = resize(s.acc, (x.at(hi)-first)*stride)
			clear(s.acc)
			a.accumulate(s, in.ops, s.acc, stride, t, end, &x, ones[:])
			ranks := min(stride, a.rows-t*tileRows)
			for g := lo; g < hi; g++ {
				dst, n := hidden.group(t*tileRows, g)
				transposeColumns(ops, dst, s.acc[(x.at(g)-first)*stride:], stride, n, ranks)
				clear(dst[ranks*n:])
			}
		}
	}
}

// lowered is where the packed A x of a job lies.
func (j *job) lowered(n int, c cut) columns {
	return columns{cut: c, x: j.hidden, n: n, k: j.depth, to: c.count}
}

// await returns when A x is there, which it is as a rule: whoever has the rest
// of it began before.
func (l *lowering) await() {
	if l.left.Load() == 0 {
		return
	}
	for start := time.Now(); l.left.Load() > 0; {
		for range 16 {
			pause()
		}
		if time.Since(start) > spinTime {
			time.Sleep(spinTime)
		}
	}
}

// chunkGroups is the number of groups of columns whose sums stay in the
// first-level cache.
const chunkGroups = 16

// addLow adds the low-rank path of a job to the tiles [lo, hi) of its y.
func (in *Input) addLow(s *scratch, j *job, lo, hi int) {
	b := j.Low.B
	if in.low.few {
		stride := (hi - lo) * tileRows
		s.acc = resize(s.acc, in.n*stride)
		in.ops.vector[b.kind](s.acc, stride, b.tileRange(lo, hi), b.scaleRange(lo, hi), j.hidden, j.depth, in.n, b.depth(), hi-lo, b.code.look())
		j.join(s.acc, stride, lo, 0, in.n)
		return
	}
	hidden := j.lowered(in.n, cutInto(in.n, in.ops.columns))
	for ; lo < hi; lo += panelTiles {
		end := min(lo+panelTiles, hi)
		stride := (end - lo) * tileRows
		if outputs := j.outputs(); j.Low.fuses() && end*tileRows <= outputs {
			for i := range s.scales {
				s.scales[i] = j.Low.Scale
			}
			b.accumulate(s, in.ops, j.Y[lo*tileRows:], outputs, lo, end, &hidden, s.scales[:])
			continue
		}
		for g := 0; g < hidden.count; g += chunkGroups {
			hidden.from, hidden.to = g, min(g+chunkGroups, hidden.count)
			from, to := hidden.at(hidden.from), hidden.at(hidden.to)
			s.acc = resize(s.acc, (to-from)*stride)
			clear(s.acc)
			b.accumulate(s, in.ops, s.acc, stride, lo, end, &hidden, ones[:])
			j.join(s.acc, stride, lo, from, to)
		}
	}
}

// join adds B (A x) of the columns [from, to), as many rows as a column has from
// the tile lo on, to y.
func (j *job) join(acc []float32, stride, lo, from, to int) {
	ops, outputs := vec(), j.outputs()
	rows := min(stride, outputs-lo*tileRows)
	for c := from; c < to; c++ {
		y := j.Y[c*outputs+lo*tileRows:][:rows]
		ops.addScaled(y, acc[(c-from)*stride:][:rows], j.Low.Scale)
		if j.Low.RowScale != nil {
			ops.mul(y, j.Low.RowScale[lo*tileRows:][:rows])
		}
	}
}
