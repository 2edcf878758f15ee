package cpu

import (
	"github.com/medner/medner/kernels"
	"github.com/medner/medner/model/arch"
	"github.com/medner/medner/model/internal/backend"
)

// layer is one decoder layer (transformers' LlamaDecoderLayer). It starts with its
// input's norm in s.norm, and leaves the next layer's there.
type layer struct {
	linears           [arch.Linears]linear
	attention         attention
	postAttentionNorm norm
	mlp               mlp
	next              *norm // the next layer's input norm, or the norm before the head

	addAttention, addMLP stage
}

// bind makes the stages. All other parts must be in place.
func (l *layer) bind() {
	part := &l.linears
	l.attention.bind(&part[arch.Query], &part[arch.Key], &part[arch.Value], &part[arch.Output])
	l.mlp.bind(&part[arch.Gate], &part[arch.Up], &part[arch.Down])
	l.addAttention = func(s *step, lo, hi int) {
		l.attention.o.finish(s, s.y, lo, hi)
		s.addResidual(lo, hi)
		l.postAttentionNorm.rows(s, lo, hi)
	}
	l.addMLP = func(s *step, lo, hi int) {
		l.mlp.down.finish(s, s.y, lo, hi)
		s.addResidual(lo, hi)
		l.next.rows(s, lo, hi)
	}
}

// forward turns the residual stream of all rows into the next layer's. The last
// layer continues, once keys and values are stored, with only those rows at which
// something is asked.
func (l *layer) forward(s *step, last bool) {
	width := l.attention.o.out()
	s.input.Reset(s.norm, s.rows, width)
	l.attention.project(s, last)
	if s.rows == 0 {
		return
	}
	l.attention.forward(s)
	s.each(l.addAttention, width)
	s.input.Reset(s.norm, s.rows, width)
	l.mlp.forward(s)
	s.each(l.addMLP, width)
}

// addResidual adds y to the residual stream of the rows [lo, hi).
func (s *step) addResidual(lo, hi int) {
	width := len(s.x) / s.rows
	kernels.Add(s.x[lo*width:hi*width], s.y[lo*width:hi*width])
}

// norm is an RMSNorm (transformers' LlamaRMSNorm).
type norm struct {
	backend.Norm
	eps float32
}

// under returns the gains under an adapter.
func (n *norm) under(adapter int) []float32 {
	if adapter >= 0 && adapter < len(n.Adapted) && n.Adapted[adapter] != nil {
		return n.Adapted[adapter]
	}
	return n.Weight
}

// rows sets s.norm to the norm of the residual stream of the rows [lo, hi).
func (n *norm) rows(s *step, lo, hi int) {
	width := len(n.Weight)
	for _, g := range s.groups {
		weight := n.under(g.adapter)
		for i := max(lo, g.first); i < min(hi, g.first+g.n); i++ {
			kernels.RMSNorm(s.norm[i*width:][:width], s.x[i*width:][:width], weight, n.eps)
		}
	}
}

// heads replaces each head of the rows [lo, hi) of x, [rows][width], by its norm. It
// does nothing in families without norms of heads, which have no gains.
func (n *norm) heads(s *step, x []float32, width, lo, hi int) {
	size := len(n.Weight)
	if size == 0 {
		return
	}
	for _, g := range s.groups {
		weight := n.under(g.adapter)
		for at := max(lo, g.first) * width; at < min(hi, g.first+g.n)*width; at += size {
			head := x[at:][:size]
			kernels.RMSNorm(head, head, weight, n.eps)
		}
	}
}
