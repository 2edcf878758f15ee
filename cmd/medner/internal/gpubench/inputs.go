package gpubench

import (
	"math"
	"math/rand/v2"

	"github.com/medner/medner/cmd/medner/internal/kernelbench"
	driver "github.com/medner/medner/internal/cuda"
	"github.com/medner/medner/internal/cuda/gpukernels"
	"github.com/medner/medner/internal/parallel"
	"github.com/medner/medner/kernels"
)

// normal reads a matrix of normally distributed numbers. Few are drawn: each row
// is a run of them that begins at another index.
type normal struct{ numbers []float32 }

func newNormal(cols int) *normal {
	source := rand.New(rand.NewPCG(1, 2))
	n := &normal{make([]float32, cols+1021)}
	for i := range n.numbers {
		n.numbers[i] = float32(source.NormFloat64() / math.Sqrt(float64(cols)))
	}
	return n
}

// ReadRows implements kernels.RowReader.
func (n *normal) ReadRows(dst []float32, from int) error {
	cols := len(n.numbers) - 1021
	for row := from; len(dst) > 0; row, dst = row+1, dst[cols:] {
		copy(dst[:cols], n.numbers[row*641%1021:])
	}
	return nil
}

// pack returns copies of a random matrix, so many that together they don't fit
// the cache. They take turns, so that each is read from memory, as in a model.
func (b *bench) pack(f kernels.Format, rows, cols int) ([]*gpukernels.Weights, error) {
	var p *gpukernels.Packer
	var err error
	switch f {
	case kernels.NF4:
		q := kernels.FourBit{Rows: rows, Cols: cols, Format: f, Block: 64, Round: kernels.F32}
		for i := range q.Code {
			q.Code[i] = float32(i)/7.5 - 1
		}
		p, err = gpukernels.FourBit(q, kernelbench.NewRandomCodes(rows, cols, float32(1/math.Sqrt(float64(cols)))))
	case kernels.U4: // as AWQ has it, with one scale
		q := kernels.FourBit{Rows: rows, Cols: cols, Format: f, Block: 128, Scale: kernels.F16, Zeros: true}
		for i := range q.Code {
			q.Code[i] = float32(i)
		}
		p, err = gpukernels.FourBit(q, kernelbench.NewRandomCodes(rows, cols, 1./64))
	case kernels.Int8:
		p, err = gpukernels.Int8(rows, cols, kernels.QuantizeInt8(cols, newNormal(cols)))
	default:
		p, err = gpukernels.Dense(f, rows, cols, newNormal(cols))
	}
	if err != nil {
		return nil, err
	}
	packed := make([]byte, p.Bytes())
	tile := p.TileBytes()
	if err := parallel.For(p.Tiles(), 16, func(lo, hi int) error { return p.Pack(packed[lo*tile:hi*tile], lo) }); err != nil {
		return nil, err
	}
	turns := min(64, 1+2*b.c.Device().L2Bytes/len(packed))
	var all []*gpukernels.Weights
	for i := range turns {
		at, err := b.alloc(len(packed))
		if err == nil && i == 0 {
			err = first(b.c.CopyToDevice(at, packed, b.stream), b.c.Synchronize(b.stream))
		} else if err == nil {
			err = b.c.CopyOnDevice(at, all[0].Data, uint64(len(packed)), b.stream)
		}
		if err != nil {
			return nil, err
		}
		all = append(all, &gpukernels.Weights{Layout: p.Layout, Data: at})
	}
	return all, nil
}

// zeros returns device memory of zeros.
func (b *bench) zeros(bytes int) (driver.Ptr, error) {
	p, err := b.alloc(bytes)
	if err == nil {
		err = b.c.Fill(p, 0, uint64(bytes), b.stream)
	}
	return p, err
}

// several returns a piece of device memory for each size in bytes, all zeros.
func (b *bench) several(bytes ...int) ([]driver.Ptr, error) {
	var all []driver.Ptr
	for _, n := range bytes {
		p, err := b.zeros(n)
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, nil
}

// put returns device memory with a copy of data.
func (b *bench) put(data []byte) (driver.Ptr, error) {
	p, err := b.alloc(len(data))
	if err == nil {
		err = first(b.c.CopyToDevice(p, data, b.stream), b.c.Synchronize(b.stream))
	}
	return p, err
}
