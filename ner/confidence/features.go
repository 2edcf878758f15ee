package confidence

import "math"

// Features describe how surely an item was written; all but Agreement are
// natural logarithms of probabilities.
type Features struct {
	Mean, Min float64 // over the item's tokens
	First     float64 // of the item's first token
	End       float64 // of what ends an item, after the last token
	// Agreement is the share of an ensemble's prompts under which the item was
	// written; 1 without an ensemble.
	Agreement float64
}

// least bounds log-probabilities from below, so that one impossible token
// (allowed by a mask alone) doesn't swamp every other feature.
const least = -20

// Of describes an item of the given tokens' log-probabilities (at least one)
// and its end's.
func Of(tokens []float32, end float64) Features {
	f := Features{Min: math.Inf(1), Agreement: 1}
	for i, t := range tokens {
		p := clamp(float64(t))
		if i == 0 {
			f.First = p
		}
		f.Mean += p / float64(len(tokens))
		f.Min = min(f.Min, p)
	}
	f.End = clamp(end)
	return f
}

func clamp(p float64) float64 {
	if math.IsNaN(p) {
		return least
	}
	return min(0, max(least, p))
}

// Score joins the features without calibration: the geometric mean of the
// token probabilities times the end's, times the agreement. It is between 0 and
// 1 but no probability.
func (f Features) Score() float64 {
	return math.Exp(f.Mean+f.End) * f.Agreement
}

// Weaker is the side of a pair with the lower score.
func Weaker(a, b Features) Features {
	if b.Score() < a.Score() {
		return b
	}
	return a
}

// Merge describes an item written under several prompts, of which agreement is
// the share: the means of its features.
func Merge(all []Features, agreement float64) Features {
	var f Features
	for _, g := range all {
		n := float64(len(all))
		f.Mean += g.Mean / n
		f.Min += g.Min / n
		f.First += g.First / n
		f.End += g.End / n
	}
	f.Agreement = agreement
	return f
}

// vector is the features as a regression sees them.
func (f Features) vector() [dims]float64 {
	return [dims]float64{1, f.Mean, f.Min, f.First, f.End, f.Agreement}
}

const dims = 6
