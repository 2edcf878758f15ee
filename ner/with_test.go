package ner_test

import (
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/model"
	"github.com/medner/medner/ner"
	"github.com/medner/medner/ner/confidence"
	"github.com/medner/medner/ner/document"
	"github.com/medner/medner/ner/prompt"
	"github.com/stretchr/testify/require"
)

// Many requests derive their extractors and use them at once.
func TestWithAtOnce(t *testing.T) {
	f := newFake(t, byTask("- aspirin\n- warfarin", "- ulcers", "- aspirin | ulcers"))
	e, err := ner.NewWithEngine(f.engine(), ner.WithGrounded(false), ner.WithConcurrency(4), ner.WithAnnotator(func(*document.Result) error { return nil }))
	require.NoError(t, err)
	var working sync.WaitGroup
	for i := range 32 {
		working.Go(func() {
			id := itoa(i)
			task := prompt.Tasks()[i%3]
			d, err := e.With(ner.WithTasks(task), ner.WithAdapter("a"+id), ner.WithUngrounded(ner.Drop), ner.WithAnnotator(func(r *document.Result) error {
				r.Warnings = append(r.Warnings, id)
				return nil
			}))
			if err != nil {
				t.Error(err)
				return
			}
			for r, err := range d.Extract(t.Context(), document.Document{Text: "Aspirin causes ulcers."}) {
				want := map[prompt.Task][]string{
					prompt.Chemicals: {"chemical Aspirin@0-7"}, prompt.Diseases: {"disease ulcers@15-21"}, prompt.Influences: nil,
				}[task]
				if err != nil || !slices.Equal(places(r), want) || !slices.Equal(r.Warnings, []string{id}) || r.Model.Adapter != "a"+id {
					t.Errorf("%s: %+v, %v", id, r, err)
				}
			}
		})
	}
	working.Wait()
	require.LessOrEqual(t, f.most, 4, "all share the places of the first")
	for _, r := range f.requests {
		require.NotEmpty(t, r.Adapter)
	}
}

func TestWithRefuses(t *testing.T) {
	f := newFake(t, byTask("", "", ""))
	e, err := ner.NewWithEngine(f.engine(), ner.WithConcurrency(4))
	require.NoError(t, err)
	other := confidence.Calibration{Key: confidence.Key{Model: "other"}}
	for name, o := range map[string]ner.Option{
		"concurrency":    ner.WithConcurrency(5),
		"model options":  ner.WithModelOptions(model.Options{}),
		"calibration":    ner.WithCalibration(&other),
		"prompt":         ner.WithPrompt("trian"),
		"max new tokens": ner.WithMaxNewTokens(0),
	} {
		_, err := e.With(o)
		var bad *badinput.Error
		require.True(t, errors.As(err, &bad), "%s: %v", name, err)
		require.ErrorContains(t, err, name)
	}
	_, err = e.With(ner.WithConcurrency(4))
	require.NoError(t, err)
}

// What an option changes, another request has as before.
func TestWithProfiles(t *testing.T) {
	f := newFake(t, byTask("- aspirin", "", ""))
	e, err := ner.NewWithEngine(f.engine(), ner.WithTasks(prompt.Chemicals))
	require.NoError(t, err)
	seed, err := e.With(ner.WithProfile(ner.SeedCompat))
	require.NoError(t, err)
	back, err := seed.With(ner.WithProfile(ner.Default))
	require.NoError(t, err)
	require.NotEqual(t, e.Key(), seed.Key())
	require.Equal(t, e.Key(), back.Key())
}

// A calibration serves the requests that it fits.
func TestWithCalibration(t *testing.T) {
	f := newFake(t, byTask("- aspirin", "", ""))
	e, err := ner.NewWithEngine(f.engine(), ner.WithTasks(prompt.Chemicals))
	require.NoError(t, err)
	c := &confidence.Calibration{Key: e.Key(), Tasks: map[string]*confidence.Curve{"chemicals": {Blocks: []confidence.Block{{Value: 0.25, Count: 10}}}}}
	e, err = e.With(ner.WithCalibration(c))
	require.NoError(t, err)
	calibrated := func(e *ner.Extractor) bool {
		for r, err := range e.Extract(t.Context(), document.Document{Text: "Aspirin."}) {
			require.NoError(t, err)
			return r.Calibrated
		}
		return false
	}
	require.True(t, calibrated(e))
	fits, err := e.With(ner.WithMinConfidence(0.1))
	require.NoError(t, err)
	require.True(t, calibrated(fits))
	not, err := e.With(ner.WithRepetitionPenalty(1.1, false))
	require.NoError(t, err)
	require.False(t, calibrated(not))
	again, err := not.With(ner.WithRepetitionPenalty(1, false))
	require.NoError(t, err)
	require.True(t, calibrated(again))
	_, err = not.With(ner.WithTargetPrecision(0.9))
	require.ErrorContains(t, err, "no calibration")
}
