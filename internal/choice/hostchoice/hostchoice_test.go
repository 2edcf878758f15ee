package hostchoice

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/medner/medner/internal/choice"
)

// naive is transformers' processor and argmax, on a copy.
func naive(logits []float32, r choice.Rule) (id int32, logProb float64) {
	scores := append([]float32(nil), logits...)
	seen := map[int]bool{}
	for i := range logits {
		if i/64 < len(r.Penalised) && r.Penalised[i/64]>>(i%64)&1 == 1 {
			seen[i] = true
		}
	}
	for _, i := range r.Drafted {
		seen[int(i)] = true
	}
	for i := range seen {
		if scores[i] < 0 {
			scores[i] *= r.Penalty
		} else {
			scores[i] /= r.Penalty
		}
	}
	id = -1
	for i, v := range scores {
		ok := r.Allowed == nil || i/64 < len(r.Allowed) && r.Allowed[i/64]>>(i%64)&1 == 1
		if ok && (id < 0 || v > scores[id]) {
			id = int32(i)
		}
	}
	sum := 0.0
	for _, v := range logits {
		sum += math.Exp(float64(v))
	}
	if id >= 0 {
		logProb = float64(logits[id]) - math.Log(sum)
	}
	return id, logProb
}

// random returns n numbers of a normal distribution.
func random(r *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return x
}

func near(t *testing.T, what string, got float32, want float64) {
	t.Helper()
	if math.Abs(float64(got)-want) > 1e-6*(1+math.Abs(want)) {
		t.Fatalf("%s: %v, want %v", what, got, want)
	}
}

func TestMake(t *testing.T) {
	r := rand.New(rand.NewPCG(21, 22))
	var m Maker
	var c choice.Choice
	for _, n := range []int{1, 5, 63, 64, 65, 127, 1000, 5001} {
		for trial := range 60 {
			logits := random(r, n)
			if trial%3 == 0 { // many ties
				for i := range logits {
					logits[i] = float32(int(2 * logits[i]))
				}
			}
			rule := randomRule(r, n, trial)
			before := slices.Clone(logits)
			m.Make(logits, &rule, &c)
			if !slices.Equal(logits, before) {
				t.Fatal("the logits were changed")
			}
			id, logProb := naive(logits, rule)
			if id < 0 {
				if !errors.Is(c.Err, choice.ErrNothingAllowed) {
					t.Fatalf("vocabulary %d: chose %d (%v), though none is allowed", n, c.ID, c.Err)
				}
				continue
			}
			if c.Err != nil || c.ID != id {
				t.Fatalf("vocabulary %d: chose %d (%v), want %d", n, c.ID, c.Err, id)
			}
			near(t, "log-probability", c.LogProb, logProb)
			near(t, "probe", c.ProbeLogProbs[0], logProb+float64(logits[0])-float64(logits[id]))
			if len(c.ProbeLogProbs) != 2 {
				t.Fatalf("%d probes", len(c.ProbeLogProbs))
			}
		}
	}
}

// randomRule returns a rule over n ids; trials differ in what it has.
func randomRule(r *rand.Rand, n, trial int) choice.Rule {
	bitmap := func(share float64, words int) []uint64 {
		b := make([]uint64, words)
		for i := range 64 * words {
			if r.Float64() < share {
				b[i/64] |= 1 << (i % 64)
			}
		}
		return b
	}
	words := (n + 63) / 64
	rule := choice.Rule{Penalty: 1.3, Probes: []int32{0, int32(n - 1)}}
	if trial%2 == 0 {
		rule.Penalised = bitmap(0.2, words-trial%4/2)
		rule.Drafted = []int32{int32(r.IntN(n)), int32(r.IntN(n)), int32(r.IntN(n))}
		rule.Drafted = append(rule.Drafted, rule.Drafted[0])
	}
	switch trial % 5 {
	case 1:
		rule.Allowed = bitmap(0.01, words)
	case 2:
		rule.Allowed = bitmap(0.9, words)
	case 3:
		rule.Allowed = bitmap(0.5, words-1)
	}
	return rule
}

func TestTies(t *testing.T) {
	zero := float32(math.Copysign(0, -1))
	var m Maker
	var c choice.Choice
	for _, x := range []struct {
		logits []float32
		rule   choice.Rule
		want   int32
	}{
		{[]float32{1, 3, 3, 2}, choice.Rule{}, 1},
		{[]float32{zero, 0}, choice.Rule{}, 0},
		{[]float32{-1, zero, 0}, choice.Rule{Penalty: 2, Penalised: []uint64{2}}, 1},
		{[]float32{4, 2}, choice.Rule{Penalty: 2, Penalised: []uint64{1}}, 0},
		{[]float32{-1, -2}, choice.Rule{Penalty: 2, Drafted: []int32{0, 0}}, 0},
		{[]float32{-1, -2}, choice.Rule{Penalty: 2.5, Drafted: []int32{0, 0}}, 1},
		{[]float32{5, 1}, choice.Rule{Allowed: []uint64{2}}, 1},
	} {
		if m.Make(x.logits, &x.rule, &c); c.Err != nil || c.ID != x.want {
			t.Errorf("%v: chose %d (%v), want %d", x.logits, c.ID, c.Err, x.want)
		}
	}
}

func TestNotFinite(t *testing.T) {
	var m Maker
	var c choice.Choice
	for _, bad := range []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1))} {
		for _, at := range []int{0, 7, 8, 63, 64, 99} {
			logits := make([]float32, 100)
			logits[at] = bad
			m.Make(logits, &choice.Rule{}, &c)
			var e *choice.NotFiniteError
			if !errors.As(c.Err, &e) || e.ID != at || !errors.Is(c.Err, choice.ErrNotFinite) {
				t.Errorf("%v at %d: %v", bad, at, c.Err)
			}
		}
	}
	if m.Make([]float32{1, 2}, &choice.Rule{Probes: []int32{2}}, &c); c.Err == nil {
		t.Error("a probe outside the vocabulary was taken")
	}
	if m.Make([]float32{1, 2}, &choice.Rule{}, &c); c.Err != nil || c.ID != 1 {
		t.Errorf("after an error: %+v", c)
	}
}

func TestMakeAllocatesNothing(t *testing.T) {
	var m Maker
	var c choice.Choice
	logits := random(rand.New(rand.NewPCG(1, 1)), 4096)
	rule := choice.Rule{Penalty: 1.2, Penalised: make([]uint64, 64), Probes: []int32{1, 2}}
	rule.Penalised[3] = 0xffff
	if n := testing.AllocsPerRun(10, func() { m.Make(logits, &rule, &c) }); n != 0 {
		t.Fatalf("%v allocations", n)
	}
}
