package cpu

import (
	"fmt"
	"sync/atomic"

	"github.com/medner/medner/internal/mmap"
	"github.com/medner/medner/kernels"
	"github.com/medner/medner/model/internal/backend"
	"github.com/medner/medner/model/internal/hold"
	"github.com/medner/medner/quant"
)

// packer turns weights into the kernels' layout, one after the other, each in
// parallel, straight from where the file has it.
type packer struct {
	pool  *kernels.Pool
	hold  hold.Hold
	fast  bool
	bytes int64 // packed so far
	read  int64 // of that, what a step without adapters reads

	// release gives back the memory in which files were read. nil: nothing
	// to do.
	release func()

	// Of the 4-bit weight being packed: copies, for the pool's goroutines
	// may not read a mapped file unguarded.
	packed []byte
	absmax []float32
}

// projection packs one of a layer's linear maps as Hold says.
func (p *packer) projection(m quant.Matrix) (*kernels.Weights, error) {
	switch p.hold {
	case hold.NF4:
		if _, ok := m.(*quant.FourBit); ok {
			break
		}
		q, err := quant.Quantize4Bit(m, quant.FourBitOptions{})
		if err != nil {
			return nil, err
		}
		return p.keep(q)
	case hold.Int8:
		return p.int8(m)
	case hold.BF16:
		return p.add(kernels.PackDense(p.pool, kernels.BF16, m.Rows(), m.Cols(), rounded{m, quant.BF16}))
	case hold.F32:
		return p.add(kernels.PackDense(p.pool, kernels.F32, m.Rows(), m.Cols(), m))
	}
	return p.keep(m)
}

// int8 packs a matrix as int8 with a scale for each 32 along a row.
func (p *packer) int8(m quant.Matrix) (*kernels.Weights, error) {
	var rows kernels.Int8Reader = kernels.QuantizeInt8(m.Cols(), p.releasing(m))
	if exact, ok := m.(kernels.Int8Reader); ok && m.Format() == quant.Q8_0 {
		rows = exact
	}
	return p.add(kernels.PackInt8(p.pool, m.Rows(), m.Cols(), rows))
}

// keep packs a matrix as the file holds it, or else as float32.
func (p *packer) keep(m quant.Matrix) (*kernels.Weights, error) {
	format := kernels.F32
	switch m.Format() {
	case quant.NF4, quant.FP4:
		if q, ok := m.(*quant.FourBit); ok {
			return p.fourBit(q)
		}
	case quant.Q8_0:
		return p.int8(m)
	case quant.F16:
		format = kernels.F16
	case quant.BF16, quant.F8E4M3, quant.F8E5M2: // bf16 holds 8-bit floats exactly
		format = kernels.BF16
	}
	return p.add(kernels.PackDense(p.pool, format, m.Rows(), m.Cols(), p.releasing(m)))
}

// head packs the last linear map: as the file holds it, but in int8 where
// exactness is given up for speed.
func (p *packer) head(m quant.Matrix) (*kernels.Weights, error) {
	if p.fast {
		return p.int8(m)
	}
	return p.keep(m)
}

// formats are the kernels' names of formats.
var formats = map[quant.Format]kernels.Format{
	quant.F32: kernels.F32, quant.BF16: kernels.BF16, quant.F16: kernels.F16,
	quant.NF4: kernels.NF4, quant.FP4: kernels.FP4,
}

// fourBit packs NF4 and FP4.
func (p *packer) fourBit(m *quant.FourBit) (*kernels.Weights, error) {
	p.absmax = grow(p.absmax, m.Blocks())
	err := mmap.Guard(func() error {
		p.packed = append(p.packed[:0], m.Packed...)
		m.AbsmaxOf(p.absmax, 0)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return p.add(kernels.Pack4Bit(p.pool, kernels.FourBit{
		Rows: m.NumRows, Cols: m.NumCols, Format: formats[m.Quant], BlockSize: m.BlockSize,
		Packed: p.packed, Code: &m.Code, Round: formats[m.State],
		Absmax: func(dst []float32, firstBlock int) { copy(dst, p.absmax[firstBlock:]) },
	}))
}

// add counts what was packed.
func (p *packer) add(w *kernels.Weights, err error) (*kernels.Weights, error) {
	if err != nil {
		return nil, err
	}
	p.bytes += w.Bytes()
	return w, nil
}

// releaseNumbers is after how many numbers of a matrix the memory in which the
// file was read is given back: a head may be as large as all layers.
const releaseNumbers = 8 << 20

// releasing is a matrix that gives memory back now and then while it is read.
type releasing struct {
	quant.Matrix
	release func()
	read    atomic.Int64
}

// releasing wraps m if it is large.
func (p *packer) releasing(m quant.Matrix) kernels.RowReader {
	if p.release == nil || m.Rows() < 2*releaseNumbers/m.Cols() {
		return m
	}
	return &releasing{Matrix: m, release: p.release}
}

// ReadRows implements kernels.RowReader.
func (r *releasing) ReadRows(dst []float32, from int) error {
	n := r.read.Add(int64(len(dst)))
	if n/releaseNumbers != (n-int64(len(dst)))/releaseNumbers {
		r.release()
	}
	return r.Matrix.ReadRows(dst, from)
}

// rounded is a matrix rounded to a format.
type rounded struct {
	quant.Matrix
	to quant.Format
}

// ReadRows implements kernels.RowReader.
func (r rounded) ReadRows(dst []float32, from int) error {
	if err := r.Matrix.ReadRows(dst, from); err != nil {
		return err
	}
	quant.Round(r.to, dst)
	return nil
}

// linear packs a linear map and what adapters make of it.
func (p *packer) linear(l backend.Linear, pack func(quant.Matrix) (*kernels.Weights, error)) (linear, error) {
	w, err := pack(l.Weight)
	if err != nil {
		return linear{}, err
	}
	p.read += w.Bytes()
	packed := linear{weights: w, bias: l.Bias}
	for _, a := range l.Adapted {
		under, err := p.adapted(a)
		if err != nil {
			return linear{}, fmt.Errorf("adapter: %w", err)
		}
		packed.adapted = append(packed.adapted, under)
	}
	return packed, nil
}

// adapted packs an adapter's part in a linear map, as the files hold it.
func (p *packer) adapted(a *backend.Adapted) (*adapted, error) {
	if a == nil {
		return nil, nil
	}
	packed := &adapted{bias: a.Bias}
	var err error
	if a.Weight != nil {
		if packed.weights, err = p.keep(a.Weight); err != nil {
			return nil, err
		}
	}
	if a.A == nil {
		return packed, nil
	}
	packed.low = &kernels.LowRank{Scale: a.Scale, RowScale: a.RowScale}
	if packed.low.A, err = p.keep(a.A); err != nil {
		return nil, err
	}
	packed.low.B, err = p.keep(a.B)
	return packed, err
}
