package eval

import (
	"math"

	"github.com/medner/medner/ner/document"
)

// Confidences grades the grounded items of predictions, each text of a document
// once, by task. Items without a confidence are left out.
func Confidences(gold, predicted []document.Document) map[string][]Graded {
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
		seen := map[string]bool{}
		add := func(task, text string, grounded bool, confidence float64, correct bool) {
			key := task + "\t" + fold(text)
			if grounded && !math.IsNaN(confidence) && !seen[key] {
				seen[key] = true
				graded[task] = append(graded[task], Graded{gold[i].ID, confidence, correct})
			}
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

// Threshold is what predictions score without the items that are less sure.
type Threshold struct {
	Confidence float64 `json:"confidence"`
	Document   Level   `json:"document"`
	Mention    *Level  `json:"mention_strict,omitempty"`
	Relation   *Level  `json:"relation,omitempty"`
}

// Thresholds scores predictions at confidences of 0, 0.1, …, 0.9. Items
// without a confidence stay.
func Thresholds(gold, predicted []document.Document, o Options) ([]Threshold, error) {
	o.Resamples, o.Replies = 0, nil
	var all []Threshold
	for tenths := range 10 {
		least := float64(tenths) / 10
		kept := make([]document.Document, len(predicted))
		for i, d := range predicted {
			kept[i] = d
			kept[i].Entities, kept[i].Relations = nil, nil
			for _, e := range d.Entities {
				if !(e.Confidence < least) {
					kept[i].Entities = append(kept[i].Entities, e)
				}
			}
			for _, r := range d.Relations {
				if !(r.Confidence < least) {
					kept[i].Relations = append(kept[i].Relations, r)
				}
			}
		}
		r, err := Evaluate(gold, kept, o)
		if err != nil {
			return nil, err
		}
		t := Threshold{Confidence: least, Document: Level{r.Tasks, r.Micro, r.Macro}}
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
