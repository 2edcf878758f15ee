package ner_test

import (
	"math"
	"testing"

	"github.com/medner/medner/ner"
	"github.com/medner/medner/ner/document"
	"github.com/medner/medner/ner/prompt"
	"github.com/stretchr/testify/require"
)

func TestSeedCompat(t *testing.T) {
	f := newFake(t, byTask("- Li\n- Aspirin.\n- hepatitis B antigen\n- technical terms", "- pain\n- chest pain", "- aspirin | pain\n- x | pain"))
	r := extract(t, f, "Aspirin, Li and hepatitis B antigen ease chest pain.", ner.WithProfile(ner.SeedCompat))
	require.Equal(t, []string{"chemical Aspirin@0-7", "disease chest pain@41-51", "chemical technical terms?"}, places(r))
	require.Equal(t, []string{"aspirin | pain"}, pairs(r))
	require.Equal(t, []string{
		"chemicals: Li: shorter than 3 characters", "chemicals: hepatitis B antigen: a disease's word in a chemical",
		"diseases: pain: generic term", "influences: x | pain: not found in the prompt",
	}, dropped(r))
	for _, e := range r.Entities {
		require.True(t, math.IsNaN(e.Confidence))
	}

	r = extract(t, newFake(t, byTask("- 'spirin'", "", "")), "Aspirin.", ner.WithProfile(ner.SeedCompat), ner.WithSeedRules(prompt.BioMistralRules))
	require.Equal(t, []string{"chemical spirin?"}, places(r))
}

func TestSeedPrompts(t *testing.T) {
	f := newFake(t, byTask("- aspirin", "- pain", ""))
	e, err := ner.NewWithEngine(f.engine(), ner.WithProfile(ner.SeedCompat))
	require.NoError(t, err)
	const whole = "The following article contains technical terms including diseases, drugs and chemicals. " +
		"Create a list only of the chemicals mentioned.\n\nAspirin.\n\nList of extracted chemicals:\n"
	docs := []document.Document{
		{ID: "a", Text: "Aspirin.", Prompt: whole},
		{ID: "b", Text: "Aspirin.", Prompt: "What is this?"},
	}
	var got []string
	for r, err := range e.Extract(t.Context(), docs...) {
		if err != nil {
			got = append(got, err.Error())
			continue
		}
		got = append(got, places(r)...)
	}
	require.Len(t, f.prompts, 1)
	require.Contains(t, f.prompts[0], whole+"<|eot_id|>")
	require.Len(t, got, 2)
	require.Equal(t, "chemical Aspirin@0-7", got[0])
	require.Contains(t, got[1], "document b: prompt: found no known task")
}
