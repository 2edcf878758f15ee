package eval

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/ner/document"
	"github.com/medner/medner/ner/internal/seedcompat"
)

func entity(typ, text string, start int, concepts ...string) document.Entity {
	return document.Entity{Type: typ, Text: text, Spans: []document.Span{{Start: start, End: start + len(text)}}, Concepts: concepts, Grounded: true}
}

func TestCountsGiveTheCardsNumbers(t *testing.T) {
	chemicals, diseases := Counts{209, 420, 425}, Counts{281, 440, 537}
	require.InDelta(t, 0.495, chemicals.F1(), 5e-4)
	require.InDelta(t, 0.575, diseases.F1(), 5e-4)
	require.InDelta(t, 0.538, chemicals.add(diseases).F1(), 5e-4) // its "macro"
	require.InDelta(t, 0.357, (chemicals.F1()+diseases.F1())/3, 5e-4)
	require.Zero(t, Counts{}.F1())
	require.Zero(t, Counts{Gold: 3}.Precision())
}

func TestDocumentLevelComparesFoldedSets(t *testing.T) {
	gold := document.Document{ID: "1", Text: "Lithium  carbonate and lithium caused Tremor.", Entities: []document.Entity{
		entity("Chemical", "Lithium  carbonate", 0, "D1"), entity("Chemical", "lithium", 23, "D2"), entity("Disease", "Tremor", 38, "D9"),
	}, Relations: []document.Relation{{Chemical: "D1", Disease: "D9"}}}
	predicted := document.Document{ID: "1", Entities: []document.Entity{
		{Type: "chemical", Text: "lithium carbonate"}, {Type: "chemical", Text: "LITHIUM CARBONATE"}, {Type: "disease", Text: "ataxia"},
	}, Relations: []document.Relation{{Chemical: "lithium carbonate", Disease: "tremor"}}}
	r, err := Evaluate(t.Context(), []document.Document{gold}, []document.Document{predicted}, Options{})
	require.NoError(t, err)
	require.Equal(t, Counts{1, 1, 2}, r.Tasks[Chemicals].Counts)
	require.Equal(t, Counts{0, 1, 1}, r.Tasks[Diseases].Counts)
	require.Equal(t, Counts{1, 1, 1}, r.Tasks[Influences].Counts)
	require.Equal(t, Counts{2, 3, 4}, r.Micro.Counts)
	require.InDelta(t, (2.0/3+0+1)/3, r.Macro.F1, 1e-12)
	require.Equal(t, Counts{1, 1, 1}, r.Levels[RelationLevel].Micro.Counts, "resolved through the gold mentions")
	require.Equal(t, Resolution{GoldMentions: 4, None: 1}, *r.Resolution)
}

// Where gold has no identifiers, a score of 0 for identifiers says nothing.
func TestConceptLevelOfGoldWithoutIdentifiers(t *testing.T) {
	for name, concepts := range map[string][]string{"none": nil, "-1 stands for none": {"-1"}, "some": {"D1"}} {
		gold := []document.Document{{ID: "1", Text: "lithium", Entities: []document.Entity{entity("Chemical", "lithium", 0, concepts...)}}}
		predicted := []document.Document{{ID: "1", Entities: []document.Entity{entity("Chemical", "lithium", 0, "D1")}}}
		r, err := Evaluate(t.Context(), gold, predicted, Options{})
		require.NoError(t, err, name)
		require.Equal(t, name != "some", slices.Contains(r.Warnings, "gold has no identifiers of concepts: the concept level says nothing"), name)
		var page strings.Builder
		require.NoError(t, WriteHTML(&page, Page{Report: r}))
		require.Equal(t, name == "some", strings.Contains(page.String(), "<caption>concept"), name)
	}
}

func TestMentionLevels(t *testing.T) {
	gold := document.Document{ID: "1", Entities: []document.Entity{
		entity("Chemical", "aspirin", 0), entity("Disease", "heart failure", 10), entity("Disease", "pain", 30), entity("Chemical", "ethanol", 40),
	}}
	predicted := document.Document{ID: "1", Entities: []document.Entity{
		entity("Chemical", "aspirin", 0), // strict
		entity("Chemical", "aspirin", 0), // the same key: once
		entity("Disease", "failure", 16), // partial, type
		entity("Disease", "heart", 10),   // its gold mention is taken
		entity("Chemical", "pain", 30),   // exact, wrong type
		entity("Chemical", "lead", 80),   // spurious
		{Type: "chemical", Text: "ungrounded"},
	}}
	for _, d := range []*document.Document{&gold, &predicted} {
		*d = TypeMap{}.Apply([]document.Document{*d})[0]
	}
	got := mentionLevels(&gold, &predicted)
	sum := func(level string) Counts { return got[level][Chemicals].add(got[level][Diseases]) }
	require.Equal(t, Counts{1, 5, 4}, sum(MentionStrict))
	require.Equal(t, Counts{2, 5, 4}, sum(MentionExact))
	require.Equal(t, Counts{2.5, 5, 4}, sum(MentionPartial))
	require.Equal(t, Counts{2, 5, 4}, sum(MentionType))
	require.Equal(t, Counts{1, 3, 2}, got[MentionStrict][Chemicals])
	require.Equal(t, Counts{1, 2, 2}, got[MentionExact][Chemicals], "\"pain\" counts for the gold mention's task")
}

func TestRelationsResolveCompositeMentionsAndIdentifiers(t *testing.T) {
	gold := document.Document{ID: "1", Entities: []document.Entity{
		entity("Chemical", "RD", 0, "C467567", "D003907"), entity("Disease", "pain", 5, "D010146"),
	}, Relations: []document.Relation{{Chemical: "D003907", Disease: "D010146"}}}
	for name, c := range map[string]struct {
		relation document.Relation
		want     Counts
	}{
		"text of a composite mention": {document.Relation{Chemical: "RD", Disease: "Pain"}, Counts{1, 2, 1}},
		"identifiers":                 {document.Relation{Chemical: "MESH:D003907", Disease: "D010146"}, Counts{1, 1, 1}},
		"another identifier":          {document.Relation{Chemical: "D003907", Disease: "D000001"}, Counts{0, 1, 1}},
		"unknown text":                {document.Relation{Chemical: "RD", Disease: "headache"}, Counts{0, 2, 1}},
	} {
		p := document.Document{ID: "1", Relations: []document.Relation{c.relation}}
		r, err := Evaluate(t.Context(), []document.Document{gold}, []document.Document{p}, Options{})
		require.NoError(t, err)
		require.Equal(t, c.want, r.Levels[RelationLevel].Micro.Counts, name)
	}
}

func TestUnmatchedDocuments(t *testing.T) {
	gold := []document.Document{{ID: "1", Entities: []document.Entity{entity("Chemical", "tin", 0)}}}
	r, err := Evaluate(t.Context(), gold, []document.Document{{ID: "2"}}, Options{})
	require.NoError(t, err)
	require.Contains(t, r.Warnings[0], "without a prediction")
	require.Contains(t, r.Warnings[1], "for no gold document")
	require.Equal(t, Counts{0, 0, 1}, r.Micro.Counts)
	r, err = Evaluate(t.Context(), gold, []document.Document{{ID: "1"}, {ID: "1"}}, Options{})
	require.NoError(t, err)
	require.Contains(t, r.Warnings[0], "come again")
	_, err = Evaluate(t.Context(), gold, []document.Document{gold[0], {ID: "1"}}, Options{})
	require.ErrorContains(t, err, "twice")
	_, err = Evaluate(t.Context(), nil, nil, Options{})
	require.Error(t, err)
}

func TestClassify(t *testing.T) {
	gold := document.Document{Text: "Beta-blocker and poly(ADP-ribose) in chronic renal failure with headache and nausea; serotonin. The dose rose.", Entities: []document.Entity{
		entity("Chemical", "beta-blocker", 0), entity("Chemical", "poly(ADP-ribose)", 17), entity("Disease", "renal failure", 45), entity("Chemical", "serotonin", 85), entity("Disease", "nausea", 77),
	}}
	for item, want := range map[string]string{
		"beta blocker":    HyphenVariant,
		"poly":            Partial,
		"poly[adp ribose": Punctuation,
		"serotonine x":    Partial,
		"serotinon":       Similar,
		"ketamine":        Hallucination,
		"nausea":          TypeConfusion,
		"dose":            Spurious,
	} {
		kind, _ := classify(item, &gold, Chemicals, itemStrings(&gold, Chemicals))
		require.Equal(t, want, kind, item)
	}
}

func TestSimilarityIsDifflibs(t *testing.T) {
	// difflib.SequenceMatcher(None, a, b).ratio()
	for _, c := range []struct {
		a, b string
		want float64
	}{{"serotonin", "serotinon", 7.0 / 9}, {"", "", 1}, {"abc", "xyz", 0}, {"tremor", "tremors", 12.0 / 13}} {
		require.InDelta(t, c.want, seedcompat.Similarity(c.a, c.b), 1e-12, c.a)
	}
}

func TestBootstrapIsFixedAndCoversTheValue(t *testing.T) {
	var gold, good, poor []document.Document
	for i := range 40 {
		id := string(rune('A' + i))
		gold = append(gold, document.Document{ID: id, Entities: []document.Entity{entity("Chemical", "tin", 0), entity("Disease", "pain", 9)}})
		p := document.Document{ID: id, Entities: []document.Entity{entity("Chemical", "tin", 0)}}
		poor = append(poor, p)
		if i%2 == 0 {
			p.Entities = append([]document.Entity{entity("Disease", "pain", 9)}, p.Entities...)
		}
		good = append(good, p)
	}
	o := Options{Tasks: []string{Chemicals, Diseases}, Resamples: 500}
	a, err := Evaluate(t.Context(), gold, good, o)
	require.NoError(t, err)
	b, err := Evaluate(t.Context(), gold, good, o)
	require.NoError(t, err)
	require.Equal(t, a, b)
	ci := a.Tasks[Diseases].F1CI
	require.Less(t, ci.Low, a.Tasks[Diseases].F1)
	require.Greater(t, ci.High, a.Tasks[Diseases].F1)
	require.Equal(t, Interval{1, 1}, *a.Tasks[Chemicals].F1CI)

	b, err = Evaluate(t.Context(), gold, poor, o)
	require.NoError(t, err)
	diff, err := Compare(t.Context(), b, a, 500)
	require.NoError(t, err)
	for _, d := range diff {
		if d.Level == DocumentLevel && d.Task == Diseases {
			require.InDelta(t, a.Tasks[Diseases].F1, d.Delta, 1e-12)
			require.Greater(t, d.CI.Low, 0.0)
			require.InDelta(t, 2.0/501, d.P, 1e-12)
		}
		if d.Task == Chemicals {
			require.Zero(t, d.Delta)
			require.Equal(t, 1.0, d.P)
		}
	}
}

// Only reports of the same gold documents, tasks and types, as Evaluate makes them, can be compared.
func TestCompareRefusesOtherReports(t *testing.T) {
	gold := readPubTator(t, "testdata/gold.PubTator")
	evaluate := func(gold []document.Document, o Options) *Report {
		r, err := Evaluate(t.Context(), gold, gold, o)
		require.NoError(t, err)
		return r
	}
	whole := evaluate(gold, Options{})
	_, err := Compare(t.Context(), whole, whole, 10)
	require.NoError(t, err)
	fewer := slices.Clone(gold)
	fewer[0].Entities = fewer[0].Entities[:1]
	for want, other := range map[string]*Report{
		"gold documents": evaluate(gold[1:], Options{}),
		"tasks":          evaluate(gold, Options{Tasks: []string{Diseases}}),
		"gold items":     evaluate(fewer, Options{}),
		"no counts":      {},
	} {
		var bad *badinput.Error
		_, err := Compare(t.Context(), whole, other, 10)
		require.ErrorAs(t, err, &bad)
		require.ErrorContains(t, err, want)
		_, err = Compare(t.Context(), other, whole, 10)
		require.ErrorContains(t, err, want)
	}
}

// The counts of the levels that BioCreative V evaluates equal those of
// testdata/oracle.py.
func TestAgreesWithTheIndependentScript(t *testing.T) {
	gold, predicted := readPubTator(t, "testdata/gold.PubTator"), readPubTator(t, "testdata/predicted.PubTator")
	r, err := Evaluate(t.Context(), gold, predicted, Options{})
	require.NoError(t, err)
	data, err := os.ReadFile("testdata/counts.json")
	require.NoError(t, err)
	var want map[string]map[string]Counts
	require.NoError(t, json.Unmarshal(data, &want))
	for task, c := range want["mention"] {
		require.Equal(t, c, r.Levels[MentionStrict].Tasks[task].Counts, task)
	}
	for task, c := range want["concept"] {
		require.Equal(t, c, r.Levels[ConceptLevel].Tasks[task].Counts, task)
	}
	require.Equal(t, want["relation"][Influences], r.Levels[RelationLevel].Tasks[Influences].Counts)

	// Some readers leave out the identifier -1 of a mention without a concept.
	for i := range predicted {
		for j := range predicted[i].Entities {
			if e := &predicted[i].Entities[j]; e.Concepts[0] == "-1" {
				e.Concepts = nil
			}
		}
	}
	again, err := Evaluate(t.Context(), gold, predicted, Options{})
	require.NoError(t, err)
	require.Equal(t, r.Levels, again.Levels)
}
