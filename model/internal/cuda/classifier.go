package cuda

import (
	"iter"

	driver "github.com/medner/medner/internal/cuda"
	"github.com/medner/medner/internal/cuda/gpukernels"
	"github.com/medner/medner/model/internal/backend"
	"github.com/medner/medner/model/internal/hold"
)

// classifier is a head that scores labels. Its input is in the input type of the
// products: float32, or bf16 in the precision fast.
type classifier struct {
	weights *gpukernels.Weights // [labels, hidden]
	bias    driver.Ptr          // 0: none
}

// classifiers hands heads to the sink, each once.
func (b *builder) classifiers(list []*backend.Classifier) (all []*classifier) {
	packed := map[*backend.Classifier]*classifier{nil: nil}
	for _, c := range list {
		if _, ok := packed[c]; !ok {
			packed[c] = &classifier{weights: b.matrix(c.Weight, hold.Classifier)}
			packed[c].bias, _ = b.vector(c.Bias)
		}
		all = append(all, packed[c])
	}
	return all
}

// labels returns the number of labels under an adapter, -1 for the base; 0 if there is
// no classifier.
func (d *decoder) labels(adapter int) int {
	if adapter+1 >= len(d.classifiers) || d.classifiers[adapter+1] == nil {
		return 0
	}
	return d.classifiers[adapter+1].weights.Rows
}

// run is a stretch of asked rows under one adapter that all want scores, or none of
// which does.
type run struct{ adapter, first, n int }

// scored visits the runs of asked rows that want scores.
func (s *step) scored() iter.Seq[run] {
	return func(yield func(run) bool) {
		first := 0
		for _, p := range s.spans {
			for i := 0; i < len(p.ask); {
				n := 0
				for i+n < len(p.ask) && p.ask[i+n].Scores != nil {
					n++
				}
				if n > 0 && !yield(run{p.adapter, first + i, n}) {
					return
				}
				i += max(n, 1)
			}
			first += len(p.ask)
		}
	}
}

// writes reports whether any of n asked rows from first on wants logits or a choice.
func (s *step) writes(first, n int) bool {
	for _, r := range s.asked[first : first+n] {
		if r.Writes() {
			return true
		}
	}
	return false
}

// classify queues the scores of all rows of a step that want them, and their copies to
// the host. p.norm has the asked rows.
func (p *pass) classify(s *step, ctx driver.Context) error {
	most := p.w.tables.limits.labels
	for r := range s.scored() {
		c := p.d.classifiers[r.adapter+1]
		x := p.norm + driver.Ptr(r.first*p.d.hidden*p.k.Precision().InputBytes())
		at := 4 * r.first * most
		to := p.w.labelScores + driver.Ptr(at)
		err := p.k.MatMul(p.stream, x, gpukernels.Rows{Most: r.n}, gpukernels.Under{}, gpukernels.Product{W: c.weights, Y: to, Bias: c.bias})
		if err != nil {
			return err
		}
		if err := ctx.CopyToHost(p.w.labelScoresHost[at:][:4*r.n*c.weights.Rows], to, p.stream); err != nil {
			return err
		}
	}
	return nil
}

// readScores copies the scores that the host has by now to the rows that asked for them.
func (b *Backend) readScores(s *step) {
	most := b.work.tables.limits.labels
	for r := range s.scored() {
		labels := b.decoder.labels(r.adapter)
		scores := viewOf[float32](b.work.labelScoresHost[4*r.first*most:], r.n*labels)
		for i, row := range s.asked[r.first : r.first+r.n] {
			copy(row.Scores, scores[i*labels:][:labels])
		}
	}
}
