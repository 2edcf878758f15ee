package cpu

import (
	"fmt"
	"sync/atomic"

	"github.com/medner/medner/kernels"
	"github.com/medner/medner/model/internal/backend"
	"github.com/medner/medner/model/internal/hold"
	"github.com/medner/medner/quant"
)

// device says what this backend asks of the forms of weights.
var device = hold.Device{Size: sizeOf, Int8Head: true, EmbeddingInPlace: true}

// sizeOf returns the bytes that a form takes.
func sizeOf(f hold.Form) int64 {
	if q, ok := f.FourBit(); ok {
		return q.Size()
	}
	return kernels.Size(f.Format, f.Rows, f.Cols)
}

// planFor returns how the weights of a model are held.
func planFor(o backend.Options) hold.Plan {
	return hold.Plan{Hold: o.Hold, Precision: o.Precision, Device: device}
}

// packer turns weights into the kernels' layout, one after the other, each in
// parallel, straight from where the file has it. It implements hold.Packer.
type packer struct {
	pool  *kernels.Pool
	plan  hold.Plan
	bytes int64 // memory of all weights packed so far
	read  int64 // the part of bytes that a step of one token without adapters reads

	// release gives back the memory in which files were read. nil: nothing
	// to do.
	release func()
}

// matrix packs m in the form that the plan has for it.
func (p *packer) matrix(m quant.Matrix, role hold.Role) (*kernels.Weights, error) {
	form := p.plan.Of(m, role)
	w, err := hold.Pack(form, m, p)
	if err != nil {
		return nil, err
	}
	if w.Bytes() != form.Bytes {
		return nil, fmt.Errorf("packed in %d bytes, planned %d", w.Bytes(), form.Bytes)
	}
	p.bytes += w.Bytes()
	return w, nil
}

// Dense implements hold.Packer.
func (p *packer) Dense(f kernels.Format, rows, cols int, r kernels.RowReader) (*kernels.Weights, error) {
	if m := p.meter(rows, cols); m != nil {
		r = meteredRows{r, m}
	}
	return kernels.PackDense(p.pool, f, rows, cols, r)
}

// Int8 implements hold.Packer.
func (p *packer) Int8(rows, cols int, r kernels.Int8Reader) (*kernels.Weights, error) {
	if m := p.meter(rows, cols); m != nil {
		r = meteredInt8{r, m}
	}
	return kernels.PackInt8(p.pool, rows, cols, r)
}

// FourBit implements hold.Packer.
func (p *packer) FourBit(q kernels.FourBit, r kernels.CodeReader) (*kernels.Weights, error) {
	return kernels.Pack4Bit(p.pool, q, r)
}

// releaseNumbers is after how many numbers of a matrix the memory in which the
// file was read is given back: a head may be as large as all layers.
const releaseNumbers = 8 << 20

// meter counts the numbers read of a large matrix, and gives memory back after
// each releaseNumbers of them.
type meter struct {
	release func()
	read    atomic.Int64
}

// meter returns one for a matrix, or nil if the matrix is small or nothing can
// be given back.
func (p *packer) meter(rows, cols int) *meter {
	if p.release == nil || rows < 2*releaseNumbers/cols {
		return nil
	}
	return &meter{release: p.release}
}

func (m *meter) add(numbers int) {
	n := m.read.Add(int64(numbers))
	if n/releaseNumbers != (n-int64(numbers))/releaseNumbers {
		m.release()
	}
}

type meteredRows struct {
	kernels.RowReader
	meter *meter
}

// ReadRows implements kernels.RowReader.
func (r meteredRows) ReadRows(dst []float32, from int) error {
	r.meter.add(len(dst))
	return r.RowReader.ReadRows(dst, from)
}

type meteredInt8 struct {
	kernels.Int8Reader
	meter *meter
}

// Int8Rows implements kernels.Int8Reader.
func (r meteredInt8) Int8Rows(codes []int8, scales []float32, from int) error {
	r.meter.add(len(codes))
	return r.Int8Reader.Int8Rows(codes, scales, from)
}

// linear packs a linear map and what adapters make of it.
func (p *packer) linear(l backend.Linear, role hold.Role) (linear, error) {
	w, err := p.matrix(l.Weight, role)
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

// adapted packs an adapter's part in a linear map.
func (p *packer) adapted(a *backend.Adapted) (*adapted, error) {
	if a == nil {
		return nil, nil
	}
	packed := &adapted{bias: a.Bias}
	var err error
	if a.Weight != nil {
		if packed.weights, err = p.matrix(a.Weight, hold.Replacement); err != nil {
			return nil, err
		}
	}
	if a.Down == nil {
		return packed, nil
	}
	packed.low = &kernels.LowRank{Scale: a.Scale, RowScale: a.RowScale}
	if packed.low.Down, err = p.matrix(a.Down, hold.Down); err != nil {
		return nil, err
	}
	packed.low.Up, err = p.matrix(a.Up, hold.Up)
	return packed, err
}
