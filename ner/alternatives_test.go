package ner_test

import (
	"testing"

	"github.com/medner/medner/ner"
	"github.com/medner/medner/ner/document"
	"github.com/medner/medner/ner/prompt"
	"github.com/stretchr/testify/require"
)

func TestAlternatives(t *testing.T) {
	const text = "Aspirin, ibuprofen, naproxen and heparin cause ulcers and pain."
	ask := func(task prompt.Task, least float64, grounded bool) *document.Result {
		f := newFake(t, byTask("- aspirin\n- naproxen", "", "- aspirin | ulcers"))
		f.held = func(written string) map[string]float64 {
			return map[string]map[string]float64{
				"-":                       {" ibuprofen": 0.3, " Aspirin": 0.2, " zinc": 0.05, " warfarin": 0.15},
				"- aspirin":               {" |": 0.4}, // within an item nothing branches
				"- aspirin\n- naproxen":   {"\n": 0.4},
				"- aspirin\n- naproxen\n": {"-": 0.99},
				"- aspirin |":             {" pain": 0.2},
				"- aspirin | ulcers":      {"\n": 0.001},
			}[written]
		}
		f.lines = []string{"- heparin", "- ibuprofen\n- and more", "- warfarin", "- zinc"}
		if task == prompt.Influences {
			f.lines = []string{"- aspirin | pain", "- ibuprofen | pain", "- warfarin | pain"}
		}
		return extract(t, f, text, ner.WithAlternatives(least), ner.WithGrounded(grounded), ner.WithTasks(task))
	}
	for _, grounded := range []bool{false, true} {
		r := ask(prompt.Chemicals, 0.1, grounded)
		require.Equal(t, []string{"chemical Aspirin@0-7", "chemical ibuprofen@9-18", "chemical naproxen@20-28", "chemical heparin@33-40"}, places(r))
		require.Greater(t, r.Entities[0].Confidence, r.Entities[1].Confidence)
		require.Empty(t, r.Warnings)
		if grounded {
			require.Empty(t, r.Dropped)
		} else {
			require.Equal(t, []string{"chemicals: - warfarin: not found in the article"}, dropped(r))
		}
		require.Equal(t, []string{"Aspirin | ulcers", "ibuprofen | pain", "Aspirin | pain"}, pairs(ask(prompt.Influences, 0.1, grounded)))
	}
	r := ask(prompt.Chemicals, 0, false)
	require.Equal(t, []string{"chemical Aspirin@0-7", "chemical naproxen@20-28"}, places(r))
}
