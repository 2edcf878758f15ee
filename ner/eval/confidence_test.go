package eval

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/ner/document"
)

// rated returns a document with mentions of given confidences.
func rated() (gold, predicted document.Document) {
	mention := func(text, typ string, start int, confidence float64) document.Entity {
		return document.Entity{Text: text, Type: typ, Spans: []document.Span{{Start: start, End: start + len(text)}}, Confidence: confidence}
	}
	gold = document.Document{ID: "1", Text: "Li, pain, Li, zinc", Entities: []document.Entity{
		mention("Li", document.Chemical, 0, 0), mention("pain", document.Disease, 4, 0), mention("Li", document.Chemical, 10, 0),
	}}
	predicted = document.Document{ID: "1", Entities: []document.Entity{
		mention("Li", document.Chemical, 0, 0.85), mention("Li", document.Chemical, 10, 0.85), mention("zinc", document.Chemical, 14, 0.25),
		mention("pain", document.Disease, 4, math.NaN()), {Text: "warfarin", Type: document.Chemical, Confidence: 0.9},
	}, Relations: []document.Relation{{Chemical: "Li", Disease: "pain", Confidence: 0.15, Grounded: true}}}
	return gold, predicted
}

func TestConfidencesGradeEachTextOnce(t *testing.T) {
	gold, predicted := rated()
	require.Equal(t, map[string][]Graded{
		Chemicals:  {{"1", 0.85, true}, {"1", 0.25, false}},
		Influences: {{"1", 0.15, false}},
	}, Confidences([]document.Document{gold, {ID: "2"}}, []document.Document{predicted}))
}

func TestThresholds(t *testing.T) {
	gold, predicted := rated()
	all, err := Thresholds(t.Context(), []document.Document{gold}, []document.Document{predicted}, Options{Resamples: 10})
	require.NoError(t, err)
	require.Len(t, all, 10)
	for i, want := range []int{3, 3, 3, 2, 2, 2, 2, 2, 2, 1} { // Li, zinc, warfarin
		chemicals := all[i].Document.Tasks[Chemicals]
		require.Equal(t, want, chemicals.Predicted, "%v", all[i].Confidence)
		require.Nil(t, chemicals.F1CI)
		require.Equal(t, 1, all[i].Document.Tasks[Diseases].Predicted, "of unknown confidence")
	}
	require.Equal(t, Counts{TP: 2, Predicted: 2, Gold: 2}, all[8].Mention.Tasks[Chemicals].Counts)
	require.Equal(t, 1, all[1].Relation.Tasks[Influences].Predicted)
	require.Equal(t, 0, all[2].Relation.Tasks[Influences].Predicted)
	require.Len(t, predicted.Entities, 5, "the predictions stay")
}
