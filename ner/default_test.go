package ner_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"regexp"
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
	e := openDefault(t, ner.WithMethod(ner.Generate), ner.WithGrounded(false), ner.WithDerived(false))
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
			require.Equal(t, []string{"chemical famotidine", "disease delirium", "chemical histamine"}, names)
			require.Equal(t, []string{"Famotidine | delirium"}, pairs(r))
			require.Equal(t, "article-first", e.Key().Prompt)
		}
		return
	}
}

// reference is what transformers and peft say with the default adapter about six
// articles, see reference.json of package modelstore.
type reference struct {
	Articles []struct {
		ID, Text  string
		Prefix    []int32     `json:"prefix_ids"`
		Again     []int32     `json:"again_ids"`
		Copy      []int32     `json:"copy_ids"`
		Scores    [][]float32 `json:"label_scores"`
		Questions map[string]struct {
			IDs    []int32 `json:"question_ids"`
			Answer []int32 `json:"greedy_ids"`
		}
	}
}

// TestDefaultModelIsTransformers: the labels' scores are within 1e-3 of those of
// transformers, and the answers are the same ids. All branches of three articles
// are asked at once, and what several prompts begin with is read once. The other
// three articles are TestDefaultModelTagsSpans's.
func TestDefaultModelIsTransformers(t *testing.T) {
	openDefault(t) // or skip
	var r reference
	readJSON(t, golden.Root()+"/internal/modelstore/testdata/reference.json", &r)
	require.Len(t, r.Articles, 6)
	files, err := modelstore.Locate("")
	require.NoError(t, err)
	m, err := model.Open(t.Context(), files.Base, model.Options{Adapters: files.Adapters, PrefixCache: 1 << 30})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, m.Close()) })
	var working sync.WaitGroup
	var prompts [][]int32
	for _, a := range r.Articles[:3] {
		prompts = append(prompts, slices.Concat(a.Prefix, a.Again, a.Copy))
		for _, q := range a.Questions {
			prompts = append(prompts, slices.Concat(a.Prefix, q.IDs))
		}
		working.Go(func() {
			c, err := m.Classify(t.Context(), model.ClassifyRequest{Tokens: slices.Concat(a.Prefix, a.Again, a.Copy), From: len(a.Prefix) + len(a.Again), Patient: true})
			if !assert.NoError(t, err) || !assert.Len(t, c.Scores, len(a.Scores)) {
				return
			}
			for i := range a.Scores {
				assert.InDeltaSlice(t, a.Scores[i], c.Scores[i], 1e-3, "%s: token %d", a.ID, i)
			}
		})
		for task, q := range a.Questions {
			working.Go(func() {
				answer, err := m.Generate(t.Context(), model.Request{Tokens: slices.Concat(a.Prefix, q.IDs), MaxNewTokens: 96, Patient: true})
				assert.NoError(t, err)
				assert.Equal(t, q.Answer, answer.IDs(), "%s: %s", a.ID, task)
			})
		}
	}
	working.Wait()
	require.EqualValues(t, distinct(prompts), m.Stats().PromptTokens)
}

// distinct returns the number of tokens to be read of prompts if what several
// begin with is read once.
func distinct(prompts [][]int32) (n int) {
	slices.SortFunc(prompts, slices.Compare[[]int32])
	for i, p := range prompts {
		shared := 0
		for i > 0 && shared < min(len(p), len(prompts[i-1])) && p[shared] == prompts[i-1][shared] {
			shared++
		}
		n += len(p) - shared
	}
	return n
}

// TestDefaultModelTagsSpans: the mentions are those of the best paths through
// transformers' scores, which default-spans.json has. By default those that begin
// or end inside of a word are not among them.
func TestDefaultModelTagsSpans(t *testing.T) {
	e := openDefault(t, ner.WithTasks("chemicals", "diseases"), ner.WithDerived(false))
	parts, err := e.With(ner.WithWholeWords(false))
	require.NoError(t, err)
	var r reference
	readJSON(t, golden.Root()+"/internal/modelstore/testdata/reference.json", &r)
	var want map[string][][3]any
	readJSON(t, "testdata/default-spans.json", &want)
	for _, a := range r.Articles[3:] {
		spans := func(e *ner.Extractor) (all [][3]any) {
			for result, err := range e.Extract(t.Context(), document.Document{ID: a.ID, Text: a.Text}) {
				require.NoError(t, err)
				require.Equal(t, "tag", result.Model.Method)
				for _, e := range result.Entities {
					all = append(all, [3]any{float64(e.Spans[0].Start), float64(e.Spans[0].End), e.Type})
				}
			}
			return all
		}
		require.Equal(t, want[a.ID], spans(parts), a.ID)
		whole := spans(e)
		for _, s := range want[a.ID] {
			inside := func(at any) bool {
				i := int(at.(float64))
				return i > 0 && i < len(a.Text) && wordByte(a.Text[i-1]) && wordByte(a.Text[i])
			}
			require.Equal(t, !inside(s[0]) && !inside(s[1]), slices.Contains(whole, s), "%s: %v", a.ID, s)
		}
	}
}

func wordByte(c byte) bool { return regexp.MustCompile(`\w`).Match([]byte{c}) }

func readJSON(t *testing.T, path string, to any) {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, to))
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
		{name: "lists", options: []ner.Option{ner.WithMethod(ner.Generate)}, want: true},
		{name: "both", options: []ner.Option{ner.WithMethod(ner.Both)}, want: true},
		{name: "fast lists", model: model.Options{Precision: "fast"}, options: []ner.Option{ner.WithMethod(ner.Generate)}, want: true},
		{name: "fast both", model: model.Options{Precision: "fast"}, options: []ner.Option{ner.WithMethod(ner.Both)}, want: true},
		{name: "halved keys and values", model: model.Options{KV: "f16"}},
		{name: "merged adapter", model: model.Options{LoRA: model.Merge}},
		{name: "prompt", options: []ner.Option{ner.WithPrompt("card")}},
		{name: "ensemble", options: []ner.Option{ner.WithEnsemble(ner.Vote, "article-first", "card")}},
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
