package eval

import (
	"math/rand/v2"
	"slices"
)

// Resamples is the number of bootstrap resamples that reports use.
const Resamples = 2000

// bootstrap resamples documents with replacement and returns the 2.5th and
// 97.5th percentiles of each of statistic's values; nil without resamples.
func bootstrap(documents, resamples int, statistic func(pick []int) []float64) []Interval {
	if resamples == 0 || documents == 0 {
		return nil
	}
	values := resample(documents, resamples, statistic)
	out := make([]Interval, len(values))
	for i, v := range values {
		slices.Sort(v)
		out[i] = Interval{percentile(v, 0.025), percentile(v, 0.975)}
	}
	return out
}

// resample returns, for each of statistic's values, its resampled ones.
func resample(documents, resamples int, statistic func(pick []int) []float64) [][]float64 {
	rng := rand.New(rand.NewPCG(5, 1992))
	pick := make([]int, documents)
	var values [][]float64
	for r := range resamples {
		for i := range pick {
			pick[i] = rng.IntN(documents)
		}
		for i, v := range statistic(pick) {
			if r == 0 {
				values = append(values, make([]float64, 0, resamples))
			}
			values[i] = append(values[i], v)
		}
	}
	return values
}

// percentile interpolates linearly between the ranks of sorted values.
func percentile(sorted []float64, q float64) float64 {
	at := q * float64(len(sorted)-1)
	i := int(at)
	if i+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
}
