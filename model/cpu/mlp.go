package cpu

import "github.com/medner/medner/kernels"

// mlp is the gated feed-forward block (transformers' LlamaMLP).
type mlp struct {
	gate, up, down linear
}

// forward sets y = Down(silu(Gate h) ∘ Up h) of all rows h of s.norm.
func (m *mlp) forward(s *step, y []float32) {
	width := m.gate.weights.Rows()
	s.gate, s.up = grow(s.gate, s.rows*width), grow(s.up, s.rows*width)
	m.gate.forward(s, s.gate, s.norm)
	m.up.forward(s, s.up, s.norm)
	kernels.SiLUMul(s.gate, s.gate, s.up)
	s.input.Reset(s.gate, s.rows, width)
	m.down.forward(s, y, s.gate)
}
