package model

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/model/arch"
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

	_, err = OpenRandom(t.Context(), "gpt-5", Options{})
	require.ErrorContains(t, err, "llama-3.2-3b")
	_, err = OpenRandom(t.Context(), "tiny", Options{Device: "tpu"})
	require.ErrorContains(t, err, "device")
}

// TestRandomShapesAreSound: 4-bit kernels want rows of whole blocks, heads
// divide evenly, and the sizes are those of the models.
func TestRandomShapesAreSound(t *testing.T) {
	billions := map[string]float64{"smollm2-135m": 0.1345, "llama-3.2-1b": 1.2358, "llama-3.2-3b": 3.2127, "llama-3.1-8b": 8.0303, "mistral-7b": 7.248}
	for _, s := range randomShapes {
		c := s.config
		require.Zero(t, c.NumAttentionHeads%c.NumKeyValueHeads, s.name)
		require.Zero(t, c.HiddenSize%64+c.IntermediateSize%64+c.NumAttentionHeads*c.HeadDim%64, s.name)
		if want, ok := billions[s.name]; ok {
			require.InDelta(t, want, parameters(&c)/1e9, 0.0001, s.name)
		}
	}
}

func parameters(c *arch.Config) float64 {
	h, query, key := float64(c.HiddenSize), float64(c.NumAttentionHeads*c.HeadDim), float64(c.NumKeyValueHeads*c.HeadDim)
	n := float64(c.NumHiddenLayers)*(2*h*query+2*h*key+3*h*float64(c.IntermediateSize)+2*h) + h + h*float64(c.VocabSize)
	if !c.TieWordEmbeddings {
		n += h * float64(c.VocabSize)
	}
	return n
}
