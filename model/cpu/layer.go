package cpu

import (
	"github.com/medner/medner/kernels"
	"github.com/medner/medner/model/backend"
)

// layer is one decoder layer (transformers' LlamaDecoderLayer).
type layer struct {
	inputNorm, postAttentionNorm norm
	attention                    attention
	mlp                          mlp
}

// forward turns the residual stream of all rows into the next layer's. The
// last layer goes on with the rows only that an outcome is asked of.
func (l *layer) forward(s *step, last bool) {
	width := len(l.inputNorm.Weight)
	l.inputNorm.forward(s)
	l.attention.store(s)
	if last {
		s.narrow(width)
		if s.rows == 0 {
			return
		}
		s.input.Reset(s.norm, s.rows, width)
	}
	l.attention.forward(s, s.y)
	kernels.Add(s.x, s.y)
	l.postAttentionNorm.forward(s)
	l.mlp.forward(s, s.y)
	kernels.Add(s.x, s.y)
}

// norm is an RMSNorm (transformers' LlamaRMSNorm).
type norm struct {
	backend.Norm
	eps float32
}

// forward makes the norm of the residual stream the next products' input.
func (n *norm) forward(s *step) {
	width := len(n.Weight)
	for _, g := range s.groups {
		weight := n.Weight
		if g.adapter >= 0 && g.adapter < len(n.Adapted) && n.Adapted[g.adapter] != nil {
			weight = n.Adapted[g.adapter]
		}
		for i := g.first; i < g.first+g.n; i++ {
			kernels.RMSNorm(s.norm[i*width:][:width], s.x[i*width:][:width], weight, n.eps)
		}
	}
	s.input.Reset(s.norm, s.rows, width)
}
