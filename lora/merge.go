package lora

import (
	"fmt"
	"math"
	"sync"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/mmap"
	"github.com/medner/medner/internal/parallel"
	"github.com/medner/medner/quant"
)

// BiasOf returns the module's bias under the adapter, given its own; nil stands
// for no bias.
func (d *Delta) BiasOf(own []float32) []float32 {
	if d.Bias != nil {
		own = d.Bias
	}
	if d.AddedBias == nil {
		return own
	}
	sum := append([]float32(nil), d.AddedBias...)
	for i := range own {
		sum[i] += own[i]
	}
	return sum
}

// Merge returns the module's weight under the adapter, given its own, W: W + s·BA,
// or m/‖W + s·BA‖ ∘ (W + s·BA) with DoRA. A replacement takes W's place. Rows are
// computed in float32 when they are read; only DoRA's norms read all of W at
// once.
func (d *Delta) Merge(base quant.Matrix) (quant.Matrix, error) {
	w := base
	if d.Weight != nil {
		w = d.Weight
	}
	if w.Rows() != d.Module.Rows || w.Cols() != d.Module.Cols {
		return nil, fmt.Errorf("merge %s: a weight of %d × %d", d.Module.describe(), w.Rows(), w.Cols())
	}
	if d.A == nil {
		return w, nil
	}
	sum := d.sum(w)
	if d.Magnitude == nil {
		return sum, nil
	}
	var err error
	if d.Module.Kind == Embedding {
		sum.colScale, err = d.colScale(sum)
	} else {
		sum.rowScale, err = d.rowScale(sum)
	}
	return sum, err
}

// RowScale returns DoRA's m/‖W + s·BA‖ for each row of a linear map, given its own weight
// W, all of which it reads; nil for plain LoRA. Who computes the low-rank path beside W,
// rather than merging the two, multiplies each output by it.
func (d *Delta) RowScale(base quant.Matrix) ([]float32, error) {
	if d.Magnitude == nil || d.Module.Kind == Embedding {
		return nil, nil
	}
	if d.Weight != nil {
		base = d.Weight
	}
	return d.rowScale(d.sum(base))
}

// rowScale returns m/‖row‖ of each row of a sum.
func (d *Delta) rowScale(sum *merged) ([]float32, error) {
	scale := make([]float32, sum.Rows())
	err := eachRows(sum, func(from int, v []float32) error {
		cols := sum.Cols()
		for i := range len(v) / cols {
			var squares float64
			for _, x := range v[i*cols : (i+1)*cols] {
				squares += float64(x) * float64(x)
			}
			scale[from+i] = d.Magnitude[from+i] / float32(math.Sqrt(squares))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return scale, d.checkScale(scale)
}

// colScale returns m/‖column‖ of each column of the sum of an embedding, whose
// outputs are columns.
func (d *Delta) colScale(sum *merged) ([]float32, error) {
	cols := sum.Cols()
	// Parts of a fixed size are summed in order, for the same bits on any machine.
	const part = 256
	parts := make([][]float64, (sum.Rows()+part-1)/part)
	err := parallel.For(len(parts), 1, func(lo, hi int) error {
		for p := lo; p < hi; p++ {
			v := make([]float32, min(part, sum.Rows()-p*part)*cols)
			if err := sum.ReadRows(v, p*part); err != nil {
				return err
			}
			parts[p] = make([]float64, cols)
			for i, x := range v {
				parts[p][i%cols] += float64(x) * float64(x)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	scale := make([]float32, cols)
	for j := range scale {
		var squares float64
		for _, p := range parts {
			squares += p[j]
		}
		scale[j] = d.Magnitude[j] / float32(math.Sqrt(squares))
	}
	return scale, d.checkScale(scale)
}

// checkScale refuses scales that aren't finite.
func (d *Delta) checkScale(scale []float32) error {
	for i, s := range scale {
		if math.Float32bits(s)&0x7f800000 == 0x7f800000 {
			return badinput.New("", d.Module.Name+".lora_magnitude_vector", fmt.Sprintf("output %d of a weight with norm 0 or infinity", i), "a norm to divide by")
		}
	}
	return nil
}

// sum returns W + s·BA, without DoRA's scale.
func (d *Delta) sum(w quant.Matrix) *merged {
	m := &merged{Matrix: w, scale: d.Scale, rank: d.A.Rows()}
	if d.Module.Kind == Embedding {
		m.coefficients = func(dst []float32, from, rows int) error { return columns(dst, d.A, from, rows) }
		m.directions = sync.OnceValues(func() ([]float32, error) {
			t, err := transposed(d.B)
			if err != nil {
				return nil, err
			}
			return quant.ReadAll(t)
		})
		return m
	}
	m.coefficients = func(dst []float32, from, _ int) error { return d.B.ReadRows(dst, from) }
	m.directions = sync.OnceValues(func() ([]float32, error) { return quant.ReadAll(d.A) })
	return m
}

// merged is a weight W with a low-rank matrix added. Row i is
//
//	rowScale[i] · colScale ∘ (W[i] + scale · Σₖ coefficients[i][k]·directions[k])
//
// For a linear map, coefficients[i] is row i of B, and directions[k] row k of A. For an
// embedding, coefficients[i] is column i of A, and directions[k] row k of Bᵀ.
type merged struct {
	quant.Matrix // W
	rank         int
	scale        float32
	// coefficients reads the coefficients of some rows, [rows, rank].
	coefficients func(dst []float32, from, rows int) error
	// directions returns all directions, [rank, cols].
	directions         func() ([]float32, error)
	rowScale, colScale []float32 // nil: ones
}

// Format implements quant.Matrix.
func (m *merged) Format() quant.Format { return quant.F32 }

// ReadRows implements quant.Matrix.
func (m *merged) ReadRows(dst []float32, from int) error {
	if err := m.Matrix.ReadRows(dst, from); err != nil {
		return err
	}
	cols := m.Cols()
	rows := len(dst) / cols
	coefficients := make([]float32, rows*m.rank+cols)
	delta := coefficients[rows*m.rank:]
	if err := m.coefficients(coefficients[:rows*m.rank], from, rows); err != nil {
		return err
	}
	directions, err := m.directions()
	if err != nil {
		return err
	}
	for i := range rows {
		row := dst[i*cols : (i+1)*cols]
		combine(delta, coefficients[i*m.rank:(i+1)*m.rank], directions)
		for j, x := range delta {
			row[j] += float32(x * m.scale)
		}
		if m.rowScale != nil {
			s := m.rowScale[from+i]
			for j := range row {
				row[j] *= s
			}
		}
		for j, s := range m.colScale {
			row[j] *= s
		}
	}
	return nil
}

// combine sets dst to Σₖ c[k]·v[k], summed in ascending k, where v holds rows of
// len(dst) numbers. The conversions keep compilers from fusing products and sums,
// which would round otherwise on some machines.
func combine(dst, c, v []float32) {
	n := len(dst)
	clear(dst)
	for ; len(c) >= 4; c, v = c[4:], v[4*n:] {
		c0, c1, c2, c3 := c[0], c[1], c[2], c[3]
		v0, v1, v2, v3 := v[:n], v[n:2*n], v[2*n:3*n], v[3*n:4*n]
		for j, s := range dst {
			s += float32(c0 * v0[j])
			s += float32(c1 * v1[j])
			s += float32(c2 * v2[j])
			dst[j] = s + float32(c3*v3[j])
		}
	}
	for k, x := range c {
		for j, y := range v[k*n : (k+1)*n] {
			dst[j] += float32(x * y)
		}
	}
}

// columns reads n columns of m, the first of which is from, into the rows of dst.
func columns(dst []float32, m quant.Matrix, from, n int) error {
	dense, ok := m.(*quant.Dense)
	if !ok {
		return fmt.Errorf("columns of a factor in %s", m.Format())
	}
	size, rank := dense.Format().Size(), dense.Rows()
	column := make([]float32, n)
	return mmap.Guard(func() error {
		for k := range rank {
			quant.Decode(dense.Format(), column, dense.Bytes()[(k*dense.Cols()+from)*size:])
			for i, x := range column {
				dst[i*rank+k] = x
			}
		}
		return nil
	})
}
