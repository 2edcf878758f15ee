package ner_test

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/medner/medner/internal/golden"
	"github.com/medner/medner/internal/modelstore"
	"github.com/medner/medner/model"
	"github.com/medner/medner/ner"
	"github.com/medner/medner/ner/document"
	"github.com/medner/medner/ner/format"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// openDefault opens the default model, or skips where it was not fetched.
func openDefault(t *testing.T, options ...ner.Option) *ner.Extractor {
	t.Helper()
	if testing.Short() {
		t.Skip("runs the default model")
	}
	e, err := ner.Open(t.Context(), "", options...)
	var missing *ner.NotFetchedError
	if errors.As(err, &missing) {
		t.Skipf("%v: %s", missing, missing.Hint())
	}
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, e.Close()) })
	return e
}

// TestDefaultModelOnARealAbstract: the items are those that transformers and
// peft write for this article (reference.json of package modelstore).
func TestDefaultModelOnARealAbstract(t *testing.T) {
	e := openDefault(t, ner.WithGrounded(false), ner.WithDerived(false), ner.WithRepetitionPenalty(1, false))
	reader, err := format.Open(golden.Root()+"/testdata/demo/abstracts.PubTator", format.ReadOptions{})
	require.NoError(t, err)
	defer reader.Close()
	for doc, err := range reader.Documents() {
		require.NoError(t, err)
		require.Equal(t, "8701013", doc.ID)
		for r, err := range e.Extract(t.Context(), doc) {
			require.NoError(t, err)
			var names []string
			for _, e := range r.Entities {
				if name := e.Type + " " + strings.ToLower(e.Text); !slices.Contains(names, name) {
					names = append(names, name)
				}
				require.True(t, e.Grounded)
				require.Greater(t, e.Confidence, 0.0)
			}
			require.Equal(t, []string{"chemical famotidine", "disease delirium", "chemical histamine", "chemical h2-receptor antagonist"}, names)
			require.Equal(t, []string{"Famotidine | delirium"}, pairs(r))
			require.Equal(t, "simple", e.Key().Prompt)
		}
		return
	}
}

// TestCardExampleWithTheDefaultModel asks the model card's own example of the
// default model, which is smaller and not the card's: its main findings must
// be there, and every offset right.
func TestCardExampleWithTheDefaultModel(t *testing.T) {
	e := openDefault(t)
	for r, err := range e.Extract(t.Context(), document.Document{ID: "card", Text: cardArticle}) {
		require.NoError(t, err)
		t.Log(places(r), pairs(r), dropped(r))
		for _, want := range []string{"chemical Aspirin@0-7", "chemical ibuprofen@12-21", "chemical metformin@88-97"} {
			require.Contains(t, places(r), want)
		}
		index := document.NewIndex(cardArticle)
		for _, e := range r.Entities {
			for _, s := range e.Spans {
				text, ok := index.Slice(s)
				require.True(t, ok)
				require.Equal(t, e.Text, text)
			}
		}
	}
}

// The default model's confidences are calibrated for both precisions, as long
// as nothing changes what they were fitted on.
func TestDefaultModelIsCalibrated(t *testing.T) {
	for _, c := range []struct {
		name    string
		model   model.Options
		options []ner.Option
		want    bool
	}{
		{name: "f32", want: true},
		{name: "fast", model: model.Options{Precision: "fast"}, want: true},
		{name: "halved keys and values", model: model.Options{KV: "f16"}},
		{name: "merged adapter", model: model.Options{LoRA: model.Merge}},
		{name: "prompt", options: []ner.Option{ner.WithPrompt("card")}},
		{name: "ensemble", options: []ner.Option{ner.WithEnsemble(ner.Vote, "simple", "card")}},
		{name: "penalty", options: []ner.Option{ner.WithRepetitionPenalty(1.15, false)}},
		{name: "no mask", options: []ner.Option{ner.WithGrounded(false)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := openDefault(t, append(c.options, ner.WithModelOptions(c.model), ner.WithMaxNewTokens(1), ner.WithTasks("chemicals"))...)
			for r, err := range e.Extract(t.Context(), document.Document{ID: "1", Text: "Aspirin."}) {
				require.NoError(t, err)
				require.Equal(t, c.want, r.Calibrated)
			}
		})
	}
}

// The default model under its adapter, the base alone, and plain generation
// share the weights, and each gives what it gives alone.
func TestSharedDefaultModel(t *testing.T) {
	opened := openDefault(t, ner.WithMaxNewTokens(24))
	base, err := opened.With(ner.WithAdapter(model.Base), ner.WithGrounded(false))
	require.NoError(t, err)
	find := func(e *ner.Extractor) (found string) {
		for r, err := range e.Extract(t.Context(), document.Document{Text: cardArticle}) {
			if err != nil {
				t.Error(err)
				return ""
			}
			found = fmt.Sprintf("%+v", *r)
		}
		return found
	}
	medical, plain := find(opened), find(base)
	require.NotEqual(t, medical, plain)

	files, err := modelstore.Locate("")
	require.NoError(t, err)
	m, err := model.Open(t.Context(), files.Base, model.Options{Adapters: files.Adapters})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, m.Close()) })
	weights := m.Info().WeightBytes
	request := model.Request{Tokens: []int32{1, 42, 314, 2718}, MaxNewTokens: 16, Stop: []int32{}, Adapter: model.Base}
	written, err := m.Generate(t.Context(), request)
	require.NoError(t, err)
	first, err := ner.New(m, ner.WithMaxNewTokens(24))
	require.NoError(t, err)
	second, err := ner.New(m, ner.WithMaxNewTokens(24), ner.WithAdapter(model.Base), ner.WithGrounded(false))
	require.NoError(t, err)
	var working sync.WaitGroup
	for range 2 {
		working.Go(func() { assert.Equal(t, medical, find(first)) })
		working.Go(func() { assert.Equal(t, plain, find(second)) })
		working.Go(func() {
			again, err := m.Generate(t.Context(), request)
			assert.NoError(t, err)
			assert.Equal(t, written.Tokens, again.Tokens)
		})
	}
	working.Wait()
	require.Equal(t, weights, m.Info().WeightBytes)
}

func TestMissingDefaultModel(t *testing.T) {
	t.Setenv("MEDNER_CACHE", t.TempDir())
	_, err := ner.Open(t.Context(), "")
	var missing *ner.NotFetchedError
	require.True(t, errors.As(err, &missing), err)
	_, err = ner.Open(t.Context(), t.TempDir()+"/none")
	require.ErrorIs(t, err, os.ErrNotExist)
}
