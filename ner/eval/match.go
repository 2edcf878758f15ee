package eval

import (
	"fmt"
	"slices"
	"strings"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/ner/document"
)

// matching pairs gold documents with predictions.
type matching struct {
	gold      []document.Document  // each ID once
	predicted []*document.Document // for each gold document; nil: there is none
	warnings  []string
}

// match finds the prediction for each gold document: the one with its ID, or else
// the only one with its prompt.
func match(gold, predicted []document.Document) (*matching, error) {
	m := &matching{}
	var err error
	if m.gold, err = m.once("gold", gold); err != nil {
		return nil, err
	}
	if predicted, err = m.once("predictions", predicted); err != nil {
		return nil, err
	}
	byID := map[string]*document.Document{}
	byPrompt := map[string][]*document.Document{}
	for i := range predicted {
		p := &predicted[i]
		byID[p.ID] = p
		if p.Prompt != "" {
			byPrompt[p.Prompt] = append(byPrompt[p.Prompt], p)
		}
	}
	taken := map[*document.Document]bool{}
	var missing, differing []string
	for i := range m.gold {
		g := &m.gold[i]
		p := byID[g.ID]
		if p == nil && g.Prompt != "" {
			same := byPrompt[g.Prompt]
			if len(same) > 1 {
				return nil, badinput.New("", "predictions", fmt.Sprintf("the prompt of gold document %q in %q and in %q", g.ID, same[0].ID, same[1].ID), "each prompt once, or the IDs of gold documents")
			}
			if len(same) == 1 {
				p = same[0]
			}
		}
		m.predicted = append(m.predicted, p)
		taken[p] = true
		switch {
		case p == nil:
			missing = append(missing, g.ID)
		case len(p.Entities) > 0 && p.Text != "" && g.Text != "" && p.Text != g.Text:
			differing = append(differing, g.ID)
		}
	}
	var extra []string
	for i := range predicted {
		if !taken[&predicted[i]] {
			extra = append(extra, predicted[i].ID)
		}
	}
	m.warnOf(missing, "gold documents without a prediction, all of whose items count as missed")
	m.warnOf(extra, "predictions for no gold document, which are not scored")
	m.warnOf(differing, "predictions of another text than the gold document's, so that their offsets may not fit")
	return m, nil
}

// warnOf warns once of all documents that something is the matter with.
func (m *matching) warnOf(ids []string, what string) {
	const most = 5
	if len(ids) == 0 {
		return
	}
	var names []string
	for _, id := range ids[:min(len(ids), most)] {
		names = append(names, fmt.Sprintf("%q", id))
	}
	if len(ids) > most {
		names = append(names, "…")
	}
	m.warnings = append(m.warnings, fmt.Sprintf("%s (%d): %s", what, len(ids), strings.Join(names, ", ")))
}

// once returns the documents without those that come again alike, which some
// corpora have, and warns of them. A gold article that comes again with other
// annotations counts once, with the annotations of both. Other documents that
// share an ID are an error.
func (m *matching) once(side string, docs []document.Document) ([]document.Document, error) {
	first := map[string]int{}
	var again []string
	out := make([]document.Document, 0, len(docs))
	for i := range docs {
		d := &docs[i]
		at, seen := first[d.ID]
		if !seen {
			first[d.ID] = len(out)
			out = append(out, *d)
			continue
		}
		one := &out[at]
		sameText := one.Text == d.Text && one.Prompt == d.Prompt
		switch {
		case sameText && slices.Equal(annotationKeys(one), annotationKeys(d)):
		case sameText && side == "gold" && d.Text != "" && one.Completion == d.Completion:
			one.Entities = append(slices.Clip(one.Entities), d.Entities...)
			one.Relations = append(slices.Clip(one.Relations), d.Relations...)
		default:
			return nil, badinput.New("", side, fmt.Sprintf("document %q twice, with different texts or annotations", d.ID), "each document once")
		}
		again = append(again, d.ID)
	}
	m.warnOf(again, "documents that come again in "+side+" and count once")
	return out, nil
}

// annotationKeys returns what a document's annotations say, sorted.
func annotationKeys(d *document.Document) []string {
	var keys []string
	for i := range d.Entities {
		e := &d.Entities[i]
		keys = append(keys, mentionKey(e)+"\t"+e.Text+"\t"+strings.Join(e.Concepts, "|"))
	}
	for _, r := range d.Relations {
		keys = append(keys, r.Type+"\t"+r.Chemical+"\t"+r.Disease)
	}
	slices.Sort(keys)
	return append(keys, d.Completion)
}
