package cpu

import (
	"github.com/medner/medner/kernels"
	"github.com/medner/medner/model/internal/backend"
	"github.com/medner/medner/model/internal/hold"
	"github.com/medner/medner/quant"
)

// Estimate is the Info of the Backend that New would make, without packing.
func Estimate(w *backend.Weights, o backend.Options) backend.Info {
	s := sizer{hold: o.Hold, fast: o.Precision == hold.Fast}
	for _, l := range w.Layers {
		for _, part := range l.Linears {
			s.linear(part, s.projection(part.Weight))
		}
	}
	head := s.keep(w.Head.Weight)
	if s.fast {
		head = kernels.Size(kernels.Int8, w.Head.Weight.Rows(), w.Head.Weight.Cols())
	}
	s.linear(w.Head, head)
	shape := kernels.CacheShape{Heads: w.Config.NumKeyValueHeads, HeadDim: w.Config.HeadDim, Half: o.KV == "f16"}
	info := backend.Info{Device: "cpu", Threads: o.Threads, WeightBytes: s.bytes, BytesPerStep: s.read,
		CacheBytes: int64(w.Config.NumHiddenLayers) * int64(shape.PageBytes()) / kernels.PageSize}
	if o.Threads == 0 {
		info.Threads = kernels.DefaultThreads()
	}
	info.Variant, info.Reason = kernels.Selected()
	return info
}

// sizer does what packer does, on paper.
type sizer struct {
	hold        hold.Hold
	fast        bool
	bytes, read int64
}

func (s *sizer) projection(m quant.Matrix) int64 {
	rows, cols := m.Rows(), m.Cols()
	switch s.hold {
	case hold.NF4:
		if _, ok := m.(*quant.FourBit); ok {
			break
		}
		return (&kernels.FourBit{Rows: rows, Cols: cols, Format: kernels.NF4, BlockSize: 64, Round: kernels.F32}).Size()
	case hold.Int8:
		return kernels.Size(kernels.Int8, rows, cols)
	case hold.BF16:
		return kernels.Size(kernels.BF16, rows, cols)
	case hold.F32:
		return kernels.Size(kernels.F32, rows, cols)
	}
	return s.keep(m)
}

func (s *sizer) keep(m quant.Matrix) int64 {
	format := kernels.F32
	switch m.Format() {
	case quant.NF4, quant.FP4:
		if q, ok := m.(*quant.FourBit); ok {
			return (&kernels.FourBit{Rows: q.NumRows, Cols: q.NumCols, Format: formats[q.Quant], BlockSize: q.BlockSize, Round: formats[q.State]}).Size()
		}
	case quant.Q8_0:
		format = kernels.Int8
	case quant.F16:
		format = kernels.F16
	case quant.BF16, quant.F8E4M3, quant.F8E5M2:
		format = kernels.BF16
	}
	return kernels.Size(format, m.Rows(), m.Cols())
}

// linear counts a linear map, packed in so many bytes, and its adapters.
func (s *sizer) linear(l backend.Linear, weights int64) {
	s.bytes += weights
	s.read += weights
	for _, a := range l.Adapted {
		if a == nil {
			continue
		}
		for _, m := range []quant.Matrix{a.Weight, a.A, a.B} {
			if m != nil {
				s.bytes += s.keep(m)
			}
		}
	}
}
