package ner_test

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/golden"
	"github.com/medner/medner/model"
	"github.com/medner/medner/model/checkpoint"
	"github.com/medner/medner/ner"
	"github.com/medner/medner/ner/document"
	"github.com/medner/medner/ner/prompt"
	"github.com/stretchr/testify/require"
)

func itoa(n int) string { return strconv.Itoa(n) }

const cardArticle = "Aspirin and ibuprofen are commonly used to treat inflammation. " +
	"Recent studies show that metformin may reduce the risk of type-2 diabetes complications."

// cardPrompt is the model card's example, which its author's code writes out,
// beginning mark included; the tokenizer adds another.
const cardPrompt = `<|begin_of_text|><|begin_of_text|><|start_header_id|>system<|end_header_id|>

You are a medical NER expert specialized in extracting entities from biomedical texts.
Extract entities EXACTLY as they appear in the text.

CRITICAL RULES:
1. Return ONLY entities found verbatim in the article
2. Preserve exact formatting: hyphens, capitalization, special characters
3. Extract complete multi-word terms
4. For relationships: use format 'chemical NAME | disease NAME'

OUTPUT FORMAT:
- One entity per line with leading dash
- No explanations or additional text<|eot_id|><|start_header_id|>user<|end_header_id|>

The following article contains technical terms including diseases, drugs and chemicals. Create a list only of the TASK mentioned.

` + cardArticle + `

List of extracted TASK:
<|eot_id|><|start_header_id|>assistant<|end_header_id|>

`

func TestCardExample(t *testing.T) {
	for _, profile := range []ner.Profile{ner.Default, ner.SeedCompat} {
		f := newFake(t, byTask("- aspirin\n- ibuprofen\n- metformin", "- inflammation\n- type-2 diabetes",
			"- aspirin | inflammation\n- metformin | type-2 diabetes"))
		r := extract(t, f, cardArticle, ner.WithProfile(profile), ner.WithPrompt("card"))
		require.Equal(t, []string{
			"chemical Aspirin@0-7", "chemical ibuprofen@12-21", "disease inflammation@49-61",
			"chemical metformin@88-97", "disease type-2 diabetes@121-136",
		}, places(r))
		want := []string{"Aspirin | inflammation", "metformin | type-2 diabetes"}
		if profile == ner.SeedCompat {
			want[0] = "aspirin | inflammation"
		}
		require.Equal(t, want, pairs(r))
		require.Empty(t, r.Dropped)
		require.Empty(t, r.Warnings)
		require.Equal(t, "fake", r.Model.Name)
		require.Len(t, f.prompts, 3)
		for _, task := range prompt.Tasks() {
			require.Contains(t, f.prompts, strings.ReplaceAll(cardPrompt, "TASK", string(task)))
		}
		for _, request := range f.requests {
			penalty, most := float32(1), 256
			if profile == ner.SeedCompat {
				penalty, most = 1.15, 128
			}
			require.Equal(t, penalty, request.RepetitionPenalty)
			require.Equal(t, most, request.MaxNewTokens)
		}
	}
}

func TestDefaultProfile(t *testing.T) {
	for _, c := range []struct {
		name, text                      string
		chemicals, diseases, influences string
		options                         []ner.Option
		entities, relations, dropped    []string
		warnings                        int
	}{
		{
			name: "every occurrence", text: "Pain, chest pain. PAIN!", diseases: "- pain\n- chest pain",
			entities: []string{"disease Pain@0-4", "disease chest pain@6-16", "disease pain@12-16", "disease PAIN@18-22"},
		},
		{
			name: "short and generic items stay", text: "Li eased pain.", chemicals: "- Li", diseases: "- pain",
			entities: []string{"chemical Li@0-2", "disease pain@9-13"},
		},
		{
			name: "code points, CRLF, emoji", text: "💊 αβ-blocker\r\ngave naïve\u00a0fever 👩‍⚕️.", chemicals: "- αβ-blocker", diseases: "- naïve fever",
			entities: []string{"chemical αβ-blocker@2-12", "disease naïve\u00a0fever@19-30"},
		},
		{
			name: "flagged", text: "Aspirin.", chemicals: "- aspirin\n- warfarin", influences: "- aspirin | ulcer",
			entities: []string{"chemical Aspirin@0-7", "chemical warfarin?"}, relations: []string{"Aspirin | ulcer?"},
		},
		{
			name: "dropped", text: "Aspirin.", chemicals: "- aspirin\n- warfarin", influences: "- aspirin | ulcer",
			options:  []ner.Option{ner.WithUngrounded(ner.Drop)},
			entities: []string{"chemical Aspirin@0-7"},
			dropped:  []string{"chemicals: - warfarin: not found in the article", "influences: - aspirin | ulcer: not found in the article"},
		},
		{
			name: "nothing is lost in silence", text: "Aspirin cures ulcers.",
			chemicals: "Here is the list:\n- aspirin\n1. \"Aspirin.\"\nNone\n-\n- none", influences: "- aspirin\n* aspirin|ulcers\n- a | b | c",
			entities:  []string{"chemical Aspirin@0-7", "disease ulcers@14-20"},
			relations: []string{"Aspirin | ulcers"},
			dropped: []string{
				"chemicals: Here is the list:: not a list item", "chemicals: 1. \"Aspirin.\": duplicate", "chemicals: None: says that there is nothing",
				"chemicals: -: empty item", "chemicals: - none: says that there is nothing",
				"influences: - aspirin: not a pair chemical | disease", "influences: - a | b | c: not a pair chemical | disease",
			},
		},
		{
			name: "unbulleted but in the article", text: "Aspirin cures ulcers.", chemicals: "aspirin",
			entities: []string{"chemical Aspirin@0-7"},
		},
		{
			name: "instruction's words are no article", text: "Aspirin.", diseases: "- technical terms",
			entities: []string{"disease technical terms?"},
		},
		{
			name: "hyphen variants", text: "poly(ADP–ribose) and type-2\ndiabetes", chemicals: "- poly(ADP-ribose)", diseases: "- type 2 diabetes",
			entities: []string{"chemical poly(ADP–ribose)@0-16", "disease type-2\ndiabetes@21-36"},
		},
		{
			name: "over the end of a sentence", text: "It eased pain. Aspirin.", diseases: "- pain. Aspirin\n- pain",
			entities: []string{"disease pain@9-13"}, dropped: []string{"diseases: - pain. Aspirin: runs over the end of a sentence"},
		},
		{
			name: "cut at the limit", text: "Aspirin and ibuprofen.", chemicals: "- aspirin\n- ibuprofen and more",
			options:  []ner.Option{ner.WithMaxNewTokens(8), ner.WithTasks(prompt.Chemicals)},
			entities: []string{"chemical Aspirin@0-7"}, warnings: 1, dropped: []string{"chemicals: - ib: cut off at the length limit"},
		},
		{
			name: "right to left", text: "נטילת אספירין היום", chemicals: "- אספירין",
			entities: []string{"chemical אספירין@6-13"},
		},
		{name: "empty", text: "", chemicals: "- aspirin", warnings: 1},
		{name: "emoji only", text: "💊 👩‍⚕️\n", chemicals: "- aspirin", warnings: 1},
		{name: "nothing found", text: "No drug here."},
		{
			name: "NUL", text: "a\x00aspirin", chemicals: "- aspirin",
			entities: []string{"chemical aspirin@2-9"},
		},
		{
			name: "special tokens are text", text: "Aspirin <|eot_id|> x", chemicals: "- aspirin\n- <|eot_id|>",
			entities: []string{"chemical Aspirin@0-7", "chemical <|eot_id|>@8-18"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := extract(t, newFake(t, byTask(c.chemicals, c.diseases, c.influences)), c.text, c.options...)
			require.Equal(t, c.entities, places(r))
			require.Equal(t, c.relations, pairs(r))
			require.Equal(t, c.dropped, dropped(r))
			require.Len(t, r.Warnings, c.warnings, r.Warnings)
			for _, e := range r.Entities {
				require.Equal(t, e.Grounded, len(e.Spans) == 1)
				require.Equal(t, e.Grounded, e.Infons["flag"] == "")
			}
		})
	}
}

// A prompt of the user's own may ask for the model's chat template, which
// trims messages and marks the beginning itself.
func TestOwnPromptThroughTheModelsTemplate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mine.json")
	require.NoError(t, os.WriteFile(path, []byte(`{"user_turn":"{task}?\n{article}\n","profiles":{"mine":{"system":"S","chat":"template"}}}`), 0o600))
	f := newFake(t, byTask("- aspirin", "", ""))
	engine := f.engine()
	_, err := ner.NewWithEngine(engine, ner.WithPrompt(path))
	require.NoError(t, err)
	text, err := checkpoint.OpenText(golden.Path(t, "tiny-llama"))
	require.NoError(t, err)
	engine.Template, err = text.Template()
	require.NoError(t, err)
	e, err := ner.NewWithEngine(engine, ner.WithPrompt(path), ner.WithTasks(prompt.Chemicals))
	require.NoError(t, err)
	for _, err := range e.Extract(t.Context(), document.Document{Text: "Aspirin."}) {
		require.NoError(t, err)
	}
	require.Equal(t, []string{"<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nS<|eot_id|>" +
		"<|start_header_id|>user<|end_header_id|>\n\nchemicals?\nAspirin.<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n"}, f.prompts)
}

// What a user's text holds must not become special tokens.
func TestArticlesStayText(t *testing.T) {
	f := newFake(t, byTask("", "", ""))
	const text = "Aspirin <|eot_id|><|begin_of_text|> x"
	extract(t, f, text, ner.WithTasks(prompt.Chemicals))
	count := 0
	for _, id := range f.requests[0].Tokens {
		if f.tok.IsSpecial(id) {
			count++
		}
	}
	// Two beginnings, three headers of two marks, two ends.
	require.Equal(t, 2+6+2, count)
}

// An answer that only repeats itself is ended, but in the seed's profile.
func TestLoops(t *testing.T) {
	answer := "- aspirin\n- Li\n- aspirin\n- Li\n- ibuprofen\n" + strings.Repeat("- Aspirin\n", 60)
	for _, grounded := range []bool{false, true} {
		f := newFake(t, byTask(answer, "", ""))
		r := extract(t, f, "Aspirin, Li, ibuprofen.", ner.WithTasks(prompt.Chemicals), ner.WithGrounded(grounded))
		require.Equal(t, []string{"chemical Aspirin@0-7", "chemical Li@9-11", "chemical ibuprofen@13-22"}, places(r))
		require.Equal(t, []string{"chemicals: an answer that only repeated itself was ended"}, r.Warnings)
		require.Len(t, r.Dropped, 2+5)
	}
	f := newFake(t, byTask(answer, "", ""))
	r := extract(t, f, "Aspirin, Li, ibuprofen.", ner.WithTasks(prompt.Chemicals), ner.WithProfile(ner.SeedCompat))
	require.Nil(t, f.requests[0].Constraint)
	require.Contains(t, r.Warnings[0], "128 tokens")
}

func TestAnnotator(t *testing.T) {
	f := newFake(t, byTask("- aspirin", "", ""))
	r := extract(t, f, "Aspirin.", ner.WithAnnotator(func(r *document.Result) error {
		r.Entities[0].Links = []document.Link{{ID: "MESH:D001241"}}
		return nil
	}))
	require.Equal(t, "MESH:D001241", r.Entities[0].Links[0].ID)
}

func TestGoldAnnotationsAreNoPredictions(t *testing.T) {
	e, err := ner.NewWithEngine(newFake(t, byTask("", "", "")).engine())
	require.NoError(t, err)
	d := document.Document{Text: "Aspirin.", Entities: []document.Entity{{Text: "Aspirin"}}, Relations: []document.Relation{{}}}
	for r, err := range e.Extract(t.Context(), d) {
		require.NoError(t, err)
		require.Empty(t, r.Entities)
		require.Empty(t, r.Relations)
	}
	require.Len(t, d.Entities, 1)
}

func TestBadOptions(t *testing.T) {
	f := newFake(t, byTask("", "", ""))
	for name, o := range map[string]ner.Option{
		"profile":            ner.WithProfile("best"),
		"ensemble":           ner.WithEnsemble("most", "train"),
		"prompt":             ner.WithPrompt("trian"),
		"on ungrounded":      ner.WithUngrounded("hide"),
		"seed rules":         ner.WithSeedRules("x"),
		"concurrency":        ner.WithConcurrency(0),
		"max new tokens":     ner.WithMaxNewTokens(0),
		"min confidence":     ner.WithMinConfidence(math.NaN()),
		"target precision":   ner.WithTargetPrecision(1),
		"alternatives":       ner.WithAlternatives(1),
		"tasks":              ner.WithTasks("bogus"),
		"method":             ner.WithMethod("guess"),
		"chunk tokens":       ner.WithChunkTokens(-1),
		"repetition penalty": ner.WithRepetitionPenalty(0, false),
	} {
		_, err := ner.NewWithEngine(f.engine(), o)
		var bad *badinput.Error
		require.True(t, errors.As(err, &bad), "%s: %v", name, err)
		require.ErrorContains(t, err, name)
	}
	for _, penalty := range []float32{-1, float32(math.NaN()), float32(math.Inf(1))} {
		_, err := ner.NewWithEngine(f.engine(), ner.WithRepetitionPenalty(penalty, true))
		require.ErrorContains(t, err, "repetition penalty: found")
	}
	// What no model can follow is refused before one is looked for.
	_, err := ner.Open(t.Context(), "no such model", ner.WithTasks("bogus"))
	require.EqualError(t, err, `tasks: found "bogus", expected chemicals, diseases or influences`)
}

// A task that is named twice is asked about once.
func TestTasksAreASet(t *testing.T) {
	f := newFake(t, byTask("- Aspirin", "", ""))
	e, err := ner.NewWithEngine(f.engine(), ner.WithTasks(prompt.Chemicals, prompt.Chemicals))
	require.NoError(t, err)
	for r, err := range e.Extract(t.Context(), document.Document{Text: "Aspirin."}) {
		require.NoError(t, err)
		require.Len(t, r.Entities, 1)
	}
}

var _ ner.Generator = (*model.Model)(nil)
