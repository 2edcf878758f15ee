package seedcompat

import (
	"encoding/json"
	"os"
	"slices"
	"testing"

	"github.com/medner/medner/ner/prompt"
	"github.com/stretchr/testify/require"
)

type outcome struct {
	Predicted, Gold []string
	Exact, Fuzzy    [3]int
}

type reference struct {
	Cases []struct {
		Rule, Prompt, Answer, Completion string
		Task                             prompt.Task
		Card, BioMistral                 outcome
	}
	Tasks, Texts [][2]string
}

func loadReference(t *testing.T) reference {
	data, err := os.ReadFile("testdata/cases.json")
	require.NoError(t, err)
	var ref reference
	require.NoError(t, json.Unmarshal(data, &ref))
	return ref
}

// TestRules compares every rule with testdata/reference.py.
func TestRules(t *testing.T) {
	ref := loadReference(t)
	require.GreaterOrEqual(t, len(ref.Cases), 60)
	for _, c := range ref.Cases {
		for variant, want := range map[Rules]outcome{Card: c.Card, BioMistral: c.BioMistral} {
			t.Run(c.Rule+"/"+string(variant), func(t *testing.T) {
				task, err := TaskOf("doc", c.Prompt)
				if err != nil || task != c.Task {
					t.Fatalf("task %q, %v; want %q", task, err, c.Task)
				}
				predicted := variant.Predicted(c.Task, c.Prompt, c.Answer)
				if !slices.Equal(predicted, want.Predicted) {
					t.Errorf("predicted %q, want %q", predicted, want.Predicted)
				}
				gold := variant.Gold(c.Task, c.Completion)
				if !slices.Equal(gold, want.Gold) {
					t.Errorf("gold %q, want %q", gold, want.Gold)
				}
				for fuzzy, n := range map[bool][3]int{false: want.Exact, true: want.Fuzzy} {
					if got := Score(gold, predicted, fuzzy); got != (Counts{n[0], n[1], n[2]}) {
						t.Errorf("fuzzy %v: counts %v, want %v", fuzzy, got, n)
					}
				}
			})
		}
	}
}

func TestNormalizeText(t *testing.T) {
	for _, c := range loadReference(t).Texts {
		if got := normalizeText(c[0]); got != c[1] {
			t.Errorf("%q: %q, want %q", c[0], got, c[1])
		}
	}
}

func TestTaskOf(t *testing.T) {
	for _, c := range loadReference(t).Tasks {
		task, err := TaskOf("doc 7", c[0])
		if string(task) != c[1] {
			t.Errorf("%q: %q, want %q", c[0], task, c[1])
		}
		if (err != nil) != (c[1] == "") {
			t.Errorf("%q: error %v", c[0], err)
		}
		if err != nil {
			require.ErrorContains(t, err, "doc 7")
		}
	}
}

// No line of an answer vanishes: each is kept, or dropped with a reason.
func TestEveryLineIsAccountedFor(t *testing.T) {
	reasons := map[string]bool{}
	for _, c := range loadReference(t).Cases {
		items, others := bullets(c.Answer)
		for _, v := range []Rules{Card, BioMistral} {
			if c.Task == prompt.Influences {
				kept, dropped := v.Pairs(c.Prompt, c.Answer)
				require.Len(t, items, len(kept)+len(dropped)-len(others), c.Rule)
				for _, d := range dropped {
					reasons[d.Reason] = true
				}
				continue
			}
			kept, dropped := v.Entities(c.Task, c.Prompt, c.Answer)
			require.Len(t, items, len(kept)+len(dropped)-len(others), c.Rule)
			for _, d := range dropped {
				reasons[d.Reason] = true
			}
		}
	}
	for _, r := range []string{notABullet, notAPair, notASentence, blacklisted, tooShort, diseaseMarker, notGrounded, duplicate} {
		if !reasons[r] {
			t.Errorf("no case for %q", r)
		}
	}
}

func FuzzRules(f *testing.F) {
	f.Add("Aspirin- x treats İ.", "- aspirin | pain\n- chemical a influences disease b\r* x")
	f.Fuzz(func(t *testing.T, text, answer string) {
		for _, v := range []Rules{Card, BioMistral} {
			items, others := bullets(answer)
			kept, dropped := v.Entities(prompt.Chemicals, text, answer)
			if len(kept)+len(dropped) != len(items)+len(others) {
				t.Fatalf("%d kept, %d dropped of %d items and %d lines", len(kept), len(dropped), len(items), len(others))
			}
			v.Pairs(text, answer)
		}
	})
}
