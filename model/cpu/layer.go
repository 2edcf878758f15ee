package cpu

import "github.com/medner/medner/kernels"

// layer is one decoder layer (transformers' LlamaDecoderLayer).
type layer struct {
	inputNorm, postAttentionNorm []float32
	eps                          float32
	attention                    attention
	mlp                          mlp
}

// forward turns the residual stream of all rows into the next layer's. The
// last layer goes on with the rows only that an outcome is asked of.
func (l *layer) forward(s *step, last bool) {
	width := len(l.inputNorm)
	s.normalise(l.inputNorm, l.eps)
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
	s.normalise(l.postAttentionNorm, l.eps)
	l.mlp.forward(s, s.y)
	kernels.Add(s.x, s.y)
}

// normalise makes the norm of the residual stream the next products' input.
func (s *step) normalise(weight []float32, eps float32) {
	width := len(weight)
	for i := range s.rows {
		kernels.RMSNorm(s.norm[i*width:][:width], s.x[i*width:][:width], weight, eps)
	}
	s.input.Reset(s.norm, s.rows, width)
}
