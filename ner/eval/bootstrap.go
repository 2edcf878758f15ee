package eval

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"

	"github.com/medner/medner/badinput"
)

// Resamples is a number of bootstrap resamples that gives steady intervals; reports
// and Compare use it.
const Resamples = 2000

// MaxResamples is the largest number of resamples that is taken: more sharpen an
// interval by less than a report shows.
const MaxResamples = 100_000

// bootstrap returns a 95 % interval for each of the values that statistic computes
// of a pick of documents: percentiles over picks with replacement. It returns nil if
// resamples is 0.
func bootstrap(ctx context.Context, documents, resamples int, statistic func(pick []int) []float64) ([]Interval, error) {
	if resamples == 0 || documents == 0 {
		return nil, nil
	}
	values, err := resample(ctx, documents, resamples, statistic)
	if err != nil {
		return nil, err
	}
	out := make([]Interval, len(values))
	for i, v := range values {
		slices.Sort(v)
		out[i] = interval95(v)
	}
	return out, nil
}

// checkResamples returns an error for a number of resamples out of bounds.
func checkResamples(n int) error {
	if n < 0 || n > MaxResamples {
		return badinput.New("", "resamples", strconv.Itoa(n), fmt.Sprintf("0 to %d", MaxResamples))
	}
	return nil
}

// resample returns, for each of the values that statistic computes, what it is for
// each of the picks of documents. The picks are always the same. It ends with an
// error when ctx does.
func resample(ctx context.Context, documents, resamples int, statistic func(pick []int) []float64) ([][]float64, error) {
	if err := checkResamples(resamples); err != nil {
		return nil, err
	}
	rng := rand.New(rand.NewPCG(5, 1992))
	pick := make([]int, documents)
	var values [][]float64
	for r := range resamples {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
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
	return values, nil
}

// interval95 returns the 2.5th and the 97.5th percentile of sorted values.
func interval95(sorted []float64) Interval {
	return Interval{Low: percentile(sorted, 0.025), High: percentile(sorted, 0.975)}
}

// percentile returns the q-quantile of sorted values, with straight lines between
// neighbours.
func percentile(sorted []float64, q float64) float64 {
	at := q * float64(len(sorted)-1)
	i := int(at)
	if i+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
}
