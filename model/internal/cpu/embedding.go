package cpu

import "github.com/medner/medner/model/internal/backend"

// embedding is the table of token vectors. It isn't packed: rows are read from where
// they are, as a rule a mapped file.
type embedding struct {
	backend.Embedding
	// release gives back the memory of the file's pages that were read. A row may
	// bring in many of them, and a long run would hold the whole table in memory
	// beside the packed weights. nil: nothing to do.
	release func()
	read    int // rows read since the last release
}

// releaseRows is the number of rows read between two releases.
const releaseRows = 64

// forward sets x, [rows][hidden], to the vectors of the rows' tokens.
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
