package eval

import (
	"context"
	"math"
	"slices"
)

// Graded is a predicted item that is known to be right or wrong.
type Graded struct {
	Document   string
	Confidence float64 // from 0 to 1
	Correct    bool    // gold has the item
}

// Calibration says how far confidences can be read as probabilities.
//
// ECE is the expected calibration error Σ n_b/n · |accuracy_b − confidence_b|
// over bins of equally many items. It is too high, for a bin shows a gap by chance
// alone. Debiased is the estimate of Kumar, Liang and Ma (Verified Uncertainty
// Calibration, NeurIPS 2019), √ Σ n_b/n · (gap_b² − a_b(1−a_b)/(n_b−1)) with
// accuracies a_b. It is unbiased under the root, and, as it is a root mean square,
// at least as large as the true ECE. Its interval has percentiles of a bootstrap,
// corrected for their bias. Brier is the mean squared difference between the
// confidence and 1 or 0, for right or wrong.
type Calibration struct {
	Items      int       `json:"items"`
	ECE        float64   `json:"ece"`
	Debiased   float64   `json:"ece_debiased"`
	DebiasedCI *Interval `json:"ece_debiased_ci95,omitempty"`
	Brier      float64   `json:"brier"`
	BrierCI    *Interval `json:"brier_ci95,omitempty"`
	Bins       []Bin     `json:"bins"`
}

// Bin is a point of a reliability diagram: items of similar confidence.
type Bin struct {
	Low        float64 `json:"low"`  // the least confidence
	High       float64 `json:"high"` // the largest
	Count      int     `json:"count"`
	Confidence float64 `json:"confidence"` // the mean
	Accuracy   float64 `json:"accuracy"`   // the share of right items
}

// calibrationBins is the number of bins of a reliability diagram.
const calibrationBins = 10

// Calibrate measures how far the confidences of items are probabilities. There are
// no intervals if resamples is 0. Documents are resampled and not items, since the
// items of one article are alike.
func Calibrate(ctx context.Context, items []Graded, resamples int) (Calibration, error) {
	var byDocument [][]Graded
	index := map[string]int{}
	for _, it := range items {
		i, ok := index[it.Document]
		if !ok {
			i = len(byDocument)
			index[it.Document] = i
			byDocument = append(byDocument, nil)
		}
		byDocument[i] = append(byDocument[i], it)
	}
	c := Calibration{Items: len(items), Bins: bins(items), Brier: brier(items)}
	var square, debiased float64
	c.ECE, square, debiased = calibrationError(c.Bins)
	c.Debiased = root(debiased)
	intervals, err := bootstrap(ctx, len(byDocument), resamples, func(pick []int) []float64 {
		var sample []Graded
		for _, i := range pick {
			sample = append(sample, byDocument[i]...)
		}
		_, _, debiased := calibrationError(bins(sample))
		return []float64{debiased, brier(sample)}
	})
	if err != nil {
		return Calibration{}, err
	}
	if intervals != nil {
		// square is the items' own squared error, which chance has added to, and
		// debiased estimates that of the population they were drawn from. A resample
		// is drawn from the items: its debiased error estimates square, and is too
		// high by what chance added.
		chance := square - debiased
		c.DebiasedCI = &Interval{Low: root(intervals[0].Low - chance), High: root(intervals[0].High - chance)}
		c.BrierCI = &intervals[1]
	}
	return c, nil
}

// root returns √x, and 0 for x below 0.
func root(x float64) float64 { return math.Sqrt(max(0, x)) }

// brier returns the mean squared difference between confidence and outcome.
func brier(items []Graded) float64 {
	sum := 0.0
	for _, it := range items {
		d := it.Confidence - outcome(it)
		sum += d * d
	}
	return ratio(sum, float64(len(items)))
}

func outcome(g Graded) float64 {
	if g.Correct {
		return 1
	}
	return 0
}

// bins sorts the items by confidence and cuts them into bins of about equally many.
// Items of equal confidence are in one bin.
func bins(items []Graded) []Bin {
	sorted := slices.Clone(items)
	slices.SortStableFunc(sorted, func(a, b Graded) int {
		switch {
		case a.Confidence < b.Confidence:
			return -1
		case a.Confidence > b.Confidence:
			return 1
		}
		return 0
	})
	var out []Bin
	for from := 0; from < len(sorted); {
		to := max(from+1, len(sorted)*(len(out)+1)/calibrationBins)
		for to < len(sorted) && sorted[to].Confidence == sorted[to-1].Confidence {
			to++
		}
		b := Bin{Low: sorted[from].Confidence, High: sorted[to-1].Confidence, Count: to - from}
		for _, it := range sorted[from:to] {
			b.Confidence += it.Confidence
			b.Accuracy += outcome(it)
		}
		b.Confidence /= float64(b.Count)
		b.Accuracy /= float64(b.Count)
		out = append(out, b)
		from = to
	}
	return out
}

// calibrationError returns the ECE of bins, the mean of their squared gaps, and
// that mean debiased.
func calibrationError(bins []Bin) (plain, square, debiased float64) {
	n := 0.0
	for _, b := range bins {
		n += float64(b.Count)
	}
	for _, b := range bins {
		gap, share := math.Abs(b.Accuracy-b.Confidence), float64(b.Count)/n
		plain += share * gap
		square += share * gap * gap
		if b.Count > 1 {
			debiased -= share * b.Accuracy * (1 - b.Accuracy) / float64(b.Count-1)
		}
	}
	return plain, square, square + debiased
}
