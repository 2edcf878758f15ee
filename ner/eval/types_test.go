package eval

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/ner/document"
)

func TestTypesOfCorpora(t *testing.T) {
	for want, names := range map[string][]string{
		document.Disease: {
			"Disease", "DISEASE", "SpecificDisease", "DiseaseClass", "CompositeMention", "Modifier", // NCBI disease
			"DiseaseOrPhenotypicFeature", "disease or phenotypic feature", "Cancer", "Disorder",
		},
		document.Chemical: {
			"Chemical", "CHEMICAL", "ChemicalEntity", "chemical-entity", "Simple_chemical", "Drug", "Drug_or_compound",
			"SYSTEMATIC", "IDENTIFIER", "FORMULA", "TRIVIAL", "ABBREVIATION", "FAMILY", "MULTIPLE", "NO CLASS", // CHEMDNER
		},
		"": {"Gene", "GeneOrGeneProduct", "Species", "OrganismTaxon", "Mutation", "SequenceVariant", "CellLine", "", "entity"},
	} {
		for _, name := range names {
			require.Equal(t, want, TypeMap{}.Type(name), name)
		}
	}
}

func TestNewTypeMap(t *testing.T) {
	m, err := NewTypeMap("Adverse Effect=Disease", "a=b=CHEMICAL", "Modifier=none", "drug=disease", "Adverse_effect = disease")
	require.NoError(t, err)
	for name, want := range map[string]string{"adverse effect": document.Disease, "A=B": document.Chemical, "Modifier": "", "Drug": document.Disease, "DiseaseClass": document.Disease} {
		require.Equal(t, want, m.Type(name), name)
	}
	docs := []document.Document{{Entities: []document.Entity{{Type: "Modifier"}, {Type: "Drug"}, {Type: "Gene"}}}}
	got := m.Apply(docs)
	require.Equal(t, []document.Entity{{Type: document.Disease}, {Type: "Gene"}}, got[0].Entities)
	require.Len(t, docs[0].Entities, 3, "the argument stays")
	require.Equal(t, got, m.Apply(got), "twice is once")
	require.Equal(t, []string{"a=b", "adverseeffect"}, m.Unused(docs))
	for _, rule := range []string{"", "x", "=Disease", "x=", "x=Gene", " =none"} {
		_, err := NewTypeMap(rule)
		var bad *badinput.Error
		require.ErrorAs(t, err, &bad, rule)
	}
	_, err = NewTypeMap("x=Disease", "X=Chemical")
	require.ErrorContains(t, err, "two types")
}

// Gold types of another corpus are scored; others are named with their counts; gold
// with nothing to score is an error.
func TestTypesThatAreScored(t *testing.T) {
	ncbi := document.Document{ID: "1", Text: "Colorectal cancer", Entities: []document.Entity{
		entity("SpecificDisease", "Colorectal cancer", 0), entity("Gene", "APC", 30), entity("Gene", "MSH2", 40), entity("Spe\x1bcies", "mice", 50),
	}}
	predicted := document.Document{ID: "1", Entities: []document.Entity{entity("Disease", "Colorectal cancer", 0), entity("CellLine", "HeLa", 70), entity("Chemical", "tin", 80)}}
	r, err := Evaluate(t.Context(), []document.Document{ncbi}, []document.Document{predicted}, Options{})
	require.NoError(t, err)
	require.Equal(t, Counts{1, 1, 1}, r.Tasks[Diseases].Counts)
	require.Equal(t, Counts{1, 1, 1}, r.Levels[MentionStrict].Tasks[Diseases].Counts)
	require.Contains(t, r.Types, TypeCount{Type: "SpecificDisease", ScoredAs: document.Disease, Gold: 1})
	require.Equal(t, []string{
		`mentions of these types are not scored: gold: Gene (2), "Spe\x1bcies" (1)`,
		`mentions of these types are not scored: predictions: CellLine (1)`,
		`gold has no chemicals: the 1 predicted ones count as wrong, and macro averages count an F1 of 0; leave the task out if it was not annotated`,
		`gold has no influences: the 0 predicted ones count as wrong, and macro averages count an F1 of 0; leave the task out if it was not annotated`,
		`gold has no identifiers of concepts: the concept level says nothing`,
	}, r.Warnings)

	var bad *badinput.Error
	_, err = Evaluate(t.Context(), []document.Document{ncbi}, []document.Document{predicted}, Options{Tasks: []string{Chemicals}})
	require.ErrorAs(t, err, &bad)
	ncbi.Entities = ncbi.Entities[1:]
	_, err = Evaluate(t.Context(), []document.Document{ncbi}, []document.Document{predicted}, Options{})
	require.ErrorAs(t, err, &bad)
	require.ErrorContains(t, err, "Gene (2)")
	_, err = Evaluate(t.Context(), []document.Document{{ID: "1"}}, []document.Document{predicted}, Options{})
	require.ErrorContains(t, err, "no annotations")

	types, err := NewTypeMap("gene=Chemical")
	require.NoError(t, err)
	r, err = Evaluate(t.Context(), []document.Document{ncbi}, []document.Document{predicted}, Options{Types: types})
	require.NoError(t, err)
	require.Equal(t, 2, r.Tasks[Chemicals].Gold)
}

func TestOptionsAreChecked(t *testing.T) {
	gold := []document.Document{{ID: "1", Entities: []document.Entity{entity("Chemical", "tin", 0)}}}
	var bad *badinput.Error
	report, err := Evaluate(t.Context(), gold, gold, Options{})
	require.NoError(t, err)
	for _, o := range []Options{{Resamples: -1}, {Resamples: MaxResamples + 1}, {Resamples: 1<<63 - 1}, {Tasks: []string{"genes"}}} {
		_, err := Evaluate(t.Context(), gold, gold, o)
		require.ErrorAs(t, err, &bad, "%+v", o)
		if o.Tasks == nil {
			_, err = Compare(t.Context(), report, report, o.Resamples)
			require.ErrorAs(t, err, &bad, "%+v", o)
		}
	}
	_, err = Calibrate(t.Context(), []Graded{{"1", 0.5, true}}, -1)
	require.ErrorAs(t, err, &bad)

	ended, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("signal"))
	for _, resamples := range []int{0, MaxResamples} {
		_, err = Evaluate(ended, gold, gold, Options{Resamples: resamples})
		require.ErrorIs(t, err, context.Canceled)
	}
	_, err = Compare(ended, report, report, 0)
	require.ErrorIs(t, err, context.Canceled)
	_, err = Calibrate(ended, []Graded{{"1", 0.5, true}}, 10)
	require.ErrorIs(t, err, context.Canceled)
}

// A prompt that two predictions have can't say which is meant.
func TestPredictionsByPrompt(t *testing.T) {
	gold := []document.Document{seedDocument("g", "chemicals", "Tin.", "- tin")}
	same := []document.Document{seedDocument("a", "chemicals", "Tin.", "- tin"), seedDocument("b", "chemicals", "Tin.", "- lead")}
	_, err := Evaluate(t.Context(), gold, same, Options{})
	require.ErrorContains(t, err, `"a" and in "b"`)
}

// An article that gold has twice, as a published corpus does, counts once.
func TestGoldDocumentsTwice(t *testing.T) {
	one := document.Document{ID: "1", Text: "tin, pain", Entities: []document.Entity{entity("Chemical", "tin", 0)}}
	two := document.Document{ID: "1", Text: "tin, pain", Entities: []document.Entity{entity("Disease", "pain", 5), entity("Chemical", "tin", 0)}}
	for _, gold := range [][]document.Document{{one, two}, {two, one}} {
		r, err := Evaluate(t.Context(), gold, []document.Document{two}, Options{})
		require.NoError(t, err)
		require.Equal(t, 1, r.Documents)
		require.Equal(t, Counts{2, 2, 2}, r.Micro.Counts)
		require.Contains(t, r.Warnings[0], "come again")
	}
	_, err := Evaluate(t.Context(), []document.Document{one}, []document.Document{one, two}, Options{})
	require.ErrorContains(t, err, "predictions")
}

// Relations of other types than chemical and disease are left out, and counted;
// those with the disease first are turned round.
func TestRelationsThatAreScored(t *testing.T) {
	gold := document.Document{ID: "1", Entities: []document.Entity{
		entity("GeneOrGeneProduct", "BRCA1", 0, "672"), entity("DiseaseOrPhenotypicFeature", "pain", 10, "D010146"), entity("ChemicalEntity", "aspirin", 20, "MESH:D001241"),
		entity("ChemicalEntity", "zinc", 30, "D015032"),
	}, Relations: []document.Relation{
		{Type: "Association", Chemical: "672", Disease: "D010146"}, {Type: "Association", Chemical: "D010146", Disease: "D001241"}, {Type: "Bind", Chemical: "D001241", Disease: "672"},
		{Type: "Association", Chemical: "D001241", Disease: "D015032"}, {Type: "Association", Chemical: "D015032", Disease: "D999999"},
	}}
	r, err := Evaluate(t.Context(), []document.Document{gold}, []document.Document{gold}, Options{})
	require.NoError(t, err)
	require.Equal(t, Counts{2, 2, 2}, r.Levels[RelationLevel].Micro.Counts)
	require.Equal(t, Counts{2, 2, 2}, r.Tasks[Influences].Counts)
	require.Contains(t, r.Warnings, "relations that are not between a chemical and a disease are not scored: gold: 3")
	texts := document.Document{ID: "1", Entities: gold.Entities, Relations: []document.Relation{{Chemical: "aspirin", Disease: "pain"}, {Type: "influences", Chemical: "D001241", Disease: "D015032"}}}
	r, err = Evaluate(t.Context(), []document.Document{gold}, []document.Document{texts}, Options{})
	require.NoError(t, err)
	require.Equal(t, Counts{1, 2, 2}, r.Tasks[Influences].Counts, "what was predicted is scored, however wrong")
	for name, ids := range map[string][2]string{"right": {"T3", "T2"}, "turned": {"T2", "T3"}} {
		d := gold
		d.Entities = append([]document.Entity(nil), gold.Entities...)
		for i := range d.Entities {
			d.Entities[i].ID = []string{"T1", "T2", "T3", "T4"}[i]
		}
		d.Relations = []document.Relation{{Type: "Association", Chemical: "x", Disease: "y", ChemicalEntity: ids[0], DiseaseEntity: ids[1]}, {Type: "Association", Chemical: "x", Disease: "y", ChemicalEntity: "T1", DiseaseEntity: "T2"}}
		got := TypeMap{}.Apply([]document.Document{d})[0].Relations
		require.Len(t, got, 1, name)
		require.Equal(t, "T3", got[0].ChemicalEntity, name)
	}
}
