package cpu

import (
	"github.com/medner/medner/kernels"
	"github.com/medner/medner/model/internal/backend"
	"github.com/medner/medner/model/internal/hold"
	"github.com/medner/medner/quant"
)

// Estimate returns the Info of the Backend that New would make, without
// reading a weight.
func Estimate(w *backend.Weights, o backend.Options) backend.Info {
	s := sum{plan: planFor(o)}
	for _, l := range w.Layers {
		for _, part := range l.Linears {
			s.linear(part, hold.Projection)
		}
	}
	s.linear(w.Head, hold.Head)
	counted := map[*backend.Classifier]bool{nil: true}
	for _, c := range w.Classifiers {
		if !counted[c] {
			s.bytes += s.of(c.Weight, hold.Classifier)
			counted[c] = true
		}
	}
	s.bytes += s.of(w.Embed.Weight, hold.Embedding)
	shape := kernels.CacheShape{Heads: w.Config.NumKeyValueHeads, HeadDim: w.Config.HeadDim, Half: o.KV == "f16"}
	info := backend.Info{Device: "cpu", Threads: o.Threads, WeightBytes: s.bytes, BytesPerStep: s.read,
		CacheBytes: int64(w.Config.NumHiddenLayers) * int64(shape.PageBytes()) / kernels.PageSize}
	if o.Threads == 0 {
		info.Threads = kernels.DefaultThreads()
	}
	info.Variant, info.Reason = kernels.Selected()
	return info
}

// sum adds up the bytes of the forms that a plan has for weights.
type sum struct {
	plan        hold.Plan
	bytes, read int64 // as in packer
}

// of returns the bytes of one matrix, 0 if there is none.
func (s *sum) of(m quant.Matrix, role hold.Role) int64 {
	if m == nil {
		return 0
	}
	return s.plan.Of(m, role).Bytes
}

// linear adds a linear map and its adapters.
func (s *sum) linear(l backend.Linear, role hold.Role) {
	weights := s.of(l.Weight, role)
	s.bytes += weights
	s.read += weights
	for _, a := range l.Adapted {
		if a != nil {
			s.bytes += s.of(a.Weight, hold.Replacement) + s.of(a.Down, hold.Down) + s.of(a.Up, hold.Up)
		}
	}
}
