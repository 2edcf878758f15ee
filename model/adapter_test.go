package model

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/golden"
	"github.com/medner/medner/model/checkpoint"
)

func TestAdapterByName(t *testing.T) {
	plain, rslora := golden.Path(t, "adapters/plain"), golden.Path(t, "adapters/rslora")
	base, first := Adapter{Name: Base}, Adapter{Name: "plain", Path: plain, LoRA: Unmerged}
	sum := Adapter{Name: "plain+rslora", LoRA: Unmerged}
	for name, test := range map[string]struct {
		model   string
		options Options
		want    map[string]Adapter // by the name that is asked for
	}{
		"none":     {"tiny-llama-nf4", Options{}, map[string]Adapter{"": base, Base: base}},
		"chosen":   {"tiny-llama-nf4", Options{Adapters: []string{plain, rslora}, Active: "plain"}, map[string]Adapter{"": first, "plain": first, "rslora": {Name: "rslora", Path: rslora, LoRA: Unmerged}, Base: base}},
		"unmerged": {"tiny-llama-nf4", Options{Adapters: []string{plain, rslora}}, map[string]Adapter{"": sum, "plain+rslora": sum, "plain": first, "rslora": {Name: "rslora", Path: rslora, LoRA: Unmerged}, Base: base}},
		"merged":   {"tiny-llama", Options{Adapters: []string{plain + "/"}}, map[string]Adapter{"": {Name: "plain", Path: plain + "/", LoRA: Merge}, "plain": {Name: "plain", Path: plain + "/", LoRA: Merge}}},
	} {
		t.Run(name, func(t *testing.T) {
			path := golden.Path(t, test.model)
			m, err := Open(t.Context(), path, test.options)
			require.NoError(t, err)
			defer func() { require.NoError(t, m.Close()) }()
			require.Equal(t, path, m.Path())
			require.Equal(t, test.options, m.Options())
			for _, asked := range []string{"", Base, "plain", "rslora", "plain+rslora", "none"} {
				got, err := m.Adapter(asked)
				want, ok := test.want[asked]
				_, generated := m.Generate(t.Context(), Request{Tokens: []int32{1}, MaxNewTokens: 1, Adapter: asked})
				if !ok {
					var bad *badinput.Error
					require.ErrorAs(t, err, &bad, asked)
					require.EqualError(t, generated, err.Error())
					continue
				}
				require.NoError(t, err, asked)
				require.NoError(t, generated, asked)
				require.Equal(t, want, got, asked)
			}
		})
	}
}

// A model's text needs none of the model's files to be open.
func TestTextOutlivesItsModel(t *testing.T) {
	for _, path := range []string{golden.Path(t, "tiny-llama"), "checkpoint/testdata/tiny-llama.gguf"} {
		m, err := Open(t.Context(), path, Options{})
		require.NoError(t, err)
		text := m.Text()
		require.NoError(t, m.Close())
		tok, err := text.Tokenizer()
		require.NoError(t, err)
		require.Equal(t, 2048, tok.VocabSize())
		_, err = text.Template()
		require.NoError(t, err)
	}
	m, err := OpenRandom(t.Context(), "tiny", Options{})
	require.NoError(t, err)
	defer func() { require.NoError(t, m.Close()) }()
	require.Empty(t, m.Path())
	_, err = m.Text().Tokenizer()
	var absent *checkpoint.AbsentError
	require.ErrorAs(t, err, &absent)
}
