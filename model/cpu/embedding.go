package cpu

import (
	"github.com/medner/medner/kernels"
	"github.com/medner/medner/quant"
)

// embedding is the table of token vectors, [vocab, hidden]: its rows are read
// where the file has them.
type embedding struct {
	table   quant.Matrix
	adapted []*adaptedEmbedding
}

// adaptedEmbedding is the table under one adapter; see
// backend.AdaptedEmbedding.
type adaptedEmbedding struct {
	table   quant.Matrix     // nil: the base's
	columns []float32        // A transposed, [vocab][rank]; nil: no low-rank path
	b       *kernels.Weights // [hidden, rank]
	scale   float32
}

// forward sets x, [rows][hidden], to the vectors of all rows' tokens.
func (e *embedding) forward(s *step, x []float32) error {
	width := e.table.Cols()
	for _, p := range s.spans {
		table := e.table
		a := e.under(p.adapter)
		if a != nil && a.table != nil {
			table = a.table
		}
		rows := x[p.first*width:][:p.n*width]
		for i, id := range p.tokens {
			if err := table.ReadRows(rows[i*width:][:width], int(id)); err != nil {
				return err
			}
		}
		if a != nil && a.b != nil {
			a.add(s, rows, p.tokens)
		}
	}
	return nil
}

func (e *embedding) under(adapter int) *adaptedEmbedding {
	if adapter < 0 || adapter >= len(e.adapted) {
		return nil
	}
	return e.adapted[adapter]
}

// add adds Scale·A[:,t] Bᵀ to the rows of the tokens t.
func (a *adaptedEmbedding) add(s *step, rows []float32, tokens []int32) {
	rank := a.b.Cols()
	s.low, s.add = grow(s.low, len(tokens)*rank), grow(s.add, len(rows))
	for i, id := range tokens {
		copy(s.low[i*rank:][:rank], a.columns[int(id)*rank:])
	}
	s.partial.Reset(s.low, len(tokens), rank)
	a.b.MatMul(s.pool, s.add, &s.partial)
	kernels.AddScaled(rows, s.add, a.scale)
}
