package model

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/golden"
)

// adapterPaths returns the folders of reference adapters.
func adapterPaths(t *testing.T, names ...string) (paths []string) {
	for _, name := range names {
		paths = append(paths, golden.Path(t, "adapters", name))
	}
	return paths
}

// Several adapters at once are PEFT's sum, beside the weights and merged into them, in any
// order of their names and beside adapters that are no part of it.
func TestSumsOfAdaptersArePEFTs(t *testing.T) {
	var want struct {
		Cases []struct {
			Adapters    []string
			IDs, Greedy []int32
			Logits      []float32
		}
	}
	readJSON(t, filepath.Join(golden.Root(), "testdata", "goldens-sums.json"), &want)
	for _, c := range want.Cases {
		name := strings.Join(c.Adapters, "+")
		reversed := c.Adapters[len(c.Adapters)-1]
		for i := len(c.Adapters) - 2; i >= 0; i-- {
			reversed += "+" + c.Adapters[i]
		}
		for how, o := range map[string]Options{
			"unmerged":   {Adapters: adapterPaths(t, c.Adapters...)},
			"merged":     {Adapters: adapterPaths(t, c.Adapters...), LoRA: Merge},
			"named":      {Adapters: adapterPaths(t, append([]string{"dora"}, c.Adapters...)...), Active: reversed},
			"merge some": {Adapters: adapterPaths(t, append([]string{"dora"}, c.Adapters...)...), Active: name, LoRA: Merge},
		} {
			t.Run(name+" "+how, func(t *testing.T) {
				m, err := Open(t.Context(), golden.Path(t, "tiny-llama"), o)
				require.NoError(t, err)
				defer func() { require.NoError(t, m.Close()) }()
				active, err := m.Adapter("")
				require.NoError(t, err)
				require.Equal(t, map[bool]string{false: name, true: reversed}[how == "named"], active.Name)
				require.Empty(t, active.Path)
				logits, err := m.Logits(t.Context(), c.IDs, 1, "")
				require.NoError(t, err)
				compareLogits(t, name, logits, c.Logits)
				out, err := m.Generate(t.Context(), Request{Tokens: c.IDs, MaxNewTokens: len(c.Greedy), Stop: []int32{-1}})
				require.NoError(t, err)
				require.Equal(t, c.Greedy, out.IDs())
			})
		}
	}
}

// A sum doesn't change what its parts and the base give alone.
func TestAdaptersOfASumStayApart(t *testing.T) {
	tokens := []int32{1, 300, 45, 902}
	logits := func(o Options, adapter string) [][]float32 {
		m, err := Open(t.Context(), golden.Path(t, "tiny-llama"), o)
		require.NoError(t, err)
		defer func() { require.NoError(t, m.Close()) }()
		rows, err := m.Logits(t.Context(), tokens, 1, adapter)
		require.NoError(t, err)
		return rows
	}
	both := Options{Adapters: adapterPaths(t, "plain", "rslora")}
	require.Equal(t, logits(Options{}, ""), logits(both, Base))
	for _, name := range []string{"plain", "rslora"} {
		alone := logits(Options{Adapters: adapterPaths(t, name), LoRA: Unmerged}, "")
		require.Equal(t, alone, logits(both, name))
		require.Equal(t, alone, logits(Options{Adapters: both.Adapters, Active: name}, ""))
		require.NotEqual(t, alone, logits(both, ""))
	}
}

func TestAdaptersWithoutASum(t *testing.T) {
	plain := adapterPaths(t, "plain")
	others := func(names ...string) []string { return append(adapterPaths(t, names...), plain...) }
	for name, test := range map[string]struct {
		options Options
		refused string // by Open; "": by requests that name no adapter
		want    string
	}{
		"DoRA":            {Options{Adapters: others("dora")}, "", "use_dora"},
		"replaced":        {Options{Adapters: others("attention-only-layers", "dora")}, "", "use_dora"},
		"DoRA asked for":  {Options{Adapters: others("dora"), Active: "plain+dora"}, "open", "use_dora"},
		"DoRA merged":     {Options{Adapters: others("dora"), LoRA: Merge}, "open", "use_dora"},
		"unknown":         {Options{Adapters: others("rslora"), Active: "plain+other"}, "open", `"plain+other"`},
		"twice":           {Options{Adapters: others("rslora"), Active: "plain+plain"}, "open", `"plain+plain"`},
		"empty part":      {Options{Adapters: others("rslora"), Active: "plain+"}, "open", `"plain+"`},
		"no adapters":     {Options{Active: "plain"}, "open", "there are no adapters"},
		"merging nothing": {Options{Adapters: plain, Active: Base, LoRA: Merge}, "open", `"base"`},
	} {
		t.Run(name, func(t *testing.T) {
			var bad *badinput.Error
			m, err := Open(t.Context(), golden.Path(t, "tiny-llama"), test.options)
			if test.refused != "" {
				require.ErrorAs(t, err, &bad)
				require.ErrorContains(t, err, test.want)
				return
			}
			require.NoError(t, err)
			defer func() { require.NoError(t, m.Close()) }()
			_, err = m.Adapter("")
			require.ErrorAs(t, err, &bad)
			require.ErrorContains(t, err, test.want)
			require.ErrorContains(t, err, `"base" "`) // which names there are
			_, err = m.Generate(t.Context(), Request{Tokens: []int32{1}, MaxNewTokens: 1})
			require.ErrorAs(t, err, &bad)
			_, err = m.Logits(t.Context(), []int32{1}, 1, "plain")
			require.NoError(t, err)
		})
	}
}
