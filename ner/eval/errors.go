package eval

import (
	"slices"
	"strings"
	"unicode"

	"github.com/medner/medner/ner/document"
	"github.com/medner/medner/ner/internal/seedcompat"
)

// The kinds of errors. A predicted text that gold doesn't have is of the first kind
// that fits.
const (
	HyphenVariant = "hyphen or space variant"   // a gold text differs only in hyphens and white space
	Partial       = "partial"                   // it is part of a gold text, or has one in it
	Punctuation   = "equal without punctuation" // a gold text differs only in punctuation
	Similar       = "similar"                   // a gold text has a similarity above 0.7
	Hallucination = "hallucination"             // the article doesn't have it
	TypeConfusion = "type confusion"            // gold has it for another task
	Spurious      = "spurious"                  // any other
	Missed        = "missed"                    // a gold text that wasn't predicted
)

// errorKinds has the kinds in the order in which reports show them.
var errorKinds = []string{HyphenVariant, Partial, Punctuation, Similar, Hallucination, TypeConfusion, Spurious, Missed}

// ErrorCount says how often a kind of error occurred in a task.
type ErrorCount struct {
	Task     string    `json:"task"`
	Kind     string    `json:"kind"`
	Count    int       `json:"count"`
	Examples []Example `json:"examples,omitempty"` // the first 5
}

// Example is one error: a predicted text and the gold text, if any, to which it
// comes near; or a missed gold text.
type Example struct {
	Document  string `json:"document"`
	Predicted string `json:"predicted,omitempty"`
	Gold      string `json:"gold,omitempty"`
}

const maxExamples = 5

// errorTally counts errors by task and kind.
type errorTally struct{ byKey map[[2]string]*ErrorCount }

func newErrorTally() *errorTally { return &errorTally{byKey: map[[2]string]*ErrorCount{}} }

// count counts one error.
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

// add counts the errors of a document in a task, where g has its gold items and p
// its predicted ones. A gold item that a predicted one comes near isn't missed.
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
		t.count(task, kind, Example{Document: gold.ID, Predicted: item, Gold: near})
	}
	for _, item := range g.keys {
		if !p.has[item] && !explained[item] {
			t.count(task, Missed, Example{Document: gold.ID, Gold: item})
		}
	}
}

// classify returns the kind of error of a predicted item, and the gold item of the
// task to which it comes near, or "".
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
	for _, other := range Tasks() {
		if other != task && itemStrings(gold, other).has[item] {
			return TypeConfusion, ""
		}
	}
	return Spurious, ""
}

// dropHyphens returns s without hyphens, dashes and white space.
func dropHyphens(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.Is(unicode.Pd, r) {
			return -1
		}
		return r
	}, s)
}

// dropPunctuation returns s without punctuation, symbols and white space.
func dropPunctuation(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.IsPunct(r) || unicode.IsSymbol(r) {
			return -1
		}
		return r
	}, s)
}

// list returns the counts, in the order in which reports show them.
func (t *errorTally) list() []ErrorCount {
	var out []ErrorCount
	for _, task := range Tasks() {
		for _, kind := range errorKinds {
			if c := t.byKey[[2]string{task, kind}]; c != nil {
				out = append(out, *c)
			}
		}
	}
	return slices.Clip(out)
}
