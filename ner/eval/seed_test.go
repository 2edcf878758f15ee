package eval

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/ner/document"
	"github.com/medner/medner/ner/prompt"
)

func seedDocument(id, task, article, completion string) document.Document {
	return document.Document{ID: id, Text: article, Completion: completion,
		Prompt: "Create a list only of the " + task + " mentioned.\n\n" + article + "\n\nList of extracted " + task + ":\n"}
}

// Gold documents in the model card's format are scored by the card's rules, whatever
// profile made the predictions.
func TestSeedScoring(t *testing.T) {
	const article = "Aspirin, Li and hepatitis B surface antigen cause hepatocellular carcinomas and pain."
	gold := []document.Document{
		seedDocument("gold:1", "chemicals", article, "- aspirin\n- Li\n- hepatitis B surface antigen"),
		seedDocument("gold:2", "diseases", article, "- hepatocellular carcinoma.\n- pain"),
		seedDocument("gold:3", "influences", article, "- aspirin | pain"),
	}
	answers := []string{"- Aspirin.\n- Li\n- hepatitis b surface antigen\n- warfarin", "- hepatocellular carcinomas\n- pain", "- aspirin. | pain\n- Li | pain"}
	var raw []document.Document
	for i, g := range gold {
		g.ID, g.Completion = []string{"p:1", "p:2", "p:3"}[i], answers[i] // of another file: the prompts match
		raw = append(raw, g)
	}
	for name, c := range map[string]struct {
		seed Seed
		want [3]Counts
	}{
		"as written":        {Seed{}, [3]Counts{{3, 4, 3}, {1, 2, 2}, {1, 2, 1}}},
		"filtered":          {Seed{Filtered: true}, [3]Counts{{1, 1, 3}, {0, 1, 2}, {1, 2, 1}}},
		"fuzzy":             {Seed{Filtered: true, Fuzzy: true}, [3]Counts{{1, 1, 3}, {1, 1, 2}, {1, 2, 1}}},
		"biomistral":        {Seed{Filtered: true, Rules: prompt.BioMistralRules}, [3]Counts{{0, 0, 3}, {0, 1, 2}, {0, 1, 1}}},
		"biomistral, fuzzy": {Seed{Filtered: true, Rules: prompt.BioMistralRules, Fuzzy: true}, [3]Counts{{0, 0, 3}, {1, 1, 2}, {0, 1, 1}}},
	} {
		r, err := Evaluate(t.Context(), gold, raw, Options{Seed: c.seed})
		require.NoError(t, err)
		for i, task := range Tasks() {
			require.Equal(t, c.want[i], r.Tasks[task].Counts, "%s: %s", name, task)
		}
		require.Nil(t, r.Levels, "no offsets, no levels below the document's")
		require.Empty(t, r.Warnings)
		require.Len(t, r.Strategies, len(strategies))
		require.Equal(t, Counts{3, 4, 3}, r.Strategies[0].Tasks[Chemicals].Counts)
	}

	// Tags find the chemicals: no answer lists them.
	tagged, err := Evaluate(t.Context(), gold, raw, Options{Replies: []Reply{{Document: "gold:2", Task: Diseases, Prompt: gold[1].Prompt, Text: "- pain"}}})
	require.NoError(t, err)
	require.Len(t, tagged.Strategies, len(strategies))
	require.Len(t, tagged.Strategies[0].Tasks, 1)
	require.Equal(t, 1., tagged.Strategies[0].Tasks[Diseases].TP)

	results := []document.Document{
		{ID: "gold:1", Entities: []document.Entity{{Type: "chemical", Text: "Aspirin", Normalized: "aspirin"}, {Type: "disease", Text: "pain"}}},
		{ID: "gold:2", Entities: []document.Entity{{Type: "disease", Text: "Pain;", Normalized: "pains"}}},
		{ID: "gold:3", Relations: []document.Relation{{Chemical: "Aspirin", Disease: "pain"}}},
	}
	r, err := Evaluate(t.Context(), gold, results, Options{})
	require.NoError(t, err)
	require.Equal(t, Counts{1, 1, 3}, r.Tasks[Chemicals].Counts, "the prompt asks for chemicals alone")
	require.Equal(t, Counts{1, 1, 2}, r.Tasks[Diseases].Counts)
	require.Equal(t, Counts{1, 1, 1}, r.Tasks[Influences].Counts)
	r, err = Evaluate(t.Context(), gold, results, Options{Seed: Seed{Filtered: true}})
	require.NoError(t, err)
	require.Equal(t, Counts{0, 1, 2}, r.Tasks[Diseases].Counts, "an item of profile seed-compat is taken as it is")

	gold[0].Prompt = "What is this?"
	_, err = Evaluate(t.Context(), gold, results, Options{})
	require.ErrorContains(t, err, "gold:1")
}
