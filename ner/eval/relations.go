package eval

import (
	"slices"
	"strings"

	"github.com/medner/medner/ner/document"
)

// sideTypes says, for the identifiers and the concepts of a document's mentions, of
// which types mentions have them.
type sideTypes map[string]map[string]bool

func newSideTypes(d *document.Document) sideTypes {
	t := sideTypes{}
	add := func(key, typ string) {
		if t[key] == nil {
			t[key] = map[string]bool{}
		}
		t[key][typ] = true
	}
	for i := range d.Entities {
		e := &d.Entities[i]
		typ := entityType(e)
		if e.ID != "" {
			add("mention "+e.ID, typ)
		}
		for _, c := range givenConcepts(e) {
			if isConcept(c) {
				add("concept "+c, typ)
			}
		}
	}
	return t
}

// may tells whether a side of a relation, which names a concept or a mention, can be
// of a type: a mention of the type has it, or no mention has it. A side that is a
// text can be anything, as it is the text that is scored.
func (t sideTypes) may(side, mention, typ string) bool {
	for _, key := range []string{"mention " + mention, "concept " + conceptID(side)} {
		if types := t[key]; types != nil {
			return types[typ]
		}
	}
	return true
}

// influenceTypes has the types of relations that are between a chemical and a
// disease by definition, in lower case.
var influenceTypes = []string{"", "cid", "influences"}

// scoredRelations returns the relations of a document, whose types are mapped, that
// can be between a chemical and a disease, with the chemical first. Corpora such as
// BioRED relate genes and variants too, and in any order. A relation that says that
// it is between a chemical and a disease is scored, however wrong.
func scoredRelations(d *document.Document) []document.Relation {
	if len(d.Relations) == 0 {
		return d.Relations
	}
	t := newSideTypes(d)
	var out []document.Relation
	for _, r := range d.Relations {
		if slices.Contains(influenceTypes, strings.ToLower(r.Type)) {
			out = append(out, r)
			continue
		}
		chemicalFirst := t.may(r.Chemical, r.ChemicalEntity, document.Chemical) && t.may(r.Disease, r.DiseaseEntity, document.Disease)
		if !chemicalFirst {
			if !t.may(r.Disease, r.DiseaseEntity, document.Chemical) || !t.may(r.Chemical, r.ChemicalEntity, document.Disease) {
				continue
			}
			r.Chemical, r.Disease = r.Disease, r.Chemical
			r.ChemicalEntity, r.DiseaseEntity = r.DiseaseEntity, r.ChemicalEntity
			r.ChemicalRole, r.DiseaseRole = r.DiseaseRole, r.ChemicalRole
		}
		out = append(out, r)
	}
	return out
}

// countRelations returns the number of relations of all documents.
func countRelations(docs []document.Document) int {
	n := 0
	for i := range docs {
		n += len(docs[i].Relations)
	}
	return n
}
