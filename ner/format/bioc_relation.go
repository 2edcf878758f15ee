package format

import (
	"strconv"

	"github.com/medner/medner/ner/document"
)

// biocRelations adds relations to a document whose entities are complete.
type biocRelations struct {
	file   string // for messages
	doc    *document.Document
	o      ReadOptions
	lookup *lookup
}

func (r *biocRelations) warn(message string) { r.o.warn(r.file, r.doc.ID, "%s", message) }

// add adds the relation that b is. Its sides are the concepts that infons name, as
// in the CDR corpus, in BioRED and in PubTator 3; the mentions that nodes refer to;
// or the concepts whose identifiers stand in the nodes. A relation without any side
// is left out.
func (r *biocRelations) add(b *biocRelation) {
	out := readRelation(b.infons[infonRelation], b.infons[infonChemical], b.infons[infonDisease])
	taken := []string{infonChemical, infonDisease}
	if out.Type != "" {
		taken = append(taken, infonRelation)
	} else {
		out.Type = b.infons[infonType]
	}
	out.ID = b.id
	if v, err := strconv.ParseFloat(b.infons[infonConfidence], 64); err == nil && v >= 0 && v <= 1 {
		out.Confidence = v
		taken = append(taken, infonConfidence)
	}
	named := out.Chemical != "" || out.Disease != ""
	first, second, stated := statedSides(b.infons, r.lookup)
	nodes := r.nodes(b, named || stated)
	if stated && !named {
		out.Chemical, out.ChemicalEntity = first.concept, first.entity
		out.Disease, out.DiseaseEntity = second.concept, second.entity
		nodes = nil
	}
	chemical, disease := pickSides(nodes)
	if chemical != nil {
		out.ChemicalEntity, out.ChemicalRole = chemical.entity, chemical.role
		if out.Chemical == "" {
			out.Chemical = chemical.concept
		}
	}
	if disease != nil {
		out.DiseaseEntity, out.DiseaseRole = disease.entity, disease.role
		if out.Disease == "" {
			out.Disease = disease.concept
		}
	}
	if out.Chemical == "" && out.Disease == "" && out.ChemicalEntity == "" && out.DiseaseEntity == "" {
		r.warn("relations between things that are not in the document are left out")
		return
	}
	out.Infons = without(b.infons, taken...)
	r.doc.Relations = append(r.doc.Relations, out)
}

// nodes returns the sides that the nodes of a relation name: two at most. Nodes
// that name neither an annotation nor a concept are left out; PubTator 3 has such
// ones beside the infons that name the sides.
func (r *biocRelations) nodes(b *biocRelation, named bool) []side {
	var sides []side
	for _, n := range b.nodes {
		s, ok := r.lookup.node(n)
		switch {
		case !ok && !named:
			r.warn("nodes of relations that name no annotation are not kept")
		case ok && len(sides) == 2:
			r.warn("relations have more than two nodes, of which two are kept")
		case ok:
			sides = append(sides, s)
		}
	}
	return sides
}
