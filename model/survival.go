package model

import (
	"fmt"

	"github.com/medner/medner/lora"
	"github.com/medner/medner/model/internal/hold"
	"github.com/medner/medner/quant"
)

// survival measures how much of an adapter is left in merged weights that are
// then rounded to be held: ⟨held − W, Δ⟩/‖Δ‖² of each tensor, over a sample of
// its rows, where Δ is what the adapter adds to W.
type survival struct {
	as               hold.Hold
	tensors          int
	sum, least, most float64 // of the tensors' shares
}

// sampled is about how many weights of a tensor are measured.
const sampled = 1 << 18

// add measures one tensor. A hold that rounds nothing has nothing to measure.
func (s *survival) add(base, merged quant.Matrix, as hold.Hold) error {
	every := max(1, merged.Rows()*merged.Cols()/sampled)
	base, merged = everyNth{base, every}, everyNth{merged, every}
	held, err := hold.Rounded(merged, as)
	if err != nil || held == nil {
		return err
	}
	share, err := lora.Survival(base, merged, held)
	if err != nil || share != share { // a delta of zeros
		return err
	}
	if s.tensors == 0 {
		s.least, s.most = share, share
	}
	s.as, s.tensors, s.sum = as, s.tensors+1, s.sum+share
	s.least, s.most = min(s.least, share), max(s.most, share)
	return nil
}

func (s survival) String() string {
	return fmt.Sprintf("%.1f %% of its change survives rounding to %s (%.1f to %.1f %% by tensor)",
		100*s.sum/float64(s.tensors), s.as, 100*s.least, 100*s.most)
}

// everyNth is the matrix of the rows 0, n, 2n, … of another.
type everyNth struct {
	quant.Matrix
	n int
}

// Rows implements quant.Matrix.
func (m everyNth) Rows() int { return (m.Matrix.Rows() + m.n - 1) / m.n }

// ReadRows implements quant.Matrix.
func (m everyNth) ReadRows(dst []float32, from int) error {
	cols := m.Cols()
	for i := range len(dst) / cols {
		if err := m.Matrix.ReadRows(dst[i*cols:][:cols], (from+i)*m.n); err != nil {
			return err
		}
	}
	return nil
}
