package cpu

import (
	"fmt"

	"github.com/medner/medner/kernels"
	"github.com/medner/medner/model/internal/backend"
	"github.com/medner/medner/model/internal/hold"
)

// classifiers packs the heads that score labels. Adapters that share a head share its
// memory.
func (p *packer) classifiers(list []*backend.Classifier) ([]*linear, error) {
	packed := map[*backend.Classifier]*linear{nil: nil}
	var all []*linear
	for _, c := range list {
		if _, ok := packed[c]; !ok {
			w, err := p.matrix(c.Weight, hold.Classifier)
			if err != nil {
				return nil, fmt.Errorf("pack the classifier: %w", err)
			}
			packed[c] = &linear{weights: w, bias: c.Bias}
		}
		all = append(all, packed[c])
	}
	return all, nil
}

// classify fills in the scores that are asked at the rows of s.norm. Each run of rows
// under one adapter is one product.
func (d *decoder) classify(s *step) {
	for _, g := range s.groups {
		for first := g.first; first < g.first+g.n; {
			n := 0
			for first+n < g.first+g.n && s.asked[first+n].Scores != nil {
				n++
			}
			if n == 0 {
				first++
				continue
			}
			d.score(s, d.classifiers[g.adapter+1], first, n)
			first += n
		}
	}
}

// score computes the scores of the n rows from first on.
func (d *decoder) score(s *step, head *linear, first, n int) {
	labels := head.out()
	s.scores = grow(s.scores, n*labels)
	x := s.norm[first*d.width:][:n*d.width]
	s.exact.Reset(x, n, d.width)
	s.exact.MatMul(s.pool, kernels.Product{W: head.weights, Y: s.scores})
	for i, r := range s.asked[first : first+n] {
		scores := s.scores[i*labels:][:labels]
		if head.bias != nil {
			kernels.Add(scores, head.bias)
		}
		copy(r.Scores, scores)
	}
}

// writing drops the rows of s.norm and s.asked that want neither logits nor a choice,
// and returns the groups of the others.
func (s *step) writing(width int) []group {
	s.writers = s.writers[:0]
	kept := 0
	for _, g := range s.groups {
		left := group{g.adapter, kept, 0}
		for i := g.first; i < g.first+g.n; i++ {
			if !s.asked[i].Writes() {
				continue
			}
			if i != kept {
				s.asked[kept] = s.asked[i]
				copy(s.norm[kept*width:][:width], s.norm[i*width:][:width])
			}
			kept++
			left.n++
		}
		if left.n > 0 {
			s.writers = append(s.writers, left)
		}
	}
	clear(s.asked[kept:])
	s.asked = s.asked[:kept]
	return s.writers
}
