package eval

import (
	"fmt"
	"slices"

	"github.com/medner/medner/ner/document"
)

// The names of levels in reports.
const (
	DocumentLevel  = "document"
	MentionStrict  = "mention_strict"
	MentionExact   = "mention_exact"
	MentionPartial = "mention_partial"
	MentionType    = "mention_type"
	ConceptLevel   = "concept"
	RelationLevel  = "relation"
)

// spanLevels are the levels below the document's, in the order of reports.
var spanLevels = []string{MentionStrict, MentionExact, MentionPartial, MentionType, ConceptLevel, RelationLevel}

// SpanLevels lists the levels below the document's in the order of reports.
func SpanLevels() []string { return slices.Clone(spanLevels) }

// Options choose what is scored.
type Options struct {
	Tasks     []string // of [Tasks]; nil: all
	Resamples int      // bootstrap resamples for intervals; 0: no intervals
	Seed      Seed     // how prompts with completions are scored
	// Replies are the answers as the model wrote them, if they are at hand;
	// predictions that are prompts with completions bring them themselves.
	Replies []Reply
}

// Report is the outcome, and its JSON.
type Report struct {
	LevelName  string           `json:"level"` // of Tasks, Micro and Macro: document
	Tasks      map[string]Score `json:"tasks"`
	Micro      Score            `json:"micro"`
	Macro      Mean             `json:"macro"`
	Levels     map[string]Level `json:"levels,omitempty"`
	Errors     []ErrorCount     `json:"errors,omitempty"`
	Strategies []Strategy       `json:"strategies,omitempty"`
	Resolution *Resolution      `json:"resolution,omitempty"`
	Documents  int              `json:"documents"`
	Seconds    float64          `json:"seconds"`
	Warnings   []string         `json:"warnings,omitempty"`

	counts map[string]*perDocument
	ids    []string
}

// Evaluate scores predicted against gold documents, matched by ID, else by their
// prompts. The mention, concept and relation levels are there when gold has mentions with offsets.
func Evaluate(gold, predicted []document.Document, o Options) (*Report, error) {
	if len(gold) == 0 {
		return nil, fmt.Errorf("no gold documents to score against")
	}
	tasks := o.Tasks
	if tasks == nil {
		tasks = Tasks
	}
	matched, unmatched, err := match(gold, predicted)
	if err != nil {
		return nil, err
	}
	r := &Report{LevelName: DocumentLevel, Documents: len(gold), counts: newLevels(len(gold), tasks)}
	resolution := &Resolution{}
	errors := newErrorTally()
	spans, identified := false, bringIdentifiers(predicted)
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
	r.Tasks, r.Micro, r.Macro = top.Tasks, top.Micro, top.Macro
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

// match finds the prediction of every gold document, nil where there is none, and
// the identifiers of predictions for no gold document.
func match(gold, predicted []document.Document) (matched []*document.Document, unmatched []string, err error) {
	byID, byPrompt := map[string]*document.Document{}, map[string]*document.Document{}
	for i := range predicted {
		p := &predicted[i]
		if byID[p.ID] != nil {
			return nil, nil, fmt.Errorf("predictions: document %q occurs twice", p.ID)
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

// newLevels lays out the counts: entity tasks at every level but relation's.
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

// scoreSpans counts document i at the levels below the document's.
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

func goldRelations(d *document.Document) *set {
	s := &set{}
	for _, r := range d.Relations {
		s.add(conceptID(r.Chemical) + "\t" + conceptID(r.Disease))
	}
	return s
}

// predictedRelations resolves both sides; a composite mention stands for each
// of its concepts.
func predictedRelations(d *document.Document, res *resolver) *set {
	s := &set{}
	for _, r := range d.Relations {
		chemicals, diseases := res.side(document.Chemical, r.Chemical), res.side(document.Disease, r.Disease)
		for _, c := range chemicals {
			for _, x := range diseases {
				s.add(c + "\t" + x)
			}
		}
	}
	return s
}
