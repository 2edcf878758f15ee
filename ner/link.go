package ner

import (
	"fmt"
	"slices"

	"github.com/medner/medner/ner/document"
	"github.com/medner/medner/ner/internal/abbrev"
	"github.com/medner/medner/ner/terminology"
)

// WithTerminology links mentions to the concepts of an index, which the caller
// closes after the extractor's last use. A short form is looked up as the long
// form that the article gives for it. Only concepts that may be of the mention's
// type count; a mention that the index has under other types only is kept without
// links, with a warning.
func WithTerminology(x *terminology.Index) Option {
	return WithAnnotator(func(r *document.Result) error { return Link(x, r) })
}

// Link links the mentions of a result, or of any annotated document, as
// WithTerminology does, without a model. Links that they had are replaced;
// identifiers in Concepts stay. A result without its text has no definitions of
// short forms. It fails only on a damaged index.
func Link(x *terminology.Index, r *document.Result) error {
	info := x.Info()
	r.Terminology = &document.Terminology{Name: info.Name, Release: info.Release, Licence: info.Licence, Hash: info.Hash}
	short := map[string]string{}
	for _, d := range abbrev.Find(r.Text) {
		short[d.Short] = d.Long
	}
	type mention struct{ typ, text string }
	known := map[mention][]document.Link{}
	for i := range r.Entities {
		e := &r.Entities[i]
		m := mention{e.Type, e.Text}
		links, ok := known[m]
		if !ok {
			matches, err := x.Lookup(terminology.Query{Text: e.Text, Type: e.Type, Abbreviations: short})
			if err != nil {
				return err
			}
			for _, c := range matches {
				links = append(links, document.Link{ID: c.ID, Name: c.Name, Method: c.Method, Score: c.Score})
			}
			if len(matches) == 0 {
				if err := warnOfType(x, r, e, short); err != nil {
					return err
				}
			}
			known[m] = links
		}
		e.Links = slices.Clone(links)
	}
	return nil
}

// warnOfType warns of a mention whose very name the terminology has for a
// concept of another type.
func warnOfType(x *terminology.Index, r *document.Result, e *document.Entity, short map[string]string) error {
	matches, err := x.Lookup(terminology.Query{Text: e.Text, Abbreviations: short, Limit: 1, MinScore: 2})
	if err != nil || len(matches) == 0 || len(matches[0].Types) == 0 || matches[0].Method == terminology.Composite {
		return err
	}
	r.Warnings = append(r.Warnings, fmt.Sprintf("%s %q: the terminology has it as %s (%s)", e.Type, e.Text, matches[0].Types[0], matches[0].ID))
	return nil
}
