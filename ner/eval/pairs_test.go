package eval

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/medner/medner/ner/document"
)

// randomMentions returns up to n mentions in a short text, which overlap, nest,
// repeat, and have gaps.
func randomMentions(rng *rand.Rand, n int) document.Document {
	d := document.Document{ID: "1"}
	for range rng.IntN(n + 1) {
		e := document.Entity{Type: []string{document.Chemical, document.Disease}[rng.IntN(2)]}
		for range 1 + rng.IntN(5)/4 {
			start := rng.IntN(9)
			e.Spans = append(e.Spans, document.Span{Start: start, End: start + 1 + rng.IntN(4)})
		}
		d.Entities = append(d.Entities, e)
	}
	return d
}

// best returns the largest sum of values that any one-to-one pairing of gold and
// predicted mentions has, by trying all of them.
func best(gold, predicted []mention, value func(g, p mention) float64) float64 {
	if len(gold) == 0 {
		return 0
	}
	most := best(gold[1:], predicted, value) // the first gold mention stays alone
	for j, p := range predicted {
		if v := value(gold[0], p); v > 0 {
			rest := slices.Delete(slices.Clone(predicted), j, j+1)
			most = max(most, v+best(gold[1:], rest, value))
		}
	}
	return most
}

// slowOverlap tells whether two mentions share a code point, one by one.
func slowOverlap(a, b mention) bool {
	has := map[int]bool{}
	for _, s := range a.spans {
		for at := s.Start; at < s.End; at++ {
			has[at] = true
		}
	}
	for _, s := range b.spans {
		for at := s.Start; at < s.End; at++ {
			if has[at] {
				return true
			}
		}
	}
	return false
}

// The true positives of each level are those of the best pairing for that level.
func TestPairingsAreTheBestOfEachLevel(t *testing.T) {
	when := func(b bool) float64 {
		if b {
			return 1
		}
		return 0
	}
	values := map[string]func(g, p mention) float64{
		MentionStrict: func(g, p mention) float64 { return when(g.task == p.task && g.sameBorders(p)) },
		MentionExact:  func(g, p mention) float64 { return when(g.sameBorders(p)) },
		MentionType:   func(g, p mention) float64 { return when(g.task == p.task && slowOverlap(g, p)) },
		MentionPartial: func(g, p mention) float64 {
			return max(when(g.sameBorders(p)), when(slowOverlap(g, p))/2)
		},
	}
	rng := rand.New(rand.NewPCG(13, 2))
	partial := 0
	for range 4000 {
		gold, predicted := randomMentions(rng, 6), randomMentions(rng, 6)
		g, p := mentions(&gold), mentions(&predicted)
		got := mentionLevels(&gold, &predicted)
		for level, value := range values {
			sum := got[level][Chemicals].add(got[level][Diseases])
			require.Equal(t, Counts{best(g, p, value), len(p), len(g)}, sum, "%s of %v and %v", level, g, p)
		}
		for _, task := range []string{Chemicals, Diseases} {
			of := func(list []mention) []mention {
				return slices.DeleteFunc(slices.Clone(list), func(m mention) bool { return m.task != task })
			}
			for _, level := range []string{MentionStrict, MentionType} {
				require.Equal(t, Counts{best(of(g), of(p), values[level]), len(of(p)), len(of(g))}, got[level][task], "%s of %v and %v", level, g, p)
			}
			require.GreaterOrEqual(t, got[MentionExact][task].TP, got[MentionStrict][task].TP)
			require.LessOrEqual(t, got[MentionExact][task].TP, float64(got[MentionExact][task].Predicted))
		}
		if sum := got[MentionPartial][Chemicals].add(got[MentionPartial][Diseases]); sum.TP != float64(int(sum.TP)) {
			partial++
		}
	}
	require.Greater(t, partial, 500, "overlaps with other borders occur")
}

// Neither the order of annotations nor repeating them changes a score.
func TestOrderAndRepetitionChangeNothing(t *testing.T) {
	rng := rand.New(rand.NewPCG(13, 3))
	names := []string{"tin", "pain", "lead"}
	annotate := func() document.Document {
		d := randomMentions(rng, 8)
		for i := range d.Entities {
			e := &d.Entities[i]
			e.Text = names[rng.IntN(3)]
			if rng.IntN(4) > 0 {
				e.Concepts = []string{fmt.Sprintf("D%06d", rng.IntN(3))}
			}
		}
		for range rng.IntN(4) {
			d.Relations = append(d.Relations, document.Relation{Chemical: names[rng.IntN(3)], Disease: fmt.Sprintf("D%06d", rng.IntN(3))})
		}
		return d
	}
	shuffled := func(d document.Document) document.Document {
		d.Entities = append(slices.Clone(d.Entities), d.Entities[:len(d.Entities)/2]...)
		d.Relations = append(slices.Clone(d.Relations), d.Relations[:len(d.Relations)/2]...)
		rng.Shuffle(len(d.Entities), func(i, j int) { d.Entities[i], d.Entities[j] = d.Entities[j], d.Entities[i] })
		rng.Shuffle(len(d.Relations), func(i, j int) { d.Relations[i], d.Relations[j] = d.Relations[j], d.Relations[i] })
		for i := range d.Entities {
			d.Entities[i].Spans = slices.Clone(d.Entities[i].Spans)
			slices.Reverse(d.Entities[i].Spans)
		}
		return d
	}
	for range 500 {
		gold, predicted := annotate(), annotate()
		gold.Entities = append(gold.Entities, entity("Disease", "pain", 40, "D000009"))
		a, err := Evaluate(t.Context(), []document.Document{gold}, []document.Document{predicted}, Options{})
		require.NoError(t, err)
		b, err := Evaluate(t.Context(), []document.Document{shuffled(gold)}, []document.Document{shuffled(predicted)}, Options{})
		require.NoError(t, err)
		require.Equal(t, a.Tasks, b.Tasks)
		require.Equal(t, a.Levels, b.Levels, "%+v\n%+v", gold, predicted)
	}
}

// Thousands of mentions around one another end soon.
func TestManyNestedMentions(t *testing.T) {
	var gold, predicted document.Document
	for i := range 1500 {
		gold.Entities = append(gold.Entities, document.Entity{Type: document.Chemical, Spans: []document.Span{{Start: i, End: 10_000 - i}}})
		predicted.Entities = append(predicted.Entities, document.Entity{Type: document.Disease, Spans: []document.Span{{Start: i, End: 9_999 - i}}})
	}
	got := mentionLevels(&gold, &predicted)
	require.Equal(t, Counts{750, 1500, 1500}, got[MentionPartial][Chemicals])
	require.Zero(t, got[MentionType][Chemicals].TP)
}
