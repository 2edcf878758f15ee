package ner_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"testing"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/golden"
	"github.com/medner/medner/model"
	"github.com/medner/medner/model/checkpoint"
	"github.com/medner/medner/ner"
	"github.com/medner/medner/ner/confidence"
	"github.com/medner/medner/ner/document"
	"github.com/medner/medner/ner/prompt"
	"github.com/stretchr/testify/require"
)

// twoAdapters are the options of a small 4-bit model with two adapters.
func twoAdapters(t *testing.T) (path string, o model.Options) {
	return golden.Path(t, "tiny-llama-nf4"), model.Options{Adapters: []string{golden.Path(t, "adapters/plain"), golden.Path(t, "adapters/rslora")}}
}

func openModel(t *testing.T, path string, o model.Options) *model.Model {
	t.Helper()
	m, err := model.Open(t.Context(), path, o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, m.Close()) })
	return m
}

// variants are options of extractors that answer differently.
func variants() map[string][]ner.Option {
	short := ner.WithMaxNewTokens(16)
	return map[string][]ner.Option{
		"both, grounded":   {short},
		"both, plain":      {short, ner.WithGrounded(false)},
		"second, grounded": {short, ner.WithAdapter("rslora")},
		"second, plain":    {short, ner.WithAdapter("rslora"), ner.WithGrounded(false)},
		"base, grounded":   {short, ner.WithAdapter(model.Base)},
		"base, plain":      {short, ner.WithAdapter(model.Base), ner.WithGrounded(false)},
		"card":             {short, ner.WithPrompt("card"), ner.WithTasks(prompt.Chemicals)},
		"seed-compat":      {ner.WithProfile(ner.SeedCompat), short},
		"alternatives":     {short, ner.WithAlternatives(0.01)},
	}
}

// found is what an extractor finds: results, and what the model wrote.
type found struct {
	results []string // printed, as confidences may be NaN
	replies map[string]string
}

func find(t *testing.T, make func(...ner.Option) (*ner.Extractor, error), options []ner.Option) found {
	f := found{replies: map[string]string{}}
	var lock sync.Mutex
	e, err := make(append(slices.Clone(options), ner.WithReplies(func(r ner.Reply) {
		lock.Lock()
		defer lock.Unlock()
		f.replies[r.Document+" "+string(r.Task)] += r.Text
	}))...)
	if err != nil {
		t.Error(err)
		return f
	}
	docs := []document.Document{
		{ID: "1", Text: "Lithium may cause tremor and weight gain."},
		{ID: "2", Text: "Famotidine-associated delirium. A series of six cases."},
	}
	for r, err := range e.Extract(t.Context(), docs...) {
		if err != nil {
			t.Error(err)
			return f
		}
		f.results = append(f.results, fmt.Sprintf("%+v", *r))
	}
	if err := e.Close(); err != nil {
		t.Error(err)
	}
	return f
}

// Extractors with other adapters and options, requests of the caller's own and
// extractors of single requests share a model, and each finds what it finds
// alone, to the bit.
func TestSharedModel(t *testing.T) {
	path, o := twoAdapters(t)
	alone := map[string]found{}
	for name, options := range variants() {
		alone[name] = find(t, func(options ...ner.Option) (*ner.Extractor, error) {
			return ner.Open(t.Context(), path, append(options, ner.WithModelOptions(o))...)
		}, options)
	}
	for _, pair := range [][2]string{
		{"both, plain", "second, plain"}, {"second, plain", "base, plain"},
		{"both, grounded", "second, grounded"}, {"base, grounded", "base, plain"},
	} {
		require.NotEqual(t, alone[pair[0]].replies, alone[pair[1]].replies, "%v would not be told apart", pair)
	}
	request := model.Request{Tokens: []int32{1, 640, 12, 77}, MaxNewTokens: 24, Stop: []int32{}}
	var written [3]*model.Result
	lone := openModel(t, path, o)
	adapters := []string{"plain", "rslora", model.Base}
	for i, adapter := range adapters {
		request.Adapter = adapter
		var err error
		written[i], err = lone.Generate(t.Context(), request)
		require.NoError(t, err)
	}
	require.NoError(t, lone.Close())

	m := openModel(t, path, o)
	shared, err := ner.New(m, ner.WithConcurrency(8))
	require.NoError(t, err)
	var working sync.WaitGroup
	for name, options := range variants() {
		for _, make := range []func(...ner.Option) (*ner.Extractor, error){
			shared.With,
			func(options ...ner.Option) (*ner.Extractor, error) { return ner.New(m, options...) },
		} {
			working.Go(func() {
				if got := find(t, make, options); !equalFound(got, alone[name]) {
					t.Errorf("%s: %v, alone %v", name, got, alone[name])
				}
			})
		}
	}
	for i, adapter := range adapters {
		working.Go(func() {
			r := request
			r.Adapter = adapter
			got, err := m.Generate(t.Context(), r)
			if err != nil || !slices.EqualFunc(got.Tokens, written[i].Tokens, func(a, b model.Token) bool { return a.ID == b.ID && a.LogProb == b.LogProb }) {
				t.Errorf("%s: %v, %v", adapter, got, err)
			}
		})
	}
	working.Wait()
}

func equalFound(a, b found) bool {
	return slices.Equal(a.results, b.results) && fmt.Sprint(a.replies) == fmt.Sprint(b.replies)
}

// Weights are held once, however many extractors there are.
func TestExtractorsHoldNoWeights(t *testing.T) {
	path, o := twoAdapters(t)
	m := openModel(t, path, o)
	_, err := m.Text().Tokenizer()
	require.NoError(t, err)
	weights := m.Info().WeightBytes
	allocated := func(fn func()) int64 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		fn()
		runtime.ReadMemStats(&after)
		return int64(after.TotalAlloc - before.TotalAlloc)
	}
	var e *ner.Extractor
	n := allocated(func() { e, err = ner.New(m) })
	require.NoError(t, err)
	require.Less(t, n, weights/4, "New, beside weights of %d bytes", weights)
	n = allocated(func() { _, err = e.With(ner.WithAdapter("rslora"), ner.WithGrounded(false)) })
	require.NoError(t, err)
	require.Less(t, n, weights/64, "With, beside weights of %d bytes", weights)
	require.Equal(t, weights, m.Info().WeightBytes)
}

// New finds the prompt and the calibration that lie beside the adapter which is
// asked, as Open does.
func TestNewFindsWhatLiesBeside(t *testing.T) {
	path, o := twoAdapters(t)
	for i, dir := range o.Adapters {
		o.Adapters[i] = filepath.Join(t.TempDir(), filepath.Base(dir))
		require.NoError(t, os.CopyFS(o.Adapters[i], os.DirFS(dir)))
		hint := fmt.Sprintf(`{"prompt": %q}`, []string{"simple", "card"}[i])
		require.NoError(t, os.WriteFile(filepath.Join(o.Adapters[i], ner.HintsFile), []byte(hint), 0o600))
	}
	o.Active = "plain"
	m := openModel(t, path, o)
	first, err := ner.New(m)
	require.NoError(t, err)
	opened, err := ner.Open(t.Context(), path, ner.WithModelOptions(o))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, opened.Close()) })
	require.Equal(t, opened.Key(), first.Key())
	require.Equal(t, confidence.Key{
		Model: "tiny-llama-nf4", Adapter: "plain", Prompt: "simple", Precision: "f32, lora unmerged", Decoding: "repetition penalty 1, grounded",
	}, first.Key())

	second, err := first.With(ner.WithAdapter("rslora"))
	require.NoError(t, err)
	require.Equal(t, "card", second.Key().Prompt)
	require.Equal(t, "rslora", second.Key().Adapter)
	base, err := first.With(ner.WithAdapter(model.Base))
	require.NoError(t, err)
	alone, err := ner.New(openModel(t, path, model.Options{}))
	require.NoError(t, err)
	require.Equal(t, alone.Key(), base.Key(), "without an adapter it is the base")
	_, err = first.With(ner.WithAdapter("none"))
	var bad *badinput.Error
	require.ErrorAs(t, err, &bad)
	require.ErrorContains(t, err, `adapter: found "none", expected one of ["base" "plain" "rslora"]`)

	c := confidence.Calibration{Key: second.Key(), Tasks: map[string]*confidence.Curve{"chemicals": {Blocks: []confidence.Block{{Value: 0.25, Count: 10}}}}}
	data, err := c.Marshal()
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(o.Adapters[1], "calibration.json"), data, 0o600))
	for name, make := range map[string]func() (*ner.Extractor, error){
		"New": func() (*ner.Extractor, error) { return ner.New(m, ner.WithAdapter("rslora")) },
		"Open": func() (*ner.Extractor, error) {
			return ner.Open(t.Context(), path, ner.WithModelOptions(o), ner.WithAdapter("rslora"))
		},
		"With": func() (*ner.Extractor, error) {
			e, err := ner.New(m)
			if err != nil {
				return nil, err
			}
			return e.With(ner.WithAdapter("rslora"))
		},
	} {
		made, err := make()
		require.NoError(t, err, name)
		t.Cleanup(func() { require.NoError(t, made.Close()) })
		e, err := made.With(ner.WithTasks(prompt.Chemicals), ner.WithMaxNewTokens(1))
		require.NoError(t, err, name)
		for r, err := range e.Extract(t.Context(), document.Document{Text: "Aspirin."}) {
			require.NoError(t, err, name)
			require.True(t, r.Calibrated, name)
		}
		plain, err := e.With(ner.WithAdapter("plain"), ner.WithTargetPrecision(0.2))
		require.ErrorContains(t, err, "no calibration", name)
		require.Nil(t, plain)
	}
}

// The model of New stays open; Open's is closed with its extractor.
func TestWhoCloses(t *testing.T) {
	path, o := twoAdapters(t)
	m := openModel(t, path, o)
	e, err := ner.New(m)
	require.NoError(t, err)
	require.NoError(t, e.Close())
	_, err = m.Generate(t.Context(), model.Request{Tokens: []int32{1}, MaxNewTokens: 1})
	require.NoError(t, err)

	owner, err := ner.Open(t.Context(), path, ner.WithModelOptions(o))
	require.NoError(t, err)
	d, err := owner.With(ner.WithMaxNewTokens(1))
	require.NoError(t, err)
	require.NoError(t, d.Close())
	extract := func() (failed error) {
		for _, err := range owner.Extract(t.Context(), document.Document{Text: "Aspirin."}) {
			failed = err
		}
		return failed
	}
	require.NoError(t, extract())
	require.NoError(t, owner.Close())
	require.ErrorIs(t, extract(), model.ErrClosed)
}

// A model without a tokenizer can't be asked in words.
func TestNewNeedsATokenizer(t *testing.T) {
	m, err := model.OpenRandom(t.Context(), "tiny", model.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, m.Close()) })
	_, err = ner.New(m)
	var absent *checkpoint.AbsentError
	require.ErrorAs(t, err, &absent)
	_, err = ner.New(m, ner.WithModelOptions(model.Options{}))
	require.ErrorContains(t, err, "model options")
}

// A chat template that can't be run is an error for prompts that ask for it, and
// for no others.
func TestBrokenTemplate(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(dir, os.DirFS(golden.Path(t, "tiny-llama"))))
	broken := filepath.Join(dir, "chat_template.jinja")
	require.NoError(t, os.WriteFile(broken, []byte("{{ messages"), 0o600))
	own := filepath.Join(t.TempDir(), "mine.json")
	require.NoError(t, os.WriteFile(own, []byte(`{"user_turn":"{task}?\n{article}\n","profiles":{"mine":{"chat":"template"}}}`), 0o600))
	e, err := ner.New(openModel(t, dir, model.Options{}), ner.WithMaxNewTokens(1))
	require.NoError(t, err)
	for _, err := range e.Extract(t.Context(), document.Document{Text: "Aspirin."}) {
		require.NoError(t, err)
	}
	e, err = e.With(ner.WithPrompt(own))
	require.NoError(t, err)
	for _, err := range e.Extract(t.Context(), document.Document{Text: "Aspirin."}) {
		var bad *badinput.Error
		require.ErrorAs(t, err, &bad)
		require.ErrorContains(t, err, "prompt mine: found a model without a known chat format")
		require.ErrorContains(t, err, broken)
	}
}
