package hostchoice

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/internal/choice"
	"github.com/medner/medner/kernels"
)

func bitmapOf(ids []int32) []uint64 {
	if ids == nil {
		return nil
	}
	b := make([]uint64, slices.Max(ids)/64+1)
	for _, id := range ids {
		b[id/64] |= 1 << (id % 64)
	}
	return b
}

// penalised returns the logits under r's penalty.
func penalised(logits []float32, r *choice.Rule) []float32 {
	var m Maker
	scores := slices.Clone(logits)
	m.penalise(scores, r)
	return scores
}

// keptOf returns what s leaves of logits, and its probabilities.
func keptOf(s *sampler, logits []float32, r *choice.Rule) (ids []int32, probabilities []float64) {
	scores := penalised(logits, r)
	s.keep(scores, kernels.GreatestAllowed(scores, r.Allowed), r)
	for _, c := range s.candidates {
		ids = append(ids, c.id)
		probabilities = append(probabilities, float64(c.weight)/float64(s.sum()))
	}
	return ids, probabilities
}

// TestWarpers compares what is drawn from with what transformers' warpers leave
// (scripts/sampling_goldens.py).
func TestWarpers(t *testing.T) {
	data, err := os.ReadFile("testdata/warpers.json")
	require.NoError(t, err)
	var golden struct {
		Rows  map[string][]float32
		Cases []struct {
			Row           string
			Temperature   float64
			TopK          int     `json:"top_k"`
			TopP          float64 `json:"top_p"`
			Penalty       float32
			Penalised     []int32
			Allowed       []int32
			Kept          []int32
			Probabilities []float64
		}
	}
	require.NoError(t, json.Unmarshal(data, &golden))
	require.Len(t, golden.Cases, 70)
	var s sampler
	for _, c := range golden.Cases {
		r := choice.Rule{
			Penalty: c.Penalty, Penalised: bitmapOf(c.Penalised), Allowed: bitmapOf(c.Allowed),
			Sampling: choice.Sampling{Temperature: c.Temperature, TopK: c.TopK, TopP: c.TopP},
		}
		ids, probabilities := keptOf(&s, golden.Rows[c.Row], &r)
		require.Equal(t, c.Kept, ids, "%s %+v", c.Row, r.Sampling)
		for i, p := range c.Probabilities {
			require.InDelta(t, p, probabilities[i], 2e-6, "%s %+v: id %d", c.Row, r.Sampling, ids[i])
		}
	}
}

// naiveKept does what sampler says, in float64 and without short cuts.
func naiveKept(logits []float32, r *choice.Rule) map[int32]float64 {
	type candidate struct {
		id            int32
		logit, weight float64
	}
	scores := penalised(logits, r)
	greatest := math.Inf(-1)
	var all []candidate
	for id, l := range scores {
		if r.Allowed == nil || id/64 < len(r.Allowed) && r.Allowed[id/64]>>(id%64)&1 == 1 {
			all = append(all, candidate{int32(id), float64(l), 0})
			greatest = max(greatest, float64(l))
		}
	}
	for i := range all {
		all[i].weight = math.Exp((all[i].logit - greatest) / r.Temperature)
	}
	slices.SortStableFunc(all, func(a, b candidate) int { // ids ascend already
		switch {
		case a.logit < b.logit:
			return -1
		case a.logit > b.logit:
			return 1
		}
		return 0
	})
	if k := r.TopK; k > 0 && k < len(all) {
		least := all[len(all)-k].logit
		all = slices.DeleteFunc(all, func(c candidate) bool { return c.logit < least })
	}
	var total, sum float64
	for _, c := range all {
		total += c.weight
	}
	for r.TopP > 0 && r.TopP < 1 && len(all) > 1 {
		if sum += all[0].weight; sum > (1-r.TopP)*total {
			break
		}
		all = all[1:]
	}
	kept := map[int32]float64{}
	total = 0
	for _, c := range all {
		total += c.weight
	}
	for _, c := range all {
		kept[c.id] = c.weight / total
	}
	return kept
}

// randomSampling returns one of many ways to draw.
func randomSampling(r *rand.Rand) choice.Sampling {
	s := choice.Sampling{Temperature: []float64{0.2, 0.7, 1, 1.9}[r.IntN(4)], Seed: r.Uint64(), Position: r.IntN(5000)}
	s.TopK = []int{0, 0, 1, 7, 40, 5000}[r.IntN(6)]
	s.TopP = []float64{0, 1, 0.05, 0.5, 0.9, 0.99}[r.IntN(6)]
	return s
}

// TestDrawsFollowTheDefinition: the id drawn is the one whose part of [0, 1)
// has the number of its seed and position, among the naive oracle's.
func TestDrawsFollowTheDefinition(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	var m Maker
	var c choice.Choice
	for trial := range 2000 {
		n := []int{1, 5, 64, 130, 1000}[trial%5]
		logits := random(r, n)
		for i := range logits {
			logits[i] *= 3
			if trial%3 == 0 {
				logits[i] = float32(math.Round(float64(logits[i])))
			}
		}
		rule := randomRule(r, n, trial)
		rule.Sampling = randomSampling(r)
		before := slices.Clone(logits)
		m.Make(logits, &rule, &c)
		require.Equal(t, before, logits)
		kept := naiveKept(logits, &rule)
		if len(kept) == 0 {
			require.ErrorIs(t, c.Err, choice.ErrNothingAllowed)
			continue
		}
		require.NoError(t, c.Err)
		u, sum, want := fraction(rule.Seed, rule.Position), 0.0, int32(-1)
		for id := range int32(n) {
			if p, ok := kept[id]; ok && want < 0 {
				if sum += p; sum > u {
					want = id
				}
			}
		}
		require.Equal(t, want, c.ID, "trial %d: %+v", trial, rule.Sampling)
		_, logProb := naive(logits, choice.Rule{})
		best := slices.Index(logits, slices.Max(logits))
		near(t, "log-probability", c.LogProb, logProb+float64(logits[c.ID])-float64(logits[best]))
	}
}

// TestNearlyGreedy: with one id left, or next to no temperature, the draw is
// the greedy choice.
func TestNearlyGreedy(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	var m Maker
	for trial := range 200 {
		logits := random(r, 300)
		greedy := randomRule(r, 300, trial)
		var want choice.Choice
		m.Make(logits, &greedy, &want)
		for _, s := range []choice.Sampling{
			{Temperature: 1.7, TopK: 1}, {Temperature: 1e-6}, {Temperature: 5e-324}, {Temperature: 1, TopP: 1e-300}, {Temperature: math.MaxFloat64, TopK: 1},
		} {
			rule, got := greedy, choice.Choice{}
			rule.Sampling = s
			rule.Seed, rule.Position = uint64(trial), trial
			m.Make(logits, &rule, &got)
			require.Equal(t, want, got, "%+v", s)
		}
	}
}

// TestThreshold compares with sorting, ties and zeros of both signs included.
func TestThreshold(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	var s sampler
	for trial := range 300 {
		s.candidates = s.candidates[:0]
		var total uint64
		for id, x := range random(r, 1+r.IntN(200)) {
			if trial%2 == 0 {
				x = float32(math.Round(float64(2*x))) / 2
			}
			c := candidate{int32(id), keyOf(x), 1 + r.Uint64N(5)}
			s.candidates = append(s.candidates, c)
			total += c.weight
		}
		sorted := slices.Clone(s.candidates)
		slices.SortFunc(sorted, func(a, b candidate) int { return int(int64(a.key) - int64(b.key)) })
		limit := r.Uint64N(total)
		key, below := s.threshold(limit, func(c *candidate) uint64 { return c.weight })
		var want, through uint64
		for _, c := range sorted {
			if c.key < key {
				want += c.weight
			}
			if c.key <= key {
				through += c.weight
			}
		}
		if below != want || below > limit || through <= limit {
			t.Fatalf("limit %d: %d below the key, reported as %d, and %d through it", limit, want, below, through)
		}
	}
	if keyOf(0) != keyOf(float32(math.Copysign(0, -1))) || keyOf(-1) >= keyOf(0) || keyOf(-2) >= keyOf(-1) || keyOf(1) >= keyOf(2) {
		t.Error("keys are out of order")
	}
}

func TestDrawAllocatesNothing(t *testing.T) {
	var m Maker
	var c choice.Choice
	logits := random(rand.New(rand.NewPCG(1, 1)), 4096)
	rule := choice.Rule{Penalty: 1.2, Penalised: []uint64{9}, Sampling: choice.Sampling{Temperature: 1.2, TopK: 500, TopP: 0.9}}
	if n := testing.AllocsPerRun(50, func() { rule.Position++; m.Make(logits, &rule, &c) }); n != 0 {
		t.Fatalf("%v allocations", n)
	}
}

func BenchmarkDraw(b *testing.B) {
	logits := random(rand.New(rand.NewPCG(1, 1)), 128256)
	for i := range logits {
		logits[i] *= 3
	}
	for name, s := range map[string]choice.Sampling{
		"greedy": {}, "temperature": {Temperature: 1}, "top-k": {Temperature: 1, TopK: 50}, "top-p": {Temperature: 1, TopP: 0.9},
		"both": {Temperature: 1, TopK: 50, TopP: 0.9}, "top-p, hot": {Temperature: 2, TopP: 0.999},
	} {
		b.Run(name, func(b *testing.B) {
			var m Maker
			var c choice.Choice
			rule := choice.Rule{Sampling: s}
			for b.Loop() {
				m.Make(logits, &rule, &c)
			}
		})
	}
}

// TestDrawsAreTheSameEverywhere pins what is drawn, on every architecture.
func TestDrawsAreTheSameEverywhere(t *testing.T) {
	logits := make([]float32, 3000)
	for i := range logits {
		logits[i] = float32(int(mix(uint64(i))%2001)-1000) / 150
	}
	var m Maker
	var c choice.Choice
	h := fnv.New64a()
	for i := range 3000 {
		rule := choice.Rule{Penalty: 1.1, Penalised: []uint64{0xff}, Sampling: choice.Sampling{Temperature: 0.8, Seed: 5, Position: i}}
		if i%2 == 1 {
			rule.TopK, rule.TopP = 300, 0.95
		}
		m.Make(logits, &rule, &c)
		fmt.Fprint(h, c.ID, ",")
	}
	require.Equal(t, uint64(0x65bde0b702c8aaa9), h.Sum64())
}
