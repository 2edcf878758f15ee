package model

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/golden"
)

// What Generate writes gets the same numbers from Score, to the bit.
func TestScoreIsWhatGenerateReports(t *testing.T) {
	m, err := Open(t.Context(), golden.Path(t, "tiny-llama"), Options{Adapters: []string{golden.Path(t, "adapters/plain")}, LoRA: Unmerged})
	require.NoError(t, err)
	defer m.Close()
	prompt := []int32{1, 640, 12, 77}
	for _, adapter := range []string{Base, "plain"} {
		result, err := m.Generate(t.Context(), Request{
			Tokens: prompt, Adapter: adapter, MaxNewTokens: 20, Stop: []int32{}, Top: 3, Sampling: Sampling{Temperature: 1, Seed: 5},
		})
		require.NoError(t, err)
		scored, err := m.Score(t.Context(), append(prompt[:4:4], result.IDs()...), 3, adapter)
		require.NoError(t, err)
		require.Equal(t, Token{ID: 1}, scored[0])
		require.Equal(t, result.Tokens, scored[4:])
	}
	_, err = m.Score(t.Context(), prompt, MaxTop+1, "")
	require.ErrorAs(t, err, new(*badinput.Error))
	_, err = m.Score(t.Context(), nil, 1, "")
	require.ErrorAs(t, err, new(*badinput.Error))
}
