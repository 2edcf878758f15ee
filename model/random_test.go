package model

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/lora"
	"github.com/medner/medner/model/arch"
	"github.com/medner/medner/model/checkpoint"
)

func TestOpenRandom(t *testing.T) {
	m, err := OpenRandom(t.Context(), "Tiny", Options{})
	require.NoError(t, err)
	defer func() { require.NoError(t, m.Close()) }()
	got, err := m.Generate(t.Context(), Request{Tokens: []int32{1, 2, 3}, MaxNewTokens: 20, Stop: []int32{}, RepetitionPenalty: 1.5})
	require.NoError(t, err)
	require.Len(t, got.Tokens, 20)
	distinct := map[int32]bool{}
	for _, token := range got.Tokens {
		distinct[token.ID] = true
	}
	require.Greater(t, len(distinct), 2, "a model that writes one token isn't random")

	for _, form := range []string{"nf4-bf16", "nf4-f16", "awq-32", "awq-64", "awq-128", "awq-row"} {
		m, err := OpenRandom(t.Context(), "tiny:"+form, Options{})
		require.NoError(t, err)
		other, err := m.Generate(t.Context(), Request{Tokens: []int32{1, 2, 3}, MaxNewTokens: 20, Stop: []int32{}, RepetitionPenalty: 1.5})
		require.NoError(t, err)
		require.NotEqual(t, got.Tokens, other.Tokens)
		require.NoError(t, m.Close())
	}
	_, err = OpenRandom(t.Context(), "tiny:awq-8", Options{})
	require.ErrorContains(t, err, "awq-128")
	_, err = OpenRandom(t.Context(), "gpt-5", Options{})
	require.ErrorContains(t, err, "llama-3.2-3b")
	_, err = OpenRandom(t.Context(), "tiny", Options{Device: "tpu"})
	require.ErrorContains(t, err, "device")
}

// TestRandomShapesAreSound: 4-bit kernels want rows of whole blocks, heads
// divide evenly, and the sizes are those of the models.
func TestOpenRandomTakesNoAdapters(t *testing.T) {
	for _, o := range []Options{{Adapters: []string{t.TempDir()}}, {ParsedAdapters: []*lora.Adapter{{}}}} {
		_, err := OpenRandom(t.Context(), "tiny", o)
		var bad *badinput.Error
		require.ErrorAs(t, err, &bad)
		require.Equal(t, "adapter", bad.Field)
	}
}

func TestRandomShapesAreSound(t *testing.T) {
	billions := map[string]float64{"smollm2-135m": 0.1345, "llama-3.2-1b": 1.2358, "llama-3.2-3b": 3.2127, "llama-3.1-8b": 8.0303, "mistral-7b": 7.248,
		"qwen2.5-0.5b": 0.4940, "qwen2.5-7b": 7.6156, "qwen3-0.6b": 0.5960, "qwen3-8b": 8.1907}
	for _, s := range randomShapes {
		c := s.config
		require.Zero(t, c.NumAttentionHeads%c.NumKeyValueHeads, s.name)
		require.Zero(t, c.HiddenSize%64+c.IntermediateSize%64+c.NumAttentionHeads*c.HeadDim%64, s.name)
		if want, ok := billions[s.name]; ok {
			require.InDelta(t, want, parameters(&c)/1e9, 0.0001, s.name)
		}
	}
}

func parameters(c *arch.Config) (n float64) {
	for _, w := range checkpoint.Layout(c) {
		n += float64(w.Rows) * float64(w.Cols)
	}
	return n
}

// TestRandomWeightsAreThoseOfTheFamily: every weight that a file of the family
// has is there, in its shape, and no other.
func TestRandomWeightsAreThoseOfTheFamily(t *testing.T) {
	for _, family := range []string{"llama", "mistral", "qwen2", "qwen3"} {
		c := randomShapes[0].config
		c.ModelType = family
		w, err := randomWeights(&c, randomForm{})
		require.NoError(t, err)
		for l := range arch.Linears {
			rows, cols := l.Shape(&c)
			linear := w.Layers[0].Linears[l]
			require.Equal(t, []int{rows, cols}, []int{linear.Weight.Rows(), linear.Weight.Cols()}, "%s: %s", family, l)
			if !c.HasBias(l) {
				rows = 0
			}
			require.Len(t, linear.Bias, rows, "%s: bias of %s", family, l)
		}
		for n := range arch.Norms {
			width := n.Width(&c)
			if !c.HasNorm(n) {
				width = 0
			}
			require.Len(t, w.Layers[0].Norms[n].Weight, width, "%s: %s", family, n)
		}
	}
}
