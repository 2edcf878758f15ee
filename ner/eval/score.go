package eval

import (
	"fmt"
	"slices"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/ner/document"
)

// The names of levels, which the package's comment describes.
const (
	DocumentLevel  = "document"
	MentionStrict  = "mention_strict"
	MentionExact   = "mention_exact"
	MentionPartial = "mention_partial"
	MentionType    = "mention_type"
	ConceptLevel   = "concept"
	RelationLevel  = "relation"
)

var spanLevels = []string{MentionStrict, MentionExact, MentionPartial, MentionType, ConceptLevel, RelationLevel}

// SpanLevels returns the names of all levels but the document's, in the order in
// which reports show them.
func SpanLevels() []string { return slices.Clone(spanLevels) }

// Options choose what is scored.
type Options struct {
	Tasks     []string // some of [Tasks]; nil for all
	Resamples int      // bootstrap resamples for intervals; 0 for no intervals
	Seed      Seed     // how documents in the model card's format are scored
	// Replies are the model's answers, for [Report.Strategies]. Without them, the
	// completions of predictions in the model card's format are used.
	Replies []Reply
}

// Report has the results of Evaluate. Marshalled, it is the JSON of a report.
type Report struct {
	// LevelName is DocumentLevel, the level of Tasks, Micro and Macro.
	LevelName string           `json:"level"`
	Tasks     map[string]Score `json:"tasks"`
	Micro     Score            `json:"micro"`
	Macro     Mean             `json:"macro"`
	// Levels has the other levels by name, if gold has mentions with offsets.
	Levels     map[string]Level `json:"levels,omitempty"`
	Errors     []ErrorCount     `json:"errors,omitempty"` // at the document level
	Strategies []Strategy       `json:"strategies,omitempty"`
	Resolution *Resolution      `json:"resolution,omitempty"`
	Documents  int              `json:"documents"` // gold documents
	Seconds    float64          `json:"seconds"`   // how long the caller took; Evaluate leaves it 0
	Warnings   []string         `json:"warnings,omitempty"`

	counts map[string]*perDocument // by level
	ids    []string                // of the gold documents
}

// Evaluate scores predicted documents against gold documents. A prediction belongs
// to the gold document with its ID, or else with its prompt. The error is a
// *badinput.Error if there are no gold documents, if two predictions have one ID,
// or if the task of a document in the model card's format can't be told.
func Evaluate(gold, predicted []document.Document, o Options) (*Report, error) {
	if len(gold) == 0 {
		return nil, badinput.New("", "gold", "no documents", "one at least")
	}
	tasks := o.Tasks
	if tasks == nil {
		tasks = Tasks()
	}
	matched, unmatched, err := match(gold, predicted)
	if err != nil {
		return nil, err
	}
	r := &Report{LevelName: DocumentLevel, Documents: len(gold), counts: newLevels(len(gold), tasks)}
	resolution := &Resolution{}
	errors := newErrorTally()
	identified := haveIdentifiers(predicted)
	spans := false // gold has mentions with offsets
	for i := range gold {
		g := &gold[i]
		p := matched[i]
		if p == nil {
			r.Warnings = append(r.Warnings, fmt.Sprintf("document %q has no prediction: all its items count as missed", g.ID))
			p = &document.Document{ID: g.ID, Text: g.Text}
		}
		r.ids = append(r.ids, g.ID)
		for _, t := range tasks {
			gs, err := o.Seed.goldItems(g, t)
			if err != nil {
				return nil, err
			}
			ps := o.Seed.predictedItems(g, p, t)
			r.counts[DocumentLevel].counts[t][i] = o.Seed.compare(gs, ps)
			errors.add(g, t, gs, ps)
		}
		spans = spans || len(mentions(g)) > 0
		r.scoreSpans(i, g, p, newResolver(g, p, identified, resolution))
	}
	for _, id := range unmatched {
		r.Warnings = append(r.Warnings, fmt.Sprintf("prediction %q has no gold document: not scored", id))
	}
	top := r.counts[DocumentLevel].level(len(gold), o.Resamples)
	r.Tasks = top.Tasks
	r.Micro = top.Micro
	r.Macro = top.Macro
	r.Errors = errors.list()
	replies := o.Replies
	if replies == nil {
		replies = repliesIn(gold, matched)
	}
	if r.Strategies, err = sideBySide(gold, replies, tasks, o.Resamples); err != nil {
		return nil, err
	}
	if spans {
		r.Resolution = resolution
		r.Levels = map[string]Level{}
		for name, c := range r.counts {
			if name != DocumentLevel && len(c.tasks) > 0 {
				r.Levels[name] = c.level(len(gold), o.Resamples)
			}
		}
	}
	return r, nil
}

// match returns the prediction for each gold document, nil if there is none, and
// the IDs of predictions for no gold document.
func match(gold, predicted []document.Document) (matched []*document.Document, unmatched []string, err error) {
	byID := map[string]*document.Document{}
	byPrompt := map[string]*document.Document{}
	for i := range predicted {
		p := &predicted[i]
		if byID[p.ID] != nil {
			return nil, nil, badinput.New("", "predictions", fmt.Sprintf("document %q twice", p.ID), "each document once")
		}
		byID[p.ID] = p
		if p.Prompt != "" {
			byPrompt[p.Prompt] = p
		}
	}
	taken := map[*document.Document]bool{}
	for i := range gold {
		p := byID[gold[i].ID]
		if p == nil && gold[i].Prompt != "" {
			p = byPrompt[gold[i].Prompt]
		}
		matched = append(matched, p)
		taken[p] = true
	}
	for i := range predicted {
		if !taken[&predicted[i]] {
			unmatched = append(unmatched, predicted[i].ID)
		}
	}
	return matched, unmatched, nil
}

// newLevels returns counts of 0 for each level, with the tasks that it has: the
// relation level has Influences alone, which only the document level has too.
func newLevels(documents int, tasks []string) map[string]*perDocument {
	var entities, relations []string
	for _, t := range tasks {
		if t == Influences {
			relations = append(relations, t)
		} else {
			entities = append(entities, t)
		}
	}
	m := map[string]*perDocument{
		DocumentLevel: newPerDocument(documents, tasks...),
		RelationLevel: newPerDocument(documents, relations...),
	}
	for _, l := range []string{MentionStrict, MentionExact, MentionPartial, MentionType, ConceptLevel} {
		m[l] = newPerDocument(documents, entities...)
	}
	return m
}

// scoreSpans counts the items of document i at all levels but the document's.
func (r *Report) scoreSpans(i int, g, p *document.Document, res *resolver) {
	for level, byTask := range mentionLevels(g, p) {
		for _, t := range r.counts[level].tasks {
			r.counts[level].counts[t][i] = byTask[t]
		}
	}
	for _, t := range r.counts[ConceptLevel].tasks {
		r.counts[ConceptLevel].counts[t][i] = compare(goldConcepts(g, t), predictedConcepts(p, t, res))
	}
	for _, t := range r.counts[RelationLevel].tasks {
		r.counts[RelationLevel].counts[t][i] = compare(goldRelations(g), predictedRelations(p, res))
	}
}

// goldConcepts returns the concept identifiers of a task's gold mentions.
func goldConcepts(d *document.Document, task string) *set {
	s := &set{}
	for i := range d.Entities {
		e := &d.Entities[i]
		if taskOfType[entityType(e)] != task {
			continue
		}
		for _, c := range e.Concepts {
			if id := conceptID(c); id != noConcept {
				s.add(id)
			}
		}
	}
	return s
}

// predictedConcepts returns the concept identifiers of a task's predicted mentions.
func predictedConcepts(d *document.Document, task string, r *resolver) *set {
	s := &set{}
	for i := range d.Entities {
		e := &d.Entities[i]
		if taskOfType[entityType(e)] != task {
			continue
		}
		for _, id := range r.entity(e) {
			if id != noConcept {
				s.add(id)
			}
		}
	}
	return s
}

// goldRelations returns the pairs of concept identifiers of gold relations.
func goldRelations(d *document.Document) *set {
	s := &set{}
	for _, r := range d.Relations {
		s.add(conceptID(r.Chemical) + "\t" + conceptID(r.Disease))
	}
	return s
}

// predictedRelations returns the pairs of concept identifiers of predicted
// relations. A composite mention stands for each of its concepts.
func predictedRelations(d *document.Document, res *resolver) *set {
	s := &set{}
	for _, r := range d.Relations {
		chemicals := res.side(document.Chemical, r.Chemical)
		diseases := res.side(document.Disease, r.Disease)
		for _, c := range chemicals {
			for _, x := range diseases {
				s.add(c + "\t" + x)
			}
		}
	}
	return s
}
