package kernels

import (
	"fmt"
	"math"
	"sync/atomic"
	"time"
)

// LowRank holds the factors of what an adapter adds to a linear map y = W x (Hu et al.,
// "LoRA", 2021; with RowScale Liu et al., "DoRA", 2024):
//
//	y ← RowScale ∘ (y + Scale · Up (Down x))
//
// Down is [r][inputs], Up [outputs][r]. Both products sum as MatMul does; Scale
// multiplies the second and is rounded before the sum, as in peft. A LowRank
// may be used by any number of goroutines.
type LowRank struct {
	Down, Up *Weights
	Scale    float32
	RowScale []float32 // one for each output; nil: ones
}

// fuses says that a fused y + Scale·s has the bits of y + round(Scale·s), which
// is so if Scale is a power of two and Up has a single block of K.
func (l *LowRank) fuses() bool {
	fraction, _ := math.Frexp(float64(l.Scale))
	return fraction == 0.5 && l.Scale >= 1 && l.Up.cols <= blockK && !l.Up.form().Scaled() && l.RowScale == nil
}

// check panics if the factors don't fit a map of k inputs.
func (l *LowRank) check(k, outputs int) {
	if l.Down.cols != k || l.Down.rows != l.Up.cols || l.Up.rows != outputs || l.RowScale != nil && len(l.RowScale) != outputs {
		panic(fmt.Sprintf("kernels: low-rank factors of %d × %d and %d × %d, %d row scales, onto %d × %d weights",
			l.Up.rows, l.Up.cols, l.Down.rows, l.Down.cols, len(l.RowScale), outputs, k))
	}
}

// downProjection is the first half of the low-rank paths of a run: the hidden
// values Down x of all jobs. Its work comes first in the run, in units; the
// second half, Up hidden, is added to each tile of the product while that is in
// cache.
type downProjection struct {
	few    bool         // there are as few tokens as matrixOps.vector takes
	units  int          // pieces of work: tiles of all Down if few, otherwise groups of tokens
	left   atomic.Int64 // units not done
	hidden []float32    // of all jobs, one after the other
}

// layHidden gives each job room for its hidden values: if few, rows whose length
// is a multiple of 64, the rest zeros; otherwise packed as x is.
func (in *Input) layHidden() {
	d := &in.down
	d.few, d.units = in.n <= in.ops.vectorTokens, 0
	size := 0
	for i := range in.jobs {
		j := &in.jobs[i]
		if j.LowRank == nil {
			continue
		}
		j.hiddenDepth = j.LowRank.Up.depth()
		if d.few {
			j.hiddenDepth = roundUp(j.LowRank.Down.rows, blockK)
			d.units += j.LowRank.Down.tiles()
		} else {
			d.units = cutInto(in.n, in.ops.blockTokens).count
		}
		size += in.n * j.hiddenDepth
	}
	d.hidden = resize(d.hidden, size)
	if d.few {
		clear(d.hidden)
	}
	rest := d.hidden
	for i := range in.jobs {
		if j := &in.jobs[i]; j.LowRank != nil {
			j.hidden, rest = rest[:in.n*j.hiddenDepth], rest[in.n*j.hiddenDepth:]
		}
	}
	d.left.Store(int64(d.units))
}

// runDown does the units [lo, hi) of the down projections.
func (in *Input) runDown(s *scratch, lo, hi int) {
	defer in.down.left.Add(int64(lo - hi)) // also in a panic: others wait for it
	if in.down.few {
		in.downTiles(s, lo, hi)
	} else {
		in.downGroups(s, lo, hi)
	}
}

// downTiles computes the tiles [lo, hi) of the hidden values, counted over all
// jobs.
func (in *Input) downTiles(s *scratch, lo, hi int) {
	x, xStride := in.rows()
	for i := range in.jobs {
		j := &in.jobs[i]
		if j.LowRank == nil {
			continue
		}
		down := j.LowRank.Down
		if from, to := max(lo, 0), min(hi, down.tiles()); from < to {
			s.args.vector = vectorArgs{y: j.hidden[from*tileRows:], yStride: j.hiddenDepth, x: x, xStride: xStride, n: in.n}
			down.vector(in.ops, &s.args.vector, from, to)
		}
		lo, hi = lo-down.tiles(), hi-down.tiles()
	}
}

// downGroups computes the hidden values of the groups of tokens [lo, hi) for
// all jobs.
func (in *Input) downGroups(s *scratch, lo, hi int) {
	x := in.packed.groups
	x.from, x.to = lo, hi
	if !in.packed.ready { // no other product needs it
		x = groups{cut: cutInto(in.n, in.ops.blockTokens), k: roundUp(in.k, blockK), from: lo, to: hi}
		x.first, x.n = x.at(lo), x.at(hi)-x.at(lo)
		s.x = resize(s.x, x.n*x.k)
		x.x = s.x
		in.packGroups(&x, 0, x.k/blockK)
	}
	first, ops := x.at(lo), vec()
	for i := range in.jobs {
		j := &in.jobs[i]
		if j.LowRank == nil {
			continue
		}
		down, hidden := j.LowRank.Down, j.hiddenGroups(in.n, x.cut)
		// The rows of a panel of Down are a block along K of the hidden values.
		for t := 0; t < down.tiles(); t += panelTiles {
			end := min(t+panelTiles, down.tiles())
			stride := (end - t) * tileRows
			s.acc = resize(s.acc, (x.at(hi)-first)*stride)
			clear(s.acc)
			down.accumulate(s, in.ops, s.acc, stride, t, end, &x, ones[:])
			ranks := min(stride, down.rows-t*tileRows)
			for g := lo; g < hi; g++ {
				dst, n := hidden.group(t*tileRows, g)
				interleave(ops, dst, s.acc[(x.at(g)-first)*stride:], stride, n, ranks)
				clear(dst[ranks*n:])
			}
		}
	}
}

// hiddenGroups returns the packed hidden values of a job.
func (j *job) hiddenGroups(n int, c cut) groups {
	return groups{cut: c, x: j.hidden, n: n, k: j.hiddenDepth, to: c.count}
}

// await returns when all hidden values are there. They are as a rule: whoever
// still computes some began before the caller.
func (d *downProjection) await() {
	if d.left.Load() == 0 {
		return
	}
	for start := time.Now(); d.left.Load() > 0; {
		for range 16 {
			pause()
		}
		if time.Since(start) > spinTime {
			time.Sleep(spinTime)
		}
	}
}

// chunkGroups is the number of groups of tokens whose sums stay in the
// first-level cache.
const chunkGroups = 16

// addUp adds the low-rank path of a job to the tiles [lo, hi) of its Y.
func (in *Input) addUp(s *scratch, j *job, lo, hi int) {
	up := j.LowRank.Up
	if in.down.few {
		stride := (hi - lo) * tileRows
		s.acc = resize(s.acc, in.n*stride)
		s.args.vector = vectorArgs{y: s.acc, yStride: stride, x: j.hidden, xStride: j.hiddenDepth, n: in.n}
		up.vector(in.ops, &s.args.vector, lo, hi)
		j.join(s.acc, stride, lo, 0, in.n)
		return
	}
	hidden := j.hiddenGroups(in.n, cutInto(in.n, in.ops.blockTokens))
	for ; lo < hi; lo += panelTiles {
		end := min(lo+panelTiles, hi)
		stride := (end - lo) * tileRows
		if outputs := j.outputs(); j.LowRank.fuses() && end*tileRows <= outputs {
			for i := range s.scales {
				s.scales[i] = j.LowRank.Scale
			}
			up.accumulate(s, in.ops, j.Y[lo*tileRows:], outputs, lo, end, &hidden, s.scales[:])
			continue
		}
		for g := 0; g < hidden.count; g += chunkGroups {
			hidden.from, hidden.to = g, min(g+chunkGroups, hidden.count)
			from, to := hidden.at(hidden.from), hidden.at(hidden.to)
			s.acc = resize(s.acc, (to-from)*stride)
			clear(s.acc)
			up.accumulate(s, in.ops, s.acc, stride, lo, end, &hidden, ones[:])
			j.join(s.acc, stride, lo, from, to)
		}
	}
}

// join adds acc, Up hidden of the tokens [from, to) with a row of stride each, to
// the outputs of Y from the tile lo on.
func (j *job) join(acc []float32, stride, lo, from, to int) {
	ops, outputs := vec(), j.outputs()
	rows := min(stride, outputs-lo*tileRows)
	for c := from; c < to; c++ {
		y := j.Y[c*outputs+lo*tileRows:][:rows]
		ops.addScaled(y, acc[(c-from)*stride:][:rows], j.LowRank.Scale)
		if j.LowRank.RowScale != nil {
			ops.mul(y, j.LowRank.RowScale[lo*tileRows:][:rows])
		}
	}
}
