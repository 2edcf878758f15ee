package eval

import (
	"context"
	"math"

	"github.com/medner/medner/ner/document"
)

// Confidences returns the grounded items of predictions, by task, each with its
// confidence and whether it is right, see [Grader]. Each text counts once in a
// document, with the highest of its confidences. Items without a confidence are
// left out. Types are those that a TypeMap knows; [TypeMap.Apply] maps others.
func Confidences(gold, predicted []document.Document) map[string][]Graded {
	gold, predicted = TypeMap{}.Apply(gold), TypeMap{}.Apply(predicted)
	byID := map[string]*document.Document{}
	for i := range predicted {
		byID[predicted[i].ID] = &predicted[i]
	}
	graded := map[string][]Graded{}
	for i := range gold {
		p := byID[gold[i].ID]
		if p == nil {
			continue
		}
		grader := NewGrader(&gold[i])
		index := map[string]int{} // where an item is in graded, by task and text
		add := func(task, text string, grounded bool, confidence float64, correct bool) {
			if !grounded || math.IsNaN(confidence) {
				return
			}
			key := task + "\t" + fold(text)
			at, seen := index[key]
			if seen {
				graded[task][at].Confidence = max(graded[task][at].Confidence, confidence)
				return
			}
			index[key] = len(graded[task])
			graded[task] = append(graded[task], Graded{Document: gold[i].ID, Confidence: confidence, Correct: correct})
		}
		for j := range p.Entities {
			e := &p.Entities[j]
			if task := taskOfType[entityType(e)]; task != "" {
				add(task, e.Text, len(e.Spans) > 0, e.Confidence, grader.Mention(task, e.Text))
			}
		}
		for _, r := range p.Relations {
			add(Influences, r.Chemical+" | "+r.Disease, r.Grounded, r.Confidence, grader.Pair(r.Chemical, r.Disease))
		}
	}
	return graded
}

// Threshold is how predictions score without the items of less confidence.
type Threshold struct {
	Confidence float64 `json:"confidence"`
	Document   Level   `json:"document"`
	Mention    *Level  `json:"mention_strict,omitempty"` // nil if gold has no mentions with offsets
	Relation   *Level  `json:"relation,omitempty"`       // likewise
}

// Thresholds scores predictions for each of the thresholds 0, 0.1, …, 0.9. Items
// without a confidence are never left out.
func Thresholds(ctx context.Context, gold, predicted []document.Document, o Options) ([]Threshold, error) {
	o.Resamples, o.Replies = 0, nil
	var all []Threshold
	for tenths := range 10 {
		least := float64(tenths) / 10
		kept := make([]document.Document, len(predicted))
		for i, d := range predicted {
			kept[i] = d
			kept[i].Entities, kept[i].Relations = nil, nil
			for _, e := range d.Entities {
				if !(e.Confidence < least) { // true for NaN
					kept[i].Entities = append(kept[i].Entities, e)
				}
			}
			for _, r := range d.Relations {
				if !(r.Confidence < least) {
					kept[i].Relations = append(kept[i].Relations, r)
				}
			}
		}
		r, err := Evaluate(ctx, gold, kept, o)
		if err != nil {
			return nil, err
		}
		t := Threshold{Confidence: least, Document: Level{Tasks: r.Tasks, Micro: r.Micro, Macro: r.Macro}}
		if l, ok := r.Levels[MentionStrict]; ok {
			t.Mention = &l
		}
		if l, ok := r.Levels[RelationLevel]; ok {
			t.Relation = &l
		}
		all = append(all, t)
	}
	return all, nil
}
