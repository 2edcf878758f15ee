package kernels

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"
)

// naiveSelect is transformers' processor and argmax, on a copy.
func naiveSelect(logits []float32, s Selection) (id int32, logProb float64) {
	scores := append([]float32(nil), logits...)
	seen := map[int]bool{}
	for i := range logits {
		if i/64 < len(s.Seen) && s.Seen[i/64]>>(i%64)&1 == 1 {
			seen[i] = true
		}
	}
	for _, i := range s.Also {
		seen[int(i)] = true
	}
	for i := range seen {
		if scores[i] < 0 {
			scores[i] *= s.Penalty
		} else {
			scores[i] /= s.Penalty
		}
	}
	id = -1
	for i, v := range scores {
		ok := s.Allowed == nil || i/64 < len(s.Allowed) && s.Allowed[i/64]>>(i%64)&1 == 1
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

func TestSelect(t *testing.T) {
	r := rand.New(rand.NewPCG(21, 22))
	var w Selector
	for _, n := range []int{1, 5, 63, 64, 65, 127, 1000, 5001} {
		for trial := range 60 {
			logits := random(r, n)
			if trial%3 == 0 { // many ties
				for i := range logits {
					logits[i] = float32(int(2 * logits[i]))
				}
			}
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
			s := Selection{Penalty: 1.3}
			if trial%2 == 0 {
				s.Seen = bitmap(0.2, words-trial%4/2)
				s.Also = []int32{int32(r.IntN(n)), int32(r.IntN(n)), int32(r.IntN(n))}
				s.Also = append(s.Also, s.Also[0])
			}
			switch trial % 5 {
			case 1:
				s.Allowed = bitmap(0.01, words)
			case 2:
				s.Allowed = bitmap(0.9, words)
			case 3:
				s.Allowed = bitmap(0.5, words-1)
			}
			for i := range s.Seen {
				if 64*i+63 >= n {
					s.Seen[i] &= 1<<(n%64) - 1
				}
			}
			s.Probe = []int32{0, int32(n - 1)}
			before := append([]float32(nil), logits...)
			err := w.Select(logits, &s, true)
			sameBits(t, "logits afterwards", logits, before)
			id, logProb := naiveSelect(logits, s)
			if id < 0 {
				if err == nil {
					t.Fatalf("vocabulary %d: chose %d, though none is allowed", n, s.ID)
				}
				continue
			}
			if err != nil || s.ID != id {
				t.Fatalf("vocabulary %d: chose %d (%v), want %d", n, s.ID, err, id)
			}
			near(t, "log-probability", s.LogProb, logProb, 1e-6)
			near(t, "probe", s.ProbeLogProbs[0], logProb+float64(logits[0])-float64(logits[id]), 1e-6)
			if len(s.ProbeLogProbs) != 2 {
				t.Fatalf("%d probes", len(s.ProbeLogProbs))
			}
		}
	}
}

func TestSelectTies(t *testing.T) {
	zero := float32(math.Copysign(0, -1))
	var w Selector
	for _, c := range []struct {
		logits []float32
		s      Selection
		want   int32
	}{
		{[]float32{1, 3, 3, 2}, Selection{}, 1},
		{[]float32{zero, 0}, Selection{}, 0},
		{[]float32{-1, zero, 0}, Selection{Penalty: 2, Seen: []uint64{2}}, 1},
		{[]float32{4, 2}, Selection{Penalty: 2, Seen: []uint64{1}}, 0},
		{[]float32{-1, -2}, Selection{Penalty: 2, Also: []int32{0, 0}}, 0},
		{[]float32{-1, -2}, Selection{Penalty: 2.5, Also: []int32{0, 0}}, 1},
		{[]float32{5, 1}, Selection{Allowed: []uint64{2}}, 1},
	} {
		if err := w.Select(c.logits, &c.s, false); err != nil || c.s.ID != c.want {
			t.Errorf("%v: chose %d (%v), want %d", c.logits, c.s.ID, err, c.want)
		}
		if c.s.LogProb == c.s.LogProb {
			t.Errorf("a log-probability of %v that nobody asked for", c.s.LogProb)
		}
	}
}

func TestSelectRefusesNonFinite(t *testing.T) {
	var w Selector
	for _, bad := range []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1))} {
		for _, at := range []int{0, 7, 8, 63, 64, 99} {
			logits := make([]float32, 100)
			logits[at] = bad
			var e *NonFiniteError
			if err := w.Select(logits, &Selection{}, true); !errors.As(err, &e) || e.ID != at {
				t.Errorf("%v at %d: %v", bad, at, err)
			}
		}
	}
	if err := w.Select([]float32{1, 2}, &Selection{Probe: []int32{2}}, true); err == nil {
		t.Error("a probe outside the vocabulary was taken")
	}
}

func TestSelectAllocatesNothing(t *testing.T) {
	var w Selector
	logits := random(rand.New(rand.NewPCG(1, 1)), 4096)
	s := Selection{Penalty: 1.2, Seen: make([]uint64, 64), Probe: []int32{1, 2}}
	s.Seen[3] = 0xffff
	if n := testing.AllocsPerRun(10, func() { _ = w.Select(logits, &s, true) }); n != 0 {
		t.Fatalf("%v allocations", n)
	}
}
