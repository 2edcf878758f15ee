package format

import (
	"math"
	"strconv"
	"strings"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/ner/document"
)

// The relation type that stands for "influences" in the formats that name one,
// as the CDR corpus calls it: a chemical induces a disease.
const (
	cid        = "CID"
	influences = "influences"
)

// noConcept is PubTator's identifier of a mention that has none.
const noConcept = "-1"

// mention is a grounded entity as a reader makes it.
func mention(typ, text string) document.Entity {
	return document.Entity{Type: readType(typ), Text: text, Confidence: math.NaN(), Grounded: true}
}

// readType maps the source's word for a type to the model's.
func readType(s string) string {
	switch {
	case strings.EqualFold(s, document.Chemical):
		return document.Chemical
	case strings.EqualFold(s, document.Disease):
		return document.Disease
	}
	return s
}

// writeType maps a type to the word that corpora use.
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

// readRelation is a relation as a reader makes it.
func readRelation(typ, chemical, disease string) document.Relation {
	return document.Relation{Type: typ, Chemical: chemical, Disease: disease, Confidence: math.NaN(), Grounded: true}
}

func writeRelationType(s string) string {
	if s == "" || s == influences {
		return cid
	}
	return s
}

// concepts are the identifiers of an entity: its own, else those of its links.
func concepts(e *document.Entity) []string {
	if len(e.Concepts) > 0 {
		return e.Concepts
	}
	return linked(e.Links)
}

// linked are the identifiers that were chosen: of several candidates for one
// mention the first, of a composite mention the first of every part.
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

func splitConcepts(s string) []string {
	if s == "" || s == noConcept {
		return nil
	}
	return strings.Split(s, "|")
}

// ground gives the claims' entities their spans and texts, or says what is wrong.
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
