package eval

import (
	"slices"
	"strings"
	"unicode"

	"github.com/medner/medner/ner/document"
	"github.com/medner/medner/ner/internal/seedcompat"
)

// The kinds of errors, in the order in which they are tried.
const (
	HyphenVariant = "hyphen or space variant"
	Partial       = "partial"
	Punctuation   = "equal without punctuation"
	Similar       = "similar"
	Hallucination = "hallucination"
	TypeConfusion = "type confusion"
	Spurious      = "spurious"
	Missed        = "missed"
)

// ErrorKinds lists the kinds in the order of reports.
var ErrorKinds = []string{HyphenVariant, Partial, Punctuation, Similar, Hallucination, TypeConfusion, Spurious, Missed}

// ErrorCount is a kind of error in a task, with examples.
type ErrorCount struct {
	Task     string    `json:"task"`
	Kind     string    `json:"kind"`
	Count    int       `json:"count"`
	Examples []Example `json:"examples,omitempty"`
}

// Example is one error: a predicted string and the gold one it comes near, or a
// missed gold string.
type Example struct {
	Document  string `json:"document"`
	Predicted string `json:"predicted,omitempty"`
	Gold      string `json:"gold,omitempty"`
}

const maxExamples = 5

type errorTally struct{ byKey map[[2]string]*ErrorCount }

func newErrorTally() *errorTally { return &errorTally{map[[2]string]*ErrorCount{}} }

func (t *errorTally) count(task, kind string, e Example) {
	key := [2]string{task, kind}
	c := t.byKey[key]
	if c == nil {
		c = &ErrorCount{Task: task, Kind: kind}
		t.byKey[key] = c
	}
	c.Count++
	if len(c.Examples) < maxExamples {
		c.Examples = append(c.Examples, e)
	}
}

// add classifies what predicted has too much and, apart from the gold strings
// that a near miss explains, what it lacks.
func (t *errorTally) add(gold *document.Document, task string, g, p *set) {
	explained := map[string]bool{}
	for _, item := range p.keys {
		if g.has[item] {
			continue
		}
		kind, near := classify(item, gold, task, g)
		if near != "" {
			explained[near] = true
		}
		t.count(task, kind, Example{gold.ID, item, near})
	}
	for _, item := range g.keys {
		if !p.has[item] && !explained[item] {
			t.count(task, Missed, Example{Document: gold.ID, Gold: item})
		}
	}
}

// classify names the error that a predicted string is, and the gold string of
// the task that it comes near, if it does.
func classify(item string, gold *document.Document, task string, g *set) (kind, near string) {
	tests := []struct {
		kind  string
		holds func(gold string) bool
	}{
		{HyphenVariant, func(s string) bool { return dropHyphens(s) == dropHyphens(item) }},
		{Partial, func(s string) bool { return strings.Contains(s, item) || strings.Contains(item, s) }},
		{Punctuation, func(s string) bool { return dropPunctuation(s) == dropPunctuation(item) }},
		{Similar, func(s string) bool { return seedcompat.Similarity(s, item) > 0.7 }},
	}
	for _, test := range tests {
		for _, s := range g.keys {
			if test.holds(s) {
				return test.kind, s
			}
		}
	}
	text := fold(gold.Text)
	for _, side := range strings.Split(item, " | ") {
		if !strings.Contains(text, side) {
			return Hallucination, ""
		}
	}
	for _, other := range Tasks {
		if other != task && itemStrings(gold, other).has[item] {
			return TypeConfusion, ""
		}
	}
	return Spurious, ""
}

func dropHyphens(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.Is(unicode.Pd, r) {
			return -1
		}
		return r
	}, s)
}

func dropPunctuation(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.IsPunct(r) || unicode.IsSymbol(r) {
			return -1
		}
		return r
	}, s)
}

func (t *errorTally) list() []ErrorCount {
	var out []ErrorCount
	for _, task := range Tasks {
		for _, kind := range ErrorKinds {
			if c := t.byKey[[2]string{task, kind}]; c != nil {
				out = append(out, *c)
			}
		}
	}
	return slices.Clip(out)
}
