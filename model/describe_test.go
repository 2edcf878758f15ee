package model

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/golden"
	"github.com/medner/medner/quant"
)

// TestDescribeIsWhatOpenMakes: the memory described is the memory taken.
func TestDescribeIsWhatOpenMakes(t *testing.T) {
	for _, path := range []string{golden.Path(t, "tiny-llama"), golden.Path(t, "tiny-llama-nf4"), golden.Path(t, "tiny-llama-nf4-bf16"), "checkpoint/testdata/biased.gguf"} {
		for _, hold := range []Hold{"", HoldNF4, HoldInt8, HoldBF16, HoldF32} {
			checkDescription(t, path, Options{Hold: hold, KV: "f16"})
		}
		checkDescription(t, path, Options{Precision: Fast})
	}
	for _, adapter := range []string{"plain", "dora", "patterns", "rslora", "attention-only-layers"} {
		for _, mode := range []LoRA{LoRADefault, Merge, MergeNF4, Unmerged} {
			checkDescription(t, golden.Path(t, "tiny-llama"), Options{LoRA: mode, Adapters: []string{golden.Path(t, "adapters", adapter)}})
		}
	}
}

func checkDescription(t *testing.T, path string, o Options) {
	t.Helper()
	o.Threads = 1
	m, err := Open(t.Context(), path, o)
	require.NoError(t, err)
	defer m.Close()
	d, err := Describe(t.Context(), path, o)
	require.NoError(t, err)
	require.Equal(t, m.Info(), d.Info, "%s %+v", path, o)
	require.Equal(t, m.Config(), d.Config)
	require.Equal(t, m.Context(), d.Context)
	_, mode := m.Adapters()
	require.Equal(t, mode, d.LoRA)
}

func TestDescribeAdapter(t *testing.T) {
	d, err := Describe(t.Context(), golden.Path(t, "tiny-llama-nf4"), Options{Adapters: []string{golden.Path(t, "adapters", "dora")}})
	require.NoError(t, err)
	require.Equal(t, Unmerged, d.LoRA)
	require.Len(t, d.Adapters, 1)
	require.NotEmpty(t, d.Adapters[0].Deltas)
	for _, delta := range d.Adapters[0].Deltas {
		require.True(t, delta.DoRA)
		require.Positive(t, delta.Rank)
		require.Positive(t, delta.Delta)
		require.Greater(t, delta.Weight, delta.Delta)
	}
	for _, w := range d.Weights {
		if w.Format == quant.NF4 {
			require.Equal(t, 64, w.BlockSize, w.Name)
			require.Equal(t, quant.F32, w.State, w.Name)
		}
	}
	_, err = Describe(t.Context(), t.TempDir(), Options{})
	var bad *badinput.Error
	require.ErrorAs(t, err, &bad)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = Describe(ctx, golden.Path(t, "tiny-llama"), Options{Adapters: []string{golden.Path(t, "adapters", "plain")}})
	require.ErrorIs(t, err, context.Canceled)
}
