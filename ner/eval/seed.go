package eval

import (
	"strings"

	"github.com/medner/medner/ner/document"
	"github.com/medner/medner/ner/internal/seedcompat"
	"github.com/medner/medner/ner/prompt"
)

// Seed says how documents are scored that are prompts in the model card's
// format, with the right answer as their completion: at the document level, and
// in the one task that a prompt asks for.
type Seed struct {
	Rules prompt.SeedRules
	// Filtered says that predictions are those of profile seed-compat: answers
	// pass the rules' filters, and items of results are taken as they are.
	Filtered bool
	// Fuzzy also counts items that are similar, at the document level.
	Fuzzy bool
}

func (s Seed) rules() seedcompat.Rules { return seedcompat.Rules(s.Rules) }

// Reply is an answer as the model wrote it.
type Reply struct {
	Document string
	Task     string
	Prompt   string
	Text     string
}

// goldItems are the items of a task that a gold document has.
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

// predictedItems are those of a prediction for a gold document, in the task
// that this one is for.
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

// item is a predicted item as it is compared.
func (s Seed) item(normalized, text string) string {
	if s.Filtered && normalized != "" {
		return normalized
	}
	return s.rules().NormalizeItem(text)
}

// compare counts one document's items at the document level.
func (s Seed) compare(gold, predicted *set) Counts {
	c := seedcompat.Score(gold.keys, predicted.keys, s.Fuzzy)
	return Counts{TP: float64(c.TP), Predicted: c.Predicted, Gold: c.Gold}
}

// Strategy is the document level as it would be if answers had been filtered
// otherwise.
type Strategy struct {
	Name string `json:"name"`
	Level
}

// strategies are the ways to filter an answer, side by side.
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

func filtered(v seedcompat.Rules, r Reply) []string {
	return v.Predicted(prompt.Task(r.Task), r.Prompt, r.Text)
}

// sideBySide scores replies by every strategy.
func sideBySide(gold []document.Document, replies []Reply, tasks []string, resamples int) ([]Strategy, error) {
	if len(replies) == 0 {
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
		out = append(out, Strategy{strategy.name, counts.level(len(gold), resamples)})
	}
	return out, nil
}

// repliesIn are the answers in predictions that are prompts with completions.
func repliesIn(gold []document.Document, predicted []*document.Document) []Reply {
	var out []Reply
	for i, p := range predicted {
		if p == nil || p.Prompt == "" || strings.TrimSpace(p.Completion) == "" {
			continue
		}
		if task, err := seedcompat.TaskOf(p.ID, p.Prompt); err == nil {
			out = append(out, Reply{gold[i].ID, string(task), p.Prompt, p.Completion})
		}
	}
	return out
}
