package confidence

import (
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/medner/medner/badinput"
	"github.com/stretchr/testify/require"
)

func TestFeatures(t *testing.T) {
	f := Of([]float32{-0.5, -2, -0.25, -0.25}, -0.1)
	require.InDelta(t, -0.75, f.Mean, 1e-6)
	require.InDelta(t, -2, f.Min, 1e-6)
	require.InDelta(t, -0.5, f.First, 1e-6)
	require.InDelta(t, -0.1, f.End, 1e-6)
	require.InDelta(t, math.Exp(-0.85), f.Score(), 1e-6)

	weak := Of([]float32{-3}, 0)
	require.Equal(t, weak, Weaker(f, weak))
	require.Equal(t, weak, Weaker(weak, f))

	m := Merge([]Features{f, weak}, 0.5)
	require.InDelta(t, -1.875, m.Mean, 1e-6)
	require.InDelta(t, 0.5, m.Agreement, 0)

	hostile := Of([]float32{float32(math.Inf(-1)), float32(math.NaN()), 3}, math.Inf(-1))
	require.False(t, math.IsNaN(hostile.Score()))
	require.InDelta(t, least, hostile.Min, 0)
}

// TestIsotonic compares with the min-max formula for the best non-decreasing fit: at
// each point, for each run that begins there or before, take the least mean over
// where the run ends; the fit is the largest of these.
func TestIsotonic(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 4))
	for range 200 {
		n := 1 + rng.IntN(12)
		points := make([]Block, n)
		for i := range points {
			points[i] = Block{float64(i), float64(i), float64(rng.IntN(2)), 1 + float64(rng.IntN(3))}
		}
		mean := func(a, b int) float64 {
			sum, w := 0.0, 0.0
			for _, p := range points[a : b+1] {
				sum += p.Value * p.Count
				w += p.Count
			}
			return sum / w
		}
		c := Curve{Weights: [dims]float64{0, 1}, Blocks: isotonic(points)}
		for i := range points {
			want := math.Inf(-1)
			for a := 0; a <= i; a++ {
				least := math.Inf(1)
				for b := i; b < n; b++ {
					least = min(least, mean(a, b))
				}
				want = max(want, least)
			}
			got := c.Apply(Features{Mean: float64(i)})
			require.InDelta(t, want, got, 1e-12, "%v at %d", points, i)
		}
		require.NoError(t, c.check())
	}
}

// synthetic returns items that are right with a probability that depends on two
// features, and that probability for each.
func synthetic(n int, seed uint64) (samples []Sample, truth []float64) {
	rng := rand.New(rand.NewPCG(seed, 9))
	for i := range n {
		tokens := []float32{float32(-rng.ExpFloat64()), float32(-rng.ExpFloat64())}
		f := Of(tokens, -rng.ExpFloat64())
		p := 1 / (1 + math.Exp(-(2 + 2*f.Mean + f.End)))
		samples = append(samples, Sample{f, rng.Float64() < p, string(rune('a' + i/20))})
		truth = append(truth, p)
	}
	return samples, truth
}

func TestFitFindsTheProbabilities(t *testing.T) {
	samples, truth := synthetic(4000, 1)
	c := Fit(samples)
	require.NoError(t, c.check())
	fitted, crossed := 0.0, 0.0
	for i, p := range CrossFit(samples, 5) {
		crossed += math.Abs(p-truth[i]) / float64(len(samples))
		fitted += math.Abs(c.Apply(samples[i].Features)-truth[i]) / float64(len(samples))
	}
	require.Less(t, fitted, 0.04)
	require.Less(t, crossed, 0.05)
	require.Greater(t, c.Weights[1], 0.0)
	for _, b := range c.Blocks {
		require.True(t, b.Value > 0 && b.Value < 1, "%v", b)
	}
}

func TestThreshold(t *testing.T) {
	samples, _ := synthetic(4000, 2)
	c := Fit(samples)
	for _, precision := range []float64{0.5, 0.7, 0.8} {
		threshold, ok := c.Threshold(precision)
		require.True(t, ok)
		right, all := 0.0, 0.0
		for _, s := range samples {
			if c.Apply(s.Features) >= threshold {
				right += outcome(s.Correct)
				all++
			}
		}
		require.GreaterOrEqual(t, right/all, precision-0.01)
		require.Greater(t, all, 50.0)
	}
	_, ok := c.Threshold(1)
	require.False(t, ok)
}

func TestFewSamples(t *testing.T) {
	require.Nil(t, Fit(nil))
	one := []Sample{{Of([]float32{-1}, -1), true, "a"}}
	p := Fit(one).Apply(one[0].Features)
	require.True(t, p > 0 && p <= 1)
	require.True(t, math.IsNaN(CrossFit(one, 5)[0]))
	same := slices.Repeat(one, 10)
	same[3].Correct = false
	require.InDelta(t, 0.9, Fit(same).Apply(one[0].Features), 0.01)
}

func TestFile(t *testing.T) {
	samples, _ := synthetic(200, 3)
	c := &Calibration{Key: Key{"m", "a", "simple", "f32", "penalty 1"}, Tasks: map[string]*Curve{"chemicals": Fit(samples)}}
	data, err := c.Marshal()
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "c.json")
	require.NoError(t, os.WriteFile(path, data, 0o600))
	read, err := Load(path)
	require.NoError(t, err)
	require.Equal(t, c, read)
	for _, bad := range []string{
		``, `[]`, `{}`, `{"schema":"medner-calibration/2"}`, `{"schema":"medner-calibration/1"}`,
		`{"schema":"medner-calibration/1","tasks":{"diseases":null}}`,
		`{"schema":"medner-calibration/1","tasks":{"diseases":{"blocks":[{"low":1,"high":0,"value":0,"count":1}]}}}`,
		`{"schema":"medner-calibration/1","tasks":{"diseases":{"blocks":[{"low":0,"high":1,"value":2,"count":1}]}}}`,
		`{"schema":"medner-calibration/1","tasks":{"diseases":{"blocks":[{"low":0,"high":1,"value":0.5,"count":1},{"low":2,"high":3,"value":0.4,"count":1}]}}}`,
	} {
		_, err := Parse("c.json", []byte(bad))
		var typed *badinput.Error
		require.True(t, errors.As(err, &typed), "%s: %v", bad, err)
	}
}
