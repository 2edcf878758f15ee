package seedcompat

import (
	"slices"
	"strings"

	"github.com/medner/medner/ner/prompt"
	"github.com/pmezard/go-difflib/difflib"
)

// Counts are the numbers of items of one sample.
type Counts struct {
	TP        int // predicted items that gold has
	Predicted int
	Gold      int
}

// Gold returns the items of a completion, normalised, each once, and pairs as
// "chemical | disease". No filter is applied, so that a bullet without an item is
// a gold item, which no prediction equals.
func (r Rules) Gold(task prompt.Task, completion string) []string {
	items, _ := bullets(completion)
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

// Predicted returns the items of an answer to the prompt text that pass all
// filters, and pairs as "chemical | disease".
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

// Grounded returns the items of an answer that the prompt text has, whatever the
// other filters say, and pairs as "chemical | disease".
func (r Rules) Grounded(task prompt.Task, text, answer string) []string {
	text = normalizeText(text)
	return slices.DeleteFunc(r.Gold(task, answer), func(item string) bool {
		if task != prompt.Influences {
			return !r.grounded(item, text)
		}
		chemical, disease, _ := strings.Cut(item, " | ")
		return !r.grounded(chemical, text) || !r.grounded(disease, text)
	})
}

// Score compares the predicted items of a sample with its gold items. If fuzzy,
// each predicted item that equals none then takes, in order, the most similar
// gold item that is still free, if their similarity is above 0.9.
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

// Similarity returns the ratio 2·M/T of Python's difflib.SequenceMatcher, where T
// is the number of code points of both strings and M the number of those of one
// that lie in matching blocks.
func Similarity(a, b string) float64 {
	return difflib.NewMatcher(strings.Split(a, ""), strings.Split(b, "")).Ratio()
}

// unique returns the first of each of the equal strings of a list, in order.
func unique(list []string) []string {
	var out []string
	for _, s := range list {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}
