// Package hostchoice makes a [choice.Choice] from a row of logits in the host's
// memory, under a [choice.Rule].
package hostchoice

import (
	"fmt"
	"math/bits"

	"github.com/medner/medner/internal/choice"
	"github.com/medner/medner/kernels"
)

// Maker makes choices. It keeps scratch space: each goroutine needs its own.
// The zero Maker is ready.
type Maker struct {
	penalised []uint64  // bitmap of the ids whose logits the penalty changed
	raw       []float32 // their logits before, in the order of ids
	sampler   sampler
}

// Make chooses from logits, one for each id, under r, and fills in c; the memory
// of c.ProbeLogProbs is used again. The penalty is that of transformers'
// RepetitionPenaltyLogitsProcessor: each distinct id once, a negative logit
// multiplied, any other divided. The comment of sampler says how a token is drawn. The
// logits are changed meanwhile, and restored.
func (m *Maker) Make(logits []float32, r *choice.Rule, c *choice.Choice) {
	*c = choice.Choice{ProbeLogProbs: c.ProbeLogProbs[:0]}
	greatest, finite := kernels.Greatest(logits)
	if !finite {
		c.Err = notFinite(logits)
		return
	}
	penalised := m.penalise(logits, r)
	best := greatest
	if penalised || r.Allowed != nil {
		best = kernels.GreatestAllowed(logits, r.Allowed)
	}
	id := kernels.FirstEqual(logits, r.Allowed, best)
	if id >= 0 && r.Draws() {
		id = m.sampler.draw(logits, best, r)
	}
	if penalised {
		m.restore(logits)
	}
	if id < 0 {
		c.Err = choice.ErrNothingAllowed
		return
	}
	logSum := kernels.LogSumExp(logits, greatest)
	c.ID, c.LogProb = int32(id), float32(float64(logits[id])-logSum)
	for _, p := range r.Probes {
		if p < 0 || int(p) >= len(logits) {
			c.Err = fmt.Errorf("probed token %d: expected 0 to %d", p, len(logits)-1)
			return
		}
		c.ProbeLogProbs = append(c.ProbeLogProbs, float32(float64(logits[p])-logSum))
	}
}

// notFinite returns the error that names the first logit that is not finite.
func notFinite(logits []float32) error {
	for id, v := range logits {
		if v-v != 0 {
			return &choice.NotFiniteError{ID: id, Value: v}
		}
	}
	return nil
}

// penalise applies the penalty, keeps the logits that it overwrites, and
// reports whether there were any.
func (m *Maker) penalise(logits []float32, r *choice.Rule) bool {
	if r.Penalty == 0 || r.Penalty == 1 {
		return false
	}
	words := (len(logits) + 63) / 64
	m.penalised = append(m.penalised[:0], r.Penalised[:min(len(r.Penalised), words)]...)
	for len(m.penalised) < words {
		m.penalised = append(m.penalised, 0)
	}
	for _, id := range r.Drafted {
		if id >= 0 && int(id) < len(logits) {
			m.penalised[id/64] |= 1 << (id % 64)
		}
	}
	if tail := len(logits) % 64; tail != 0 {
		m.penalised[words-1] &= 1<<tail - 1
	}
	m.raw = m.raw[:0]
	for i, word := range m.penalised {
		for ; word != 0; word &= word - 1 {
			id := 64*i + bits.TrailingZeros64(word)
			v := logits[id]
			m.raw = append(m.raw, v)
			if v < 0 {
				logits[id] = v * r.Penalty
			} else {
				logits[id] = v / r.Penalty
			}
		}
	}
	return len(m.raw) > 0
}

// restore undoes penalise.
func (m *Maker) restore(logits []float32) {
	n := 0
	for i, word := range m.penalised {
		for ; word != 0; word &= word - 1 {
			logits[64*i+bits.TrailingZeros64(word)] = m.raw[n]
			n++
		}
	}
}
