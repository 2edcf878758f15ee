package model

import (
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/internal/golden"
)

// tagCase is an entry of classifications.json, as scripts/tag_goldens.py writes it.
type tagCase struct {
	Model  string
	Prompt int
	IDs    []int32
	From   int
	Labels []string

	want []float32
}

// base returns the model that the case is for, and the folder of its adapter.
func (c *tagCase) base(t *testing.T) (base string, adapters []string) {
	if !strings.HasPrefix(c.Model, "adapters/") {
		return tags(c.Model), nil
	}
	var config struct {
		Base string `json:"base_model_name_or_path"`
	}
	readJSON(t, tags(c.Model, "adapter_config.json"), &config)
	return tags(config.Base), []string{tags(c.Model)}
}

func tags(elem ...string) string {
	return filepath.Join(append([]string{golden.Root(), "testdata", "goldens-tags"}, elem...)...)
}

func tagCases(t *testing.T) (cases []tagCase) {
	readJSON(t, tags("classifications.json"), &cases)
	scores := readTensors(t, tags("scores.safetensors"))
	for i := range cases {
		c := &cases[i]
		c.want = scores[fmt.Sprintf("%s|%d", c.Model, c.Prompt)]
		require.Len(t, c.want, (len(c.IDs)-c.From)*len(c.Labels))
	}
	return cases
}

// compareScores compares the scores of a case with transformers'.
func (c *tagCase) compare(t *testing.T, got *Classification, tolerance float64) {
	t.Helper()
	require.Equal(t, c.Labels, got.Labels)
	require.Len(t, got.Scores, len(c.IDs)-c.From)
	worst := 0.0
	for i, want := range c.want {
		worst = max(worst, math.Abs(float64(want-got.Scores[i/len(c.Labels)][i%len(c.Labels)])))
	}
	if worst > tolerance {
		t.Errorf("%s, prompt %d: a score is %.2g away from transformers'", c.Model, c.Prompt, worst)
	}
}

// TestTagsOfTransformers compares scores of every class of model and kind of adapter
// with transformers', merged and unmerged.
func TestTagsOfTransformers(t *testing.T) {
	for _, c := range tagCases(t) {
		base, adapters := c.base(t)
		modes := []LoRA{LoRADefault}
		if adapters != nil {
			modes = []LoRA{Merge, Unmerged}
		}
		for _, mode := range modes {
			m, err := Open(t.Context(), base, Options{Adapters: adapters, LoRA: mode, PrefillChunk: 50})
			require.NoError(t, err, c.Model)
			got, err := m.Classify(t.Context(), ClassifyRequest{Tokens: c.IDs, From: c.From})
			require.NoError(t, err, c.Model)
			c.compare(t, got, 2e-4)
			require.NoError(t, m.Close())
		}
	}
}

// TestHeadsTogether classifies with two adapters of one model, whose heads differ, and
// generates with both and with the base, all at once and in several schedules: each
// request gets the bits that it gets alone.
func TestHeadsTogether(t *testing.T) {
	base, adapters := tags("models", "llama-base"), []string{tags("adapters", "lora"), tags("adapters", "dora")}
	var cases []tagCase
	for _, c := range tagCases(t) {
		if c.Model == "adapters/lora" || c.Model == "adapters/dora" {
			cases = append(cases, c)
		}
	}
	for _, p := range []Precision{F32, Fast} {
		var want []string
		for _, o := range []Options{
			{Batch: 1, PrefixCache: -1, Threads: 1}, {}, {PrefillChunk: 7, Threads: 2}, {Batch: 2, PrefillChunk: 16, Draft: -1},
		} {
			o.Adapters, o.Precision = adapters, p
			m, err := Open(t.Context(), base, o)
			require.NoError(t, err)
			got := make([]string, 3*len(cases))
			var wg sync.WaitGroup
			for i, c := range cases {
				name := filepath.Base(c.Model)
				wg.Go(func() {
					found, err := m.Classify(t.Context(), ClassifyRequest{Tokens: c.IDs, From: c.From, Adapter: name})
					if err != nil {
						t.Error(err)
						return
					}
					c.compare(t, found, 2e-4) // no weight of the model is multiplied in integers
					got[3*i] = bits(found.Scores)
				})
				for j, adapter := range []string{name, Base} {
					wg.Go(func() {
						got[3*i+1+j] = written(t, m, Request{Tokens: c.IDs, MaxNewTokens: 9, Adapter: adapter, Probe: []int32{5}})
					})
				}
			}
			wg.Wait()
			if want == nil {
				want = got
			}
			require.Equal(t, want, got, "%+v", o)
			require.NoError(t, m.Close())
		}
	}
}

// bits writes numbers so that any difference shows.
func bits(rows [][]float32) string {
	var b strings.Builder
	for _, row := range rows {
		for _, v := range row {
			fmt.Fprintf(&b, "%08x ", math.Float32bits(v))
		}
		b.WriteByte('\n')
	}
	return b.String()
}
