package confidence

import "math"

// Features describe how sure a model was of an item. All but Agreement are
// natural logarithms of probabilities, from -20 to 0.
type Features struct {
	Mean, Min float64 // over the item's tokens
	First     float64 // of the item's first token
	End       float64 // of what ends the item, a line end or the answer's end
	// Agreement is the share of an ensemble's prompts under which the item was
	// written; 1 without an ensemble.
	Agreement float64
}

// least bounds log-probabilities from below, so that one token that a mask
// forced on the model doesn't outweigh every other feature.
const least = -20

// Of returns the features of an item: tokens are the log-probabilities of its
// tokens, at least one, and end is that of the line end, or end of the answer, after
// them. NaN counts as impossible.
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

// OfSpan returns the features of a span that a token classifier's labels say, by
// the logarithms of four probabilities: that of a mention of its type that begins
// where it does, that of one that begins there and has all of its tokens, that of
// its end given these, and that of the least likely of its tokens' labels. Mean
// and End then add up to the logarithm of the span's own probability, so that
// [Features.Score] is that probability.
func OfSpan(begins, covers, ends, weakest float64) Features {
	return Features{Mean: clamp(covers), Min: clamp(weakest), First: clamp(begins), End: clamp(ends), Agreement: 1}
}

func clamp(p float64) float64 {
	if math.IsNaN(p) {
		return least
	}
	return min(0, max(least, p))
}

// Score ranks items without a calibration: the geometric mean of the
// probabilities of the tokens, times that of the end, times the agreement. It is
// from 0 to 1, but no probability.
func (f Features) Score() float64 {
	return math.Exp(f.Mean+f.End) * f.Agreement
}

// Weaker returns the one of two features that has the lower score.
func Weaker(a, b Features) Features {
	if b.Score() < a.Score() {
		return b
	}
	return a
}

// Merge returns the features of an item that was written under several prompts,
// whose share among all prompts is agreement: the means of its features there.
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

// vector returns the features as the regression takes them, after a constant.
func (f Features) vector() [dims]float64 {
	return [dims]float64{1, f.Mean, f.Min, f.First, f.End, f.Agreement}
}

const dims = 6
