package format

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/ner/document"
)

// WriteOptions say how to write.
type WriteOptions struct {
	Format Format
	// Warn is told what the format can't hold; nil: nobody asks.
	Warn func(Warning)
	// Text: JSON and JSONL carry the article's text and parts too, so that the
	// result can be converted later.
	Text bool
	// Color: text uses a terminal's colours.
	Color bool
	// Title heads an HTML page.
	Title string
	// Written is how many documents the output already holds: those to come are
	// appended to text, JSONL, TSV, PubTator and displaCy.
	Written int
	// Collection is what a BioC file says of itself; called at the first document.
	Collection func() Collection
}

// Writer writes documents in one format.
type Writer interface {
	Write(*document.Result) error
	// Close completes the output; it does not close what lies below.
	Close() error
}

// NewWriter writes to w. brat's two files a document need [NewBratFolder]; here
// it writes the annotations alone.
func NewWriter(w io.Writer, o WriteOptions) (Writer, error) {
	write := find(o.Format).write
	if write == nil {
		_, err := ParseOutput(string(o.Format))
		return nil, err
	}
	return write(w, o), nil
}

// content is what a document has that not every format can hold.
type content uint32

const (
	hasText content = 1 << iota
	hasLineBreaks
	hasTitle
	hasPassages
	hasPassageInfons
	hasGaps
	hasInfons
	hasPrompt
	hasIDs
	hasEntityInfons
	hasDiscontinuous
	hasUngrounded
	hasConcepts
	hasComposite
	hasNormalized
	hasConfidence
	hasLinks
	hasRelations
	hasRelationIDs
	hasRelationMentions
	hasRelationInfons
	hasDropped
	hasRun
)

var contentNames = []string{
	"the text",
	"line breaks (they become spaces)",
	"where the title ends",
	"passages other than one title and one abstract",
	"properties and offsets of passages",
	"white space between passages (one character stands for it)",
	"properties of the document",
	"the prompt and its completion",
	"identifiers of mentions",
	"properties of mentions",
	"discontinuous mentions (they are written from first to last part)",
	"mentions that are not in the text (they are left out)",
	"concept identifiers",
	"parts of composite mentions",
	"normalized texts",
	"confidences",
	"terminology entries beyond their identifiers",
	"relations",
	"identifiers of relations",
	"which mentions a relation is between",
	"properties of relations",
	"dropped items",
	"the account of the run (model, warnings, terminology)",
}

// inventory lists what r has. Writers of formats without line breaks in their
// texts ask for those too; elsewhere they are no matter.
func inventory(r *document.Result) content {
	c := resultContent(r)
	for i := range r.Entities {
		c |= entityContent(&r.Entities[i])
	}
	for i := range r.Relations {
		c |= relationContent(&r.Relations[i])
	}
	return c
}

func when(ok bool, c content) content {
	if ok {
		return c
	}
	return 0
}

func resultContent(r *document.Result) content {
	c := when(r.Text != "", hasText) |
		when(strings.ContainsAny(r.Text, "\r\n"), hasLineBreaks) |
		when(len(r.Infons) > 0, hasInfons) |
		when(r.Prompt != "" || r.Completion != "", hasPrompt) |
		when(len(r.Dropped) > 0, hasDropped) |
		when(r.Model != document.Model{} || len(r.Warnings) > 0 || r.Terminology != nil, hasRun)
	types := make([]string, len(r.Passages))
	x := document.NewIndex(r.Text)
	at := 0
	for i, p := range r.Passages {
		types[i] = p.Type
		c |= when(len(p.Infons) > 0 || p.Shift != 0, hasPassageInfons)
		gap, _ := x.Slice(document.Span{Start: at, End: p.Start})
		c |= when(i == 0 && gap != "" || i > 0 && gap != between(types[i-1], p.Type), hasGaps)
		at = p.End
	}
	c |= when(len(types) > 0 && at != x.Len(), hasGaps)
	plain := len(types) == 0 || slices.Equal(types, []string{titleType}) || slices.Equal(types, []string{abstractType}) ||
		slices.Equal(types, []string{titleType, abstractType})
	return c | when(len(types) > 0, hasTitle) | when(!plain, hasPassages)
}

func entityContent(e *document.Entity) content {
	c := when(e.ID != "", hasIDs) |
		when(len(e.Infons) > 0, hasEntityInfons) |
		when(len(e.Spans) > 1, hasDiscontinuous) |
		when(len(e.Spans) == 0, hasUngrounded) |
		when(len(concepts(e)) > 0, hasConcepts) |
		when(len(e.Composite) > 0, hasComposite) |
		when(e.Normalized != "", hasNormalized) |
		when(!math.IsNaN(e.Confidence), hasConfidence)
	for _, l := range e.Links {
		c |= when(l.Method != "", hasLinks)
	}
	return c
}

func relationContent(r *document.Relation) content {
	return hasRelations |
		when(r.ID != "", hasRelationIDs) |
		when(r.ChemicalEntity != "" || r.DiseaseEntity != "", hasRelationMentions) |
		when(len(r.Infons) > 0 || r.ChemicalRole != "" || r.DiseaseRole != "", hasRelationInfons) |
		when(!math.IsNaN(r.Confidence), hasConfidence)
}

// lose reports what of r a format that holds only held can't hold.
func (o WriteOptions) lose(r *document.Result, held content) {
	if o.Warn == nil {
		return
	}
	lost := inventory(r) &^ held
	for i, name := range contentNames {
		if lost&(1<<i) != 0 {
			o.warn(r.ID, "%s does not hold %s", o.Format, name)
		}
	}
}

func (o WriteOptions) warn(doc, format string, args ...any) {
	if o.Warn != nil {
		o.Warn(Warning{Document: doc, Message: fmt.Sprintf(format, args...)})
	}
}

// needText refuses a result that was read back without its text, where the
// format is nothing without it.
func needText(r *document.Result, f Format) error {
	if r.Text == "" && r.TextSHA256 != "" && r.TextSHA256 != emptySHA256 {
		return badinput.New(r.ID, "text", "a result without its text", fmt.Sprintf("the text, which %s needs", f))
	}
	return nil
}

// checkSpans guards the writers against spans that are not in the text.
func checkSpans(d *document.Document, x *document.Index) error {
	for i := range d.Entities {
		for _, s := range d.Entities[i].Spans {
			if s.Start < 0 || s.End < s.Start || s.End > x.Len() {
				return badinput.New(d.ID, fmt.Sprintf("entity %d", i), fmt.Sprintf("span %d to %d", s.Start, s.End), fmt.Sprintf("a span within %d code points", x.Len()))
			}
		}
	}
	end := 0
	for i, p := range d.Passages {
		if p.Start < end || p.End < p.Start || p.End > x.Len() {
			return badinput.New(d.ID, fmt.Sprintf("passage %d", i), fmt.Sprintf("%d to %d", p.Start, p.End), fmt.Sprintf("passages in order within %d code points", x.Len()))
		}
		end = p.End
	}
	return nil
}
