package format

import (
	"slices"
	"strings"

	"github.com/medner/medner/ner/document"
)

// lookup finds the entities of a document that the sides of its relations name.
type lookup struct {
	byID  map[string]*document.Entity
	names [ranks]map[string]*document.Entity // the first entity for a type and a name
	types map[string]string                  // of the first entity with a concept, by its bareID
}

// A side of a relation names an entity by its only concept identifier, by one or
// all of several identifiers, by its text, or by its normalized text. The first of
// these that fits any entity counts.
const (
	rankConcept = iota
	rankOneOfConcepts
	rankText
	rankNormalized
	ranks
)

func newLookup(d *document.Document) *lookup {
	l := &lookup{byID: map[string]*document.Entity{}, types: map[string]string{}}
	for i := range l.names {
		l.names[i] = map[string]*document.Entity{}
	}
	first := func(rank int, e *document.Entity, name string) {
		key := e.Type + "\x00" + name
		if l.names[rank][key] == nil {
			l.names[rank][key] = e
		}
	}
	for i := range d.Entities {
		e := &d.Entities[i]
		if e.ID != "" && l.byID[e.ID] == nil {
			l.byID[e.ID] = e
		}
		ids := concepts(e)
		l.addTypes(e, ids)
		if len(ids) == 1 {
			first(rankConcept, e, ids[0])
		} else if len(ids) > 1 {
			first(rankOneOfConcepts, e, strings.Join(ids, "|"))
			for _, id := range ids {
				first(rankOneOfConcepts, e, id)
			}
		}
		first(rankText, e, strings.ToLower(e.Text))
		first(rankNormalized, e, strings.ToLower(e.Normalized))
	}
	return l
}

// newTypeLookup returns a lookup that knows the types of concepts only.
func newTypeLookup(d *document.Document) *lookup {
	l := &lookup{types: map[string]string{}}
	for i := range d.Entities {
		l.addTypes(&d.Entities[i], d.Entities[i].Concepts)
	}
	return l
}

// addTypes notes the type of an entity for its concepts.
func (l *lookup) addTypes(e *document.Entity, concepts []string) {
	for _, id := range concepts {
		if key := bareID(id); l.types[key] == "" {
			l.types[key] = e.Type
		}
	}
}

// entity returns the entity of a type that a side of a relation names, or nil.
func (l *lookup) entity(side, typ string) *document.Entity {
	for rank, name := range [ranks]string{side, side, strings.ToLower(side), strings.ToLower(side)} {
		if e := l.names[rank][typ+"\x00"+name]; e != nil && side != "" {
			return e
		}
	}
	return nil
}

// sides returns the concept identifiers of the two sides of a relation. Where the
// entity that a side names has none, they are what the relation says.
func (l *lookup) sides(r *document.Relation) (chemicals, diseases []string) {
	return l.side(r.Chemical, document.Chemical), l.side(r.Disease, document.Disease)
}

func (l *lookup) side(text, typ string) []string {
	if e := l.entity(text, typ); e != nil {
		if ids := concepts(e); len(ids) > 0 && !slices.Contains(ids, text) {
			return ids
		}
	}
	return []string{text}
}

// named returns what a side of a relation calls the entity with an ID: its
// concept identifiers, or its text if it has none. It returns "" if there is no
// such entity.
func (l *lookup) named(id string) string {
	e := l.byID[id]
	switch {
	case e == nil:
		return ""
	case len(e.Concepts) > 0:
		return strings.Join(e.Concepts, "|")
	}
	return e.Text
}
