package ner_test

import (
	"math"
	"strings"
	"sync"
	"testing"

	"github.com/medner/medner/ner"
	"github.com/medner/medner/ner/confidence"
	"github.com/medner/medner/ner/prompt"
	"github.com/stretchr/testify/require"
)

func TestConfidence(t *testing.T) {
	// "warfarin" is written with doubt, its pair's chemical side too.
	doubt := func(answer string, at int) float32 {
		if i := strings.Index(answer, "warfarin"); i >= 0 && at >= i-1 && at < i+len("warfarin") {
			return -2
		}
		return -0.01
	}
	text := "Aspirin and warfarin cause ulcers."
	script := byTask("- aspirin\n- warfarin", "- ulcers", "- aspirin | ulcers\n- warfarin | ulcers")
	f := newFake(t, script)
	f.logProb = doubt
	r := extract(t, f, text)
	require.False(t, r.Calibrated)
	sure, unsure := r.Entities[0].Confidence, r.Entities[1].Confidence
	require.InDelta(t, math.Exp(-0.02), sure, 0.02)
	require.InDelta(t, math.Exp(-2.01), unsure, 0.02)
	require.InDelta(t, sure, r.Relations[0].Confidence, 0.02)
	require.InDelta(t, unsure, r.Relations[1].Confidence, 0.02)

	r = extract(t, f, text, ner.WithMinConfidence(0.5))
	require.Equal(t, []string{"chemical Aspirin@0-7", "disease ulcers@27-33"}, places(r))
	require.Len(t, r.Dropped, 2)
	require.Contains(t, r.Dropped[0].Reason, "is below 0.500")

	// A calibration fitted on what observe saw.
	var mu sync.Mutex
	samples := map[prompt.Task][]confidence.Sample{}
	observe := ner.WithItems(func(it ner.Item) {
		mu.Lock()
		defer mu.Unlock()
		right := !strings.Contains(it.Text+it.Chemical, "warfarin")
		for range 50 {
			samples[it.Task] = append(samples[it.Task], confidence.Sample{Features: it.Features, Correct: right})
		}
	})
	extract(t, f, text, observe)
	e, err := ner.NewWithEngine(f.engine(), ner.WithGrounded(false))
	require.NoError(t, err)
	c := &confidence.Calibration{Key: e.Key(), Tasks: map[string]*confidence.Curve{}}
	for task, s := range samples {
		c.Tasks[string(task)] = confidence.Fit(s)
	}
	r = extract(t, f, text, ner.WithCalibration(c))
	require.True(t, r.Calibrated)
	require.Greater(t, r.Entities[0].Confidence, 0.9)
	require.Less(t, r.Entities[1].Confidence, 0.1)
	r = extract(t, f, text, ner.WithCalibration(c), ner.WithTargetPrecision(0.9))
	require.Equal(t, []string{"chemical Aspirin@0-7", "disease ulcers@27-33"}, places(r))

	other := *c
	other.Prompt = "card"
	_, err = ner.NewWithEngine(f.engine(), ner.WithGrounded(false), ner.WithCalibration(&other))
	require.ErrorContains(t, err, "calibration")
	_, err = ner.NewWithEngine(f.engine(), ner.WithTargetPrecision(0.9))
	require.ErrorContains(t, err, "no calibration")
}

func TestEnsemble(t *testing.T) {
	script := func(p string) string {
		switch {
		case strings.Contains(p, "specialized in three tasks"):
			return "- aspirin\n- ibuprofen\n- warfarin"
		case strings.Contains(p, "specialized in extracting"):
			return "- aspirin\n- ibuprofen"
		}
		return "- Aspirin\n- metformin"
	}
	text := "Aspirin, ibuprofen, warfarin, metformin."
	for mode, want := range map[ner.Ensemble][]string{
		ner.Union:        {"chemical Aspirin@0-7", "chemical ibuprofen@9-18", "chemical warfarin@20-28", "chemical metformin@30-39"},
		ner.Vote:         {"chemical Aspirin@0-7", "chemical ibuprofen@9-18"},
		ner.Intersection: {"chemical Aspirin@0-7"},
	} {
		f := newFake(t, script)
		r := extract(t, f, text, ner.WithTasks(prompt.Chemicals), ner.WithEnsemble(mode, "train", "card", "simple"))
		require.Equal(t, want, places(r), mode)
		require.Len(t, r.Dropped, 4-len(want))
		for _, d := range r.Dropped {
			require.Contains(t, d.Reason, "of 3 prompts")
		}
		require.Greater(t, r.Entities[0].Confidence, 0.8)
		if mode == ner.Union {
			require.Less(t, r.Entities[2].Confidence, 0.4)
		}
	}
}
