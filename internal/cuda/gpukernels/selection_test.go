package gpukernels

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/medner/medner/internal/choice"
	"github.com/medner/medner/internal/choice/hostchoice"
)

func TestSelect(t *testing.T) { eachDevice(t, testSelect) }

func testSelect(t *testing.T, d *device) {
	k, r := load(d, F32), rand.New(rand.NewPCG(8, 1))
	for _, vocab := range []int{1, 40, 1000, 3000} {
		const rows, mostProbes = 9, 3
		logits := random(r, rows*vocab)
		cases := make([]choice.Rule, rows)
		for i := range cases {
			c := &cases[i]
			row := logits[i*vocab:][:vocab]
			for j := range row {
				row[j] = float32(math.Round(float64(row[j])*8)) / 4 // many ties
			}
			c.Probes = []int32{int32(r.IntN(vocab)), 0, int32(vocab - 1)}[:i%4]
			switch i {
			case 1, 2, 3, 4:
				c.Penalty = 1.3
				c.Penalised = []uint64{r.Uint64(), r.Uint64(), r.Uint64()}[:i-1]
				c.Drafted = []int32{int32(r.IntN(vocab)), int32(vocab - 1), int32(vocab + 7), -1}[:i]
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
		rules := make([]byte, rows*RuleBytes)
		for i := range cases {
			PutRule(rules[i*RuleBytes:], i, &cases[i], listsOf(d, &cases[i]))
		}
		count := Rows{Most: rows}
		choices, probes := alloc[byte](d, rows*ChoiceBytes), alloc[float32](d, rows*mostProbes)
		scratch := alloc[byte](d, int(k.SelectBytes(count, vocab)))
		must(t, k.Select(0, choices, probes, alloc(d, 0, rules...), alloc(d, 0, logits...), scratch, count, mostProbes, vocab))
		got, gotProbes := fetch[byte](d, choices, rows*ChoiceBytes), fetch[float32](d, probes, rows*mostProbes)
		for i := range cases {
			checkChoice(t, got[i*ChoiceBytes:], gotProbes[i*mostProbes:], logits[i*vocab:][:vocab], &cases[i])
		}
	}
}

// listsOf copies a rule's lists to the device.
func listsOf(d *device, r *choice.Rule) Lists {
	return Lists{
		Penalised: alloc(d, 1, r.Penalised...), Allowed: alloc(d, 1, append(r.Allowed, 0)...),
		Drafted: alloc(d, 1, r.Drafted...), Probes: alloc(d, 1, r.Probes...),
	}
}

// checkChoice compares a choice in device memory with the host's under r.
func checkChoice(t *testing.T, data []byte, probes, logits []float32, r *choice.Rule) {
	t.Helper()
	var want, got choice.Choice
	new(hostchoice.Maker).Make(logits, r, &want)
	ReadChoice(data, &got)
	if want.Err != nil {
		if got.Err == nil || got.Err.Error() != want.Err.Error() {
			t.Fatalf("%+v, want %v", got, want.Err)
		}
		return
	}
	if got.Err != nil || got.ID != want.ID {
		t.Fatalf("%+v, want id %d of %d", got, want.ID, len(logits))
	}
	sameBits(t, "log-probability", []float32{got.LogProb}, []float32{want.LogProb})
	sameBits(t, "probes", probes, want.ProbeLogProbs)
}

func TestBadRows(t *testing.T) {
	if k := (&Kernels{}); k.Select(0, 0, 0, 0, 0, 0, Rows{}, 0, 10) == nil || k.Add(0, 0, 0, Rows{Most: maxRows + 1}, 4) == nil {
		t.Error("launched with no rows, or too many")
	}
}
