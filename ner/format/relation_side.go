package format

import (
	"encoding/json"
	"strings"

	"github.com/medner/medner/ner/document"
)

// side is one of the two things that a relation is between.
type side struct {
	concept string // an identifier, or the text of a mention without one
	entity  string // the ID of an entity, where the file relates mentions
	role    string // the file's name of the side
	typ     string // the type of the thing; "" if unknown
}

// sidePairs has the keys under which files name the two sides of a relation, in
// lower case: PubTator 3's, BioRED's, and those of others.
var sidePairs = [][2]string{{"role1", "role2"}, {"entity1", "entity2"}, {"arg1", "arg2"}, {"concept1", "concept2"}, {"id1", "id2"}, {"subject", "object"}}

// statedSides returns the sides of a relation that a pair of its infons names, the
// chemical first and the disease second.
func statedSides(infons map[string]string, l *lookup) (first, second side, ok bool) {
	lower := make(map[string]string, len(infons))
	for k, v := range infons {
		lower[strings.ToLower(k)] = v
	}
	for _, pair := range sidePairs {
		a, okA := l.parseSide(lower[pair[0]])
		b, okB := l.parseSide(lower[pair[1]])
		if okA && okB {
			first, second = inOrder(a, b)
			return first, second, true
		}
	}
	return first, second, false
}

// parseSide reads the side that a value names: an object of JSON with an identifier
// and a type, TYPE|IDENTIFIER, the identifier of a concept, or that of a mention.
func (l *lookup) parseSide(v string) (side, bool) {
	v = strings.TrimSpace(v)
	var object struct{ Identifier, ID, Name, Text, Type jsonText }
	if strings.HasPrefix(v, "{") && json.Unmarshal([]byte(v), &object) == nil {
		for _, id := range []jsonText{object.Identifier, object.ID, object.Name, object.Text} {
			if !isNoConcept(string(id)) {
				return side{concept: string(id), typ: string(object.Type)}, true
			}
		}
		return side{}, false
	}
	if isNoConcept(v) {
		return side{}, false
	}
	if typ, id, ok := strings.Cut(v, "|"); ok && isTypeWord(typ) && !isNoConcept(id) {
		return side{concept: id, typ: typ}, true
	}
	typ := l.types[bareID(v)]
	if e := l.byID[v]; e != nil && typ == "" {
		return side{concept: l.named(v), entity: v, typ: e.Type}, true
	}
	return side{concept: v, typ: typ}, true
}

// isTypeWord tells whether s can be a type of entities, such as Chemical. Shorter
// words begin identifiers of variants: p|SUB|V|600|E.
func isTypeWord(s string) bool {
	return len(s) > 3 && strings.IndexFunc(s, func(r rune) bool { return (r|0x20 < 'a' || r|0x20 > 'z') && r != '_' }) < 0
}

// node returns the side that a node of a BioC relation names: a mention, or a
// concept. ok is false if the node names neither.
func (l *lookup) node(n biocNode) (side, bool) {
	role := kindOf(n.role)
	if e := l.byID[n.refid]; e != nil {
		s := side{concept: l.named(n.refid), entity: n.refid, role: n.role, typ: e.Type}
		if role != "" {
			s.typ = role
		}
		return s, true
	}
	typ := l.types[bareID(n.refid)]
	if typ == "" && role == "" && !strings.Contains(n.refid, ":") || isNoConcept(n.refid) {
		return side{}, false
	}
	if role != "" {
		typ = role
	}
	return side{concept: n.refid, role: n.role, typ: typ}, true
}

// kindOf returns document.Chemical or document.Disease for the words that corpora
// use for these, and "" for others.
func kindOf(typ string) string {
	switch typ = strings.ToLower(typ); {
	case strings.Contains(typ, "chemical"), strings.Contains(typ, "drug"):
		return document.Chemical
	case strings.Contains(typ, "disease"):
		return document.Disease
	}
	return ""
}

// pickSides returns the sides of the chemical and of the disease. Of two sides
// whose types don't tell, the first is the chemical.
func pickSides(sides []side) (chemical, disease *side) {
	switch len(sides) {
	case 0:
		return nil, nil
	case 1:
		return &sides[0], nil
	}
	first, second := inOrder(sides[0], sides[1])
	return &first, &second
}

// inOrder returns two sides in the order chemical, disease, if their types tell.
func inOrder(a, b side) (side, side) {
	first, second := kindOf(a.typ), kindOf(b.typ)
	if first == document.Disease && second != document.Disease || second == document.Chemical && first != document.Chemical {
		return b, a
	}
	return a, b
}
