package eval

import (
	"context"
	"slices"
	"strings"

	"github.com/medner/medner/ner/document"
	"github.com/medner/medner/ner/internal/seedcompat"
	"github.com/medner/medner/ner/prompt"
)

// Seed says how gold documents in the model card's format are scored: prompts with
// the right answer as their completion. They are scored at the document level, and
// in the one task that the prompt asks for.
type Seed struct {
	Rules prompt.SeedRules
	// Filtered is for predictions of the extractor's profile seed-compat, whose
	// items are compared as they are. Predicted completions are filtered by Rules.
	Filtered bool
	// Fuzzy counts similar items as right too.
	Fuzzy bool
}

func (s Seed) rules() seedcompat.Rules { return seedcompat.Rules(s.Rules) }

// Reply is an answer of the model.
type Reply struct {
	Document string // the ID of the gold document
	Task     string
	Prompt   string // the user's turn that was answered
	Text     string // as the model wrote it
}

// goldItems returns the items of a task that a gold document has, at the document
// level.
func (s Seed) goldItems(gold *document.Document, task string) (*set, error) {
	if gold.Prompt == "" {
		return itemStrings(gold, task), nil
	}
	asked, err := seedcompat.TaskOf(gold.ID, gold.Prompt)
	if err != nil || string(asked) != task {
		return &set{}, err
	}
	return newSet(s.rules().Gold(asked, gold.Completion)), nil
}

// predictedItems returns the items of a task that the prediction p for a gold
// document has, at the document level.
func (s Seed) predictedItems(gold, p *document.Document, task string) *set {
	if gold.Prompt == "" {
		return itemStrings(p, task)
	}
	if asked, err := seedcompat.TaskOf(gold.ID, gold.Prompt); err != nil || string(asked) != task {
		return &set{}
	}
	switch t := prompt.Task(task); {
	case p.Completion != "" && s.Filtered:
		return newSet(s.rules().Predicted(t, gold.Prompt, p.Completion))
	case p.Completion != "":
		return newSet(s.rules().Gold(t, p.Completion))
	}
	items := &set{}
	if task == Influences {
		for _, r := range p.Relations {
			items.add(s.item(r.Chemical, r.Chemical) + " | " + s.item(r.Disease, r.Disease))
		}
		return items
	}
	for i := range p.Entities {
		if e := &p.Entities[i]; taskOfType[entityType(e)] == task {
			items.add(s.item(e.Normalized, e.Text))
		}
	}
	return items
}

// item returns the form in which a predicted mention is compared.
func (s Seed) item(normalized, text string) string {
	if s.Filtered && normalized != "" {
		return normalized
	}
	return s.rules().NormalizeItem(text)
}

// compare counts the items that gold and predicted both have.
func (s Seed) compare(gold, predicted *set) Counts {
	c := seedcompat.Score(gold.keys, predicted.keys, s.Fuzzy)
	return Counts{TP: float64(c.TP), Predicted: c.Predicted, Gold: c.Gold}
}

// Strategy is the document level for one way to filter the model's answers.
type Strategy struct {
	Name string `json:"name"`
	Level
}

// strategies has the ways to filter an answer that reports compare.
var strategies = []struct {
	name  string
	seed  Seed
	items func(v seedcompat.Rules, r Reply) []string
}{
	{"all that was written", Seed{}, func(v seedcompat.Rules, r Reply) []string { return v.Gold(prompt.Task(r.Task), r.Text) }},
	{"in the prompt", Seed{}, func(v seedcompat.Rules, r Reply) []string {
		return v.Grounded(prompt.Task(r.Task), r.Prompt, r.Text)
	}},
	{"seed-compat", Seed{}, filtered},
	{"seed-compat, fuzzy", Seed{Fuzzy: true}, filtered},
	{"seed-compat, biomistral", Seed{Rules: prompt.BioMistralRules}, filtered},
	{"seed-compat, biomistral, fuzzy", Seed{Rules: prompt.BioMistralRules, Fuzzy: true}, filtered},
}

// filtered returns the items of a reply that pass the filters of rules v.
func filtered(v seedcompat.Rules, r Reply) []string {
	return v.Predicted(prompt.Task(r.Task), r.Prompt, r.Text)
}

// tasksOf returns those of tasks that a reply is for: no list is asked for where
// tags find the mentions, so that there is no answer to filter.
func tasksOf(replies []Reply, tasks []string) []string {
	var out []string
	for _, t := range tasks {
		if slices.ContainsFunc(replies, func(r Reply) bool { return r.Task == t }) {
			out = append(out, t)
		}
	}
	return out
}

// sideBySide scores replies by each of the strategies.
func sideBySide(ctx context.Context, gold []document.Document, replies []Reply, tasks []string, resamples int) ([]Strategy, error) {
	if len(replies) == 0 || len(tasks) == 0 {
		return nil, nil
	}
	index := map[string]int{}
	for i := range gold {
		index[gold[i].ID] = i
	}
	var out []Strategy
	for _, strategy := range strategies {
		predicted := make([]map[string]*set, len(gold))
		for _, r := range replies {
			i, ok := index[r.Document]
			if !ok {
				continue
			}
			if predicted[i] == nil {
				predicted[i] = map[string]*set{}
			}
			if predicted[i][r.Task] == nil {
				predicted[i][r.Task] = &set{}
			}
			for _, item := range strategy.items(strategy.seed.rules(), r) {
				predicted[i][r.Task].add(item)
			}
		}
		counts := newPerDocument(len(gold), tasks...)
		for i := range gold {
			for _, t := range tasks {
				g, err := strategy.seed.goldItems(&gold[i], t)
				if err != nil {
					return nil, err
				}
				p := predicted[i][t]
				if p == nil {
					p = &set{}
				}
				counts.counts[t][i] = strategy.seed.compare(g, p)
			}
		}
		level, err := counts.level(ctx, len(gold), resamples)
		if err != nil {
			return nil, err
		}
		out = append(out, Strategy{Name: strategy.name, Level: level})
	}
	return out, nil
}

// repliesIn returns the completions of predictions in the model card's format.
func repliesIn(gold []document.Document, predicted []*document.Document) []Reply {
	var out []Reply
	for i, p := range predicted {
		if p == nil || p.Prompt == "" || strings.TrimSpace(p.Completion) == "" {
			continue
		}
		if task, err := seedcompat.TaskOf(p.ID, p.Prompt); err == nil {
			out = append(out, Reply{Document: gold[i].ID, Task: string(task), Prompt: p.Prompt, Text: p.Completion})
		}
	}
	return out
}
