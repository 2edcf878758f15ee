package format

import (
	"math"
	"slices"
	"strings"

	"github.com/medner/medner/ner/document"
)

// content is a set of the things that a document may have and that some formats
// can't hold.
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
	hasOverlaps
	hasEdges
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

// contentNames has the words of warnings for what is lost, in their order.
var contentNames = []struct {
	content content
	name    string
}{
	{hasText, "the text"},
	{hasLineBreaks, "line breaks (they become spaces)"},
	{hasTitle, "where the title ends"},
	{hasPassages, "passages other than one title and one abstract"},
	{hasPassageInfons, "properties and offsets of passages"},
	{hasGaps, "white space between passages (one character stands for it)"},
	{hasInfons, "properties of the document"},
	{hasPrompt, "the prompt and its completion"},
	{hasIDs, "identifiers of mentions"},
	{hasEntityInfons, "properties of mentions"},
	{hasDiscontinuous, "discontinuous mentions (they are written from first to last part)"},
	{hasOverlaps, "mentions that overlap longer ones"},
	{hasEdges, "white space at the ends of mentions"},
	{hasUngrounded, "mentions that are not in the text (they are left out)"},
	{hasConcepts, "concept identifiers"},
	{hasComposite, "parts of composite mentions"},
	{hasNormalized, "normalized texts"},
	{hasConfidence, "confidences"},
	{hasLinks, "terminology entries beyond their identifiers"},
	{hasRelations, "relations"},
	{hasRelationIDs, "identifiers of relations"},
	{hasRelationMentions, "which mentions a relation is between"},
	{hasRelationInfons, "properties of relations"},
	{hasDropped, "dropped items"},
	{hasRun, "the account of the run (model, warnings, terminology)"},
}

// inventory returns what r has.
func inventory(r *document.Result) content {
	c := resultContent(r)
	for i := range r.Entities {
		c |= entityContent(&r.Entities[i])
	}
	spanned := 0
	for i := range r.Entities {
		e := &r.Entities[i]
		spanned += min(len(e.Spans), 1)
		c |= when(len(e.Spans) > 0 && strings.TrimFunc(e.Text, noToken) != e.Text, hasEdges)
	}
	c |= when(spanned > len(flatMentions(r.Entities)), hasOverlaps)
	for i := range r.Relations {
		c |= relationContent(&r.Relations[i])
	}
	return c
}

// when returns c if ok, else the empty set.
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
		types[i] = strings.ToLower(p.Type)
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

// lose warns of what r has beyond held, which is all that the format can hold.
func (o WriteOptions) lose(r *document.Result, held content) {
	if o.Warn == nil {
		return
	}
	lost := inventory(r) &^ held
	for _, c := range contentNames {
		if lost&c.content != 0 {
			o.warn(r.ID, "%s does not hold %s", o.Format, c.name)
		}
	}
}
