package ner_test

import (
	"strings"
	"testing"

	"github.com/medner/medner/ner"
	"github.com/medner/medner/ner/prompt"
	"github.com/stretchr/testify/require"
)

func TestGrounded(t *testing.T) {
	f := newFake(t, byTask("- aspirin\n- warfarin", "", "- aspirin | gastric ulcers"))
	r := extract(t, f, "Aspirin causes ulcers.", ner.WithGrounded(true))
	require.NotEmpty(t, r.Entities)
	for _, e := range r.Entities {
		require.True(t, e.Grounded, e.Text)
	}
	for _, p := range r.Relations {
		require.True(t, p.Grounded)
	}
	for _, request := range f.requests {
		require.NotNil(t, request.Constraint)
		require.NotNil(t, request.Constraint.Fork())
	}
}

// What the model would hardly have written by itself is not its finding. A few
// such lines of an answer are finished freely.
func TestForcedItems(t *testing.T) {
	f := newFake(t, byTask("- aspirin\n- warfarin\n- caffeine\n- ketamine\n- naproxen\n- ulcers", "", ""))
	f.logProb = func(answer string, at int) float32 {
		if strings.HasPrefix(answer[at:], " ") && strings.HasSuffix(answer[:at], "-") && !strings.HasPrefix(answer[at:], " aspirin") {
			return -6
		}
		return -0.1
	}
	const text = "Aspirin causes ulcers."
	r := extract(t, f, text, ner.WithGrounded(true), ner.WithTasks(prompt.Chemicals))
	require.Equal(t, []string{"chemical Aspirin@0-7"}, places(r))
	require.Equal(t, []string{
		"chemicals: - warfarin: given up: the article doesn't go on so",
		"chemicals: - caffeine: given up: the article doesn't go on so",
		"chemicals: - ketamine: given up: the article doesn't go on so",
		"chemicals: - naproxen: given up: the article doesn't go on so",
		"chemicals: - ulcers: written only because the mask left the model no other choice",
	}, dropped(r))
	require.Len(t, f.requests, 5)
	r = extract(t, f, text, ner.WithTasks(prompt.Chemicals))
	require.Len(t, r.Entities, 6)
}

// An item with which the article doesn't go on as the model does is written to
// its end, and left out; the answer goes on.
func TestGivenUpItems(t *testing.T) {
	f := newFake(t, byTask("- ulcerative colitis\n- aspirin", "", ""))
	f.logProb = func(answer string, at int) float32 {
		if strings.HasSuffix(answer[:at], "- ul") {
			return -6
		}
		return -0.1
	}
	r := extract(t, f, "Aspirin causes ulcers.", ner.WithGrounded(true), ner.WithTasks(prompt.Chemicals))
	require.Equal(t, []string{"chemical Aspirin@0-7"}, places(r))
	require.Equal(t, []string{"chemicals: - ulcerative colitis: given up: the article doesn't go on so"}, dropped(r))
	require.Len(t, f.requests, 2)
	require.True(t, strings.HasSuffix(f.prompts[1], "- ul"), f.prompts[1])
	require.NotContains(t, f.tok.Decode(f.results[0].IDs(), true), "\n", "what follows is for nothing")

	// So may be what the article has otherwise: here in the plural.
	f = newFake(t, byTask("- ulcer\n- aspirin", "", ""))
	f.logProb = func(answer string, at int) float32 {
		if strings.HasSuffix(answer[:at], "- ulcer") {
			return -6
		}
		return -0.1
	}
	r = extract(t, f, "Aspirin causes ulcers.", ner.WithGrounded(true), ner.WithTasks(prompt.Chemicals))
	require.Equal(t, []string{"chemical Aspirin@0-7", "chemical ulcers@15-21"}, places(r))

	// A line without end is ended.
	f = newFake(t, byTask("- ulcerative "+strings.Repeat("colitis ", 100), "", ""))
	f.logProb = func(answer string, at int) float32 {
		if strings.HasSuffix(answer[:at], "- ul") {
			return -6
		}
		return -0.1
	}
	r = extract(t, f, "Aspirin causes ulcers.", ner.WithGrounded(true), ner.WithTasks(prompt.Chemicals))
	require.Less(t, len(r.Dropped[0].Text), 300)
}
