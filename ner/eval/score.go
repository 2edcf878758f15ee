package eval

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

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
	Resamples int      // bootstrap resamples for intervals, at most MaxResamples; 0 for no intervals
	Seed      Seed     // how documents in the model card's format are scored
	Types     TypeMap  // which types of mentions are scored; the zero map knows those of well-known corpora
	// Replies are the model's answers, for [Report.Strategies]. Without them, the
	// completions of predictions in the model card's format are used. A task that
	// no answer is for is left out there.
	Replies []Reply
}

// Report has the results of Evaluate. Marshalled, it is the JSON of a report.
type Report struct {
	// LevelName is DocumentLevel, the level of Tasks, Micro and Macro.
	LevelName string           `json:"level"`
	Tasks     map[string]Score `json:"tasks"`
	Micro     Score            `json:"micro"`
	Macro     Mean             `json:"macro"`
	// Levels has the other levels by name, if gold has mentions with offsets. Where gold has
	// no items, as at the concept level of a corpus without identifiers, a level says nothing.
	Levels     map[string]Level `json:"levels,omitempty"`
	Errors     []ErrorCount     `json:"errors,omitempty"` // at the document level
	Strategies []Strategy       `json:"strategies,omitempty"`
	Resolution *Resolution      `json:"resolution,omitempty"`
	Types      []TypeCount      `json:"types,omitempty"`
	Documents  int              `json:"documents"` // gold documents
	Seconds    float64          `json:"seconds"`   // how long the caller took; Evaluate leaves it 0
	Warnings   []string         `json:"warnings,omitempty"`

	counts map[string]*perDocument // by level
	ids    []string                // of the gold documents
}

// Evaluate scores predicted documents against gold documents. A prediction belongs
// to the gold document with its ID, or else with its prompt. Neither the order of
// documents nor that of their annotations matters, and an annotation that comes
// twice counts once. ctx ends the bootstrap early. The error is a *badinput.Error
// if gold has nothing to score, if two different documents have one ID, or if the
// task of a document in the model card's format can't be told.
func Evaluate(ctx context.Context, gold, predicted []document.Document, o Options) (*Report, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	if len(gold) == 0 {
		return nil, badinput.New("", "gold", "no documents", "one at least")
	}
	tasks := o.Tasks
	if tasks == nil {
		tasks = Tasks()
	}
	types := countTypes(o.Types, gold, predicted)
	relations := [2]int{countRelations(gold), countRelations(predicted)}
	gold, predicted = o.Types.Apply(gold), o.Types.Apply(predicted)
	relations[0] -= countRelations(gold)
	relations[1] -= countRelations(predicted)
	m, err := match(gold, predicted)
	if err != nil {
		return nil, err
	}
	gold = m.gold
	r := &Report{LevelName: DocumentLevel, Documents: len(gold), Types: types, Warnings: m.warnings, counts: newLevels(len(gold), tasks)}
	r.warnOfTypes()
	for i, side := range []string{"gold", "predictions"} {
		if relations[i] > 0 {
			r.Warnings = append(r.Warnings, fmt.Sprintf("relations that are not between a chemical and a disease are not scored: %s: %d", side, relations[i]))
		}
	}
	tally := newErrorTally()
	resolution := &Resolution{}
	identified := haveIdentifiers(predicted)
	spans := false // gold has mentions with offsets
	for i := range gold {
		g := &gold[i]
		p := m.predicted[i]
		if p == nil {
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
			tally.add(g, t, gs, ps)
		}
		spans = spans || len(mentions(g)) > 0
		r.scoreSpans(i, g, p, newResolver(g, p, identified, resolution))
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	if err := r.checkGold(gold, tasks); err != nil {
		return nil, err
	}
	r.Errors = tally.list()
	if spans {
		r.Resolution = resolution
	}
	replies, answered := o.Replies, tasks
	if replies == nil {
		replies = repliesIn(gold, m.predicted)
	} else {
		answered = tasksOf(replies, tasks)
	}
	if r.Strategies, err = sideBySide(ctx, gold, replies, answered, o.Resamples); err != nil {
		return nil, err
	}
	return r, r.measure(ctx, spans, o.Resamples)
}

// check returns an error for options that can't be carried out.
func (o *Options) check() error {
	for _, t := range o.Tasks {
		if !slices.Contains(Tasks(), t) {
			return badinput.New("", "task", strconv.Quote(t), strings.Join(Tasks(), ", "))
		}
	}
	return checkResamples(o.Resamples)
}

// measure computes the scores of all levels from the counts; those below the
// document's only if spans is true.
func (r *Report) measure(ctx context.Context, spans bool, resamples int) error {
	top, err := r.counts[DocumentLevel].level(ctx, r.Documents, resamples)
	if err != nil {
		return err
	}
	r.Tasks, r.Micro, r.Macro = top.Tasks, top.Micro, top.Macro
	if !spans {
		return nil
	}
	r.Levels = map[string]Level{}
	for _, name := range spanLevels {
		if c := r.counts[name]; len(c.tasks) > 0 {
			if r.Levels[name], err = c.level(ctx, r.Documents, resamples); err != nil {
				return err
			}
		}
	}
	if l, ok := r.Levels[ConceptLevel]; ok && l.Micro.Gold == 0 {
		r.Warnings = append(r.Warnings, "gold has no identifiers of concepts: the concept level says nothing")
	}
	return nil
}

// warnOfTypes warns of mentions whose type is not scored.
func (r *Report) warnOfTypes() {
	for _, side := range []struct {
		name  string
		count func(TypeCount) int
	}{{"gold", func(c TypeCount) int { return c.Gold }}, {"predictions", func(c TypeCount) int { return c.Predicted }}} {
		if list := unscored(r.Types, side.count); list != "" {
			r.Warnings = append(r.Warnings, fmt.Sprintf("mentions of these types are not scored: %s: %s", side.name, list))
		}
	}
}

// checkGold returns an error if gold has no item of any task, and warns of tasks
// that have none, as their scores say nothing. A question of the model
// card's format may have an empty answer, so that its documents are always good.
func (r *Report) checkGold(gold []document.Document, tasks []string) error {
	asked := slices.ContainsFunc(gold, func(d document.Document) bool { return d.Prompt != "" })
	none := true
	for _, t := range tasks {
		c := r.counts[DocumentLevel].total(t, nil)
		none = none && c.Gold == 0
		if c.Gold == 0 && !asked {
			r.Warnings = append(r.Warnings, fmt.Sprintf("gold has no %s: the %d predicted ones count as wrong, and macro averages count an F1 of 0; leave the task out if it was not annotated", t, c.Predicted))
		}
	}
	if !none || asked {
		return nil
	}
	found := "no annotations"
	if list := unscored(r.Types, func(c TypeCount) int { return c.Gold }); list != "" {
		found = "mentions of the types " + list
	} else if slices.ContainsFunc(r.Types, func(c TypeCount) bool { return c.Gold > 0 }) {
		found = "annotations for other tasks only"
	}
	return badinput.New("", "gold", found, fmt.Sprintf("annotations to score for %s; a type can be mapped to Chemical or Disease", strings.Join(tasks, ", ")))
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
			if id := conceptID(c); isConcept(id) {
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
			if isConcept(id) {
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
