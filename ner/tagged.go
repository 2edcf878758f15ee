package ner

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/medner/medner/internal/typename"
	"github.com/medner/medner/ner/confidence"
	"github.com/medner/medner/ner/document"
	"github.com/medner/medner/ner/internal/ground"
	"github.com/medner/medner/ner/internal/sentence"
	"github.com/medner/medner/ner/prompt"
)

// Reasons for leaving out what tags or lists say where tags are used.
const (
	reasonOtherKind = "tagged as %s, which is neither chemical nor disease"
	reasonNoWord    = "has neither letter nor digit"
	reasonInWord    = "begins or ends inside of a word"
	reasonTaggedAs  = "lies in what is tagged"
	reasonTaggedNot = "its %s is tagged as a %s"
)

// tagged is what the labels of a document's tokens say.
type tagged struct {
	c     *collector
	items map[prompt.Task][]*item // each form once, in the order of the text
	byKey map[prompt.Task]map[string]*item
	spans []document.Span // of all items, and of tags of other types, ascending
}

// newTagged reads tags. A form that is tagged at several places is one item, with
// the features of its surest place.
func newTagged(c *collector, tags []tag) *tagged {
	t := &tagged{c: c, items: map[prompt.Task][]*item{}, byKey: map[prompt.Task]map[string]*item{}}
	for _, task := range prompt.Tasks() {
		t.byKey[task] = map[string]*item{}
	}
	for _, g := range tags {
		t.add(g)
	}
	return t
}

// add adds a tag, or reports why it is left out.
func (t *tagged) add(g tag) {
	task := taskOf(typename.Of(g.Type))
	from, to := g.Place.Start, g.Place.End
	if task == prompt.Chemicals && t.c.e.wholeWords {
		from, to = wholeFormula(t.c.result.Text, from, to)
	}
	text := t.c.result.Text[from:to]
	reason := ""
	switch {
	case task == "":
		reason = fmt.Sprintf(reasonOtherKind, g.Type)
	case !strings.ContainsFunc(text, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }):
		reason = reasonNoWord
	case t.c.e.wholeWords && !wholeWords(t.c.result.Text, from, to):
		reason = reasonInWord
	case len(sentence.Starts(text)) > 0:
		reason = reasonSentences
	}
	index := t.c.article.Index()
	start, _ := index.CodePoint(from)
	end, _ := index.CodePoint(to)
	span := document.Span{Start: start, End: end}
	if reason == "" || task == "" { // what is a gene, say, is no disease that a list or a pair has
		t.spans = append(t.spans, span)
	}
	if reason != "" {
		t.c.drop(tagTask, text, reason)
		return
	}
	key := ground.Fold(text)
	it := t.byKey[task][key]
	if it == nil {
		it = &item{task: task, written: text, mentions: []mention{{text: text}}}
		t.byKey[task][key] = it
		t.items[task] = append(t.items[task], it)
	}
	m := &it.mentions[0]
	m.spans = append(m.spans, span)
	if f := g.features(); len(m.spans) == 1 || f.Score() > it.features.Score() {
		it.features, m.features = f, f
	}
}

// wholeFormula widens a chemical over what stands above or below the line around it: the
// model read few isotopes and charges that are written so.
func wholeFormula(text string, from, to int) (int, int) {
	if start := ground.ScriptStart(text, from); ground.Boundary(text, start) {
		from = start
	}
	if ground.Formula(text, to) {
		to = ground.ScriptEnd(text, to)
	}
	return from, to
}

// wholeWords reports whether neither end of a tag is inside of a word. What a tag leaves
// out above or below the line is the mark of a footnote.
func wholeWords(text string, from, to int) bool {
	return ground.Boundary(text, from) && (ground.Boundary(text, to) || ground.Marked(text, to))
}

// tagTask is the task that reports name where a tag is left out.
const tagTask = prompt.Task("tags")

// taskOf returns the task whose items have a type of package document; "" if
// there is none.
func taskOf(typ string) prompt.Task {
	switch typ {
	case document.Chemical:
		return prompt.Chemicals
	case document.Disease:
		return prompt.Diseases
	}
	return ""
}

// features describes a tag as those of a written item are described, such that
// the score is the tag's probability in the lattice of labels.
func (g *tag) features() confidence.Features {
	return confidence.OfSpan(g.Begins, g.Covers, g.Ends, g.Weakest)
}

// free returns the spans that touch no tag.
func (t *tagged) free(spans []document.Span) []document.Span {
	var free []document.Span
	for _, s := range spans {
		i, _ := slices.BinarySearchFunc(t.spans, s.Start, func(o document.Span, start int) int { return o.End - start - 1 })
		if i == len(t.spans) || t.spans[i].Start >= s.End {
			free = append(free, s)
		}
	}
	return free
}

// join returns a task's items of tags, followed by the written items that no tag
// has. An item that was found one way only has half the agreement.
func (t *tagged) join(task prompt.Task, written []*item) []*item {
	all := t.items[task]
	for _, it := range all {
		it.features.Agreement = 0.5
	}
	for _, it := range written {
		if same := t.byKey[task][it.key()]; same != nil {
			same.features.Agreement = 1
			continue
		}
		m := &it.mentions[0]
		if it.grounded() {
			if m.spans = t.free(m.spans); len(m.spans) == 0 {
				t.c.drop(task, it.written, reasonTaggedAs)
				continue
			}
			m.text = t.c.article.Text(m.spans[0])
		}
		it.features.Agreement /= 2
		all = append(all, it)
	}
	return all
}

// join makes the items of tags those of their tasks, and sets how far pairs agree
// with them.
func (c *collector) join(items map[prompt.Task][]*item, tasks []prompt.Task) {
	for _, task := range tasks {
		switch {
		case task == prompt.Influences:
			items[task] = slices.DeleteFunc(items[task], c.tagged.contradicts)
			for _, it := range items[task] {
				it.features.Agreement *= c.tagged.agreement(it)
			}
		case c.e.using == Tag:
			items[task] = c.tagged.items[task]
		default:
			items[task] = c.tagged.join(task, items[task])
		}
	}
}

// contradicts reports whether a side of a pair is tagged as what the other side
// is, and nowhere as what it is itself. Such a pair is left out, with the reason.
func (t *tagged) contradicts(pair *item) bool {
	sides := []prompt.Task{prompt.Chemicals, prompt.Diseases}
	for i, m := range pair.mentions {
		key := ground.Fold(m.text)
		if own, other := sides[i], sides[1-i]; t.byKey[own][key] == nil && t.byKey[other][key] != nil {
			t.c.drop(prompt.Influences, pair.written, fmt.Sprintf(reasonTaggedNot, entityType(own), entityType(other)))
			return true
		}
	}
	return false
}

// agreement returns the share of a pair's sides that are tagged.
func (t *tagged) agreement(pair *item) float64 {
	share := 0.0
	for i, task := range []prompt.Task{prompt.Chemicals, prompt.Diseases} {
		if t.byKey[task][ground.Fold(pair.mentions[i].text)] != nil {
			share += 0.5
		}
	}
	return share
}
