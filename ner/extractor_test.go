package ner_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/medner/medner/internal/badinput"
	"github.com/medner/medner/internal/golden"
	"github.com/medner/medner/model"
	"github.com/medner/medner/ner"
	"github.com/medner/medner/ner/confidence"
	"github.com/medner/medner/ner/document"
	"github.com/medner/medner/ner/prompt"
	"github.com/medner/medner/ner/seedcompat"
	"github.com/medner/medner/tokenizer/chat"
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
	_, err := ner.New(engine, ner.WithPrompt(path))
	require.NoError(t, err)
	engine.Template, err = chat.Load(golden.Path(t, "tiny-llama"))
	require.NoError(t, err)
	e, err := ner.New(engine, ner.WithPrompt(path), ner.WithTasks(prompt.Chemicals))
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

func TestAbbreviations(t *testing.T) {
	const text = "Rabbit syndrome (RS) is rare. RS after indomethacin (IDM)."
	f := newFake(t, byTask("- IDM", "- rabbit syndrome\n- x", ""))
	r := extract(t, f, text, ner.WithUngrounded(ner.Drop))
	require.Equal(t, []string{"disease Rabbit syndrome@0-15", "disease RS@17-19", "disease RS@30-32", "chemical IDM@53-56"}, places(r))
	for _, e := range r.Entities[:3] {
		require.Equal(t, "rabbit syndrome", e.Normalized, e.Text)
		require.Equal(t, r.Entities[0].Confidence, e.Confidence)
	}
	require.Equal(t, "Rabbit syndrome", r.Entities[1].Infons["short_form_of"])
	require.Empty(t, r.Entities[0].Infons)
	require.Equal(t, "indomethacin", r.Entities[3].Normalized)

	r = extract(t, f, text, ner.WithDerived(false), ner.WithTasks(prompt.Diseases))
	require.Equal(t, []string{"disease Rabbit syndrome@0-15", "disease x?"}, places(r))
	f = newFake(t, byTask("", "- rabbit syndrome\n- RS", ""))
	r = extract(t, f, text, ner.WithTasks(prompt.Diseases))
	require.Len(t, r.Entities, 3)
	require.Empty(t, r.Entities[1].Infons, "written, not derived")
}

func TestDerived(t *testing.T) {
	const text = "Seizures: one seizure after IDM; IDMs and therapies. Two metastases. An atrophy."
	f := newFake(t, byTask("- IDM", "- seizure\n- metastasis\n- therapy", "- IDM | atrophy\n- IDM | stroke"))
	r := extract(t, f, text)
	require.Equal(t, []string{
		"disease Seizures@0-8", "disease seizure@14-21", "chemical IDM@28-31", "chemical IDMs@33-37", "disease therapies@42-51",
		"disease metastases@57-67", "disease atrophy@72-79",
	}, places(r))
	require.Equal(t, map[string]string{"number_of": "seizure"}, r.Entities[0].Infons)
	require.Nil(t, r.Entities[1].Infons)
	require.Equal(t, map[string]string{"number_of": "IDM"}, r.Entities[3].Infons)
	require.Nil(t, r.Entities[5].Infons, "written, in another number")
	require.Equal(t, map[string]string{"side_of": "- IDM | atrophy"}, r.Entities[6].Infons)
	require.Equal(t, r.Entities[0].Confidence, r.Entities[1].Confidence)

	r = extract(t, f, text, ner.WithDerived(false))
	require.Equal(t, []string{
		"disease seizure@14-21", "chemical IDM@28-31", "disease therapies@42-51", "disease metastases@57-67",
	}, places(r))
}

// What is written under two tasks belongs to the one where it is surer.
func TestOneTypeEach(t *testing.T) {
	f := newFake(t, byTask("- Li\n- amnesia", "- amnesia\n- pain", ""))
	f.logProb = func(answer string, at int) float32 {
		if strings.HasPrefix(answer, "- Li") && at > len("- Li") {
			return -0.5
		}
		return -0.1
	}
	r := extract(t, f, "Li, amnesia, pain.")
	require.Equal(t, []string{"chemical Li@0-2", "disease amnesia@4-11", "disease pain@13-17"}, places(r))
	require.Len(t, r.Dropped, 1)
	require.Equal(t, "chemicals", r.Dropped[0].Task)
	require.Contains(t, r.Dropped[0].Reason, "surer as a disease")
	r = extract(t, f, "Li, amnesia, pain.", ner.WithTasks(prompt.Chemicals))
	require.Len(t, r.Entities, 2)
	f.logProb = nil
	require.Len(t, extract(t, f, "Li, amnesia, pain.").Entities, 4, "neither is surer")
}

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

// What the model would hardly have written by itself is not its finding.
func TestForcedItems(t *testing.T) {
	f := newFake(t, byTask("- aspirin\n- ulcers", "", ""))
	f.logProb = func(answer string, at int) float32 {
		if strings.HasPrefix(answer[at:], " ") && strings.HasSuffix(answer[:at], "\n-") {
			return -6
		}
		return -0.1
	}
	const text = "Aspirin causes ulcers."
	r := extract(t, f, text, ner.WithGrounded(true), ner.WithTasks(prompt.Chemicals))
	require.Equal(t, []string{"chemical Aspirin@0-7"}, places(r))
	require.Equal(t, []string{"chemicals: - ulcers: written only because the mask left the model no other choice"}, dropped(r))
	r = extract(t, f, text, ner.WithTasks(prompt.Chemicals))
	require.Len(t, r.Entities, 2)
}

// An item that the model meant to go on otherwise is given up; the answer goes
// on.
func TestGivenUpItems(t *testing.T) {
	f := newFake(t, byTask("- ulcers\n- aspirin", "", ""))
	f.logProb = func(answer string, at int) float32 {
		if strings.Contains(answer[:at], "- ul") && !strings.Contains(answer[:at], "\n") {
			return -6
		}
		return -0.1
	}
	r := extract(t, f, "Aspirin causes ulcers.", ner.WithGrounded(true), ner.WithTasks(prompt.Chemicals))
	require.Equal(t, []string{"chemical Aspirin@0-7"}, places(r))
	require.Equal(t, []string{"chemicals: - ul: given up: the article doesn't go on so"}, dropped(r))
	require.Len(t, f.requests, 2)
	require.True(t, strings.HasSuffix(f.prompts[1], "- ul\n"), f.prompts[1])
}

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

	r = extract(t, newFake(t, byTask("- 'spirin'", "", "")), "Aspirin.", ner.WithProfile(ner.SeedCompat), ner.WithVariant(seedcompat.BioMistral))
	require.Equal(t, []string{"chemical spirin?"}, places(r))
}

func TestSeedPrompts(t *testing.T) {
	f := newFake(t, byTask("- aspirin", "- pain", ""))
	e, err := ner.New(f.engine(), ner.WithProfile(ner.SeedCompat))
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
	e, err := ner.New(f.engine(), ner.WithGrounded(false))
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
	_, err = ner.New(f.engine(), ner.WithGrounded(false), ner.WithCalibration(&other))
	require.ErrorContains(t, err, "calibration")
	_, err = ner.New(f.engine(), ner.WithTargetPrecision(0.9))
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

func TestLongArticles(t *testing.T) {
	var text strings.Builder
	for i := range 200 {
		fmt.Fprintf(&text, "Sentence %d says that drug%d eases pain. ", i, i)
	}
	seen := map[string]bool{}
	var mu sync.Mutex
	f := newFake(t, nil)
	f.answer = func(p string) (string, error) {
		mu.Lock()
		defer mu.Unlock()
		answer := ""
		for i := range 200 {
			if d := fmt.Sprintf("drug%d", i); strings.Contains(p, d+" ") {
				seen[d] = true
				answer += "- " + d + "\n"
			}
		}
		return answer, nil
	}
	r := extract(t, f, text.String(), ner.WithTasks(prompt.Chemicals), ner.WithChunkTokens(300))
	require.Len(t, seen, 200, "a sentence was not read")
	require.Len(t, r.Entities, 200)
	require.Empty(t, r.Dropped, "what two pieces share is no duplicate")
	require.Len(t, r.Warnings, 1)
	require.Contains(t, r.Warnings[0], "overlapping pieces")
	for _, p := range f.prompts {
		require.NotContains(t, p, "that drug\n")
	}
	for i, request := range f.requests {
		require.Less(t, len(request.Tokens), 800, f.prompts[i])
	}

	f.context = 250
	_, err := ner.New(f.engine())
	require.NoError(t, err)
	e, err := ner.New(f.engine(), ner.WithMaxNewTokens(200))
	require.NoError(t, err)
	for _, err := range e.Extract(t.Context(), document.Document{ID: "x", Text: "Aspirin."}) {
		require.ErrorContains(t, err, "context")
	}
}

func TestTenMegabyteLine(t *testing.T) {
	if testing.Short() {
		t.Skip("reads 10 MB")
	}
	start := time.Now()
	f := newFake(t, byTask("- aspirin", "", ""))
	text := strings.Repeat("aspirin ", 10<<20/8)
	r := extract(t, f, text, ner.WithTasks(prompt.Chemicals), ner.WithChunkTokens(0), ner.WithConcurrency(4))
	require.Len(t, r.Entities, 10<<20/8)
	require.Less(t, time.Since(start), 2*time.Minute)
}

func TestBadDocumentsDontStopTheOthers(t *testing.T) {
	f := newFake(t, nil)
	broken := errors.New("broken")
	f.answer = func(p string) (string, error) {
		if strings.Contains(p, "ibuprofen") {
			return "", broken
		}
		return "- aspirin", nil
	}
	e, err := ner.New(f.engine(), ner.WithTasks(prompt.Chemicals))
	require.NoError(t, err)
	unread := errors.New("unreadable")
	docs := func(yield func(document.Document, error) bool) {
		for i := range 1000 {
			d := document.Document{ID: itoa(i), Text: "Aspirin."}
			var err error
			switch i {
			case 10:
				d.Text = "Aspirin \xff."
			case 500:
				d.Text = "ibuprofen"
			case 700:
				err = unread
			}
			if !yield(d, err) {
				return
			}
		}
	}
	n := 0
	for r, err := range e.Stream(t.Context(), docs) {
		switch n {
		case 10:
			var bad *badinput.Error
			require.True(t, errors.As(err, &bad))
			require.ErrorContains(t, err, "byte 0xff at byte 8")
			var failed *ner.DocumentError
			require.True(t, errors.As(err, &failed))
			require.Equal(t, "10", failed.Document)
		case 500:
			require.ErrorIs(t, err, broken)
		case 700:
			require.ErrorIs(t, err, unread)
		default:
			require.NoError(t, err)
			require.Equal(t, itoa(n), r.ID)
			require.Len(t, r.Entities, 1)
		}
		n++
	}
	require.Equal(t, 1000, n)
}

func TestExtractIsConcurrentOrderedAndBounded(t *testing.T) {
	f := newFake(t, nil)
	f.answer = func(p string) (string, error) {
		time.Sleep(time.Duration(len(p)%7) * time.Millisecond)
		return "- aspirin", nil
	}
	e, err := ner.New(f.engine(), ner.WithConcurrency(6))
	require.NoError(t, err)
	ahead, read := 0, 0
	docs := func(yield func(document.Document, error) bool) {
		for i := range 60 {
			f.mu.Lock()
			ahead = max(ahead, i-read)
			f.mu.Unlock()
			if !yield(document.Document{ID: itoa(i), Text: "Aspirin" + strings.Repeat(".", i%5)}, nil) {
				return
			}
		}
	}
	for r, err := range e.Stream(t.Context(), docs) {
		require.NoError(t, err)
		f.mu.Lock()
		require.Equal(t, itoa(read), r.ID)
		read++
		f.mu.Unlock()
	}
	require.Equal(t, 60, read)
	require.LessOrEqual(t, f.most, 6)
	require.Greater(t, f.most, 1, "questions are asked side by side")
	require.LessOrEqual(t, ahead, 8)

	// Several goroutines share one extractor.
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for r, err := range e.Extract(context.Background(), document.Document{Text: "Aspirin."}, document.Document{Text: "Aspirin!"}) {
				if err != nil || len(r.Entities) != 2 {
					t.Errorf("%v, %v", r, err)
				}
			}
		})
	}
	all.Wait()
}

func TestExtractCancelled(t *testing.T) {
	f := newFake(t, nil)
	began := make(chan struct{}, 100)
	blocked := &blocking{fake: f, began: began}
	engine := f.engine()
	engine.Generator = blocked
	e, err := ner.New(engine, ner.WithConcurrency(4))
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-began
		cancel()
	}()
	docs := make([]document.Document, 50)
	for i := range docs {
		docs[i].Text = "Aspirin."
	}
	var errs []error
	for _, err := range e.Extract(ctx, docs...) {
		errs = append(errs, err)
	}
	require.Len(t, errs, 1)
	require.ErrorIs(t, errs[0], context.Canceled)
}

// blocking never answers.
type blocking struct {
	*fake
	began chan struct{}
}

func (b *blocking) Generate(ctx context.Context, _ model.Request) (*model.Result, error) {
	b.began <- struct{}{}
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestLeavingTheLoopLeavesNothingBehind(t *testing.T) {
	before := runtime.NumGoroutine()
	f := newFake(t, byTask("- aspirin", "", ""))
	e, err := ner.New(f.engine(), ner.WithConcurrency(3))
	require.NoError(t, err)
	var endless iter.Seq2[document.Document, error] = func(yield func(document.Document, error) bool) {
		for yield(document.Document{Text: "Aspirin."}, nil) {
		}
	}
	n := 0
	for range e.Stream(t.Context(), endless) {
		if n++; n == 5 {
			break
		}
	}
	for range 100 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), before)
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
	e, err := ner.New(newFake(t, byTask("", "", "")).engine())
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
		"profile":          ner.WithProfile("best"),
		"ensemble":         ner.WithEnsemble("most", "train"),
		"prompt":           ner.WithPrompt("trian"),
		"on ungrounded":    ner.WithUngrounded("hide"),
		"variant":          ner.WithVariant("x"),
		"concurrency":      ner.WithConcurrency(0),
		"max new tokens":   ner.WithMaxNewTokens(0),
		"min confidence":   ner.WithMinConfidence(math.NaN()),
		"target precision": ner.WithTargetPrecision(1),
		"alternatives":     ner.WithAlternatives(1),
	} {
		_, err := ner.New(f.engine(), o)
		var bad *badinput.Error
		require.True(t, errors.As(err, &bad), "%s: %v", name, err)
		require.ErrorContains(t, err, name)
	}
}

func TestSameResultWhateverTheConcurrency(t *testing.T) {
	text := strings.Repeat("Aspirin eases chest pain. Ibuprofen too. ", 40)
	script := byTask("- ibuprofen\n- aspirin\n- x", "- pain\n- chest pain", "- aspirin | pain")
	want := extract(t, newFake(t, script), text, ner.WithConcurrency(1), ner.WithChunkTokens(64))
	for range 3 {
		require.Equal(t, want, extract(t, newFake(t, script), text, ner.WithConcurrency(16), ner.WithChunkTokens(64)))
	}
}

func FuzzExtract(f *testing.F) {
	f.Add("Aspirin (ASA) eases pain.\r\n", "- aspirin\n- \"ASA\".", "- asa | pain\nx")
	f.Add("💊 é \x00", "- é\n1. 💊", "- chemical é influences disease 💊")
	fake := newFake(f, nil)
	e, err := ner.New(fake.engine(), ner.WithMaxNewTokens(64), ner.WithChunkTokens(48))
	require.NoError(f, err)
	var mu sync.Mutex
	f.Fuzz(func(t *testing.T, text, items, lines string) {
		mu.Lock()
		defer mu.Unlock()
		fake.answer = func(p string) (string, error) { return byTask(items, items, lines)(p), nil }
		for r, err := range e.Extract(context.Background(), document.Document{Text: text}) {
			if err != nil {
				var bad *badinput.Error
				if !errors.As(err, &bad) {
					t.Fatal(err)
				}
				continue
			}
			x := document.NewIndex(text)
			for _, e := range r.Entities {
				for _, s := range e.Spans {
					if got, ok := x.Slice(s); !ok || got != e.Text {
						t.Fatalf("%v of %q is %q, not %q", s, text, got, e.Text)
					}
				}
			}
		}
	})
}

var _ ner.Generator = (*model.Model)(nil)
