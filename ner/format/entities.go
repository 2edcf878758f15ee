package format

import (
	"math"
	"strconv"
	"strings"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/ner/document"
)

const (
	// influences is the type of the relations that package ner finds.
	influences = "influences"
	// cid is what the CDR corpus calls that type: "chemical-induced disease".
	// Formats that name a relation's type are written with it.
	cid = "CID"
)

// noConcept is PubTator's concept identifier of a mention that has none.
const noConcept = "-1"

// mention returns a grounded entity, as sources make it.
func mention(typ, text string) document.Entity {
	return document.Entity{Type: readType(typ), Text: text, Confidence: math.NaN(), Grounded: true}
}

// readType returns the entity type that a file's word stands for.
func readType(s string) string {
	switch {
	case strings.EqualFold(s, document.Chemical):
		return document.Chemical
	case strings.EqualFold(s, document.Disease):
		return document.Disease
	}
	return s
}

// writeType returns the word that corpora use for an entity type.
func writeType(s string) string {
	switch s {
	case document.Chemical:
		return "Chemical"
	case document.Disease:
		return "Disease"
	case "":
		return "Entity"
	}
	return s
}

// readRelation returns a grounded relation, as sources make it.
func readRelation(typ, chemical, disease string) document.Relation {
	return document.Relation{Type: typ, Chemical: chemical, Disease: disease, Confidence: math.NaN(), Grounded: true}
}

// writeRelationType returns the word that corpora use for a relation type.
func writeRelationType(s string) string {
	if s == "" || s == influences {
		return cid
	}
	return s
}

// concepts returns the concept identifiers of an entity. If it has none, they are
// those of the terminology's entries that it is linked to.
func concepts(e *document.Entity) []string {
	if len(e.Concepts) > 0 {
		return e.Concepts
	}
	return linked(e.Links)
}

// linked returns the identifier of the best of the entries that a mention may
// mean, and for a composite mention, whose links have one entry for each part,
// those of all parts.
func linked(links []document.Link) []string {
	var ids []string
	for _, l := range links {
		if l.Method != "composite" && len(ids) > 0 {
			break
		}
		ids = append(ids, l.ID)
	}
	return ids
}

// splitConcepts reads concept identifiers that are joined by pipes.
func splitConcepts(s string) []string {
	if s == "" || s == noConcept {
		return nil
	}
	return strings.Split(s, "|")
}

// ground sets the spans and the texts of entities, where claims[i] says what a
// file states about entities[i]. It returns an error if the claims are wrong in
// every unit of offsets.
func ground(file, doc string, text string, claims []claim, entities []*document.Entity, o ReadOptions) error {
	spans, u, bad := locate(text, claims)
	if bad != nil {
		return badinput.New(file, bad.where, bad.found, bad.want)
	}
	if u != codePoints {
		o.warn(file, doc, "offsets count %s; converted to code points", u)
	}
	x := document.NewIndex(text)
	for i, e := range entities {
		e.Spans = spans[i]
		parts := make([]string, len(e.Spans))
		for j, s := range e.Spans {
			parts[j], _ = x.Slice(s)
		}
		e.Text = strings.Join(parts, " ")
	}
	return nil
}

func formatFloat(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
