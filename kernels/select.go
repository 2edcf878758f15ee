package kernels

import (
	"fmt"
	"math"
	"math/bits"
)

// Selection is one greedy choice: the penalty and mask it is made under, and
// the outcome. Bitmaps hold id i in bit i%64 of word i/64; they may be
// shorter than the vocabulary, the rest being zeros.
type Selection struct {
	// In.
	Penalty float32  // transformers' repetition penalty; 1 (or 0) = none
	Seen    []uint64 // bitmap of the ids penalised
	Also    []int32  // further ids penalised
	Allowed []uint64 // bitmap of the ids that may be chosen; nil: all
	Probe   []int32  // ids whose log-probability is wanted too

	// Out.
	ID            int32   // the best penalised, allowed logit; the lowest id of equals
	LogProb       float32 // of ID, by the raw logits, before penalty and mask
	ProbeLogProbs []float32
}

// NonFiniteError is a logit that is NaN or infinite.
type NonFiniteError struct {
	ID    int
	Value float32
}

func (e *NonFiniteError) Error() string {
	return fmt.Sprintf("the logit of token %d is %v, not a finite number", e.ID, e.Value)
}

// Selector makes greedy choices; it keeps scratch space, so each goroutine
// needs its own. The zero Selector is ready.
type Selector struct {
	marked []uint64
	raw    []float32
}

// Select fills in the outcome of s over raw logits, one per id. The penalty
// is transformers' RepetitionPenaltyLogitsProcessor: each distinct id once, a
// negative logit multiplied, any other divided. Log-probabilities cost a pass
// of exponentials and are computed if logProb is set or s has probes; else
// LogProb is NaN. The logits are changed meanwhile, and restored.
func (w *Selector) Select(logits []float32, s *Selection, logProb bool) error {
	ops := vec()
	greatest, finite := ops.scan(logits)
	if !finite {
		for i, v := range logits {
			if v-v != 0 {
				return &NonFiniteError{ID: i, Value: v}
			}
		}
	}
	penalised := w.penalise(logits, s)
	best := greatest
	if penalised || s.Allowed != nil {
		best = ops.maxAllowed(logits, s.Allowed)
	}
	id := ops.firstEqual(logits, s.Allowed, best)
	if penalised {
		w.restore(logits)
	}
	if id < 0 {
		return fmt.Errorf("none of %d tokens is allowed", len(logits))
	}
	s.ID, s.LogProb = int32(id), float32(math.NaN())
	s.ProbeLogProbs = s.ProbeLogProbs[:0]
	if !logProb && len(s.Probe) == 0 {
		return nil
	}
	lse := logSumExp(logits, greatest)
	s.LogProb = float32(float64(logits[id]) - lse)
	for _, p := range s.Probe {
		if p < 0 || int(p) >= len(logits) {
			return fmt.Errorf("probed token %d is not one of %d", p, len(logits))
		}
		s.ProbeLogProbs = append(s.ProbeLogProbs, float32(float64(logits[p])-lse))
	}
	return nil
}

// penalise applies the penalty, remembering what it overwrites, and says
// whether there was any.
func (w *Selector) penalise(logits []float32, s *Selection) bool {
	if s.Penalty == 0 || s.Penalty == 1 {
		return false
	}
	words := (len(logits) + 63) / 64
	w.marked = append(w.marked[:0], s.Seen[:min(len(s.Seen), words)]...)
	for len(w.marked) < words {
		w.marked = append(w.marked, 0)
	}
	for _, id := range s.Also {
		if id >= 0 && int(id) < len(logits) {
			w.marked[id/64] |= 1 << (id % 64)
		}
	}
	if tail := len(logits) % 64; tail != 0 {
		w.marked[words-1] &= 1<<tail - 1
	}
	w.raw = w.raw[:0]
	for i, word := range w.marked {
		for ; word != 0; word &= word - 1 {
			id := 64*i + bits.TrailingZeros64(word)
			v := logits[id]
			w.raw = append(w.raw, v)
			if v < 0 {
				logits[id] = v * s.Penalty
			} else {
				logits[id] = v / s.Penalty
			}
		}
	}
	return len(w.raw) > 0
}

func (w *Selector) restore(logits []float32) {
	n := 0
	for i, word := range w.marked {
		for ; word != 0; word &= word - 1 {
			logits[64*i+bits.TrailingZeros64(word)] = w.raw[n]
			n++
		}
	}
}

// scanGo returns the greatest of x, -Inf of none, and whether all are finite;
// where not, the greatest means nothing.
func scanGo(x []float32) (greatest float32, finite bool) {
	greatest, finite = float32(math.Inf(-1)), true
	for _, v := range x {
		if v > greatest {
			greatest = v
		}
		if v-v != 0 {
			finite = false
		}
	}
	return greatest, finite
}

// maxAllowedGo returns the greatest of the x that the bitmap allows (nil:
// all), -Inf of none.
func maxAllowedGo(x []float32, allowed []uint64) float32 {
	m := float32(math.Inf(-1))
	if allowed == nil {
		for _, v := range x {
			if v > m {
				m = v
			}
		}
		return m
	}
	for i, word := range allowed {
		for ; word != 0; word &= word - 1 {
			at := 64*i + bits.TrailingZeros64(word)
			if at >= len(x) {
				break
			}
			if x[at] > m {
				m = x[at]
			}
		}
	}
	return m
}

// firstEqualGo returns the first index of an allowed value equal to v, -1 of
// none.
func firstEqualGo(x []float32, allowed []uint64, v float32) int {
	if allowed == nil {
		for i, w := range x {
			if w == v {
				return i
			}
		}
		return -1
	}
	for i, word := range allowed {
		for ; word != 0; word &= word - 1 {
			at := 64*i + bits.TrailingZeros64(word)
			if at >= len(x) {
				break
			}
			if x[at] == v {
				return at
			}
		}
	}
	return -1
}
