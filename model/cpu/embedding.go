package cpu

import "github.com/medner/medner/model/backend"

// embedding is the table of token vectors: its rows are read where they are.
type embedding struct{ backend.Embedding }

// forward sets x, [rows][hidden], to the vectors of all rows' tokens.
func (e *embedding) forward(s *step, x []float32) error {
	width := e.Weight.Cols()
	for _, p := range s.spans {
		table := e.Weight
		if p.adapter >= 0 && p.adapter < len(e.Adapted) && e.Adapted[p.adapter] != nil {
			table = e.Adapted[p.adapter]
		}
		for i, id := range p.tokens {
			if err := table.ReadRows(x[(p.first+i)*width:][:width], int(id)); err != nil {
				return err
			}
		}
	}
	return nil
}
