package gpukernels

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/medner/medner/kernels"
)

func TestSelect(t *testing.T) { eachDevice(t, testSelect) }

func testSelect(t *testing.T, d *device) {
	k, r := load(d, F32), rand.New(rand.NewPCG(8, 1))
	for _, vocab := range []int{1, 40, 1000, 3000} {
		const rows, mostProbes = 9, 3
		logits := random(r, rows*vocab)
		cases := make([]kernels.Selection, rows)
		for i := range cases {
			c := &cases[i]
			row := logits[i*vocab:][:vocab]
			for j := range row {
				row[j] = float32(math.Round(float64(row[j])*8)) / 4 // many ties
			}
			c.Probe = []int32{int32(r.IntN(vocab)), 0, int32(vocab - 1)}[:i%4]
			switch i {
			case 1, 2, 3, 4:
				c.Penalty = 1.3
				c.Seen = []uint64{r.Uint64(), r.Uint64(), r.Uint64()}[:i-1]
				c.Also = []int32{int32(r.IntN(vocab)), int32(vocab - 1), int32(vocab + 7), -1}[:i]
			case 5, 6:
				c.Penalty = 1
				c.Allowed = []uint64{r.Uint64() & r.Uint64(), 0, r.Uint64()}[:i-4]
			case 7:
				c.Allowed = []uint64{} // nothing
			case 8:
				row[vocab/2] = float32(math.NaN())
				row[vocab-1] = float32(math.Inf(1))
			}
		}
		choices := make([]byte, rows*ChoiceBytes)
		for i, c := range cases {
			b := Choice{
				Row: i, Penalty: c.Penalty, SeenWords: len(c.Seen), AllowedWords: len(c.Allowed), Alsos: len(c.Also), Probes: len(c.Probe),
				Seen: alloc(d, 1, c.Seen...), Also: alloc(d, 1, c.Also...), Probe: alloc(d, 1, c.Probe...),
			}
			if c.Allowed != nil {
				b.Allowed = alloc(d, 1, append(c.Allowed, 0)...)
			}
			b.Put(choices[i*ChoiceBytes:])
		}
		count := Rows{Most: rows}
		outcomes, probes := alloc[byte](d, rows*OutcomeBytes), alloc[float32](d, rows*mostProbes)
		scratch := alloc[byte](d, int(k.SelectBytes(count, vocab)))
		must(t, k.Select(0, outcomes, probes, alloc(d, 0, choices...), alloc(d, 0, logits...), scratch, count, mostProbes, vocab))
		got, gotProbes := fetch[byte](d, outcomes, rows*OutcomeBytes), fetch[float32](d, probes, rows*mostProbes)
		for i := range cases {
			checkOutcome(t, d, ReadOutcome(got[i*OutcomeBytes:]), gotProbes[i*mostProbes:], logits[i*vocab:][:vocab], &cases[i])
		}
	}
}

func checkOutcome(t *testing.T, _ *device, got Outcome, probes, logits []float32, c *kernels.Selection) {
	t.Helper()
	err := new(kernels.Selector).Select(logits, c, true)
	nonFinite, isNonFinite := err.(*kernels.NonFiniteError)
	switch {
	case isNonFinite:
		if got.Status != NotFinite || int(got.Bad) != nonFinite.ID {
			t.Fatalf("%+v, want %v", got, err)
		}
	case err != nil:
		if got.Status != NothingAllowed {
			t.Fatalf("%+v, want %v", got, err)
		}
	case got.Status != Chosen || got.ID != c.ID:
		t.Fatalf("%+v, want id %d of %d", got, c.ID, len(logits))
	default:
		sameBits(t, "log-probability", []float32{got.LogProb}, []float32{c.LogProb})
		sameBits(t, "probes", probes, c.ProbeLogProbs)
	}
}

func TestBadRows(t *testing.T) {
	if k := (&Kernels{}); k.Select(0, 0, 0, 0, 0, 0, Rows{}, 0, 10) == nil || k.Add(0, 0, 0, Rows{Most: maxRows + 1}, 4) == nil {
		t.Error("launched with no rows, or too many")
	}
}
