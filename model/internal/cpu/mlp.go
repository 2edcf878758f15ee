package cpu

import "github.com/medner/medner/kernels"

// mlp is the gated feed-forward block (transformers' LlamaMLP).
type mlp struct {
	gate, up, down *linear

	join stage
}

// bind sets the linear maps and makes the stages.
func (m *mlp) bind(gate, up, down *linear) {
	m.gate, m.up, m.down = gate, up, down
	m.join = func(s *step, lo, hi int) {
		m.gate.finish(s, s.gate, lo, hi)
		m.up.finish(s, s.up, lo, hi)
		from, to := lo*m.gate.out(), hi*m.gate.out()
		kernels.SiLUMul(s.gate[from:to], s.gate[from:to], s.up[from:to])
	}
}

// forward sets s.y to Down(silu(Gate h) ∘ Up h) for all rows h of s.norm, without the
// bias of Down, which down.finish adds.
func (m *mlp) forward(s *step) {
	width := m.gate.out()
	s.gate, s.up = grow(s.gate, s.rows*width), grow(s.up, s.rows*width)
	s.multiply(s.norm, output{m.gate, s.gate}, output{m.up, s.up})
	s.each(m.join, 4*width)
	s.input.Reset(s.gate, s.rows, width)
	s.multiply(s.gate, output{m.down, s.y})
}
