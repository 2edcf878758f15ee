package hostchoice

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/internal/choice"
)

// TestDistribution: ids are drawn as often as their probabilities say. Seeds
// are fixed, so that the test can't fail by chance.
func TestDistribution(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	logits := random(r, 200)
	for i := range logits {
		logits[i] *= 2
	}
	const draws = 40_000
	for _, s := range []choice.Sampling{
		{Temperature: 1}, {Temperature: 0.6}, {Temperature: 1.4, TopK: 12}, {Temperature: 1, TopP: 0.8}, {Temperature: 2, TopK: 50, TopP: 0.9},
	} {
		for _, over := range []string{"positions", "seeds"} {
			var m Maker
			var c choice.Choice
			rule := choice.Rule{Penalty: 1.2, Penalised: []uint64{0xf0f0}, Sampling: s}
			counts := map[int32]int{}
			for i := range draws {
				if over == "seeds" {
					rule.Seed, rule.Position = uint64(i), 77
				} else {
					rule.Seed, rule.Position = 3, i
				}
				m.Make(logits, &rule, &c)
				counts[c.ID]++
			}
			// Ids that are expected less than ten times count as one.
			var chi, restExpected float64
			rest, degrees := 0, -1
			add := func(expected float64, count int) {
				chi += (float64(count) - expected) * (float64(count) - expected) / expected
				degrees++
			}
			for id, p := range naiveKept(logits, &rule) {
				if expected := p * draws; expected >= 10 {
					add(expected, counts[id])
				} else {
					rest, restExpected = rest+counts[id], restExpected+expected
				}
				delete(counts, id)
			}
			if restExpected > 0 {
				add(restExpected, rest)
			}
			require.Empty(t, counts, "drawn, but not kept")
			// Normal approximation: 4 standard deviations above the mean.
			limit := float64(degrees) + 4*math.Sqrt(2*float64(degrees))
			t.Logf("%+v over %s: χ² of %.0f with %d degrees of freedom", s, over, chi, degrees)
			require.Less(t, chi, limit, "%+v over %s", s, over)
		}
	}
}

// fraction is uniform as a number in [0, 1).
func fraction(seed uint64, position int) float64 {
	return math.Ldexp(float64(uniform(seed, position)), -uniformBits)
}

// TestUniform pins the numbers, which are the same everywhere, and looks at
// how they are spread.
func TestUniform(t *testing.T) {
	require.Equal(t, []float64{0.28176129772258496, 0.6524484863740322, 0.8628561488610587},
		[]float64{fraction(0, 0), fraction(0, 1), fraction(1, 0)})
	for _, stride := range []struct{ seed, position int }{{0, 1}, {1, 0}, {1, 1}, {1 << 32, 0}} {
		var counts [64]int
		const n = 64_000
		for i := range n {
			u := fraction(uint64(i*stride.seed), i*stride.position)
			require.True(t, u >= 0 && u < 1)
			counts[int(64*u)]++
		}
		chi := 0.0
		for _, c := range counts {
			chi += float64((c-n/64)*(c-n/64)) / (n / 64)
		}
		require.Less(t, chi, 63+4*math.Sqrt(2*63), "%+v", stride)
		require.Greater(t, chi, 63-4*math.Sqrt(2*63), "%+v", stride)
	}
}
