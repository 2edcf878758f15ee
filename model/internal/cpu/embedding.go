package cpu

import "github.com/medner/medner/model/internal/backend"

// embedding is the table of token vectors: its rows are read where they are,
// in a mapped file as a rule.
type embedding struct {
	backend.Embedding
	// release gives back the memory of the file's pages that reading brought
	// in: each row may bring many, and a long run would hold the whole table
	// beside the packed weights. nil: nothing to do.
	release func()
	read    int // rows since
}

// releaseRows is after how many rows memory is given back.
const releaseRows = 64

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
			if e.read++; e.read >= releaseRows && e.release != nil {
				e.release()
				e.read = 0
			}
		}
	}
	return nil
}
