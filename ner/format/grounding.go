package format

import (
	"fmt"
	"strings"

	"github.com/medner/medner/internal/clip"
	"github.com/medner/medner/ner/document"
)

// Strictness says what becomes of an annotation that can't be read or that doesn't
// fit the text. The text itself is read as strictly under all of them.
type Strictness int

const (
	// Strict makes the document bad: its error names the annotation.
	Strict Strictness = iota
	// Lenient mends the offsets of a mention that stands near by, in a spelling that
	// differs by case, hyphens, quotes, Greek letters, accents or the like. What
	// can't be mended is left out. A warning reports each such annotation by itself.
	Lenient
	// TextOnly leaves such annotations out, and a warning says that it did. It is for
	// programs that need articles and not their annotations.
	TextOnly
)

// annotationError says what is wrong with an annotation.
type annotationError struct{ error }

func (e annotationError) Unwrap() error { return e.error }

// Hint says how such documents can be read.
func (e annotationError) Hint() string {
	return "ReadOptions.Annotations: Lenient mends or leaves out annotations that do not fit, and reports each"
}

// annotation returns err, which says what is wrong with one annotation of a
// document, if that makes the document bad. Otherwise it warns that the annotation
// is left out, and returns nil.
func (o ReadOptions) annotation(file, doc string, err error) error {
	switch o.Annotations {
	case Lenient:
		o.warnAt(file, doc, describe(file, err), "the annotation is left out")
	case TextOnly:
		o.warn(file, doc, "annotations that can't be read, or do not fit the text, are left out")
	default:
		return annotationError{err}
	}
	return nil
}

// describe returns the message of an error without the file's name in front.
func describe(file string, err error) string {
	return clip.At(strings.TrimPrefix(clipError(err).Error(), file+": "), maxMessage)
}

// grounding sets the spans and the texts of a document's entities.
type grounding struct {
	file, doc string // for messages
	o         ReadOptions
	text      string
	x         *document.Index
	entities  []*document.Entity // claims[i] of a layout is about entities[i]
}

// groundAll sets the spans and the texts of entities, where claims[i] of each layout
// says what a file states about entities[i]. It returns an error if no layout and
// no unit of offsets makes all claims right. Other than under Strict it returns the
// entities to leave out instead.
func groundAll(file, doc, text string, layouts []layout, entities []*document.Entity, o ReadOptions) (out map[*document.Entity]bool, err error) {
	g := grounding{file: file, doc: doc, o: o, text: text, x: document.NewIndex(text), entities: entities}
	p := locate(g.x, text, layouts, o.Annotations != Strict)
	if p.bad != nil && o.Annotations == Strict {
		return nil, annotationError{layouts[0].claims[p.bad[0]].mismatch(file, g.x, text, true)}
	}
	if p.unit != codePoints {
		o.warn(file, doc, "offsets count %s; converted to code points", p.unit)
	}
	if p.layout.name != "" {
		o.warn(file, doc, "offsets count %s; converted to code points of the text", p.layout.name)
	}
	if p.blanks && len(p.bad) == 0 {
		o.warn(file, doc, "mentions differ from the text in white space; they are read as in the text")
	}
	for n, i := range p.bad {
		if p.spans[i] = g.mend(&p, i, n < maxSearches); p.spans[i] != nil {
			continue
		}
		if out == nil {
			out = map[*document.Entity]bool{}
		}
		out[entities[i]] = true
	}
	for i, e := range entities {
		g.set(e, p.spans[i])
	}
	return out, nil
}

// maxSearches bounds how many bad mentions of one document a message looks for in
// the whole text.
const maxSearches = 10

// set sets the spans and the text of an entity.
func (g *grounding) set(e *document.Entity, spans []document.Span) {
	e.Spans = spans
	parts := make([]string, len(spans))
	for j, s := range spans {
		parts[j], _ = g.x.Slice(s)
	}
	e.Text = strings.Join(parts, " ")
}

// mend returns where the mention of the bad claim i of p stands, and reports that.
// It returns nil, and reports that the mention is left out, if the mention can't be
// mended.
func (g *grounding) mend(p *placed, i int, search bool) []document.Span {
	c := &p.layout.claims[i]
	if g.o.Annotations == TextOnly {
		_ = g.o.annotation(g.file, g.doc, nil)
		return nil
	}
	spans := mended(g.x, g.text, c, p.ruler)
	if spans == nil {
		_ = g.o.annotation(g.file, g.doc, c.mismatch(g.file, g.x, g.text, search))
		return nil
	}
	first, last := c.spans[0], c.spans[len(c.spans)-1]
	now := make([]string, len(spans))
	for j, s := range spans {
		part, _ := g.x.Slice(s)
		now[j] = fmt.Sprintf("%s at %d to %d", quote(part), s.Start, s.End)
	}
	g.o.warnAt(g.file, g.doc, c.where, "%s at %d to %d is mended to %s", quote(c.mention), first.Start, last.End, strings.Join(now, ", "))
	return spans
}

// leaveOut removes entities from a document.
func leaveOut(d *document.Document, out map[*document.Entity]bool) {
	if len(out) == 0 {
		return
	}
	var kept []document.Entity
	for i := range d.Entities {
		if !out[&d.Entities[i]] {
			kept = append(kept, d.Entities[i])
		}
	}
	d.Entities = kept
}

// pointers returns pointers to all entities of a document.
func pointers(d *document.Document) []*document.Entity {
	all := make([]*document.Entity, len(d.Entities))
	for i := range all {
		all[i] = &d.Entities[i]
	}
	return all
}
