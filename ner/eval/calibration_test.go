package eval

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// sample draws items that are right with the probability accuracy(confidence).
func sample(n int, seed uint64, accuracy func(c float64) float64) []Graded {
	rng := rand.New(rand.NewPCG(seed, 1))
	items := make([]Graded, n)
	for i := range items {
		c := rng.Float64()
		items[i] = Graded{fmt.Sprint(i % 50), c, rng.Float64() < accuracy(c)}
	}
	return items
}

// calibrated calls Calibrate, which can't fail with so few resamples.
func calibrated(t *testing.T, items []Graded, resamples int) Calibration {
	c, err := Calibrate(t.Context(), items, resamples)
	require.NoError(t, err)
	return c
}

func TestPerfectCalibrationIsNearZeroOnceDebiased(t *testing.T) {
	plain, debiased := 0.0, 0.0
	for seed := range uint64(40) {
		c := calibrated(t, sample(450, seed, func(c float64) float64 { return c }), 0)
		plain += c.ECE / 40
		debiased += c.Debiased / 40
	}
	require.Greater(t, plain, 0.035, "the plug-in estimate is biased at this size")
	require.Less(t, debiased, 0.025)
}

func TestMiscalibrationIsFound(t *testing.T) {
	// Accuracy c² under confidence c: E|c − c²| = 1/6, E[(c − c²)²] = 1/30.
	c := calibrated(t, sample(6000, 7, func(c float64) float64 { return c * c }), 100)
	require.InDelta(t, 1.0/6, c.ECE, 0.02)
	require.InDelta(t, math.Sqrt(1.0/30), c.Debiased, 0.02)
	// E[(c − y)²] = E[c² − 2c·c² + c²] = 2/3 − 1/2.
	require.InDelta(t, 1.0/6, c.Brier, 0.02)
	require.Less(t, c.BrierCI.Low, c.Brier)
	require.Greater(t, c.BrierCI.High, c.Brier)
	require.Len(t, c.Bins, calibrationBins)
}

func TestEqualConfidencesShareABin(t *testing.T) {
	items := []Graded{{"a", 0.5, true}, {"a", 0.5, false}, {"b", 0.5, true}, {"b", 0.9, true}}
	c := calibrated(t, items, 0)
	require.Equal(t, []Bin{{0.5, 0.5, 3, 0.5, 2.0 / 3}, {0.9, 0.9, 1, 0.9, 1}}, c.Bins)
	require.Empty(t, calibrated(t, nil, 10).Bins)
}

// The interval of the calibration error covers the true error, also where it is 0.
func TestIntervalsCoverTheError(t *testing.T) {
	for _, offset := range []float64{0, 0.1} {
		covered := 0
		for seed := range uint64(40) {
			rng := rand.New(rand.NewPCG(seed, 3))
			items := make([]Graded, 200)
			for i := range items {
				c := 0.2 + 0.6*rng.Float64()
				items[i] = Graded{fmt.Sprint(i % 70), c, rng.Float64() < c-offset}
			}
			if ci := calibrated(t, items, 100).DebiasedCI; ci.Low <= offset && offset <= ci.High {
				covered++
			}
		}
		require.GreaterOrEqual(t, covered, 36, "of 40 at an error of %v", offset)
	}
}
