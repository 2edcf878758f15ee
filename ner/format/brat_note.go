package format

import (
	"strconv"
	"strings"

	"github.com/medner/medner/ner/document"
)

// ownNote reads a note about the mention or the relation with an ID, and returns
// false if medner writes no such note.
func (p *bratParser) ownNote(kind, id, text string) bool {
	e := p.entity(id)
	var r *document.Relation
	if i, ok := p.byRel[id]; ok {
		r = &p.doc.Relations[i]
	}
	switch {
	case kind == compositeNote && e != nil:
		e.Composite = strings.Split(text, "|")
	case kind == normalizedNote && e != nil:
		e.Normalized = text
	case kind == confidenceNote && (e != nil || r != nil):
		v, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return false
		}
		if e != nil {
			e.Confidence = v
		} else {
			r.Confidence = v
		}
	case kind == conceptsNote && r != nil:
		c, d, ok := strings.Cut(text, " | ")
		if !ok {
			return false
		}
		r.Chemical, r.Disease = c, d
	default:
		return false
	}
	return true
}

const (
	bratChemicalRole = "Arg1"
	bratDiseaseRole  = "Arg2"
	// bareDatabase is the database of concept identifiers that name none.
	bareDatabase = "ID"

	// The kinds of notes that medner writes.
	compositeNote  = "Composite"  // the parts of a composite mention
	normalizedNote = "Normalized" // the normalized text of a mention
	confidenceNote = "Confidence" // of a mention or a relation
	conceptsNote   = "Concepts"   // the sides of a relation, where its mentions don't tell them
)

// referenceMethod is the method of a link to an entry that the file itself names.
const referenceMethod = "reference"
