package gpukernels

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/medner/medner/internal/choice"
	"github.com/medner/medner/internal/cuda/shim"
	"github.com/medner/medner/kernels"
)

// TestVocabularies runs what comes after the last layer with the vocabularies of
// SmolLM2 and Llama 3 over a narrow hidden state: the head, then the penalty, the
// mask and the choice. Logits and choices are the CPU's in every bit.
func TestVocabularies(t *testing.T) {
	d := newDevice(t, shim.Sanitize)
	const hidden = 16
	pool := kernels.NewPool(1)
	defer pool.Close()
	k, r := load(d, F32), rand.New(rand.NewPCG(11, 1))
	for _, vocab := range []int{49152, 128256} {
		m := newMatrix(t, r, form{format: kernels.BF16}, vocab, hidden)
		w := upload(d, m.Packer)
		for _, n := range []int{1, 9} { // few rows, and many
			count := Rows{Most: n}
			x := random(r, n*hidden)
			logits := alloc[float32](d, n*vocab)
			must(t, k.MatMul(0, alloc(d, 0, x...), count, Under{}, Product{W: w, Y: logits}))
			want := make([]float32, n*vocab)
			var input kernels.Input
			input.Reset(x, n, hidden)
			m.cpu.MatMul(pool, want, &input)
			sameBits(t, fmt.Sprint("logits of ", vocab), fetch[float32](d, logits, n*vocab), want)

			seen, allowed := make([]uint64, (vocab+63)/64), make([]uint64, (vocab+63)/64)
			for i := range seen {
				seen[i], allowed[i] = r.Uint64(), r.Uint64()&r.Uint64()
			}
			cases := []choice.Rule{
				{Probes: []int32{int32(vocab) - 1}},
				{Penalty: 1.3, Penalised: seen, Drafted: []int32{int32(vocab) - 1, 5}},
				{Allowed: allowed},
				{Penalty: 1.15, Penalised: seen, Allowed: allowed[:100]},
				{Allowed: append(make([]uint64, len(allowed)-1), 1<<63)}, // only the last id
			}
			rules := make([]byte, len(cases)*RuleBytes)
			for i := range cases {
				PutRule(rules[i*RuleBytes:], i%n, &cases[i], listsOf(d, &cases[i]))
			}
			count = Rows{Most: len(cases)}
			choices, probes := alloc[byte](d, len(cases)*ChoiceBytes), alloc[float32](d, len(cases))
			scratch := alloc[byte](d, int(k.SelectBytes(count, vocab)))
			must(t, k.Select(0, choices, probes, alloc(d, 0, rules...), logits, scratch, count, 1, vocab))
			got, gotProbes := fetch[byte](d, choices, len(cases)*ChoiceBytes), fetch[float32](d, probes, len(cases))
			for i := range cases {
				row := want[i%n*vocab:][:vocab]
				checkChoice(t, got[i*ChoiceBytes:], gotProbes[i:], append([]float32(nil), row...), &cases[i])
			}
		}
	}
}
