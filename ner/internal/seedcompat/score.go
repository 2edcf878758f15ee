package seedcompat

import (
	"slices"
	"strings"

	"github.com/medner/medner/ner/prompt"
	"github.com/pmezard/go-difflib/difflib"
)

// Counts are the sums of a task over its samples.
type Counts struct {
	TP        int `json:"tp"`
	Predicted int `json:"predicted"`
	Gold      int `json:"gold"`
}

// Add sums.
func (c *Counts) Add(o Counts) {
	c.TP += o.TP
	c.Predicted += o.Predicted
	c.Gold += o.Gold
}

// Precision, Recall and F1 are 0 where undefined.
func (c Counts) Precision() float64 { return ratio(c.TP, c.Predicted) }

// Recall is TP / Gold.
func (c Counts) Recall() float64 { return ratio(c.TP, c.Gold) }

// F1 is the harmonic mean of both.
func (c Counts) F1() float64 { return ratio(2*c.TP, c.Predicted+c.Gold) }

func ratio(a, b int) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}

// Scores are counts by task. The model card's "macro" 53.8 % is the micro
// average over two tasks; both are here.
type Scores map[prompt.Task]Counts

// Add counts one sample.
func (s Scores) Add(task prompt.Task, c Counts) {
	sum := s[task]
	sum.Add(c)
	s[task] = sum
}

// Micro pools the tasks.
func (s Scores) Micro() Counts {
	var sum Counts
	for _, c := range s {
		sum.Add(c)
	}
	return sum
}

// MacroF1 is the mean F1 of the three tasks, a task without samples counting
// as 0.
func (s Scores) MacroF1() float64 {
	sum := 0.0
	for _, t := range prompt.Tasks() {
		sum += s[t].F1()
	}
	return sum / float64(len(prompt.Tasks()))
}

// Gold reads the set of a completion: parsed and normalised, but unfiltered, so
// that a bullet without an item is a gold item that nothing can match.
func (r Rules) Gold(task prompt.Task, completion string) []string {
	items, _ := Bullets(completion)
	sentences := slices.ContainsFunc(items, isInfluence)
	var out []string
	for _, written := range items {
		item := r.NormalizeItem(written)
		if task == prompt.Influences {
			p, reason := r.pair(written, sentences)
			if reason != "" {
				continue
			}
			item = p.String()
		}
		if !slices.Contains(out, item) {
			out = append(out, item)
		}
	}
	return out
}

// Predicted is what the rules leave of an answer, pairs as "chemical | disease".
func (r Rules) Predicted(task prompt.Task, text, answer string) []string {
	if task != prompt.Influences {
		kept, _ := r.Entities(task, text, answer)
		return kept
	}
	pairs, _ := r.Pairs(text, answer)
	var kept []string
	for _, p := range pairs {
		kept = append(kept, p.String())
	}
	return kept
}

// Grounded is what is left of an answer when only what the prompt doesn't have
// is left out, pairs as "chemical | disease".
func (r Rules) Grounded(task prompt.Task, text, answer string) []string {
	text = NormalizeText(text)
	return slices.DeleteFunc(r.Gold(task, answer), func(item string) bool {
		if task != prompt.Influences {
			return !r.grounded(item, text)
		}
		chemical, disease, _ := strings.Cut(item, " | ")
		return !r.grounded(chemical, text) || !r.grounded(disease, text)
	})
}

// Score compares one sample's sets. Fuzzy scoring then pairs off what is left
// over: in order, each prediction takes the most similar gold item above 0.9.
func Score(gold, predicted []string, fuzzy bool) Counts {
	gold, predicted = unique(gold), unique(predicted)
	c := Counts{Predicted: len(predicted), Gold: len(gold)}
	used := make([]bool, len(gold))
	var left []string
	for _, p := range predicted {
		if i := slices.Index(gold, p); i >= 0 {
			used[i] = true
			c.TP++
		} else {
			left = append(left, p)
		}
	}
	if !fuzzy {
		return c
	}
	for _, p := range left {
		best, at := 0.9, -1
		for i, g := range gold {
			if used[i] {
				continue
			}
			if r := Similarity(p, g); r > best {
				best, at = r, i
			}
		}
		if at >= 0 {
			used[at] = true
			c.TP++
		}
	}
	return c
}

// Similarity is the ratio 2·M/T of Python's difflib.SequenceMatcher over code
// points: M of them in matching blocks, T in both strings.
func Similarity(a, b string) float64 {
	return difflib.NewMatcher(strings.Split(a, ""), strings.Split(b, "")).Ratio()
}

func unique(list []string) []string {
	var out []string
	for _, s := range list {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}
